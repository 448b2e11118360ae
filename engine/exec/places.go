package exec

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/xdc-project/xdc/providers"
)

// places serialises injecting and healing at each place.
type places struct {
	mu  sync.Mutex
	sem map[providers.Place]chan struct{}
}

func newPlaces() *places { return &places{sem: map[providers.Place]chan struct{}{}} }

// hold takes all the places, in an order that cannot deadlock, and returns how to let go of them.
func (p *places) hold(ctx context.Context, at []providers.Place) (release func(), err error) {
	at = slices.Clone(at)
	slices.SortFunc(at, func(a, b providers.Place) int { return strings.Compare(a.String(), b.String()) })
	at = slices.Compact(at)
	var taken []chan struct{}
	release = func() {
		for _, c := range taken {
			<-c
		}
	}
	for _, place := range at {
		p.mu.Lock()
		c := p.sem[place]
		if c == nil {
			c = make(chan struct{}, 1)
			p.sem[place] = c
		}
		p.mu.Unlock()
		select {
		case c <- struct{}{}:
			taken = append(taken, c)
		case <-ctx.Done():
			release()
			return func() {}, context.Cause(ctx)
		}
	}
	return release, nil
}

// errOnce remembers the first error until it is taken.
type errOnce struct {
	mu    sync.Mutex
	err   error
	taken bool
}

func (e *errOnce) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
	}
}

// take returns the error the first time it is asked.
func (e *errOnce) take() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil || e.taken {
		return nil
	}
	e.taken = true
	return e.err
}
