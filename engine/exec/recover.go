package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/journal"
	"github.com/xdc-project/xdc/providers"
)

// RecoverOptions are what healing after a dead run needs: its journal's debts and the same surroundings.
type RecoverOptions struct {
	Owed     []journal.Owed
	Registry *providers.Registry
	Env      providers.Env
	Targets  []providers.Target
	Jobs     []providers.JobInfo
	Bus      *event.Bus
	Start    time.Time
	// Locks releases the locks of the dead run; nil leaves them to their leases.
	Locks      Locker
	HealBudget time.Duration
	KillPoint  func(step string, p event.Phase)
}

// Recovered is what became of one debt.
type Recovered struct {
	Step string
	Kind string
	Err  error // nil: verified undone
}

// Recover undoes what a dead run left behind, the latest deed first, and says of each what became of it. It is
// safe to repeat.
func Recover(ctx context.Context, opt RecoverOptions) []Recovered {
	ss := openSessions(opt.Registry, opt.Env, opt.Targets, opt.Jobs)
	defer ss.close() //nolint:errcheck // reading is over
	budget := opt.HealBudget
	if budget == 0 {
		budget = defaultHealBudget
	}
	var out []Recovered
	for _, o := range opt.Owed {
		out = append(out, Recovered{Step: o.Step, Kind: o.Kind, Err: recoverOne(ctx, opt, ss.env, o, budget)})
	}
	return out
}

func recoverOne(ctx context.Context, opt RecoverOptions, env providers.Env, o journal.Owed, budget time.Duration) error {
	var h providers.Handle
	if err := json.Unmarshal(o.Handle, &h); err != nil {
		return fmt.Errorf("read the handle of %s: %w", o.Step, err)
	}
	if err := journal.CheckFormat(h.Format, providers.HandleFormat); err != nil {
		return fmt.Errorf("the handle of %s: %w", o.Step, err)
	}
	if o.Kind == "lock" {
		return recoverLock(ctx, opt, o, h)
	}
	deed, err := deedOf(opt.Registry, env, o.Kind, h)
	if err != nil {
		return err
	}
	start := opt.Start
	l := &life{
		run: h.Run, step: o.Step, kind: o.Kind, deed: deed, handle: h, intended: true, armed: true, budget: budget,
		emit: opt.Bus.Emit, kill: opt.KillPoint, places: newPlaces(), over: make(chan struct{}),
		now:   func() time.Duration { return time.Since(start) },
		since: func(t time.Time) time.Duration { return t.Sub(start) },
	}
	if err := l.heal(ctx); err != nil {
		return err
	}
	if l.differs != "" {
		return &DifferenceError{l.differs}
	}
	return nil
}

// DifferenceError says that a deed is undone, verified, and that its place is not as it was before all the same. It is
// said once: a person has to judge it, and nothing is owed any more.
type DifferenceError struct{ Difference string }

func (e *DifferenceError) Error() string {
	return "undone, and yet its place is not as it was before:\n" + e.Difference
}

func recoverLock(ctx context.Context, opt RecoverOptions, o journal.Owed, h providers.Handle) error {
	if opt.Locks == nil {
		return nil
	}
	if err := opt.Locks.Unlock(ctx, h); err != nil {
		return fmt.Errorf("release the lock: %w", err)
	}
	return opt.Bus.Emit(&event.DeedChanged{Step: o.Step, Kind: o.Kind, Phase: event.Healed})
}

// deedOf finds who can undo what a handle describes.
func deedOf(reg *providers.Registry, env providers.Env, kind string, h providers.Handle) (providers.Deed, error) {
	if kind == "job" {
		p := reg.Jobs()
		if p == nil || p.Name != h.Provider {
			return nil, fmt.Errorf("no provider %q to cancel the job of %s", h.Provider, h.Step)
		}
		return p.Job(env), nil
	}
	if kind == "action" {
		typ, p, ok := reg.Action(h.Type)
		if !ok || p.Name != h.Provider || typ.Deed == nil {
			return nil, fmt.Errorf("no provider %q with a lasting action %q to end %s: use an xdc that has it", h.Provider, h.Type, h.Step)
		}
		return typ.Deed(env), nil
	}
	typ, p, ok := reg.Fault(h.Type)
	if !ok || p.Name != h.Provider {
		return nil, fmt.Errorf("no provider %q with the fault %q to heal %s: use an xdc that has it", h.Provider, h.Type, h.Step)
	}
	return typ.New(env), nil
}
