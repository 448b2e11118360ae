package cond

import (
	"math"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// holdBack is how wide an event may be that ends a window: a heal is tried for five minutes. Until it is known, samples of that
// time are held back.
const holdBack = 5 * time.Minute

// surely is the time that surely lies between two events: from the latest instant of the first to the earliest of the second.
// ok is false where they may have come in the other order, and where it is not known well enough when the second came.
func surely(a, b signal.Span) (from, to time.Duration, ok bool) {
	return a.High, b.Low, a.High <= b.Low && b.High-b.Low <= holdBack
}

// stretch is the time that a window covers at t, clipped to the run. ok is false while an event of it is still to come, and
// where nothing surely lies between two.
func (n *window) stretch(l *look) (from, to time.Duration, ok bool) {
	if n.from != "" {
		a, ok1 := l.event(n.from)
		b, ok2 := l.event(n.to)
		from, to, ok = surely(a, b)
		return from, to, ok && ok1 && ok2
	}
	if n.over > 0 && l.t >= n.over {
		return l.t - n.over, l.t, true
	}
	return 0, l.t, true
}

// value looks at the samples in the window. A window of a fixed length is open at its older end: a sample leaves it
// as the window's length has passed.
func (n *window) value(l *look) (signal.Value, bool) {
	if l.scene != nil {
		w := &l.scene.windows[n.id]
		return w.value, w.known
	}
	from, to, ok := n.stretch(l)
	if !ok {
		return signal.Value{}, false
	}
	if n.name == "changes" {
		return changes(l.v, n.subject.Name, from, to)
	}
	if n.over > 0 && l.t >= n.over {
		from++
	}
	s := l.v.Samples(n.subject.Name, from, to)
	switch {
	case len(s) == 0:
		return signal.Value{}, false
	case n.name == "count":
		return signal.NumberVal(float64(len(s))), true
	case n.name == "delta":
		return growth(s), len(s) > 1
	case n.name == "rate":
		span := (s[len(s)-1].High - s[0].High).Seconds()
		if span <= 0 {
			return signal.Value{}, false
		}
		d := growth(s)
		return signal.Bounded(signal.Number, d.Num/span, d.Low/span, d.High/span), true
	}
	return signal.Bounded(s[0].Value.Kind,
		fold(n.name, s, func(v signal.Value) float64 { return v.Num }),
		fold(n.name, s, func(v signal.Value) float64 { return v.Low }),
		fold(n.name, s, func(v signal.Value) float64 { return v.High })), true
}

// growth adds up increases; after a reset a counter counts from nothing.
func growth(s []signal.Sample) signal.Value {
	g := gauge{n: &window{name: "delta"}}
	for i := 1; i < len(s); i++ {
		g.pair(s[i-1], s[i], 1)
	}
	num, low, high := g.sums()
	return signal.Bounded(s[0].Value.Kind, num, low, high)
}

// step bounds the growth between two counts, either of which may have bounds itself.
func step(a, b signal.Value) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	if b.High >= a.Low { // there may have been no reset
		low, high = max(b.Low-a.High, 0), b.High-a.Low
	}
	if b.Low < a.High { // there may have been one
		low, high = min(low, b.Low), max(high, min(b.High, a.High))
	}
	return low, high
}

// fold computes one figure of the samples; figure picks the value or one of its bounds.
func fold(name string, s []signal.Sample, figure func(signal.Value) float64) float64 {
	xs := make([]float64, len(s))
	var sum exact
	for i, x := range s {
		xs[i] = figure(x.Value)
		sum.add(xs[i])
	}
	switch name {
	case "avg":
		return sum.value() / float64(len(xs))
	case "min":
		return slices.Min(xs)
	case "max":
		return slices.Max(xs)
	}
	slices.Sort(xs)
	return xs[nearestRank(name, len(xs))]
}

// nearestRank is the index of a percentile among n numbers in order.
func nearestRank(name string, n int) int {
	percent := 50
	switch name {
	case "p90":
		percent = 90
	case "p99":
		percent = 99
	}
	return (percent*n+99)/100 - 1
}

// changes counts adjacent samples that differ, starting from the value in force when the window opens.
func changes(v View, name string, from, to time.Duration) (signal.Value, bool) {
	last, known := v.At(name, from)
	s := v.Samples(name, from+1, to)
	if len(s) == 0 && !known {
		return signal.Value{}, false
	}
	n := 0
	for _, x := range s {
		if known && !x.Value.Equal(last) {
			n++
		}
		last, known = x.Value, true
	}
	return signal.NumberVal(float64(n)), true
}
