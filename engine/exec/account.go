package exec

import (
	"encoding/json"

	"github.com/xdc-project/xdc/engine/event"
)

// notStarted is the outcome of a run that touched nothing.
func (r *run) notStarted(err error) (Outcome, error) {
	r.out.because(NotStarted, "not started: %v", err)
	_ = r.emit(r.out.finished())
	return r.out, err
}

// account adds up, at the end, what bears on the exit code beyond what was noted on the way.
func (r *run) account() {
	for _, st := range r.order {
		if st.finding && st.state == event.Failed {
			r.out.because(NotMet, "%s: the recovery it measures never came", st.Address)
		}
	}
	for _, l := range r.injected {
		if l.intended && !l.healed && l.gaveUp == nil {
			r.owe(l)
		}
	}
	for _, l := range r.jobs {
		if l.intended && !l.healed && l.gaveUp == nil && !r.keeps(l) {
			r.owe(l)
		}
	}
}

func (r *run) owe(l *life) {
	r.out.because(Owed, "%s is not verified undone", l.step)
	r.out.Owed = append(r.out.Owed, l.step)
}

func (r *run) keeps(l *life) bool {
	st := r.steps[l.step]
	return st != nil && st.Job != nil && st.Job.Keep
}

// evaluateOutputs computes the plan's outputs from the results.
func (r *run) evaluateOutputs() {
	if r.plan.Program == nil {
		return
	}
	for _, o := range r.plan.Program.Outputs {
		if o.Sensitive || o.Value == nil {
			continue
		}
		v, diags := o.Value(r.results())
		if diags.HasErrors() {
			r.warn("output."+o.Name, diags.Err().Error())
			continue
		}
		if r.out.Outputs == nil {
			r.out.Outputs = map[string]json.RawMessage{}
		}
		r.out.Outputs[o.Name] = v
	}
}
