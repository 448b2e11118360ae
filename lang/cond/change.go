package cond

import (
	"math"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// tick is how often a condition on an age is looked at again where the instant of its change cannot be solved for.
const tick = 100 * time.Millisecond

// NextChange returns the next instant after t at which Eval may differ although no sample arrives: an expiry, the
// edge of a window, the end of a `for`. ok is false if there is none.
func (f *Formula) NextChange(v View, t time.Duration) (next time.Duration, ok bool) {
	next = math.MaxInt64
	s := &scan{v: v, from: t, known: t, open: true}
	s.moments(f.root, func(at time.Duration) {
		if at > t && at < next {
			next = at
		}
	})
	return next, next != math.MaxInt64
}

// Boundaries lists, in order, every instant in [from, to] at which Eval or Definite may change.
func (f *Formula) Boundaries(v View, from, to time.Duration) []time.Duration {
	out := []time.Duration{}
	s := &scan{v: v, from: from, known: to, definite: true}
	s.moments(f.root, func(t time.Duration) {
		if t >= from && t <= to {
			out = append(out, t)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// Changes lists every instant in (from, to] at which Eval may change.
func (f *Formula) Changes(v View, from, to time.Duration) []time.Duration {
	return changesIn(&look{v: v, t: to}, f.root, from, to)
}

// changesIn lists every instant in (from, to] at which a node may have changed.
func changesIn(l *look, n node, from, to time.Duration) []time.Duration {
	var out []time.Duration
	s := &scan{v: l.v, from: from, known: to, definite: l.definite}
	s.moments(n, func(t time.Duration) {
		if t > from && t <= to {
			out = append(out, t)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// scan looks for instants from `from` on at which a node may change.
type scan struct {
	v        View
	from     time.Duration
	known    time.Duration // samples up to here are taken into account
	open     bool          // instants behind known are asked for as well
	definite bool          // in hindsight: where the changes of signals may lie
}

func (s *scan) back(d time.Duration) *scan {
	out := *s
	out.from -= d
	return &out
}

// moments reports the instants. It may report more than there are, and earlier and later ones; never too few.
func (s *scan) moments(n node, add func(time.Duration)) {
	switch n := n.(type) {
	case *held:
		add(n.over) // before, it reaches back beyond the start of the run
		s.back(n.over).moments(n.body, func(t time.Duration) { add(t); add(t + n.over) })
		return
	case comparison:
		if subject, limit, ok := ageLimit(n); ok {
			s.crossings(subject, limit, add)
			return
		}
	case reading:
		s.values(n.subject.Name, add)
	case *window:
		s.edges(n, add)
	case ageOf:
		s.ticks(n.subject.Name, add)
	case happened:
		s.event(n.subject.Name, add)
	case timeOf:
		s.event(n.subject.Name, add)
	}
	for _, c := range children(n) {
		s.moments(c, add)
	}
}

func (s *scan) event(name string, add func(time.Duration)) {
	if e, ok := s.v.Event(name); ok && name != "" {
		add(e.High)
		if s.definite {
			add(e.Low)
		}
	}
}

// samples are those that matter from `from` on: the last one before it, what followed, and in hindsight those that
// may have been taken before known although they arrived later.
func (s *scan) samples(name string) []signal.Sample {
	from := max(s.from, 0)
	if last, ok := s.v.Last(name, from); ok {
		from = last.High
	}
	in := s.v.Samples(name, from, s.known)
	if !s.definite {
		return in
	}
	ahead := s.v.Samples(name, max(s.known+1, from), math.MaxInt64)
	n := 0
	for n < len(ahead) {
		n++
		if ahead[n-1].Low >= s.known || n > 1 && !ahead[n-1].Value.Equal(ahead[n-2].Value) {
			break
		}
	}
	return slices.Concat(in, ahead[:n])
}

// values reports when a signal may have another value, or none.
func (s *scan) values(name string, add func(time.Duration)) {
	for _, x := range s.samples(name) {
		add(x.High)
		if x.ValidFor > 0 {
			add(x.High + x.ValidFor)
		}
		if s.definite {
			add(x.Low)
			add(x.Low + 1)
		}
	}
}

// edges reports when a sample enters or leaves a window.
func (s *scan) edges(n *window, add func(time.Duration)) {
	if n.over == 0 {
		s.event(n.from, add)
		s.event(n.to, add)
		if n.from == "" {
			for _, x := range s.v.Samples(n.subject.Name, max(s.from, 0), s.known) {
				add(x.High)
			}
		}
		return
	}
	add(n.over) // before, the window is clipped to the run
	b := s.back(n.over)
	b.definite = false
	b.values(n.subject.Name, func(t time.Duration) { add(t); add(t + n.over) })
}

// crossings reports when the age of a signal passes a limit.
func (s *scan) crossings(name string, limit time.Duration, add func(time.Duration)) {
	for _, x := range s.samples(name) {
		add(x.High)
		for _, t := range []time.Duration{x.Low, x.High} {
			add(t + limit)
			add(t + limit + 1)
		}
		if s.definite {
			add(x.Low)
			add(x.Low + 1)
		}
	}
}

// ticks reports instants at which an age is looked at, since it grows all the time.
func (s *scan) ticks(name string, add func(time.Duration)) {
	for _, x := range s.samples(name) {
		add(x.High)
		if s.definite {
			add(x.Low)
			add(x.Low + 1)
		}
	}
	first := max(s.from, 0).Truncate(tick) + tick
	add(first)
	if s.open {
		return
	}
	for t := first + tick; t <= s.known; t += tick {
		add(t)
	}
}

// ageLimit takes apart a comparison of an age with a constant.
func ageLimit(n comparison) (subject string, limit time.Duration, ok bool) {
	for _, side := range [][2]valueNode{{n.left, n.right}, {n.right, n.left}} {
		age, ok1 := side[0].(ageOf)
		with, ok2 := side[1].(constant)
		if ok1 && ok2 {
			return age.subject.Name, time.Duration(math.Round(with.v.Num * float64(time.Second))), true
		}
	}
	return "", 0, false
}
