package measure

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// IDs makes and reads the ids of one seed's records: eight hexadecimal digits that belong to the run's seed and
// the step, a dash, and the record's number.
type IDs struct{ prefix string }

const idPrefix = 8

// NewIDs returns the ids of a step in a run.
func NewIDs(runSeed uint64, step string) IDs {
	sum := sha256.Sum256([]byte(strconv.FormatUint(runSeed, 16) + "\x00" + step))
	return IDs{prefix: hex.EncodeToString(sum[:])[:idPrefix] + "-"}
}

// ID is the id of record seq.
func (i IDs) ID(seq int64) string { return i.prefix + strconv.FormatInt(seq, 10) }

// Prefix is what all ids of the step begin with.
func (i IDs) Prefix() string { return i.prefix }

// Owner says whose record an item is.
type Owner int

// The owners.
const (
	Nobody Owner = iota // not known to be anybody's
	Ours                // a record of the seed, Seq says which
	Others              // the id of a record of some other seed
)

// read takes an id apart. Others is anything in the form of an id with another prefix.
func (i IDs) read(text string) (int64, Owner) {
	if len(text) < idPrefix+2 || text[idPrefix] != '-' {
		return 0, Nobody
	}
	digits := text[idPrefix+1:]
	seq, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || seq < 0 || strconv.FormatInt(seq, 10) != digits {
		return 0, Nobody
	}
	if text[:idPrefix+1] == i.prefix {
		return seq, Ours
	}
	if strings.Trim(text[:idPrefix], "0123456789abcdef") == "" {
		return 0, Others
	}
	return 0, Nobody
}

// Number is the number of the record with an id, if the id is one of the step's.
func (i IDs) Number(id string) (int64, bool) {
	seq, own := i.read(id)
	return seq, own == Ours
}

// Text is the text of a JSON string or number: an id may come back as either. It reports false for anything else.
func Text(v json.RawMessage) (string, bool) {
	b, ok := scalar(v)
	return string(b), ok
}

// identities finds records by the values of one field.
type identities struct {
	direct bool // the field is the record's own number
	seqs   map[uint64]int64
	twins  map[int64]bool // records that share their value with another
}

func (d *identities) add(v json.RawMessage, seq int64) {
	if d.direct || d.seqs == nil {
		return
	}
	h := hash64(v)
	if first, ok := d.seqs[h]; ok {
		d.twins[first], d.twins[seq] = true, true
		return
	}
	d.seqs[h] = seq
}

// IdentifyBy makes records findable by a field. It is called before the first record is added.
func (l *Ledger) IdentifyBy(field string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lookup[field] == nil {
		l.lookup[field] = &identities{}
		l.keys = append(l.keys, field)
	}
}

// Begin is called by the seed before its first record. ids tells its records from others'; how says for each
// field of the records whether it holds the id, the number, or something that must be remembered. A field by
// which records are to be found and which identifies nothing is an error.
func (l *Ledger) Begin(ids IDs, how func(field string) Identity) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids, l.begun = ids, true
	for _, k := range slices.Sorted(slices.Values(l.keys)) {
		d := l.lookup[k]
		switch how(k) {
		case ByID:
		case ByNumber:
			d.direct = true
		case ByValue:
			d.seqs, d.twins = map[uint64]int64{}, map[int64]bool{}
		case ByNothing:
			return fmt.Errorf("the audit finds records by %q, which no record of the seed tells apart: give the records a field %q of record.id, record.seq or a template with {id}", k, k)
		}
	}
	return nil
}

// Identity is how a field tells one record from another.
type Identity int

// The identities.
const (
	ByNothing Identity = iota
	ByID               // the field holds record.id
	ByNumber           // the field holds record.seq
	ByValue            // the field's values differ and are remembered
)

// Find says whose record an item with this value in the field is.
func (l *Ledger) Find(field string, v json.RawMessage) (int64, Owner) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	d := l.lookup[field]
	if d == nil || !l.begun {
		return 0, Nobody
	}
	text, ok := scalar(v)
	if !ok {
		return 0, Nobody
	}
	if seq, own := l.ids.read(string(text)); own != Nobody {
		return l.known(seq, own)
	}
	switch {
	case d.direct:
		if seq, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			return l.known(seq, Ours)
		}
	case d.seqs != nil:
		if seq, ok := d.seqs[hash64(v)]; ok {
			return seq, Ours
		}
	}
	return 0, Nobody
}

func (l *Ledger) known(seq int64, own Owner) (int64, Owner) {
	if own == Ours && (seq < 0 || seq >= int64(len(l.due))) {
		return 0, Nobody
	}
	return seq, own
}

// Twins are the records that share their value of a field with another, so that nobody can tell them apart.
func (l *Ledger) Twins(field string) map[int64]bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := map[int64]bool{}
	if d := l.lookup[field]; d != nil {
		maps.Copy(out, d.twins)
	}
	return out
}

// ID is the id of a record for people.
func (l *Ledger) ID(seq int64) string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.ids.ID(seq)
}
