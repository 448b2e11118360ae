package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// app is an application at one data centre: what it takes comes out of its sink after a while.
type app struct {
	start time.Time
	stay  time.Duration
	way   time.Duration // that a request takes, each way
	// fault says what it does at an instant: "" serves; refuse, unreachable, stall (until it is over), swallow (take and lose).
	fault func(at time.Duration) (kind string, over time.Duration)
	// deaf says whether its sink cannot be read, and gap whether a read must own up to a gap since an instant.
	deaf func(at time.Duration) bool
	gap  func(at time.Duration) (since time.Duration, is bool)

	mu     sync.Mutex
	out    []due
	most   int // requests at once
	flying int
}

type due struct {
	at   time.Duration
	item json.RawMessage
}

func (a *app) now() time.Duration { return time.Since(a.start) }

func pass(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(max(d, 1))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *app) Close() error { return nil }

func (a *app) Send(ctx context.Context, items []json.RawMessage) providers.Receipt {
	a.mu.Lock()
	a.flying++
	a.most = max(a.most, a.flying)
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.flying--
		a.mu.Unlock()
	}()
	r := providers.Receipt{Outcome: providers.Accepted, Sent: time.Now(), Accepted: len(items)}
	_ = pass(ctx, a.way)
	kind, over := "", time.Duration(0)
	if a.fault != nil {
		kind, over = a.fault(a.now())
	}
	switch kind {
	case "refuse":
		r.Outcome, r.Accepted = providers.Refused, 0
	case "unreachable":
		r.Outcome, r.Accepted, r.Err = providers.Unreached, 0, errors.New("refused")
	case "stall":
		if pass(ctx, over-a.now()) != nil {
			r.Outcome, r.Accepted, r.Err = providers.Indeterminate, 0, ctx.Err()
		}
	}
	if r.Outcome == providers.Accepted && kind != "swallow" {
		a.mu.Lock()
		for _, it := range items {
			a.out = append(a.out, due{a.now() + a.stay, it})
		}
		a.mu.Unlock()
	}
	_ = pass(context.WithoutCancel(ctx), a.way)
	r.Answered = time.Now()
	return r
}

// tap reads an app's sink.
type tap struct {
	*app
	read int
}

func (t *tap) Read(ctx context.Context) (providers.Output, error) {
	o := providers.Output{Low: time.Now()}
	if err := pass(ctx, t.way); err != nil {
		return o, err
	}
	if t.deaf != nil && t.deaf(t.now()) {
		return o, errors.New("the sink cannot be reached")
	}
	t.mu.Lock()
	rest := t.out[t.read:]
	t.mu.Unlock()
	for _, d := range rest {
		if d.at > t.now() {
			break
		}
		o.Items = append(o.Items, d.item)
		t.read++
	}
	if t.gap != nil {
		if since, is := t.gap(t.now()); is {
			o.Gap = &providers.Gap{Cause: "restarted", Since: t.start.Add(since)}
		}
	}
	_ = pass(context.WithoutCancel(ctx), t.way)
	o.High = time.Now()
	return o, nil
}

func spec(targets ...string) program.Probe {
	return program.Probe{
		Targets: targets, ResultsAt: targets, Key: "id", Rate: 100, Deadline: value.Duration(time.Second), Hold: value.Duration(2 * time.Second),
		Settle: value.Duration(time.Second), SwitchAfter: value.Duration(2 * time.Second), Duration: value.Duration(20 * time.Second),
		Record: &value.Generator{Kind: "object", Names: []string{"id"}, Fields: []value.Generator{{Kind: "id"}}},
	}
}

// run runs a probe of some apps in a bubble. edit may change its options.
func run(t *testing.T, s program.Probe, apps map[string]*app, faults []Fault, edit func(*Options)) (got event.Probe, samples []Sample) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		opt := Options{
			Spec: s, Step: "probe.client", RunSeed: 7, Start: start, Poll: 20 * time.Millisecond,
			Inlet: func(_ context.Context, target string) (providers.Inlet, error) { return apps[target], nil },
			Outlet: func(_ context.Context, target string) (providers.Outlet, error) {
				return &tap{app: apps[target]}, nil
			},
			Report: func(list []Sample) { samples = append(samples, list...) },
		}
		for _, a := range apps {
			a.start = start
		}
		if edit != nil {
			edit(&opt)
		}
		p, err := Open(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		got = p.Run(t.Context(), nil, func() []Fault { return faults })
	})
	return got, samples
}

