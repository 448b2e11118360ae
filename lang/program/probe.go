package program

import (
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/value"
)

// Probe is a client of the application's own: marked records go in at a rate, and their results are waited for.
type Probe struct {
	// Through is the type of seed whose provider carries the records.
	Through     string         `json:"through"`
	Targets     []string       `json:"targets"`         // that records are sent to
	Route       string         `json:"route,omitempty"` // failover, mirror, spread; "" with one target
	SwitchAfter value.Duration `json:"switch_after,omitempty"`
	ResultsAt   []string       `json:"results_at"` // that results are read from
	Key         string         `json:"key"`
	Rate        float64        `json:"rate"`     // transactions a second
	Deadline    value.Duration `json:"deadline"` // by when the result must be there, from when the record was due
	Hold        value.Duration `json:"hold"`     // how long all must go well for the application to have recovered
	// Duration is how long it sends; 0: until the faults of the plan are over, and Settle has passed.
	Duration value.Duration `json:"duration,omitempty"`
	Settle   value.Duration `json:"settle"`
	// Since are the faults from which recovery is counted; empty: every fault of the plan.
	Since   []addr.Step      `json:"-"`
	SinceAt []string         `json:"since,omitempty"` // Since as text
	Record  *value.Generator `json:"record,omitempty"`
	Job     string           `json:"job,omitempty"` // signal path of the job, "job.orders"
}
