package measure

import (
	"slices"
	"sort"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// sight is a view as hindsight may use it. The last sample of a polled signal proves its value at one instant
// only, the earliest being its Low: what comes after it, the next poll will tell. Signals that are told when they
// change (ValidFor 0) keep their value.
type sight struct {
	cond.View
	// lasting takes a polled signal to have its value until the next sample even when that was late: the promise
	// that no signal leaves a value and comes back between two samples.
	lasting bool
	now     time.Duration
	lists   map[string][]signal.Sample
}

func look(v cond.View, now time.Duration, lasting bool) *sight {
	return &sight{View: v, lasting: lasting, now: now, lists: map[string][]signal.Sample{}}
}

// list is what is seen of a signal up to now.
func (s *sight) list(name string) []signal.Sample {
	if l, ok := s.lists[name]; ok {
		return l
	}
	l := told(s.View.Samples(name, 0, s.now))
	if n := len(l); n > 0 {
		if s.lasting {
			for i := range l[:n-1] {
				l[i].ValidFor = 0
			}
		}
		if l[n-1].ValidFor > 0 {
			at := earliest(l, n-1)
			l[n-1].Low, l[n-1].High, l[n-1].ValidFor = at, at, 1
		}
	}
	s.lists[name] = l
	return l
}

// told copies a signal's samples. One that is told when it changes had its value until just before the next: a
// second sample there says so.
func told(in []signal.Sample) []signal.Sample {
	out := make([]signal.Sample, 0, len(in)+1)
	for i, x := range in {
		out = append(out, x)
		if x.ValidFor == 0 && i+1 < len(in) && in[i+1].Low-1 > x.High {
			x.Low, x.High = in[i+1].Low-1, in[i+1].Low-1
			out = append(out, x)
		}
	}
	return out
}

// earliest is the earliest instant at which sample i can have been taken, given that samples are in order.
func earliest(l []signal.Sample, i int) time.Duration {
	at := max(l[i].Low, 0)
	if i > 0 {
		at = max(at, l[i-1].High)
	}
	return min(at, l[i].High)
}

// At is the value in force at t.
func (s *sight) At(name string, t time.Duration) (signal.Value, bool) {
	l := s.list(name)
	i := after(l, t)
	if i == 0 {
		return signal.Value{}, false
	}
	if x := l[i-1]; x.ValidFor == 0 || t < x.High+x.ValidFor {
		return x.Value, true
	}
	return signal.Value{}, false
}

// Samples are those with from <= High <= to.
func (s *sight) Samples(name string, from, to time.Duration) []signal.Sample {
	l := s.list(name)
	i, j := sort.Search(len(l), func(i int) bool { return l[i].High >= from }), after(l, to)
	return l[i:max(i, j)]
}

// after is how many samples have High <= t.
func after(l []signal.Sample, t time.Duration) int {
	return sort.Search(len(l), func(i int) bool { return l[i].High > t })
}

// pin is the same sight with one sample taken at one instant of its interval.
func (s *sight) pin(name string, i int, at time.Duration) *sight {
	l := slices.Clone(s.list(name))
	l[i].Low, l[i].High = at, at
	for j := i + 1; j < len(l) && l[j].High <= at; j++ {
		l[j].High = at + 1 // it came later, by however little
	}
	out := &sight{View: s.View, lasting: s.lasting, now: s.now, lists: map[string][]signal.Sample{name: l}}
	for n, l := range s.lists {
		if n != name {
			out.lists[n] = l
		}
	}
	return out
}

// instants sorts and joins lists of instants, keeping those within [from, to] and both ends.
func instants(from, to time.Duration, lists ...[]time.Duration) []time.Duration {
	out := []time.Duration{from, to}
	for _, l := range lists {
		for _, t := range l {
			if t > from && t < to {
				out = append(out, t)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
