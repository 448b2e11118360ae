package check_test

import (
	"math"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

const latePlan = `
target "dc1" {}
fault "streams_job" "stop" {
  target   = target.dc1
  job      = job.j
  duration = "1s"
}
job "j" {
  target = target.dc1
  adopt  = "j"
}
locals {
  took = "took ${wait.w.rto}"
}
wait "w" {
  since   = fault.streams_job.stop
  until   = "run.elapsed > 1s"
  timeout = "9s"
}
action "http" "post" {
  url  = "https://x/${local.took}"
  body = wait.w.timed_out ? "late" : "in time"
}
expect "fast" {
  condition     = wait.w.rto < 60
  error_message = "it took ${wait.w.rto} s"
}
output "took" {
  value = local.took
}
`

func results(m map[string]map[string]any) program.Results {
	return func(step string) (map[string]any, bool) { a, ok := m[step]; return a, ok }
}

func lateProgram(t *testing.T) (*program.Program, map[string]*program.Step) {
	t.Helper()
	p, ds := runPlan(map[string]string{"p.xdc.hcl": latePlan}, check.Inputs{})
	if ds.HasErrors() {
		t.Fatal(text(ds))
	}
	steps := map[string]*program.Step{}
	for _, s := range p.Steps {
		steps[s.Addr.String()] = s
	}
	return p, steps
}

func TestLateArgumentsAreEvaluatedWithResults(t *testing.T) {
	p, steps := lateProgram(t)
	post := steps["action.http.post"]
	if post.Late == nil || !strings.Contains(string(post.Args), `"unknown":true`) {
		t.Fatalf("args %s are not late", post.Args)
	}
	res := results(map[string]map[string]any{"wait.w": {"rto": 12.5, "timed_out": false}})
	args, ds := post.Late(res)
	if ds.HasErrors() || string(args) != `{"body":"in time","url":"https://x/took 12.5"}` {
		t.Errorf("got %s, %s", args, text(ds))
	}
	// A second evaluation with other results is not mixed up with the first.
	args, _ = post.Late(results(map[string]map[string]any{"wait.w": {"rto": 1.0, "timed_out": true}}))
	if string(args) != `{"body":"late","url":"https://x/took 1"}` {
		t.Errorf("got %s", args)
	}
	if out, ds := p.Outputs[0].Value(res); string(out) != `"took 12.5"` {
		t.Errorf("output is %s, %s", out, text(ds))
	}
}

func TestLateArgumentsSayWhenAResultNeverCame(t *testing.T) {
	_, steps := lateProgram(t)
	_, ds := steps["action.http.post"].Late(results(nil))
	if len(ds) != 1 || ds[0].Code != diag.StillUnknown || ds[0].Address != "action.http.post" {
		t.Errorf("got %s", text(ds))
	}
}

func TestJudgeHasThreeOutcomes(t *testing.T) {
	_, steps := lateProgram(t)
	judge := steps["expect.fast"].Expect.Judge
	for _, tc := range []struct {
		rto  any
		met  string
		why  string
		text string
	}{
		{30.0, "true", "", "30"},
		{90.0, "false", "it took 90 s", "90"},
		{math.Inf(1), "false", "it took", "Inf"},
		{nil, "unknown", "a value it needs is missing", "(known after run)"},
	} {
		j, ds := judge(results(map[string]map[string]any{"wait.w": {"rto": tc.rto}}))
		got := "unknown"
		if j.Met != nil {
			got = map[bool]string{true: "true", false: "false"}[*j.Met]
		}
		if ds.HasErrors() || got != tc.met || !strings.HasPrefix(j.Why, tc.why) {
			t.Errorf("rto %v: got %s, %q, %s; want %s, %q", tc.rto, got, j.Why, text(ds), tc.met, tc.why)
		}
		if len(j.Values) != 1 || j.Values[0].Name != "wait.w.rto" || !math.IsInf(toFloat(tc.rto), 1) && j.Values[0].Text != tc.text {
			t.Errorf("rto %v: values are %v", tc.rto, j.Values)
		}
	}
}

func toFloat(v any) float64 { f, _ := v.(float64); return f }
