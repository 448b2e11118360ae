package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// probeType is the type of seed by which a probe sends; empty if there is none such, which is reported.
func (b *block) probeType() string {
	c := b.mod.c
	typ, rng := schema.DefaultThrough, b.conf.Range
	rest, _, _ := b.conf.Rest.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "through"}}})
	if a := rest.Attributes["through"]; a != nil {
		rng = a.Expr.Range()
		s := b.mod.scope()
		v, ok := s.eval(a.Expr)
		if !ok {
			return ""
		}
		v, _ = v.Unmark()
		if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
			s.report(diag.Diagnostic{
				Code: diag.MustBeKnown, Subject: &rng, Summary: "through must be known while planning",
				Detail: "It decides which arguments the probe has. Write the name of a type of seed.",
			})
			return ""
		}
		typ = v.AsString()
	}
	if _, ok := c.cat.Step(addr.Probe, typ); ok {
		return typ
	}
	types := c.cat.StepTypes(addr.Probe)
	detail := "There are: " + strings.Join(types, ", ") + "."
	if len(types) == 0 {
		detail = "No provider brings any."
	}
	c.report(diag.Diagnostic{
		Code: diag.UnknownType, Subject: &rng, Context: &b.conf.Range,
		Summary: fmt.Sprintf("Probes cannot send through %q", typ), Detail: detail + diag.Suggest(typ, types),
	})
	return ""
}

// probe evaluates a probe.
func (s *scope) probe(in *instance, st *program.Step, content *config.Content) {
	st.Probe = &program.Probe{}
	core := &in.block.schema.core
	b := s.bag(content, core, bagOptions{})
	ok := s.exactlyOne(content, "target", "targets")
	ok = b.ok && ok
	in.targets = targetsOf(b)
	p := &program.Probe{
		Through: b.str("through"), Targets: in.targets, Route: b.str("route"), SwitchAfter: b.dur("switch_after"), ResultsAt: b.strs("results_at"),
		Key: b.str("key"), Rate: b.num("rate"), Deadline: b.dur("deadline"), Hold: b.dur("hold"), Duration: b.dur("duration"), Settle: b.dur("settle"),
		SinceAt: b.strs("since"), Job: b.str("job"),
	}
	if len(p.ResultsAt) == 0 {
		p.ResultsAt = p.Targets
	}
	st.Probe = p
	// What a seed asks of a route and a record, a probe asks too.
	like := program.Seed{Targets: p.Targets, Route: p.Route, SwitchAfter: p.SwitchAfter}
	ok = s.seedRoute(content, &like) && ok
	p.SwitchAfter = like.SwitchAfter
	ok = s.seedRecords(content, b, &like) && ok
	p.Record = like.Record
	ok = s.probeMarked(content, p) && ok
	ok = s.probeHold(content, b, p) && ok
	for _, address := range p.SinceAt {
		if f := s.mod.c.instances[address]; f != nil {
			p.Since = append(p.Since, f.addr)
			in.needs.add(program.Need{Step: f.addr, Point: program.Healed, Order: true, Range: content.Attrs["since"].Expr.Range()})
		}
	}
	pb := s.provided(st, content, bagOptions{targets: in.targets})
	if pb != nil {
		maps.Copy(b.jobs, pb.jobs)
	}
	s.refer(in, content, b, core, "since")
	in.broken = in.broken || !ok
}

// probeHold checks that a hold covers several transactions: fewer would show nothing.
func (s *scope) probeHold(content *config.Content, b *bag, p *program.Probe) bool {
	if !b.ok || p.Rate <= 0 || p.Hold.D().Seconds() >= 2/p.Rate {
		return true
	}
	subject := &content.Missing
	if a := content.Attrs["hold"]; a != nil {
		subject = a.Expr.Range().Ptr()
	}
	s.report(diag.Diagnostic{
		Code: diag.OutOfRange, Subject: subject, Summary: "hold is too short for the rate",
		Detail: fmt.Sprintf("Transactions are %s apart, and in %s there must be at least two. Lengthen hold, or raise the rate.", value.Duration(float64(time.Second)/p.Rate), p.Hold),
	})
	return false
}

// probeMarked checks that the records of a probe can be told apart: their id must be in them.
func (s *scope) probeMarked(content *config.Content, p *program.Probe) bool {
	a := content.Attrs["record"]
	if a == nil || p.Record == nil || marked(*p.Record) {
		return true
	}
	s.report(diag.Diagnostic{
		Code: diag.Incomplete, Subject: a.Expr.Range().Ptr(), Summary: "The record does not hold its id",
		Detail: fmt.Sprintf("A probe knows the results of its records by record.id. Give the record a field for it: %s = record.id.", p.Key),
	})
	return false
}

// marked reports whether a value of a record is its id.
func marked(g value.Generator) bool {
	if g.Kind == "id" || g.Kind == "template" && g.Template == "{id}" {
		return true
	}
	for _, list := range [][]value.Generator{g.Fields, g.Items} {
		if slices.ContainsFunc(list, marked) {
			return true
		}
	}
	return false
}
