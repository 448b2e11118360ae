package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInTheLabAPassiveSideIsLaunchedByItsScript is the same in the lab: the monitor is a process of dc2's host, which
// starts the script there and is ended by it.
func TestInTheLabAPassiveSideIsLaunchedByItsScript(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	plan := examplePassive(t)
	script, err := filepath.Abs(launchScript)
	if err != nil {
		t.Fatal(err)
	}
	b := newLab(t, plan, "--script", script)
	b.file("plan.xdc.hcl", plan)
	b.file("ingest.sab", "PK")
	monitors := func() string {
		out, _ := b.on("dc2.edge", "ps", "-C", "standalone", "-o", "args=").Output() // that there is none is no error
		return strings.TrimSpace(string(out))
	}
	if got := monitors(); !strings.HasPrefix(got, "./standalone configFileName= shellScriptName=/run/lab/script/launch.sh") || strings.Contains(got, "\n") {
		t.Errorf("dc2.edge has the monitors %q", got)
	}
	code, out := b.run(nil, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs", "plan.xdc.hcl")
	if code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	if got := monitors(); got != "" {
		t.Errorf("its script has not ended %q", got)
	}
	launched(t, b.facts(), "monitor_gone")
	log, err := os.ReadFile(filepath.Join(b.lab, "lab.log"))
	if err != nil || !strings.Contains(string(log), "uploaded as bundleId:") {
		t.Errorf("the lab's log has %q, %v", log, err)
	}
}
