package exec

import (
	"errors"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// probeIn adds a probe to a draft. The service refuses while the switch "cut" is on.
func probeIn(w *world, d *draft, edit func(*program.Probe), needs ...string) *plan.Step {
	w.refuse = func(time.Duration) bool { return w.isOn("cut") }
	p := &program.Probe{
		Through: "feed", Targets: []string{"dc1"}, ResultsAt: []string{"dc1"}, Key: "id", Rate: 100, Deadline: secs(1), Hold: secs(2), Settle: secs(3),
		Record: &value.Generator{Kind: "object", Names: []string{"id"}, Fields: []value.Generator{{Kind: "id"}}},
	}
	if edit != nil {
		edit(p)
	}
	return d.add("probe.client", &program.Step{Probe: p}, needs...)
}

func (r ran) probe(t *testing.T) event.Probe {
	t.Helper()
	for _, ev := range r.events {
		if p, ok := ev.Body.(*event.Probed); ok {
			return p.Probe
		}
	}
	t.Fatal("there is no result of the probe")
	return event.Probe{}
}

// The fault is listed first and has nothing to wait for: it must wait for the readers all the same. The probe goes on for
// settle and hold after its heal, and its figures can be asked for by name.
func TestAProbeSeesAFaultFromItsBeginning(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.fault("cut", "switch", program.Fault{Duration: secs(10)}, "wait.ok")
	probeIn(w, d, nil).Holders = []string{"fault.switch.cut"}
	w.signals["dc1.ok"] = from(0)
	d.wait("ok", "dc1.ok", "", time.Minute)
	d.expect("rto", "probe.client.rto <= 11s and probe.client.rto >= 9.9s and probe.client.outage <= 11s", "probe.client")
	d.expect("level", "probe.client.service_level < 60% and probe.client.disturbed is true and probe.client.recovered is true", "probe.client")
	d.expect("ok", "eventually probe.client.ok is false from fault.switch.cut.injected within 3s", "fault.switch.cut")
	r := drill(t, w, d, nil)
	if r.out.Code() != OK {
		t.Errorf("%v: %+v %+v %+v", r.out, r.verdict("expect.rto"), r.verdict("expect.level"), r.verdict("expect.ok"))
	}
	p := r.probe(t)
	if n := p.Total.Failed; n < 999 || n > 1001 || p.Total.Unknown != 0 || len(p.Recoveries) != 1 || p.Recoveries[0].Since != "fault.switch.cut.injected" {
		t.Errorf("%+v %+v", p.Total, p.Recoveries)
	}
	if end := p.Last - p.Recoveries[0].BeganHigh; end < 4.9 || end > 5.1 {
		t.Errorf("it sent for %v s after the heal, want settle and hold", end)
	}
}

// A fault that could begin while the readers are still being opened waits for them, and for a first transaction.
func TestAFaultWaitsForAProbeToBeReady(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.readTakes = 2 * time.Second
	d.fault("cut", "switch", program.Fault{Duration: secs(10)})
	probeIn(w, d, nil).Holders = []string{"fault.switch.cut"}
	r := drill(t, w, d, nil)
	p := r.probe(t)
	if p.First < 1 || p.Recoveries[0].InjectedLow < p.First || p.Outages[0].LastGood == nil {
		t.Errorf("the fault was injected at %v, and the first transaction was due at %v", p.Recoveries[0].InjectedLow, p.First)
	}
}

func TestAProbeWithADurationHoldsNothing(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.fault("cut", "switch", program.Fault{Duration: secs(3)}, "probe.client")
	probeIn(w, d, func(p *program.Probe) { p.Duration = secs(5) })
	r := drill(t, w, d, nil)
	p := r.probe(t)
	if r.out.Code() != OK || p.Total.Good != 500 || len(p.Recoveries) != 0 {
		t.Errorf("%v %+v", r.out, p.Total)
	}
}

// An abort ends a probe at once, and what it found so far is kept.
func TestAnAbortEndsAProbe(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	probeIn(w, d, func(p *program.Probe) { p.Duration = secs(100) })
	d.wait("never", "dc1.ok", "", 10*time.Second)
	w.signals["dc1.ok"] = from(time.Hour)
	r := drill(t, w, d, nil)
	state, why := r.state("probe.client")
	if r.out.Code() != Broken || state != event.Failed || why != errAborted.Error() || r.took > 15*time.Second {
		t.Errorf("%v after %s: the probe is %s: %s", r.out, r.took, state, why)
	}
	if n := r.probe(t).Total; n.Good < 900 || n.Unknown != 0 {
		t.Errorf("%+v", n)
	}
}

func TestAProbeThatCannotBeOpenedFails(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.inletErr = errors.New("no such endpoint")
	d.fault("cut", "switch", program.Fault{Duration: secs(3)})
	probeIn(w, d, func(p *program.Probe) { p.Duration = secs(5) })
	r := drill(t, w, d, nil)
	if state, _ := r.state("probe.client"); r.out.Code() != Broken || state != event.Failed || len(w.log) != 0 {
		t.Errorf("%v: the probe is %s, and the world saw %v", r.out, state, w.log)
	}
}

func TestTheWorstRecoveryIsTheProbes(t *testing.T) {
	two, five := 2.0, 5.0
	for _, tc := range []struct {
		name string
		all  []event.Recovery
		want map[string]any
	}{
		{"none", nil, map[string]any{"disturbed": false, "recovered": true, "rto": nil, "rto_low": nil}},
		{"undisturbed", []event.Recovery{{}}, map[string]any{"disturbed": false, "rto": nil}},
		{
			"the longer",
			[]event.Recovery{{Disturbed: true, RTO: &two, RTOHigh: &two, RTOLow: 1}, {Disturbed: true, RTO: &five, RTOHigh: &five, RTOLow: 4, AfterHeal: true}},
			map[string]any{"disturbed": true, "rto": 5.0, "rto_low": 4.0, "rto_high": 5.0, "after_heal": true, "recovered": true},
		},
		{
			"never",
			[]event.Recovery{{Disturbed: true, RTO: &five, RTOHigh: &five, RTOLow: 4}, {Disturbed: true, TimedOut: true, RTOLow: 3}},
			map[string]any{"disturbed": true, "recovered": false, "rto": nil, "rto_low": 4.0, "rto_high": nil},
		},
	} {
		m := map[string]any{}
		probeRecovery(m, tc.all)
		for k, want := range tc.want {
			if m[k] != want {
				t.Errorf("%s: %s is %v, want %v", tc.name, k, m[k], want)
			}
		}
	}
}
