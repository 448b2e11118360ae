package check

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// reference is one mention of steps in an expression.
type reference struct {
	block     *block
	instances []*instance
	// attr is the attribute that is read; empty when the step itself is meant.
	attr string
	// whole says that the block was named without an index.
	whole bool
	rng   hcl.Range
}

// references finds the steps that an expression depends on, directly and through locals, variables of modules
// and outputs. It reports nothing: evaluation does.
func (s *scope) references(expr hcl.Expression) []reference {
	var out []reference
	var keys map[hcl.Pos]indexed
	for _, tr := range expr.Variables() {
		switch root := tr.RootName(); root {
		case "var":
			if n, ok := name(tr, 1); ok && s.mod.vars[n] != nil {
				out = append(out, at(s.mod.vars[n].references(), tr.SourceRange())...)
			}
		case "local":
			if n, ok := name(tr, 1); ok && s.mod.locals[n] != nil {
				out = append(out, at(s.mod.locals[n].references(), tr.SourceRange())...)
			}
		case "module":
			out = append(out, s.moduleReferences(tr)...)
		default:
			if !slices.Contains(addr.Kinds(), addr.Kind(root)) {
				continue
			}
			if keys == nil {
				keys = indexes(expr)
			}
			if ref, ok := s.stepReference(s.mod, tr, 0, keys); ok {
				out = append(out, ref)
			}
		}
	}
	return out
}

// at gives references the place where they are used.
func at(refs []reference, rng hcl.Range) []reference {
	out := slices.Clone(refs)
	for i := range out {
		out[i].rng = rng
	}
	return out
}

func (s *scope) moduleReferences(tr hcl.Traversal) []reference {
	n, ok := name(tr, 1)
	if !ok || s.mod.calls[n] == nil {
		return nil
	}
	k := s.mod.calls[n]
	var out []reference
	for _, child := range k.expand() {
		member, ok := name(tr, 2)
		if k.how == single && ok {
			if o := child.outputs[member]; o != nil {
				out = append(out, at(child.outputReferences(member), tr.SourceRange())...)
			} else if ref, ok := s.stepReference(child, tr, 2, nil); ok {
				out = append(out, ref)
			}
			continue
		}
		for _, o := range sorted(child.outputs) {
			out = append(out, at(child.outputReferences(o), tr.SourceRange())...)
		}
	}
	return out
}

func (m *module) outputReferences(n string) []reference {
	l, ok := m.outs[n]
	if !ok {
		l = &lazy{}
		m.outs[n] = l
	}
	return l.references(func() []reference { return m.scope().references(m.outputs[n].Value) })
}

// indexed is the index that stands after a reference, and the attribute after that.
type indexed struct {
	key  hcl.Expression
	attr string
}

// indexes finds the indexes in an expression that are expressions themselves, by where the name before them starts.
func indexes(expr hcl.Expression) map[hcl.Pos]indexed {
	out := map[hcl.Pos]indexed{}
	n, ok := hcl.UnwrapExpressionUntil(expr, func(e hcl.Expression) bool { _, ok := e.(hclsyntax.Node); return ok }).(hclsyntax.Node)
	if !ok {
		return out
	}
	_ = hclsyntax.VisitAll(n, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.RelativeTraversalExpr:
			if ix, ok := n.Source.(*hclsyntax.IndexExpr); ok {
				if coll, ok := ix.Collection.(*hclsyntax.ScopeTraversalExpr); ok {
					attr, _ := name(n.Traversal, 0)
					out[coll.SrcRange.Start] = indexed{key: ix.Key, attr: attr}
				}
			}
		case *hclsyntax.IndexExpr:
			if coll, ok := n.Collection.(*hclsyntax.ScopeTraversalExpr); ok {
				if _, there := out[coll.SrcRange.Start]; !there {
					out[coll.SrcRange.Start] = indexed{key: n.Key}
				}
			}
		case *hclsyntax.SplatExpr:
			if src, ok := n.Source.(*hclsyntax.ScopeTraversalExpr); ok {
				if each, ok := n.Each.(*hclsyntax.RelativeTraversalExpr); ok {
					attr, _ := name(each.Traversal, 0)
					out[src.SrcRange.Start] = indexed{attr: attr}
				}
			}
		}
		return nil
	})
	return out
}

func (s *scope) stepReference(m *module, tr hcl.Traversal, i int, keys map[hcl.Pos]indexed) (reference, bool) {
	b, next, d := m.findBlock(tr, i)
	if d != nil {
		return reference{}, false
	}
	instances, attr, d := b.pick(tr, next)
	if d != nil {
		return reference{}, false
	}
	ref := reference{block: b, instances: instances, attr: attr, rng: tr.SourceRange(), whole: next >= len(tr)}
	ix, ok := keys[tr.SourceRange().Start]
	if !ok || !ref.whole {
		return ref, true
	}
	ref.attr = ix.attr
	if ix.key == nil {
		return ref, true
	}
	quiet := *s
	quiet.diags = new(diag.List)
	if v, ok := quiet.eval(ix.key); ok {
		if key, ok := keyOf(v); ok {
			if in := b.byKey[key]; in != nil {
				ref.instances, ref.whole = []*instance{in}, false
			}
		}
	}
	return ref, true
}

// keyOf is a value as the key of an instance.
func keyOf(v cty.Value) (addr.Key, bool) {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return addr.Key{}, false
	}
	switch v.Type() {
	case cty.String:
		return addr.StringKey(v.AsString()), true
	case cty.Number:
		n, _ := v.AsBigFloat().Int64()
		return addr.IntKey(int(n)), true
	}
	return addr.Key{}, false
}

// point is what a reference to a step waits for.
func (r reference) point() program.Point {
	if r.block.conf.Kind != addr.Fault {
		return program.DefaultPoint(r.block.conf.Kind)
	}
	switch r.attr {
	case "healed", "held", "elapsed", "status":
		return program.Healed
	}
	return program.Injected
}

// needs gathers the edges of one step, each once.
type needs struct {
	list []program.Need
	at   map[needKey]int
}

type needKey struct {
	step  addr.Step
	point program.Point
}

func (n *needs) add(need program.Need) {
	key := needKey{need.Step, need.Point}
	if i, ok := n.at[key]; ok {
		if n.list[i].Order && !need.Order {
			n.list[i] = need
		}
		return
	}
	if n.at == nil {
		n.at = map[needKey]int{}
	}
	n.at[key] = len(n.list)
	n.list = append(n.list, need)
}

// refer adds the edges of references.
func (n *needs) refer(refs []reference, order bool) {
	for _, r := range refs {
		for _, in := range r.instances {
			n.add(program.Need{Step: in.addr, Point: r.point(), Order: order, Range: r.rng})
		}
	}
}
