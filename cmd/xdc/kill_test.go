//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/journal"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// killPlan is small and quick: a partition of a minute that a test does not wait for.
const killPlan = `
plan "kill" {
  defaults {
    streams {
      instance      = "i"
      username      = "u"
      poll_interval = "100ms"
    }
  }
}

target "dc1" {
  networks = ["10.0.1.0/24"]
  streams {
    url = "https://streams.dc1.example.com:8443"
  }
  host "edge" {
    address = "10.0.1.10"
  }
}

target "dc2" {
  networks = ["10.0.2.0/24"]
  streams {
    url = "https://streams.dc2.example.com:8443"
  }
  host "edge" {
    address = "10.0.2.10"
  }
}

job "orders" {
  bundle = "orders.sab"
  target = target.dc1
}

fault "network_partition" "cut" {
  depends_on = [job.orders]
  hosts      = [target.dc1.host.edge]
  from       = target.dc2.networks
  duration   = "DURATION"
}
`

// xdcAs makes a program called xdc out of the test binary.
func xdcAs(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "xdc")
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	return name
}

type killBench struct {
	t    *testing.T
	xdc  string
	dir  string
	twin string
}

// newKillBench writes the plan and serves its twin as a process of its own.
func newKillBench(t *testing.T, duration string) *killBench {
	t.Helper()
	b := &killBench{t: t, xdc: xdcAs(t), dir: t.TempDir()}
	b.twin = filepath.Join(b.dir, "twin")
	plan := strings.ReplaceAll(killPlan, "DURATION", duration)
	if err := os.WriteFile(filepath.Join(b.dir, "kill.xdc.hcl"), []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := b.command("twin", "serve", "kill.xdc.hcl", "--dir", b.twin, "--seed", "1")
	var said bytes.Buffer
	serve.Stderr = &said
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = serve.Process.Signal(syscall.SIGTERM) // it is waited for below
		_ = serve.Wait()
	})
	b.until("the twin serves", func() bool {
		_, err := os.Stat(filepath.Join(b.twin, standin.FileName))
		return err == nil
	}, &said)
	return b
}

func (b *killBench) command(args ...string) *exec.Cmd {
	c := exec.Command(b.xdc, args...)
	c.Dir = b.dir
	c.Env = append(os.Environ(), "NO_COLOR=1")
	return c
}

// until polls: these are processes of their own, and real time.
func (b *killBench) until(what string, ok func() bool, said *bytes.Buffer) {
	b.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit.C:
			b.t.Fatalf("%s: not within 30s: %s", what, said)
		}
	}
}

// phases reads how far each deed has come.
func (b *killBench) phases() map[string]event.Phase {
	out := map[string]event.Phase{}
	names, _ := filepath.Glob(filepath.Join(b.dir, ".xdc/runs/*", journal.FileName))
	for _, n := range names {
		rec, _ := journal.ReadFile(n)
		if rec == nil {
			continue
		}
		for _, ev := range rec.Events {
			if d, ok := ev.Body.(*event.DeedChanged); ok {
				out[d.Kind+" "+string(d.Phase)] = d.Phase
			}
		}
	}
	return out
}

// apply starts a run and sends it a signal when a deed has come to a phase.
func (b *killBench) apply(at string, sig syscall.Signal) {
	b.t.Helper()
	run := b.command("apply", "--on", b.twin, "--auto-approve", "--seed", "1", "kill.xdc.hcl")
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.until(at, func() bool { _, ok := b.phases()[at]; return ok }, &said)
	if err := run.Process.Signal(sig); err != nil {
		b.t.Fatal(err)
	}
	_ = run.Wait() // the exit code says it
	if code := run.ProcessState.ExitCode(); sig == syscall.SIGINT && code != 130 && (code != 0 || at != "fault healing") {
		b.t.Errorf("interrupted at %q: exit code %d, want 130:\n%s", at, run.ProcessState.ExitCode(), &said)
	}
}

// clean fails unless the twin has no rule, no job and no lock.
func (b *killBench) clean(when string) {
	b.t.Helper()
	s, err := standin.Load(b.twin)
	if err != nil {
		b.t.Fatal(err)
	}
	token, err := os.ReadFile(s.Path(s.TokenFile))
	if err != nil {
		b.t.Fatal(err)
	}
	c := control.New(new(net.Dialer).DialContext, s.Control, strings.TrimSpace(string(token)))
	defer c.Close()
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	defer cancel()
	rules, err := c.Links("10.0.1.10").Rules(ctx)
	if err != nil || len(rules) > 0 {
		b.t.Errorf("%s: rules %v, %v; want none", when, rules, err)
	}
	locks, err := c.Locks(ctx)
	if err != nil || len(locks) > 0 {
		b.t.Errorf("%s: locks %v, %v; want none", when, locks, err)
	}
}

