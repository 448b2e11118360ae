package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
)

// resolver finds what the paths of conditions stand for in one scope.
type resolver struct{ s *scope }

var _ cond.Resolver = (*resolver)(nil)

// Resolve implements cond.Resolver.
func (r *resolver) Resolve(p cond.Path) (cond.Subject, *cond.Problem) {
	if len(p) < 2 {
		return cond.Subject{}, problem("This is not a path", "A path has at least one dot: dc1.reachable, wait.takeover.rto.")
	}
	first := p[0].Name
	switch {
	case first == "run":
		return r.run(p)
	case first == "module":
		return r.module(r.s.mod, p, 0)
	case first == string(addr.Guard):
		return cond.Subject{}, problem("A guard has no value", "Conditions can refer to steps, targets and the run. Write the guard's condition here too.")
	case slices.Contains(addr.Kinds(), addr.Kind(first)):
		return r.step(r.s.mod, p, 0)
	}
	return r.target(p)
}

func problem(summary, detail string) *cond.Problem {
	return &cond.Problem{Code: diag.CondUnknownName, Summary: summary, Detail: strings.TrimSpace(detail)}
}

func (r *resolver) run(p cond.Path) (cond.Subject, *cond.Problem) {
	var names []string
	for _, res := range schema.RunResults() {
		if len(p) == 2 && p[1].Name == res.Name && p[1].Index == nil {
			return cond.Subject{Name: "run." + res.Name, Type: res.Type, Moment: res.Moment}, nil
		}
		names = append(names, res.Name)
	}
	return cond.Subject{}, problem(fmt.Sprintf("The run has no %q", p[1].Name), fmt.Sprintf("It has %s.%s", strings.Join(names, ", "), diag.Suggest(p[1].Name, names)))
}

// module follows module.NAME into a child.
func (r *resolver) module(m *module, p cond.Path, i int) (cond.Subject, *cond.Problem) {
	child, next, bad := m.child(p, i)
	if bad != nil {
		return cond.Subject{}, bad
	}
	if next >= len(p) {
		return cond.Subject{}, problem("A module has no value", "Go on to one of its steps: module.NAME.wait.takeover.rto.")
	}
	switch n := p[next].Name; {
	case n == "module":
		return r.module(child, p, next)
	case slices.Contains(addr.Kinds(), addr.Kind(n)):
		return r.step(child, p, next)
	case child.outputs[n] != nil:
		return cond.Subject{}, problem("Outputs of modules are not paths", fmt.Sprintf("Splice the output in, if it is known while planning: ${module.%s.%s}. Or name the step behind it.", p[i+1].Name, n))
	default:
		return cond.Subject{}, problem(fmt.Sprintf("There is no kind of step %q", n), "After the module's name comes the address of one of its steps, such as wait.takeover.")
	}
}

// child finds the module instance that a path names from its i-th segment on.
func (m *module) child(p cond.Path, i int) (*module, int, *cond.Problem) {
	if i+1 >= len(p) {
		return nil, 0, problem("This names no module", "Write module.NAME.KIND.NAME.ATTRIBUTE.")
	}
	seg := p[i+1]
	k := m.calls[seg.Name]
	if k == nil {
		return nil, 0, problem(fmt.Sprintf("There is no module %q", seg.Name), "Declare it in a module block."+diag.Suggest(seg.Name, sorted(m.calls)))
	}
	for _, child := range k.expand() {
		if (seg.Index == nil && k.how == single) || (seg.Index != nil && child.key == indexKey(seg.Index)) {
			return child, i + 2, nil
		}
	}
	if k.child == nil {
		return nil, 0, problem("The module could not be read", "See the other findings.")
	}
	return nil, 0, problem(fmt.Sprintf("This is no instance of module %q", seg.Name), "A module with count or for_each is indexed: module.NAME[\"key\"].")
}

func indexKey(ix *cond.Index) addr.Key {
	if ix.IsInt {
		return addr.IntKey(ix.Int)
	}
	return addr.StringKey(ix.Text)
}

// step resolves KIND.NAME.ATTRIBUTE of a module, and in a child also the full addresses that templates splice.
func (r *resolver) step(m *module, p cond.Path, i int) (cond.Subject, *cond.Problem) {
	in, next, bad := m.instance(p, i)
	if bad != nil {
		return cond.Subject{}, bad
	}
	kind := in.addr.Kind
	if next >= len(p) {
		return cond.Subject{}, problem(fmt.Sprintf("%s is a step, not a value", in.addr), fmt.Sprintf("Name one of its attributes: %s.", strings.Join(resultNames(kind), ", ")))
	}
	want, key := "", ""
	for j, seg := range p[next:] {
		if j > 0 {
			want += "."
		}
		want += seg.Name
		if seg.Index != nil {
			if j > 0 || seg.Index.IsInt || len(p[next:]) < 2 {
				return cond.Subject{}, problem("This cannot be indexed", "Only at[\"TARGET\"] of an audit or a probe can.")
			}
			want += "[*]"
			key = seg.Index.Text
		}
	}
	return r.result(in, want, key)
}

