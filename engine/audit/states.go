package audit

import (
	"encoding/json"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
)

// states follows the application's state as it comes out, key by key: a number that never goes back. What was seen at
// one target has an order. Between targets there is one only where the intervals in which two items came do not overlap.
type states struct {
	path    string // the field with the state, "" for none
	nested  bool
	across  bool // the targets carry on one state
	keys    map[uint32][]heights
	at      []stateful
	reached []time.Duration // by target, the beginning of its last read
	// broken is whether a state went back from one target to another; unsure whether it may have, since nobody can tell
	// what came first.
	broken, unsure bool
	mark           int           // how many faults were healed
	heal           time.Duration // when the last of them was, verified
}

// stateful is what is known of the states at one target.
type stateful struct {
	seen     bool // there was one
	broken   bool // one went back
	unknown  bool // an item had none that can be compared
	fell     measure.Set
	interval span // of the items that are being taken
}

// heights are the states of one key at one target.
type heights struct {
	any bool
	// peak is the highest of all. settled is the highest of those that came before anything that another target can
	// still bring.
	peak    int64
	settled *int64
	// marked is the highest by the last heal but for those after which nothing came; it is right if mark is the last.
	marked *int64
	mark   int
	// hazy is the highest of those in a read that the last heal fell into.
	hazy   *int64
	recent []height
}

// height is what came in an interval.
type height struct {
	span
	least, most int64
}

// maxRecent bounds how many intervals of a key are kept apart while another target is not read. Further ones become one,
// which only makes it less certain what came first.
const maxRecent = 8

// begin notes which interval the next items of a target came in.
func (s *states) begin(target int, when span) {
	if s.path == "" {
		return
	}
	s.at[target].interval = when
	s.reached[target] = max(s.reached[target], when.low)
}

// take notes the state in an item of the record with that key, and reports whether another target had a greater one by the
// last heal, or may have had.
func (s *states) take(target int, key uint32, seq int64, text json.RawMessage) (superseded, perhaps bool) {
	at := &s.at[target]
	v, ok := measure.Whole(text)
	if !ok {
		at.unknown = true
		return false, false
	}
	at.seen = true
	if s.keys == nil {
		s.keys = map[uint32][]heights{}
	}
	all := s.keys[key]
	if all == nil {
		all = make([]heights, len(s.at))
		s.keys[key] = all
	}
	h := &all[target]
	if h.any && v < h.peak {
		at.broken = true
		at.fell.Add(seq)
	}
	if h.mark != s.mark {
		h.marked, h.hazy, h.mark = nil, nil, s.mark
		if h.any {
			was := h.peak
			h.marked = &was
		}
	}
	if !h.any || v > h.peak {
		h.any, h.peak = true, v
	}
	if s.mark > 0 && at.interval.low < s.heal && (h.hazy == nil || v > *h.hazy) {
		h.hazy = &v
	}
	if !s.across {
		return false, false
	}
	for i := range all {
		if i == target {
			continue
		}
		if s.compare(&all[i], at.interval, v) {
			s.broken = true
			at.fell.Add(seq)
		}
		superseded = superseded || all[i].by(s.mark, v)
		perhaps = perhaps || all[i].mark == s.mark && all[i].hazy != nil && *all[i].hazy > v
	}
	h.forget(s.horizon(target))
	h.note(at.interval, v)
	return superseded, perhaps
}

// by reports whether there was a greater state than v by the last heal.
func (h *heights) by(mark int, v int64) bool {
	if h.mark == mark {
		return h.marked != nil && *h.marked > v
	}
	return h.any && h.peak > v // nothing has come since
}

// compare holds a state against those of the same key at another target, and reports whether one surely went back.
func (s *states) compare(o *heights, when span, v int64) bool {
	broken := o.settled != nil && *o.settled > v
	for _, e := range o.recent {
		switch {
		case e.high <= when.low:
			broken = broken || e.most > v
		case when.high <= e.low:
			broken = broken || e.least < v
		case e.most != v || e.least != v:
			s.unsure = true
		}
	}
	return broken
}

// horizon is the instant before which nothing can come any more at the targets other than this one.
func (s *states) horizon(target int) time.Duration {
	first := time.Duration(1<<63 - 1)
	for i, r := range s.reached {
		if i != target {
			first = min(first, r)
		}
	}
	return first
}

// note adds a state to the interval that it came in.
func (h *heights) note(when span, v int64) {
	n := len(h.recent)
	if n == 0 || h.recent[n-1].span != when && n < maxRecent {
		h.recent = append(h.recent, height{when, v, v})
		return
	}
	e := &h.recent[n-1]
	e.low, e.high = min(e.low, when.low), max(e.high, when.high)
	e.least, e.most = min(e.least, v), max(e.most, v)
}

// forget keeps of the intervals before an instant no more than the highest state.
func (h *heights) forget(before time.Duration) {
	n := 0
	for n < len(h.recent) && h.recent[n].high <= before {
		if v := h.recent[n].most; h.settled == nil || v > *h.settled {
			h.settled = &v
		}
		n++
	}
	h.recent = append(h.recent[:0], h.recent[n:]...)
}

// check answers whether no state went back, at one target or with -1 over all. Nil means that nobody can tell.
func (s *states) check(target int, unseen, twins bool) *bool {
	var all stateful
	for i := range s.at {
		if at := &s.at[i]; target < 0 || target == i {
			all.seen = all.seen || at.seen
			all.broken = all.broken || at.broken
			all.unknown = all.unknown || at.unknown
		}
	}
	if target < 0 {
		all.broken = all.broken || s.broken
		unseen = unseen || s.unsure
	}
	if !all.seen || twins {
		return nil
	}
	return kept(all.broken, unseen || all.unknown)
}
