package exec

import (
	"iter"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
)

// Recording is what judging again needs of a run: its events, and everything it saw.
type Recording struct {
	Events iter.Seq2[event.Event, error]
	// Trace yields every sample and event in order; an error may follow what could be read.
	Trace func(sample func(signal.Sample), happened func(string, signal.Span)) error
}

// Rejudge judges the expectations of a plan by what a run has recorded, with nothing run and nobody asked. With the run's
// own plan the verdicts are those of the run. Expectations wait for steps as they did in the run, by their addresses. The
// error says that the recording could not be read whole; the verdicts are by what could.
func Rejudge(p *plan.Plan, rec Recording) ([]event.Judged, error) {
	h, err := readHistory(rec.Events)
	view := cond.NewMemoryView()
	seq := uint64(0)
	terr := rec.Trace(func(s signal.Sample) {
		seq++
		s.Seq = seq
		view.Push(s)
	}, view.Happened)
	if err == nil {
		err = terr
	}
	if done, ok := view.Event("run.done"); ok {
		h.end = done.High
	}
	var out []event.Judged
	for _, st := range p.Steps {
		if addr.Kind(st.Kind) == addr.Expect {
			out = append(out, h.judge(st, view))
		}
	}
	return out, err
}

// history is when what happened in a run.
type history struct {
	reached map[string]map[program.Point]time.Duration // by step
	results map[string]map[string]any
	skipped map[string]string // expectations that the run did not judge, and why
	end     time.Duration
}

func readHistory(events iter.Seq2[event.Event, error]) (*history, error) {
	h := &history{reached: map[string]map[program.Point]time.Duration{}, results: map[string]map[string]any{}, skipped: map[string]string{}}
	for ev, err := range events {
		if err != nil {
			return h, err
		}
		h.end = max(h.end, ev.At)
		switch b := ev.Body.(type) {
		case *event.StepChanged:
			h.step(b, ev.At)
		case *event.DeedChanged:
			switch {
			case b.Phase == event.Verified && b.Kind == "fault":
				h.reach(b.Step, program.Injected, ev.At)
			case b.Phase == event.Verified && b.Kind == "job":
				h.reach(b.Step, program.Running, ev.At)
			case b.Phase == event.Healed && b.Kind == "fault":
				h.reach(b.Step, program.Healed, ev.At)
			}
		case *event.Judged:
			if b.Verdict == event.NotJudged {
				h.skipped[b.Step] = b.Why
			}
		case *event.RunStarted, *event.RunFinished, *event.Happened, *event.Progress, *event.Routed, *event.Measured, *event.Audited, *event.GuardTripped,
			*event.ApprovalAsked, *event.ApprovalAnswered, *event.Interrupted, *event.Aborting, *event.Noted, *event.Changed:
		}
	}
	return h, nil
}

func (h *history) step(b *event.StepChanged, at time.Duration) {
	switch {
	case b.State == event.Running:
		h.reach(b.Step, program.Started, at)
	case b.State.Finished():
		h.results[b.Step] = b.Results
		if b.State == event.Done {
			h.reach(b.Step, program.Running, at) // an adopted job has no deed
		}
		if b.State != event.Skipped && (b.State == event.Done || b.Finding) {
			h.reach(b.Step, program.Finished, at)
		}
	}
}

func (h *history) reach(step string, p program.Point, at time.Duration) {
	if h.reached[step] == nil {
		h.reached[step] = map[program.Point]time.Duration{}
	}
	if _, ok := h.reached[step][p]; !ok {
		h.reached[step][p] = at
	}
}

// judge judges one expectation.
func (h *history) judge(st *plan.Step, view cond.View) event.Judged {
	out := event.Judged{Step: st.Address, Severity: st.Expect.Severity, Text: st.Expect.Condition, File: st.File, Line: st.Line, At: h.end, Verdict: event.Inconclusive}
	if st.Expect.That != nil {
		out.Text = st.Expect.That.Text
	}
	if why, ok := h.skipped[st.Address]; ok {
		out.Verdict, out.Why = event.NotJudged, why
		return out
	}
	at, waits, jobs := time.Duration(0), false, true
	for _, n := range st.Needs {
		if n.Order {
			continue
		}
		waits = true
		jobs = jobs && n.Step.Kind == addr.Job
		t, ok := h.reached[n.Step.String()][n.Point]
		if !ok {
			out.Why = n.Step.String() + " never came to be " + string(n.Point) + " in the run"
			return out
		}
		at = max(at, t)
	}
	var j cond.Judged
	switch {
	case st.Expect.That == nil:
		return h.judgeResults(st, out, at)
	case st.Expect.That.Formula.Temporal():
		from := time.Duration(0)
		if waits {
			from = at
		}
		j = st.Expect.That.Formula.Monitor(view, from).Finish(h.end)
	case waits && !jobs:
		j = st.Expect.That.Formula.Eval(view, at)
	default:
		j = st.Expect.That.Formula.Eval(view, h.end)
	}
	out.Verdict, out.Why, out.At = verdictOf(j.Truth), j.Why, j.At
	for _, rd := range j.Values {
		text := "unknown"
		if rd.Known {
			text = rd.Value.String()
		}
		out.Values = append(out.Values, diag.Value{Name: rd.Name, Text: text})
	}
	return out
}

// judgeResults judges a condition over final results.
func (h *history) judgeResults(st *plan.Step, out event.Judged, at time.Duration) event.Judged {
	j, found := st.Expect.Judge(func(address string) (map[string]any, bool) {
		r, ok := h.results[address]
		return r, ok
	})
	out.At, out.Why, out.Values = at, j.Why, j.Values
	switch {
	case found.HasErrors():
		out.Why = found.Err().Error()
	case j.Met != nil && *j.Met:
		out.Verdict = event.Met
	case j.Met != nil:
		out.Verdict = event.NotMet
	}
	return out
}
