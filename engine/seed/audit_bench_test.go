package seed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/audit"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// Of these records one in so many is lost or comes out twice.
const (
	benchLost  = 10_007
	benchTwice = 10_009
	benchBatch = 1000
)

// benchSource makes records like those of the benchmark over HTTP: about 120 bytes.
func benchSource(b *testing.B, l *measure.Ledger) (*generated, *sender) {
	b.Helper()
	spec := program.Seed{Targets: []string{"dc1"}, Rate: 1_000_000, Record: &value.Generator{
		Kind: "object", Names: []string{"id", "t", "n", "text"},
		Fields: []value.Generator{{Kind: "id"}, {Kind: "time"}, {Kind: "number", Max: 1e6}, {Kind: "text", Size: 32}},
	}}
	src, err := newGenerated(spec.Record, 1, "seed.s")
	if err != nil {
		b.Fatal(err)
	}
	return src, newSender(Options{Spec: spec, Step: "seed.s", RunSeed: 1, Start: time.Now(), Ledger: l}, src)
}

// results calls fn with what comes out of n records, in batches: each with a field that the application has added.
func results(src *generated, s *sender, n int64, sent func(first, n int64), fn func([]json.RawMessage)) {
	m, when := src.maker(nil), s.when()
	for first := int64(0); first < n; first += benchBatch {
		last := min(first+benchBatch, n)
		items, mem := make([]json.RawMessage, 0, benchBatch+1), make([]byte, 0, benchBatch*136)
		for seq := first; seq < last; seq++ {
			_, due := when(seq)
			_, raw := m.make(seq, due)
			from := len(mem)
			mem = append(append(mem, raw[:len(raw)-1]...), `,"dc":"dc1"}`...)
			it := json.RawMessage(mem[from:len(mem):len(mem)])
			if seq%benchLost != 0 {
				items = append(items, it)
			}
			if seq%benchTwice == 0 && seq%benchLost != 0 {
				items = append(items, it)
			}
		}
		sent(first, last-first)
		fn(items)
	}
}

// pipe is an outlet that is filled in memory. It holds a few batches; who fills it waits for the audit.
type pipe struct{ ch chan []json.RawMessage }

func (p pipe) Close() error { return nil }

func (p pipe) Read(context.Context) (providers.Output, error) {
	out := providers.Output{Low: time.Now()}
	for range 64 {
		select {
		case items := <-p.ch:
			out.Items = append(out.Items, items...)
			continue
		default:
		}
		break
	}
	out.High = time.Now()
	return out, nil
}

// highest watches the heap while something runs, and returns its highest size.
func highest(fn func()) uint64 {
	runtime.GC()
	done, top := make(chan struct{}), make(chan uint64)
	go func() {
		sample, most := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}, uint64(0)
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-done:
				top <- most
				return
			case <-t.C:
			}
		}
	}()
	fn()
	close(done)
	return <-top
}

func benchSizes() []int64 {
	if os.Getenv("XDC_BENCH_LARGE") != "" {
		return []int64{1_000_000, 10_000_000, 100_000_000}
	}
	return []int64{1_000_000}
}

// BenchmarkAuditInMemory enters records in the ledger as fast as an audit takes their results from memory, finds them,
// makes them again and compares them field by field.
func BenchmarkAuditInMemory(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				auditInMemory(b, n)
			}
		})
	}
}

