package plan

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
)

// warn says where the plan tests less than it seems to, or asks for what cannot be.
func (b *builder) warn() {
	for _, st := range b.plan.Steps {
		switch {
		case st.Seed != nil:
			b.warnSeed(st)
		case st.Fault != nil:
			b.warnFault(st)
		case st.Wait != nil:
			b.warnWait(st)
		case st.Expect != nil && st.Expect.That != nil:
			b.warnExpect(st)
		case st.Job != nil:
			b.warnJob(st)
		}
	}
	b.warnPassive()
}

func (b *builder) warnSeed(st *Step) {
	if len(b.plan.Targets) > 1 && len(st.Seed.Targets) == 1 && b.hasFaultAt(st.Seed.Targets[0]) {
		b.caution(diag.PlanNoRoute, st, "The producers do not fail over",
			"%s sends to %s only. The toolkit does not move traffic, so that nothing is sent to the survivor and its takeover is only half tested. Give the seed several targets and `route = \"failover\"`.",
			st.Address, st.Seed.Targets[0])
	}
	if at := b.countReached(st); at != "" {
		b.caution(diag.PlanShortSeed, st, "The seed ends before a step that waits for it", "%s", at)
	}
}

func (b *builder) hasFaultAt(target string) bool {
	for _, st := range b.plan.Steps {
		if st.Fault == nil {
			continue
		}
		for _, p := range st.Description.Places {
			if p.Target == target {
				return true
			}
		}
	}
	return false
}

// countReached finds a `when` on a count that the seed will never come to.
func (b *builder) countReached(seed *Step) string {
	total := float64(seed.Seed.Records)
	if long, ok := SeedLength(seed.Seed); ok && len(seed.Seed.Stages) == 0 {
		if n := long * seed.Seed.Rate; total == 0 || n < total {
			total = n
		}
	}
	if total == 0 {
		return ""
	}
	for _, st := range b.plan.Steps {
		if st.When == nil {
			continue
		}
		m := threshold.FindStringSubmatch(st.When.Formula.String())
		if m == nil || m[1] != seed.Address {
			continue
		}
		if n, err := strconv.ParseFloat(m[2], 64); err == nil && n > total {
			return st.Address + " waits for " + m[2] + " records and the seed sends " + strconv.FormatFloat(total, 'f', 0, 64) + ": it will fail."
		}
	}
	return ""
}

func (b *builder) warnFault(st *Step) {
	held := st.Fault.Duration.D().Seconds()
	for _, p := range b.plan.Predicted {
		if p.Fault != st.Address || p.Quantity != "detection" {
			continue
		}
		switch {
		case held > 0 && !p.Possible:
			b.caution(diag.PlanUnnoticed, st, "The fault ends before it can be noticed",
				"It is held %s, and %s needs more than %s to declare the other side down (%s).", st.Fault.Duration, p.Target, signal.Seconds(p.Low), p.Words)
		case held > 0 && !p.Sure:
			b.caution(diag.PlanMaybeUnnoticed, st, "The fault may end before it is noticed",
				"It is held %s; %s declares the other side down between %s and %s after it (%s), depending on when the last heartbeat came.", st.Fault.Duration, p.Target, signal.Seconds(p.Low), signal.Seconds(p.High), p.Words)
		}
	}
	if len(st.Description.Severs) > 0 && st.Fault.Duration > 0 {
		b.warnSticky(st)
	}
}

// warnSticky warns of a plan that waits for both sides to find each other again after a cut that made each believe the
// other dead: they will not without a restart.
func (b *builder) warnSticky(fault *Step) {
	down := 0
	for _, p := range b.plan.Predicted {
		if p.Fault == fault.Address && p.Quantity == "detection" && p.Possible {
			down++
		}
	}
	if down < 2 {
		return
	}
	for _, st := range b.plan.Steps {
		if st.Wait == nil || !strings.Contains(st.Wait.Until.Text, "remote is up") || !b.afterHeal(st, fault) {
			continue
		}
		restarted := false
		for _, n := range st.Needs {
			if from := b.steps[n.Step.String()]; from != nil && from.Action != nil {
				restarted = true
			}
		}
		if !restarted {
			b.caution(diag.PlanSticky, st, "Healing the link brings nobody back",
				"After a cut longer than the detection window both sides believe the other down and send no heartbeats. They stay apart until the application on one side is restarted: put an action \"streams_job_restart\" between %s and this wait.", fault.Address+".healed")
		}
	}
}

func (b *builder) afterHeal(st, fault *Step) bool {
	for _, n := range st.Needs {
		if n.Step.String() == fault.Address && n.Point == program.Healed {
			return true
		}
	}
	return false
}

