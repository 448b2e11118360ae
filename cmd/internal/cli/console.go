package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
)

// Console evaluates.
type Console struct {
	PlanArgs
	Record string         `name:"run" placeholder:"RUN" help:"Ask the trace of a run: its name, the beginning or the end of it, its folder, or \"last\". The plan is the run's own if none is given."`
	At     *time.Duration `name:"at" placeholder:"T" help:"The instant of the run to ask about, such as 90s or 1m30.5s from its start; its end if not given."`
	RunDir
	Evaluate []string `name:"evaluate" short:"e" placeholder:"TEXT" sep:"none" help:"Evaluate this and end; may be repeated."`
}

// Help has examples.
func (Console) Help() string {
	return "An expression is evaluated with everything that is known while planning. A line that begins with ? is a condition: " +
		"it is checked, and what it refers to is listed. Without -e, lines are read from standard input; an empty line or the end of input ends it.\n\n" +
		"With --run the trace of a run is asked, with or without ?: what a signal, or anything that can be worked out of signals, was at an instant; whether a condition was true then, why, and when in the run it was true, " +
		"false or unknown; and what the verdict about a stretch of time was by then. Nothing is run.\n\n" +
		"Examples:\n\n    xdc console examples/network-partition -e 'var.recovery_objective'\n" +
		"    xdc console . -e '? dc2.job.orders.health is healthy for 5s'\n" +
		"    xdc console --run last --at 42s -e 'dc2.job.orders.health' -e 'avg(seed.input.rate, 10s) > 900'\n"
}

// Run evaluates.
func (k *Console) Run(c *Context) error {
	o := c.Loader(k.PlanArgs)
	var rec *recording
	switch {
	case k.Record != "":
		f, err := session.Find(k.RunDir.RunDir, k.Record)
		if err != nil {
			return err
		}
		rec = &recording{folder: f, at: exec.AtEnd}
		if k.At != nil {
			if rec.at = *k.At; rec.at < 0 {
				return fmt.Errorf("--at %s: nothing is known of what was before the run", *k.At)
			}
		}
		if err := recorded(f, &o, len(k.Paths) == 0); err != nil {
			return err
		}
	case k.At != nil:
		return errors.New("--at is an instant of a run: name the run with --run")
	}
	con, set, found := load.Console(o)
	if err := c.Report(set, found.Errors()); err != nil {
		return err
	}
	if len(k.Evaluate) > 0 {
		failed := false
		for _, text := range k.Evaluate {
			failed = !evaluate(c, con, rec, text) || failed
		}
		if failed {
			return &ExitError{Code: Failure}
		}
		return nil
	}
	return k.loop(c, con, rec)
}

// maxConsoleLine bounds a line of input.
const maxConsoleLine = 1 << 20

func (k *Console) loop(c *Context, con *check.Console, rec *recording) error {
	in := bufio.NewScanner(c.In)
	in.Buffer(nil, maxConsoleLine)
	failed := false
	for {
		if c.Interactive() {
			fmt.Fprint(c.Side, "> ")
			c.flush()
		}
		if !in.Scan() || strings.TrimSpace(in.Text()) == "" {
			break
		}
		failed = !evaluate(c, con, rec, in.Text()) || failed
		c.flush()
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("read a line: %w", err)
	}
	if failed && !c.Interactive() {
		return &ExitError{Code: Failure}
	}
	return nil
}

// consoleName is the name of the file that a line of the console stands in, in messages.
const consoleName = "console"

// evaluate evaluates one line and says whether it could.
func evaluate(c *Context, con *check.Console, rec *recording, text string) bool {
	cond, ok := strings.CutPrefix(strings.TrimSpace(text), "?")
	if rec != nil {
		if could, understood := rec.ask(c, con, strings.TrimSpace(cond), ok); understood {
			return could
		}
	}
	if ok {
		return condition(c, con, strings.TrimSpace(cond))
	}
	expr, hds := hclsyntax.ParseExpression([]byte(text), consoleName, hcl.InitialPos)
	found := diag.List(nil).Append(hds)
	out := ""
	if !found.HasErrors() {
		var more diag.List
		out, more = con.Value(expr)
		found = append(found, more...)
	}
	if err := c.reportText(oneText([]byte(text)), found); err != nil {
		return false
	}
	_, err := io.WriteString(c.Out, view.Clean(out)+"\n")
	return err == nil
}

var momentWords = map[schema.Moment]string{schema.Final: "known when the step is finished", schema.Live: "sampled while the step runs", schema.Event: "an event"}

func condition(c *Context, con *check.Console, text string) bool {
	f, problems := con.Condition(text)
	tell(c, text, problems)
	if f == nil {
		return false
	}
	fmt.Fprintln(c.Out, view.Clean(f.String()))
	for _, s := range f.Subjects() {
		word := momentWords[s.Moment]
		if word == "" {
			word = "a signal"
		}
		fmt.Fprintf(c.Out, "  %s: %s, %s\n", view.Clean(s.Name), s.Type, word)
	}
	return true
}
