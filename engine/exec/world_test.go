package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// world is a pair of data centres small enough to see through: named switches that faults turn on and off, and
// signals that are functions of time and switches.
type world struct {
	mu      sync.Mutex
	start   time.Time
	on      map[string]bool
	log     []string
	signals map[string]func(t time.Duration) (signal.Value, bool)
	poll    time.Duration
	idle    time.Duration                     // 0: poll
	rounds  []time.Duration                   // when it was looked at
	slow    map[string]time.Duration          // how long a round at a target takes
	late    func(signal string) time.Duration // how long after it was taken a reading comes

	// what goes wrong, by step address or switch
	injectErr  map[string]error
	deaf       map[string]bool // verify never sees it
	healErrs   map[string]int  // how many heals fail first
	healTakes  time.Duration
	leaseLost  map[string]bool
	hangs      time.Duration // how long a renewal gets no answer
	armTakes   time.Duration
	armErr     error // although it has come about
	unreadable bool
	quiet      bool // keeps no log
	actions    map[string]func(args string) (providers.ActionResult, error)
	records    []json.RawMessage
	refuse     func(t time.Duration) bool
	inletErr   error         // of opening an inlet
	readTakes  time.Duration // the first read of a sink
}

func newWorld() *world {
	return &world{
		on: map[string]bool{}, signals: map[string]func(time.Duration) (signal.Value, bool){}, poll: time.Second,
		injectErr: map[string]error{}, deaf: map[string]bool{}, healErrs: map[string]int{}, leaseLost: map[string]bool{},
		actions: map[string]func(string) (providers.ActionResult, error){},
	}
}

func (w *world) note(format string, args ...any) {
	if w.quiet {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf("%s ", time.Since(w.start).Round(time.Second))+fmt.Sprintf(format, args...))
}

// did returns the log lines without times.
func (w *world) did() []string {
	var out []string
	for _, l := range w.log {
		_, what, _ := strings.Cut(l, " ")
		out = append(out, what)
	}
	return out
}

func (w *world) set(name string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on[name] = on
}

func (w *world) isOn(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.on[name]
}

func (w *world) left() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, k := range sortedKeys(w.on) {
		if w.on[k] {
			out = append(out, k)
		}
	}
	return out
}

// worldDeed is a fault or a job. It keeps nothing: what it needs is in the handle.
type worldDeed struct {
	w    *world
	kind string
}

type switchArgs struct {
	Switch string `json:"switch"`
	Host   string `json:"host"`
	Secret string `json:"-"`
}

func (d worldDeed) Prepare(_ context.Context, id providers.StepID, args json.RawMessage) (providers.Handle, error) {
	var a switchArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return providers.Handle{}, err
	}
	if a.Host == "" {
		a.Host = "h"
	}
	return providers.NewHandle(id, "world", "switch", []providers.Place{{Target: "dc1", Host: a.Host}}, nil, nil, a)
}

func (d worldDeed) args(h providers.Handle) string {
	var a switchArgs
	_ = json.Unmarshal(h.Args, &a)
	return a.Switch
}

func (d worldDeed) Inject(_ context.Context, h providers.Handle) error {
	s := d.args(h)
	if err := d.w.injectErr[s]; err != nil {
		return err
	}
	d.w.note("%s %s on", d.kind, s)
	d.w.set(s, true)
	return nil
}

func (d worldDeed) Verify(_ context.Context, h providers.Handle) (providers.Effect, error) {
	s := d.args(h)
	now := time.Now()
	return providers.Effect{InForce: d.w.isOn(s) && !d.w.deaf[s], Low: now, High: now, Evidence: "switch " + s, Result: json.RawMessage(`{"id":"1"}`)}, nil
}

