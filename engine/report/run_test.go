package report_test

import (
	"iter"
	"math"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// A recording is a made-up run for the tests of this package.
type recording struct {
	events  []event.Event
	samples []signal.Sample
	plan    *report.Plan
}

func (r *recording) at(sec float64, p event.Payload) {
	at := dur(sec)
	r.events = append(r.events, event.Event{Seq: uint64(len(r.events) + 1), At: at, Wall: epoch.Add(at), Body: p})
}

func (r *recording) all() iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for _, ev := range r.events {
			if !yield(ev, nil) {
				return
			}
		}
	}
}

func (r *recording) each(f func(signal.Sample)) error {
	for _, s := range r.samples {
		f(s)
	}
	return nil
}

func (r *recording) fold() (report.Summary, error) { return report.Fold(r.all(), r.each, r.plan) }

var epoch = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func dur(sec float64) time.Duration { return time.Duration(math.Round(sec * float64(time.Second))) }

const planJSON = `{
 "format": "xdc.plan/1", "name": "network_partition", "description": "The link between the data centres is cut: dc2 must take over by itself, and nothing that was acknowledged may be lost.",
 "targets": [
  {"name": "dc1", "networks": ["10.0.1.0/24"], "hosts": [{"name": "edge", "address": "10.0.1.10"}]},
  {"name": "dc2", "networks": ["10.0.2.0/24"], "hosts": [{"name": "edge", "address": "10.0.2.10"}]}],
 "steps": [
  {"address": "job.orders[\"dc1\"]", "kind": "job", "file": "drill.xdc.hcl", "line": 61, "effect": {"summary": "orders.sab submitted to dc1"}},
  {"address": "job.orders[\"dc2\"]", "kind": "job", "file": "drill.xdc.hcl", "line": 61, "effect": {"summary": "orders.sab submitted to dc2"}},
  {"address": "wait.paired", "kind": "wait", "file": "drill.xdc.hcl", "line": 75, "effect": {}, "wait": {"until": {"text": "dc1.job.orders.toolkit.remote is up"}}},
  {"address": "seed.data_exchange.orders", "kind": "seed", "file": "drill.xdc.hcl", "line": 81, "effect": {"summary": "100 records a second for 2m to dc1, then dc2"}},
  {"address": "audit.orders", "kind": "audit", "file": "drill.xdc.hcl", "line": 99, "effect": {"summary": "Results read at dc1, dc2"}},
  {"address": "probe.client", "kind": "probe", "file": "drill.xdc.hcl", "line": 103, "effect": {"summary": "100 marked records a second until 8s after the last heal to dc1, then dc2 when it has taken nothing for 2s"}},
  {"address": "fault.network_partition.cut", "kind": "fault", "file": "drill.xdc.hcl", "line": 107, "held": "held 1m", "effect": {"summary": "dc1 and dc2 cannot reach each other"}},
  {"address": "wait.takeover", "kind": "wait", "file": "drill.xdc.hcl", "line": 114, "effect": {}, "wait": {"until": {"text": "dc2.job.orders.toolkit.remote is down and dc2.job.orders.health is healthy"}}},
  {"address": "expect.recovers_in_time", "kind": "expect", "file": "drill.xdc.hcl", "line": 121, "effect": {}},
  {"address": "expect.loses_nothing", "kind": "expect", "file": "drill.xdc.hcl", "line": 125, "effect": {}},
  {"address": "expect.serves", "kind": "expect", "file": "drill.xdc.hcl", "line": 129, "effect": {}}],
 "predictions": [
  {"fault": "fault.network_partition.cut", "target": "dc2", "job": "job.orders", "quantity": "detection", "low": 20, "high": 25, "possible": true, "sure": true, "words": "4 misses of 5s each, and up to one tick more"},
  {"fault": "fault.network_partition.cut", "target": "dc2", "job": "job.orders", "quantity": "loss_window", "low": 0, "high": 30, "possible": true, "sure": false, "words": "a snapshot every 30s"}],
 "warnings": [{"code": "XDC2001", "address": "expect.does_not_flap", "summary": "This expectation cannot fail", "detail": "It ranges over nothing."}]
}`

