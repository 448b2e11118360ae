package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/providertest"
)

// pePlan hangs the PE of an operator, and then kills it.
const pePlan = `plan "pe" {}

target "dc1" {
  streams {
    url           = "https://streams.dc1.example.com:8443"
    instance      = "i"
    username      = "u"
    poll_interval = "200ms"
  }
  host "edge" {
    address = "10.0.1.10"
  }
}

job "orders" {
  bundle = "orders.sab"
  target = target.dc1
}

fault "process_hang" "hung" {
  job      = job.orders
  operator = "KeyedCounter"
  duration = "3s"
}

fault "process_kill" "killed" {
  depends_on = [fault.process_hang.hung.healed]
  job        = job.orders
  operator   = "KeyedCounter"
  duration   = "3s"
}
`

// TestInTheLabAPEIsHungAndKilled: the process that holds an operator is found over SSH. It is really stopped and goes on;
// then it is really gone, the platform notices, and starts another.
func TestInTheLabAPEIsHungAndKilled(t *testing.T) {
	b := newLab(t, pePlan)
	b.file("pe.xdc.hcl", pePlan)
	b.file("orders.sab", "PK")
	type sight struct{ pid, state string }
	var seen []sight // each time that something is different
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
			now := sight{}
			out, _ := b.on("dc1.edge", "ps", "-eo", "pid=,stat=,args=").Output()
			for line := range strings.Lines(string(out)) {
				if f := strings.Fields(line); len(f) > 3 && strings.HasSuffix(f[2], "/pe") && strings.Contains(line, "KeyedCounter") && f[1][0] != 'Z' {
					now = sight{f[0], map[bool]string{true: "stopped", false: "runs"}[f[1][0] == 'T']}
				}
			}
			if len(seen) == 0 || seen[len(seen)-1] != now {
				seen = append(seen, now)
			}
		}
	}()
	code, out := b.run(nil, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs", "pe.xdc.hcl")
	close(stop)
	<-done
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	var first, story string
	for _, s := range seen {
		switch {
		case s.pid == "":
			story += " gone"
		case first == "" || s.pid == first:
			first = s.pid
			story += " " + s.state
		default:
			story += " another-" + s.state
		}
	}
	// Between the one that was killed and the next, a look may see nobody, or not.
	if got := strings.ReplaceAll(story, " gone", ""); got != " runs stopped runs another-runs" {
		t.Errorf("the process of the PE:%s", story)
	}
	downs, ups := 0, 0
	for _, f := range b.facts() {
		switch {
		case f["what"] == "pe_down":
			downs++
		case f["what"] == "pe_up" && downs > 0:
			ups++
		}
	}
	if downs != 1 || ups != 1 {
		t.Errorf("the platform saw %d PEs go and %d come", downs, ups)
	}
	if !strings.Contains(out, "dc1.job.orders.health healthy -> ") {
		t.Errorf("xdc did not see the job's health change:\n%s", out)
	}
}

// TestInTheLabDownLeavesWhatWasBefore brings a lab up and down on a machine of its own, kills everything of another, and
// compares.
func TestInTheLabDownLeavesWhatWasBefore(t *testing.T) {
	newLab(t, "plan \"lab\" {}\n"+target(0)) // this machine can have labs
	n := providertest.NewNode(t, "outer")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/var/tmp", "xdc-lab-down") //nolint:usetesting // the node has a /tmp of its own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	raw, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "xdc"), raw, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "lab.xdc.hcl"), []byte(pePlan), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	looks := func() string {
		return n.Must(t, "/bin/sh", "-c", `echo "== links"; ip -o link; ip -o addr; ip rule; ip route show table all
echo "== namespaces"; ls -l /proc/[0-9]*/ns/net 2>/dev/null | sed 's/.*-> //' | sort -u | wc -l; ls /run/netns 2>/dev/null
echo "== mounts"; cut -d' ' -f4- /proc/1/mountinfo
echo "== rules"; nft list ruleset
echo "== files"; find /run /tmp -path /tmp/labs -prune -o -print | sort; ls -a /var/tmp | grep -v xdc-
echo "== processes"; ps -eo args= | grep -v -e '^ps ' -e '^sort' -e '^sed' -e '^grep' -e '^/bin/sh -c echo' | sort`)
	}
	before := looks()
	up := func(lab string) {
		n.Must(t, "/bin/sh", "-c", fmt.Sprintf("export HOME=/tmp XDG_STATE_HOME=/tmp/labs; mkdir -p /tmp/labs && %s/xdc lab up %s/lab.xdc.hcl --dir /tmp/labs/%s --seed 1", dir, dir, lab))
	}
	up("first")
	if difference(before, looks()) == "" {
		t.Fatal("there is no sign of a lab that is up")
	}
	n.Must(t, "/bin/sh", "-c", "export HOME=/tmp XDG_STATE_HOME=/tmp/labs; "+dir+"/xdc lab down /tmp/labs/first")
	same := func(when string) {
		t.Helper()
		left := difference(before, looks())
		for end := time.Now().Add(10 * time.Second); left != "" && time.Now().Before(end); left = difference(before, looks()) {
			<-time.After(100 * time.Millisecond)
		}
		if left != "" {
			t.Errorf("%s, something is left:\n%s", when, left)
		}
	}
	same("after lab down")
	left := strings.Fields(n.Must(t, "ls", "/tmp/labs/first"))
	if got := strings.Join(left, " "); got != "lab.log truth.jsonl" {
		t.Errorf("lab down has left %s in the folder", got)
	}
	// One whose own process is killed takes all its machines along.
	up("second")
	var s struct{ PID int }
	if err := json.Unmarshal([]byte(n.Must(t, "cat", "/tmp/labs/second/stand-in.json")), &s); err != nil || s.PID == 0 {
		t.Fatalf("the lab's process is not known: %v", err)
	}
	n.Must(t, "kill", "-9", strconv.Itoa(s.PID))
	same("after the lab was killed")
}

