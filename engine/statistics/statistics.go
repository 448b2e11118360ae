// Package statistics says what many measurements of one thing say together: how they are distributed, how sure that is, and
// whether there is evidence that they became worse.
//
// Figures may be +Inf: what was waited for never came. So evidence rests on ranks and order statistics, and on no shape of the
// distribution. Means and differences, for which there are none, have intervals by the bootstrap where all figures are finite.
// It knows nothing of runs.
package statistics

import (
	"math"
	"slices"
)

// Sample is what was measured, in any order. NaN is not allowed.
type Sample []float64

// sorted is a sample in order, the least first.
func (s Sample) sorted() Sample {
	out := slices.Clone(s)
	slices.Sort(out)
	return out
}

// Quantile is the nearest-rank quantile: the least figure that at least the share q of the sample does not exceed.
// NaN for an empty sample.
func (s Sample) Quantile(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	k := int(math.Ceil(q*float64(len(s)) - 1e-9))
	return s.sorted()[min(max(k, 1), len(s))-1]
}

// Interval is what a figure lies in with a confidence.
type Interval struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"` // what it really is; at least what was asked for
}

// Median is the confidence interval of the median by order statistics (Conover, Practical Nonparametric Statistics,
// 3.2): the figures at ranks k and n+1-k, k as large as the binomial distribution allows. It holds for any distribution.
// ok is false where the sample is too small for the confidence (fewer than six for 95%).
func (s Sample) Median(confidence float64) (i Interval, ok bool) {
	n := len(s)
	tail := 0.0 // P(Bin(n, 1/2) < k)
	k, at := 0, 0.0
	for j := range n / 2 {
		tail += math.Exp(logChoose(n, j) - float64(n)*math.Ln2)
		if 2*tail > 1-confidence {
			break
		}
		k, at = j+1, tail
	}
	if k == 0 {
		return Interval{}, false
	}
	x := s.sorted()
	return Interval{Low: x[k-1], High: x[n-k], Confidence: 1 - 2*at}, true
}

// MaxCovers is the share of all runs that, with the confidence, take no longer than the longest of n: the share q for
// which 1 - q^n = confidence (Wilks 1941). 0 for n = 0.
func MaxCovers(n int, confidence float64) float64 {
	if n == 0 {
		return 0
	}
	return math.Pow(1-confidence, 1/float64(n))
}

// Share is the interval of Wilson (1927) for a share of which k in n were seen. It holds approximately; n = 0 is [0, 1].
func Share(k, n int, confidence float64) Interval {
	if n == 0 {
		return Interval{0, 1, confidence}
	}
	z := math.Sqrt2 * math.Erfinv(confidence)
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	low, high := max(mid-half, 0), min(mid+half, 1)
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return Interval{low, high, confidence}
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n) + 1)
	b, _ := math.Lgamma(float64(k) + 1)
	c, _ := math.Lgamma(float64(n-k) + 1)
	return a - b - c
}
