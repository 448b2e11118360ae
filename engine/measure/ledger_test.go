package measure

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory of records for tests, as a file or a generator would tell them.
type stored []Original

func (t *stored) Again(seq int64) (*Original, error) {
	if seq < 0 || seq >= int64(len(*t)) {
		return nil, errors.New("no such record")
	}
	return &(*t)[seq], nil
}

// begun is a ledger by whose field records are found.
func begun(tb testing.TB, field string, how Identity) (*Ledger, *stored) {
	tb.Helper()
	l, records := NewLedger([]string{"dc1"}, false, tb.TempDir()), &stored{}
	tb.Cleanup(func() {
		if err := errors.Join(l.Err(), l.Close()); err != nil {
			tb.Error(err)
		}
	})
	if _, err := l.Watch(field); err != nil {
		tb.Fatal(err)
	}
	if err := l.Begin(NewIDs(1, "seed.d.s"), func(string) Identity { return how }, func() (Source, error) { return records, nil }); err != nil {
		tb.Fatal(err)
	}
	return l, records
}

func (t *stored) add(l *Ledger, fields ...string) {
	var o Original
	for i := 0; i < len(fields); i += 2 {
		o.Fields = append(o.Fields, Field{fields[i], json.RawMessage(fields[i+1])})
	}
	*t = append(*t, o)
	l.Add(o)
}

func twinsOf(r *Reader, n int) (map[int64]bool, error) {
	var s Set
	err := r.Twins(&s)
	out := map[int64]bool{}
	for i := range int64(n) {
		if s.Has(i) {
			out[i] = true
		}
	}
	return out, err
}

// reader is one that has taken note of all records.
func reader(tb testing.TB, l *Ledger, field string) *Reader {
	tb.Helper()
	r, err := l.Reader(field)
	if err != nil {
		tb.Fatal(err)
	}
	r.Refresh()
	return r
}

func fill(l *Ledger, n int) {
	for range n {
		l.Add(Original{})
	}
}

