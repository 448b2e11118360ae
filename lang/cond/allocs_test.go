package cond_test

import (
	"testing"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// In a steady state nothing is allocated, whatever the windows.
func TestJudgingOnlineAllocatesNothing(t *testing.T) {
	for _, text := range []string{
		"always x.n >= 0", "always rate(x.n, 1s) >= 0", "always avg(x.n, 1s) >= 0", "always max(x.n, 1s) >= 0 and min(x.n, 1s) >= 0",
		"always p90(x.n, 1s) < 1000", "always avg(x.n) >= 0", "never x.n > 1000 for 1s", "whenever x.n > 90 then x.n < 10 within 1s", "always age(x.n) < 1m",
	} {
		v := cond.NewMemoryView()
		m := compile(t, text).Monitor(v, 0)
		i := 0
		step := func() {
			for range 64 {
				at := ms(10 * i)
				v.Push(signal.Sample{Signal: "x.n", Value: signal.NumberVal(float64(i%97 + 1)), Low: at, High: at, ValidFor: sec, Seq: uint64(i)})
				if _, decided := m.Advance(at); decided {
					t.Fatalf("%s was decided", text)
				}
				i++
			}
			v.Forget("x.n", m.Passed())
		}
		for range 20 {
			step()
		}
		if got := testing.AllocsPerRun(50, step); got > 1 {
			t.Errorf("%s: %v allocations for 64 samples", text, got)
		}
		if n := v.Len("x.n"); n > 65 {
			t.Errorf("%s: %d samples kept in the view", text, n)
		}
	}
}
