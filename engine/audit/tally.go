package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
)

// span is an interval of the run's time.
type span struct{ low, high time.Duration }

// tally counts what comes out: at most a bit for a record at a target, and more only for the exceptions. The records
// themselves are told again by the ledger when one comes out, and compared.
type tally struct {
	ledger *measure.Ledger
	audit  int // its number in the ledger
	// targets are those of the audit.
	targets []string
	key     string
	nested  bool // the key may lie in a nested object
	reader  *measure.Reader
	at      []arrivals
	// distinct is how many different records have come out.
	distinct int64
	// latest is when anything last came that had not come before.
	latest time.Duration
	// times are the intervals in which records first came out anywhere.
	times []span
	// waiting are chunks that the ledger could not release yet.
	waiting map[int]bool
	// broken is why a record could not be told again. What came out then is not compared, and may be nobody's.
	broken error

	strangers strangers
	states    states
	back      resurrection

	members []member
	now     []json.RawMessage // by field of the record, what came out
}

type member struct{ name, value []byte }

// arrivals is what came out at one target.
type arrivals struct {
	seen      measure.Set
	twice     measure.Set     // came out again
	more      map[int64]int32 // copies beyond the second
	late      measure.Set     // came out after a later record of the same key
	corrupted measure.Set
	strange   int64 // items that are nobody's
	newest    newest
	tops      []top
	fresh     measure.Set // came out for the first time since the last heal
	hazy      measure.Set // those of them that may have come out before it
	returned  measure.Set // came back after a heal
	times     []span
	carried   carried
}

// extra is how many further copies of a record came out.
func (a *arrivals) extra(seq int64) int {
	if !a.twice.Has(seq) {
		return 0
	}
	return 1 + int(a.more[seq])
}

// newest is, by key, the latest record that came out, plus 1.
type newest struct {
	low  []int64 // keys below maxLow
	high map[uint32]int64
}

const maxLow = 1 << 20

// pass notes a record that came out, and reports whether a later one of its key came out before it.
func (n *newest) pass(key uint32, seq int64) (late bool) {
	seq++
	if key >= maxLow {
		if n.high == nil {
			n.high = map[uint32]int64{}
		}
		late = n.high[key] > seq
		n.high[key] = max(n.high[key], seq)
		return late
	}
	if int(key) >= len(n.low) {
		n.low = append(n.low, make([]int64, int(key)+1-len(n.low))...)
	}
	late = n.low[key] > seq
	n.low[key] = max(n.low[key], seq)
	return late
}

func newTally(l *measure.Ledger, audit int, key, state string, targets []string) *tally {
	return &tally{
		states: states{
			path: state, nested: strings.Contains(state, "."), across: !l.Mirror(),
			at: make([]stateful, len(targets)), reached: make([]time.Duration, len(targets)),
		},
		back:   resurrection{broken: make([]bool, len(targets)), unsure: make([]bool, len(targets))},
		ledger: l, audit: audit, key: key, nested: strings.Contains(key, "."), targets: targets,
		at: make([]arrivals, len(targets)), waiting: map[int]bool{}, strangers: strangers{file: l.Scratch()},
	}
}

// take counts the items of one read of target i. With baseline, what is not the seed's was there before.
func (t *tally) take(i int, items []json.RawMessage, when span, baseline bool) {
	at := &t.at[i]
	was, all := at.seen.Len(), t.distinct
	t.states.begin(i, when)
	if t.reader == nil {
		var err error
		if t.reader, err = t.ledger.Reader(t.key); err != nil {
			t.broken = err
		}
	}
	if t.reader != nil {
		t.reader.Refresh()
	}
	for _, raw := range items {
		seq, id, owner := t.find(raw)
		switch {
		case owner == measure.Ours:
			t.again(i, seq, when)
			t.record(i, seq, raw, when)
			at.rise(seq, when)
			t.latest = max(t.latest, when.high)
		case owner == measure.Nobody && !baseline:
			at.strange++
			t.strangers.add(t.targets[i], id, when)
			t.latest = max(t.latest, when.high)
		}
	}
	if at.seen.Len() > was {
		at.times = append(at.times, when)
	}
	if t.distinct > all {
		t.times = append(t.times, when)
	}
	t.tidy(i)
}

// find says whose an item is. What is no object has no key, and is nobody's.
func (t *tally) find(raw json.RawMessage) (int64, []byte, measure.Owner) {
	t.members = t.members[:0]
	var id []byte
	if !measure.Members(raw, func(name, value []byte) {
		t.members = append(t.members, member{name, value})
		if string(name) == t.key {
			id = value
		}
	}) || t.reader == nil {
		return 0, nil, measure.Nobody
	}
	if id == nil && t.nested {
		id, _ = measure.Lookup(raw, t.key)
	}
	seq, owner, err := t.reader.Find(id)
	if err != nil {
		t.broken = err
	}
	return seq, id, owner
}

