package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
)

// Approve answers an approval of a run elsewhere.
type Approve struct {
	Name   string `arg:"" name:"run" help:"The run."`
	Step   string `arg:"" name:"name" help:"The approval: NAME of action \"approve\" \"NAME\", or its whole address."`
	Reject bool   `name:"reject" help:"Say no: the step fails."`
	RunDir
}

// Help has examples.
func (Approve) Help() string {
	return "The answer is recorded with who gave it and when. The first answer counts.\n\nExamples:\n\n    xdc approve last go\n    xdc approve k3xq7p2a module.drill.action.approve.go --reject\n"
}

// Run answers.
func (a *Approve) Run(c *Context) error {
	f, err := session.Find(a.RunDir.RunDir, a.Name)
	if err != nil {
		return err
	}
	st := f.Status()
	if st.State != "running" {
		return fmt.Errorf("the run %s is %s: nobody waits for an answer", f.ID, st.State)
	}
	step := a.Step
	if !slices.Contains(st.Approval, step) {
		step = "action.approve." + a.Step
	}
	if !slices.Contains(st.Approval, step) {
		if len(st.Approval) == 0 {
			return fmt.Errorf("the run %s waits for no approval", f.ID)
		}
		return fmt.Errorf("the run %s does not wait for %q; it waits for %s", f.ID, a.Step, strings.Join(st.Approval, ", "))
	}
	if err := f.Approve(step, !a.Reject); err != nil {
		return err
	}
	word := "approved"
	if a.Reject {
		word = "rejected"
	}
	_, err = fmt.Fprintf(c.Out, "%s of %s is %s by %s.\n", view.Clean(step), f.ID, word, view.Clean(session.Who()))
	return err
}
