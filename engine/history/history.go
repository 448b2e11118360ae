// Package history says what several runs of one plan say together, and whether they are worse than others.
//
// It is a pure function of the runs' summaries.
package history

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

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
	// Covers is the share of all runs that, with the confidence, are no larger than Max.
	Covers float64 `json:"max_covers"`
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

// sound are the runs that came to verdicts.
func (c *Comparison) sound(runs []report.Summary, names *[]string) []report.Summary {
	var out []report.Summary
	for _, s := range runs {
		if s.Verdict.Code == nil || *s.Verdict.Code != 0 && *s.Verdict.Code != 2 {
			c.Broken = append(c.Broken, s.Run.ID+" "+s.Verdict.Word)
			continue
		}
		*names = append(*names, s.Run.ID)
		out = append(out, s)
	}
	return out
}

// key names a figure.
type key struct{ step, what, unit string }

// measured collects what runs measured; doubt counts the runs that did not.
func measured(runs []report.Summary) (keys []key, of map[key]statistics.Sample, doubt map[key]int) {
	of, doubt = map[key]statistics.Sample{}, map[key]int{}
	add := func(k key, v float64, ok bool) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
		if ok {
			of[k] = append(of[k], v)
		} else {
			doubt[k]++
		}
	}
	for _, s := range runs {
		for _, m := range s.Recoveries {
			k := key{m.Step, "rto", "seconds"}
			switch {
			case m.RTO != nil:
				add(k, *m.RTO, true)
			case m.TimedOut:
				add(k, math.Inf(1), true)
			default:
				add(k, 0, false)
			}
		}
		for _, p := range s.Probes {
			probed(p, add)
		}
		for _, a := range s.Audits {
			sure := a.Total.Inconclusive == 0
			add(key{a.Step, "lost", "records"}, float64(a.Total.Lost), sure)
			add(key{a.Step, "rpo", "seconds"}, high(a.Total.RPO), sure)
			if a.Total.Outage != nil {
				add(key{a.Step, "outage", "seconds"}, a.Total.Outage.High, true)
			} else {
				add(key{a.Step, "outage", "seconds"}, 0, false)
			}
		}
	}
	return keys, of, doubt
}

// probed adds the figures of a probe. What is not bounded never came; where no client was disturbed there is no recovery time.
func probed(p report.Probe, add func(key, float64, bool)) {
	figure := func(what string, i *event.Interval) {
		switch {
		case i == nil:
			add(key{p.Step, what, "seconds"}, 0, false)
		case i.High == nil:
			add(key{p.Step, what, "seconds"}, math.Inf(1), true)
		default:
			add(key{p.Step, what, "seconds"}, *i.High, true)
		}
	}
	figure("outage", p.Total.Outage)
	for _, r := range p.Recoveries {
		what := "rto since " + r.Since
		if !r.Disturbed {
			figure(what, nil)
			continue
		}
		figure(what, &event.Interval{High: r.RTOHigh})
	}
	figure("latency_p99", p.Total.P99)
}

// high is the upper bound; nothing lost reaches back to nothing.
func high(b *event.Bounds) float64 {
	if b == nil {
		return 0
	}
	return b.High
}

func (c *Comparison) figures(now, before []report.Summary, o Options, against bool) {
	keys, of, doubt := measured(now)
	_, was, wasDoubt := measured(before)
	for _, k := range keys {
		f := Figure{Step: k.step, What: k.what, Unit: k.unit, Distribution: distribution(of[k], doubt[k], o)}
		if against {
			d := distribution(was[k], wasDoubt[k], o)
			f.Baseline = &d
			p, least := statistics.Larger(was[k], of[k], o.Tolerance)
			f.Evidence = unjudged(p, least, o)
		}
		c.Figures = append(c.Figures, f)
	}
}

func distribution(s statistics.Sample, doubt int, o Options) Distribution {
	d := Distribution{N: len(s), Doubt: doubt, Median: Second(s.Quantile(0.5)), P90: Second(s.Quantile(0.9)), Max: Second(s.Quantile(1)), Covers: statistics.MaxCovers(len(s), o.Confidence)}
	for _, x := range s {
		if math.IsInf(x, 1) {
			d.Never++
		}
	}
	if i, ok := s.Median(o.Confidence); ok {
		low, high := Second(i.Low), Second(i.High)
		d.Low, d.High = &low, &high
	}
	return d
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

// Words is a figure as people write it: "17.9 s", "3 records", "never".
func Words(x Second, unit string) string {
	v := float64(x)
	switch {
	case math.IsNaN(v):
		return "-"
	case math.IsInf(v, 1):
		return "never"
	case unit == "records":
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return fmt.Sprintf("%.3fs", v)
}
