package measure

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"slices"
	"sort"
)

const (
	// indexRun is how many entries of an index are in memory before they go to the scratch file.
	indexRun = 1 << 17
	// entrySize is how long an entry is in a scratch file.
	entrySize = 16
)

// index finds records by the hash of a value. The newest entries are in memory; older ones lie in the scratch file as
// sorted runs, 16 bytes a record, of which the newest is looked at first: a record that came out soon is found at once,
// one that nobody sent costs a look into each.
type index struct {
	scratch Scratch
	recent  map[uint64]int32 // hash to the newest place in entries
	entries []entry
	runs    []int64 // where each run of indexRun entries begins
	size    int     // indexRun, unless a test has less
}

type entry struct {
	hash  uint64
	seq   int64
	older int32 // place in entries + 1 of the one before with the same hash
}

func (x *index) add(v json.RawMessage, seq int64) error {
	if x.recent == nil {
		x.recent = map[uint64]int32{}
	}
	h := hash64(identifying(v))
	x.entries = append(x.entries, entry{h, seq, x.recent[h]})
	x.recent[h] = int32(len(x.entries))
	if len(x.entries) < cmp.Or(x.size, indexRun) {
		return nil
	}
	b := x.sorted()
	at, err := x.scratch.Append(b)
	if err != nil {
		return err // they stay in memory, and with the next one it is tried again
	}
	x.runs = append(x.runs, at)
	x.entries = x.entries[:0]
	clear(x.recent)
	return nil
}

// sorted is what is in memory as it is written.
func (x *index) sorted() []byte {
	sorted := slices.Clone(x.entries)
	slices.SortFunc(sorted, func(a, b entry) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.seq, b.seq)) })
	b := make([]byte, 0, len(sorted)*entrySize)
	for _, e := range sorted {
		b = binary.LittleEndian.AppendUint64(b, e.hash)
		b = binary.LittleEndian.AppendUint64(b, uint64(e.seq))
	}
	return b
}

func decodeEntry(b []byte) (hash uint64, seq int64) {
	return binary.LittleEndian.Uint64(b), int64(binary.LittleEndian.Uint64(b[8:]))
}

// find calls is with the records whose value has a hash, the newest first, until it says yes.
func (x *index) find(h uint64, is func(seq int64) (bool, error)) (int64, bool, error) {
	for i := x.recent[h]; i > 0; i = x.entries[i-1].older {
		seq := x.entries[i-1].seq
		if ok, err := is(seq); ok || err != nil {
			return seq, ok, err
		}
	}
	var seqs []int64
	for r := range slices.Backward(x.runs) {
		var err error
		if seqs, err = x.within(r, h, seqs[:0]); err != nil {
			return 0, false, err
		}
		for _, seq := range seqs {
			if ok, err := is(seq); ok || err != nil {
				return seq, ok, err
			}
		}
	}
	return 0, false, nil
}

// length is how many entries a run has.
func (x *index) length(r int) int {
	end := x.scratch.size
	if r+1 < len(x.runs) {
		end = x.runs[r+1]
	}
	return int((end - x.runs[r]) / entrySize)
}

// within finds a hash in a sorted run. Hashes are spread evenly, so that where one must be is known to within a few
// hundred entries; one read is nearly always enough.
func (x *index) within(r int, h uint64, out []int64) ([]int64, error) {
	const width = 1024
	n := x.length(r)
	low, high := 0, n // the first entry with the hash is in [low, high]
	guess := int(float64(h) / (1 << 64) * float64(n))
	buf := make([]byte, 0, width*entrySize)
	for {
		from := min(max(guess-width/2, low), max(high-width, low))
		to := min(from+width, n)
		buf = buf[:(to-from)*entrySize]
		if err := x.scratch.ReadAt(buf, x.runs[r]+int64(from)*entrySize); err != nil {
			return out, err
		}
		k := sort.Search(to-from, func(i int) bool { at, _ := decodeEntry(buf[i*entrySize:]); return at >= h })
		switch {
		case k == 0 && from > low:
			high, guess = from, (low+from)/2
			continue
		case k == to-from && to < high:
			low, guess = to, (to+high)/2
			continue
		}
		for i := from + k; i < n; i++ {
			if i == to {
				from, to = to, min(to+width, n)
				buf = buf[:(to-from)*entrySize]
				if err := x.scratch.ReadAt(buf, x.runs[r]+int64(from)*entrySize); err != nil {
					return out, err
				}
			}
			at, seq := decodeEntry(buf[(i-from)*entrySize:])
			if at != h {
				break
			}
			out = append(out, seq)
		}
		return out, nil
	}
}

// shared calls fn with each record whose hash several have; like says that the record before had the same. It reads
// every run once, side by side.
func (x *index) shared(fn func(seq int64, like bool) error) error {
	last := x.sorted()
	cursors := []*cursor{{left: len(last) / entrySize, buf: last}}
	for r := range x.runs {
		cursors = append(cursors, &cursor{x: x, at: x.runs[r], left: x.length(r)})
	}
	var open []*cursor
	for _, c := range cursors {
		more, err := c.next()
		if err != nil {
			return err
		}
		if more {
			open = append(open, c)
		}
	}
	h := heap(open)
	h.order()
	first, several := int64(0), false // of the hash that is looked at
	for hash, any := uint64(0), false; len(h) > 0; any = true {
		switch {
		case !any || h[0].hash != hash:
			hash, first, several = h[0].hash, h[0].seq, false
		case !several:
			several = true
			if err := fn(first, false); err != nil {
				return err
			}
			fallthrough
		default:
			if err := fn(h[0].seq, true); err != nil {
				return err
			}
		}
		more, err := h[0].next()
		if err != nil {
			return err
		}
		if !more {
			h[0] = h[len(h)-1]
			h = h[:len(h)-1]
		}
		if len(h) > 0 {
			h.sink(0)
		}
	}
	return nil
}

// cursor walks along a sorted run.
type cursor struct {
	x    *index
	at   int64 // of what is not in buf yet
	left int   // entries that are still to come
	buf  []byte
	hash uint64
	seq  int64
}

func (c *cursor) next() (bool, error) {
	if c.left == 0 {
		return false, nil
	}
	if len(c.buf) == 0 {
		c.buf = make([]byte, min(c.left, 256)*entrySize)
		if err := c.x.scratch.ReadAt(c.buf, c.at); err != nil {
			return false, err
		}
		c.at += int64(len(c.buf))
	}
	c.hash, c.seq = decodeEntry(c.buf)
	c.buf = c.buf[entrySize:]
	c.left--
	return true, nil
}

// heap has the cursor with the least hash in front.
type heap []*cursor

func (h heap) order() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
}

func (h heap) less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].hash, h[j].hash), cmp.Compare(h[i].seq, h[j].seq)) < 0
}

func (h heap) sink(i int) {
	for {
		least := i
		for _, k := range []int{2*i + 1, 2*i + 2} {
			if k < len(h) && h.less(k, least) {
				least = k
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
