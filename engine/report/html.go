package report

import (
	"bytes"
	_ "embed" // the page's template and style
	"fmt"
	"html/template"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
)

//go:embed report.html.tmpl
var pageTemplate string

//go:embed report.css
var pageStyle string

// HTML is report.html: one file, without scripts and without anything from elsewhere.
func HTML(s Summary) ([]byte, error) {
	t, err := template.New("report").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("read the report's template: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newPage(s)); err != nil {
		return nil, fmt.Errorf("write the report as HTML: %w", err)
	}
	return []byte(clean(b.String())), nil
}

// page is what the template shows: text, ready for people. html/template escapes all of it but the drawings,
// which escape for themselves.
type page struct {
	Style                        template.CSS
	Summary                      Summary
	Word, Tone, Setting, Started string
	Elapsed                      string
	Tiles                        []tile
	Expects                      []expectRow
	Timeline, Health, Throughput template.HTML
	TimelineLeft                 int
	Legend                       []legend
	Seeds                        []seedRow
	Audits                       []auditRow
	Probes                       []probeRow
	Accounts                     []accountRow
	Faults                       []faultRow
	Claims                       []claimRow
	Steps                        []stepRow
	Predictions                  []predictedRow
	Notes                        []noteRow
	Sampling                     []samplingRow
	Outputs                      []NamedValue
	Recoveries                   []recoveryRow
}

type tile struct{ Label, Value, Under, Tone string }

type expectRow struct {
	Expect
	Tone, Required, Measured, Where string
	Gauge                           template.HTML
}

type legend struct{ Class, Name, Step string }

type auditRow struct {
	Step, Place                                                                                string
	Sent, Acked, Delivered, Once, Lost, Inconclusive, Duplicated, Across, Reordered, Corrupted string
	Loss, RPO, Outage                                                                          string
	Whole                                                                                      bool
	Blind, Gaps, IDs, Guarantees, Causes                                                       []string
	More                                                                                       int64
}

type faultRow struct{ Step, Summary, Began, Healed, Held, Evidence, After, Error, Tone string }

type stepRow struct{ Step, State, Tone, Start, Took, Reason, Summary, Where string }

type predictedRow struct{ Fault, Target, Quantity, Predicted, Measured, By, Words, Agrees, Tone string }

type noteRow struct{ At, Level, Subject, Text, Code string }

type samplingRow struct {
	Signal                 string
	Samples                string
	Median, Longest, Width string
}

type recoveryRow struct{ Step, Until, Since, Sentence, Began, Injected, Sampling string }

var toneOf = map[string]string{Passed: "good", Failed: "bad", Broken: "warn", Interrupted: "warn", NotHealed: "bad", NotStarted: "warn", Unfinished: "bad"}

