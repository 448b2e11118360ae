// Package providertest is the suite that every fault passes, and what tests of providers are made with.
//
// The suite looks at the world from outside, never at the provider's own state: what it asks is whether the fault
// bites, and whether nothing is left of it afterwards, however it ended.
package providertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// World is a place in which a fault can be tried.
type World struct {
	Env providers.Env
	// Fresh makes the surroundings of another process: new sessions, nothing remembered.
	Fresh func() providers.Env
	ID    providers.StepID
	Scope providers.Scope
	// Args are the arguments of the fault.
	Args json.RawMessage
	// Secrets are texts that must be in no handle.
	Secrets []string
	// Dead says that what the fault has ended may be back while it is in force: an outsider need not see it then.
	Dead bool
	// TTL is the short lease of the cases that wait for its end; default 5s.
	TTL time.Duration
	// Owned looks whether a file is there that only a program of the world could have made; nil: on this machine.
	Owned func(file string) bool
	// State is what an outsider sees of the world: equal texts mean that nothing is different.
	State func(ctx context.Context) (string, error)
}

// Limits of the suite, in the world's own time.
const (
	biteLimit = 2 * time.Minute
	lookEvery = 500 * time.Millisecond
	shortTTL  = 5 * time.Second // unless the world says otherwise
)

// Run tries a fault. in opens a new world, calls the function with it, and ends it; it is called once a case.
func Run(t *testing.T, ft providers.FaultType, in func(t *testing.T, try func(t *testing.T, w *World))) {
	t.Helper()
	whole := true
	for _, c := range cases {
		if c.needs != nil && !c.needs(ft) {
			continue
		}
		tried := false
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T, w *World) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				tr := &trial{ft: ft, w: w, deed: ft.New(w.Env), ctx: ctx}
				if w.TTL == 0 {
					w.TTL = shortTTL
				}
				tr.before = tr.state(t)
				c.try(tr, t)
				tried = true
			})
		})
		whole = whole && tried
	}
	if whole && !t.Failed() {
		passed(t, wholeLife, ft.Name)
	}
}

// trial is one case under way.
type trial struct {
	ft     providers.FaultType
	w      *World
	deed   providers.Deed
	ctx    context.Context
	before string
	armed  string // the world once the undo is armed
}

type testCase struct {
	name  string
	needs func(providers.FaultType) bool
	try   func(tr *trial, t *testing.T)
}

func isArmer(ft providers.FaultType) bool {
	_, ok := ft.New(providers.Env{}).(providers.Armer)
	return ok
}

var cases = []testCase{
	{name: "its dry run says what it does and touches nothing", try: (*trial).describes},
	{name: "arguments that are nonsense are refused", try: (*trial).refuses},
	{name: "prepare touches nothing and the handle is whole", try: (*trial).prepares},
	{name: "it bites, is verified, and nothing is left after the heal", try: (*trial).lives},
	{name: "healing twice is harmless", try: (*trial).healsTwice},
	{name: "healing without injecting is harmless", try: (*trial).healsUninjected},
	{name: "it heals from a fresh process", try: (*trial).healsFresh},
	{name: "a cancelled inject can be healed", try: (*trial).cancelled},
	{name: "its armed undo runs by itself", needs: isArmer, try: (*trial).expires},
	{name: "renewals keep it in force", needs: isArmer, try: (*trial).renewed},
	{name: "its parameters can be replaced in place", needs: func(ft providers.FaultType) bool { return ft.Stages }, try: (*trial).restages},
}

func (tr *trial) state(t *testing.T) string {
	t.Helper()
	s, err := tr.w.State(tr.ctx)
	if err != nil {
		t.Fatalf("look at the world: %v", err)
	}
	return s
}

// settle is how long a healed place may take to look as it did before, as the engine has it: a process that was killed
// is gone when the kernel has come to it.
const settle = 10 * time.Second

// same fails unless the world looks as it did before, or soon does.
func (tr *trial) same(t *testing.T, when string) {
	t.Helper()
	now := tr.state(t)
	for end := time.Now().Add(settle); now != tr.before && time.Now().Before(end); now = tr.state(t) {
		tr.wait(t, 100*time.Millisecond)
	}
	if now != tr.before {
		t.Errorf("%s the world is not as it was:\n--- before\n%s\n--- now\n%s", when, tr.before, now)
	}
}

func (tr *trial) prepare(t *testing.T) providers.Handle {
	t.Helper()
	h, err := tr.deed.Prepare(tr.ctx, tr.w.ID, tr.w.Args)
	if err != nil {
		t.Fatalf("prepare: %v", err)
	}
	return reload(t, h)
}

// reload passes a handle through JSON, as the engine does between any two calls.
func reload(t *testing.T, h providers.Handle) providers.Handle {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatalf("encode the handle: %v", err)
	}
	var out providers.Handle
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("decode the handle: %v", err)
	}
	return out
}

