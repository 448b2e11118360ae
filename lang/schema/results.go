package schema

import (
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/signal"
)

// StepStatus are the words for what became of a step.
var StepStatus = &signal.Enum{Name: "step status", Values: []string{"pending", "running", "done", "failed", "skipped"}}

// VerdictStatus are the words for what became of an expectation.
var VerdictStatus = &signal.Enum{Name: "verdict", Values: []string{"pending", "met", "not_met", "inconclusive", "skipped"}}

var (
	boolean  = signal.Type{Kind: signal.Bool}
	number   = signal.Type{Kind: signal.Number}
	duration = signal.Type{Kind: signal.Duration}
	ratio    = signal.Type{Kind: signal.Ratio}
	text     = signal.Type{Kind: signal.String}
)

// Results lists the attributes that steps of a kind have in conditions and, when final, in expressions. A
// name that is both live and final is there twice. `at[*].` stands for an attribute of each target.
func Results(kind addr.Kind) []Result {
	switch kind {
	case addr.Seed:
		return append(everyStep(StepStatus), seedResults()...)
	case addr.Audit:
		return append(everyStep(StepStatus), auditResults()...)
	case addr.Probe:
		return append(everyStep(StepStatus), probeResults()...)
	case addr.Wait:
		return append(everyStep(StepStatus), waitResults()...)
	case addr.Fault:
		return append(faultStep(), faultResults()...)
	case addr.Action:
		return append(everyStep(StepStatus), actionResults()...)
	case addr.Expect:
		return everyStep(VerdictStatus)
	case addr.Job:
		return everyStep(StepStatus)
	case addr.Guard:
	}
	return nil
}

// RunResults lists what `run` has in conditions.
func RunResults() []Result {
	return []Result{
		{Name: "started", Type: boolean, Moment: Event, Description: "When the run started; time is counted from here."},
		{Name: "elapsed", Type: duration, Moment: Live, Description: "How long the run has lasted."},
	}
}

// TargetSignals lists what the engine itself says about every target with a connection.
func TargetSignals() []Signal {
	return []Signal{{
		Path: "reachable", Type: boolean,
		Description: "Whether the target answered when it was last asked.",
	}}
}

func everyStep(status *signal.Enum) []Result {
	return []Result{
		{Name: "status", Type: signal.Type{Kind: signal.EnumKind, Enum: status}, Moment: Final, Description: "What became of the step."},
		{Name: "started", Type: boolean, Moment: Event, Description: "When the step started."},
		{Name: "done", Type: boolean, Moment: Event, Description: "When the step was finished."},
		{Name: "elapsed", Type: duration, Moment: Final, Description: "How long the step took, from its start."},
	}
}

// faultStep has no `done`, which could mean the injection or the heal.
func faultStep() []Result {
	all := everyStep(StepStatus)
	return []Result{all[0], all[1], all[3]}
}

func faultResults() []Result {
	return []Result{
		{Name: "injected", Type: boolean, Moment: Event, Description: "When the fault was verified to be in effect."},
		{Name: "healed", Type: boolean, Moment: Event, Description: "When the fault was verified to be healed."},
		{Name: "held", Type: duration, Moment: Final, Description: "How long the fault was in effect."},
		{Name: "in_force", Type: boolean, Moment: Live, Description: "Whether the fault is in effect."},
	}
}

func seedResults() []Result {
	counts := []struct{ name, text string }{
		{"sent", "Records sent."},
		{"acked", "Records that the service acknowledged."},
		{"rejected", "Records that the service refused."},
		{"indeterminate", "Records whose answer was lost."},
		{"unsent", "Records that were due and not sent, because too many were without an answer or no target took any."},
		{"resent", "Second copies that were sent."},
	}
	var out []Result
	for _, m := range []Moment{Final, Live} {
		for _, c := range counts {
			out = append(out, Result{Name: c.name, Type: number, Moment: m, Description: c.text})
		}
	}
	return append(out,
		Result{Name: "rate", Type: number, Moment: Live, Description: "Records sent a second."},
		Result{Name: "latency", Type: duration, Moment: Live, Description: "Time from when the oldest record of a request was due to its acknowledgement; every second, how long the oldest record without an outcome has waited so far, if that is more than a second."},
		Result{Name: "latency_p50", Type: duration, Moment: Final, Bounded: true, Description: "Latency that half of the records did not exceed, from due to acknowledged. Those that were not acknowledged count as at least the time that they waited for their outcome."},
		Result{Name: "latency_p90", Type: duration, Moment: Final, Bounded: true, Description: "Latency that 90% of the records did not exceed."},
		Result{Name: "latency_p99", Type: duration, Moment: Final, Bounded: true, Description: "Latency that 99% of the records did not exceed."},
		Result{Name: "latency_max", Type: duration, Moment: Final, Bounded: true, Description: "The greatest latency."},
	)
}

