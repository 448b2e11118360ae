package plan

import (
	"encoding/json"
	"net/netip"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/providers"
)

// New freezes a checked program: it orders the steps, asks every provider for its dry run, fixes what holds each
// fault, and works out when things will happen and what must come of them. It touches no target and no network.
//
// The plan is usable only if the findings have no errors; it is returned all the same, as far as it got.
// Warnings are among the findings and in Plan.Warnings.
func New(p *program.Program, reg *providers.Registry, opt Options) (*Plan, diag.List) {
	m := &maker{prog: p, reg: reg, opt: opt, at: make(map[addr.Step]int, len(p.Steps)), byName: make(map[string]int, len(p.Steps)), plan: &Plan{
		Format: Format, Version: opt.Version, Mode: opt.Mode, Name: p.Name, Description: p.Description, Timeout: p.Timeout,
		Variables: p.Variables, Files: p.Files, Program: p, Source: opt.Source, Steps: []*Step{}, Targets: []providers.Target{},
	}}
	m.targets()
	m.jobs()
	ordered := m.order()
	m.link()
	for i := range m.steps {
		m.describe(i)
	}
	for _, g := range p.Guards {
		m.plan.Guards = append(m.plan.Guards, Guard{Address: g.Addr.String(), Guard: g})
	}
	if ordered {
		m.hold()
		m.predict()
		m.flow()
		m.skips()
	}
	m.blast()
	m.secrets()
	m.used()
	if ordered {
		m.foresee()
	}
	m.record()
	m.plan.Digest = digest(m.plan)
	return m.plan, m.diags
}

// maker is one plan in the making.
type maker struct {
	prog  *program.Program
	reg   *providers.Registry
	opt   Options
	plan  *Plan
	scope providers.Scope
	diags diag.List

	// steps are the plan's, in its order; at is where each stands.
	steps []*Step
	at    map[addr.Step]int
	// after are the edges out of each step, before those into it.
	after, before [][]link

	// byName is where each stands, by address.
	byName map[string]int
	// disturbed steps come after something that changes a target: a fault or an action.
	disturbed []bool
	// times are when the events of the steps are expected; see flow.
	times []moment
	// takes is how long the run takes at least, in seconds.
	takes float64
	// said are the predictions by fault.
	said map[string][]providers.Prediction
	// unnoticed are the faults that a warning says may go unnoticed.
	unnoticed map[string]bool
}

// link is an edge seen from one of its ends.
type link struct {
	step  int // the other end
	point program.Point
	order bool
}

func (m *maker) error(i int, code diag.Code, summary, detail string) {
	m.report(m.steps[i], diag.Error, code, summary, detail)
}

func (m *maker) warn(st *Step, code diag.Code, summary, detail string) {
	m.report(st, diag.Warning, code, summary, detail)
}

func (m *maker) report(st *Step, sev diag.Severity, code diag.Code, summary, detail string) {
	d := diag.Diagnostic{Severity: sev, Code: code, Summary: summary, Detail: detail, Address: st.Address}
	if st.Range.Filename != "" {
		d.Subject = st.Range.Ptr()
	}
	m.diags = append(m.diags, d)
}

// record puts the warnings into the plan, so that they reach plan.json and the report.
func (m *maker) record() {
	for _, d := range m.diags {
		if d.Severity != diag.Warning {
			continue
		}
		w := Warning{Code: d.Code, Address: d.Address, Summary: d.Summary, Detail: d.Detail}
		if d.Subject != nil {
			w.File, w.Line = d.Subject.Filename, d.Subject.Start.Line
		}
		m.plan.Warnings = append(m.plan.Warnings, w)
	}
}

// targets copies what the plan says about its targets into the contract's types.
func (m *maker) targets() {
	m.scope = providers.Scope{Targets: make(map[string]providers.Target, len(m.prog.Targets)), StandIn: m.opt.StandIn, OpenFile: m.opt.OpenFile, Ways: map[string]netip.Addr{}}
	for _, t := range m.prog.Targets {
		out := providers.Target{Name: t.Name, Networks: t.Networks, Protected: t.Protected, Connections: t.Connections}
		for _, h := range t.Hosts {
			out.Hosts = append(out.Hosts, providers.Host{Name: h.Name, Address: h.Address, Args: h.Args})
			if m.opt.Way == nil || jumps(h.Args) {
				continue
			}
			if from, ok := m.opt.Way(h.Address); ok {
				m.scope.Ways[h.Address] = from
			}
		}
		if t.Twin != nil {
			if m.plan.Twins == nil {
				m.plan.Twins = map[string]*program.Twin{}
			}
			m.plan.Twins[t.Name] = t.Twin
		}
		m.plan.Targets = append(m.plan.Targets, out)
		m.scope.Targets[t.Name] = out
	}
}

// jumps reports whether a host is reached through others: then it sees the last of them, wherever xdc is.
func jumps(args json.RawMessage) bool {
	var a struct {
		Jump []string `json:"jump"`
	}
	return len(args) > 0 && json.Unmarshal(args, &a) == nil && len(a.Jump) > 0
}

// jobs gathers what the plan says about its jobs.
func (m *maker) jobs() {
	for _, s := range m.prog.Steps {
		if s.Job == nil {
			continue
		}
		j := providers.JobInfo{Path: s.Job.Path, Step: s.Addr.String(), Target: s.Job.Target, Launched: s.Job.Launched, Bundle: s.Job.Bundle, Adopt: s.Job.Adopt}
		if t := s.Job.Toolkit; t != nil {
			j.Toolkit = &providers.Toolkit{
				HeartbeatInterval: t.HeartbeatInterval, MissesAllowed: t.MissesAllowed, SnapshotInterval: t.SnapshotInterval,
				InitDelay: t.InitDelay, Port: t.Port, Mode: t.Mode, Composite: t.Composite, RetainSnapshots: t.RetainSnapshots, ReturnSnapshots: t.ReturnSnapshots,
				SnapshotDirectory: t.SnapshotDirectory, Host: t.Host, ConfigFile: t.ConfigFile, MainComposite: t.MainComposite, Pairs: t.Pairs, SendToAll: t.SendToAll, LogHTTPErrors: t.LogHTTPErrors,
				ConnectTimeout: t.ConnectTimeout, ReadTimeout: t.ReadTimeout, Traces: t.Traces, Lines: providers.Lines(t.Lines),
			}
		}
		m.plan.Jobs = append(m.plan.Jobs, j)
	}
	m.scope.Jobs = m.plan.Jobs
}

// link makes the edges walkable in both directions.
func (m *maker) link() {
	m.after = make([][]link, len(m.steps))
	m.before = make([][]link, len(m.steps))
	m.disturbed = make([]bool, len(m.steps))
	for i, st := range m.steps {
		for _, n := range st.Needs {
			from, ok := m.at[n.Step]
			if !ok {
				continue
			}
			m.before[i] = append(m.before[i], link{from, n.Point, n.Order})
			was := m.steps[from]
			m.disturbed[i] = m.disturbed[i] || m.disturbed[from] || was.Fault != nil || was.Action != nil && was.Action.Approve == nil
			m.after[from] = append(m.after[from], link{i, n.Point, n.Order})
		}
	}
}
