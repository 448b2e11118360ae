package cond

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSumsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.Float64Range(-10, 10)
		any := rapid.Float64Range(-1e307, 1e307)
		tiny := rapid.Map(rapid.Int64Range(-1<<40, 1<<40), func(n int64) float64 { return float64(n) * math.SmallestNonzeroFloat64 })
		xs := rapid.SliceOfN(rapid.OneOf(small, any, tiny, rapid.Map(small, math.Trunc)), 0, 40).Draw(t, "numbers")
		gone := rapid.IntRange(0, len(xs)).Draw(t, "taken away")
		var x, y exact
		want := new(big.Float).SetPrec(3000)
		for i, f := range xs {
			x.add(f)
			if i >= gone {
				y.add(f)
				want.Add(want, new(big.Float).SetFloat64(f))
			}
			if i%7 == 0 {
				x.value() // reading changes nothing
			}
		}
		for _, f := range xs[:gone] {
			x.sub(f)
		}
		f, _ := want.Float64()
		if got := x.value(); got != f || y.value() != f {
			t.Fatalf("%v, and %v added up alone, want %v", got, y.value(), f)
		}
		both := x.plus(&y)
		f, _ = want.Add(want, want).Float64()
		if got := both.value(); got != f {
			t.Fatalf("twice the sum is %v, want %v", got, f)
		}
	})
}

func TestInfiniteSums(t *testing.T) {
	var x exact
	x.add(math.Inf(1))
	x.add(3)
	if got := x.value(); !math.IsInf(got, 1) {
		t.Errorf("%v", got)
	}
	x.sub(math.Inf(1))
	if got := x.value(); got != 3 {
		t.Errorf("%v after the infinite one left", got)
	}
	for range 3 {
		x.add(-5)
	}
	if got := x.value(); got != -12 {
		t.Errorf("%v", got)
	}
}

func TestRanks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r ranks
		var all []float64
		spread := rapid.SampledFrom([]int{3, 100, 100_000}).Draw(t, "different")
		seed := uint64(rapid.Uint32().Draw(t, "seed"))
		for i := range rapid.SampledFrom([]int{10, 300, 3000}).Draw(t, "operations") {
			seed = seed*6364136223846793005 + 1442695040888963407
			if k := seed >> 33; k%5 < 2 && len(all) > 0 {
				j := int(k/5) % len(all)
				r.sub(all[j])
				all = slices.Delete(all, j, j+1)
			} else {
				x := float64(int(k/5) % spread)
				r.add(x)
				all = append(all, x)
			}
			if i%97 == 0 && len(all) > 0 {
				up := slices.Sorted(slices.Values(all))
				for _, at := range []int{0, len(up) / 2, len(up) - 1} {
					if got := r.at(at); got != up[at] || r.n != len(up) {
						t.Fatalf("number %d of %d is %v, want %v", at, r.n, got, up[at])
					}
				}
			}
		}
		for _, x := range all {
			r.sub(x)
		}
		if r.n != 0 || len(r.buckets) != 0 {
			t.Fatalf("%d left in %d buckets", r.n, len(r.buckets))
		}
	})
}
