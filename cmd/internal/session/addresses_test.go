package session_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/plans"
	"github.com/xdc-project/xdc/providers/all"
)

// Hosts that are known by a name only have an address in a rehearsal, and faults reach them.
func TestHostsKnownByANameAreRehearsed(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(examples, "network-partition", "network-partition.xdc.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`"10.0.1.10"`, `"edge.dc1.example.com"`, `"10.0.2.10"`, `"edge.dc2.example.com"`).Replace(string(raw))
	name := filepath.Join(t.TempDir(), "named.xdc.hcl")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _, found := load.Plan(load.Options{Paths: []string{name}, Registry: all.Registry(), Mode: "rehearse", StandIn: true, Shipped: plans.Find, Env: func(string) (string, bool) { return "", false }})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	res, err := session.Rehearse(t.Context(), session.Request{
		Plan: p, Registry: all.Registry(), Runs: t.TempDir(), Seed: 3, Bubble: func(fn func()) { synctest.Test(t, func(*testing.T) { fn() }) },
	})
	if err != nil || res.Outcome.Code() != 0 {
		t.Errorf("%v, %v", res.Outcome, err)
	}
}
