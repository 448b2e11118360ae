package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// foresee warns where the plan's own figures already say how it will end, and where it tests less than it seems to.
func (m *maker) foresee() {
	m.unnoticed = map[string]bool{}
	m.each(addr.Wait, m.foreseeWait)
	m.each(addr.Fault, m.foreseeFault)
	m.each(addr.Expect, m.foreseeExpect)
	for i, st := range m.steps {
		m.foreseeWhen(i, st)
	}
	m.each(addr.Audit, m.foreseeAudit)
	m.sticky()
	m.traffic()
	m.toolkits()
	m.unverified()
	if m.plan.Timeout > 0 && m.takes > m.plan.Timeout.D().Seconds() {
		m.diags = append(m.diags, diag.Diagnostic{
			Severity: diag.Warning, Code: diag.TakesTooLong, Summary: "The plan takes longer than its timeout",
			Detail: fmt.Sprintf("By its own figures it takes at least %s, and it is broken off after %s. Raise plan.timeout. The longest way through it is %s.",
				signal.Seconds(m.takes), m.plan.Timeout, shorten(m.plan.Critical, " -> ")),
		})
	}
}

func (m *maker) foreseeWait(i int, st *Step) {
	if st.Wait.Since == nil {
		m.foreseePairing(i, st)
		return
	}
	p, ok := m.recovery(st)
	at, known := m.at[st.Wait.Since.Step]
	if !known || st.Wait.Since.Name != "injected" {
		return
	}
	fault := m.steps[at]
	if !ok {
		m.foreseeUntouched(fault, st)
		return
	}
	held := fault.Fault.Duration.D().Seconds()
	hold := st.Wait.Hold.D().Seconds()
	limit := m.sinceInjection(i, st)
	switch {
	case limit > 0 && limit < p.Low+hold:
		m.warn(st, diag.WaitTooShort, st.Address+" gives up before it can succeed",
			fmt.Sprintf("What it waits for comes %s after the fault at the earliest (%s) and must then hold for %s; the wait ends %s after the fault. Raise timeout above %s.",
				signal.Seconds(p.Low), p.Words, st.Wait.Hold, signal.Seconds(limit), signal.Seconds(p.High+hold)))
	case held > 0 && !p.Possible:
		m.warn(st, diag.OnlyAfterHeal, st.Address+" waits for what this fault cannot cause",
			fmt.Sprintf("%s is %s, and it takes longer until the other side notices: %s. Hold it for more than %s.", fault.Address, fault.Held, p.Words, signal.Seconds(p.High)))
	case held > 0 && !p.Sure:
		m.unnoticed[fault.Address] = true
		m.warn(st, diag.MayGoUnnoticed, fault.Address+" may go unnoticed",
			fmt.Sprintf("It is %s, which is inside the window of %s to %s in which the other side notices (%s). %s may time out, or end only after the heal, although nothing is wrong. Hold the fault for more than %s.",
				fault.Held, signal.Seconds(p.Low), signal.Seconds(p.High), p.Words, st.Address, signal.Seconds(p.High)))
	case held > 0 && p.High > held:
		m.warn(st, diag.OnlyAfterHeal, st.Address+" may end only after the heal",
			fmt.Sprintf("%s is %s, and what is waited for comes up to %s after it (%s). What is measured then is not a recovery while the fault lasted. Hold the fault for more than %s.",
				fault.Address, fault.Held, signal.Seconds(p.High), p.Words, signal.Seconds(p.High)))
	}
}

