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
	return exec.Preflight(ctx, exec.Options{
		Plan: q.Plan, Registry: q.Registry, Bus: bus, Start: now, Trace: trace.NewStore(nil),
		Env: providers.Env{Run: NewID(now), Dial: realDial, Log: q.Log, Secret: secretsOf(nil, q.Plan), ReadFile: q.ReadFile},
	})
}
