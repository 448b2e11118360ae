package check

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
)

// target is a data centre.
type target struct {
	mod     *module
	conf    *config.Target
	name    string
	schema  schema.Block
	content *config.Content
	hosts   map[string]*host
	hostSeq []*host
	conns   map[string]*config.Child
	toolkit *config.Child
	twin    *config.Child
	broken  bool
	lazy
}

type host struct {
	name    string
	rng     hcl.Range
	content *config.Content
}

// targetSchema is what may stand in a target with this catalog.
func (c *checker) targetSchema() schema.Block {
	s := schema.Target()
	for _, name := range c.cat.Connections() {
		b, ok := c.cat.Connection(name)
		if !ok {
			continue
		}
		if _, clash := s.Nested(name); clash {
			continue
		}
		conn := *b
		conn.Name = name
		s.Blocks = append(s.Blocks, schema.Nested{Block: conn, Max: 1})
	}
	return s
}

// open looks at the shape of a target's block and merges the plan's defaults beneath it.
func (t *target) open() {
	c := t.mod.c
	t.schema = c.targetSchema()
	t.hosts, t.conns = map[string]*host{}, map[string]*config.Child{}
	var ds diag.List
	t.content, ds = config.Open(t.conf.Body, &t.schema, config.Partial)
	if t.content.Dynamic && !ds.HasErrors() {
		t.content, ds = t.expand()
	}
	c.diags = append(c.diags, ds...)
	t.broken = ds.HasErrors()
	for _, ch := range t.content.Blocks {
		n, _ := t.schema.Nested(ch.Type)
		merged := beneath(c.defaults(ch.Type), ch.Content)
		if ds := config.Required(merged, &n.Block); !t.broken {
			c.diags = append(c.diags, ds...)
			t.broken = t.broken || ds.HasErrors()
		}
		switch ch.Type {
		case "host":
			if t.hosts[ch.Labels[0]] == nil {
				h := &host{name: ch.Labels[0], rng: ch.Range, content: merged}
				t.hosts[h.name] = h
				t.hostSeq = append(t.hostSeq, h)
			}
		case "toolkit":
			t.toolkit = &config.Child{Type: ch.Type, Range: ch.Range, Content: merged}
		case "twin":
			t.twin = &config.Child{Type: ch.Type, Range: ch.Range, Content: merged}
		default:
			t.conns[ch.Type] = &config.Child{Type: ch.Type, Range: ch.Range, Content: merged}
			c.nameSignals(ch.Type, t.conns[ch.Type])
		}
	}
}

func (t *target) expand() (*config.Content, diag.List) {
	s := t.scope()
	ctx, ok := s.expandContext(t.conf.Body, &t.schema)
	if !ok {
		return &config.Content{Attrs: map[string]*hcl.Attribute{}}, diag.List{}
	}
	return config.ExpandPartial(t.conf.Body, &t.schema, ctx)
}

func (t *target) scope() *scope {
	s := t.mod.scope()
	s.noSteps = "Targets are there before anything runs."
	return s
}

// defaults are those of the plan for blocks of a type; nil when there are none.
func (c *checker) defaults(typ string) *config.Content {
	p := c.root.conf.Plan
	if p == nil || p.Defaults == nil {
		return nil
	}
	if c.defaultsOf == nil {
		c.defaultsOf = map[string]*config.Content{}
		s := c.targetSchema()
		s.Name, s.Attributes = "defaults", nil
		for i := range s.Blocks {
			if s.Blocks[i].Name == "host" {
				s.Blocks[i].Labels = nil
				s.Blocks[i].Max = 1
			}
		}
		content, ds := config.Open(p.Defaults.Body, &s, config.Partial)
		c.diags = append(c.diags, ds...)
		for _, ch := range content.Blocks {
			c.defaultsOf[ch.Type] = ch.Content
		}
	}
	return c.defaultsOf[typ]
}

// beneath merges content over defaults, attribute by attribute. Nested blocks of a type replace the defaults'.
func beneath(under, over *config.Content) *config.Content {
	if under == nil {
		return over
	}
	out := &config.Content{Attrs: map[string]*hcl.Attribute{}, Missing: over.Missing, Dynamic: over.Dynamic}
	maps.Copy(out.Attrs, under.Attrs)
	for n, a := range over.Attrs {
		// A credential given one way replaces a default given another way.
		base := strings.TrimSuffix(strings.TrimSuffix(n, "_file"), "_command")
		if base != n || under.Attrs[n+"_file"] != nil || under.Attrs[n+"_command"] != nil {
			for _, other := range []string{base, base + "_file", base + "_command"} {
				if over.Attrs[other] == nil {
					delete(out.Attrs, other)
				}
			}
		}
		out.Attrs[n] = a
	}
	own := map[string]bool{}
	for _, ch := range over.Blocks {
		own[ch.Type] = true
	}
	for _, ch := range under.Blocks {
		if !own[ch.Type] {
			out.Blocks = append(out.Blocks, ch)
		}
	}
	out.Blocks = append(out.Blocks, over.Blocks...)
	return out
}

