package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/providers"
)

// sessions opens each provider's session at each target once.
type sessions struct {
	registry *providers.Registry
	env      providers.Env

	mu   sync.Mutex
	open map[[2]string]providers.Session
	keys [][2]string
}

func newSessions(opt Options) *sessions {
	if opt.Env.Digest == nil && !opt.Rehearsal && !opt.StandIn { // a stand-in's bundles are its own
		opt.Env.Digest = opt.Plan.DigestOf
	}
	if opt.Env.Wanted == nil {
		opt.Env.Wanted = opt.Plan.Signals
	}
	return openSessions(opt.Registry, opt.Env, opt.Plan.Targets, opt.Plan.Jobs)
}

func openSessions(reg *providers.Registry, env providers.Env, targets []providers.Target, jobs []providers.JobInfo) *sessions {
	s := &sessions{registry: reg, open: map[[2]string]providers.Session{}}
	env.Targets = map[string]providers.Target{}
	for _, t := range targets {
		env.Targets[t.Name] = t
	}
	env.Jobs = jobs
	if env.Throttles == nil {
		env.Throttles = &providers.Throttles{}
	}
	env.Session = s.session
	s.env = env
	return s
}

func (s *sessions) session(target, provider string) (providers.Session, error) {
	key := [2]string{target, provider}
	s.mu.Lock()
	if got := s.open[key]; got != nil {
		s.mu.Unlock()
		return got, nil
	}
	s.mu.Unlock()
	t, ok := s.env.Targets[target]
	if !ok {
		return nil, fmt.Errorf("no target is called %q", target)
	}
	p, ok := s.registry.Provider(provider)
	if !ok || p.Connect == nil {
		return nil, fmt.Errorf("provider %q has no connections", provider)
	}
	args := t.Connections[provider]
	if args == nil {
		args = json.RawMessage("{}")
	}
	// Connect may ask for a peer's session, so the lock is not held.
	made, err := p.Connect(s.env, t, args)
	if err != nil {
		return nil, fmt.Errorf("connect %s at %s: %w", provider, target, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := s.open[key]; got != nil { // somebody else was faster
		return got, made.Close()
	}
	s.open[key] = made
	s.keys = append(s.keys, key)
	return made, nil
}

func (s *sessions) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, k := range s.keys {
		if err := s.open[k].Close(); err != nil {
			errs = append(errs, err)
		}
	}
	s.open, s.keys = map[[2]string]providers.Session{}, nil
	return errors.Join(errs...)
}

func (r *run) closeSessions() { _ = r.sessions.close() } // nothing can be done about it any more

// connections lists which sessions the plan needs: every connection block of a target, and the providers of
// its steps.
func (r *run) connections() [][2]string {
	var out [][2]string
	have := map[[2]string]bool{}
	add := func(target, provider string) {
		p, ok := r.opt.Registry.Provider(provider)
		k := [2]string{target, provider}
		if !ok || p.Connect == nil || have[k] {
			return
		}
		have[k] = true
		out = append(out, k)
	}
	for _, t := range r.plan.Targets {
		for _, name := range sortedKeys(t.Connections) {
			add(t.Name, name)
		}
	}
	for _, st := range r.order {
		if r.leftOut(st) != "" {
			continue
		}
		switch {
		case st.Seed != nil:
			for _, t := range st.Seed.Targets {
				add(t, st.Provider)
			}
		case st.Audit != nil:
			for _, t := range st.Audit.Targets {
				add(t, st.Provider)
			}
		case st.Probe != nil:
			for _, t := range append(slices.Clone(st.Probe.Targets), st.Probe.ResultsAt...) {
				add(t, st.Provider)
			}
		case st.Job != nil:
			add(st.Job.Target, st.Provider)
		}
	}
	for _, p := range r.opt.Registry.Providers() {
		for _, t := range r.plan.Targets {
			if p.Wanted != nil && p.Wanted(t.Name, r.plan.Jobs) {
				add(t.Name, p.Name)
			}
		}
	}
	for _, l := range r.plan.Looks() {
		if p, ok := r.opt.Registry.Provider(l.Provider); ok && p.Machines && r.env.Machine != nil {
			add(l.Target, l.Provider)
		}
	}
	return out
}

// lock takes the lock of every target that the plan touches.
func (r *run) lock(ctx context.Context) error {
	if r.opt.Locks == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, preflightLimit)
	defer cancel()
	for _, target := range r.plan.Blast.Targets {
		h, err := r.opt.Locks.Handle(target)
		if err != nil {
			return fmt.Errorf("lock %s: %w", target, err)
		}
		raw, err := json.Marshal(h)
		if err == nil {
			// Before it is taken: whoever dies in between owes it.
			err = r.emit(&event.DeedChanged{Step: h.Step, Kind: "lock", Phase: event.Intended, Handle: raw})
		}
		if err != nil {
			return fmt.Errorf("record the lock of %s: %w", target, err)
		}
		r.locks = append(r.locks, h)
		if err := r.opt.Locks.Lock(ctx, target); err != nil {
			return fmt.Errorf("lock %s: %w", target, err)
		}
	}
	return nil
}

// unlockTries is how often a lock is tried to be released; after that its own lease ends it.
const unlockTries = 4

func (r *run) unlock(ctx context.Context) {
	if r.opt.Locks == nil {
		return
	}
	for _, h := range r.locks {
		one, cancel := context.WithTimeout(context.WithoutCancel(ctx), healAttempt)
		_, err := backoff.Retry(one, func() (struct{}, error) {
			return struct{}{}, r.opt.Locks.Unlock(one, h)
		}, backoff.WithMaxTries(unlockTries))
		if err != nil {
			r.out.because(Owed, "the lock of %s could not be released: %v", h.Places[0], err)
			r.out.Owed = append(r.out.Owed, h.Step)
		} else {
			_ = r.emit(&event.DeedChanged{Step: h.Step, Kind: "lock", Phase: event.Healed})
		}
		cancel()
	}
	r.locks = nil
}

// renewLocks keeps the locks until ctx ends.
func (r *run) renewLocks(ctx context.Context) {
	if r.opt.Locks == nil || len(r.locks) == 0 {
		return
	}
	r.watch.Go(func() {
		tick := time.NewTicker(r.opt.Lease.Every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				one, cancel := context.WithTimeout(ctx, healAttempt)
				if err := r.opt.Locks.Renew(one); err != nil && ctx.Err() == nil {
					r.post(func() { r.warn("locks", "a lock could not be renewed: "+err.Error()) })
				}
				cancel()
			}
		}
	})
}