// foreseeUntouched looks at a wait for a side to believe the other down because of a fault that cuts some traffic, but
// by the prediction for its jobs not the heartbeats.
func (m *maker) foreseeUntouched(fault, st *Step) {
	cuts := fault.Description.Severs
	if len(cuts) == 0 || len(fault.Description.Stops) > 0 || slices.ContainsFunc(cuts, func(s providers.Severed) bool { return !s.Total }) {
		return
	}
	ts, ok := terms(st.Wait.Until)
	if !ok {
		return
	}
	for _, t := range ts {
		job, name, ok := m.toolkit(t)
		if !ok || name != "remote" || t.op != "==" || t.right != "down" {
			continue
		}
		j := m.steps[job].Job
		if _, _, told := m.foretold(fault, t); told || j.Toolkit == nil || j.Toolkit.HeartbeatInterval == 0 || !m.predicts(j.Path) {
			continue
		}
		m.warn(st, diag.CannotBeMet, st.Address+" waits for what this fault does not cause",
			fmt.Sprintf("What %s cuts is not what carries the heartbeats to %s, so that side never believes the other down because of it. Check the hosts, the networks and the ports of the fault; heartbeats arrive at port %d.",
				fault.Address, j.Target, j.Toolkit.Port))
		return
	}
}

// predicts reports whether anything at all could be predicted for a job: it has another side.
func (m *maker) predicts(path string) bool {
	targets := map[string]bool{}
	for _, j := range m.plan.Jobs {
		if j.Toolkit != nil && j.Path == path {
			targets[j.Target] = true
		}
	}
	return len(targets) > 1 && slices.ContainsFunc(m.reg.Providers(), func(p *providers.Provider) bool { return p.Predict != nil })
}

// sinceInjection is how long after the fault's injection a measurement goes on at most; 0: for ever.
func (m *maker) sinceInjection(i int, st *Step) float64 {
	if st.Timeout == 0 {
		return 0
	}
	begin, inj := m.times[3*i+started], m.times[3*m.at[st.Wait.Since.Step]+injected]
	late := st.Delay.D().Seconds()
	if begin.low > inj.low+late || !begin.sure && inj.sure {
		late = begin.late - inj.low // it waits for something else too
	}
	if math.IsInf(late, 1) {
		return 0
	}
	return late + st.Timeout.D().Seconds()
}

// foreseePairing looks at a wait for both sides of freshly submitted jobs to see each other.
func (m *maker) foreseePairing(i int, st *Step) {
	jobs, ok := m.pairing(st.Wait.Until)
	if !ok || st.Timeout == 0 || st.When != nil {
		return
	}
	for _, j := range jobs {
		job := m.steps[j].Job
		delay, hold := job.Toolkit.InitDelay.D().Seconds(), st.Wait.Hold.D().Seconds()
		waited := m.times[3*i+started].low - m.times[3*j+ended].low + typicalSubmit
		if job.Bundle != "" && waited+st.Timeout.D().Seconds() < delay+hold {
			m.warn(st, diag.WaitTooShort, st.Address+" gives up before it can succeed",
				fmt.Sprintf("The toolkit in %s is silent for the first %s (init_delay), and the condition must then hold for %s. Raise timeout above %s, or lower init_delay in the application's configuration and in the plan.",
					m.steps[j].Address, signal.Seconds(delay), st.Wait.Hold, signal.Seconds(delay+hold)))
			return
		}
	}
}

// foreseeFault warns of a fault that is as long as the window in which it is noticed, unless a wait has said so.
func (m *maker) foreseeFault(_ int, st *Step) {
	if st.Fault.Duration == 0 || m.unnoticed[st.Address] {
		return
	}
	for _, p := range m.detections(st) {
		if p.Possible && !p.Sure {
			m.warn(st, diag.MayGoUnnoticed, st.Address+" may go unnoticed",
				fmt.Sprintf("It is %s, which is inside the window of %s to %s in which %s notices (%s). The plan may end either way. Hold the fault for more than %s, or for less than %s.",
					st.Held, signal.Seconds(p.Low), signal.Seconds(p.High), p.Target, p.Words, signal.Seconds(p.High), signal.Seconds(p.Low)))
			return
		}
	}
}

func (m *maker) foreseeWhen(_ int, st *Step) {
	seed, n, ok := m.threshold(st.When)
	if !ok {
		return
	}
	s := m.steps[seed]
	if total, _ := extent(s.Seed); total < n {
		m.warn(st, diag.NeverReached, st.Address+" never starts",
			fmt.Sprintf("It waits for %s records, and %s sends %s in all. Lower the threshold, or let the seed send more.", number(n), s.Address, number(total)))
	}
}

