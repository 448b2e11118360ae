package measure

import (
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// Recovery finds the first hold of a condition since a cause, while samples arrive.
type Recovery struct{}

// NewRecovery looks for the first hold of f since the cause. It is not safe for concurrent use.
func NewRecovery(f Condition, since signal.Span, hold time.Duration) *Recovery { return &Recovery{} }

// Advance takes account of everything v has up to now and reports whether the hold is proven.
func (r *Recovery) Advance(v cond.View, now time.Duration) bool { return false }

// Next is when to call Advance again although no sample arrives.
func (r *Recovery) Next(v cond.View, now time.Duration) (time.Duration, bool) { return 0, false }

// Result is the measurement. end is the last instant looked at.
func (r *Recovery) Result(v cond.View, end time.Duration, timedOut bool, healBegan *time.Duration) event.Recovery {
	return event.Recovery{}
}
