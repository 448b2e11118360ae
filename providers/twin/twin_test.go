package twin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// pairOf is two data centres with one application that runs from the start.
func pairOf(h time.Duration, misses int, truth *record, seed uint64) Config {
	cfg := Config{Seed: seed, Token: "token", Truth: truth}
	for i, name := range []string{"dc1", "dc2"} {
		net := []string{"10.0.1.0/24", "10.0.2.0/24"}[i]
		cfg.Targets = append(cfg.Targets, Target{
			Name: name, Networks: []string{net}, Instance: "i", Username: "u", Password: "p",
			Hosts: []providers.Host{{Name: "edge", Address: []string{"10.0.1.10", "10.0.2.10"}[i]}},
		})
		cfg.Jobs = append(cfg.Jobs, Job{
			Target: name, Path: "job.orders", Adopt: "orders", Inputs: []string{"In"}, Outputs: []string{"Out"}, Toolkit: &providers.Toolkit{
				HeartbeatInterval: value.Duration(h), MissesAllowed: misses, SnapshotInterval: value.Duration(6 * h), InitDelay: value.Duration(2 * time.Second),
			},
		})
	}
	return cfg
}

// in runs fn with a twin in a bubble.
func in(t *testing.T, cfg Config, fn func(t *testing.T, w *Twin, c *control.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, err := New(cfg, wire.NewMemory(cfg.Seed))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		c := control.New(w.Dial(), w.ControlURL(), "token")
		fn(t, w, c)
		c.Close()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func facts(t testing.TB, truth *record, what, target string) []float64 {
	t.Helper()
	var out []float64
	sc := bufio.NewScanner(bytes.NewReader(truth.Bytes()))
	for sc.Scan() {
		var f fact
		if err := json.Unmarshal(sc.Bytes(), &f); err != nil {
			t.Fatal(err)
		}
		if f.What == what && (target == "" || f.Target == target) {
			out = append(out, f.T)
		}
	}
	return out
}

var cut = providers.LinkRule{Name: "cut", Networks: []string{"10.0.2.0/24"}, Direction: "both", Drop: true}

func TestATotalCutIsNoticedWithinTheWindowAndSticks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := time.Duration(rapid.IntRange(1, 20).Draw(rt, "heartbeat in seconds")) * time.Second
		m := rapid.IntRange(1, 6).Draw(rt, "misses allowed")
		wait := time.Duration(rapid.Int64Range(0, int64(h)).Draw(rt, "phase of the fault"))
		var truth record
		cfg := pairOf(h, m, &truth, rapid.Uint64().Draw(rt, "seed"))
		in(t, cfg, func(t *testing.T, _ *Twin, c *control.Client) {
			time.Sleep(10*time.Second + 3*h + wait)
			links := c.Links("10.0.1.10")
			if err := links.Apply(t.Context(), cut); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(m+3) * h)
			if err := links.Remove(t.Context(), "cut"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(m+5)*h + 2*connectLimit)
		})
		at := facts(t, &truth, "fault_in_effect", "")
		for _, dc := range []string{"dc1", "dc2"} {
			ups, downs := facts(t, &truth, "remote_up", dc), facts(t, &truth, "remote_down", dc)
			if len(downs) == 0 {
				rt.Fatalf("%s did not notice", dc)
			}
			took := downs[0] - at[0]
			if low, high := (time.Duration(m-1) * h).Seconds(), (time.Duration(m+1) * h).Seconds(); took < low-0.1 || took > high+0.1 {
				rt.Fatalf("%s: down after %.3fs, outside (%.0f, %.0f]", dc, took, low, high)
			}
			// A heartbeat that was under way when the link was cut arrives after the heal and brings both together
			// again, at once or after another window when the other side's sender still waits for its own; without
			// one they stay apart.
			if len(ups) > 4 {
				rt.Fatalf("%s went up %d times", dc, len(ups))
			}
		}
	})
}

