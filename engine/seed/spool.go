package seed

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/xdc-project/xdc/engine/measure"
)

// spool keeps the records that were read from a file, so that they can be told again: as they were sent, whatever
// happens to the file. They lie in a scratch file, and where each of them ends in another, eight bytes a record.
type spool struct {
	mu   sync.Mutex
	data *measure.Scratch
	ends *measure.Scratch
	raw  []byte // not written yet
	end  []byte
	size int64 // of all records
	n    int64 // records
}

// spoolBlock is about how much is written or read at once.
const spoolBlock = 64 << 10

func newSpool(l *measure.Ledger) *spool { return &spool{data: l.Scratch(), ends: l.Scratch()} }

func (s *spool) add(raw []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw = append(s.raw, raw...)
	s.size += int64(len(raw))
	s.end = binary.LittleEndian.AppendUint64(s.end, uint64(s.size))
	s.n++
	if len(s.raw) < spoolBlock && len(s.end) < spoolBlock {
		return nil
	}
	return s.flush()
}

func (s *spool) flush() error {
	if len(s.raw) > 0 {
		if _, err := s.data.Append(s.raw); err != nil {
			return fmt.Errorf("keep what was sent: %w", err)
		}
		s.raw = s.raw[:0]
	}
	if len(s.end) > 0 {
		if _, err := s.ends.Append(s.end); err != nil {
			return fmt.Errorf("keep what was sent: %w", err)
		}
		s.end = s.end[:0]
	}
	return nil
}

// spoolReader tells the records of a spool again. It implements measure.Source.
type spoolReader struct {
	s    *spool
	when when
	ends ends // where records end
	data []byte
	at   int64 // where data begins
	out  measure.Original
	seen map[string]int
}

// ends is a part of the numbers of a scratch file.
type ends struct {
	from int64
	b    []byte
}

func (s *spool) again(when when) measure.Source { return &spoolReader{s: s, when: when} }

// Again implements measure.Source.
func (r *spoolReader) Again(seq int64) (*measure.Original, error) {
	raw, err := r.raw(seq)
	if err != nil {
		return nil, fmt.Errorf("read record %d of the seed again: %w", seq, err)
	}
	r.out.Due, _ = r.when(seq)
	r.out.Fields = fieldsOf(raw, r.out.Fields, &r.seen)
	return &r.out, nil
}

// fieldsOf lists the fields of a record in their order, in place of what was in fields. Of several with one name the
// last counts, as JSON decoders have it.
func fieldsOf(raw []byte, fields []measure.Field, seen *map[string]int) []measure.Field {
	old, n := fields, 0
	fields = fields[:0]
	if *seen == nil {
		*seen = map[string]int{}
	}
	clear(*seen)
	measure.Members(raw, func(name, value []byte) {
		if i, ok := (*seen)[string(name)]; ok {
			fields[i].Value = value
			return
		}
		f := measure.Field{Value: value}
		if n < len(old) && old[n].Name == string(name) {
			f.Name = old[n].Name // records of one file mostly have the same names
		} else {
			f.Name = string(name)
		}
		(*seen)[f.Name] = n
		fields = append(fields, f)
		n++
	})
	return fields
}

// raw is a record as it was sent.
func (r *spoolReader) raw(seq int64) ([]byte, error) {
	from := int64(0)
	if seq > 0 {
		var err error
		if from, err = r.ending(seq - 1); err != nil {
			return nil, err
		}
	}
	to, err := r.ending(seq)
	if err != nil {
		return nil, err
	}
	if from < r.at || to > r.at+int64(len(r.data)) {
		r.s.mu.Lock()
		defer r.s.mu.Unlock()
		size := max(to-from, min(spoolBlock, r.s.data.Size()-from))
		if int64(cap(r.data)) < size {
			r.data = make([]byte, size)
		}
		r.data, r.at = r.data[:size], from
		if err := r.s.data.ReadAt(r.data, from); err != nil {
			r.data = nil
			return nil, err
		}
	}
	return r.data[from-r.at : to-r.at], nil
}

// ending is where a record ends.
func (r *spoolReader) ending(seq int64) (int64, error) {
	if i := 8 * (seq - r.ends.from); i >= 0 && i+8 <= int64(len(r.ends.b)) {
		return int64(binary.LittleEndian.Uint64(r.ends.b[i:])), nil
	}
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq < 0 || seq >= s.n {
		return 0, fmt.Errorf("there are %d", s.n)
	}
	if err := s.flush(); err != nil {
		return 0, err
	}
	if r.ends.b == nil {
		r.ends.b = make([]byte, spoolBlock/8)
	}
	r.ends.from = seq
	r.ends.b = r.ends.b[:min(int64(cap(r.ends.b)), 8*(s.n-seq))]
	if err := s.ends.ReadAt(r.ends.b, 8*seq); err != nil {
		r.ends.b = nil
		return 0, err
	}
	return int64(binary.LittleEndian.Uint64(r.ends.b)), nil
}