func newPage(s Summary) page {
	p := page{
		Style:   template.CSS(pageStyle), //nolint:gosec // our own file
		Summary: s, Word: s.Verdict.Word, Tone: toneOf[s.Verdict.Word], Setting: s.Run.setting(),
		Started: s.Run.Started.UTC().Format("2 January 2006, 15:04:05 UTC"), Elapsed: about(s.Run.Elapsed),
		Tiles: s.tiles(), Health: s.health(), Throughput: s.throughput(),
	}
	p.Timeline, p.TimelineLeft = s.timeline()
	for _, e := range s.Expects {
		p.Expects = append(p.Expects, e.row())
	}
	if s.Throughput != nil {
		for i, l := range s.Throughput.Lines {
			p.Legend = append(p.Legend, legend{lineClass(s.Throughput, i), l.Name, l.Step})
		}
	}
	for _, x := range s.Seeds {
		p.Seeds = append(p.Seeds, seedRow{x.Step, x.cells()})
	}
	for _, a := range s.Audits {
		p.Audits = append(p.Audits, a.rows()...)
	}
	for _, x := range s.Probes {
		p.Probes = append(p.Probes, x.rows()...)
	}
	for _, x := range s.Accounts {
		p.Accounts = append(p.Accounts, x.row())
	}
	for _, f := range s.Faults {
		p.Faults = append(p.Faults, f.row())
	}
	for _, c := range s.Claims {
		p.Claims = append(p.Claims, c.row())
	}
	for _, st := range s.Steps {
		if st.Kind != "expect" {
			p.Steps = append(p.Steps, st.row())
		}
	}
	for _, x := range s.Predictions {
		p.Predictions = append(p.Predictions, x.row())
	}
	for _, n := range append(append([]Note(nil), s.Warnings...), s.Notes...) {
		p.Notes = append(p.Notes, noteRow{about(n.At), n.Level, n.Subject, n.Text, n.Code})
	}
	for _, x := range s.Sampling {
		p.Sampling = append(p.Sampling, samplingRow{x.Signal, count(int64(x.Samples)), about(x.Median), atMost(x.Longest), atMost(x.Width)})
	}
	for _, r := range s.Recoveries {
		p.Recoveries = append(p.Recoveries, r.row())
	}
	for _, o := range s.Outputs {
		p.Outputs = append(p.Outputs, NamedValue{o.Name, string(o.Value)})
	}
	return p
}

// tiles are the figures that are read first.
func (s Summary) tiles() []tile {
	c := s.Verdict.Counts
	req := tile{Label: "Requirements met", Value: fmt.Sprintf("%d of %d", c.Met, c.must()), Tone: "good"}
	if c.NotMet > 0 {
		req.Tone = "bad"
	} else if c.Inconclusive > 0 || c.must() == 0 {
		req.Tone = "warn"
	}
	var under []string
	if c.Inconclusive > 0 {
		under = append(under, fmt.Sprintf("%d inconclusive", c.Inconclusive))
	}
	if c.Skipped > 0 {
		under = append(under, fmt.Sprintf("%d skipped", c.Skipped))
	}
	if c.ShouldFailed > 0 {
		under = append(under, fmt.Sprintf("%d “should” missed", c.ShouldFailed))
	}
	req.Under = strings.Join(under, ", ")
	out := []tile{req}
	for _, r := range s.Recoveries {
		out = append(out, r.tile(s))
	}
	for _, a := range s.Audits {
		out = append(out, a.tiles(s)...)
	}
	for _, p := range s.Probes {
		out = append(out, p.tiles(s)...)
	}
	if len(out) > 7 {
		out = out[:7]
	}
	return append(out, s.healTile())
}

func (r Recovery) tile(s Summary) tile {
	t := tile{Label: "Recovery time", Value: between(r.bounds()), Under: r.Step, Tone: s.objectiveTone(r.Step, "rto")}
	switch {
	case r.RTO == nil && r.TimedOut:
		t.Value, t.Under = "never", "more than "+atLeast(r.RTOLow)+" ("+r.Step+")"
		t.Tone = "bad"
	case r.RTO == nil:
		t.Value, t.Tone = "not disturbed", "warn"
	}
	if o := s.objective(r.Step, "rto"); o != nil {
		t.Under += ", objective " + o.limit()
	}
	return t
}

func (a Audit) tiles(s Summary) []tile {
	c := a.Total
	loss := tile{Label: "Acknowledged records lost", Value: count(c.Lost), Under: percent(c.LostPercent) + " of " + count(c.Acked), Tone: s.objectiveTone(a.Step, "lost_percent")}
	if c.Inconclusive > 0 {
		loss.Value += " to " + count(c.Lost+c.Inconclusive)
		loss.Under = "about " + count(c.Inconclusive) + " of " + count(c.Acked) + " nothing can be said"
	}
	if o := s.objective(a.Step, "lost"); o != nil {
		loss.Tone = s.objectiveTone(a.Step, "lost")
		loss.Under += ", objective " + o.limit()
	} else if o := s.objective(a.Step, "lost_percent"); o != nil {
		loss.Under += ", objective " + o.limit()
	}
	out := []tile{loss}
	if c.Outage != nil {
		t := tile{Label: "Longest time without output", Value: between(&Bounds{c.Outage.Low, &c.Outage.High}), Under: a.Step, Tone: s.objectiveTone(a.Step, "outage")}
		if o := s.objective(a.Step, "outage"); o != nil {
			t.Under += ", objective " + o.limit()
		}
		out = append(out, t)
	}
	return out
}

