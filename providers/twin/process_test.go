package twin

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// holding finds the process whose PE holds an operator.
func holding(t *testing.T, p providers.Processes, operator string) (providers.Process, bool) {
	t.Helper()
	list, err := p.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(x providers.Process) bool { return slices.Contains(x.Holds, operator) })
	if i < 0 {
		return providers.Process{}, false
	}
	return list[i], true
}

// peOf is what the platform says about the PE that holds an operator.
func peOf(t *testing.T, w *Twin, operator string) map[string]any {
	t.Helper()
	for _, j := range w.dcs[0].snapshotJobs() {
		for _, p := range j.pesNow() {
			if !slices.Contains(p.ops, operator) {
				continue
			}
			return got(t, w, "/streams/instances/i/pes/"+p.id)
		}
	}
	t.Fatalf("no PE holds %s", operator)
	return nil
}

func send(t *testing.T, w *Twin, n int) {
	t.Helper()
	items := make([]json.RawMessage, n)
	for i := range items {
		items[i] = json.RawMessage(`{"event_id":"e` + string(rune('a'+i)) + `"}`)
	}
	app := w.dcs[0].snapshotJobs()[0].app
	if got := app.accept(app.ends[0], items); got != n {
		t.Fatalf("took %d of %d", got, n)
	}
}

func came(w *Twin) int {
	items, _, _ := w.dcs[0].snapshotJobs()[0].app.sinks["Out"].since(0)
	return len(items)
}

func TestTheProcessesOfAHostAreItsPEs(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		p, ok := holding(t, c.Processes("10.0.1.10"), "KeyedCounter")
		if !ok {
			t.Fatal("no process holds KeyedCounter")
		}
		if p.Name != "streams-pe" || p.State != "running" || p.Job != "job.orders" || !strings.HasSuffix(p.Command, " --operators KeyedCounter") {
			t.Errorf("got %+v", p)
		}
		if got := peOf(t, w, "KeyedCounter")["processId"]; got != "10100" || p.PID != 10100 {
			t.Errorf("the platform states process %v, the host %d", got, p.PID)
		}
		if list, err := c.Processes("10.9.9.9").List(t.Context()); err != nil || len(list) > 0 {
			t.Errorf("a host that is not there has %v, %v", list, err)
		}
	})
}

func TestAKilledPELosesWhatItHeldAndIsStartedAgain(t *testing.T) {
	for _, sig := range []string{"KILL", "TERM", "ABRT"} {
		t.Run(sig, func(t *testing.T) {
			var truth record
			cfg := pairOf(5*time.Second, 4, &truth, 1)
			cfg.Jobs[0].Application = "slow" // keeps records for ten seconds
			in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
				time.Sleep(10 * time.Second)
				procs := c.Processes("10.0.1.10")
				before, _ := holding(t, procs, "KeyedCounter")
				send(t, w, 3)
				time.Sleep(time.Second)
				if err := procs.Signal(t.Context(), sig, []int{before.PID, 999999}); err != nil {
					t.Fatal(err)
				}
				if _, there := holding(t, procs, "KeyedCounter"); there {
					t.Error("it is still there")
				}
				pe := peOf(t, w, "KeyedCounter")
				if pe["status"] != "stopped" || pe["statusReason"] != "crash" || pe["processId"] != nil || pe["launchCount"] != 1.0 {
					t.Errorf("after the signal: %v", pe)
				}
				time.Sleep(3 * time.Second)
				after, there := holding(t, procs, "KeyedCounter")
				if !there || after.PID == before.PID || after.Started == before.Started {
					t.Errorf("before %+v, after %+v", before, after)
				}
				pe = peOf(t, w, "KeyedCounter")
				if pe["status"] != "running" || pe["statusReason"] != "none" || pe["launchCount"] != 2.0 {
					t.Errorf("three seconds later: %v", pe)
				}
				time.Sleep(20 * time.Second)
				if came(w) > 0 {
					t.Error("what was lost came out")
				}
			})
			for what, n := range map[string]int{"record_in": 3, "record_out": 0, "record_lost": 3, "pe_down": 1, "pe_up": 1, "fault_in_effect": 1} {
				if got := facts(t, &truth, what, ""); len(got) != n {
					t.Errorf("%s: %d times, want %d", what, len(got), n)
				}
			}
			if !strings.Contains(truth.String(), `"cause":"SIG`+sig+`"`) {
				t.Error("the truth does not say what took the PE down")
			}
		})
	}
}