func (b *builder) warnWait(st *Step) {
	if st.Wait.Since == nil || st.Wait.Since.Name == string(program.Healed) {
		return
	}
	fault := b.steps[st.Wait.Since.Step.String()]
	if fault == nil || !concernsRemote(st.Wait.Until) {
		return
	}
	target := targetOf(st.Wait.Until)
	p, ok := b.predicted(fault.Address, "detection", target)
	if !ok {
		if len(b.plan.Predicted) > 0 && strings.Contains(st.Wait.Until.Text, "remote is down") && b.toolkitKnown(target) {
			b.caution(diag.PlanNeverComes, st, "Nothing in this plan makes this come true",
				"%s does not stop heartbeats to %s, so that %s will never believe the other side down. The wait will time out.", fault.Address, target, target)
		}
		return
	}
	timeout := st.Timeout.D().Seconds() - st.Wait.Hold.D().Seconds()
	switch {
	case p.Low >= timeout:
		b.caution(diag.PlanTooShort, st, "The wait gives up before it can succeed",
			"Its timeout of %s less the hold leaves %s, and the other side is declared down no sooner than %s after the fault (%s).", st.Timeout, signal.Seconds(timeout), signal.Seconds(p.Low), p.Words)
	case p.High > timeout:
		b.caution(diag.PlanMaybeTooShort, st, "The wait may give up too early",
			"Its timeout of %s less the hold leaves %s, and it can take up to %s until the other side is declared down (%s).", st.Timeout, signal.Seconds(timeout), signal.Seconds(p.High), p.Words)
	}
	if held := fault.Fault.Duration.D().Seconds(); held > 0 && p.Low >= held {
		b.caution(diag.PlanAfterHeal, st, "This can only come true after the heal",
			"%s is healed after %s, sooner than anything can be noticed. What the wait would measure is the heal, not the recovery.", fault.Address, fault.Fault.Duration)
	}
}

func concernsRemote(c *program.Condition) bool { return strings.Contains(c.Text, ".toolkit.") }

// targetOf is the target whose toolkit a condition looks at, "" if there are several.
func targetOf(c *program.Condition) string {
	out := ""
	for _, s := range c.Formula.Subjects() {
		t, rest, ok := strings.Cut(s.Name, ".")
		if !ok || !strings.Contains(rest, ".toolkit.") {
			continue
		}
		if out != "" && out != t {
			return ""
		}
		out = t
	}
	return out
}

func (b *builder) toolkitKnown(target string) bool {
	for _, j := range b.plan.Jobs {
		if j.Target == target && j.Toolkit != nil && j.Toolkit.HeartbeatInterval > 0 {
			return true
		}
	}
	return false
}

// objective reads `wait.takeover.rto <= 60s`.
var objective = regexp.MustCompile(`^(\S*wait\.\S+)\.(?:rto|rto_high) <=? ([0-9a-z.]+)$`)

func (b *builder) warnExpect(st *Step) {
	c := st.Expect.That
	if len(c.Formula.Subjects()) == 0 {
		b.caution(diag.PlanConstant, st, "This expectation looks at nothing", "%s has the same value whatever happens.", c.Text)
		return
	}
	m := objective.FindStringSubmatch(c.Formula.String())
	if m == nil {
		return
	}
	limit, err := time.ParseDuration(m[2])
	wait := b.steps[m[1]]
	if err != nil || wait == nil || wait.Wait == nil || wait.Wait.Since == nil {
		return
	}
	if concernsRemote(wait.Wait.Until) {
		if p, ok := b.predicted(wait.Wait.Since.Step.String(), "detection", targetOf(wait.Wait.Until)); ok && p.Low >= limit.Seconds() {
			b.caution(diag.PlanCannotMeet, st, "This objective cannot be met",
				"The other side is declared down no sooner than %s after the fault (%s), and the objective is %s. Lower the heartbeat interval or the misses allowed.", signal.Seconds(p.Low), p.Words, signal.Seconds(limit.Seconds()))
		} else if ok && p.High > limit.Seconds() {
			b.caution(diag.PlanMayMiss, st, "This objective is met only with luck",
				"It can take up to %s until the other side is declared down (%s), and the objective is %s.", signal.Seconds(p.High), p.Words, signal.Seconds(limit.Seconds()))
		}
	}
	if wait.Timeout > 0 && limit > wait.Timeout.D()+time.Minute {
		b.caution(diag.PlanCannotFail, st, "This expectation cannot fail as it stands",
			"%s gives up after %s, and the objective is %s: a recovery that takes longer is inconclusive, not too slow. Raise the wait's timeout above the objective.", wait.Address, wait.Timeout, signal.Seconds(limit.Seconds()))
	}
}

func (b *builder) warnJob(st *Step) {
	t := st.Job.Toolkit
	if t == nil {
		return
	}
	switch {
	case t.HeartbeatInterval == 0:
		b.caution(diag.PlanNoHeartbeat, st, "The heartbeat interval is not stated",
			"Without it nothing can be predicted, and an application whose configuration does not state it either sends a heartbeat once in fourteen years: failover is then off.")
	case t.SnapshotInterval > 0 && t.SnapshotInterval%t.HeartbeatInterval != 0:
		b.caution(diag.PlanOddSnapshot, st, "Snapshots are rarer than they seem",
			"The snapshot interval %s is not a multiple of the heartbeat interval %s; the toolkit then takes one far less often than stated.", t.SnapshotInterval, t.HeartbeatInterval)
	}
}

// warnPassive warns of a pair of which neither processes anything.
func (b *builder) warnPassive() {
	passive, all := 0, 0
	var first *Step
	for _, st := range b.plan.Steps {
		if st.Job == nil || st.Job.Toolkit == nil {
			continue
		}
		all++
		if st.Job.Toolkit.Mode == "passive" {
			passive++
			first = st
		}
	}
	if all > 1 && passive == all {
		b.caution(diag.PlanPassivePassive, first, "Both sides are passive", "Nothing would ever process data: one side must be active.")
	}
}
