package trace

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/signal"
)

// entry is a sample or an event of a trace.
type entry struct {
	Sample signal.Sample
	Event  string
	Span   signal.Span
}

func write(t testing.TB, entries []entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := NewWriter(&buf)
	put(w, entries)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func put(w *Writer, entries []entry) {
	for _, e := range entries {
		if e.Event != "" {
			_ = w.Happened(e.Event, e.Span) // the first error sticks
		} else {
			_ = w.Sample(e.Sample)
		}
	}
}

func read(b []byte) ([]entry, error) {
	var out []entry
	err := Read(bytes.NewReader(b), func(s signal.Sample) {
		s.Seq = 0
		out = append(out, entry{Sample: s})
	}, func(n string, s signal.Span) { out = append(out, entry{Event: n, Span: s}) })
	return out, err
}

// anyTrace draws entries as a run has them: polls of several signals at once, single samples, events.
func anyTrace(t *rapid.T) []entry {
	names := []string{"dc1.reachable", `dc1.job.orders.operator["S \"x\""].tuples_out`, "dc1.job.orders.health", "wait.t.rto", "a.b", "c.d", "é.ü"}
	kinds := []signal.Kind{signal.Bool, signal.Number, signal.EnumKind, signal.Duration, signal.String, signal.Ratio, signal.Number}
	var out []entry
	now := int64(0)
	for range rapid.IntRange(0, 60).Draw(t, "polls") {
		now += rapid.Int64Range(-1000, 10_000_000_000).Draw(t, "pause")
		if rapid.IntRange(0, 9).Draw(t, "what") == 0 {
			out = append(out, entry{Event: rapid.SampledFrom([]string{"a.injected", "b.healed"}).Draw(t, "event"), Span: signal.Span{Low: time.Duration(now), High: time.Duration(now + 5)}})
			continue
		}
		width, valid := rapid.Int64Range(0, 1_000_000).Draw(t, "width"), rapid.SampledFrom([]int64{0, 3_000_000_000, 1}).Draw(t, "valid")
		for i, name := range names {
			if !rapid.Bool().Draw(t, "polled") {
				continue
			}
			s := signal.Sample{Signal: name, Low: time.Duration(now), High: time.Duration(now + width), ValidFor: time.Duration(valid), Evidence: rapid.SampledFrom([]string{"", "seen", "<&>\n"}).Draw(t, "evidence")}
			n := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Int64Range(-5, 5), func(n int64) float64 { return float64(n) }), rapid.Just(math.Inf(1)), rapid.Just(math.Copysign(0, -1)), rapid.Just(float64(1<<53))).Draw(t, "number")
			s.Value = signal.Value{Kind: kinds[i]}
			switch {
			case kinds[i] == signal.Bool:
				s.Value.Bool = n > 0
			case !kinds[i].Numeric():
				s.Value.Text = rapid.SampledFrom([]string{"healthy", "", "unhealthy", "\xff", "long " + strings.Repeat("x", 300)}).Draw(t, "word")
			case rapid.IntRange(0, 4).Draw(t, "bounded") == 0:
				s.Value = signal.Bounded(kinds[i], n, n-1, math.Inf(1))
			default:
				s.Value.Num, s.Value.Low, s.Value.High = n, n, n
			}
			out = append(out, entry{Sample: s})
		}
	}
	return out
}

func TestTracesReadBackExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyTrace(t)
		var buf bytes.Buffer
		w := NewWriter(&buf)
		for i := range want {
			put(w, want[i:i+1])
			if rapid.IntRange(0, 5).Draw(t, "flush") == 0 { // at any time
				_ = w.Flush()
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := read(buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })); diff != "" {
			t.Fatal(diff)
		}
	})
}

