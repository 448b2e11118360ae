package cond

import (
	"math"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// bounds is the stretch that a window covers at t: clipped to the run. ok is false while an event of it is still to
// come.
func (n window) bounds(l *look) (from, to time.Duration, ok bool) {
	if n.from != "" {
		a, ok1 := l.event(n.from)
		b, ok2 := l.event(n.to)
		if !ok1 || !ok2 {
			return 0, 0, false
		}
		return a.High, b.High, true
	}
	if n.over > 0 {
		return max(l.t-n.over, 0), l.t, true
	}
	return 0, l.t, true
}

func (n window) value(l *look) (signal.Value, bool) {
	from, to, ok := n.bounds(l)
	if !ok {
		return signal.Value{}, false
	}
	s := l.v.Samples(n.subject.Name, from, to)
	if n.name == "changes" {
		return changes(l.v, n.subject.Name, from, s)
	}
	if n.over > 0 && len(s) > 0 && l.t-n.over > 0 && s[0].High == from {
		s = s[1:] // a window is open at its older end
	}
	if n.name == "count" {
		return signal.NumberVal(float64(len(s))), len(s) > 0
	}
	if len(s) == 0 {
		return signal.Value{}, false
	}
	kind := s[0].Value.Kind
	switch n.name {
	case "rate":
		span := (s[len(s)-1].High - s[0].High).Seconds()
		if len(s) < 2 || span <= 0 {
			return signal.Value{}, false
		}
		return signal.NumberVal(growth(s) / span), true
	case "delta":
		if len(s) < 2 {
			return signal.Value{}, false
		}
		d := growth(s)
		return signal.Bounded(kind, d, d, d), true
	}
	v := fold(n.name, s)
	return signal.Bounded(kind, v, v, v), true
}

// growth adds up increases; after a reset a counter counts from nothing.
func growth(s []signal.Sample) float64 {
	sum := 0.0
	for i := 1; i < len(s); i++ {
		d := s[i].Value.Num - s[i-1].Value.Num
		if d < 0 {
			d = s[i].Value.Num
		}
		sum += d
	}
	return sum
}

func fold(name string, s []signal.Sample) float64 {
	xs := make([]float64, len(s))
	sum := 0.0
	for i, x := range s {
		xs[i] = x.Value.Num
		sum += x.Value.Num
	}
	switch name {
	case "avg":
		return sum / float64(len(xs))
	case "min":
		return slices.Min(xs)
	case "max":
		return slices.Max(xs)
	}
	slices.Sort(xs)
	rank := map[string]float64{"p50": 0.5, "p90": 0.9, "p99": 0.99}[name]
	return xs[max(int(math.Ceil(rank*float64(len(xs))))-1, 0)] // nearest rank
}

// changes counts adjacent samples that differ, starting from the value in force when the window opens.
func changes(v View, name string, from time.Duration, s []signal.Sample) (signal.Value, bool) {
	last, known := v.At(name, from)
	if len(s) == 0 && !known {
		return signal.Value{}, false
	}
	n := 0
	for _, x := range s {
		if known && x.Value != last {
			n++
		}
		last, known = x.Value, true
	}
	return signal.NumberVal(float64(n)), true
}
