package report

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/signal"
)

// Samples gives every sample of the trace to each, in the order in which it was taken. Nil: there is no trace.
type Samples func(each func(signal.Sample)) error

// ErrNoRun is returned when the events do not begin with a run.
var ErrNoRun = errors.New("the events have no beginning of a run")

// Fold adds up a run. The events may come from the event log or from the journal, which leaves out what the
// report does not need. A run that was killed has no end, and the summary says so. When an error comes among the
// events, the summary is of what came before it.
func Fold(events iter.Seq2[event.Event, error], samples Samples, p *Plan) (Summary, error) {
	f := newFold(p)
	var failed error
	for ev, err := range events {
		if err != nil {
			failed = err
			break
		}
		f.take(ev)
	}
	if !f.begun {
		return Summary{}, errors.Join(ErrNoRun, failed)
	}
	series := newCollector()
	if samples != nil {
		if err := samples(series.take); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	f.finish(series)
	if failed != nil {
		return f.out, fmt.Errorf("report on run %s: %w", f.out.Run.ID, failed)
	}
	return f.out, nil
}

// folding is a fold under way.
type folding struct {
	plan  *Plan
	steps map[string]*PlanStep
	out   Summary
	begun bool
	ended *event.RunFinished
	over  bool // a second process has written since: recovery
	wall  time.Time
	last  time.Duration
	seq   uint64

	states map[string]*Step
	order  []string
	deeds  map[string]*Fault
	since  []string // deeds in order
}

func newFold(p *Plan) *folding {
	if p == nil {
		p = &Plan{}
	}
	f := &folding{plan: p, steps: map[string]*PlanStep{}, states: map[string]*Step{}, deeds: map[string]*Fault{}}
	f.out.Format = Format
	for i := range p.Steps {
		s := &p.Steps[i]
		f.steps[s.Address] = s
		f.state(s.Address)
	}
	for _, t := range p.Targets {
		out := Target{Name: t.Name, Networks: t.Networks}
		for _, h := range t.Hosts {
			out.Hosts = append(out.Hosts, h.Name+" "+h.Address)
		}
		f.out.Targets = append(f.out.Targets, out)
	}
	for _, w := range p.Warnings {
		text := w.Summary
		if w.Detail != "" {
			text += ". " + w.Detail
		}
		f.out.Warnings = append(f.out.Warnings, Note{Level: "warning", Subject: w.Address, Text: text, Code: string(w.Code)})
	}
	return f
}

// take adds one event.
func (f *folding) take(ev event.Event) {
	if !f.begun {
		if s, ok := ev.Body.(*event.RunStarted); ok {
			f.begun, f.wall = true, ev.Wall
			f.out.Run = Run{
				ID: s.Run, Plan: s.Plan, Description: f.plan.Description, Mode: s.Mode, Virtual: s.Virtual, StandIn: s.StandIn,
				Digest: s.Digest, Version: s.Version, Seed: s.Seed, Host: s.Host, User: s.User, Started: s.Started,
			}
			f.last, f.seq = ev.At, ev.Seq
		}
		return
	}
	if f.ended != nil || ev.Seq <= f.seq {
		f.over = true // numbers and clock began anew: `xdc recover` wrote this
	}
	if f.over {
		f.recovered(ev)
		return
	}
	f.last, f.seq = max(f.last, ev.At), ev.Seq
	f.fact(ev.At.Seconds(), ev.Body)
}

// fact adds one fact of the run itself.
func (f *folding) fact(at float64, body event.Payload) {
	switch b := body.(type) {
	case *event.StepChanged:
		f.stepChanged(at, b)
	case *event.DeedChanged:
		f.deedChanged(b)
	case *event.Routed:
		f.out.Routes = append(f.out.Routes, Route{At: at, Step: b.Step, From: b.From, To: b.To, Reason: b.Reason})
	case *event.Measured:
		f.out.Recoveries = append(f.out.Recoveries, Recovery{Step: b.Step, Until: f.steps[b.Step].until(), Recovery: b.Recovery})
	case *event.Audited:
		f.out.Audits = append(f.out.Audits, Audit{Step: b.Step, Audit: b.Audit})
	case *event.Probed:
		f.out.Probes = append(f.out.Probes, Probe{Step: b.Step, Probe: b.Probe})
	case *event.Judged:
		f.judged(b)
	case *event.GuardTripped:
		f.note(at, "warning", b.Guard, "the guard tripped: "+b.Why)
	case *event.ApprovalAsked:
		f.out.Approvals = append(f.out.Approvals, Approval{At: at, Step: b.Step, Prompt: b.Prompt})
	case *event.ApprovalAnswered:
		f.answered(at, b)
	case *event.Interrupted:
		f.note(at, "warning", "", "interrupted from outside")
	case *event.Aborting:
		f.note(at, "warning", "", "aborting: "+b.Reason)
	case *event.Noted:
		f.note(at, b.Level, b.Subject, b.Text)
	case *event.RunFinished:
		f.ended = b
	case *event.Changed:
		f.claim(b)
	case *event.RunStarted, *event.Happened, *event.Progress:
		// The trace has the samples and the events that conditions name.
	}
}

func (f *folding) note(at float64, level, subject, text string) {
	f.out.Notes = append(f.out.Notes, Note{At: at, Level: level, Subject: subject, Text: text})
}

func (f *folding) state(address string) *Step {
	s := f.states[address]
	if s == nil {
		s = &Step{Step: address, State: event.Pending}
		if p := f.steps[address]; p != nil {
			s.Kind, s.Summary, s.File, s.Line = p.Kind, p.Effect.Summary, p.File, p.Line
		}
		f.states[address] = s
		f.order = append(f.order, address)
	}
	return s
}

func (f *folding) stepChanged(at float64, b *event.StepChanged) {
	s := f.state(b.Step)
	s.State, s.Reason, s.Finding = b.State, b.Reason, b.Finding
	switch {
	case b.State == event.Running && s.Start == nil:
		s.Start = &at
	case b.State.Finished():
		if s.Start != nil {
			s.End = &at
		}
		s.Results = b.Results
	}
	if s.Kind == "seed" && b.State.Finished() {
		f.out.Seeds = append(f.out.Seeds, Seed{Step: b.Step, Totals: totals(b.Results), Latency: latencies(b.Results)})
	}
}

// totals picks the counts out of a seed's results.
func totals(results map[string]any) map[string]int64 {
	out := map[string]int64{}
	for _, k := range []string{"sent", "acked", "rejected", "indeterminate", "unsent", "resent"} {
		switch v := results[k].(type) {
		case float64:
			out[k] = int64(v)
		case int64:
			out[k] = v
		case int:
			out[k] = int64(v)
		}
	}
	return out
}

// latencies picks the latencies out of a seed's results. One without an upper bound has none.
func latencies(results map[string]any) map[string]Bounds {
	var out map[string]Bounds
	for _, k := range []string{"p50", "p90", "p99", "max"} {
		low, ok := results["latency_"+k+"_low"].(float64)
		if !ok {
			continue
		}
		if out == nil {
			out = map[string]Bounds{}
		}
		b := Bounds{Low: low}
		if high, ok := results["latency_"+k+"_high"].(float64); ok {
			b.High = &high
		}
		out[k] = b
	}
	return out
}

func (f *folding) judged(b *event.Judged) {
	e := Expect{
		Step: b.Step, Verdict: b.Verdict, Severity: b.Severity, Text: b.Text, Why: b.Why, Message: b.Message,
		From: b.From.Seconds(), To: b.To.Seconds(), At: b.At.Seconds(), Part: b.Part, Basis: b.Basis(), File: b.File, Line: b.Line,
	}
	for _, s := range b.Samples {
		e.Samples = append(e.Samples, SeenSample{Signal: s.Signal, Value: s.Value, Low: s.Low.Seconds(), High: s.High.Seconds(), Evidence: s.Evidence})
	}
	for _, v := range b.Values {
		e.Values = append(e.Values, NamedValue{Name: v.Name, Text: v.Text})
	}
	f.out.Expects = append(f.out.Expects, e)
}

func (f *folding) answered(at float64, b *event.ApprovalAnswered) {
	for i := len(f.out.Approvals) - 1; i >= 0; i-- {
		if a := &f.out.Approvals[i]; a.Step == b.Step && a.Approved == nil {
			a.Approved, a.By, a.Answered = &b.Approved, b.By, at
			return
		}
	}
}

func (f *folding) deed(b *event.DeedChanged) *Fault {
	key := b.Kind + " " + b.Step
	d := f.deeds[key]
	if d == nil {
		d = &Fault{Step: b.Step, Kind: b.Kind}
		if p := f.steps[b.Step]; p != nil {
			d.Summary, d.Held = p.Effect.Summary, p.Held
		}
		f.deeds[key] = d
		f.since = append(f.since, key)
	}
	return d
}

func (f *folding) deedChanged(b *event.DeedChanged) {
	d := f.deed(b)
	d.Phase = b.Phase
	if b.Error != "" {
		d.Error = b.Error
	}
	switch b.Phase {
	case event.Verified:
		d.Injected = &Span{b.Low.Seconds(), b.High.Seconds()}
		d.Evidence = b.Evidence
	case event.HealFailed:
		d.Attempts = max(d.Attempts+1, b.Attempt)
	case event.Healed:
		d.Healed = &Span{b.Low.Seconds(), b.High.Seconds()}
		d.After, d.Error = b.Evidence, ""
	case event.Intended, event.Armed, event.Injecting, event.Injected, event.Healing, event.Kept:
	}
}

// recovered adds what `xdc recover` did after the run. Its clock is its own, so only wall time places it.
func (f *folding) recovered(ev event.Event) {
	b, ok := ev.Body.(*event.DeedChanged)
	if !ok {
		return
	}
	d := f.deed(b)
	d.Phase = b.Phase
	if b.Error != "" {
		d.Error = b.Error
	}
	if b.Phase == event.Healed {
		at := max(0, ev.Wall.Sub(f.wall).Seconds())
		d.Healed, d.Later, d.After, d.Error = &Span{at, at}, true, b.Evidence, ""
	}
}

// finish adds what needs the whole run.
func (f *folding) finish(c *collector) {
	f.out.Run.Elapsed = f.last.Seconds()
	for _, a := range f.order {
		f.out.Steps = append(f.out.Steps, *f.states[a])
	}
	for _, k := range f.since {
		f.out.Faults = append(f.out.Faults, *f.deeds[k])
	}
	if f.ended != nil {
		for _, name := range slices.Sorted(maps.Keys(f.ended.Outputs)) {
			f.out.Outputs = append(f.out.Outputs, Output{name, f.ended.Outputs[name]})
		}
	}
	f.objectives()
	f.predictions()
	f.accounts(c.turns)
	c.into(&f.out)
	f.verdict()
}