func auditInMemory(b *testing.B, n int64) {
	b.Helper()
	dir := b.TempDir()
	l := measure.NewLedger([]string{"dc1"}, false, dir)
	defer l.Close()
	src, s := benchSource(b, l)
	p := pipe{make(chan []json.RawMessage, 64)}
	list := filepath.Join(dir, "exceptions.jsonl")
	began := time.Now()
	top := highest(func() {
		a, err := audit.Open(b.Context(), audit.Options{
			Spec: program.Audit{Targets: []string{"dc1"}, Key: "id", Settle: 1}, Step: "audit.a", Start: s.opt.Start, Ledger: l, Poll: time.Millisecond,
			Outlet:     func(context.Context, string) (providers.Outlet, error) { return p, nil },
			Exceptions: func() (io.WriteCloser, string, error) { f, err := os.Create(list); return f, "exceptions.jsonl", err },
		})
		if err == nil {
			err = l.Begin(src.ids, src.identity, func() (measure.Source, error) { return src.again(s.when()), nil })
		}
		if err != nil {
			b.Fatal(err)
		}
		results(src, s, n, func(first, k int64) {
			for range k {
				l.Add(measure.Original{})
			}
			now := time.Since(s.opt.Start)
			l.Settle(first, int(k), measure.Attempt{Outcome: measure.Acked, Sent: now - time.Millisecond, Answered: now})
		}, func(items []json.RawMessage) { p.ch <- items })
		for len(p.ch) > 0 {
			time.Sleep(time.Millisecond)
		}
		got := a.Close(b.Context(), time.Minute, nil).Total
		lost := (n + benchLost - 1) / benchLost
		if got.Lost != lost || got.Delivered != n-lost || got.Corrupted+got.Unexpected+got.Reordered != 0 {
			b.Fatalf("of %d records with %d lost the audit says %+v", n, lost, got)
		}
	})
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "records/s")
	b.ReportMetric(float64(top)/1e6, "peak-MB")
}

// BenchmarkAuditByTools does what standard tools can do of the same: which ids never came out, and which came out twice.
// They compare nothing else, and know neither order nor outcomes. The same records are made and given to them.
func BenchmarkAuditByTools(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(fmt.Sprintf("made/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				l := measure.NewLedger(nil, false, "")
				src, s := benchSource(b, l)
				results(src, s, n, func(int64, int64) {}, func([]json.RawMessage) {})
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
		b.Run(fmt.Sprintf("bitmap/n=%d", n), func(b *testing.B) {
			prog := compiled(b)
			for b.Loop() {
				byTool(b, n, exec.CommandContext(b.Context(), prog, fmt.Sprint(n)))
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
		b.Run(fmt.Sprintf("sort/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				// The ids that should have come out are made by seq, in the order in which sort -n has them.
				script := fmt.Sprintf(`cut -d'"' -f4 | cut -d- -f2 | sort -n -S 2G --parallel=2 | tee >(uniq -d | wc -l >dup) | uniq | comm -13 --nocheck-order - <(seq 0 %d) | wc -l; cat dup`, n-1)
				c := exec.CommandContext(b.Context(), "bash", "-c", script)
				c.Dir = b.TempDir()
				c.Env = append(os.Environ(), "LC_ALL=C")
				byTool(b, n, c)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// compiled is a program in C that reads lines and sets a bit for each id.
func compiled(b *testing.B) string {
	b.Helper()
	cc, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip("there is no gcc")
	}
	prog := filepath.Join(b.TempDir(), "bitmap")
	if out, err := exec.CommandContext(b.Context(), cc, "-O2", "-o", prog, "testdata/bitmap.c").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return prog
}

// byTool gives the results to a program, a line each, and checks the two numbers that it prints.
func byTool(b *testing.B, n int64, c *exec.Cmd) {
	b.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	var out strings.Builder
	c.Stdout, c.Stderr = &out, os.Stderr
	if err := c.Start(); err != nil {
		b.Skip(err)
	}
	var wrote sync.WaitGroup
	l := measure.NewLedger(nil, false, "")
	src, s := benchSource(b, l)
	wrote.Go(func() {
		w := bufio.NewWriterSize(in, 1<<20)
		results(src, s, n, func(int64, int64) {}, func(items []json.RawMessage) {
			for _, it := range items {
				w.Write(it)
				w.WriteByte('\n')
			}
		})
		if err := errors.Join(w.Flush(), in.Close()); err != nil {
			b.Error(err)
		}
	})
	wrote.Wait()
	if err := c.Wait(); err != nil {
		b.Fatal(err)
	}
	var lost, twice int64
	if _, err := fmt.Sscan(out.String(), &lost, &twice); err != nil || lost != (n+benchLost-1)/benchLost || twice != (n+benchTwice-1)/benchTwice-1 {
		b.Fatalf("of %d records it says %s (%v)", n, out.String(), err)
	}
}
