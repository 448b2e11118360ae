package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/engine/journal"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/standin"
)

// RecoverRequest asks to undo what a dead run left behind.
type RecoverRequest struct {
	Folder   Folder
	Registry *providers.Registry
	// Secret returns the value of a variable by its slot, "var.password".
	Secret func(slot string) (string, error)
	// StandIn overrides the folder of the stand-in that the journal remembers.
	StandIn  string
	Watchers []event.Sink
	Log      hclog.Logger
	// Commands is for fault tests: called before and after every script on a machine.
	Commands func(place, script, when string)
	// Requests and Journalled are for fault tests, too: called around what changes something at a target, and around writes to
	// the journal.
	Requests   func(target, what, when string)
	Journalled func(e event.Event, when string)
}

// frozen is the part of plan.json that recovery needs.
type frozen struct {
	Format  string              `json:"format"`
	Name    string              `json:"name"`
	Targets []providers.Target  `json:"targets"`
	Jobs    []providers.JobInfo `json:"jobs"`
}

// readFrozen reads the run's plan.json.
func (f Folder) readFrozen() (frozen, error) {
	b, err := os.ReadFile(f.File(PlanFile))
	if err != nil {
		return frozen{}, fmt.Errorf("read the run's plan: %w", err)
	}
	var p frozen
	if err := json.Unmarshal(b, &p); err != nil {
		return frozen{}, fmt.Errorf("read the run's plan %s: %w", f.File(PlanFile), err)
	}
	if err := journal.CheckFormat(p.Format, plan.Format); err != nil {
		return frozen{}, fmt.Errorf("the run's plan %s: %w", f.File(PlanFile), err)
	}
	return p, nil
}

// Recover undoes what the run owes, and adds to its journal what it did. It is safe to repeat: a run that owes
// nothing is left alone.
func Recover(ctx context.Context, q RecoverRequest) ([]exec.Recovered, error) {
	release, err := q.Folder.claim()
	if errors.Is(err, ErrAlive) {
		return nil, fmt.Errorf("%s: %w: interrupt it, and it heals", q.Folder.ID, ErrAlive)
	}
	if err != nil {
		return nil, err
	}
	defer release()
	rec, damage := journal.ReadFile(q.Folder.File(journal.FileName))
	if rec == nil {
		return nil, damage
	}
	owed := journal.Owing(rec.Events)
	if len(owed) == 0 {
		return nil, nil
	}
	p, err := q.Folder.readFrozen()
	if err != nil {
		return nil, err
	}
	env, there, targets, err := q.surroundings(p, rec)
	if err != nil {
		return nil, err
	}
	guards := there.locks
	if there.machines {
		pool := openHosts(there, env, q.Commands)
		defer pool.Close() //nolint:errcheck // it never fails
		env.Machine = machinesOf(pool, targets, q.Commands)
		guards = locked(there.locks, newHostLocks(q.Folder.ID, &plan.Plan{Targets: targets}, env.Machine))
	}
	jw, err := journal.Append(q.Folder.File(journal.FileName))
	if err != nil {
		return nil, err
	}
	start := time.Now()
	bus := event.NewBus(start, start, seen(jw, q.Journalled), q.Watchers...)
	out := exec.Recover(ctx, exec.RecoverOptions{
		Owed: owed, Registry: q.Registry, Env: env, Targets: targets, Jobs: p.Jobs, Bus: bus, Start: start, Locks: guards,
	})
	return out, errors.Join(append(bus.Close(), jw.Close())...)
}

// surroundings finds the way back to where the run did what it did.
func (q RecoverRequest) surroundings(p frozen, rec *journal.Record) (providers.Env, reached, []providers.Target, error) {
	if q.Log == nil {
		q.Log = hclog.NewNullLogger()
	}
	dir := q.StandIn
	for _, ev := range rec.Events {
		if s, ok := ev.Body.(*event.RunStarted); ok && dir == "" {
			dir = s.StandIn
		}
	}
	there := reached{dial: realDial, proxy: proxyOf, machines: true}
	env := providers.Env{
		Run: q.Folder.ID, Request: q.Requests, Log: q.Log, Secret: q.Secret, ReadFile: readPlanFile("."),
	}
	if dir == "" {
		env.OpenFile = load.Opener(".")
		return there.lend(env), there, p.Targets, nil
	}
	s, err := standin.Load(dir)
	if err != nil {
		return env, there, nil, fmt.Errorf("the run was made against a stand-in: %w", err)
	}
	swapped, err := swap(&plan.Plan{Targets: p.Targets}, s)
	if err != nil {
		return env, there, nil, err
	}
	there, err = reach(s, q.Folder.ID, swapped.Targets)
	if err != nil {
		return env, there, nil, err
	}
	next := q.Secret
	env.Secret = func(slot string) (string, error) {
		if v, ok := there.secrets[slot]; ok {
			return v, nil
		}
		return next(slot)
	}
	env.ReadFile = standInFiles{stand: s, next: env.ReadFile}.read
	return there.lend(env), there, swapped.Targets, nil
}
