package probe

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/signal"
)

// service is when an application serves: it does at first, and every entry of turns is an instant at which that changes.
type service struct{ turns []time.Duration }

func (s service) up(t time.Duration) bool {
	n := 0
	for n < len(s.turns) && s.turns[n] <= t {
		n++
	}
	return n%2 == 0
}

// longest is the longest time that it did not serve.
func (s service) longest() (out time.Duration) {
	for i := 1; i < len(s.turns); i += 2 {
		out = max(out, s.turns[i]-s.turns[i-1])
	}
	return out
}

// recovered is the first instant not before from at which it serves and goes on to for hold, and there was time to see it.
func (s service) recovered(from, hold time.Duration) time.Duration {
	for i := 1; i < len(s.turns); i += 2 {
		if s.turns[i] < from {
			continue
		}
		if i+1 == len(s.turns) || s.turns[i+1]-s.turns[i] > hold {
			return s.turns[i]
		}
	}
	return -1
}

// drawService draws a service and the transactions of a probe of it, some of which nobody can tell.
func drawService(t *rapid.T) (s service, all []outcome, period time.Duration) {
	period = time.Duration(rapid.IntRange(1, 50).Draw(t, "period ms")) * time.Millisecond
	at := time.Duration(0)
	for range 2 * rapid.IntRange(0, 6).Draw(t, "outages") {
		at += period + time.Duration(rapid.Int64Range(1, int64(40*period)).Draw(t, "dwell"))
		s.turns = append(s.turns, at)
	}
	phase := time.Duration(rapid.Int64Range(0, int64(period)-1).Draw(t, "phase"))
	blind := rapid.Float64Range(0, 0.3).Draw(t, "blind")
	for d := phase; d <= at+60*period; d += period {
		o := outcome{due: d, verdict: failed, worked: measure.Endless, low: time.Second, high: measure.Endless}
		if s.up(d) {
			lag := time.Duration(rapid.Int64Range(0, int64(3*period)).Draw(t, "lag"))
			o.verdict, o.worked, o.low, o.high = good, d+lag, lag, lag
		}
		if rapid.Float64Range(0, 1).Draw(t, "hidden") < blind {
			o.verdict, o.worked, o.low, o.high = unknown, measure.Endless, 0, measure.Endless
		}
		all = append(all, o)
	}
	return s, all, period
}

func TestTheTrueOutageIsWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, all, period := drawService(t)
		_, got := outages(all)
		truth := s.longest().Seconds()
		if truth < got.Low-1e-9 || got.High != nil && truth > *got.High+1e-9 {
			t.Fatalf("the longest outage was %.4fs, and is said to be in [%.4f, %v]", truth, got.Low, text(got.High))
		}
		hidden := 0
		for _, o := range all {
			if o.verdict == unknown {
				hidden++
			}
		}
		if hidden == 0 && got.High != nil && *got.High-got.Low > 2*period.Seconds()+1e-9 {
			t.Fatalf("[%.4f, %.4f] is wider than two periods of %s, and nothing was hidden", got.Low, *got.High, period)
		}
	})
}

func TestTheTrueRecoveryIsWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, all, period := drawService(t)
		hold := time.Duration(rapid.Int64Range(0, int64(30*period)).Draw(t, "hold"))
		if len(s.turns) == 0 {
			return
		}
		// The fault brings the first outage about. When exactly is known to an interval.
		effect := s.turns[0]
		inj := signal.Span{Low: effect - time.Duration(rapid.Int64Range(0, int64(period)).Draw(t, "before")), High: effect + time.Duration(rapid.Int64Range(0, int64(period)).Draw(t, "after"))}
		deadline := period / 2
		got := recovery(all, Fault{Step: "fault.t.n", Injected: inj}, 0, hold, deadline)
		if !got.Disturbed {
			for _, o := range all {
				if o.verdict == failed {
					t.Fatalf("a transaction failed at %s, and the client is said not to be disturbed", o.due)
				}
			}
			return
		}
		truth := s.recovered(effect, hold)
		// An outage of which every transaction is unknown is not seen, nor is the recovery from it: the first failure that was
		// seen is what the client recovers from.
		first, _ := disturbance(all, Fault{Injected: inj}, 0, deadline)
		truth = max(truth, s.recovered(all[first].due, hold))
		rto := (truth - effect).Seconds()
		if rto < got.RTOLow-1e-9 || got.RTOHigh != nil && rto > *got.RTOHigh+1e-9 {
			t.Fatalf("the true recovery time is %.4fs, and is said to be in [%.4f, %v]", rto, got.RTOLow, text(got.RTOHigh))
		}
		if got.RTOHigh == nil && !got.TimedOut {
			t.Fatal("there is no upper bound, and it did not time out")
		}
	})
}

func text(f *float64) float64 {
	if f == nil {
		return math.Inf(1)
	}
	return *f
}

