package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/providers"
)

// action is the body of an action.
func (r *run) action(ctx context.Context, st *step, args json.RawMessage) {
	typ, _, ok := r.opt.Registry.Action(st.Type)
	if !ok {
		r.failed(st, fmt.Errorf("no provider has the action %q", st.Type), nil)
		return
	}
	if typ.Lasts != nil && typ.Lasts(args) {
		r.lasting(ctx, st, typ.Deed(r.env), args)
		return
	}
	res, err := typ.New(r.env).Do(ctx, providers.StepID{Run: r.env.Run, Step: st.Address}, args)
	results := map[string]any{}
	if res.ExitCode != nil {
		results["exit_code"] = float64(*res.ExitCode)
	}
	if res.StatusCode != nil {
		results["status_code"] = float64(*res.StatusCode)
	}
	results["output"], results["body"] = res.Output, res.Body
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) {
			err = cause
		}
		r.failed(st, err, results)
		return
	}
	r.done(st, results)
}

// approve waits for a person's answer. Leases are renewed meanwhile by the faults themselves.
func (r *run) approve(st *step) {
	_ = r.emit(&event.ApprovalAsked{Step: st.Address, Prompt: st.Action.Approve.Prompt})
	if r.opt.Rehearsal {
		r.approved(st, Answer{Approved: true, By: "rehearsal"})
		return
	}
	deadline := time.Duration(0)
	if st.Timeout > 0 {
		deadline = r.at + st.Timeout.D()
	}
	r.watchers.watch(nil, func(now time.Duration) (time.Duration, bool) {
		switch {
		case st.state.Finished():
			return 0, true
		case r.aborting != "":
			r.finish(st, event.Failed, "the run was aborted", nil)
			return 0, true
		}
		if r.opt.Approval != nil {
			if a, ok := r.opt.Approval(st.Address); ok {
				r.approved(st, a)
				return 0, true
			}
		}
		if deadline > 0 && now >= deadline {
			if st.Action.Approve.Default == "continue" {
				r.approved(st, Answer{Approved: true, By: "timeout"})
			} else {
				r.finish(st, event.Failed, "nobody answered within "+st.Timeout.String(), nil)
			}
			return 0, true
		}
		return now + pollInterrupts, false
	})
}

func (r *run) approved(st *step, a Answer) {
	_ = r.emit(&event.ApprovalAnswered{Step: st.Address, Approved: a.Approved, By: a.By})
	results := map[string]any{"approved_by": a.By}
	if !a.Approved {
		r.finish(st, event.Failed, "refused by "+a.By, results)
		return
	}
	r.finish(st, event.Done, "", results)
}
