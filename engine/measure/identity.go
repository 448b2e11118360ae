package measure

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
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

// Append appends the id of record seq.
func (i IDs) Append(b []byte, seq int64) []byte {
	return strconv.AppendInt(append(b, i.prefix...), seq, 10)
}

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
func (i IDs) read(text []byte) (int64, Owner) {
	if len(text) < idPrefix+2 || text[idPrefix] != '-' {
		return 0, Nobody
	}
	seq, ok := natural(text[idPrefix+1:])
	switch {
	case !ok:
		return 0, Nobody
	case string(text[:idPrefix+1]) == i.prefix:
		return seq, Ours
	case len(bytes.Trim(text[:idPrefix], "0123456789abcdef")) == 0:
		return 0, Others
	}
	return 0, Nobody
}

// Number is the number of the record whose id is the value of a field, if the id is one of the step's.
func (i IDs) Number(field json.RawMessage) (int64, bool) {
	text, ok := scalar(field)
	if !ok {
		return 0, false
	}
	seq, own := i.read(text)
	return seq, own == Ours
}

// natural reads a number without sign or leading zeros.
func natural(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) > 18 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := int64(0)
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
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

// maxAudits bounds how many audits may look at one seed.
const maxAudits = 64

// Watch makes records findable by a field for one audit, whose number it returns. It is called before the first record
// is added.
func (l *Ledger) Watch(field string) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.audits == maxAudits {
		return 0, fmt.Errorf("a seed can be audited %d times at most", maxAudits)
	}
	if !slices.Contains(l.keys, field) {
		l.keys = append(l.keys, field)
	}
	l.audits++
	return l.audits - 1, nil
}

// Begin is called by the seed before its first record. ids tells its records from others'; how says for each
// field of the records whether it holds the id, the number, or something that must be remembered; again tells the
// records again. A field by which records are to be found and which identifies nothing is an error.
func (l *Ledger) Begin(ids IDs, how func(field string) Identity, again func() (Source, error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids, l.open = ids, again
	for _, k := range slices.Sorted(slices.Values(l.keys)) {
		l.how[k] = how(k)
		switch l.how[k] {
		case ByID, ByNumber:
		case ByValue:
			l.values[k] = &index{scratch: Scratch{Folder: l.scratch.Folder}}
		case ByNothing:
			return fmt.Errorf("the audit finds records by %q, which no record of the seed tells apart: give the records a field %q of record.id, record.seq or a template with {id}", k, k)
		}
	}
	l.begun = true
	return nil
}

// ID is the id of a record for people.
func (l *Ledger) ID(seq int64) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids.ID(seq)
}

// Reader finds records by one field and tells them again, for one goroutine at a time.
type Reader struct {
	l      *Ledger
	field  string
	how    Identity
	ids    IDs
	source Source
	n      int64
}

// Reader returns a reader for a field that was given to Watch; nil before the seed has begun.
func (l *Ledger) Reader(field string) (*Reader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun {
		return nil, nil
	}
	how, ok := l.how[field]
	if !ok {
		return nil, fmt.Errorf("nobody said that records are found by %q", field)
	}
	src, err := l.open()
	if err != nil {
		return nil, fmt.Errorf("read the records of the seed again: %w", err)
	}
	return &Reader{l: l, field: field, how: how, ids: l.ids, source: src}, nil
}

// Refresh takes note of the records that have become due. Others are not found.
func (r *Reader) Refresh() { r.n = r.l.Len() }

// Again tells a record again. It is good until the next call of a method.
func (r *Reader) Again(seq int64) (*Original, error) { return r.source.Again(seq) }

// Find says whose record an item with this value in the field is.
func (r *Reader) Find(v json.RawMessage) (int64, Owner, error) {
	text, ok := scalar(v)
	if !ok {
		return 0, Nobody, nil
	}
	seq, own := r.ids.read(text)
	if own == Nobody && r.how == ByNumber {
		if n, ok := natural(text); ok {
			seq, own = n, Ours
		}
	}
	if own == Nobody && r.how == ByValue {
		return r.byValue(text)
	}
	if own == Ours && seq >= r.n {
		return 0, Nobody, nil
	}
	return seq, own, nil
}

// byValue finds the record with a value: its hash says which it may be, and the records themselves which it is.
func (r *Reader) byValue(text []byte) (int64, Owner, error) {
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	seq, ok, err := r.l.values[r.field].find(hash64(text), func(seq int64) (bool, error) {
		if seq >= r.n {
			return false, nil
		}
		was, err := r.value(seq)
		return bytes.Equal(was, text), err
	})
	if !ok || err != nil {
		return 0, Nobody, err
	}
	return seq, Ours, nil
}

var errNoValue = errors.New("the record has lost its value since it was sent")

// value is the text that a record is found by.
func (r *Reader) value(seq int64) ([]byte, error) {
	o, err := r.source.Again(seq)
	if err != nil {
		return nil, err
	}
	v, ok := o.at(r.field)
	if !ok {
		return nil, errNoValue
	}
	return identifying(v), nil
}

// identifying is the text that stands for a value by which records are found.
func identifying(v json.RawMessage) []byte {
	if text, ok := scalar(v); ok {
		return text
	}
	return canonical(v)
}

// Twins adds the records that share their value of the field with another, so that nobody can tell them apart.
func (r *Reader) Twins(out *Set) error {
	if r.how != ByValue {
		return nil
	}
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	owners := map[string]int64{} // the first record with a value, of those with one hash
	return r.l.values[r.field].shared(func(seq int64, like bool) error {
		if !like {
			clear(owners)
		}
		text, err := r.value(seq)
		if err != nil {
			return err
		}
		if first, ok := owners[string(text)]; ok {
			out.Add(first)
			out.Add(seq)
			return nil
		}
		owners[string(text)] = seq
		return nil
	})
}
