// Package graph is a directed graph without cycles: built once, then only asked.
//
// It knows nodes and what comes after what, and nothing of what they stand for. All queries are linear in the
// part of the graph that they look at, and answer in an order that depends on nothing but how the graph was built.
package graph

import (
	"container/heap"
	"slices"
)

// Graph is an immutable directed graph without cycles. It is safe for concurrent use.
type Graph[K comparable] struct {
	nodes []K
	index map[K]int
	after fan   // successors
	fore  fan   // predecessors
	order []int // topological
	place []int // of a node in order
}

// fan holds the neighbours of every node in one array: those of i are to[from[i]:from[i+1]].
type fan struct {
	from []int
	to   []int
}

func (f fan) of(i int) []int { return f.to[f.from[i]:f.from[i+1]] }

// Len is the number of nodes.
func (g *Graph[K]) Len() int { return len(g.nodes) }

// Has reports whether there is such a node.
func (g *Graph[K]) Has(n K) bool {
	_, ok := g.index[n]
	return ok
}

// Order lists all nodes, each after those it comes after; where that leaves a choice, in the order in which they
// were added.
func (g *Graph[K]) Order() []K { return g.names(g.order) }

// Place is the position of a node in Order, or -1.
func (g *Graph[K]) Place(n K) int {
	if i, ok := g.index[n]; ok {
		return g.place[i]
	}
	return -1
}

// After lists the nodes that come directly after n, in the order in which the edges were added.
func (g *Graph[K]) After(n K) []K { return g.direct(n, g.after) }

// Before lists the nodes that n comes directly after, in the order in which the edges were added.
func (g *Graph[K]) Before(n K) []K { return g.direct(n, g.fore) }

func (g *Graph[K]) direct(n K, f fan) []K {
	i, ok := g.index[n]
	if !ok {
		return nil
	}
	return g.names(f.of(i))
}

func (g *Graph[K]) names(in []int) []K {
	out := make([]K, len(in))
	for i, n := range in {
		out[i] = g.nodes[n]
	}
	return out
}

// Downstream is everything that comes after any of the nodes, directly or through others. A node given is in it
// only if it comes after another one given.
func (g *Graph[K]) Downstream(of ...K) Set[K] { return g.reach(g.after, of) }

// Upstream is everything that any of the nodes comes after, directly or through others.
func (g *Graph[K]) Upstream(of ...K) Set[K] { return g.reach(g.fore, of) }

func (g *Graph[K]) reach(f fan, of []K) Set[K] {
	s := Set[K]{g: g, in: make(bits, (len(g.nodes)+63)/64)}
	var stack []int
	for _, n := range of {
		if i, ok := g.index[n]; ok {
			stack = append(stack, i)
		}
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, j := range f.of(i) {
			if s.in.set(j) {
				stack = append(stack, j)
			}
		}
	}
	return s
}

// Reaches reports whether b comes after a, directly or through others. It looks only at what lies between the
// two in Order.
func (g *Graph[K]) Reaches(a, b K) bool {
	i, ok := g.index[a]
	j, ok2 := g.index[b]
	if !ok || !ok2 || g.place[i] >= g.place[j] {
		return false
	}
	seen := map[int]bool{}
	stack := []int{j}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range g.fore.of(n) {
			if p == i {
				return true
			}
			if g.place[p] > g.place[i] && !seen[p] {
				seen[p] = true
				stack = append(stack, p)
			}
		}
	}
	return false
}

// Longest is the heaviest path: the nodes on it in order, and what they weigh together. Weights are not negative.
// Of several paths that weigh the same, it is the one that comes first in Order.
func (g *Graph[K]) Longest(weight func(K) float64) ([]K, float64) {
	total := make([]float64, len(g.nodes))
	via := make([]int, len(g.nodes))
	best, end := -1.0, -1
	for _, i := range g.order {
		via[i] = -1
		before := 0.0
		for _, p := range g.fore.of(i) {
			if total[p] > before || via[i] < 0 && total[p] == before {
				before, via[i] = total[p], p
			}
		}
		total[i] = before + weight(g.nodes[i])
		if total[i] > best {
			best, end = total[i], i
		}
	}
	var path []K
	for i := end; i >= 0; i = via[i] {
		path = append(path, g.nodes[i])
	}
	slices.Reverse(path)
	return path, max(best, 0)
}

// sort fills order and place; what is left out of order lies on cycles or after them.
func (g *Graph[K]) sort() {
	waits := make([]int, len(g.nodes))
	ready := &queue{}
	for i := range g.nodes {
		waits[i] = len(g.fore.of(i))
		if waits[i] == 0 {
			*ready = append(*ready, i)
		}
	}
	g.order = make([]int, 0, len(g.nodes))
	for ready.Len() > 0 {
		i, _ := heap.Pop(ready).(int)
		g.order = append(g.order, i)
		for _, j := range g.after.of(i) {
			if waits[j]--; waits[j] == 0 {
				heap.Push(ready, j)
			}
		}
	}
	g.place = make([]int, len(g.nodes))
	for at, i := range g.order {
		g.place[i] = at
	}
}

// queue is a heap of node numbers, the smallest first.
type queue []int

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i] < q[j] }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { n, _ := x.(int); *q = append(*q, n) }
func (q *queue) Pop() any {
	old := *q
	n := old[len(old)-1]
	*q = old[:len(old)-1]
	return n
}
