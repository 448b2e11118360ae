// Package history says what several runs of one plan say together, and whether they are worse than others.
//
// It is a pure function of the runs' summaries.
package history

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/engine/statistics"
)

// Format identifies a comparison.
const Format = "xdc.comparison/1"

// Options say when something counts as worse.
type Options struct {
	// Level is how probable it may be that anything at all is called worse although nothing is: 0.05.
	Level float64
	// Tolerance is by which share figures may be larger than the baseline's without counting as worse: 0.1 is 10%.
	Tolerance float64
	// Confidence is that of the intervals: 0.95.
	Confidence float64
	// Mixed allows runs of different plans.
	Mixed bool
}

// Second is a figure: seconds or a count; +Inf, where what was waited for never came, is written as null.
type Second float64

// MarshalJSON implements json.Marshaler.
func (s Second) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(s), 0) || math.IsNaN(float64(s)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(s))
}

// Comparison is what came out.
type Comparison struct {
	Format   string   `json:"format"`
	Plan     string   `json:"plan"`
	Runs     []string `json:"runs"`
	Baseline []string `json:"baseline,omitempty"`
	Broken   []string `json:"broken,omitempty"` // runs that did not come to verdicts, and what became of them
	Notes    []string `json:"notes,omitempty"`
	Figures  []Figure `json:"figures"`
	Expects  []Share  `json:"expectations"`
	// Worse lists what is worse than the baseline; empty: there is no evidence that anything is.
	Worse []string `json:"worse,omitempty"`
}

// Figure is one measured quantity over the runs.
type Figure struct {
	Step string `json:"step"`
	What string `json:"what"` // rto, rpo, outage, lost
	Unit string `json:"unit"` // seconds, records
	Distribution
	Baseline *Distribution `json:"baseline,omitempty"`
	// Median and mean, now less before; missing where too few runs measured it, or it did not come in some of them.
	MedianDifference *Difference `json:"median_difference,omitempty"`
	MeanDifference   *Difference `json:"mean_difference,omitempty"`
	Evidence
}

// Distribution is how a figure is distributed.
type Distribution struct {
	N      int    `json:"n"`
	Never  int    `json:"never,omitempty"`    // of these, how often it never came
	Doubt  int    `json:"in_doubt,omitempty"` // runs that did not measure it
	Median Second `json:"median"`
	// Low and High enclose the median with the confidence; they are missing where there are too few runs.
	Low  *Second `json:"median_low,omitempty"`
	High *Second `json:"median_high,omitempty"`
	P90  Second  `json:"p90"`
	Max  Second  `json:"max"`
	// P90Low and P90High enclose it as Low and High do the median. Without P90High nothing bounds it: there are too few
	// runs, or it did not come in too many.
	P90Low  *Second `json:"p90_low,omitempty"`
	P90High *Second `json:"p90_high,omitempty"`
	// Covers is the share of all runs that, with the confidence, are no larger than Max.
	Covers float64 `json:"max_covers"`
	// Mean is missing where it never came in some run. MeanLow and MeanHigh enclose it by the bootstrap, approximately; they are
	// missing where there are too few runs, or all are equal.
	Mean     *Second `json:"mean,omitempty"`
	MeanLow  *Second `json:"mean_low,omitempty"`
	MeanHigh *Second `json:"mean_high,omitempty"`
	// Seen is what each run measured, in their order.
	Seen []Seen `json:"seen,omitempty"`
}

// Seen is what one run measured.
type Seen struct {
	Run   string `json:"run"`
	Value Second `json:"value"`              // null: it never came, or is in doubt
	Doubt bool   `json:"in_doubt,omitempty"` // it was not measured
}

// Difference is by how much a figure is larger than the baseline's, and between what that lies by the bootstrap.
type Difference struct {
	Value Second `json:"value"`
	Low   Second `json:"low"` // null: unbounded
	High  Second `json:"high"`
}

// Evidence is what a comparison with the baseline says.
type Evidence struct {
	Verdict string   `json:"verdict,omitempty"` // worse, no evidence, too few runs; empty without a baseline
	P       *float64 `json:"p,omitempty"`
}

// Share is how often an expectation was met.
type Share struct {
	Step     string `json:"step"`
	Severity string `json:"severity"`
	Met      int    `json:"met"`
	Of       int    `json:"of"`
	// Low and High enclose the share of all runs with the confidence.
	Low         float64 `json:"low"`
	High        float64 `json:"high"`
	BaselineMet int     `json:"baseline_met,omitempty"`
	BaselineOf  int     `json:"baseline_of,omitempty"`
	Evidence
}

