package cli

import (
	"fmt"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/providers/standin"
)

// preflight is what `xdc plan --check` adds, and apply before it asks: read-only looks at the targets, and what they have
// found that whoever agrees to the plan should see.
func preflight(c *Context, p *plan.Plan, stand *standin.StandIn) error {
	found, err := session.Preflight(c.Context, session.Request{Plan: p, Registry: c.Registry, StandIn: stand, Log: c.Log, Redactor: c.Redactor})
	if err != nil {
		return err
	}
	fmt.Fprintln(c.Side, "Preflight: every target answers and the plan could run.")
	for _, f := range found {
		fmt.Fprintf(c.Side, "  %s: %s\n", view.Clean(f.Subject), view.Clean(f.Text))
	}
	return nil
}
