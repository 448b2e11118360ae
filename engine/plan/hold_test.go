package plan_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// draft is a program made in Go, without text behind it.
type draft struct{ steps []*program.Step }

func (d *draft) add(kind addr.Kind, name string, needs ...program.Need) *program.Step {
	s := &program.Step{Addr: addr.Step{Kind: kind, Name: name}, Needs: needs, Timeout: value.Duration(time.Minute)}
	switch kind {
	case addr.Fault:
		s.Addr.Type, s.Fault = "f", &program.Fault{}
	case addr.Wait:
		s.Wait = &program.Wait{Hold: value.Duration(time.Second)}
	case addr.Action:
		s.Addr.Type, s.Action = "approve", &program.Action{Approve: &program.Approve{Prompt: "?"}}
	case addr.Expect:
		s.Expect = &program.Expect{Severity: "must"}
	case addr.Seed:
		s.Addr.Type, s.Seed = "s", &program.Seed{Targets: []string{"dc1"}, Rate: 1, Records: 10}
	case addr.Audit:
		s.Audit = &program.Audit{Settle: value.Duration(time.Second)}
	case addr.Job:
		s.Job = &program.Job{Target: "dc1", Path: "job." + name, Adopt: name}
	case addr.Guard, addr.Probe:
	}
	d.steps = append(d.steps, s)
	return s
}

func on(s *program.Step, p program.Point) program.Need { return program.Need{Step: s.Addr, Point: p} }

func (d *draft) plan() (*plan.Plan, diag.List) {
	return plan.New(&program.Program{Name: "draft", Steps: d.steps, Targets: []program.Target{{Name: "dc1"}}}, plainRegistry(), plan.Options{})
}

// plainRegistry has one fault, one seed and jobs, of which there is nothing to say.
func plainRegistry() *providers.Registry {
	p := &providers.Provider{
		Name: "plain", Doc: "Stub.", Job: func(providers.Env) providers.Deed { return nil }, DescribeJob: describeNothing,
		Faults: []providers.FaultType{faultType("f", true, describeNothing)},
	}
	s := providers.SeedType{Name: "s", Doc: "Stub.", Describe: describeNothing, New: func(providers.Env) providers.Feed { return nil }}
	s.Schema, s.Audit = p.Faults[0].Schema, p.Faults[0].Schema
	p.Seeds = []providers.SeedType{s}
	return providers.NewRegistry(p)
}

// drawProgram draws faults with and without a duration and everything that can depend on them, but no audits, whose
// closing depends on more than edges.
func drawProgram(t *rapid.T) *draft {
	d := &draft{}
	kinds := []addr.Kind{addr.Fault, addr.Fault, addr.Wait, addr.Wait, addr.Action, addr.Expect, addr.Job}
	n := rapid.IntRange(2, 14).Draw(t, "steps")
	for i := range n {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		var needs []program.Need
		if i > 0 {
			for range rapid.IntRange(0, 3).Draw(t, "needs") {
				from := d.steps[rapid.IntRange(0, i-1).Draw(t, "from")]
				points := []program.Point{program.DefaultPoint(from.Addr.Kind)}
				if from.Fault != nil {
					points = []program.Point{program.Injected, program.Injected, program.Healed, program.Started}
				} else if from.Wait != nil {
					points = append(points, program.Started)
				}
				need := on(from, rapid.SampledFrom(points).Draw(t, "point"))
				need.Order = rapid.IntRange(0, 9).Draw(t, "order") == 0
				needs = append(needs, need)
			}
		}
		s := d.add(kind, fmt.Sprintf("n%d", i), needs...)
		if s.Fault != nil && rapid.Bool().Draw(t, "duration") {
			s.Fault.Duration = value.Duration(time.Minute)
		}
	}
	return d
}

// naive are the holders by the letter of the rule, and what comes after the heal.
func (d *draft) naive(f *program.Step) map[addr.Step]bool {
	reach := func(healed bool) map[addr.Step]bool {
		in := map[addr.Step]bool{}
		for changed := true; changed; {
			changed = false
			for _, s := range d.steps {
				for _, n := range s.Needs {
					direct := n.Step == f.Addr && (!healed || n.Point == program.Healed)
					if !n.Order && (direct || in[n.Step]) && !in[s.Addr] {
						in[s.Addr], changed = true, true
					}
				}
			}
		}
		return in
	}
	out, after := reach(false), reach(true)
	for _, s := range d.steps {
		if after[s.Addr] || s.Expect != nil || s.Audit != nil {
			delete(out, s.Addr)
		}
	}
	return out
}

