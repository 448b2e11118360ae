package audit

import (
	"encoding/json"
	"testing"

	"github.com/xdc-project/xdc/engine/measure"
)

func play(tb testing.TB) (*measure.Ledger, *records, *tally) {
	tb.Helper()
	l, sent := measure.NewLedger([]string{"dc1"}, false, tb.TempDir()), &records{}
	number, err := l.Watch("id")
	if err != nil {
		tb.Fatal(err)
	}
	if err := l.Begin(measure.NewIDs(1, "s"), func(string) measure.Identity { return measure.ByID }, sent.open); err != nil {
		tb.Fatal(err)
	}
	return l, sent, newTally(l, number, "id", "", []string{"dc1"})
}

func FuzzTake(f *testing.F) {
	for _, v := range []string{`{"id":1}`, `null`, `[`, `{"id":{"id":1}}`, `{"id":"deadbeef-0"}`} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, item []byte) {
		l, sent, tl := play(t)
		sent.add(l, measure.Original{}, "id", `"x"`)
		tl.take(0, []json.RawMessage{item}, span{0, 1}, false)
		if n := tl.at[0].seen.Len() + tl.at[0].strange; n > 1 {
			t.Fatalf("one item counted as %d", n)
		}
	})
}
