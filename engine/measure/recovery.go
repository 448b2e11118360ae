package measure

import (
	"cmp"
	"fmt"
	"slices"
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
	// hearsay is how late a signal that is told when it changes may be told.
	hearsay = time.Second
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
	whole  bool          // the condition counts samples
	base   time.Duration // up to here settled
	state  runs          // at base
	latest runs          // at now
	now    time.Duration
	past   map[string]*past
	wake   time.Duration // when the hold is complete if nothing new comes, 0 if it is not under way
}

// NewRecovery looks for the first hold of f since the cause. It is not safe for concurrent use.
func NewRecovery(f Condition, since signal.Span, hold time.Duration) *Recovery {
	r := &Recovery{f: f, since: since, hold: hold, past: map[string]*past{}, state: runs{since: since.Low, hold: hold}}
	if text, ok := f.(fmt.Stringer); ok {
		r.whole = strings.Contains(text.String(), "count(")
	}
	r.latest = r.state
	return r
}

// Advance takes account of everything v has up to now and reports whether the hold is proven. It is called after
// each sample and at the instants that Next names.
func (r *Recovery) Advance(v cond.View, now time.Duration) bool {
	if r.latest.found || now < r.now {
		return r.latest.found
	}
	r.now = now
	r.settle(v)
	w := walker{f: r.f, plain: look(v, r.past, now, false, r.whole), lasting: look(v, r.past, now, true, r.whole)}
	if settled := w.unbroken(r.settled(v, now)); settled > r.base {
		w.walk(&r.state, r.base, settled, r.since.Low)
		r.base = settled
	}
	r.latest = r.state
	w.walk(&r.latest, r.base, now, r.since.Low)
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

// settled is the instant up to which no sample still to come will change the picture.
func (r *Recovery) settled(v cond.View, now time.Duration) time.Duration {
	out := now - hearsay
	for _, s := range r.f.Subjects() {
		if s.Moment == schema.Event {
			if _, ok := v.Event(s.Name); !ok {
				out = 0 // its bounds will reach back
			}
			continue
		}
		if last, ok := v.Last(s.Name, now); ok && last.ValidFor > 0 {
			out = min(out, last.Low)
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
	next, ok := r.f.NextChange(v, now)
	if r.wake > now && (!ok || r.wake < next) {
		return r.wake, true
	}
	if !ok {
		return 0, false
	}
	return next, true
}

// Result is the measurement, with everything v has up to end. timedOut says that the wait gave up; a hold that is
// proven by then makes it void. healBegan is when the heal of the cause began, nil if it did not.
func (r *Recovery) Result(v cond.View, end time.Duration, timedOut bool, healBegan *time.Duration) event.Recovery {
	r.Advance(v, end)
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

func (w *walker) walk(to *runs, from, until, since time.Duration) {
	if from >= until {
		return
	}
	cuts := instants(from, until, []time.Duration{since},
		w.f.Boundaries(w.plain, from, until), w.f.Boundaries(w.lasting, from, until))
	points := w.points(from, until)
	for i := 1; i < len(cuts); i++ {
		a, b := cuts[i-1], cuts[i]
		for len(points) > 0 && points[0].high <= a {
			points[0].tell(to)
			points = points[1:]
		}
		t := cond.Unknown
		switch {
		case b-a > tail:
			t = w.truth(a + (b-a)/2)
		case to.steady && w.truth(a) == cond.True:
			continue // it says nothing, and does not break what was true before and is
		}
		to.pass(a, b, t)
	}
	for _, p := range points {
		p.tell(to)
	}
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

// point is a sample, or a run of equal ones, that says more than the stretches around it: the condition was so at
// some instant by high, and at some instant not before low. That rests on everything up to at.
type point struct {
	low, high, at time.Duration
	truth         cond.Truth
}

func (p point) tell(r *runs) {
	if p.truth == cond.False {
		r.blip(p.low, p.high)
	} else {
		r.flash(p.low, p.high)
	}
}

// points finds samples beside changes with from <= high <= until.
func (w *walker) points(from, until time.Duration) []point {
	var out []point
	for _, s := range w.f.Subjects() {
		l := w.lasting.list(s.Name)
		joined := w.lasting.extents[s.Name]
		for i := max(0, after(l, from-1)); i < len(l) && l[i].High <= until; i++ {
			if i == len(l)-1 && l[i].ValidFor > 0 {
				continue // the next poll will tell
			}
			p := point{low: l[i].Low, high: l[i].High, at: l[i].High}
			switch {
			case joined != nil:
				p.at, p.truth = joined[i].High, w.fixed(s.Name, l[i].Value, joined[i])
			case edge(l, i):
				p.truth = w.pinned(s.Name, i)
			}
			if p.truth != cond.Unknown {
				out = append(out, p)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b point) int { return cmp.Compare(a.high, b.high) })
	return out
}

// unbroken is the last instant up to t that no point reaches across.
func (w *walker) unbroken(t time.Duration) time.Duration {
	out := t
	for _, s := range w.f.Subjects() {
		l := w.lasting.list(s.Name)
		for i, x := range w.lasting.extents[s.Name] {
			if x != none && l[i].High <= t && x.High > t {
				out = min(out, l[i].High)
			}
		}
	}
	return out
}

// edge reports whether a sample differs from a neighbour, so that it may say more than the stretches beside it.
func edge(l []signal.Sample, i int) bool {
	return i == 0 || !l[i].Value.Equal(l[i-1].Value) || i == len(l)-1 || !l[i].Value.Equal(l[i+1].Value)
}

// pinned is the truth at the instant at which a sample was taken, wherever in its interval that was.
func (w *walker) pinned(name string, i int) cond.Truth {
	l := w.lasting.list(name)
	if i > 0 && l[i].Low < l[i-1].High {
		return cond.Unknown // it may have been taken before the one in front of it
	}
	low, high := l[i].Low, l[i].High
	return agreed(instants(low, high, w.f.Boundaries(w.lasting, low, high)), func(at time.Duration) cond.Truth {
		return w.f.Definite(w.lasting.pin(name, i, at), at)
	})
}

// fixed is the truth with a value of a signal, wherever within an extent the signal had it.
func (w *walker) fixed(name string, v signal.Value, in signal.Span) cond.Truth {
	if in == none {
		return cond.Unknown
	}
	view := w.lasting.fix(name, v)
	cuts := instants(in.Low, in.High, w.f.Boundaries(view, in.Low, in.High))
	for i := len(cuts) - 1; i > 0; i-- {
		cuts = append(cuts, cuts[i-1]+(cuts[i]-cuts[i-1])/2)
	}
	return agreed(cuts, func(at time.Duration) cond.Truth { return w.f.Definite(view, at) })
}

// agreed is what is so at all instants.
func agreed(at []time.Duration, truth func(time.Duration) cond.Truth) cond.Truth {
	var out cond.Truth
	for i, t := range at {
		x := truth(t)
		if x == cond.Unknown || i > 0 && x != out {
			return cond.Unknown
		}
		out = x
	}
	return out
}
