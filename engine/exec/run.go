package exec

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// run is one run under way. All fields below "loop" belong to the loop's goroutine.
type run struct {
	opt   Options
	plan  *plan.Plan
	env   providers.Env
	start time.Time
	inbox chan func()

	sessions *sessions
	places   *places
	locks    []providers.Handle
	lasts    []*life        // of actions that last as long as the run, in order
	work     sync.WaitGroup // step bodies
	watch    sync.WaitGroup // observers
	attend   *attention

	looked     []providers.Finding // what preflight has found that people should see
	journalErr errOnce

	// loop
	at         time.Duration // the instant of what the loop is at: what one message does, it does at one instant
	steps      map[string]*step
	order      []*step
	holding    map[string][]*step // step address -> faults it holds
	audits     map[string][]*step // seed address -> its audits
	opened     []*step            // audits that are not closing yet, in order
	faults     map[*step]bool     // that have started and are not finished
	begun      int                // faults that have started
	unfinished int                // steps, expects not counted
	watchers   *watchers
	guards     []*guard
	injected   []*life // in order of injection, for healing in reverse
	jobs       []*life // submitted, for cancelling in reverse
	opening    int     // probes that are not ready yet
	behind     []*step // faults that wait for them
	seen       map[string]signal.Sample
	infer      map[string][]providers.Inference // by target
	overviews  []providers.Inference
	aborting   string // why nothing more is started
	interrupts int
	complete   bool // the verdicts are complete
	giveUp     context.CancelFunc
	gaveUp     context.Context // ends when waiting is given up
	out        Outcome
}

// step is one step of the plan with what has become of it.
type step struct {
	*plan.Step
	kind       addr.Kind
	state      event.State
	unmet      int
	reached    map[program.Point]time.Duration // when conditions take it to have come to be so
	ended      time.Duration
	dependents []dependent
	began      bool // its body has started
	stoodBack  bool // it has let probes begin first
	startedAt  time.Duration
	results    map[string]any
	finding    bool
	cancel     context.CancelCauseFunc
	// holders is how many steps still keep the fault in force.
	holders int
	release chan struct{} // closed when there are none left
	abort   chan struct{} // closed when the fault must be healed now
	life    *life
	ledger  *measure.Ledger
	audit   *auditing
	expect  *expecting
	passed  func() time.Duration // of a wait under way: up to where it looks no more
}

type dependent struct {
	to    *step
	point program.Point
}

func newRun(opt Options) *run {
	if opt.Lease == (LeaseTimes{}) {
		opt.Lease = DefaultLease
	}
	if opt.HealBudget == 0 {
		opt.HealBudget = defaultHealBudget
	}
	r := &run{
		opt: opt, plan: opt.Plan, start: opt.Start, inbox: make(chan func(), 256),
		steps: map[string]*step{}, holding: map[string][]*step{}, audits: map[string][]*step{},
		seen: map[string]signal.Sample{}, infer: map[string][]providers.Inference{},
		places: newPlaces(), attend: newAttention(), faults: map[*step]bool{}, giveUp: func() {},
	}
	r.out.Verdicts = map[event.Verdict]int{}
	r.watchers = newWatchers()
	if opt.Env.Note == nil {
		opt.Env.Note = func(subject, text string) {
			r.post(func() { _ = r.emit(&event.Noted{Level: "info", Subject: subject, Text: text}) })
		}
	}
	r.sessions = newSessions(opt)
	r.env = r.sessions.env
	for _, ps := range opt.Plan.Steps {
		st := &step{
			Step: ps, kind: addr.Kind(ps.Kind), state: event.Pending, reached: map[program.Point]time.Duration{},
			release: make(chan struct{}), abort: make(chan struct{}),
		}
		r.steps[ps.Address] = st
		r.order = append(r.order, st)
		if st.kind != addr.Expect {
			r.unfinished++
		}
	}
	for _, st := range r.order {
		r.wire(st)
	}
	for _, g := range opt.Plan.Guards {
		r.guards = append(r.guards, &guard{Guard: g})
	}
	for _, t := range opt.Plan.Targets {
		var jobs []providers.JobInfo
		for _, j := range opt.Plan.Jobs {
			if j.Target == t.Name {
				jobs = append(jobs, j)
			}
		}
		for _, p := range opt.Registry.Providers() {
			if p.Infer != nil && len(jobs) > 0 {
				r.infer[t.Name] = append(r.infer[t.Name], p.Infer(t.Name, jobs))
			}
		}
	}
	for _, p := range opt.Registry.Providers() {
		if p.Overview != nil && len(opt.Plan.Jobs) > 0 {
			r.overviews = append(r.overviews, p.Overview(opt.Plan.Jobs))
		}
	}
	return r
}

// wire counts what st waits for and tells the others.
func (r *run) wire(st *step) {
	for _, n := range st.Needs {
		from, ok := r.steps[n.Step.String()]
		if !ok || n.Order {
			continue
		}
		st.unmet++
		from.dependents = append(from.dependents, dependent{st, n.Point})
	}
	for _, h := range st.Holders {
		if _, ok := r.steps[h]; ok {
			r.holding[h] = append(r.holding[h], st)
			st.holders++
		}
	}
	if st.kind == addr.Audit {
		r.audits[st.Audit.SeedAt] = append(r.audits[st.Audit.SeedAt], st)
	}
}

