package audit

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
)

// answers spells the checkers: exactly once, at least once, at most once, ordered by key.
func answers(c event.Checks) string {
	out := ""
	for _, ok := range []*bool{c.ExactlyOnce, c.AtLeastOnce, c.AtMostOnce, c.OrderedByKey} {
		switch {
		case ok == nil:
			out += "?"
		case *ok:
			out += "y"
		default:
			out += "n"
		}
	}
	return out
}

func TestCheckers(t *testing.T) {
	for _, tt := range []struct {
		name       string
		play       func(b *bench)
		total, dc2 string
	}{
		{"nothing was put in", func(*bench) {}, "????", "????"},
		{"everything came out once and in order", func(b *bench) {
			b.send(3, 1, measure.Acked)
			b.out("dc2", 0, 1, 2)
		}, "yyyy", "yyyy"},
		{"an acknowledged record is lost", func(b *bench) {
			b.send(2, 1, measure.Acked)
			b.out("dc2", 0)
		}, "nnyy", "nnyy"},
		{"all is lost, and nothing is known of order", func(b *bench) { b.send(2, 1, measure.Acked) }, "nny?", "nny?"},
		{"an indeterminate record need not come out", func(b *bench) {
			b.send(1, 1, measure.Acked)
			b.send(1, 1, measure.Indeterminate)
			b.out("dc2", 0)
		}, "yyyy", "yyyy"},
		{"nothing was acknowledged", func(b *bench) {
			b.send(1, 1, measure.Indeterminate)
			b.out("dc2", 0)
		}, "??yy", "??yy"},
		{"a record comes out twice at one target", func(b *bench) {
			b.send(1, 1, measure.Acked)
			b.out("dc2", 0, 0)
		}, "nyny", "nyny"},
		{"a record comes out at the other target too, which neither target can know", func(b *bench) {
			b.send(1, 1, measure.Acked)
			b.out("dc2", 0)
			b.out("dc1", 0)
		}, "nyny", "yyyy"},
		{"both copies of a record that was sent again come out", func(b *bench) {
			b.send(1, 1, measure.Indeterminate)
			b.settle(1, measure.Acked, 0)
			b.out("dc2", 0, 0)
		}, "yyyy", "yyyy"},
		{"a record comes out after a later one", func(b *bench) {
			b.send(2, 1, measure.Acked)
			b.out("dc2", 1, 0)
		}, "yyyn", "yyyn"},
		{"second copies may have passed unseen at the other target", func(b *bench) {
			b.send(1, 1, measure.Acked)
			b.out("dc2", 0)
			b.sinks["dc1"].evict()
		}, "?y??", "yyyy"},
		{"the missing record may have passed unseen", func(b *bench) {
			b.send(2, 1, measure.Acked)
			b.sinks["dc2"].evict()
			b.out("dc2", 0)
		}, "????", "????"},
		{"what was seen for certain stays broken", func(b *bench) {
			b.send(2, 1, measure.Acked)
			b.sinks["dc2"].evict()
			b.out("dc2", 1, 0, 0)
		}, "nynn", "nynn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, false, nil)
				time.Sleep(s)
				tt.play(b)
				a := b.close(time.Minute)
				if got := answers(a.Total.Checks); got != tt.total {
					t.Errorf("in all the checkers say %s, want %s", got, tt.total)
				}
				if got := answers(a.At["dc2"].Checks); got != tt.dc2 {
					t.Errorf("at dc2 the checkers say %s, want %s", got, tt.dc2)
				}
			})
		})
	}
}

func TestRecordsThatCannotBeToldApartProveNothing(t *testing.T) {
	l, sent := measure.NewLedger([]string{"dc1"}, false, t.TempDir()), &records{}
	number, err := l.Watch("id")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Begin(measure.NewIDs(1, "s"), func(string) measure.Identity { return measure.ByValue }, sent.open); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{`"a"`, `"b"`, `"a"`} {
		l.Settle(sent.add(l, measure.Original{}, "id", id), 1, measure.Attempt{Outcome: measure.Acked})
	}
	y := newTally(l, number, "id", "", []string{"dc1"})
	y.take(0, []json.RawMessage{[]byte(`{"id":"b"}`), []byte(`{"id":"a"}`), []byte(`{"id":"a"}`)}, span{0, s}, false)
	j := &judge{tally: y}
	j.opt.Spec.Key, j.opt.Spec.Targets, j.opt.Ledger = "id", []string{"dc1"}, l
	if got := answers(j.judge().Total.Checks); got != "????" {
		t.Errorf("the checkers say %s, want ????", got)
	}
}

// check answers the checkers by a model's counts and what it knows of the gaps.
func (w world) check(c event.AuditCounts) event.Checks {
	answer := func(bad int64, unseen bool) *bool {
		ok := bad == 0
		if ok && unseen {
			return nil
		}
		return &ok
	}
	var out event.Checks
	if c.Acked > 0 {
		out.AtLeastOnce = answer(c.Lost, c.Inconclusive > 0)
	}
	if c.Acked+c.Delivered > 0 {
		out.AtMostOnce = answer(c.Duplicated+c.DuplicatedAcross, len(w.gaps) > 0)
	}
	if c.Delivered > 0 {
		out.OrderedByKey = answer(c.Reordered, len(w.gaps) > 0)
	}
	switch least, most := out.AtLeastOnce, out.AtMostOnce; {
	case least != nil && !*least, most != nil && !*most:
		no := false
		out.ExactlyOnce = &no
	case least != nil && most != nil:
		yes := true
		out.ExactlyOnce = &yes
	}
	return out
}