func TestALedgerKeepsTheBestOutcome(t *testing.T) {
	t.Parallel()
	l := NewLedger([]string{"dc1", "dc2"}, false, "")
	fill(l, 4)
	l.Settle(0, 2, Attempt{Outcome: Acked, Sent: 1, Answered: 2})
	l.Settle(2, 1, Attempt{Outcome: Indeterminate, Sent: 1, Answered: 2})
	l.Settle(3, 1, Attempt{Outcome: Rejected, Sent: 1, Answered: 2})
	l.Settle(2, 2, Attempt{Target: 1, Outcome: Acked, Sent: 3, Answered: 4})
	l.Settle(3, 1, Attempt{Outcome: Unsent})
	if diff := cmp.Diff(Counts{Due: 4, Sent: 4, Acked: 4, Resent: 2}, l.Counts()); diff != "" {
		t.Error(diff)
	}
	got, err := l.Record(0, 2)
	want := Record{Seq: 2, Resent: true, Attempt: Attempt{1, Acked, 3, 4}, Earlier: []Attempt{{0, Indeterminate, 1, 2}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, _ := l.Record(0, 3); len(got.Earlier) != 0 {
		t.Errorf("a refused copy cannot have gone in, but record 3 has %v", got.Earlier)
	}
	if _, err := l.Record(0, 4); err == nil {
		t.Error("there is no record 4")
	}
	wantPut := []Put{{Sent: 2, Acked: 2, First: Attempt{0, Acked, 1, 2}}, {Sent: 2, Acked: 2, First: Attempt{1, Acked, 3, 4}}}
	if diff := cmp.Diff(wantPut, l.Put(0)); diff != "" {
		t.Error(diff)
	}
}

// plain is a ledger that keeps every attempt of every record.
type plain struct {
	all   []Attempt
	first []int32 // by record, the place of its first attempt in all, plus 1
	more  map[int64][]Attempt
}

func (p *plain) settle(first int64, n int, a Attempt) {
	p.all = append(p.all, a)
	for i := first; i < first+int64(n); i++ {
		if p.first[i] == 0 {
			p.first[i] = int32(len(p.all))
		} else {
			p.more[i] = append(p.more[i], a)
		}
	}
}

// record says what counts, by looking at all attempts from the first.
func (p *plain) record(seq int64) Record {
	r := Record{Seq: seq}
	if p.first[seq] > 0 {
		r.Attempt = p.all[p.first[seq]-1]
	}
	for _, a := range p.more[seq] {
		r.Resent = r.Resent || a.Outcome != Unsent && r.Outcome != Unsent
		other := r.Attempt
		if better(r.Outcome, a.Outcome) {
			other = a
		} else {
			r.Attempt = a
		}
		if other.Outcome == Acked || other.Outcome == Indeterminate {
			r.Earlier = append(r.Earlier, other)
		}
	}
	return r
}

// TestALedgerForgetsOnlyWhatNeedNotBeKept holds a ledger that spills and is released by two audits at any time against
// one that keeps everything. Batches lie across the borders of chunks; what was acknowledged is not sent again.
func TestALedgerForgetsOnlyWhatNeedNotBeKept(t *testing.T) {
	t.Parallel()
	const chunks, n = 6, int64(6*ChunkSize - 1000)
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		l := NewLedger([]string{"dc1", "dc2"}, false, dir)
		defer l.Close()
		for range 2 {
			if _, err := l.Watch("id"); err != nil {
				t.Fatal(err)
			}
		}
		l.n = n // as if they had been added one by one
		m := plain{first: make([]int32, n), more: map[int64][]Attempt{}}
		var out Set // what has come out; an audit that says a record is missing may be behind
		at := time.Duration(0)
		settle := func(first int64, k int, a Attempt) {
			k = int(min(int64(k), n-first))
			l.Settle(first, k, a)
			m.settle(first, k, a)
		}
		attempt := func() Attempt {
			at += time.Millisecond
			return Attempt{
				Target:  rapid.IntRange(0, 1).Draw(t, "target"),
				Outcome: rapid.SampledFrom([]Outcome{Acked, Acked, Acked, Rejected, Indeterminate, Unsent}).Draw(t, "outcome"),
				Sent:    at, Answered: at + 1,
			}
		}
		batch := rapid.SampledFrom([]int{700, 5000, 70000}).Draw(t, "batch")
		for next := int64(0); next < n; next += int64(batch) {
			settle(next, batch, attempt())
			switch rapid.IntRange(0, 5).Draw(t, "what else") {
			case 0:
				first, a := max(0, next-rapid.Int64Range(0, 3*ChunkSize).Draw(t, "back")), attempt()
				for i := first; i < min(next, first+100); i++ {
					if m.record(i).Outcome != Acked {
						settle(i, 1, a)
					}
				}
			case 1:
				first := rapid.Int64Range(0, n-1).Draw(t, "from")
				for i := first; i < min(n, first+rapid.Int64Range(1, ChunkSize).Draw(t, "many")); i++ {
					out.Add(i)
				}
			default:
				c := rapid.IntRange(0, chunks-1).Draw(t, "chunk")
				l.Release(rapid.IntRange(0, 1).Draw(t, "audit"), c, func(_ int, w *Words) {
					var here Words
					out.Or(c, &here)
					for i, x := range here {
						w[i] |= ^x
					}
				})
			}
		}
		want := Counts{Resent: l.Counts().Resent}
		for c := range chunks {
			o := l.Outcomes(0, c)
			var odd Words
			o.Odd(&odd)
			for off := range o.Len() {
				seq := int64(c)*ChunkSize + int64(off)
				p, r := m.record(seq), o.Record(uint16(off))
				switch p.Outcome {
				case Acked:
					want.Acked++
				case Rejected:
					want.Rejected++
				case Indeterminate:
					want.Indeterminate++
				case Unsent:
					want.Unsent++
				case Pending:
				}
				usual := m.more[seq] == nil && p.Outcome == Acked
				if usual == odd.Has(uint16(off)) {
					t.Fatalf("record %d %+v is odd: %v", seq, p, odd.Has(uint16(off)))
				}
				if usual && out.Has(seq) && r.Outcome == Acked {
					continue // the rest of it may be forgotten
				}
				if p.Attempt != r.Attempt || p.Resent != r.Resent || !slices.Equal(p.Earlier, r.Earlier) {
					t.Fatalf("record %d is %+v, want %+v", seq, r, p)
				}
			}
		}
		want.Sent = want.Acked + want.Rejected + want.Indeterminate
		if got := l.Counts(); got != want {
			t.Fatalf("counts %+v, want %+v", got, want)
		}
		put, sum := l.Put(0), Put{}
		for _, p := range put {
			sum.Sent, sum.Acked = sum.Sent+p.Sent, sum.Acked+p.Acked
		}
		if sum.Sent != want.Sent || sum.Acked != want.Acked {
			t.Fatalf("put in %+v, want %+v", put, want)
		}
		if err := l.Err(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhatCameOutTakesNothing(t *testing.T) {
	t.Parallel()
	l := NewLedger([]string{"dc1"}, false, t.TempDir())
	defer l.Close()
	if _, err := l.Watch("id"); err != nil {
		t.Fatal(err)
	}
	for i := range int64(10 * ChunkSize) {
		l.Settle(i, 1, Attempt{Outcome: Acked, Sent: time.Duration(i)})
	}
	l.n = 10 * ChunkSize
	kept := func() (n int) {
		for _, c := range l.lanes[0].chunks {
			n += len(c.runs)
		}
		return n
	}
	if got := kept(); got > spillAfter*ChunkSize {
		t.Errorf("%d runs are in memory: those of old chunks belong into the scratch file", got)
	}
	for c := range 10 {
		if !l.Release(0, c, func(_ int, w *Words) { w.Fill(7, 7) }) {
			t.Fatalf("chunk %d is not settled", c)
		}
	}
	if got := kept(); got != 10 {
		t.Errorf("%d runs are kept for ten records that are missing", got)
	}
	if r, err := l.Record(0, 5*ChunkSize+7); err != nil || r.Sent != 5*ChunkSize+7 {
		t.Errorf("a missing record was sent at %d (%v)", r.Sent, err)
	}
}

func TestWhatCannotBePutAsideIsKept(t *testing.T) {
	t.Parallel()
	l := NewLedger([]string{"dc1"}, false, t.TempDir()+"/no such folder")
	if _, err := l.Watch("id"); err != nil {
		t.Fatal(err)
	}
	for i := range int64(6 * ChunkSize / 8) {
		l.Settle(8*i, 8, Attempt{Outcome: Acked, Sent: time.Duration(i)})
	}
	l.n = 6 * ChunkSize
	if l.Err() == nil {
		t.Error("nothing says that the scratch file could not be written")
	}
	if r, err := l.Record(0, 80); err != nil || r.Sent != 10 {
		t.Errorf("record 80 was sent at %d (%v), want 10", r.Sent, err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	ids := NewIDs(1, "seed.d.s")
	other := NewIDs(1, "seed.d.other")
	for _, tt := range []struct {
		name  string
		how   Identity
		value string
		seq   int64
		owner Owner
	}{
		{"an id", ByID, `"` + ids.ID(2) + `"`, 2, Ours},
		{"an id not given yet", ByID, `"` + ids.ID(3) + `"`, 0, Nobody},
		{"another seed's id", ByID, `"` + other.ID(1) + `"`, 1, Others},
		{"an id with a leading zero", ByID, `"` + ids.Prefix() + `02"`, 0, Nobody},
		{"a negative number", ByID, `"` + ids.Prefix() + `-2"`, 0, Nobody},
		{"a number", ByNumber, `2`, 2, Ours},
		{"a number as text", ByNumber, `"2"`, 2, Ours},
		{"a number in another notation", ByNumber, `2.0`, 2, Ours},
		{"a number not given", ByNumber, `9`, 0, Nobody},
		{"a value", ByValue, `"v1"`, 1, Ours},
		{"a value escaped", ByValue, `"v\u0031"`, 1, Ours},
		{"a value not sent", ByValue, `"v9"`, 0, Nobody},
		{"nothing", ByValue, ``, 0, Nobody},
		{"null", ByValue, `null`, 0, Nobody},
		{"an object", ByValue, `{"a":1}`, 0, Nobody},
		{"half a string", ByValue, `"`, 0, Nobody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, records := begun(t, "k", tt.how)
			for i := range 3 {
				records.add(l, "k", fmt.Sprintf(`"v%d"`, i))
			}
			seq, owner, err := reader(t, l, "k").Find(json.RawMessage(tt.value))
			if err != nil || owner != tt.owner || owner == Ours && seq != tt.seq {
				t.Errorf("got record %d of %d (%v), want %d of %d", seq, owner, err, tt.seq, tt.owner)
			}
		})
	}
}

// TestRecordsAreFoundByTheirValues holds the index, with runs so short that many lie in the file, against a map.
func TestRecordsAreFoundByTheirValues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l, records := begun(t, "k", ByValue)
		l.values["k"].size = rapid.IntRange(1, 40).Draw(rt, "size")
		many := rapid.IntRange(1, 3000).Draw(rt, "values")
		count, seqs := map[string]int{}, map[string][]int64{}
		for i := range int64(rapid.IntRange(0, 400).Draw(rt, "records")) {
			v := fmt.Sprintf(`"%x"`, rapid.IntRange(0, many).Draw(rt, "value"))
			records.add(l, "k", v)
			count[v]++
			seqs[v] = append(seqs[v], i)
		}
		r := reader(t, l, "k")
		for i := range many {
			v := fmt.Sprintf(`"%x"`, i)
			seq, own, err := r.Find(json.RawMessage(v))
			if err != nil {
				rt.Fatal(err)
			}
			if (own == Ours) != (count[v] > 0) || own == Ours && string((*records)[seq].Fields[0].Value) != v {
				rt.Fatalf("%s is record %d (%d), want %v", v, seq, own, seqs[v])
			}
		}
		twins := map[int64]bool{}
		for v, n := range count {
			for _, seq := range seqs[v] {
				if n > 1 {
					twins[seq] = true
				}
			}
		}
		got, err := twinsOf(r, len(*records))
		if diff := cmp.Diff(twins, got); err != nil || diff != "" {
			rt.Fatalf("%v: %s", err, diff)
		}
	})
}

func TestRecordsAreFoundByANestedField(t *testing.T) {
	t.Parallel()
	l, records := begun(t, "order.id", ByValue)
	for _, v := range []string{`{"id":"a"}`, `{"id":1.50}`, `{"id":1.5000000000000000001}`, `{"id":"a"}`} {
		records.add(l, "order", v)
	}
	r := reader(t, l, "order.id")
	for v, want := range map[string]int64{`1.5`: 1, `1.50000000000000000010`: 2} {
		if seq, own, err := r.Find(json.RawMessage(v)); own != Ours || seq != want || err != nil {
			t.Errorf("%s is record %d (%v, %v), want %d", v, seq, own, err, want)
		}
	}
	if got, err := twinsOf(r, 4); err != nil || !cmp.Equal(got, map[int64]bool{0: true, 3: true}) {
		t.Errorf("twins %v (%v)", got, err)
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	m := memory{}
	poll(m, "a", "FTTFTT---TTTTTT") // true at 1.1, false at 3.1, true at 4.1, unknown from 8.1, true at 9.1
	h := NewHold(all{"a"}, 5*s, 0, 0)
	var now time.Duration
	for n := 0; !h.Advance(until(m, now), now); n++ {
		next, ok := h.Next(until(m, now))
		for _, x := range m["a"] {
			if x.High > now && (!ok || x.High < next) {
				next, ok = x.High, true
			}
		}
		if !ok || next <= now || n > 100 {
			t.Fatalf("nothing to wait for at %s", now)
		}
		now = next
	}
	if began, ok := h.Began(); now != 14100*ms || began != 9100*ms || !ok {
		t.Errorf("complete at %s since %s, want 14.1s since 9.1s", now, began)
	}
}

func TestAHoldOfNothingIsCompleteAtOnce(t *testing.T) {
	t.Parallel()
	m := memory{}
	poll(m, "a", "T")
	if !NewHold(all{"a"}, 0, 200*ms, 0).Advance(m, 200*ms) {
		t.Error("a condition that is true has been so for no time at least")
	}
}

func FuzzFind(f *testing.F) {
	for _, v := range []string{`"a"`, `1`, `"\u0000"`, `{`, `-`, `1e999`, `[[[`, `"deadbeef-1"`} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		l, records := begun(t, "k", ByValue)
		records.add(l, "k", `"a"`)
		if seq, owner, err := reader(t, l, "k").Find(v); owner == Ours && seq != 0 || err != nil {
			t.Fatalf("found record %d (%v)", seq, err)
		}
		if a, b := canonical(v), canonical(canonical(v)); json.Valid(v) && string(v) != "" && v[0] != '{' && v[0] != '[' && string(a) != string(b) {
			t.Fatalf("%s becomes %s becomes %s", v, a, b)
		}
	})
}
