package session

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/providers"
)

// Doctor looks at everything that a plan drives, watches or acts on, read-only, and says all that it found. With
// assumptions it also looks which assumptions about the platform hold there.
func Doctor(ctx context.Context, q Request, assumptions bool) (exec.Examination, error) {
	opt, done, err := q.looking()
	if err != nil {
		return exec.Examination{}, err
	}
	defer done()
	return exec.Examine(ctx, opt, assumptions), nil
}

// Preflight looks at a plan's targets, read-only, and says everything that would keep a run from starting; if nothing
// would, what people should see before they agree.
func Preflight(ctx context.Context, q Request) ([]providers.Finding, error) {
	opt, done, err := q.looking()
	if err != nil {
		return nil, err
	}
	defer done()
	return exec.Preflight(ctx, opt)
}

// looking makes what a look at the targets takes: no folder, no locks, no journal.
func (q *Request) looking() (opt exec.Options, done func(), err error) {
	if q.Log == nil {
		q.Log = hclog.NewNullLogger()
	}
	if q.ReadFile == nil {
		q.ReadFile = readPlanFile(q.Plan.Program.Folder)
	}
	now := time.Now()
	f := Folder{ID: NewID(now)}
	sur := surroundings{plan: q.Plan, reached: reached{dial: realDial, proxy: proxyOf, machines: true}, readFile: q.ReadFile}
	if q.StandIn != nil {
		if sur, err = q.onStandIn(f, sur); err != nil {
			return opt, nil, err
		}
	}
	bus := event.NewBus(now, now, nil)
	env := sur.lend(providers.Env{Conceal: q.conceal, Run: f.ID, Log: q.Log, Secret: secretsOf(sur.secrets, q.Plan), ReadFile: sur.readFile})
	done = func() { bus.Close() }
	if sur.machines {
		pool := openHosts(sur.reached, env, nil)
		env.Machine = machinesOf(pool, sur.plan.Targets, nil)
		done = func() {
			_ = pool.Close() // it never fails
			bus.Close()
		}
	}
	return exec.Options{
		Plan: sur.plan, Registry: q.Registry, Bus: bus, Start: now, Trace: trace.NewStore(nil), Env: env, StandIn: q.StandIn != nil,
	}, done, nil
}
