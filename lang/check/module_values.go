package check

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
)

// bindModule binds module.NAME, its outputs and its steps.
func (s *scope) bindModule(tr hcl.Traversal, env *node) *diag.Diagnostic {
	n, ok := name(tr, 1)
	if !ok {
		return unknown(tr, "This names no module", "Write module.NAME.OUTPUT.")
	}
	k, ok := s.mod.calls[n]
	if !ok {
		return unknown(tr, fmt.Sprintf("There is no module %q", n), "Declare it in a module block."+diag.Suggest(n, sorted(s.mod.calls)))
	}
	if s.noSteps != "" && k.state == busy {
		return s.mod.c.inCircle("module."+n, tr.SourceRange())
	}
	instances := k.expand()
	if k.child == nil {
		env.set(poisoned, "module", n)
		return nil
	}
	if k.how == single && len(instances) == 1 {
		child := instances[0]
		member, ok := name(tr, 2)
		if !ok {
			env.set(child.outputValues(s), "module", n)
			return nil
		}
		if slices.Contains(addr.Kinds(), addr.Kind(member)) && child.outputs[member] == nil {
			return s.bindStep(child, tr, 2, env, []string{"module", n})
		}
		if child.outputs[member] == nil {
			return unknown(tr, fmt.Sprintf("Module %s has no output %q", n, member),
				"What a caller may see is declared in output blocks of the module."+diag.Suggest(member, sorted(child.outputs)))
		}
		env.set(child.outputValue(s, member), "module", n, member)
		return nil
	}
	env.set(k.value(s), "module", n)
	return nil
}

// value is a call with instances: an object by key, or a tuple.
func (k *call) value(s *scope) cty.Value {
	if k.how == counted {
		els := []cty.Value{}
		for _, child := range k.instances {
			els = append(els, child.outputValues(s))
		}
		return cty.TupleVal(els)
	}
	els := map[string]cty.Value{}
	for _, child := range k.instances {
		els[child.key.Text()] = child.outputValues(s)
	}
	return cty.ObjectVal(els)
}

func (m *module) outputValues(s *scope) cty.Value {
	attrs := map[string]cty.Value{}
	for _, n := range sorted(m.outputs) {
		attrs[n] = m.outputValue(s, n)
	}
	return cty.ObjectVal(attrs)
}

func (m *module) outputValue(s *scope, n string) cty.Value {
	o := m.outputs[n]
	l, ok := m.outs[n]
	if !ok {
		l = &lazy{}
		m.outs[n] = l
	}
	v, d := l.get(s, l, string(m.addr)+"."+n, o.Range, func(s *scope) cty.Value {
		v, _ := s.within(m).eval(o.Value)
		return v
	})
	if d != nil {
		s.report(*d)
	}
	return v
}
