package plan

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/providers"
)

// probes fixes what each probe without a duration runs for: the faults of the plan, but for those that wait for its
// end. It names them as its holders. A probe holds no fault, as an audit does not.
func (m *maker) probes() {
	for i, st := range m.steps {
		if st.Probe == nil || st.Probe.Duration > 0 {
			continue
		}
		later := m.behind(i)
		for j, f := range m.steps {
			if f.Fault != nil && !later[j] {
				st.Holders = append(st.Holders, f.Address)
			}
		}
		if len(st.Holders) == 0 {
			m.error(i, diag.NothingHolds, "Nothing says how long "+st.Address+" lasts",
				"It has no duration, and the plan has no fault whose heal it could wait for. Add duration = \"60s\", or however long it is to send.")
		}
	}
}

// behind are the steps that only begin when a step is finished.
func (m *maker) behind(i int) map[int]bool {
	out := map[int]bool{}
	var todo []int
	push := func(from int, whole bool) {
		for _, l := range m.after[from] {
			if l.order || out[l.step] || whole && l.point == program.Started {
				continue
			}
			out[l.step] = true
			todo = append(todo, l.step)
		}
	}
	push(i, true)
	for len(todo) > 0 {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		push(next, false)
	}
	return out
}

// describeProbe is the dry run of a probe: what it would send, by the provider that would carry it.
func (m *maker) describeProbe(i int) {
	st := m.steps[i]
	t, p, ok := m.reg.Seed(st.Probe.Through)
	if !ok || t.Ends == nil {
		m.error(i, diag.NoProvider, fmt.Sprintf("Probes cannot send through %q", st.Probe.Through), strings.TrimSpace("No provider carries them."+diag.Suggest(st.Probe.Through, m.reg.StepTypes(addr.Probe))))
		return
	}
	st.Provider = p.Name
	if !m.known(i, st.Probe.ResultsAt) {
		return
	}
	m.ask(i, func(s providers.Scope, args json.RawMessage) (providers.Description, diag.List) {
		in, _, err := t.Ends(args)
		if err != nil { // something in it is known only after the run has come there
			return providers.Description{SideEffects: true}, nil
		}
		return t.Describe(s, in)
	}, st.Probe.Targets)
	st.Description.Summary = probeWords(st.Probe)
	st.Description.Places = union(st.Description.Places, placesOf(st.Probe.Targets))
}

// probeEnds is how long a probe goes on once nothing holds it.
func probeEnds(p *program.Probe) float64 {
	if p.Duration > 0 {
		return (p.Duration + p.Deadline).D().Seconds()
	}
	return (p.Settle + p.Hold + p.Deadline).D().Seconds()
}

// probeWords is the dry run of a probe in one line.
func probeWords(p *program.Probe) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s marked records a second", number(p.Rate))
	if p.Duration > 0 {
		fmt.Fprintf(&b, " for %s", p.Duration)
	} else {
		fmt.Fprintf(&b, " until %s after the last heal", p.Settle+p.Hold)
	}
	switch p.Route {
	case "failover":
		fmt.Fprintf(&b, " to %s when it has taken nothing for %s", strings.Join(p.Targets, ", then "), p.SwitchAfter)
	case "mirror":
		b.WriteString(" to each of " + strings.Join(p.Targets, ", "))
	case "spread":
		b.WriteString(" to " + strings.Join(p.Targets, ", ") + " in turns")
	default:
		b.WriteString(" to " + strings.Join(p.Targets, ", "))
	}
	fmt.Fprintf(&b, "; good if the result is at %s within %s", strings.Join(p.ResultsAt, " or "), p.Deadline)
	return b.String()
}
