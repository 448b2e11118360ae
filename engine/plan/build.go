package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/engine/graph"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/providers"
)

// builder makes a plan out of a program.
type builder struct {
	prog  *program.Program
	reg   *providers.Registry
	opt   Options
	plan  *Plan
	diags diag.List
	steps map[string]*Step
	graph *graph.Graph[string]
}

// New builds the frozen plan. It asks providers for their dry runs and touches nothing. All findings are returned;
// with errors among them the plan is incomplete and must not be run.
func New(p *program.Program, reg *providers.Registry, opt Options) (*Plan, diag.List) {
	b := &builder{prog: p, reg: reg, opt: opt, steps: map[string]*Step{}, plan: &Plan{
		Format: Format, Version: opt.Version, Mode: opt.Mode, Name: p.Name, Description: p.Description, Timeout: p.Timeout,
		Variables: p.Variables, Files: p.Files, Program: p,
	}}
	b.targets()
	b.order()
	if b.diags.HasErrors() {
		return b.plan, b.diags
	}
	b.describe()
	b.skips()
	b.holders()
	b.guards()
	b.predict()
	b.timeline()
	b.blast()
	b.warn()
	b.finish()
	return b.plan, b.diags
}

func (b *builder) targets() {
	for _, t := range b.prog.Targets {
		out := providers.Target{Name: t.Name, Networks: t.Networks, Protected: t.Protected, Connections: t.Connections}
		for _, h := range t.Hosts {
			out.Hosts = append(out.Hosts, providers.Host{Name: h.Name, Address: h.Address, Args: h.Args})
		}
		b.plan.Targets = append(b.plan.Targets, out)
	}
	for _, s := range b.prog.Steps {
		if s.Job != nil {
			b.plan.Jobs = append(b.plan.Jobs, jobInfo(s))
		}
	}
}

func jobInfo(s *program.Step) providers.JobInfo {
	j := providers.JobInfo{Path: s.Job.Path, Step: s.Addr.String(), Target: s.Job.Target, Launched: s.Job.Launched}
	if t := s.Job.Toolkit; t != nil {
		j.Toolkit = &providers.Toolkit{
			HeartbeatInterval: t.HeartbeatInterval, MissesAllowed: t.MissesAllowed, SnapshotInterval: t.SnapshotInterval,
			InitDelay: t.InitDelay, Port: t.Port, Mode: t.Mode, Composite: t.Composite,
		}
	}
	return j
}

// order puts every step after those it needs.
func (b *builder) order() {
	var g graph.Builder[string]
	byAddr := map[string]*program.Step{}
	for _, s := range b.prog.Steps {
		a := s.Addr.String()
		byAddr[a] = s
		g.Add(a)
	}
	for _, s := range b.prog.Steps {
		for _, n := range s.Needs {
			if err := g.Edge(s.Addr.String(), n.Step.String()); err != nil {
				b.fail(diag.PlanInternal, s.Range, s.Addr.String(), "A step depends on one that is not in the plan", "%s depends on %s.", s.Addr, n.Step)
			}
		}
	}
	built, err := g.Build()
	if err != nil {
		b.diags = b.diags.Append(diag.Diagnostic{Severity: diag.Error, Code: diag.PlanCycle, Summary: "Steps depend on each other in a circle", Detail: err.Error() + "."})
		return
	}
	b.graph = built
	for _, a := range built.Order() {
		s := byAddr[a]
		st := &Step{
			Address: a, Kind: string(s.Addr.Kind), Type: s.Addr.Type, Step: s, File: s.Range.Filename, Line: s.Range.Start.Line, Twin: true,
			Unknown: unknowns(s.Args),
		}
		b.steps[a] = st
		b.plan.Steps = append(b.plan.Steps, st)
	}
}

// unknowns lists the arguments that are known only after the run has come there.
func unknowns(args json.RawMessage) []string {
	if len(args) == 0 || !strings.Contains(string(args), `"unknown"`) {
		return nil
	}
	var v any
	if json.Unmarshal(args, &v) != nil {
		return nil
	}
	var out []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if u, ok := v["unknown"].(bool); ok && u && len(v) == 1 {
				out = append(out, strings.TrimPrefix(path, "."))
				return
			}
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(path+"."+k, v[k])
			}
		case []any:
			for i, x := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), x)
			}
		}
	}
	walk("", v)
	return out
}

