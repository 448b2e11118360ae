package cond

import (
	"strconv"
	"strings"
)

// String is the path as it is written, with quoted indexes.
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.Name)
		switch {
		case s.Index == nil:
		case s.Index.IsInt:
			b.WriteString("[" + strconv.Itoa(s.Index.Int) + "]")
		default:
			b.WriteString("[" + strconv.Quote(s.Index.Text) + "]")
		}
	}
	return b.String()
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
		text, err := strconv.Unquote(*n.String) // as addresses are printed
		if err != nil {
			text = unquote(*n.String)
		}
		return &Index{Text: text}
	case n.Int != nil:
		return &Index{Int: *n.Int, IsInt: true}
	}
	return nil
}
