package cli

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/event"
)

// Check judges a recorded run again.
type Check struct {
	Name    string   `arg:"" name:"run" help:"The run: its name, the beginning or the end of it, its folder, or \"last\"."`
	Paths   []string `arg:"" optional:"" name:"path" help:"The plan whose expectations to judge by; the run's own if none is given."`
	Var     []string `name:"var" placeholder:"NAME=VALUE" sep:"none" help:"Value of a variable; may be repeated."`
	VarFile []string `name:"var-file" placeholder:"FILE" sep:"none" help:"File with values of variables; may be repeated."`
	RunDir
}

// Help has examples.
func (Check) Help() string {
	return "Judges expectations by the events and the trace of a run that has ended. Nothing is run, and no data centre is asked. With the run's own plan the verdicts are those of the run, " +
		"and it is said if they are not; with another plan, or another value of a variable, they are what that plan would have said.\n\n" +
		"Exit codes: 0 every must is met; 2 one is not; 1 nothing could be judged.\n\nExamples:\n\n    xdc check last\n    xdc check last --var recovery_objective=30s\n    xdc check k3xq7p2a stricter.xdc.hcl\n"
}

// Run judges.
func (k *Check) Run(c *Context) error {
	f, err := session.Find(k.RunDir.RunDir, k.Name)
	if err != nil {
		return err
	}
	o := c.Loader(PlanArgs{Paths: k.Paths, Var: k.Var, VarFile: k.VarFile})
	if err := recorded(f, &o, len(k.Paths) == 0); err != nil {
		return err
	}
	p, set, found := load.Plan(o)
	if err := c.Report(set, found.Errors()); err != nil {
		return err
	}
	judged, damage := f.Rejudge(p)
	if damage != nil {
		fmt.Fprintf(c.Side, "Warning: %s\n", view.Clean(damage.Error()))
	}
	was, err := f.Verdicts()
	if err != nil && damage == nil {
		return err
	}
	if c.JSON {
		if err := c.encode(judged); err != nil {
			return err
		}
	} else {
		k.show(c, judged, was)
	}
	code := OK
	for _, j := range judged {
		if j.Severity != "should" && (j.Verdict == event.NotMet || j.Verdict == event.Inconclusive) {
			code = First(code, NotMet)
		}
	}
	return Silently(code)
}

// recorded has a plan be read to ask a recorded run by: the run's own, with its variables, or another one. Nobody is asked for
// secrets.
func recorded(f session.Folder, o *load.Options, own bool) error {
	if own {
		paths, vars, err := f.Source()
		if err != nil {
			return err
		}
		o.Paths, o.Vars = paths, append(vars, o.Vars...)
	}
	o.Mode, o.StandIn = "rehearse", true
	return nil
}

func (k *Check) show(c *Context, judged []event.Judged, was map[string]event.Verdict) {
	if len(judged) == 0 {
		fmt.Fprintln(c.Out, "The plan expects nothing.")
	}
	for _, j := range judged {
		fmt.Fprintf(c.Out, "%-12s  %s", string(j.Verdict), view.Clean(j.Step))
		if j.Severity == "should" {
			fmt.Fprint(c.Out, " (should)")
		}
		if old, ok := was[j.Step]; ok && old != j.Verdict {
			fmt.Fprintf(c.Out, "  (the run said: %s)", string(old))
		}
		fmt.Fprintf(c.Out, "\n              %s\n              %s\n", view.Clean(j.Text), view.Clean(j.Why))
		var values []string
		for _, v := range j.Values {
			values = append(values, v.Name+" = "+v.Text)
		}
		if len(values) > 0 {
			fmt.Fprintf(c.Out, "              %s\n", view.Clean(strings.Join(values, ", ")))
		}
		if basis := j.Basis(); basis != "" {
			fmt.Fprintf(c.Out, "              %s\n", view.Clean(basis))
		}
	}
}