// objective finds the objective for a figure of a step; that of a must before that of a should.
func (s Summary) objective(step, quantity string) *Objective {
	var found *Objective
	for _, e := range s.Expects {
		if o := e.Objective; o != nil && o.Step == step && o.Quantity == quantity && (found == nil || e.Severity != "should") {
			found = o
		}
	}
	return found
}

func (s Summary) objectiveTone(step, quantity string) string {
	for _, e := range s.Expects {
		if o := e.Objective; o != nil && o.Step == step && o.Quantity == quantity {
			return tone(e)
		}
	}
	return "none"
}

func (s Summary) healTile() tile {
	done, all := 0, 0
	for _, f := range s.Faults {
		if f.Kind != "fault" {
			continue
		}
		all++
		if f.Phase == event.Healed {
			done++
		}
	}
	t := tile{Label: "Faults healed", Value: fmt.Sprintf("%d of %d", done, all), Tone: "good"}
	switch {
	case len(s.Verdict.Owed) > 0:
		t.Tone, t.Under = "bad", "xdc recover "+s.Run.ID
	case all == 0:
		t.Tone, t.Under = "none", "no fault was injected"
	}
	return t
}

func (e Expect) row() expectRow {
	r := expectRow{Expect: e, Tone: tone(e), Required: e.Text, Measured: e.measured(), Where: where(e.File, e.Line)}
	if o := e.Objective; o != nil && o.Measured != nil && o.Unit == unitSeconds && (o.Relation == "<=" || o.Relation == "<") {
		r.Gauge = o.gauge(r.Tone)
	}
	return r
}

// gauge draws the bounds of a measured time against its limit.
func (o Objective) gauge(tone string) template.HTML {
	most := o.Limit * 1.25
	high := o.Measured.Low * 1.2
	if o.Measured.High != nil {
		high = *o.Measured.High
	}
	most = max(most, high*1.05, 0.001)
	x := func(v float64) string { return px(v / most * 240) }
	label := fmt.Sprintf("%s, %s", figure(o.Measured, o.Unit), o.limit())
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers and our own words
		`<svg class="gauge" viewBox="0 0 240 18" role="img" aria-label="%s"><rect class="rail" x="0" y="7" width="240" height="4" rx="2"/><rect class="sure %s" x="0" y="5" width="%s" height="8" rx="2"/><rect class="maybe %s" x="%s" y="5" width="%s" height="8" rx="2"/><line class="limit" x1="%s" y1="0" x2="%s" y2="18"/></svg>`,
		escape(label), tone, x(o.Measured.Low), tone, x(o.Measured.Low), x(max(high-o.Measured.Low, 0)), x(o.Limit), x(o.Limit)))
}

func where(file string, line int) string {
	if file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", file, line)
}

func (r Recovery) row() recoveryRow {
	out := recoveryRow{
		Step: r.Step, Until: r.Until, Since: r.Since, Sentence: r.sentence(),
		Injected: when(r.InjectedLow, r.InjectedHigh), Sampling: atMost(r.Sampling),
	}
	if r.RTO != nil {
		out.Began = when(r.BeganLow, r.BeganHigh)
	}
	if r.Why != "" {
		out.Sentence += " " + r.Why
	}
	return out
}

