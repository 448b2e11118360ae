package plan

import (
	"fmt"
	"math"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// foresee warns where the plan's own figures already say how it will end, and where it tests less than it seems to.
func (m *maker) foresee() {
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
	if !ok || st.Wait.Since.Name != "injected" {
		return
	}
	fault := m.steps[m.at[st.Wait.Since.Step]]
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
		m.warn(st, diag.MayGoUnnoticed, fault.Address+" may go unnoticed",
			fmt.Sprintf("It is %s, which is inside the window of %s to %s in which the other side notices (%s). %s may time out, or end only after the heal, although nothing is wrong. Hold the fault for more than %s.",
				fault.Held, signal.Seconds(p.Low), signal.Seconds(p.High), p.Words, st.Address, signal.Seconds(p.High)))
	case held > 0 && p.High > held:
		m.warn(st, diag.OnlyAfterHeal, st.Address+" may end only after the heal",
			fmt.Sprintf("%s is %s, and what is waited for comes up to %s after it (%s). What is measured then is not a recovery while the fault lasted. Hold the fault for more than %s.",
				fault.Address, fault.Held, signal.Seconds(p.High), p.Words, signal.Seconds(p.High)))
	}
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
	if st.Fault.Duration == 0 || m.warned(st.Address) {
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

// warned reports whether a warning about going unnoticed already names the fault.
func (m *maker) warned(fault string) bool {
	for _, d := range m.diags {
		if d.Code == diag.MayGoUnnoticed && strings.HasPrefix(d.Summary, fault+" ") {
			return true
		}
	}
	return false
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

// sticky warns of waiting for both sides to be up again after a fault that silences both, when nothing restarts
// either of them.
func (m *maker) sticky() {
	m.each(addr.Fault, func(i int, fault *Step) {
		down := map[string]providers.Prediction{}
		sure := true
		for _, p := range m.detections(fault) {
			if p.Possible {
				down[p.Target] = p
				sure = sure && p.Sure
			}
		}
		if len(down) < 2 || len(fault.Description.Stops) > 0 {
			return
		}
		var hopes []*Step
		for _, j := range m.downstream(i) {
			switch st := m.steps[j]; addr.Kind(st.Kind) {
			case addr.Action:
				if st.Action.Approve == nil {
					return // it may restart something
				}
			case addr.Job:
				return
			case addr.Fault:
				if len(st.Description.Stops) > 0 {
					return
				}
			case addr.Wait, addr.Expect:
				if m.hopesForUp(fault, st) {
					hopes = append(hopes, st)
				}
			case addr.Seed, addr.Audit, addr.Guard:
			}
		}
		for _, st := range hopes {
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

// downstream are the steps that come after one, whatever the edge, by place.
func (m *maker) downstream(i int) []int {
	seen := map[int]bool{}
	stack, out := []int{i}, []int(nil)
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, l := range m.after[at] {
			if !seen[l.step] {
				seen[l.step] = true
				out = append(out, l.step)
				stack = append(stack, l.step)
			}
		}
	}
	return out
}
