package check

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
)

// condition compiles a condition string; nil after a finding.
func (s *scope) condition(expr hcl.Expression, mode cond.Mode) *program.Condition {
	sp, ok := s.splice(expr)
	if !ok {
		return nil
	}
	formula, problems := cond.Compile(sp.text, mode, &resolver{s: s})
	for _, p := range problems {
		at := sp.rangeOf(p.Offset, p.Length)
		s.report(diag.Diagnostic{
			Code: diag.Code(orElse(string(p.Code), string(diag.CondSyntax))), Subject: &at, Context: new(sp.whole), Summary: p.Summary, Detail: p.Detail,
		})
	}
	if len(problems) > 0 {
		return nil
	}
	for _, p := range formula.Suspicions(time.Duration(s.mod.c.prog.Timeout)) {
		s.report(diag.Diagnostic{Severity: diag.Warning, Code: p.Code, Subject: new(sp.whole), Summary: p.Summary, Detail: p.Detail})
	}
	return &program.Condition{Text: sp.text, Formula: formula, Range: sp.whole}
}

// observe adds the edges that a condition makes.
func (s *scope) observe(n *needs, c *program.Condition, kind addr.Kind) {
	if c == nil || c.Formula == nil {
		return
	}
	awaited := map[string]bool{}
	if kind == addr.Expect {
		for _, ev := range awaitedEvents(c.Formula) {
			awaited[ev] = true
		}
	}
	for _, sub := range c.Formula.Subjects() {
		if sub.Job != "" {
			if in := s.mod.c.instances[sub.Job]; in != nil {
				n.add(program.Need{Step: in.addr, Point: program.Running, Order: !in.waited(), Range: c.Range})
			}
		}
		if sub.Step == "" {
			continue
		}
		in := s.mod.c.instances[sub.Step]
		if in == nil {
			continue
		}
		need := program.Need{Step: in.addr, Point: finalPoint(in.addr.Kind), Range: c.Range}
		switch sub.Moment {
		case schema.Final:
		case schema.Live:
			need.Point, need.Order = program.Started, true
		case schema.Event:
			need.Point = eventPoint(in.addr.Kind, sub.Name)
			need.Order = !awaited[sub.Name]
		}
		n.add(need)
	}
}

// finalPoint is when the final attributes of a step are known.
func finalPoint(k addr.Kind) program.Point {
	if k == addr.Fault {
		return program.Healed
	}
	return program.DefaultPoint(k)
}

// eventPoint is the point of a step's life that an event path names.
func eventPoint(k addr.Kind, path string) program.Point {
	switch lastSegment(path) {
	case "started":
		return program.Started
	case "injected":
		return program.Injected
	case "healed":
		return program.Healed
	}
	return finalPoint(k)
}

func lastSegment(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' {
			return path[i+1:]
		}
	}
	return path
}

// event resolves a reference to an event: a step or one of its moments.
func (s *scope) event(a *schema.Attribute, expr hcl.Expression) (program.Event, bool) {
	fail := func(code diag.Code, summary, detail string) (program.Event, bool) {
		s.report(diag.Diagnostic{Code: code, Subject: expr.Range().Ptr(), Summary: summary, Detail: detail})
		return program.Event{}, false
	}
	example := fmt.Sprintf("Write a reference, such as %s.", a.Example)
	refs, ok := s.mentioned(expr)
	if !ok {
		return program.Event{}, false
	}
	if len(refs) != 1 {
		return fail(diag.WrongReference, fmt.Sprintf("%s is not an event", a.Name), example)
	}
	r := refs[0]
	if len(r.instances) != 1 {
		return fail(diag.NoInstance, fmt.Sprintf("%s has several instances", r.block.local()), fmt.Sprintf("Say which one is meant: %s%s. %s", r.block.local(), r.block.someKey(), r.block.keysText()))
	}
	kind := r.block.conf.Kind
	if len(a.Kinds) > 0 && !hasKind(a.Kinds, kind) {
		return fail(diag.WrongReference, fmt.Sprintf("%s is not a %s", a.Name, a.Kinds[0]), fmt.Sprintf("%s is of kind %s. %s", r.block.local(), kind, example))
	}
	ev := program.Event{Step: r.instances[0].addr, Name: r.attr}
	switch r.attr {
	case "":
		ev.Name = "done"
		if kind == addr.Fault {
			ev.Name = "injected"
		}
	case "started", "done", "injected", "healed":
	default:
		return fail(diag.WrongReference, fmt.Sprintf("%s is not an event", r.attr), "Events of a step are started and done; of a fault started, injected and healed.")
	}
	if a.Name == "since" && ev.Name == "started" {
		return fail(diag.WrongReference, "since is a fault's injection or heal", fmt.Sprintf("Write %s or %s.healed.", r.block.local(), r.block.local()))
	}
	return ev, true
}

// mentioned resolves an expression that is nothing but a reference to a step, with or without an index that is
// an expression itself. There is none for any other expression; ok is false if something was reported.
func (s *scope) mentioned(expr hcl.Expression) (refs []reference, ok bool) {
	tr, plain := plainTraversal(expr)
	if !plain {
		if len(indexes(expr)) != 1 {
			return nil, true
		}
		_, ok := s.eval(expr)
		return s.references(expr), ok
	}
	root := tr.RootName()
	if root != "module" && !hasKind(addr.Kinds(), addr.Kind(root)) {
		if root == "each" || root == "local" || root == "var" {
			return s.byHandle(expr)
		}
		return nil, true
	}
	if d := s.bind(tr, &node{}); d != nil {
		s.report(*d)
		return nil, false
	}
	if root == "module" {
		return s.moduleReferences(tr), true
	}
	ref, found := s.stepReference(s.mod, tr, 0, nil)
	if !found {
		return nil, true
	}
	return []reference{ref}, true
}

// byHandle resolves a value that is the handle of a step.
func (s *scope) byHandle(expr hcl.Expression) ([]reference, bool) {
	v, ok := s.eval(expr)
	if !ok {
		return nil, false
	}
	if h, ok := handleOf(v); ok && s.mod.c.instances[h] != nil {
		in := s.mod.c.instances[h]
		return []reference{{block: in.block, instances: []*instance{in}, rng: expr.Range()}}, true
	}
	return nil, true
}

// plainTraversal is an expression that is nothing but a reference; in JSON syntax also "${reference}".
func plainTraversal(expr hcl.Expression) (hcl.Traversal, bool) {
	if tr, hds := hcl.AbsTraversalForExpr(expr); !hds.HasErrors() {
		return tr, true
	}
	un := hcl.UnwrapExpression(expr)
	if w, ok := un.(*hclsyntax.TemplateWrapExpr); ok {
		return plainTraversal(w.Wrapped)
	}
	if _, native := un.(hclsyntax.Node); native {
		return nil, false
	}
	v, hds := un.Value(nil)
	if hds.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return nil, false
	}
	inner, ok1 := strings.CutPrefix(v.AsString(), "${")
	inner, ok2 := strings.CutSuffix(inner, "}")
	if !ok1 || !ok2 {
		return nil, false
	}
	tr, hds := hclsyntax.ParseTraversalAbs([]byte(inner), un.Range().Filename, un.Range().Start)
	if hds.HasErrors() {
		return nil, false
	}
	return tr, true
}

// awaitedEvents are the events that an expectation waits for: those outside the range of a temporal operator.
func awaitedEvents(f *cond.Formula) []string {
	var out []string
	for _, sub := range f.Awaited() {
		out = append(out, sub.Name)
	}
	return out
}
