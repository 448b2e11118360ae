package exec

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

func secs(n float64) value.Duration { return value.Duration(n * float64(time.Second)) }

// from is a signal that is false before an instant and true from then on.
func from(at time.Duration) func(time.Duration) (signal.Value, bool) {
	return func(t time.Duration) (signal.Value, bool) { return signal.BoolVal(t >= at), true }
}

func TestDiamondWithHealed(t *testing.T) {
	// cut -> {observe, failback after the heal} -> report: the left side runs while the fault lasts, the right
	// side after it, and the bottom after both.
	w, d := newWorld(), newDraft(t)
	d.fault("cut", "switch", program.Fault{Duration: secs(10)})
	d.action("during", "fault.switch.cut")
	d.action("after", "fault.switch.cut:healed")
	d.action("bottom", "action.do.during", "action.do.after")
	r := drill(t, w, d, nil)
	if r.out.Code() != OK {
		t.Fatalf("got %v", r.out)
	}
	want := []string{"fault cut on", "action action.do.during {}", "fault cut off", "action action.do.after {}", "action action.do.bottom {}"}
	if diff := cmp.Diff(want, w.did()); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(w.log[2], "10s ") {
		t.Errorf("healed at %q, want exactly 10s after the injection", w.log[2])
	}
}

// Nothing takes time here: the fault is in force at the very beginning of the run.
func TestAFaultThatIsInForceAtTheFirstInstantIsHealedAsAnyOther(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.fault("cut", "switch", program.Fault{Duration: secs(10)})
	r := drill(t, w, d, nil)
	if r.out.Code() != OK {
		t.Fatalf("got %v", r.out)
	}
	at := map[string]time.Duration{}
	for _, ev := range r.events {
		if h, ok := ev.Body.(*event.Happened); ok {
			at[h.Name] = h.High
		}
	}
	injected, ok := at["fault.switch.cut.injected"]
	if !ok || injected != 0 {
		t.Fatalf("it was injected at %s (%v): the test is of an injection at 0", injected, ok)
	}
	if healed := at["fault.switch.cut.healed"]; healed != 10*time.Second {
		t.Errorf("healed at %s, want 10s after the injection: %v", healed, at)
	}
}

func TestFaultWithoutDurationIsHeldUntilItsHoldersAreFinished(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.ok"] = from(20 * time.Second)
	f := d.fault("cut", "switch", program.Fault{})
	f.Holders = []string{"wait.ok"}
	d.wait("ok", "dc1.ok", "", time.Minute, "fault.switch.cut")
	r := drill(t, w, d, nil)
	if r.out.Code() != OK {
		t.Fatalf("got %v", r.out)
	}
	// true at 20s, held for 3s
	if got := w.log[len(w.log)-1]; got != "23s fault cut off" {
		t.Errorf("got %q", got)
	}
}

