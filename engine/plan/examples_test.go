package plan_test

import (
	"testing"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/syntax"
	"github.com/xdc-project/xdc/providers/all"
)

// TestTheExamplesArePlanned holds that the plans people learn from can be planned with the providers that ship, and
// that their timelines are known to the end.
func TestTheExamplesArePlanned(t *testing.T) {
	for _, name := range []string{
		"client-view", "data-centre-lost", "failback", "job-stopped", "network-partition", "takeover-never-comes", "toolkit-failover",
	} {
		t.Run(name, func(t *testing.T) {
			set, ds := source.Load([]string{"../../examples/" + name})
			tree, more := syntax.Parse(set)
			ds = append(ds, more...)
			mod, more := config.Decode(tree)
			ds = append(ds, more...)
			reg := all.Registry()
			prog, more := check.Run(mod, reg, check.Inputs{AllowMissingSecrets: true})
			if ds = append(ds, more...); ds.HasErrors() {
				t.Fatal(findings(ds))
			}
			p, ds := plan.New(prog, reg, plan.Options{Mode: "rehearse"})
			if ds.HasErrors() {
				t.Fatal(findings(ds))
			}
			t.Log("\n" + findings(ds) + timeline(p))
			if want := name == "takeover-never-comes"; has(ds, diag.CannotBeMet) != want {
				t.Errorf("warned that something cannot be met: %v", !want)
			}
			if len(p.Predicted) == 0 || len(p.Critical) == 0 || len(p.Blast.Targets) == 0 {
				t.Error("the plan predicts nothing, has no critical path, or touches nothing")
			}
		})
	}
}
