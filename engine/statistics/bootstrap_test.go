package statistics_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/statistics"
)

// The true mean lies in the interval about as often as is said, for distributions of which one has no tail and one a long one.
func TestTheIntervalOfTheMeanHoldsAboutAsOftenAsItSays(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for name, tc := range map[string]struct {
		draw        func() float64
		mean        float64
		least, most float64
	}{
		"uniform":     {r.Float64, 0.5, 0.91, 0.98},
		"exponential": {r.ExpFloat64, 1, 0.88, 0.97},
	} {
		in, trials := 0, 300
		for range trials {
			var s statistics.Sample
			for range 25 {
				s = append(s, tc.draw())
			}
			if i, ok := s.MeanInterval(0.95); ok && i.Low <= tc.mean && tc.mean <= i.High {
				in++
			}
		}
		if got := float64(in) / float64(trials); got < tc.least || got > tc.most {
			t.Errorf("%s: it held in %.3f", name, got)
		}
	}
}

// A difference of two lies in its interval about as often as is said, and zero does not where they differ clearly.
func TestDifferencesHaveIntervals(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	sample := func(shift float64, n int) (s statistics.Sample) {
		for range n {
			s = append(s, shift+r.NormFloat64())
		}
		return s
	}
	for name, between := range map[string]func(base, now statistics.Sample, confidence float64) (float64, statistics.Interval, bool){
		"mean": statistics.MeanDifference, "median": statistics.MedianDifference,
	} {
		in, apart, trials := 0, 0, 300
		for range trials {
			d, i, ok := between(sample(10, 20), sample(13, 15), 0.95)
			if !ok || d < i.Low || d > i.High {
				t.Fatalf("%s: %v is not in %+v", name, d, i)
			}
			if i.Low <= 3 && 3 <= i.High {
				in++
			}
			if i.Low > 0 {
				apart++
			}
		}
		if got := float64(in) / float64(trials); got < 0.9 || got > 0.99 {
			t.Errorf("%s: it held in %.3f", name, got)
		}
		if apart < trials*99/100 {
			t.Errorf("%s: three standard deviations were seen in %d of %d", name, apart, trials)
		}
	}
}

// The same figures give the same interval, in whichever order; a shift and a scale move it.
func TestIntervalsAreRepeatable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := statistics.Sample(rapid.SliceOfNDistinct(rapid.Float64Range(1, 100), 6, 12, func(x float64) float64 { return x }).Draw(t, "s"))
		i, ok := s.MeanInterval(0.9)
		turned := rapid.Permutation(s).Draw(t, "turned")
		j, ok2 := turned.MeanInterval(0.9)
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
		if !ok || !ok2 || !near(i.Low, j.Low) || !near(i.High, j.High) {
			t.Fatalf("%v %+v, %v %+v", ok, i, ok2, j)
		}
		if i.Low > s.Mean()+1e-9 || i.High < s.Mean()-1e-9 || i.Low < s.Quantile(0) || i.High > s.Quantile(1) {
			t.Fatalf("%+v does not hold %v", i, s.Mean())
		}
	})
}

func TestWhatCannotBeBootstrappedIsNot(t *testing.T) {
	six := statistics.Sample{1, 2, 3, 4, 5, 6}
	for name, s := range map[string]statistics.Sample{"nothing": nil, "five": six[:5], "one never": {1, 2, 3, 4, 5, inf}, "all equal": {2, 2, 2, 2, 2, 2}} {
		if i, ok := s.MeanInterval(0.95); ok {
			t.Errorf("%s: %+v", name, i)
		}
		if _, i, ok := statistics.MeanDifference(six, s, 0.95); ok {
			t.Errorf("against %s: %+v", name, i)
		}
	}
	if _, _, ok := statistics.MedianDifference(six, six[:5], 0.95); ok {
		t.Error("five are too few")
	}
	if _, _, ok := statistics.MedianDifference(six, statistics.Sample{1, 1, inf, inf, inf, inf}, 0.95); ok {
		t.Error("the median is that it never comes")
	}
	// Where it often never comes, nothing bounds how much longer it takes.
	if d, i, ok := statistics.MedianDifference(six, statistics.Sample{1, 2, 3, 4, inf, inf, inf}, 0.95); !ok || d != 1 || !math.IsInf(i.High, 1) || i.Low > 1 {
		t.Errorf("%v %+v %v", d, i, ok)
	}
	// Where both often never come, it is not known which is longer.
	often := statistics.Sample{1, 2, 3, 4, inf, inf, inf}
	if _, i, ok := statistics.MedianDifference(often, often, 0.95); !ok || !math.IsInf(i.High, 1) || !math.IsInf(i.Low, -1) {
		t.Errorf("%+v %v", i, ok)
	}
}

// Fewer than 41 of 50 lie below the 90% quantile in 2.45% of all samples, all of them in 0.52%: so it lies between the 41st and
// the 50th in 97.03%. Of 20, all lie below it in 12%, and nothing bounds it from above.
func TestQuantilesHaveIntervalsByOrderStatistics(t *testing.T) {
	var s statistics.Sample
	for i := range 50 {
		s = append(s, float64(i+1))
	}
	i := s.QuantileInterval(0.9, 0.95)
	if i.Low != 41 || i.High != 50 || math.Abs(i.Confidence-0.9703) > 1e-4 {
		t.Errorf("of 50: %+v", i)
	}
	if i := s[:20].QuantileInterval(0.9, 0.95); !math.IsInf(i.High, 1) || i.Low < 14 || i.Low > 16 {
		t.Errorf("of 20: %+v", i)
	}
	m, _ := s.Median(0.95)
	if i := s.QuantileInterval(0.5, 0.95); i.Low != m.Low || i.High != m.High || math.Abs(i.Confidence-m.Confidence) > 1e-9 {
		t.Errorf("the median: %+v, want %+v", i, m)
	}
	if i := statistics.Sample(nil).QuantileInterval(0.9, 0.95); !math.IsInf(i.Low, -1) || !math.IsInf(i.High, 1) {
		t.Errorf("of nothing: %+v", i)
	}
}

// The true quantile lies in the interval at least as often as is said.
func TestTheIntervalOfAQuantileHoldsAsOftenAsItSays(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	in, trials := 0, 2000
	for range trials {
		var s statistics.Sample
		for range 60 {
			s = append(s, r.Float64())
		}
		if i := s.QuantileInterval(0.9, 0.95); i.Low <= 0.9 && 0.9 <= i.High {
			in++
		}
	}
	if got := float64(in) / float64(trials); got < 0.94 || got > 0.995 {
		t.Errorf("it held in %.3f", got)
	}
}
