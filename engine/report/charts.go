package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
)

// maxRows bounds the rows of the timeline; what matters least is left out first.
const maxRows = 60

// end is the right edge of the time axis.
func (s Summary) end() float64 {
	end := s.Run.Elapsed
	if t := s.Throughput; t != nil && len(t.Lines) > 0 {
		end = max(end, t.Width*float64(len(t.Lines[0].Rate))-t.Width)
	}
	return max(end, 1)
}

// shade marks the time in which each fault was in force, behind everything else.
func (s Summary) shade(d *drawing, top, bottom float64) {
	for _, f := range s.Faults {
		if f.Kind != "fault" || f.Injected == nil {
			continue
		}
		to := d.end
		if f.Healed != nil && !f.Later {
			to = f.Healed.High
		}
		d.rect("shade", f.Injected.Low, to, top, bottom-top, "")
	}
}

// timeline draws a row for every step that took time, with the bounds of faults and recoveries, and the verdicts.
func (s Summary) timeline() (svg template.HTML, left int) {
	rows, left := s.rows()
	if len(rows) == 0 && len(s.Expects) == 0 {
		return "", 0
	}
	const top = 8.0
	bottom := top + float64(len(rows))*rowHeight
	if len(s.Expects) > 0 {
		bottom += rowHeight
	}
	d := newDrawing("timeline", "Timeline of steps and faults", s.timelineWords(), bottom+24, s.end())
	fmt.Fprintf(&d.b, hatch, "hatch-t")
	d.axis(top, bottom)
	s.shade(d, top, bottom)
	for i, st := range rows {
		y := top + float64(i)*rowHeight
		d.name(y+16, st.Step)
		s.bar(d, st, y+5)
	}
	if len(s.Expects) > 0 {
		y := bottom - rowHeight
		d.name(y+16, "verdicts")
		for _, e := range s.Expects {
			d.diamond("verdict "+tone(e), e.At, y+12, fmt.Sprintf("%s: %s at %s", e.Step, e.Verdict, about(e.At)))
		}
	}
	return d.svg(), left
}

// timelineWords says the timeline in words.
func (s Summary) timelineWords() string {
	var parts []string
	for _, f := range s.Faults {
		if f.Kind == "fault" {
			parts = append(parts, fmt.Sprintf("%s began %s, healed %s", f.Step, f.Injected.words(), f.healedWords()))
		}
	}
	return strings.Join(parts, "; ")
}

var weight = map[string]int{"fault": 0, "wait": 1, "audit": 2, "probe": 3, "seed": 4, "action": 5, "job": 6}

// rows are the steps to draw in the order in which they started.
func (s Summary) rows() (rows []Step, left int) {
	for _, st := range s.Steps {
		if st.Start != nil && st.Kind != "expect" {
			rows = append(rows, st)
		}
	}
	if len(rows) > maxRows {
		slices.SortStableFunc(rows, func(a, b Step) int { return cmp.Compare(weight[a.Kind], weight[b.Kind]) })
		left = len(rows) - maxRows
		rows = rows[:maxRows]
	}
	slices.SortStableFunc(rows, func(a, b Step) int { return cmp.Compare(*a.Start, *b.Start) })
	return rows, left
}

// bar draws one step.
func (s Summary) bar(d *drawing, st Step, y float64) {
	const h = rowHeight - 10
	to := d.end
	if st.End != nil {
		to = *st.End
	}
	class := "bar " + st.Kind
	if st.State == event.Failed {
		class += " failed"
	}
	tip := fmt.Sprintf("%s: %s, %s to %s", st.Step, st.State, about(*st.Start), about(to))
	for _, f := range s.Faults {
		if f.Step == st.Step && f.Kind == "fault" && f.Injected != nil {
			s.faultBar(d, st, f, y, h)
			return
		}
	}
	for _, r := range s.Recoveries {
		if r.Step == st.Step {
			s.recoveryBar(d, r, st, to, y, h)
			return
		}
	}
	d.rect(class, *st.Start, to, y, h, tip)
}

