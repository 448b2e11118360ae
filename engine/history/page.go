package history

import (
	"bytes"
	_ "embed" // the page's template and style
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:embed history.html.tmpl
var pageTemplate string

//go:embed history.css
var pageStyle string

// HTML is the comparison as one page, without scripts and without anything from elsewhere. o are the options it was made
// with. The same comparison gives the same bytes.
func HTML(c Comparison, o Options) ([]byte, error) {
	t, err := template.New("history").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("read the template of the history: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newPage(c, o)); err != nil {
		return nil, fmt.Errorf("write the history as HTML: %w", err)
	}
	return []byte(printable(b.String())), nil
}

// printable replaces control characters and broken UTF-8.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			return '�'
		}
		return r
	}, s)
}

// page is what the template shows: text, ready for people. html/template escapes all of it but the drawings, which escape for
// themselves.
type page struct {
	Style                         template.CSS
	Plan, Title, Headline, Caveat string
	Tone, Confidence, Evidence    string
	Against                       bool
	Notes, Broken, Columns        []string
	Figures                       []figureSection
	Expects                       []shareRow
	Runs                          []runRow
}

type figureSection struct {
	Name, Verdict string
	Chart         template.HTML
	Rows          []distributionRow
	Words         []string
}

type distributionRow struct {
	Name                                                          string
	N, Never, Doubt                                               int
	Median, MedianSure, P90, P90Sure, Max, Covers, Mean, MeanSure string
}

type shareRow struct {
	Step, Severity, Met, Sure, Before, Verdict, P string
	Chart                                         template.HTML
}

type runRow struct {
	Name     string
	Baseline bool
	Cells    []string
}

// ToneOf is the colour of a verdict.
func (page) ToneOf(verdict string) string {
	if verdict == Worse {
		return "bad"
	}
	return ""
}

func newPage(c Comparison, o Options) page {
	p := page{
		Style: template.CSS(pageStyle), //nolint:gosec // our own file
		Plan:  c.Plan, Title: runs(len(c.Runs)), Against: len(c.Baseline) > 0, Notes: c.Notes, Broken: c.Broken,
		Headline: "How " + runs(len(c.Runs)) + " went", Confidence: percent(o.Confidence),
		Evidence: fmt.Sprintf("“Worse” is said where there is evidence: with probability %s at most, it is said of anything although nothing is worse.", percent(o.Level)),
	}
	if p.Against {
		p.Title += ", against " + runs(len(c.Baseline)) + " of the baseline"
		p.Headline = "There is no evidence that anything is worse than the baseline"
		p.Caveat = "That is no proof that nothing is: more runs see smaller differences."
		if len(c.Worse) > 0 {
			p.Headline, p.Caveat, p.Tone = "Worse than the baseline: "+strings.Join(c.Worse, ", "), "", "bad"
		}
		if o.Tolerance > 0 {
			p.Evidence += fmt.Sprintf(" Figures up to %s larger than the baseline's do not count as worse.", percent(o.Tolerance))
		}
	}
	for _, f := range c.Figures {
		p.Figures = append(p.Figures, f.section())
		p.Columns = append(p.Columns, f.name())
	}
	for _, s := range c.Expects {
		p.Expects = append(p.Expects, s.row())
	}
	for _, id := range c.Runs {
		p.Runs = append(p.Runs, runRow{Name: id, Cells: c.cells(id, false)})
	}
	for _, id := range c.Baseline {
		p.Runs = append(p.Runs, runRow{Name: id, Baseline: true, Cells: c.cells(id, true)})
	}
	return p
}

// cells are what a run measured of each figure.
func (c Comparison) cells(run string, baseline bool) []string {
	out := make([]string, len(c.Figures))
	for i, f := range c.Figures {
		seen := f.Seen
		if baseline {
			seen = f.Baseline.Seen
		}
		out[i] = "–"
		for _, x := range seen {
			if x.Run == run {
				out[i] = x.words(f.Unit)
			}
		}
	}
	return out
}

func (x Seen) words(unit string) string {
	if x.Doubt {
		return "in doubt"
	}
	return Words(x.Value, unit)
}

func (f Figure) name() string { return f.Step + " " + f.What }

func (f Figure) section() figureSection {
	s := figureSection{Name: f.name(), Verdict: f.Verdict, Chart: f.chart(), Rows: []distributionRow{f.row("runs", f.Unit)}}
	if f.Baseline == nil {
		return s
	}
	s.Rows = append(s.Rows, f.Baseline.row("baseline", f.Unit))
	if f.P != nil {
		s.Words = append(s.Words, f.Verdict+": "+probability(*f.P)+".")
	}
	for _, d := range []struct {
		what string
		by   *Difference
	}{{"median", f.MedianDifference}, {"mean", f.MeanDifference}} {
		if d.by != nil {
			s.Words = append(s.Words, fmt.Sprintf("Difference of the %ss: %s.", d.what, d.by.Words(f.Unit)))
		}
	}
	return s
}

// Words are a difference and what it lies in: "+3.100s (+2.000s to +4.200s)".
func (d Difference) Words(unit string) string {
	return fmt.Sprintf("%s (%s to %s)", signed(d.Value, unit), signed(d.Low, unit), signed(d.High, unit))
}

func (d Distribution) row(name, unit string) distributionRow {
	r := distributionRow{Name: name, N: d.N, Never: d.Never, Doubt: d.Doubt, Median: "–", P90: "–", Max: "–", Mean: "–"}
	if d.N == 0 {
		return r
	}
	between := func(low, high *Second) string {
		switch {
		case low != nil && high != nil:
			return Words(*low, unit) + " to " + Words(*high, unit)
		case low != nil:
			return "at least " + Words(*low, unit)
		case high != nil:
			return "at most " + Words(*high, unit)
		}
		return "too few runs to say"
	}
	r.Median, r.MedianSure = Words(d.Median, unit), between(d.Low, d.High)
	r.P90, r.P90Sure = Words(d.P90, unit), between(d.P90Low, d.P90High)
	r.Max, r.Covers = Words(d.Max, unit), "covers "+percent(d.Covers)+" of all runs"
	if d.Mean != nil {
		r.Mean = Words(*d.Mean, unit)
		if d.MeanLow != nil {
			r.MeanSure = between(d.MeanLow, d.MeanHigh)
		}
	}
	return r
}

func (s Share) row() shareRow {
	r := shareRow{
		Step: s.Step, Severity: s.Severity, Met: fmt.Sprintf("%d of %d", s.Met, s.Of), Sure: percent(s.Low) + " to " + percent(s.High),
		Verdict: s.Verdict, Chart: s.chart(),
	}
	if s.P != nil {
		r.Before, r.P = fmt.Sprintf("%d of %d", s.BaselineMet, s.BaselineOf), probability(*s.P)
	}
	return r
}

func probability(p float64) string {
	if p < 0.0001 {
		return "p < 0.0001"
	}
	return fmt.Sprintf("p = %.4f", p)
}

func percent(share float64) string {
	return strconv.FormatFloat(float64(int(1000*share+0.5))/10, 'f', -1, 64) + "%"
}

func runs(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}
