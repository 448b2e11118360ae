package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
)

// rootNames are what references may begin with.
var rootNames = []string{
	"var", "local", "each", "count", "record", "path", "target", "job", "seed", "audit", "probe", "fault", "wait", "expect", "action", "module",
}

// bind puts what a traversal refers to into an evaluation context, or says why it refers to nothing.
func (s *scope) bind(tr hcl.Traversal, env *node) *diag.Diagnostic {
	switch root := tr.RootName(); root {
	case "var":
		return s.bindVar(tr, env)
	case "local":
		return s.bindLocal(tr, env)
	case "each", "count", "record":
		return s.bindRoot(tr, env)
	case "path":
		env.set(cty.ObjectVal(map[string]cty.Value{
			"module": cty.StringVal(orElse(s.mod.dir, ".")), "root": cty.StringVal("."),
		}), "path")
		return nil
	case "target":
		return s.bindTarget(tr, env)
	case "module":
		return s.bindModule(tr, env)
	default:
		if slices.Contains(addr.Kinds(), addr.Kind(root)) && root != string(addr.Guard) {
			return s.bindStep(s.mod, tr, 0, env, nil)
		}
		near := diag.Suggest(root, rootNames)
		if near == "" {
			near = " References begin with " + strings.Join(rootNames, ", ") + ". A text stands in quotes."
		}
		return unknown(tr, fmt.Sprintf("There is nothing called %q", root), strings.TrimSpace(near))
	}
}

func unknown(tr hcl.Traversal, summary, detail string) *diag.Diagnostic {
	return &diag.Diagnostic{Severity: diag.Error, Code: diag.UnknownReference, Summary: summary, Detail: detail, Subject: tr.SourceRange().Ptr()}
}

// name returns the i-th part of a traversal if it is a plain name or a string index.
func name(tr hcl.Traversal, i int) (string, bool) {
	if i >= len(tr) {
		return "", false
	}
	switch t := tr[i].(type) {
	case hcl.TraverseRoot:
		return t.Name, true
	case hcl.TraverseAttr:
		return t.Name, true
	case hcl.TraverseIndex:
		if t.Key.Type() == cty.String {
			return t.Key.AsString(), true
		}
	}
	return "", false
}

func (s *scope) bindVar(tr hcl.Traversal, env *node) *diag.Diagnostic {
	n, ok := name(tr, 1)
	if !ok {
		return unknown(tr, "This names no variable", "Write var.NAME.")
	}
	v, ok := s.mod.vars[n]
	if !ok {
		return unknown(tr, fmt.Sprintf("There is no variable %q", n), "Declare it in a variable block."+diag.Suggest(n, sorted(s.mod.vars)))
	}
	val, d := v.get(s)
	env.set(val, "var", n)
	return d
}

func (s *scope) bindLocal(tr hcl.Traversal, env *node) *diag.Diagnostic {
	n, ok := name(tr, 1)
	if !ok {
		return unknown(tr, "This names no local", "Write local.NAME.")
	}
	l, ok := s.mod.locals[n]
	if !ok {
		return unknown(tr, fmt.Sprintf("There is no local %q", n), "Define it in a locals block."+diag.Suggest(n, sorted(s.mod.locals)))
	}
	val, d := l.get(s)
	env.set(val, "local", n)
	return d
}

func (s *scope) bindRoot(tr hcl.Traversal, env *node) *diag.Diagnostic {
	root := tr.RootName()
	val, ok := s.roots[root]
	if !ok {
		return unknown(tr, fmt.Sprintf("%s does not exist here", root), map[string]string{
			"each":   "each.key, each.value and each.target exist in blocks with for_each, and in jobs with targets.",
			"count":  "count.index exists in blocks with count.",
			"record": "record.id, record.seq and record.time exist in the record of a seed.",
		}[root])
	}
	if n, ok := name(tr, 1); ok && !isPoisoned(val) && val.Type().IsObjectType() && !val.Type().HasAttribute(n) {
		names := sorted(val.Type().AttributeTypes())
		detail := fmt.Sprintf("It has %s.%s", strings.Join(names, ", "), diag.Suggest(n, names))
		if root == "each" && n == "target" {
			detail = "each.target exists in jobs with targets and where for_each goes over targets."
		}
		return &diag.Diagnostic{
			Severity: diag.Error, Code: diag.UnknownAttribute, Subject: tr.SourceRange().Ptr(),
			Summary: fmt.Sprintf("%s has no %q here", root, n), Detail: detail,
		}
	}
	env.set(val, root)
	return nil
}

