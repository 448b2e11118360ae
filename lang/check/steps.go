package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
)

// stepSchema is what may stand in the block of a step of one kind and type.
type stepSchema struct {
	core     schema.Block
	provider *schema.Block // nil when the type brings nothing
	// merged is both, for the shape of the block.
	merged schema.Block
}

// schemaOf returns the schema of a kind and type; ok is false if there is no such type.
func (c *checker) schemaOf(kind addr.Kind, typ string) (*stepSchema, bool) {
	key := string(kind) + "." + typ
	if s, ok := c.schemas[key]; ok {
		return s, s != nil
	}
	s := &stepSchema{core: schema.Step(kind)}
	switch {
	case kind == addr.Action && typ == schema.ApproveType:
		s.core = schema.Approve()
	case kind.Typed(), kind == addr.Audit, kind == addr.Probe:
		b, ok := c.cat.Step(kind, typ)
		if !ok {
			c.schemas[key] = nil
			return nil, false
		}
		s.provider = b
	}
	s.merged = schema.Merge(s.core.Name, &s.core, s.provider)
	if typ != "" {
		s.merged.Name = fmt.Sprintf("%s %q", kind, typ)
	}
	if kind == addr.Fault && s.provider != nil {
		s.stages()
	}
	c.schemas[key] = s
	return s, true
}

// stages lets stage blocks of a fault take what the fault itself takes.
func (s *stepSchema) stages() {
	stage, _ := s.merged.Nested("stage")
	stage.AnyAttribute = false
	for _, a := range s.provider.Attributes {
		if _, ok := stage.Attribute(a.Name); !ok {
			a.Required, a.Default = false, cty.NilVal
			stage.Attributes = append(stage.Attributes, a)
		}
	}
}

// open looks at the shape of the block once for all its instances. It reports false if nothing can be made of it.
func (b *block) open() bool {
	if b.opened {
		return b.content != nil && !b.broken
	}
	b.opened = true
	c := b.mod.c
	typ := b.conf.Type
	switch b.conf.Kind { //nolint:exhaustive // the others have their type in a label, or none
	case addr.Audit:
		typ = b.auditType()
	case addr.Probe:
		typ = b.probeType()
	}
	if typ == "" && (b.conf.Kind == addr.Audit || b.conf.Kind == addr.Probe) {
		b.broken = true
		return false
	}
	s, ok := c.schemaOf(b.conf.Kind, typ)
	if !ok {
		b.broken = true
		if b.conf.Kind != addr.Audit && b.conf.Kind != addr.Probe {
			b.unknownType()
		}
		return false
	}
	b.schema = s
	var ds diag.List
	b.content, ds = config.Open(b.conf.Rest, &s.merged, config.Static)
	c.diags = append(c.diags, ds...)
	for _, a := range schema.Meta(b.conf.Kind) {
		if a.Required && b.conf.Meta[a.Name] == nil {
			c.report(diag.Diagnostic{
				Code: diag.MissingArgument, Subject: &b.content.Missing, Summary: fmt.Sprintf("%s is missing", a.Name),
				Detail: fmt.Sprintf("The block %s needs the argument %q. %s", b.conf.Kind, a.Name, a.Description),
			})
			b.broken = true
		}
	}
	b.broken = b.broken || ds.HasErrors()
	return !b.broken
}

func (b *block) unknownType() {
	c := b.mod.c
	types := c.cat.StepTypes(b.conf.Kind)
	if b.conf.Kind == addr.Action {
		types = append(slices.Clone(types), schema.ApproveType)
	}
	detail := "There are: " + strings.Join(types, ", ") + "."
	if len(types) == 0 {
		detail = "No provider brings any."
	}
	c.report(diag.Diagnostic{
		Code: diag.UnknownType, Subject: &b.conf.TypeRange, Context: &b.conf.Range,
		Summary: fmt.Sprintf("There is no %s of type %q", b.conf.Kind, b.conf.Type), Detail: detail + diag.Suggest(b.conf.Type, types),
	})
}

// auditType is the type of the seed that an audit names; empty if it cannot be told.
func (b *block) auditType() string {
	c := b.mod.c
	rest, _, _ := b.conf.Rest.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "seed"}}})
	a := rest.Attributes["seed"]
	if a == nil {
		s := schema.Audit()
		_, ds := config.Open(b.conf.Rest, &s, config.Static)
		for _, d := range ds {
			if d.Code == diag.MissingArgument {
				c.report(d)
			}
		}
		return ""
	}
	s := b.mod.scope()
	if ins := b.expand(); len(ins) > 0 {
		s = ins[0].scope()
	}
	for _, r := range s.references(a.Expr) {
		if r.block.conf.Kind == addr.Seed {
			return r.block.conf.Type
		}
	}
	if len(b.instances) == 0 && !b.broken {
		return ""
	}
	v, ok := s.eval(a.Expr)
	if !ok {
		return ""
	}
	attr, _ := (&schemaAudit).Attribute("seed")
	if h, ok := handleOf(v); ok && c.instances[h] != nil && c.instances[h].addr.Kind == addr.Seed {
		return c.instances[h].addr.Type
	}
	_, summary, detail := s.handleForm(attr, v)
	if summary != "" {
		s.report(diag.Diagnostic{Code: diag.WrongReference, Subject: a.Expr.Range().Ptr(), Summary: summary, Detail: detail})
	}
	return ""
}

var schemaAudit = schema.Audit()

