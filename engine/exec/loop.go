package exec

import (
	"context"
	"fmt"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
)

// loop runs the plan to its end: steps, heals, audits, verdicts, jobs. It returns when everything is settled
// or given up.
func (r *run) loop(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.giveUp, r.gaveUp = cancel, ctx
	heals := context.WithoutCancel(ctx)
	watchCtx, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	r.happened("run.started", signal.Span{})
	r.observe(watchCtx)
	r.renewLocks(watchCtx)
	r.armGuards()
	r.tick()
	r.expectAll()
	r.holdAll()

	r.startReady(ctx)
	r.turn(ctx, func() bool { return r.unfinished == 0 })
	r.judgeRest()
	r.complete = true
	r.turn(ctx, r.endLasting(heals))
	r.turn(ctx, r.cancelJobs(heals))
	r.evaluateOutputs()
	stopWatching()
	r.drain()
	r.closeLedgers()
	r.unlock(heals)
	r.account()
	_ = r.emit(r.out.finished())
}

// turn takes messages and lets time pass until done.
func (r *run) turn(ctx context.Context, done func() bool) {
	poll := time.NewTicker(pollInterrupts)
	defer poll.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	limit := r.plan.Timeout.D()
	for {
		r.watchers.run(r.tick())
		if done() {
			return
		}
		timer.Stop()
		if at, ok := r.watchers.due(); ok {
			timer.Reset(max(at-r.now(), 1))
		}
		select {
		case fn := <-r.inbox:
			r.tick()
			fn()
		case <-timer.C:
		case <-poll.C:
			r.tick()
			r.pollInterrupts(ctx)
			r.tellElapsed()
			if err := r.journalErr.take(); err != nil {
				r.abort(Broken, "the journal cannot be written: %v", err)
			}
			if limit > 0 && r.now() > limit && r.aborting == "" && !r.complete {
				r.abort(Broken, "the plan's timeout of %s has passed", r.plan.Timeout)
			}
		case <-ctx.Done():
			if r.out.GaveUp {
				return
			}
			r.out.GaveUp = true
			r.abort(Interrupted, "the run was told to stop at once")
			return
		}
	}
}

// tellElapsed makes run.elapsed a signal for those who wait for it.
func (r *run) tellElapsed() {
	if now := r.at; r.watchers.wanted("run.elapsed") {
		r.sample(signal.Sample{Signal: "run.elapsed", Value: signal.DurationVal(now), Low: now, High: now, ValidFor: time.Second})
	}
}

// drain joins every goroutine. Their last messages are taken so that none of them blocks.
func (r *run) drain() {
	joined := make(chan struct{})
	go func() {
		r.work.Wait()
		r.watch.Wait()
		close(joined)
	}()
	for {
		select {
		case fn := <-r.inbox:
			fn()
		case <-joined:
			for {
				select {
				case fn := <-r.inbox:
					fn()
				default:
					return
				}
			}
		}
	}
}

func (r *run) pollInterrupts(ctx context.Context) {
	if r.opt.Interrupts == nil || ctx.Err() != nil {
		return
	}
	n := r.opt.Interrupts()
	for r.interrupts < n {
		r.interrupts++
		_ = r.emit(&event.Interrupted{Count: r.interrupts})
		switch {
		case r.interrupts == 1 && !r.complete:
			r.abort(Interrupted, "the run was interrupted")
		case r.interrupts >= 2:
			r.out.GaveUp = true
			r.giveUp()
		}
	}
}

// abort starts nothing more, cancels what runs and heals everything. The first reason is the one shown.
func (r *run) abort(c Code, format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	r.out.because(c, "%s", reason)
	if r.aborting != "" {
		return
	}
	r.aborting = reason
	_ = r.emit(&event.Aborting{Reason: reason})
	for _, st := range r.order {
		switch {
		case st.kind == addr.Expect:
		case st.state == event.Pending && !st.began:
			r.skip(st, "the run was aborted")
		case st.state == event.Running && st.kind == addr.Fault:
			closeOnce(st.abort)
			st.cancel(errAborted)
		case st.state == event.Running && st.kind == addr.Audit:
		case st.cancel != nil:
			st.cancel(errAborted)
		}
	}
	r.maybeCloseAudits()
	r.watchers.touchAll()
}

var errAborted = fmt.Errorf("the run was aborted")

func closeOnce(ch chan struct{}) {
	select {
	case <-ch:
	default:
		close(ch)
	}
}

// startReady starts every step that waits for nothing.
func (r *run) startReady(context.Context) {
	for _, st := range r.order {
		if st.unmet == 0 && st.state == event.Pending && !st.began {
			r.ready(st)
		}
	}
}

// ready is called once, when a step's edges are satisfied: now its `when`, then its delay, then its body.
func (r *run) ready(st *step) {
	if st.kind == addr.Expect {
		r.expectReady(st)
		return
	}
	if r.aborting != "" {
		r.skip(st, "the run was aborted")
		return
	}
	if st.kind == addr.Audit && st.audit == nil {
		return // opened when its seed starts
	}
	if r.leftOut(st) != "" {
		r.leaveOut(st)
		return
	}
	if st.When == nil {
		r.afterDelay(st)
		return
	}
	r.attend.begin(st.Address)
	var last cond.Judged
	r.watchers.watch(st.When.Formula, func(now time.Duration) (time.Duration, bool) {
		if st.state.Finished() {
			return 0, true
		}
		var next time.Duration
		r.opt.Trace.Judge(func(v cond.View) {
			last = st.When.Formula.Eval(v, now)
			if n, ok := st.When.Formula.NextChange(v, now); ok {
				next = n
			}
		})
		if last.Truth == cond.True {
			r.attend.end(st.Address, now)
			r.afterDelay(st)
			return 0, true
		}
		if why, never := r.neverTrue(st.When, last, next); never {
			r.finish(st, event.Failed, "when: "+why, nil)
			return 0, true
		}
		return next, false
	}, r.stepsOf(st.When)...)
}