func (s *scope) bindTarget(tr hcl.Traversal, env *node) *diag.Diagnostic {
	c := s.mod.c
	n, ok := name(tr, 1)
	if !ok {
		all := map[string]cty.Value{}
		for _, t := range c.targetList {
			v, d := t.handle(s)
			if d != nil {
				return d
			}
			all[t.name] = v
		}
		env.set(cty.ObjectVal(all), "target")
		return nil
	}
	t, ok := c.targets[n]
	if !ok {
		return unknown(tr, fmt.Sprintf("There is no target %q", n), "Declare it in a target block."+diag.Suggest(n, sorted(c.targets)))
	}
	if d := t.hasMember(tr); d != nil {
		return d
	}
	v, d := t.handle(s)
	env.set(v, "target", n)
	return d
}

// hasMember checks the part of a traversal after target.NAME.
func (t *target) hasMember(tr hcl.Traversal) *diag.Diagnostic {
	attr, ok := name(tr, 2)
	if !ok {
		return nil
	}
	if !config.TargetType.HasAttribute(attr) {
		names := []string{"address", "host", "name", "networks", "protected"}
		return &diag.Diagnostic{
			Severity: diag.Error, Code: diag.UnknownAttribute, Subject: tr.SourceRange().Ptr(),
			Summary: fmt.Sprintf("A target has no %q", attr), Detail: fmt.Sprintf("It has %s.%s", strings.Join(names, ", "), diag.Suggest(attr, names)),
		}
	}
	host, ok := name(tr, 3)
	if attr != "host" || !ok {
		return nil
	}
	if _, ok := t.hosts[host]; !ok {
		return unknown(tr, fmt.Sprintf("Target %s has no host %q", t.name, host), "Declare it in a host block of the target."+diag.Suggest(host, sorted(t.hosts)))
	}
	if attr, ok := name(tr, 4); ok && !config.HostType.HasAttribute(attr) {
		names := []string{"address", "name", "port", "target", "user"}
		return &diag.Diagnostic{
			Severity: diag.Error, Code: diag.UnknownAttribute, Subject: tr.SourceRange().Ptr(),
			Summary: fmt.Sprintf("A host has no %q", attr), Detail: fmt.Sprintf("It has %s.%s", strings.Join(names, ", "), diag.Suggest(attr, names)),
		}
	}
	return nil
}

// findBlock finds the block of steps that a traversal names from its i-th part on. next is the first part
// after the block's name.
func (m *module) findBlock(tr hcl.Traversal, i int) (b *block, next int, d *diag.Diagnostic) {
	root, _ := name(tr, i)
	kind := addr.Kind(root)
	local, next := root, i+1
	want := 1
	if kind.Typed() {
		want = 2
	}
	for range want {
		n, ok := name(tr, next)
		if !ok {
			form := root + ".NAME"
			if kind.Typed() {
				form = root + ".TYPE.NAME"
			}
			return nil, next, unknown(tr, "This names no step", fmt.Sprintf("Write %s.%s", form, m.nearStep(kind, local)))
		}
		local += "." + n
		next++
	}
	if b = m.blocks[local]; b == nil {
		return nil, next, unknown(tr, fmt.Sprintf("There is no step %s", m.addr.Prefix()+local), strings.TrimSpace("No such block is declared."+m.nearStep(kind, local)))
	}
	return b, next, nil
}

// nearStep proposes a step of a kind whose address, or whose name alone, is near.
func (m *module) nearStep(kind addr.Kind, local string) string {
	var names []string
	last := local[strings.LastIndexByte(local, '.')+1:]
	for _, b := range m.blockList {
		if b.conf.Kind != kind {
			continue
		}
		if b.conf.Name == last {
			return fmt.Sprintf(" Did you mean %q?", b.conf.Local())
		}
		names = append(names, b.conf.Local())
	}
	return diag.Suggest(local, names)
}

func (s *scope) bindStep(m *module, tr hcl.Traversal, i int, env *node, prefix []string) *diag.Diagnostic {
	if s.noSteps != "" {
		return &diag.Diagnostic{
			Severity: diag.Error, Code: diag.MustBeKnown, Subject: tr.SourceRange().Ptr(),
			Summary: "Steps cannot be referred to here", Detail: s.noSteps + " Refer to variables, locals and targets only.",
		}
	}
	b, next, d := m.findBlock(tr, i)
	if d != nil {
		return d
	}
	v, d := b.handle(s)
	if d != nil {
		return d
	}
	if !isPoisoned(v) {
		if _, _, d := b.pick(tr, next); d != nil {
			return d
		}
	}
	path := append(slices.Clone(prefix), string(b.conf.Kind))
	if b.conf.Kind.Typed() {
		path = append(path, b.conf.Type)
	}
	env.set(v, append(path, b.conf.Name)...)
	return nil
}

