package exec

import (
	"fmt"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// What a run and those who judge it afterwards must do alike stands in this file: both must come to the same verdict
// with the same reasons, to the bit.

// progress is how far a step has come.
type progress struct {
	reached map[program.Point]time.Duration
	state   event.State
	ended   time.Duration
}

// readiness is the instant at which the last edge of an expectation was satisfied. missing says which edge never will
// be, or has not been when the run ended.
func readiness(st *plan.Step, find func(step string) (progress, bool)) (at time.Duration, missing string) {
	for _, n := range st.Needs {
		if n.Order {
			continue
		}
		p, ok := find(n.Step.String())
		t, came := p.reached[n.Point]
		switch {
		case ok && came && p.state != event.Skipped:
			at = max(at, t)
			continue
		case ok && p.state.Finished():
			at = max(at, p.ended)
		}
		if missing == "" {
			missing = fmt.Sprintf("%s never came to be %s", n.Step, n.Point)
		}
	}
	return at, missing
}

// onlyJobs reports whether an expectation has no edges but those to jobs. It is judged when the run ends.
func onlyJobs(st *plan.Step) bool {
	return !slices.ContainsFunc(st.Needs, func(n program.Need) bool { return n.Step.Kind != addr.Job && !n.Order })
}

// rangeFrom is where ranges begin that do not say so: where the last edge was satisfied, the start of the run without
// edges.
func rangeFrom(st *plan.Step, ready time.Duration) time.Duration {
	if slices.ContainsFunc(st.Needs, func(n program.Need) bool { return !n.Order }) {
		return ready
	}
	return 0
}

func verdictOf(t cond.Truth) event.Verdict {
	switch t {
	case cond.True:
		return event.Met
	case cond.False:
		return event.NotMet
	case cond.Unknown:
	}
	return event.Inconclusive
}

func leftOut(st *plan.Step, why string, at time.Duration) event.Judged {
	return judgement(st, event.NotJudged, cond.Judged{Why: why, At: at, From: at, To: at})
}

func inconclusive(st *plan.Step, why string, at time.Duration) event.Judged {
	return judgement(st, event.Inconclusive, cond.Judged{Why: why, At: at, From: at, To: at})
}

// judgeResults judges an HCL condition over finished results.
func judgeResults(st *plan.Step, results program.Results, at time.Duration) event.Judged {
	j, found := st.Expect.Judge(results)
	v, why := event.Inconclusive, j.Why
	switch {
	case found.HasErrors():
		why = found.Err().Error()
	case j.Met != nil && *j.Met:
		v = event.Met
	case j.Met != nil:
		v = event.NotMet
	}
	out := judgement(st, v, cond.Judged{Why: why, At: at, From: at, To: at})
	out.Values = j.Values
	return out
}

// judgement is the verdict on an expectation as it is recorded.
func judgement(st *plan.Step, v event.Verdict, j cond.Judged) event.Judged {
	out := event.Judged{
		Step: st.Address, Verdict: v, Severity: st.Expect.Severity, Why: j.Why, Text: st.Expect.Condition,
		At: j.At, From: j.From, To: j.To, Part: j.Part, File: st.File, Line: st.Line,
	}
	if st.Expect.That != nil {
		out.Text = st.Expect.That.Text
		if st.Expect.That.Formula != nil && j.Part == st.Expect.That.Formula.String() {
			out.Part = out.Text // all of it, as it is written
		}
	}
	if v != event.Met && v != event.NotJudged {
		out.Message = st.Expect.ErrorMessage
	}
	for _, rd := range j.Values {
		text := "unknown"
		if rd.Known {
			text = rd.Value.String()
		}
		out.Values = append(out.Values, diag.Value{Name: rd.Name, Text: text})
	}
	for _, s := range j.Samples {
		out.Samples = append(out.Samples, event.Seen{Signal: s.Signal, Value: s.Value.String(), Low: s.Low, High: s.High, Evidence: s.Evidence})
	}
	return out
}
