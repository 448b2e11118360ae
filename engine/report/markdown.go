package report

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
)

// Markdown is summary.md: a page for the job summary of a pipeline.
func Markdown(s Summary) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\n", md(s.Run.Plan), s.Verdict.Word, md(s.Verdict.Headline))
	if s.Run.Description != "" {
		fmt.Fprintf(&b, "> %s\n\n", md(s.Run.Description))
	}
	for _, t := range s.Verdict.Findings {
		fmt.Fprintf(&b, "- %s\n", md(t))
	}
	if len(s.Verdict.Findings) > 0 {
		b.WriteString("\n")
	}
	s.markdownExpects(&b)
	s.markdownSeeds(&b)
	s.markdownAudits(&b)
	s.markdownProbes(&b)
	s.markdownAccounts(&b)
	s.markdownFaults(&b)
	s.markdownSteps(&b)
	s.markdownNotes(&b)
	fmt.Fprintf(&b, "Run `%s` (%s), seed %d, %s long, xdc %s.\n", code(s.Run.ID), md(s.Run.setting()), s.Run.Seed, about(s.Run.Elapsed), md(s.Run.Version))
	return []byte(b.String())
}

// setting says against what the plan ran.
func (r Run) setting() string {
	switch {
	case r.Mode == "rehearse" && r.Virtual:
		return "rehearsal against a twin, in virtual time"
	case r.Mode == "rehearse":
		return "rehearsal against a twin, in real time"
	case r.StandIn != "":
		return "apply against the stand-in " + r.StandIn
	}
	return r.Mode + " for real"
}

func (s Summary) markdownExpects(b *strings.Builder) {
	if len(s.Expects) == 0 {
		return
	}
	b.WriteString("| expectation | verdict | required | measured |\n| --- | --- | --- | --- |\n")
	for _, e := range s.Expects {
		fmt.Fprintf(b, "| %s | %s | `%s` | %s |\n", md(e.Step), verdictWords(e), code(e.Text), md(e.measured()))
	}
	b.WriteString("\n")
	for _, e := range s.Expects {
		if e.Verdict == event.Met || e.Verdict == event.NotJudged {
			continue
		}
		fmt.Fprintf(b, "**%s** (%s:%d) is %s", md(e.Step), md(e.File), e.Line, e.Verdict)
		if e.Message != "" {
			fmt.Fprintf(b, ": %s", md(e.Message))
		}
		fmt.Fprintf(b, ". %s", md(e.Why))
		if e.Basis != "" {
			fmt.Fprintf(b, " (%s)", md(e.Basis))
		}
		b.WriteString("\n\n")
	}
}

func verdictWords(e Expect) string {
	if e.Severity == "should" && e.Verdict != event.Met {
		return string(e.Verdict) + " (should)"
	}
	return string(e.Verdict)
}

// measured is the figure that an expectation is about, or the values of its operands.
func (e Expect) measured() string {
	if o := e.Objective; o != nil && o.Measured != nil {
		return figure(o.Measured, o.Unit)
	}
	var parts []string
	for _, v := range e.Values {
		parts = append(parts, v.Name+" = "+v.Text)
	}
	return strings.Join(parts, ", ")
}

func (s Summary) markdownAudits(b *strings.Builder) {
	if len(s.Audits) == 0 {
		return
	}
	b.WriteString("| audit | acknowledged | delivered | lost | inconclusive | duplicated | across | reordered | corrupted |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, a := range s.Audits {
		c := a.Total
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", md(a.Step), count(c.Acked), count(c.Delivered), count(c.Lost),
			count(c.Inconclusive), count(c.Duplicated), count(c.DuplicatedAcross), count(c.Reordered), count(c.Corrupted))
	}
	b.WriteString("\n")
	for _, a := range s.Audits {
		if causes := a.Total.Causes.Words(count); causes != nil {
			fmt.Fprintf(b, "Lost by %s: %s.\n\n", md(a.Step), strings.Join(causes, "; "))
		}
		if g := guarantees(a.Total.Checks); g != nil {
			fmt.Fprintf(b, "Guarantees of %s: %s.\n\n", md(a.Step), strings.Join(g, "; "))
		}
	}
}

func (s Summary) markdownSeeds(b *strings.Builder) {
	if len(s.Seeds) == 0 {
		return
	}
	b.WriteString("| seed | sent | acknowledged | rejected | no answer | unsent | latency p50 | p90 | p99 | max |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, x := range s.Seeds {
		fmt.Fprintf(b, "| %s | %s |\n", md(x.Step), strings.Join(x.cells(), " | "))
	}
	b.WriteString("\n")
}

// cells are a seed's figures in words: what became of its records, and their latencies.
func (x Seed) cells() []string {
	var out []string
	for _, k := range []string{"sent", "acked", "rejected", "indeterminate", "unsent"} {
		out = append(out, count(x.Totals[k]))
	}
	for _, k := range []string{"p50", "p90", "p99", "max"} {
		switch b, ok := x.Latency[k]; {
		case !ok:
			out = append(out, "")
		case b.High == nil:
			out = append(out, "more than "+about(b.Low))
		default:
			out = append(out, about(*b.High))
		}
	}
	return out
}

func (s Summary) markdownFaults(b *strings.Builder) {
	first := true
	for _, f := range s.Faults {
		if f.Kind != "fault" {
			continue
		}
		if first {
			b.WriteString("| fault | began | healed |\n| --- | --- | --- |\n")
			first = false
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", md(f.Step), f.Injected.words(), f.healedWords())
	}
	if !first {
		b.WriteString("\n")
	}
}

func (s *Span) words() string {
	if s == nil {
		return "never"
	}
	return when(s.Low, s.High)
}

func (f Fault) healedWords() string {
	switch {
	case f.Later:
		return "later, by xdc recover"
	case f.Healed != nil:
		return when(f.Healed.Low, f.Healed.High)
	case f.Phase == event.Kept:
		return "kept, as the plan says"
	}
	return "NOT HEALED"
}

func (s Summary) markdownSteps(b *strings.Builder) {
	var failed []Step
	for _, st := range s.Steps {
		if st.State == event.Failed {
			failed = append(failed, st)
		}
	}
	for _, st := range failed {
		fmt.Fprintf(b, "- **%s** failed: %s\n", md(st.Step), md(st.Reason))
	}
	if len(failed) > 0 {
		b.WriteString("\n")
	}
}

func (s Summary) markdownNotes(b *strings.Builder) {
	n := 0
	for _, x := range s.Notes {
		if x.Level == "warning" {
			fmt.Fprintf(b, "- %s %s %s\n", about(x.At), md(x.Subject), md(x.Text))
			n++
		}
	}
	if n > 0 {
		b.WriteString("\n")
	}
}

// md makes text harmless in Markdown and in the HTML that Markdown may hold.
func md(s string) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	r := strings.NewReplacer(`\`, `\\`, "`", "\\`", "|", `\|`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`, "!", `\!`)
	return r.Replace(s)
}

// code makes text harmless between backticks in a table.
func code(s string) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	return strings.NewReplacer("`", "'", "|", `\|`).Replace(s)
}
