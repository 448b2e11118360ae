package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/syntax"
)

// Content is a body opened with a schema.
type Content struct {
	Attrs  map[string]*hcl.Attribute
	Blocks []*Child
	// Dynamic says that dynamic blocks stand here or deeper, so that the content depends on values.
	Dynamic bool
	// Missing is where something that is missing would stand.
	Missing hcl.Range
}

// Child is a nested block.
type Child struct {
	Type        string
	Labels      []string
	LabelRanges []hcl.Range
	Range       hcl.Range
	Body        hcl.Body
	// Content is nil for blocks whose schema is not known yet (schema.Nested.Raw).
	Content *Content
}

// Mode says how a body is opened.
type Mode struct {
	// partial leaves out the check for what is missing.
	partial bool
	// expanded: the body comes from Expand, and dynamic blocks are gone.
	expanded bool
}

// The modes. Static checks everything that does not depend on values: the insides of dynamic blocks are
// looked at once, as they stand. Partial does not ask for what is required: defaults are still to come.
var (
	Static  = Mode{}
	Partial = Mode{partial: true}
)

// Open checks the shape of a body against a schema. The content is never nil and holds what was right.
func Open(body hcl.Body, s *schema.Block, m Mode) (*Content, diag.List) {
	hs := bodySchema(s, m)
	raw, hds := body.Content(hs)
	diags := syntax.FromHCL(hds)
	out := &Content{Attrs: raw.Attributes, Missing: raw.MissingItemRange}
	if s.AnyAttribute {
		out, diags = openAny(body, hs)
	}
	if out.Attrs == nil {
		out.Attrs = map[string]*hcl.Attribute{}
	}
	var blocks []*hcl.Block
	for _, b := range raw.Blocks {
		if b.Type == "dynamic" && !m.expanded {
			out.Dynamic = true
			diags = append(diags, checkDynamic(b, s, m)...)
			continue
		}
		blocks = append(blocks, b)
	}
	for _, b := range blocks {
		n, ok := s.Nested(b.Type)
		if !ok {
			continue
		}
		c := &Child{Type: b.Type, Labels: b.Labels, LabelRanges: b.LabelRanges, Range: b.DefRange, Body: b.Body}
		if !n.Raw {
			var ds diag.List
			c.Content, ds = Open(b.Body, &n.Block, m)
			diags = append(diags, ds...)
			out.Dynamic = out.Dynamic || c.Content.Dynamic
		}
		out.Blocks = append(out.Blocks, c)
	}
	if !m.partial {
		diags = append(diags, unlessMisspelt(Required(out, s), diags)...)
	}
	return out, append(diags, counts(out, s, m)...)
}

// Expand opens a body again with its dynamic blocks evaluated in ctx. Findings about its shape that Open
// reports too are the caller's to leave out: expand only what Open found right.
func Expand(body hcl.Body, s *schema.Block, ctx *hcl.EvalContext) (*Content, diag.List) {
	return Open(dynblock.Expand(body, ctx, dynblock.OptCheckForEach(knownForEach)), s, Mode{expanded: true})
}

func openAny(body hcl.Body, hs *hcl.BodySchema) (*Content, diag.List) {
	_, rest, hds := body.PartialContent(&hcl.BodySchema{Blocks: hs.Blocks})
	attrs, more := rest.JustAttributes()
	return &Content{Attrs: attrs, Missing: body.MissingItemRange()}, syntax.FromHCL(append(hds, more...))
}

func bodySchema(s *schema.Block, m Mode) *hcl.BodySchema {
	hs := &hcl.BodySchema{}
	for i := range s.Attributes {
		for _, name := range spellings(&s.Attributes[i]) {
			hs.Attributes = append(hs.Attributes, hcl.AttributeSchema{Name: name})
		}
	}
	for i := range s.Blocks {
		hs.Blocks = append(hs.Blocks, hcl.BlockHeaderSchema{Type: s.Blocks[i].Name, LabelNames: s.Blocks[i].Labels})
	}
	if !m.expanded && len(s.Blocks) > 0 {
		hs.Blocks = append(hs.Blocks, hcl.BlockHeaderSchema{Type: "dynamic", LabelNames: []string{"type"}})
	}
	return hs
}

// spellings are the names under which an attribute may be given.
func spellings(a *schema.Attribute) []string {
	if a.Credential {
		return []string{a.Name, a.Name + "_file", a.Name + "_command"}
	}
	return []string{a.Name}
}

// Required reports the arguments that a block needs and does not have.
func Required(c *Content, s *schema.Block) diag.List {
	var diags diag.List
	for i := range s.Attributes {
		a := &s.Attributes[i]
		if !a.Required {
			continue
		}
		there := false
		for _, name := range spellings(a) {
			there = there || c.Attrs[name] != nil
		}
		if !there {
			diags = append(diags, missing(c.Missing, s.Name, a.Name, a.Description))
		}
	}
	return diags
}

// unlessMisspelt leaves out missing arguments that were proposed for an unknown one: they are there, misspelt.
func unlessMisspelt(missing, others diag.List) diag.List {
	return slices.DeleteFunc(missing, func(m diag.Diagnostic) bool {
		name, _, _ := strings.Cut(m.Summary, " ")
		return slices.ContainsFunc(others, func(d diag.Diagnostic) bool {
			return d.Code == diag.UnknownArgument && strings.Contains(d.Detail, fmt.Sprintf("Did you mean %q?", name))
		})
	})
}

