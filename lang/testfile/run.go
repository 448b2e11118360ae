package testfile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
)

// Evaluator judges conditions over timelines.
type Evaluator interface {
	// At is the truth of a condition at t, for somebody who knows what had come by t.
	At(f *cond.Formula, l *Timeline, t time.Duration) cond.Judged
	// Verdict is what the condition is found to be when the run has ended.
	Verdict(f *cond.Formula, l *Timeline) cond.Judged
}

// Result is the outcome of one test.
type Result struct {
	Test *Test
	// Found says which expectations were not met, each at its place; empty if the test passed.
	Found diag.List
}

// Run judges every test of a file.
func Run(f *File, e Evaluator) []Result {
	out := make([]Result, 0, len(f.Tests))
	for _, t := range f.Tests {
		r := Result{Test: t}
		for _, c := range t.Conditions {
			r.Found = append(r.Found, judge(t, c, e)...)
		}
		out = append(out, r)
	}
	return out
}

// judge checks one condition of a test.
func judge(t *Test, c *Condition, e Evaluator) diag.List {
	f, problems := cond.Compile(c.Text, cond.Verdict, t.names)
	if f == nil {
		return refused(c, problems)
	}
	var found diag.List
	for i := range c.Checks {
		k := &c.Checks[i]
		switch k.Kind {
		case Mistake:
			found = append(found, failed(k, "Condition accepted", fmt.Sprintf("It was expected to be refused with a message that has %q in it.", k.Why)))
		case Verdict:
			found = append(found, k.compare("the verdict", e.Verdict(f, &t.Line), true)...)
		case Instant:
			for _, at := range instants(f, &t.Line, k.From, k.To) {
				if more := k.compare("at "+at.String()+" it", e.At(f, &t.Line, at), false); more != nil {
					found = append(found, more...)
					break
				}
			}
		}
	}
	return found
}

// refused compares the problems of a condition with the mistakes that were expected.
func refused(c *Condition, problems []cond.Problem) diag.List {
	var found diag.List
	expected := false
	for i := range c.Checks {
		k := &c.Checks[i]
		if k.Kind != Mistake {
			continue
		}
		expected = true
		if !slices.ContainsFunc(problems, func(p cond.Problem) bool { return strings.Contains(p.Error(), k.Why) }) {
			found = append(found, failed(k, "Refused for another reason", problems[0].Error()))
		}
	}
	if expected {
		return found
	}
	for _, p := range problems {
		at := c.Range
		lead := c.Text[:min(p.Offset, len(c.Text))]
		at.Start.Byte += len(lead)
		at.Start.Column += len([]rune(lead))
		under := c.Text[len(lead):min(p.Offset+max(p.Length, 0), len(c.Text))]
		at.End = at.Start
		at.End.Byte += len(under)
		at.End.Column += len([]rune(under))
		found = append(found, diag.Diagnostic{Severity: diag.Error, Code: p.Code, Subject: &at, Context: &c.Range, Summary: p.Summary, Detail: p.Detail})
	}
	return found
}

func failed(k *Check, summary, detail string) diag.Diagnostic {
	return diag.Diagnostic{Severity: diag.Error, Code: diag.TestFailed, Subject: &k.Range, Summary: summary, Detail: detail}
}

// compare says how what was found differs from what was expected.
func (k *Check) compare(what string, got cond.Judged, verdict bool) diag.List {
	why := ""
	if got.Why != "" {
		why = ": " + got.Why
	}
	switch {
	case got.Truth != k.Want:
		return diag.List{failed(k, "Condition is "+got.Truth.String(), fmt.Sprintf("Expected was that %s is %s. It is %s%s.", what, k.Want, got.Truth, why))}
	case verdict && k.HasAt && got.At != k.At:
		return diag.List{failed(k, "Decided at another instant", fmt.Sprintf("Expected was %s. It was decided at %s%s.", k.At, got.At, why))}
	case !strings.Contains(got.Why, k.Why):
		return diag.List{failed(k, "Another reason was given", fmt.Sprintf("Expected was one with %q in it. It was%s.", k.Why, why))}
	}
	return nil
}

// maxInstants bounds how many instants of a range are looked at one by one.
const maxInstants = 10_000

// instants are those of [from, to) at which a condition may change, and those just before: all of them matter.
func instants(f *cond.Formula, l *Timeline, from, to time.Duration) []time.Duration {
	out := []time.Duration{from}
	add := func(t time.Duration) {
		if t >= from && t < to && len(out) < maxInstants {
			out = append(out, t)
		}
	}
	if to > from {
		add(to - 1)
	}
	for _, s := range l.Samples {
		add(s.High - 1)
		add(s.High)
		if s.ValidFor > 0 {
			add(s.High + s.ValidFor - 1)
			add(s.High + s.ValidFor)
		}
	}
	for _, e := range l.Events {
		add(e.High - 1)
		add(e.High)
	}
	if !f.Temporal() {
		for _, t := range slices.Clone(out) {
			v := l.Until(t)
			for next, ok := f.NextChange(v, t); ok && next < to && len(out) < maxInstants && !slices.Contains(out, next); next, ok = f.NextChange(v, next) {
				add(next - 1)
				add(next)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