// copies evaluates what makes the instances of a block: count, for_each, and the targets of jobs.
func (b *block) copies(s *scope) (repetition, []copyOf, bool) {
	if b.conf.Kind == addr.Job {
		return b.jobCopies(s)
	}
	return s.repeat(b.conf.Meta, nil)
}

// steps builds every step of a module.
func (c *checker) steps(m *module) {
	for _, b := range m.blockList {
		ok := b.open()
		for _, in := range b.expand() {
			c.order = append(c.order, in)
			m.members = append(m.members, in)
			in.broken = !ok || b.broken
			c.build(in)
		}
		b.serial()
	}
}

// serial makes each instance of a serial block wait for the one before.
func (b *block) serial() {
	a := b.conf.Meta["serial"]
	if a == nil || !b.mod.scope().isSerial(a) {
		return
	}
	for i := 1; i < len(b.instances); i++ {
		prev := b.instances[i-1]
		need := program.Need{Step: prev.addr, Point: endPoint(prev.addr.Kind), Range: a.NameRange}
		b.instances[i].needs.add(need)
		b.instances[i].step.Needs = b.instances[i].needs.list
	}
}

// isSerial evaluates the meta-argument serial.
func (s *scope) isSerial(a *hcl.Attribute) bool {
	sa := metaAttr("module", "serial")
	v, ok := s.argument(&sa, a, &bag{s: s, ok: true})
	return ok && v != cty.NilVal && v.True()
}

// endPoint is when all of a step is over.
func endPoint(k addr.Kind) program.Point {
	if k == addr.Fault {
		return program.Healed
	}
	return program.DefaultPoint(k)
}

func metaAttr(kind addr.Kind, name string) schema.Attribute {
	for _, a := range schema.Meta(kind) {
		if a.Name == name {
			return a
		}
	}
	return schema.Attribute{Name: name}
}

// build evaluates one step into the program.
func (c *checker) build(in *instance) {
	st := &program.Step{Addr: in.addr, Range: in.block.conf.Range, OnFailure: "abort"}
	in.step = st
	c.prog.Steps = append(c.prog.Steps, st)
	s := in.scope()
	s.meta(in, st)
	if in.block.schema == nil || in.block.content == nil || in.block.broken {
		in.broken = true
		if in.block.schema != nil && in.block.content != nil {
			// What stands there is evaluated all the same, so that its own mistakes are found at once.
			s.bag(&config.Content{Attrs: in.block.content.Attrs, Missing: in.block.content.Missing}, &in.block.schema.merged, bagOptions{late: true})
		}
		st.Needs = in.needs.list
		s.empty(in, st)
		return
	}
	content, ok := s.expanded(in.block.content, in.block.conf.Rest, &in.block.schema.merged)
	if !ok {
		in.broken = true
		st.Needs = in.needs.list
		s.empty(in, st)
		return
	}
	switch in.addr.Kind {
	case addr.Job:
		s.job(in, st, content)
	case addr.Seed:
		s.seed(in, st, content)
	case addr.Audit:
		s.audit(in, st, content)
	case addr.Probe:
		s.probe(in, st, content)
	case addr.Fault:
		s.fault(in, st, content)
	case addr.Wait:
		s.wait(in, st, content)
	case addr.Expect:
		s.expect(in, st, content)
	case addr.Action:
		s.action(in, st, content)
	case addr.Guard:
	}
	st.Needs = in.needs.list
}

// empty gives a broken step its part, so that nobody meets a nil.
func (s *scope) empty(in *instance, st *program.Step) {
	switch in.addr.Kind {
	case addr.Job:
		st.Job = &program.Job{}
	case addr.Seed:
		st.Seed = &program.Seed{}
	case addr.Audit:
		st.Audit = &program.Audit{}
	case addr.Probe:
		st.Probe = &program.Probe{}
	case addr.Fault:
		st.Fault = &program.Fault{}
	case addr.Wait:
		st.Wait = &program.Wait{}
	case addr.Expect:
		st.Expect = &program.Expect{}
	case addr.Action:
		st.Action = &program.Action{}
	case addr.Guard:
	}
}

// meta evaluates the meta-arguments of a step.
func (s *scope) meta(in *instance, st *program.Step) {
	kind, meta := in.addr.Kind, in.block.conf.Meta
	own := &schema.Block{Name: string(kind)}
	content := &config.Content{Attrs: map[string]*hcl.Attribute{}, Missing: in.block.conf.Range}
	for _, a := range schema.Meta(kind) {
		switch a.Name {
		case "delay", "timeout", "on_failure":
			a.Required = false // open has asked for it
			own.Attributes = append(own.Attributes, a)
			if x := meta[a.Name]; x != nil {
				content.Attrs[a.Name] = x
			}
		}
	}
	bag := s.bag(content, own, bagOptions{})
	in.broken = in.broken || !bag.ok
	st.Delay, st.Timeout = bag.dur("delay"), bag.dur("timeout")
	if v := bag.str("on_failure"); v != "" {
		st.OnFailure = v
	} else if kind == addr.Wait && in.block.hasSince() {
		st.OnFailure = "continue"
	}
	if kind == addr.Expect {
		st.OnFailure = ""
	}
	if x := meta["when"]; x != nil {
		st.When = s.condition(x.Expr, cond.Instant)
		in.broken = in.broken || st.When == nil
		s.observe(&in.needs, st.When, kind)
	}
	if x := meta["depends_on"]; x != nil {
		s.dependsOn(in, x)
	}
}
