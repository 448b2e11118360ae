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

// Preflight looks at the plan's own targets, read-only, and says everything that would keep a run from starting.
func Preflight(ctx context.Context, q Request) error {
	if q.Log == nil {
		q.Log = hclog.NewNullLogger()
	}
	if q.ReadFile == nil {
		q.ReadFile = readPlanFile(q.Plan.Program.Folder)
	}
	now := time.Now()
	bus := event.NewBus(now, now, nil)
	defer bus.Close()
	there := reached{dial: realDial, machines: true}
	env := there.lend(providers.Env{Run: NewID(now), Log: q.Log, Secret: secretsOf(nil, q.Plan), ReadFile: q.ReadFile})
	pool := openHosts(there, env, nil)
	defer pool.Close() //nolint:errcheck // it never fails
	env.Machine = machinesOf(pool, q.Plan.Targets, nil)
	return exec.Preflight(ctx, exec.Options{
		Plan: q.Plan, Registry: q.Registry, Bus: bus, Start: now, Trace: trace.NewStore(nil), Env: env,
	})
}
