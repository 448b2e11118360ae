package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// leases of the torture: short, so that the watchdogs are not waited for for long.
const tortureLease = leaseVar + "=2500ms,800ms,2s"

// workers is how many runs are tortured at a time, each on a machine of its own.
const workers = 12

// victims run on every machine of the torture.
const victims = `mkdir -p /run/bin /tmp/data && cp /bin/sleep /run/bin/victim && cp /bin/sleep /run/bin/server && cp /bin/sleep /run/bin/lonely && mount -t tmpfs -o size=48m tmpfs /tmp/data
setsid /run/bin/victim 100000 >/dev/null 2>&1 </dev/null &
setsid /run/bin/lonely 100000 >/dev/null 2>&1 </dev/null &
setsid sh -c 'while :; do /run/bin/server 100000; sleep 0.1; done' >/dev/null 2>&1 </dev/null &
`

// tortured are the faults, each with arguments that suit a lab's machine. With every, each kill point is tried with every
// ending; else endings take turns from point to point and from fault to fault. XDC_TORTURE=all tries everything.
var tortured = []struct {
	typ, args string
	every     bool
}{
	{"network_partition", `from = ["10.99.0.0/24"]`, true},
	{"network_loss", `from = ["10.99.0.0/24"]
  loss = "30%"`, false},
	{"process_hang", `name = "victim"`, false},
	{"process_kill", `name = "server"`, false},
	{"process_restart", `stop = ["/bin/sh", "-c", "pkill -x lonely; sleep 0.1"]
  start   = ["/bin/sh", "-c", "setsid /run/bin/lonely 100000 >/dev/null 2>&1 </dev/null &"]
  running = ["pgrep", "-x", "lonely"]`, false},
	{"network_bandwidth", `from = ["10.99.0.0/24"]
  rate = "64KiB"`, false},
	{"resource_cpu", `load = "2%"`, false},
	{"resource_memory", `size = "24MiB"`, false},
	{"resource_io", `path = "/var/tmp"
  size = "1MiB"
  writers = 1
  block = "64KiB"
  rate = "256KiB"`, false},
	{"resource_disk", `path = "/tmp/data"
  size = "8MiB"
  reserve = "1MiB"`, true},
	{"exec", `command    = ["/run/bin/victim", "200000"]
  background = true
  ready      = ["pgrep", "-f", "victim 200000"]
  stop       = ["pkill", "-f", "victim 200000"]`, false},
	{"host_command", `inject = ["touch", "/run/command"]
  verify = ["test", "-e", "/run/command"]
  heal   = ["rm", "-f", "/run/command"]`, false},
	{"network_blackhole", `to = ["10.99.0.0/24"]`, false},
	{"network_dns", `names = ["orders.example.com"]
  answer = "10.99.0.9"`, false},
}

func torturePlan(worker int, typ, args string) string {
	if typ == "exec" {
		return fmt.Sprintf(`plan "torture" {}

target "w%d" {
  host "h" {
    address = "10.1.%d.1"
  }
}

action "exec" "x" {
  host = target.w%d.host.h
  %s
}
`, worker, worker, worker, args)
	}
	return fmt.Sprintf(`plan "torture" {}

target "w%d" {
  host "h" {
    address = "10.1.%d.1"
  }
}

fault %q "x" {
  hosts = [target.w%d.host.h]
  %s
  duration = "1s"
}
`, worker, worker, typ, worker, args)
}

