package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/measure"
)

// answer spells the answer of one checker.
func answer(ok *bool) string {
	if ok == nil {
		return "?"
	}
	return map[bool]string{true: "y", false: "n"}[*ok]
}

func TestMonotoneState(t *testing.T) {
	for _, tt := range []struct {
		name       string
		mirror     bool
		path       string
		play       func(b *bench, out func(target string, seq int64, state string))
		total, dc2 string
		list       int64 // records listed as state_back
	}{
		{name: "nothing came out", path: "v", total: "?", dc2: "?", play: func(*bench, func(string, int64, string)) {}},
		{name: "nobody said where the state is", total: "?", dc2: "?", play: func(_ *bench, out func(string, int64, string)) {
			out("dc2", 0, `{"v":1}`)
		}},
		{name: "it grows, and stays", path: "v", total: "y", dc2: "y", play: func(_ *bench, out func(string, int64, string)) {
			out("dc2", 0, `{"v":-9223372036854775808}`)
			out("dc2", 1, `{"v":1.0}`)
			out("dc2", 2, `{"v":1e0}`)
			out("dc2", 3, `{"v":9223372036854775807}`)
		}},
		{name: "it goes back by one in the last of nineteen digits", path: "v", total: "n", dc2: "n", list: 1, play: func(_ *bench, out func(string, int64, string)) {
			out("dc2", 0, `{"v":9223372036854775807}`)
			out("dc2", 1, `{"v":9223372036854775806}`)
		}},
		{name: "a second copy goes back too", path: "v", total: "n", dc2: "n", list: 1, play: func(_ *bench, out func(string, int64, string)) {
			out("dc2", 0, `{"v":1}`)
			out("dc2", 1, `{"v":2}`)
			out("dc2", 0, `{"v":1}`)
		}},
		{name: "in a nested object", path: "of.v", total: "n", dc2: "n", list: 1, play: func(_ *bench, out func(string, int64, string)) {
			out("dc2", 0, `{"of":{"v":2}}`)
			out("dc2", 1, `{"of":{"v":1}}`)
		}},
		{name: "an item has none", path: "v", total: "?", dc2: "?", play: func(_ *bench, out func(string, int64, string)) {
			out("dc2", 0, `{"v":1}`)
			out("dc2", 1, `{}`)
		}},
		{name: "a text is none", path: "v", total: "?", dc2: "?", play: func(_ *bench, out func(string, int64, string)) {
			out("dc2", 0, `{"v":1}`)
			out("dc2", 1, `{"v":"2"}`)
		}},
		{name: "what was seen for certain stays broken", path: "v", total: "n", dc2: "n", list: 1, play: func(b *bench, out func(string, int64, string)) {
			b.sinks["dc2"].evict()
			out("dc2", 0, `{"v":2}`)
			out("dc2", 1, `{"v":1}`)
			out("dc2", 2, `{"v":0.5}`)
		}},
		{name: "one may have passed unseen", path: "v", total: "?", dc2: "?", play: func(b *bench, out func(string, int64, string)) {
			b.sinks["dc2"].evict()
			out("dc2", 0, `{"v":2}`)
		}},
		{name: "the other side begins again, which it cannot know itself", path: "v", total: "n", dc2: "y", list: 1, play: func(_ *bench, out func(string, int64, string)) {
			out("dc1", 0, `{"v":7}`)
			time.Sleep(s)
			out("dc2", 1, `{"v":1}`)
		}},
		{name: "both sides at the same time", path: "v", total: "?", dc2: "y", play: func(_ *bench, out func(string, int64, string)) {
			out("dc1", 0, `{"v":7}`)
			out("dc2", 1, `{"v":8}`)
		}},
		{name: "mirrored sides have states of their own", mirror: true, path: "v", total: "y", dc2: "y", play: func(_ *bench, out func(string, int64, string)) {
			out("dc1", 0, `{"v":7}`)
			time.Sleep(s)
			out("dc2", 0, `{"v":1}`)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var list bytes.Buffer
				b := newBench(t, tt.mirror, func(o *Options) {
					o.Spec.State = tt.path
					o.Exceptions = func() (io.WriteCloser, string, error) { return closing{&list}, "exceptions.jsonl", nil }
				})
				time.Sleep(s)
				b.send(4, 1, measure.Acked)
				tt.play(b, func(target string, seq int64, state string) {
					item := fmt.Sprintf(`{"id":%q,"n":%d`, b.ids.ID(seq), seq)
					if state != "{}" {
						item += "," + state[1:len(state)-1]
					}
					b.sinks[target].put(item + "}")
				})
				a := b.close(time.Minute)
				if got := answer(a.Total.Checks.MonotoneState); got != tt.total {
					t.Errorf("in all it says %s, want %s", got, tt.total)
				}
				if got := answer(a.At["dc2"].Checks.MonotoneState); got != tt.dc2 {
					t.Errorf("at dc2 it says %s, want %s", got, tt.dc2)
				}
				counts, err := readExceptions(&list)
				if err != nil {
					t.Fatal(err)
				}
				if got := counts["state_back"]; got != tt.list {
					t.Errorf("%d records are listed as state_back, want %d", got, tt.list)
				}
			})
		})
	}
}

