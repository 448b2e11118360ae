package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runReport is what the tests read of report.json.
type runReport struct {
	Expectations []struct{ Step, Verdict string } `json:"expectations"`
	Recoveries   []struct {
		Low  float64 `json:"rto_low"`
		High float64 `json:"rto_high"`
	} `json:"recoveries"`
}

// examplePartition is the example of the main job, with everything the same but how long the cut lasts and how much is
// sent, so that real time suffices.
func examplePartition(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../examples/network-partition/network-partition.xdc.hcl")
	if err != nil {
		t.Fatal(err)
	}
	s := string(raw)
	for _, r := range [][2]string{
		{`duration = "5m"`, `duration = "45s"`}, {`records    = 10000`, `records    = 5000`}, {`acked >= 2000"`, `acked >= 500"`},
	} {
		if strings.Count(s, r[0]) != 1 {
			t.Fatalf("the example has %d times %s", strings.Count(s, r[0]), r[0])
		}
		s = strings.Replace(s, r[0], r[1], 1)
	}
	return s
}

// TestTheExampleRunsInTheLab runs the network-partition example through real SSH and nftables: the verdict is that of the
// twin, and the truth lies within the measured bounds.
func TestTheExampleRunsInTheLab(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	t.Parallel()
	example := examplePartition(t)
	b := newLab(t, example)
	b.file("lab.xdc.hcl", example)
	b.file("orders.sab", "PK")
	before := b.looks("dc1.edge")
	twin, out := b.run(nil, "rehearse", "--run-dir", "twin", "--seed", "1", "lab.xdc.hcl")
	if twin != 0 {
		t.Fatalf("rehearse: exit %d\n%s", twin, out)
	}
	code, out := b.run(nil, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "real", "--seed", "1", "lab.xdc.hcl")
	if code != twin {
		t.Errorf("exit %d in the lab, %d on the twin\n%s", code, twin, out)
	}
	real := reportIn(t, filepath.Join(b.dir, "real"))
	want, got := reportIn(t, filepath.Join(b.dir, "twin")).verdicts(), real.verdicts()
	for name, v := range want {
		if got[name] != v {
			t.Errorf("%s is %s in the lab, %s on the twin", name, got[name], v)
		}
	}
	if len(want) == 0 {
		t.Fatal("there are no verdicts")
	}
	b.agrees(real)
	if after, ok := b.untilLooks("dc1.edge", before, 10*time.Second); !ok {
		t.Errorf("the machine is not what it was:\n%s", difference(before, after))
	}
}

// agrees fails unless the measured bounds of the only recovery hold the truth.
func (b *labBench) agrees(r runReport) {
	b.t.Helper()
	if len(r.Recoveries) != 1 {
		b.t.Fatalf("%d recoveries", len(r.Recoveries))
	}
	low, high := r.Recoveries[0].Low, r.Recoveries[0].High
	truth := b.took("fault_in_effect", "remote_down", "dc2")
	b.t.Logf("the truth is %.3fs; measured [%.3fs, %.3fs]", truth, low, high)
	if truth < low || truth > high {
		b.t.Errorf("the takeover took %.3fs in truth, and the measured bounds are [%.3fs, %.3fs]", truth, low, high)
	}
}

// took is the time from the first event of one kind to the first of another at a target after it, by the truth.
func (b *labBench) took(from, to, target string) float64 {
	b.t.Helper()
	start := -1.0
	for _, f := range b.facts() {
		at, _ := f["t"].(float64)
		switch {
		case f["what"] == from && start < 0:
			start = at
		case f["what"] == to && f["target"] == target && start >= 0:
			return at - start
		}
	}
	b.t.Fatalf("the truth has no %s after a %s", to, from)
	return 0
}

// reportIn reads the report of the only run in a folder.
func reportIn(t *testing.T, runs string) runReport {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(runs, "*", "report.json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s has %d reports", runs, len(found))
	}
	raw, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var r runReport
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r runReport) verdicts() map[string]string {
	out := map[string]string{}
	for _, e := range r.Expectations {
		out[e.Step] = e.Verdict
	}
	return out
}

// TestACutOfTheOwnPathHealsByItself partitions a machine from everybody, xdc too: the machine heals itself when the time
// is over, and xdc sees it.
func TestACutOfTheOwnPathHealsByItself(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	before := b.looks("w0.h")
	b.file("cut.xdc.hcl", strings.Replace(planOf(tortured{typ: "network_partition", args: `from = ["0.0.0.0/0"]`}, 0), `duration = "1s"`, `duration = "8s"`, 1))
	code, out := b.run(nil, "plan", "cut.xdc.hcl")
	if code != 0 || !strings.Contains(out, "cuts xdc off from w0.h") {
		t.Errorf("plan: exit %d; the self-cut is not announced:\n%s", code, out)
	}
	code, out = b.run(nil, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs", "cut.xdc.hcl")
	if code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	var gone, came float64
	for _, f := range b.facts() {
		at, _ := f["t"].(float64)
		if f["what"] == "fault_in_effect" {
			came = at
		}
		if f["what"] == "fault_gone" {
			gone = at
		}
	}
	if held := gone - came; held < 6 || held > 10 {
		t.Errorf("it was in force for %.1fs, not for about 8s", held)
	}
	if log := b.must("w0.h", "cat", "/run/xdc.log"); !strings.Contains(log, "healed: the lease ended") {
		t.Errorf("the machine's log of heals says %q", log)
	}
	if after, ok := b.untilLooks("w0.h", before, 10*time.Second); !ok {
		t.Errorf("the machine is not what it was:\n%s", difference(before, after))
	}
}
