package cond

import (
	"fmt"
	"time"
)

// answers is the state of `whenever A then B within D`. Each time A becomes true, B must be true at some instant
// from then on for D; A counts as becoming true where the range begins if it is true there.
type answers struct {
	before  Truth           // of A just before; false where the range begins
	asked   bool            // A became true at least once
	due     []time.Duration // when A became true without an answer so far, in order
	maybe   time.Duration   // the first instant at which A may have become true without an answer so far
	doubt   bool            // there is such an instant
	lost    bool            // A was true and is unknown since
	since   time.Duration   // that instant
	unclear time.Duration   // the last instant at which B was unknown
	was     bool            // there is such an instant
}

// respond looks at one instant.
func (w *watch) respond(l *look) {
	s := &w.answers
	w.ponder(l.t)
	w.expire(l.t)
	if w.over {
		return
	}
	a, b := w.t.body.truth(l), w.t.then.truth(l)
	switch {
	case a == Unknown && w.early():
		a = False
	case a != Unknown || !w.unseen(): // what was lost may never have been there
		w.considered = true
	}
	if b == Unknown {
		s.unclear, s.was = l.t, true
	}
	switch {
	case a == True && s.before == False:
		s.due = append(s.due, l.t)
		s.asked = true
	case a == Unknown && s.before == True:
		s.lost, s.since = b != True, l.t // what was true does not become so, but right after it may have
	case a == True && s.before == Unknown, a == Unknown:
		s.wonder(l.t)
	}
	if b == True {
		s.due, s.doubt = s.due[:0], false
	}
	s.before = a
}

// alarm is the next instant at which something has to be concluded although nothing changes.
func (w *watch) alarm() time.Duration {
	s, out := &w.answers, forever
	if w.t == nil || w.t.deadline == 0 {
		return out
	}
	if len(s.due) > 0 {
		out = min(out, s.due[0]+w.t.deadline+1)
	}
	if s.doubt {
		out = min(out, s.maybe+w.t.deadline+1)
	}
	if s.lost {
		out = min(out, s.since+1)
	}
	return out
}

// ponder notes that A may have become true again after the instant since which it is unknown, at the earliest in the next one: it
// had to be false first.
func (w *watch) ponder(t time.Duration) {
	if s := &w.answers; s.lost && t > s.since {
		s.lost = false
		s.wonder(s.since + 1)
	}
}

// wonder notes that A may have become true at t.
func (s *answers) wonder(t time.Duration) {
	if !s.doubt {
		s.doubt, s.maybe = true, t
	}
	s.asked = true
}

// expire concludes about what had to be answered before t, in the order of time.
func (w *watch) expire(t time.Duration) {
	s, d := &w.answers, w.t.deadline
	for !w.over {
		certain, doubtful := len(s.due) > 0 && t > s.due[0]+d, s.doubt && t > s.maybe+d
		switch {
		case certain && (!doubtful || s.due[0] <= s.maybe):
			w.missed(s.due[0])
			s.due = s.due[1:]
		case doubtful:
			s.doubt = false
			w.unknown(fmt.Sprintf("%s may have become true at %s, and %s did not follow within %s", show(w.t.body), at(s.maybe), show(w.t.then), formatDuration(d)))
		default:
			return
		}
	}
}

// missed concludes that no answer came in time.
func (w *watch) missed(since time.Duration) {
	s, then, d := &w.answers, show(w.t.then), formatDuration(w.t.deadline)
	if s.was && s.unclear >= since {
		w.unknown(fmt.Sprintf("it cannot be told whether %s followed within %s after %s", then, d, at(since)))
		return
	}
	w.decide(False, since+w.t.deadline, fmt.Sprintf("%s became true at %s and %s did not follow within %s", show(w.t.body), at(since), then, d))
}

// unanswered concludes about what can no longer be answered within the range.
func (w *watch) unanswered() {
	s := &w.answers
	since := s.maybe
	switch {
	case len(s.due) > 0:
		since = s.due[0]
	case !s.doubt:
		return
	}
	w.unknown(fmt.Sprintf("%s became true at %s, and the range ended before %s had passed", show(w.t.body), at(since), formatDuration(w.t.deadline)))
}
