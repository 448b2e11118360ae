package cond_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// judgedOnline lets monitors follow n rounds of samples of all signals, ten milliseconds apart, and has the view forget
// what they have passed, as a run does.
func judgedOnline(v *cond.MemoryView, ms []*cond.Monitor, signals []string, n int) {
	by := map[string][]*cond.Monitor{}
	for i := range signals {
		by[signals[i]] = append(by[signals[i]], ms[i*len(ms)/len(signals)])
	}
	for i := range n {
		at := time.Duration(i) * 10 * time.Millisecond
		for j, name := range signals {
			v.Push(signal.Sample{Signal: name, Value: signal.NumberVal(float64((i+j)%97 + 1)), Low: at, High: at, ValidFor: sec, Seq: uint64(i)})
		}
		for _, m := range ms {
			m.Advance(at)
		}
		if i%64 == 63 {
			for _, name := range signals {
				passed := time.Duration(1 << 62)
				for _, m := range by[name] {
					passed = min(passed, m.Passed())
				}
				v.Forget(name, passed)
			}
		}
	}
}

// BenchmarkMonitor judges conditions online, a sample after the other, over three lengths of trace. What it reports
// as cpu-ns/sample must not grow with the length, nor the memory that is in use at the end.
func BenchmarkMonitor(b *testing.B) {
	for _, text := range []string{
		"always x.n >= 0", "always rate(x.n, 1s) >= 0 from x.started", "always p99(x.n, 10s) < 1000", "always avg(x.n) < 1000",
		"whenever x.n > 90 then x.n < 10 within 1s", "eventually (x.n < 0) for 1s",
	} {
		f := compile(b, text)
		for _, n := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", text, n), func(b *testing.B) {
				b.ReportAllocs()
				held, spent := 0.0, time.Duration(0)
				for b.Loop() {
					v := cond.NewMemoryView()
					v.Happened("x.started", signal.Span{})
					m := f.Monitor(v, 0)
					b.StopTimer()
					was := heap()
					b.StartTimer()
					began := processorTime(b)
					judgedOnline(v, []*cond.Monitor{m}, []string{"x.n"}, n)
					spent += processorTime(b) - began
					b.StopTimer()
					held = heap() - was
					b.StartTimer()
					if j := m.Finish(ms(10 * n)); j.Why == "" {
						b.Fatal("no verdict")
					}
				}
				b.ReportMetric(float64(spent)/float64(b.N)/float64(n), "cpu-ns/sample")
				b.ReportMetric(max(held, 0)/1024, "kB-held")
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

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkManyConditions judges two hundred conditions over a thousand signals, five each, online.
func BenchmarkManyConditions(b *testing.B) {
	const conditions, signals = 200, 1000
	texts := []string{
		"always %s >= 0", "always rate(%s, 1s) >= 0 or %s >= 0", "never %s > 1000 for 5s", "always p90(%s, 1s) < 1000 or %s < 0",
		"whenever %s > 90 then %s < 50 within 10s",
	}
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("samples=%d", n*signals), func(b *testing.B) {
			held, spent := 0.0, time.Duration(0)
			for b.Loop() {
				v := cond.NewMemoryView()
				var all []*cond.Monitor
				var names []string
				for i := range signals {
					names = append(names, fmt.Sprintf("s%d.n", i))
				}
				for i := range conditions {
					five := ""
					for k := range 5 {
						if k > 0 {
							five += " + "
						}
						five += names[5*i+k]
					}
					text := texts[i%len(texts)]
					switch i % len(texts) {
					case 1, 3: // a window over the first, the others compared
						text = fmt.Sprintf(text, names[5*i], five)
					case 4:
						text = fmt.Sprintf("whenever %s > 480 then %s < 400 within 10s", five, five)
					default:
						text = fmt.Sprintf(text, five)
					}
					f, problems := cond.Compile(text, cond.Verdict, anything{})
					if len(problems) > 0 {
						b.Fatal(text, problems)
					}
					all = append(all, f.Monitor(v, 0))
				}
				b.StopTimer()
				was := heap()
				b.StartTimer()
				began := processorTime(b)
				judgedOnline(v, all, names, n)
				spent += processorTime(b) - began
				b.StopTimer()
				held = heap() - was
				runtime.KeepAlive(v)
				runtime.KeepAlive(all)
				b.StartTimer()
			}
			b.ReportMetric(float64(n*signals)*float64(b.N)/spent.Seconds(), "samples/cpu-s")
			b.ReportMetric(max(held, 0)/1024, "kB-held")
		})
	}
}

// anything is a number.
type anything struct{}

func (anything) Resolve(p cond.Path) (cond.Subject, *cond.Problem) {
	return cond.Subject{Name: p.String(), Type: numType, Moment: live}, nil
}