func TestReplicationAloneCutIsNotNoticed(t *testing.T) {
	var truth record
	in(t, pairOf(5*time.Second, 2, &truth, 3), func(t *testing.T, _ *Twin, c *control.Client) {
		time.Sleep(30 * time.Second)
		r := cut
		r.Ports = []int{25092}
		if err := c.Links("10.0.1.10").Apply(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
	})
	if downs := facts(t, &truth, "remote_down", ""); len(downs) > 0 {
		t.Errorf("somebody believes the other down: %v", downs)
	}
}

func TestALeaseThatIsNotRenewedHeals(t *testing.T) {
	lease := func(ttl, deadline time.Duration) providers.Lease {
		return providers.Lease{TTL: value.Duration(ttl), Deadline: value.Duration(deadline)}
	}
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, _ *Twin, c *control.Client) {
		links := c.Links("10.0.1.10")
		rules := func() int {
			got, err := links.Rules(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(got)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(links.Arm(t.Context(), "cut", lease(20*time.Second, time.Minute)))
		must(links.Apply(t.Context(), cut))
		time.Sleep(15 * time.Second)
		must(links.Renew(t.Context(), "cut", lease(20*time.Second, time.Minute)))
		time.Sleep(15 * time.Second)
		if rules() != 1 {
			t.Error("a lease that was renewed has ended")
		}
		time.Sleep(10 * time.Second)
		if rules() != 0 {
			t.Error("a lease that was not renewed has not ended")
		}
		if err := links.Renew(t.Context(), "cut", lease(20*time.Second, time.Minute)); !errors.Is(err, providers.ErrLeaseEnded) {
			t.Errorf("renewed after its end: %v", err)
		}
		must(links.Arm(t.Context(), "cut", lease(20*time.Second, 30*time.Second)))
		must(links.Apply(t.Context(), cut))
		time.Sleep(15 * time.Second)
		must(links.Renew(t.Context(), "cut", lease(20*time.Second, 30*time.Second)))
		time.Sleep(16 * time.Second)
		if rules() != 0 {
			t.Error("a lease went beyond its deadline")
		}
	})
}

func TestALockIsHeldByOneRunUntilItGivesNoSignOfLife(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, _ *Twin, c *control.Client) {
		ctx := context.WithoutCancel(t.Context())
		if err := c.Lock(ctx, "dc1", "run1", "ann@here"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		if err := c.Lock(ctx, "dc1", "run1", "ann@here"); err != nil {
			t.Errorf("the holder cannot renew: %v", err)
		}
		time.Sleep(40 * time.Second)
		var held *control.HeldError
		if err := c.Lock(ctx, "dc1", "run2", "bob@there"); !errors.As(err, &held) || held.Lock.Run != "run1" || held.Lock.Owner != "ann@here" {
			t.Errorf("got %v, want who holds it", err)
		}
		time.Sleep(control.LockTTL)
		if err := c.Lock(ctx, "dc1", "run2", "bob@there"); err != nil {
			t.Errorf("the lock of a dead run cannot be taken over: %v", err)
		}
		if err := control.New(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") }, "http://x", "wrong").Unlock(ctx, "dc1", "run2"); err == nil {
			t.Error("no dial, and no error")
		}
	})
}

func TestTheSameSeedGivesTheSameTruth(t *testing.T) {
	run := func() string {
		var truth record
		in(t, pairOf(3*time.Second, 2, &truth, 99), func(t *testing.T, _ *Twin, c *control.Client) {
			time.Sleep(20 * time.Second)
			if err := c.Links("10.0.1.10").Apply(t.Context(), cut); err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Second)
		})
		return truth.String()
	}
	if a, b := run(), run(); a != b {
		t.Errorf("first\n%s\nthen\n%s", a, b)
	}
}

// Each PE has what its own operators have traced, at the level of the job.
func TestPEsHaveTracesOfTheirOwn(t *testing.T) {
	cfg := pairOf(2*time.Second, 3, &record{}, 3)
	cfg.Jobs[0].Tracing, cfg.Jobs[0].Apart, cfg.Jobs[1].Apart = "info", true, true
	in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(30 * time.Second)
		if err := c.Links("10.0.1.10").Apply(t.Context(), cut); err != nil {
			t.Fatal(err)
		}
		time.Sleep(60 * time.Second)
		text := map[string]map[int]string{}
		for _, dc := range []string{"dc1", "dc2"} {
			text[dc] = map[int]string{}
			j := w.dc(dc).snapshotJobs()[0]
			for i := range j.pes {
				text[dc][i] = j.traceText(i)
			}
		}
		own := w.dc("dc1").snapshotJobs()[0]
		for pe, want := range map[int]string{
			statePE: "Received a notification about the remote data center going down", own.holds(watching): "with no data snapshot", own.holds(sending): "Exception while communicating with",
			own.holds(storing): "Successfully replicated and persisted",
		} {
			for i, has := range text["dc1"] {
				if strings.Contains(has, want) != (i == pe) {
					t.Errorf("PE %d of dc1: %q is there: %t", i, want, i != pe)
				}
			}
		}
		for i, has := range text["dc2"] {
			for l := range strings.Lines(has) {
				if !strings.Contains(l, " ERROR ") {
					t.Errorf("PE %d of dc2, which traces errors: %s", i, l)
				}
			}
		}
		if text["dc2"][own.holds(sending)] == "" {
			t.Error("dc2 has written no error")
		}
	})
}

// A domain is stopped only when its instance is; then nothing answers for it, not even on a connection that was kept, until it is started.
func TestADomainIsStoppedAndStarted(t *testing.T) {
	var truth record
	in(t, pairOf(2*time.Second, 3, &truth, 3), func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(5 * time.Second)
		ask := asker(t, w)
		d := c.Domain("dc1")
		if err := d.Set(t.Context(), false); err == nil || !strings.Contains(err.Error(), "cannot be stopped: its instance i is running") {
			t.Errorf("with an instance that runs: %v", err)
		}
		if a := ask(restPort, "POST", "/streams/instances/i/actions", `{"type":"stop"}`); a.status != 200 {
			t.Fatalf("%+v", a)
		}
		time.Sleep(2 * time.Second)
		for range 2 { // twice is once
			if err := d.Set(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		if up, err := d.Running(t.Context()); err != nil || up {
			t.Errorf("it runs: %t, %v", up, err)
		}
		if a := ask(restPort, "GET", "/streams/resources", ""); a.status != 0 {
			t.Errorf("it answers %d", a.status)
		}
		if err := d.Set(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if a := ask(restPort, "GET", "/streams/instances/i", ""); a.status != 200 || !strings.Contains(a.body, `"status":"stopped"`) {
			t.Errorf("after its start: %+v", a)
		}
		if _, err := c.Domain("dc9").Running(t.Context()); err == nil {
			t.Error("a target that is not there has a domain")
		}
	})
	if len(facts(t, &truth, "domain_down", "dc1")) != 1 || len(facts(t, &truth, "domain_up", "dc1")) != 1 {
		t.Error("the truth does not say so once")
	}
}