// However early a trace ends, what is read of it is a beginning of what was written, and no error.
func TestATornTraceIsReadAsFarAsItGoes(t *testing.T) {
	entries := polls(2000, 5)
	whole := write(t, entries)
	for cut := len("{\"format\":\"xdc.trace/2\"}\n"); cut <= len(whole); cut += 97 {
		got, err := read(whole[:cut])
		if err != nil || len(got) > len(entries) {
			t.Fatalf("cut at %d: %d entries, %v", cut, len(got), err)
		}
		if diff := cmp.Diff(entries[:len(got)], got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	}
}

// A flipped bit costs some blocks and never what comes after the next key block; what is read is what was written.
func TestDamageIsSaidAndTheRestIsRead(t *testing.T) {
	entries := polls(60_000, 5)
	whole := write(t, entries)
	written := map[string]bool{}
	for _, e := range entries {
		written[fmt.Sprint(e)] = true
	}
	for _, at := range []int{200, len(whole) / 3, len(whole) / 2, len(whole) - 10} {
		b := bytes.Clone(whole)
		b[at] ^= 0x10
		got, err := read(b)
		var damage *DamageError
		if !errors.As(err, &damage) || damage.Bytes < 1 || !strings.Contains(err.Error(), "was read") {
			t.Errorf("damage at %d of %d: %v", at, len(whole), err)
			continue
		}
		for _, e := range got {
			if !written[fmt.Sprint(e)] {
				t.Fatalf("damage at %d: %v was never written", at, e)
			}
		}
		if at < len(whole)/2 && (len(got) == 0 || got[len(got)-1].Sample.High != entries[len(entries)-1].Sample.High) {
			t.Errorf("damage at %d: the end was not read (%d of %d)", at, len(got), len(entries))
		}
	}
}

func TestForeignAndNewerFilesAreRefused(t *testing.T) {
	for in, want := range map[string]string{
		"PK\x03\x04":                       "not a trace of xdc",
		"":                                 "not a trace of xdc",
		"{\"format\":\"xdc.trace/3\"}\n":   "use a newer one",
		"{\"format\":\"xdc.journal/1\"}\n": "not a trace of xdc",
		strings.Repeat("x", 100_000):       "not a trace of xdc",
		"{\"format\":\"xdc.trace/2\"}\n\xff\xff\xff\xff0000\x01": "damaged",
	} {
		if _, err := read([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v", in, err)
		}
	}
}

// A trace can be read while it is written, and a killed run loses at most the last block.
func TestATraceIsReadWhileItIsWritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), FileName)
	w, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	entries := polls(200, 5)
	seen := 0
	for i, e := range entries {
		put(w, []entry{e})
		n := 0
		if err := ReadFile(name, func(s signal.Sample) { n++ }, nil); err != nil {
			t.Fatal(err)
		}
		if n < seen {
			t.Fatalf("it shrinks: %d after %d", n, seen)
		}
		if behind := e.Sample.High - entries[max(n-1, 0)].Sample.High; n > 0 && behind > flushEvery+3*time.Second {
			t.Fatalf("after %d samples the file is %s behind", i, behind)
		}
		seen = n
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

func TestSecretsAreTakenOut(t *testing.T) {
	var buf bytes.Buffer
	w := NewWriter(&buf)
	w.Redact = func(s string) string { return strings.ReplaceAll(s, "s3cret", "***") }
	put(w, []entry{{Sample: signal.Sample{Signal: "a.b", Value: signal.BoolVal(true), Evidence: "password s3cret"}}})
	if err := w.Close(); err != nil || bytes.Contains(buf.Bytes(), []byte("s3cret")) {
		t.Errorf("%q, %v", buf.Bytes(), err)
	}
}

// polls are samples as a run of an application has them: every second each of some signals once, most of them the same,
// a few counters that rise.
func polls(n, signals int) []entry {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]entry, 0, n)
	counters := make([]float64, signals)
	for len(out) < n {
		second := time.Duration(len(out)/signals) * time.Second
		low := second + time.Duration(r.Int64N(int64(2*time.Millisecond)))
		high := low + 3*time.Millisecond + time.Duration(r.Int64N(int64(time.Millisecond)))
		for i := range signals {
			s := signal.Sample{Signal: fmt.Sprintf("dc1.job.orders.signal%d", i), Low: low, High: high, ValidFor: 3 * time.Second}
			switch i % 5 {
			case 0:
				s.Value = signal.EnumVal("healthy")
			case 1:
				s.Value = signal.BoolVal(true)
			case 2:
				counters[i] += float64(r.IntN(120))
				s.Value = signal.NumberVal(counters[i])
			default:
				s.Value = signal.NumberVal(4)
			}
			out = append(out, entry{Sample: s})
		}
	}
	return out[:n]
}

// The promise: fewer than three bytes a sample for signals that change slowly.
func TestASampleTakesFewBytes(t *testing.T) {
	for _, signals := range []int{5, 20, 100} {
		entries := polls(100_000, signals)
		b := write(t, entries)
		per := float64(len(b)) / float64(len(entries))
		t.Logf("%d signals polled together: %.2f bytes a sample", signals, per)
		if per >= 3 {
			t.Errorf("%d signals: %.2f bytes a sample", signals, per)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, polls(50, 5)))
	f.Add([]byte("{\"format\":\"xdc.trace/1\"}\n{\"signal\":1,\"name\":\"a.b\",\"kind\":\"bool\"}\n[1,0,1,2,true]\n"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = read(b) })
}

// FuzzRecords reads records behind a checksum that fits.
func FuzzRecords(f *testing.F) {
	b := write(f, polls(50, 5))
	f.Add(b[len("{\"format\":\"xdc.trace/2\"}\n")+headerBytes:])
	f.Fuzz(func(_ *testing.T, b []byte) {
		d := newDecoder(nil, Visitor{Sample: func(signal.Sample) {}, Happened: func(string, signal.Span) {}, Lost: func(signal.Span) {}})
		r := &record{b: b}
		for len(r.b) > 0 && r.err == nil {
			d.record(r)
		}
	})
}

// benchmarks are traces of three sizes, of signals polled together and of one polled alone.
func benchmarks(b *testing.B, run func(b *testing.B, entries []entry)) {
	for _, signals := range []int{20, 1} {
		for _, n := range []int{10_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("signals=%d/samples=%d", signals, n), func(b *testing.B) {
				run(b, polls(n, signals))
				b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "samples/s")
			})
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	benchmarks(b, func(b *testing.B, entries []entry) {
		b.ReportAllocs()
		for b.Loop() {
			out := write(b, entries)
			b.ReportMetric(float64(len(out))/float64(len(entries)), "bytes/sample")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	benchmarks(b, func(b *testing.B, entries []entry) {
		whole := write(b, entries)
		b.ReportAllocs()
		for b.Loop() {
			if err := Read(bytes.NewReader(whole), nil, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
