package process

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// pes are a stand-in's processes, without a stand-in behind them.
type pes struct {
	list  []providers.Process
	again map[string]providers.Repetition
}

func (p *pes) List(context.Context) ([]providers.Process, error) { return slices.Clone(p.list), nil }

func (p *pes) Signal(_ context.Context, sig string, pids []int) error {
	for i := range p.list {
		if slices.Contains(pids, p.list[i].PID) {
			p.list[i].State = map[string]string{"STOP": "stopped", "CONT": "running"}[sig]
		}
	}
	return nil
}

func (p *pes) Repeat(_ context.Context, name string, r providers.Repetition) error {
	p.again[name] = r
	return nil
}

func (*pes) Arm(context.Context, string, []int, providers.Lease) error { return nil }
func (*pes) Renew(context.Context, string, providers.Lease) error      { return nil }
func (*pes) Disarm(context.Context, string) error                      { return nil }

func (p *pes) env() providers.Env {
	return providers.Env{
		Run: "20260101T000000Z-abcdefgh", Targets: map[string]providers.Target{"dc1": {Name: "dc1", Hosts: []providers.Host{{Name: "edge"}}}},
		Processes: func(providers.Place) (providers.Processes, error) { return p, nil },
	}
}

func TestAStandInSparesWhatWasStoppedBefore(t *testing.T) {
	p := &pes{list: []providers.Process{
		{PID: 10, Command: "pe a", State: "stopped", Started: "1", Holds: []string{"A"}, Job: "job.orders"},
		{PID: 11, Command: "pe b", State: "running", Started: "2", Holds: []string{"B"}, Job: "job.orders"},
	}}
	d := hangFault().New(p.env())
	h, err := d.Prepare(t.Context(), providers.StepID{Run: "r", Step: "fault.process_hang.x"}, json.RawMessage(`{"job":"job.orders","target":"dc1"}`))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, l := range h.Found {
		said = append(said, l.Place+": "+l.Text)
	}
	if got := strings.Join(said, "\n"); got != "dc1.edge: process 11 (pe b) will be stopped\ndc1.edge: process 10 (pe a) is stopped already and is left as it is" {
		t.Errorf("preflight says\n%s", got)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if p.list[0].State != "stopped" || p.list[1].State != "running" {
		t.Errorf("after the heal: %+v", p.list)
	}
	if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce || e.Difference != "" {
		t.Errorf("got %+v, %v", e, err)
	}
	p.list[1].State = "stopped"
	if _, err := d.Prepare(t.Context(), providers.StepID{Run: "r", Step: "x"}, json.RawMessage(`{"job":"job.orders","target":"dc1"}`)); err == nil || !strings.Contains(err.Error(), "nothing to hang") {
		t.Errorf("all are stopped: %v", err)
	}
}

func TestAStandInRepeatsUntilTheHeal(t *testing.T) {
	p := &pes{again: map[string]providers.Repetition{}, list: []providers.Process{{PID: 11, Command: "pe b", State: "running", Started: "2", Holds: []string{"B"}, Job: "job.orders"}}}
	d := killFault().New(p.env())
	h, err := d.Prepare(t.Context(), providers.StepID{Run: "r", Step: "fault.process_kill.x"}, json.RawMessage(`{"job":"job.orders","target":"dc1","operator":"B","every":"5s","signal":"TERM"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if got := p.again[h.Names[0]]; got.Signal != "TERM" || got.Every != value.Duration(5*time.Second) || !slices.Equal(got.Commands, []string{"pe b"}) || got.Most != 100 {
		t.Errorf("got %+v", got)
	}
	if err := d.Heal(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if got := p.again[h.Names[0]]; got.Every != 0 {
		t.Errorf("it goes on: %+v", got)
	}
}
