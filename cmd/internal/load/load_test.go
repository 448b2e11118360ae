package load_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/providers"
)

const text = `
variable "within" {
  type    = string
  default = "1m"
}

target "dc1" {}

wait "beginning" {
  until   = "run.elapsed >= 1s"
  timeout = env("LIMIT")
}

expect "quick" {
  that = "wait.beginning.elapsed <= ${var.within}"
}
`

// saved writes a plan and saves it, and returns the folder.
func saved(t *testing.T) (dir string, o load.Options) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.xdc.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o = load.Options{
		Paths: []string{dir}, Registry: providers.NewRegistry(), Version: "1.0.0", Mode: "apply",
		Vars: []check.VarAssign{{Name: "within", Text: "30s", Source: "--var"}},
		Env: func(name string) (string, bool) {
			return "10s", name == "LIMIT"
		},
	}
	o.SaveAs = filepath.Join(dir, "drill.plan")
	p, _, found := load.Plan(o)
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	b, err := plan.Save(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.SaveAs, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, load.Options{Registry: o.Registry, Version: "1.0.0", Mode: "apply"}
}

func TestASavedPlanIsBuiltAgainAsItWasShown(t *testing.T) {
	dir, o := saved(t)
	p, _, found := load.Saved(o, filepath.Join(dir, "drill.plan"))
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	s, ok := p.Step("expect.quick")
	if !ok || s.Expect.That.Text != "wait.beginning.elapsed <= 30s" {
		t.Errorf("the value of the variable is lost: %+v", s)
	}
}

func TestASavedPlanIsRefusedAfterOneByteChanged(t *testing.T) {
	dir, o := saved(t)
	if err := os.WriteFile(filepath.Join(dir, "p.xdc.hcl"), []byte(strings.Replace(text, "1s", "2s", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _, found := load.Saved(o, filepath.Join(dir, "drill.plan"))
	if p != nil || !found.HasErrors() || !strings.Contains(found.Err().Error(), "p.xdc.hcl") {
		t.Errorf("got %v", found)
	}
}

func TestOnlySecretsMayBeGivenWithASavedPlan(t *testing.T) {
	dir, o := saved(t)
	o.Vars = []check.VarAssign{{Name: "within", Text: "2m", Source: "--var"}}
	if p, _, found := load.Saved(o, filepath.Join(dir, "drill.plan")); p != nil || !found.HasErrors() {
		t.Errorf("got %v", found)
	}
}

func TestWhatIsASavedPlan(t *testing.T) {
	dir, _ := saved(t)
	for name, want := range map[string]bool{"drill.plan": true, "p.xdc.hcl": false, ".": false, "nowhere": false} {
		if got := load.IsSaved(filepath.Join(dir, name)); got != want {
			t.Errorf("IsSaved(%s) = %v", name, got)
		}
	}
}
