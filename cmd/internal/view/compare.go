package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/xdc-project/xdc/engine/history"
)

// Comparison shows what several runs say together.
func Comparison(w io.Writer, c history.Comparison, o history.Options, st Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", st.ink(bold, Clean(c.Plan)), counted(len(c.Runs), "run"))
	if len(c.Baseline) > 0 {
		fmt.Fprintf(&b, ", against %s of the baseline", counted(len(c.Baseline), "run"))
	}
	b.WriteString("\n")
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "  %s %s\n", st.ink(yellow, "note:"), Clean(n))
	}
	for _, n := range c.Broken {
		fmt.Fprintf(&b, "  %s %s\n", st.ink(yellow, "left out:"), Clean(n))
	}
	for _, f := range c.Figures {
		fmt.Fprintf(&b, "\n%s %s\n", st.ink(bold, Clean(f.Step)), f.What)
		distribution(&b, "", f.Distribution, f.Unit, o)
		if f.Baseline != nil {
			distribution(&b, "baseline ", *f.Baseline, f.Unit, o)
			differences(&b, f)
			evidence(&b, f.Evidence, st)
		}
	}
	if len(c.Expects) > 0 {
		b.WriteString("\n")
	}
	for _, s := range c.Expects {
		fmt.Fprintf(&b, "%s  met in %d of %d, that is in %.0f%% to %.0f%% of all runs", Clean(s.Step), s.Met, s.Of, 100*s.Low, 100*s.High)
		if s.P != nil {
			fmt.Fprintf(&b, "; baseline %d of %d\n", s.BaselineMet, s.BaselineOf)
			evidence(&b, s.Evidence, st)
			continue
		}
		b.WriteString("\n")
	}
	if len(c.Baseline) > 0 {
		b.WriteString("\n")
		if len(c.Worse) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", st.ink(red, "WORSE than the baseline"), Clean(strings.Join(c.Worse, ", ")))
		} else {
			b.WriteString("There is no evidence that anything is worse than the baseline.\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func distribution(b *strings.Builder, label string, d history.Distribution, unit string, o history.Options) {
	fmt.Fprintf(b, "  %s", label)
	if d.N == 0 {
		b.WriteString("not measured")
	} else {
		fmt.Fprintf(b, "median %s", history.Words(d.Median, unit))
		if d.Low != nil {
			fmt.Fprintf(b, " (%s to %s, %g%% sure)", history.Words(*d.Low, unit), history.Words(*d.High, unit), 100*o.Confidence)
		}
		fmt.Fprintf(b, ", 90%% up to %s, most %s (covers %.0f%% of all runs)", history.Words(d.P90, unit), history.Words(d.Max, unit), 100*d.Covers)
		if d.Mean != nil {
			fmt.Fprintf(b, ", mean %s", history.Words(*d.Mean, unit))
			if d.MeanLow != nil {
				fmt.Fprintf(b, " (%s to %s)", history.Words(*d.MeanLow, unit), history.Words(*d.MeanHigh, unit))
			}
		}
	}
	if d.Never > 0 {
		fmt.Fprintf(b, ", never in %d", d.Never)
	}
	if d.Doubt > 0 {
		fmt.Fprintf(b, ", in doubt in %d", d.Doubt)
	}
	b.WriteString("\n")
}

func differences(b *strings.Builder, f history.Figure) {
	if d := f.MedianDifference; d != nil {
		fmt.Fprintf(b, "  median differs by %s\n", d.Words(f.Unit))
	}
	if d := f.MeanDifference; d != nil {
		fmt.Fprintf(b, "  mean differs by %s\n", d.Words(f.Unit))
	}
}

func evidence(b *strings.Builder, e history.Evidence, st Style) {
	text := e.Verdict
	if e.Verdict == history.Worse {
		text = st.ink(red, text)
	}
	fmt.Fprintf(b, "  %s (p = %.4f)\n", text, *e.P)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
