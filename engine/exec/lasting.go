package exec

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/providers"
)

// lasting is the body of an action that lasts as long as the run: it is begun like a fault, with an undo that is armed
// and a lease that is renewed, and the step is done as soon as it is seen to be there. It is undone at the end, before
// the jobs are.
func (r *run) lasting(ctx context.Context, st *step, deed providers.Deed, args json.RawMessage) {
	l := r.newLife(st, "action", deed)
	if err := r.beginLasting(ctx, l, args); err != nil {
		heals, cancel := r.untilGivenUp(context.WithoutCancel(context.Background()))
		defer cancel()
		if bad := l.heal(heals); bad != nil {
			r.post(func() { r.stillThere(l, bad) })
		}
		r.failed(st, err, nil)
		return
	}
	r.post(func() {
		r.lasts = append(r.lasts, l)
		r.work.Go(func() { r.keep(l) })
	})
	r.done(st, map[string]any{})
}

func (r *run) beginLasting(ctx context.Context, l *life, args json.RawMessage) error {
	if err := l.prepare(ctx, args); err != nil {
		return err
	}
	release, err := r.places.hold(ctx, l.handle.Places)
	if err != nil {
		return err
	}
	defer release()
	if err := l.intend(); err != nil {
		return err
	}
	if err := r.arm(ctx, l, r.timeLeft()); err != nil {
		return err
	}
	if err := l.inject(ctx, 1<<62, verifyEvery); err != nil { // the step's timeout is the limit
		return err
	}
	return l.phase(event.Verified, func(e *event.DeedChanged) { e.Low, e.High = l.injected.Low, l.injected.High })
}

// timeLeft is how long the run can still last.
func (r *run) timeLeft() time.Duration { return max(r.plan.Timeout.D()-r.now(), 0) }

// keep renews the lease until the deed is undone.
func (r *run) keep(l *life) {
	a, ok := l.deed.(providers.Armer)
	if !ok {
		return
	}
	tick := time.NewTicker(r.opt.Lease.Every)
	defer tick.Stop()
	for {
		select {
		case <-l.ending:
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), healAttempt/3)
		err := a.Renew(ctx, l.handle, r.lease(l, r.timeLeft()))
		cancel()
		switch {
		case errors.Is(err, providers.ErrLeaseEnded):
			r.post(func() {
				r.out.because(Broken, "%s ended before the run did: its lease was lost", l.step)
				r.warn(l.step, "it ended before the run did: its lease was lost")
			})
			return
		case err != nil:
			r.post(func() { r.warn(l.step, "its lease could not be renewed: "+err.Error()) })
		}
	}
}

// endLasting undoes what lasts, in reverse order, and returns a function that says when that is done.
func (r *run) endLasting(ctx context.Context) func() bool {
	finished := false
	lasts := slices.Clone(r.lasts)
	for _, l := range lasts {
		close(l.ending)
	}
	r.work.Go(func() {
		ctx, cancel := r.untilGivenUp(ctx)
		defer cancel()
		for _, l := range slices.Backward(lasts) {
			if err := l.heal(ctx); err != nil {
				r.post(func() { r.stillThere(l, err) })
			}
		}
		r.post(func() { finished = true })
	})
	return func() bool { return finished }
}

// stillThere runs in the loop.
func (r *run) stillThere(l *life, err error) {
	r.out.because(Owed, "%s is still there: %v", l.step, err)
	r.out.Owed = append(r.out.Owed, l.step)
}
