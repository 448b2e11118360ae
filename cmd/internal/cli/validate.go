package cli

import (
	"fmt"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/view"
)

// Validate checks a plan.
type Validate struct {
	PlanArgs
}

// Help has examples.
func (Validate) Help() string {
	return "Finds every mistake that can be found without a network, all at once. Needs no secrets.\n\n" +
		"Examples:\n\n    xdc validate examples/network-partition\n    xdc validate --json env/prod drill.xdc.hcl\n"
}

// Run checks it.
func (v *Validate) Run(c *Context) error {
	prog, set, found := load.Program(c.Loader(v.PlanArgs))
	if c.JSON {
		if err := view.FindingsJSON(c.Out, set.Bytes, found); err != nil {
			return err
		}
		if found.HasErrors() {
			return &ExitError{Code: Failure}
		}
		return nil
	}
	if err := c.Report(set, found); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "The plan %s is valid: %d steps, %d targets.\n", view.Clean(prog.Name), len(prog.Steps), len(prog.Targets))
	return err
}
