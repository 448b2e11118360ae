package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/journal"
)

// severings are what happens to the way to the machine, in the middle of everything: its sessions die, or the whole SSH
// server does and is started again by its service manager.
var severings = []struct{ name, cut string }{
	{"sessions", `pkill -KILL -f '^sshd: root@' || true`},
	{"sshd", `pkill -KILL -f "sshd: " || true`},
}

// TestASeveredConnectionLeavesNothing cuts the SSH connection before every script of the life of every fault on hosts, in each of
// the ways, and lets xdc go on. XDC_TORTURE=all does so after each, too, which is before the next.
func TestASeveredConnectionLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	b := newTorture(t, map[string]int{plain: 12})
	faults := wanted(onHosts)
	lists := b.enumerateAll(faults)
	for i, f := range faults {
		for _, p := range lists[i] {
			if !strings.Contains(p, " at ") || strings.HasPrefix(p, "after ") && !everything() {
				continue // journal writes touch no connection
			}
			for _, s := range severings {
				b.do(plain, func(n int) { b.sever(n, f, p, s.name, s.cut) })
			}
		}
	}
	b.wait()
	t.Logf("%d cases in which a connection was cut", b.cases)
}

// sever is one case: xdc stops at the point, the connection is cut, and xdc goes on.
func (b *tortureBench) sever(n int, f tortured, p, what, cut string) {
	hosts := hostsOf(f.machine(), n)
	before := b.looksBefore(hosts)
	name := fileName(f.name() + "-cut-" + what + "-" + p)
	fail := func(format string, a ...any) {
		b.t.Errorf("%s: %s cut at %q: %s", f.name(), what, p, fmt.Sprintf(format, a...))
	}
	plan, runs := name+".xdc.hcl", filepath.Join("runs", name)
	b.file(plan, planOf(f, n))
	code, out, stopped := b.stopAt(there(p, f.machine(), n), func() {
		for _, h := range hosts {
			_ = b.on(h, "/bin/sh", "-c", cut).Run() // there may be no session
		}
	}, "apply", "--on", b.lab, "--auto-approve", "--run-dir", runs, plan)
	b.mu.Lock()
	if stopped {
		b.cases++
	} else {
		b.unreached[p]++
	}
	b.mu.Unlock()
	if !stopped && !mayNotCome.MatchString(p) {
		fail("it did not come to that: exit %d\n%s", code, out)
	}
	if want := afterCut(what, p); !slices.Contains(want, code) {
		fail("exit %d, want one of %d\n%s", code, want, out)
	}
	if code != 0 && !regexp.MustCompile(`connect to root@|the connection ended|ended early|its effect was not seen`).MatchString(out) {
		fail("exit %d for another reason\n%s", code, out)
	}
	if code, out := b.run(nil, "recover", "--run-dir", runs); code != 0 {
		fail("recover: exit %d\n%s", code, out)
	}
	for _, h := range hosts {
		if !b.comes(10*time.Second, func() bool { return b.on(h, "pgrep", "-f", "sshd.*listener").Run() == nil }) {
			fail("sshd is not back")
		}
	}
	b.nothingLeft(hosts, before, fail)
}

// afterCut says how a run may end whose connection was cut at a point. Sessions are opened again at once: nobody notices. A
// server that is away for a second refuses connections meanwhile: what is only looked at before the fault is not begun, a
// fault that cannot be told to be there fails, one whose lease has ended in that time ended early, and a heal goes on
// until it is done. Leases and locks are renewed beside everything else, and what is under way then is cut, too.
func afterCut(what, point string) []int {
	_, script, _ := strings.Cut(point, " ")
	has := func(scripts ...string) bool {
		return slices.ContainsFunc(scripts, func(s string) bool { return strings.HasPrefix(script, s+" ") })
	}
	again := has("lock") && !strings.HasSuffix(point, "#1")
	switch {
	case again, has("renew"):
		return []int{0, 3}
	case what == "sessions", has("heal", "look for remains of", "disarm", "unlock"):
		return []int{0}
	case has("arm", "inject", "verify"):
		return []int{0, 3}
	case has("state") && !strings.HasSuffix(point, "#1") && !strings.HasSuffix(point, "#2"): // after the heal
		return []int{0}
	}
	return []int{0, 1, 3}
}

// stopAt runs xdc, does something while it stops at a point, and lets it go on.
func (b *tortureBench) stopAt(point string, do func(), args ...string) (code int, said string, stopped bool) {
	c := b.command(args...)
	c.Env = append(append(c.Env, longLeases...), stopAtVar+"="+point)
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	stops, err := startStopping(c)
	if err != nil {
		b.t.Fatal(err)
	}
	if stopped = <-stops; stopped {
		do()
		_ = c.Process.Signal(syscall.SIGCONT) // it is there: nobody has waited for it
	}
	err = c.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), stopped
}

