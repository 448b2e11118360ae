package exec

import (
	"fmt"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
)

// A run of two hours keeps no more samples in memory than one of twenty minutes: those that a window, a `for` or a measurement
// still needs.
func TestALongRunDoesNotGrow(t *testing.T) {
	kept := map[time.Duration]int{}
	for _, long := range []time.Duration{20 * time.Minute, 2 * time.Hour} {
		w := newWorld()
		w.poll = 500 * time.Millisecond
		for i := range 4 {
			w.signals[fmt.Sprintf("dc1.s%d.level", i)] = func(at time.Duration) (signal.Value, bool) {
				return signal.NumberVal(float64(int(at/time.Second)%(7+i) + 1)), true
			}
		}
		w.signals["dc1.unused"] = pulse(0, time.Hour)
		d := newDraft(t)
		for i, text := range []string{
			"always dc1.s0.level >= 0", "always avg(dc1.s1.level, 1m) < 9", "never dc1.s2.level > 90 for 20s", "always p90(dc1.s1.level) < 99",
			"whenever dc1.s3.level > 8 then dc1.s3.level < 4 within 1m", "max(dc1.s2.level) < 90", "rate(dc1.s3.level, from wait.first.started to wait.first.done) >= 0",
			"eventually delta(dc1.s0.level, 5m) < 0 from wait.last.done", "always changes(dc1.s1.level) >= 0",
		} {
			d.expect(fmt.Sprintf("e%d", i), text)
		}
		d.wait("first", "dc1.s0.level > 3", "", time.Minute)
		d.wait("last", "dc1.s1.level > 100 for 10s", "", long)
		d.p.Steps[len(d.p.Steps)-1].OnFailure = "continue"
		d.fault("cut", "switch", program.Fault{Duration: value.Duration(time.Minute)}).Delay = value.Duration(long / 2)
		d.wait("back", "avg(dc1.s0.level, 10s) > 100", "fault.switch.cut", 10*time.Minute)
		d.p.Timeout = 0
		d.p.Guards = append(d.p.Guards, planGuard("guard.g", &program.Guard{That: d.cond("avg(dc1.s0.level, 30s) < 90 or max(dc1.s3.level) > 80", cond.Instant), OnUnknown: "continue"}))
		var store *trace.Store
		r := drill(t, w, d, func(o *Options) { store = o.Trace })
		if r.took < long {
			t.Fatalf("the run ended after %s: %v", r.took, r.out.Reasons)
		}
		kept[long] = store.Kept()
	}
	if short, long := kept[20*time.Minute], kept[2*time.Hour]; long > 2*short || long > 2000 {
		t.Errorf("%d samples in memory after twenty minutes, %d after two hours", short, long)
	}
}
