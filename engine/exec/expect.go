package exec

import (
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// expecting is an expectation under way.
type expecting struct {
	monitor *cond.Monitor // from the start of the run on, so that nothing has to be remembered for it; nil for HCL
	ready   bool
	at      time.Duration // when its edges were satisfied
	atEnd   bool          // judged when the run ends
	pass    time.Duration // when to go on with what lies before its range
}

const (
	// patience is how long after an edge was satisfied that may be known: a range may begin as far back.
	patience = time.Minute
	// passEvery is how often expectations whose ranges have not begun go on with what lies before them.
	passEvery = 5 * time.Second
)

// expectAll has every expectation follow its signals.
func (r *run) expectAll() {
	for _, st := range r.order {
		if st.kind != addr.Expect {
			continue
		}
		st.expect = &expecting{}
		if st.Expect.That == nil || r.leftOut(st) != "" {
			continue
		}
		f := st.Expect.That.Formula
		r.opt.Trace.Judge(func(v cond.View) { st.expect.monitor = f.Prepare(v) })
		r.opt.Trace.Hold(f.Names(), func() time.Duration {
			if st.state.Finished() {
				return trace.Nothing
			}
			return st.expect.monitor.Passed()
		})
		r.watchers.watch(f, func(now time.Duration) (time.Duration, bool) { return 0, r.follow(st, now) })
	}
}

// follow has an expectation take in what is new. It reports whether it is judged.
func (r *run) follow(st *step, now time.Duration) bool {
	e, f := st.expect, st.Expect.That.Formula
	switch {
	case st.state.Finished():
		return true
	case e.ready && f.Temporal():
		var j cond.Judged
		var decided bool
		mark := r.judgeable(f)
		r.opt.Trace.Judge(func(cond.View) { j, decided = e.monitor.Advance(mark) })
		if decided {
			r.verdict(st, judgement(st.Step, verdictOf(j.Truth), j))
		}
		return decided
	case now >= e.pass:
		e.pass = now + passEvery
		mark := r.judgeable(f)
		r.opt.Trace.Judge(func(cond.View) { e.monitor.Pass(mark-1, mark-patience) })
	}
	return false
}

// expectReady is called when an expectation's edges are satisfied, or can no longer be.
func (r *run) expectReady(st *step) {
	if st.expect.ready || st.state.Finished() {
		return
	}
	at, missing := r.readiness(st)
	st.expect.ready, st.expect.at = true, at
	c := st.Expect.That
	switch {
	case r.leftOut(st) != "":
		r.verdict(st, leftOut(st.Step, r.leftOut(st), at))
	case missing != "":
		r.verdict(st, inconclusive(st.Step, missing, at))
	case c == nil:
		r.verdict(st, judgeResults(st.Step, r.results(), at))
	case c.Formula.Temporal():
		r.attend.begin(st.Address)
		st.expect.monitor.Begin(rangeFrom(st.Step, at))
		r.follow(st, r.at)
	case !onlyJobs(st.Step):
		r.judgeAt(st, at, at)
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

// judgeAt judges what is left: from where ranges begin that do not say so to the end.
func (r *run) judgeAt(st *step, from, end time.Duration) {
	var j cond.Judged
	e := st.expect
	r.settle(st.Expect.That.Formula, end)
	r.opt.Trace.Judge(func(cond.View) {
		e.monitor.Begin(from)
		j = e.monitor.Finish(end)
	})
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
		e := st.expect
		if !e.ready {
			e.at = end
		}
		switch {
		case r.leftOut(st) != "":
			r.verdict(st, leftOut(st.Step, r.leftOut(st), end))
		case !e.ready:
			_, missing := r.readiness(st)
			r.verdict(st, inconclusive(st.Step, missing, end))
		case st.Expect.That.Formula.Temporal():
			r.judgeAt(st, rangeFrom(st.Step, e.at), end)
		default:
			r.judgeAt(st, end, end)
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
