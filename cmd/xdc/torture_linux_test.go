package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The leases of the torture. Short ones are for the watchdogs, so that they are not waited for for long. With long ones, it is
// not the watchdog that heals, and a machine that has too much to do loses none.
var (
	shortLeases = []string{leaseVar + "=2500ms,800ms,2s", queueVar + "=pfifo limit 1000"}
	longLeases  = []string{leaseVar + "=20s,800ms,10s", queueVar + "=pfifo limit 1000"}
)

// everything is whether all is tried that there is.
func everything() bool { return os.Getenv("XDC_TORTURE") != "" }

// wanted are the faults of a list that are tried: all, or with XDC_TORTURE=TYPE those of one type, or one variant.
func wanted(all []tortured) []tortured {
	only := os.Getenv("XDC_TORTURE")
	if only == "" || only == "all" {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(f tortured) bool { return f.typ != only && f.name() != only })
}

// endings are what follows on the death of xdc.
var endings = []string{"recover", "watchdog", "both"}

// TestNoFaultOutlivesItsLease kills xdc at every step of the life of every fault on hosts, and lets it be recovered, left
// alone, or both. Afterwards the machines are what they were.
//
// Each type of fault is killed after each write, script and request with each ending, and before each with one. The variants of a
// fault take one point of every situation that a run leaves behind, between whose points nothing changes anywhere, and the
// endings in turn. With XDC_TORTURE=all each point comes with each ending, with XDC_TORTURE=TYPE for those of one type.
func TestNoFaultOutlivesItsLease(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	b := newTorture(t, machines)
	faults := wanted(slices.Concat(onHosts, variants))
	lists := b.enumerateAll(faults)
	var feeders sync.WaitGroup
	for kind := range machines { // a kind of which there are few does not keep the others waiting
		feeders.Go(func() {
			for i, f := range faults {
				if f.machine() == kind {
					b.killAll(f, lists[i], i)
				}
			}
		})
	}
	feeders.Wait()
	b.wait()
	t.Logf("%d cases in which xdc was killed", b.cases)
	for _, name := range slices.Sorted(maps.Keys(b.unreached)) {
		t.Logf("not reached, %d times: %s", b.unreached[name], name)
	}
}

// killAll kills xdc at the points of the life of a fault; turn is where the endings begin.
func (b *tortureBench) killAll(f tortured, points []string, turn int) {
	how := eachDeed
	switch {
	case everything():
		how = eachPoint
	case f.variant != "":
		how = eachSituation
	}
	cases := casesOf(points, turn, endings, how)
	b.t.Logf("%s: %d kill points, %d cases", f.name(), len(points), len(cases))
	for _, c := range cases {
		b.do(f.machine(), func(n int) { b.kill(n, f, []string{c.point, c.instead}, c.ending) })
	}
}

// tortureBench is a lab of machines on which runs are tried, each by one at a time.
type tortureBench struct {
	*labBench
	jobs   map[string]chan func(n int)
	cancel func()
	wg     sync.WaitGroup

	mu        sync.Mutex
	was       map[string]string // how machines looked when the last case was over
	cases     int
	unreached map[string]int
}

// newTorture brings up so many targets of each kind.
func newTorture(t *testing.T, count map[string]int) *tortureBench {
	t.Helper()
	var text strings.Builder
	text.WriteString("plan \"lab\" {}\n")
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		for n := range count[kind] {
			text.WriteString(targetOf(kind, n))
		}
	}
	b := &tortureBench{labBench: newLab(t, text.String()), jobs: map[string]chan func(int){}, was: map[string]string{}, unreached: map[string]int{}}
	b.file("orders.sab", "PK")
	for kind, many := range count {
		script := victims
		switch kind {
		case plain:
			script += plainShell
		case oldTimes:
			script += plainShell + withoutNft
		case sudoer:
			script += "SUDO=yes DOAS=" + withUsers
		case doer:
			script += "SUDO= DOAS=yes" + withUsers
		case nobody:
			script += "SUDO= DOAS=" + withUsers
		}
		jobs := make(chan func(int))
		b.jobs[kind] = jobs
		for n := range many {
			for _, h := range hostsOf(kind, n) {
				b.must(h, "/bin/sh", "-c", script)
			}
			b.wg.Go(func() {
				for job := range jobs {
					done := make(chan struct{}) // a job that fails the test at once must not take its machine along
					go func() {
						defer close(done)
						job(n)
					}()
					<-done
				}
			})
		}
	}
	b.cancel = sync.OnceFunc(func() {
		for _, c := range b.jobs {
			close(c)
		}
	})
	t.Cleanup(b.wait)
	return b
}

