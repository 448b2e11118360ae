// Package measure turns what was observed into figures with bounds: recovery times out of conditions, and the
// ledger of a seed's records that an audit is held against.
//
// It waits for nothing and sends nothing: engine/exec says when to look, engine/seed writes the ledger, and
// engine/audit reads it.
package measure

import (
	"encoding/json"
	"errors"
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

// Ledger keeps what became of every record of one seed. The records themselves it does not keep: their Source tells
// them again. What it holds in memory is some 25 bytes a batch for the last few chunks of 65,536 records and for
// records that were acknowledged and have not come out; that of older chunks lies in a scratch file until it is asked
// for. Records are numbered from 0 in the order in which they are due. It is safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	targets []string
	mirror  bool

	n      int64
	lanes  []lane
	counts Counts
	audits int // how many audits look at it

	ids    IDs
	keys   []string
	how    map[string]Identity
	values map[string]*index // of the fields that identify by value
	open   func() (Source, error)
	begun  bool

	scratch Scratch
	lent    []*Scratch
	err     error
}

// NewLedger returns an empty ledger for a seed that sends to targets. With mirror every record goes to each of
// them and has an outcome at each. Scratch files are made in folder; "" is the system's folder for them.
func NewLedger(targets []string, mirror bool, folder string) *Ledger {
	n := 1
	if mirror {
		n = len(targets)
	}
	return &Ledger{
		targets: slices.Clone(targets), mirror: mirror, lanes: make([]lane, n),
		how: map[string]Identity{}, values: map[string]*index{}, scratch: Scratch{Folder: folder},
	}
}

// Targets are the targets of the seed.
func (l *Ledger) Targets() []string { return l.targets }

// Mirror reports whether every record goes to every target.
func (l *Ledger) Mirror() bool { return l.mirror }

// Lanes is how many outcomes each record has: 1, or the number of targets of a mirrored seed.
func (l *Ledger) Lanes() int { return len(l.lanes) }

// Field is one attribute of a record.
type Field struct {
	Name  string
	Value json.RawMessage
}

// Original is a record as it was sent.
type Original struct {
	Due    time.Duration // since run.started
	Key    uint32        // records of the same key have an order among each other
	Fields []Field
}

// at is the value at a path in the record; dots lead into nested objects, as in Lookup.
func (o *Original) at(path string) (json.RawMessage, bool) {
	for _, f := range o.Fields {
		if f.Name == path {
			return f.Value, true
		}
	}
	for _, f := range o.Fields {
		if rest, ok := strings.CutPrefix(path, f.Name+"."); ok {
			return Lookup(f.Value, rest)
		}
	}
	return nil, false
}

// Source tells the records of a seed again. It is used by one goroutine.
type Source interface {
	// Again returns record seq as it was sent. It is good until the next call.
	Again(seq int64) (*Original, error)
}

// Add takes the next record and returns its number. The record is looked at only where it is identified by a value.
func (l *Ledger) Add(o Original) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := l.n
	l.n++
	l.counts.Due++
	for k, x := range l.values {
		v, ok := o.at(k)
		if !ok {
			continue
		}
		if err := x.add(v, seq); err != nil {
			l.err = errors.Join(l.err, err)
		}
	}
	return seq
}

// Counts returns the totals.
func (l *Ledger) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// Len is how many records have become due.
func (l *Ledger) Len() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// Put is what went in at each target of the seed in a lane.
func (l *Ledger) Put(lane int) []Put {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lanes[lane].at(max(len(l.targets)-1, 0))
	return slices.Clone(l.lanes[lane].put)
}

// Record returns record seq of a lane, or an error when there is none. When and where a record was acknowledged at its
// first attempt is forgotten once it has come out.
func (l *Ledger) Record(lane int, seq int64) (Record, error) {
	if lane < 0 || lane >= len(l.lanes) || seq < 0 || seq >= l.Len() {
		return Record{}, fmt.Errorf("the ledger has no record %d in lane %d", seq, lane)
	}
	return l.Outcomes(lane, int(seq>>chunkBits)).Record(uint16(seq % ChunkSize)), nil
}

// Err is why something that was put aside could not be written or read again. What depends on it is unknown.
func (l *Ledger) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Scratch returns a scratch file that lasts as long as the ledger.
func (l *Ledger) Scratch() *Scratch {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &Scratch{Folder: l.scratch.Folder}
	l.lent = append(l.lent, s)
	return s
}

// Close removes the scratch files. Nothing may be asked after it.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	errs := []error{l.scratch.Close()}
	for _, x := range l.values {
		errs = append(errs, x.scratch.Close())
	}
	for _, s := range l.lent {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