func (d worldDeed) Heal(ctx context.Context, h providers.Handle) error {
	s := d.args(h)
	if d.w.healTakes > 0 {
		if err := pause(ctx, d.w.healTakes); err != nil {
			return err
		}
	}
	d.w.mu.Lock()
	if d.w.healErrs[s] > 0 {
		d.w.healErrs[s]--
		d.w.mu.Unlock()
		return errors.New("the host does not answer")
	}
	d.w.mu.Unlock()
	if d.w.isOn(s) {
		d.w.note("%s %s off", d.kind, s)
	}
	d.w.set(s, false)
	return nil
}

func (d worldDeed) VerifyHealed(_ context.Context, h providers.Handle) (providers.Effect, error) {
	now := time.Now()
	return providers.Effect{InForce: d.w.isOn(d.args(h)), Low: now, High: now}, nil
}

// armedDeed also has a lease.
type armedDeed struct{ worldDeed }

// Arm comes about where the deed acts, whoever waits for it.
func (d armedDeed) Arm(ctx context.Context, h providers.Handle, _ providers.Lease) error {
	begun := make(chan struct{})
	go func() {
		_ = pause(context.Background(), d.w.armTakes)
		d.w.set("undo of "+d.args(h), true)
		close(begun)
	}()
	select {
	case <-begun:
		return d.w.armErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d armedDeed) Renew(ctx context.Context, h providers.Handle, _ providers.Lease) error {
	d.w.note("renewed %s", d.args(h))
	if d.w.hangs > 0 {
		select {
		case <-time.After(d.w.hangs):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if d.w.leaseLost[d.args(h)] {
		d.w.set(d.args(h), false)
		return providers.ErrLeaseEnded
	}
	return nil
}

func (d armedDeed) Disarm(_ context.Context, h providers.Handle) error {
	d.w.set("undo of "+d.args(h), false)
	return nil
}

type worldSession struct {
	w      *world
	target string
}

func (s worldSession) Close() error                { return nil }
func (s worldSession) Interval() time.Duration     { return s.w.poll }
func (s worldSession) IdleInterval() time.Duration { return s.w.idle }

func (s worldSession) Observe(ctx context.Context, emit func(providers.Reading)) error {
	t := time.Since(s.w.start)
	s.w.mu.Lock()
	if s.target == "dc1" {
		s.w.rounds = append(s.w.rounds, t)
	}
	s.w.mu.Unlock()
	if d := s.w.slow[s.target]; d > 0 {
		if err := pause(ctx, d); err != nil {
			return err
		}
	}
	if s.w.unreadable {
		return errors.New("no route to host")
	}
	for _, name := range sortedKeys(s.w.signals) {
		rest, ok := strings.CutPrefix(name, s.target+".")
		if !ok {
			continue
		}
		if v, ok := s.w.signals[name](t); ok {
			now := time.Now()
			say := func() { emit(providers.Reading{Path: rest, Value: v, Low: now, High: now}) }
			if s.w.late == nil {
				say()
				continue
			}
			wait := s.w.late(name)
			go func() {
				if pause(ctx, wait) == nil {
					say()
				}
			}()
		}
	}
	return nil
}

type worldAction struct{ w *world }

func (a worldAction) Check(context.Context, providers.StepID, json.RawMessage) error { return nil }
func (a worldAction) Do(_ context.Context, id providers.StepID, args json.RawMessage) (providers.ActionResult, error) {
	a.w.note("action %s %s", id.Step, args)
	if fn := a.w.actions[id.Step]; fn != nil {
		return fn(string(args))
	}
	return providers.ActionResult{Output: "ok"}, nil
}

type worldFeed struct{ w *world }

func (f worldFeed) Inlet(context.Context, string, json.RawMessage) (providers.Inlet, error) {
	return worldInlet(f), f.w.inletErr
}

func (f worldFeed) Outlet(context.Context, string, json.RawMessage) (providers.Outlet, error) {
	return &worldOutlet{w: f.w}, nil
}

type worldInlet struct{ w *world }

func (i worldInlet) Close() error { return nil }
func (i worldInlet) Send(_ context.Context, items []json.RawMessage) providers.Receipt {
	now := time.Now()
	if i.w.refuse != nil && i.w.refuse(time.Since(i.w.start)) {
		return providers.Receipt{Outcome: providers.Refused, Sent: now, Answered: now, Err: errors.New("503")}
	}
	i.w.mu.Lock()
	defer i.w.mu.Unlock()
	i.w.records = append(i.w.records, items...)
	return providers.Receipt{Outcome: providers.Accepted, Accepted: len(items), Sent: now, Answered: now}
}

type worldOutlet struct {
	w    *world
	read int
	slow bool // the first read was made
}

func (o *worldOutlet) Close() error { return nil }
func (o *worldOutlet) Read(ctx context.Context) (providers.Output, error) {
	if !o.slow && o.w.readTakes > 0 {
		o.slow = true
		if err := pause(ctx, o.w.readTakes); err != nil {
			return providers.Output{}, err
		}
	}
	o.w.mu.Lock()
	defer o.w.mu.Unlock()
	now := time.Now()
	items := slices.Clone(o.w.records[o.read:])
	o.read = len(o.w.records)
	return providers.Output{Items: items, Low: now, High: now}, nil
}

func (w *world) registry() *providers.Registry {
	block := &schema.Block{Name: "switch"}
	describe := func(providers.Scope, json.RawMessage) (providers.Description, diag.List) {
		return providers.Description{}, nil
	}
	return providers.NewRegistry(&providers.Provider{
		Name:       "world",
		Connection: block,
		Connect: func(_ providers.Env, t providers.Target, _ json.RawMessage) (providers.Session, error) {
			return worldSession{w, t.Name}, nil
		},
		Job: func(providers.Env) providers.Deed { return worldDeed{w, "job"} },
		Faults: []providers.FaultType{
			{Name: "switch", Doc: "d", Schema: block, Describe: describe, New: func(providers.Env) providers.Deed { return worldDeed{w, "fault"} }},
			{Name: "armed", Doc: "d", Schema: block, Describe: describe, New: func(providers.Env) providers.Deed { return armedDeed{worldDeed{w, "fault"}} }},
		},
		Actions: []providers.ActionType{{Name: "do", Doc: "d", Schema: block, Describe: describe, New: func(providers.Env) providers.Action { return worldAction{w} }}},
		Seeds:   []providers.SeedType{{Name: "feed", Doc: "d", Schema: block, Audit: block, Probe: block, Ends: func(args json.RawMessage) (in, out json.RawMessage, err error) { return args, args, nil }, Describe: describe, New: func(providers.Env) providers.Feed { return worldFeed{w} }}},
	})
}

// names resolves conditions in tests: step attributes by their tables, everything else by its last segment.
type names struct{ p *plan.Plan }

func (n names) Resolve(path cond.Path) (cond.Subject, *cond.Problem) {
	var parts []string
	for _, s := range path {
		parts = append(parts, s.Name)
	}
	full := strings.Join(parts, ".")
	last := parts[len(parts)-1]
	for _, st := range n.p.Steps {
		if rest, ok := strings.CutPrefix(full, st.Address+"."); ok {
			for _, r := range schema.Results(addr.Kind(st.Kind)) {
				if r.Name == rest {
					return cond.Subject{Name: full, Type: r.Type, Moment: r.Moment, Bounded: r.Bounded, Step: st.Address}, nil
				}
			}
		}
	}
	t := signal.Type{Kind: signal.Bool}
	switch last {
	case "level":
		t.Kind = signal.Number
	case "elapsed":
		t.Kind = signal.Duration
	}
	return cond.Subject{Name: full, Type: t, Moment: schema.Live}, nil
}

// draft builds a plan step by step. Steps are wired by their Needs; conditions are compiled at the end.
type draft struct {
	t testing.TB
	p *plan.Plan
	c []*program.Condition
	m []cond.Mode
}

func newDraft(t testing.TB) *draft {
	t.Helper()
	return &draft{t: t, p: &plan.Plan{
		Name: "test", Timeout: value.Duration(time.Hour), Program: &program.Program{},
		Targets: []providers.Target{{Name: "dc1", Connections: map[string]json.RawMessage{"world": json.RawMessage("{}")}}},
	}}
}

func parseAddr(t testing.TB, s string) addr.Step {
	t.Helper()
	parts := strings.Split(s, ".")
	k := addr.Kind(parts[0])
	if k.Typed() {
		return addr.Step{Kind: k, Type: parts[1], Name: parts[2]}
	}
	return addr.Step{Kind: k, Name: parts[1]}
}

// add adds a step; needs are "STEP" or "STEP:point".
func (d *draft) add(address string, s *program.Step, needs ...string) *plan.Step {
	d.t.Helper()
	s.Addr = parseAddr(d.t, address)
	for _, n := range needs {
		to, point, _ := strings.Cut(n, ":")
		a := parseAddr(d.t, to)
		if point == "" {
			point = string(program.DefaultPoint(a.Kind))
		}
		s.Needs = append(s.Needs, program.Need{Step: a, Point: program.Point(point)})
	}
	ps := &plan.Step{Address: address, Kind: string(s.Addr.Kind), Type: s.Addr.Type, Provider: "world", Step: s}
	if s.Addr.Kind == addr.Wait || s.Addr.Kind == addr.Expect {
		ps.Provider = ""
	}
	d.p.Steps = append(d.p.Steps, ps)
	return ps
}

func (d *draft) cond(text string, m cond.Mode) *program.Condition {
	c := &program.Condition{Text: text}
	d.c, d.m = append(d.c, c), append(d.m, m)
	return c
}

func (d *draft) fault(name, typ string, f program.Fault, needs ...string) *plan.Step {
	s := &program.Step{Fault: &f, Args: json.RawMessage(`{"switch":"` + name + `"}`)}
	return d.add("fault."+typ+"."+name, s, needs...)
}

func (d *draft) wait(name, until, since string, timeout time.Duration, needs ...string) *plan.Step {
	w := &program.Wait{Until: d.cond(until, cond.Instant), Hold: value.Duration(3 * time.Second)}
	onFailure := ""
	if since != "" {
		w.Since = &program.Event{Step: parseAddr(d.t, since), Name: "injected"}
		needs = append(needs, since)
		onFailure = "continue"
	}
	return d.add("wait."+name, &program.Step{Wait: w, Timeout: value.Duration(timeout), OnFailure: onFailure}, needs...)
}

func (d *draft) expect(name, that string, needs ...string) *plan.Step {
	return d.add("expect."+name, &program.Step{Expect: &program.Expect{That: d.cond(that, cond.Verdict), Severity: "must"}}, needs...)
}

func (d *draft) action(name string, needs ...string) *plan.Step {
	return d.add("action.do."+name, &program.Step{Action: &program.Action{}, Args: json.RawMessage(`{}`), Timeout: value.Duration(time.Minute)}, needs...)
}

func (d *draft) job(name string, needs ...string) *plan.Step {
	j := &program.Job{Target: "dc1", Path: "job." + name, Bundle: name + ".sab"}
	return d.add("job."+name, &program.Step{Job: j, Args: json.RawMessage(`{"switch":"job-` + name + `"}`), Timeout: value.Duration(time.Minute)}, needs...)
}

func (d *draft) compile() *plan.Plan {
	d.t.Helper()
	for i, c := range d.c {
		f, problems := cond.Compile(c.Text, d.m[i], names{d.p})
		if len(problems) > 0 {
			d.t.Fatalf("%s: %v", c.Text, problems)
		}
		c.Formula = f
	}
	return d.p
}

// ran is what a run left behind.
type ran struct {
	out    Outcome
	err    error
	events []event.Event
	took   time.Duration
}

func (r ran) state(step string) (event.State, string) {
	for _, ev := range slices.Backward(r.events) {
		if c, ok := ev.Body.(*event.StepChanged); ok && c.Step == step {
			return c.State, c.Reason
		}
	}
	return "", ""
}

func (r ran) verdict(step string) *event.Judged {
	for _, ev := range r.events {
		if j, ok := ev.Body.(*event.Judged); ok && j.Step == step {
			return j
		}
	}
	return &event.Judged{}
}

func (r ran) measured(step string) *event.Measured {
	for _, ev := range r.events {
		if m, ok := ev.Body.(*event.Measured); ok && m.Step == step {
			return m
		}
	}
	return nil
}

type record struct {
	events []event.Event
	refuse func(event.Payload) error
}

func (k *record) Accept(e event.Event) error {
	if k.refuse != nil {
		if err := k.refuse(e.Body); err != nil {
			return err
		}
	}
	k.events = append(k.events, e)
	return nil
}

// runIn runs a plan in the current bubble.
func runIn(t *testing.T, w *world, p *plan.Plan, change func(*Options)) ran {
	t.Helper()
	start := time.Now()
	w.start = start
	journal, seen := &record{}, &recorded{}
	opt := Options{
		Plan: p, Registry: w.registry(), Start: start, Trace: trace.NewStore(seen), Seed: 1,
		Env: providers.Env{Run: "20260102T030405Z-abcdefgh", Log: hclog.NewNullLogger()},
	}
	if change != nil {
		change(&opt)
	}
	if opt.Bus == nil {
		opt.Bus = event.NewBus(start, start, journal)
	}
	out, err := Run(t.Context(), opt)
	took := time.Since(start)
	opt.Bus.Close()
	judgedAlike(t, p, journal.events, seen)
	return ran{out, err, journal.events, took}
}

// recorded is what a trace would hold.
type recorded struct{ facts []any }

type occasion struct {
	name string
	span signal.Span
}

func (k *recorded) Sample(s signal.Sample) error {
	k.facts = append(k.facts, s)
	return nil
}

func (k *recorded) Happened(name string, span signal.Span) error {
	k.facts = append(k.facts, occasion{name, span})
	return nil
}

func (k *recorded) replay(to trace.Visitor) error {
	for _, f := range k.facts {
		switch f := f.(type) {
		case signal.Sample:
			to.Sample(f)
		case occasion:
			to.Happened(f.name, f.span)
		}
	}
	return nil
}

// judgedAlike judges a run once more by what it recorded. Every verdict must be the one of the run in every field.
func judgedAlike(t *testing.T, p *plan.Plan, events []event.Event, seen *recorded) {
	t.Helper()
	was := map[string]event.Judged{}
	for _, ev := range events {
		if j, ok := ev.Body.(*event.Judged); ok {
			was[j.Step] = *j
		}
	}
	if len(was) == 0 {
		return
	}
	again, err := Rejudge(p, Recording{
		Events: func(yield func(event.Event, error) bool) {
			for _, ev := range events {
				if !yield(ev, nil) {
					return
				}
			}
		},
		Trace: seen.replay,
	})
	if err != nil || len(again) != len(was) {
		t.Errorf("%d verdicts afterwards, and the run had %d (%v)", len(again), len(was), err)
	}
	for _, j := range again {
		if diff := cmp.Diff(was[j.Step], j); diff != "" {
			t.Errorf("judged while running (-) and afterwards (+):\n%s", diff)
		}
	}
}

// drill runs a plan in a bubble of its own.
func drill(t *testing.T, w *world, d *draft, change func(*Options)) ran {
	t.Helper()
	var r ran
	synctest.Test(t, func(t *testing.T) { r = runIn(t, w, d.compile(), change) })
	return r
}

func planGuard(address string, g *program.Guard) plan.Guard {
	return plan.Guard{Address: address, Guard: g}
}
