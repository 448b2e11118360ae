package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
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

// First returns the first records of a seed, at most n, as they would be sent by a step of a run that begins at start.
func First(spec program.Seed, runSeed uint64, step, folder string, start time.Time, n int) ([]json.RawMessage, error) {
	var out []json.RawMessage
	if spec.File == "" {
		src, err := NewRecords(spec.Record, runSeed, step)
		if err != nil {
			return nil, err
		}
		for seq := range int64(n) {
			raw, err := src.Make(seq, start)
			if err != nil {
				return nil, err
			}
			out = append(out, append(json.RawMessage(nil), raw...))
		}
		return out, nil
	}
	ledger := NewLedger(spec, "")
	src, err := openFile(Options{Spec: spec, Step: step, RunSeed: runSeed, Start: start, Folder: folder, Ledger: ledger})
	if err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	for len(out) < n && err == nil {
		var it item
		if it, err = src.next(int64(len(out)), start); err == nil {
			out = append(out, append(json.RawMessage(nil), it.raw...))
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := errors.Join(err, src.close(), ledger.Close()); err != nil {
		return out, fmt.Errorf("read the first records: %w", err)
	}
	return out, nil
}
