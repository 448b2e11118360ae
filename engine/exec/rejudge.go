package exec

import (
	"fmt"
	"iter"
	"math"
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
	// Trace tells of every sample, event and loss in order; an error may follow what could be read.
	Trace func(trace.Visitor) error
}

// Rejudge judges the expectations of a plan by what a run has recorded, with nothing run and nobody asked. With the run's
// own plan the verdicts are those of the run. Expectations wait for steps as they did in the run, by their addresses. The
// error says that the recording could not be read whole, or ends before the run did; the verdicts are by what could be read,
// and what is missing is unknown: nothing is met, or not met, by what was seen before a loss.
func Rejudge(p *plan.Plan, rec Recording) ([]event.Judged, error) {
	h, err := readHistory(rec.Events)
	kept := trace.NewStore(nil)
	for name, span := range h.events {
		kept.Happened(name, span)
	}
	b := newBench()
	b.kept = kept
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
	terr := rec.Trace(trace.Visitor{Sample: b.sample, Happened: b.happened, Lost: b.lost})
	if terr == nil {
		terr = b.ends()
	}
	if !h.over {
		h.end = max(h.end, b.seen+1) // nobody knows when it would have ended: what was to hold until then is not known to have
		if b.over {
			h.end = b.end
		}
		for _, j := range b.judges {
			j.until(h.end)
		}
	}
	if err == nil {
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
	end     time.Duration // forever while that is the end of the run and not known
}

const forever = time.Duration(math.MaxInt64)

// until says when the run ended.
func (j *judging) until(end time.Duration) {
	if j.end != forever {
		return
	}
	j.end = end
	if !j.f.Temporal() {
		j.monitor.Begin(end)
	}
}

// bench has expectations go through a trace while it is read, so that it need not be in memory.
type bench struct {
	kept    *trace.Store
	judges  []*judging
	pass    []func(upTo time.Duration)
	wanted  map[string]bool
	seen    time.Duration // the latest instant of anything
	over    bool          // the end of the run was seen
	end     time.Duration // it
	open    bool          // all that comes after was lost
	latest  time.Duration // of what is wanted
	advance time.Duration // when to go on
}

func (b *bench) add(j *judging) {
	b.judges = append(b.judges, j)
	b.follow(j.f, j.monitor.Passed, func(upTo time.Duration) {
		t := min(upTo, j.end)
		b.kept.Settle(t, j.f.Names())
		b.kept.Judge(func(cond.View) { j.monitor.Pass(t, t) })
	})
}

// follow has a formula go through the trace with pass, which is told how far it can go.
func (b *bench) follow(f *cond.Formula, passed func() time.Duration, pass func(upTo time.Duration)) {
	b.pass = append(b.pass, pass)
	for _, name := range f.Names() {
		b.wanted[name] = true
	}
	b.kept.Hold(f.Names(), passed)
}

// sample takes the next sample of the trace. They come almost in order: patience is more than enough for those that do
// not.
func (b *bench) sample(s signal.Sample) {
	b.seen = max(b.seen, s.High)
	if !b.wanted[s.Signal] {
		return
	}
	b.kept.Push(s)
	if b.latest = max(b.latest, s.High); b.latest < b.advance {
		return
	}
	b.advance = b.latest + passEvery
	upTo := b.latest - patience
	for _, pass := range b.pass {
		pass(upTo)
	}
}

func (b *bench) happened(name string, span signal.Span) {
	b.seen = max(b.seen, span.High)
	if name == "run.done" && !b.over {
		b.over, b.end = true, span.High
	}
	b.kept.Happened(name, span)
}

// disorder is how much earlier or later than what stands before it in a trace a sample may be: four times what an answer may
// be on its way to the loop of a run.
const disorder = time.Second

// lost has everything be unknown in a part that could not be read.
func (b *bench) lost(span signal.Span) {
	span.Low = max(span.Low-disorder, 0) - 1
	if span.High < trace.ToTheEnd-disorder {
		span.High += disorder
	} else {
		b.open = true
	}
	b.kept.Lose(span)
}

// ShortError says that a trace ends before its run did.
type ShortError struct {
	// At is the latest instant of the run that it has.
	At time.Duration
}

func (e *ShortError) Error() string {
	return fmt.Sprintf("the trace ends at %s of the run, before the run did: what came later is unknown", signal.Seconds(e.At.Seconds()))
}

// ends has everything be unknown after the end of a trace that does not have the end of its run.
func (b *bench) ends() error {
	if b.over || b.open {
		return nil
	}
	b.lost(signal.Span{Low: b.seen, High: trace.ToTheEnd})
	return &ShortError{b.seen}
}

// history is how far the steps of a run came.
type history struct {
	steps   map[string]progress
	results map[string]map[string]any
	skipped map[string]event.Judged // expectations that the run did not judge
	events  map[string]signal.Span
	end     time.Duration
	over    bool // the run came to its end
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
				h.end, h.over = b.High, true
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
	kept.Judge(func(v cond.View) { j.monitor = j.f.Prepare(v) })
	if (j.f.Temporal() || onlyJobs(st)) && !h.over {
		j.end = forever
	}
	if j.end != forever || j.f.Temporal() {
		j.monitor.Begin(from)
	}
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
