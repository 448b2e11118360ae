package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/xdc-project/xdc/lang/diag"
)

// HandleAttr is the attribute of handles (targets, hosts, jobs and other steps as values) that holds their
// address. It cannot be written as an attribute in a plan.
const HandleAttr = "@"

// HostType is what `target.dc1.host.edge` is as a value.
var HostType = cty.Object(map[string]cty.Type{
	HandleAttr: cty.String, "name": cty.String, "address": cty.String, "target": cty.String,
	"user": cty.String, "port": cty.Number,
})

// TargetType is what `target.dc1` is as a value. All targets have the same type, so that conditionals and
// lists of them work.
var TargetType = cty.Object(map[string]cty.Type{
	HandleAttr: cty.String, "name": cty.String, "address": cty.String, "networks": cty.List(cty.String),
	"protected": cty.Bool, "host": cty.Map(HostType),
})

// ParseType reads the type of a variable. On errors it is "any", so that nothing else is said about it.
func ParseType(expr hcl.Expression) (Type, diag.List) {
	p := &typeParser{}
	t, defs := p.parse(expr)
	out := Type{Type: t, Defaults: defs, Text: p.text(t)}
	switch kw := hcl.ExprAsKeyword(expr); kw {
	case "target", "host", "job":
		out.Handle, out.Text = kw, kw
	}
	if p.diags.HasErrors() {
		return Type{Type: cty.DynamicPseudoType, Text: "any"}, p.diags
	}
	return out, nil
}

type typeParser struct {
	diags diag.List
	depth int
}

// maxTypeDepth bounds how deeply types nest.
const maxTypeDepth = 64

func (p *typeParser) bad(at hcl.Range, detail string) (cty.Type, *typeexpr.Defaults) {
	p.diags = append(p.diags, diag.Diagnostic{
		Severity: diag.Error, Code: diag.BadTypeConstraint, Summary: "This is not a type", Detail: detail, Subject: &at,
	})
	return cty.DynamicPseudoType, nil
}

func (p *typeParser) text(t cty.Type) string {
	if t == cty.DynamicPseudoType {
		return "any"
	}
	return typeexpr.TypeString(t)
}

func (p *typeParser) parse(expr hcl.Expression) (cty.Type, *typeexpr.Defaults) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxTypeDepth {
		return p.bad(expr.Range(), fmt.Sprintf("Types may be nested %d deep at most.", maxTypeDepth))
	}
	if kw := hcl.ExprAsKeyword(expr); kw != "" {
		return p.keyword(kw, expr)
	}
	call, hds := hcl.ExprCall(expr)
	if hds.HasErrors() {
		return p.bad(expr.Range(), "Write string, number, bool, any, list(T), set(T), map(T), tuple([T, ...]), object({...}), target, host or job, without quotes.")
	}
	if call.Name != "object" && call.Name != "tuple" && call.Name != "list" && call.Name != "set" && call.Name != "map" {
		detail := fmt.Sprintf("There is no type %s(...).%s", call.Name, diag.Suggest(call.Name, []string{"list", "set", "map", "tuple", "object"}))
		if call.Name == "optional" {
			detail = "optional(T) may stand around the types of an object's attributes only."
		}
		return p.bad(call.NameRange, detail)
	}
	if len(call.Arguments) != 1 {
		return p.bad(expr.Range(), fmt.Sprintf("%s takes exactly one argument.", call.Name))
	}
	switch arg := call.Arguments[0]; call.Name {
	case "object":
		return p.object(arg)
	case "tuple":
		return p.tuple(arg)
	default:
		el, defs := p.parse(arg)
		return p.collection(call.Name, el, defs)
	}
}

func (p *typeParser) keyword(kw string, expr hcl.Expression) (cty.Type, *typeexpr.Defaults) {
	switch kw {
	case "string":
		return cty.String, nil
	case "number":
		return cty.Number, nil
	case "bool":
		return cty.Bool, nil
	case "any", "job":
		return cty.DynamicPseudoType, nil
	case "target":
		return TargetType, nil
	case "host":
		return HostType, nil
	case "list", "set", "map":
		return p.bad(expr.Range(), fmt.Sprintf("Say what it holds: %s(string), say, or %s(any).", kw, kw))
	}
	return p.bad(expr.Range(), fmt.Sprintf("There is no type %q.%s", kw, diag.Suggest(kw,
		[]string{"string", "number", "bool", "any", "list", "set", "map", "tuple", "object", "target", "host", "job"})))
}

