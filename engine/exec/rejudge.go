package exec

import (
	"iter"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
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

// history is how far the steps of a run came.
type history struct {
	steps   map[string]progress
	results map[string]map[string]any
	skipped map[string]event.Judged // expectations that the run did not judge
	end     time.Duration
}

func readHistory(events iter.Seq2[event.Event, error]) (*history, error) {
	h := &history{steps: map[string]progress{}, results: map[string]map[string]any{}, skipped: map[string]event.Judged{}}
	for ev, err := range events {
		if err != nil {
			return h, err
		}
		h.end = max(h.end, ev.At)
		switch b := ev.Body.(type) {
		case *event.StepChanged:
			if b.Instant == 0 {
				b.Instant = ev.At // of a run by an xdc that did not say
			}
			h.step(b)
		case *event.Happened:
			for _, p := range []program.Point{program.Injected, program.Healed} {
				if step, ok := strings.CutSuffix(b.Name, "."+string(p)); ok {
					h.reach(step, p, b.High)
				}
			}
		case *event.Judged:
			if b.Verdict == event.NotJudged {
				h.skipped[b.Step] = *b
			}
		case *event.RunStarted, *event.RunFinished, *event.DeedChanged, *event.Progress, *event.Routed, *event.Measured, *event.Audited, *event.Probed, *event.GuardTripped,
			*event.ApprovalAsked, *event.ApprovalAnswered, *event.Interrupted, *event.Aborting, *event.Noted, *event.Changed:
		}
	}
	return h, nil
}

func (h *history) step(b *event.StepChanged) {
	switch {
	case b.State == event.Running:
		h.reach(b.Step, program.Started, b.Instant)
	case b.State.Finished():
		h.results[b.Step] = b.Results
		if b.State == event.Done {
			h.reach(b.Step, program.Running, b.Instant)
		}
		h.reach(b.Step, program.Finished, b.Instant)
		p := h.steps[b.Step]
		p.state, p.ended = b.State, b.Instant
		h.steps[b.Step] = p
	}
}

func (h *history) reach(step string, p program.Point, at time.Duration) {
	if h.steps[step].reached == nil {
		h.steps[step] = progress{reached: map[program.Point]time.Duration{}}
	}
	if _, ok := h.steps[step].reached[p]; !ok {
		h.steps[step].reached[p] = at
	}
}

// judge judges one expectation.
func (h *history) judge(st *plan.Step, view cond.View) event.Judged {
	if was, ok := h.skipped[st.Address]; ok {
		return leftOut(st, was.Why, was.At)
	}
	at, missing := readiness(st, func(step string) (progress, bool) {
		p, ok := h.steps[step]
		return p, ok
	})
	c := st.Expect.That
	switch {
	case missing != "":
		if !h.settled(st) {
			at = h.end
		}
		return inconclusive(st, missing, at)
	case c == nil:
		return judgeResults(st, h.resultsAt(at), at)
	}
	var j cond.Judged
	switch {
	case c.Formula.Temporal():
		j = c.Formula.Monitor(view, rangeFrom(st, at)).Finish(h.end)
	case !onlyJobs(st):
		j = c.Formula.Eval(view, at)
	default:
		j = c.Formula.Eval(view, h.end)
	}
	return judgement(st, verdictOf(j.Truth), j)
}

// resultsAt are the results that the run had at an instant: of steps that were finished, and of faults in force.
func (h *history) resultsAt(at time.Duration) program.Results {
	return func(step string) (map[string]any, bool) {
		p := h.steps[step]
		if p.state.Finished() && p.ended <= at {
			return h.results[step], true
		}
		if injected, ok := p.reached[program.Injected]; ok && injected <= at {
			return map[string]any{"injected": injected.Seconds()}, true
		}
		return nil, false
	}
}

// settled reports whether all that an expectation waits for either came or was over without it, so that the run knew
// before its end.
func (h *history) settled(st *plan.Step) bool {
	for _, n := range st.Needs {
		p := h.steps[n.Step.String()]
		if _, came := p.reached[n.Point]; !n.Order && !came && !p.state.Finished() {
			return false
		}
	}
	return true
}
