package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
)

// dryRun is what providers give for it.
type dryRun func(providers.Scope, json.RawMessage) (providers.Description, diag.List)

// describe fills in the dry run of a step.
func (m *maker) describe(i int) {
	st := m.steps[i]
	switch addr.Kind(st.Kind) {
	case addr.Job:
		p := m.reg.Jobs()
		if p == nil || p.DescribeJob == nil {
			m.error(i, diag.NoProvider, "No provider submits jobs", "This xdc was built without one.")
			return
		}
		st.Provider = p.Name
		m.ask(i, p.DescribeJob, []string{st.Job.Target})
	case addr.Fault:
		t, p, ok := m.reg.Fault(st.Type)
		if !ok {
			m.lacks(i, addr.Fault)
			return
		}
		st.Provider, st.Twin = p.Name, t.Twin
		m.ask(i, t.Describe, nil)
		switch {
		case t.Stages:
			m.askStages(i, t.Describe)
		case len(st.Fault.Stages) > 0:
			m.error(i, diag.NoStages, st.Type+" has no stages", "It cannot be changed while it is in force. Remove the `stage` blocks, or write two faults, the second with depends_on = ["+st.Address+".healed].")
		}
	case addr.Seed:
		t, p, ok := m.reg.Seed(st.Type)
		if !ok {
			m.lacks(i, addr.Seed)
			return
		}
		st.Provider = p.Name
		m.ask(i, t.Describe, st.Seed.Targets)
		st.Description.Summary = seedWords(st.Seed)
	case addr.Action:
		m.describeAction(i)
	case addr.Audit:
		m.known(i, st.Audit.Targets)
		st.Description.Summary = auditWords(st.Audit)
		st.Description.Places = placesOf(st.Audit.Targets)
	case addr.Probe:
		m.describeProbe(i)
	case addr.Wait:
		st.Description.Summary = waitWords(st.Step)
	case addr.Expect, addr.Guard:
	}
}

func (m *maker) describeAction(i int) {
	st := m.steps[i]
	if st.Action.Approve != nil {
		st.Description.Summary = approveWords(st.Action.Approve)
		return
	}
	t, p, ok := m.reg.Action(st.Type)
	if !ok {
		m.lacks(i, addr.Action)
		return
	}
	st.Provider, st.Twin = p.Name, t.Twin
	m.ask(i, t.Describe, nil)
}

func (m *maker) lacks(i int, k addr.Kind) {
	st := m.steps[i]
	m.error(i, diag.NoProvider, fmt.Sprintf("There is no %s %q", k, st.Type), strings.TrimSpace("No provider has it."+diag.Suggest(st.Type, m.reg.StepTypes(k))))
}

// ask makes the dry run of a step, once for each of its targets, or once if it has none of its own.
func (m *maker) ask(i int, f dryRun, targets []string) {
	st := m.steps[i]
	if !m.known(i, targets) {
		return
	}
	args, unknown := m.knownArgs(st)
	st.Unknown = unknown
	at := targets
	if len(targets) == 0 {
		targets = []string{""}
	}
	var all providers.Description
	for _, t := range targets {
		s := m.scope
		s.Target, s.At = t, at
		d, ds := f(s, args)
		if len(unknown) > 0 {
			// What is missing now will be there when the step runs, and is looked at again then.
			if ds.HasErrors() && d.Summary == "" {
				d.Summary = afterRun
			}
			ds = ds.Warnings()
		}
		m.place(st, ds)
		all = join(all, d)
	}
	st.Description = all
}

// askStages makes the dry run of each stage of a fault: what it changes is said, and counts for what the fault touches and
// cuts.
func (m *maker) askStages(i int, f dryRun) {
	st := m.steps[i]
	for n, sg := range st.Fault.Stages {
		d, ds := f(m.scope, sg.Args)
		if len(st.Unknown) > 0 {
			ds = ds.Warnings()
		}
		if d.CutsManagement && st.Description.CutsManagement {
			ds = ds.Errors() // it was warned of
		}
		m.place(st, ds)
		if d.CutsManagement && n < len(st.Fault.Stages)-1 {
			m.error(i, diag.CutBeforeStage, fmt.Sprintf("Stage %d of %s cuts xdc off from the next one", n+1, st.Address),
				"It cuts the path by which xdc reaches the place, so that xdc cannot put the next stage in force. Make it the last stage, or leave the way to xdc out of it.")
		}
		words := fmt.Sprintf("stage %d, for %s: %s", n+1, sg.Duration, d.Summary)
		if sg.Ramp {
			words += " (reached little by little)"
		}
		d.Effects, d.Undo, d.Reboot, d.Severs = []providers.Line{{Text: words}}, nil, nil, nil // the fault's own say it
		st.Description = join(st.Description, d)
	}
}

// known reports whether the targets are the plan's.
func (m *maker) known(i int, targets []string) bool {
	for _, t := range targets {
		if _, ok := m.scope.Targets[t]; !ok {
			names := make([]string, 0, len(m.plan.Targets))
			for _, have := range m.plan.Targets {
				names = append(names, have.Name)
			}
			m.error(i, diag.NoSuchTarget, fmt.Sprintf("There is no target %q", t), "The plan does not declare it."+diag.Suggest(t, names))
			return false
		}
	}
	return true
}

// place gives findings of providers, which have no source text, the step's range and address.
func (m *maker) place(st *Step, ds diag.List) {
	for _, d := range ds {
		if d.Severity == diag.Invalid {
			d.Severity = diag.Error
		}
		d.Address = st.Address
		if d.Subject == nil && st.Range.Filename != "" {
			d.Subject = st.Range.Ptr()
		}
		if len(d.Path) > 0 {
			d.Detail = strings.TrimSpace(fmt.Sprintf("Argument %s: %s", pathText(d.Path), d.Detail))
		}
		m.diags = append(m.diags, d)
	}
}

func pathText(p cty.Path) string {
	var b strings.Builder
	for _, s := range p {
		switch s := s.(type) {
		case cty.GetAttrStep:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		case cty.IndexStep:
			if s.Key.Type() == cty.String {
				fmt.Fprintf(&b, "[%q]", s.Key.AsString())
			} else if n, ok := s.Key, s.Key.Type() == cty.Number; ok {
				fmt.Fprintf(&b, "[%s]", n.AsBigFloat().Text('f', -1))
			}
		}
	}
	return b.String()
}

// join puts the dry runs of one step at several targets together.
func join(a, b providers.Description) providers.Description {
	a.Effects = union(a.Effects, b.Effects)
	a.Undo = union(a.Undo, b.Undo)
	a.Reboot = union(a.Reboot, b.Reboot)
	if a.Summary == "" {
		a.Summary = b.Summary
	}
	a.Places = union(a.Places, b.Places)
	a.Networks = union(a.Networks, b.Networks)
	a.Jobs = union(a.Jobs, b.Jobs)
	a.Stops = union(a.Stops, b.Stops)
	a.Severs = append(a.Severs, b.Severs...)
	a.CutsManagement = a.CutsManagement || b.CutsManagement
	a.SideEffects = a.SideEffects || b.SideEffects
	return a
}

func union[T comparable](a, b []T) []T {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

func placesOf(targets []string) []providers.Place {
	out := make([]providers.Place, len(targets))
	for i, t := range targets {
		out[i] = providers.Place{Target: t}
	}
	return out
}
