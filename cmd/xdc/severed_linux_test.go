package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// severings are what happens to the way to the machine, in the middle of everything: its sessions die, or the whole SSH
// server does and is started again by its service manager.
var severings = []struct{ name, cut string }{
	{"sessions", `pkill -KILL -f '^sshd: root@' || true`},
	{"sshd", `pkill -KILL -f "sshd: " || true`},
}

// TestASeveredConnectionLeavesNothing cuts the SSH connection at every step of the life of faults, and lets xdc go on.
func TestASeveredConnectionLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	const workers = 8
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
	for i, f := range tortured[:3] {
		points := enumerate(t, b, f.typ, f.args, workers)
		for n, point := range points {
			if !strings.Contains(point, " at ") {
				continue // journal writes touch no connection
			}
			for k, s := range severings {
				if os.Getenv("XDC_TORTURE") != "all" && (n/2+i)%len(severings) != k {
					continue
				}
				jobs <- func(w int) { sever(t, b, w, f.typ, f.args, n+1, point, s.name, s.cut) }
			}
		}
	}
	close(jobs)
	wg.Wait()
}

// sever is one case: xdc stops at the point, the connection is cut, and xdc goes on.
func sever(t *testing.T, b *labBench, w int, typ, args string, n int, point, what, cut string) {
	host := fmt.Sprintf("w%d.h", w)
	name := fmt.Sprintf("cut-%s-%d-%s", typ, n, what)
	before := b.looks(host)
	plan := name + ".xdc.hcl"
	b.file(plan, torturePlan(w, typ, args))
	c := b.command("apply", "--on", b.lab, "--auto-approve", "--run-dir", filepath.Join("runs", name), plan)
	c.Env = append(c.Env, tortureLease, fmt.Sprintf("%s=%d", stopAtVar, n))
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	stopped, err := startStopping(c)
	if err != nil {
		t.Error(err)
		return
	}
	if <-stopped {
		_ = b.on(host, "/bin/sh", "-c", cut).Run() // it may find nothing to cut
		_ = c.Process.Signal(syscall.SIGCONT)
	}
	err = c.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Error(err)
	}
	// 0: it went on; 1: it had not begun; 3: the step failed, and was healed.
	if code := c.ProcessState.ExitCode(); code != 0 && code != 1 && code != 3 {
		t.Errorf("%s: cut at %q: exit %d\n%s", name, point, code, out.String())
	}
	if code, out := b.run(nil, "recover", "--run-dir", filepath.Join("runs", name)); code != 0 {
		t.Errorf("%s: cut at %q: recover: exit %d\n%s", name, point, code, out)
	}
	b.until(name+": sshd is back", 10*time.Second, func() bool { return b.on(host, "pgrep", "-f", "sshd.*listener").Run() == nil })
	if after, ok := b.untilLooks(host, before, 10*time.Second); !ok {
		t.Errorf("%s: cut at %q: the machine is not what it was:\n%s", name, point, difference(before, after))
	}
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

// TestAFullDiskInjectsNothingAndHeals fills the disk of the run's folder before the start, and while a fault is in force.
func TestAFullDiskInjectsNothingAndHeals(t *testing.T) {
	b := newLab(t, "plan \"lab\" {}\n"+target(0))
	b.must("w0.h", "/bin/sh", "-c", victims)
	disk := filepath.Join(b.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("no small disk can be made: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, 0) })
	fill := func() {
		f, err := os.Create(filepath.Join(disk, "full"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for size := 4096; size > 0; {
			if _, err := f.Write(make([]byte, size)); err != nil {
				size /= 2
			}
		}
	}
	b.file("full.xdc.hcl", torturePlan(0, "network_partition", `from = ["10.99.0.0/24"]`))
	points := enumerate(t, b, "network_partition", `from = ["10.99.0.0/24"]`, 0)
	before := b.looks("w0.h")
	for n, point := range points {
		if n < 2 || !strings.Contains(point, "journal") {
			continue
		}
		_ = os.RemoveAll(filepath.Join(disk, "full"))
		_ = os.RemoveAll(filepath.Join(disk, "runs"))
		c := b.command("apply", "--on", b.lab, "--auto-approve", "--run-dir", filepath.Join(disk, "runs"), "full.xdc.hcl")
		c.Env = append(c.Env, tortureLease, fmt.Sprintf("%s=%d", stopAtVar, n+1))
		var out strings.Builder
		c.Stdout, c.Stderr = &out, &out
		stopped, err := startStopping(c)
		if err != nil {
			t.Fatal(err)
		}
		was := ""
		if <-stopped {
			was = b.must("w0.h", "nft", "list", "tables")
			fill()
			_ = c.Process.Signal(syscall.SIGCONT)
		}
		_ = c.Wait() // its exit code is looked at
		code := c.ProcessState.ExitCode()
		if strings.Contains(was, "xdc_") && code == 0 {
			t.Errorf("filled at %q: exit 0, although the record has a gap\n%s", point, out.String())
		}
		if after, ok := b.untilLooks("w0.h", before, 15*time.Second); !ok {
			t.Errorf("filled at %q (exit %d): the machine is not what it was:\n%s\n%s", point, code, difference(before, after), out.String())
		}
	}
	fill()
	if code, out := b.run([]string{tortureLease}, "apply", "--on", b.lab, "--auto-approve", "--run-dir", filepath.Join(disk, "more"), "full.xdc.hcl"); code != 1 {
		t.Errorf("with a full disk: exit %d, want 1: nothing was touched\n%s", code, out)
	}
	if after := b.looks("w0.h"); after != before {
		t.Errorf("with a full disk, something was touched:\n%s", difference(before, after))
	}
}

func target(w int) string {
	return fmt.Sprintf("target \"w%d\" {\n  host \"h\" {\n    address = \"10.1.%d.1\"\n  }\n}\n", w, w)
}
