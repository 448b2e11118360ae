package cond

import (
	"math"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// Definite evaluates a formula at instant t in hindsight: a signal is unknown wherever its change may lie, that is
// from the earliest instant of the last sample with the old value to the latest of the first with the new one. A number
// is known there to lie between the two. Where the formula is true or false, it is so wherever the changes were.
//
// Windows are the exception: they are figures about the samples as they arrived, and change when samples do.
func (f *Formula) Definite(v View, t time.Duration) Truth {
	return f.root.(truthNode).truth(&look{v: v, t: t, definite: true})
}

func definiteAt(v View, name string, t time.Duration) (signal.Value, bool) {
	p, ok := v.Last(name, t)
	if !ok || p.ValidFor > 0 && t >= p.High+p.ValidFor {
		return signal.Value{}, false
	}
	ahead := v.Samples(name, t+1, math.MaxInt64)
	if p.Value.Kind.Numeric() {
		return between(p, ahead, t)
	}
	for _, x := range ahead {
		if !x.Value.Equal(p.Value) {
			return p.Value, t <= p.Low
		}
		if x.Low >= t {
			break // seen with this value on both sides of t
		}
	}
	return p.Value, true
}

// between is what a number can have been at t: it was on its way from one sample's value to the next one's, and those
// that may have been taken on either side of t count.
func between(p signal.Sample, ahead []signal.Sample, t time.Duration) (signal.Value, bool) {
	if t <= p.Low {
		return p.Value, true
	}
	out := p.Value
	for _, x := range ahead {
		out.Low, out.High = min(out.Low, x.Value.Low), max(out.High, x.Value.High)
		if x.Low >= t {
			break
		}
	}
	return out, true
}

// definiteEvent tells whether an event had happened at t; nobody knows while it may have been happening.
func definiteEvent(v View, name string, t time.Duration) (happened, known bool) {
	e, ok := v.Event(name)
	switch {
	case !ok || t < e.Low:
		return false, true
	case t >= e.High:
		return true, true
	}
	return false, false
}

// youngest is the lower bound of an age in hindsight: a sample that arrived after t may have been taken before it.
func youngest(v View, name string, t, age time.Duration) time.Duration {
	if ahead := v.Samples(name, t+1, math.MaxInt64); len(ahead) > 0 && ahead[0].Low <= t {
		return 0
	}
	return age
}
