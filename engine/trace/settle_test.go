package trace_test

import (
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// What comes after it was judged is known only from then on, and leaves what was seen since in force.
func TestWhatComesTooLateIsKnownFromThenOn(t *testing.T) {
	const ms = time.Millisecond
	s := trace.NewStore(nil)
	at := func(low, high time.Duration, n float64) signal.Sample {
		return signal.Sample{Signal: "x.n", Value: signal.NumberVal(n), Low: low, High: high, ValidFor: 100 * ms}
	}
	s.Push(at(0, 10*ms, 1))
	if got := s.Push(at(0, 5*ms, 2)); got.High != 5*ms {
		t.Errorf("late, yet before anything was judged: taken at %s", got.High)
	}
	s.Settle(20*ms, []string{"x.n", "x.done"})
	got := s.Push(at(11*ms, 20*ms, 3))
	if got.Low != 11*ms || got.High != 20*ms+1 || got.High+got.ValidFor != 120*ms {
		t.Errorf("too late: taken as %+v", got)
	}
	s.Push(at(30*ms, 31*ms, 4))
	s.Settle(40*ms, []string{"x.n"})
	s.Push(at(25*ms, 26*ms, 5)) // overtaken by the one before
	s.Judge(func(v cond.View) {
		for when, want := range map[time.Duration]float64{5 * ms: 2, 20 * ms: 1, 21 * ms: 3, 40 * ms: 4, 41 * ms: 4} {
			if got, _ := v.At("x.n", when); got.Num != want {
				t.Errorf("at %s it was %v, want %v", when, got.Num, want)
			}
		}
		if _, ok := v.At("x.n", 131*ms); ok {
			t.Error("what was taken late is relied on for longer")
		}
		if n := len(v.Samples("x.n", 41*ms, 50*ms)); n != 0 {
			t.Errorf("%d samples after what was settled", n)
		}
		if n := len(v.Samples("x.n", 40*ms+1, 50*ms)); n != 2 {
			t.Errorf("%d samples just after what was settled, want the late one and the one in force", n)
		}
	})
	if span := s.Happened("x.done", signal.Span{Low: 3 * ms, High: 15 * ms}); span.Low != 3*ms || span.High != 20*ms+1 {
		t.Errorf("an event of the past is taken to have happened in %v", span)
	}
	if span := s.Happened("x.other", signal.Span{High: ms}); span.High != ms {
		t.Errorf("an event that nobody judged by is taken to have happened in %v", span)
	}
}
