package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// TestInTheLabALookSaysWhatIsMeant looks before anything happens: which processes are meant, and which fault cuts the way
// by which xdc comes, as the host itself sees that way.
func TestInTheLabALookSaysWhatIsMeant(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	b.must("w0.h", "sh", "-c", "cp /bin/sleep /run/gateway; for i in 1 2; do setsid /run/gateway 10000$i >/dev/null 2>&1 </dev/null & done")
	defer b.must("w0.h", "sh", "-c", "pkill -x gateway; rm /run/gateway")
	b.file("look.xdc.hcl", "plan \"look\" {}\n"+target(0)+`
fault "process_hang" "both" {
  hosts       = [target.w0.host.h]
  name        = "gateway"
  max_matches = 2
  duration    = "2s"
}
fault "network_partition" "runner" {
  hosts    = [target.w0.host.h]
  from     = ["198.18.255.0/24"]
  duration = "10s"
  depends_on = [fault.process_hang.both.healed]
}
`)
	var pids []string
	for end := time.Now().Add(10 * time.Second); len(pids) < 2 && time.Now().Before(end); {
		out, _ := b.on("w0.h", "pgrep", "-x", "gateway").Output()
		pids = strings.Fields(string(out))
	}
	if len(pids) != 2 {
		t.Fatalf("the services: %v", pids)
	}
	cut := "w0.h: cuts the way by which xdc reaches it (from 198.18.255.1): the host's own timer heals; there is no renewal, and the lease is the whole duration"
	code, out := b.run(nil, "doctor", "--json", "--on", b.lab, "look.xdc.hcl")
	var found struct {
		Findings []struct {
			Subject, Text string
			OK            bool
		}
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s", code, err, out)
	}
	var texts []string
	for _, f := range found.Findings {
		texts = append(texts, f.Subject+" "+f.Text)
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{
		"fault.process_hang.both could be done",
		"fault.process_hang.both w0.h: process " + pids[0] + " (/run/gateway 10000",
		"fault.process_hang.both w0.h: process " + pids[1] + " (/run/gateway 10000",
		"fault.network_partition.runner " + cut,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}

	// The run puts the same into its record, and the host heals the cut by itself.
	code, out = b.run([]string{leaseVar + "=6s,1s,3s"}, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs", "look.xdc.hcl")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	for _, want := range []string{"process " + pids[0] + " (/run/gateway 10000", cut} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}

	// Held open, such a fault is refused by the look, before anything is touched.
	b.file("open.xdc.hcl", "plan \"open\" {}\n"+target(0)+`
fault "network_partition" "runner" {
  hosts = [target.w0.host.h]
  from  = ["198.18.255.0/24"]
}
wait "there" {
  depends_on = [fault.network_partition.runner]
  until      = "w0.host.h.reachable is true"
  timeout    = "5s"
}
`)
	code, out = b.run(nil, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "refused", "open.xdc.hcl")
	if code != 1 || !strings.Contains(out, "give it a duration") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestInTheLabRecoverShowsTheHostsLog recovers a run that the host has healed meanwhile.
func TestInTheLabRecoverShowsTheHostsLog(t *testing.T) {
	t.Setenv(leaseVar, "4s,1s,2s")
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	run := killedIn(t, b, "first")
	for end := time.Now().Add(90 * time.Second); b.on("w0.h", "sh", "-c", "ls -d /run/xdc/xdc_*").Run() == nil; <-time.After(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the watchdog has not healed")
		}
	}
	code, out := b.run(nil, "recover", run)
	if code != 0 || !strings.Contains(out, "undone and verified") || !strings.Contains(out, "w0.h: log: ") || !strings.Contains(out, "healed: the lease ended") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if _, err := os.Stat(run); err != nil {
		t.Error(err)
	}
	// What another run has left in the log is not this one's.
	run = killedIn(t, b, "second")
	code, out = b.run(nil, "recover", run)
	if code != 0 || strings.Contains(out, "healed: the lease ended") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
