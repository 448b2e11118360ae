package event

import (
	"fmt"
	"sync"
	"time"
)

// Sink receives events one at a time, in Seq order.
type Sink interface{ Accept(Event) error }

// Flusher is implemented by sinks that hold events back.
type Flusher interface{ Flush() error }

// Settler is implemented by sinks that collect what they are given. Settle is called whenever there is nothing more to give
// for now, so that nothing is held back while nothing happens.
type Settler interface{ Settle() error }

// Bus numbers events, writes them to the journal before anything else, and hands them to the watchers.
// It is safe for concurrent use.
type Bus struct {
	start time.Time
	wall  time.Time

	mu      sync.Mutex
	journal Sink
	seq     uint64
	queue   []Event
	closed  bool
	more    *sync.Cond

	watchers []Sink
	failures []error
	done     chan struct{}
}

// NewBus returns a bus for a run that starts at start. wall is the wall-clock time of that instant; it differs
// from start where time is virtual. journal may be nil. Close must be called to join the pump.
func NewBus(start, wall time.Time, journal Sink, watchers ...Sink) *Bus {
	b := &Bus{start: start, wall: wall, journal: journal, watchers: watchers, done: make(chan struct{})}
	b.more = sync.NewCond(&b.mu)
	go b.pump()
	return b
}

// Emit records p. It returns after the journal has it, durably where the journal makes it so. An error means
// that the journal refused it; the watchers get it all the same.
func (b *Bus) Emit(p Payload) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	at := time.Since(b.start)
	ev := Event{Seq: b.seq, At: at, Wall: b.wall.Add(at), Body: p}
	var err error
	if b.journal != nil {
		if err = b.journal.Accept(ev); err != nil {
			err = fmt.Errorf("journal %s: %w", p.kind(), err)
		}
	}
	if !b.closed {
		b.queue = append(b.queue, ev)
		b.more.Signal()
	}
	return err
}

// Close hands the rest to the watchers, flushes them, and returns what went wrong with any of them.
func (b *Bus) Close() []error {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		b.more.Signal()
	}
	b.mu.Unlock()
	<-b.done
	return b.failures
}

// pump is the one goroutine that calls the watchers, in order, so that none of them needs a lock. A watcher
// that fails is left out from then on: a broken terminal must not stop a run.
func (b *Bus) pump() {
	defer close(b.done)
	broken := make([]bool, len(b.watchers))
	fail := func(i int, err error) {
		if err != nil && !broken[i] {
			broken[i] = true
			b.failures = append(b.failures, err)
		}
	}
	for {
		b.mu.Lock()
		for len(b.queue) == 0 && !b.closed {
			b.more.Wait()
		}
		batch, last := b.queue, b.closed
		b.queue = nil
		b.mu.Unlock()
		for _, ev := range batch {
			for i, w := range b.watchers {
				if !broken[i] {
					fail(i, w.Accept(ev))
				}
			}
		}
		if last && len(batch) == 0 {
			break
		}
		for i, w := range b.watchers {
			if s, ok := w.(Settler); ok && !broken[i] {
				fail(i, s.Settle())
			}
		}
	}
	for i, w := range b.watchers {
		if f, ok := w.(Flusher); ok && !broken[i] {
			fail(i, f.Flush())
		}
	}
}
