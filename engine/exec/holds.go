package exec

import (
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/cond"
)

// holdAll says which samples steps that wait for conditions need. Those of expectations and guards say so themselves.
func (r *run) holdAll() {
	for _, st := range r.order {
		if st.When != nil {
			r.hold(st.When.Formula, func() time.Duration {
				if st.began || st.state.Finished() {
					return trace.Nothing
				}
				return r.at
			})
		}
		if st.Wait != nil {
			r.hold(st.Wait.Until.Formula, func() time.Duration { return r.waitPassed(st) })
		}
	}
}

// hold keeps the samples that a condition may look at after an instant.
func (r *run) hold(f *cond.Formula, passed func() time.Duration) {
	back, bounded := f.Reach()
	r.opt.Trace.Hold(f.Names(), func() time.Duration {
		switch t := passed(); {
		case t == trace.Nothing:
			return t
		case !bounded:
			return -1 // its windows reach back as far as the run does
		default:
			return t - back - r.opt.Lateness - 1
		}
	})
}

// waitPassed is up to where a wait looks at its condition no more.
func (r *run) waitPassed(st *step) time.Duration {
	switch {
	case st.state.Finished():
		return trace.Nothing
	case st.passed != nil:
		return st.passed()
	case st.Wait.Since == nil:
		return r.at
	}
	if since, ok := r.opt.Trace.Event(st.Wait.Since.Path()); ok {
		return since.Low - measure.Lookback
	}
	return r.at - measure.Lookback
}