const ms = time.Millisecond

func down(kind string, from, to time.Duration) func(time.Duration) (string, time.Duration) {
	return func(at time.Duration) (string, time.Duration) {
		if at >= from && at < to {
			return kind, to
		}
		return "", 0
	}
}

// A service that does not serve from 5 s to 8 s, in each way that it can: the client's outage and recovery are what they must be.
func TestOutageOfAService(t *testing.T) {
	for _, kind := range []string{"refuse", "unreachable", "swallow"} {
		t.Run(kind, func(t *testing.T) {
			a := &app{stay: 15 * ms, way: ms, fault: down(kind, 5*time.Second, 8*time.Second)}
			inj := signal.Span{Low: 4995 * ms, High: 5005 * ms}
			got, samples := run(t, spec("dc1"), map[string]*app{"dc1": a}, []Fault{{Step: "fault.a.b", Injected: inj}}, nil)
			c := got.Total
			if c.Sent != 2000 || c.Failed != 300 || c.Good != 1700 || c.Unknown != 0 || c.Outages != 1 {
				t.Errorf("%+v", c)
			}
			if o := c.Outage; o.Low > 3 || text(o.High) < 3 || text(o.High)-o.Low > 0.0201 {
				t.Errorf("the outage of 3 s is said to be in [%v, %v]", o.Low, text(o.High))
			}
			r := got.Recoveries[0]
			if r.RTOLow > 2.995 || text(r.RTOHigh) < 3.005 || text(r.RTOHigh)-r.RTOLow > 0.010+0.010+0.0025 {
				t.Errorf("the recovery of 3 s is said to be in [%v, %v]", r.RTOLow, text(r.RTOHigh))
			}
			if got.At["dc1"].Good != c.Good || got.Blur > 0.03 {
				t.Errorf("%+v, blur %v", got.At["dc1"], got.Blur)
			}
			inOrder(t, samples)
		})
	}
}

// inOrder checks the live signals: ok in the order in which transactions were due, and false while they failed.
func inOrder(t *testing.T, samples []Sample) {
	t.Helper()
	var last Sample
	changes := 0
	for _, s := range samples {
		if s.Attr != "ok" {
			continue
		}
		if s.Low < last.Low || s.High < last.High || s.High < s.Low {
			t.Fatalf("ok is told out of order: [%s, %s] after [%s, %s]", s.Low, s.High, last.Low, last.High)
		}
		if last.Attr != "" && s.Value != last.Value {
			changes++
		}
		last = s
	}
	if changes != 2 || !last.Value.Bool {
		t.Errorf("ok changed %d times, and ended as %v", changes, last.Value)
	}
}

// A stall of five seconds shows as a tail of five seconds, whatever the rate: no record waits behind a stalled one, and each
// counts from when it was due.
func TestAStallCannotHide(t *testing.T) {
	for _, rate := range []float64{10, 50, 200} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			a := &app{stay: 5 * ms, way: ms, fault: down("stall", 5*time.Second, 10*time.Second)}
			s := spec("dc1")
			s.Rate, s.Deadline = rate, value.Duration(10*time.Second)
			got, _ := run(t, s, map[string]*app{"dc1": a}, nil, nil)
			c := got.Total
			if c.Good != c.Sent || c.Sent != int64(20*rate) {
				t.Errorf("%+v", c)
			}
			// A quarter of all came during the stall: the latency of rank 1 - x is 5 s less 20 s times x.
			for _, w := range []struct {
				got  *event.Interval
				want float64
			}{{c.Max, 5}, {c.P99, 4.8}, {c.P90, 3}} {
				if slack := 2/rate + 0.06; w.got.Low > w.want+slack || text(w.got.High) < w.want-slack || text(w.got.High)-w.got.Low > 0.03+0.02*w.want {
					t.Errorf("want about %v s, got [%v, %v]", w.want, w.got.Low, text(w.got.High))
				}
			}
			if want := int(5 * rate * 0.98); a.most < want {
				t.Errorf("at most %d requests were under way at once, and %d were due during the stall", a.most, want)
			}
		})
	}
}