func missing(at hcl.Range, block, name, what string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: diag.MissingArgument,
		Summary: fmt.Sprintf("%s is missing", name),
		Detail:  strings.TrimSpace(fmt.Sprintf("The block %s needs the argument %q. %s", block, name, what)),
		Subject: &at,
	}
}

// counts checks how often nested blocks stand there, and with Labels that no two are called the same.
func counts(c *Content, s *schema.Block, m Mode) diag.List {
	var diags diag.List
	for i := range s.Blocks {
		n := &s.Blocks[i]
		var first *Child
		num := 0
		byLabel := map[string]*Child{}
		for _, b := range c.Blocks {
			if b.Type != n.Name {
				continue
			}
			num++
			if n.Max > 0 && num == n.Max+1 {
				diags = append(diags, diag.Diagnostic{
					Severity: diag.Error, Code: diag.WrongBlockCount,
					Summary: fmt.Sprintf("Too many %s blocks", n.Name),
					Detail:  fmt.Sprintf("The block %s takes at most %d of them. Remove this one, or put its arguments into the first.", s.Name, n.Max),
					Subject: &b.Range, Related: &diag.Related{Message: "first given here", Range: first.Range},
				})
			}
			if first == nil {
				first = b
			}
			if len(b.Labels) == 0 {
				continue
			}
			key := fmt.Sprint(b.Labels)
			if old := byLabel[key]; old != nil {
				diags = append(diags, diag.Diagnostic{
					Severity: diag.Error, Code: diag.DuplicateName,
					Summary: fmt.Sprintf("There are two blocks %s %q", b.Type, b.Labels[len(b.Labels)-1]),
					Detail:  "Give one of them another name.",
					Subject: &b.Range, Related: &diag.Related{Message: "first declared here", Range: old.Range},
				})
				continue
			}
			byLabel[key] = b
		}
		if num < n.Min && !m.partial && (m.expanded || !c.Dynamic) {
			diags = append(diags, diag.Diagnostic{
				Severity: diag.Error, Code: diag.WrongBlockCount,
				Summary: fmt.Sprintf("A %s block is missing", n.Name),
				Detail:  fmt.Sprintf("The block %s needs at least %d. %s", s.Name, n.Min, n.Description),
				Subject: &c.Missing,
			})
		}
	}
	return diags
}

var dynamicSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{{Name: "for_each"}, {Name: "iterator"}, {Name: "labels"}},
	Blocks:     []hcl.BlockHeaderSchema{{Type: "content"}},
}

// checkDynamic looks at a dynamic block as it stands.
func checkDynamic(b *hcl.Block, s *schema.Block, m Mode) diag.List {
	bad := func(summary, detail string, at hcl.Range) diag.List {
		return diag.List{{Severity: diag.Error, Code: diag.BadDynamic, Summary: summary, Detail: detail, Subject: &at}}
	}
	n, ok := s.Nested(b.Labels[0])
	if !ok {
		return bad(fmt.Sprintf("No %s blocks stand here", b.Labels[0]),
			fmt.Sprintf("A dynamic block makes nested blocks of the type in its label. The block %s has none of type %q.%s",
				s.Name, b.Labels[0], nestedNames(s)), b.LabelRanges[0])
	}
	raw, hds := b.Body.Content(dynamicSchema)
	diags := syntax.FromHCL(hds)
	if raw.Attributes["for_each"] == nil && !hds.HasErrors() {
		diags = append(diags, bad("for_each is missing", "A dynamic block makes one block for each element of its for_each.", b.DefRange)...)
	}
	if len(raw.Blocks) != 1 {
		return append(diags, bad("A dynamic block has one content block",
			"Put the arguments of the blocks to be made into one block named content.", b.DefRange)...)
	}
	if n.Raw {
		return diags
	}
	_, ds := Open(raw.Blocks[0].Body, &n.Block, m)
	return append(diags, ds...)
}

func nestedNames(s *schema.Block) string {
	out := ""
	for i := range s.Blocks {
		if i == 0 {
			out = " It has: "
		} else {
			out += ", "
		}
		out += s.Blocks[i].Name
	}
	if out != "" {
		out += "."
	}
	return out
}

// ExpandPartial is Expand without asking for what is required.
func ExpandPartial(body hcl.Body, s *schema.Block, ctx *hcl.EvalContext) (*Content, diag.List) {
	return Open(dynblock.Expand(body, ctx, dynblock.OptCheckForEach(knownForEach)), s, Mode{expanded: true, partial: true})
}

// knownForEach refuses to expand over what is not known or not to be shown.
func knownForEach(v cty.Value, expr hcl.Expression, ctx *hcl.EvalContext) hcl.Diagnostics {
	un, marks := v.Unmark()
	why := ""
	switch {
	case len(marks) > 0:
		why = "It is sensitive, so the blocks made from it would show it."
	case !un.IsKnown():
		why = "It is only known after the run, and blocks must be known while planning."
	}
	if why == "" {
		return nil
	}
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: "Bad for_each of a dynamic block", Detail: why,
		Subject: expr.Range().Ptr(), Expression: expr, EvalContext: ctx,
	}}
}
