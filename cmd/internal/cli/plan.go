package cli

import (
	"fmt"
	"os"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/plan"
)

// Plan shows what a plan would do.
type Plan struct {
	PlanArgs
	Output string `name:"out" short:"o" placeholder:"FILE" help:"Save the plan, for apply FILE to run exactly what was shown."`
	Mode   string `name:"mode" enum:"apply,rehearse" default:"apply" help:"Show what apply or what rehearse would do."`
	Check  bool   `name:"check" help:"Also look at the targets, touching nothing: can the plan run there?"`
}

// Help has examples.
func (Plan) Help() string {
	return "The dry run. It touches no target and no network, and needs no secrets. Beside each fault it says how the fault " +
		"will be healed.\n\nExamples:\n\n    xdc plan examples/network-partition\n    xdc plan --out drill.plan env/prod drill.xdc.hcl\n" +
		"    xdc plan --json . | jq '.steps[].address'\n"
}

// Run shows it.
func (p *Plan) Run(c *Context) error {
	o := c.Loader(p.PlanArgs)
	o.Mode, o.SaveAs = p.Mode, p.Output
	if p.Mode == "apply" {
		o.Way = c.Way
	}
	frozen, set, found := load.Plan(o)
	if err := c.Report(set, found); err != nil {
		return err
	}
	if p.Check {
		if err := preflight(c, frozen, nil); err != nil {
			return err
		}
	}
	if p.Output != "" {
		b, err := plan.Save(frozen)
		if err != nil {
			return err
		}
		if err := os.WriteFile(p.Output, b, 0o600); err != nil {
			return fmt.Errorf("save the plan: %w", err)
		}
		fmt.Fprintf(c.Side, "Saved as %s. Run exactly this with: xdc apply %s\n", view.Clean(p.Output), view.Clean(p.Output))
	}
	if c.JSON {
		b, err := frozen.Encode()
		if err != nil {
			return fmt.Errorf("write the plan as JSON: %w", err)
		}
		_, err = c.Out.Write(b)
		return err
	}
	return view.Plan(c.Out, frozen, c.OutStyle)
}
