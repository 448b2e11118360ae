package measure

import (
	"fmt"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

const (
	// reconsider is how far back a late sample may change what is known of the past.
	reconsider = 5 * time.Minute
	// hearsay is how far the interval of a change that is told once may reach back: an effect is verified within it.
	hearsay = time.Minute
)

// Recovery finds the first hold of a condition since a cause, while samples arrive.
//
// The instant at which the hold began is bounded over all placements of the signals' changes within the intervals
// of their samples: from the last instant at which the condition was surely false to the first from which it was
// surely true for as long as the hold. Surely true asks for a sample after the hold's end, and breaks where a
// signal it depends on was unknown. A shorter stretch of truth before it that may have been long enough moves the
// lower bound there. The truth lies within the bounds if no signal left a value and came back between two samples.
type Recovery struct {
	f      Condition
	since  signal.Span
	hold   time.Duration
	late   time.Duration
	whole  bool          // the condition counts samples
	base   time.Duration // up to here settled
	state  runs          // at base
	latest runs          // at now
	now    time.Duration
	past   map[string]*past
	wake   time.Duration // when the hold is complete if nothing new comes, 0 if it is not under way
}

// NewRecovery looks for the first hold of f since the cause. late is how long after its latest instant a sample may come:
// it looks that far behind, so that nothing that comes changes what was found. It is not safe for concurrent use.
func NewRecovery(f Condition, since signal.Span, hold, late time.Duration) *Recovery {
	r := &Recovery{f: f, since: since, hold: hold, late: late, past: map[string]*past{}, state: runs{since: since.Low, hold: hold}}
	if text, ok := f.(fmt.Stringer); ok {
		r.whole = strings.Contains(text.String(), "count(")
	}
	r.latest = r.state
	return r
}

// Advance takes account of everything v has up to now and reports whether the hold is proven. It is called after
// each sample and at the instants that Next names.
func (r *Recovery) Advance(v cond.View, now time.Duration) bool { return r.advance(v, now-r.late) }

func (r *Recovery) advance(v cond.View, now time.Duration) bool {
	if r.latest.found || now < r.now {
		return r.latest.found
	}
	r.now = now
	r.settle(v)
	w := walker{f: r.f, plain: look(v, r.past, now, false, r.whole), lasting: look(v, r.past, now, true, r.whole)}
	if settled := w.unbroken(r.settled(v, now)); settled > r.base {
		w.walk(&r.state, r.base, settled, r.since.Low, settled-1)
		r.base = settled
	}
	r.latest = r.state
	w.walk(&r.latest, r.base, now, r.since.Low, now)
	r.wake = 0
	if w.truth(now) == cond.True && r.latest.eligible && !r.latest.found {
		r.wake = now + r.hold
		if r.latest.steady {
			r.wake = r.latest.began + r.hold
		}
	}
	return r.latest.found
}

// beside is how many samples before the first that counts are looked at: what a sample says depends on its neighbours.
const beside = 3

// settle has samples that are settled looked at no more, but for what is left of them.
func (r *Recovery) settle(v cond.View) {
	back, bounded := r.f.Reach()
	if !bounded || r.whole || r.base <= back {
		return
	}
	for _, s := range r.f.Subjects() {
		if s.Moment == schema.Event {
			continue
		}
		t := r.base - back
		for range beside {
			x, ok := v.Last(s.Name, t-1)
			if !ok {
				break
			}
			t = x.High
		}
		if r.past[s.Name] == nil {
			r.past[s.Name] = &past{}
		}
		r.past[s.Name].take(v, s.Name, t)
	}
}

// settled is the instant up to which no sample still to come will change the picture: those that come are later than all
// that are there, so that what was seen on both sides of an instant before stays.
func (r *Recovery) settled(v cond.View, now time.Duration) time.Duration {
	out := now
	for _, s := range r.f.Subjects() {
		last, ok := v.Last(s.Name, now)
		switch {
		case s.Moment == schema.Event:
			if _, ok := v.Event(s.Name); !ok {
				out = min(out, now-reconsider) // its bounds will reach back
			}
		case ok && last.ValidFor > 0:
			out = min(out, last.Low)
		case !ok && r.state.eligible: // what it was before does not matter any more
		case !ok || !s.Type.Kind.Numeric(): // a count is told as it is then
			out = min(out, now-hearsay)
		}
	}
	return max(out, now-reconsider)
}

// Lookback is how long before its cause a measurement looks at the condition.
const Lookback = reconsider

// Passed is up to where samples are needed no more, inclusive, but the last one.
func (r *Recovery) Passed() time.Duration {
	out := r.base
	if r.latest.eligible { // the report says how often it was looked at since then
		out = min(out, max(r.latest.proven(), r.since.Low-Lookback))
	}
	for _, s := range r.f.Subjects() {
		if s.Moment == schema.Event {
			continue
		}
		if p := r.past[s.Name]; p != nil {
			out = min(out, p.upTo-1)
		} else {
			out = min(out, r.since.Low-Lookback)
		}
	}
	return out
}

// Next is when after now to call Advance again although no sample arrives.
func (r *Recovery) Next(v cond.View, now time.Duration) (time.Duration, bool) {
	at := now - r.late
	next, ok := r.f.NextChange(v, at)
	take := func(t time.Duration) {
		if t > at && (!ok || t < next) {
			next, ok = t, true
		}
	}
	take(r.wake)
	for _, s := range r.f.Subjects() {
		if l := v.Samples(s.Name, at+1, now); len(l) > 0 {
			take(l[0].High) // it is there, and others may still come before it
		}
	}
	if !ok {
		return 0, false
	}
	return next + r.late, true
}

// Result is the measurement, with everything v has up to end. timedOut says that the wait gave up; a hold that is
// proven by then makes it void. healBegan is when the heal of the cause began, nil if it did not.
func (r *Recovery) Result(v cond.View, end time.Duration, timedOut bool, healBegan *time.Duration) event.Recovery {
	r.advance(v, end)
	l := r.latest
	out := event.Recovery{
		Disturbed: l.eligible, InjectedLow: r.since.Low.Seconds(), InjectedHigh: r.since.High.Seconds(),
	}
	if !l.found {
		out.TimedOut = timedOut
		out.Why = r.missing(v, end)
		if l.eligible {
			out.BeganLow = l.proven().Seconds()
			out.RTOLow = max(0, l.proven()-r.since.High).Seconds()
		}
		out.Sampling = r.sampling(v, l.proven(), end).Seconds()
		return out
	}
	high := (l.high - r.since.Low).Seconds()
	out.RTO, out.RTOHigh = &high, &high
	out.RTOLow = max(0, l.low-r.since.High).Seconds()
	out.BeganLow, out.BeganHigh = l.low.Seconds(), l.high.Seconds()
	out.AfterHeal = healBegan != nil && l.high > *healBegan
	out.Sampling = r.sampling(v, l.low, l.high).Seconds()
	out.Why = fmt.Sprintf("not so until %s, so from %s on at the latest for %s",
		signal.Seconds(l.low.Seconds()), signal.Seconds(l.high.Seconds()), r.hold)
	return out
}

// missing says why nothing was found.
func (r *Recovery) missing(v cond.View, end time.Duration) string {
	l := r.latest
	j := r.f.Eval(v, end)
	switch {
	case !l.eligible && l.truth == cond.True:
		return "it was already true before the cause and was never seen false"
	case !l.eligible:
		return "it was never known to be false: " + j.Why
	case l.steady:
		return fmt.Sprintf("it was true from %s on, which is shorter than the hold of %s", signal.Seconds(l.began.Seconds()), r.hold)
	}
	return j.Why
}

// sampling is the longest distance between two samples of a signal around [from, to].
func (r *Recovery) sampling(v cond.View, from, to time.Duration) time.Duration {
	var out time.Duration
	for _, s := range r.f.Subjects() {
		l := v.Samples(s.Name, 0, r.now)
		for i := 1; i < len(l); i++ {
			if l[i].High >= from && l[i-1].High <= to {
				out = max(out, l[i].High-l[i-1].High)
			}
		}
	}
	return out
}

// walker cuts time into stretches in which the truth in hindsight does not change.
type walker struct {
	f              Condition
	plain, lasting *sight
}

// walk goes along the stretches of [from, until], and tells of the points in [from, told].
func (w *walker) walk(to *runs, from, until, since, told time.Duration) {
	if from >= until {
		return
	}
	cuts := instants(from, until, []time.Duration{since},
		w.f.Boundaries(w.plain, from, until), w.f.Boundaries(w.lasting, from, until))
	points := w.points(from, w.lasting.now)
	for i := 1; i < len(cuts); i++ {
		a, b := cuts[i-1], cuts[i]
		for len(points) > 0 && points[0].high <= min(a, told) {
			p := points[0]
			points = points[1:]
			p.tell(to, points)
		}
		t := w.truth(a + (b-a)/2)
		if b-a <= tail && w.ends(a) {
			if to.steady && t == cond.True {
				continue // it says nothing, and does not break what was true before and is
			}
			t = cond.Unknown
		}
		if t == cond.False {
			falseAt(to, a, points)
		}
		to.pass(a, b, t)
	}
	for len(points) > 0 && points[0].high <= told {
		p := points[0]
		points = points[1:]
		p.tell(to, points)
	}
}

// falseAt says that the condition is false at an instant. What is told later may have been false first.
func falseAt(to *runs, at time.Duration, points []point) {
	if to.eligible || to.found {
		return
	}
	for _, p := range points {
		if p.truth == cond.False && p.low < at {
			to.between(p.low, at)
		}
	}
}

// ends reports whether what is known of a signal ends at an instant.
func (w *walker) ends(at time.Duration) bool {
	for _, s := range w.f.Subjects() {
		if s.Moment == schema.Event {
			continue
		}
		for _, view := range []*sight{w.plain, w.lasting} {
			if x, ok := view.Last(s.Name, at); ok && x.High == at && x.ValidFor == tail {
				return true
			}
		}
	}
	return false
}

// truth is false as far as the signals last, true only where they were known.
func (w *walker) truth(t time.Duration) cond.Truth {
	if w.f.Definite(w.lasting, t) == cond.False {
		return cond.False
	}
	if w.f.Definite(w.plain, t) == cond.True {
		return cond.True
	}
	return cond.Unknown
}
