package history

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// The chart of a figure: every run from left to right, and beside them how they are distributed, on one axis.
const (
	chartWidth  = 1000.0
	chartTop    = 34.0
	chartBottom = 224.0
	chartHeight = 246.0
	neverAt     = 16.0 // where runs are drawn in which it never came
	runsFrom    = 74.0
	runsTo      = 690.0
	columnsFrom = 720.0
	columnsTo   = 986.0
	bins        = 24
)

// chart draws a figure; nothing where no run measured it.
func (f Figure) chart() template.HTML {
	low, high, never := math.Inf(1), math.Inf(-1), f.Never > 0
	of := f.Seen
	if f.Baseline != nil {
		of = append(append([]Seen(nil), f.Baseline.Seen...), f.Seen...)
		never = never || f.Baseline.Never > 0
	}
	for _, x := range of {
		if v := float64(x.Value); !x.Doubt && !math.IsInf(v, 0) {
			low, high = min(low, v), max(high, v)
		}
	}
	if low > high {
		if !never {
			return ""
		}
		low, high = 0, 1
	}
	d := newDrawing(low, high, f.Unit)
	fmt.Fprintf(&d.b, `<svg viewBox="0 0 %s %s" role="img" aria-label="%s"><title>%s</title>`, px(chartWidth), px(chartHeight), escape(f.name()), escape(f.name()))
	d.axis(never)
	groups := []group{{"now", "runs", f.Distribution}}
	if f.Baseline != nil {
		groups = []group{{"before", "baseline", *f.Baseline}, groups[0]}
	}
	at, step := runsFrom+14, (runsTo-runsFrom-28)/math.Max(float64(len(of)-1), 1)
	if len(of) == 1 {
		at = (runsFrom + runsTo) / 2
	}
	for i, g := range groups {
		for _, x := range g.Seen {
			d.run(g.class, x, at)
			at += step
		}
		wide := (columnsTo - columnsFrom) / float64(len(groups))
		d.column(g, columnsFrom+float64(i)*wide, wide)
	}
	d.b.WriteString("</svg>")
	return template.HTML(d.b.String()) //nolint:gosec // built from escaped parts only
}

// group is the runs or those of the baseline.
type group struct {
	class, name string
	Distribution
}

type drawing struct {
	b         strings.Builder
	low, high float64
	unit      string
	tick      float64
}

// newDrawing has an axis from a round number below the least figure to one above the largest. It need not begin at zero: what is
// read from it is how figures are spread.
func newDrawing(low, high float64, unit string) *drawing {
	spread := high - low
	if spread <= 0 {
		spread = math.Max(math.Abs(high)*0.1, 0.01)
		if unit == "records" {
			spread = math.Max(spread, 2)
		}
	}
	d := &drawing{unit: unit, tick: roundUp(spread / 5)}
	d.low = math.Max(math.Floor((low-spread*0.04)/d.tick)*d.tick, 0)
	d.high = math.Ceil((high+spread*0.04)/d.tick) * d.tick
	return d
}

// roundUp is the next of 1, 2, 5, 10, 20 ... from v upwards, of any power of ten.
func roundUp(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*p {
			return m * p
		}
	}
	return 10 * p
}

func (d *drawing) y(v float64) float64 {
	return chartBottom - min(max((v-d.low)/(d.high-d.low), 0), 1)*(chartBottom-chartTop)
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&d.b, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, px(x1), px(y1), px(x2), px(y2))
}

func (d *drawing) text(anchor string, x, y float64, s string) {
	fmt.Fprintf(&d.b, `<text text-anchor="%s" x="%s" y="%s">%s</text>`, anchor, px(x), px(y), escape(s))
}

func (d *drawing) axis(never bool) {
	for i := 0; ; i++ {
		v := d.low + float64(i)*d.tick
		if v > d.high+d.tick/1000 {
			break
		}
		d.line("grid", runsFrom, d.y(v), columnsTo, d.y(v))
		label := strconv.FormatFloat(v, 'f', max(0, -int(math.Floor(math.Log10(d.tick)+1e-9))), 64)
		if d.unit == "seconds" {
			label += " s"
		}
		d.text("end", runsFrom-8, d.y(v)+4, label)
	}
	if never {
		d.line("never", runsFrom, neverAt+9, columnsTo, neverAt+9)
		d.text("end", runsFrom-8, neverAt+4, "never")
	}
	d.line("edge", runsFrom, chartBottom, columnsTo, chartBottom)
	d.text("start", runsFrom, chartHeight-6, "runs, in their order")
}

