package check

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

type rawJSON = json.RawMessage

// bag holds the evaluated arguments of one block, in the form in which providers receive them.
type bag struct {
	s    *scope
	opts bagOptions
	vals map[string]cty.Value
	kids []kid
	// jobs are the job instances that each JobRef argument means.
	jobs map[string]*jobPick
	// ok is false once something was reported.
	ok bool
}

type kid struct {
	typ    string
	labels []string
	rng    hcl.Range
	bag    *bag
}

// bagOptions say how a block is evaluated.
type bagOptions struct {
	// late allows values that are known only after other steps ran.
	late bool
	// slot is the address in the names of slots for sensitive values.
	slot string
	// targets narrow JobRef arguments that name all instances of a job.
	targets []string
}

// bag evaluates the arguments in content that the schema lists. Conditions, records and references to events
// are left to those who know their kind of step.
func (s *scope) bag(content *config.Content, b *schema.Block, o bagOptions) *bag {
	out := &bag{s: s, opts: o, vals: map[string]cty.Value{}, jobs: map[string]*jobPick{}, ok: true}
	for _, refs := range []bool{true, false} { // references to targets first: they narrow those to jobs
		for i := range b.Attributes {
			a := &b.Attributes[i]
			if (a.Form == schema.TargetRef) == refs {
				out.attribute(content, b, a)
			}
		}
	}
	for _, ch := range content.Blocks {
		n, found := b.Nested(ch.Type)
		if !found || ch.Content == nil {
			continue
		}
		ko := o
		if ko.slot != "" {
			ko.slot += "#" + ch.Type
		}
		k := kid{typ: ch.Type, labels: ch.Labels, rng: ch.Range, bag: s.bag(ch.Content, &n.Block, ko)}
		out.ok = out.ok && k.bag.ok
		out.kids = append(out.kids, k)
	}
	return out
}

func (b *bag) attribute(content *config.Content, blk *schema.Block, a *schema.Attribute) {
	if a.Credential {
		b.credential(content, a)
		return
	}
	switch a.Form { //nolint:exhaustive // all other forms are values
	case schema.Condition, schema.Record:
		return
	}
	attr, given := content.Attrs[a.Name]
	if given {
		v, ok := b.s.argument(a, attr, b)
		if !ok {
			b.ok = false
			return
		}
		if v != cty.NilVal {
			b.vals[a.Name] = v
			return
		}
		if a.Required {
			b.ok = false
			b.s.report(diag.Diagnostic{
				Code: diag.MissingArgument, Subject: attr.Expr.Range().Ptr(), Summary: fmt.Sprintf("%s must not be null", a.Name),
				Detail: fmt.Sprintf("The block %s needs it. %s", blk.Name, a.Description),
			})
			return
		}
	}
	if a.Default != cty.NilVal {
		b.vals[a.Name] = a.Default
	}
}

// get returns an argument, or def if it was not given.
func (b *bag) get(name string, def cty.Value) cty.Value {
	if v, ok := b.vals[name]; ok {
		return v
	}
	return def
}

func (b *bag) has(name string) bool { _, ok := b.vals[name]; return ok }

