package check

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
)

// state is how far a lazily evaluated thing has come.
type state int

const (
	fresh state = iota
	busy
	done
)

// poison marks values that come from an error already reported, so that nothing is said about what follows.
type poison struct{}

var poisoned = cty.DynamicVal.Mark(poison{})

// scope is where an expression stands: its module, its instance, and, after steps ran, their results.
type scope struct {
	mod *module
	// self is the step instance the expression belongs to; nil outside steps.
	self *instance
	// roots are each, count and record, where they exist.
	roots map[string]cty.Value
	// noSteps says why steps may not be referred to; empty where they may.
	noSteps string
	// res are the results of finished steps; nil while planning.
	res   program.Results
	diags *diag.List
	// late are locals, variables and outputs evaluated with res, each once.
	late map[any]cty.Value
}

// with returns the scope for evaluation with results, collecting its findings in diags.
func (s *scope) with(res program.Results, diags *diag.List) *scope {
	out := *s
	out.res, out.diags, out.late = res, diags, map[any]cty.Value{}
	return &out
}

// within returns the scope for things of module m that are evaluated on behalf of this scope.
func (s *scope) within(m *module) *scope {
	return &scope{mod: m, res: s.res, diags: s.diags, late: s.late}
}

func (s *scope) report(d diag.Diagnostic) {
	if d.Severity == diag.Invalid {
		d.Severity = diag.Error
	}
	if s.self != nil && d.Address == "" {
		d.Address = s.self.addr.String()
	}
	*s.diags = append(*s.diags, d)
}

// eval evaluates an expression. If it cannot, it says why once and ok is false.
func (s *scope) eval(expr hcl.Expression) (v cty.Value, ok bool) {
	ctx, ok := s.context(expr.Variables())
	if !ok {
		return poisoned, false
	}
	v, hds := expr.Value(ctx)
	if hds.HasErrors() {
		if !holdsPoison(ctx) {
			s.evalFailed(hds)
		}
		return poisoned, false
	}
	if isPoisoned(v) {
		return poisoned, false
	}
	return v, true
}

func isPoisoned(v cty.Value) bool {
	if !v.ContainsMarked() {
		return false
	}
	_, marks := v.UnmarkDeep()
	_, bad := marks[poison{}]
	return bad
}

// holdsPoison reports whether an expression refers to something broken, whose consequences are not reported.
func holdsPoison(ctx *hcl.EvalContext) bool {
	for _, v := range ctx.Variables {
		if isPoisoned(v) {
			return true
		}
	}
	return false
}

// context builds what an expression refers to, and nothing else.
func (s *scope) context(vars []hcl.Traversal) (*hcl.EvalContext, bool) {
	env := &node{}
	ok := true
	for _, tr := range vars {
		if d := s.bind(tr, env); d != nil {
			s.report(*d)
			ok = false
		}
	}
	if !ok {
		return nil, false
	}
	ctx := &hcl.EvalContext{Functions: s.mod.funcs, Variables: make(map[string]cty.Value, len(env.kids))}
	for _, name := range env.order {
		ctx.Variables[name] = env.kids[name].value()
	}
	return ctx, true
}

// node is a name or a group of names in an evaluation context.
type node struct {
	val   cty.Value
	kids  map[string]*node
	order []string
}

// set puts a value at a path, unless something above it already holds all.
func (n *node) set(v cty.Value, path ...string) {
	for _, p := range path {
		if n.val != cty.NilVal {
			return
		}
		k, ok := n.kids[p]
		if !ok {
			if n.kids == nil {
				n.kids = map[string]*node{}
			}
			k = &node{}
			n.kids[p] = k
			n.order = append(n.order, p)
		}
		n = k
	}
	n.val = v
}

func (n *node) value() cty.Value {
	if n.val != cty.NilVal {
		return n.val
	}
	attrs := make(map[string]cty.Value, len(n.kids))
	for name, k := range n.kids {
		attrs[name] = k.value()
	}
	return cty.ObjectVal(attrs)
}

// evalFailed reports what the HCL library says about an expression, with the values of its names.
func (s *scope) evalFailed(hds hcl.Diagnostics) {
	for _, h := range hds {
		d := diag.List(nil).Append(h)[0]
		d.Code = diag.EvalFailed
		if h.Expression != nil && h.EvalContext != nil {
			d.Values = values(h.Expression, h.EvalContext)
		}
		s.report(d)
	}
}

// values renders the values of the names in an expression.
func values(expr hcl.Expression, ctx *hcl.EvalContext) []diag.Value {
	var out []diag.Value
	seen := map[string]bool{}
	for _, tr := range expr.Variables() {
		name := traversalText(tr)
		if seen[name] {
			continue
		}
		seen[name] = true
		for c := ctx; c != nil; c = c.Parent() {
			if c.Variables == nil {
				continue
			}
			if _, ok := c.Variables[tr.RootName()]; !ok {
				continue
			}
			if v, hds := tr.TraverseAbs(c); !hds.HasErrors() {
				if text := render(v); text != name {
					out = append(out, diag.Value{Name: name, Text: text})
				}
			}
			break
		}
	}
	return out
}

// traversalText is a traversal as it is written.
func traversalText(tr hcl.Traversal) string {
	var out strings.Builder
	for _, t := range tr {
		switch t := t.(type) {
		case hcl.TraverseRoot:
			out.WriteString(t.Name)
		case hcl.TraverseAttr:
			out.WriteString("." + t.Name)
		case hcl.TraverseIndex:
			switch {
			case t.Key.Type() == cty.String:
				fmt.Fprintf(&out, "[%q]", t.Key.AsString())
			case t.Key.Type() == cty.Number:
				out.WriteString("[" + t.Key.AsBigFloat().Text('f', -1) + "]")
			}
		case hcl.TraverseSplat:
			out.WriteString("[*]")
		}
	}
	return out.String()
}