func (tr *trial) inject(t *testing.T, h providers.Handle) {
	t.Helper()
	low := time.Now()
	if err := tr.deed.Inject(tr.ctx, h); err != nil {
		t.Fatalf("inject: %v", err)
	}
	e := tr.await(t, "verify", true, func() (providers.Effect, error) { return tr.deed.Verify(tr.ctx, h) })
	if e.Low.Before(low) || e.High.Before(e.Low) || e.High.After(time.Now()) {
		t.Errorf("verify: the observation lies in [%v, %v], outside [%v, now]", e.Low, e.High, low)
	}
	if e.Evidence == "" {
		t.Error("verify: the effect has no evidence")
	}
}

// await looks until an effect is there, or away without a difference: a place may take a moment to look as it did.
func (tr *trial) await(t *testing.T, what string, want bool, look func() (providers.Effect, error)) providers.Effect {
	t.Helper()
	end := time.Now().Add(biteLimit)
	for {
		e, err := look()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		late := time.Now().After(end)
		if e.InForce == want && (e.Difference == "" || late) {
			return e
		}
		if late {
			t.Fatalf("%s: in force is %v after %s: %s", what, e.InForce, biteLimit, e.Evidence)
		}
		tr.wait(t, lookEvery)
	}
}

func (tr *trial) wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(max(d, 1))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-tr.ctx.Done():
		t.Fatal(context.Cause(tr.ctx))
	}
}

func (tr *trial) heal(t *testing.T, d providers.Deed, h providers.Handle) {
	t.Helper()
	if err := d.Heal(tr.ctx, h); err != nil {
		t.Fatalf("heal: %v", err)
	}
	e := tr.await(t, "verify healed", false, func() (providers.Effect, error) { return d.VerifyHealed(tr.ctx, h) })
	if e.Difference != "" {
		t.Errorf("verify healed: the place differs from what it was:\n%s", e.Difference)
	}
	if a, ok := d.(providers.Armer); ok {
		if err := a.Disarm(tr.ctx, h); err != nil {
			t.Fatalf("disarm: %v", err)
		}
	}
	tr.same(t, "after the heal")
}

func (tr *trial) describes(t *testing.T) {
	d, diags := tr.ft.Describe(tr.w.Scope, tr.w.Args)
	if diags.HasErrors() {
		t.Fatalf("describe: %v", diags.Err())
	}
	if d.Summary == "" || len(d.Effects) == 0 || len(d.Undo) == 0 || len(d.Places) == 0 || !d.SideEffects {
		t.Errorf("describe: the dry run is incomplete: %+v", d)
	}
	for _, s := range tr.w.Secrets {
		if b, _ := json.Marshal(d); bytes.Contains(b, []byte(s)) {
			t.Errorf("describe: the dry run shows a secret")
		}
	}
	tr.same(t, "after the dry run")
}

func (tr *trial) refuses(t *testing.T) {
	for _, args := range []string{`[]`, `{"hosts": 3, "target": [], "job": {}}`, `{"hosts": ["nowhere.no"], "target": "nowhere", "job": "job.none"}`, `{`} {
		if _, err := tr.deed.Prepare(tr.ctx, tr.w.ID, json.RawMessage(args)); err == nil {
			t.Errorf("prepare takes %s", args)
		}
		tr.ft.Describe(tr.w.Scope, json.RawMessage(args)) // must not panic
	}
	tr.same(t, "after the refusals")
}

func (tr *trial) prepares(t *testing.T) {
	h, err := tr.deed.Prepare(tr.ctx, tr.w.ID, tr.w.Args)
	if err != nil {
		t.Fatalf("prepare: %v", err)
	}
	tr.same(t, "after prepare")
	if h.Provider == "" || h.Type != tr.ft.Name || len(h.Places) == 0 {
		t.Errorf("the handle is incomplete: %+v", h)
	}
	first, err := json.Marshal(h)
	if err != nil {
		t.Fatalf("encode the handle: %v", err)
	}
	second, err := json.Marshal(reload(t, h))
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the handle changes on its way through JSON:\n%s\n%s", first, second)
	}
	for _, s := range tr.w.Secrets {
		if bytes.Contains(first, []byte(s)) {
			t.Error("the handle holds a secret")
		}
	}
	for _, n := range h.Names {
		if !strings.HasPrefix(n, "xdc_") {
			t.Errorf("the name %q is not unique to the run", n)
		}
	}
}

func (tr *trial) lives(t *testing.T) {
	h := tr.prepare(t)
	tr.arm(t, h, long)
	tr.inject(t, h)
	if s := tr.state(t); !tr.w.Dead && (s == tr.before || s == tr.armed) {
		t.Error("the fault is verified, and an outsider sees no difference")
	}
	e, err := tr.deed.VerifyHealed(tr.ctx, h)
	if err != nil || !e.InForce && !tr.w.Dead {
		t.Errorf("verify healed says %v, %v while the fault is in force", e.InForce, err)
	}
	tr.heal(t, tr.deed, h)
}

