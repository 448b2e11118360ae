package check

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
)

// local is a name in a locals block.
type local struct {
	conf *config.Local
	mod  *module
	lazy
}

// lazy is a value that is evaluated when it is first needed.
type lazy struct {
	state state
	val   cty.Value
	refs  []reference
	// walked says that refs are known.
	walked state
}

// chain is what is being evaluated, for messages about values that need themselves.
func (c *checker) inCircle(name string, at hcl.Range) *diag.Diagnostic {
	return &diag.Diagnostic{
		Severity: diag.Error, Code: diag.ValueCycle, Subject: &at,
		Summary: fmt.Sprintf("%s needs itself", name),
		Detail:  "Its value depends, directly or through others, on itself, so that it can never be known. Break the circle.",
	}
}

// get evaluates v once while planning, and again with results where it depends on them.
func (l *lazy) get(s *scope, key any, name string, at hcl.Range, eval func(*scope) cty.Value) (cty.Value, *diag.Diagnostic) {
	switch l.state {
	case busy:
		l.val = poisoned
		return poisoned, s.mod.c.inCircle(name, at)
	case fresh:
		l.state = busy
		plan := *s
		plan.res, plan.late = nil, nil
		v := eval(&plan)
		if l.val == cty.NilVal || !isPoisoned(l.val) {
			l.val = v
		}
		l.state = done
	case done:
	}
	if s.res == nil || l.val.IsWhollyKnown() {
		return l.val, nil
	}
	if v, ok := s.late[key]; ok {
		return v, nil
	}
	v := eval(s)
	s.late[key] = v
	return v, nil
}

func (l *local) get(s *scope) (cty.Value, *diag.Diagnostic) {
	return l.lazy.get(s, l, "local."+l.conf.Name, l.conf.Range, func(s *scope) cty.Value {
		v, _ := s.within(l.mod).eval(l.conf.Expr)
		return v
	})
}

// references are the steps that the local's value depends on.
func (l *local) references() []reference {
	return l.lazy.references(func() []reference { return l.mod.scope().references(l.conf.Expr) })
}

func (l *lazy) references(walk func() []reference) []reference {
	if l.walked == fresh {
		l.walked = busy
		l.refs = walk()
		l.walked = done
	}
	return l.refs
}

// unusedLocals evaluates locals that nothing refers to, so that their errors are found too.
func (c *checker) unusedLocals() {
	c.eachModule(c.root, func(m *module) {
		for _, l := range m.conf.Locals {
			m.local(l.Name).check()
		}
	})
}

func (m *module) local(name string) *local { return m.locals[name] }

func (l *local) check() {
	if l.state == fresh {
		if _, d := l.get(l.mod.scope()); d != nil {
			l.mod.c.report(*d)
		}
	}
}

// sorted returns the keys of a map in order, for suggestions.
func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