// str, num, flag and dur read arguments of core blocks, which are known; zero if not given.
func (b *bag) str(name string) string {
	v, _ := b.get(name, cty.NullVal(cty.String)).Unmark()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

func (b *bag) num(name string) float64 {
	v, _ := b.get(name, cty.NullVal(cty.Number)).Unmark()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.Number {
		return 0
	}
	f, _ := v.AsBigFloat().Float64()
	return f
}

func (b *bag) flag(name string) bool {
	v, _ := b.get(name, cty.False).Unmark()
	return v.IsKnown() && !v.IsNull() && v.Type() == cty.Bool && v.True()
}

func (b *bag) dur(name string) value.Duration {
	d, err := value.ParseDuration(b.str(name))
	if err != nil {
		return 0
	}
	return d
}

func (b *bag) nums(name string) []float64 {
	v, _ := b.get(name, cty.NullVal(cty.List(cty.Number))).UnmarkDeep()
	if v.IsNull() || !v.IsWhollyKnown() || !v.CanIterateElements() {
		return nil
	}
	var out []float64
	for it := v.ElementIterator(); it.Next(); {
		if _, el := it.Element(); !el.IsNull() && el.Type() == cty.Number {
			f, _ := el.AsBigFloat().Float64()
			out = append(out, f)
		}
	}
	return out
}

func (b *bag) strs(name string) []string {
	v, _ := b.get(name, cty.NullVal(cty.List(cty.String))).UnmarkDeep()
	if v.IsNull() || !v.IsWhollyKnown() || !v.CanIterateElements() {
		return nil
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		if _, el := it.Element(); !el.IsNull() && el.Type() == cty.String {
			out = append(out, el.AsString())
		}
	}
	return out
}

// object is the bag as one value: arguments by name; nested blocks that may stand once as an object, others
// as a list of objects with their labels among the attributes.
func (b *bag) object(s *schema.Block) cty.Value {
	attrs := map[string]cty.Value{}
	for i := range s.Attributes {
		a := &s.Attributes[i]
		for _, n := range []string{a.Name, a.Name + "_file", a.Name + "_command"} {
			if n != a.Name && !a.Credential {
				break
			}
			if v, ok := b.vals[n]; ok {
				attrs[n] = v
			}
		}
	}
	for i := range s.Blocks {
		n := &s.Blocks[i]
		var els []cty.Value
		for _, k := range b.kids {
			if k.typ != n.Name {
				continue
			}
			v := k.bag.object(&n.Block)
			if len(n.Labels) > 0 {
				with := map[string]cty.Value{}
				maps.Copy(with, v.AsValueMap())
				for j, l := range n.Labels {
					if j < len(k.labels) {
						with[l] = cty.StringVal(k.labels[j])
					}
				}
				v = cty.ObjectVal(with)
			}
			els = append(els, v)
		}
		if len(els) == 0 {
			continue
		}
		if n.Max == 1 && len(n.Labels) == 0 {
			attrs[n.Name] = els[0]
		} else {
			attrs[n.Name] = cty.TupleVal(els)
		}
	}
	return cty.ObjectVal(attrs)
}

// json is object as JSON: secrets as slots, what is not known yet as {"unknown": true}.
func (b *bag) json(s *schema.Block) rawJSON { return b.s.toJSON(b.object(s), b.opts.slot) }

func (s *scope) toJSON(v cty.Value, slot string) rawJSON {
	raw, err := value.ToJSON(v, func(p cty.Path, v cty.Value) (string, bool) {
		if slot == "" {
			return "", false
		}
		name := slot
		if len(p) > 0 {
			name += "#" + pathText(p)
		}
		plain, _ := v.UnmarkDeep()
		if s.res == nil {
			s.mod.c.keep(name, plain)
		}
		return name, true
	})
	if err != nil {
		s.report(diag.Diagnostic{
			Code: diag.EvalFailed, Summary: "A value cannot be written as JSON", Detail: err.Error() + ".",
			Subject: s.where(),
		})
		return rawJSON("null")
	}
	return raw
}

// where is the block a finding without a place of its own belongs to.
func (s *scope) where() *hcl.Range {
	if s.self != nil {
		return &s.self.block.conf.Range
	}
	return &s.mod.conf.Root
}

// unknown reports whether part of the bag is known only after other steps ran. Secrets that are not there
// yet do not count.
func (b *bag) unknown() bool {
	for _, v := range b.vals {
		if isLate(v) {
			return true
		}
	}
	for _, k := range b.kids {
		if k.bag.unknown() {
			return true
		}
	}
	return false
}

// isLate reports whether a value has unknown parts that are not secrets.
func isLate(v cty.Value) bool {
	if v == cty.NilVal || v.IsWhollyKnown() {
		return false
	}
	late := false
	_ = cty.Walk(v, func(_ cty.Path, el cty.Value) (bool, error) {
		if el.IsMarked() && value.IsSensitive(el) {
			return false, nil
		}
		if !el.IsKnown() {
			late = true
		}
		return !late, nil
	})
	return late
}

// expandContext builds what dynamic blocks in a body need to be expanded.
func (s *scope) expandContext(body hcl.Body, b *schema.Block) (*hcl.EvalContext, bool) {
	return s.context(expandVars(dynblock.WalkExpandVariables(body), b, 0))
}

// maxBlockDepth bounds how deeply nested blocks are looked into.
const maxBlockDepth = 32

func expandVars(n dynblock.WalkVariablesNode, b *schema.Block, depth int) []hcl.Traversal {
	hs := &hcl.BodySchema{}
	for i := range b.Blocks {
		hs.Blocks = append(hs.Blocks, hcl.BlockHeaderSchema{Type: b.Blocks[i].Name, LabelNames: b.Blocks[i].Labels})
	}
	vars, kids := n.Visit(hs)
	for _, k := range kids {
		if child, ok := b.Nested(k.BlockTypeName); ok && depth < maxBlockDepth {
			vars = append(vars, expandVars(k.Node, &child.Block, depth+1)...)
		}
	}
	return vars
}

// expanded returns the content of a body with its dynamic blocks evaluated for this scope.
func (s *scope) expanded(content *config.Content, body hcl.Body, b *schema.Block) (*config.Content, bool) {
	if !content.Dynamic {
		return content, true
	}
	ctx, ok := s.expandContext(body, b)
	if !ok {
		return nil, false
	}
	out, ds := config.Expand(body, b, ctx)
	for _, d := range ds {
		if d.Code == diag.Unclassified {
			d.Code = diag.EvalFailed
		}
		s.report(d)
	}
	return out, !ds.HasErrors()
}
