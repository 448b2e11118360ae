package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/providers/standin"
)

// Apply runs a plan for real.
type Apply struct {
	PlanArgs
	AutoApprove bool     `name:"auto-approve" help:"Do not ask before starting. Approvals inside the plan are still asked."`
	Confirm     []string `name:"confirm" placeholder:"TARGET" help:"Confirm a protected target by name; may be repeated. Needed even with --auto-approve."`
	On          string   `name:"on" placeholder:"DIR" help:"Run against the stand-in of this folder (xdc twin serve) instead of the plan's targets."`
	Seed        *uint64  `name:"seed" placeholder:"N" help:"Where everything random comes from. Random if not given."`
	Repeat      int      `name:"repeat" placeholder:"N" default:"1" help:"Apply N times, one run after the other, and compare. It ends early when something is not healed, was interrupted or did not start."`
	RunDir
}

// Help has examples.
func (Apply) Help() string {
	return "Runs the plan, heals every fault whatever happens, measures, and reports. The first interrupt heals and reports; the second stops waiting and leaves the " +
		"journal and the armed undo to heal.\n\nExit codes, the first that applies: 4 something is not healed; 130 interrupted; 3 the run broke; 2 a must was not met; " +
		"1 not started, nothing was touched; 0 every must was met.\n\nExamples:\n\n    xdc apply env/prod drill.xdc.hcl\n    xdc apply --auto-approve --confirm dc1 env/prod drill.xdc.hcl\n" +
		"    xdc plan --out drill.plan . && xdc apply drill.plan\n    xdc apply --on /tmp/twin --auto-approve examples/network-partition\n"
}

// Run applies.
func (a *Apply) Run(c *Context) error {
	o := c.Loader(a.PlanArgs)
	o.Mode, o.NeedSecrets = "apply", a.On == ""
	var stand *standin.StandIn
	if a.On != "" {
		var err error
		if stand, err = standin.Load(a.On); err != nil {
			return err
		}
		o.StandIn = true
	} else {
		o.Way = c.Way
	}
	frozen, saved, err := a.read(c, o)
	if err != nil {
		return err
	}
	if err := a.agree(c, frozen, saved, stand); err != nil {
		return err
	}
	seed := randomSeed()
	if a.Seed != nil {
		seed = *a.Seed
	}
	once := func(i int) error {
		return c.run(frozen, view.InPlace, func(q session.Request) (session.Result, error) {
			q.Runs, q.Seed, q.StandIn = a.RunDir.RunDir, seed+uint64(i), stand
			return session.Apply(c.Context, q)
		})
	}
	if a.Repeat > 1 {
		return c.repeat(a.Repeat, a.RunDir, once)
	}
	return once(0)
}

// read reads the plan from its files, or a saved one, which must still be what it was.
func (a *Apply) read(c *Context, o load.Options) (*plan.Plan, bool, error) {
	saved := len(a.Paths) == 1 && load.IsSaved(a.Paths[0])
	var frozen *plan.Plan
	var set *source.Set
	var found diag.List
	if saved {
		frozen, set, found = load.Saved(o, a.Paths[0])
	} else {
		frozen, set, found = load.Plan(o)
	}
	return frozen, saved, c.Report(set, found)
}

// agree shows the blast radius and what a look at the targets finds, and asks. A saved plan runs without asking: it was looked at when it was saved.
func (a *Apply) agree(c *Context, p *plan.Plan, saved bool, stand *standin.StandIn) error {
	var missing []string
	for _, t := range p.Blast.Protected {
		if !slices.Contains(a.Confirm, t) {
			missing = append(missing, "--confirm "+t)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the plan touches protected targets: add %s", strings.Join(missing, " "))
	}
	for _, t := range a.Confirm {
		if !slices.Contains(p.Blast.Targets, t) {
			return fmt.Errorf("--confirm %s: the plan does not touch a target of that name; it touches %s", t, strings.Join(p.Blast.Targets, ", "))
		}
	}
	if saved || a.AutoApprove {
		return nil
	}
	if !c.Interactive() {
		return errors.New("there is no terminal to ask on: look at the plan with xdc plan, and add --auto-approve")
	}
	if err := view.Plan(c.Side, p, c.SideStyle); err != nil {
		return err
	}
	if err := preflight(c, p, stand); err != nil {
		return err
	}
	answer, err := c.Ask(fmt.Sprintf("\nRun this plan against %s? Only \"yes\" is taken", strings.Join(p.Blast.Targets, ", ")), "")
	if err != nil {
		return err
	}
	if answer != "yes" {
		return errors.New("not approved; nothing was touched")
	}
	return nil
}
