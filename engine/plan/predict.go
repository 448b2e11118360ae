package plan

import (
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/providers"
)

// predict asks every provider what must come of each fault.
func (m *maker) predict() {
	m.said = map[string][]providers.Prediction{}
	targets := make([]string, 0, len(m.plan.Targets))
	for _, t := range m.plan.Targets {
		targets = append(targets, t.Name)
	}
	var asked []*providers.Provider
	for _, p := range m.reg.Providers() {
		if p.Predict != nil {
			asked = append(asked, p)
		}
	}
	for _, st := range m.steps {
		if st.Fault == nil {
			continue
		}
		q := providers.Question{
			Fault: st.Address, Type: st.Type, Held: st.Fault.Duration.D().Seconds(), Effect: st.Description, Jobs: m.plan.Jobs, Targets: targets,
		}
		for _, p := range asked {
			got := p.Predict(q)
			m.said[st.Address] = append(m.said[st.Address], got...)
			m.plan.Predicted = append(m.plan.Predicted, got...)
		}
	}
}

// recovery is the prediction for what a measurement waits for: all that it names together. It is not known if the
// wait names anything that no prediction speaks of.
func (m *maker) recovery(st *Step) (providers.Prediction, bool) {
	fault, ok := m.at[st.Wait.Since.Step]
	if !ok || m.steps[fault].Fault == nil {
		return providers.Prediction{}, false
	}
	ts, ok := terms(st.Wait.Until)
	if !ok {
		return providers.Prediction{}, false
	}
	all := providers.Prediction{Possible: true, Sure: true}
	found := false
	for _, t := range ts {
		p, neutral, ok := m.foretold(m.steps[fault], t)
		switch {
		case neutral:
		case !ok:
			return providers.Prediction{}, false
		default:
			found = true
			if p.High > all.High || all.Words == "" {
				all.Words = p.Words
			}
			all.Low, all.High = max(all.Low, p.Low), max(all.High, p.High)
			all.Possible, all.Sure = all.Possible && p.Possible, all.Sure && p.Sure
		}
	}
	return all, found
}

// foretold is the prediction about one term of a wait's condition; neutral says that the fault does not touch it.
func (m *maker) foretold(fault *Step, t term) (p providers.Prediction, neutral, ok bool) {
	i, known := m.byName[t.subject.Job]
	if !known || t.op != "==" {
		return p, false, false
	}
	job := m.steps[i].Job
	quantity := ""
	switch _, signal, _ := m.toolkit(t); {
	case signal == "remote" && t.right == "down":
		quantity = "detection"
	case signal == "takeover" && t.right == "done":
		quantity = "takeover"
	case signal == "role", t.subject.Name == job.Target+"."+job.Path+".health" && t.right == "healthy", t.subject.Name == job.Target+"."+job.Path+".status" && t.right == "running":
		return p, !slices.Contains(fault.Description.Stops, job.Target+"."+job.Path), false
	default:
		return p, false, false
	}
	for _, p := range m.said[fault.Address] {
		if p.Quantity == quantity && p.Target == job.Target && (p.Job == "" || p.Job == job.Path || p.Job == job.Target+"."+job.Path) {
			return p, false, true
		}
	}
	return p, false, false
}

// detections are the predictions of when each side notices a fault.
func (m *maker) detections(fault *Step) []providers.Prediction {
	return slices.DeleteFunc(slices.Clone(m.said[fault.Address]), func(p providers.Prediction) bool { return p.Quantity != "detection" })
}

// each visits the steps of a kind.
func (m *maker) each(k addr.Kind, f func(i int, st *Step)) {
	for i, st := range m.steps {
		if addr.Kind(st.Kind) == k {
			f(i, st)
		}
	}
}
