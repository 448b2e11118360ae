package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// draws is how many random arrangements stand for all of them where there are more.
const draws = 20_000

// Larger is the probability, if both samples came from one distribution, that the ranks of now would be as large as they
// are, after the figures of base were made larger by the tolerance (0.1 is 10%): the permutation form of the rank-sum test
// of Wilcoxon (1945), one-sided, with mid-ranks for what is equal. It is exact where there are few arrangements, else it
// rests on 20,000 random ones, the same for the same samples, and is never 0. least is the smallest that it could have
// been: where that is above the level that is asked for, the samples are too small to show anything.
func Larger(base, now Sample, tolerance float64) (p, least float64) {
	n, m := len(now), len(base)
	if n == 0 || m == 0 {
		return 1, 1
	}
	both := make([]float64, 0, n+m)
	both = append(both, now...)
	for _, x := range base {
		both = append(both, x*(1+tolerance))
	}
	ranks := midRanks(both)
	seen := sum(ranks[:n])
	ways := math.Exp(logChoose(n+m, n))
	if ways <= draws+0.5 {
		hit, all := 0, 0
		combinations(ranks, n, func(total float64) {
			all++
			if total >= seen-1e-9 {
				hit++
			}
		})
		return float64(hit) / float64(all), 1 / ways
	}
	r := rand.New(rand.NewPCG(uint64(n), uint64(m)))
	hit := 1
	for range draws {
		// The first n places of a shuffle are a random choice of n.
		for i := range n {
			j := i + r.IntN(len(ranks)-i)
			ranks[i], ranks[j] = ranks[j], ranks[i]
		}
		if sum(ranks[:n]) >= seen-1e-9 {
			hit++
		}
	}
	return float64(hit) / (draws + 1), max(1/ways, 1.0/(draws+1))
}

// midRanks are the ranks of figures, 1 for the least; equal ones share the middle of theirs.
func midRanks(xs []float64) []float64 {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case xs[a] < xs[b]:
			return -1
		case xs[a] > xs[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(xs))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && xs[order[j]] == xs[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			out[order[k]] = float64(i+j+1) / 2
		}
		i = j
	}
	return out
}

func sum(xs []float64) float64 {
	t := 0.0
	for _, x := range xs {
		t += x
	}
	return t
}

// combinations gives the sum of every choice of n figures.
func combinations(xs []float64, n int, each func(total float64)) {
	var choose func(from, left int, total float64)
	choose = func(from, left int, total float64) {
		if left == 0 {
			each(total)
			return
		}
		for i := from; i <= len(xs)-left; i++ {
			choose(i+1, left-1, total+xs[i])
		}
	}
	choose(0, n, 0)
}

// Fewer is the probability, if both shares were one, of as few successes now or fewer: Fisher's exact test (1922),
// one-sided. k of n succeeded now, kb of nb before. least is the smallest that it could have been with these numbers of
// runs and successes before.
func Fewer(kb, nb, k, n int) (p, least float64) {
	if n == 0 || nb == 0 {
		return 1, 1
	}
	at := func(all, now int) float64 { // P(now successes among n), given all successes among n+nb
		if now < 0 || now > n || all-now < 0 || all-now > nb {
			return 0
		}
		return math.Exp(logChoose(n, now) + logChoose(nb, all-now) - logChoose(n+nb, all))
	}
	for i := 0; i <= k; i++ {
		p += at(kb+k, i)
	}
	return min(p, 1), at(kb, 0)
}

// Holm says which of several probabilities are evidence at a level when all are looked at together (Holm 1979): the
// probability that any of them is wrongly taken for evidence is at most the level.
func Holm(ps []float64, level float64) []bool {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case ps[a] < ps[b]:
			return -1
		case ps[a] > ps[b]:
			return 1
		}
		return 0
	})
	out := make([]bool, len(ps))
	for i, at := range order {
		if ps[at] > level/float64(len(ps)-i) {
			break
		}
		out[at] = true
	}
	return out
}