// stated is one item of a random history.
type stated struct {
	target int
	key    uint32
	v      int64
	when   span
}

// monotone judges by looking at every pair of items.
func monotone(items []stated, only int, across bool) *bool {
	seen, broken, unsure := false, false, false
	for i, a := range items {
		if only >= 0 && a.target != only {
			continue
		}
		seen = true
		for _, b := range items[i+1:] {
			switch {
			case a.key != b.key || only >= 0 && b.target != only:
			case a.target == b.target:
				broken = broken || a.v > b.v
			case !across:
			case a.when.high <= b.when.low:
				broken = broken || a.v > b.v
			case b.when.high <= a.when.low:
				broken = broken || b.v > a.v
			default:
				unsure = unsure || a.v != b.v
			}
		}
	}
	if !seen {
		return nil
	}
	return kept(broken, unsure)
}

// TestMonotoneStateAgreesWithAPlainModel draws reads of up to three sinks, in any order in which they can end, and compares
// with the model. With more intervals than are kept apart, the answer may also be unknown.
func TestMonotoneStateAgreesWithAPlainModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3).Draw(t, "targets")
		across := rapid.Bool().Draw(t, "across")
		s := states{path: "v", across: across, at: make([]stateful, n), reached: make([]time.Duration, n)}
		var items []stated
		var seq int64
		reads, low := make([]int, n), make([]time.Duration, n)
		now := time.Duration(0)
		for range rapid.IntRange(0, 30).Draw(t, "reads") {
			i := rapid.IntRange(0, n-1).Draw(t, "target")
			now += time.Duration(rapid.IntRange(1, 3).Draw(t, "later"))
			when := span{low[i], now}
			low[i] = now - time.Duration(rapid.IntRange(0, 1).Draw(t, "lag"))
			low[i] = max(low[i], when.low)
			s.begin(i, when)
			reads[i]++
			for range rapid.IntRange(0, 2).Draw(t, "items") {
				// Mostly forward, so that not everything is broken.
				v := int64(now) + int64(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, -1, -4}).Draw(t, "v"))
				x := stated{i, uint32(rapid.IntRange(0, 1).Draw(t, "key")), v, when}
				items = append(items, x)
				s.take(i, x.key, seq, json.RawMessage(strconv.FormatInt(v, 10)))
				seq++
			}
		}
		exact := slices.Max(reads) <= maxRecent
		for only := -1; only < n; only++ {
			got, want := answer(s.check(only, false, false)), answer(monotone(items, only, across))
			if got != want && (exact || only >= 0 || got != "?") {
				t.Fatalf("at %d it says %s, the model %s, of %+v", only, got, want, items)
			}
		}
	})
}

func TestWhatIsKeptOfStatesIsBounded(t *testing.T) {
	t.Parallel()
	s := states{path: "v", across: true, at: make([]stateful, 2), reached: make([]time.Duration, 2)}
	for i := range 1000 { // the other target is not read
		s.begin(0, span{time.Duration(i), time.Duration(i + 1)})
		s.take(0, 0, int64(i), json.RawMessage(strconv.Itoa(i)))
	}
	if n := len(s.keys[0][0].recent); n > maxRecent {
		t.Errorf("%d intervals are kept, want at most %d", n, maxRecent)
	}
	s.begin(1, span{2000, 2001})
	s.begin(0, span{2000, 2001})
	s.take(0, 0, 1000, json.RawMessage("1000"))
	if n := len(s.keys[0][0].recent); n != 1 {
		t.Errorf("%d intervals are kept after the other target was read, want 1", n)
	}
	s.take(1, 0, 1001, json.RawMessage("998"))
	if got := answer(s.check(-1, false, false)); got != "n" {
		t.Errorf("it says %s after a state that surely went back, want n", got)
	}
}