// pick returns the instances that the rest of a traversal means, and the attribute that follows, if any.
func (b *block) pick(tr hcl.Traversal, i int) ([]*instance, string, *diag.Diagnostic) {
	instances := b.expand()
	if b.how != single {
		if i >= len(tr) {
			return instances, "", nil
		}
		switch t := tr[i].(type) {
		case hcl.TraverseSplat:
			i++
		case hcl.TraverseIndex, hcl.TraverseAttr:
			in, d := b.at(tr, t, i)
			if d != nil {
				return nil, "", d
			}
			instances = []*instance{in}
			i++
		}
	}
	attr, ok := name(tr, i)
	if !ok {
		return instances, "", nil
	}
	return instances, attr, b.hasAttr(tr, attr)
}

// at finds the instance that one step of a traversal names.
func (b *block) at(tr hcl.Traversal, t hcl.Traverser, i int) (*instance, *diag.Diagnostic) {
	var key addr.Key
	if n, ok := name(tr, i); ok {
		key = addr.StringKey(n)
	} else if ix, ok := t.(hcl.TraverseIndex); ok && ix.Key.Type() == cty.Number {
		n, _ := ix.Key.AsBigFloat().Int64()
		key = addr.IntKey(int(n))
	}
	if in := b.byKey[key]; in != nil {
		return in, nil
	}
	d := &diag.Diagnostic{Severity: diag.Error, Code: diag.NoInstance, Subject: tr.SourceRange().Ptr()}
	if _, isAttr := t.(hcl.TraverseAttr); isAttr {
		n, _ := name(tr, i)
		if _, known := stepTypes[b.conf.Kind][n]; known {
			d.Summary = fmt.Sprintf("%s has several instances", b.local())
			d.Detail = fmt.Sprintf("Say which one is meant: %s%s.%s.", b.local(), b.someKey(), n)
			return nil, d
		}
	}
	d.Summary = fmt.Sprintf("%s has no instance %s", b.local(), key)
	d.Detail = b.keysText()
	return nil, d
}

func (b *block) local() string { return b.mod.addr.Prefix() + b.conf.Local() }

func (b *block) someKey() string {
	if len(b.instances) > 0 {
		return b.instances[0].addr.Key.String()
	}
	return `["..."]`
}

func (b *block) keysText() string {
	if len(b.instances) == 0 {
		return "It has none at all: its count, for_each or targets is empty."
	}
	var keys []string
	for i, in := range b.instances {
		if i == 10 {
			keys = append(keys, "...")
			break
		}
		keys = append(keys, in.addr.Key.String())
	}
	return "It has " + strings.Join(keys, ", ") + "."
}

// hasAttr checks the name of an attribute of a step.
func (b *block) hasAttr(tr hcl.Traversal, attr string) *diag.Diagnostic {
	kind := b.conf.Kind
	if _, ok := stepTypes[kind][attr]; ok {
		return nil
	}
	d := &diag.Diagnostic{Severity: diag.Error, Code: diag.UnknownAttribute, Subject: tr.SourceRange().Ptr()}
	if kind == addr.Fault && attr == "done" {
		d.Code = diag.FaultDone
		d.Summary = "A fault is never just done"
		d.Detail = fmt.Sprintf("Say whether its injection or its heal is meant: %s.injected or %s.healed.", b.local(), b.local())
		return d
	}
	for _, r := range schema.Results(kind) {
		if r.Name == attr && r.Moment == schema.Live {
			d.Summary = fmt.Sprintf("%s is live", attr)
			d.Detail = fmt.Sprintf("It changes while the step runs, so it exists in conditions (when, until, that) only: \"%s.%s ...\".", b.conf.Local(), attr)
			return d
		}
	}
	var names []string
	for n := range stepTypes[kind] {
		if n != config.HandleAttr {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	d.Summary = fmt.Sprintf("A step of kind %s has no %q", kind, attr)
	d.Detail = fmt.Sprintf("It has %s.%s", strings.Join(names, ", "), diag.Suggest(attr, names))
	return d
}
