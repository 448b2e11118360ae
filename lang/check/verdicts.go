package check

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// wait evaluates a wait.
func (s *scope) wait(in *instance, st *program.Step, content *config.Content) {
	st.Wait = &program.Wait{}
	core := &in.block.schema.core
	b := s.bag(content, core, bagOptions{})
	st.Wait.Hold = b.dur("hold")
	ok := b.ok
	if a := content.Attrs["since"]; a != nil {
		since, _ := core.Attribute("since")
		if ev, good := s.event(since, a.Expr); good {
			st.Wait.Since = &ev
			in.needs.add(program.Need{Step: ev.Step, Point: eventPoint(addr.Fault, ev.Name), Range: a.Expr.Range()})
		} else {
			ok = false
		}
	}
	if a := content.Attrs["until"]; a != nil {
		st.Wait.Until = s.condition(a.Expr, cond.Instant)
		ok = ok && st.Wait.Until != nil
		s.observe(&in.needs, st.Wait.Until, addr.Wait)
	}
	s.refer(in, content, b, core)
	if !in.broken && b.ok {
		ok = s.coverHold(st, in.block.conf.Meta["timeout"]) && ok
	}
	in.broken = in.broken || !ok
}

// expect evaluates an expectation.
func (s *scope) expect(in *instance, st *program.Step, content *config.Content) {
	st.Expect = &program.Expect{}
	core := in.block.schema.core
	a := content.Attrs["condition"]
	// The condition is an expression over results; it is evaluated when they are there.
	rest := &config.Content{Attrs: map[string]*hcl.Attribute{}, Blocks: content.Blocks, Missing: content.Missing}
	for n, x := range content.Attrs {
		if n != "condition" && n != "error_message" {
			rest.Attrs[n] = x
		}
	}
	b := s.bag(rest, &core, bagOptions{})
	st.Expect.Severity = b.str("severity")
	ok := s.exactlyOne(content, "that", "condition")
	ok = b.ok && ok
	msg := content.Attrs["error_message"]
	if msg != nil {
		text, good := s.message(msg)
		st.Expect.ErrorMessage = text
		ok = ok && good
	}
	if x := content.Attrs["that"]; x != nil && a == nil {
		st.Expect.That = s.condition(x.Expr, cond.Verdict)
		ok = ok && st.Expect.That != nil
		s.observe(&in.needs, st.Expect.That, addr.Expect)
	}
	if a != nil && content.Attrs["that"] == nil {
		ok = s.judgeable(a) && ok
		st.Expect.Condition = string(s.mod.source(a.Expr.Range()))
		st.Expect.Judge = s.judge(a, msg)
	}
	s.refer(in, content, b, &core)
	in.broken = in.broken || !ok
}

// message evaluates error_message; one that depends on results is evaluated when they are there.
func (s *scope) message(a *hcl.Attribute) (string, bool) {
	v, ok := s.eval(a.Expr)
	if !ok {
		return "", false
	}
	if value.IsSensitive(v) {
		s.report(diag.Diagnostic{
			Code: diag.SensitiveHere, Subject: a.Expr.Range().Ptr(), Summary: "error_message must not hold a secret", Detail: "It is shown in reports.",
		})
		return "", false
	}
	str, err := convert.Convert(v, cty.String)
	if err != nil {
		s.report(diag.Diagnostic{
			Code: diag.WrongType, Subject: a.Expr.Range().Ptr(), Summary: "error_message is of the wrong type", Detail: fmt.Sprintf("It must be a string; it is %s here.", describe(v)),
		})
		return "", false
	}
	if str.IsNull() || !str.IsKnown() {
		return "", true
	}
	return str.AsString(), true
}

// judgeable checks the condition of an expectation as far as it can be while planning.
func (s *scope) judgeable(a *hcl.Attribute) bool {
	v, ok := s.eval(a.Expr)
	if !ok {
		return false
	}
	if value.IsSensitive(v) {
		s.report(diag.Diagnostic{
			Code: diag.SensitiveHere, Subject: a.Expr.Range().Ptr(), Summary: "condition must not hold a secret",
			Detail: "The verdict and the values behind it are shown in reports.",
		})
		return false
	}
	if un, _ := v.Unmark(); un.Type() != cty.Bool && un.Type() != cty.DynamicPseudoType || un.IsKnown() && un.IsNull() {
		s.report(diag.Diagnostic{
			Code: diag.WrongType, Subject: a.Expr.Range().Ptr(), Summary: "condition is true or false",
			Detail: fmt.Sprintf("It is %s here. Compare it with something; or use `that`, which knows units and bounds.", describe(un)), Values: s.valuesIn(a.Expr),
		})
		return false
	}
	return true
}

// judge returns the function that evaluates an expectation's condition over results.
func (s *scope) judge(a, msg *hcl.Attribute) func(program.Results) (program.Judgement, diag.List) {
	c := s.mod.c
	return func(res program.Results) (program.Judgement, diag.List) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var ds diag.List
		ls := s.with(res, &ds)
		out := program.Judgement{Values: ls.valuesIn(a.Expr)}
		v, ok := ls.eval(a.Expr)
		if !ok {
			return out, ds
		}
		v, _ = v.UnmarkDeep()
		if !v.IsKnown() || v.IsNull() {
			out.Why = "a value it needs is missing"
			return out, ds
		}
		met := v.Type() == cty.Bool && v.True()
		out.Met = &met
		if met || msg == nil {
			return out, ds
		}
		if m, ok := ls.eval(msg.Expr); ok && !value.IsSensitive(m) {
			if str, err := convert.Convert(m, cty.String); err == nil && str.IsKnown() && !str.IsNull() {
				out.Why = str.AsString()
			}
		}
		return out, ds
	}
}

// guards builds the guards of a module.
func (c *checker) guards(m *module) {
	for _, conf := range m.conf.Guards {
		b := &block{mod: m, conf: conf}
		if !b.open() {
			continue
		}
		in := &instance{block: b, addr: addr.Step{Module: m.addr, Kind: addr.Guard, Name: conf.Name}}
		s := in.scope()
		content, ok := s.expanded(b.content, conf.Rest, &b.schema.merged)
		if !ok {
			continue
		}
		core := &b.schema.core
		args := s.bag(content, core, bagOptions{})
		g := &program.Guard{Addr: in.addr, OnUnknown: args.str("on_unknown"), Range: conf.Range}
		if a := content.Attrs["that"]; a != nil {
			g.That = s.condition(a.Expr, cond.Instant)
		}
		for _, end := range []struct {
			name string
			to   **program.Event
		}{{"from", &g.From}, {"to", &g.To}} {
			a := content.Attrs[end.name]
			if a == nil {
				continue
			}
			sa, _ := core.Attribute(end.name)
			if ev, ok := s.event(sa, a.Expr); ok {
				*end.to = &ev
			}
		}
		c.prog.Guards = append(c.prog.Guards, g)
	}
}
