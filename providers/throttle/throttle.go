// Package throttle keeps the requests to a server below a rate, for everybody in this process who talks to it.
package throttle

import (
	"context"
	"sync"
	"time"
)

// window is the stretch of time in which requests are counted.
const window = time.Second

// Throttle admits at most so many requests in any second. Those of polls get three quarters of them, so that what changes
// something need not queue behind what only looks. It is safe for concurrent use; who comes first goes first.
type Throttle struct {
	all, polls gate
}

// New returns a throttle that admits most requests a second; less than one counts as one.
func New(most int) *Throttle {
	t := &Throttle{}
	t.Lower(most)
	return t
}

// Lower makes the rate smaller; a larger one changes nothing.
func (t *Throttle) Lower(most int) {
	most = max(most, 1)
	t.all.lower(most)
	t.polls.lower(max(most*3/4, 1))
}

// Wait waits until a request may leave, and counts it. With a context of Polling it is a poll's. The error is the
// context's cause.
func (t *Throttle) Wait(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if polling(ctx) {
		if err := t.polls.wait(ctx); err != nil {
			return err
		}
	}
	return t.all.wait(ctx)
}

type pollKey struct{}

// Polling marks requests made with the context as those of a poll, which comes again anyway.
func Polling(ctx context.Context) context.Context { return context.WithValue(ctx, pollKey{}, true) }

func polling(ctx context.Context) bool { v, _ := ctx.Value(pollKey{}).(bool); return v }

// gate lets through at most so many in any window.
type gate struct {
	mu    sync.Mutex
	most  int
	times []time.Time // of the last ones, the oldest first; at most most
	queue []chan struct{}
	busy  bool
}

func (g *gate) lower(most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.most == 0 || most < g.most {
		g.most = most
		g.times = g.times[max(len(g.times)-most, 0):]
	}
}

// wait takes its turn and then waits for room.
func (g *gate) wait(ctx context.Context) error {
	if err := g.turn(ctx); err != nil {
		return err
	}
	defer g.next()
	for {
		room := g.take(time.Now())
		if room <= 0 {
			return nil
		}
		timer := time.NewTimer(room)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// take counts one if there is room, or says in what time there will be.
func (g *gate) take(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.times) >= g.most {
		if room := g.times[len(g.times)-g.most].Add(window).Sub(now); room > 0 {
			return room
		}
		g.times = g.times[len(g.times)-g.most+1:]
	}
	g.times = append(g.times, now)
	return 0
}

// turn waits until all who came earlier are through.
func (g *gate) turn(ctx context.Context) error {
	g.mu.Lock()
	if !g.busy {
		g.busy = true
		g.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	g.queue = append(g.queue, mine)
	g.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	for i, c := range g.queue {
		if c == mine {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			g.mu.Unlock()
			return context.Cause(ctx)
		}
	}
	g.mu.Unlock()
	g.next() // the turn was given at the same moment
	return context.Cause(ctx)
}

func (g *gate) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.busy = false
		return
	}
	close(g.queue[0])
	g.queue = g.queue[1:]
}

// Set has one throttle for each server.
type Set struct {
	mu  sync.Mutex
	all map[string]*Throttle
}

// At returns the throttle of a server. Where its users state different rates, the smallest one counts.
func (s *Set) At(server string, most int) *Throttle {
	if s == nil {
		return New(most)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.all[server]
	if t == nil {
		t = New(most)
		if s.all == nil {
			s.all = map[string]*Throttle{}
		}
		s.all[server] = t
	}
	t.Lower(most)
	return t
}