// TestNoFaultOutlivesItsLease kills xdc at every step of the life of every fault, and lets it be recovered, left alone,
// or both. Afterwards the machine is what it was.
func TestNoFaultOutlivesItsLease(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	var all strings.Builder
	all.WriteString("plan \"lab\" {}\n")
	for w := range workers + 1 {
		all.WriteString(target(w))
	}
	b := newLab(t, all.String())
	for w := range workers + 1 {
		b.must(fmt.Sprintf("w%d.h", w), "/bin/sh", "-c", victims)
	}
	jobs := make(chan func(worker int))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for job := range jobs {
				job(w)
			}
		})
	}
	cases := 0
	endings := []string{"recover", "watchdog", "both"}
	for i, f := range tortured {
		points := enumerate(t, b, f.typ, f.args, workers)
		t.Logf("%s: %d kill points", f.typ, len(points))
		for n := range points {
			for k, ending := range endings {
				if !f.every && os.Getenv("XDC_TORTURE") != "all" && (n+i)%len(endings) != k {
					continue
				}
				cases++
				jobs <- func(w int) { torture(t, b, w, f.typ, f.args, n+1, points[n], ending) }
			}
		}
	}
	close(jobs)
	wg.Wait()
	t.Logf("%d cases", cases)
}

// enumerate runs a fault undisturbed and returns its kill points.
func enumerate(t *testing.T, b *labBench, typ, args string, worker int) []string {
	t.Helper()
	plan := "all-" + typ + ".xdc.hcl"
	b.file(plan, torturePlan(worker, typ, args))
	list := filepath.Join(b.dir, "points-"+typ)
	code, out := b.run([]string{tortureLease, killListVar + "=" + list}, "apply", "--on", b.lab, "--auto-approve", "--run-dir", "runs/all-"+typ, plan)
	if code != 0 {
		t.Fatalf("%s, undisturbed: exit %d\n%s", typ, code, out)
	}
	raw, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}

// torture is one case.
func torture(t *testing.T, b *labBench, w int, typ, args string, n int, point, ending string) {
	host := fmt.Sprintf("w%d.h", w)
	name := fmt.Sprintf("%s-%d-%s", typ, n, ending)
	fail := func(format string, a ...any) {
		t.Errorf("%s: killed at %q: %s", name, point, fmt.Sprintf(format, a...))
	}
	before := b.looks(host)
	plan, runs := name+".xdc.hcl", filepath.Join("runs", name)
	b.file(plan, torturePlan(w, typ, args))
	code, out := b.run([]string{tortureLease, fmt.Sprintf("%s=%d", killAtVar, n)}, "apply", "--on", b.lab, "--auto-approve", "--run-dir", runs, plan)
	if code != -1 && code != 0 { // renewals come when they come: the last points may not be reached
		fail("it was not killed: exit %d\n%s", code, out)
	}
	recover := func() {
		if code, out := b.run([]string{tortureLease}, "recover", "--run-dir", runs); code != 0 {
			fail("recover: exit %d\n%s", code, out)
		}
	}
	switch ending {
	case "recover":
		recover()
	case "watchdog":
		// The watchdog leaves the lock of the dead run to its own lease; everything else must be as it was.
		b.until(name+": the watchdog's heal", 15*time.Second, func() bool { return b.on(host, "sh", "-c", "! ls -d /run/xdc/xdc_* 2>/dev/null").Run() == nil })
		recover()
	case "both":
		<-time.After(2300 * time.Millisecond) // the lease is about to end
		var healers sync.WaitGroup
		for range 2 {
			healers.Go(func() {
				for range 3 {
					code, out := b.run([]string{tortureLease}, "recover", "--run-dir", runs)
					if code == 0 {
						return
					}
					if !strings.Contains(out, "still alive") {
						fail("recover beside the watchdog: exit %d\n%s", code, out)
					}
				}
			})
		}
		healers.Wait()
		recover()
	}
	if after, ok := b.untilLooks(host, before, 10*time.Second); !ok {
		fail("%s: the machine is not what it was:\n%s", ending, difference(before, after))
	}
}

// difference shows the lines that are not in both texts.
func difference(before, after string) string {
	count := map[string]int{}
	for line := range strings.Lines(before) {
		count[line]--
	}
	for line := range strings.Lines(after) {
		count[line]++
	}
	var out strings.Builder
	for line, n := range count {
		switch {
		case n < 0:
			out.WriteString("- " + line)
		case n > 0:
			out.WriteString("+ " + line)
		}
	}
	return out.String()
}
