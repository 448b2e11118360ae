// Package trace keeps the samples and events of a run: in memory for the conditions, on disk for later.
package trace

import (
	"sync"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// Store is the view of a run under way. Writers and readers may be different goroutines; Judge keeps the view
// still while a condition reads it.
type Store struct {
	mu   sync.RWMutex
	view *cond.MemoryView
	sink Sink
	seq  uint64
}

// Sink receives every sample and event that the store takes, in order.
type Sink interface {
	Sample(signal.Sample) error
	Happened(name string, span signal.Span) error
}

// NewStore returns an empty store. sink may be nil; its errors are remembered by the sink itself.
func NewStore(sink Sink) *Store { return &Store{view: cond.NewMemoryView(), sink: sink} }

// Push takes a sample, giving it its sequence number. NaN is no sample.
func (s *Store) Push(x signal.Sample) signal.Sample {
	if x.Value.IsNaN() {
		return x
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	x.Seq = s.seq
	s.view.Push(x)
	if s.sink != nil {
		_ = s.sink.Sample(x) // the writer keeps its first error, and the run asks for it at the end
	}
	return x
}

// Happened takes an event.
func (s *Store) Happened(name string, span signal.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view.Happened(name, span)
	if s.sink != nil {
		_ = s.sink.Happened(name, span)
	}
}

// Judge calls fn with the view held still.
func (s *Store) Judge(fn func(v cond.View)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	fn(s.view)
}

// Event returns when an event happened.
func (s *Store) Event(name string) (signal.Span, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.view.Event(name)
}

// At returns the value of a signal at t.
func (s *Store) At(name string, t time.Duration) (signal.Value, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.view.At(name, t)
}

// Last returns the value in force before now whether or not it has expired, for finding changes.
func (s *Store) Last(name string, now time.Duration) (signal.Sample, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := s.view.Samples(name, 0, now)
	if len(all) == 0 {
		return signal.Sample{}, false
	}
	return all[len(all)-1], true
}
