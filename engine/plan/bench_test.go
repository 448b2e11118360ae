package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// layers is a plan of layers of ten: seeds with their audits, faults of which half are held by their dependents, waits
// and expectations. Each layer begins when the one before is through.
func layers(steps int) []*program.Step {
	d := &draft{}
	var last []program.Need
	for layer := 0; len(d.steps) < steps; layer++ {
		var through []program.Need
		for i := range 2 {
			name := fmt.Sprintf("l%d_%d", layer, i)
			seed := d.add(addr.Seed, name, last...)
			audit := d.add(addr.Audit, name, program.Need{Step: seed.Addr, Point: program.Finished, Order: true})
			audit.Audit.Seed, audit.Audit.SeedAt = seed.Addr, seed.Addr.String()
			fault := d.add(addr.Fault, name, program.Need{Step: seed.Addr, Point: program.Started})
			if i == 0 {
				fault.Fault.Duration = value.Duration(time.Minute)
			}
			wait := d.add(addr.Wait, name, on(fault, program.Injected))
			d.add(addr.Expect, name, on(wait, program.Finished), on(audit, program.Finished))
			through = append(through, on(wait, program.Finished))
		}
		last = through
	}
	return d.steps[:steps]
}

// wide is a plan in which many faults without a duration stand side by side before one barrier and a tail.
func wide(faults, tail int) []*program.Step {
	d := &draft{}
	var through []program.Need
	for i := range faults {
		fault := d.add(addr.Fault, fmt.Sprintf("f%d", i))
		wait := d.add(addr.Wait, fmt.Sprintf("w%d", i), on(fault, program.Injected))
		d.add(addr.Expect, fmt.Sprintf("e%d", i), on(wait, program.Finished))
		through = append(through, on(wait, program.Finished))
	}
	last := d.add(addr.Wait, "barrier", through...)
	for i := range tail {
		last = d.add(addr.Wait, fmt.Sprintf("t%d", i), on(last, program.Finished))
	}
	return d.steps
}

func BenchmarkPlan(b *testing.B) {
	for _, shape := range []struct {
		name string
		of   func(int) []*program.Step
	}{{"layers", layers}, {"wide", func(n int) []*program.Step { return wide((n-11)/3, n-1-(n-11)/3*3) }}} {
		for _, n := range []int{500, 5_000, 50_000} {
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				prog := &program.Program{Name: "bench", Steps: shape.of(n), Targets: []program.Target{{Name: "dc1"}}}
				reg := plainRegistry()
				b.ReportAllocs()
				for b.Loop() {
					p, ds := plan.New(prog, reg, plan.Options{})
					if ds.HasErrors() || len(p.Steps) != n {
						b.Fatal(len(p.Steps), ds.Errors()[:1])
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/step")
			})
		}
	}
}

// TestFiftyThousandStepsArePlannedInTime holds that planning stays near linear: a plan a hundred times as large may not
// take much more than a hundred times as long. The bound is generous, for slow machines.
func TestFiftyThousandStepsArePlannedInTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a few seconds")
	}
	took := func(n int) time.Duration {
		prog := &program.Program{Name: "big", Steps: layers(n), Targets: []program.Target{{Name: "dc1"}}}
		begin := time.Now()
		p, ds := plan.New(prog, plainRegistry(), plan.Options{})
		if ds.HasErrors() || len(p.Steps) != n {
			t.Fatal(ds.Errors())
		}
		return time.Since(begin)
	}
	small := took(5_000)
	if big := took(50_000); big > 60*small+time.Second {
		t.Errorf("5,000 steps took %v, 50,000 took %v", small, big)
	}
}

func TestTooManyHoldersAreRefusedAndNotListed(t *testing.T) {
	d := &draft{steps: wide(1500, 1500)}
	p, ds := d.plan()
	if !has(ds, diag.TooManyHolders) || has(ds, diag.NothingHolds) || len(ds.Errors()) != 1 {
		t.Errorf("findings: %v", ds.Errors())
	}
	if len(p.Steps) != len(d.steps) {
		t.Error("the plan is not whole")
	}
}