func TestAStoppedPEStaysDown(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		j := w.dcs[0].snapshotJobs()[0]
		j.stopPE(statePE)
		// One that crashed and is then stopped by request stays down, too.
		sink, _ := holding(t, c.Processes("10.0.1.10"), "Out")
		if err := c.Processes("10.0.1.10").Signal(t.Context(), "KILL", []int{sink.PID}); err != nil {
			t.Fatal(err)
		}
		j.stopPE(sinkPE)
		time.Sleep(time.Minute)
		for _, i := range []int{statePE, sinkPE} {
			if p := j.pesNow()[i]; p.status != "stopped" || p.reason != "request" {
				t.Errorf("PE %s is %s, %s", p.id, p.status, p.reason)
			}
		}
		j.startPE(statePE, "starting")
		time.Sleep(3 * time.Second)
		if p := j.pesNow()[statePE]; p.status != "running" || p.launches != 2 {
			t.Errorf("started again it is %s in launch %d", p.status, p.launches)
		}
	})
}

func TestAHungPEGoesOnWhereItWas(t *testing.T) {
	for _, op := range []string{"KeyedCounter", "Out"} {
		t.Run(op, func(t *testing.T) {
			var truth record
			in(t, pairOf(5*time.Second, 4, &truth, 1), func(t *testing.T, w *Twin, c *control.Client) {
				time.Sleep(10 * time.Second)
				procs := c.Processes("10.0.1.10")
				p, _ := holding(t, procs, op)
				if err := procs.Signal(t.Context(), "STOP", []int{p.PID}); err != nil {
					t.Fatal(err)
				}
				send(t, w, 5)
				time.Sleep(time.Minute)
				if came(w) > 0 {
					t.Error("records came through a hung PE")
				}
				if now, _ := holding(t, procs, op); now.State != "stopped" || now.PID != p.PID {
					t.Errorf("it is %+v", now)
				}
				if pe := peOf(t, w, op); pe["status"] != "running" || pe["health"] != "healthy" {
					t.Errorf("the platform says %v", pe)
				}
				if err := procs.Signal(t.Context(), "CONT", []int{p.PID}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if got := came(w); got != 5 {
					t.Errorf("%d of 5 records came out", got)
				}
			})
			for _, what := range []string{"pe_hung", "pe_resumed", "fault_in_effect", "fault_gone"} {
				if got := facts(t, &truth, what, ""); len(got) != 1 {
					t.Errorf("%s: %d times", what, len(got))
				}
			}
			if got := facts(t, &truth, "record_lost", ""); len(got) > 0 {
				t.Error("records were lost")
			}
		})
	}
}

func TestAHungSourceOrSinkKeepsItsClientsWaiting(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		procs := c.Processes("10.0.1.10")
		j := w.dcs[0].snapshotJobs()[0]
		for _, i := range []int{sourcePE, sinkPE} {
			pid := j.pesNow()[i].proc.PID()
			if err := procs.Signal(t.Context(), "STOP", []int{pid}); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- j.turn(t.Context(), i) }()
			time.Sleep(30 * time.Second)
			synctest.Wait()
			select {
			case err := <-done:
				t.Fatalf("PE %d had a turn while it was stopped: %v", i, err)
			default:
			}
			if err := procs.Signal(t.Context(), "KILL", []int{pid}); err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, errEnded) {
				t.Errorf("a killed PE's turn: %v", err)
			}
		}
	})
}

