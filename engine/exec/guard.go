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
	over bool
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
		r.watchers.watch(g.That.Formula, func(now time.Duration) (time.Duration, bool) {
			if g.over || r.aborting != "" || r.complete {
				r.attend.end(g.Address, now)
				return 0, true
			}
			if g.To != nil {
				if _, ok := r.opt.Trace.Event(g.To.Path()); ok {
					r.attend.end(g.Address, now)
					return 0, true
				}
			}
			if g.From != nil {
				if _, ok := r.opt.Trace.Event(g.From.Path()); !ok {
					return 0, false
				}
			}
			r.attend.begin(g.Address)
			var j cond.Judged
			var next time.Duration
			r.opt.Trace.Judge(func(v cond.View) {
				j = g.That.Formula.Eval(v, now)
				if n, ok := g.That.Formula.NextChange(v, now); ok {
					next = n
				}
			})
			if j.Truth == cond.False || (j.Truth == cond.Unknown && g.OnUnknown == "abort") {
				g.over = true
				_ = r.emit(&event.GuardTripped{Guard: g.Address, Why: j.Why})
				r.abort(Broken, "%s tripped: %s", g.Address, j.Why)
				return 0, true
			}
			return next, false
		}, more...)
	}
}
