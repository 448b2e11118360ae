package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// life is the life of one deed: prepare, journal, arm, inject, verify, and later heal, verify healed. It is used
// by one goroutine at a time.
type life struct {
	run    string
	step   string
	kind   string // fault, job, lock
	deed   providers.Deed
	handle providers.Handle
	emit   func(event.Payload) error
	now    func() time.Duration
	since  func(time.Time) time.Duration
	kill   func(step string, p event.Phase)
	places *places
	budget time.Duration

	intended bool
	armed    bool          // or perhaps armed
	ends     time.Duration // of the lease that was armed, at the earliest
	bit      bool          // its effect was verified; only the loop looks
	healed   bool
	gaveUp   error         // why healing was given up
	differs  string        // how the place differs from before although nothing of the deed is left
	injected signal.Span   // from just before the request to the verified effect
	restored signal.Span   // from the heal's request to its verification
	ending   chan struct{} // closed when a lasting action is about to be undone
	over     chan struct{} // closed when healed or given up
	result   json.RawMessage
}

func (r *run) newLife(st *step, kind string, deed providers.Deed) *life {
	return &life{
		run: r.env.Run, step: st.Address, kind: kind, deed: deed, emit: r.emit, now: r.now, since: r.since,
		kill: r.opt.KillPoint, places: r.places, budget: r.opt.HealBudget, over: make(chan struct{}), ending: make(chan struct{}),
	}
}

func (l *life) phase(p event.Phase, change func(*event.DeedChanged)) error {
	ev := &event.DeedChanged{Step: l.step, Kind: l.kind, Phase: p}
	if change != nil {
		change(ev)
	}
	err := l.emit(ev)
	if l.kill != nil {
		l.kill(l.step, p)
	}
	return err
}

// reload passes the handle through JSON, as every call in a fresh process would have it.
func (l *life) reload() error {
	b, err := json.Marshal(l.handle)
	if err != nil {
		return fmt.Errorf("encode the handle: %w", err)
	}
	l.handle = providers.Handle{}
	return json.Unmarshal(b, &l.handle)
}

// prepare fixes how the deed will be undone and has it on disk before anything is touched.
func (l *life) prepare(ctx context.Context, args json.RawMessage) error {
	h, err := l.deed.Prepare(ctx, providers.StepID{Run: l.run, Step: l.step}, args)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	h.Format, h.Run, h.Step = providers.HandleFormat, l.run, l.step
	l.handle = h
	return l.reload()
}

// intend journals the undo. Without it nothing is done.
func (l *life) intend() error {
	raw, err := json.Marshal(l.handle)
	if err != nil {
		return fmt.Errorf("encode the handle: %w", err)
	}
	if err := l.phase(event.Intended, func(e *event.DeedChanged) { e.Handle = raw }); err != nil {
		return fmt.Errorf("not injected, because its undo could not be recorded: %w", err)
	}
	l.intended = true
	return nil
}

// arm installs the undo where the deed acts, if it can be. Whatever it says, the undo may be there from now on.
func (l *life) arm(ctx context.Context, lease providers.Lease) error {
	a, ok := l.deed.(providers.Armer)
	if !ok {
		return nil
	}
	l.ends = l.now() + lease.TTL.D()
	l.armed = true
	if err := a.Arm(ctx, l.handle, lease); err != nil {
		return fmt.Errorf("not injected, because its undo could not be armed: %w", err)
	}
	return l.phase(event.Armed, nil)
}

// inject does the deed and looks until its effect is there.
func (l *life) inject(ctx context.Context, limit time.Duration, poll time.Duration) error {
	if err := l.phase(event.Injecting, nil); err != nil {
		return err
	}
	l.injected.Low = l.now()
	if err := l.deed.Inject(ctx, l.handle); err != nil {
		return fmt.Errorf("inject: %w", err)
	}
	if err := l.phase(event.Injected, nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("its effect was not seen within %s", value.Duration(limit)))
	defer cancel()
	var last providers.Effect
	for {
		e, err := l.deed.Verify(ctx, l.handle)
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("verify: %w (last seen: %s)", context.Cause(ctx), orNothing(last.Evidence))
		case err != nil:
			return fmt.Errorf("verify: it cannot be told whether it bites: %w", err)
		case e.InForce:
			l.injected.High = l.since(e.High)
			l.result = e.Result
			return l.reload()
		}
		last = e
		if err := pause(ctx, poll); err != nil {
			return fmt.Errorf("verify: %w (last seen: %s)", err, orNothing(last.Evidence))
		}
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// heal undoes the deed and looks until nothing is left of it, again and again with growing pauses, on a context
// that the run's end does not touch.
func (l *life) heal(ctx context.Context) error {
	if l.healed || !l.intended {
		l.finish(nil)
		return nil
	}
	budget := l.budget
	_ = l.phase(event.Healing, nil)
	l.restored.Low = l.now()
	if l.handle.CutOff && l.ends > 0 {
		// The place heals by itself, perhaps before it is asked, and not before its lease has ended.
		budget += max(l.ends-l.now(), 0)
		l.restored.Low = min(l.restored.Low, max(l.ends, l.injected.Low))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, budget, fmt.Errorf("%s were not enough", value.Duration(budget)))
	defer cancel()
	attempt := 0
	bo := &backoff.ExponentialBackOff{InitialInterval: 250 * time.Millisecond, Multiplier: 2, MaxInterval: 15 * time.Second}
	bo.Reset()
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		attempt++
		err := l.healOnce(ctx)
		if err != nil {
			_ = l.phase(event.HealFailed, func(e *event.DeedChanged) { e.Error, e.Attempt = err.Error(), attempt })
		}
		return struct{}{}, err
	}, backoff.WithBackOff(bo), backoff.WithMaxElapsedTime(budget))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		l.finish(err)
		return err
	}
	l.finish(nil)
	return nil
}

func (l *life) healOnce(ctx context.Context) error {
	one, cancel := context.WithTimeoutCause(ctx, healAttempt, fmt.Errorf("no answer within %s", value.Duration(healAttempt)))
	defer cancel()
	if err := l.deed.Heal(one, l.handle); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	settled := l.now() + settle
	for {
		e, err := l.deed.VerifyHealed(one, l.handle)
		if err != nil {
			return fmt.Errorf("verify that it is healed: %w", err)
		}
		every := verifyEvery
		if !e.InForce {
			if l.restored.High == 0 {
				l.restored.High = l.since(e.High)
			}
			l.differs = e.Difference
			if e.Difference == "" || l.now() >= settled {
				l.healed = true
				break
			}
			every = differsEvery // what the deed has stopped may be on its way up again
		}
		if err := pause(one, every); err != nil {
			return fmt.Errorf("not healed: %s (%w)", e.Evidence, err)
		}
	}
	if a, ok := l.deed.(providers.Armer); ok && l.armed {
		if err := a.Disarm(one, l.handle); err != nil {
			l.healed = false
			return fmt.Errorf("disarm: %w", err)
		}
	}
	if err := l.phase(event.Healed, func(e *event.DeedChanged) {
		e.Low, e.High, e.Error = l.restored.Low, l.restored.High, l.differs
	}); err != nil {
		// The target is whole; only the record is not. recover will find nothing left to do.
		return nil
	}
	return nil
}

func (l *life) finish(err error) {
	l.gaveUp = err
	closeOnce(l.over)
}

// pause waits, or returns why it cannot.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(max(d, 1))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
