package testfile

import (
	"maps"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// Online judges the way a run does: samples come one after the other, and conditions are judged in between.
type Online struct{}

var _ Evaluator = Online{}

// At is the truth at t. Of a condition with a temporal operator it is the verdict as far as it is known then, what
// came at t included.
func (Online) At(f *cond.Formula, l *Timeline, t time.Duration) cond.Judged {
	if !f.Temporal() {
		return f.Eval(l.Until(t), t)
	}
	m, _ := feed(f, l, t)
	m.Advance(t + 1)
	return m.Sofar(t + 1)
}

// Verdict is that of the end of the run.
func (Online) Verdict(f *cond.Formula, l *Timeline) cond.Judged {
	if !f.Temporal() {
		return f.Eval(l.Until(l.End), l.End)
	}
	m, decided := feed(f, l, l.End)
	if decided != nil {
		return *decided
	}
	return m.Finish(l.End)
}

// feed lets a monitor see everything up to an instant, bit by bit; decided is the verdict if there was one before.
func feed(f *cond.Formula, l *Timeline, until time.Duration) (m *cond.Monitor, decided *cond.Judged) {
	v := cond.NewMemoryView()
	m = f.Monitor(v, l.Begin)
	type arrival struct {
		at     time.Duration
		sample *signal.Sample
		event  string
	}
	var all []arrival
	for i := range l.Samples {
		all = append(all, arrival{at: l.Samples[i].High, sample: &l.Samples[i]})
	}
	for _, name := range slices.Sorted(maps.Keys(l.Events)) {
		all = append(all, arrival{at: l.Events[name].High, event: name})
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return int(min(max(a.at-b.at, -1), 1)) })
	for _, a := range all {
		if a.at > until {
			break
		}
		if a.sample != nil {
			v.Push(*a.sample)
		} else {
			v.Happened(a.event, l.Events[a.event])
		}
		if j, over := m.Advance(a.at); over && decided == nil {
			decided = &j
		}
	}
	return m, decided
}
