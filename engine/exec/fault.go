package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// errEndedEarly is why a fault failed whose armed undo ran before its time.
var errEndedEarly = errors.New("ended early: its lease was lost where it acts (the armed undo has run, or is gone)")

// fault is the body of a fault: it drives its whole life. ctx ends when the run is aborted before the injection
// is verified; from then on st.abort says so.
func (r *run) fault(ctx context.Context, st *step, args json.RawMessage) {
	typ, _, ok := r.opt.Registry.Fault(st.Type)
	if !ok {
		r.failed(st, fmt.Errorf("no provider has the fault %q", st.Type), nil)
		return
	}
	l := r.newLife(st, "fault", typ.New(r.env))
	err := r.injectFault(ctx, st, l, firstArgs(st, l.deed, args))
	if err == nil {
		r.post(func() { r.faultInForce(st, l) })
		err = r.holdFault(st, l)
	}
	r.healFault(st, l, err)
}

// injectFault prepares, records, arms, injects and verifies, alone at its places.
func (r *run) injectFault(ctx context.Context, st *step, l *life, args json.RawMessage) error {
	if err := l.prepare(ctx, args); err != nil {
		return err
	}
	cut, err := laterStages(ctx, st, providers.StepID{Run: r.env.Run, Step: st.Address}, l.deed)
	if err != nil {
		return err
	}
	l.handle.CutOff = l.handle.CutOff || cut || st.Description.CutsManagement
	if err := needsDuration(st, l.handle); err != nil {
		return err
	}
	if found := l.handle.Found; len(found) > 0 {
		r.post(func() { r.note(st, found) })
	}
	release, err := r.places.hold(ctx, l.handle.Places)
	if err != nil {
		return err
	}
	defer release()
	r.post(func() { st.life = l; r.injected = append(r.injected, l) })
	if err := l.intend(); err != nil {
		return err
	}
	if err := r.arm(ctx, l, r.longest(st)); err != nil {
		return err
	}
	if err := l.inject(ctx, verifyLimit, verifyEvery); err != nil {
		return err
	}
	until := time.Duration(0)
	if d := st.Fault.Duration.D(); d > 0 {
		until = l.injected.High + d
	}
	return l.phase(event.Verified, func(e *event.DeedChanged) {
		e.Low, e.High, e.Until = l.injected.Low, l.injected.High, until
	})
}

// arm arms the undo of a deed that can last for so long. When ctx ends meanwhile, the answer is waited for a little longer: an
// undo that comes to be armed after it was disarmed would stay until its lease ends.
func (r *run) arm(ctx context.Context, l *life, left time.Duration) error {
	arming, cancel := r.untilGivenUp(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		_ = pause(arming, healAttempt/3) // or until it is answered
		cancel()
	})
	defer stop()
	if err := l.arm(arming, r.lease(l, left)); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// laterStages looks whether the stages after the first could be put in force, touching nothing, and whether the last one
// cuts xdc off. One before it may not: the next could not be entered.
func laterStages(ctx context.Context, st *step, id providers.StepID, deed providers.Deed) (cut bool, err error) {
	if _, ok := deed.(providers.Stager); !ok {
		return false, nil
	}
	last := len(st.Fault.Stages) - 1
	for i, sg := range st.Fault.Stages {
		if last == 0 && !sg.Ramp {
			return false, nil // it is what was prepared
		}
		h, err := deed.Prepare(ctx, id, sg.Args)
		switch {
		case err != nil:
			return false, fmt.Errorf("prepare stage %d: %w", i+1, err)
		case h.CutOff && i < last:
			return false, fmt.Errorf("stage %d cuts the path by which xdc reaches the place, so that stage %d cannot be put in force: make it the last, or leave the way to xdc out of it", i+1, i+2)
		}
		cut = h.CutOff
	}
	return cut, nil
}

// note puts what was found just before the deed into the record.
func (r *run) note(st *step, found []providers.Line) {
	for _, l := range found {
		_ = r.emit(&event.Noted{Level: "info", Subject: st.Address, Text: lineWords(l)})
	}
}

