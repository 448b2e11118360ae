package plan_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

func TestACycleThatTheFrontEndMissedIsReportedAndDoesNotLoop(t *testing.T) {
	d := &draft{}
	a := d.add(addr.Wait, "a")
	b := d.add(addr.Wait, "b", on(a, program.Finished))
	a.Needs = append(a.Needs, on(b, program.Finished))
	p, ds := d.plan()
	if !has(ds, diag.PlanCycle) || len(p.Steps) != 2 {
		t.Errorf("findings %v, %d steps", ds, len(p.Steps))
	}
	if text := ds.Err().Error(); !strings.Contains(text, "wait.a -> wait.b -> wait.a") && !strings.Contains(text, "wait.b -> wait.a -> wait.b") {
		t.Errorf("the loop is not shown: %s", text)
	}
}

func TestWhatNoProviderHasIsReported(t *testing.T) {
	d := &draft{}
	f := d.add(addr.Fault, "f")
	f.Addr.Type, f.Fault.Duration = "g", value.Duration(time.Second)
	s := d.add(addr.Seed, "s")
	s.Addr.Type = "t"
	s.Addr.Name = "x"
	act := d.add(addr.Action, "a")
	act.Addr.Type, act.Action = "exec", &program.Action{}
	_, ds := d.plan()
	var got []string
	for _, x := range ds.Errors() {
		got = append(got, string(x.Code)+" "+x.Address+": "+x.Summary+". "+x.Detail)
	}
	want := []string{
		`XDC2001 fault.g.f: There is no fault "g". No provider has it. Did you mean "f"?`,
		`XDC2001 seed.t.x: There is no seed "t". No provider has it. Did you mean "s"?`,
		`XDC2001 action.exec.a: There is no action "exec". No provider has it.`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	p, ds := plan.New(&program.Program{Steps: []*program.Step{(&draft{}).add(addr.Job, "j")}}, providers.NewRegistry(), plan.Options{})
	if !has(ds, diag.NoProvider) || len(p.Steps) != 1 {
		t.Error(ds)
	}
}

func TestAStepAtATargetThatIsNotThereIsReported(t *testing.T) {
	d := &draft{}
	d.add(addr.Seed, "s").Seed.Targets = []string{"dc1", "dc9"}
	_, ds := d.plan()
	if len(ds) != 1 || ds[0].Code != diag.NoSuchTarget || !strings.Contains(ds[0].Detail, `Did you mean "dc1"?`) {
		t.Error(ds)
	}
}

func TestFindingsOfProvidersGetThePlaceOfTheirStep(t *testing.T) {
	s := &program.Step{
		Addr: addr.Step{Kind: addr.Fault, Type: "network_partition", Name: "cut"}, Args: json.RawMessage(`{"hosts": 7}`),
		Fault: &program.Fault{Duration: value.Duration(time.Second)}, Range: hcl.Range{Filename: "a.hcl", Start: hcl.Pos{Line: 3}},
	}
	_, ds := plan.New(&program.Program{Steps: []*program.Step{s}}, registry(), plan.Options{})
	if len(ds) != 1 || ds[0].Address != "fault.network_partition.cut" || ds[0].Subject == nil || ds[0].Subject.Start.Line != 3 || ds[0].Detail != "Argument hosts[0]:" {
		t.Errorf("%+v", ds)
	}
}

func TestTheBlastRadiusIsWhatSideEffectsTouch(t *testing.T) {
	text := `
target "dc1" {
  networks  = ["10.0.1.0/24"]
  protected = true
  streams {}
  host "edge" { address = "10.0.1.10" }
}
target "dc2" {
  networks  = ["10.0.2.0/24"]
  protected = true
  streams {}
}
job "there" {
  adopt  = "there"
  target = target.dc2
}
fault "network_partition" "cut" {
  hosts    = [target.dc1.host.edge]
  from     = target.dc2.networks
  duration = "1m"
}
`
	p, ds := planned(map[string]string{"plan.xdc.hcl": text})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	want := plan.Blast{Targets: []string{"dc1"}, Hosts: []string{"dc1.edge"}, Networks: []string{"10.0.2.0/24"}, Protected: []string{"dc1"}, Faults: 1}
	if diff := cmp.Diff(want, p.Blast); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"network", "streams"}, p.Providers); diff != "" {
		t.Error(diff)
	}
}

func TestADigestDoesNotDependOnHowItWasCalled(t *testing.T) {
	d := &draft{}
	d.add(addr.Wait, "a")
	digest := func(change func(*program.Program), o plan.Options) string {
		prog := &program.Program{Name: "x", Steps: d.steps, Variables: []program.Variable{{Name: "v", Value: json.RawMessage("1"), Source: "default"}}}
		if change != nil {
			change(prog)
		}
		p, _ := plan.New(prog, plainRegistry(), o)
		return p.Digest
	}
	base := digest(nil, plan.Options{Mode: "plan", Version: "1"})
	if digest(nil, plan.Options{Mode: "rehearse", Version: "2"}) != base {
		t.Error("mode or version are in the digest")
	}
	if digest(func(p *program.Program) { p.Variables[0].Source = "--var" }, plan.Options{}) != base {
		t.Error("the source of a variable is in the digest")
	}
	if digest(func(p *program.Program) { p.Variables[0].Value = json.RawMessage("2") }, plan.Options{}) == base {
		t.Error("the value of a variable is not in the digest")
	}
	if digest(func(p *program.Program) { p.Timeout = 1 }, plan.Options{}) == base {
		t.Error("the timeout is not in the digest")
	}
}