func (r *resolver) result(in *instance, want, key string) (cond.Subject, *cond.Problem) {
	kind := in.addr.Kind
	var found *schema.Result
	results := resultsOf(kind)
	for i := range results {
		res := &results[i]
		if res.Name != want {
			continue
		}
		// A name that is live and final: a condition of the step itself, or one that is evaluated while others
		// run, sees the live value; a verdict sees the total.
		if found == nil || res.Moment == r.prefer() {
			found = res
		}
	}
	if found == nil {
		if kind == addr.Fault && want == "done" {
			return cond.Subject{}, problem("A fault is never just done", fmt.Sprintf("Say whether its injection or its heal is meant: %s.injected or %s.healed.", in.addr.Local(), in.addr.Local()))
		}
		names := resultNames(kind)
		return cond.Subject{}, problem(fmt.Sprintf("A step of kind %s has no %q", kind, strings.ReplaceAll(want, "[*]", "")),
			fmt.Sprintf("It has %s.%s", strings.Join(names, ", "), diag.Suggest(want, names)))
	}
	if key != "" {
		if bad := r.auditTarget(in, key); bad != nil {
			return cond.Subject{}, bad
		}
	}
	if kind == addr.Wait && waitNeedsSince(found.Name) && !in.block.hasSince() {
		return cond.Subject{}, problem(fmt.Sprintf("%s measures nothing", in.addr.Local()), fmt.Sprintf("Only a wait with `since` has %s. Add `since = fault.TYPE.NAME` to it, or use elapsed.", found.Name))
	}
	return cond.Subject{
		Name: in.addr.String() + "." + strings.Replace(found.Name, "[*]", fmt.Sprintf("[%q]", key), 1),
		Type: found.Type, Moment: found.Moment, Bounded: found.Bounded, Step: in.addr.String(),
	}, nil
}

// prefer is which of a live and a final attribute of the same name is meant: in an expectation the final.
func (r *resolver) prefer() schema.Moment {
	if r.s.self != nil && r.s.self.addr.Kind == addr.Expect {
		return schema.Final
	}
	return schema.Live
}

func (r *resolver) auditTarget(_ *instance, key string) *cond.Problem {
	if r.s.mod.c.targets[key] == nil {
		return problem(fmt.Sprintf("There is no target %q", key), "at[...] takes the name of a target."+diag.Suggest(key, sorted(r.s.mod.c.targets)))
	}
	return nil
}

func waitNeedsSince(attr string) bool {
	switch attr {
	case "rto", "rto_low", "rto_high", "disturbed", "after_heal":
		return true
	}
	return false
}

// hasSince reports whether a wait is a measurement.
func (b *block) hasSince() bool {
	b.open()
	return b.content != nil && b.content.Attrs["since"] != nil
}

func resultNames(k addr.Kind) []string {
	var out []string
	for _, r := range resultsOf(k) {
		if !slices.Contains(out, r.Name) && !strings.HasPrefix(r.Name, "at[*].") {
			out = append(out, r.Name)
		}
	}
	return out
}

// results are tables, made once.
var results = func() map[addr.Kind][]schema.Result {
	out := map[addr.Kind][]schema.Result{}
	for _, k := range addr.Kinds() {
		out[k] = schema.Results(k)
	}
	return out
}()

func resultsOf(k addr.Kind) []schema.Result { return results[k] }

// instance finds the step that a path names from its i-th segment on.
func (m *module) instance(p cond.Path, i int) (*instance, int, *cond.Problem) {
	kind := addr.Kind(p[i].Name)
	want := 1
	form := p[i].Name + ".NAME"
	if kind.Typed() {
		want, form = 2, p[i].Name+".TYPE.NAME"
	}
	if p[i].Index != nil || i+want >= len(p) {
		return nil, 0, problem("This names no step", fmt.Sprintf("Write %s.ATTRIBUTE.", form))
	}
	var local strings.Builder
	local.WriteString(p[i].Name)
	var last cond.Segment
	for j := 1; j <= want; j++ {
		last = p[i+j]
		if last.Index != nil && j < want {
			return nil, 0, problem("This names no step", fmt.Sprintf("Write %s.ATTRIBUTE; an index stands after the name.", form))
		}
		local.WriteString("." + last.Name)
	}
	b := m.blocks[local.String()]
	if b == nil && m != m.c.root {
		// In a module, a job passed in splices as its full address.
		b = m.c.root.blocks[local.String()]
		if b != nil && kind != addr.Job {
			b = nil
		}
	}
	if b == nil {
		return nil, 0, problem(fmt.Sprintf("There is no step %s", local.String()), strings.TrimSpace("No such block is declared."+m.nearStep(kind, local.String())))
	}
	b.expand()
	next := i + want + 1
	switch {
	case last.Index == nil && b.how == single && len(b.instances) == 1:
		return b.instances[0], next, nil
	case last.Index == nil:
		if b.broken {
			return nil, 0, problem("The step could not be made out", "See the other findings.")
		}
		return nil, 0, problem(fmt.Sprintf("%s has several instances", local.String()), fmt.Sprintf("Say which one is meant: %s%s. %s", local.String(), b.someKey(), b.keysText()))
	}
	if in := b.byKey[indexKey(last.Index)]; in != nil {
		return in, next, nil
	}
	return nil, 0, problem(fmt.Sprintf("%s has no instance %s", local.String(), indexKey(last.Index)), b.keysText())
}
