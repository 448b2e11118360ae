package plan

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

func (m *maker) foreseeExpect(_ int, st *Step) {
	that := st.Expect.That
	if that == nil || that.Formula == nil {
		return
	}
	m.foreseeStates(st)
	ts, ok := terms(that)
	if !ok {
		return
	}
	for _, t := range ts {
		if i, ok := m.byName[t.subject.Step]; ok && m.steps[i].Wait != nil && m.steps[i].Wait.Since != nil {
			m.foreseeRTO(st, i, t, len(ts) == 1)
		}
	}
}

// foreseeStates looks for questions about states that no audit was told of.
func (m *maker) foreseeStates(st *Step) {
	for _, s := range st.Expect.That.Formula.Subjects() {
		i, ok := m.byName[s.Step]
		if !ok || m.steps[i].Audit == nil || m.steps[i].Audit.State != "" || !strings.HasSuffix(s.Name, ".monotone_state") {
			continue
		}
		m.warn(st, diag.OverNothing, st.Address+" asks for states that nobody looks at",
			fmt.Sprintf("%s is not told which field holds the application's state, so that monotone_state is unknown whatever happens, and the verdict inconclusive. Give the audit `state`, the name of a field with a whole number that never goes back.", s.Step))
		return
	}
}

// foreseeRTO holds an objective for a recovery time against what must happen.
func (m *maker) foreseeRTO(st *Step, i int, t term, alone bool) {
	wait := m.steps[i]
	limit, ok := t.seconds()
	if !ok || t.attr() != "rto" && t.attr() != "rto_high" {
		return
	}
	p, known := m.recovery(wait)
	known = known && wait.Wait.Since.Name == "injected"
	below := t.op == "<" || t.op == "<="
	above := t.op == ">" || t.op == ">="
	longest := 0.0
	if wait.Wait.Since.Name == "injected" {
		longest = m.sinceInjection(i, wait)
	}
	switch {
	case below && known && limit < p.Low:
		m.warn(st, diag.CannotBeMet, st.Address+" cannot be met",
			fmt.Sprintf("It asks for at most %s, and by the plan's own figures it takes at least %s: %s. Shorten the heartbeat interval or allow fewer misses in the application, or ask for more than %s.",
				signal.Seconds(limit), signal.Seconds(p.Low), p.Words, signal.Seconds(p.High)))
	case above && known && p.Sure && limit > p.High:
		m.warn(st, diag.CannotBeMet, st.Address+" cannot be met",
			fmt.Sprintf("It asks for at least %s, and by the plan's own figures it takes at most %s: %s.", signal.Seconds(limit), signal.Seconds(p.High), p.Words))
	case below && alone && longest > 0 && limit >= longest:
		m.warn(st, diag.CannotFail, st.Address+" asks for no more than its wait does",
			fmt.Sprintf("It allows %s, and %s gives up %s after the fault: whatever it measures is less, and if it measures nothing the verdict is inconclusive. Ask for less, or raise the wait's timeout above %s.",
				signal.Seconds(limit), wait.Address, signal.Seconds(longest), signal.Seconds(limit)))
	}
}
