package measure

import (
	"time"

	"github.com/xdc-project/xdc/lang/cond"
)

// Condition is what measuring needs of a condition without temporal operators. *cond.Formula is one.
type Condition interface {
	// Subjects are the signals and events it looks at.
	Subjects() []cond.Subject
	// Eval is its truth at t for somebody who knows what v has up to t.
	Eval(v cond.View, t time.Duration) cond.Judged
	// Truth is that of Eval, without the reasons.
	Truth(v cond.View, t time.Duration) cond.Truth
	// NextChange is the next instant after t at which Eval may differ without a new sample.
	NextChange(v cond.View, t time.Duration) (time.Duration, bool)
	// Reach is how far back from an instant it looks; ok is false where that is as far as the run goes.
	Reach() (back time.Duration, ok bool)
	// Definite is its truth at t in hindsight: true or false only if it is so wherever in their intervals the
	// changes of its signals lie.
	Definite(v cond.View, t time.Duration) cond.Truth
	// Boundaries are the instants in [from, to] at which Definite may change.
	Boundaries(v cond.View, from, to time.Duration) []time.Duration
}

var _ Condition = (*cond.Formula)(nil)
