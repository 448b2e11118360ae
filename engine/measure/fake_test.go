package measure

import (
	"sort"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// memory is a view over samples that tests put in by hand.
type memory map[string][]signal.Sample

func (m memory) push(name string, v bool, low, high, valid time.Duration) {
	m[name] = append(m[name], signal.Sample{
		Signal: name, Value: signal.BoolVal(v), Low: low, High: high, ValidFor: valid, Seq: uint64(len(m[name]) + 1),
	})
}

func (m memory) Last(name string, t time.Duration) (signal.Sample, bool) {
	l := m.Samples(name, 0, t)
	if len(l) == 0 {
		return signal.Sample{}, false
	}
	return l[len(l)-1], true
}

func (m memory) Samples(name string, from, to time.Duration) []signal.Sample {
	l := m[name]
	i := sort.Search(len(l), func(i int) bool { return l[i].High >= from })
	j := sort.Search(len(l), func(i int) bool { return l[i].High > to })
	return l[i:max(i, j)]
}

func (m memory) At(name string, t time.Duration) (signal.Value, bool) {
	l := m.Samples(name, 0, t)
	if len(l) == 0 {
		return signal.Value{}, false
	}
	x := l[len(l)-1]
	return x.Value, x.ValidFor == 0 || t < x.High+x.ValidFor
}

func (m memory) Event(string) (signal.Span, bool) { return signal.Span{}, false }

// all is a condition that is true when each of its signals is: the plainest reading of docs/measurement.md.
type all []string

const never = 1 << 62

func (c all) Subjects() []cond.Subject {
	var out []cond.Subject
	for _, n := range c {
		out = append(out, cond.Subject{Name: n})
	}
	return out
}

func (c all) Reach() (time.Duration, bool) { return 0, true }

func (c all) Truth(v cond.View, t time.Duration) cond.Truth { return c.Eval(v, t).Truth }

func (c all) Eval(v cond.View, t time.Duration) cond.Judged {
	out := cond.Judged{Truth: cond.True, At: t, From: t, To: t}
	for _, n := range c {
		x, ok := v.At(n, t)
		out.Truth = and(out.Truth, truthOf(x.Bool, ok))
	}
	return out
}

func truthOf(b, known bool) cond.Truth {
	switch {
	case !known:
		return cond.Unknown
	case b:
		return cond.True
	}
	return cond.False
}

func and(a, b cond.Truth) cond.Truth {
	switch {
	case a == cond.False || b == cond.False:
		return cond.False
	case a == cond.True && b == cond.True:
		return cond.True
	}
	return cond.Unknown
}

func (c all) NextChange(v cond.View, t time.Duration) (time.Duration, bool) {
	next := time.Duration(never)
	for _, n := range c {
		if l := v.Samples(n, 0, t); len(l) > 0 {
			if x := l[len(l)-1]; x.ValidFor > 0 && x.High+x.ValidFor > t {
				next = min(next, x.High+x.ValidFor)
			}
		}
	}
	return next, next < never
}

func (c all) Definite(v cond.View, t time.Duration) cond.Truth {
	out := cond.True
	for _, n := range c {
		out = and(out, definite(v.Samples(n, 0, never), t))
	}
	return out
}

func definite(l []signal.Sample, t time.Duration) cond.Truth {
	at, taken := -1, time.Duration(0) // the one before was taken at the earliest then: they are in order
	for i, x := range l {
		if x.High <= t {
			at = i
		}
		if i > 0 {
			taken = max(taken, l[i-1].Low)
			if l[i-1].Value != x.Value && t > taken && t < x.High {
				return cond.Unknown
			}
		}
	}
	if at < 0 {
		return cond.Unknown
	}
	x := l[at]
	return truthOf(x.Value.Bool, x.ValidFor == 0 || t < x.High+x.ValidFor)
}

func (c all) Boundaries(v cond.View, from, to time.Duration) []time.Duration {
	var out []time.Duration
	for _, n := range c {
		for _, x := range v.Samples(n, 0, never) {
			for _, t := range []time.Duration{x.Low, x.High, x.High + x.ValidFor} {
				if t >= from && t <= to {
					out = append(out, t)
				}
			}
		}
	}
	return out
}
