package history_test

import (
	"math"
	"testing"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/history"
	"github.com/xdc-project/xdc/engine/report"
)

// A probe's figures are compared as a wait's and an audit's are: by their upper bounds, never where it did not come, in doubt
// where there is none.
func TestFiguresOfProbes(t *testing.T) {
	var runs []report.Summary
	for i := range 6 {
		s := made(i, 10, 0)
		out, rto := 2+float64(i), 3+float64(i)
		p := event.Probe{
			Total:      event.ProbeCounts{Outage: &event.Interval{Low: out - 0.02, High: &out}, P99: &event.Interval{Low: 1}},
			Recoveries: []event.Recovery{{Since: "fault.a.b.injected", Disturbed: true, RTO: &rto, RTOHigh: &rto, RTOLow: rto - 0.01}},
		}
		if i == 5 {
			p.Recoveries[0] = event.Recovery{Since: "fault.a.b.injected"}
		}
		s.Probes = []report.Probe{{Step: "probe.client", Probe: p}}
		runs = append(runs, s)
	}
	got, err := history.Compare(runs, nil, usual)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		n, never, doubt int
		median, most    float64
	}{
		"outage": {6, 0, 0, 4, 7}, "rto since fault.a.b.injected": {5, 0, 1, 5, 7}, "latency_p99": {6, 6, 0, math.Inf(1), math.Inf(1)},
	}
	for _, f := range got.Figures {
		w, ok := want[f.What]
		if f.Step != "probe.client" || !ok {
			continue
		}
		delete(want, f.What)
		if f.N != w.n || f.Never != w.never || f.Doubt != w.doubt || float64(f.Median) != w.median || float64(f.Max) != w.most {
			t.Errorf("%s: %+v, want %+v", f.What, f, w)
		}
	}
	if len(want) > 0 {
		t.Errorf("there are no figures %v", want)
	}
}
