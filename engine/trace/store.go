// Package trace keeps the samples and events of a run: in memory for the conditions, on disk for later.
package trace

import (
	"math"
	"slices"
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
	done map[string]time.Duration // by signal and event: judged up to here, inclusive

	holders map[string][]*holder // by signal
	limits  map[string]int       // how many samples of a signal there may be before some are forgotten
}

// holder needs samples.
type holder struct{ passed func() time.Duration }

// leastKept is how many samples of a signal are kept in any case before it is asked which are needed.
const leastKept = 64

// Nothing is what a holder has passed that needs no sample any more.
const Nothing = time.Duration(math.MaxInt64)

// Sink receives every sample and event that the store takes, in order.
type Sink interface {
	Sample(signal.Sample) error
	Happened(name string, span signal.Span) error
}

// NewStore returns an empty store. sink may be nil; its errors are remembered by the sink itself.
func NewStore(sink Sink) *Store {
	return &Store{view: cond.NewMemoryView(), sink: sink, done: map[string]time.Duration{}, holders: map[string][]*holder{}, limits: map[string]int{}}
}

// Settle says that the names are judged up to t, inclusive: what is known of them until then never changes. A sample or
// event that arrives later although its latest instant is t or earlier is known only from just after t: its interval
// is widened, and so stays true. That is why judging while running and judging afterwards see the same.
func (s *Store) Settle(t time.Duration, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if old, ok := s.done[name]; !ok || old < t {
			s.done[name] = t
		}
	}
}

// Push takes a sample, giving it its sequence number, and returns it as it was taken. NaN is no sample.
func (s *Store) Push(x signal.Sample) signal.Sample {
	if x.Value.IsNaN() {
		return x
	}
	x, full := s.take(x)
	if full {
		s.forget(x.Signal)
	}
	return x
}

// take takes a sample in. full says that there are so many of its signal that it is time to ask who needs them.
func (s *Store) take(x signal.Sample) (taken signal.Sample, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done, judged := s.done[x.Signal]
	if !judged || x.High > done {
		x = s.push(x)
	} else {
		last, overtaken := s.view.Last(x.Signal, math.MaxInt64)
		overtaken = overtaken && last.High > x.High
		x = s.push(late(x, max(done+1, last.High)))
		if overtaken { // what was seen after it is still in force
			s.push(late(last, x.High))
		}
	}
	return x, s.view.Len(x.Signal) >= max(s.limits[x.Signal], leastKept)
}

// late is a sample that is known only from an instant on. It expires when it would have.
func late(x signal.Sample, from time.Duration) signal.Sample {
	if x.ValidFor > 0 {
		x.ValidFor = max(x.High+x.ValidFor-from, 1)
	}
	x.High = from
	return x
}

func (s *Store) push(x signal.Sample) signal.Sample {
	s.seq++
	x.Seq = s.seq
	s.view.Push(x)
	if s.sink != nil {
		_ = s.sink.Sample(x) // the writer keeps its first error, and the run asks for it at the end
	}
	return x
}

// Hold says that somebody reads samples of the names. passed is asked now and then: up to there, inclusive, no sample is
// needed any more but the last one; Nothing says that none ever will be. Samples that nobody holds are forgotten.
func (s *Store) Hold(names []string, passed func() time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &holder{passed}
	for _, name := range names {
		s.holders[name] = append(s.holders[name], h)
	}
}

// forget lets go of samples that nobody needs. Those who hold some are asked without the lock, so that they may look at the
// store themselves.
func (s *Store) forget(name string) {
	s.mu.RLock()
	holders := slices.Clone(s.holders[name])
	s.mu.RUnlock()
	upTo := Nothing
	over := map[*holder]bool{}
	for _, h := range holders {
		t := h.passed()
		over[h] = t == Nothing
		upTo = min(upTo, t)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holders[name] = slices.DeleteFunc(s.holders[name], func(h *holder) bool { return over[h] })
	s.limits[name] = 2 * s.view.Forget(name, upTo)
}

// Kept is how many samples are in memory.
func (s *Store) Kept() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.view.Size()
}

// Happened takes an event, and returns when it happened as far as conditions are concerned.
func (s *Store) Happened(name string, span signal.Span) signal.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	if done, ok := s.done[name]; ok && span.High <= done {
		span.High = done + 1
	}
	s.view.Happened(name, span)
	if s.sink != nil {
		_ = s.sink.Happened(name, span)
	}
	return span
}

// Lose says that between two instants something may be missing of everything; see cond.Lossy.
func (s *Store) Lose(span signal.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view.Lose(span)
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