// faultBar draws a fault with the bounds of its beginning and its end.
func (s Summary) faultBar(d *drawing, st Step, f Fault, y, h float64) {
	d.rect("bar waiting", *st.Start, f.Injected.Low, y+h/2-1, 2, st.Step+" waits for its moment")
	to := d.end
	if f.Healed != nil && !f.Later {
		to = f.Healed.Low
		d.rect("bounds", f.Healed.Low, f.Healed.High, y, h, f.Step+" healed "+f.healedWords())
	}
	d.rect("bounds", f.Injected.Low, f.Injected.High, y, h, f.Step+" began "+f.Injected.words())
	d.rect("bar fault", f.Injected.High, to, y, h, f.Step+" began "+f.Injected.words()+", healed "+f.healedWords())
}

// recoveryBar draws a measured recovery: solid as long as it was certainly not there, hatched where it may have begun.
func (s Summary) recoveryBar(d *drawing, r Recovery, st Step, to, y, h float64) {
	d.rect("bar wait", *st.Start, to, y, h, st.Step+" waited "+about(*st.Start)+" to "+about(to))
	if r.RTO == nil {
		return
	}
	d.rect("bar down", r.InjectedHigh, max(r.BeganLow, r.InjectedHigh), y+2, h-4, "not recovered")
	d.rect("bounds", r.BeganLow, r.BeganHigh, y+2, h-4, fmt.Sprintf("recovered between %s and %s of the run: %s", about(r.BeganLow), about(r.BeganHigh), between(r.bounds())))
}

// tone is the class of a verdict's colour.
func tone(e Expect) string {
	switch {
	case e.Verdict == event.Met:
		return "good"
	case e.Verdict == event.NotJudged:
		return "none"
	case e.Severity == "should", e.Verdict == event.Inconclusive:
		return "warn"
	}
	return "bad"
}

// health draws what was seen of each target.
func (s Summary) health() template.HTML {
	bands := s.Health
	if len(bands) > maxRows {
		bands = bands[:maxRows]
	}
	if len(bands) == 0 {
		return ""
	}
	const top = 8.0
	bottom, at := top, ""
	for _, b := range bands {
		if b.Target != at {
			bottom, at = bottom+20, b.Target
		}
		bottom += rowHeight - 3
	}
	d := newDrawing("health", "Health of each side over time", "Each row is a signal; unknown stretches are left empty.", bottom+24, s.end())
	d.axis(top, bottom)
	s.shade(d, top, bottom)
	y := top
	at = ""
	for _, b := range bands {
		if b.Target != at {
			at = b.Target
			d.text("group", "start", 6, y+15, b.Target)
			y += 20
		}
		d.name(y+14, b.Signal)
		for _, sp := range b.Spells {
			s.spell(d, b, sp, y)
		}
		y += rowHeight - 3
	}
	return d.svg()
}

func (s Summary) spell(d *drawing, b Band, sp Stretch, y float64) {
	const h = rowHeight - 9
	tip := fmt.Sprintf("%s.%s: %s, %s to %s", b.Target, b.Signal, sp.Value, about(sp.From), about(sp.To))
	if sp.Value == "" {
		d.rect("band unknown", sp.From, sp.To, y+3, h, fmt.Sprintf("%s.%s: unknown, %s to %s", b.Target, b.Signal, about(sp.From), about(sp.To)))
		return
	}
	d.rect("band "+mood(b.Signal, sp.Value), sp.From, sp.To, y+3, h, tip)
	if width := d.x(sp.To) - d.x(sp.From); width > float64(len(sp.Value))*6.5+8 {
		d.text("value", "start", d.x(sp.From)+5, y+14, sp.Value)
	}
}

