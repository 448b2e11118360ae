// Package measure turns what was observed into figures with bounds: recovery times out of conditions, and the
// ledger of a seed's records that an audit is held against.
//
// It waits for nothing and sends nothing: engine/exec says when to look, engine/seed writes the ledger, and
// engine/audit reads it.
package measure

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Outcome is what became of a record at one target.
type Outcome uint8

// The outcomes. A pending record is due or on its way; it has none yet.
const (
	Pending Outcome = iota
	Acked
	Rejected
	Indeterminate
	Unsent
)

var outcomeNames = []string{"pending", "acked", "rejected", "indeterminate", "unsent"}

func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "invalid"
}

// Attempt is one request's part of a batch that shared a fate: when it left, when its outcome was known, both
// since run.started, and what the outcome was. Target is an index into Ledger.Targets.
type Attempt struct {
	Target   int
	Outcome  Outcome
	Sent     time.Duration
	Answered time.Duration
}

// Counts are the totals of a ledger. With a mirrored seed every copy is a record of its own, except in Due.
type Counts struct {
	Due, Sent, Acked, Rejected, Indeterminate, Unsent, Resent int64
}

// maxFields bounds how many fields of a record the ledger keeps checksums of.
const maxFields = 64

// Ledger keeps what is known of every record of one seed: some thirty bytes a record, so that millions fit.
// Records are numbered from 0 in the order in which they are due. It is safe for concurrent use.
type Ledger struct {
	mu      sync.RWMutex
	targets []string
	mirror  bool

	due    []time.Duration
	key    []uint32
	fields []string
	sums   [][]uint32 // by field, then record; 0: the record has no such field

	attempts []Attempt
	lanes    []lane
	counts   Counts

	ids    IDs
	keys   []string
	lookup map[string]*identities
	begun  bool
}

// lane has the attempts of each record: one for all targets, or with a mirrored seed one for each.
type lane struct {
	last  []uint32           // 1 + index of the attempt that counts, 0: none yet
	other map[int64][]uint32 // earlier attempts that may have put the record in
	again map[int64]bool     // records sent more than once
}

// NewLedger returns an empty ledger for a seed that sends to targets. With mirror every record goes to each of
// them and has an outcome at each.
func NewLedger(targets []string, mirror bool) *Ledger {
	n := 1
	if mirror {
		n = len(targets)
	}
	l := &Ledger{targets: slices.Clone(targets), mirror: mirror, lanes: make([]lane, n), lookup: map[string]*identities{}}
	for i := range l.lanes {
		l.lanes[i] = lane{other: map[int64][]uint32{}, again: map[int64]bool{}}
	}
	return l
}

// Targets are the targets of the seed.
func (l *Ledger) Targets() []string { return l.targets }

// Mirror reports whether every record goes to every target.
func (l *Ledger) Mirror() bool { return l.mirror }

// Entry is a record when it becomes due.
type Entry struct {
	Due time.Duration // since run.started
	Key uint32        // records of the same key have an order among each other
	// Fields are the record's attributes as they are sent; used for checksums and identities only.
	Fields []Field
}

// Field is one attribute of a record.
type Field struct {
	Name  string
	Value json.RawMessage
}

// Add takes the next record and returns its number.
func (l *Ledger) Add(e Entry) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := int64(len(l.due))
	l.due = append(l.due, e.Due)
	l.key = append(l.key, e.Key)
	for i := range l.lanes {
		l.lanes[i].last = append(l.lanes[i].last, 0)
	}
	l.counts.Due++
	for _, k := range l.keys {
		if v, ok := e.at(k); ok {
			l.lookup[k].add(v, seq)
		}
	}
	for _, f := range e.Fields {
		l.sum(seq, f)
	}
	for i := range l.sums {
		for int64(len(l.sums[i])) <= seq {
			l.sums[i] = append(l.sums[i], 0)
		}
	}
	return seq
}

// at is the value at a path in the record; dots lead into nested objects, as in Lookup.
func (e Entry) at(path string) (json.RawMessage, bool) {
	for _, f := range e.Fields {
		if f.Name == path {
			return f.Value, true
		}
	}
	for _, f := range e.Fields {
		if rest, ok := strings.CutPrefix(path, f.Name+"."); ok {
			return Lookup(f.Value, rest)
		}
	}
	return nil, false
}

