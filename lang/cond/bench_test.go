package cond_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// BenchmarkMonitor judges conditions online, a sample after the other, over three lengths of trace. What it reports
// as ns/sample must not grow with the length.
func BenchmarkMonitor(b *testing.B) {
	for _, text := range []string{"always x.n >= 0", "always rate(x.n, 1s) >= 0 from x.started", "whenever x.a then x.n > 0 within 1s", "eventually (x.n < 0) for 1s"} {
		f := compile(b, text)
		for _, n := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", text, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					v := cond.NewMemoryView()
					v.Happened("x.started", signal.Span{})
					v.Push(signal.Sample{Signal: "x.a", Value: signal.BoolVal(true)})
					m := f.Monitor(v, 0)
					for i := range n {
						at := ms(10 * i)
						v.Push(signal.Sample{Signal: "x.n", Value: signal.NumberVal(float64(i + 1)), Low: at, High: at, ValidFor: sec, Seq: uint64(i)})
						m.Advance(at)
					}
					if j := m.Finish(ms(10 * n)); j.Why == "" {
						b.Fatal("no verdict")
					}
				}
				b.ReportMetric(float64(b.Elapsed())/float64(time.Nanosecond)/float64(b.N)/float64(n), "ns/sample")
			})
		}
	}
}
