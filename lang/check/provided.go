package check

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
)

// refer adds the edges of all arguments in a block, except for the named ones. What a template splices into a
// condition are names; the condition makes its own edges (observe).
func (s *scope) refer(in *instance, content *config.Content, b *bag, blk *schema.Block, except ...string) {
	for _, a := range byPosition(content.Attrs) {
		if slices.Contains(except, a.Name) || len(a.Expr.Variables()) == 0 {
			continue
		}
		if own, ok := blk.Attribute(a.Name); ok && own.Form == schema.Condition {
			continue
		}
		refs := s.references(a.Expr)
		if b != nil {
			refs = narrow(refs, b.jobs[a.Name])
		}
		in.needs.refer(refs, false)
	}
	for _, ch := range content.Blocks {
		if ch.Content != nil {
			s.refer(in, ch.Content, nil, blk)
		}
	}
}

// narrow leaves of references to a whole job only the instances that are meant.
func narrow(refs []reference, pick *jobPick) []reference {
	if pick == nil {
		return refs
	}
	out := slices.Clone(refs)
	for i := range out {
		if out[i].block.conf.Kind == addr.Job && len(out[i].instances) > 1 {
			out[i].instances = slices.DeleteFunc(slices.Clone(out[i].instances), func(in *instance) bool {
				return !slices.Contains(pick.instances, in)
			})
		}
	}
	return out
}

// provided evaluates what the step's provider asked for into Args and Late.
func (s *scope) provided(st *program.Step, content *config.Content, o bagOptions) *bag {
	blk := s.self.block.schema.provider
	if blk == nil {
		return nil
	}
	o.late, o.slot = true, s.self.addr.String()
	b := s.bag(content, blk, o)
	inferTarget(b, blk)
	if !b.ok {
		s.self.broken = true
		return b
	}
	s.args(st, b, func(s *scope) *bag {
		again := s.bag(content, blk, o)
		inferTarget(again, blk)
		return again
	}, blk)
	return b
}

// args writes evaluated arguments into a step, with a function that evaluates them again if they are late.
func (s *scope) args(st *program.Step, b *bag, again func(*scope) *bag, blk *schema.Block) {
	st.Args = b.json(blk)
	if !b.unknown() {
		return
	}
	c := s.mod.c
	st.Late = func(res program.Results) (rawJSON, diag.List) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var ds diag.List
		b := again(s.with(res, &ds))
		if !b.ok {
			return nil, ds
		}
		if b.unknown() {
			return nil, append(ds, diag.Diagnostic{
				Severity: diag.Error, Code: diag.StillUnknown, Subject: new(st.Range), Address: st.Addr.String(),
				Summary: "A value that this step needs never came to be",
				Detail:  "It depends on the result of a step that was skipped, failed, or left that result empty.",
			})
		}
		return b.json(blk), ds
	}
}

// inferTarget fills in the argument `target` from a job that runs on one target only.
func inferTarget(b *bag, blk *schema.Block) {
	a, ok := blk.Attribute("target")
	if !ok || a.Form != schema.TargetRef || b.has("target") {
		return
	}
	for _, n := range sorted(b.jobs) {
		if pick := b.jobs[n]; len(pick.instances) == 1 && pick.instances[0].target != "" {
			b.vals["target"] = cty.StringVal(pick.instances[0].target)
			return
		}
	}
}
