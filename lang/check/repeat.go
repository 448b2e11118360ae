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
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// repetition is how a block comes to have instances.
type repetition int

const (
	single repetition = iota
	counted
	keyed
)

// maxInstances bounds how many instances one block may make.
const maxInstances = 100_000

// copyOf is one instance of a block to be: its key and what each or count are in it.
type copyOf struct {
	key    addr.Key
	roots  map[string]cty.Value
	target string // of jobs with targets
}

// repeat evaluates count and for_each. targets are the instances of a job with targets, else nil.
func (s *scope) repeat(meta map[string]*hcl.Attribute, targets []copyOf) (repetition, []copyOf, bool) {
	in := *s
	in.noSteps = ""
	if a := meta["count"]; a != nil {
		return in.count(a)
	}
	if a := meta["for_each"]; a != nil {
		return in.forEach(a)
	}
	if a := meta["serial"]; a != nil && targets == nil {
		s.report(diag.Diagnostic{
			Code: diag.SerialWithoutCount, Subject: &a.NameRange, Summary: "There is only one instance",
			Detail: "serial says how the instances of a block follow each other. Add count or for_each, or remove it.",
		})
	}
	if targets != nil {
		return keyed, targets, true
	}
	return single, []copyOf{{}}, true
}

// known evaluates the expression of count or for_each.
func (s *scope) known(a *hcl.Attribute) (cty.Value, bool) {
	v, ok := s.eval(a.Expr)
	if !ok {
		return v, false
	}
	bad := func(code diag.Code, summary, detail string) (cty.Value, bool) {
		s.report(diag.Diagnostic{Code: code, Subject: a.Expr.Range().Ptr(), Summary: summary, Detail: detail})
		return v, false
	}
	if value.IsSensitive(v) {
		return bad(diag.SensitiveHere, fmt.Sprintf("%s must not be a secret", a.Name), "The number and the names of instances are shown everywhere. Use a value that is not sensitive.")
	}
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() {
		return bad(diag.MustBeKnown, fmt.Sprintf("%s must be known while planning", a.Name), "It depends on the result of a step, so that the plan could not say what will be done. Use variables and locals.")
	}
	if v.IsNull() {
		return bad(diag.BadRepetition, fmt.Sprintf("%s must not be null", a.Name), "Use 0 or an empty map for no instances.")
	}
	return v, true
}

func (s *scope) count(a *hcl.Attribute) (repetition, []copyOf, bool) {
	v, ok := s.known(a)
	if !ok {
		return counted, nil, false
	}
	n, whole := int64(-1), false
	if v.Type() == cty.Number {
		i, acc := v.AsBigFloat().Int64()
		n, whole = i, acc == 0
	}
	if !whole || n < 0 || n > maxInstances {
		s.report(diag.Diagnostic{
			Code: diag.BadRepetition, Subject: a.Expr.Range().Ptr(), Summary: "This is not a number of instances",
			Detail: fmt.Sprintf("count is a whole number from 0 to %d; it is %s here.", maxInstances, render(v)),
		})
		return counted, nil, false
	}
	out := make([]copyOf, n)
	for i := range out {
		out[i] = copyOf{key: addr.IntKey(i), roots: map[string]cty.Value{
			"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(i))}),
		}}
	}
	return counted, out, true
}

func (s *scope) forEach(a *hcl.Attribute) (repetition, []copyOf, bool) {
	v, ok := s.known(a)
	if !ok {
		return keyed, nil, false
	}
	bad := func(detail string) (repetition, []copyOf, bool) {
		s.report(diag.Diagnostic{
			Code: diag.BadRepetition, Subject: a.Expr.Range().Ptr(), Summary: "for_each cannot go over this", Detail: detail,
		})
		return keyed, nil, false
	}
	t := v.Type()
	if _, handle := handleOf(v); handle || (!t.IsObjectType() && !t.IsMapType() && !t.IsSetType() && !t.IsTupleType() && !t.IsListType()) {
		return bad(fmt.Sprintf("It takes a map, an object, a set of strings, or a list of targets or hosts, and this is %s. For a list of strings write toset([...]).", describe(v)))
	}
	if v.LengthInt() > maxInstances {
		return bad(fmt.Sprintf("It has %d elements; %d are allowed.", v.LengthInt(), maxInstances))
	}
	var out []copyOf
	seen := map[string]bool{}
	for it := v.ElementIterator(); it.Next(); {
		k, el := it.Element()
		key := ""
		switch {
		case t.IsObjectType(), t.IsMapType():
			key = k.AsString()
		case t.IsSetType() && t.ElementType() == cty.String:
			if !el.IsKnown() || el.IsNull() {
				return bad("Its elements must be known while planning and not null.")
			}
			key = el.AsString()
		default:
			if _, ok := handleOf(el); !ok || !el.Type().HasAttribute("name") {
				return bad("A list may hold targets or hosts only. For a list of strings write toset([...]); for others a map.")
			}
			key = el.GetAttr("name").AsString()
		}
		if seen[key] {
			return bad(fmt.Sprintf("Two elements would make an instance with the key %q.", key))
		}
		seen[key] = true
		out = append(out, copyOf{key: addr.StringKey(key), roots: map[string]cty.Value{"each": eachOf(key, el)}})
	}
	slices.SortStableFunc(out, func(a, b copyOf) int {
		if ka, kb := a.key.Text(), b.key.Text(); ka < kb {
			return -1
		} else if ka > kb {
			return 1
		}
		return 0
	})
	return keyed, out, true
}