func TestAHungToolkitIsSilentAndTheOtherSideNotices(t *testing.T) {
	var truth record
	in(t, pairOf(5*time.Second, 2, &truth, 1), func(t *testing.T, _ *Twin, c *control.Client) {
		time.Sleep(30 * time.Second)
		procs := c.Processes("10.0.1.10")
		p, _ := holding(t, procs, prefix+"CrossDataCenterReceiver")
		if err := procs.Signal(t.Context(), "STOP", []int{p.PID}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if got := facts(t, &truth, "remote_down", "dc2"); len(got) != 1 {
			t.Errorf("dc2 noticed %d times", len(got))
		}
		if got := facts(t, &truth, "remote_down", "dc1"); len(got) > 0 {
			t.Error("a hung toolkit noticed something")
		}
		if err := procs.Signal(t.Context(), "CONT", []int{p.PID}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
	})
}

func TestAKilledToolkitListensAgain(t *testing.T) {
	var truth record
	in(t, pairOf(5*time.Second, 4, &truth, 1), func(t *testing.T, _ *Twin, c *control.Client) {
		time.Sleep(30 * time.Second)
		procs := c.Processes("10.0.1.10")
		p, _ := holding(t, procs, prefix+"CrossDataCenterReceiver")
		if err := procs.Signal(t.Context(), "KILL", []int{p.PID}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if ups := facts(t, &truth, "remote_up", "dc1"); len(ups) != 2 {
			t.Errorf("dc1 heard from dc2 %d times for the first time, want 2", len(ups))
		}
	})
}

func TestStoppedProcessesGoOnWhenTheirLeaseEnds(t *testing.T) {
	var truth record
	lease := providers.Lease{TTL: value.Duration(20 * time.Second), Deadline: value.Duration(time.Minute)}
	in(t, pairOf(5*time.Second, 4, &truth, 1), func(t *testing.T, _ *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		procs := c.Processes("10.0.1.10")
		state := func() string {
			p, _ := holding(t, procs, "KeyedCounter")
			return p.State
		}
		p, _ := holding(t, procs, "KeyedCounter")
		for _, err := range []error{
			procs.Arm(t.Context(), "x", []int{p.PID}, lease), procs.Signal(t.Context(), "STOP", []int{p.PID}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(15 * time.Second)
		if err := procs.Renew(t.Context(), "x", lease); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		if state() != "stopped" {
			t.Error("it went on although the lease was renewed")
		}
		time.Sleep(6 * time.Second)
		if state() != "running" {
			t.Error("it did not go on")
		}
		if err := procs.Renew(t.Context(), "x", lease); !errors.Is(err, providers.ErrLeaseEnded) {
			t.Errorf("renewed after its end: %v", err)
		}
		if err := procs.Arm(t.Context(), "y", []int{p.PID}, lease); err != nil {
			t.Fatal(err)
		}
		if err := procs.Disarm(t.Context(), "y"); err != nil {
			t.Fatal(err)
		}
		if err := procs.Renew(t.Context(), "y", lease); !errors.Is(err, providers.ErrLeaseEnded) {
			t.Errorf("renewed after it was disarmed: %v", err)
		}
		if err := procs.Signal(t.Context(), "WINCH", []int{p.PID}); err == nil {
			t.Error("a signal that nobody knows was sent")
		}
	})
	if !strings.Contains(truth.String(), "the lease ended") {
		t.Error("the truth does not say that the lease ended")
	}
}

func TestKillsAndHangsWithTheSameSeedGiveTheSameTruth(t *testing.T) {
	run := func() string {
		var truth record
		in(t, pairOf(3*time.Second, 2, &truth, 99), func(t *testing.T, w *Twin, c *control.Client) {
			time.Sleep(20 * time.Second)
			procs := c.Processes("10.0.1.10")
			send(t, w, 9)
			for _, op := range []string{"KeyedCounter", prefix + "CrossDataCenterReceiver"} {
				p, _ := holding(t, procs, op)
				if err := procs.Signal(t.Context(), "KILL", []int{p.PID}); err != nil {
					t.Fatal(err)
				}
			}
			p, _ := holding(t, procs, "Out")
			if err := procs.Signal(t.Context(), "STOP", []int{p.PID}); err != nil {
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

func TestARepetitionKillsWhoeverTakesThePlaceUntilItsLeaseEnds(t *testing.T) {
	for _, end := range []string{"lease", "disarm", "request"} {
		t.Run(end, func(t *testing.T) {
			lease := providers.Lease{TTL: value.Duration(20 * time.Second), Deadline: value.Duration(time.Minute)}
			in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, c *control.Client) {
				time.Sleep(10 * time.Second)
				procs := c.Processes("10.0.1.10")
				p, _ := holding(t, procs, "KeyedCounter")
				other, _ := holding(t, procs, "Out")
				again := providers.Repetition{Signal: "KILL", Every: value.Duration(5 * time.Second), Commands: []string{p.Command}, Most: 1}
				if err := procs.Repeat(t.Context(), "x", again); !errors.Is(err, providers.ErrLeaseEnded) {
					t.Errorf("without a lease: %v", err)
				}
				if err := procs.Arm(t.Context(), "x", nil, lease); err != nil {
					t.Fatal(err)
				}
				if err := procs.Repeat(t.Context(), "x", again); err != nil {
					t.Fatal(err)
				}
				launches := func() int64 { return int64(peOf(t, w, "KeyedCounter")["launchCount"].(float64)) }
				before := launches()
				time.Sleep(16 * time.Second)
				if got := launches() - before; got != 3 && got != 2 { // the third is on its way up
					t.Errorf("%d launches in 16 s of a kill every 5 s", got)
				}
				switch end {
				case "disarm":
					if err := procs.Disarm(t.Context(), "x"); err != nil {
						t.Fatal(err)
					}
				case "request":
					if err := procs.Repeat(t.Context(), "x", providers.Repetition{}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(8 * time.Second)
				before = launches()
				time.Sleep(time.Minute)
				if got := launches(); got != before {
					t.Errorf("%d launches after the end", got-before)
				}
				if now, _ := holding(t, procs, "Out"); now.PID != other.PID || now.Started != other.Started {
					t.Error("another PE was killed, too")
				}
				again.Signal = "STOP"
				if err := procs.Repeat(t.Context(), "x", again); err == nil {
					t.Error("STOP is repeated")
				}
			})
		})
	}
}
