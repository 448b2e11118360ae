package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
)

// heal says that a fault is healed; all sinks are read once more before anything comes.
func (b *bench) heal() {
	b.audit.Healed()
	time.Sleep(s)
}

func TestNoResurrection(t *testing.T) {
	for _, tt := range []struct {
		name            string
		mirror          bool
		play            func(b *bench, out func(target string, seq int64, state int))
		total, dc1, dc2 string
		list            int64 // records listed as resurrected
	}{
		{name: "no fault was healed", total: "?", dc1: "?", dc2: "?", play: func(_ *bench, out func(string, int64, int)) {
			out("dc1", 0, 1)
			out("dc2", 0, 1)
		}},
		{name: "each target goes on with what is new", total: "y", dc1: "y", dc2: "y", play: func(b *bench, out func(string, int64, int)) {
			out("dc2", 0, 1)
			b.heal()
			out("dc1", 1, 2)
			out("dc2", 2, 3)
		}},
		{name: "both had it before the heal", total: "y", dc1: "y", dc2: "y", play: func(b *bench, out func(string, int64, int)) {
			out("dc2", 0, 1)
			out("dc1", 0, 1)
			b.heal()
		}},
		{name: "a second copy where it was before", total: "y", dc1: "y", dc2: "y", play: func(b *bench, out func(string, int64, int)) {
			out("dc2", 0, 1)
			b.heal()
			out("dc2", 0, 1)
		}},
		{name: "a record that the other side had answered", total: "n", dc1: "n", dc2: "y", list: 1, play: func(b *bench, out func(string, int64, int)) {
			out("dc2", 0, 1)
			b.heal()
			out("dc1", 0, 1)
		}},
		{name: "one that it had itself as well", total: "n", dc1: "n", dc2: "y", list: 1, play: func(b *bench, out func(string, int64, int)) {
			out("dc1", 0, 1)
			out("dc2", 0, 1)
			b.heal()
			out("dc1", 0, 1)
		}},
		{name: "one that is answered after the heal", total: "y", dc1: "y", dc2: "y", play: func(b *bench, out func(string, int64, int)) {
			b.heal()
			out("dc2", 0, 1)
			out("dc1", 0, 1)
		}},
		{name: "after the second heal", total: "n", dc1: "n", dc2: "y", list: 1, play: func(b *bench, out func(string, int64, int)) {
			b.heal()
			out("dc2", 0, 1)
			b.heal()
			out("dc1", 0, 1)
		}},
		{name: "in a read that began before the heal", total: "?", dc1: "?", dc2: "y", play: func(b *bench, out func(string, int64, int)) {
			out("dc2", 0, 1)
			b.sinks["dc1"].put(fmt.Sprintf(`{"id":%q,"n":0,"v":1}`, b.ids.ID(0)))
			b.audit.Healed()
			time.Sleep(s)
		}},
		{name: "after another that was read after the heal, and may have come before it", total: "?", dc1: "?", dc2: "y", play: func(b *bench, out func(string, int64, int)) {
			b.sinks["dc2"].put(fmt.Sprintf(`{"id":%q,"n":0,"v":1}`, b.ids.ID(0)))
			b.audit.Healed()
			time.Sleep(s)
			out("dc1", 0, 1)
		}},
		{name: "an older state", total: "n", dc1: "n", dc2: "y", list: 1, play: func(b *bench, out func(string, int64, int)) {
			out("dc1", 0, 1)
			out("dc2", 1, 2)
			out("dc2", 2, 3)
			b.heal()
			out("dc1", 3, 2)
		}},
		{name: "a state that is older than one that may have come before the heal", total: "?", dc1: "?", dc2: "y", play: func(b *bench, out func(string, int64, int)) {
			out("dc1", 0, 1)
			b.sinks["dc2"].put(fmt.Sprintf(`{"id":%q,"n":1,"v":5}`, b.ids.ID(1)))
			b.audit.Healed()
			time.Sleep(s)
			out("dc1", 2, 3)
		}},
		{name: "a state that goes on", total: "y", dc1: "y", dc2: "y", play: func(b *bench, out func(string, int64, int)) {
			out("dc1", 0, 1)
			out("dc2", 1, 2)
			b.heal()
			out("dc2", 2, 7)
			out("dc1", 3, 3) // as far as the heal
		}},
		{name: "the targets are mirrored", mirror: true, total: "?", dc1: "?", dc2: "?", play: func(b *bench, out func(string, int64, int)) {
			out("dc2", 0, 1)
			b.heal()
			out("dc1", 0, 1)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var list bytes.Buffer
				b := newBench(t, tt.mirror, func(o *Options) {
					o.Spec.State = "v"
					o.Exceptions = func() (io.WriteCloser, string, error) { return closing{&list}, "exceptions.jsonl", nil }
				})
				time.Sleep(s)
				b.send(4, 1, measure.Acked)
				tt.play(b, func(target string, seq int64, state int) {
					b.sinks[target].put(fmt.Sprintf(`{"id":%q,"n":%d,"v":%d}`, b.ids.ID(seq), seq, state))
					time.Sleep(s)
				})
				got := b.close(time.Minute)
				for name, x := range map[string]struct {
					c    event.Checks
					want string
				}{"total": {got.Total.Checks, tt.total}, "dc1": {got.At["dc1"].Checks, tt.dc1}, "dc2": {got.At["dc2"].Checks, tt.dc2}} {
					if a := answer(x.c.NoResurrection); a != x.want {
						t.Errorf("%s: no_resurrection is %s, want %s", name, a, x.want)
					}
				}
				counts, err := readExceptions(&list)
				if err != nil {
					t.Fatal(err)
				}
				if n := counts["resurrected"]; n != tt.list {
					t.Errorf("%d records are listed as resurrected, want %d", n, tt.list)
				}
			})
		})
	}
}

// A state at one target is held against what came at another later, where reads of the two ended and began at one instant.
func TestStatesOfReadsThatMeetAreCompared(t *testing.T) {
	for _, tt := range []struct {
		name  string
		v     int64
		wrong bool
	}{{"greater than what came after it", 9, true}, {"less", 3, false}, {"the same", 5, false}} {
		t.Run(tt.name, func(t *testing.T) {
			st := states{path: "v", across: true, at: make([]stateful, 2), reached: make([]time.Duration, 2)}
			st.begin(0, span{10 * s, 11 * s})
			st.take(0, 1, 1, json.RawMessage(`5`))
			// The read of the other target was over when that one began, and is taken after it.
			st.begin(1, span{9 * s, 10 * s})
			st.take(1, 1, 2, fmt.Append(nil, tt.v))
			if st.broken != tt.wrong || st.unsure {
				t.Errorf("broken is %v and unsure %v, want %v and certainty", st.broken, st.unsure, tt.wrong)
			}
		})
	}
}
