package dataexchange

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// sink is a model of an EndpointSink: a ring of items, each with the millisecond of its arrival.
type sink struct {
	size      int
	inclusive bool // whether "since" includes its own millisecond
	consuming bool
	clock     bool // stamps answers with the time instead of the newest item's
	warns     bool
	items     []stamped
	newest    int64
	dropped   int64 // stamp of the newest item that was dropped
}

type stamped struct {
	at   int64
	item json.RawMessage
}

func (s *sink) put(at int64, item string) {
	s.items = append(s.items, stamped{at, json.RawMessage(item)})
	s.newest = at
	if len(s.items) > s.size {
		s.dropped = s.items[0].at
		s.items = s.items[1:]
	}
}

func (s *sink) restart() { s.items, s.newest, s.dropped = nil, 0, 0 }

func (s *sink) get(since, now int64) page {
	p := page{content: true, stamp: s.newest}
	if s.clock {
		p.stamp = now
	}
	var rest []stamped
	for _, it := range s.items {
		if it.at > since || s.inclusive && it.at == since {
			p.items = append(p.items, it.item)
		} else {
			rest = append(rest, it)
		}
	}
	p.warned = s.warns && s.dropped > 0 && s.dropped >= since
	if s.consuming {
		s.items = rest
	}
	return p
}

// However arrivals, reads, evictions and restarts fall: an item comes at most once, in order; none is missing
// without a gap that says so; and there is no gap where nothing can be missing.
func TestNothingIsSeenTwiceOrMissedSilently(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &sink{size: rapid.IntRange(1, 40).Draw(t, "size"), inclusive: rapid.Bool().Draw(t, "inclusive"), warns: rapid.Bool().Draw(t, "warns")}
		eye := sight{size: s.size}
		now, next := int64(1000), 0
		var unread []int            // put, and neither read nor reported
		disturbed, sure := false, 0 // whether anything was dropped since the last read
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.Int64Range(0, 3).Draw(t, "pause")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				if sure > 0 && len(eye.tail) > 0 { // else only launch counts can tell (outlet)
					s.restart()
					disturbed = true
				}
			case 1, 2, 3, 4, 5:
				for range rapid.IntRange(1, 8).Draw(t, "arrivals") {
					full := len(s.items) == s.size
					if full && (eye.count == 0 || eye.ask() > 0 && (sure == 0 || len(eye.tail) == 0 && !s.warns)) {
						break // nothing but a warning could tell
					}
					disturbed = disturbed || full
					s.put(now, fmt.Sprintf(`{"id":%d}`, next))
					unread = append(unread, next)
					next++
				}
			default:
				got, cause := eye.take(s.get(eye.ask(), now))
				if eye.overlaps {
					sure++
				}
				var ids []int
				for _, it := range got {
					var x struct{ ID int }
					if err := json.Unmarshal(it, &x); err != nil {
						t.Fatal(err)
					}
					ids = append(ids, x.ID)
				}
				for i, id := range ids {
					if !slices.Contains(unread, id) || i > 0 && id <= ids[i-1] {
						t.Fatalf("read %v, which holds items read before or out of order; unread were %v", ids, unread)
					}
				}
				if missing := len(unread) - len(ids); missing > 0 && cause == "" {
					t.Fatalf("%d items are missing and nothing says so: read %v of %v", missing, ids, unread)
				}
				if cause != "" && !disturbed && len(got) < s.size { // a full buffer may have been fuller
					t.Fatalf("a gap (%s) where nothing can be missing", cause)
				}
				unread, disturbed = nil, false
			}
		}
	})
}

func TestEverySinkWithoutLossIsReadWithoutGaps(t *testing.T) {
	for _, s := range []*sink{
		{size: 1000},
		{size: 1000, inclusive: true},
		{size: 1000, consuming: true},
		{size: 1000, consuming: true, inclusive: true},
		{size: 1000, clock: true},
		{size: 1000, warns: true, inclusive: true},
	} {
		name := fmt.Sprintf("%+v", *s)
		var eye sight
		var all []string
		n := 0
		for round := range int64(50) {
			for range round % 5 {
				s.put(1000+round*10, fmt.Sprintf(`{"id":%d}`, n))
				n++
			}
			got, cause := eye.take(s.get(eye.ask(), 1000+round*10+5))
			if cause != "" {
				t.Errorf("%s: round %d: a gap: %s", name, round, cause)
			}
			for _, it := range got {
				all = append(all, string(it))
			}
		}
		for i := range n {
			if i >= len(all) || all[i] != fmt.Sprintf(`{"id":%d}`, i) {
				t.Fatalf("%s: item %d of %d is not where it should be", name, i, n)
			}
		}
		if len(all) != n {
			t.Errorf("%s: %d items read, %d put", name, len(all), n)
		}
	}
}

