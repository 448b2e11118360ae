package session_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

const examples = "../../../examples"

// codes are the exit codes that the examples' READMEs promise.
var codes = map[string]exec.Code{
	"network-partition": exec.OK, "client-view": exec.OK, "job-stopped": exec.OK, "toolkit-failover": exec.OK, "data-centre-lost": exec.OK, "failback": exec.OK,
	"shipped-plan": exec.OK, "state-lost": exec.OK, "takeover-never-comes": exec.NotMet,
	"pe-killed-repeatedly": exec.OK, "slow-link": exec.OK, "disk-full": exec.OK, "calculator": exec.OK,
}

// seeds is how many seeds each example is rehearsed with: XDC_SEEDS, or 2.
func seeds(t *testing.T) int {
	t.Helper()
	s := os.Getenv("XDC_SEEDS")
	if s == "" {
		return 2
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("XDC_SEEDS=%s is not a number of seeds", s)
	}
	return n
}

type fact struct {
	Cause  string  `json:"cause"`
	T      float64 `json:"t"`
	What   string  `json:"what"`
	Target string  `json:"target"`
	ID     string  `json:"id"`
}

// rehearsed is a rehearsal and the truth about it.
type rehearsed struct {
	outcome exec.Outcome
	summary report.Summary
	truth   []fact
}

func rehearse(t *testing.T, name string, seed uint64) rehearsed {
	t.Helper()
	return rehearseFolder(t, filepath.Join(examples, name), seed)
}

// rehearsal runs a plan and returns how it ended, if it was begun.
func rehearsal(t *testing.T, folder string, seed uint64) (exec.Outcome, error) {
	t.Helper()
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{
		Paths: []string{folder}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find,
		Env: func(string) (string, bool) { return "", false },
	})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: registry, Runs: t.TempDir(), Seed: seed,
		Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	return res.Outcome, err
}

func rehearseFolder(t *testing.T, folder string, seed uint64) rehearsed {
	t.Helper()
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{
		Paths: []string{folder}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find,
		Env: func(string) (string, bool) { return "", false },
	})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	truth := filepath.Join(t.TempDir(), "truth.jsonl")
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: registry, Runs: t.TempDir(), Seed: seed, Truth: truth,
		Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.ReportErr != nil {
		t.Error(res.ReportErr)
	}
	sum, err := res.Folder.WriteReports(nil)
	if err != nil {
		t.Fatal(err)
	}
	checkAgain(t, res.Folder, p)
	return rehearsed{res.Outcome, sum, readTruth(t, truth)}
}

// checkAgain judges the run once more by what it has recorded: the verdicts, and all that is said of them, must be the same.
func checkAgain(t *testing.T, f session.Folder, p *plan.Plan) {
	t.Helper()
	again, err := f.Rejudge(p)
	if err != nil {
		t.Error(err)
	}
	was := map[string]event.Judged{}
	for ev, err := range session.ReadEvents(f.File(session.EventsFile)) {
		if err != nil {
			t.Fatal(err)
		}
		if j, ok := ev.Body.(*event.Judged); ok {
			was[j.Step] = *j
		}
	}
	if len(again) != len(was) {
		t.Errorf("%d verdicts, and the run had %d", len(again), len(was))
	}
	for _, j := range again {
		if diff := cmp.Diff(was[j.Step], j); diff != "" {
			t.Errorf("%s, judged by the run (-) and afterwards (+):\n%s", j.Step, diff)
		}
	}
}

func readTruth(t *testing.T, name string) []fact {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []fact
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		var x fact
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

// first returns when something first happened, at a target or anywhere, at or after an instant.
func (r rehearsed) first(what, target string, after float64) (float64, bool) {
	for _, f := range r.truth {
		if f.What == what && (target == "" || f.Target == target) && f.T >= after {
			return f.T, true
		}
	}
	return 0, false
}

func TestExamples(t *testing.T) {
	entries, err := os.ReadDir(examples)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		want, ok := codes[e.Name()]
		if !ok {
			t.Errorf("examples/%s has no expected exit code here", e.Name())
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			for seed := range seeds(t) {
				r := rehearse(t, e.Name(), uint64(seed+1))
				if got := r.outcome.Code(); got != want {
					t.Errorf("seed %d: got %v, want exit code %d", seed+1, r.outcome, want)
				}
				checkRecovery(t, e.Name(), seed+1, r)
				checkLoss(t, seed+1, r)
			}
		})
	}
}

