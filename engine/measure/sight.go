package measure

import (
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
	last    map[string]*last
}

// last is the last sample of a polled signal as it is seen, and what comes before it.
type last struct {
	sample signal.Sample
	seen   time.Duration
}

func look(v cond.View, now time.Duration, lasting bool) *sight {
	return &sight{View: v, lasting: lasting, now: now, last: map[string]*last{}}
}

// final returns the last sample of a polled signal, or nil.
func (s *sight) final(name string) *last {
	if l, ok := s.last[name]; ok {
		return l
	}
	var l *last
	if all := s.View.Samples(name, 0, s.now); len(all) > 0 {
		if x := all[len(all)-1]; x.ValidFor > 0 {
			l = &last{sample: x, seen: max(x.Low, 0)}
			if len(all) > 1 {
				l.seen = max(l.seen, all[len(all)-2].High)
			}
			l.seen = min(l.seen, x.High)
		}
	}
	s.last[name] = l
	return l
}

// At is the value in force at t.
func (s *sight) At(name string, t time.Duration) (signal.Value, bool) {
	l := s.final(name)
	switch {
	case l != nil && t > l.seen:
		return signal.Value{}, false
	case l != nil && t == l.seen:
		return l.sample.Value, true
	case !s.lasting:
		return s.View.At(name, t)
	}
	all := s.View.Samples(name, 0, t)
	if len(all) == 0 {
		return signal.Value{}, false
	}
	return all[len(all)-1].Value, true
}

// Samples are those of the view, the last of a polled signal narrowed to its earliest instant.
func (s *sight) Samples(name string, from, to time.Duration) []signal.Sample {
	l := s.final(name)
	if l == nil {
		return s.View.Samples(name, from, to)
	}
	all := s.View.Samples(name, from, min(s.now, max(to, l.sample.High)))
	out := make([]signal.Sample, 0, len(all))
	for _, x := range all {
		switch {
		case x.Seq == l.sample.Seq && x.High == l.sample.High:
			x.Low, x.High, x.ValidFor = l.seen, l.seen, 1
		case s.lasting:
			x.ValidFor = 0
		}
		if x.High >= from && x.High <= to {
			out = append(out, x)
		}
	}
	if l.seen >= from && l.sample.High > to && l.seen <= to && (len(all) == 0 || all[len(all)-1].Seq != l.sample.Seq) {
		x := l.sample
		x.Low, x.High, x.ValidFor = l.seen, l.seen, 1
		out = append(out, x)
	}
	return out
}

// pinned is a view in which one sample was taken at one instant of its interval.
type pinned struct {
	cond.View
	name string
	seq  uint64
	high time.Duration // as it was
	at   time.Duration
}

func (p pinned) Samples(name string, from, to time.Duration) []signal.Sample {
	if name != p.name {
		return p.View.Samples(name, from, to)
	}
	all := p.View.Samples(name, from, max(to, p.high))
	out := make([]signal.Sample, 0, len(all))
	for _, x := range all {
		if x.Seq == p.seq && x.High == p.high {
			x.Low, x.High = p.at, p.at
		}
		if x.High >= from && x.High <= to {
			out = append(out, x)
		}
	}
	return out
}

func (p pinned) At(name string, t time.Duration) (signal.Value, bool) {
	if name != p.name || t < p.at || t >= p.high {
		return p.View.At(name, t)
	}
	all := p.Samples(name, 0, t)
	if len(all) == 0 {
		return signal.Value{}, false
	}
	return all[len(all)-1].Value, true
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
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	n := 0
	for i, t := range out {
		if i == 0 || t != out[n-1] {
			out[n] = t
			n++
		}
	}
	return out[:n]
}
