package draw

import (
	"fmt"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sizes of the drawing.
const (
	boxWidth  = 232
	boxHeight = 44
	gapX      = 70
	gapY      = 18
	border    = 20
	nameRunes = 34
)

const svgStyle = `<style>
:root{color-scheme:light dark}
svg{background:#fff}text{font:12px system-ui,sans-serif;fill:#1b1f24}.note{font-size:10.5px;fill:#59636e}.edge{fill:none;stroke:#8b95a1;stroke-width:1.4}.order{stroke-dasharray:4 4}.label{font-size:10.5px;fill:#59636e}
.box{fill:#f6f7f9;stroke:#7d94b5;stroke-width:1.4}.fault{fill:#fce4e2;stroke:#c0302a}.expect{fill:#dff3e6;stroke:#1a7f45}.wait{fill:#fdf0d0;stroke:#8a5a00}.seed,.audit,.probe{fill:#e6effd;stroke:#1f6feb}
@media (prefers-color-scheme:dark){svg{background:#12161b}text{fill:#e7ebef}.note,.label{fill:#9aa5b1}.box{fill:#1b2128}.fault{fill:#451c1a;stroke:#ff7b72}.expect{fill:#143524;stroke:#56c987}.wait{fill:#3d2f0c;stroke:#e3b341}.seed,.audit,.probe{fill:#13233d;stroke:#5aa0ff}}
</style><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#8b95a1"/></marker></defs>`

// SVG is the graph as a drawing: a column for everything that may run at the same time, from left to right.
func SVG(g Graph) string {
	cols := layers(g)
	tallest := 1
	for _, c := range cols {
		tallest = max(tallest, len(c))
	}
	width := 2*border + len(cols)*boxWidth + (len(cols)-1)*gapX
	height := 2*border + tallest*boxHeight + (tallest-1)*gapY
	x, y := make([]int, len(g.Nodes)), make([]int, len(g.Nodes))
	for k, col := range cols {
		free := height - 2*border - len(col)*boxHeight - (len(col)-1)*gapY
		for i, n := range col {
			x[n] = border + k*(boxWidth+gapX)
			y[n] = border + free/2 + i*(boxHeight+gapY)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">%s`,
		width, height, width, height, esc("Steps of the plan "+g.Name), svgStyle)
	b.WriteString("\n")
	for _, e := range g.Edges {
		edge(&b, e, x[e.From]+boxWidth, y[e.From]+boxHeight/2, x[e.To], y[e.To]+boxHeight/2)
	}
	for i, n := range g.Nodes {
		box(&b, n, x[i], y[i])
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func edge(b *strings.Builder, e Edge, x1, y1, x2, y2 int) {
	class := "edge"
	if e.Order {
		class += " order"
	}
	bend := max((x2-x1)/2, 30)
	fmt.Fprintf(b, `<path class="%s" marker-end="url(#arrow)" d="M%d %dC%d %d %d %d %d %d"/>`, class, x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
	if e.Label != "" {
		fmt.Fprintf(b, `<text class="label" text-anchor="middle" x="%d" y="%d">%s</text>`, (x1+x2)/2, (y1+y2)/2-4, esc(e.Label))
	}
	b.WriteString("\n")
}

func box(b *strings.Builder, n Node, x, y int) {
	class := "box"
	switch n.Kind {
	case "fault", "expect", "wait", "seed", "audit", "probe":
		class += " " + n.Kind
	}
	ty := y + boxHeight/2 + 4
	if n.Note != "" {
		ty -= 7
	}
	fmt.Fprintf(b, `<g><title>%s</title><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/><text text-anchor="middle" x="%d" y="%d">%s</text>`,
		esc(n.Address), class, x, y, boxWidth, boxHeight, x+boxWidth/2, ty, esc(short(n.Address)))
	if n.Note != "" {
		fmt.Fprintf(b, `<text class="note" text-anchor="middle" x="%d" y="%d">%s</text>`, x+boxWidth/2, ty+15, esc(short(n.Note)))
	}
	b.WriteString("</g>\n")
}

// esc escapes text and takes out what XML cannot hold.
func esc(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return '�'
		}
		return r
	}, s))
}

func short(s string) string {
	r := []rune(s)
	if len(r) <= nameRunes {
		return s
	}
	return string(r[:nameRunes/2-1]) + "…" + string(r[len(r)-nameRunes/2:])
}