func TestKilledAtEveryPhaseIsRecovered(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"job intended", "job injecting", "job verified", "fault intended", "fault armed", "fault injecting", "fault injected", "fault verified"} {
		t.Run(at, func(t *testing.T) {
			b := newKillBench(t, "60s")
			b.apply(at, syscall.SIGKILL)
			var list []struct {
				State string
				Owed  []struct{ Step string }
			}
			out, err := b.command("status", "--json").Output()
			if err != nil || json.Unmarshal(out, &list) != nil || len(list) != 1 || list[0].State != "dead" || len(list[0].Owed) == 0 {
				t.Fatalf("status before: %s %v", out, err)
			}
			got, err := b.command("recover").CombinedOutput()
			if err != nil {
				t.Fatalf("recover: %v\n%s", err, got)
			}
			b.clean("after recover")
			again, err := b.command("recover").CombinedOutput()
			if err != nil || !strings.Contains(string(again), "Nothing is owed") {
				t.Errorf("recover again: %v\n%s", err, again)
			}
			after, err := b.command("status").CombinedOutput()
			if err != nil || strings.Contains(string(after), "not undone") {
				t.Errorf("status after: %v\n%s", err, after)
			}
		})
	}
}

func TestInterruptedAtEveryPhaseHealsAndEndsWith130(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"job injecting", "fault intended", "fault armed", "fault injecting", "fault verified"} {
		t.Run(at, func(t *testing.T) {
			b := newKillBench(t, "60s")
			b.apply(at, syscall.SIGINT)
			b.clean("after the interrupt")
		})
	}
	// This heal takes a millisecond: the interrupt may come when the verdicts are complete, which makes it 0.
	t.Run("fault healing", func(t *testing.T) {
		b := newKillBench(t, "1s")
		b.apply("fault healing", syscall.SIGINT)
		b.clean("after the interrupt")
	})
}

// What a killed run leaves: all events that it has said, and its trace up to the last block that was written. It is judged by
// that, and nothing is held to be met because nobody looked any more.
func TestWhatAKilledRunHasSeenIsThere(t *testing.T) {
	t.Parallel()
	b := newKillBench(t, "60s")
	other := strings.ReplaceAll(killPlan, "DURATION", "60s") + `
expect "up" {
  that = "always dc1.job.orders.health is healthy"
}

expect "up_at_first" {
  that = "eventually dc1.job.orders.health is healthy"
}
`
	if err := os.WriteFile(filepath.Join(b.dir, "other.hcl"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	run := b.command("apply", "--on", b.twin, "--auto-approve", "--seed", "1", "kill.xdc.hcl")
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	file := func(name string) string {
		names, _ := filepath.Glob(filepath.Join(b.dir, ".xdc/runs/*", name))
		return strings.Join(names, "")
	}
	samples := func(since time.Duration) (healthy int, latest time.Duration, err error) {
		err = trace.ReadFile(file(trace.FileName), func(s signal.Sample) {
			if latest = max(latest, s.High); s.Signal == "dc1.job.orders.health" && s.Value.Text == "healthy" && s.Low >= since {
				healthy++
			}
		}, nil)
		return healthy, latest, err
	}
	verified := func() (time.Duration, bool) {
		rec, err := journal.ReadFile(file(journal.FileName))
		if err != nil {
			return 0, false
		}
		for _, ev := range rec.Events {
			if d, ok := ev.Body.(*event.DeedChanged); ok && d.Kind == "fault" && d.Phase == event.Verified {
				return ev.At, true
			}
		}
		return 0, false
	}
	b.until("a block of the trace is written after the fault that says that the job was healthy after it", func() bool {
		since, ok := verified()
		if !ok {
			return false
		}
		n, _, err := samples(since)
		return err == nil && n > 0
	}, &said)
	if err := run.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait() // it was killed
	took := time.Since(began)

	n, latest, err := samples(0)
	if err != nil || n == 0 || latest < took-30*time.Second {
		t.Errorf("%d samples of a healthy job, and samples up to %s, of a run of at most %s: %v", n, latest, took, err)
	}
	rec, err := journal.ReadFile(file(journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	there := map[uint64]bool{}
	for ev, err := range session.ReadEvents(file(session.EventsFile)) {
		if err != nil {
			t.Fatal(err)
		}
		there[ev.Seq] = true
	}
	// The journal is first; what it took at the very moment of the kill the other may lack.
	for _, ev := range rec.Events[:len(rec.Events)-1] {
		if !there[ev.Seq] {
			t.Errorf("event %d of the journal's %d, a %T, is not among the %d events", ev.Seq, len(rec.Events), ev.Body, len(there))
		}
	}
	var out, warned bytes.Buffer
	check := b.command("check", "last", "other.hcl")
	check.Stdout, check.Stderr = &out, &warned
	_ = check.Run() // the exit code is looked at
	if code := check.ProcessState.ExitCode(); code != 2 || !strings.Contains(out.String(), "inconclusive  expect.up\n") ||
		!strings.Contains(out.String(), "met           expect.up_at_first\n") || !strings.Contains(warned.String(), "Warning: the trace ends at ") {
		t.Errorf("check: exit code %d\n%s%s", code, &out, &warned)
	}
	if got, err := b.command("recover").CombinedOutput(); err != nil {
		t.Errorf("recover: %v\n%s", err, got)
	}
	b.clean("after recover")
}