func (tr *trial) healsTwice(t *testing.T) {
	h := tr.prepare(t)
	tr.arm(t, h, long)
	tr.inject(t, h)
	tr.heal(t, tr.deed, h)
	tr.heal(t, tr.deed, h)
}

func (tr *trial) healsUninjected(t *testing.T) {
	tr.heal(t, tr.deed, tr.prepare(t))
}

func (tr *trial) healsFresh(t *testing.T) {
	h := tr.prepare(t)
	tr.arm(t, h, long)
	tr.inject(t, h)
	tr.heal(t, tr.ft.New(tr.w.Fresh()), reload(t, h))
}

func (tr *trial) cancelled(t *testing.T) {
	for _, after := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond} {
		h := tr.prepare(t)
		tr.arm(t, h, long)
		ctx, cancel := context.WithCancel(tr.ctx)
		timer := time.AfterFunc(after, cancel)
		if after == 0 {
			cancel()
		}
		_ = tr.deed.Inject(ctx, h) // whatever it says
		timer.Stop()
		cancel()
		tr.heal(t, tr.ft.New(tr.w.Fresh()), reload(t, h))
	}
}

// long is a lease that no case outlives.
var long = providers.Lease{TTL: value.Duration(time.Hour), Deadline: value.Duration(time.Hour)}

// arm arms the undo, as the engine always does before it injects; a deed without one is left as it is.
func (tr *trial) arm(t *testing.T, h providers.Handle, l providers.Lease) providers.Armer {
	t.Helper()
	a, ok := tr.deed.(providers.Armer)
	if !ok {
		return nil
	}
	if err := a.Arm(tr.ctx, h, l); err != nil {
		t.Fatalf("arm: %v", err)
	}
	tr.armed = tr.state(t)
	return a
}

// briefly injects under a lease of a length; a machine so slow that it ends before gets a longer one.
func (tr *trial) briefly(t *testing.T, ttl time.Duration) (providers.Handle, providers.Armer, providers.Lease) {
	t.Helper()
	for most := 4 * ttl; ; ttl *= 2 {
		h, l := tr.prepare(t), providers.Lease{TTL: value.Duration(ttl), Deadline: value.Duration(time.Hour)}
		a := tr.arm(t, h, l)
		err := tr.deed.Inject(tr.ctx, h)
		if err == nil {
			tr.await(t, "verify", true, func() (providers.Effect, error) { return tr.deed.Verify(tr.ctx, h) })
			return h, a, l
		}
		if !errors.Is(err, providers.ErrLeaseEnded) || ttl >= most {
			t.Fatalf("inject: %v", err)
		}
		tr.heal(t, tr.deed, h)
	}
}

func (tr *trial) expires(t *testing.T) {
	h, a, l := tr.briefly(t, tr.w.TTL)
	tr.wait(t, 2*l.TTL.D())
	tr.same(t, "after the lease has ended")
	if err := a.Renew(tr.ctx, h, l); !errors.Is(err, providers.ErrLeaseEnded) {
		t.Errorf("renew after the end says %v, not that the lease has ended", err)
	}
	tr.heal(t, tr.deed, h)
	tr.disarm(t, a, h)
}

// renewed renews four times to a lease, for longer than one lease: a slow machine may miss the time of one or two, and one so slow
// that it misses more gets longer ones.
func (tr *trial) renewed(t *testing.T) {
	for ttl, most := 2*tr.w.TTL, 8*tr.w.TTL; ; ttl *= 2 {
		h, a, l := tr.briefly(t, ttl)
		var err error
		for range 6 {
			if err == nil {
				tr.wait(t, l.TTL.D()/4)
				err = a.Renew(tr.ctx, h, l)
			}
		}
		switch e, verr := tr.deed.Verify(tr.ctx, h); {
		case errors.Is(err, providers.ErrLeaseEnded) && ttl < most:
		case err != nil:
			t.Fatalf("renew: %v", err)
		case verr != nil || !e.InForce:
			t.Errorf("the fault is gone although its lease was renewed: %s, %v", e.Evidence, verr)
		}
		tr.heal(t, tr.deed, h)
		tr.disarm(t, a, h)
		if err == nil {
			return
		}
	}
}

func (tr *trial) disarm(t *testing.T, a providers.Armer, h providers.Handle) {
	t.Helper()
	for range 2 {
		if err := a.Disarm(tr.ctx, h); err != nil {
			t.Fatalf("disarm: %v", err)
		}
	}
}

func (tr *trial) restages(t *testing.T) {
	h := tr.prepare(t)
	tr.arm(t, h, long)
	tr.inject(t, h)
	if err := tr.deed.(providers.Stager).Restage(tr.ctx, h, tr.w.Args); err != nil {
		t.Fatalf("restage: %v", err)
	}
	if s := tr.state(t); s == tr.before || s == tr.armed {
		t.Error("nothing is in force after a stage")
	}
	tr.heal(t, tr.deed, h)
}