// checkRecovery holds the measured recovery times to the twin's truth.
func checkRecovery(t *testing.T, name string, seed int, r rehearsed) {
	t.Helper()
	if name == "failback" || name == "takeover-never-comes" {
		return // several takeovers, or none; each is checked by its own expectations
	}
	what, target := "remote_down", "dc2"
	if name == "toolkit-failover" {
		what = "job_healthy"
	}
	for _, m := range r.summary.Recoveries {
		if m.RTO == nil {
			t.Errorf("seed %d: %s measured nothing: %s", seed, m.Step, m.Why)
			continue
		}
		down, ok := r.first(what, target, m.InjectedLow)
		if !ok {
			t.Errorf("seed %d: the truth has no %s at %s", seed, what, target)
			continue
		}
		// The fault took effect between InjectedLow and InjectedHigh; the truth of a link fault says when.
		at, ok := r.first("fault_in_effect", "", 0)
		if !ok {
			at = m.InjectedHigh
		}
		truth := down - at
		slack := 0.0
		if !ok {
			slack = m.InjectedHigh - m.InjectedLow
		}
		if truth < m.RTOLow-slack || truth > *m.RTOHigh+slack {
			t.Errorf("seed %d: %s: the true recovery time %.3fs is not in [%.3fs, %.3fs]", seed, m.Step, truth, m.RTOLow, *m.RTOHigh)
		}
	}
}

// checkLoss holds the audit to the twin's truth: what it calls lost was lost, and what was lost it calls lost or in
// doubt.
func checkLoss(t *testing.T, seed int, r rehearsed) {
	t.Helper()
	lost := map[string]bool{}
	for _, f := range r.truth {
		switch f.What {
		case "record_lost", "record_evicted":
			lost[f.ID] = true
		case "record_taken_over":
			delete(lost, f.ID)
		}
	}
	for _, a := range r.summary.Audits {
		if a.Total.Lost > int64(len(lost)) {
			t.Errorf("seed %d: %s says %d lost, and only %d were", seed, a.Step, a.Total.Lost, len(lost))
		}
		if a.Total.Inconclusive == 0 && a.Total.Lost != int64(len(lost)) {
			t.Errorf("seed %d: %s says %d lost, and the truth is %d", seed, a.Step, a.Total.Lost, len(lost))
		}
		for _, id := range a.LostIDs {
			if !lost[id] {
				t.Errorf("seed %d: %s says that %s was lost, and it was not", seed, a.Step, id)
			}
		}
	}
}

func TestSameSeedGivesTheSameFigures(t *testing.T) {
	leftToAPassWithoutTheDetector(t)
	for _, name := range []string{"data-centre-lost", "takeover-never-comes"} {
		a, b := rehearse(t, name, 42), rehearse(t, name, 42)
		if diff := cmp.Diff(a.summary.Recoveries, b.summary.Recoveries); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(a.summary.Audits, b.summary.Audits); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		verdicts := func(r rehearsed) (out []string) {
			for _, e := range r.summary.Expects {
				out = append(out, e.Step+" "+string(e.Verdict))
			}
			return out
		}
		if x, y := verdicts(a), verdicts(b); !slices.Equal(x, y) {
			t.Errorf("%s: %v, then %v", name, x, y)
		}
	}
}

// The same code over loopback TCP, in real time, with the same seed: what it measures must agree with the virtual run
// within the bounds of both.
func TestRealTimeAgreesWithVirtualTime(t *testing.T) {
	if os.Getenv("XDC_REALTIME") == "" {
		t.Skip("it takes a minute and a half of real time: set XDC_REALTIME=1, as make test does")
	}
	virtual := rehearse(t, "shipped-plan", 11)
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{
		Paths: []string{filepath.Join(examples, "shipped-plan")}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find,
		Env: func(string) (string, bool) { return "", false },
	})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	res, err := session.Rehearse(t.Context(), session.Request{Plan: p, Registry: registry, Runs: t.TempDir(), Seed: 11, RealTime: true})
	if err != nil {
		t.Fatal(err)
	}
	checkAgain(t, res.Folder, p)
	if res.Outcome.Code() != virtual.outcome.Code() {
		t.Errorf("real time: %v; virtual: %v", res.Outcome, virtual.outcome)
	}
	sum, err := res.Folder.WriteReports(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range sum.Recoveries {
		v := virtual.summary.Recoveries[i]
		if m.RTOHigh == nil || v.RTOHigh == nil || m.RTOLow > *v.RTOHigh || v.RTOLow > *m.RTOHigh {
			t.Errorf("%s: real time measured [%v, %v], virtual time [%v, %v]", m.Step, m.RTOLow, m.RTOHigh, v.RTOLow, v.RTOHigh)
		}
	}
}
