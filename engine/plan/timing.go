package plan

import (
	"math"
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
)

// What steps take whose length nothing in the plan states, in seconds. They are figures of experience, good enough to
// draw a timeline with; nothing is judged by them.
const (
	typicalSubmit = 10 // from the request until all processing elements run
	typicalAction = 1
)

// lasts is when an event happens once all that it waits for has happened at m: a start after its `when` and its delay,
// an end after what the step takes.
func (f *flow) lasts(st *Step, e int, m moment) moment {
	switch e {
	case started:
		return f.begins(st, m)
	case ended:
		return f.ends(st, m)
	}
	return m
}

func (f *flow) begins(st *Step, m moment) moment {
	if st.When != nil {
		m = f.afterWhen(st, m)
	}
	m.low += st.Delay.D().Seconds()
	m.late += st.Delay.D().Seconds()
	return m
}

// afterWhen is when the condition comes true. Only the threshold of a seed can be foreseen.
func (f *flow) afterWhen(st *Step, m moment) moment {
	seed, n, ok := f.threshold(st.When)
	if ok {
		s := f.steps[seed].Seed
		t, reached := dueAt(s, n)
		if total, _ := extent(s); reached && n <= total {
			begin := f.when[3*seed+started]
			return m.later(moment{low: begin.low + t, sure: begin.sure, late: begin.late + t + s.Drain.D().Seconds()}, 3*seed+started)
		}
	}
	m.sure, m.late = false, math.Inf(1)
	return m
}

func (f *flow) ends(st *Step, m moment) moment {
	timeout := st.Timeout.D().Seconds()
	if timeout == 0 {
		timeout = math.Inf(1)
	}
	switch addr.Kind(st.Kind) {
	case addr.Job:
		if st.Job.Launched != "" {
			return m // nobody waits for it
		}
		if st.Job.Bundle != "" {
			m.low += typicalSubmit
		}
		m.late += timeout
	case addr.Seed:
		_, length := extent(st.Seed)
		m.low += length
		m.late += length + st.Seed.Drain.D().Seconds()
	case addr.Fault:
		m.low += st.Fault.Duration.D().Seconds()
		m.late += st.Fault.Duration.D().Seconds()
	case addr.Action:
		m.low += typicalAction
		m.late += timeout
		m.sure = m.sure && st.Action.Approve == nil
	case addr.Audit:
		m.low += st.Audit.Settle.D().Seconds()
		m.late += timeout
	case addr.Probe:
		m.low += probeEnds(st.Probe)
		m.late += probeEnds(st.Probe)
	case addr.Wait:
		m = f.afterWait(st, m)
		m.late += timeout
	case addr.Expect, addr.Guard:
	}
	return m
}

// afterWait is when a wait has seen what it waits for, if that can be foreseen, else the earliest.
func (f *flow) afterWait(st *Step, m moment) moment {
	hold := st.Wait.Hold.D().Seconds()
	if at, ok := f.comesTrue(st); ok {
		late, limit := m.late, m.low+st.Timeout.D().Seconds()
		m = m.later(at, at.why)
		m.low, m.late = m.low+hold, late
		if st.Timeout > 0 {
			m.low = min(m.low, limit)
		}
		return m
	}
	if limit := st.Timeout.D().Seconds(); limit > 0 {
		hold = min(hold, limit)
	}
	m.low += hold
	m.sure = false
	return m
}

// comesTrue is when the condition of a wait is expected to come true.
func (f *flow) comesTrue(st *Step) (moment, bool) {
	if since := st.Wait.Since; since != nil {
		i, ok := f.at[since.Step]
		if !ok || since.Name != "injected" {
			return moment{}, false
		}
		p, ok := f.recovery(st)
		if !ok || !p.Possible {
			return moment{}, false
		}
		at := f.when[3*i+injected]
		return moment{low: at.low + p.High, sure: at.sure, why: 3*i + injected}, true
	}
	out := moment{sure: true, why: -1}
	jobs, ok := f.pairing(st.Wait.Until)
	if f.disturbed[f.at[st.Addr]] {
		return out, false // what it was before is gone
	}
	for _, i := range jobs {
		at := f.when[3*i+ended]
		at.low += f.steps[i].Job.Toolkit.InitDelay.D().Seconds()
		out = out.later(at, 3*i+ended)
	}
	return out, ok
}

// healTimes are the heals that can keep audits open, by when their faults are injected.
type healTimes []healTime

type healTime struct {
	injected float64
	heal     moment // the latest of this and all before
}

// healTimes collects the faults injected since the first of the audits opened.
func (f *flow) healTimes(audits []int) healTimes {
	first := len(f.hit)
	for _, a := range audits {
		first = min(first, f.opened[a])
	}
	var out healTimes
	for _, i := range f.hit[first:] {
		h := f.when[3*i+ended]
		h.why = 3*i + ended
		out = append(out, healTime{f.when[3*i+injected].low, h})
	}
	slices.SortStableFunc(out, func(a, b healTime) int {
		switch {
		case a.injected < b.injected:
			return -1
		case a.injected > b.injected:
			return 1
		}
		return 0
	})
	for n := 1; n < len(out); n++ {
		was := out[n-1].heal
		out[n].heal = was.later(out[n].heal, out[n].heal.why)
	}
	return out
}

// close is when an audit can close that could do so at m if there were no faults: not while one of them is in force.
func (h healTimes) close(m moment) moment {
	for {
		n, _ := slices.BinarySearchFunc(h, m.low, func(x healTime, t float64) int {
			if x.injected <= t {
				return -1
			}
			return 1
		})
		if n == 0 || h[n-1].heal.low <= m.low {
			if n > 0 {
				m.sure, m.late = m.sure && h[n-1].heal.sure, max(m.late, h[n-1].heal.late)
			}
			return m
		}
		m = m.later(h[n-1].heal, h[n-1].heal.why)
	}
}
