package exec

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/journal"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// BenchmarkSteps runs plans of actions that do nothing, one after the other and all side by side, with a journal on disk
// and a trace: what a step costs the engine. It must not grow with the plan.
func BenchmarkSteps(b *testing.B) {
	for _, chain := range []bool{true, false} {
		for _, n := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("chain=%v/steps=%d", chain, n), func(b *testing.B) {
				w := newWorld()
				w.quiet = true
				d := newDraft(b)
				for i := range n {
					if chain && i > 0 {
						d.action(fmt.Sprintf("a%d", i), fmt.Sprintf("action.do.a%d", i-1))
					} else {
						d.action(fmt.Sprintf("a%d", i))
					}
				}
				p := d.compile()
				b.ReportAllocs()
				b.ResetTimer()
				was := processorTime(b)
				for i := range b.N {
					dir := b.TempDir()
					start := time.Now()
					w.start = start
					j, err := journal.Create(filepath.Join(dir, journal.FileName), "bench")
					if err != nil {
						b.Fatal(err)
					}
					tw, err := trace.Create(filepath.Join(dir, trace.FileName))
					if err != nil {
						b.Fatal(err)
					}
					bus := event.NewBus(start, start, j)
					out, err := Run(context.Background(), Options{
						Plan: p, Registry: w.registry(), Start: start, Trace: trace.NewStore(tw), Seed: uint64(i), Bus: bus,
						Env: providers.Env{Run: "20260102T030405Z-abcdefgh", Log: hclog.NewNullLogger()},
					})
					bus.Close()
					if err != nil || out.Code() != OK || tw.Close() != nil || j.Close() != nil {
						b.Fatalf("%v %v", out.Reasons, err)
					}
				}
				b.ReportMetric(float64(b.Elapsed())/float64(time.Microsecond)/float64(b.N)/float64(n), "µs/step")
				b.ReportMetric(float64(processorTime(b)-was)/float64(time.Microsecond)/float64(b.N)/float64(n), "cpu-µs/step")
			})
		}
	}
}

// processorTime is what the process has taken of the processors: unlike the time that passed, it does not depend on what else
// the machine does.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRejudge judges ten expectations by traces of twenty signals, of three lengths, as `xdc check` does.
func BenchmarkRejudge(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("samples=%d", n), func(b *testing.B) {
			var buf bytes.Buffer
			tw := trace.NewWriter(&buf)
			rounds := n / 20
			for i := range rounds {
				at := time.Duration(i) * 100 * time.Millisecond
				for k := range 20 {
					_ = tw.Sample(signal.Sample{
						Signal: fmt.Sprintf("dc1.s%d.level", k), Value: signal.NumberVal(float64((i/(k+1) + k) % 97)), Low: at, High: at + 20*time.Millisecond, ValidFor: 3 * time.Second,
					})
				}
			}
			end := time.Duration(rounds) * 100 * time.Millisecond
			_ = tw.Happened("run.done", signal.Span{Low: end, High: end})
			if err := tw.Close(); err != nil {
				b.Fatal(err)
			}
			d := newDraft(b)
			for i, text := range []string{
				"always dc1.s0.level >= 0", "never dc1.s1.level > 200", "always avg(dc1.s2.level, 10s) < 200", "always p99(dc1.s3.level, 1m) < 200",
				"whenever dc1.s4.level > 90 then dc1.s4.level < 50 within 1m", "max(dc1.s5.level) < 200", "avg(dc1.s6.level) >= 0", "never dc1.s7.level > 200 for 10s",
				"always delta(dc1.s8.level, 30s) >= 0 or dc1.s9.level > 1", "always changes(dc1.s10.level, 10s) < 1000 and age(dc1.s11.level) < 1m",
			} {
				d.expect(fmt.Sprintf("e%d", i), text)
			}
			p := d.compile()
			rec := Recording{
				Events: func(yield func(event.Event, error) bool) {
					yield(event.Event{At: end, Body: &event.Happened{Name: "run.done", Low: end, High: end}}, nil)
				},
				Trace: func(to trace.Visitor) error { return trace.Visit(bytes.NewReader(buf.Bytes()), to) },
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				got, err := Rejudge(p, rec)
				if err != nil || len(got) != 10 || got[0].Verdict != event.Met {
					b.Fatal(err, got)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
		})
	}
}