// With a deadline shorter than the stall, the client gives up, and failures count as at least the deadline.
func TestAStallBeyondTheDeadline(t *testing.T) {
	a := &app{stay: 5 * ms, way: ms, fault: down("stall", 5*time.Second, 10*time.Second)}
	got, _ := run(t, spec("dc1"), map[string]*app{"dc1": a}, []Fault{{Step: "fault.a.b", Injected: signal.Span{Low: 5 * time.Second, High: 5 * time.Second}}}, nil)
	// Who asked in the last second of the stall was served in time.
	if o := got.Total.Outage; o.Low > 4 || text(o.High) < 3.99 || text(o.High)-o.Low > 0.07 {
		t.Errorf("outage [%v, %v], want about 4 s", o.Low, text(o.High))
	}
	if r := got.Recoveries[0]; r.RTOLow > 4 || text(r.RTOHigh) < 5 {
		t.Errorf("recovery [%v, %v]: it must reach from when asking was of use again to when it was answered", r.RTOLow, text(r.RTOHigh))
	}
	if m := got.Total.Max; m.Low < 0.99 || m.High != nil {
		t.Errorf("max [%v, %v]", m.Low, text(m.High))
	}
}

func TestRoutes(t *testing.T) {
	dead := func() map[string]*app {
		return map[string]*app{
			"dc1": {stay: 5 * ms, way: ms, fault: down("refuse", 5*time.Second, time.Hour)},
			"dc2": {stay: 5 * ms, way: ms},
		}
	}
	t.Run("failover", func(t *testing.T) {
		s := spec("dc1", "dc2")
		s.Route = "failover"
		var moved []string
		got, _ := run(t, s, dead(), nil, func(o *Options) {
			o.Routed = func(from, to, why string) { moved = append(moved, from+" "+to+" "+why) }
		})
		if o := got.Total.Outage; len(moved) != 1 || o.Low > 2.02 || text(o.High) < 2 || text(o.High)-o.Low > 0.021 {
			t.Errorf("the client moved %v, and its outage is in [%v, %v]", moved, o.Low, text(o.High))
		}
		if got.At["dc2"].Good == 0 || got.At["dc1"].Good == 0 || got.At["dc1"].Outage.High != nil {
			t.Errorf("%+v", got.At)
		}
	})
	t.Run("mirror", func(t *testing.T) {
		s := spec("dc1", "dc2")
		s.Route = "mirror"
		got, _ := run(t, s, dead(), []Fault{{Step: "fault.a.b", Injected: signal.Span{Low: 5 * time.Second, High: 5 * time.Second}}}, nil)
		if got.Total.Failed != 0 || got.Recoveries[0].Disturbed || got.Recoveries[0].RTO != nil || text(got.Total.Outage.High) > 0.0101 {
			t.Errorf("one side was enough: %+v", got.Total)
		}
	})
	t.Run("spread", func(t *testing.T) {
		s := spec("dc1", "dc2")
		s.Route = "spread"
		got, _ := run(t, s, dead(), nil, nil)
		if got.Total.Failed != 750 {
			t.Errorf("every second one of the last 15 s must fail: %+v", got.Total)
		}
	})
}

// What could not be seen is unknown and not failed; what was surely never in has failed all the same.
func TestWhatIsHidden(t *testing.T) {
	gap := func(at time.Duration) (time.Duration, bool) {
		return 5 * time.Second, at >= 8*time.Second && at < 8021*ms
	}
	a := &app{stay: 5 * ms, way: ms, fault: down("swallow", 5*time.Second, 8*time.Second), gap: gap}
	got, _ := run(t, spec("dc1"), map[string]*app{"dc1": a}, nil, nil)
	if c := got.Total; c.Failed > 2 || c.Unknown < 298 || c.Outage.Low > 0.011 || text(c.Outage.High) < 3 || c.ServiceLevel.Low > 0.851 || *c.ServiceLevel.High < 0.998 {
		t.Errorf("%+v %+v", c, *c.Outage)
	}
	a = &app{stay: 5 * ms, way: ms, fault: down("refuse", 5*time.Second, 8*time.Second), gap: gap}
	got, _ = run(t, spec("dc1"), map[string]*app{"dc1": a}, nil, nil)
	if c := got.Total; c.Failed < 299 || c.Unknown > 1 {
		t.Errorf("%+v", c)
	}
	if len(got.Ranges) == 0 {
		t.Error("the gap is not told")
	}
}

