package probe

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts times in buckets that are narrow beside what they hold: each octave is cut into equal parts, so that a time
// is known to one part in parts, whatever its size, and memory does not grow with what is counted. It is the layout that HDR
// histograms have.
type histogram struct {
	counts  []int64
	total   int64
	endless int64 // times that have no bound
}

// The layout. Times are counted in microseconds; below parts of them each has a bucket of its own.
const (
	partBits = 7
	parts    = 1 << partBits
	unit     = time.Microsecond
)

// precision is the share by which a time that is read off may be off.
const precision = 1.0 / parts

// endless is a time without a bound.
const endless = time.Duration(math.MaxInt64)

// bucket is where a time is counted.
func bucket(d time.Duration) int {
	v := uint64(max(d, 0) / unit)
	if v < parts {
		return int(v)
	}
	shift := bits.Len64(v) - partBits - 1
	return (shift+1)*parts + int(v>>shift) - parts
}

// edges are what a bucket holds: from low, inclusive, to below high.
func edges(b int) (low, high time.Duration) {
	if b < parts {
		return time.Duration(b) * unit, time.Duration(b+1) * unit
	}
	shift := b/parts - 1
	v := uint64(parts + b%parts)
	return time.Duration(v<<shift) * unit, time.Duration((v+1)<<shift) * unit
}

// add counts a time; endless is one without a bound.
func (h *histogram) add(d time.Duration) {
	h.total++
	if d == endless {
		h.endless++
		return
	}
	b := bucket(d)
	for len(h.counts) <= b {
		h.counts = append(h.counts, make([]int64, max(len(h.counts), parts))...)
	}
	h.counts[b]++
}

// rank returns the bounds of the time with a nearest rank, a share of 1 being the greatest. high is endless where there is
// none.
func (h *histogram) rank(share float64) (low, high time.Duration) {
	n := max(1, int64(math.Ceil(share*float64(h.total))))
	for b, c := range h.counts {
		if n -= c; n <= 0 {
			return edges(b)
		}
	}
	return endless, endless
}
