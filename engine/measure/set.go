package measure

import (
	"math/bits"
	"sort"
)

const (
	chunkBits = 16
	// ChunkSize is how many records make a chunk.
	ChunkSize = 1 << chunkBits
	// manyRuns is the number of runs from which a bit for each record of a chunk is smaller.
	manyRuns = ChunkSize / 8 / 4
)

// Words has a bit for each record of a chunk.
type Words [ChunkSize / 64]uint64

// Has reports whether bit i is set.
func (w *Words) Has(i uint16) bool { return w[i>>6]&(1<<(i&63)) != 0 }

// Fill sets the bits from first to last.
func (w *Words) Fill(first, last uint16) {
	a, b := first>>6, last>>6
	low, high := ^uint64(0)<<(first&63), ^uint64(0)>>(63-last&63)
	if a == b {
		w[a] |= low & high
		return
	}
	w[a] |= low
	for i := a + 1; i < b; i++ {
		w[i] = ^uint64(0)
	}
	w[b] |= high
}

// Set is a set of record numbers. A chunk takes at most a bit for each of its records; one in which runs of numbers are
// there or missing takes four bytes a run, so that a chunk in which all or none are there takes next to nothing.
type Set struct {
	chunks []container
	hot    []int // chunks that may take less, once nobody adds to them
	n      int64
}

// container is one chunk: bits, or runs as pairs of the first and the last number of each.
type container struct {
	words *Words
	runs  []uint16
	n     int32
	hot   bool
}

// Len is how many numbers the set has.
func (s *Set) Len() int64 { return s.n }

// Has reports whether i is in the set.
func (s *Set) Has(i int64) bool {
	c := i >> chunkBits
	return c < int64(len(s.chunks)) && s.chunks[c].has(uint16(i))
}

func (c *container) has(i uint16) bool {
	if c.words != nil {
		return c.words.Has(i)
	}
	k := sort.Search(len(c.runs)/2, func(k int) bool { return c.runs[2*k+1] >= i })
	return k < len(c.runs)/2 && c.runs[2*k] <= i
}

// Add adds i, which is not negative, and reports whether it was not there.
func (s *Set) Add(i int64) bool {
	at, off := int(i>>chunkBits), uint16(i)
	for len(s.chunks) <= at {
		s.chunks = append(s.chunks, container{})
	}
	c := &s.chunks[at]
	if c.words == nil {
		if c.n > 0 && c.has(off) {
			return false
		}
		c.expand()
	}
	bit := uint64(1) << (off & 63)
	if c.words[off>>6]&bit != 0 {
		return false
	}
	c.words[off>>6] |= bit
	c.n++
	s.n++
	if !c.hot {
		c.hot = true
		s.hot = append(s.hot, at)
	}
	return true
}

// expand makes bits out of runs.
func (c *container) expand() {
	c.words = new(Words)
	for k := 0; k < len(c.runs); k += 2 {
		c.words.Fill(c.runs[k], c.runs[k+1])
	}
	c.runs = nil
}

// Squeeze makes the chunks before one as small as they can be, and returns which of them have changed since they last
// were.
func (s *Set) Squeeze(before int) []int {
	var done []int
	kept := s.hot[:0]
	for _, at := range s.hot {
		if at >= before {
			kept = append(kept, at)
			continue
		}
		s.chunks[at].squeeze()
		done = append(done, at)
	}
	s.hot = kept
	return done
}

func (c *container) squeeze() {
	c.hot = false
	if c.n == ChunkSize {
		c.words, c.runs = nil, []uint16{0, ChunkSize - 1}
		return
	}
	if n := c.words.count(); n < manyRuns {
		c.runs = make([]uint16, 0, 2*n)
		c.words.Each(func(first, last uint16) { c.runs = append(c.runs, first, last) })
		c.words = nil
	}
}

// count is how many runs of bits there are.
func (w *Words) count() int {
	n, carry := 0, uint64(0)
	for _, x := range w {
		n += bits.OnesCount64(x &^ (x<<1 | carry))
		carry = x >> 63
	}
	return n
}

// Each calls fn with the first and the last bit of every run of bits that are set.
func (w *Words) Each(fn func(first, last uint16)) {
	first, in := 0, false
	for i, x := range w {
		if x == 0 && !in || x == ^uint64(0) && in {
			continue
		}
		for at := 0; at < 64; {
			rest := x >> at
			if in {
				rest = ^rest
			}
			n := bits.TrailingZeros64(rest)
			if at += n; at >= 64 {
				break
			}
			if in {
				fn(uint16(first), uint16(i*64+at-1))
			} else {
				first = i*64 + at
			}
			in = !in
		}
	}
	if in {
		fn(uint16(first), ChunkSize-1)
	}
}

// Or adds the set's numbers of a chunk to bits.
func (s *Set) Or(chunk int, w *Words) {
	if chunk >= len(s.chunks) {
		return
	}
	c := &s.chunks[chunk]
	if c.words != nil {
		for i, x := range c.words {
			w[i] |= x
		}
		return
	}
	for k := 0; k < len(c.runs); k += 2 {
		w.Fill(c.runs[k], c.runs[k+1])
	}
}

// Any reports whether the set has a number of a chunk.
func (s *Set) Any(chunk int) bool { return chunk < len(s.chunks) && s.chunks[chunk].n > 0 }
