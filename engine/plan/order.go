package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/engine/graph"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// order puts every step after those it needs, and else in the order of the files. Edges that only order count
// too. lang/check finds cycles with their places; should one be left, it is reported and the files' order stays.
func (m *maker) order() bool {
	var b graph.Builder[int]
	where := make(map[string]int, len(m.prog.Steps))
	for i, s := range m.prog.Steps {
		b.Add(i)
		where[s.Addr.String()] = i
	}
	for i, s := range m.prog.Steps {
		for _, n := range s.Needs {
			if from, ok := where[n.Step.String()]; ok {
				b.Edge(from, i)
			}
		}
	}
	g, err := b.Build()
	order := make([]int, len(m.prog.Steps))
	for i := range order {
		order[i] = i
	}
	if err == nil {
		order = g.Order()
	}
	for _, i := range order {
		m.add(m.prog.Steps[i])
	}
	if cycle, ok := errors.AsType[*graph.CycleError[int]](err); ok {
		names := make([]string, 0, len(cycle.Loop))
		for _, i := range cycle.Loop {
			names = append(names, m.prog.Steps[i].Addr.String())
		}
		m.error(m.at[m.prog.Steps[cycle.Loop[0]].Addr], diag.PlanCycle, "Steps wait for each other for ever: "+shorten(append(names, names[0]), " -> "),
			"None of them could ever start. Remove one of the references between them.")
	}
	return err == nil
}

// add appends a step to the plan.
func (m *maker) add(s *program.Step) {
	st := &Step{
		Address: s.Addr.String(), Kind: string(s.Addr.Kind), Type: s.Addr.Type, Step: s, Twin: true,
		File: s.Range.Filename, Line: s.Range.Start.Line,
	}
	m.at[s.Addr], m.byName[st.Address] = len(m.steps), len(m.steps)
	m.steps = append(m.steps, st)
	m.plan.Steps = append(m.plan.Steps, st)
}

// maxNamed bounds how many names a text lists.
const maxNamed = 6

// shorten joins names and leaves out the middle of long lists.
func shorten(names []string, sep string) string {
	if len(names) <= maxNamed {
		return strings.Join(names, sep)
	}
	head := names[:maxNamed-1]
	return fmt.Sprintf("%s%s… %d more …%s%s", strings.Join(head, sep), sep, len(names)-maxNamed, sep, names[len(names)-1])
}
