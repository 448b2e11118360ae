package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
)

// Console evaluates.
type Console struct {
	PlanArgs
	Evaluate []string `name:"evaluate" short:"e" placeholder:"TEXT" sep:"none" help:"Evaluate this and end; may be repeated."`
}

// Help has examples.
func (Console) Help() string {
	return "An expression is evaluated with everything that is known while planning. A line that begins with ? is a condition: " +
		"it is checked, and what it refers to is listed. Without -e, lines are read from standard input; an empty line or the end of input ends it.\n\n" +
		"Examples:\n\n    xdc console examples/network-partition -e 'var.recovery_objective'\n" +
		"    xdc console . -e '? dc2.job.orders.health is healthy for 5s'\n"
}

// Run evaluates.
func (k *Console) Run(c *Context) error {
	con, set, found := load.Console(c.Loader(k.PlanArgs))
	if err := c.Report(set, found.Errors()); err != nil {
		return err
	}
	if len(k.Evaluate) > 0 {
		failed := false
		for _, text := range k.Evaluate {
			failed = !evaluate(c, con, text) || failed
		}
		if failed {
			return &ExitError{Code: Failure}
		}
		return nil
	}
	return k.loop(c, con)
}

// maxConsoleLine bounds a line of input.
const maxConsoleLine = 1 << 20

func (k *Console) loop(c *Context, con *check.Console) error {
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
		failed = !evaluate(c, con, in.Text()) || failed
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
func evaluate(c *Context, con *check.Console, text string) bool {
	if cond, ok := strings.CutPrefix(strings.TrimSpace(text), "?"); ok {
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
	for _, p := range problems {
		fmt.Fprintf(c.Side, "%s\n%s%s\n%s. %s\n", view.Clean(text), strings.Repeat(" ", p.Offset), strings.Repeat("^", max(p.Length, 1)), p.Summary, p.Detail)
	}
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
