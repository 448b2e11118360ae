package exec

import (
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/cond"
)

// guard is a guard under way.
type guard struct {
	plan.Guard
	seen time.Duration // looked at up to here, inclusive
	over bool
	why  string
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
			return 0, false
		}
		g.seen = max(g.seen, from.High-1)
	}
	r.attend.begin(g.Address)
	mark := r.judgeable(f) - 1
	if g.To != nil {
		if to, ok := r.opt.Trace.Event(g.To.Path()); ok {
			mark, over = min(mark, to.Low), to.Low <= mark
			now = min(now, to.Low)
		}
	}
	r.opt.Trace.Judge(func(v cond.View) {
		for _, t := range f.Changes(v, g.seen, mark) {
			if truth := f.Truth(v, t); truth != cond.True && r.trip(g, f.Eval(v, t)) {
				return
			}
		}
		if g.seen = max(g.seen, mark); now > g.seen && !r.trip(g, f.Eval(v, now)) {
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

// trip notes that a guard trips, if it does.
func (r *run) trip(g *guard, j cond.Judged) bool {
	if j.Truth == cond.False || j.Truth == cond.Unknown && g.OnUnknown == "abort" {
		g.over, g.why = true, j.Why
	}
	return g.over
}