// At 100 a second, with nothing hidden, a recovery is known to the distance of two transactions and what its injection and
// its request took.
func TestASharpRecovery(t *testing.T) {
	var all []outcome
	for d := time.Duration(0); d < 20*time.Second; d += 10 * time.Millisecond {
		o := outcome{due: d, verdict: good, worked: d + time.Millisecond, low: 20 * time.Millisecond, high: 30 * time.Millisecond}
		if d >= 5*time.Second && d < 9*time.Second {
			o = outcome{due: d, verdict: failed, worked: measure.Endless, low: time.Second, high: measure.Endless}
		}
		all = append(all, o)
	}
	f := Fault{Step: "fault.a.b", Injected: signal.Span{Low: 4990 * time.Millisecond, High: 5 * time.Second}, Healing: 15 * time.Second}
	got := recovery(all, f, 0, 3*time.Second, time.Second)
	if low, high := got.RTOLow, text(got.RTOHigh); math.Abs(low-3.99) > 1e-9 || math.Abs(high-4.011) > 1e-9 || got.AfterHeal || got.TimedOut {
		t.Errorf("got [%v, %v] %+v, want [3.99, 4.011]", low, high, got)
	}
}

func TestRecoveryKnowsWhoseDoingAFailureIs(t *testing.T) {
	sec := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	// Served all the time but from 20 s to 22 s.
	var all []outcome
	for d := time.Duration(0); d < sec(40); d += sec(0.1) {
		o := outcome{due: d, verdict: good, worked: d}
		if d >= sec(20) && d < sec(22) {
			o = outcome{due: d, verdict: failed, worked: measure.Endless}
		}
		all = append(all, o)
	}
	for _, tc := range []struct {
		name      string
		inj       float64
		healing   float64
		next      float64
		disturbed bool
	}{
		{"its own", 19.9, 30, 0, true},
		{"under way when it came", 20.4, 30, 0, true},
		{"after its heal had begun", 10, 19.5, 0, false},
		{"after another fault", 10, 30, 19.9, false},
		{"over before it came", 25, 30, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := Fault{Injected: signal.Span{Low: sec(tc.inj), High: sec(tc.inj)}, Healing: sec(tc.healing)}
			if got := recovery(all, f, sec(tc.next), sec(3), sec(0.5)); got.Disturbed != tc.disturbed || got.Disturbed == (got.RTO == nil) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestOutagesAtTheEnds(t *testing.T) {
	mk := func(word string) (out []outcome) {
		for i, c := range word {
			v := map[rune]verdict{'+': good, '-': failed, '?': unknown}[c]
			out = append(out, outcome{due: time.Duration(i) * time.Second, verdict: v})
		}
		return out
	}
	inf := math.Inf(1)
	for _, tc := range []struct {
		word      string
		n         int
		low, high float64
	}{
		{"++++", 0, 0, 1},
		{"+--+", 1, 1, 3},
		{"+-?-+", 1, 0, 4},
		{"+?+", 0, 0, 2},
		{"--+++", 1, 1, inf},
		{"+++--", 1, 1, inf},
		{"++?", 0, 0, inf},
		{"----", 1, 3, inf},
		{"+-+---+", 2, 2, 4},
		{"?", 0, 0, inf},
		{"+", 0, 0, 0},
		{"-", 1, 0, inf},
	} {
		list, got := outages(mk(tc.word))
		if len(list) != tc.n || got.Low != tc.low || text(got.High) != tc.high {
			t.Errorf("%s: %d outages, the longest in [%v, %v], want %d in [%v, %v]", tc.word, len(list), got.Low, text(got.High), tc.n, tc.low, tc.high)
		}
	}
	if list, got := outages(nil); list != nil || got != nil {
		t.Error("nothing was sent, and yet there is an outage")
	}
}

// Percentiles by the histogram enclose the nearest rank among the times themselves, and are off by no more than it says.
func TestHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64Range(0, int64(3*time.Hour)), 1, 300).Draw(t, "times")
		lost := rapid.IntRange(0, 20).Draw(t, "lost")
		var h measure.Histogram
		for _, d := range times {
			h.Add(time.Duration(d))
		}
		for range lost {
			h.Add(measure.Endless)
		}
		share := rapid.Float64Range(0.001, 1).Draw(t, "share")
		want := nearest(times, lost, share)
		low, high := h.Rank(share)
		switch {
		case want == measure.Endless:
			if high != measure.Endless {
				t.Fatalf("rank %v is without a bound, and is said to be at most %s", share, high)
			}
		case want < low || want > high || float64(high-low) > float64(low)*measure.HistogramPrecision+float64(measure.HistogramUnit):
			t.Fatalf("rank %v is %s, and is said to be in [%s, %s]", share, want, low, high)
		}
	})
}

func nearest(times []int64, lost int, share float64) time.Duration {
	sorted := append([]int64(nil), times...)
	for i := range sorted {
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	n := max(1, int(math.Ceil(share*float64(len(times)+lost))))
	if n > len(sorted) {
		return measure.Endless
	}
	return time.Duration(sorted[n-1])
}

func TestCountsNeverDropFailures(t *testing.T) {
	var all []outcome
	for i := range 100 {
		o := outcome{due: time.Duration(i), verdict: good, low: 10 * time.Millisecond, high: 20 * time.Millisecond}
		if i >= 95 {
			o = outcome{due: time.Duration(i), verdict: failed, low: time.Second, high: measure.Endless}
		}
		all = append(all, o)
	}
	c := counts(all)
	if *c.ServiceLevel.High != 0.95 || c.P90.Low < 0.0099 || *c.P90.High > 0.0202 || c.P99.Low < 0.99 || c.P99.High != nil || c.Max.High != nil {
		t.Errorf("%+v %+v %+v %+v", *c.ServiceLevel, *c.P90, *c.P99, *c.Max)
	}
	if got := counts(nil); got != (event.ProbeCounts{}) {
		t.Errorf("nothing was sent: %+v", got)
	}
}