// stepsOf lists the done events of the steps that a condition looks at, so that it is asked again when they end.
func (r *run) stepsOf(c *program.Condition) []string {
	var out []string
	for _, s := range c.Formula.Subjects() {
		if s.Step != "" {
			out = append(out, s.Step+".done")
		}
	}
	return out
}

// neverTrue reports whether a condition that is not true will never be: all it looks at are steps, and all of
// those are finished, and no passing of time can change it.
func (r *run) neverTrue(c *program.Condition, j cond.Judged, next time.Duration) (string, bool) {
	if next > 0 {
		return "", false
	}
	for _, s := range c.Formula.Subjects() {
		st := r.steps[s.Step]
		if s.Step == "" || st == nil || !st.state.Finished() {
			return "", false
		}
	}
	if len(c.Formula.Subjects()) == 0 {
		return "", false
	}
	return fmt.Sprintf("%s is %s and nothing can change it any more: %s", c.Text, j.Truth, j.Why), true
}

func (r *run) afterDelay(st *step) {
	if st.Delay == 0 {
		r.begin(st)
		return
	}
	at := r.at + st.Delay.D()
	r.watchers.watch(nil, func(now time.Duration) (time.Duration, bool) {
		if st.state.Finished() {
			return 0, true
		}
		if now < at-lead {
			return at - lead, false
		}
		r.attend.begin(st.Address)
		if now < at {
			return at, false
		}
		r.attend.end(st.Address, now)
		r.begin(st)
		return 0, true
	})
}

// leftOut says why this run does not perform a step; empty when it does.
func (r *run) leftOut(st *step) string {
	switch {
	case r.opt.Rehearsal:
		return st.Skip
	case r.opt.StandIn && st.Unseen != "":
		return st.Unseen
	case r.env.Machine == nil:
		return st.Unmanned
	}
	return ""
}

// leaveOut treats a step that a rehearsal or a run against a stand-in does not perform: actions, and waits for what
// is not to be seen there, count as done for the order of things; all else is skipped with what depends on it.
func (r *run) leaveOut(st *step) {
	why := r.leftOut(st)
	if st.kind == addr.Action || st.kind == addr.Wait && !plan.Inherited(why) {
		r.starts(st)
		st.results = nil
		_ = r.emit(&event.Noted{Level: "info", Subject: st.Address, Text: why})
		r.finish(st, event.Done, why, nil)
		return
	}
	r.skip(st, why)
}

// starts marks the body of a step as started.
func (r *run) starts(st *step) {
	st.began = true
	st.state = event.Running
	st.startedAt = r.at
	if st.kind == addr.Fault || st.kind == addr.Wait || st.kind == addr.Job || st.kind == addr.Action && (st.Action == nil || st.Action.Approve == nil) {
		r.attend.begin(st.Address)
	}
	if st.kind == addr.Fault {
		r.faults[st] = true
		r.begun++
	}
	_ = r.emit(&event.StepChanged{Step: st.Address, State: event.Running, Instant: st.startedAt})
	r.happened(st.Address+".started", signal.Span{Low: st.startedAt, High: st.startedAt})
	r.reach(st, program.Started, st.startedAt)
}

// begin starts a step's body.
func (r *run) begin(st *step) {
	if r.aborting != "" {
		r.skip(st, "the run was aborted")
		return
	}
	if st.kind == addr.Fault && r.waitsForProbes(st) {
		return
	}
	args := st.Args
	if st.Late != nil {
		late, diags := st.Late(r.results())
		if diags.HasErrors() {
			r.starts(st)
			r.finish(st, event.Failed, diags.Err().Error(), nil)
			return
		}
		args = late
	}
	switch st.kind {
	case addr.Wait:
		r.starts(st)
		r.wait(st)
	case addr.Seed:
		r.seed(st, args)
	case addr.Probe:
		r.probe(st, args)
	case addr.Fault:
		r.starts(st)
		r.body(st, 0, func(ctx context.Context) { r.fault(ctx, st, args) })
		if st.holders == 0 && st.Fault.Duration == 0 {
			closeOnce(st.release)
		}
	case addr.Job:
		r.starts(st)
		r.body(st, st.Timeout.D(), func(ctx context.Context) { r.job(ctx, st, args) })
	case addr.Action:
		r.starts(st)
		if st.Action.Approve != nil {
			r.approve(st)
			return
		}
		r.body(st, st.Timeout.D(), func(ctx context.Context) { r.action(ctx, st, args) })
	case addr.Audit, addr.Expect, addr.Guard:
	}
}

// body runs fn in a goroutine of its own. Its context ends at the timeout and when the run is aborted.
func (r *run) body(st *step, timeout time.Duration, fn func(context.Context)) {
	ctx, cancel := context.WithCancelCause(context.Background())
	st.cancel = cancel
	r.work.Go(func() {
		defer cancel(nil)
		if timeout > 0 {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("its timeout of %s has passed", program.Seconds(timeout)))
			defer stop()
		}
		fn(ctx)
	})
}

// done and failed are how bodies report from their goroutines.
func (r *run) done(st *step, results map[string]any) {
	r.post(func() { r.finish(st, event.Done, "", results) })
}

func (r *run) failed(st *step, err error, results map[string]any) {
	r.post(func() { r.finish(st, event.Failed, err.Error(), results) })
}
