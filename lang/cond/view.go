package cond

import (
	"slices"
	"sort"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// MemoryView is a view that keeps everything in memory. It is not safe for concurrent use.
type MemoryView struct {
	signals map[string][]signal.Sample
	events  map[string]signal.Span
	lost    []signal.Span
}

var _ View = (*MemoryView)(nil)

// NewMemoryView returns an empty view.
func NewMemoryView() *MemoryView {
	return &MemoryView{signals: map[string][]signal.Sample{}, events: map[string]signal.Span{}}
}

// Push takes a sample. One that comes a little late is put where it belongs: samples are ordered by the latest
// instant at which they can have been true, then by sequence number.
func (v *MemoryView) Push(s signal.Sample) {
	l := v.signals[s.Signal]
	i := len(l)
	for i > 0 && later(l[i-1], s) {
		i--
	}
	if i == len(l) {
		v.signals[s.Signal] = append(l, s)
		return
	}
	v.signals[s.Signal] = slices.Insert(l, i, s)
}

func later(a, b signal.Sample) bool {
	return a.High > b.High || (a.High == b.High && a.Seq > b.Seq)
}

// Forget lets go of the samples of a signal that nobody needs who needs those after t, and the value in force at t. It
// returns how many are left.
func (v *MemoryView) Forget(name string, t time.Duration) int {
	l := v.signals[name]
	i := sort.Search(len(l), func(i int) bool { return l[i].High > t }) - 1
	if i <= 0 {
		return len(l)
	}
	n := copy(l, l[i:])
	clear(l[n:])
	v.signals[name] = l[:n]
	return n
}

// Len is how many samples of a signal there are.
func (v *MemoryView) Len(name string) int { return len(v.signals[name]) }

// Size is how many samples of all signals there are.
func (v *MemoryView) Size() int {
	n := 0
	for _, l := range v.signals {
		n += len(l)
	}
	return n
}

// Happened takes an event. Of several with one name the first counts.
func (v *MemoryView) Happened(name string, span signal.Span) {
	if _, ok := v.events[name]; !ok {
		v.events[name] = span
	}
}

// At returns the value in force at t.
func (v *MemoryView) At(name string, t time.Duration) (signal.Value, bool) {
	if s, ok := v.Last(name, t); ok && (s.ValidFor == 0 || t < s.High+s.ValidFor) {
		return s.Value, true
	}
	return signal.Value{}, false
}

// Last returns the last sample with High <= t.
func (v *MemoryView) Last(name string, t time.Duration) (signal.Sample, bool) {
	l := v.signals[name]
	i := len(l)
	if i > 0 && l[i-1].High > t {
		i = sort.Search(len(l), func(i int) bool { return l[i].High > t })
	}
	if i == 0 {
		return signal.Sample{}, false
	}
	return l[i-1], true
}

// Samples returns the samples with from <= High <= to, in order.
func (v *MemoryView) Samples(name string, from, to time.Duration) []signal.Sample {
	l := v.signals[name]
	i := sort.Search(len(l), func(i int) bool { return l[i].High >= from })
	j := sort.Search(len(l), func(i int) bool { return l[i].High > to })
	if i >= j {
		return nil
	}
	return l[i:j:j]
}

// Event returns when an event happened.
func (v *MemoryView) Event(name string) (signal.Span, bool) {
	s, ok := v.events[name]
	return s, ok
}
