package cond

import "strconv"

// String is the path as it is written, with quoted indexes.
func (p Path) String() string {
	out := ""
	for i, s := range p {
		if i > 0 {
			out += "."
		}
		out += s.Name
		switch {
		case s.Index == nil:
		case s.Index.IsInt:
			out += "[" + strconv.Itoa(s.Index.Int) + "]"
		default:
			out += "[" + strconv.Quote(s.Index.Text) + "]"
		}
	}
	return out
}

func (n *pathNode) path() Path {
	p := Path{{Name: n.First, Index: n.Index.index()}}
	for _, s := range n.Rest {
		p = append(p, Segment{Name: s.Name, Index: s.Index.index()})
	}
	return p
}

func (n *indexNode) index() *Index {
	switch {
	case n == nil:
		return nil
	case n.String != nil:
		return &Index{Text: unquote(*n.String)}
	case n.Int != nil:
		return &Index{Int: *n.Int, IsInt: true}
	}
	return nil
}
