package report

import (
	"strings"

	"github.com/xdc-project/xdc/providers"
)

// predictions sets what the plan predicted beside what was measured.
func (f *folding) predictions() {
	for _, p := range f.plan.Predicted {
		out := Predicted{
			Fault: p.Fault, Target: p.Target, Job: p.Job, Quantity: p.Quantity, Low: p.Low, High: p.High,
			Possible: p.Possible, Sure: p.Sure, Words: p.Words,
		}
		out.By, out.Measured = f.counterpart(p)
		if m := out.Measured; m != nil {
			agrees := p.Low <= highOf(m) && (p.Quantity == "loss_window" || m.Low <= p.High)
			if p.Quantity == "loss_window" {
				agrees = m.Low <= p.High
			}
			out.Agrees = &agrees
		}
		f.out.Predictions = append(f.out.Predictions, out)
	}
}

func highOf(b *Bounds) float64 {
	if b.High == nil {
		return infinite
	}
	return *b.High
}

// counterpart finds the measurement that a prediction can be compared with: a wait since the same fault whose
// condition names the same target and what is predicted, or the audit's loss.
func (f *folding) counterpart(p providers.Prediction) (string, *Bounds) {
	if p.Quantity == "loss_window" {
		for _, a := range f.out.Audits {
			if a.Total.RPO != nil {
				return a.Step, a.bounds("rpo")
			}
		}
		return "", nil
	}
	word := map[string]string{"detection": ".remote", "takeover": ".takeover"}[p.Quantity]
	for _, r := range f.out.Recoveries {
		if word != "" && strings.HasPrefix(r.Since, p.Fault+".injected") && strings.Contains(r.Until, word) && strings.Contains(r.Until, p.Target+".") {
			return r.Step, r.bounds()
		}
	}
	return "", nil
}
