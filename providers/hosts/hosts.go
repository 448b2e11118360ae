// Package hosts watches the machines of a target: whether they can be reached, how busy they are, how far their clocks are
// off.
//
// It reads /proc and the clock over the connection that faults use, and changes nothing.
package hosts

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/clock"
	"github.com/xdc-project/xdc/providers/shell"
)

// Name is the provider's name.
const Name = "hosts"

// How often each host is looked at, and how long a look may take.
const (
	interval = 5 * time.Second
	limit    = 4 * time.Second
)

// Provider watches hosts. It needs no block of its own: a plan whose conditions name a signal of a host has that target's
// hosts watched.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name: Name, Doc: "What the hosts of a target say of themselves, over SSH.", Machines: true,
		Signals: []schema.Signal{
			{Path: "host.*.reachable", Type: signal.Type{Kind: signal.Bool}, Description: "Whether a command runs on the host and ends within four seconds."},
			{Path: "host.*.cpu", Type: signal.Type{Kind: signal.Ratio}, Description: "Share of the processors' time that was used since the look before, all processors together (Linux)."},
			{Path: "host.*.memory", Type: signal.Type{Kind: signal.Ratio}, Description: "Share of the memory that programs cannot have any more: all but MemAvailable (Linux)."},
			{Path: "host.*.clock_offset", Type: signal.Type{Kind: signal.Duration}, Description: "How far the host's clock is ahead of that of the machine on which xdc runs; behind is negative. It has bounds, and a comparison holds only where it does at both."},
		},
		Connect: func(env providers.Env, t providers.Target, _ json.RawMessage) (providers.Session, error) {
			return &session{env: env, target: t, last: map[string]*seen{}}, nil
		},
	}
}

type session struct {
	env    providers.Env
	target providers.Target

	mu   sync.Mutex
	last map[string]*seen // by host
}

// seen is what is remembered of a host from look to look.
type seen struct {
	times  times
	known  bool
	offset clock.Offset
	looks  int
}

var _ providers.Observer = (*session)(nil)

// Close implements providers.Session. The machines are not the session's.
func (s *session) Close() error { return nil }

// Interval implements providers.Observer.
func (s *session) Interval() time.Duration { return interval }

// Observe looks at all hosts at the same time. One that cannot be asked is not reachable; of the rest nothing is known
// then.
func (s *session) Observe(ctx context.Context, emit func(providers.Reading)) error {
	var wg sync.WaitGroup
	for _, h := range s.target.Hosts {
		wg.Go(func() { s.look(ctx, h.Name, emit) })
	}
	wg.Wait()
	return nil
}

func (s *session) look(ctx context.Context, name string, emit func(providers.Reading)) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	sent := time.Now()
	var out shell.Output
	m, err := s.env.Machine(providers.Place{Target: s.target.Name, Host: name})
	if err == nil {
		out, err = m.Run(ctx, shell.Script{Name: "look", Text: look, Plain: true})
	}
	answered := time.Now()
	say := func(what string, v signal.Value, evidence string) {
		emit(providers.Reading{Path: "host." + name + "." + what, Value: v, Low: sent, High: answered, Evidence: evidence})
	}
	if err != nil {
		say("reachable", signal.BoolVal(false), err.Error())
		return
	}
	say("reachable", signal.BoolVal(true), "")
	got := parse(out.Stdout)
	s.mu.Lock()
	was := s.last[name]
	if was == nil {
		was = &seen{}
		s.last[name] = was
	}
	s.mu.Unlock()
	if got.cpu != nil {
		if share, ok := got.cpu.since(was.times); ok && was.known {
			say("cpu", signal.RatioVal(share), "")
		}
		was.times, was.known = *got.cpu, true
	}
	if got.memory != nil {
		say("memory", signal.RatioVal(*got.memory), "")
	}
	if got.clock != nil {
		off := was.clock(clock.Look(sent, answered, *got.clock, got.grain))
		v := signal.DurationVal(off.Mid())
		v.Low, v.High = off.Low.Seconds(), off.High.Seconds()
		say("clock_offset", v, off.String())
	}
}

// renewed is after how many looks an estimate is begun anew: clocks drift.
const renewed = 12

// clock takes a look at the clock into the estimate.
func (s *seen) clock(one clock.Offset) clock.Offset {
	if s.looks%renewed == 0 {
		s.offset = one
	} else {
		s.offset, _ = s.offset.And(one) // a clock that was set is known by the look after it
	}
	s.looks++
	return s.offset
}
