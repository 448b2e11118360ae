package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
)

var infinite = math.Inf(1)

// The words for what came out of a run.
const (
	Passed      = "passed"
	Failed      = "failed"
	Broken      = "broken"
	Interrupted = "interrupted"
	NotHealed   = "not healed"
	NotStarted  = "not started"
	Unfinished  = "unfinished"
)

var wordOf = map[int]string{0: Passed, 1: NotStarted, 2: Failed, 3: Broken, 4: NotHealed, 130: Interrupted}

// verdict says what came out in words.
func (f *folding) verdict() {
	v := &f.out.Verdict
	for _, e := range f.out.Expects {
		v.Counts.add(e)
	}
	v.Owed = f.owed()
	v.Word, v.Reason = Unfinished, "xdc was stopped before it could finish the run"
	if f.ended != nil {
		code := f.ended.Code
		v.Code, v.Reason, v.Reasons = &code, f.ended.Reason, f.ended.Reasons
		v.Word = wordOf[code]
		if v.Word == "" {
			v.Word = Broken
		}
	}
	v.Headline = f.out.headline()
	v.Findings = f.out.findings()
}

func (c *Counts) add(e Expect) {
	switch {
	case e.Verdict == event.Met:
		c.Met++
	case e.Verdict == event.NotJudged:
		c.Skipped++
	case e.Severity == "should":
		c.ShouldFailed++
	case e.Verdict == event.NotMet:
		c.NotMet++
	default:
		c.Inconclusive++
	}
}

// owed lists what is not known to be undone, after any recovery.
func (f *folding) owed() []string {
	var out []string
	for _, d := range f.out.Faults {
		if d.Phase != event.Healed && d.Phase != event.Kept {
			out = append(out, d.Step)
		}
	}
	return out
}

// must counts the expectations that decide.
func (c Counts) must() int { return c.Met + c.NotMet + c.Inconclusive }

// headline is one sentence for people who were not there.
func (s Summary) headline() string {
	c := s.Verdict.Counts
	switch s.Verdict.Word {
	case Passed:
		out := "Nothing was expected, and nothing broke"
		if c.must() > 0 {
			out = "Every requirement was met"
		}
		return out + skippedWords(c) + "."
	case Failed:
		var parts []string
		if c.NotMet > 0 {
			parts = append(parts, plural(int64(c.NotMet), "was not met", "were not met"))
		}
		if c.Inconclusive > 0 {
			parts = append(parts, plural(int64(c.Inconclusive), "could not be decided", "could not be decided"))
		}
		if len(parts) == 0 {
			return "The system did not recover: what was to be measured never came."
		}
		return fmt.Sprintf("Of %s, %s%s.", plural(int64(c.must()+c.Skipped), "requirement", "requirements"), strings.Join(parts, " and "), skippedWords(c))
	case Broken:
		return "The test itself broke off, so it says nothing final about the system. Everything it did has been undone."
	case Interrupted:
		return "The test was interrupted before it was complete. Everything it did has been undone."
	case NotHealed:
		return "Something that the test did is still not undone. Run `xdc recover " + s.Run.ID + "` now."
	case NotStarted:
		return "The test did not start. Nothing was touched."
	}
	if len(s.Verdict.Owed) > 0 {
		return "The test was killed, and what it did is not known to be undone. Run `xdc recover " + s.Run.ID + "` now."
	}
	return "The test was killed before it was complete. Everything it did has been undone."
}

func skippedWords(c Counts) string {
	if c.Skipped == 0 {
		return ""
	}
	return "; " + plural(int64(c.Skipped), "was skipped, because this rehearsal has nothing to judge it by",
		"were skipped, because this rehearsal has nothing to judge them by")
}

// findings are the key figures in sentences.
func (s Summary) findings() []string {
	var out []string
	for _, r := range s.Recoveries {
		out = append(out, r.sentence())
	}
	for _, a := range s.Audits {
		out = append(out, a.sentences()...)
	}
	for _, p := range s.Probes {
		out = append(out, p.sentences()...)
	}
	return out
}

func (r Recovery) sentence() string {
	name := "Recovery (" + r.Step + ")"
	switch {
	case r.RTO != nil && r.RTOHigh != nil && r.AfterHeal:
		return fmt.Sprintf("%s came only after the fault had been healed: %s after %s.", name, between(r.bounds()), r.Since)
	case r.RTO != nil && r.RTOHigh != nil:
		return fmt.Sprintf("%s took %s, counted from %s.", name, between(r.bounds()), r.Since)
	case r.TimedOut:
		return fmt.Sprintf("%s never came: it takes more than %s, counted from %s.", name, atLeast(r.RTOLow), r.Since)
	}
	return fmt.Sprintf("%s was not measured: the condition was true all the time, so that nothing shows that the fault disturbed it.", name)
}

func (a Audit) sentences() []string {
	c := a.Total
	var out []string
	switch {
	case c.Acked == 0:
		out = append(out, "No record was acknowledged, so that nothing can be said about loss ("+a.Step+").")
	case c.Lost == 0 && c.Inconclusive == 0:
		out = append(out, fmt.Sprintf("No acknowledged record was lost: all %s came out (%s).", count(c.Acked), a.Step))
	case c.Lost == 0:
		out = append(out, fmt.Sprintf("No record is proven lost, but about %s of %s nothing can be said (%s).", count(c.Inconclusive), count(c.Acked), a.Step))
	default:
		t := fmt.Sprintf("%s of %s acknowledged were lost (%s)", plural(c.Lost, "record", "records"), count(c.Acked), percent(c.LostPercent))
		if c.RPO != nil {
			t += ", reaching back " + between(&Bounds{c.RPO.Low, &c.RPO.High})
		}
		if c.Inconclusive > 0 {
			t += "; about another " + count(c.Inconclusive) + " nothing can be said"
		}
		out = append(out, t+" ("+a.Step+").")
	}
	if c.Outage != nil {
		out = append(out, fmt.Sprintf("The longest time without any output was %s (%s).", between(&Bounds{c.Outage.Low, &c.Outage.High}), a.Step))
	}
	return out
}