// run draws one run: a dot, a ring where it never came, a cross on the axis where it was not measured.
func (d *drawing) run(class string, x Seen, at float64) {
	tip := escape(x.Run + ": " + x.words(d.unit))
	switch {
	case x.Doubt:
		fmt.Fprintf(&d.b, `<path class="lost %s" d="M%s %sl8 8m0 -8l-8 8"><title>%s</title></path>`, class, px(at-4), px(chartBottom-4), tip)
	case math.IsInf(float64(x.Value), 1):
		fmt.Fprintf(&d.b, `<circle class="lost %s" cx="%s" cy="%s" r="4"><title>%s</title></circle>`, class, px(at), px(neverAt), tip)
	default:
		fmt.Fprintf(&d.b, `<circle class="dot %s" cx="%s" cy="%s" r="4"><title>%s</title></circle>`, class, px(at), px(d.y(float64(x.Value))), tip)
	}
}

// column draws how figures are distributed: how many lie in each part of the axis, and what is known of the median, the 90%
// quantile and the mean.
func (d *drawing) column(g group, from, wide float64) {
	middle := from + wide/2
	var counts [bins]int
	most := 1
	for _, x := range g.Seen {
		if v := float64(x.Value); !x.Doubt && !math.IsInf(v, 0) {
			i := min(max(int((v-d.low)/(d.high-d.low)*bins), 0), bins-1)
			counts[i]++
			most = max(most, counts[i])
		}
	}
	height := (chartBottom - chartTop) / bins
	for i, n := range counts {
		if n > 0 {
			w := float64(n) / float64(most) * (wide/2 - 30)
			fmt.Fprintf(&d.b, `<rect class="bin %s" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`, g.class,
				px(middle), px(chartBottom-float64(i+1)*height), px(w), px(height), escape(runs(n)))
		}
	}
	top := func(v float64) float64 {
		if math.IsInf(v, 1) {
			return neverAt
		}
		return d.y(v)
	}
	if g.N > 0 {
		d.line("median", middle-22, top(float64(g.Median)), middle+6, top(float64(g.Median)))
	}
	if g.Low != nil {
		d.line("sure", middle-8, top(float64(*g.Low)), middle-8, top(float64(*g.High)))
	}
	if g.P90Low != nil {
		high := neverAt
		if g.P90High != nil {
			high = d.y(float64(*g.P90High))
			d.line("ninety", middle-24, high, middle-16, high)
		}
		d.line("ninety", middle-24, d.y(float64(*g.P90Low)), middle-16, d.y(float64(*g.P90Low)))
		d.line("ninety", middle-20, d.y(float64(*g.P90Low)), middle-20, high)
	}
	if g.Mean != nil {
		fmt.Fprintf(&d.b, `<path class="mean" d="M%s %sl5 5l-5 5l-5 -5z"><title>%s</title></path>`, px(middle-34), px(d.y(float64(*g.Mean))-5), escape("mean "+Words(*g.Mean, d.unit)))
	}
	d.text("middle", middle, chartHeight-6, g.name)
}

// chart draws the share of all runs in which an expectation is met.
func (s Share) chart() template.HTML {
	const wide, high = 200.0, 14.0
	var d drawing
	fmt.Fprintf(&d.b, `<svg viewBox="0 0 %s %s" style="max-width:%spx" aria-hidden="true">`, px(wide), px(high), px(wide))
	d.line("edge", 0, high/2, wide, high/2)
	fmt.Fprintf(&d.b, `<rect class="share" x="%s" y="2" width="%s" height="10" rx="2"/>`, px(s.Low*wide), px(max((s.High-s.Low)*wide, 2)))
	if s.Of > 0 {
		x := float64(s.Met) / float64(s.Of) * wide
		d.line("median", min(max(x, 1), wide-1), 0, min(max(x, 1), wide-1), high)
	}
	d.b.WriteString("</svg>")
	return template.HTML(d.b.String()) //nolint:gosec // numbers only
}

// signed is a difference as people write it.
func signed(x Second, unit string) string {
	switch v := float64(x); {
	case math.IsInf(v, 0):
		return "unbounded"
	case v < 0:
		return "−" + Words(-x, unit)
	default:
		return "+" + Words(x, unit)
	}
}

// px prints a length with at most two digits.
func px(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }

func escape(s string) string { return template.HTMLEscapeString(printable(s)) }