// needsDuration refuses a fault that would cut xdc off for as long as xdc wants.
func needsDuration(st *step, h providers.Handle) error {
	if !h.CutOff || st.Fault.Duration > 0 {
		return nil
	}
	return errors.New("it cuts the path by which xdc reaches the place, so that nobody but the armed undo can end it: give it a duration")
}

// longest is how long the fault can be in force at all.
func (r *run) longest(st *step) time.Duration {
	if d := st.Fault.Duration.D(); d > 0 {
		return d
	}
	return max(r.plan.Timeout.D()-r.now(), 0)
}

// lease is what to arm the undo with: it outlasts the time left by a little and is never longer than a minute
// unless xdc cannot renew it.
func (r *run) lease(l *life, left time.Duration) providers.Lease {
	if l.handle.CutOff {
		return providers.Lease{TTL: value.Duration(left), Deadline: value.Duration(left)}
	}
	t := r.opt.Lease
	return providers.Lease{TTL: value.Duration(min(left+t.Slack, t.Longest)), Deadline: value.Duration(left + t.Slack)}
}

// faultInForce runs in the loop.
func (r *run) faultInForce(st *step, l *life) {
	l.bit = true
	st.results = map[string]any{"injected": l.injected.High.Seconds()}
	at := r.happened(st.Address+".injected", l.injected).High
	r.sample(signal.Sample{Signal: st.Address + ".in_force", Value: signal.BoolVal(true), Low: l.injected.Low, High: at})
	r.reach(st, program.Injected, at)
	if r.aborting != "" {
		closeOnce(st.abort)
	}
}

// holdFault waits until the fault is to be healed, renewing its lease and going through its stages. An error
// means that it ended early. A renewal that gets no answer keeps nothing waiting: it is given up when the time has come.
func (r *run) holdFault(st *step, l *life) error {
	end := newTimer(st.Fault.Duration.D(), l.injected.High-r.now())
	defer end.Stop()
	renew := time.NewTicker(r.opt.Lease.Every)
	defer renew.Stop()
	release := st.release
	if st.Fault.Duration > 0 {
		release = nil // dependents neither shorten nor lengthen it
	}
	stages := r.newStages(st, l)
	defer stages.stop()
	ctx, giveUp := context.WithCancel(context.Background())
	renewed, renewing := make(chan error, 1), false
	defer func() {
		if giveUp(); renewing {
			<-renewed //nolint:errcheck // it is being healed, whatever came of it
		}
	}()
	for {
		select {
		case <-end.C:
			return nil
		case <-release:
			return nil
		case <-st.abort:
			return errAborted
		case <-stages.next():
			if renewing { // one thing at a time at the place
				renewing = false
				if err := <-renewed; err != nil {
					return err
				}
			}
			if err := stages.enter(); err != nil {
				return err
			}
		case <-renew.C:
			if !renewing && !r.isOver(st, l) {
				renewing = true
				go func() { renewed <- r.renew(ctx, st, l) }()
			}
		case err := <-renewed:
			renewing = false
			if err != nil {
				return err
			}
		}
	}
}

// isOver is whether the fault's time has come, which its timer may be about to say: nothing is renewed for no time.
func (r *run) isOver(st *step, l *life) bool {
	d := st.Fault.Duration.D()
	return d > 0 && r.now() >= l.injected.High+d
}

// newTimer fires after d plus an offset; with d zero it never does.
func newTimer(d, offset time.Duration) *time.Timer {
	if d == 0 {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return t
	}
	return time.NewTimer(max(d+offset, 1))
}

