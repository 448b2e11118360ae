package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/syntax"
)

// Load reads and decodes the files of a set: syntax.Parse and Decode in one.
func Load(set *source.Set) (*Module, diag.List) {
	tree, diags := syntax.Parse(set)
	m, ds := Decode(tree)
	return m, append(diags, ds...)
}

// Decode gives the blocks of a tree their types. It goes on after errors; blocks that are too broken to be
// used are left out. Of several blocks with the same name the first one counts.
func Decode(tree *syntax.Tree) (*Module, diag.List) {
	d := &decoder{mod: &Module{Set: tree.Set, Root: tree.Root}, seen: map[string]bool{}}
	for _, b := range tree.Blocks {
		d.block(b)
	}
	d.mod.Damaged = tree.Damaged
	if tree.Damaged {
		// What seems to be missing may stand where the text could not be read.
		d.diags = slices.DeleteFunc(d.diags, func(x diag.Diagnostic) bool { return x.Code == diag.MissingArgument })
	}
	return d.mod, d.diags
}

type decoder struct {
	mod   *Module
	diags diag.List
	seen  map[string]bool
}

func (d *decoder) block(b *syntax.Block) {
	if b.Type != "locals" {
		key := fmt.Sprint(b.Type, b.Labels)
		if d.seen[key] || (b.Type == "plan" && d.mod.Plan != nil) {
			return // lang/syntax has said so
		}
		d.seen[key] = true
	}
	switch b.Type {
	case "plan":
		d.plan(b)
	case "variable":
		d.variable(b)
	case "locals":
		d.locals(b)
	case "output":
		d.output(b)
	case "target":
		d.mod.Targets = append(d.mod.Targets, &Target{Name: b.Labels[0], Range: b.Range, Body: b.Body})
	case "module":
		d.call(b)
	default:
		d.step(b)
	}
}

func (d *decoder) plan(b *syntax.Block) {
	s := schema.Plan()
	// What may stand in `defaults` depends on the catalog.
	for i := range s.Blocks {
		s.Blocks[i].Raw = true
	}
	c, ds := Open(b.Body, &s, Static)
	d.diags = append(d.diags, ds...)
	p := &Plan{Name: b.Labels[0], Range: b.Range, Content: c}
	for _, ch := range c.Blocks {
		if ch.Type == "defaults" {
			p.Defaults = ch
		}
	}
	d.mod.Plan = p
}

func (d *decoder) locals(b *syntax.Block) {
	attrs, hds := b.Body.JustAttributes()
	d.diags = append(d.diags, syntax.FromHCL(hds)...)
	for _, a := range byPosition(attrs) {
		i := slices.IndexFunc(d.mod.Locals, func(l *Local) bool { return l.Name == a.Name })
		if i >= 0 {
			d.diags = append(d.diags, diag.Diagnostic{
				Severity: diag.Error, Code: diag.DuplicateName,
				Summary: fmt.Sprintf("There are two locals %q", a.Name),
				Detail:  "A local may be defined in one locals block only. Give one of them another name.",
				Subject: &a.NameRange,
				Related: &diag.Related{Message: "first declared here", Range: d.mod.Locals[i].Range},
			})
			continue
		}
		d.mod.Locals = append(d.mod.Locals, &Local{Name: a.Name, Expr: a.Expr, Range: a.NameRange})
	}
}

func (d *decoder) output(b *syntax.Block) {
	s := schema.Output()
	c, ds := Open(b.Body, &s, Static)
	d.diags = append(d.diags, ds...)
	v, ok := c.Attrs["value"]
	if !ok {
		return
	}
	d.mod.Outputs = append(d.mod.Outputs, &Output{
		Name: b.Labels[0], Range: b.Range, Value: v.Expr,
		Description: d.text(c, "description"), Sensitive: d.flag(c, "sensitive", false),
	})
}

func (d *decoder) step(b *syntax.Block) {
	s := &Step{Kind: addr.Kind(b.Type), Range: b.Range, TypeRange: b.TypeRange, Name: b.Labels[len(b.Labels)-1]}
	if s.Kind.Typed() {
		s.Type = b.Labels[0]
		if len(b.LabelRanges) > 0 {
			s.TypeRange = b.LabelRanges[0]
		}
	}
	s.Meta, s.Rest = d.meta(b, s.Kind)
	if s.Kind == addr.Guard {
		d.mod.Guards = append(d.mod.Guards, s)
		return
	}
	d.mod.Steps = append(d.mod.Steps, s)
}

