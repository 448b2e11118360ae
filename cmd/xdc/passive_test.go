//go:build unix

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/providertest"
)

// launchScript is the example's own, which submits the job of the passive side.
const launchScript = "../../examples/toolkit-failover/launch.sh"

// examplePassive is the example of the passive side with everything the same but how long things take.
func examplePassive(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		providertest.Lack(t, "needs curl: run make setup")
	}
	raw, err := os.ReadFile("../../examples/toolkit-failover/toolkit-failover.xdc.hcl")
	if err != nil {
		t.Fatal(err)
	}
	s := string(raw)
	for _, r := range []struct {
		from, to string
		times    int
	}{
		{`heartbeat_interval = "5s"`, `heartbeat_interval = "1s"`, 2},
		{`snapshot_interval  = "30s"`, `snapshot_interval  = "3s"`, 2},
		{`init_delay         = "10s"`, `init_delay         = "3s"`, 2},
		{`records    = 5000`, `records    = 3000`, 1},
		{`acked >= 1000"`, `acked >= 500"`, 1},
		{`duration = "60s"`, `duration = "25s"`, 1},
		{`audit.events.delivered >= 4750`, `audit.events.delivered >= 2850`, 1},
	} {
		if strings.Count(s, r.from) != r.times {
			t.Fatalf("the example has %d times %s", strings.Count(s, r.from), r.from)
		}
		s = strings.ReplaceAll(s, r.from, r.to)
	}
	return s
}

// launched fails unless the truth has the launch of the passive side: by its script, once, and nothing made up. What the launched
// application then believes and takes over is its own affair.
func launched(t *testing.T, facts []map[string]any, end string) {
	t.Helper()
	var story []string
	for _, f := range facts {
		what, _ := f["what"].(string)
		if slices.Contains(story, "takeover_done") && f["cause"] != "the passive monitor runs its script" && what != "script_ended" && what != "launch_failed" {
			continue
		}
		if f["target"] == "dc2" && slices.Contains([]string{"takeover_started", "script_ended", "monitor_gone", "takeover_done", "launch_failed"}, what) {
			story = append(story, what)
			if what == "script_ended" && f["cause"] != "exit status 0" {
				t.Errorf("the script: %v", f["cause"])
			}
		}
	}
	got := strings.Join(story, " ")
	// A script that ends its monitor may have ended itself before that is gone.
	got = strings.ReplaceAll(got, "script_ended monitor_gone", "monitor_gone")
	if want := "takeover_started " + end + " takeover_done"; got != want {
		t.Errorf("the passive side: %s; want %s", got, want)
	}
}

// TestAServedPassiveSideIsLaunchedByItsScript runs the example against a twin that serves, whose passive side runs the
// example's script: what it submits through the platform's API is what the plan waits for.
func TestAServedPassiveSideIsLaunchedByItsScript(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	if raced {
		t.Skip("is about time: runs without the race detector")
	}
	t.Parallel()
	xdc, dir, plan := xdcAs(t), t.TempDir(), examplePassive(t)
	script, err := filepath.Abs(launchScript)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"plan.xdc.hcl": plan, "ingest.sab": "PK"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := func(args ...string) *exec.Cmd {
		c := exec.Command(xdc, args...)
		c.Dir, c.Env = dir, append(os.Environ(), "NO_COLOR=1", "XDG_STATE_HOME="+dir, "HOME="+dir)
		return c
	}
	twin := filepath.Join(dir, "twin")
	serve := command("twin", "serve", "plan.xdc.hcl", "--dir", twin, "--seed", "1", "--script", script)
	said := &strings.Builder{}
	serve.Stderr = said
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	for up := filepath.Join(twin, "stand-in.json"); ; <-time.After(50 * time.Millisecond) {
		if _, err := os.Stat(up); err == nil {
			break
		}
		select {
		case <-ended:
			t.Fatalf("the twin did not come up: %s", said)
		default:
		}
	}
	t.Cleanup(func() {
		if out, err := command("twin", "stop", twin).CombinedOutput(); err != nil {
			t.Errorf("twin stop: %v\n%s", err, out)
			_ = serve.Process.Kill()
		}
		<-ended
	})
	if out, err := command("apply", "--on", twin, "--auto-approve", "--run-dir", "runs", "plan.xdc.hcl").CombinedOutput(); err != nil {
		t.Errorf("apply: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(twin, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var facts []map[string]any
	for line := range strings.Lines(string(raw)) {
		var f map[string]any
		if json.Unmarshal([]byte(line), &f) == nil {
			facts = append(facts, f)
		}
	}
	launched(t, facts, "script_ended")
	log, err := os.ReadFile(filepath.Join(twin, "script.log"))
	if err != nil || !strings.Contains(string(log), "submitted: ingest_") {
		t.Errorf("the script wrote %q, %v", log, err)
	}
}
