package draw

import (
	"cmp"
	"slices"
)

// layers puts every node in the column after the last node it waits for, and orders each column so that edges
// cross little: by the mean place of a node's neighbours, forth and back.
func layers(g Graph) [][]int {
	rank := make([]int, len(g.Nodes))
	most := 0
	for i := range g.Nodes { // edges lead from lower to higher numbers, so that one pass is enough
		for _, e := range g.incoming(i) {
			rank[i] = max(rank[i], rank[e.From]+1)
		}
		most = max(most, rank[i])
	}
	cols := make([][]int, most+1)
	for i, r := range rank {
		cols[r] = append(cols[r], i)
	}
	place := make([]float64, len(g.Nodes))
	number := func(col []int) {
		for k, n := range col {
			place[n] = float64(k) - float64(len(col)-1)/2
		}
	}
	for _, col := range cols {
		number(col)
	}
	in, out := g.neighbours()
	for sweep := range 4 {
		near := in
		if sweep%2 == 1 {
			near = out
		}
		for k := range cols {
			col := cols[k]
			if sweep%2 == 1 {
				col = cols[len(cols)-1-k]
			}
			slices.SortStableFunc(col, func(a, b int) int { return cmp.Compare(mean(near[a], place, a), mean(near[b], place, b)) })
			number(col)
		}
	}
	return cols
}

func (g Graph) incoming(i int) []Edge {
	// Edges are in the order of their To.
	from, _ := slices.BinarySearchFunc(g.Edges, i, func(e Edge, i int) int { return cmp.Compare(e.To, i) })
	to := from
	for to < len(g.Edges) && g.Edges[to].To == i {
		to++
	}
	return g.Edges[from:to]
}

func (g Graph) neighbours() (in, out [][]int) {
	in, out = make([][]int, len(g.Nodes)), make([][]int, len(g.Nodes))
	for _, e := range g.Edges {
		in[e.To] = append(in[e.To], e.From)
		out[e.From] = append(out[e.From], e.To)
	}
	return in, out
}

// mean is the mean place of nodes; that of self when there are none.
func mean(nodes []int, place []float64, self int) float64 {
	if len(nodes) == 0 {
		return place[self]
	}
	sum := 0.0
	for _, n := range nodes {
		sum += place[n]
	}
	return sum / float64(len(nodes))
}
