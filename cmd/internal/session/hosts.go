package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/local"
	"github.com/xdc-project/xdc/providers/remote"
	"github.com/xdc-project/xdc/providers/shell"
)

// openHosts makes the way to the machines of some targets. Nothing is dialled before a machine is used.
func openHosts(r reached, env providers.Env, kill func(place, script, when string)) *remote.Pool {
	o := remote.Options{Dial: r.dial, Secret: env.Secret, Conceal: env.Conceal, ReadFile: env.ReadFile, Log: env.Log, KillPoint: kill}
	if r.lab {
		// A lab's machines have keys of their own; what the user has for real ones must not get in the way.
		o.ConfigFile, o.AgentSocket = "none", "none"
	}
	return remote.NewPool(o)
}

// machinesOf finds the machine at a place. The zero place is this machine.
func machinesOf(pool *remote.Pool, targets []providers.Target, around func(place, script, when string)) func(providers.Place) (providers.Machine, error) {
	return func(p providers.Place) (providers.Machine, error) {
		if p == (providers.Place{}) {
			return local.Machine{Around: around}, nil
		}
		for _, t := range targets {
			for _, h := range t.Hosts {
				if t.Name == p.Target && h.Name == p.Host {
					return pool.Machine(p, h)
				}
			}
		}
		return nil, fmt.Errorf("the plan has no host %s: %w", p, providers.ErrUnsupported)
	}
}

// actedOn are the machines of a plan on which its steps act, by target.
func actedOn(p *plan.Plan) map[string][]providers.Place {
	out := map[string][]providers.Place{}
	for _, st := range p.Steps {
		for _, at := range st.Description.Places {
			if at.Host != "" && (st.Fault != nil || st.Action != nil) && !slices.Contains(out[at.Target], at) {
				out[at.Target] = append(out[at.Target], at)
			}
		}
	}
	return out
}

// hostLockTTL is how long a machine's lock outlives a run that has died.
const hostLockTTL = 60 * time.Second

// hostLocks locks targets: the machines that the plan acts on, each by a file of its own, and on this machine the
// target itself. Of two runs that share none of these nobody knows.
type hostLocks struct {
	info    host.LockInfo
	machine func(providers.Place) (providers.Machine, error)
	places  map[string][]providers.Place
	targets map[string]providers.Target

	mu    sync.Mutex
	held  []providers.Place
	local map[string]func()
	tried map[string]bool // targets whose locks this process has asked for
}

var _ exec.Locker = (*hostLocks)(nil)

func newHostLocks(run string, p *plan.Plan, machine func(providers.Place) (providers.Machine, error)) *hostLocks {
	l := &hostLocks{
		info:    host.LockInfo{Run: run, Owner: Who(), Since: time.Now().UTC().Truncate(time.Second)},
		machine: machine, places: actedOn(p), targets: map[string]providers.Target{}, local: map[string]func(){}, tried: map[string]bool{},
	}
	for _, t := range p.Targets {
		l.targets[t.Name] = t
	}
	return l
}

// Handle implements exec.Locker.
func (l *hostLocks) Handle(target string) (providers.Handle, error) {
	places := append([]providers.Place{{Target: target}}, l.places[target]...)
	return providers.NewHandle(providers.StepID{Run: l.info.Run, Step: "lock." + target}, "host", "lock", places, nil, target, nil)
}

// Lock implements exec.Locker.
func (l *hostLocks) Lock(ctx context.Context, target string) error {
	release, err := lockHere(l.targets[target], l.info)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.local[target], l.tried[target] = release, true
	l.mu.Unlock()
	return l.each(l.places[target], func(m providers.Machine, p providers.Place) error {
		err := host.Lock(ctx, m, p, l.info, hostLockTTL, false)
		if err == nil || errors.Is(err, shell.ErrCut) { // then it may be held
			l.mu.Lock()
			l.held = append(l.held, p)
			l.mu.Unlock()
		}
		return err
	})
}

// each does something at some machines at the same time.
func (l *hostLocks) each(places []providers.Place, do func(providers.Machine, providers.Place) error) error {
	errs := make([]error, len(places))
	var wg sync.WaitGroup
	for i, p := range places {
		wg.Go(func() {
			m, err := l.machine(p)
			if err == nil {
				err = do(m, p)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Renew implements exec.Locker.
func (l *hostLocks) Renew(ctx context.Context) error {
	l.mu.Lock()
	held := slices.Clone(l.held)
	l.mu.Unlock()
	return l.each(held, func(m providers.Machine, p providers.Place) error {
		return host.Lock(ctx, m, p, l.info, hostLockTTL, true)
	})
}

// Unlock implements exec.Locker. Machines whose lock cannot have been taken by this process are left alone; those of a
// dead run are all asked.
func (l *hostLocks) Unlock(ctx context.Context, h providers.Handle) error {
	target, places := h.Places[0].Target, h.Places[1:]
	l.mu.Lock()
	if l.tried[target] {
		places = slices.DeleteFunc(slices.Clone(l.held), func(p providers.Place) bool { return p.Target != target })
	}
	local := l.local[target]
	l.mu.Unlock()
	err := l.each(places, func(m providers.Machine, p providers.Place) error {
		if err := host.Unlock(ctx, m, p, h.Run); err != nil {
			return err
		}
		l.mu.Lock()
		l.held = slices.DeleteFunc(l.held, func(o providers.Place) bool { return o == p })
		l.mu.Unlock()
		return nil
	})
	if err == nil && local != nil {
		l.mu.Lock()
		delete(l.local, target)
		l.mu.Unlock()
		local()
	}
	return err
}

// locks keep several lockers as one: all of them are taken, or none.
type locks []exec.Locker

// locked joins lockers; the first may be nil.
func locked(first, second exec.Locker) exec.Locker {
	if first == nil {
		return second
	}
	return locks{first, second}
}

// Handle implements exec.Locker. The handle is that of the last one; the places of all are in it.
func (l locks) Handle(target string) (providers.Handle, error) { return l[len(l)-1].Handle(target) }

// Lock implements exec.Locker. Unlock releases what was taken before an error.
func (l locks) Lock(ctx context.Context, target string) error {
	for _, one := range l {
		if err := one.Lock(ctx, target); err != nil {
			return err
		}
	}
	return nil
}

// Renew implements exec.Locker.
func (l locks) Renew(ctx context.Context) error {
	var errs []error
	for _, one := range l {
		errs = append(errs, one.Renew(ctx))
	}
	return errors.Join(errs...)
}

// Unlock implements exec.Locker.
func (l locks) Unlock(ctx context.Context, h providers.Handle) error {
	var errs []error
	for _, one := range slices.Backward(l) {
		errs = append(errs, one.Unlock(ctx, h))
	}
	return errors.Join(errs...)
}