// renew renews the lease of a fault until ctx ends.
func (r *run) renew(ctx context.Context, st *step, l *life) error {
	a, ok := l.deed.(providers.Armer)
	if !ok || l.handle.CutOff {
		return nil
	}
	left := r.longest(st)
	if d := st.Fault.Duration.D(); d > 0 {
		left = max(l.injected.High+d-r.now(), 0)
	}
	one, cancel := context.WithTimeout(ctx, healAttempt/3)
	defer cancel()
	err := a.Renew(one, l.handle, r.lease(l, left))
	switch {
	case ctx.Err() != nil:
		return nil // it is being healed already
	case errors.Is(err, providers.ErrLeaseEnded):
		return errEndedEarly
	case err != nil:
		// The next renewal may work; if none does, the undo runs by itself and a later renewal says so.
		r.post(func() { r.warn(st.Address, "its lease could not be renewed: "+err.Error()) })
	}
	return nil
}

// healFault heals, whatever the reason, and reports.
func (r *run) healFault(st *step, l *life, cause error) {
	if errors.Is(cause, errAborted) {
		r.healAfterLater(l)
	}
	heals := context.WithoutCancel(context.Background())
	heals, cancel := r.untilGivenUp(heals)
	defer cancel()
	release, err := r.places.hold(heals, l.handle.Places)
	if err == nil {
		err = l.heal(heals)
		release()
	} else {
		l.finish(err)
	}
	inForce := cause == nil || errors.Is(cause, errAborted) || errors.Is(cause, errEndedEarly)
	r.post(func() { r.faultHealed(st, l, cause, err, inForce && l.bit) })
}

// faultHealed runs in the loop.
func (r *run) faultHealed(st *step, l *life, cause, healErr error, wasInForce bool) {
	if healErr != nil {
		r.out.because(Owed, "%s is not healed: %v", st.Address, healErr)
		r.out.Owed = append(r.out.Owed, st.Address)
		r.finish(st, event.Failed, "not healed: "+healErr.Error(), map[string]any{})
		return
	}
	results, healed := map[string]any{}, r.at
	if wasInForce {
		results["injected"] = l.injected.High.Seconds()
		results["healed"] = l.restored.High.Seconds()
		results["held"] = (l.restored.Low - l.injected.High).Seconds()
		st.results = results
		healed = r.happened(st.Address+".healed", l.restored).High
		for _, a := range r.opened {
			if a.audit.audit != nil {
				a.audit.audit.Healed()
			}
		}
		r.sample(signal.Sample{Signal: st.Address + ".in_force", Value: signal.BoolVal(false), Low: l.restored.Low, High: healed})
	}
	if l.differs != "" {
		// A person has to look at it: there is nothing left that recover could undo.
		r.out.because(Owed, "%s is healed, and yet its place is not as it was before:\n%s", st.Address, l.differs)
	}
	switch {
	case cause == nil && l.differs != "":
		r.reach(st, program.Healed, healed)
		r.finish(st, event.Failed, "healed, and yet its place is not as it was before:\n"+l.differs, results)
	case cause == nil:
		st.state = event.Running
		r.reach(st, program.Healed, healed)
		r.finish(st, event.Done, "", results)
	case errors.Is(cause, errAborted) && wasInForce:
		r.reach(st, program.Healed, healed)
		r.finish(st, event.Done, "healed early: "+r.aborting, results)
	default:
		if wasInForce {
			r.reach(st, program.Healed, healed)
		}
		if errors.Is(cause, errEndedEarly) {
			r.out.because(Broken, "%s %v", st.Address, cause)
		}
		r.finish(st, event.Failed, cause.Error(), results)
	}
	r.maybeCloseAudits()
}

// healAfterLater waits until the faults that were injected later at the same place are healed or given up, so
// that a shared place is unwound in reverse.
func (r *run) healAfterLater(l *life) {
	later := make(chan []*life, 1)
	r.post(func() {
		var out []*life
		after := false
		for _, o := range r.injected {
			if after && sharesPlace(o, l) {
				out = append(out, o)
			}
			after = after || o == l
		}
		later <- out
	})
	for _, o := range <-later {
		<-o.over
	}
}

func sharesPlace(a, b *life) bool {
	for _, p := range a.handle.Places {
		if slices.Contains(b.handle.Places, p) {
			return true
		}
	}
	return false
}