// handle is the target as a value.
func (t *target) handle(s *scope) (cty.Value, *diag.Diagnostic) {
	return t.get(s, t, "target."+t.name, t.conf.Range, func(s *scope) cty.Value {
		ts := t.scope()
		ts.diags = s.diags
		only := schema.Block{Name: "target"}
		for _, n := range []string{"networks", "protected"} {
			a, _ := t.schema.Attribute(n)
			only.Attributes = append(only.Attributes, *a)
		}
		bag := ts.bag(&config.Content{Attrs: t.content.Attrs, Missing: t.content.Missing}, &only, bagOptions{})
		attrs := map[string]cty.Value{
			config.HandleAttr: cty.StringVal("target." + t.name), "name": cty.StringVal(t.name), "address": cty.StringVal("target." + t.name),
			"networks": cty.ListValEmpty(cty.String), "protected": bag.get("protected", cty.False), "host": cty.MapValEmpty(config.HostType),
		}
		if v := bag.get("networks", cty.NilVal); v != cty.NilVal && v.LengthInt() > 0 {
			attrs["networks"] = v
		}
		t.broken = t.broken || !bag.ok
		hosts := map[string]cty.Value{}
		for _, h := range t.hostSeq {
			hosts[h.name] = t.hostHandle(ts, h)
		}
		if len(hosts) > 0 {
			attrs["host"] = cty.MapVal(hosts)
		}
		return cty.ObjectVal(attrs)
	})
}

func (t *target) hostHandle(ts *scope, h *host) cty.Value {
	all := schema.Host()
	only := schema.Block{Name: "host"}
	for _, n := range []string{"address", "user", "port"} {
		a, _ := all.Attribute(n)
		only.Attributes = append(only.Attributes, *a)
	}
	quiet := *ts
	quiet.diags = new(diag.List) // the whole block is evaluated, and reported on, in evalTargets
	bag := quiet.bag(&config.Content{Attrs: h.content.Attrs, Missing: h.content.Missing}, &only, bagOptions{})
	return cty.ObjectVal(map[string]cty.Value{
		config.HandleAttr: cty.StringVal("target." + t.name + ".host." + h.name), "name": cty.StringVal(h.name), "target": cty.StringVal(t.name),
		"address": bag.get("address", cty.UnknownVal(cty.String)), "user": bag.get("user", cty.NullVal(cty.String)),
		"port": bag.get("port", cty.NumberIntVal(22)),
	})
}

// evalTargets evaluates all of every target into the program.
func (c *checker) evalTargets() {
	c.defaults("") // so that mistakes in unused defaults are found too
	for _, t := range c.targetList {
		if p, ok := c.evalTarget(t); ok {
			c.prog.Targets = append(c.prog.Targets, p)
		}
	}
}

func (c *checker) evalTarget(t *target) (program.Target, bool) {
	s := t.scope()
	out := program.Target{Name: t.name, Range: t.conf.Range}
	v, d := t.handle(s)
	if d != nil {
		c.report(*d)
		return out, false
	}
	if isPoisoned(v) {
		return out, false
	}
	for it := v.GetAttr("networks").ElementIterator(); it.Next(); {
		_, n := it.Element()
		out.Networks = append(out.Networks, n.AsString())
	}
	out.Protected = v.GetAttr("protected").True()
	hs := schema.Host()
	for _, h := range t.hostSeq {
		path := fmt.Sprintf("target.%s.host.%s", t.name, h.name)
		bag := s.bag(h.content, &hs, bagOptions{slot: path})
		if !bag.ok {
			continue
		}
		address := bag.str("address")
		if a := h.content.Attrs["address"]; a != nil && !goodAddress(address) {
			c.report(diag.Diagnostic{
				Code: diag.BadForm, Subject: h.content.Attrs["address"].Expr.Range().Ptr(), Summary: "This is not the address of a host",
				Detail: fmt.Sprintf("Write an IP address or a host name without a port; it is %q here.", address),
			})
			continue
		}
		out.Hosts = append(out.Hosts, program.Host{Name: h.name, Address: address, Args: bag.json(&hs), Range: h.rng})
	}
	for _, name := range sorted(t.conns) {
		n, _ := t.schema.Nested(name)
		bag := s.bag(t.conns[name].Content, &n.Block, bagOptions{slot: "target." + t.name + "." + name})
		if bag.ok {
			if out.Connections == nil {
				out.Connections = map[string]rawJSON{}
			}
			out.Connections[name] = bag.json(&n.Block)
		}
	}
	out.Twin = s.twin(t)
	return out, !t.broken
}

// goodAddress reports whether text can be an IP address or a host name.
func goodAddress(a string) bool {
	if _, err := netip.ParseAddr(a); err == nil {
		return true
	}
	if a == "" || len(a) > 253 || strings.HasPrefix(a, "-") {
		return false
	}
	for _, r := range a {
		if r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return true
}
