// Package check turns typed blocks into a checked program: every instance of every step with its arguments
// evaluated, its edges, and its conditions compiled.
//
// It finds all that can be found without a network: unknown references, wrong types, cycles, secrets where
// none may be, impossible combinations. What providers say about a step beyond their schemas is not asked
// here; engine/plan asks.
package check

import (
	"sync"

	"github.com/xdc-project/xdc/lang/addr"
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
	c := &checker{
		cat: cat, in: in, prog: &program.Program{Folder: mod.Set.Folder()},
		targets: map[string]*target{}, instances: map[string]*instance{}, schemas: map[string]*stepSchema{},
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
	return c.prog, c.diags
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

	// mu guards everything lazily evaluated once Run is over.
	mu sync.Mutex
}

func (c *checker) report(d diag.Diagnostic) {
	if d.Severity == diag.Invalid {
		d.Severity = diag.Error
	}
	c.diags = append(c.diags, d)
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
