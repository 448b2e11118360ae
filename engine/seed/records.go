package seed

import (
	"encoding/json"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/value"
)

// Records makes records outside of a seed, one for each number. It is safe for concurrent use.
type Records struct{ src *generated }

// NewRecords returns the records of a step in a run. They depend on both and on nothing else.
func NewRecords(spec *value.Generator, runSeed uint64, step string) (*Records, error) {
	src, err := newGenerated(spec, runSeed, step)
	if err != nil {
		return nil, err
	}
	return &Records{src}, nil
}

// IDs are the ids of the records.
func (r *Records) IDs() measure.IDs { return r.src.ids }

// Make makes the record with a number, due at an instant.
func (r *Records) Make(seq int64, due time.Time) (json.RawMessage, error) {
	_, raw := r.src.maker(nil).make(seq, due)
	return raw, nil
}
