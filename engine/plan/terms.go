package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// term is one comparison of a name with a literal: `wait.takeover.rto <= 1m`.
type term struct {
	subject cond.Subject
	op      string // == != < <= > >=
	right   string
}

// terms takes a condition apart that is nothing but comparisons joined by `and`. Others cannot be foreseen, and
// nothing is said about them.
func terms(c *program.Condition) ([]term, bool) {
	if c == nil || c.Formula == nil || c.Formula.Temporal() {
		return nil, false
	}
	var out []term
	for part := range strings.SplitSeq(c.Formula.String(), " and ") {
		t, ok := asTerm(part, c.Formula.Subjects())
		if !ok {
			return nil, false
		}
		out = append(out, t)
	}
	return out, true
}

func asTerm(text string, subjects []cond.Subject) (term, bool) {
	for _, s := range subjects {
		rest, ok := strings.CutPrefix(text, s.Name+" ")
		if !ok {
			continue
		}
		op, right, ok := strings.Cut(rest, " ")
		if ok && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, op) && !strings.ContainsAny(right, " (") {
			return term{s, op, right}, true
		}
	}
	return term{}, false
}

// attr is the last part of the name, after its step's address or its job's path.
func (t term) attr() string { return t.subject.Name[strings.LastIndexByte(t.subject.Name, '.')+1:] }

// seconds reads the literal as a duration.
func (t term) seconds() (float64, bool) {
	if f, err := strconv.ParseFloat(strings.TrimSuffix(t.right, "s"), 64); err == nil && strings.HasSuffix(t.right, "s") {
		return f, true
	}
	d, err := value.ParseDuration(t.right)
	return d.D().Seconds(), err == nil
}

// toolkit reports whether the term is about what a job's toolkit believes: its instance, by place, and the signal.
func (m *maker) toolkit(t term) (job int, signal string, ok bool) {
	_, signal, ok = strings.Cut(t.subject.Name, ".toolkit.")
	if !ok || t.subject.Job == "" {
		return 0, "", false
	}
	job, ok = m.byName[t.subject.Job]
	return job, signal, ok
}

// threshold recognises `SEED.acked >= N`: the seed, by place, and the number.
func (m *maker) threshold(c *program.Condition) (seed int, n float64, ok bool) {
	ts, ok := terms(c)
	if !ok || len(ts) != 1 {
		return 0, 0, false
	}
	t := ts[0]
	i, found := m.byName[t.subject.Step]
	if !found || m.steps[i].Seed == nil || t.op != ">=" && t.op != ">" || t.attr() != "acked" && t.attr() != "sent" {
		return 0, 0, false
	}
	n, err := strconv.ParseFloat(t.right, 64)
	return i, n, err == nil
}

// pairing recognises a wait for all sides to see each other up: the jobs, by place, whose toolkits are configured.
func (m *maker) pairing(c *program.Condition) ([]int, bool) {
	ts, ok := terms(c)
	if !ok || len(ts) == 0 {
		return nil, false
	}
	var out []int
	for _, t := range ts {
		job, signal, ok := m.toolkit(t)
		if !ok || signal != "remote" || t.op != "==" || t.right != "up" {
			return nil, false
		}
		k := m.steps[job].Job.Toolkit
		if k == nil || k.HeartbeatInterval == 0 {
			return nil, false
		}
		out = append(out, job)
	}
	return out, true
}
