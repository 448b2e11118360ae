package exec

import (
	"iter"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/trace"
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
	kept := trace.NewStore(nil)
	for name, span := range h.events {
		kept.Happened(name, span)
	}
	b := &bench{kept: kept, wanted: map[string]bool{}}
	open := map[string]*judging{}
	for _, st := range p.Steps {
		if addr.Kind(st.Kind) != addr.Expect {
			continue
		}
		if j := h.open(st, kept); j != nil {
			open[st.Address] = j
			b.add(j)
		}
	}
	if terr := rec.Trace(b.sample, func(name string, span signal.Span) { kept.Happened(name, span) }); err == nil {
		err = terr
	}
	var out []event.Judged
	for _, st := range p.Steps {
		if addr.Kind(st.Kind) == addr.Expect {
			out = append(out, h.judge(st, open[st.Address]))
		}
	}
	return out, err
}

// judging is an expectation that is judged by samples.
type judging struct {
	f       *cond.Formula
	monitor *cond.Monitor
	end     time.Duration
}

// bench has expectations go through a trace while it is read, so that it need not be in memory.
type bench struct {
	kept    *trace.Store
	open    []*judging
	wanted  map[string]bool
	latest  time.Duration
	advance time.Duration // when to go on
}

func (b *bench) add(j *judging) {
	b.open = append(b.open, j)
	for _, name := range j.f.Names() {
		b.wanted[name] = true
	}
	b.kept.Hold(j.f.Names(), j.monitor.Passed)
}

// sample takes the next sample of the trace. They come almost in order: patience is more than enough for those that do
// not.
func (b *bench) sample(s signal.Sample) {
	if !b.wanted[s.Signal] {
		return
	}
	b.kept.Push(s)
	if b.latest = max(b.latest, s.High); b.latest < b.advance {
		return
	}
	b.advance = b.latest + passEvery
	upTo := b.latest - patience
	for _, j := range b.open {
		t := min(upTo, j.end)
		b.kept.Settle(t, j.f.Names())
		b.kept.Judge(func(cond.View) { j.monitor.Pass(t, t) })
	}
}

// history is how far the steps of a run came.
type history struct {
	steps   map[string]progress
	results map[string]map[string]any
	skipped map[string]event.Judged // expectations that the run did not judge
	events  map[string]signal.Span
	end     time.Duration
}

func readHistory(events iter.Seq2[event.Event, error]) (*history, error) {
	h := &history{steps: map[string]progress{}, results: map[string]map[string]any{}, skipped: map[string]event.Judged{}, events: map[string]signal.Span{}}
	for ev, err := range events {
		if err != nil {
			return h, err
		}
		if _, over := h.events["run.done"]; !over {
			h.end = max(h.end, ev.At)
		}
		switch b := ev.Body.(type) {
		case *event.StepChanged:
			if b.Instant == 0 {
				b.Instant = ev.At // of a run by an xdc that did not say
			}
			h.step(b)
		case *event.Happened:
			if _, again := h.events[b.Name]; !again {
				h.events[b.Name] = signal.Span{Low: b.Low, High: b.High}
			}
			if b.Name == "run.done" {
				h.end = b.High
			}
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

// open has an expectation that the run judged by samples follow them; nil for others.
func (h *history) open(st *plan.Step, kept *trace.Store) *judging {
	at, missing := h.readiness(st)
	if _, left := h.skipped[st.Address]; left || missing != "" || st.Expect.That == nil {
		return nil
	}
	j := &judging{f: st.Expect.That.Formula, end: h.end}
	from := h.end
	switch {
	case j.f.Temporal():
		from = rangeFrom(st, at)
	case !onlyJobs(st):
		from, j.end = at, at
	}
	kept.Judge(func(v cond.View) { j.monitor = j.f.Monitor(v, from) })
	return j
}

func (h *history) readiness(st *plan.Step) (at time.Duration, missing string) {
	return readiness(st, func(step string) (progress, bool) {
		p, ok := h.steps[step]
		return p, ok
	})
}

// judge concludes about one expectation.
func (h *history) judge(st *plan.Step, open *judging) event.Judged {
	if was, ok := h.skipped[st.Address]; ok {
		return leftOut(st, was.Why, was.At)
	}
	at, missing := h.readiness(st)
	switch {
	case missing != "":
		if !h.settled(st) {
			at = h.end
		}
		return inconclusive(st, missing, at)
	case open == nil:
		return judgeResults(st, h.resultsAt(at), at)
	}
	j := open.monitor.Finish(open.end)
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
