package exec

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
)

// pulse is true in [from, to).
func pulse(from, to time.Duration) func(time.Duration) (signal.Value, bool) {
	return func(t time.Duration) (signal.Value, bool) { return signal.BoolVal(t >= from && t < to), true }
}

// Two readings of one poll reach the run one after the other, and both after the instant at which they were taken.
func TestReadingsThatComeLateAreJudgedWhereTheyBelong(t *testing.T) {
	for _, lateness := range []time.Duration{0, 100 * time.Millisecond} {
		w := newWorld()
		w.poll = 500 * time.Millisecond
		w.signals["dc1.a"], w.signals["dc1.b"] = pulse(2*time.Second, 3*time.Second), pulse(2*time.Second, 3*time.Second)
		w.late = func(name string) time.Duration {
			return map[string]time.Duration{"dc1.a": 3 * time.Millisecond, "dc1.b": 20 * time.Millisecond}[name]
		}
		d := newDraft(t)
		d.action("first")
		d.expect("never", "never dc1.a and dc1.b")
		d.wait("long", "dc1.c", "", 5*time.Second)
		d.p.Steps[len(d.p.Steps)-1].OnFailure = "continue"
		r := drill(t, w, d, func(o *Options) { o.Lateness = lateness })
		if got := r.verdict("expect.never"); got.Verdict != event.NotMet || got.At < 2*time.Second || got.At > 2600*time.Millisecond {
			t.Errorf("with readings that may be %s late, never is %s at %s: %s", lateness, got.Verdict, got.At, got.Why)
		}
	}
}

// A guard trips on what was so only between two of its looks.
func TestAGuardTripsOnWhatComesLate(t *testing.T) {
	w := newWorld()
	w.signals["dc1.a"] = pulse(2*time.Second, 3*time.Second)
	w.signals["dc1.b"] = pulse(2*time.Second, 3*time.Second)
	w.late = func(name string) time.Duration {
		return map[string]time.Duration{"dc1.b": 1500 * time.Millisecond}[name] + 1 // when a is false again
	}
	d := newDraft(t)
	d.wait("long", "dc1.c", "", 20*time.Second)
	d.p.Guards = append(d.p.Guards, planGuard("guard.both", &program.Guard{That: d.cond("not (dc1.a and dc1.b)", cond.Instant), OnUnknown: "continue"}))
	r := drill(t, w, d, func(o *Options) { o.Lateness = 2 * time.Second })
	if r.out.Code() != Broken || r.took > 8*time.Second {
		t.Errorf("the guard did not trip: %v after %s", r.out.Reasons, r.took)
	}
}

// Whatever comes late and out of order, judging while running is judging afterwards: drill compares every field.
func TestJudgingWhileRunningIsJudgingAfterwards(t *testing.T) {
	texts := []string{
		"never dc1.a and dc1.b", "always dc1.a or dc1.b", "eventually dc1.a and not dc1.b", "eventually dc1.a for 300ms",
		"whenever dc1.a then dc1.b within 400ms", "never dc1.level > 6", "always avg(dc1.level, 500ms) < 8", "(never dc1.a) or (always dc1.b)",
		"(eventually dc1.a) and (never dc1.level > 8)", "always p90(dc1.level) < 9", "never changes(dc1.a, 1s) > 3", "always age(dc1.a) < 300ms",
		"eventually delta(dc1.level, from fault.switch.cut.injected to fault.switch.cut.healed) > 5",
		"always dc1.a from fault.switch.cut.injected to fault.switch.cut.healed", "never dc1.b from fault.switch.cut.healed within 700ms",
	}
	instant := []string{"max(dc1.level) < 9", "dc1.a and dc1.level > 3", "count(dc1.a, 1s) >= 8"}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld()
		w.poll = 100 * time.Millisecond
		draw := func(name string, most int) int { return rapid.IntRange(0, most).Draw(rt, name) }
		bits := map[string]uint64{"dc1.a": rapid.Uint64().Draw(rt, "a"), "dc1.b": rapid.Uint64().Draw(rt, "b")}
		for name, b := range bits {
			w.signals[name] = func(at time.Duration) (signal.Value, bool) {
				return signal.BoolVal(b>>(at/(100*time.Millisecond)%64)&1 == 1), true
			}
		}
		levels := rapid.Uint64().Draw(rt, "level")
		w.signals["dc1.level"] = func(at time.Duration) (signal.Value, bool) {
			return signal.NumberVal(float64(levels >> (at / (100 * time.Millisecond) % 16 * 4) & 9)), true
		}
		slow := map[string]int{"dc1.a": draw("a late", 90), "dc1.b": draw("b late", 90), "dc1.level": draw("level late", 90)}
		n := 0
		w.late = func(name string) time.Duration { // now and then so late that the next reading is there first
			n++
			return time.Duration(slow[name]*(1+n%5/3*2))*time.Millisecond + 13*time.Microsecond
		}
		d := newDraft(t)
		d.fault("cut", "switch", program.Fault{Duration: value.Duration(time.Duration(500+draw("held", 900)) * time.Millisecond)}).Delay = value.Duration(time.Millisecond)
		for i, text := range texts {
			needs := [][]string{nil, {"fault.switch.cut:injected"}, {"fault.switch.cut:healed"}}[draw("needs", 2)]
			d.expect(fmt.Sprintf("e%d", i), text, needs...)
		}
		for i, text := range instant {
			d.expect(fmt.Sprintf("i%d", i), text, [][]string{nil, {"fault.switch.cut:injected"}, {"fault.switch.cut:healed"}}[draw("needs", 2)]...)
		}
		lateness := time.Duration(draw("lateness", 120)) * time.Millisecond
		r := drill(t, w, d, func(o *Options) { o.Lateness = lateness })
		if r.err != nil || t.Failed() {
			rt.Fatalf("judged otherwise afterwards: %v", r.err)
		}
	})
}
