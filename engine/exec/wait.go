package exec

import (
	"fmt"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
)

// wait is the body of a wait: a measurement with `since`, a precondition without. It runs in the loop.
func (r *run) wait(st *step) {
	if st.Wait.Since == nil {
		r.precondition(st)
		return
	}
	r.measurement(st)
}

// precondition waits until a condition has held; that it does not come in time is a failure.
func (r *run) precondition(st *step) {
	f := st.Wait.Until.Formula
	deadline := r.at + st.Timeout.D()
	hold := measure.NewHold(f, st.Wait.Hold.D(), r.at, r.opt.Lateness)
	st.passed = hold.Passed
	r.watchers.watch(f, func(now time.Duration) (time.Duration, bool) {
		if st.state.Finished() {
			return 0, true
		}
		r.judgeable(f)
		if r.aborting != "" {
			r.finish(st, event.Failed, "the run was aborted", map[string]any{"timed_out": false})
			return 0, true
		}
		var done bool
		var next time.Duration
		var last cond.Judged
		r.opt.Trace.Judge(func(v cond.View) {
			if done = hold.Advance(v, now); done {
				return
			}
			next, _ = hold.Next(v)
			last = f.Eval(v, now)
		})
		switch {
		case done:
			r.finish(st, event.Done, "", map[string]any{"timed_out": false})
			return 0, true
		case now >= deadline:
			r.finish(st, event.Failed, fmt.Sprintf("%s did not hold for %s within %s: %s", st.Wait.Until.Text, st.Wait.Hold, st.Timeout, last.Why), map[string]any{"timed_out": true})
			return 0, true
		}
		if why, never := r.neverTrue(st.Wait.Until, last, next); never && last.Truth != cond.True {
			r.finish(st, event.Failed, "until: "+why, map[string]any{"timed_out": false})
			return 0, true
		}
		if next == 0 || next > deadline {
			next = deadline
		}
		return next, false
	}, r.stepsOf(st.Wait.Until)...)
}

// measurement measures a recovery time; that it never comes is a finding.
func (r *run) measurement(st *step) {
	f := st.Wait.Until.Formula
	since, ok := r.opt.Trace.Event(st.Wait.Since.Path())
	if !ok {
		r.finish(st, event.Failed, st.Wait.Since.Path()+" has not happened", nil)
		return
	}
	deadline := r.at + st.Timeout.D()
	rec := measure.NewRecovery(f, since, st.Wait.Hold.D(), r.opt.Lateness)
	st.passed = rec.Passed
	r.watchers.watch(f, func(now time.Duration) (time.Duration, bool) {
		if st.state.Finished() {
			return 0, true
		}
		r.judgeable(f)
		var done bool
		var next time.Duration
		r.opt.Trace.Judge(func(v cond.View) {
			if done = rec.Advance(v, now); !done {
				next, _ = rec.Next(v, now)
			}
		})
		switch {
		case done || now >= deadline:
			r.measured(st, rec, now, !done)
			return 0, true
		case r.aborting != "":
			r.measured(st, rec, now, true)
			return 0, true
		}
		if next == 0 || next > deadline {
			next = deadline
		}
		return next, false
	})
}

// measured records the result of a measurement.
func (r *run) measured(st *step, rec *measure.Recovery, now time.Duration, timedOut bool) {
	var healBegan *time.Duration
	if f := r.steps[st.Wait.Since.Step.String()]; f != nil && f.life != nil && f.life.restored.Low > 0 && st.Wait.Since.Name == string(program.Injected) {
		healBegan = &f.life.restored.Low
	}
	var got event.Recovery
	r.opt.Trace.Judge(func(v cond.View) { got = rec.Result(v, now, timedOut, healBegan) })
	got.Since = st.Wait.Since.Path()
	if r.aborting != "" {
		got.TimedOut = false
	}
	_ = r.emit(&event.Measured{Step: st.Address, Recovery: got})
	results := map[string]any{
		"timed_out": got.TimedOut, "disturbed": got.Disturbed, "after_heal": got.AfterHeal,
		"rto": nil, "rto_low": nil, "rto_high": nil,
	}
	if got.RTO != nil || timedOut {
		results["rto_low"] = got.RTOLow
	}
	if got.RTO != nil {
		results["rto"] = *got.RTO
	}
	if got.RTOHigh != nil {
		results["rto_high"] = *got.RTOHigh
	}
	if got.RTO != nil || (!timedOut && !got.TimedOut) {
		r.finish(st, event.Done, "", results)
		return
	}
	if r.aborting != "" {
		r.finish(st, event.Failed, "the run was aborted before it came", results)
		return
	}
	st.finding = true
	r.finish(st, event.Failed, fmt.Sprintf("it never came within %s: %s", st.Timeout, got.Why), results)
}
