package audit

import (
	"encoding/json"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
)

// span is an interval of the run's time.
type span struct{ low, high time.Duration }

// tally counts what comes out: a bit for a record at a target, and more only for the exceptions.
type tally struct {
	ledger *measure.Ledger
	key    string
	at     []arrivals
	any    bits
	// distinct is how many different records have come out.
	distinct int64
	// latest is when anything last came that had not come before.
	latest time.Duration
	// times are the intervals in which records first came out anywhere.
	times []span
}

// arrivals is what came out at one target.
type arrivals struct {
	seen      bits
	distinct  int64
	extra     map[int64]int // further copies
	late      bits          // came out after a later record of the same key
	corrupted bits
	strange   int64            // items that are nobody's
	newest    map[uint32]int64 // by key, the latest record that came out
	times     []span
}

func newTally(l *measure.Ledger, key string, targets int) *tally {
	t := &tally{ledger: l, key: key, at: make([]arrivals, targets)}
	for i := range t.at {
		t.at[i] = arrivals{extra: map[int64]int{}, newest: map[uint32]int64{}}
	}
	return t
}

// take counts the items of one read of target i. With baseline, what is not the seed's was there before.
func (t *tally) take(i int, items []json.RawMessage, when span, baseline bool) {
	at := &t.at[i]
	was, all := at.distinct, t.distinct
	for _, raw := range items {
		var item map[string]json.RawMessage
		_ = json.Unmarshal(raw, &item) // what is no object has no key, and is nobody's
		id, _ := measure.Lookup(raw, t.key)
		seq, owner := t.ledger.Find(t.key, id)
		switch {
		case owner == measure.Ours:
			t.record(at, seq, item)
			t.latest = max(t.latest, when.high)
		case owner == measure.Nobody && !baseline:
			at.strange++
			t.latest = max(t.latest, when.high)
		}
	}
	if at.distinct > was {
		at.times = append(at.times, when)
	}
	if t.distinct > all {
		t.times = append(t.times, when)
	}
}

// record counts one copy of a record.
func (t *tally) record(at *arrivals, seq int64, item map[string]json.RawMessage) {
	if !t.ledger.Same(seq, item) {
		at.corrupted.set(seq)
	}
	if t.any.set(seq) {
		t.distinct++
	}
	if !at.seen.set(seq) {
		at.extra[seq]++
		return
	}
	at.distinct++
	k := t.ledger.Key(seq)
	if newest, ok := at.newest[k]; ok && newest > seq {
		at.late.set(seq)
		return
	}
	at.newest[k] = seq
}
