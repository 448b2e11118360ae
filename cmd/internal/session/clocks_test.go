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

// No figure and no bound rests on a stamp of another machine: with the servers' clocks off by hours, in opposite directions,
// everything that is measured is the same to the last digit.
func TestClocksOfServersAreNoPartOfAnyBound(t *testing.T) {
	if testing.Short() {
		t.Skip("it rehearses two examples twice")
	}
	for _, example := range []string{"client-view", "network-partition"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			right := measured(t, example, nil)
			off := measured(t, example, map[string]time.Duration{"dc1": 7*time.Hour + 123*time.Millisecond, "dc2": -3 * time.Hour})
			if diff := cmp.Diff(right, off); diff != "" {
				t.Errorf("with clocks that are right (-) and off (+):\n%s", diff)
			}
			if !strings.Contains(right, `"rto_low"`) {
				t.Error("nothing was measured")
			}
		})
	}
}

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
	b, err := json.MarshalIndent(struct {
		Recoveries []report.Recovery
		Audits     []report.Audit
		Probes     []report.Probe
		Accounts   []report.Account
		Faults     []report.Fault
		Verdict    report.Verdict
	}{sum.Recoveries, sum.Audits, sum.Probes, sum.Accounts, sum.Faults, sum.Verdict}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	// The run's own name is in what is said of its jobs.
	return strings.ReplaceAll(string(b), res.Folder.ID[len(res.Folder.ID)-8:], "RUN")
}
