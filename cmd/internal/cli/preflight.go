package cli

import (
	"fmt"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/engine/plan"
)

// preflight is what `xdc plan --check` adds: read-only looks at the targets.
func preflight(c *Context, p *plan.Plan) error {
	if err := session.Preflight(c.Context, session.Request{Plan: p, Registry: c.Registry, Log: c.Log}); err != nil {
		return err
	}
	fmt.Fprintln(c.Side, "Preflight: every target answers and the plan could run.")
	return nil
}
