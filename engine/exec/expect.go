package exec

import (
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// expecting is an expectation under way.
type expecting struct {
	monitor *cond.Monitor
	at      time.Duration // when its edges were satisfied
	atEnd   bool          // judged when the run ends
}

// expectReady is called when an expectation's edges are satisfied, or can no longer be.
func (r *run) expectReady(st *step) {
	if st.expect != nil || st.state.Finished() {
		return
	}
	at, missing := r.readiness(st)
	st.expect = &expecting{at: at}
	c := st.Expect.That
	switch {
	case r.leftOut(st) != "":
		r.verdict(st, leftOut(st.Step, r.leftOut(st), at))
	case missing != "":
		r.verdict(st, inconclusive(st.Step, missing, at))
	case c == nil:
		r.verdict(st, judgeResults(st.Step, r.results(), at))
	case c.Formula.Temporal():
		r.startMonitor(st)
	case !onlyJobs(st.Step):
		r.judgeNow(st, at)
	default:
		st.expect.atEnd = true
	}
}

// readiness is the instant at which the last edge of an expectation was satisfied, and what never came, if anything.
func (r *run) readiness(st *step) (at time.Duration, missing string) {
	return readiness(st.Step, func(step string) (progress, bool) {
		from := r.steps[step]
		if from == nil || !from.state.Finished() && len(from.reached) == 0 {
			return progress{}, false
		}
		return progress{from.reached, from.state, from.ended}, true
	})
}

func (r *run) startMonitor(st *step) {
	f := st.Expect.That.Formula
	from := rangeFrom(st.Step, st.expect.at)
	r.attend.begin(st.Address)
	r.opt.Trace.Judge(func(v cond.View) { st.expect.monitor = f.Monitor(v, from) })
	r.watchers.watch(f, func(time.Duration) (time.Duration, bool) {
		if st.state.Finished() {
			return 0, true
		}
		var j cond.Judged
		var decided bool
		mark := r.judgeable(f)
		r.opt.Trace.Judge(func(cond.View) { j, decided = st.expect.monitor.Advance(mark) })
		if decided {
			r.verdict(st, judgement(st.Step, verdictOf(j.Truth), j))
			return 0, true
		}
		return 0, false
	})
}

// judgeNow judges a condition without a temporal operator at an instant.
func (r *run) judgeNow(st *step, at time.Duration) {
	var j cond.Judged
	f := st.Expect.That.Formula
	r.settle(f, at)
	r.opt.Trace.Judge(func(v cond.View) { j = f.Eval(v, at) })
	r.verdict(st, judgement(st.Step, verdictOf(j.Truth), j))
}

// verdict records what became of an expectation.
func (r *run) verdict(st *step, ev event.Judged) {
	_ = r.emit(&ev)
	r.out.Verdicts[ev.Verdict]++
	if ev.Severity != "should" && (ev.Verdict == event.NotMet || ev.Verdict == event.Inconclusive) {
		r.out.because(NotMet, "%s is %s: %s", st.Address, ev.Verdict, ev.Why)
	}
	st.began, st.startedAt = true, st.expect.at
	r.finish(st, event.Done, string(ev.Verdict), map[string]any{"status": strings.ReplaceAll(string(ev.Verdict), " ", "_")})
}

// judgeRest judges what is still open when the run has ended: the last heal is verified and no job is cancelled
// yet.
func (r *run) judgeRest() {
	r.takeIn()
	end := r.at
	r.happened("run.done", signal.Span{Low: end, High: end})
	for _, st := range r.order {
		if st.kind != addr.Expect || st.state.Finished() {
			continue
		}
		open := st.expect != nil
		if !open {
			st.expect = &expecting{at: end}
		}
		switch {
		case r.leftOut(st) != "":
			r.verdict(st, leftOut(st.Step, r.leftOut(st), end))
		case !open:
			_, missing := r.readiness(st)
			r.verdict(st, inconclusive(st.Step, missing, end))
		case st.expect.monitor != nil:
			var j cond.Judged
			r.settle(st.Expect.That.Formula, end)
			r.opt.Trace.Judge(func(cond.View) { j = st.expect.monitor.Finish(end) })
			r.verdict(st, judgement(st.Step, verdictOf(j.Truth), j))
		default:
			r.judgeNow(st, end)
		}
	}
}

// takeIn takes what has been sent to the loop so far.
func (r *run) takeIn() {
	for {
		r.tick()
		select {
		case fn := <-r.inbox:
			fn()
		default:
			return
		}
	}
}
