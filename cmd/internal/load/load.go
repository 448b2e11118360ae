// Package load reads plans for the commands: files, syntax, types, check, plan, in one place.
//
// A stage runs only when the one before found no errors; each finds all that it can.
package load

import (
	"net/netip"
	"time"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/syntax"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// Options say which plan to read and with what.
type Options struct {
	Paths    []string
	Vars     []check.VarAssign
	VarFiles []string
	Env      func(name string) (string, bool)
	// Prompt and PromptSecret ask for variables without a value; nil: nobody can be asked.
	Prompt       func(name string) (string, bool)
	PromptSecret func(name string) (string, bool)
	Registry     *providers.Registry
	Version      string
	// Redactor learns the plan's secrets before anything of the plan is shown; may be nil.
	Redactor *value.Redactor
	// Shipped finds the plans that come with xdc, for `source = "xdc:NAME"`; may be nil.
	Shipped func(name string) (*source.Set, bool)
	// NeedSecrets makes sensitive variables without a value an error: apply needs them.
	NeedSecrets bool
	// SaveAs is the file that the plan will be saved as; empty: it will not be. Every file that a saved plan names is
	// read, for its digest.
	SaveAs string
	// Now is what timestamp() says; zero: the present.
	Now time.Time
	// Mode is plan, apply or rehearse; StandIn says that connections will be swapped.
	Mode    string
	StandIn bool
	// Way says from which address of this machine an address would be reached, without sending anything; nil: nobody can
	// tell. Rehearsals go without: they come out the same everywhere.
	Way func(address string) (netip.Addr, bool)
}

// loading is one plan being read.
type loading struct {
	Options
	set   *source.Set
	in    check.Inputs
	found diag.List
	// made is what the plan is made from, for saving it; nil when it will not be saved.
	made *plan.Source
	// extra are files of variables that are on no disk.
	extra []*source.File
}

func (o Options) begin() *loading {
	l := &loading{Options: o, in: check.Inputs{
		Vars: o.Vars, Env: o.Env, Now: o.Now, Shipped: o.Shipped, Version: o.Version, HashFiles: o.SaveAs != "",
		AllowMissingSecrets: !o.NeedSecrets, Prompt: o.Prompt,
	}}
	if l.in.Now.IsZero() {
		l.in.Now = time.Now().UTC().Truncate(time.Second)
	}
	if o.NeedSecrets { // others do without, and must not ask
		l.in.PromptSecret = o.PromptSecret
	}
	return l
}

// module reads the files and gives the blocks their types; nil when the files cannot be read.
func (l *loading) module() *config.Module {
	set, found := source.Load(l.Paths)
	l.set, l.found = set, found
	for _, name := range l.VarFiles {
		f, ds := set.Vars(name)
		l.found = append(l.found, ds...)
		if f != nil {
			l.in.VarFiles = append(l.in.VarFiles, f)
		}
	}
	l.in.VarFiles = append(l.in.VarFiles, l.extra...)
	if l.found.HasErrors() {
		return nil
	}
	tree, ds := syntax.Parse(set)
	mod, more := config.Decode(tree)
	l.found = append(append(l.found, ds...), more...)
	return mod
}

func (l *loading) program() *program.Program {
	mod := l.module()
	if mod == nil {
		return nil
	}
	prog, ds := check.Run(mod, l.Registry, l.in)
	if prog != nil && l.Redactor != nil {
		l.Redactor.Add(prog.Secrets.Values()...)
	}
	l.found = append(l.found, ds...)
	return prog
}

func (l *loading) plan() *plan.Plan {
	prog := l.program()
	if l.found.HasErrors() {
		return nil
	}
	p, ds := plan.New(prog, l.Registry, plan.Options{Mode: l.Mode, Version: l.Version, StandIn: l.StandIn, Way: l.Way, Source: l.made, OpenFile: l.opener(prog)})
	l.found = append(l.found, ds...)
	if l.found.HasErrors() {
		return nil
	}
	return p
}

// Program reads and checks a plan. The set has the texts that findings point into, and is never nil.
func Program(o Options) (*program.Program, *source.Set, diag.List) {
	l := o.begin()
	prog := l.program()
	return prog, l.set, l.found.Sorted()
}

// Plan reads, checks and plans. The plan is nil if there are errors.
func Plan(o Options) (*plan.Plan, *source.Set, diag.List) {
	l := o.begin()
	if o.SaveAs != "" {
		if err := l.remember(); err != nil {
			return nil, source.Memory(nil), diag.List(nil).Append(err)
		}
	}
	p := l.plan()
	return p, l.set, l.found.Sorted()
}

// Console reads a plan for evaluating things about it.
func Console(o Options) (*check.Console, *source.Set, diag.List) {
	l := o.begin()
	mod := l.module()
	if mod == nil {
		return nil, l.set, l.found.Sorted()
	}
	k, ds := check.NewConsole(mod, o.Registry, l.in)
	return k, l.set, append(l.found, ds...).Sorted()
}