func (p *typeParser) collection(name string, el cty.Type, defs *typeexpr.Defaults) (cty.Type, *typeexpr.Defaults) {
	var t cty.Type
	switch name {
	case "list":
		t = cty.List(el)
	case "set":
		t = cty.Set(el)
	default:
		t = cty.Map(el)
	}
	if defs == nil {
		return t, nil
	}
	return t, &typeexpr.Defaults{Type: t, Children: map[string]*typeexpr.Defaults{"": defs}}
}

func (p *typeParser) tuple(arg hcl.Expression) (cty.Type, *typeexpr.Defaults) {
	items, hds := hcl.ExprList(arg)
	if hds.HasErrors() {
		return p.bad(arg.Range(), "tuple takes a list of types: tuple([string, number]).")
	}
	types := make([]cty.Type, len(items))
	children := map[string]*typeexpr.Defaults{}
	for i, e := range items {
		var defs *typeexpr.Defaults
		types[i], defs = p.parse(e)
		if defs != nil {
			children[fmt.Sprint(i)] = defs
		}
	}
	t := cty.Tuple(types)
	if len(children) == 0 {
		return t, nil
	}
	return t, &typeexpr.Defaults{Type: t, Children: children}
}

func (p *typeParser) object(arg hcl.Expression) (cty.Type, *typeexpr.Defaults) {
	pairs, hds := hcl.ExprMap(arg)
	if hds.HasErrors() {
		return p.bad(arg.Range(), "object takes the types of its attributes: object({ name = string, size = optional(number, 1) }).")
	}
	attrs := map[string]cty.Type{}
	var optional []string
	defaults := map[string]cty.Value{}
	children := map[string]*typeexpr.Defaults{}
	for _, kv := range pairs {
		name := hcl.ExprAsKeyword(kv.Key)
		if name == "" {
			if v, hds := kv.Key.Value(nil); !hds.HasErrors() && v.Type() == cty.String && !v.IsNull() && v.IsKnown() {
				name = v.AsString()
			}
		}
		if name == "" {
			p.bad(kv.Key.Range(), "The name of an attribute is a plain word.")
			continue
		}
		el := kv.Value
		if call, hds := hcl.ExprCall(el); !hds.HasErrors() && call.Name == "optional" {
			if len(call.Arguments) < 1 || len(call.Arguments) > 2 {
				p.bad(el.Range(), "optional takes a type and, if wanted, a default: optional(string, \"x\").")
				continue
			}
			optional = append(optional, name)
			t, defs := p.parse(call.Arguments[0])
			attrs[name] = t
			if defs != nil {
				children[name] = defs
			}
			if len(call.Arguments) == 2 {
				if v, ok := p.optionalDefault(call.Arguments[1], t, defs); ok {
					defaults[name] = v
				}
			}
			continue
		}
		t, defs := p.parse(el)
		attrs[name] = t
		if defs != nil {
			children[name] = defs
		}
	}
	t := cty.ObjectWithOptionalAttrs(attrs, optional)
	if len(defaults) == 0 && len(children) == 0 {
		return t, nil
	}
	return t, &typeexpr.Defaults{Type: t, DefaultValues: defaults, Children: children}
}

func (p *typeParser) optionalDefault(expr hcl.Expression, t cty.Type, defs *typeexpr.Defaults) (cty.Value, bool) {
	v, hds := expr.Value(nil)
	if hds.HasErrors() {
		p.bad(expr.Range(), "The default of an optional attribute is a literal value.")
		return cty.NilVal, false
	}
	if defs != nil {
		v = defs.Apply(v)
	}
	out, err := convert.Convert(v, t)
	if err != nil {
		p.bad(expr.Range(), fmt.Sprintf("The default does not fit the attribute's type: %s.", err))
		return cty.NilVal, false
	}
	return out, true
}