// do has a job done on the next machine of a kind that is free.
func (b *tortureBench) do(kind string, job func(n int)) { b.jobs[kind] <- job }

// wait waits for the last job.
func (b *tortureBench) wait() {
	b.cancel()
	b.wg.Wait()
}

// enumerateAll runs faults undisturbed and returns their kill points.
func (b *tortureBench) enumerateAll(faults []tortured) [][]string {
	b.t.Helper()
	out := make([][]string, len(faults))
	var wg sync.WaitGroup
	for i, f := range faults {
		wg.Add(1)
		b.do(f.machine(), func(n int) {
			defer wg.Done()
			out[i] = b.enumerate(n, f)
		})
	}
	wg.Wait()
	if b.t.Failed() {
		b.t.FailNow()
	}
	return out
}

func (b *tortureBench) enumerate(n int, f tortured) []string {
	plan, list := "all-"+f.name()+".xdc.hcl", filepath.Join(b.dir, "points-"+f.name())
	b.file(plan, planOf(f, n))
	code, out := 0, ""
	for range 3 { // unless it was late
		_ = os.Remove(list)
		if code, out = b.apply(f, append(slices.Clone(longLeases), killListVar+"="+list), "runs/all-"+f.name(), plan); code != 3 {
			break
		}
	}
	if code != 0 {
		b.t.Errorf("%s, undisturbed: exit %d\n%s", f.name(), code, out)
	}
	raw, err := os.ReadFile(list)
	if err != nil {
		b.t.Error(err)
	}
	return here(strings.Split(strings.TrimSpace(string(raw)), "\n"), f.machine(), n)
}

// apply applies a plan with a fault.
func (b *tortureBench) apply(f tortured, env []string, runs, plan string) (int, string) {
	return b.exit(b.by(f, env, b.applying(f, runs, plan)...))
}

func (b *tortureBench) applying(f tortured, runs, plan string) []string {
	args := []string{"apply", "--auto-approve", "--run-dir", runs}
	if !user(f.machine()) {
		args = append(args, "--on", b.lab)
	}
	return append(args, plan)
}

// by is xdc where it reaches the fault's machines.
func (b *tortureBench) by(f tortured, env []string, args ...string) *exec.Cmd {
	c := b.command(args...)
	if user(f.machine()) {
		env := c.Env
		c = exec.Command("nsenter", append([]string{"-t", strconv.Itoa(b.s.Runner.PID), "-n", "--", b.xdc}, args...)...)
		c.Dir, c.Env = b.dir, env
	}
	c.Env = append(c.Env, env...)
	return c
}

// mayNotCome are points that one run passes and another does not: what is renewed after a time, and what is looked at again
// and again until it has come about. All others are reached, or the test fails.
var mayNotCome = regexp.MustCompile(`^(before|after) (renew .*|lock at .* #([2-9]|\d\d+)|(verify|look for remains of|state) .* #([2-9]|\d\d+))`)

// late is said by a run whose lease ended before its time, which the short leases of the torture do on a machine that has
// too much else to do.
const late = "ended early"

// kill is one case: xdc is killed at the first of the points that it reaches.
func (b *tortureBench) kill(n int, f tortured, points []string, ending string) {
	hosts := hostsOf(f.machine(), n)
	before := b.looksBefore(hosts)
	for i, p := range points {
		name := fileName(f.name() + "-" + ending + "-" + p)
		fail := func(format string, a ...any) {
			b.t.Errorf("%s: killed at %q, %s: %s", f.name(), p, ending, fmt.Sprintf(format, a...))
		}
		plan, runs := name+".xdc.hcl", filepath.Join("runs", name)
		b.file(plan, planOf(f, n))
		leases := shortLeases
		if ending == "recover" {
			leases = longLeases
		}
		code, out := 0, ""
		for range 3 {
			code, out = b.apply(f, append(slices.Clone(leases), killAtVar+"="+there(p, f.machine(), n)), runs, plan)
			if code != 3 || !strings.Contains(out, late) {
				break
			}
		}
		switch {
		case code == 0 && mayNotCome.MatchString(p):
			b.mu.Lock()
			b.unreached[p]++
			b.mu.Unlock()
			if i < len(points)-1 {
				continue
			}
		case code != -1:
			fail("it was not killed: exit %d\n%s", code, out)
		default:
			b.mu.Lock()
			b.cases++
			b.mu.Unlock()
			b.end(f, hosts, before, runs, ending, fail)
		}
		b.nothingLeft(hosts, before, fail)
		return
	}
}

