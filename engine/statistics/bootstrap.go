package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// resamples is how often a bootstrap draws: enough for the ends of an interval of 95% (Efron and Tibshirani, An
// Introduction to the Bootstrap, 14.3, ask for a thousand at least).
const resamples = 2000

// fewest is how many figures a bootstrap needs. With fewer, what was seen says too little about what was not.
const fewest = 6

// Mean is the average. It is infinite where a figure is, NaN for an empty sample.
func (s Sample) Mean() float64 { return sum(s) / float64(len(s)) }

// MeanInterval is the confidence interval of the mean, for which there are no order statistics: the bias-corrected and
// accelerated bootstrap (Efron 1987), with random numbers that are always the same. The confidence holds approximately, and
// less well the fewer figures there are and the longer their tail is. ok is false where it would say nothing: fewer than six
// figures, an infinite one, or all of them equal.
func (s Sample) MeanInterval(confidence float64) (i Interval, ok bool) {
	if !averages(s) {
		return Interval{}, false
	}
	return accelerated([]Sample{s.sorted()}, func(m []float64) float64 { return m[0] }, confidence)
}

// MeanDifference is by how much the mean of now is larger than that of base, with its interval by the same bootstrap, in
// which both are drawn anew. ok is false as for MeanInterval, of either.
func MeanDifference(base, now Sample, confidence float64) (d float64, i Interval, ok bool) {
	if !averages(base) || !averages(now) {
		return 0, Interval{}, false
	}
	i, ok = accelerated([]Sample{base.sorted(), now.sorted()}, func(m []float64) float64 { return m[1] - m[0] }, confidence)
	return now.Mean() - base.Mean(), i, ok
}

// MedianDifference is by how much the median of now is larger than that of base, with its interval by the bootstrap of
// percentiles: medians are not smooth, so there is no acceleration to be estimated. What never came is longer than anything
// else. An end may be infinite; a draw in which both medians are is counted towards both ends. ok is false where there are
// fewer than six figures of either, or a median is itself infinite.
func MedianDifference(base, now Sample, confidence float64) (d float64, i Interval, ok bool) {
	d = now.Quantile(0.5) - base.Quantile(0.5)
	if len(base) < fewest || len(now) < fewest || math.IsNaN(d) || math.IsInf(d, 0) {
		return 0, Interval{}, false
	}
	r := random(base, now)
	b, n := base.sorted(), now.sorted()
	var all []float64
	unknown := 0
	for range resamples {
		if x := n.drawnMedian(r) - b.drawnMedian(r); math.IsNaN(x) {
			unknown++
		} else {
			all = append(all, x)
		}
	}
	tail := int((1 - confidence) / 2 * resamples)
	slices.Sort(all)
	i = Interval{Low: math.Inf(-1), High: math.Inf(1), Confidence: confidence}
	if at := tail - unknown; at >= 0 && at < len(all) {
		i.Low = all[at]
	}
	if at := resamples - 1 - tail; at < len(all) {
		i.High = all[at]
	}
	return d, i, true
}

// averages says whether the mean of a sample can be bootstrapped.
func averages(s Sample) bool {
	return len(s) >= fewest && !math.IsInf(s.Mean(), 0) && slices.Min(s) < slices.Max(s)
}

// random are random numbers that are the same for samples of the same sizes.
func random(samples ...Sample) *rand.Rand {
	seed := uint64(0)
	for _, s := range samples {
		seed = seed*1_000_003 + uint64(len(s))
	}
	return rand.New(rand.NewPCG(seed, resamples))
}

// drawnMedian is the median of as many figures drawn from a sorted sample, with repetition.
func (s Sample) drawnMedian(r *rand.Rand) float64 {
	times := make([]int, len(s))
	for range s {
		times[r.IntN(len(s))]++
	}
	left := (len(s) + 1) / 2
	for i, n := range times {
		if left -= n; left <= 0 {
			return s[i]
		}
	}
	return s[len(s)-1]
}

// accelerated is the interval of a function of the means of samples.
func accelerated(samples []Sample, of func(means []float64) float64, confidence float64) (Interval, bool) {
	r := random(samples...)
	means := make([]float64, len(samples))
	for k, s := range samples {
		means[k] = s.Mean()
	}
	seen := of(means)
	// How the figure changes as one is left out: the skewness of that is the acceleration.
	var cubes, squares float64
	for k, s := range samples {
		n := float64(len(s))
		mean := means[k]
		for _, x := range s {
			means[k] = (mean*n - x) / (n - 1)
			change := (seen - of(means)) * (n - 1) / n
			cubes, squares = cubes+change*change*change, squares+change*change
		}
		means[k] = mean
	}
	if squares == 0 {
		return Interval{}, false
	}
	acceleration := cubes / (6 * math.Pow(squares, 1.5))
	all := make([]float64, resamples)
	below := 0.0
	for i := range all {
		for k, s := range samples {
			total := 0.0
			for range s {
				total += s[r.IntN(len(s))]
			}
			means[k] = total / float64(len(s))
		}
		all[i] = of(means)
		switch {
		case all[i] < seen:
			below++
		case all[i] == seen:
			below += 0.5
		}
	}
	slices.Sort(all)
	bias := normalQuantile(min(max(below, 1), resamples-1) / resamples)
	end := func(p float64) float64 {
		z := bias + normalQuantile(p)
		share := normal(bias + z/(1-acceleration*z))
		return all[min(max(int(share*resamples), 0), resamples-1)]
	}
	return Interval{Low: end((1 - confidence) / 2), High: end((1 + confidence) / 2), Confidence: confidence}, true
}

func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// QuantileInterval is the confidence interval of a quantile by order statistics, as Median's: the figures at ranks between
// which it lies for certain as often as is asked for, half of the rest on either side. It holds for any distribution, where the
// bootstrap of a high quantile does not: that never looks beyond the longest that was seen. Where there are too few figures, an
// end is infinite: the longest seen says nothing against longer ones.
func (s Sample) QuantileInterval(q, confidence float64) Interval {
	n := len(s)
	i := Interval{Low: math.Inf(-1), High: math.Inf(1), Confidence: 1}
	if n == 0 || q <= 0 || q >= 1 {
		return i
	}
	x, half := s.sorted(), (1-confidence)/2
	// The k-th figure is above the quantile if fewer than k lie below it, so with P(Bin(n, q) < k).
	at := func(j int) float64 {
		return math.Exp(logChoose(n, j) + float64(j)*math.Log(q) + float64(n-j)*math.Log1p(-q))
	}
	for k, tail := 0, 0.0; k < n; k++ {
		if tail += at(k); tail > half {
			break
		}
		i.Low, i.Confidence = x[k], 1-tail
	}
	for k, tail := n, 0.0; k > 0; k-- {
		before := tail
		if tail += at(k); tail > half {
			i.Confidence -= before
			break
		}
		i.High = x[k-1]
	}
	return i
}
