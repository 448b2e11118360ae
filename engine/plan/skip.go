package plan

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/program"
)

// skips says what a rehearsal leaves out, and why. It is the same in every mode, so that a rehearsed plan and an
// applied one are the same plan.
//
// A fault without a twin is left out with all that depends on it. An action without one counts as done; only what
// uses its results is left out.
func (m *maker) skips() {
	for i, st := range m.steps {
		if !st.Twin {
			st.Skip = fmt.Sprintf("the twin has no %s %s", st.Type, st.Kind)
			continue
		}
		for _, l := range m.before[i] {
			from := m.steps[l.step]
			if from.Skip == "" || !m.leavesOut(from, st) {
				continue
			}
			st.Skip = fmt.Sprintf("it depends on %s, and %s", from.Address, root(from.Skip))
			st.Twin = false
			break
		}
	}
}

// root is the reason at the end of a chain of reasons.
func root(skip string) string {
	if _, why, ok := strings.Cut(skip, ", and "); ok {
		return why
	}
	return skip
}

// leavesOut reports whether a rehearsal without one step goes without the other too.
func (m *maker) leavesOut(from, st *Step) bool {
	if addr.Kind(from.Kind) == addr.Action && !strings.HasPrefix(from.Skip, "it depends on ") || addr.Kind(from.Kind) == addr.Expect {
		return usesResults(st.Step, from)
	}
	return true
}

// usesResults reports whether a step looks at what another one found out, and does not only come after it.
func usesResults(s *program.Step, from *Step) bool {
	if s.Late != nil {
		return true
	}
	conditions := []*program.Condition{s.When}
	if s.Wait != nil {
		conditions = append(conditions, s.Wait.Until)
	}
	if s.Expect != nil {
		conditions = append(conditions, s.Expect.That)
		block := from.Addr
		block.Module = addr.Root
		if strings.Contains(s.Expect.Condition, block.Block().String()) {
			return true
		}
	}
	for _, c := range conditions {
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
