package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// killedIn starts a long partition, kills xdc once it is in force, and returns the run's folder.
func killedIn(t *testing.T, b *labBench, runs string) string {
	t.Helper()
	b.file("long.xdc.hcl", strings.Replace(planOf(tortured{typ: "network_partition", args: `from = ["10.99.0.0/24"]`}, 0), `duration = "1s"`, `duration = "10m"`, 1))
	list := filepath.Join(b.dir, "points-"+runs)
	c := b.command("apply", "--on", b.lab, "--auto-approve", "--run-dir", runs, "long.xdc.hcl")
	c.Env = append(c.Env, killListVar+"="+list)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	b.until("the fault is in force", 20*time.Second, func() bool {
		raw, _ := os.ReadFile(list)
		return strings.Contains(string(raw), "fault.network_partition.x verified")
	})
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
	found, err := filepath.Glob(filepath.Join(b.dir, runs, "*-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d runs", len(found))
	}
	return found[0]
}

// TestInTheLabRunsAreSeenAndHealedFromElsewhere: what is in force is seen on the host, is healed from what is installed
// there alone, and a copy of the run's folder is enough to settle the rest.
func TestInTheLabRunsAreSeenAndHealedFromElsewhere(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	before := b.looks("w0.h")
	run := killedIn(t, b, "first")
	has := func(out string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(out, w) {
				t.Errorf("no %q in:\n%s", w, out)
			}
		}
	}
	_, out := b.run(nil, "status", "--run-dir", "first")
	has(out, "dead", "not undone: fault fault.network_partition.x, verified since", "left)", "heal it with: xdc recover")
	_, out = b.run(nil, "status", run, "--live")
	has(out, "w0.h: 1 fault is in force", "fault.network_partition.x (network_partition) of run "+filepath.Base(run), "heals by itself in", "locked by run")
	_, out = b.run(nil, "status", "--on", b.lab, "--host", "w0.h", "--json")
	has(out, `"step": "fault.network_partition.x"`, `"watched": true`)

	// Even the journal is lost: the host knows.
	elsewhere := filepath.Join(t.TempDir(), filepath.Base(run))
	if err := os.CopyFS(elsewhere, os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(run); err != nil {
		t.Fatal(err)
	}
	code, out := b.run(nil, "recover", "--on", b.lab, "--host", "w0.h")
	if code != 0 {
		t.Errorf("recover --host: exit %d\n%s", code, out)
	}
	has(out, "w0.h  xdc_", ": undone")
	if out := b.must("w0.h", "nft", "list", "tables"); strings.Contains(out, "xdc_") {
		t.Errorf("still there:\n%s", out)
	}
	_, out = b.run(nil, "recover", "--on", b.lab, "--host", "w0.h")
	has(out, "nothing of xdc is in force")

	// With the folder alone, from elsewhere, the rest is settled: the lock.
	if code, out := b.run(nil, "recover", elsewhere); code != 0 {
		t.Errorf("recover from a copy: exit %d\n%s", code, out)
	}
	if after, ok := b.untilLooks("w0.h", before, 10*time.Second); !ok {
		t.Errorf("the machine is not what it was:\n%s", difference(before, after))
	}
	has(b.must("w0.h", "cat", "/run/xdc.log"), "healed: by xdc recover --host")

	// And once more by the folder only, from elsewhere, while the fault is in force.
	run = killedIn(t, b, "second")
	elsewhere = filepath.Join(t.TempDir(), filepath.Base(run))
	if err := os.Rename(run, elsewhere); err != nil {
		t.Fatal(err)
	}
	code, out = b.run(nil, "recover", elsewhere)
	if code != 0 {
		t.Errorf("recover from a moved folder: exit %d\n%s", code, out)
	}
	has(out, "fault fault.network_partition.x: undone and verified", "lock lock.w0: undone and verified")
	if after, ok := b.untilLooks("w0.h", before, 10*time.Second); !ok {
		t.Errorf("the machine is not what it was:\n%s", difference(before, after))
	}
}

// TestInTheLabTwoRunsCannotBothWin starts runs on one machine in the same instant, from places that share nothing else.
func TestInTheLabTwoRunsCannotBothWin(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	before := b.looks("w0.h")
	for round := range 3 {
		var wg sync.WaitGroup
		codes, outs := make([]int, 3), make([]string, 3)
		b.file("race.xdc.hcl", planOf(tortured{typ: "network_partition", args: `from = ["10.99.0.0/24"]`}, 0))
		for i := range codes {
			wg.Go(func() {
				codes[i], outs[i] = b.run([]string{"XDG_STATE_HOME=" + t.TempDir()}, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "race", "race.xdc.hcl")
			})
		}
		wg.Wait()
		won := 0
		for i, code := range codes {
			switch code {
			case 0:
				won++
			case 1:
				if !strings.Contains(outs[i], "lock w0") {
					t.Errorf("refused without the reason:\n%s", outs[i])
				}
			default:
				t.Errorf("exit %d\n%s", code, outs[i])
			}
		}
		if won != 1 {
			t.Errorf("round %d: %d runs have won: %v", round, won, codes)
		}
	}
	if after, ok := b.untilLooks("w0.h", before, 10*time.Second); !ok {
		t.Errorf("the machine is not what it was:\n%s", difference(before, after))
	}
}

// TestInTheLabADifferenceIsSaid kills a process that nobody starts again: healed as far as xdc can, and not what it was.
func TestInTheLabADifferenceIsSaid(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	b.must("w0.h", "/bin/sh", "-c", victims)
	b.file("kill.xdc.hcl", planOf(tortured{typ: "process_kill", args: `name = "victim"`}, 0))
	code, out := b.run(nil, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs", "kill.xdc.hcl")
	if code != 4 || !strings.Contains(out, "- /run/bin/victim 100000") {
		t.Errorf("exit %d, and the difference is not shown:\n%s", code, out)
	}
}

// TestInTheLabAHostThatCannotBeReachedOwesNothing: nothing was touched, and nothing is said to be owed.
func TestInTheLabAHostThatCannotBeReachedOwesNothing(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	b.must("w0.h", "ip", "link", "set", "eth0", "down")
	b.file("x.xdc.hcl", planOf(tortured{typ: "network_partition", args: `from = ["10.99.0.0/24"]`}, 0))
	code, out := b.run([]string{"HOME=" + b.dir}, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs", "x.xdc.hcl")
	if code != 1 || !strings.Contains(out, "w0.h: connect to root@10.1.0.1:22") || strings.Contains(out, "xdc recover") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, out := b.run(nil, "recover", "--run-dir", "runs"); code != 0 || !strings.Contains(out, "Nothing is owed") {
		t.Errorf("recover: exit %d\n%s", code, out)
	}
}

// TestInTheLabDownAfterAKill: a lab whose process was killed is gone with all its machines, and lab down takes its keys away.
func TestInTheLabDownAfterAKill(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	p, err := os.FindProcess(b.s.PID)
	if err != nil {
		t.Fatal(err)
	}
	machine := b.s.Targets["w0"].Hosts["h"].Process
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	b.until("the machines are gone", 10*time.Second, func() bool { return machine.Alive() != nil })
	if code, out := b.run(nil, "lab", "down", b.lab); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	left, err := os.ReadDir(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if e.Name() != "lab.log" && e.Name() != "truth.jsonl" {
			t.Errorf("%s is left", e.Name())
		}
	}
	// The cleanup of the bench wants something to take down.
	if code, out := b.run(nil, "lab", "up", "lab.xdc.hcl", "--dir", b.lab); code != 0 {
		t.Errorf("up again: exit %d\n%s", code, out)
	}
}
