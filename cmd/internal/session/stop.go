package session

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// Stops counts the signals that ask a run to stop. The engine polls the count, because a rehearsal in virtual
// time must not wait on a channel from outside its bubble.
type Stops struct {
	n      atomic.Int64
	ch     chan os.Signal
	closed chan struct{}
}

// CatchStops begins to count interrupts and terminations. Close ends it.
func CatchStops() *Stops {
	s := &Stops{ch: make(chan os.Signal, 4), closed: make(chan struct{})}
	signal.Notify(s.ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer close(s.closed)
		for range s.ch {
			s.n.Add(1)
		}
	}()
	return s
}

// Count is how many signals have come.
func (s *Stops) Count() int { return int(s.n.Load()) }

// Close gives the signals back to the system.
func (s *Stops) Close() {
	signal.Stop(s.ch)
	close(s.ch)
	<-s.closed
}
