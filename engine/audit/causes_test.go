package audit

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/signal"
)

// What is said of how a record was lost is so, whatever was between the instants that could be seen: the true instants are
// drawn, and the audit is given intervals around them.
func TestWhatIsSaidOfALossIsSo(t *testing.T) {
	t.Parallel()
	said := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		instant := func(name string, low, high int) time.Duration {
			return time.Duration(rapid.IntRange(low, high).Draw(t, name)) * ms
		}
		around := func(at time.Duration) signal.Span {
			return signal.Span{Low: max(0, at-instant("before", 0, 50)), High: at + instant("after", 0, 50)}
		}
		type truth struct{ injected, healed time.Duration }
		var faults []truth
		var seen []Fault
		for at := time.Duration(0); len(faults) < 2 && rapid.Bool().Draw(t, "fault"); {
			f := truth{injected: at + instant("until", 100, 1000)}
			f.healed = f.injected + instant("held", 100, 1000)
			x := Fault{Injected: around(f.injected), Healed: around(f.healed)}
			if rapid.IntRange(0, 4).Draw(t, "for ever") == 0 {
				f.healed, x.Healed = 1<<60, signal.Span{}
			}
			faults, seen, at = append(faults, f), append(seen, x), f.healed
			if x.Healed.High == 0 {
				break
			}
		}
		// Records come out at some instants, and a sink is read every now and then.
		var outs []top
		for at := time.Duration(0); at < 4*s; {
			at += instant("next", 1, 300)
			outs = append(outs, top{span{at, at}, int64(rapid.IntRange(0, 20).Draw(t, "seq"))})
		}
		var a arrivals
		for low, high := time.Duration(0), time.Duration(0); high < 5*s; {
			sent := high + instant("poll", 1, 300)
			answered := sent + instant("took", 0, 50)
			for _, o := range outs {
				if o.low > high && o.low <= sent { // it came after the last look and was there at this one
					a.rise(o.seq, span{low, answered})
				}
			}
			low, high = sent, sent
		}
		seq := int64(rapid.IntRange(0, 20).Draw(t, "record"))
		acked := instant("acked", 0, 4000)
		sp := around(acked)
		j := &judge{faults: sorted(seen), tally: &tally{at: []arrivals{a}}}
		r := measure.Record{Seq: seq, Attempt: measure.Attempt{Outcome: measure.Acked, Sent: sp.Low, Answered: sp.High}}

		next, during := time.Duration(1<<62), false
		for _, f := range faults {
			during = during || acked >= f.injected && acked <= f.healed
			if acked <= f.injected {
				next = min(next, f.injected)
			}
		}
		passed := slices.ContainsFunc(outs, func(o top) bool { return o.seq > seq && o.low <= next })
		before := slices.ContainsFunc(outs, func(o top) bool { return o.seq > seq && o.low < next })
		got := j.cause(r, 0)
		said[got]++
		so := map[string]bool{
			duringFault: during, inFlight: !during && next < 1<<62 && !before, passedOver: !during && passed, unknownCause: true,
		}
		if !so[got] {
			t.Fatalf("it says %s of record %d, acknowledged at %s: faults %v, came out %v", got, seq, acked, faults, outs)
		}
	})
	for _, c := range []string{inFlight, duringFault, passedOver, unknownCause} {
		if said[c] == 0 {
			t.Errorf("%s was never said: %v", c, said)
		}
	}
}
