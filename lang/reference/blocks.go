package reference

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/format"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// language is the page of the core's blocks.
func language() *page {
	pg := newPage("The plan language")
	pg.para("A plan is the `*.xdc.hcl` and `*.xdc.hcl.json` files of a folder. Their blocks may stand in any order. " +
		"Every step also takes [meta-arguments](#meta-arguments). `dynamic` blocks work everywhere.")
	for _, b := range schema.Core() {
		pg.block(2, b, "")
		if kind := addr.Kind(b.Name); isStep(kind) && len(b.Labels) > 0 && b.Labels[len(b.Labels)-1] == "name" {
			pg.resultsOf(kind)
		}
	}
	pg.meta()
	return pg
}

// isStep reports whether blocks of this type have results.
func isStep(k addr.Kind) bool {
	return k != addr.Guard && slices.Contains(addr.Kinds(), k)
}

// header is how a block begins: `seed "TYPE" "NAME" { ... }`.
func header(b schema.Block) string {
	if b.Name == schema.ApproveType {
		return fmt.Sprintf("%s %q \"NAME\" { ... }", addr.Action, b.Name) // a type of action that belongs to the core
	}
	words := []string{b.Name}
	for _, l := range b.Labels {
		words = append(words, strconv.Quote(strings.ToUpper(l)))
	}
	return strings.Join(words, " ") + " { ... }"
}

// block is a section about a block and what stands inside it. path is what it stands in.
func (p *page) block(level int, b schema.Block, path string) {
	title := inline(path + b.Name)
	if b.Name == schema.ApproveType {
		title = inline(fmt.Sprintf("%s %q", addr.Action, b.Name))
	}
	p.heading(min(level, 5), title)
	p.para(inline(header(b)))
	p.para(b.Description)
	p.attributes(b)
	for _, n := range b.Blocks {
		p.block(level+1, n.Block, path+b.Name+".")
		p.para(often(n))
	}
}

// often says how many of a nested block there may be.
func often(n schema.Nested) string {
	switch {
	case n.Min == 1 && n.Max == 1:
		return "There must be exactly one."
	case n.Min == 0 && n.Max == 1:
		return "There may be one."
	case n.Max == 0 && n.Min > 0:
		return fmt.Sprintf("There must be at least %d.", n.Min)
	case n.Max == 0:
		return "There may be any number."
	}
	return fmt.Sprintf("There may be from %d to %d.", n.Min, n.Max)
}

// attributes is the list of a block's arguments.
func (p *page) attributes(b schema.Block) {
	for _, a := range b.Attributes {
		p.attribute(a)
	}
	if b.AnyAttribute {
		p.item("Any other name is the value of a variable.")
	}
	if len(b.Attributes) > 0 || b.AnyAttribute {
		p.gap()
	}
}

func (p *page) attribute(a schema.Attribute) {
	head := TypeOf(a)
	if a.Required {
		head += ", required"
	}
	text := []string{a.Description}
	if len(a.Enum) > 0 {
		words := make([]string, len(a.Enum))
		for i, w := range a.Enum {
			words[i] = inline(`"` + w + `"`)
		}
		text = append(text, "One of "+strings.Join(words, ", ")+".")
	}
	text = append(text, bounds(a), defaultOf(a))
	if a.Credential {
		text = append(text, fmt.Sprintf("Takes one sensitive variable and never a literal; instead of it, `%s_file` names a file and `%s_command` a command that prints it.", a.Name, a.Name))
	}
	if a.Example != "" {
		text = append(text, "Example: "+inline(a.Name+" = "+a.Example))
	}
	p.item("`%s` (%s): %s", a.Name, head, strings.Join(text, " "))
}

