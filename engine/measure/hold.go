package measure

import (
	"math"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
)

// Hold waits until a condition has been true without a break for some time, as far as anybody could know at the
// time: the precondition of a wait without `since`.
type Hold struct {
	f      Condition
	hold   time.Duration
	late   time.Duration
	sure   holding // up to where nothing more can come
	latest holding // up to now
}

// holding is how far a hold has come.
type holding struct {
	last    time.Duration // the last instant looked at
	running bool
	began   time.Duration
	truth   cond.Truth
	done    bool
}

// NewHold starts looking at from. late is how long after its latest instant a sample may come: as long, what has been
// seen is seen again with it. It is not safe for concurrent use.
func NewHold(f Condition, hold, from, late time.Duration) *Hold {
	return &Hold{f: f, hold: hold, late: late, sure: holding{last: from}, latest: holding{last: from}}
}

// Advance takes account of everything v has up to now, and reports whether the hold is complete. It is called
// after each sample and at the instants that Next names.
func (h *Hold) Advance(v cond.View, now time.Duration) bool {
	if h.latest.done || now < h.latest.last {
		return h.latest.done
	}
	h.walk(&h.sure, v, now-h.late)
	h.latest = h.sure
	h.walk(&h.latest, v, now)
	return h.latest.done
}

func (h *Hold) walk(s *holding, v cond.View, now time.Duration) {
	if now < s.last {
		return
	}
	for t := s.last; ; {
		h.look(s, v, t)
		if s.done || t == now {
			return
		}
		next, ok := h.f.NextChange(v, t)
		if ahead, more := h.next(v, t); more && (!ok || ahead < next) {
			next, ok = ahead, true
		}
		if !ok || next <= t || next > now {
			next = now
		}
		t = next
	}
}

// next is the next sample that is known already, where more than one has come since the last look.
func (h *Hold) next(v cond.View, t time.Duration) (next time.Duration, ok bool) {
	for _, s := range h.f.Subjects() {
		if l := v.Samples(s.Name, t+1, math.MaxInt64); len(l) > 0 && (!ok || l[0].High < next) {
			next, ok = l[0].High, true
		}
		if e, happened := v.Event(s.Name); happened && e.High > t && (!ok || e.High < next) {
			next, ok = e.High, true
		}
	}
	return next, ok
}

func (h *Hold) look(s *holding, v cond.View, t time.Duration) {
	if s.running && t-s.began >= h.hold && s.truth == cond.True {
		s.done = true // complete before anything at t can break it
		return
	}
	s.last, s.truth = t, h.f.Truth(v, t)
	switch {
	case s.truth != cond.True:
		s.running = false
	case !s.running:
		s.running, s.began = true, t
	}
	s.done = s.running && t-s.began >= h.hold
}

// Next is when to call Advance again although no sample arrives.
func (h *Hold) Next(v cond.View) (time.Duration, bool) {
	next, ok := h.f.NextChange(v, h.latest.last)
	if s := h.latest; s.running && (!ok || s.began+h.hold < next) {
		return s.began + h.hold, true
	}
	if !ok {
		return 0, false
	}
	return next, true
}

// Passed is up to where the condition is looked at no more.
func (h *Hold) Passed() time.Duration { return h.sure.last - 1 }

// Began is when the hold began; ok is false while the condition is not true.
func (h *Hold) Began() (time.Duration, bool) { return h.latest.began, h.latest.running }
