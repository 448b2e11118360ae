package measure

import (
	"time"

	"github.com/xdc-project/xdc/lang/cond"
)

// Hold waits until a condition has been true without a break for some time, as far as anybody could know at the
// time: the precondition of a wait without `since`.
type Hold struct {
	f       Condition
	hold    time.Duration
	last    time.Duration // the last instant looked at
	running bool
	began   time.Duration
	truth   cond.Truth
	done    bool
}

// NewHold starts looking at from. It is not safe for concurrent use.
func NewHold(f Condition, hold, from time.Duration) *Hold {
	return &Hold{f: f, hold: hold, last: from}
}

// Advance takes account of everything v has up to now, and reports whether the hold is complete. It is called
// after each sample and at the instants that Next names.
func (h *Hold) Advance(v cond.View, now time.Duration) bool {
	if h.done || now < h.last {
		return h.done
	}
	for t := h.last; ; {
		h.look(v, t)
		if h.done || t == now {
			return h.done
		}
		next, ok := h.f.NextChange(v, t)
		if !ok || next <= t || next > now {
			next = now
		}
		t = next
	}
}

func (h *Hold) look(v cond.View, t time.Duration) {
	if h.running && t-h.began >= h.hold && h.truth == cond.True {
		h.done = true // complete before anything at t can break it
		return
	}
	h.last, h.truth = t, h.f.Eval(v, t).Truth
	switch {
	case h.truth != cond.True:
		h.running = false
	case !h.running:
		h.running, h.began = true, t
	}
	h.done = h.running && t-h.began >= h.hold
}

// Next is when to call Advance again although no sample arrives.
func (h *Hold) Next(v cond.View) (time.Duration, bool) {
	next, ok := h.f.NextChange(v, h.last)
	if h.running && (!ok || h.began+h.hold < next) {
		return h.began + h.hold, true
	}
	if !ok {
		return 0, false
	}
	return next, true
}

// Began is when the hold began; ok is false while the condition is not true.
func (h *Hold) Began() (time.Duration, bool) { return h.began, h.running }
