package event

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type keep struct {
	got  []Event
	fail error
}

func (k *keep) Accept(e Event) error {
	if k.fail != nil {
		return k.fail
	}
	k.got = append(k.got, e)
	return nil
}

func TestBusNumbersAndStampsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j, w keep
		wall := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
		b := NewBus(time.Now(), wall, &j, &w)
		if err := b.Emit(&Noted{Text: "one"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		if err := b.Emit(&Noted{Text: "two"}); err != nil {
			t.Fatal(err)
		}
		if errs := b.Close(); len(errs) > 0 {
			t.Fatal(errs)
		}
		if diff := cmp.Diff(j.got, w.got); diff != "" {
			t.Error(diff)
		}
		last := w.got[1]
		if last.Seq != 2 || last.At != 90*time.Second || !last.Wall.Equal(wall.Add(90*time.Second)) {
			t.Errorf("got seq %d at %v wall %v", last.Seq, last.At, last.Wall)
		}
	})
}

// settled collects events and counts those that it has settled.
type settled struct {
	keep
	known int
}

func (s *settled) Settle() error { s.known = len(s.got); return nil }

// While nothing happens nothing is held back.
func TestWhatIsCollectedIsSettledAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w settled
		b := NewBus(time.Now(), time.Now(), nil, &w)
		for n := 1; n <= 3; n++ {
			_ = b.Emit(&Noted{}) // there is no journal that could fail
			synctest.Wait()
			if w.known != n {
				t.Errorf("%d of %d events are settled", w.known, n)
			}
		}
		_ = b.Close() // it has nothing that could fail
	})
}

func TestJournalErrorIsReturnedAndWatchersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, w := keep{fail: errors.New("disk full")}, keep{}
		broken := keep{fail: errors.New("pipe closed")}
		b := NewBus(time.Now(), time.Now(), &j, &broken, &w)
		if err := b.Emit(&Noted{}); err == nil {
			t.Error("the journal's error was swallowed")
		}
		_ = b.Emit(&Noted{})
		errs := b.Close()
		if len(w.got) != 2 {
			t.Errorf("the good watcher got %d events, want 2", len(w.got))
		}
		if len(errs) != 1 {
			t.Errorf("got %v, want the broken watcher's first error once", errs)
		}
	})
}

func TestEveryKindSurvivesJSON(t *testing.T) {
	for _, p := range All() {
		in := Event{Seq: 7, At: 1500 * time.Millisecond, Wall: time.Unix(5, 0).UTC(), Body: p}
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out Event
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatalf("%s: %v", Kind(p), err)
		}
		if diff := cmp.Diff(in, out); diff != "" {
			t.Errorf("%s: %s", Kind(p), diff)
		}
	}
}

func FuzzEvent(f *testing.F) {
	for _, p := range All() {
		b, _ := json.Marshal(Event{Body: p})
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		var e Event
		_ = json.Unmarshal(b, &e)
	})
}

// Events are held against samples of the same instants, to the nanosecond.
func TestTheInstantOfAnEventSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Duration(rapid.Int64Range(0, int64(30*24*time.Hour)).Draw(t, "nanoseconds"))
		b, err := json.Marshal(Event{Seq: 1, At: at, Body: &Noted{}})
		if err != nil {
			t.Fatal(err)
		}
		var out Event
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatal(err)
		}
		if out.At != at {
			t.Fatalf("%d ns became %d ns", at, out.At)
		}
	})
}