// moods are the colours of the words that signals use.
var moods = map[string]string{
	"yes": "good", "healthy": "good", "up": "good", "running": "good", "done": "neutral", "active": "neutral",
	"no": "bad", "unhealthy": "bad", "down": "bad", "failed": "bad", "stopped": "bad",
	"partially_healthy": "warn", "partially_unhealthy": "warn", "never": "warn", "none": "quiet", "passive": "quiet",
}

func mood(name, v string) string {
	if strings.HasSuffix(name, ".takeover") && v == "running" {
		return "warn"
	}
	if m := moods[v]; m != "" {
		return m
	}
	return "quiet"
}

// throughput draws records per second and, below, when the lost records had been acknowledged.
func (s Summary) throughput() template.HTML {
	t := s.Throughput
	if t == nil {
		return ""
	}
	const top, bottom = 18.0, 218.0
	most := ceiling(t)
	height := bottom + 24
	lost := s.lostAt()
	if len(lost) > 0 {
		height += 34
	}
	d := newDrawing("throughput", "Records per second through the fault", throughputWords(t), height, s.end())
	d.axis(top, bottom)
	s.shade(d, top, bottom)
	for i := range 5 {
		v := most * float64(i) / 4
		y := bottom - (bottom-top)*float64(i)/4
		d.line("grid", gutter, y, chartWidth-margin, y)
		d.text("tick", "end", gutter-8, y+4, strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0"))
	}
	d.text("tick", "start", 6, top+4, "records per second")
	for i, l := range t.Lines {
		d.steps(lineClass(t, i), l.Rate, t.Width, top, bottom, most)
		for b, v := range l.Rate {
			if v > most && (b == 0 || l.Rate[b-1] <= most) {
				d.text("tick", "middle", d.x((float64(b)+0.5)*t.Width), top-3, fmt.Sprintf("▲ %.0f", v))
			}
		}
	}
	if len(lost) > 0 {
		d.name(bottom+40, "lost, when acknowledged")
		d.line("grid", gutter, bottom+46, chartWidth-margin, bottom+46)
		for _, at := range lost {
			d.line("lost", d.x(at), bottom+28, d.x(at), bottom+46)
		}
	}
	return d.svg()
}

// ceiling is the top of the axis. A burst, such as a buffer that is read at once after an outage, must not flatten
// the rest: what reaches beyond the top is written there as a number.
func ceiling(t *Throughput) float64 {
	var all []float64
	for _, l := range t.Lines {
		for _, v := range l.Rate {
			if v > 0 {
				all = append(all, v)
			}
		}
	}
	if len(all) == 0 {
		return 1
	}
	slices.Sort(all)
	most := all[len(all)-1]
	if usual := all[len(all)*9/10]; most > 3*usual {
		most = 2 * usual
	}
	return nice(most * 1.05)
}

func throughputWords(t *Throughput) string {
	var parts []string
	for _, l := range t.Lines {
		parts = append(parts, fmt.Sprintf("%s of %s: at most %.0f a second", l.Name, l.Step, slices.Max(l.Rate)))
	}
	return strings.Join(parts, "; ")
}

// lineClass gives each kind of line its colour, and a second line of the same kind a fainter one.
func lineClass(t *Throughput, i int) string {
	n := 0
	for _, l := range t.Lines[:i] {
		if l.Name == t.Lines[i].Name {
			n++
		}
	}
	return fmt.Sprintf("series %s n%d", t.Lines[i].Name, min(n, 2))
}

// lostAt are the instants, to the tenth of a second, at which lost records had been acknowledged: all of them, or of a
// run that did not count them in time those that are listed.
func (s Summary) lostAt() []float64 {
	var out []float64
	for _, a := range s.Audits {
		for _, l := range a.Losses {
			if l.Lost > 0 {
				out = append(out, float64(int64(5*(l.From+l.To)+0.5))/10)
			}
		}
		if len(a.Losses) > 0 {
			continue
		}
		for _, t := range a.LostAcked {
			out = append(out, float64(int64(t*10+0.5))/10)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
