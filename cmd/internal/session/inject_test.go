package session_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

// row is one row of the toolkit reference's table of conditions that must cause failover by themselves, or of its table
// of partial restarts: a plan in testdata/inject, what the twin must do, and what must be inferred, on what evidence.
type row struct {
	plan   string
	apart  bool   // the toolkit's operators in PEs of their own
	layout string // the file of the job, where it is neither together nor apart
	// Truth lists what must have happened, "what target"; Not what must not.
	truth, not []string
	// Either lists what must have happened at one target at least.
	either []string
	// evidence are words that must stand in the evidence of a change of a signal to a value, "signal=value: words", or with its strength, "signal=value (strong): words".
	evidence []string
}

var rows = []row{
	{plan: "job-cancelled", truth: []string{"remote_down dc2", "takeover_done dc2", "remote_up dc2"}, not: []string{"remote_down dc1"}, evidence: []string{
		"dc2.job.orders.toolkit.remote=down (strong): an even number", "dc2.job.orders.toolkit.state=taken_over (strong): pieces of its state", "dc1.job.orders.toolkit.role=passive (strong): the job is gone",
	}},
	{plan: "instance-stopped", truth: []string{"remote_down dc2", "takeover_done dc2"}, evidence: []string{"dc2.job.orders.toolkit.state=taken_over: pieces of its state"}},
	{plan: "domain-stopped", truth: []string{"instance_down dc1", "domain_down dc1", "remote_down dc2", "takeover_done dc2", "domain_up dc1", "instance_up dc1", "remote_up dc2"}, not: []string{"remote_down dc1"}, evidence: []string{
		"dc2.job.orders.toolkit.state=taken_over: pieces of its state",
	}},
	{plan: "pe-killed", truth: []string{"pe_down dc1", "pe_up dc1"}, not: []string{"remote_down dc1", "remote_down dc2"}},
	{plan: "process-hung", truth: []string{"pe_hung dc1", "remote_down dc2"}, evidence: []string{"dc1.job.orders.toolkit.state=conflicting: has tried to send no heartbeat"}},
	{plan: "cut-both-ways", truth: []string{"remote_down dc1", "remote_down dc2", "takeover_done dc1", "takeover_done dc2"}, evidence: []string{
		"dc1.job.orders.toolkit.state=split_brain: both are active and healthy", "dc2.job.orders.toolkit.mutual_silence=true: only a restart of one side",
	}},
	{plan: "cut-dropped", truth: []string{"remote_down dc1", "remote_down dc2", "remote_up dc1", "remote_up dc2"}},
	{plan: "cut-one-way", truth: []string{"remote_down dc1", "remote_down dc2", "takeover_done dc1", "takeover_done dc2"}, evidence: []string{
		"dc1.job.orders.toolkit.split_brain=true (strong): believes dc1 down", "dc2.job.orders.toolkit.mutual_silence=true (strong): only a restart of one side",
	}},
	{plan: "data-channel-cut", not: []string{"remote_down dc1", "remote_down dc2"}},
	{plan: "late-heartbeats", either: []string{"remote_down"}, evidence: []string{"toolkit.remote=down: an even number"}},
	{plan: "orderly-shutdown", truth: []string{"orderly_shutdown dc1", "remote_down dc2"}, not: []string{"remote_down dc1"}, evidence: []string{
		"dc1.job.orders.toolkit.state=orderly_shutdown: special messages and no heartbeat", "dc2.job.orders.toolkit.state=taken_over: nothing to take over",
	}},
	{plan: "watchdog-restarted", apart: true, not: []string{"remote_down dc1", "remote_down dc2"}, evidence: []string{"dc1.job.orders.toolkit.remote=up: an odd number"}},
	{plan: "preparer-restarted", apart: true, truth: []string{"pe_down dc1", "pe_up dc1", "snapshots_deleted dc1"}, not: []string{"remote_down dc1", "remote_down dc2", "snapshots_deleted dc2"}, evidence: []string{
		"dc1.job.orders.toolkit.remote=up (strong): an odd number",
	}},
	{plan: "pes-stopped", truth: []string{"pe_down dc1", "remote_down dc2", "takeover_done dc2", "pe_up dc1", "remote_up dc2"}, not: []string{"remote_down dc1"}, evidence: []string{
		"dc2.job.orders.toolkit.state=taken_over: pieces of its state",
	}},
	{plan: "hosts-off", truth: []string{"pe_down dc1", "remote_down dc2", "takeover_done dc2", "remote_up dc2"}, evidence: []string{"dc2.job.orders.toolkit.state=taken_over: pieces of its state"}},
	{plan: "storage-unmounted", layout: "stored", truth: []string{"snapshot_stored dc2", "snapshot_not_stored dc2", "remote_down dc2", "takeover_done dc2"}, not: []string{"remote_down dc1"}, evidence: []string{
		"dc2.job.orders.toolkit.storing=false (strong): no file was written since", "dc2.job.orders.toolkit.state=taken_over: nothing to take over",
	}},
	{plan: "delayed-heartbeats", truth: []string{"remote_down dc1", "remote_down dc2", "remote_up dc1", "remote_up dc2"}, evidence: []string{"toolkit.remote=down (strong): an even number"}},
	{plan: "storage-full", layout: "stored", truth: []string{"snapshot_not_stored dc2", "remote_down dc2", "takeover_done dc2"}, not: []string{"remote_down dc1"}, evidence: []string{
		"dc2.job.orders.toolkit.storing=false (strong): no file was written since: 0 are there",
		"dc2.job.orders.toolkit.state=taken_over: nothing to take over",
	}},
	{plan: "database-stopped", layout: "rows", truth: []string{"database_down dc2", "snapshot_not_stored dc2", "remote_down dc2", "takeover_done dc2"}, not: []string{"remote_down dc1"}, evidence: []string{
		"dc2.job.orders.toolkit.state=taken_over: nothing to take over",
	}},
	{plan: "cut-both-ways", layout: "traced", truth: []string{"remote_down dc1", "remote_down dc2", "takeover_done dc1", "takeover_done dc2"}, evidence: []string{
		`dc2.job.orders.toolkit.state=split_brain (strong): both are active and healthy`,
		`dc2.job.orders.toolkit.line["taken_over"]=1: Completed the taking-over`,
		`dc1.job.orders.toolkit.said=down: going down due to failure`,
	}},
	{plan: "job-cancelled", layout: "traced", truth: []string{"remote_down dc2", "takeover_done dc2", "remote_up dc2"}, evidence: []string{`dc2.job.orders.toolkit.said=down: going down due to failure`, `dc2.job.orders.toolkit.said=up: coming up`}},
	{plan: "orderly-shutdown", layout: "traced", truth: []string{"orderly_shutdown dc1", "remote_down dc2"}, evidence: []string{
		`dc1.job.orders.toolkit.state=orderly_shutdown: has written`, `dc2.job.orders.toolkit.line["shutdown_received"]=1: Received a remote DC orderly shutdown message`,
	}},
	{plan: "storage-full", layout: "traced", truth: []string{"snapshot_not_stored dc2"}, evidence: []string{`dc2.job.orders.toolkit.storing=false (strong): the toolkit has written`, `dc2.job.orders.toolkit.line["not_stored"]=1: Unable to replicate and persist`}},
	{plan: "receivers-restarted", apart: true, truth: []string{"pe_down dc1", "pe_up dc1"}, not: []string{"remote_down dc1", "remote_down dc2", "snapshots_deleted dc1"}, evidence: []string{"dc2.job.orders.toolkit.remote=up (strong): an odd number"}},
	{plan: "sender-restarted", apart: true, truth: []string{"pe_down dc1", "pe_up dc1"}, not: []string{"remote_down dc1", "remote_down dc2"}, evidence: []string{"dc1.job.orders.toolkit.remote=up (strong): an odd number"}},
	{plan: "passive-side", layout: "standby", truth: []string{"job_gone dc1", "remote_down dc2", "job_healthy dc2", "snapshots_deleted dc2"}, evidence: []string{
		"dc2.job.standby.toolkit.takeover=done (strong): the launched copy is running and healthy", "dc2.job.standby.toolkit.role=active (strong): a copy that was launched",
		"dc1.job.orders.toolkit.role=passive (strong): the job is gone",
	}},
	{plan: "store-restarted", apart: true, truth: []string{"remote_down dc2"}, evidence: []string{"dc2.job.orders.toolkit.state=taken_over: nothing to take over"}},
}