// describe asks the providers what each step would do.
func (b *builder) describe() {
	scope := providers.Scope{Targets: map[string]providers.Target{}, Jobs: b.plan.Jobs, StandIn: b.opt.StandIn}
	for _, t := range b.plan.Targets {
		scope.Targets[t.Name] = t
	}
	for _, st := range b.plan.Steps {
		var d providers.Description
		var diags diag.List
		switch {
		case st.Fault != nil:
			typ, p, ok := b.reg.Fault(st.Type)
			if !ok {
				b.noType(st, "fault")
				continue
			}
			st.Provider, st.Twin = p.Name, typ.Twin
			d, diags = typ.Describe(scope, st.Args)
			d.SideEffects = true
		case st.Action != nil && st.Action.Approve != nil:
			d.Summary = "waits for a person: " + st.Action.Approve.Prompt
		case st.Action != nil:
			typ, p, ok := b.reg.Action(st.Type)
			if !ok {
				b.noType(st, "action")
				continue
			}
			st.Provider, st.Twin = p.Name, typ.Twin
			d, diags = typ.Describe(scope, st.Args)
		case st.Seed != nil:
			typ, p, ok := b.reg.Seed(st.Type)
			if !ok {
				b.noType(st, "seed")
				continue
			}
			st.Provider = p.Name
			d, diags = typ.Describe(scope, b.seedArgs(st))
			d.SideEffects = true
			for _, t := range st.Seed.Targets {
				d.Places = append(d.Places, providers.Place{Target: t})
			}
		case st.Audit != nil:
			if seed := b.steps[st.Audit.SeedAt]; seed != nil {
				st.Provider = seed.Provider
				if typ, p, ok := b.reg.Seed(seed.Type); ok {
					_, st.Provider = typ, p.Name
				}
			}
			d.Summary = "reads every sink and holds it against " + st.Audit.SeedAt
		case st.Job != nil:
			if p := b.reg.Jobs(); p != nil {
				st.Provider = p.Name
				s := scope
				s.Target = st.Job.Target
				d, diags = p.DescribeJob(s, st.Args)
			}
		}
		slices.SortFunc(d.Places, func(x, y providers.Place) int { return strings.Compare(x.String(), y.String()) })
		d.Places = slices.Compact(d.Places)
		st.Description = d
		b.place(st, diags)
	}
}

// seedArgs are a seed's arguments with its targets, which belong to the common part.
func (b *builder) seedArgs(st *Step) json.RawMessage {
	m := map[string]any{}
	if len(st.Args) > 0 {
		_ = json.Unmarshal(st.Args, &m) // written by lang/value
	}
	m["targets"] = st.Seed.Targets
	if st.Seed.Job != "" {
		m["job"] = st.Seed.Job
	}
	m["batch"] = st.Seed.Batch
	out, err := json.Marshal(m)
	if err != nil {
		return st.Args
	}
	return out
}

func (b *builder) noType(st *Step, what string) {
	b.fail(diag.PlanNoProvider, st.Range, st.Address, "No provider for this "+what, "No provider that is built in has the %s type %q.", what, st.Type)
}

// place gives findings of providers, which have no source text, the step's place in the file.
func (b *builder) place(st *Step, diags diag.List) {
	for _, d := range diags {
		if d.Subject == nil {
			r := st.Range
			d.Subject = &r
		}
		if d.Address == "" {
			d.Address = st.Address
		}
		if d.Severity == diag.Warning {
			b.warnings(d)
			continue
		}
		b.diags = b.diags.Append(d)
	}
}

func (b *builder) warnings(d diag.Diagnostic) {
	w := Warning{Code: d.Code, Address: d.Address, Summary: d.Summary, Detail: d.Detail}
	if d.Subject != nil {
		w.File, w.Line = d.Subject.Filename, d.Subject.Start.Line
	}
	b.plan.Warnings = append(b.plan.Warnings, w)
	b.diags = b.diags.Append(d)
}

func (b *builder) fail(code diag.Code, r hcl.Range, address, summary, format string, args ...any) {
	b.diags = b.diags.Append(diag.Diagnostic{
		Severity: diag.Error, Code: code, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &r, Address: address,
	})
}

func (b *builder) caution(code diag.Code, st *Step, summary, format string, args ...any) {
	r := st.Range
	b.warnings(diag.Diagnostic{
		Severity: diag.Warning, Code: code, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &r, Address: st.Address,
	})
}

// skips marks what a rehearsal leaves out: faults and actions without a twin, and for all but actions what depends on
// them; expectations that would need any of them.
func (b *builder) skips() {
	for _, st := range b.plan.Steps {
		if !st.Twin {
			st.Skip = fmt.Sprintf("%s %q has no twin: a rehearsal does not perform it", st.Kind, st.Type)
			continue
		}
		for _, n := range st.Needs {
			from := b.steps[n.Step.String()]
			if from == nil || from.Skip == "" || n.Order {
				continue
			}
			if from.Action != nil && st.Expect == nil {
				continue // counts as done for the order of things
			}
			st.Skip, st.Twin = "it needs "+from.Address+", which a rehearsal does not perform", false
			break
		}
	}
}

