package measure

import (
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// tail is how long the last sample of a polled signal is taken to hold. Stretches no longer than that say nothing.
const tail = 1

// sight is a view as hindsight may use it. The last sample of a polled signal proves what was up to the earliest instant at
// which it can have been taken, and nothing after that: the next poll will tell. Signals that are told when they change (ValidFor 0) keep their value.
type sight struct {
	cond.View
	// lasting takes a polled signal to have its value until the next sample even when that was late: the promise
	// that no signal leaves a value and comes back between two samples.
	lasting bool
	// whole keeps every sample, for conditions that count them.
	whole   bool
	past    map[string]*past // what is left of the samples that are settled
	now     time.Duration
	lists   map[string][]signal.Sample
	extents map[string][]signal.Span // of the samples behind an entry, where they were joined
}

// none is the extent of an entry whose value is sure for some time, so that there is nothing to add.
var none = signal.Span{Low: -1, High: -1}

func look(v cond.View, settled map[string]*past, now time.Duration, lasting, whole bool) *sight {
	return &sight{
		View: v, lasting: lasting, whole: whole, past: settled, now: now,
		lists: map[string][]signal.Sample{}, extents: map[string][]signal.Span{},
	}
}

// list is what is seen of a signal up to now.
func (s *sight) list(name string) []signal.Sample {
	if l, ok := s.lists[name]; ok {
		return l
	}
	from, left := time.Duration(0), (*past)(nil)
	if left = s.past[name]; left != nil {
		from = left.upTo
	}
	l := s.View.Samples(name, from, s.now)
	if left != nil {
		l = left.before(l, s.lasting)
	}
	l = told(l)
	if n := len(l); n > 0 {
		if s.whole || l[0].Value.Kind.Numeric() {
			s.single(l)
		} else {
			l, s.extents[name] = s.join(l)
		}
	}
	s.lists[name] = l
	return l
}

// taken is the earliest instant at which the samples that are settled can all have been taken: those after them were not
// taken before.
func (s *sight) taken(name string) time.Duration {
	if p := s.past[name]; p != nil {
		return p.taken
	}
	return 0
}

// single prepares samples that all matter one by one.
func (s *sight) single(l []signal.Sample) {
	n := len(l)
	if s.lasting {
		for i := range l[:n-1] {
			l[i].ValidFor = 0
		}
	}
	if l[n-1].ValidFor > 0 {
		at := earliest(l, n-1) // it may have changed since then
		l[n-1].Low, l[n-1].High, l[n-1].ValidFor = at, at, tail
	}
}

// join makes one or two entries of each run of equal samples: the value is sure from the latest instant of the
// first to the earliest of the last, except where it was stale between them. The intervals of samples may overlap,
// as those of inferred signals do; the entries do not.
func (s *sight) join(l []signal.Sample) (out []signal.Sample, extents []signal.Span) {
	for i := 0; i < len(l); {
		sure, end := l[i].Low, i+1
		for ; end < len(l) && l[end].Value.Equal(l[i].Value); end++ {
			sure = max(sure, l[end].Low)
		}
		for i < end {
			from := i
			for i++; i < end && !s.stale(l[i-1], l[i]); i++ {
			}
			entries, extent := s.run(l[from:i], i == end, end == len(l), sure)
			out = append(out, entries...)
			for range entries {
				extents = append(extents, extent)
			}
		}
	}
	return out, extents
}

// run makes the entries of equal samples without a stale gap. complete says that another value follows, or nothing;
// latest that nothing does. The value is sure up to an instant that may lie beyond the gap that ends the run.
func (s *sight) run(l []signal.Sample, complete, latest bool, sure time.Duration) ([]signal.Sample, signal.Span) {
	first, last := l[0], l[len(l)-1]
	low := sure
	if !complete {
		low = min(sure, last.High+last.ValidFor)
	}
	hold := func(from time.Duration) time.Duration {
		switch {
		case last.ValidFor == 0 || s.lasting && !latest:
			return 0
		case latest || !complete:
			return tail
		}
		return max(tail, last.High+last.ValidFor-from)
	}
	if low <= first.High {
		extent := signal.Span{Low: first.Low, High: last.High}
		first.Low, first.ValidFor = low, hold(first.High)
		return []signal.Sample{first}, extent
	}
	last.Low, last.High, last.ValidFor = low, low, hold(low)
	first.ValidFor = 0
	return []signal.Sample{first, last}, none
}

// stale reports whether a signal was unknown between two samples.
func (s *sight) stale(a, b signal.Sample) bool {
	return !s.lasting && gap(a, b)
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

// Last is the last sample with High <= t.
func (s *sight) Last(name string, t time.Duration) (signal.Sample, bool) {
	l := s.list(name)
	i := after(l, t)
	if i == 0 {
		return signal.Sample{}, false
	}
	return l[i-1], true
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
	return s.with(name, l)
}

// fix is the same sight with a signal that always has one value.
func (s *sight) fix(name string, v signal.Value) *sight {
	return s.with(name, []signal.Sample{{Signal: name, Value: v}})
}

func (s *sight) with(name string, l []signal.Sample) *sight {
	out := look(s.View, s.past, s.now, s.lasting, s.whole)
	maps.Copy(out.lists, s.lists)
	out.lists[name] = l
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