// since is the run's time of an instant.
func (r *run) since(t time.Time) time.Duration { return t.Sub(r.start) }

func (r *run) now() time.Duration { return time.Since(r.start) }

// tick lets the loop's instant be the present one.
func (r *run) tick() time.Duration {
	r.at = max(r.at, r.now())
	return r.at
}

// judgeable is the instant before which everything known of the names of a formula has been taken in; from now on
// nothing that comes changes it.
func (r *run) judgeable(f *cond.Formula) time.Duration {
	mark := r.at - r.opt.Lateness
	r.settle(f, mark-1)
	return mark
}

// settle has nothing that comes change what is known of the names of a formula up to t.
func (r *run) settle(f *cond.Formula, t time.Duration) { r.opt.Trace.Settle(t, f.Names()) }

// emit records a fact. An error of the journal aborts the run; it is returned for those who must not go on
// without the record.
func (r *run) emit(p event.Payload) error {
	err := r.opt.Bus.Emit(p)
	if err != nil {
		r.journalErr.set(err)
	}
	return err
}

// post hands the loop a closure. It never blocks for long: the loop does not wait on anybody.
func (r *run) post(fn func()) { r.inbox <- fn }

// finish moves a step to its end and settles everybody who waited for it.
func (r *run) finish(st *step, state event.State, reason string, results map[string]any) {
	if st.state.Finished() {
		return
	}
	st.state, st.ended = state, r.at
	delete(r.faults, st)
	now := r.at
	r.attend.end(st.Address, now)
	if results == nil {
		results = map[string]any{}
	}
	if _, ok := results["status"]; !ok {
		results["status"] = string(state)
	}
	if st.began {
		results["started"] = st.startedAt.Seconds()
		results["done"] = now.Seconds()
		results["elapsed"] = (now - st.startedAt).Seconds()
	}
	st.results = results
	_ = r.emit(&event.StepChanged{Step: st.Address, State: state, Reason: reason, Finding: st.finding, Results: results, Instant: now})
	r.record(st, now)
	if st.kind != addr.Expect {
		r.unfinished--
	}
	if state == event.Failed && !st.finding && r.aborting == "" && st.OnFailure != "continue" && st.kind != addr.Expect {
		r.abort(Broken, "%s failed: %s", st.Address, reason)
	}
	r.reach(st, program.Finished, now)
	r.lost(st)
	for _, f := range r.holding[st.Address] {
		f.holders--
		if f.holders == 0 && f.began {
			closeOnce(f.release)
		}
	}
	for _, a := range r.audits[st.Address] {
		if a.state == event.Pending && !a.began {
			r.skip(a, st.Address+" is "+string(state))
		}
	}
	r.maybeCloseAudits()
}

// reach says that st came to a point, for conditions at an instant, and starts those who have nothing left to wait for.
func (r *run) reach(st *step, p program.Point, at time.Duration) {
	if st.came(p) {
		return
	}
	st.reached[p] = at
	for _, d := range st.dependents {
		if d.point != p {
			continue
		}
		if p == program.Finished && d.to.kind != addr.Expect && !passes(st) {
			continue // lost() skips it
		}
		r.met(d.to)
	}
}

// came reports whether a step has come to a point.
func (st *step) came(p program.Point) bool {
	_, ok := st.reached[p]
	return ok
}

// passes reports whether a finished step lets its dependents go on.
func passes(st *step) bool { return st.state == event.Done }

// met counts one edge of st as satisfied.
func (r *run) met(st *step) {
	st.unmet--
	if st.unmet == 0 && st.state == event.Pending && !st.began {
		r.ready(st)
	}
}

// lost skips the steps that waited for a point which st, being finished, will not come to, or which did not
// succeed. Expects are not skipped: the edge counts as satisfied, and what is missing makes them inconclusive.
func (r *run) lost(st *step) {
	for _, d := range st.dependents {
		reached := st.came(d.point)
		if d.point == program.Finished {
			reached = passes(st)
		}
		if reached {
			continue
		}
		if d.to.kind == addr.Expect {
			if d.point != program.Finished { // Finished was counted in reach
				r.met(d.to)
			}
			continue
		}
		if d.to.state == event.Pending && !d.to.began {
			r.skip(d.to, fmt.Sprintf("%s is %s", st.Address, st.state))
		}
	}
}

func (r *run) skip(st *step, reason string) { r.finish(st, event.Skipped, reason, nil) }

// record makes a finished step's results samples and events that conditions can refer to.
func (r *run) record(st *step, now time.Duration) {
	if st.began {
		r.happened(st.Address+".done", signal.Span{Low: now, High: now})
	}
	for _, s := range resultSamples(st, now) {
		r.sample(s)
	}
}

// happened takes an event into the trace, and returns when it happened as far as conditions are concerned.
func (r *run) happened(name string, span signal.Span) signal.Span {
	span = r.opt.Trace.Happened(name, span)
	_ = r.emit(&event.Happened{Name: name, Low: span.Low, High: span.High})
	r.watchers.touch(name)
	return span
}
