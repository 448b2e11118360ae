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
	v.signals[s.Signal] = slices.Insert(l, i, s)
}

func later(a, b signal.Sample) bool {
	return a.High > b.High || (a.High == b.High && a.Seq > b.Seq)
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