// router runs a command in the network of the lab's router.
func (b *labBench) router(command string) error {
	return exec.Command("nsenter", "-t", strconv.Itoa(b.s.Router.PID), "-n", "--", "/bin/sh", "-c", command).Run()
}

// TestInTheLabALostNetworkEndsAFaultEarly stops the router under a fault whose lease is renewed: the machine heals itself,
// and when it can be reached again, xdc says that the fault ended early.
func TestInTheLabALostNetworkEndsAFaultEarly(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	before := b.looks("w0.h")
	b.file("long.xdc.hcl", planOf(tortured{typ: "network_partition", args: `from = ["10.99.0.0/24"]`, lasts: `duration = "2m"`}, 0))
	c := b.command("apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs", "long.xdc.hcl")
	c.Env = append(c.Env, leaseVar+"=6s,1s,2s")
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	there := func() bool { return b.on("w0.h", "sh", "-c", "nft list tables | grep -q xdc_").Run() == nil }
	b.until("the fault is in force", 30*time.Second, there)
	// It is renewed: it outlives its first lease.
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if !there() {
			t.Fatal("the fault has gone although it was renewed")
		}
		<-time.After(200 * time.Millisecond)
	}
	if err := b.router("echo 0 >/proc/sys/net/ipv4/ip_forward"); err != nil {
		t.Fatal(err)
	}
	cut := time.Now()
	b.until("the machine heals itself", 30*time.Second, func() bool { return !there() })
	if took := time.Since(cut); took < 3*time.Second || took > 20*time.Second {
		t.Errorf("it healed itself after %s, with a lease of 6s", took)
	}
	if log := b.must("w0.h", "cat", "/run/xdc.log"); !strings.Contains(log, "healed: the lease ended") {
		t.Errorf("the machine's log of heals says %q", log)
	}
	if err := b.router("echo 1 >/proc/sys/net/ipv4/ip_forward"); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // its exit code is looked at
	if code := c.ProcessState.ExitCode(); code != 3 || !strings.Contains(out.String(), "ended early") {
		t.Errorf("exit %d, want 3 and \"ended early\"\n%s", code, out.String())
	}
	if after, ok := b.untilLooks("w0.h", before, 10*time.Second); !ok {
		t.Errorf("the machine is not what it was:\n%s", difference(before, after))
	}
}

// TestTheExampleCuttingItsOwnPathInTheLab is the example, and the partition cuts the runner off as well: the host's own
// timer heals, and what was measured from the other side agrees with the truth.
func TestTheExampleCuttingItsOwnPathInTheLab(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	t.Parallel()
	example := strings.Replace(examplePartition(t), `from     = target.dc2.networks`, `from     = ["10.0.2.0/24", "198.18.255.1/32"]`, 1)
	if !strings.Contains(example, "198.18.255.1") {
		t.Fatal("the example's partition is another one")
	}
	b := newLab(t, example)
	b.file("lab.xdc.hcl", example)
	b.file("orders.sab", "PK")
	before := b.looks("dc1.edge")
	code, out := b.run(nil, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "real", "--seed", "1", "lab.xdc.hcl")
	if code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	if log := b.must("dc1.edge", "cat", "/run/xdc.log"); !strings.Contains(log, "healed: the lease ended") {
		t.Errorf("the machine's log of heals says %q: it did not heal by itself", log)
	}
	b.agrees(reportIn(t, filepath.Join(b.dir, "real")))
	if after, ok := b.untilLooks("dc1.edge", before, 10*time.Second); !ok {
		t.Errorf("the machine is not what it was:\n%s", difference(before, after))
	}
}