// startStopping starts a command and tells when it stops itself; false: it ended instead.
func startStopping(c *exec.Cmd) (<-chan bool, error) {
	if err := c.Start(); err != nil {
		return nil, err
	}
	told := make(chan bool, 1)
	go func() {
		for {
			// Wait is left to the caller, so that it is looked at without being taken away.
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.Process.Pid))
			_, rest, _ := strings.Cut(string(b), ") ")
			if err != nil || strings.HasPrefix(rest, "Z") {
				told <- false
				return
			}
			if strings.HasPrefix(rest, "T") {
				told <- true
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return told, nil
}

// TestAFullDiskInjectsNothingAndHeals fills the disk of the run's folder before a write to the journal, at every one in the
// life of every fault on hosts.
func TestAFullDiskInjectsNothingAndHeals(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	b := newTorture(t, map[string]int{plain: 12})
	faults := wanted(onHosts)
	lists := b.enumerateAll(faults)
	for i, f := range faults {
		for _, p := range lists[i] {
			if !strings.HasPrefix(p, "before journal ") {
				continue
			}
			b.do(plain, func(n int) { b.fillAt(n, f, p) })
		}
	}
	b.wait()
	t.Logf("%d cases in which the disk was full", b.cases)
	b.fullFromTheStart()
}

// fullFromTheStart: where not even the run's folder can be made, nothing is touched.
func (b *tortureBench) fullFromTheStart() {
	b.t.Helper()
	disk := filepath.Join(b.dir, "full")
	if err := os.Mkdir(disk, 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }()
	fill(filepath.Join(disk, "full"))
	before := b.looks("w0.h")
	b.file("full.xdc.hcl", planOf(onHosts[0], 0))
	if code, out := b.run(longLeases, "apply", "--on", b.lab, "--auto-approve", "--run-dir", filepath.Join(disk, "runs"), "full.xdc.hcl"); code != 1 {
		b.t.Errorf("with a full disk: exit %d, want 1: nothing was touched\n%s", code, out)
	}
	if after := b.looks("w0.h"); after != before {
		b.t.Errorf("with a full disk, something was touched:\n%s", difference(before, after))
	}
}

// fillAt is one case: xdc stops at a point, its disk is filled, and it goes on.
func (b *tortureBench) fillAt(n int, f tortured, p string) {
	fail := func(format string, a ...any) {
		b.t.Errorf("%s: filled at %q: %s", f.name(), p, fmt.Sprintf(format, a...))
	}
	name := fileName(f.name() + "-full-" + p)
	disk := filepath.Join(b.dir, name)
	if err := os.Mkdir(disk, 0o700); err != nil {
		fail("%v", err)
		return
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		fail("no small disk can be made: %v", err)
		return
	}
	defer func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }()
	hosts := hostsOf(f.machine(), n)
	before := b.looksBefore(hosts)
	plan := name + ".xdc.hcl"
	b.file(plan, planOf(f, n))
	code, out, stopped := b.stopAt(there(p, f.machine(), n), func() { fill(filepath.Join(disk, "full")) },
		"apply", "--on", b.lab, "--auto-approve", "--run-dir", filepath.Join(disk, "runs"), plan)
	b.mu.Lock()
	if stopped {
		b.cases++
	}
	b.mu.Unlock()
	if !stopped {
		fail("it did not come to that: exit %d\n%s", code, out)
	}
	if code != 3 { // whatever was done and undone: the record has a gap
		fail("exit %d, want 3\n%s", code, out)
	}
	// A few bytes may still fit into the journal's last block. What counts: nothing is in force that is not on record.
	if strings.Contains(out, ".x is in force") && !recorded(filepath.Join(disk, "runs"), event.Intended, event.Injecting) {
		fail("it was injected without a record\n%s", out)
	}
	b.nothingLeft(hosts, before, fail)
}

// recorded is whether the only run in a folder has these phases of its fault on record.
func recorded(runs string, phases ...event.Phase) bool {
	found, _ := filepath.Glob(filepath.Join(runs, "*", journal.FileName))
	if len(found) != 1 {
		return false
	}
	rec, _ := journal.ReadFile(found[0])
	return rec != nil && !slices.ContainsFunc(phases, func(p event.Phase) bool {
		return !slices.ContainsFunc(rec.Events, func(e event.Event) bool {
			d, ok := e.Body.(*event.DeedChanged)
			return ok && d.Kind != "lock" && d.Phase == p
		})
	})
}

// fill writes until nothing more fits.
func fill(name string) {
	f, err := os.Create(name)
	if err != nil {
		return // not even that fits
	}
	defer f.Close()
	for size := 4096; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}
