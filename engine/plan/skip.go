package plan

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
)

// skips says what a rehearsal leaves out, and what a run against any stand-in does, and why. It is the same in every
// mode, so that a rehearsed plan and an applied one are the same plan.
//
// A fault without a twin is left out with all that depends on it. An action without one counts as done, and so does a
// wait that looks at what a stand-in does not have; only what uses their results is left out.
func (m *maker) skips() {
	m.leaveOut(m.unseen, func(st *Step) *string { return &st.Unseen })
	m.leaveOut(m.unmanned, func(st *Step) *string { return &st.Unmanned })
	m.leaveOut(func(st *Step) string {
		if !st.Twin {
			return fmt.Sprintf("the twin has no %s %s", st.Type, st.Kind)
		}
		if why := m.unseen(st); why != "" {
			return why
		}
		return m.unmanned(st)
	}, func(st *Step) *string { return &st.Skip })
	for _, st := range m.steps {
		st.Twin = st.Skip == ""
	}
	for i := range m.plan.Guards {
		g := &m.plan.Guards[i]
		g.Unseen, g.Unmanned = m.outside(g.That), m.machines(g.That)
	}
}

// leaveOut gives every step that is left out the reason for it: its own, or that of a step before it.
func (m *maker) leaveOut(own func(*Step) string, why func(*Step) *string) {
	for i, st := range m.steps {
		if *why(st) = own(st); *why(st) != "" {
			continue
		}
		for _, l := range m.before[i] {
			from := m.steps[l.step]
			if reason := *why(from); reason != "" && leavesOut(from, reason, st) {
				*why(st) = fmt.Sprintf("%s%s, and %s", depends, from.Address, root(reason))
				break
			}
		}
	}
}

// depends begins the reasons that come from another step.
const depends = "it depends on "

// Inherited reports whether a step is left out because of another one, by the reason.
func Inherited(reason string) bool { return strings.HasPrefix(reason, depends) }

// unseen says why a step cannot be judged against a stand-in.
func (m *maker) unseen(st *Step) string { return m.outside(conditions(st.Step)...) }

// outside names a signal that conditions look at and that stand-ins have nothing behind.
func (m *maker) outside(cs ...*program.Condition) string {
	for _, c := range cs {
		if c == nil || c.Formula == nil {
			continue
		}
		for _, sub := range c.Formula.Subjects() {
			if p, ok := m.reg.Provider(sub.Provider); ok && p.Outside {
				return fmt.Sprintf("stand-ins have no %s to ask for %s", p.Name, sub.Name)
			}
		}
	}
	return ""
}

// unmanned says why a step cannot be judged where there are no machines.
func (m *maker) unmanned(st *Step) string { return m.machines(conditions(st.Step)...) }

// machines names a signal of a machine that conditions look at.
func (m *maker) machines(cs ...*program.Condition) string {
	for _, c := range cs {
		if c == nil || c.Formula == nil {
			continue
		}
		for _, sub := range c.Formula.Subjects() {
			if p, ok := m.reg.Provider(sub.Provider); ok && p.Machines {
				return "the twin has no machine to ask for " + sub.Name
			}
		}
	}
	return ""
}

// DigestOf is the sha256 of a file that the plan names, as it was when the plan was made; empty where it was not read then.
func (p *Plan) DigestOf(name string) string {
	for _, f := range p.Files {
		if f.Path == path.Clean(filepath.ToSlash(name)) {
			return f.SHA256
		}
	}
	return ""
}

// Look is a target of which conditions name signals of a provider.
type Look struct{ Target, Provider string }

// Looks lists what the conditions of the plan look at, each once, in the order of first use.
func (p *Plan) Looks() []Look {
	var out []Look
	for _, sub := range p.subjects() {
		target, _, _ := strings.Cut(sub.Name, ".")
		if l := (Look{target, sub.Provider}); sub.Provider != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// Signals lists the signals of a target that conditions name, without the target, each once, in the order of first use.
func (p *Plan) Signals(target string) []string {
	var out []string
	for _, sub := range p.subjects() {
		if name, ok := strings.CutPrefix(sub.Name, target+"."); ok && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// subjects are what the conditions of the plan look at, but for steps.
func (p *Plan) subjects() []cond.Subject {
	var out []cond.Subject
	add := func(cs ...*program.Condition) {
		for _, c := range cs {
			if c == nil || c.Formula == nil {
				continue
			}
			for _, sub := range c.Formula.Subjects() {
				if sub.Step == "" {
					out = append(out, sub)
				}
			}
		}
	}
	for _, st := range p.Steps {
		if st.Step != nil {
			add(conditions(st.Step)...)
		}
	}
	for i := range p.Guards {
		add(p.Guards[i].That)
	}
	return out
}

// conditions are those of a step; some may be nil.
func conditions(s *program.Step) []*program.Condition {
	cs := []*program.Condition{s.When}
	if s.Wait != nil {
		cs = append(cs, s.Wait.Until)
	}
	if s.Expect != nil {
		cs = append(cs, s.Expect.That)
	}
	return cs
}

// root is the reason at the end of a chain of reasons.
func root(skip string) string {
	if _, why, ok := strings.Cut(skip, ", and "); ok {
		return why
	}
	return skip
}

// leavesOut reports whether a run without one step, for a reason, goes without the other too.
func leavesOut(from *Step, reason string, st *Step) bool {
	switch addr.Kind(from.Kind) { //nolint:exhaustive // what else is left out takes along what depends on it
	case addr.Action, addr.Wait:
		return Inherited(reason) || usesResults(st.Step, from)
	case addr.Expect:
		return usesResults(st.Step, from)
	}
	return true
}

// usesResults reports whether a step looks at what another one found out, and does not only come after it.
func usesResults(s *program.Step, from *Step) bool {
	if s.Late != nil {
		return true
	}
	if s.Expect != nil {
		block := from.Addr
		block.Module = addr.Root
		if strings.Contains(s.Expect.Condition, block.Block().String()) {
			return true
		}
	}
	for _, c := range conditions(s) {
		if c == nil || c.Formula == nil {
			continue
		}
		for _, sub := range c.Formula.Subjects() {
			if sub.Step == from.Address {
				return true
			}
		}
	}
	return false
}
