package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// All charts share one width and one time axis, so that they can be read below one another.
const (
	chartWidth = 1000.0
	gutter     = 210.0
	margin     = 14.0
	rowHeight  = 24.0
)

// drawing writes one SVG. Everything that comes from outside passes through escape.
type drawing struct {
	b      strings.Builder
	height float64
	end    float64 // seconds at the right edge
}

// newDrawing starts a drawing of a stretch of time from 0 to end. label says what it shows to those who cannot
// see it.
func newDrawing(id, label, detail string, height, end float64) *drawing {
	d := &drawing{height: height, end: math.Max(end, 0.001)}
	fmt.Fprintf(&d.b, `<svg viewBox="0 0 %s %s" role="img" aria-labelledby="%s-t %s-d" preserveAspectRatio="xMidYMid meet"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>`,
		px(chartWidth), px(height), id, id, id, escape(label), id, escape(detail))
	return d
}

// svg ends the drawing.
func (d *drawing) svg() template.HTML {
	d.b.WriteString("</svg>")
	return template.HTML(d.b.String()) //nolint:gosec // built from escaped parts only
}

// x is the place of an instant.
func (d *drawing) x(t float64) float64 {
	t = math.Max(0, math.Min(t, d.end))
	return gutter + t/d.end*(chartWidth-gutter-margin)
}

// rect draws a stretch of time with a tooltip; very short ones stay visible.
func (d *drawing) rect(class string, from, to, y, h float64, tip string) {
	x, w := d.x(from), d.x(to)-d.x(from)
	w = math.Max(w, 1.5)
	fmt.Fprintf(&d.b, `<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="2">`, class, px(x), px(y), px(w), px(h))
	if tip != "" {
		fmt.Fprintf(&d.b, `<title>%s</title>`, escape(tip))
	}
	d.b.WriteString(`</rect>`)
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&d.b, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, px(x1), px(y1), px(x2), px(y2))
}

// text writes at a place; anchor is start, middle or end.
func (d *drawing) text(class, anchor string, x, y float64, s string) {
	fmt.Fprintf(&d.b, `<text class="%s" text-anchor="%s" x="%s" y="%s">%s</text>`, class, anchor, px(x), px(y), escape(s))
}

// name labels a row in the gutter, shortened in the middle if need be; the whole is in the tooltip.
func (d *drawing) name(y float64, s string) {
	fmt.Fprintf(&d.b, `<text class="name" text-anchor="end" x="%s" y="%s"><title>%s</title>%s</text>`, px(gutter-10), px(y), escape(s), escape(shorten(s, 30)))
}

// diamond marks an instant.
func (d *drawing) diamond(class string, t, y float64, tip string) {
	x := d.x(t)
	fmt.Fprintf(&d.b, `<path class="%s" d="M%s %sl6 6l-6 6l-6 -6z"><title>%s</title></path>`, class, px(x), px(y-6), escape(tip))
}

// path draws a stepped line through values at equal steps, from zero at bottom.
func (d *drawing) steps(class string, values []float64, width, top, bottom, most float64) {
	d.b.WriteString(`<path class="` + class + `" d="`)
	last := ""
	for i, v := range values {
		y := px(bottom - math.Min(v/most, 1)*(bottom-top))
		x := px(d.x(float64(i) * width))
		if i == 0 {
			fmt.Fprintf(&d.b, "M%s %s", x, y)
		} else if y != last {
			fmt.Fprintf(&d.b, "H%sV%s", x, y)
		}
		last = y
	}
	fmt.Fprintf(&d.b, `H%s"/>`, px(d.x(float64(len(values))*width)))
}

// axis draws the grid of time and its labels between two heights.
func (d *drawing) axis(top, bottom float64) {
	step := tick(d.end, 9)
	for i := 0; ; i++ {
		t := float64(i) * step
		if t > d.end*1.0001 {
			break
		}
		x := d.x(t)
		d.line("grid", x, top, x, bottom)
		anchor := "middle"
		if x > chartWidth-margin-18 {
			anchor = "end"
		}
		label := about(t)
		if t == 0 {
			label = "0"
		}
		d.text("tick", anchor, x, bottom+15, label)
	}
}

// hatch defines the pattern for bounds: somewhere in there.
const hatch = `<defs><pattern id="%s" width="5" height="5" patternTransform="rotate(45)" patternUnits="userSpaceOnUse"><line class="hatch" x1="0" y1="0" x2="0" y2="5"/></pattern></defs>`

// tick is a round distance that divides whole into at most n parts.
func tick(whole float64, n int) float64 {
	for _, s := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14400, 21600, 43200} {
		if whole/s <= float64(n) {
			return s
		}
	}
	return math.Ceil(whole/float64(n)/86400) * 86400
}

// nice is the next round number from v upwards, for the top of an axis.
func nice(v float64) float64 {
	if v <= 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8, 10} {
		if v <= m*p*1.000001 {
			return m * p
		}
	}
	return 10 * p
}

// px prints a length with at most two digits.
func px(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "0"
	}
	return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64)
}

func escape(s string) string { return template.HTMLEscapeString(clean(s)) }

// shorten cuts out the middle of what is too long.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	head := (n - 1) / 2
	return string(r[:head]) + "…" + string(r[len(r)-(n-1-head):])
}