// Each row of the reference is a plan. The plan's own expectations hold its arithmetic.
func TestConditionsThatCauseFailover(t *testing.T) {
	for _, r := range rows {
		t.Run(strings.Trim(r.plan+" "+r.layout, " "), func(t *testing.T) {
			t.Parallel()
			for seed := range seeds(t) {
				r.rehearse(t, uint64(seed+1))
			}
		})
	}
}

func (r row) rehearse(t *testing.T, seed uint64) {
	t.Helper()
	layout := "together"
	switch {
	case r.layout != "":
		layout = r.layout
	case r.apart:
		layout = "apart"
	}
	var paths []string
	names := []string{"base", layout, r.plan}
	if layout == "standby" {
		names = names[1:] // it has no second job to wait for
	}
	for _, name := range names {
		paths = append(paths, filepath.Join("testdata", "inject", name+".xdc.hcl"))
	}
	registry := all.Registry()
	p, _, found := load.Plan(load.Options{
		Paths: paths, Registry: registry, Mode: "rehearse", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false },
	})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	truth := filepath.Join(t.TempDir(), "truth.jsonl")
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: registry, Runs: t.TempDir(), Seed: seed, Truth: truth, Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if code := res.Outcome.Code(); code != 0 {
		t.Errorf("seed %d: %v", seed, res.Outcome)
	}
	happened := map[string]bool{}
	for _, f := range readTruth(t, truth) {
		happened[f.What+" "+f.Target] = true
	}
	for _, want := range r.truth {
		if !happened[want] {
			t.Errorf("seed %d: the twin never had %s", seed, want)
		}
	}
	for _, want := range r.either {
		if !happened[want+" dc1"] && !happened[want+" dc2"] {
			t.Errorf("seed %d: the twin never had %s anywhere", seed, want)
		}
	}
	for _, never := range r.not {
		if happened[never] {
			t.Errorf("seed %d: the twin had %s", seed, never)
		}
	}
	r.checkEvidence(t, seed, res.Folder)
}

// checkEvidence looks for each conclusion and what it is said to rest on.
func (r row) checkEvidence(t *testing.T, seed uint64, f session.Folder) {
	t.Helper()
	var said []string
	for ev, err := range session.ReadEvents(f.File(session.EventsFile)) {
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := ev.Body.(*event.Changed); ok {
			said = append(said, fmt.Sprintf("%s=%s: %s", c.Signal, c.To, c.Evidence), fmt.Sprintf("%s=%s (%s): %s", c.Signal, c.To, c.Strength, c.Evidence))
		}
	}
	for _, want := range r.evidence {
		claim, words, _ := strings.Cut(want, ": ")
		ok := false
		for _, s := range said {
			ok = ok || strings.Contains(s, claim+": ") && strings.Contains(s, words)
		}
		if !ok {
			t.Errorf("seed %d: nothing says %s because of %q", seed, claim, words)
		}
	}
}
