package exec

import (
	"math"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/cond"
)

// guard is a guard under way.
type guard struct {
	plan.Guard
	follow *cond.Follower
	from   time.Duration // where it is armed; forever before
	over   bool
	why    string
}

// armGuards watches every guard between its events. One that becomes false aborts the run.
func (r *run) armGuards() {
	for _, g := range r.guards {
		why := ""
		if r.opt.Rehearsal || r.opt.StandIn {
			why = g.Unseen
		}
		if why == "" && r.env.Machine == nil {
			why = g.Unmanned
		}
		if why != "" {
			_ = r.emit(&event.Noted{Level: "info", Subject: g.Address, Text: "not watched: " + why})
			continue
		}
		more := []string{}
		if g.From != nil {
			more = append(more, g.From.Path())
		}
		if g.To != nil {
			more = append(more, g.To.Path())
		}
		r.opt.Trace.Judge(func(v cond.View) { g.follow = g.That.Formula.Follow(v) })
		back, bounded := g.That.Formula.Reach()
		r.opt.Trace.Hold(g.That.Formula.Names(), func() time.Duration {
			switch {
			case g.over || r.complete:
				return trace.Nothing
			case !bounded:
				return g.follow.Passed()
			}
			return min(g.follow.Passed(), r.at-back-1)
		})
		r.watchers.watch(g.That.Formula, func(now time.Duration) (time.Duration, bool) { return r.guard(g, now) }, more...)
	}
}

// guard looks at a guard. It is asked whenever something new is known, and trips on what is known then; and it looks
// at every instant up to which everything is known, because what came late may have been so only between two looks.
func (r *run) guard(g *guard, now time.Duration) (next time.Duration, over bool) {
	defer func() {
		if over {
			r.attend.end(g.Address, now)
		}
	}()
	if g.over || r.aborting != "" || r.complete {
		return 0, true
	}
	f := g.That.Formula
	if g.From != nil {
		from, ok := r.opt.Trace.Event(g.From.Path())
		if !ok {
			mark := r.judgeable(f) - 1
			r.opt.Trace.Judge(func(cond.View) { g.follow.Advance(mark, math.MaxInt64, nil) })
			return 0, false
		}
		g.from = from.High
	}
	r.attend.begin(g.Address)
	mark := r.judgeable(f) - 1
	if g.To != nil {
		if to, ok := r.opt.Trace.Event(g.To.Path()); ok {
			mark, over = min(mark, to.Low), to.Low <= mark
			now = min(now, to.Low)
		}
	}
	_, bounded := f.Reach()
	r.opt.Trace.Judge(func(v cond.View) {
		g.follow.Advance(mark, g.from, func(_ time.Duration, truth cond.Truth) bool {
			return !g.trips(truth) || !g.trip(g.follow.Judged())
		})
		// A window over the whole run is looked at by the follower alone, which adds to it what is new.
		if now > mark && now >= g.from && bounded && !g.over && (!g.trips(f.Truth(v, now)) || !g.trip(f.Eval(v, now))) {
			next, _ = f.NextChange(v, now)
		}
	})
	if g.over {
		_ = r.emit(&event.GuardTripped{Guard: g.Address, Why: g.why})
		r.abort(Broken, "%s tripped: %s", g.Address, g.why)
		return 0, true
	}
	return next, over
}

// trips reports whether a truth trips a guard.
func (g *guard) trips(t cond.Truth) bool {
	return t == cond.False || t == cond.Unknown && g.OnUnknown == "abort"
}

// trip notes why a guard trips.
func (g *guard) trip(j cond.Judged) bool {
	g.over, g.why = true, j.Why
	return true
}