// drill is a partition that dc2 survives, with some records lost.
func drill() *recording {
	p, err := report.ParsePlan([]byte(planJSON))
	if err != nil {
		panic(err)
	}
	r := &recording{plan: p}
	const cut, takeover = `fault.network_partition.cut`, `wait.takeover`
	r.at(0, &event.RunStarted{Run: "20261123T020000Z-k3xq7p2a", Mode: "rehearse", Plan: "network_partition", Digest: "sha256:0f3c5a", Version: "0.1.0", Seed: 7, User: "ada@ops1", Started: epoch, Virtual: true})
	for _, dc := range []string{"dc1", "dc2"} {
		r.at(0.1, &event.StepChanged{Step: `job.orders["` + dc + `"]`, State: event.Running})
		r.at(0.2, &event.DeedChanged{Step: `job.orders["` + dc + `"]`, Kind: "job", Phase: event.Intended})
		r.at(2.1, &event.DeedChanged{Step: `job.orders["` + dc + `"]`, Kind: "job", Phase: event.Verified, Low: dur(0.2), High: dur(2.1), Evidence: "job 1 is running and healthy"})
		r.at(2.2, &event.StepChanged{Step: `job.orders["` + dc + `"]`, State: event.Done})
	}
	r.at(2.3, &event.StepChanged{Step: "wait.paired", State: event.Running})
	r.at(18, &event.StepChanged{Step: "wait.paired", State: event.Done})
	r.at(18, &event.StepChanged{Step: "seed.data_exchange.orders", State: event.Running})
	r.at(18, &event.StepChanged{Step: "audit.orders", State: event.Running})
	r.at(38.0, &event.StepChanged{Step: cut, State: event.Running})
	r.at(38.0, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.Intended})
	r.at(38.4, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.Verified, Low: dur(38.05), High: dur(38.4), Until: dur(98.4), Evidence: "no connection from 10.0.1.10 to 10.0.2.0/24"})
	r.at(38.4, &event.StepChanged{Step: takeover, State: event.Running})
	r.at(40.2, &event.Routed{Step: "seed.data_exchange.orders", From: "dc1", To: "dc2", Reason: "refused for 2s"})
	r.at(66.0, &event.Measured{Step: takeover, Recovery: event.Recovery{
		Since: cut + ".injected", RTO: new(23.4), RTOLow: 20.62, RTOHigh: new(23.4), Disturbed: true, InjectedLow: 38.05, InjectedHigh: 38.4,
		BeganLow: 59.02, BeganHigh: 61.45, Sampling: 2.1,
	}})
	r.at(61.5, &event.Changed{
		Signal: "dc2.job.orders.toolkit.remote", From: signal.EnumVal("up"), To: signal.EnumVal("down"), Strength: signal.Strong, After: dur(58), By: dur(61.45),
		Evidence: "RemoteDataCenterHeartbeatWatchdog has submitted 2 status tuples; an even number: the last one said DOWN",
	})
	r.at(61.5, &event.Changed{Signal: "dc2.job.orders.toolkit.takeover", To: signal.EnumVal("running"), Strength: signal.Weak, After: dur(0), By: dur(61.45), Evidence: "<b>nothing</b> yet"})
	r.at(61.5, &event.Changed{Signal: "dc2.job.orders.health", From: signal.EnumVal("healthy"), To: signal.EnumVal("unhealthy"), By: dur(61.45)})
	r.at(66.0, &event.StepChanged{Step: takeover, State: event.Done, Results: map[string]any{"rto": 23.4}})
	r.at(66.0, &event.Judged{
		Step: "expect.recovers_in_time", Verdict: event.Met, Severity: "must", Text: "wait.takeover.rto <= 60s", Why: "wait.takeover.rto is [20.62s, 23.4s]",
		Values: []diag.Value{{Name: "wait.takeover.rto", Text: "[20.62s, 23.4s]"}}, At: dur(66), From: dur(66), To: dur(66), Part: "wait.takeover.rto <= 60s", File: "drill.xdc.hcl", Line: 121,
	})
	r.at(98.5, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.Healing})
	r.at(98.9, &event.DeedChanged{Step: cut, Kind: "fault", Phase: event.Healed, Low: dur(98.5), High: dur(98.9), Evidence: "connections from 10.0.1.10 to 10.0.2.0/24 work"})
	r.at(98.9, &event.StepChanged{Step: cut, State: event.Done})
	r.at(118.3, &event.StepChanged{Step: "seed.data_exchange.orders", State: event.Done, Results: map[string]any{"sent": 10000.0, "acked": 9950.0, "indeterminate": 50.0}})
	yes, no := true, false
	counts := event.AuditCounts{
		Sent: 10000, Acked: 9950, Delivered: 9941, Once: 9938, Duplicated: 3, Lost: 12, LostPercent: 12.0 / 9950, RPO: &event.Bounds{Low: 1.2, High: 1.31}, Outage: &event.Bounds{Low: 19.8, High: 22.6},
		Checks: event.Checks{ExactlyOnce: &no, AtLeastOnce: &no, AtMostOnce: &no, OrderedByKey: &yes},
		Causes: event.LossCauses{InFlight: 9, DuringFault: 2, Unknown: 1},
	}
	r.at(131, &event.Audited{Step: "audit.orders", Audit: event.Audit{
		Seed: "seed.data_exchange.orders", Total: counts,
		At:      map[string]event.AuditCounts{"dc1": {Sent: 2000, Acked: 1990, Delivered: 1981, Once: 1981}, "dc2": {Sent: 8000, Acked: 7960, Delivered: 7960, Once: 7957, Duplicated: 3}},
		LostIDs: []string{"r-1989", "r-1990"}, LostAcked: []float64{37.2, 37.3, 37.9, 38.1, 38.3}, Gaps: []event.Outage{{From: 38.2, To: 60.1}},
	}})
	r.at(131, &event.StepChanged{Step: "audit.orders", State: event.Done})
	r.at(131, &event.Probed{Step: "probe.client", Probe: probed(cut)})
	r.at(131, &event.StepChanged{Step: "probe.client", State: event.Done})
	r.at(131, &event.Judged{
		Step: "expect.serves", Verdict: event.Met, Severity: "must", Text: "probe.client.outage <= 5s", Why: "probe.client.outage is in [2.12s, 2.14s]",
		Values: []diag.Value{{Name: "probe.client.outage", Text: "[2.12s, 2.14s]"}}, At: dur(131), File: "drill.xdc.hcl", Line: 129,
	})
	r.at(131, &event.Judged{
		Step: "expect.loses_nothing", Verdict: event.NotMet, Severity: "must", Text: "audit.orders.lost == 0", Message: "acknowledged records never came out",
		Why: "audit.orders.lost is 12", Values: []diag.Value{{Name: "audit.orders.lost", Text: "12"}}, At: dur(131), From: dur(131), To: dur(131),
		Part: "audit.orders.lost == 0", Samples: []event.Seen{{Signal: "audit.orders.lost", Value: "12", Low: dur(131), High: dur(131), Evidence: "<its ledger>"}}, File: "drill.xdc.hcl", Line: 125,
	})
	for _, dc := range []string{"dc2", "dc1"} {
		r.at(133, &event.DeedChanged{Step: `job.orders["` + dc + `"]`, Kind: "job", Phase: event.Healed, Low: dur(132), High: dur(133)})
	}
	r.at(133.2, &event.RunFinished{Code: 2, Reason: "expect.loses_nothing is not met: audit.orders.lost is 12"})
	r.trace()
	return r
}