func auditResults() []Result {
	own := []Result{
		{Name: "delivered", Type: number, Moment: Final, Description: "Records that came out at least once."},
		{Name: "once", Type: number, Moment: Final, Description: "Records that came out exactly once."},
		{Name: "duplicated", Type: number, Moment: Final, Description: "Records that came out more than once at one target."},
		{Name: "duplicated_across", Type: number, Moment: Final, Description: "Records that came out at more than one target."},
		{Name: "lost", Type: number, Moment: Final, Bounded: true, Description: "Acknowledged records that never came out although no sink can have dropped them."},
		{Name: "lost_percent", Type: ratio, Moment: Final, Bounded: true, Description: "Lost records as a share of the acknowledged ones."},
		{Name: "lost_in_flight", Type: number, Moment: Final, Bounded: true, Description: "Lost records that had been acknowledged before a fault took hold, when neither they nor a later one had come out."},
		{Name: "lost_during_fault", Type: number, Moment: Final, Bounded: true, Description: "Lost records that were sent and acknowledged while a fault was in force."},
		{Name: "lost_passed_over", Type: number, Moment: Final, Bounded: true, Description: "Lost records that were acknowledged while no fault was in force, and of which a later one came out before the next fault took hold: no fault took them."},
		{Name: "lost_unknown", Type: number, Moment: Final, Description: "Lost records of which nobody can tell from outside when they were lost."},
		{Name: "evicted", Type: number, Moment: Final, Description: "Inconclusive records that nothing but a full buffer can have dropped before they were read."},
		{Name: "reordered", Type: number, Moment: Final, Description: "Records that came out after a later one."},
		{Name: "corrupted", Type: number, Moment: Final, Description: "Records that came out changed."},
		{Name: "unexpected", Type: number, Moment: Final, Description: "Records that came out and were never put in."},
		{Name: "rpo", Type: duration, Moment: Final, Bounded: true, Description: "How far back in time the loss reaches."},
		{Name: "outage", Type: duration, Moment: Final, Bounded: true, Description: "The longest gap in delivery as a client saw it."},
		{Name: "inconclusive", Type: number, Moment: Final, Description: "Records about which nothing can be said, because a sink may have dropped them unread."},
		{Name: "exactly_once", Type: boolean, Moment: Final, Description: "Whether both `at_least_once` and `at_most_once` hold. Unknown where neither is broken and one is unknown."},
		{Name: "at_least_once", Type: boolean, Moment: Final, Description: "Whether every acknowledged record came out. Unknown if nothing was acknowledged, or if none is surely lost and some are inconclusive."},
		{Name: "at_most_once", Type: boolean, Moment: Final, Description: "Whether no record came out more often than it was put in. Unknown if no second copy was seen and one may have passed unseen."},
		{Name: "ordered_by_key", Type: boolean, Moment: Final, Description: "Whether at each target the records of a key came out in the order in which they were due, second copies and records sent again left out. Unknown if nothing came out, or if none was seen out of order and some may have passed unseen."},
		{Name: "monotone_state", Type: boolean, Moment: Final, Description: "Whether the `state` of each key never went back as it came out. Unknown without `state`, if none came out, and if none surely went back and one may have, unseen, uncompared, or because nobody can tell what came first."},
		{Name: "no_resurrection", Type: boolean, Moment: Final, Description: "Whether after the heal of a fault no record came out at one target that had come out at another by then, and no `state` that is less than another target had shown of its key. Unknown if no fault was healed while the audit was open, with `route = \"mirror\"`, and if nothing surely came back and something may have, unseen, or because it was read across the heal."},
		{Name: "delivered", Type: number, Moment: Live, Description: "Records that have come out so far."},
	}
	out := own
	for _, r := range own {
		r.Name = "at[*]." + r.Name
		r.Description += " At one target."
		out = append(out, r)
	}
	return out
}

func waitResults() []Result {
	return []Result{
		{Name: "rto", Type: duration, Moment: Final, Bounded: true, Description: "Recovery time at worst; comparisons look at both bounds. Only with `since`."},
		{Name: "rto_low", Type: duration, Moment: Final, Bounded: true, Description: "The shortest recovery time that is possible by what was seen. Only with `since`."},
		{Name: "rto_high", Type: duration, Moment: Final, Bounded: true, Description: "The longest recovery time that is possible by what was seen. Only with `since`."},
		{Name: "timed_out", Type: boolean, Moment: Final, Description: "Whether the condition did not come, or did not hold, in time."},
		{Name: "disturbed", Type: boolean, Moment: Final, Description: "Whether the condition was seen false at all. Only with `since`."},
		{Name: "after_heal", Type: boolean, Moment: Final, Description: "Whether the condition only came true after the heal of the fault had begun. Only with `since`."},
	}
}

func actionResults() []Result {
	return []Result{
		{Name: "exit_code", Type: number, Moment: Final, Description: "The exit code of the command."},
		{Name: "output", Type: text, Moment: Final, Description: "What the command wrote."},
		{Name: "status_code", Type: number, Moment: Final, Description: "The status code of the HTTP answer."},
		{Name: "body", Type: text, Moment: Final, Description: "The body of the HTTP answer."},
		{Name: "approved_by", Type: text, Moment: Final, Description: "Who approved."},
	}
}