func (st Step) row() stepRow {
	r := stepRow{Step: st.Step, State: string(st.State), Reason: st.Reason, Summary: st.Summary, Where: where(st.File, st.Line)}
	if st.Start != nil {
		r.Start = about(*st.Start)
		if st.End != nil {
			r.Took = about(*st.End - *st.Start)
		}
	}
	switch {
	case st.Finding:
		r.Tone, r.State = "bad", "never came"
	case st.State == event.Failed:
		r.Tone = "bad"
	case st.State == event.Done:
		r.Tone = "good"
	default:
		r.Tone = "none"
	}
	return r
}

func (f Fault) row() faultRow {
	r := faultRow{
		Step: f.Step, Summary: f.Summary, Began: f.Injected.words(), Healed: f.healedWords(), Held: f.Held,
		Evidence: f.Evidence, After: f.After, Error: f.Error, Tone: "good",
	}
	if f.Phase != event.Healed && f.Phase != event.Kept {
		r.Tone = "bad"
	}
	return r
}

var quantityWords = map[string]string{"detection": "the other side believed down", "takeover": "takeover done", "loss_window": "age of the oldest change that may be lost"}

func (x Predicted) row() predictedRow {
	high := x.High
	r := predictedRow{
		Fault: x.Fault, Target: x.Target, Quantity: x.Quantity, Predicted: between(&Bounds{x.Low, &high}), By: x.By,
		Words: x.Words, Measured: between(x.Measured), Tone: "none", Agrees: "not compared",
	}
	if w := quantityWords[x.Quantity]; w != "" {
		r.Quantity = w
	}
	if !x.Possible {
		r.Predicted = "does not happen while the fault lasts"
	}
	if x.Agrees != nil {
		r.Agrees, r.Tone = "agrees", "good"
		if !*x.Agrees {
			r.Agrees, r.Tone = "differs", "warn"
		}
	}
	return r
}

// rows are the totals and, where there is more than one, each target.
func (a Audit) rows() []auditRow {
	total := auditOf(a.Step, "all", a.Total)
	total.Whole = true
	for _, b := range a.Ranges {
		total.Blind = append(total.Blind, fmt.Sprintf("%s, %s to %s: %s", b.Target, about(b.From), about(b.To), b.Cause))
	}
	total.Guarantees = guarantees(a.Total.Checks)
	total.Causes = a.Total.Causes.Words(count)
	for i, g := range a.Gaps {
		if i == 20 {
			total.Gaps = append(total.Gaps, fmt.Sprintf("and %d more", len(a.Gaps)-i))
			break
		}
		place := g.Target
		if place == "" {
			place = "everywhere"
		}
		total.Gaps = append(total.Gaps, fmt.Sprintf("%s, %s to %s (%s)", place, about(g.From), about(g.To), about(g.To-g.From)))
	}
	total.IDs = a.LostIDs
	if len(total.IDs) > 12 {
		total.IDs = total.IDs[:12]
	}
	total.More = a.Total.Lost - int64(len(total.IDs))
	out := []auditRow{total}
	if len(a.At) > 1 {
		for _, t := range sorted(a.At) {
			out = append(out, auditOf("", t, a.At[t]))
		}
	}
	return out
}

// seedRow is what a seed put in, in words.
type seedRow struct {
	Step  string
	Cells []string
}

func auditOf(step, place string, c event.AuditCounts) auditRow {
	r := auditRow{
		Step: step, Place: place, Sent: count(c.Sent), Acked: count(c.Acked), Delivered: count(c.Delivered), Once: count(c.Once),
		Lost: count(c.Lost), Inconclusive: count(c.Inconclusive), Duplicated: count(c.Duplicated),
		Across: count(c.DuplicatedAcross), Reordered: count(c.Reordered), Corrupted: count(c.Corrupted),
		Loss: percent(c.LostPercent), RPO: "nothing lost", Outage: "no output seen",
	}
	if c.RPO != nil {
		r.RPO = between(&Bounds{c.RPO.Low, &c.RPO.High})
	}
	if c.Outage != nil {
		r.Outage = between(&Bounds{c.Outage.Low, &c.Outage.High})
	}
	return r
}