// stuck reports whether some step could never finish, by the holders of the rule itself.
func (d *draft) stuck() bool {
	type event struct {
		step addr.Step
		at   string
	}
	happened := map[event]bool{}
	point := func(n program.Need) event {
		switch n.Point {
		case program.Started:
			return event{n.Step, "start"}
		case program.Injected:
			return event{n.Step, "injected"}
		case program.Running, program.Healed, program.Finished:
		}
		return event{n.Step, "end"}
	}
	for changed := true; changed; {
		changed = false
		fire := func(e event, ok bool) {
			if ok && !happened[e] {
				happened[e], changed = true, true
			}
		}
		for _, s := range d.steps {
			start, end := true, true
			for _, n := range s.Needs {
				late := n.Order && (s.Wait != nil || s.Expect != nil)
				start = start && (late || happened[point(n)])
				end = end && happened[point(n)]
			}
			fire(event{s.Addr, "start"}, start)
			end = end && happened[event{s.Addr, "start"}]
			if s.Fault != nil {
				fire(event{s.Addr, "injected"}, happened[event{s.Addr, "start"}])
				end = end && happened[event{s.Addr, "injected"}]
				if s.Fault.Duration == 0 {
					for h := range d.naive(s) {
						end = end && happened[event{h, "end"}]
					}
				}
			}
			fire(event{s.Addr, "end"}, end)
		}
	}
	for _, s := range d.steps {
		if !happened[event{s.Addr, "end"}] {
			return true
		}
	}
	return false
}

func TestHoldersAreThoseOfTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawProgram(t)
		p, ds := d.plan()
		if d.stuck() != has(ds, diag.HeldForEver) {
			t.Fatalf("stuck: %v, findings: %v", d.stuck(), ds)
		}
		for _, s := range d.steps {
			if s.Fault == nil || s.Fault.Duration > 0 {
				continue
			}
			want := d.naive(s)
			st, _ := p.Step(s.Addr.String())
			if (len(want) == 0) != slices.ContainsFunc(ds, func(x diag.Diagnostic) bool { return x.Code == diag.NothingHolds && x.Address == st.Address }) {
				t.Fatalf("%s has %d holders, findings: %v", st.Address, len(want), ds)
			}
			if has(ds, diag.HeldForEver) {
				continue // nested faults then hold what comes after the heal
			}
			if diff := cmp.Diff(names(want), expand(p, st)); diff != "" {
				t.Fatalf("holders of %s: %s", st.Address, diff)
			}
		}
	})
}

// expand are the holders with those of the nested faults without duration among them.
func expand(p *plan.Plan, f *plan.Step) []string {
	in := map[string]bool{}
	var walk func(*plan.Step)
	walk = func(s *plan.Step) {
		for _, h := range s.Holders {
			if !in[h] {
				in[h] = true
				x, _ := p.Step(h)
				walk(x)
			}
		}
	}
	walk(f)
	out := make([]string, 0, len(in))
	for h := range in {
		out = append(out, h)
	}
	slices.Sort(out)
	return out
}

func names(in map[addr.Step]bool) []string {
	out := make([]string, 0, len(in))
	for a := range in {
		out = append(out, a.String())
	}
	slices.Sort(out)
	return out
}

func has(ds diag.List, c diag.Code) bool {
	return slices.ContainsFunc(ds, func(d diag.Diagnostic) bool { return d.Code == c })
}

func TestEveryStepStandsAfterThoseItNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawProgram(t)
		d.steps = rapid.Permutation(d.steps).Draw(t, "file order")
		p, ds := d.plan()
		seen := map[string]bool{}
		for _, s := range p.Steps {
			for _, n := range s.Needs {
				if !seen[n.Step.String()] {
					t.Fatalf("%s stands before %s, which it needs", s.Address, n.Step)
				}
			}
			seen[s.Address] = true
		}
		if !has(ds, diag.HeldForEver) && !has(ds, diag.NothingHolds) {
			timesFit(t, p)
		}
		if again, _ := d.plan(); again.Digest != p.Digest || p.Digest == "" {
			t.Fatal("the same program gives two plans")
		}
	})
}

// timesFit holds that every step ends after it starts and no later than its latest, and starts after what it needs.
func timesFit(t *rapid.T, p *plan.Plan) {
	for _, s := range p.Steps {
		w := s.Expected
		if w.End != nil && *w.End < w.Start || w.End != nil && w.Latest != nil && *w.Latest < *w.End || w.AtLeast && w.End != nil {
			t.Fatalf("%s: %+v", s.Address, w)
		}
		for _, n := range s.Needs {
			from, _ := p.Step(n.Step.String())
			need := from.Expected.Start
			if n.Point != program.Started && n.Point != program.Injected && from.Expected.End != nil {
				need = *from.Expected.End
			}
			if !n.Order && from.Kind != "expect" && w.Start < need {
				t.Fatalf("%s starts at %v and needs %s, which is there at %v", s.Address, w.Start, n.Step, need)
			}
		}
		for _, h := range s.Holders {
			if x, _ := p.Step(h); x.Expected.End != nil && w.End != nil && *w.End < *x.Expected.End {
				t.Fatalf("%s is healed at %v, before %s ends at %v", s.Address, *w.End, h, *x.Expected.End)
			}
		}
	}
}

func TestADiamondWithAHealComesAfterIt(t *testing.T) {
	d := &draft{}
	f := d.add(addr.Fault, "f")
	a := d.add(addr.Wait, "a", on(f, program.Injected))
	b := d.add(addr.Wait, "b", on(f, program.Healed))
	d.add(addr.Wait, "both", on(a, program.Finished), on(b, program.Finished))
	p, ds := d.plan()
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	st, _ := p.Step("fault.f.f")
	if diff := cmp.Diff([]string{"wait.a"}, st.Holders); diff != "" {
		t.Error(diff)
	}
	if st.Held != "held until wait.a" {
		t.Errorf("held: %q", st.Held)
	}
}