// sum notes a field's checksum.
func (l *Ledger) sum(seq int64, f Field) {
	i := slices.Index(l.fields, f.Name)
	if i < 0 {
		if len(l.fields) == maxFields {
			return
		}
		i = len(l.fields)
		l.fields = append(l.fields, f.Name)
		l.sums = append(l.sums, make([]uint32, seq, cap(l.due)))
	}
	for int64(len(l.sums[i])) < seq {
		l.sums[i] = append(l.sums[i], 0)
	}
	if int64(len(l.sums[i])) == seq {
		l.sums[i] = append(l.sums[i], checksum(f.Value))
	}
}

// Settle writes down that the records had this attempt. A record that had an attempt before and was not refused
// counts as resent; its outcome is that of the attempt that went best.
func (l *Ledger) Settle(seqs []int64, a Attempt) {
	if len(seqs) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts = append(l.attempts, a)
	n := uint32(len(l.attempts))
	ln := &l.lanes[0]
	if l.mirror {
		ln = &l.lanes[a.Target]
	}
	for _, seq := range seqs {
		l.settle(ln, seq, n, a)
	}
}

func (l *Ledger) settle(ln *lane, seq int64, n uint32, a Attempt) {
	was := ln.last[seq]
	if was == 0 {
		l.count(a.Outcome, 1)
		if a.Outcome != Unsent {
			l.counts.Sent++
		}
		ln.last[seq] = n
		return
	}
	old := l.attempts[was-1]
	if a.Outcome != Unsent {
		if old.Outcome == Unsent {
			l.counts.Sent++
		} else {
			l.counts.Resent++
			ln.again[seq] = true
		}
	}
	keep := n
	if better(old.Outcome, a.Outcome) {
		keep = was
	}
	gone := was + n - keep
	if o := l.attempts[gone-1].Outcome; o == Acked || o == Indeterminate {
		ln.other[seq] = append(ln.other[seq], gone)
	}
	l.count(old.Outcome, -1)
	l.count(l.attempts[keep-1].Outcome, 1)
	ln.last[seq] = keep
}

// better reports whether a record stays with the outcome it has.
func better(old, now Outcome) bool {
	weight := [...]int{Pending: 0, Unsent: 1, Rejected: 2, Indeterminate: 3, Acked: 4}
	return weight[old] > weight[now] || old == Acked
}

func (l *Ledger) count(o Outcome, by int64) {
	switch o {
	case Acked:
		l.counts.Acked += by
	case Rejected:
		l.counts.Rejected += by
	case Indeterminate:
		l.counts.Indeterminate += by
	case Unsent:
		l.counts.Unsent += by
	case Pending:
	}
}

// Counts returns the totals.
func (l *Ledger) Counts() Counts {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.counts
}

// Len is how many records have become due.
func (l *Ledger) Len() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return int64(len(l.due))
}

// Record is what the ledger knows of one record in one lane.
type Record struct {
	Seq    int64
	Key    uint32
	Due    time.Duration
	Resent bool
	Attempt
	// Earlier are attempts before or beside Attempt that may have put the record in as well.
	Earlier []Attempt
}

// Lanes is how many outcomes each record has: 1, or the number of targets of a mirrored seed.
func (l *Ledger) Lanes() int { return len(l.lanes) }

// Record returns record seq of a lane, or an error when there is none.
func (l *Ledger) Record(lane int, seq int64) (Record, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if seq < 0 || seq >= int64(len(l.due)) || lane < 0 || lane >= len(l.lanes) {
		return Record{}, fmt.Errorf("the ledger has no record %d in lane %d", seq, lane)
	}
	return l.record(lane, seq), nil
}

func (l *Ledger) record(lane int, seq int64) Record {
	ln := &l.lanes[lane]
	r := Record{Seq: seq, Key: l.key[seq], Due: l.due[seq], Resent: ln.again[seq]}
	if n := ln.last[seq]; n > 0 {
		r.Attempt = l.attempts[n-1]
	}
	for _, n := range ln.other[seq] {
		r.Earlier = append(r.Earlier, l.attempts[n-1])
	}
	return r
}

// Each calls fn with every record of a lane in order until fn returns false. The ledger is locked meanwhile.
func (l *Ledger) Each(lane int, fn func(Record) bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for seq := range int64(len(l.due)) {
		if !fn(l.record(lane, seq)) {
			return
		}
	}
}

// Acked lists the acknowledged records of a lane in order.
func (l *Ledger) Acked(lane int) []int64 {
	var out []int64
	l.Each(lane, func(r Record) bool {
		if r.Outcome == Acked {
			out = append(out, r.Seq)
		}
		return true
	})
	return out
}

// Key returns the ordering key of a record.
func (l *Ledger) Key(seq int64) uint32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.key[seq]
}
