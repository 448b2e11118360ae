package exec

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/probe"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// probe opens a probe's readers, and then sends. The step counts as started once its first transaction is decided, and no fault
// begins in between: what a fault does first must not be missed, and there must be something to hold it against.
func (r *run) probe(st *step, args json.RawMessage) {
	st.began, st.state, st.startedAt = true, event.Running, r.at
	r.opening++
	if st.holders == 0 && st.Probe.Duration == 0 {
		closeOnce(st.release)
	}
	r.body(st, 0, func(ctx context.Context) {
		p, err := r.openProbe(ctx, st, args)
		if err != nil {
			r.post(func() { r.probeReady(st, err) })
			return
		}
		if limit := st.Timeout.D(); limit > 0 {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeoutCause(ctx, limit, fmt.Errorf("its timeout of %s has passed", st.Timeout))
			defer stop()
		}
		got := p.Run(ctx, st.release, r.probeFaults)
		cut := context.Cause(ctx) // before the body ends, which ends the context too
		r.post(func() { r.probed(st, got, cut) })
	})
}

// probeReady lets those go on who waited for the probe.
func (r *run) probeReady(st *step, err error) {
	r.opening--
	r.starts(st)
	if err != nil {
		r.finish(st, event.Failed, err.Error(), nil)
	}
	if r.opening > 0 {
		return
	}
	held := r.behind
	r.behind = nil
	for _, f := range held {
		if f.state == event.Pending && !f.began {
			r.begin(f)
		}
	}
}

// waitsForProbes puts a fault off while probes are not ready, and until all that may begin at the same time has begun.
func (r *run) waitsForProbes(st *step) bool {
	pending := func(p *step) bool { return p.kind == addr.Probe && p.state == event.Pending }
	switch {
	case r.opening > 0:
		r.behind = append(r.behind, st)
		return true
	case st.stoodBack || !slices.ContainsFunc(r.order, pending):
		return false
	}
	st.stoodBack = true
	r.watchers.watch(nil, func(time.Duration) (time.Duration, bool) {
		if st.state == event.Pending && !st.began {
			r.begin(st)
		}
		return 0, true
	})
	return true
}

func (r *run) openProbe(ctx context.Context, st *step, args json.RawMessage) (*probe.Probe, error) {
	typ, _, ok := r.opt.Registry.Seed(st.Probe.Through)
	if !ok || typ.Ends == nil {
		return nil, fmt.Errorf("no provider has probes through %q", st.Probe.Through)
	}
	in, out, err := typ.Ends(flowArgs(args, st.Probe.Job))
	if err != nil {
		return nil, err
	}
	feed := typ.New(r.env)
	shown := -progressEvery
	return probe.Open(ctx, probe.Options{
		Spec: *st.Probe, Step: st.Address, RunSeed: r.opt.Seed, Start: r.start, Poll: pollOf(out),
		Inlet: func(ctx context.Context, target string) (providers.Inlet, error) { return feed.Inlet(ctx, target, in) },
		Outlet: func(ctx context.Context, target string) (providers.Outlet, error) {
			return feed.Outlet(ctx, target, out)
		},
		Report: func(list []probe.Sample) {
			list = slices.Clone(list)
			r.post(func() { r.probeSamples(st, list, &shown) })
		},
		Ready: func() { r.post(func() { r.probeReady(st, nil) }) },
		Routed: func(from, to, reason string) {
			_ = r.emit(&event.Routed{Step: st.Address, From: from, To: to, Reason: reason})
		},
	})
}

// probeSamples takes live signals into the trace. Latencies change with every transaction and are no events.
func (r *run) probeSamples(st *step, list []probe.Sample, shown *time.Duration) {
	counts := map[string]int64{}
	for _, s := range list {
		sm := signal.Sample{Signal: st.Address + "." + s.Attr, Value: s.Value, Low: s.Low, High: s.High, ValidFor: s.ValidFor}
		switch s.Value.Kind { //nolint:exhaustive // a probe has no other signals
		case signal.Bool:
			r.sample(sm)
			continue
		case signal.Number:
			counts[s.Attr] = int64(s.Value.Num)
		}
		r.opt.Trace.Push(sm)
		r.watchers.touch(sm.Signal)
	}
	r.watchers.run(r.at)
	if len(counts) > 0 && r.at-*shown >= progressEvery {
		*shown = r.at
		r.progress(st, counts)
	}
}

// probeFaults are the faults of the run so far, in the order of their injection. It is called from a body.
func (r *run) probeFaults() []probe.Fault {
	got := make(chan []probe.Fault, 1)
	r.post(func() {
		var out []probe.Fault
		for _, l := range r.injected {
			if l.bit {
				out = append(out, probe.Fault{Step: l.step, Injected: l.injected, Healing: l.restored.Low})
			}
		}
		slices.SortStableFunc(out, func(a, b probe.Fault) int { return cmp.Compare(a.Injected.Low, b.Injected.Low) })
		got <- out
	})
	return <-got
}

// probed records what a probe has found. A probe never fails because the application does; it fails when it is cut short.
func (r *run) probed(st *step, p event.Probe, cut error) {
	_ = r.emit(&event.Probed{Step: st.Address, Probe: p})
	results := probeAttrs(p.Total)
	at := map[string]any{}
	for t, c := range p.At {
		at[t] = probeAttrs(c)
	}
	results["at"] = at
	probeRecovery(results, p.Recoveries)
	if cut != nil {
		r.finish(st, event.Failed, cut.Error(), results)
		return
	}
	r.finish(st, event.Done, "", results)
}

// probeAttrs are the attributes of a probe by its transactions.
func probeAttrs(c event.ProbeCounts) map[string]any {
	m := map[string]any{
		"sent": float64(c.Sent), "good": float64(c.Good), "failed": float64(c.Failed), "unknown": float64(c.Unknown), "outages": float64(c.Outages),
	}
	for name, i := range map[string]*event.Interval{
		"outage": c.Outage, "service_level": c.ServiceLevel, "latency_p50": c.P50, "latency_p90": c.P90, "latency_p99": c.P99, "latency_max": c.Max,
	} {
		if i == nil {
			continue
		}
		m[name+"_low"] = i.Low
		if i.High != nil {
			m[name], m[name+"_high"] = *i.High, *i.High
		}
	}
	if c.ServiceLevel != nil {
		m["service_level"] = c.ServiceLevel.Low // never flattering
	}
	return m
}

// probeRecovery adds the recovery from the fault that the client took longest to recover from.
func probeRecovery(m map[string]any, all []event.Recovery) {
	m["disturbed"], m["recovered"], m["after_heal"] = false, true, false
	m["rto"], m["rto_low"], m["rto_high"] = nil, nil, nil
	low, high, unbounded := 0.0, 0.0, false
	for _, r := range all {
		if !r.Disturbed {
			continue
		}
		m["disturbed"] = true
		low = max(low, r.RTOLow)
		if r.RTOHigh == nil {
			unbounded = true
			m["recovered"] = false
		} else {
			high = max(high, *r.RTOHigh)
		}
		if r.AfterHeal {
			m["after_heal"] = true
		}
	}
	if m["disturbed"] == false {
		return
	}
	m["rto_low"] = low
	if !unbounded {
		m["rto"], m["rto_high"] = high, high
	}
}