func (d *decoder) call(b *syntax.Block) {
	c := &Call{Name: b.Labels[0], Range: b.Range}
	var rest hcl.Body
	c.Meta, rest = d.meta(b, "module")
	attrs, hds := rest.JustAttributes()
	d.diags = append(d.diags, syntax.FromHCL(hds)...)
	c.Args = attrs
	src, ok := attrs["source"]
	if !ok {
		d.diags = append(d.diags, missing(b.Range, "module", "source", "A module names the folder or the shipped plan it uses."))
		return
	}
	delete(c.Args, "source")
	c.SourceRange = src.Expr.Range()
	v, good := d.literal(src, cty.String)
	if !good {
		return
	}
	c.Source = v.AsString()
	d.mod.Calls = append(d.mod.Calls, c)
}

// meta takes the meta-arguments out of a block.
func (d *decoder) meta(b *syntax.Block, kind addr.Kind) (map[string]*hcl.Attribute, hcl.Body) {
	var s hcl.BodySchema
	for _, a := range schema.Meta(kind) {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: a.Name})
	}
	content, rest, hds := b.Body.PartialContent(&s)
	d.diags = append(d.diags, syntax.FromHCL(hds)...)
	meta := map[string]*hcl.Attribute(content.Attributes)
	if meta["count"] != nil && meta["for_each"] != nil {
		d.diags = append(d.diags, diag.Diagnostic{
			Severity: diag.Error, Code: diag.CountAndForEach,
			Summary: "Both count and for_each are given",
			Detail:  "A block has a number of instances or one for each element. Remove one of the two.",
			Subject: &meta["for_each"].NameRange,
			Related: &diag.Related{Message: "count stands here", Range: meta["count"].NameRange},
		})
		delete(meta, "count")
	}
	return meta, rest
}

// literal evaluates an attribute that may refer to nothing and is not null.
func (d *decoder) literal(a *hcl.Attribute, want cty.Type) (cty.Value, bool) {
	v, ok := d.anyLiteral(a)
	if !ok {
		return cty.NilVal, false
	}
	out, err := convert.Convert(v, want)
	if err != nil || out.IsNull() {
		d.diags = append(d.diags, diag.Diagnostic{
			Severity: diag.Error, Code: diag.NotLiteral,
			Summary: fmt.Sprintf("%s must be a literal %s", a.Name, want.FriendlyName()),
			Detail:  fmt.Sprintf("It is %s here. Write the value itself.", describe(v)),
			Subject: a.Expr.Range().Ptr(),
		})
		return cty.NilVal, false
	}
	return out, true
}

func describe(v cty.Value) string {
	if v.IsNull() {
		return "null"
	}
	return v.Type().FriendlyName()
}

// anyLiteral is literal for values of any type, null included.
func (d *decoder) anyLiteral(a *hcl.Attribute) (cty.Value, bool) {
	if len(a.Expr.Variables()) > 0 {
		d.diags = append(d.diags, diag.Diagnostic{
			Severity: diag.Error, Code: diag.NotLiteral,
			Summary: fmt.Sprintf("%s must be a literal value", a.Name),
			Detail:  "It is needed before anything is evaluated, so it may not refer to variables or anything else. Write the value itself.",
			Subject: a.Expr.Range().Ptr(),
		})
		return cty.NilVal, false
	}
	v, hds := a.Expr.Value(nil)
	if hds.HasErrors() {
		for _, x := range diag.List(nil).Append(hds) {
			x.Code = diag.NotLiteral
			d.diags = append(d.diags, x)
		}
		return cty.NilVal, false
	}
	// Only text that could not be read gives an unknown literal, and that was reported.
	return v, v.IsWhollyKnown()
}

func (d *decoder) text(c *Content, name string) string {
	if a, ok := c.Attrs[name]; ok {
		if v, ok := d.literal(a, cty.String); ok {
			return v.AsString()
		}
	}
	return ""
}

func (d *decoder) flag(c *Content, name string, def bool) bool {
	if a, ok := c.Attrs[name]; ok {
		if v, ok := d.literal(a, cty.Bool); ok {
			return v.True()
		}
	}
	return def
}

func byPosition(attrs hcl.Attributes) []*hcl.Attribute {
	out := make([]*hcl.Attribute, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hcl.Attribute) int { return a.NameRange.Start.Byte - b.NameRange.Start.Byte })
	return out
}
