// Package load reads plans for the commands: files, syntax, types, check, plan, in one place.
//
// A stage runs only when the one before found no errors; each finds all that it can.
package load

import (
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
	// HashFiles reads every file that the plan names, for saved plans.
	HashFiles bool
	// Now is what timestamp() says; zero: the present.
	Now time.Time
	// Mode is plan, apply or rehearse; StandIn says that connections will be swapped.
	Mode    string
	StandIn bool
}

// module reads the files and gives the blocks their types.
func (o Options) module() (*config.Module, check.Inputs, *source.Set, diag.List) {
	set, found := source.Load(o.Paths)
	in := o.inputs()
	for _, name := range o.VarFiles {
		f, ds := set.Vars(name)
		found = append(found, ds...)
		if f != nil {
			in.VarFiles = append(in.VarFiles, f)
		}
	}
	if found.HasErrors() {
		return nil, in, set, found
	}
	tree, ds := syntax.Parse(set)
	found = append(found, ds...)
	mod, ds := config.Decode(tree)
	return mod, in, set, append(found, ds...)
}

func (o Options) inputs() check.Inputs {
	in := check.Inputs{
		Vars: o.Vars, Env: o.Env, Now: o.Now, Shipped: o.Shipped, Version: o.Version, HashFiles: o.HashFiles,
		AllowMissingSecrets: !o.NeedSecrets,
	}
	if in.Now.IsZero() {
		in.Now = time.Now()
	}
	if o.NeedSecrets { // others do without, and must not ask
		in.PromptSecret = o.PromptSecret
	}
	in.Prompt = o.Prompt
	return in
}

// Program reads and checks a plan. The set has the texts that findings point into, and is never nil.
func Program(o Options) (*program.Program, *source.Set, diag.List) {
	mod, in, set, found := o.module()
	if mod == nil {
		return nil, set, found.Sorted()
	}
	prog, ds := check.Run(mod, o.Registry, in)
	if prog != nil && o.Redactor != nil {
		o.Redactor.Add(prog.Secrets.Values()...)
	}
	return prog, set, append(found, ds...).Sorted()
}

// Plan reads, checks and plans. The plan is nil if there are errors.
func Plan(o Options) (*plan.Plan, *source.Set, diag.List) {
	prog, set, found := Program(o)
	if found.HasErrors() {
		return nil, set, found
	}
	p, ds := plan.New(prog, o.Registry, plan.Options{Mode: o.Mode, Version: o.Version, StandIn: o.StandIn})
	found = append(found, ds...).Sorted()
	if found.HasErrors() {
		return nil, set, found
	}
	return p, set, found
}

// Console reads a plan for evaluating things about it.
func Console(o Options) (*check.Console, *source.Set, diag.List) {
	mod, in, set, found := o.module()
	if mod == nil {
		return nil, set, found.Sorted()
	}
	k, ds := check.NewConsole(mod, o.Registry, in)
	return k, set, append(found, ds...).Sorted()
}
