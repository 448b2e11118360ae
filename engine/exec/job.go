package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// job is the body of a job: submit or adopt it, and wait until it runs and is healthy. A submitted job is a deed
// like a fault; it is cancelled after everything else, at the end of the run.
func (r *run) job(ctx context.Context, st *step, args json.RawMessage) {
	p := r.opt.Registry.Jobs()
	if p == nil {
		r.failed(st, fmt.Errorf("no provider submits jobs"), nil)
		return
	}
	l := r.newLife(st, "job", p.Job(r.env))
	if st.Job.Launched != "" {
		if err := r.track(st, nil); err != nil {
			r.failed(st, err, nil)
			return
		}
		r.post(func() {
			r.reach(st, program.Running, r.at)
			r.finish(st, event.Done, "something else will start it", nil)
		})
		return
	}
	err := l.prepare(ctx, args)
	if err == nil && st.Job.Bundle != "" {
		r.post(func() { st.life = l; r.jobs = append(r.jobs, l) })
		if err = l.intend(); err == nil {
			err = l.inject(ctx, 1<<62, jobPoll) // the step's timeout is the limit
		}
	} else if err == nil {
		err = l.look(ctx)
	}
	if err == nil {
		err = r.track(st, l.result)
	}
	if err != nil {
		r.failed(st, err, nil)
		return
	}
	if l.intended {
		_ = l.phase(event.Verified, func(e *event.DeedChanged) { e.Low, e.High = l.injected.Low, l.injected.High })
	}
	r.post(func() { r.jobRuns(st) })
}

// jobRuns runs in the loop, when the deed has just seen that the job is running and healthy: what it has seen is an
// observation like any other, and the next poll may be a while away.
func (r *run) jobRuns(st *step) {
	now := r.at
	for _, seen := range [][2]string{{".status", "running"}, {".health", "healthy"}} {
		r.sample(signal.Sample{
			Signal: st.Job.Target + "." + st.Job.Path + seen[0], Value: signal.EnumVal(seen[1]), Low: now, High: now, ValidFor: jobKnown,
			Evidence: "the job was seen to run before its step was done",
		})
	}
	r.reach(st, program.Running, now)
	r.finish(st, event.Done, "", map[string]any{})
}

// jobKnown is how long what a job's deed has seen is relied on until the first poll.
const jobKnown = 5 * time.Second

// look waits until an adopted job runs and is healthy.
func (l *life) look(ctx context.Context) error {
	for {
		e, err := l.deed.Verify(ctx, l.handle)
		if err != nil {
			return fmt.Errorf("look for the job: %w", err)
		}
		if e.InForce {
			l.result = e.Result
			return nil
		}
		if err := pause(ctx, jobPoll); err != nil {
			return fmt.Errorf("the job is not running and healthy: %w (last seen: %s)", err, orNothing(e.Evidence))
		}
	}
}

// track tells the session which job of the target it is.
func (r *run) track(st *step, ref json.RawMessage) error {
	s, err := r.env.Session(st.Job.Target, st.Provider)
	if err != nil {
		return err
	}
	t, ok := s.(providers.Tracker)
	if !ok {
		return nil
	}
	for _, j := range r.plan.Jobs {
		if j.Step == st.Address {
			return t.Track(j, ref)
		}
	}
	return nil
}

// cancelJobs cancels the submitted jobs in reverse order, one after the other, and returns a function that says
// when that is done.
func (r *run) cancelJobs(ctx context.Context) func() bool {
	finished := false
	jobs := r.jobs
	keep := map[*life]bool{}
	for _, st := range r.order {
		if st.life != nil && st.Job != nil && st.Job.Keep {
			keep[st.life] = true
		}
	}
	r.work.Go(func() {
		ctx, cancel := r.untilGivenUp(ctx)
		defer cancel()
		for _, l := range slices.Backward(jobs) {
			if keep[l] {
				_ = l.phase(event.Kept, nil)
				continue
			}
			if err := l.heal(ctx); err != nil {
				r.post(func() { r.stillThere(l, err) })
			}
		}
		r.post(func() { finished = true })
	})
	return func() bool { return finished }
}

// untilGivenUp makes a context for healing that only a second interrupt ends.
func (r *run) untilGivenUp(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.gaveUp, func() { cancel(errGaveUp) })
	return ctx, func() { stop(); cancel(nil) }
}

var errGaveUp = fmt.Errorf("a second interrupt stopped the waiting")
