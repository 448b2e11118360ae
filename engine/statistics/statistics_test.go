package statistics_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/statistics"
)

var inf = math.Inf(1)

func TestQuantilesAreNearestRank(t *testing.T) {
	s := statistics.Sample{5, 1, inf, 3, 2}
	for q, want := range map[float64]float64{0: 1, 0.2: 1, 0.21: 2, 0.5: 3, 0.8: 5, 0.81: inf, 1: inf} {
		if got := s.Quantile(q); got != want {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if !math.IsNaN(statistics.Sample{}.Quantile(0.5)) {
		t.Error("nothing has a median")
	}
}

// The figures are those of the published table of the sign test: with ten, ranks 2 and 9 give 97.9%.
func TestTheMedianHasAnIntervalByOrderStatistics(t *testing.T) {
	var s statistics.Sample
	for i := range 10 {
		s = append(s, float64(10-i))
	}
	i, ok := s.Median(0.95)
	if !ok || i.Low != 2 || i.High != 9 || math.Abs(i.Confidence-0.97852) > 1e-4 {
		t.Errorf("got %+v, %v", i, ok)
	}
	if _, ok := s[:5].Median(0.95); ok {
		t.Error("five are too few for 95%")
	}
	if i, ok := s[:6].Median(0.95); !ok || i.Low != 5 || i.High != 10 {
		t.Errorf("of six: %+v, %v", i, ok)
	}
}

// The true median lies in the interval as often as is said, for a distribution of any shape.
func TestTheIntervalOfTheMedianHoldsAsOftenAsItSays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	in, trials := 0, 4000
	for range trials {
		var s statistics.Sample
		for range 15 {
			s = append(s, math.Exp(3*r.NormFloat64())) // its median is 1
		}
		if i, ok := s.Median(0.95); ok && i.Low <= 1 && i.High >= 1 {
			in++
		}
	}
	if got := float64(in) / float64(trials); got < 0.945 || got > 0.985 {
		t.Errorf("it held in %.3f", got)
	}
}

func TestTheLongestOfSomeRunsCoversAShareOfAll(t *testing.T) {
	if got := statistics.MaxCovers(59, 0.95); math.Abs(got-0.95) > 1e-3 { // Wilks: 59 runs for 95% at 95%
		t.Errorf("59 runs cover %v", got)
	}
	if statistics.MaxCovers(0, 0.95) != 0 || statistics.MaxCovers(1, 0.95) > 0.051 {
		t.Error("nothing, or one run, covers almost nothing")
	}
}

func TestSharesHaveIntervals(t *testing.T) {
	i := statistics.Share(8, 10, 0.95) // the worked example of Wilson's interval: 0.490 to 0.943
	if math.Abs(i.Low-0.4902) > 1e-3 || math.Abs(i.High-0.9433) > 1e-3 {
		t.Errorf("got %+v", i)
	}
	if i := statistics.Share(10, 10, 0.95); i.High != 1 || i.Low > 0.75 {
		t.Errorf("all of ten: %+v", i)
	}
	if i := statistics.Share(0, 0, 0.95); i.Low != 0 || i.High != 1 {
		t.Errorf("none of none: %+v", i)
	}
}

// slow counts every arrangement as it stands, without ranks made beforehand.
func slow(base, now []float64, tolerance float64) float64 {
	all := slices.Clone(now)
	for _, x := range base {
		all = append(all, x*(1+tolerance))
	}
	u := func(pick func(int) bool) float64 { // pairs in which a picked one is larger; half for equal ones
		t := 0.0
		for i, x := range all {
			for j, y := range all {
				if pick(i) && !pick(j) {
					switch {
					case x > y:
						t++
					case x == y:
						t += 0.5
					}
				}
			}
		}
		return t
	}
	seen := u(func(i int) bool { return i < len(now) })
	hit, count := 0, 0
	for set := range 1 << len(all) {
		n := 0
		for i := range all {
			n += set >> i & 1
		}
		if n != len(now) {
			continue
		}
		count++
		if u(func(i int) bool { return set>>i&1 == 1 }) >= seen-1e-9 {
			hit++
		}
	}
	return float64(hit) / float64(count)
}

func TestEvidenceIsThatOfThePlainCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		figure := rapid.SampledFrom([]float64{1, 2, 2.5, 3, 4, inf})
		base := rapid.SliceOfN(figure, 1, 5).Draw(t, "base")
		now := rapid.SliceOfN(figure, 1, 5).Draw(t, "now")
		tolerance := rapid.SampledFrom([]float64{0, 0.25, 1}).Draw(t, "tolerance")
		got, least := statistics.Larger(base, now, tolerance)
		if want := slow(base, now, tolerance); math.Abs(got-want) > 1e-9 || got < least-1e-9 {
			t.Fatalf("%v (at least %v), want %v", got, least, want)
		}
	})
}

// With equal distributions it raises the alarm no more often than it says; with others nearly always.
func TestNoiseIsNotEvidence(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alarms := func(shift float64) float64 {
		n, trials := 0, 400
		for range trials {
			var a, b statistics.Sample
			for range 8 {
				a, b = append(a, 10+r.NormFloat64()), append(b, 10+shift+r.NormFloat64())
			}
			if p, _ := statistics.Larger(a, b, 0); p <= 0.05 {
				n++
			}
		}
		return float64(n) / float64(trials)
	}
	if got := alarms(0); got > 0.05+3*math.Sqrt(0.05*0.95/400) {
		t.Errorf("false alarms: %.3f", got)
	}
	if got := alarms(4); got < 0.99 {
		t.Errorf("a shift by four standard deviations is seen in %.3f", got)
	}
}

func TestFewRunsShowNothing(t *testing.T) {
	p, least := statistics.Larger(statistics.Sample{1, 1}, statistics.Sample{9, 9}, 0)
	if math.Abs(p-1.0/6) > 1e-9 || math.Abs(least-1.0/6) > 1e-9 {
		t.Errorf("p %v, least %v", p, least)
	}
	if p, least := statistics.Larger(nil, statistics.Sample{1}, 0); p != 1 || least != 1 {
		t.Errorf("against nothing: %v, %v", p, least)
	}
}

func TestFewerSuccessesAreFishersTest(t *testing.T) {
	// The lady who tastes tea, turned round: of four and four, none of the one and all of the other.
	if p, least := statistics.Fewer(4, 4, 0, 4); math.Abs(p-1.0/70) > 1e-9 || math.Abs(least-1.0/70) > 1e-9 {
		t.Errorf("p %v, least %v", p, least)
	}
	if p, _ := statistics.Fewer(10, 10, 10, 10); math.Abs(p-1) > 1e-9 {
		t.Errorf("all of both: %v", p)
	}
}

func TestManyFiguresAreLookedAtTogether(t *testing.T) {
	got := statistics.Holm([]float64{0.04, 0.01, 0.03, 0.005}, 0.05)
	if want := []bool{false, true, false, true}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
