package audit

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
)

func TestBitsAreASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var b bits
		m := map[int64]bool{}
		for _, i := range rapid.SliceOf(rapid.Int64Range(0, 300)).Draw(t, "numbers") {
			if b.set(i) == m[i] {
				t.Fatalf("set %d reports that it was there: %v", i, m[i])
			}
			m[i] = true
		}
		for i := range int64(500) {
			if b.has(i) != m[i] {
				t.Fatalf("has %d is %v", i, b.has(i))
			}
		}
	})
}

func play(tb testing.TB) (*measure.Ledger, *tally) {
	tb.Helper()
	l := measure.NewLedger([]string{"dc1"}, false)
	l.IdentifyBy("id")
	if err := l.Begin(measure.NewIDs(1, "s"), func(string) measure.Identity { return measure.ByID }); err != nil {
		tb.Fatal(err)
	}
	return l, newTally(l, "id", 1)
}

func FuzzTake(f *testing.F) {
	for _, v := range []string{`{"id":1}`, `null`, `[`, `{"id":{"id":1}}`, `{"id":"deadbeef-0"}`} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, item []byte) {
		l, tl := play(t)
		l.Add(measure.Entry{Fields: []measure.Field{{Name: "id", Value: json.RawMessage(`"x"`)}}})
		tl.take(0, []json.RawMessage{item}, span{0, 1}, false)
		if n := tl.at[0].distinct + tl.at[0].strange; n > 1 {
			t.Fatalf("one item counted as %d", n)
		}
	})
}

func BenchmarkAudit(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		l, tl := play(b)
		ids := measure.NewIDs(1, "s")
		var seqs []int64
		var items []json.RawMessage
		for i := range int64(n) {
			id := json.RawMessage(`"` + ids.ID(i) + `"`)
			v := json.RawMessage(fmt.Sprint(i))
			seqs = append(seqs, l.Add(measure.Entry{Fields: []measure.Field{{Name: "id", Value: id}, {Name: "n", Value: v}}}))
			if len(seqs) == 100 {
				l.Settle(seqs, measure.Attempt{Outcome: measure.Acked})
				seqs = seqs[:0]
			}
			if i%1000 != 0 {
				items = append(items, json.RawMessage(fmt.Sprintf(`{"id":%s,"n":%d}`, id, i)))
			}
		}
		tl.take(0, items, span{0, 1}, false)
		j := &judge{opt: Options{Spec: program.Audit{Targets: []string{"dc1"}, Key: "id"}, Ledger: l}, tally: tl}
		if got := j.judge(); got.Total.Lost != n/1000 {
			b.Fatalf("lost %d", got.Total.Lost)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}
