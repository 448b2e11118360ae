package exec

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
)

// expecting is an expectation under way.
type expecting struct {
	monitor *cond.Monitor
	at      time.Duration // when its edges were satisfied
	atEnd   bool          // judged when the run ends
}

// expectReady is called when an expectation's edges are satisfied.
func (r *run) expectReady(st *step) {
	if st.expect != nil || st.state.Finished() {
		return
	}
	st.expect = &expecting{at: r.now()}
	if r.leftOut(st) != "" {
		r.verdict(st, event.NotJudged, cond.Judged{Why: r.leftOut(st), At: r.now()}, nil)
		return
	}
	c := st.Expect.That
	switch {
	case c == nil:
		r.judgeHCL(st)
	case c.Formula.Temporal():
		r.startMonitor(st)
	case !r.onlyJobs(st):
		r.judgeNow(st)
	default:
		st.expect.atEnd = true
	}
}

// onlyJobs reports whether an expectation has no edges but those to jobs.
func (r *run) onlyJobs(st *step) bool {
	for _, n := range st.Needs {
		if n.Step.Kind != addr.Job && !n.Order {
			return false
		}
	}
	return true
}

// waits reports whether an expectation has edges at all.
func waits(st *step) bool {
	return slices.ContainsFunc(st.Needs, func(n program.Need) bool { return !n.Order })
}

func (r *run) startMonitor(st *step) {
	f := st.Expect.That.Formula
	from := time.Duration(0)
	if waits(st) {
		from = st.expect.at
	}
	r.attend.begin(st.Address)
	r.opt.Trace.Judge(func(v cond.View) { st.expect.monitor = f.Monitor(v, from) })
	r.watchers.watch(f, func(now time.Duration) (time.Duration, bool) {
		if st.state.Finished() {
			return 0, true
		}
		var j cond.Judged
		var decided bool
		r.opt.Trace.Judge(func(cond.View) { j, decided = st.expect.monitor.Advance(now) })
		if decided {
			r.verdict(st, verdictOf(j.Truth), j, nil)
			return 0, true
		}
		return 0, false
	})
}

// judgeNow judges a condition without a temporal operator at this instant.
func (r *run) judgeNow(st *step) {
	var j cond.Judged
	r.opt.Trace.Judge(func(v cond.View) { j = st.Expect.That.Formula.Eval(v, r.now()) })
	r.verdict(st, verdictOf(j.Truth), j, nil)
}

// judgeHCL judges an HCL condition over finished results.
func (r *run) judgeHCL(st *step) {
	j, diags := st.Expect.Judge(r.results())
	at := cond.Judged{At: r.now(), Why: j.Why}
	v := event.Inconclusive
	switch {
	case diags.HasErrors():
		at.Why = diags.Err().Error()
	case j.Met != nil && *j.Met:
		v = event.Met
	case j.Met != nil:
		v = event.NotMet
	}
	r.verdict(st, v, at, j.Values)
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

// verdict records what became of an expectation.
func (r *run) verdict(st *step, v event.Verdict, j cond.Judged, values []diag.Value) {
	for _, rd := range j.Values {
		text := "unknown"
		if rd.Known {
			text = rd.Value.String()
		}
		values = append(values, diag.Value{Name: rd.Name, Text: text})
	}
	ev := &event.Judged{
		Step: st.Address, Verdict: v, Severity: st.Expect.Severity, Why: j.Why, Text: st.Expect.Condition,
		Values: values, At: j.At, File: st.File, Line: st.Line,
	}
	if st.Expect.That != nil {
		ev.Text = st.Expect.That.Text
	}
	if v != event.Met && v != event.NotJudged {
		ev.Message = st.Expect.ErrorMessage
	}
	_ = r.emit(ev)
	r.out.Verdicts[v]++
	if st.Expect.Severity != "should" && (v == event.NotMet || v == event.Inconclusive) {
		r.out.because(NotMet, "%s is %s: %s", st.Address, v, j.Why)
	}
	st.began, st.startedAt = true, st.expect.at
	r.finish(st, event.Done, string(v), map[string]any{"status": strings.ReplaceAll(string(v), " ", "_")})
}

// judgeRest judges what is still open when the run has ended: the last heal is verified and no job is cancelled
// yet.
func (r *run) judgeRest() {
	now := r.now()
	r.happened("run.done", signal.Span{Low: now, High: now})
	for _, st := range r.order {
		if st.kind != addr.Expect || st.state.Finished() {
			continue
		}
		switch {
		case r.leftOut(st) != "":
			if st.expect == nil {
				st.expect = &expecting{at: now}
			}
			r.verdict(st, event.NotJudged, cond.Judged{Why: r.leftOut(st), At: now}, nil)
		case st.expect == nil:
			st.expect = &expecting{at: now}
			r.verdict(st, event.Inconclusive, cond.Judged{At: now, Why: r.missing(st)}, nil)
		case st.expect.monitor != nil:
			var j cond.Judged
			r.opt.Trace.Judge(func(cond.View) { j = st.expect.monitor.Finish(now) })
			r.verdict(st, verdictOf(j.Truth), j, nil)
		default:
			r.judgeNow(st)
		}
	}
}

// missing says what an expectation that never became ready was waiting for.
func (r *run) missing(st *step) string {
	for _, n := range st.Needs {
		if from := r.steps[n.Step.String()]; from != nil && !from.reached[n.Point] {
			return fmt.Sprintf("%s never came to be %s", n.Step, n.Point)
		}
	}
	return "an event that it waits for never happened"
}
