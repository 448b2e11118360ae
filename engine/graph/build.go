package graph

import (
	"fmt"
	"strings"
)

// Builder collects nodes and edges. The zero Builder is empty and ready to use.
type Builder[K comparable] struct {
	nodes []K
	index map[K]int
	edges []edge
	seen  map[edge]bool
}

type edge struct{ from, to int }

// Add adds a node; adding it again changes nothing.
func (b *Builder[K]) Add(n K) {
	if b.index == nil {
		b.index = map[K]int{}
	}
	if _, ok := b.index[n]; !ok {
		b.index[n] = len(b.nodes)
		b.nodes = append(b.nodes, n)
	}
}

// Edge says that to comes after from. Nodes that are not there yet are added; the same edge twice is one.
func (b *Builder[K]) Edge(from, to K) {
	b.Add(from)
	b.Add(to)
	e := edge{b.index[from], b.index[to]}
	if b.seen == nil {
		b.seen = map[edge]bool{}
	}
	if !b.seen[e] {
		b.seen[e] = true
		b.edges = append(b.edges, e)
	}
}

// CycleError says that there is no order, because nodes come after themselves.
type CycleError[K comparable] struct {
	// Loop is one cycle: each node comes after the one before it, and the first after the last.
	Loop []K
}

func (e *CycleError[K]) Error() string {
	names := make([]string, 0, len(e.Loop)+1)
	for _, n := range e.Loop {
		names = append(names, fmt.Sprint(n))
	}
	if len(names) > 0 {
		names = append(names, names[0])
	}
	return "the graph has a cycle: " + strings.Join(names, " -> ")
}

// Build makes the graph, or returns a *CycleError that shows one cycle. The builder can be used further; what
// was built does not change.
func (b *Builder[K]) Build() (*Graph[K], error) {
	g := &Graph[K]{nodes: append([]K(nil), b.nodes...), index: make(map[K]int, len(b.nodes))}
	for i, n := range g.nodes {
		g.index[n] = i
	}
	g.after = fanOut(len(g.nodes), b.edges, func(e edge) (int, int) { return e.from, e.to })
	g.fore = fanOut(len(g.nodes), b.edges, func(e edge) (int, int) { return e.to, e.from })
	g.sort()
	if len(g.order) < len(g.nodes) {
		return nil, &CycleError[K]{Loop: g.names(g.loop())}
	}
	return g, nil
}

// fanOut sorts edges by one end, keeping their order.
func fanOut(n int, edges []edge, ends func(edge) (at, to int)) fan {
	f := fan{from: make([]int, n+1), to: make([]int, len(edges))}
	for _, e := range edges {
		at, _ := ends(e)
		f.from[at+1]++
	}
	for i := range n {
		f.from[i+1] += f.from[i]
	}
	next := append([]int(nil), f.from...)
	for _, e := range edges {
		at, to := ends(e)
		f.to[next[at]] = to
		next[at]++
	}
	return f
}

// loop finds a cycle among the nodes that could not be ordered. Each of them has a predecessor that could not be
// either, so that walking backwards must come round.
func (g *Graph[K]) loop() []int {
	ordered := make([]bool, len(g.nodes))
	for _, i := range g.order {
		ordered[i] = true
	}
	at := 0
	for ordered[at] {
		at++
	}
	step := map[int]int{}
	var walk []int
	for {
		if from, ok := step[at]; ok {
			loop := walk[from:]
			for i, j := 0, len(loop)-1; i < j; i, j = i+1, j-1 {
				loop[i], loop[j] = loop[j], loop[i]
			}
			return loop
		}
		step[at] = len(walk)
		walk = append(walk, at)
		for _, p := range g.fore.of(at) {
			if !ordered[p] {
				at = p
				break
			}
		}
	}
}
