package measure

import (
	"math"
	"math/bits"
	"time"
)

// Histogram counts times in buckets that are narrow beside what they hold: each octave is cut into equal parts, so that a time
// is known to one part in parts, whatever its size, and memory does not grow with what is counted. It is the layout that HDR
// histograms have.
type Histogram struct {
	counts  []int64
	total   int64
	endless int64 // times that have no bound
}

// The layout. Times are counted in microseconds; below parts of them each has a bucket of its own.
const (
	partBits = 7
	parts    = 1 << partBits
	// HistogramUnit is the shortest time that is told from none.
	HistogramUnit = time.Microsecond
)

// HistogramPrecision is the share by which a time that is read off may be off.
const HistogramPrecision = 1.0 / parts

// Endless is a time without a bound.
const Endless = time.Duration(math.MaxInt64)

// bucket is where a time is counted.
func bucket(d time.Duration) int {
	v := uint64(max(d, 0) / HistogramUnit)
	if v < parts {
		return int(v)
	}
	shift := bits.Len64(v) - partBits - 1
	return (shift+1)*parts + int(v>>shift) - parts
}

// edges are what a bucket holds: from low, inclusive, to below high.
func edges(b int) (low, high time.Duration) {
	if b < parts {
		return time.Duration(b) * HistogramUnit, time.Duration(b+1) * HistogramUnit
	}
	shift := b/parts - 1
	v := uint64(parts + b%parts)
	return time.Duration(v<<shift) * HistogramUnit, time.Duration((v+1)<<shift) * HistogramUnit
}

// Add counts a time; Endless is one without a bound.
func (h *Histogram) Add(d time.Duration) {
	h.total++
	if d == Endless {
		h.endless++
		return
	}
	b := bucket(d)
	for len(h.counts) <= b {
		h.counts = append(h.counts, make([]int64, max(len(h.counts), parts))...)
	}
	h.counts[b]++
}

// Len is how many times were counted.
func (h *Histogram) Len() int64 { return h.total }

// Rank returns the bounds of the time with a nearest rank, a share of 1 being the greatest. high is Endless where there is
// none.
func (h *Histogram) Rank(share float64) (low, high time.Duration) {
	n := max(1, int64(math.Ceil(share*float64(h.total))))
	for b, c := range h.counts {
		if n -= c; n <= 0 {
			return edges(b)
		}
	}
	return Endless, Endless
}