// The verdicts of a comparison.
const (
	Worse      = "worse"
	NoEvidence = "no evidence"
	TooFew     = "too few runs"
)

// Compare looks at runs, and at those of a baseline where there is one.
func Compare(runs, baseline []report.Summary, o Options) (Comparison, error) {
	c := Comparison{Format: Format, Figures: []Figure{}, Expects: []Share{}}
	if len(runs) == 0 {
		return c, fmt.Errorf("there is no run to look at")
	}
	c.Plan = runs[0].Run.Plan
	digests := map[string]bool{}
	for _, s := range slices.Concat(runs, baseline) {
		if s.Run.Plan != c.Plan && !o.Mixed {
			return c, fmt.Errorf("%s is a run of the plan %q and %s one of %q: their figures do not measure the same; --mixed compares them nevertheless", runs[0].Run.ID, c.Plan, s.Run.ID, s.Run.Plan)
		}
		if s.Run.Mode != runs[0].Run.Mode {
			c.note("there are runs of both apply and rehearse among them")
		}
		digests[s.Run.Digest] = true
	}
	if len(digests) > 1 {
		c.note(fmt.Sprintf("the plan was changed between them: they have %d digests", len(digests)))
	}
	now, before := c.sound(runs, &c.Runs), c.sound(baseline, &c.Baseline)
	c.figures(now, before, o, len(baseline) > 0)
	c.shares(now, before, o, len(baseline) > 0)
	c.judge(o)
	return c, nil
}

func (c *Comparison) note(text string) {
	if !slices.Contains(c.Notes, text) {
		c.Notes = append(c.Notes, text)
	}
}

// sound are the runs that came to verdicts, the earliest first.
func (c *Comparison) sound(runs []report.Summary, names *[]string) []report.Summary {
	var out []report.Summary
	for _, s := range runs {
		if s.Verdict.Code == nil || *s.Verdict.Code != 0 && *s.Verdict.Code != 2 {
			c.Broken = append(c.Broken, s.Run.ID+" "+s.Verdict.Word)
			continue
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b report.Summary) int { return a.Run.Started.Compare(b.Run.Started) })
	for _, s := range out {
		*names = append(*names, s.Run.ID)
	}
	return out
}

func (c *Comparison) shares(now, before []report.Summary, o Options, against bool) {
	count := func(runs []report.Summary, step string) (met, of int, severity string) {
		for _, s := range runs {
			for _, e := range s.Expects {
				if e.Step != step || e.Verdict == event.NotJudged {
					continue
				}
				of++
				severity = e.Severity
				if e.Verdict == event.Met {
					met++
				}
			}
		}
		return met, of, severity
	}
	var steps []string
	for _, s := range now {
		for _, e := range s.Expects {
			if !slices.Contains(steps, e.Step) {
				steps = append(steps, e.Step)
			}
		}
	}
	for _, step := range steps {
		met, of, severity := count(now, step)
		i := statistics.Share(met, of, o.Confidence)
		s := Share{Step: step, Severity: severity, Met: met, Of: of, Low: i.Low, High: i.High}
		if against {
			s.BaselineMet, s.BaselineOf, _ = count(before, step)
			p, least := statistics.Fewer(s.BaselineMet, s.BaselineOf, met, of)
			s.Evidence = unjudged(p, least, o)
		}
		c.Expects = append(c.Expects, s)
	}
}

// unjudged is evidence before all of it was looked at together.
func unjudged(p, least float64, o Options) Evidence {
	e := Evidence{Verdict: NoEvidence, P: &p}
	if least > o.Level {
		e.Verdict = TooFew
	}
	return e
}

// judge looks at all evidence together: the more figures there are, the more each must show.
func (c *Comparison) judge(o Options) {
	var all []*Evidence
	var names []string
	for i := range c.Figures {
		if f := &c.Figures[i]; f.P != nil {
			all, names = append(all, &f.Evidence), append(names, f.Step+" "+f.What)
		}
	}
	for i := range c.Expects {
		if s := &c.Expects[i]; s.P != nil && s.Severity != "should" {
			all, names = append(all, &s.Evidence), append(names, s.Step)
		}
	}
	ps := make([]float64, len(all))
	for i, e := range all {
		ps[i] = *e.P
	}
	for i, yes := range statistics.Holm(ps, o.Level) {
		if yes {
			all[i].Verdict = Worse
			c.Worse = append(c.Worse, names[i])
		}
	}
}