func (m *maker) foreseeAudit(_ int, st *Step) {
	i, ok := m.at[st.Audit.Seed]
	if !ok {
		return
	}
	seed := m.steps[i]
	if total, _ := extent(seed.Seed); total < 1 {
		m.warn(st, diag.OverNothing, st.Address+" audits nothing", fmt.Sprintf("%s sends no record at all, so that nothing can be lost. Raise its rate, its duration or its records.", seed.Address))
		return
	}
	if len(st.Audit.Targets) > 0 && len(union([]string(nil), st.Audit.Targets))+len(seed.Seed.Targets) == len(union(union([]string(nil), st.Audit.Targets), seed.Seed.Targets)) {
		m.warn(st, diag.OverNothing, st.Address+" reads where nothing is sent",
			fmt.Sprintf("%s sends to %s, and the audit reads only from %s: what comes out where it is put in is not seen and counts as lost. Add the seed's targets to the audit's.",
				seed.Address, strings.Join(seed.Seed.Targets, " and "), strings.Join(st.Audit.Targets, " and ")))
	}
}

// sticky warns of waiting for both sides to be up again after a fault that silences both, when nothing that comes
// after it restarts either of them.
func (m *maker) sticky() {
	restarted := m.restarts()
	m.each(addr.Fault, func(i int, fault *Step) {
		down, sure := map[string]bool{}, true
		for _, p := range m.detections(fault) {
			if p.Possible {
				down[p.Target] = true
				sure = sure && p.Sure
			}
		}
		if len(down) < 2 || len(fault.Description.Stops) > 0 || restarted[i] {
			return
		}
		said := map[int]bool{}
		for _, l := range m.after[i] {
			st := m.steps[l.step]
			if said[l.step] || st.Wait == nil && st.Expect == nil || !m.hopesForUp(fault, st) {
				continue
			}
			said[l.step] = true
			how := "Both sides notice the fault"
			if !sure {
				how = "Both sides may notice the fault"
			}
			m.warn(st, diag.StaysSilent, st.Address+" waits for what does not come by itself",
				fmt.Sprintf("%s, and a side that believes the other down sends no more heartbeats: after %s is healed both stay silent, and neither comes up again until the application on one side is restarted. Add an action that restarts it after %s.healed.",
					how, fault.Address, fault.Address))
		}
	})
}

// restarts says of each step whether anything that may restart an application comes after it.
func (m *maker) restarts() []bool {
	may := func(st *Step) bool {
		return st.Job != nil || st.Action != nil && st.Action.Approve == nil || len(st.Description.Stops) > 0
	}
	out := make([]bool, len(m.steps))
	for i := len(m.steps) - 1; i >= 0; i-- {
		for _, l := range m.after[i] {
			out[i] = out[i] || out[l.step] || may(m.steps[l.step])
		}
	}
	return out
}

// hopesForUp reports whether a step waits for a side to see the other up after the fault's heal.
func (m *maker) hopesForUp(fault, st *Step) bool {
	if st.Expect != nil {
		that := st.Expect.That
		if that == nil || that.Formula == nil {
			return false
		}
		text := that.Formula.String()
		return strings.HasPrefix(text, "eventually ") && strings.Contains(text, ".toolkit.remote == up") && strings.Contains(text, " from "+fault.Address+".healed")
	}
	ts, ok := terms(st.Wait.Until)
	if !ok || !m.afterHeal(fault, st) {
		return false
	}
	for _, t := range ts {
		if _, signal, ok := m.toolkit(t); ok && signal == "remote" && t.op == "==" && t.right == "up" {
			return true
		}
	}
	return false
}

// afterHeal reports whether a step waits, directly, for the fault's heal or measures from it.
func (m *maker) afterHeal(fault, st *Step) bool {
	for _, n := range st.Needs {
		if n.Step == fault.Addr && !n.Order && (n.Point == "healed" || n.Point == "finished") {
			return true
		}
	}
	return false
}
