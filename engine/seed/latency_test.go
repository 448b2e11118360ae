package seed

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/providers"
)

// The service takes nothing for five seconds. At any rate, the share of the records that were due in that time waited
// for what was left of it, and the figures say so: they are those of a client that goes on sending.
func TestAStallHasItsTailAtEveryRate(t *testing.T) {
	for _, rate := range []float64{5, 100, 3000} {
		synctest.Test(t, func(t *testing.T) {
			s := newService()
			s.answer = func(at time.Duration, _ []json.RawMessage) (providers.Receipt, time.Duration) {
				wait := 2 * time.Millisecond
				if at >= 10*time.Second && at < 15*time.Second {
					wait += 15*time.Second - at
				}
				return providers.Receipt{Outcome: providers.Accepted}, wait
			}
			sp := spec("dc1")
			sp.Rate, sp.Records, sp.Batch, sp.MaxInFlight = rate, int64(20*rate), max(1, int(rate/20)), 100_000
			o := run(t, sp, map[string]*service{"dc1": s}, nil)
			l := o.Latency
			if l.Records != sp.Records {
				t.Fatalf("at %g/s %d of %d records have a latency", rate, l.Records, sp.Records)
			}
			if l.Max.Low < 4700*time.Millisecond || l.Max.High > 5200*time.Millisecond {
				t.Errorf("at %g/s the greatest latency is in %v, want 5s", rate, l.Max)
			}
			// A quarter of the records fell into the stall, and waited for 0 to 5 s by equal shares: one in a hundred of all
			// waited for 4.8 s, one in ten for 3 s, and half of them for next to nothing.
			for _, x := range []struct {
				name string
				got  Bounds
				want time.Duration
			}{{"p99", l.P99, 4800 * time.Millisecond}, {"p90", l.P90, 3 * time.Second}, {"p50", l.P50, 30 * time.Millisecond}} {
				if x.got.High < x.want-300*time.Millisecond || x.got.Low > x.want+300*time.Millisecond {
					t.Errorf("at %g/s the %s is in %v, want about %s", rate, x.name, x.got, x.want)
				}
			}
			if live := slices.Max(o.samples["latency"]); live < 4.7 {
				t.Errorf("at %g/s the highest live latency is %gs", rate, live)
			}
			if n := slices.IndexFunc(o.samples["latency"], func(x float64) bool { return x > 1.5 && x < 4 }); n < 0 {
				t.Errorf("at %g/s nothing was seen of the stall while it lasted: %v", rate, o.samples["latency"])
			}
		})
	}
}

func TestWhatIsNotAcknowledgedWaitedAtLeastAsLongAsItDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.answer = func(at time.Duration, _ []json.RawMessage) (providers.Receipt, time.Duration) {
			switch {
			case at < 500*time.Millisecond:
				return providers.Receipt{Outcome: providers.Accepted}, time.Millisecond
			case at < 700*time.Millisecond:
				return providers.Receipt{Outcome: providers.Refused}, time.Millisecond
			}
			return providers.Receipt{Outcome: providers.Accepted}, time.Hour // indeterminate, and the rest unsent
		}
		o := run(t, spec("dc1"), map[string]*service{"dc1": s}, nil)
		wantCounts(t, o, "due 100 sent 80 acked 50 rejected 20 indeterminate 10 unsent 20 resent 0")
		l := o.Latency
		if l.Records != 100 || l.P50.High > 150*time.Millisecond {
			t.Errorf("half of the %d records were taken at once, and p50 is %v", l.Records, l.P50)
		}
		if l.P90.High != measure.Endless || l.P90.Low < 9*time.Second || l.Max.High != measure.Endless || l.Max.Low < 10*time.Second {
			t.Errorf("those that had no answer until the drain was over have p90 %v and max %v", l.P90, l.Max)
		}
	})
}

func TestEveryCopyOfAMirroredSeedHasALatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := newService(), newService()
		two.answer = takes(3 * time.Second)
		sp := spec("dc1", "dc2")
		sp.Route, sp.Records = "mirror", 10
		l := run(t, sp, map[string]*service{"dc1": one, "dc2": two}, nil).Latency
		if l.Records != 20 || l.P50.High > time.Second || l.P90.Low < 2900*time.Millisecond {
			t.Errorf("it has %+v: one target took 5ms and the other 3s", l)
		}
	})
}

// The figures enclose the nearest rank among all latencies.
func TestLatenciesEncloseTheNearestRank(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l latency
		var all []time.Duration
		for _, d := range rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 200).Draw(t, "latencies") {
			l.add(time.Duration(d))
			all = append(all, time.Duration(d))
		}
		slices.Sort(all)
		r := l.result()
		for share, got := range map[float64]Bounds{0.5: r.P50, 0.9: r.P90, 0.99: r.P99, 1: r.Max} {
			want := all[max(1, int(math.Ceil(share*float64(len(all)))))-1]
			if want < got.Low || want > got.High || float64(got.High-got.Low) > float64(want)*measure.HistogramPrecision*1.01+float64(measure.HistogramUnit) {
				t.Fatalf("the share %g of %v is in %v, and is %s", share, all, got, want)
			}
		}
	})
}
