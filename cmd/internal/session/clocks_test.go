package session_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

// No figure and no bound rests on how far another machine's clock is off: with the servers' clocks off by hours, in opposite
// directions, everything that is measured is the same to the last digit. (By whole seconds, because a Date, with which a server's
// own stamps are compared, has no finer ones.)
func TestClocksOfServersAreNoPartOfAnyBound(t *testing.T) {
	leftToAPassWithoutTheDetector(t)
	for _, example := range []string{"client-view", "network-partition"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			right := measured(t, example, nil)
			off := measured(t, example, map[string]time.Duration{"dc1": 7 * time.Hour, "dc2": -3 * time.Hour})
			if diff := cmp.Diff(right, off); diff != "" {
				t.Errorf("with clocks that are right (-) and off (+):\n%s", diff)
			}
			if !strings.Contains(right, `"rto_low"`) {
				t.Error("nothing was measured")
			}
		})
	}
}

// How far the clock of a server is ahead is a signal where a plan asks for it, sharper than the whole seconds of a Date.
func TestTheClockOfAServerIsASignal(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "clocks.xdc.hcl")
	if err := os.WriteFile(name, []byte(clockPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{Paths: []string{name}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false }})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: registry, Runs: dir, Seed: 5, Clocks: map[string]time.Duration{"dc1": 2*time.Hour + 345*time.Millisecond},
		Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if code := res.Outcome.Code(); code != 0 {
		t.Errorf("%v", res.Outcome)
	}
}

const clockPlan = `
target "dc1" {
  streams {
    url           = "https://streams.dc1.example.com:8443"
    instance      = "streams1"
    poll_interval = "700ms"
  }
}

target "dc2" {
  streams {
    url           = "https://streams.dc2.example.com:8443"
    instance      = "streams1"
    poll_interval = "700ms"
  }
}

wait "a_while" {
  until   = "run.elapsed >= 60s"
  hold    = "0s"
  timeout = "2m"
}

expect "ahead" {
  depends_on = [wait.a_while]
  that       = "dc1.clock_offset > 7200200ms and dc1.clock_offset < 7200500ms"
}

expect "right" {
  depends_on = [wait.a_while]
  that       = "dc2.clock_offset > -150ms and dc2.clock_offset < 150ms"
}
`

// measured is all that a rehearsal of an example measures, as JSON.
func measured(t *testing.T, example string, clocks map[string]time.Duration) string {
	t.Helper()
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{
		Paths: []string{filepath.Join(examples, example)}, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false },
	})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	dir := t.TempDir()
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: registry, Runs: dir, Seed: 5, Clocks: clocks, Truth: filepath.Join(dir, "truth.jsonl"),
		Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := res.Folder.WriteReports(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "truth.jsonl")); err != nil {
		t.Fatal(err)
	}
	var faults []report.Fault // when jobs are cancelled at the end is nobody's figure
	for _, f := range sum.Faults {
		if f.Kind == "fault" {
			faults = append(faults, f)
		}
	}
	b, err := json.MarshalIndent(struct {
		Recoveries []report.Recovery
		Audits     []report.Audit
		Probes     []report.Probe
		Accounts   []report.Account
		Faults     []report.Fault
		Verdict    report.Verdict
	}{sum.Recoveries, sum.Audits, sum.Probes, sum.Accounts, faults, sum.Verdict}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	// The run's own name is in what is said of its jobs.
	return strings.ReplaceAll(string(b), res.Folder.ID[len(res.Folder.ID)-8:], "RUN")
}
