package measure

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fill(l *Ledger, n int) {
	for i := range n {
		l.Add(Entry{Due: time.Duration(i) * ms, Key: uint32(i % 3)})
	}
}

func TestALedgerKeepsTheBestOutcome(t *testing.T) {
	t.Parallel()
	l := NewLedger([]string{"dc1", "dc2"}, false)
	fill(l, 4)
	l.Settle([]int64{0, 1}, Attempt{Outcome: Acked, Sent: 1, Answered: 2})
	l.Settle([]int64{2}, Attempt{Outcome: Indeterminate, Sent: 1, Answered: 2})
	l.Settle([]int64{3}, Attempt{Outcome: Rejected, Sent: 1, Answered: 2})
	l.Settle([]int64{2, 3}, Attempt{Target: 1, Outcome: Acked, Sent: 3, Answered: 4})
	l.Settle([]int64{3}, Attempt{Outcome: Unsent})
	if diff := cmp.Diff(Counts{Due: 4, Sent: 4, Acked: 4, Resent: 2}, l.Counts()); diff != "" {
		t.Error(diff)
	}
	got, err := l.Record(0, 2)
	want := Record{
		Seq: 2, Key: 2, Due: 2 * ms, Resent: true, Attempt: Attempt{1, Acked, 3, 4},
		Earlier: []Attempt{{0, Indeterminate, 1, 2}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, _ := l.Record(0, 3); len(got.Earlier) != 0 {
		t.Errorf("a refused copy cannot have gone in, but record 3 has %v", got.Earlier)
	}
	if _, err := l.Record(0, 4); err == nil {
		t.Error("there is no record 4")
	}
	if got := l.Acked(0); !cmp.Equal(got, []int64{0, 1, 2, 3}) {
		t.Errorf("acknowledged %v", got)
	}
}

// TestCountsFollowFromTheRecords compares the running totals with a count of what every record says.
func TestCountsFollowFromTheRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		mirror := rapid.Bool().Draw(t, "mirror")
		l := NewLedger([]string{"dc1", "dc2"}, mirror)
		fill(l, 10)
		for range rapid.IntRange(0, 30).Draw(t, "attempts") {
			l.Settle([]int64{rapid.Int64Range(0, 9).Draw(t, "seq")}, Attempt{
				Target:  rapid.IntRange(0, 1).Draw(t, "target"),
				Outcome: rapid.SampledFrom([]Outcome{Acked, Rejected, Indeterminate, Unsent}).Draw(t, "outcome"),
			})
		}
		want := Counts{Due: 10}
		for lane := range l.Lanes() {
			l.Each(lane, func(r Record) bool {
				switch r.Outcome {
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
				if r.Outcome != Pending && r.Outcome != Unsent {
					want.Sent++
				}
				return true
			})
		}
		got := l.Counts()
		got.Resent = 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
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
			l := NewLedger([]string{"dc1"}, false)
			l.IdentifyBy("k")
			if err := l.Begin(ids, func(string) Identity { return tt.how }); err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				l.Add(Entry{Fields: []Field{{"k", json.RawMessage(fmt.Sprintf(`"v%d"`, i))}}})
			}
			seq, owner := l.Find("k", json.RawMessage(tt.value))
			if owner != tt.owner || owner == Ours && seq != tt.seq {
				t.Errorf("got record %d of %d, want %d of %d", seq, owner, tt.seq, tt.owner)
			}
		})
	}
}

func TestRecordsThatShareAValueAreTwins(t *testing.T) {
	t.Parallel()
	l := NewLedger([]string{"dc1"}, false)
	l.IdentifyBy("k")
	if err := l.Begin(NewIDs(1, "s"), func(string) Identity { return ByValue }); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{`"a"`, `"b"`, `"a"`} {
		l.Add(Entry{Fields: []Field{{"k", json.RawMessage(v)}}})
	}
	if got := l.Twins("k"); !cmp.Equal(got, map[int64]bool{0: true, 2: true}) {
		t.Errorf("twins %v", got)
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	l := NewLedger([]string{"dc1"}, false)
	l.Add(Entry{Fields: []Field{{"first", json.RawMessage(`1`)}}}) // fields may differ from record to record
	l.Add(Entry{Fields: []Field{
		{"n", json.RawMessage(`0.10`)},
		{"s", json.RawMessage(`"a<b"`)},
		{"o", json.RawMessage(`{"a":1,"b":[1,2]}`)},
		{"big", json.RawMessage(`9007199254740993`)},
		{"z", json.RawMessage(`null`)},
	}})
	for _, tt := range []struct {
		item string
		want bool
	}{
		{`{}`, true},
		{`{"n":0.1,"s":"a<b","o":{"b":[1,2],"a":1},"big":9007199254740993,"z":null,"first":7,"more":1}`, true},
		{`{"n":1e-1}`, true},
		{`{"s":"a\u003cb"}`, true},
		{`{"o":{ "a": 1.0, "b": [1, 2] }}`, true},
		{`{"n":0.2}`, false},
		{`{"n":"0.1"}`, false},
		{`{"s":"a<c"}`, false},
		{`{"o":{"a":1,"b":[2,1]}}`, false},
		{`{"big":9007199254740992}`, false},
		{`{"z":0}`, false},
	} {
		var item map[string]json.RawMessage
		if err := json.Unmarshal([]byte(tt.item), &item); err != nil {
			t.Fatal(err)
		}
		if got := l.Same(1, item); got != tt.want {
			t.Errorf("%s: same is %v, want %v", tt.item, got, tt.want)
		}
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
	l := NewLedger([]string{"dc1"}, false)
	l.IdentifyBy("k")
	if err := l.Begin(NewIDs(1, "s"), func(string) Identity { return ByValue }); err != nil {
		f.Fatal(err)
	}
	l.Add(Entry{Fields: []Field{{"k", json.RawMessage(`"a"`)}}})
	f.Fuzz(func(t *testing.T, v []byte) {
		if seq, owner := l.Find("k", v); owner == Ours && seq != 0 {
			t.Fatalf("found record %d", seq)
		}
		l.Same(0, map[string]json.RawMessage{"k": v})
		if a, b := canonical(v), canonical(canonical(v)); json.Valid(v) && string(v) != "" && v[0] != '{' && v[0] != '[' && string(a) != string(b) {
			t.Fatalf("%s becomes %s becomes %s", v, a, b)
		}
	})
}
