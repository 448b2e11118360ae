package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/term"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// Context is what a command runs with. Out and Side take secrets out of what is written to them.
type Context struct {
	context.Context
	In   io.Reader
	Out  io.Writer // results
	Side io.Writer // everything else
	// OutStyle and SideStyle are how text may look there.
	OutStyle, SideStyle view.Style
	Env                 func(name string) (string, bool)
	Registry            *providers.Registry
	Hooks               *Hooks
	Redactor            *value.Redactor
	Log                 hclog.Logger
	Version             Version
	JSON                bool
	Shipped             func(name string) (*source.Set, bool)
	// Way says from which address of this machine an address would be reached.
	Way func(address string) (netip.Addr, bool)

	parser *kong.Kong
	input  *bufio.Reader
}

// Interactive reports whether a person can be asked.
func (c *Context) Interactive() bool {
	f, ok := c.In.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && c.SideStyle.Terminal
}

// Ask puts a question to the person at the terminal; an empty answer is fallback.
func (c *Context) Ask(question, fallback string) (string, error) {
	if fallback != "" {
		question += " [" + fallback + "]"
	}
	fmt.Fprintf(c.Side, "%s: ", view.Clean(question))
	c.flush()
	if c.input == nil {
		c.input = bufio.NewReader(io.LimitReader(c.In, 1<<20))
	}
	line, err := c.input.ReadString('\n')
	if err != nil && line == "" {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	if line = strings.TrimSpace(line); line == "" {
		return fallback, nil
	}
	return line, nil
}

// flush shows what a redacting writer holds back.
func (c *Context) flush() {
	for _, w := range []io.Writer{c.Out, c.Side} {
		if f, ok := w.(interface{ Flush() error }); ok {
			_ = f.Flush() // the next write reports it
		}
	}
}

// askSecret asks without showing what is typed, and makes the answer known to the redactor.
func (c *Context) askSecret(name string) (string, bool) {
	f, ok := c.In.(*os.File)
	if !ok {
		return "", false
	}
	fmt.Fprintf(c.Side, "Value of the sensitive variable %s: ", view.Clean(name))
	c.flush()
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(c.Side)
	if err != nil {
		return "", false
	}
	c.Redactor.Add(string(b))
	return string(b), true
}

// Loader completes what a command says about the plan it wants with what every command shares.
func (c *Context) Loader(a PlanArgs) load.Options {
	o := load.Options{
		Paths: a.Paths, VarFiles: a.VarFile, Env: c.Env, Registry: c.Registry, Version: c.Version.Number, Redactor: c.Redactor, Shipped: c.Shipped,
	}
	for _, v := range a.Var {
		name, text, ok := strings.Cut(v, "=")
		if !ok {
			text = ""
		}
		o.Vars = append(o.Vars, check.VarAssign{Name: strings.TrimSpace(name), Text: text, Source: "--var"})
	}
	if c.Interactive() {
		o.PromptSecret = c.askSecret
		o.Prompt = func(name string) (string, bool) {
			text, err := c.Ask("Value of the variable "+name, "")
			return text, err == nil && text != ""
		}
	}
	return o
}

// Report shows findings and returns an error if they stop the work.
func (c *Context) Report(set *source.Set, found diag.List) error {
	return c.reportText(set.Bytes, found)
}

// reportText is Report for texts that are in no set.
func (c *Context) reportText(src func(name string) []byte, found diag.List) error {
	if err := view.Findings(c.Side, src, found, c.SideStyle); err != nil {
		return err
	}
	if found.HasErrors() {
		return &ExitError{Code: Failure}
	}
	return nil
}

// oneText returns the same text for every name.
func oneText(text []byte) func(string) []byte { return func(string) []byte { return text } }

// PlanArgs are the arguments of every command that reads a plan.
type PlanArgs struct {
	Paths   []string `arg:"" optional:"" name:"path" help:"Folders or files that together form the plan; the working directory if none is given."`
	Var     []string `name:"var" placeholder:"NAME=VALUE" sep:"none" help:"Value of a variable; may be repeated."`
	VarFile []string `name:"var-file" placeholder:"FILE" sep:"none" help:"File with values of variables; may be repeated."`
}

// Validate refuses assignments that are none; kong calls it.
func (a *PlanArgs) Validate() error {
	for _, v := range a.Var {
		if name, _, ok := strings.Cut(v, "="); !ok || strings.TrimSpace(name) == "" {
			return fmt.Errorf("--var %s: write it as NAME=VALUE", strings.SplitN(v, "=", 2)[0])
		}
	}
	return nil
}
