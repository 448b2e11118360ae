package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// typeOf is the type of a target's signal. Where the plan itself says what is observed, it is the type that the plan
// gives it, and a name that no block of the target has is a problem.
func (c *checker) typeOf(t *target, p *pattern, path cond.Path) (signal.Type, *cond.Problem) {
	if p.Named == nil {
		return p.Type, nil
	}
	name := path[slices.IndexFunc(p.segs, func(s patternSegment) bool { return s.name == "*" })].Name
	blocks := t.named(p)
	ch := blocks[name]
	if ch == nil {
		where := fmt.Sprintf("the %s block of target %s", p.Provider, t.name)
		if len(blocks) == 0 {
			return signal.Type{}, problem(fmt.Sprintf("There is no %s %q", p.Named.Block, name), fmt.Sprintf("Nothing is observed by that name: add %s %q { ... } to %s.", p.Named.Block, name, where))
		}
		names := sorted(blocks)
		return signal.Type{}, problem(fmt.Sprintf("There is no %s %q", p.Named.Block, name), fmt.Sprintf("In %s there are %s.%s", where, strings.Join(names, ", "), diag.Suggest(name, names)))
	}
	return c.typeBy(t, p.Signal, ch), nil
}

// named are the blocks of a target that give the signals of a pattern their names.
func (t *target) named(p *pattern) map[string]*config.Child {
	out := map[string]*config.Child{}
	conn := t.conns[p.Provider]
	if conn == nil {
		return out
	}
	for _, ch := range conn.Content.Blocks {
		if ch.Type == p.Named.Block && len(ch.Labels) > 0 && ch.Content != nil {
			out[ch.Labels[0]] = ch
		}
	}
	return out
}

// typeBy reads the type of a signal off its block. What is wrong with the block is said where it is evaluated as a whole.
func (c *checker) typeBy(t *target, sig schema.Signal, ch *config.Child) signal.Type {
	n, _ := t.schema.Nested(sig.Provider)
	b, ok := n.Nested(sig.Named.Block)
	if !ok {
		return sig.Type
	}
	only := schema.Block{Name: b.Name}
	for _, name := range sig.Named.TypedBy {
		if a, ok := b.Attribute(name); ok {
			only.Attributes = append(only.Attributes, *a)
		}
	}
	s := t.scope()
	s.diags = new(diag.List)
	bag := s.bag(&config.Content{Attrs: ch.Content.Attrs, Missing: ch.Content.Missing}, &only, bagOptions{})
	for _, name := range sig.Named.TypedBy {
		if typ, ok := sig.Named.Types[bag.str(name)]; ok {
			return typ
		}
	}
	return sig.Type
}

// nameSignals checks that the blocks that name signals of a connection have names that conditions can say.
func (c *checker) nameSignals(provider string, conn *config.Child) {
	said := map[*config.Child]bool{}
	for _, sig := range c.cat.Signals() {
		if sig.Provider != provider || sig.Named == nil {
			continue
		}
		for _, ch := range conn.Content.Blocks {
			if ch.Type != sig.Named.Block || len(ch.Labels) == 0 || hclsyntax.ValidIdentifier(ch.Labels[0]) || said[ch] {
				continue
			}
			said[ch] = true
			at := ch.Range
			if len(ch.LabelRanges) > 0 {
				at = ch.LabelRanges[0]
			}
			c.report(diag.Diagnostic{
				Code: diag.BadName, Subject: &at, Context: &ch.Range, Summary: fmt.Sprintf("%q cannot be a name here", ch.Labels[0]),
				Detail: "Conditions call the signal by it. A name begins with a letter and goes on with letters, digits, underscores and dashes.",
			})
		}
	}
}
