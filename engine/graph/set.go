package graph

// Set is a set of nodes of one graph.
type Set[K comparable] struct {
	g  *Graph[K]
	in bits
}

// Has reports whether a node is in the set.
func (s Set[K]) Has(n K) bool {
	if s.g == nil {
		return false
	}
	i, ok := s.g.index[n]
	return ok && s.in.has(i)
}

// List is the set in the graph's order.
func (s Set[K]) List() []K {
	if s.g == nil {
		return nil
	}
	var out []K
	for _, i := range s.g.order {
		if s.in.has(i) {
			out = append(out, s.g.nodes[i])
		}
	}
	return out
}

// bits has one bit for each node.
type bits []uint64

func (b bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }

// set reports whether the bit was not set before.
func (b bits) set(i int) bool {
	w, m := i/64, uint64(1)<<(i%64)
	if b[w]&m != 0 {
		return false
	}
	b[w] |= m
	return true
}
