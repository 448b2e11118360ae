package check

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// dependsOn adds the edges of depends_on. Those of an audit do not delay it: it opens with its seed, and closes
// only when what it depends on is finished.
func (s *scope) dependsOn(in *instance, a *hcl.Attribute) {
	items, hds := hcl.ExprList(a.Expr)
	if hds.HasErrors() {
		s.report(diag.Diagnostic{
			Code: diag.BadDependsOn, Subject: a.Expr.Range().Ptr(), Summary: "depends_on is a list",
			Detail: "Put references into brackets: depends_on = [wait.paired].",
		})
		return
	}
	for _, item := range items {
		s.dependency(in, item)
	}
}

func (s *scope) dependency(in *instance, item hcl.Expression) {
	tr, plain := plainTraversal(item)
	if !plain {
		ix := indexes(item)
		if len(ix) != 1 || len(item.Variables()) == 0 {
			s.report(diag.Diagnostic{
				Code: diag.BadDependsOn, Subject: item.Range().Ptr(), Summary: "This is not a dependency",
				Detail: "Write the address of a step or a module as it is: wait.paired, fault.network_partition.cut.healed, module.failback.",
			})
			return
		}
		tr = item.Variables()[0]
		for _, v := range item.Variables() {
			if slices.Contains(addr.Kinds(), addr.Kind(v.RootName())) {
				tr = v
			}
		}
	}
	if tr.RootName() == "module" {
		if d := s.bind(tr, &node{}); d != nil {
			s.report(*d)
			return
		}
		s.moduleDependency(in, tr)
		return
	}
	if !slices.Contains(addr.Kinds(), addr.Kind(tr.RootName())) || tr.RootName() == string(addr.Guard) {
		s.report(diag.Diagnostic{
			Code: diag.BadDependsOn, Subject: item.Range().Ptr(), Summary: "This is not a step",
			Detail: fmt.Sprintf("%s is nothing that is ever finished. depends_on takes steps and modules.", traversalText(tr)),
		})
		return
	}
	refs, ok := s.mentioned(item)
	if !ok {
		return
	}
	for _, r := range refs {
		point := r.point()
		switch r.attr {
		case "started":
			point = program.Started
		case "", "healed", "injected", "done":
		default:
			s.report(diag.Diagnostic{
				Code: diag.BadDependsOn, Subject: item.Range().Ptr(), Summary: fmt.Sprintf("%s is not a moment", r.attr),
				Detail: fmt.Sprintf("Depend on %s itself, on its start (.started)%s.", r.block.local(), map[bool]string{true: ", or on its heal (.healed)"}[r.block.conf.Kind == addr.Fault]),
			})
			continue
		}
		for _, dep := range r.instances {
			in.needs.add(program.Need{Step: dep.addr, Point: point, Order: in.addr.Kind == addr.Audit, Range: item.Range()})
		}
	}
}

// moduleDependency waits for modules, or for the steps or outputs of one.
func (s *scope) moduleDependency(in *instance, tr hcl.Traversal) {
	n, _ := name(tr, 1)
	k := s.mod.calls[n]
	if _, ok := name(tr, 2); ok && k.how == single {
		refs := s.moduleReferences(tr)
		if last := tr[len(tr)-1]; len(refs) == 1 {
			if at, ok := last.(hcl.TraverseAttr); ok && at.Name == "started" {
				for _, dep := range refs[0].instances {
					in.needs.add(program.Need{Step: dep.addr, Point: program.Started, Order: in.addr.Kind == addr.Audit, Range: tr.SourceRange()})
				}
				return
			}
		}
		in.needs.refer(refs, in.addr.Kind == addr.Audit)
		return
	}
	var chosen []*module
	for _, child := range k.expand() {
		if len(tr) > 2 {
			if key, ok := name(tr, 2); ok && child.key != addr.StringKey(key) {
				continue
			} else if ix, isIx := tr[2].(hcl.TraverseIndex); !ok && isIx {
				if key, good := keyOf(ix.Key); good && key != child.key {
					continue
				}
			}
		}
		chosen = append(chosen, child)
	}
	in.afterModules = append(in.afterModules, afterModule{modules: chosen, rng: tr.SourceRange()})
}

// afterModule is an edge to whole modules, which is made when all their steps are known.
type afterModule struct {
	modules []*module
	rng     hcl.Range
}

// moduleEdges adds the edges between whole modules: depends_on and serial of calls, and depends_on of steps on
// modules.
func (c *checker) moduleEdges() {
	for _, in := range c.order {
		for _, am := range in.afterModules {
			for _, m := range am.modules {
				in.needs.after(m.leaves(), in.addr.Kind == addr.Audit, am.rng)
			}
		}
		in.step.Needs = in.needs.list
	}
	c.eachModule(c.root, func(m *module) {
		for _, k := range m.callList {
			k.edges()
		}
	})
	for _, in := range c.order {
		in.step.Needs = in.needs.list
	}
}

func (n *needs) after(steps []*instance, order bool, rng hcl.Range) {
	for _, in := range steps {
		n.add(program.Need{Step: in.addr, Point: endPoint(in.addr.Kind), Order: order, Range: rng})
	}
}

// edges are those of one call: what it depends on, and its instances in series.
func (k *call) edges() {
	s := k.mod.scope()
	if a := k.conf.Meta["depends_on"]; a != nil {
		probe := &instance{block: &block{mod: k.mod}, addr: addr.Step{Kind: "module", Name: k.conf.Name}}
		s.dependsOn(probe, a)
		for _, child := range k.instances {
			for _, root := range child.roots() {
				for _, need := range probe.needs.list {
					root.needs.add(need)
				}
				for _, am := range probe.afterModules {
					for _, m := range am.modules {
						root.needs.after(m.leaves(), false, am.rng)
					}
				}
			}
		}
	}
	a := k.conf.Meta["serial"]
	if a == nil || !s.isSerial(a) {
		return
	}
	for i := 1; i < len(k.instances); i++ {
		leaves := k.instances[i-1].leaves()
		for _, root := range k.instances[i].roots() {
			root.needs.after(leaves, false, a.NameRange)
		}
	}
}

// all are the steps of a module and of all it calls.
func (m *module) all() []*instance {
	out := slices.Clone(m.members)
	for _, k := range m.callList {
		for _, child := range k.instances {
			out = append(out, child.all()...)
		}
	}
	return out
}

// roots are the steps of a module that wait for no other step of it.
func (m *module) roots() []*instance {
	all := m.all()
	inside := make(map[addr.Step]bool, len(all))
	for _, in := range all {
		inside[in.addr] = true
	}
	var out []*instance
	for _, in := range all {
		waits := slices.ContainsFunc(in.needs.list, func(n program.Need) bool { return inside[n.Step] && !n.Order })
		if !waits {
			out = append(out, in)
		}
	}
	return out
}

// leaves are the steps of a module after which all of it is over: those that no other step of it waits for to the end. Expectations
// hold nothing up.
func (m *module) leaves() []*instance {
	all := m.all()
	awaited := map[addr.Step]bool{}
	for _, in := range all {
		if in.addr.Kind == addr.Expect {
			continue
		}
		for _, n := range in.needs.list {
			if !n.Order && n.Point == endPoint(n.Step.Kind) {
				awaited[n.Step] = true
			}
		}
	}
	var out []*instance
	for _, in := range all {
		if in.addr.Kind != addr.Expect && !awaited[in.addr] {
			out = append(out, in)
		}
	}
	return out
}
