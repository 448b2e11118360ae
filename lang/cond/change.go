package cond

import (
	"math"
	"slices"
	"time"
)

// NextChange returns the next instant after t at which Eval may differ although no sample arrives: an expiry, the
// edge of a window, the end of a `for`. ok is false if there is none.
func (f *Formula) NextChange(v View, t time.Duration) (next time.Duration, ok bool) {
	next = math.MaxInt64
	upcoming(f.root, v, t, 0, func(at time.Duration) {
		if at > t && at < next {
			next = at
		}
	})
	return next, next != math.MaxInt64
}

// upcoming reports instants at which a node may change by itself, given what v has up to t. reach is how far back
// a `for` around it looks.
func upcoming(n node, v View, t, reach time.Duration, at func(time.Duration)) {
	one := func(name string) {
		for _, s := range v.Samples(name, max(t-reach, 0), t) {
			at(s.High + reach)
			if s.ValidFor > 0 {
				at(s.High + s.ValidFor)
				at(s.High + s.ValidFor + reach)
			}
		}
		if last := v.Samples(name, 0, t); len(last) > 0 {
			if s := last[len(last)-1]; s.ValidFor > 0 {
				at(s.High + s.ValidFor)
				at(s.High + s.ValidFor + reach)
			}
		}
	}
	switch n := n.(type) {
	case held:
		at(n.over)
		upcoming(n.body, v, t, reach+n.over, at)
		return
	case reading:
		one(n.subject.Name)
	case window:
		if n.over > 0 {
			for _, s := range v.Samples(n.subject.Name, max(t-n.over-reach, 0), t) {
				at(s.High + n.over)
				at(s.High + n.over + reach)
			}
			if n.name == "changes" {
				one(n.subject.Name)
			}
		}
	case ageOf:
		at(t + 100*time.Millisecond) // it grows all the time
	case happened:
		if s, ok := v.Event(n.subject.Name); ok {
			at(s.High + reach)
		}
	case timeOf:
		if s, ok := v.Event(n.subject.Name); ok {
			at(s.High + reach)
		}
	}
	for _, c := range children(n) {
		upcoming(c, v, t, reach, at)
	}
}

// changesIn lists every instant in (from, to) at which a node may have changed.
func changesIn(l *look, n node, from, to time.Duration) []time.Duration {
	var out []time.Duration
	add := func(t time.Duration) {
		if t > from && t < to {
			out = append(out, t)
		}
	}
	instantsOf(n, l.v, from, to, l.definite, add)
	slices.Sort(out)
	return slices.Compact(out)
}

// instantsOf reports the instants at which a node may change in [from, to], all samples of v taken into account.
func instantsOf(n node, v View, from, to time.Duration, definite bool, add func(time.Duration)) {
	signalAt := func(name string) {
		start := from
		if past := v.Samples(name, 0, from); len(past) > 0 {
			start = past[len(past)-1].High
		}
		for _, s := range v.Samples(name, start, to) {
			add(s.High)
			if definite {
				add(s.Low)
				add(s.Low + 1)
			}
			if s.ValidFor > 0 {
				add(s.High + s.ValidFor)
			}
		}
		if definite { // a sample that begins before to and ends after it
			if ahead := v.Samples(name, to+1, math.MaxInt64); len(ahead) > 0 {
				add(ahead[0].Low)
				add(ahead[0].Low + 1)
			}
		}
	}
	switch n := n.(type) {
	case held:
		inner := func(t time.Duration) { add(t); add(t + n.over); add(t + n.over + 1) }
		inner(0)
		instantsOf(n.body, v, max(from-n.over, 0), to, definite, inner)
		return
	case reading:
		signalAt(n.subject.Name)
	case window:
		signalAt(n.subject.Name)
		if n.over > 0 {
			for _, s := range v.Samples(n.subject.Name, max(from-n.over, 0), to) {
				add(s.High + n.over)
				add(s.High + n.over + 1)
			}
		}
		for _, e := range []string{n.from, n.to} {
			if s, ok := v.Event(e); ok && e != "" {
				add(s.High)
			}
		}
	case ageOf:
		for _, s := range v.Samples(n.subject.Name, from, to) {
			add(s.High)
		}
	case happened:
		if s, ok := v.Event(n.subject.Name); ok {
			add(s.High)
		}
	case timeOf:
		if s, ok := v.Event(n.subject.Name); ok {
			add(s.High)
		}
	}
	for _, c := range children(n) {
		instantsOf(c, v, from, to, definite, add)
	}
}

// Boundaries lists, in order, every instant in [from, to] at which Eval or Definite may change.
func (f *Formula) Boundaries(v View, from, to time.Duration) []time.Duration {
	out := []time.Duration{}
	add := func(t time.Duration) {
		if t >= from && t <= to {
			out = append(out, t)
		}
	}
	instantsOf(f.root, v, from, to, true, add)
	slices.Sort(out)
	return slices.Compact(out)
}

// sorted orders the instants within (from, to) and leaves out repetitions.
func sorted(ts []time.Duration, from, to time.Duration) []time.Duration {
	ts = slices.DeleteFunc(ts, func(t time.Duration) bool { return t <= from || t >= to })
	slices.Sort(ts)
	return slices.Compact(ts)
}
