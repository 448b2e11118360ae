package measure

import (
	"time"

	"github.com/xdc-project/xdc/lang/cond"
)

// runs walks along the truth of a condition and finds its first hold.
//
// A stretch is bounded by two instants at which the condition was surely false; within it the condition may have
// been true. The hold is proven by a stretch that has room for it in which the condition was surely true; it is
// possible in one that merely has room for it.
type runs struct {
	since, hold time.Duration

	truth    cond.Truth    // the last that was sure
	eligible bool          // a hold counts: the condition was not already true at the cause
	edge     time.Duration // the last instant at which it was surely false, 0 if there is none
	steady   bool          // surely true from began until here
	began    time.Duration
	crossed  bool // the walk has passed the cause

	possible bool // a hold may have begun as early as early
	early    time.Duration
	found    bool
	low      time.Duration // bounds of the instant at which the hold began
	high     time.Duration
}

// pass takes the truth over [from, to]; stretches arrive in order and do not overlap.
func (r *runs) pass(from, to time.Duration, t cond.Truth) {
	if r.found {
		return
	}
	if !r.crossed && from >= r.since {
		r.cross()
	}
	switch t {
	case cond.False:
		r.leave(from, to)
	case cond.True:
		r.truth = cond.True
		if !r.steady {
			r.steady, r.began = true, from
		}
		if r.crossed && r.eligible && to-r.began >= r.hold {
			r.prove(r.began)
		}
	case cond.Unknown:
		r.steady = false
	}
}

// cross is called at the cause: what was already true must first be seen false.
func (r *runs) cross() {
	r.crossed = true
	r.eligible = r.truth == cond.False
}

// leave notes that the condition was surely false, first no later than from and last no earlier than to.
func (r *runs) leave(from, to time.Duration) {
	if r.crossed && r.eligible && from > r.edge {
		r.between(r.edge, from)
	}
	r.truth, r.edge, r.steady = cond.False, to, false
	if to > r.since {
		r.crossed, r.eligible = true, true
	}
}

// blip notes that the condition was false at some instant within [low, high], and was taken for unknown there.
func (r *runs) blip(low, high time.Duration) {
	if r.found {
		return
	}
	if !r.crossed && high >= r.since {
		r.cross()
	}
	r.leave(high, max(low, r.edge))
	if r.crossed && high >= r.since {
		r.eligible = true
	}
}

// between notes that the condition may have been false at one instant and was so at another, and may have been true in
// between.
func (r *runs) between(low, high time.Duration) {
	if high > r.since && high-low >= r.hold && (!r.possible || low < r.early) {
		r.possible, r.early = true, low
	}
}

// flash notes that the condition was true at some instant within [low, high]; only a hold of no length is content.
func (r *runs) flash(low, high time.Duration) {
	if !r.found && low >= r.since && r.eligible && r.hold == 0 {
		r.prove(high)
	}
}

func (r *runs) prove(high time.Duration) {
	r.found, r.low, r.high = true, r.edge, high
	if r.possible {
		r.low = r.early
	}
}

// proven is the instant before which the hold has surely not begun.
func (r *runs) proven() time.Duration {
	if r.possible {
		return r.early
	}
	return r.edge
}