func TestMeasurementTimesOutIsAFinding(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.ok"] = from(time.Hour)
	d.fault("cut", "switch", program.Fault{Duration: secs(30)})
	d.wait("back", "dc1.ok", "fault.switch.cut", 20*time.Second)
	d.expect("fast", "wait.back.rto <= 10s", "wait.back")
	d.expect("slow", "wait.back.rto <= 60s", "wait.back")
	d.action("next", "wait.back")
	r := drill(t, w, d, nil)
	if r.out.Code() != NotMet {
		t.Errorf("got %v, want exit code 2", r.out)
	}
	if got := r.verdict("expect.fast"); got.Verdict != event.NotMet {
		t.Errorf("rto <= 10s: got %s (%s), want not met: 20s are proven", got.Verdict, got.Why)
	}
	if got := r.verdict("expect.slow"); got.Verdict != event.Inconclusive {
		t.Errorf("rto <= 60s: got %s (%s), want inconclusive", got.Verdict, got.Why)
	}
	if st, why := r.state("action.do.next"); st != event.Skipped {
		t.Errorf("the dependent is %s (%s), want skipped", st, why)
	}
	m := r.measured("wait.back")
	if m == nil || !m.TimedOut || m.RTOHigh != nil || m.RTOLow < 17 || m.RTOLow > 20 {
		t.Errorf("got %+v", m)
	}
	if left := w.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestPreconditionTimesOutIsABrokenRun(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.ok"] = from(time.Hour)
	d.wait("paired", "dc1.ok", "", 20*time.Second)
	d.fault("cut", "switch", program.Fault{Duration: secs(30)}, "wait.paired")
	r := drill(t, w, d, nil)
	if r.out.Code() != Broken {
		t.Errorf("got %v, want exit code 3", r.out)
	}
	if len(w.log) > 0 {
		t.Errorf("it was touched all the same: %v", w.log)
	}
}

func TestWaitThatWasAlreadyTrueMeasuresNothing(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.ok"] = from(0)
	d.fault("cut", "switch", program.Fault{Duration: secs(30)})
	d.wait("back", "dc1.ok", "fault.switch.cut", 20*time.Second)
	d.expect("fast", "wait.back.rto <= 60s", "wait.back")
	r := drill(t, w, d, nil)
	m := r.measured("wait.back")
	if m == nil || m.Disturbed || m.RTO != nil {
		t.Fatalf("got %+v, want undisturbed and no rto", m)
	}
	if got := r.verdict("expect.fast"); got.Verdict != event.Inconclusive {
		t.Errorf("got %s, want inconclusive", got.Verdict)
	}
}

func TestMeasuredRecoveryContainsTheTruth(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.poll = 700 * time.Millisecond
	truth := 12345 * time.Millisecond
	w.signals["dc1.ok"] = func(now time.Duration) (signal.Value, bool) {
		return signal.BoolVal(now >= truth || now < 100*time.Millisecond), true
	}
	d.fault("cut", "switch", program.Fault{Duration: secs(30)})
	d.wait("back", "dc1.ok", "fault.switch.cut", 25*time.Second)
	d.expect("in_time", "wait.back.rto <= 13s", "wait.back")
	r := drill(t, w, d, nil)
	m := r.measured("wait.back")
	if m == nil || m.RTO == nil || m.RTOLow > truth.Seconds() || *m.RTOHigh < truth.Seconds() || *m.RTOHigh-m.RTOLow > 0.8 {
		t.Fatalf("got %+v, truth %v", m, truth)
	}
	if r.out.Code() != OK {
		t.Errorf("got %v", r.out)
	}
}

func TestWhenOnLiveCountThatEndsShortFails(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.add("seed.feed.orders", &program.Step{Seed: &program.Seed{
		Targets: []string{"dc1"}, Rate: 100, Records: 500, Batch: 50, MaxInFlight: 10000, Drain: secs(5),
		Record: &value.Generator{Kind: "object", Names: []string{"id"}, Fields: []value.Generator{{Kind: "id"}}},
	}})
	f := d.fault("cut", "switch", program.Fault{Duration: secs(5)})
	f.When = d.cond("seed.feed.orders.acked >= 2000", 0)
	r := drill(t, w, d, nil)
	st, why := r.state("fault.switch.cut")
	if st != event.Failed || !strings.Contains(why, "2000") {
		t.Errorf("got %s: %s; want failed, saying what never came", st, why)
	}
	if r.out.Code() != Broken {
		t.Errorf("got %v", r.out)
	}
}

func TestAuditedSeedLosesNothingOnAHealthyWorld(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.add("seed.feed.orders", &program.Step{Seed: &program.Seed{
		Targets: []string{"dc1"}, Rate: 100, Records: 1000, Batch: 50, MaxInFlight: 10000, Drain: secs(5),
		Record: &value.Generator{Kind: "object", Names: []string{"id"}, Fields: []value.Generator{{Kind: "id"}}},
	}})
	a := d.add("audit.orders", &program.Step{Timeout: secs(60), Audit: &program.Audit{
		SeedAt: "seed.feed.orders", Targets: []string{"dc1"}, Key: "id", Settle: secs(2), GapOver: secs(1),
	}})
	a.Audit.Seed = parseAddr(t, "seed.feed.orders")
	a.Needs = append(a.Needs, program.Need{Step: a.Audit.Seed, Point: program.Finished, Order: true})
	d.expect("all", "audit.orders.delivered == 1000 and audit.orders.lost == 0", "audit.orders")
	r := drill(t, w, d, nil)
	if r.out.Code() != OK {
		t.Errorf("got %v; %+v", r.out, r.verdict("expect.all"))
	}
}

// SEMANTICS, section 4: an audit closes when every fault injected since it opened has healed, also one that begins when the seed is
// done and the sinks are settling, and also where that one has healed before they were quiet.
func TestAFaultThatBeginsWhileSinksSettleIsWaitedFor(t *testing.T) {
	for _, tc := range []struct {
		delay, lasts, closed time.Duration
	}{
		{11 * time.Second, 20 * time.Second, 33 * time.Second},
		{10500 * time.Millisecond, 500 * time.Millisecond, 14 * time.Second},
		{30 * time.Second, 10 * time.Second, 12 * time.Second}, // too late
	} {
		w, d := newWorld(), newDraft(t)
		d.add("seed.feed.orders", &program.Step{Seed: &program.Seed{
			Targets: []string{"dc1"}, Rate: 100, Records: 1000, Batch: 50, MaxInFlight: 10000, Drain: secs(5),
			Record: &value.Generator{Kind: "object", Names: []string{"id"}, Fields: []value.Generator{{Kind: "id"}}},
		}})
		a := d.add("audit.orders", &program.Step{Timeout: secs(60), Audit: &program.Audit{
			SeedAt: "seed.feed.orders", Targets: []string{"dc1"}, Key: "id", Settle: secs(2), GapOver: secs(1),
		}})
		a.Audit.Seed = parseAddr(t, "seed.feed.orders")
		a.Needs = append(a.Needs, program.Need{Step: a.Audit.Seed, Point: program.Finished, Order: true})
		d.fault("cut", "switch", program.Fault{Duration: value.Duration(tc.lasts)}).Delay = value.Duration(tc.delay)
		r := drill(t, w, d, nil)
		if r.out.Code() != OK {
			t.Fatal(r.out)
		}
		var done time.Duration
		for _, ev := range r.events {
			if c, ok := ev.Body.(*event.StepChanged); ok && c.Step == "audit.orders" && c.State == event.Done {
				done = c.Instant
			}
		}
		if done < tc.closed-time.Second || done > tc.closed+time.Second {
			t.Errorf("a fault from %s for %s: the audit closed at %s, want %s", tc.delay, tc.lasts, done, tc.closed)
		}
	}
}

func TestInterruptHealsAndEndsWith130(t *testing.T) {
	for _, tc := range []struct {
		name string
		at   time.Duration
	}{
		{"before the fault", time.Second}, {"while it is in force", 8 * time.Second}, {"during the last heal", 16 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, d := newWorld(), newDraft(t)
			w.healTakes = 5 * time.Second
			w.signals["dc1.ok"] = from(2 * time.Second)
			d.wait("ok", "dc1.ok", "", time.Minute) // done at 5s
			d.fault("cut", "switch", program.Fault{Duration: secs(10)}, "wait.ok")
			d.expect("fine", "dc1.ok", "fault.switch.cut:healed")
			r := drill(t, w, d, func(o *Options) {
				o.Interrupts = func() int {
					if time.Since(o.Start) >= tc.at {
						return 1
					}
					return 0
				}
			})
			if r.out.Code() != Interrupted {
				t.Errorf("got %v, want 130", r.out)
			}
			if left := w.left(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestSecondInterruptStopsWaitingAndSaysWhatIsOwed(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.healTakes = time.Hour
	d.fault("cut", "switch", program.Fault{Duration: secs(100)})
	r := drill(t, w, d, func(o *Options) {
		o.Interrupts = func() int { return int(time.Since(o.Start) / (10 * time.Second)) }
	})
	if r.out.Code() != Owed || !slices.Contains(r.out.Owed, "fault.switch.cut") {
		t.Errorf("got %v, owed %v; want 4", r.out, r.out.Owed)
	}
	if r.took > 25*time.Second {
		t.Errorf("it waited %v", r.took)
	}
}

func TestPlanTimeoutAbortsButNeverCutsAHealShort(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.healTakes = 20 * time.Second
	d.p.Timeout = secs(10)
	d.fault("cut", "switch", program.Fault{Duration: secs(100)})
	r := drill(t, w, d, nil)
	if r.out.Code() != Broken {
		t.Errorf("got %v, want 3", r.out)
	}
	if left := w.left(); len(left) > 0 || r.took < 30*time.Second {
		t.Errorf("left %v after %v", left, r.took)
	}
}

func TestGuardAbortsAndHeals(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.bad"] = from(5 * time.Second)
	d.fault("cut", "switch", program.Fault{Duration: secs(100)})
	p := d.p
	g := &program.Guard{That: d.cond("not dc1.bad", 0), OnUnknown: "continue"}
	p.Guards = append(p.Guards, planGuard("guard.sane", g))
	r := drill(t, w, d, nil)
	if r.out.Code() != Broken || !strings.Contains(r.out.Reason(), "guard.sane") {
		t.Errorf("got %v", r.out)
	}
	if left := w.left(); len(left) > 0 || r.took > 10*time.Second {
		t.Errorf("left %v after %v", left, r.took)
	}
}

func TestFaultThatDoesNotBiteIsHealedAndFails(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.deaf["cut"] = true
	d.fault("cut", "switch", program.Fault{Duration: secs(10)})
	d.action("next", "fault.switch.cut")
	r := drill(t, w, d, nil)
	if r.out.Code() != Broken {
		t.Errorf("got %v", r.out)
	}
	if left := w.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if st, _ := r.state("action.do.next"); st != event.Skipped {
		t.Errorf("the dependent is %s", st)
	}
}

func TestHealIsRetriedUntilItWorks(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.healErrs["cut"] = 4
	d.fault("cut", "switch", program.Fault{Duration: secs(10)})
	r := drill(t, w, d, nil)
	if r.out.Code() != OK || len(w.left()) > 0 {
		t.Errorf("got %v, left %v", r.out, w.left())
	}
}

func TestHealThatNeverWorksIsOwed(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.healErrs["cut"] = 1 << 30
	d.fault("cut", "switch", program.Fault{Duration: secs(10)})
	r := drill(t, w, d, nil)
	if r.out.Code() != Owed || !slices.Contains(r.out.Owed, "fault.switch.cut") {
		t.Errorf("got %v, owed %v", r.out, r.out.Owed)
	}
	if r.took > 7*time.Minute {
		t.Errorf("it took %v: the budget is 5m", r.took)
	}
}

func TestLeaseThatWasLostEndsTheFaultEarly(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.fault("cut", "armed", program.Fault{Duration: secs(100)})
	w.leaseLost["cut"] = true
	r := drill(t, w, d, nil)
	st, why := r.state("fault.armed.cut")
	if st != event.Failed || !strings.Contains(why, "ended early") || r.out.Code() != Broken {
		t.Errorf("got %s (%s), %v", st, why, r.out)
	}
}

// A renewal may get no answer for long; what is to be healed by then is not kept waiting, and nothing is renewed in the
// instant in which it is healed.
func TestRenewalsKeepNoHealWaiting(t *testing.T) {
	for _, tc := range []struct {
		name         string
		lasts, hangs time.Duration
		want         []string
	}{
		{"answers come", 45 * time.Second, 0, []string{"0s fault cut on", "15s renewed cut", "30s renewed cut", "45s fault cut off"}},
		{"no answers", 32 * time.Second, time.Hour, []string{"0s fault cut on", "15s renewed cut", "30s renewed cut", "32s fault cut off"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, d := newWorld(), newDraft(t)
			w.hangs = tc.hangs
			d.fault("cut", "armed", program.Fault{Duration: value.Duration(tc.lasts)})
			if r := drill(t, w, d, nil); r.out.Code() != OK {
				t.Fatal(r.out)
			}
			if diff := cmp.Diff(tc.want, w.log); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An undo that was armed, or may have been, is not left to its lease when the fault is not injected after all.
func TestAnUndoThatMayBeArmedIsDisarmed(t *testing.T) {
	for _, tc := range []struct {
		name  string
		takes time.Duration
		err   error
	}{
		{"the run ends meanwhile", 12 * time.Second, nil},
		{"it is not confirmed", 0, errors.New("the connection ended")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, d := newWorld(), newDraft(t)
			w.armTakes, w.armErr = tc.takes, tc.err
			d.fault("cut", "armed", program.Fault{Duration: secs(100)})
			r := drill(t, w, d, func(o *Options) {
				o.Interrupts = func() int { return int(min(time.Since(o.Start)/(10*time.Second), 1)) }
			})
			if left := w.left(); len(left) > 0 || len(w.log) > 0 || r.took > 15*time.Second {
				t.Errorf("left %v, did %v, %v after %v", left, w.log, r.out, r.took)
			}
		})
	}
}

func TestNothingIsInjectedThatCannotBeRecorded(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.fault("first", "switch", program.Fault{Duration: secs(60)})
	d.wait("mid", "fault.switch.first.in_force", "", time.Minute, "fault.switch.first")
	d.fault("second", "switch", program.Fault{Duration: secs(10)}, "wait.mid")
	full := errors.New("no space left on device")
	journal := &record{refuse: func(p event.Payload) error {
		if c, ok := p.(*event.DeedChanged); ok && c.Step == "fault.switch.second" && c.Phase == event.Intended {
			return full
		}
		return nil
	}}
	r := drill(t, w, d, func(o *Options) { o.Bus = event.NewBus(o.Start, o.Start, journal) })
	for _, l := range w.did() {
		if strings.Contains(l, "second on") {
			t.Errorf("injected without a record: %v", w.log)
		}
	}
	if len(w.left()) > 0 || r.out.Code() != Broken {
		t.Errorf("left %v, %v", w.left(), r.out)
	}
}

func TestSharedPlaceIsUnwoundInReverse(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.fault("outer", "switch", program.Fault{Duration: secs(100)})
	d.fault("inner", "switch", program.Fault{Duration: secs(100)}, "fault.switch.outer")
	r := drill(t, w, d, func(o *Options) {
		o.Interrupts = func() int { return int(min(time.Since(o.Start)/(10*time.Second), 1)) }
	})
	want := []string{"fault outer on", "fault inner on", "fault inner off", "fault outer off"}
	if diff := cmp.Diff(want, w.did()); diff != "" {
		t.Errorf("%s\n%v", diff, r.out)
	}
}

func TestJobsAreCancelledLastAndInReverse(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.job("a")
	d.job("b", "job.a")
	kept := d.job("c", "job.b")
	kept.Job.Keep = true
	d.fault("cut", "switch", program.Fault{Duration: secs(5)}, "job.c")
	r := drill(t, w, d, nil)
	if r.out.Code() != OK {
		t.Fatalf("got %v", r.out)
	}
	want := []string{"job job-a on", "job job-b on", "job job-c on", "fault cut on", "fault cut off", "job job-b off", "job job-a off"}
	if diff := cmp.Diff(want, w.did()); diff != "" {
		t.Error(diff)
	}
}

func TestContinueLetsUnrelatedBranchesGoOn(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.actions["action.do.bad"] = func(string) (providers.ActionResult, error) {
		return providers.ActionResult{}, errors.New("it went wrong")
	}
	bad := d.action("bad")
	bad.OnFailure = "continue"
	d.action("behind", "action.do.bad")
	d.action("beside")
	d.expect("about_it", "action.do.behind.elapsed <= 1s", "action.do.behind")
	r := drill(t, w, d, nil)
	if st, _ := r.state("action.do.behind"); st != event.Skipped {
		t.Errorf("behind: %s", st)
	}
	if st, _ := r.state("action.do.beside"); st != event.Done {
		t.Errorf("beside: %s", st)
	}
	if got := r.verdict("expect.about_it").Verdict; got != event.Inconclusive {
		t.Errorf("an expectation about a skipped step: got %s, want inconclusive", got)
	}
	if r.out.Code() != NotMet {
		t.Errorf("got %v", r.out)
	}
}

func TestApprovals(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer *Answer
		def    string
		want   Code
	}{
		{"approved", &Answer{Approved: true, By: "ann"}, "abort", OK},
		{"refused", &Answer{By: "ann"}, "abort", Broken},
		{"nobody answers", nil, "abort", Broken},
		{"nobody need answer", nil, "continue", OK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, d := newWorld(), newDraft(t)
			d.add("action.approve.go", &program.Step{Timeout: secs(60), Action: &program.Action{Approve: &program.Approve{Prompt: "go?", Default: tc.def}}})
			d.action("next", "action.approve.go")
			r := drill(t, w, d, func(o *Options) {
				o.Approval = func(string) (Answer, bool) {
					if tc.answer == nil || time.Since(o.Start) < 5*time.Second {
						return Answer{}, false
					}
					return *tc.answer, true
				}
			})
			if r.out.Code() != tc.want {
				t.Errorf("got %v, want %d", r.out, tc.want)
			}
		})
	}
}

func TestAlwaysLeavesOutInstantsBeforeTheFirstSample(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.late"] = func(now time.Duration) (signal.Value, bool) { return signal.BoolVal(true), now > 5*time.Second }
	d.fault("cut", "switch", program.Fault{Duration: secs(10)})
	d.expect("steady", "always dc1.late")
	d.expect("never_seen", "always dc1.absent")
	r := drill(t, w, d, nil)
	if got := r.verdict("expect.steady"); got.Verdict != event.Met {
		t.Errorf("got %s (%s), want met", got.Verdict, got.Why)
	}
	if got := r.verdict("expect.never_seen"); got.Verdict != event.Inconclusive {
		t.Errorf("got %s (%s), want inconclusive", got.Verdict, got.Why)
	}
}

func TestDelayCountsAfterWhen(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	w.signals["dc1.go"] = from(5 * time.Second)
	a := d.action("late")
	a.When = d.cond("dc1.go", 0)
	a.Delay = secs(7)
	drill(t, w, d, nil)
	if len(w.log) != 1 || !strings.HasPrefix(w.log[0], "12s ") {
		t.Errorf("got %v, want the action at 12s", w.log)
	}
}

func TestTimeItselfCanBeWaitedFor(t *testing.T) {
	w, d := newWorld(), newDraft(t)
	d.wait("a_while", "run.elapsed >= 5s", "", time.Minute)
	d.action("then", "wait.a_while")
	r := drill(t, w, d, nil)
	if r.out.Code() != OK || len(w.log) != 1 || !strings.HasPrefix(w.log[0], "8s ") {
		t.Errorf("got %v, %v; want the action 5s and the hold of 3s after the start", r.out, w.log)
	}
}
