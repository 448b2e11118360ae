// Package check turns typed blocks into a checked program: every instance of every step with its arguments
// evaluated, its edges, and its conditions compiled.
//
// It finds all that can be found without a network: unknown references, wrong types, cycles, secrets where
// none may be, impossible combinations. What providers say about a step beyond their schemas is not asked
// here; engine/plan asks.
package check

import (
	"fmt"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
)

// Run checks a plan. The program is usable only if the findings have no errors. Findings are complete: what
// follows from an error already reported is left out.
//
// The functions in the program (Step.Late, Expect.Judge, Output.Value) are safe for concurrent use.
func Run(mod *config.Module, cat schema.Catalog, in Inputs) (*program.Program, diag.List) {
	prog, _, diags := run(mod, cat, in)
	return prog, diags
}

// run is Run; the checker is nil for plans that cannot be read.
func run(mod *config.Module, cat schema.Catalog, in Inputs) (*program.Program, *checker, diag.List) {
	c := &checker{
		cat: cat, in: in, prog: &program.Program{Folder: mod.Set.Folder()},
		targets: map[string]*target{}, instances: map[string]*instance{}, schemas: map[string]*stepSchema{},
	}
	if mod.Damaged {
		return c.prog, nil, nil
	}
	c.root = c.newModule(mod, addr.Root, nil, nil)
	c.root.readInputs()
	c.declare(c.root)
	c.plan()
	c.evalTargets()
	c.eachModule(c.root, func(m *module) { m.validate() })
	c.eachModule(c.root, func(m *module) { c.steps(m) })
	c.eachModule(c.root, func(m *module) { c.guards(m) })
	c.moduleEdges()
	c.cycles()
	c.endOfRun()
	c.outputs()
	c.unusedLocals()
	c.prog.Files = c.files()
	return c.prog, c, once(c.diags)
}

// checker is one check under way.
type checker struct {
	cat   schema.Catalog
	in    Inputs
	prog  *program.Program
	diags diag.List
	root  *module

	targets    map[string]*target
	targetList []*target
	// instances are all steps by address.
	instances map[string]*instance
	order     []*instance
	// jobs are the job instances by target.
	jobs    map[string][]*instance
	schemas map[string]*stepSchema
	index   *signalIndex
	// defaultsOf are the contents of the plan's defaults by block type.
	defaultsOf map[string]*config.Content

	// made counts steps and instances of modules, against MaxSteps.
	made    int
	tooMany bool

	// mu guards everything lazily evaluated once Run is over.
	mu sync.Mutex
}

// once leaves out findings that say the same about the same place, as instances of one block do.
func once(in diag.List) diag.List {
	type key struct {
		code    diag.Code
		at      hcl.Range
		summary string
	}
	seen := map[key]bool{}
	var out diag.List
	for _, d := range in {
		k := key{code: d.Code, summary: d.Summary}
		if d.Subject != nil {
			k.at = *d.Subject
			if seen[k] {
				continue
			}
			seen[k] = true
		}
		out = append(out, d)
	}
	return out
}

func (c *checker) report(d diag.Diagnostic) {
	if d.Severity == diag.Invalid {
		d.Severity = diag.Error
	}
	c.diags = append(c.diags, d)
}

// room reports whether n more steps or modules may be made; the first time they may not, it says so.
func (c *checker) room(n int, at hcl.Range) bool {
	limit := c.in.MaxSteps
	if limit == 0 {
		limit = DefaultMaxSteps
	}
	c.made += n
	if c.made <= limit {
		return true
	}
	if !c.tooMany {
		c.tooMany = true
		c.report(diag.Diagnostic{
			Code: diag.BadRepetition, Subject: &at, Summary: "The plan has too many steps",
			Detail: fmt.Sprintf("%d are allowed, all instances and modules together, and here they are exceeded. Lower count, or shorten for_each.", limit),
		})
	}
	return false
}

// eachModule visits a module and everything it calls, in the order of the files.
func (c *checker) eachModule(m *module, f func(*module)) {
	f(m)
	for _, call := range m.callList {
		for _, child := range call.expand() {
			c.eachModule(child, f)
		}
	}
}

// NewResolver checks a plan and returns what finds the names that conditions about it may use, for conditions
// that stand outside of it: those of `xdc check` and `xdc console`.
func NewResolver(mod *config.Module, cat schema.Catalog, in Inputs) (cond.Resolver, diag.List) {
	_, c, diags := run(mod, cat, in)
	if c == nil {
		return nil, diags
	}
	return &resolver{s: c.root.scope()}, diags
}