// probed is what a client saw of the partition: nothing for two seconds, until it went to dc2.
func probed(fault string) event.Probe {
	counts := event.ProbeCounts{
		Sent: 8000, Good: 7780, Failed: 213, Unknown: 7, Outages: 1, Outage: &event.Interval{Low: 2.12, High: new(2.14)},
		ServiceLevel: &event.Interval{Low: 0.9725, High: new(0.973375)}, P50: &event.Interval{Low: 0.021, High: new(0.046)},
		P90: &event.Interval{Low: 0.04, High: new(0.072)}, P99: &event.Interval{Low: 0.992}, Max: &event.Interval{Low: 0.992},
	}
	at := counts
	at.Good, at.Failed = 6000, 1993
	return event.Probe{
		Rate: 100, Deadline: 1, Hold: 3, Targets: []string{"dc1", "dc2"}, First: 18, Last: 98, Total: counts, At: map[string]event.ProbeCounts{"dc1": counts, "dc2": at},
		Recoveries: []event.Recovery{{
			Since: fault + ".injected", RTO: new(2.3), RTOHigh: new(2.3), RTOLow: 1.94, Disturbed: true, InjectedLow: 38.05, InjectedHigh: 38.4, BeganLow: 40.34, BeganHigh: 40.35,
			Sampling: 0.01, Why: "the transaction due at 40.34s failed, that due at 40.35s was good, and so were all for 3s",
		}},
		Outages: []event.ProbeOutage{{LastGood: new(38.21), FirstFailed: 38.22, LastFailed: 40.34, NextGood: new(40.35), Failed: 213}},
		Answers: map[string]int64{"accepted": 7787, "unreached": 213}, Ranges: []event.Blind{{Target: "dc1", From: 38.2, To: 38.3, Cause: "restarted"}},
		Late: 0.004, Blur: 0.05, Error: 1.0 / 128,
	}
}

func (r *recording) sample(name string, at float64, v signal.Value, valid float64) {
	r.samples = append(r.samples, signal.Sample{Signal: name, Value: v, Low: dur(at - 0.05), High: dur(at), ValidFor: dur(valid), Seq: uint64(len(r.samples) + 1)})
}

// trace is what was seen of both sides, and the counters of the seed and the audit.
func (r *recording) trace() {
	for t := 0.5; t < 133; t++ {
		for i, dc := range []string{"dc1", "dc2"} {
			cutOff := t > 38 && t < 99
			r.sample(dc+".reachable", t, signal.BoolVal(true), 3)
			remote := "up"
			switch {
			case t < 14:
				remote = "never"
			case t > 60 && t < 104:
				remote = "down"
			}
			r.sample(dc+".job.orders.toolkit.remote", t, signal.EnumVal(remote), 3)
			health := "healthy"
			if i == 0 && cutOff && t > 70 && t < 80 {
				health = "partially_healthy"
			}
			if t > 2 && (i == 1 || t < 85 || t > 95) {
				r.sample(dc+".job.orders.health", t, signal.EnumVal(health), 3)
			}
		}
		if t > 18 && t < 119 {
			sent := (t - 18) * 100
			acked, out := sent, sent-30
			if t > 38 && t < 41 {
				acked = 2000
			} else if t >= 41 {
				acked = sent - 50
			}
			if t > 38 && t < 60 {
				out = 1970
			}
			r.sample("seed.data_exchange.orders.sent", t, signal.NumberVal(sent), 0)
			r.sample("seed.data_exchange.orders.acked", t, signal.NumberVal(acked), 0)
			r.sample("audit.orders.delivered", t, signal.NumberVal(math.Max(out, 0)), 0)
		}
	}
}