func bounds(a schema.Attribute) string {
	show := func(f float64) string {
		if a.Form == schema.Duration {
			return inline(value.Duration(f * 1e9).String())
		}
		return strings.TrimSuffix(fmt.Sprintf("%.6f", f), ".000000")
	}
	switch {
	case a.Min != nil && a.Max != nil:
		return fmt.Sprintf("From %s to %s.", trimZeros(show(*a.Min)), trimZeros(show(*a.Max)))
	case a.Min != nil:
		return fmt.Sprintf("At least %s.", trimZeros(show(*a.Min)))
	case a.Max != nil:
		return fmt.Sprintf("At most %s.", trimZeros(show(*a.Max)))
	}
	return ""
}

func trimZeros(s string) string {
	if strings.Contains(s, ".") && !strings.HasPrefix(s, "`") {
		return strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func defaultOf(a schema.Attribute) string {
	if a.Default == cty.NilVal || a.Default.IsNull() || !a.Default.IsWhollyKnown() {
		return ""
	}
	if a.Default.Type() == cty.String && a.Default.AsString() == "" {
		return ""
	}
	raw, err := value.ToJSON(a.Default, nil)
	if err != nil {
		return ""
	}
	return "Default: " + inline(string(raw)) + "."
}

// forms are the words for what an attribute takes beyond its plain type, for one and for several.
var forms = map[schema.Form][2]string{
	schema.Duration:  {"duration", "durations"},
	schema.Percent:   {"percentage", "percentages"},
	schema.Size:      {"size", "sizes"},
	schema.Condition: {"condition", "conditions"},
	schema.Record:    {"record", "records"},
	schema.TargetRef: {"target", "targets"},
	schema.HostRef:   {"host", "hosts"},
	schema.JobRef:    {"job", "jobs"},
	schema.StepRef:   {"step", "steps"},
	schema.EventRef:  {"event", "events"},
	schema.Network:   {"network", "networks"},
	schema.Path:      {"file", "files"},
	schema.ShellArgs: {"argument list", "argument lists"},
}

// TypeOf says in words what an attribute takes: "duration", "list of targets", "map of string".
func TypeOf(a schema.Attribute) string {
	form, special := forms[a.Form]
	if len(a.Kinds) > 0 && (a.Form == schema.StepRef || a.Form == schema.EventRef) {
		words := make([]string, len(a.Kinds))
		for i, k := range a.Kinds {
			words[i] = string(k)
		}
		form = [2]string{strings.Join(words, " or "), strings.Join(words, "s or ") + "s"}
		if a.Form == schema.EventRef {
			form = [2]string{form[0] + " event", form[0] + " events"}
		}
	}
	ty := a.Type
	switch {
	case ty == cty.NilType || ty == cty.DynamicPseudoType:
		if special {
			return form[0]
		}
		return "any"
	case a.Form == schema.ShellArgs:
		return form[0]
	case ty.IsListType() && special:
		return "list of " + form[1]
	case ty.IsSetType() && special:
		return "set of " + form[1]
	case ty.IsMapType() && special:
		return "map of " + form[1]
	case special:
		return form[0]
	case ty.IsListType() || ty.IsSetType() || ty.IsMapType():
		kind, _, _ := strings.Cut(ty.FriendlyNameForConstraint(), " ")
		return kind + " of " + TypeOf(schema.Attribute{Type: ty.ElementType()})
	}
	return ty.FriendlyNameForConstraint()
}

// meta is the section about the arguments that all steps share.
func (p *page) meta() {
	p.heading(2, "Meta-arguments")
	kinds := append(addr.Kinds(), "module")
	var order []string
	takes := map[string][]addr.Kind{}
	first := map[string]schema.Attribute{}
	for _, k := range kinds {
		for _, a := range schema.Meta(k) {
			if _, ok := first[a.Name]; !ok {
				order = append(order, a.Name)
				first[a.Name] = a
			}
			takes[a.Name] = append(takes[a.Name], k)
		}
	}
	for _, name := range order {
		p.heading(3, inline(name))
		a := first[name]
		plain := a
		plain.Default, plain.Required = cty.NilVal, false
		p.attribute(plain)
		words := make([]string, len(takes[name]))
		for i, k := range takes[name] {
			words[i] = string(k)
		}
		p.item("Taken by: %s.", strings.Join(words, ", "))
		if text := differences(name, takes[name]); text != "" {
			p.item("%s", text)
		}
		p.gap()
	}
}

// differences says what a meta-argument's default is, and where it is required.
func differences(name string, kinds []addr.Kind) string {
	var order, required []string
	in := map[string][]string{}
	for _, k := range kinds {
		for _, own := range schema.Meta(k) {
			if own.Name != name {
				continue
			}
			if own.Required {
				required = append(required, string(k))
			}
			if d := defaultOf(own); d != "" {
				if in[d] == nil {
					order = append(order, d)
				}
				in[d] = append(in[d], string(k))
			}
		}
	}
	var out []string
	if len(required) > 0 {
		out = append(out, "Required in: "+strings.Join(required, ", ")+".")
	}
	for _, d := range order {
		if len(in[d]) == len(kinds) {
			return d
		}
		out = append(out, strings.TrimSuffix(d, ".")+" in: "+strings.Join(in[d], ", ")+".")
	}
	return strings.Join(out, " ")
}

// connection is the page of a connection block.
func connection(e Entry) *page {
	pg := newPage("Connection " + inline(e.Name))
	pg.para(e.Doc)
	if e.Block.Description != e.Doc {
		pg.para(e.Block.Description)
	}
	pg.para("Stands in a `target` block, or, for all targets, in `defaults` of the `plan` block.")
	pg.body(e.Block)
	pg.example(e.Name, e.Example)
	if len(e.Signals) > 0 {
		pg.heading(2, "Signals")
		pg.signalList(e.Signals)
	}
	return pg
}

// step is the page of a type of fault, action or seed.
func step(kind string, e Entry) *page {
	pg := newPage(strings.ToUpper(kind[:1]) + kind[1:] + " " + inline(e.Name))
	pg.para(e.Doc)
	if e.Block.Description != e.Doc {
		pg.para(e.Block.Description)
	}
	notes := []string{fmt.Sprintf("Brought by the provider `%s`.", e.Provider)}
	if kind != "seed" {
		if e.Twin {
			notes = append(notes, "Works in rehearsals.")
		} else if kind == "fault" {
			notes = append(notes, "Rehearsals skip it, and what depends on it.")
		} else {
			notes = append(notes, "Rehearsals do not perform it, and go on as if it were done.")
		}
	}
	if e.Stages {
		notes = append(notes, "Takes `stage` blocks.")
	}
	pg.para(strings.Join(notes, " "))
	pg.heading(2, "Arguments")
	pg.para(fmt.Sprintf("Besides those of [every %s](../language.md#%s) and the [meta-arguments](../language.md#meta-arguments):", kind, kind))
	pg.body(e.Block)
	if e.Audit != nil && (len(e.Audit.Attributes) > 0 || len(e.Audit.Blocks) > 0) {
		pg.heading(2, "Audits")
		pg.para("Audits of such seeds take, besides the arguments of [every audit](../language.md#audit):")
		pg.body(*e.Audit)
	}
	if e.Probe != nil {
		pg.heading(2, "Probes")
		pg.para("Probes that send this way take, besides the arguments of [every probe](../language.md#probe):")
		pg.body(*e.Probe)
	}
	pg.example(fmt.Sprintf("%s %q %q", kind, e.Name, "example"), e.Example)
	return pg
}

func (p *page) body(b schema.Block) {
	if len(b.Attributes) == 0 && len(b.Blocks) == 0 {
		p.para("None.")
	}
	p.attributes(b)
	for _, n := range b.Blocks {
		p.block(3, n.Block, "")
		p.para(often(n))
	}
}

// example shows the body of a block in its block, in canonical layout.
func (p *page) example(head, body string) {
	if strings.TrimSpace(body) == "" {
		return
	}
	text := head + " {\n" + strings.Trim(body, "\n") + "\n}\n"
	laid, diags := format.Source([]byte(text), "example.xdc.hcl")
	if diags.HasErrors() {
		laid = []byte(text)
	}
	p.heading(2, "Example")
	p.code("hcl fragment", string(laid))
}