// A client that cannot read its results is not served.
func TestASinkThatCannotBeRead(t *testing.T) {
	a := &app{stay: 5 * ms, way: ms, deaf: func(at time.Duration) bool { return at >= 5*time.Second && at < 8*time.Second }}
	got, _ := run(t, spec("dc1"), map[string]*app{"dc1": a}, nil, nil)
	// Results of the last second before it could be read again were there in time.
	if o := got.Total.Outage; got.Total.Failed < 180 || o.Low > 2 || text(o.High) < 2 {
		t.Errorf("%+v, outage [%v, %v]", got.Total, o.Low, text(o.High))
	}
}

// A record that left late because xdc itself was slow proves nothing by failing.
func TestXdcItselfWasLate(t *testing.T) {
	b := book{deadline: time.Second, period: 0.01, late: 250 * ms, results: [][]signal.Span{nil}}
	s := &sink{seen: time.Hour}
	for i := range int64(3) {
		b.begin(1, b.due(i)+[]time.Duration{0, 300 * ms, 300 * ms}[i])
	}
	b.came(0, 2, signal.Span{Low: 400 * ms, High: 410 * ms})
	for i, want := range []verdict{failed, unknown, good} {
		if got := b.judge(int64(i), []*sink{s}); got.verdict != want {
			t.Errorf("transaction %d: %v, want %v", i, got.verdict, want)
		}
	}
}

// Without a duration it goes on for settle and hold after it is released, and ends with everything decided.
func TestReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &app{stay: 5 * ms, way: ms, start: time.Now()}
		s := spec("dc1")
		s.Duration = 0
		p, err := Open(t.Context(), Options{
			Spec: s, Step: "probe.client", Start: a.start,
			Inlet:  func(context.Context, string) (providers.Inlet, error) { return a, nil },
			Outlet: func(context.Context, string) (providers.Outlet, error) { return &tap{app: a}, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		go func() {
			_ = pass(context.Background(), 4*time.Second)
			close(release)
		}()
		got := p.Run(t.Context(), release, func() []Fault { return nil })
		if got.Total.Good != got.Total.Sent || math.Abs(got.Last-7) > 0.05 {
			t.Errorf("the last of %d was due at %v, want 7 s", got.Total.Sent, got.Last)
		}
	})
}

// An abort ends it at once; what was not decided by then is left out.
func TestAborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &app{stay: 5 * ms, way: ms, start: time.Now(), fault: down("swallow", 3*time.Second, time.Hour)}
		ctx, cancel := context.WithTimeout(t.Context(), 4500*ms)
		defer cancel()
		p, err := Open(ctx, Options{
			Spec: spec("dc1"), Step: "probe.client", Start: a.start,
			Inlet:  func(context.Context, string) (providers.Inlet, error) { return a, nil },
			Outlet: func(context.Context, string) (providers.Outlet, error) { return &tap{app: a}, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		got := p.Run(ctx, nil, func() []Fault { return nil })
		if c := got.Total; time.Since(a.start) > 5*time.Second || c.Unknown != 0 || c.Failed < 40 || c.Failed > 60 {
			t.Errorf("after %s: %+v", time.Since(a.start), c)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for name, edit := range map[string]func(*Options){
		"no target":  func(o *Options) { o.Spec.Targets = nil },
		"no rate":    func(o *Options) { o.Spec.Rate = 0 },
		"no record":  func(o *Options) { o.Spec.Record = nil },
		"bad record": func(o *Options) { o.Spec.Record = &value.Generator{Kind: "id"} },
		"no inlet": func(o *Options) {
			o.Inlet = func(context.Context, string) (providers.Inlet, error) { return nil, errors.New("no") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Spec: spec("dc1"), Start: time.Now(), Inlet: func(context.Context, string) (providers.Inlet, error) { return &app{}, nil }}
			edit(&o)
			if p, err := Open(t.Context(), o); err == nil {
				p.Close()
				t.Error("it opened")
			}
		})
	}
}

func FuzzField(f *testing.F) {
	f.Add([]byte(`{"a":{"b":"x"}}`), "a.b")
	f.Add([]byte(`{"a.b":1}`), "a.b")
	f.Fuzz(func(t *testing.T, item []byte, name string) {
		v, ok := field(item, name)
		if ok && !json.Valid(v) {
			t.Errorf("%q of %q is %q", name, item, v)
		}
	})
}