// eachOf is `each`, with each.target where the element is a target.
func eachOf(key string, el cty.Value) cty.Value {
	attrs := map[string]cty.Value{"key": cty.StringVal(key), "value": el}
	if el.Type().Equals(config.TargetType) {
		attrs["target"] = el
	}
	return cty.ObjectVal(attrs)
}

func describe(v cty.Value) string {
	if h, ok := handleOf(v); ok {
		return h
	}
	name := v.Type().FriendlyName()
	if strings.ContainsRune("aeiou", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// block is a step's block in one module instance.
type block struct {
	mod  *module
	conf *config.Step

	state     state
	how       repetition
	instances []*instance
	byKey     map[addr.Key]*instance
	broken    bool
	val       cty.Value

	opened  bool
	schema  *stepSchema
	content *config.Content
}

// instance is one step to be.
type instance struct {
	block  *block
	addr   addr.Step
	copyOf copyOf
	target string // of jobs, once known
	val    cty.Value
	step   *program.Step
	needs  needs
	// seed is, of an audit, the audited seed; targets are those a seed feeds.
	seed         *instance
	targets      []string
	broken       bool
	afterModules []afterModule
}

func (in *instance) scope() *scope {
	s := in.block.mod.scope()
	s.self, s.roots = in, in.copyOf.roots
	return s
}

// expand makes the instances of a block.
func (b *block) expand() []*instance {
	if b.state != fresh {
		return b.instances
	}
	b.state = busy
	s := b.mod.scope()
	how, copies, ok := b.copies(s)
	b.how, b.broken = how, b.broken || !ok
	if !b.mod.c.room(len(copies), b.conf.Range) {
		copies, b.broken = nil, true
	}
	b.byKey = make(map[addr.Key]*instance, len(copies))
	for _, cp := range copies {
		in := &instance{
			block: b, copyOf: cp, target: cp.target,
			addr: addr.Step{Module: b.mod.addr, Kind: b.conf.Kind, Type: b.conf.Type, Name: b.conf.Name, Key: cp.key},
		}
		b.instances = append(b.instances, in)
		b.byKey[cp.key] = in
		b.mod.c.instances[in.addr.String()] = in
		if b.conf.Kind == addr.Job && in.target == "" {
			in.target = b.jobTarget(in)
		}
	}
	b.state = done
	return b.instances
}

// handle is the block as a value: its only step, or its steps by key.
func (b *block) handle(s *scope) (cty.Value, *diag.Diagnostic) {
	if b.state == busy {
		return poisoned, b.mod.c.inCircle(b.local(), b.conf.Range)
	}
	b.expand()
	if b.broken {
		return poisoned, nil
	}
	if s.res == nil && b.val != cty.NilVal {
		return b.val, nil
	}
	var v cty.Value
	switch {
	case b.how == single:
		v = b.instances[0].handle(s)
	case len(b.instances) == 0 && b.how == counted:
		v = cty.ListValEmpty(cty.Object(stepTypes[b.conf.Kind]))
	case len(b.instances) == 0:
		v = cty.MapValEmpty(cty.Object(stepTypes[b.conf.Kind]))
	case b.how == counted:
		els := make([]cty.Value, len(b.instances))
		for i, in := range b.instances {
			els[i] = in.handle(s)
		}
		v = cty.ListVal(els)
	default:
		els := make(map[string]cty.Value, len(b.instances))
		for _, in := range b.instances {
			els[in.addr.Key.Text()] = in.handle(s)
		}
		v = cty.MapVal(els)
	}
	if s.res == nil {
		b.val = v
	}
	return v, nil
}