// record counts one copy of a record, whose members have just been read.
func (t *tally) record(target int, seq int64, raw json.RawMessage, when span) {
	at := &t.at[target]
	o, err := t.reader.Again(seq)
	switch {
	case err != nil:
		t.broken = err
		o = &measure.Original{}
	case !t.same(at, seq, o):
		at.corrupted.Add(seq)
	}
	if err == nil && t.states.path != "" {
		switch superseded, perhaps := t.states.take(target, o.Key, seq, t.state(raw)); {
		case !t.back.judged:
		case superseded:
			t.returns(target, seq, when)
		case perhaps:
			t.back.unsure[target] = true
		}
	}
	if at.carried.n == sampled {
		at.carried.settle(&at.corrupted)
	}
	if !at.seen.Add(seq) {
		if !at.twice.Add(seq) {
			if at.more == nil {
				at.more = map[int64]int32{}
			}
			at.more[seq]++
		}
		return
	}
	if t.back.judged {
		at.fresh.Add(seq)
		if when.low < t.back.heal {
			at.hazy.Add(seq)
		}
	}
	if !t.elsewhere(target, seq) {
		t.distinct++
	}
	if at.newest.pass(o.Key, seq) {
		at.late.Add(seq)
	}
}

// state is the application's state in an item whose members have just been read, nil if there is none.
func (t *tally) state(raw json.RawMessage) json.RawMessage {
	for _, m := range t.members {
		if string(m.name) == t.states.path {
			return m.value
		}
	}
	if !t.states.nested {
		return nil
	}
	v, _ := measure.Lookup(raw, t.states.path)
	return v
}

// elsewhere reports whether a record has come out at another target.
func (t *tally) elsewhere(target int, seq int64) bool {
	for i := range t.at {
		if i != target && t.at[i].seen.Has(seq) {
			return true
		}
	}
	return false
}

// same reports whether the fields of an item that the record was sent with have their values, and none is missing that
// the application normally carries. Fields that the application added are left out of account.
func (t *tally) same(at *arrivals, seq int64, o *measure.Original) bool {
	t.now = t.now[:0]
	for range o.Fields {
		t.now = append(t.now, nil)
	}
	next := 0
	for _, m := range t.members {
		if i := place(o.Fields, m.name, next); i >= 0 {
			t.now[i] = m.value
			next = i + 1
		}
	}
	complete := true
	for i, f := range o.Fields {
		switch {
		case t.now[i] == nil:
			complete = false
		case !bytes.Equal(t.now[i], f.Value) && !measure.Equal(t.now[i], f.Value):
			return false
		}
	}
	if complete && at.carried.known {
		return true
	}
	return at.carried.take(seq, o.Fields, t.now)
}

// place is where a field of that name is, -1 if there is none. It is looked for from next on, since fields mostly come
// out in the order in which they were sent.
func place(fields []measure.Field, name []byte, next int) int {
	for i := range fields {
		k := next + i
		if k >= len(fields) {
			k -= len(fields)
		}
		if fields[k].Name == string(name) {
			return k
		}
	}
	return -1
}

// tidy makes what is kept of older chunks small, and tells the ledger which records of them it need not keep.
func (t *tally) tidy(target int) {
	before := int(t.ledger.Len()/measure.ChunkSize) - 1
	at := &t.at[target]
	for _, c := range at.seen.Squeeze(before) {
		t.waiting[c] = true
	}
	for _, s := range []*measure.Set{&at.twice, &at.late, &at.corrupted, &at.fresh, &at.hazy, &at.returned, &t.states.at[target].fell} {
		s.Squeeze(before)
	}
	for c := range t.waiting {
		if t.ledger.Release(t.audit, c, func(lane int, w *measure.Words) { t.missing(lane, c, w) }) {
			delete(t.waiting, c)
		}
	}
}

// missing adds the records of a lane's chunk that have not come out where they can.
func (t *tally) missing(lane, c int, w *measure.Words) {
	var here measure.Words
	if only, some := t.only(lane); !some {
		return // nobody reads what went there
	} else if only >= 0 {
		t.at[only].seen.Or(c, &here)
	} else {
		for i := range t.at {
			t.at[i].seen.Or(c, &here)
		}
	}
	for i, x := range here {
		w[i] |= ^x
	}
}