// holders finds what keeps a fault without a duration in force: every step reachable from it by edges, except
// expectations and audits, and except those reachable from its heal.
func (b *builder) holders() {
	for _, st := range b.plan.Steps {
		if st.Fault == nil {
			continue
		}
		if st.Fault.Duration > 0 {
			st.Held = "held " + st.Fault.Duration.String()
			continue
		}
		after := b.reachable(st, func(n program.Need) bool { return n.Point == program.Healed })
		during := b.reachable(st, func(n program.Need) bool { return n.Point != program.Healed })
		for _, h := range b.plan.Steps {
			if during[h.Address] && !after[h.Address] && h.Expect == nil && h.Audit == nil {
				st.Holders = append(st.Holders, h.Address)
			}
		}
		if len(st.Holders) == 0 {
			b.fail(diag.PlanNoEnd, st.Range, st.Address, "Nothing ends this fault",
				"%s has neither a duration nor a step that depends on it. Give it `duration`, or let a wait or an action refer to it.", st.Address)
			continue
		}
		if st.Description.CutsManagement {
			b.fail(diag.PlanNeedsDuration, st.Range, st.Address, "This fault needs a duration",
				"It cuts the path by which xdc reaches the place it acts at, so that its lease cannot be renewed. Give it `duration`.")
		}
		st.Held = "held until " + strings.Join(b.last(st.Holders), ", ")
	}
}

// reachable collects the steps behind st, where the first edge satisfies first.
func (b *builder) reachable(st *Step, first func(program.Need) bool) map[string]bool {
	out := map[string]bool{}
	var queue []string
	for _, u := range b.graph.Users(st.Address) {
		for _, n := range b.steps[u].Needs {
			if n.Step.String() == st.Address && !n.Order && first(n) && !out[u] {
				out[u] = true
				queue = append(queue, u)
			}
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if s := b.steps[at]; s.Expect != nil || s.Audit != nil {
			continue
		}
		for _, u := range b.graph.Users(at) {
			if out[u] {
				continue
			}
			for _, n := range b.steps[u].Needs {
				if n.Step.String() == at && !n.Order {
					out[u] = true
					queue = append(queue, u)
					break
				}
			}
		}
	}
	return out
}

// last are the holders that no other holder comes after: when they are finished, all are.
func (b *builder) last(holders []string) []string {
	in := map[string]bool{}
	for _, h := range holders {
		in[h] = true
	}
	var out []string
	for _, h := range holders {
		if !slices.ContainsFunc(b.graph.Users(h), func(u string) bool { return in[u] }) {
			out = append(out, h)
		}
	}
	return out
}

func (b *builder) guards() {
	for _, g := range b.prog.Guards {
		b.plan.Guards = append(b.plan.Guards, Guard{Address: g.Addr.String(), Guard: g})
	}
}

// blast adds up what side effects touch.
func (b *builder) blast() {
	targets, hosts, networks, jobs := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	used := map[string]bool{}
	for _, st := range b.plan.Steps {
		if st.Provider != "" {
			used[st.Provider] = true
		}
		d := st.Description
		if !d.SideEffects {
			continue
		}
		if st.Fault != nil {
			b.plan.Blast.Faults++
		}
		for _, p := range d.Places {
			targets[p.Target] = true
			if p.Host != "" {
				hosts[p.String()] = true
			}
		}
		for _, n := range d.Networks {
			networks[n] = true
		}
		for _, j := range d.Jobs {
			jobs[j] = true
		}
	}
	bl := &b.plan.Blast
	bl.Targets, bl.Hosts = slices.Sorted(maps.Keys(targets)), slices.Sorted(maps.Keys(hosts))
	bl.Networks, bl.Jobs = slices.Sorted(maps.Keys(networks)), slices.Sorted(maps.Keys(jobs))
	for _, t := range b.plan.Targets {
		if t.Protected && targets[t.Name] {
			bl.Protected = append(bl.Protected, t.Name)
		}
	}
	b.plan.Providers = slices.Sorted(maps.Keys(used))
	b.plan.Secrets = b.secrets()
}

// secrets lists the slots that a run will ask for.
func (b *builder) secrets() []string {
	have := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if s, ok := v["secret"].(string); ok && len(v) == 1 {
				have[s] = true
				return
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	scan := func(raw json.RawMessage) {
		if !strings.Contains(string(raw), `"secret"`) {
			return
		}
		var v any
		if json.Unmarshal(raw, &v) == nil {
			walk(v)
		}
	}
	for _, t := range b.plan.Targets {
		for _, c := range t.Connections {
			scan(c)
		}
	}
	for _, st := range b.plan.Steps {
		scan(st.Args)
	}
	return slices.Sorted(maps.Keys(have))
}

// finish computes the digest: sha256 over the plan without its mode, version, files, findings and itself.
func (b *builder) finish() {
	c := *b.plan
	c.Mode, c.Version, c.Digest, c.Files, c.Warnings = "", "", "", nil, nil
	raw, err := json.Marshal(&c)
	if err != nil {
		b.diags = b.diags.Append(fmt.Errorf("encode the plan: %w", err))
		return
	}
	sum := sha256.Sum256(raw)
	b.plan.Digest = hex.EncodeToString(sum[:])
}
