package plan

import (
	"math"
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
)

// windows writes the expected times into the steps and the plan, and the chain of steps that takes longest.
func (f *flow) windows() {
	last := -1
	run := moment{sure: true, why: -1, late: math.Inf(1)}
	for i, st := range f.steps {
		if addr.Kind(st.Kind) == addr.Expect {
			continue
		}
		to := f.when[3*i+ended]
		st.Expected = window(f.when[3*i+started], to)
		run.sure = run.sure && to.sure
		if last < 0 || to.low > run.low {
			last, run.low = 3*i+ended, to.low
		}
	}
	if f.plan.Timeout > 0 {
		run.late = f.plan.Timeout.D().Seconds()
	}
	for i, st := range f.steps {
		switch {
		case addr.Kind(st.Kind) != addr.Expect:
		case f.temporal(st):
			st.Expected = window(f.when[3*i+started], run)
		case f.judgedLast(i):
			st.Expected = window(run, run)
		default:
			st.Expected = window(f.when[3*i+ended], f.when[3*i+ended])
		}
	}
	f.takes = run.low
	f.plan.Expected = window(moment{sure: true}, run)
	f.plan.Critical = f.critical(last)
}

func (m *maker) temporal(st *Step) bool {
	that := st.Expect.That
	return that != nil && that.Formula != nil && that.Formula.Temporal()
}

// judgedLast reports whether an expectation has no edges but those to jobs, so that it is judged when the run ends.
func (m *maker) judgedLast(i int) bool {
	return !slices.ContainsFunc(m.before[i], func(l link) bool { return !l.order && m.steps[l.step].Job == nil })
}

// critical is the chain of steps that the end of the run waits for.
func (f *flow) critical(ev int) []string {
	var out []string
	for ev >= 0 {
		if a := f.steps[ev/3].Address; len(out) == 0 || out[len(out)-1] != a {
			out = append(out, a)
		}
		ev = f.when[ev].why
	}
	slices.Reverse(out)
	return out
}

func window(from, to moment) Window {
	w := Window{Start: round(from.low), AtLeast: !from.sure}
	if to.sure {
		e := round(to.low)
		w.End = &e
	}
	if !math.IsInf(to.late, 1) {
		l := round(to.late)
		w.Latest = &l
	}
	return w
}

// round leaves milliseconds.
func round(s float64) float64 { return math.Round(s*1000) / 1000 }