func TestACopyThatComesLaterIsSeen(t *testing.T) {
	s := &sink{size: 100, inclusive: true}
	var eye sight
	s.put(10, `{"id":1}`)
	s.put(10, `{"id":2}`)
	eye.take(s.get(eye.ask(), 11))
	s.put(20, `{"id":2}`) // the application delivered it twice
	got, cause := eye.take(s.get(eye.ask(), 21))
	if len(got) != 1 || cause != "" {
		t.Errorf("the copy is %s (%q)", got, cause)
	}
}

func TestABufferThatBeganAnewIsAGap(t *testing.T) {
	s := &sink{size: 100}
	var eye sight
	for i := range int64(3) {
		s.put(10*(i+1), fmt.Sprintf(`{"id":%d}`, i))
		eye.take(s.get(eye.ask(), 100))
	}
	s.restart()
	if _, cause := eye.take(s.get(eye.ask(), 110)); cause != "restarted" {
		t.Errorf("an empty buffer says %q", cause)
	}
	s.put(200, `{"id":9}`)
	got, _ := eye.take(s.get(eye.ask(), 210))
	if len(got) != 1 {
		t.Errorf("the first item of the new buffer is not read: %s", got)
	}
}

// A sink that has given out nothing yet is asked for everything it has, and does not warn. When it gives as much as it holds, it may
// have dropped what came before.
func TestABufferThatIsFullAtFirstMayHaveBeenFuller(t *testing.T) {
	for _, tt := range []struct {
		name  string
		n     int64
		size  int // as far as the reader knows
		cause string
	}{
		{"it was not full", 9, 10, ""},
		{"it was full", 10, 10, "evicted"},
		{"it dropped some", 15, 10, "evicted"},
		{"nobody knows how much it holds", 15, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &sink{size: 10}
			eye := sight{size: tt.size}
			if _, cause := eye.take(s.get(eye.ask(), 10)); cause != "" {
				t.Fatalf("an empty buffer says %q", cause)
			}
			for i := range tt.n {
				s.put(20+i, fmt.Sprintf(`{"id":%d}`, i))
			}
			if _, cause := eye.take(s.get(eye.ask(), 100)); cause != tt.cause {
				t.Errorf("it says %q, want %q", cause, tt.cause)
			}
			s.put(101, `{"id":99}`)
			if _, cause := eye.take(s.get(eye.ask(), 110)); cause != "" {
				t.Errorf("and then %q, although what was read before is still there", cause)
			}
		})
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	var eye sight
	for i := range 3000 { // a sink without stamps gives all it has, each time
		items := make([]json.RawMessage, 100)
		for j := range items {
			items[j] = json.RawMessage(fmt.Sprintf(`{"id":%d}`, i*100+j))
		}
		eye.take(page{items: items, content: true})
	}
	if len(eye.tail) > maxRemembered+100 || len(eye.ends) > 1 {
		t.Errorf("%d digests and %d ends are remembered", len(eye.tail), len(eye.ends))
	}
}

func TestOverlapIsTheLongest(t *testing.T) {
	of := func(s string) []sum {
		out := make([]sum, len(s))
		for i := range s {
			out[i] = sum{s[i]}
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching(`[ab]{0,12}`).Draw(t, "a"), rapid.StringMatching(`[ab]{0,12}`).Draw(t, "b")
		want := 0
		for k := 1; k <= min(len(a), len(b)); k++ {
			if a[len(a)-k:] == b[:k] {
				want = k
			}
		}
		if got := overlap(of(a), of(b)); got != want {
			t.Fatalf("%q and %q overlap by %d, not %d", a, b, want, got)
		}
	})
}
