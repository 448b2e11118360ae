package cond_test

import (
	"strings"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// names resolves the names that plans may use for the targets dc1 and dc2; `*` stands for any word, and an
// index is written [*].
type names map[string]cond.Subject

func (n names) Resolve(p cond.Path) (cond.Subject, *cond.Problem) {
	for pattern, s := range n {
		if fits(p, strings.Split(pattern, ".")) {
			s.Name = p.String()
			return s, nil
		}
	}
	return cond.Subject{}, &cond.Problem{Summary: "Unknown name", Detail: p.String() + " is not known."}
}

func fits(p cond.Path, pattern []string) bool {
	if len(p) != len(pattern) {
		return false
	}
	for i, want := range pattern {
		name, indexed := strings.CutSuffix(want, "[*]")
		if indexed != (p[i].Index != nil) || name != "*" && name != p[i].Name {
			return false
		}
	}
	return true
}

func enum(name string, open bool, words ...string) signal.Type {
	return signal.Type{Kind: signal.EnumKind, Enum: &signal.Enum{Name: name, Values: words, Open: open}}
}

// everything is the world of docs/conditions.md.
var everything = func() names {
	num, ratio := signal.Type{Kind: signal.Number}, signal.Type{Kind: signal.Ratio}
	dur, truth, text := signal.Type{Kind: signal.Duration}, signal.Type{Kind: signal.Bool}, signal.Type{Kind: signal.String}
	health := enum("health", true, "healthy", "partially_healthy", "unhealthy", "unknown")
	status := enum("status", true, "running", "failed", "gone")
	step := enum("step status", false, "pending", "running", "done", "failed", "skipped")
	out := names{}
	add := func(m schema.Moment, bounded bool, t signal.Type, prefixes, attrs string) {
		for p := range strings.FieldsSeq(prefixes) {
			for a := range strings.FieldsSeq(attrs) {
				out[p+"."+a] = cond.Subject{Type: t, Moment: m, Bounded: bounded}
			}
		}
	}
	targets, jobs := "dc1 dc2", "dc1.job.* dc2.job.*"
	add(schema.Live, false, truth, targets+" dc1.host.* dc2.host.*", "reachable")
	add(schema.Live, false, status, jobs+" dc1.instance dc2.instance dc1.job.*.pe[*] dc2.job.*.pe[*]", "status")
	add(schema.Live, false, health, jobs+" dc1.instance dc2.instance dc1.job.*.pe[*] dc2.job.*.pe[*]", "health")
	add(schema.Live, false, num, jobs, "pes restarts launches metric[*]")
	add(schema.Live, false, num, "dc1.job.*.operator[*] dc2.job.*.operator[*]", "tuples_in tuples_out queued")
	kits := "dc1.toolkit dc2.toolkit dc1.job.*.toolkit dc2.job.*.toolkit"
	add(schema.Live, false, enum("role", false, "active", "passive"), kits, "role")
	add(schema.Live, false, enum("remote", false, "never", "up", "down"), kits, "remote")
	add(schema.Live, false, enum("takeover", false, "none", "running", "done"), kits, "takeover")
	add(schema.Live, false, dur, kits, "replication_age")
	add(schema.Live, false, num, kits, "heartbeats_in heartbeats_out")
	add(schema.Live, false, truth, kits, "split_brain")
	add(schema.Live, false, ratio, "dc1.host.* dc2.host.*", "cpu memory")
	add(schema.Live, false, dur, "dc1.host.* dc2.host.*", "clock_offset")
	add(schema.Live, false, num, "dc1.endpoint[*] dc2.endpoint[*]", "buffered evicted")
	add(schema.Live, false, num, "seed.*.*", "sent acked rejected indeterminate unsent resent rate")
	add(schema.Live, false, dur, "seed.*.*", "latency")
	add(schema.Live, false, dur, "run", "elapsed")
	audit := "audit.* audit.*.at[*]"
	add(schema.Final, false, num, audit, "delivered once duplicated duplicated_across reordered corrupted unexpected inconclusive")
	add(schema.Final, true, num, audit, "lost")
	add(schema.Final, true, ratio, audit, "lost_percent")
	add(schema.Final, true, dur, audit, "rpo outage")
	add(schema.Final, true, dur, "wait.*", "rto")
	add(schema.Final, false, dur, "wait.*", "rto_low rto_high")
	add(schema.Final, false, truth, "wait.*", "timed_out disturbed after_heal")
	add(schema.Final, false, dur, "fault.*.*", "held")
	add(schema.Live, false, truth, "fault.*.*", "in_force")
	add(schema.Final, false, num, "action.*.*", "exit_code status_code")
	add(schema.Final, false, text, "action.*.*", "output body approved_by")
	steps := "wait.* audit.* seed.*.* fault.*.* action.*.* job.* job.*[*]"
	add(schema.Final, false, step, steps, "status")
	add(schema.Final, false, dur, steps, "elapsed")
	add(schema.Event, false, truth, steps+" run", "started")
	add(schema.Event, false, truth, "wait.* audit.* seed.*.* action.*.* job.* job.*[*]", "done")
	add(schema.Event, false, truth, "fault.*.*", "injected healed")
	return out
}()

var (
	boolType, numType  = signal.Type{Kind: signal.Bool}, signal.Type{Kind: signal.Number}
	durType, ratioType = signal.Type{Kind: signal.Duration}, signal.Type{Kind: signal.Ratio}
	textType           = signal.Type{Kind: signal.String}
	live, event        = schema.Live, schema.Event
)