// end lets a dead run's faults be healed in one of the ways.
func (b *tortureBench) end(f tortured, hosts, before []string, runs, ending string, fail func(string, ...any)) {
	recover := func() (int, string) { return b.exit(b.by(f, shortLeases, "recover", "--run-dir", runs)) }
	switch ending {
	case "recover":
		if code, out := recover(); code != 0 {
			fail("recover: exit %d\n%s", code, out)
		}
	case "watchdog":
		for i, h := range hosts {
			if !b.comes(20*time.Second, func() bool { return !b.has(h, "/run/xdc/xdc_*") && !b.has(h, "/tmp/xdc-*/xdc_*") }) {
				fail("the watchdog has not healed %s", h)
			}
			// Nothing but the lock of the dead run is left, to its own lease: nobody has recovered anything yet.
			if after, ok := b.untilIs(h, unlocked(before[i]), unlocked, 10*time.Second); !ok {
				fail("by itself, the machine %s has not become what it was:\n%s", h, difference(unlocked(before[i]), after))
			}
		}
		if code, out := recover(); code != 0 {
			fail("recover after the watchdog: exit %d\n%s", code, out)
		}
	case "both":
		for _, h := range hosts {
			_ = b.on(h, "/bin/sh", "-c", atTheEnd).Run() // nothing may be armed
		}
		var healers sync.WaitGroup
		for range 2 {
			healers.Go(func() {
				for range 5 {
					code, out := recover()
					if code == 0 {
						return
					}
					if !strings.Contains(out, "still alive") { // the other one
						fail("recover beside the watchdog: exit %d\n%s", code, out)
					}
				}
				fail("recover found the other one alive five times")
			})
		}
		healers.Wait()
	}
}

// atTheEnd waits until a lease is about to end, so that the watchdog and whoever else heals come at the same time.
const atTheEnd = `
for f in /run/xdc/xdc_*/until /tmp/xdc-*/xdc_*/until; do
	[ -e "$f" ] && read -r until <"$f" || continue
	read -r up rest </proc/uptime
	left=$((until - ${up%.*}${up#*.} - 15))
	[ "$left" -gt 0 ] || continue
	sleep "$((left / 100)).$(printf %02d $((left % 100)))"
done
`

// nothingLeft fails unless machines look as they did, and remembers how for the next case.
func (b *tortureBench) nothingLeft(hosts, before []string, fail func(string, ...any)) {
	for i, h := range hosts {
		after, ok := b.untilLooks(h, before[i], 10*time.Second)
		if !ok {
			fail("the machine %s is not what it was:\n%s", h, difference(before[i], after))
		}
		b.mu.Lock()
		b.was[h] = after
		b.mu.Unlock()
	}
}

// looksBefore is how machines look before a case: as they did after the one before.
func (b *tortureBench) looksBefore(hosts []string) []string {
	out := make([]string, len(hosts))
	for i, h := range hosts {
		b.mu.Lock()
		out[i] = b.was[h]
		b.mu.Unlock()
		if out[i] == "" {
			out[i] = b.looks(h)
		}
	}
	return out
}

// lockOf are the lock of a run and its folder, and peOf the PEs of its job that are not stopped: no lease is on those.
var (
	lockOf = regexp.MustCompile(`^(/run/xdc|/tmp/xdc-\d+)(/lock)?$`)
	peOf   = regexp.MustCompile(`^[^T]\S* +\S*/pe `)
)

// unlocked is how a machine looks but for the lock of a run and its folder, and its job.
func unlocked(looks string) string {
	var out strings.Builder
	for line := range strings.Lines(looks) {
		if f := strings.Fields(line); (len(f) < 2 || !lockOf.MatchString(f[len(f)-1])) && !peOf.MatchString(line) {
			out.WriteString(line)
		}
	}
	return out.String()
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
	for _, line := range slices.Sorted(maps.Keys(count)) {
		switch n := count[line]; {
		case n < 0:
			out.WriteString("- " + line)
		case n > 0:
			out.WriteString("+ " + line)
		}
	}
	return out.String()
}
