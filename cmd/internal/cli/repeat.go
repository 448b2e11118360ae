package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/history"
	"github.com/xdc-project/xdc/engine/report"
)

// Validate refuses a number that means nothing; kong calls it.
func (r *Rehearse) Validate() error { return repeats(r.Repeat) }

// Validate refuses a number that means nothing; kong calls it.
func (a *Apply) Validate() error { return repeats(a.Repeat) }

// maxRepeat bounds how often a plan is run by one command.
const maxRepeat = 10_000

func repeats(n int) error {
	if n < 1 || n > maxRepeat {
		return fmt.Errorf("--repeat must be a number from 1 to %d", maxRepeat)
	}
	return nil
}

// repeat makes several runs one after the other and shows what they say together. What is not healed, an interrupt and a
// run that did not start end it. The exit code is the first that applies to any of them.
func (c *Context) repeat(n int, dir RunDir, once func(i int) error) error {
	old, err := session.List(dir.RunDir)
	if err != nil {
		return err
	}
	code := OK
	done := 0
	for i := range n {
		fmt.Fprintf(c.Side, "\nRun %d of %d.\n", i+1, n)
		c.flush()
		one, err := codeOf(once(i))
		if err != nil {
			view.Failure(c.Side, err, c.SideStyle)
		}
		code = First(code, one)
		done++
		if one == Owed || one == Interrupted || one == Failure {
			break
		}
	}
	if done < n {
		fmt.Fprintf(c.Side, "Ended after %d of %d runs.\n", done, n)
	}
	if c.JSON {
		return Silently(code) // standard output has the events
	}
	all, err := session.List(dir.RunDir)
	if err != nil {
		return err
	}
	var made []report.Summary
	for _, f := range all {
		if slices.ContainsFunc(old, func(o session.Folder) bool { return o.ID == f.ID }) {
			continue
		}
		s, err := f.Summary()
		if err != nil {
			fmt.Fprintf(c.Side, "Warning: %s is left out: %s\n", view.Clean(f.Path), view.Clean(err.Error()))
			continue
		}
		made = append(made, s)
	}
	if len(made) > 1 {
		fmt.Fprintln(c.Out)
		o := history.Options{Level: 0.05, Confidence: 0.95, Mixed: true}
		got, err := history.Compare(made, nil, o)
		if err != nil {
			return err
		}
		if err := c.comparison(got, o); err != nil {
			return err
		}
	}
	return Silently(code)
}

// again runs this program once more with other arguments. An interrupt reaches it by itself, and is waited for.
func (c *Context) again(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	stops := session.CatchStops()
	defer stops.Close()
	if c.JSON {
		args = append([]string{"--json"}, args...)
	}
	cmd := exec.CommandContext(c.Context, self, args...) //nolint:gosec // this very program
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, c.Out, c.Side
	err = cmd.Run()
	c.flush()
	if e, ok := errors.AsType[*exec.ExitError](err); ok && e.ExitCode() > 0 {
		return Silently(Exit(e.ExitCode()))
	}
	return err
}
