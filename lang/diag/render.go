package diag

import (
	"fmt"
	"strconv"
	"strings"
)

// Options say how findings are laid out.
type Options struct {
	// Width is how many columns there are; 0 means that lines are neither wrapped nor cut.
	Width int
	// Colour says whether to use ANSI colours.
	Color bool
}

// Render is the findings as text for people, in the order of JSON, with a blank line after each. src returns
// the text of a file by the name in its ranges, or nil; it may be nil itself. What comes from plans cannot
// contain anything that a terminal obeys.
func Render(l List, src func(name string) []byte, opt Options) string {
	var b strings.Builder
	for _, v := range Views(l, src).Diagnostics {
		p := printer{b: &b, opt: opt}
		p.view(v)
	}
	return b.String()
}

// The ANSI codes in use.
const (
	red    = "31"
	yellow = "33"
	bold   = "1"
	dim    = "2"
)

type printer struct {
	b   *strings.Builder
	opt Options
}

func (p *printer) styled(text string, codes ...string) string {
	if !p.opt.Color || text == "" {
		return text
	}
	return "\x1b[" + strings.Join(codes, ";") + "m" + text + "\x1b[0m"
}

func (p *printer) view(v View) {
	word, tint := "Error", red
	if v.Severity == Warning.String() {
		word, tint = "Warning", yellow
	}
	fmt.Fprintf(p.b, "%s %s", p.styled(word+":", bold, tint), p.styled(oneLine(v.Summary), bold))
	if v.Code != "" && v.Code != Unclassified {
		fmt.Fprintf(p.b, "  %s", p.styled("["+Clean(string(v.Code))+"]", dim))
	}
	p.b.WriteString("\n\n")
	switch {
	case v.Range != nil:
		p.place("on ", *v.Range, v.Snippet, tint)
		p.values(v.Values)
		p.b.WriteByte('\n')
	case v.Address != "":
		fmt.Fprintf(p.b, "  at %s\n", Clean(v.Address))
		p.values(v.Values)
		p.b.WriteByte('\n')
	}
	if v.Related != nil {
		p.place(oneLine(v.Related.Message)+", on ", v.Related.Range, v.Related.Snippet, dim)
		p.b.WriteByte('\n')
	}
	if v.Detail != "" {
		for _, line := range wrap(v.Detail, p.opt.Width) {
			p.b.WriteString(line + "\n")
		}
		p.b.WriteByte('\n')
	}
}

// place prints where something is, and the lines it is in.
func (p *printer) place(lead string, r Range, s *Snippet, tint string) {
	fmt.Fprintf(p.b, "  %s%s line %d", lead, Clean(r.File), r.Start.Line)
	if s == nil || len(s.Lines) == 0 {
		p.b.WriteByte('\n')
		return
	}
	p.b.WriteString(":\n")
	gutter := len(strconv.Itoa(s.Lines[len(s.Lines)-1].Number)) + 2
	for _, l := range s.Lines {
		if p.opt.Width > 0 {
			cut(&l, max(p.opt.Width-gutter-3, 20))
		}
		text, from, to := expand(l.Text, l.Highlight)
		num := fmt.Sprintf("%*d:", gutter, l.Number)
		p.b.WriteString(p.styled(num, dim) + strings.TrimRight(" "+text, " ") + "\n")
		if l.Highlight != nil {
			marks := strings.Repeat("^", max(to-from, 1))
			p.b.WriteString(strings.Repeat(" ", gutter+2+from) + p.styled(marks, tint) + "\n")
		}
	}
	if s.More {
		fmt.Fprintf(p.b, "%s\n", p.styled(strings.Repeat(" ", gutter-1)+"...", dim))
	}
}

// values prints what the names in the underlined words stood for.
func (p *printer) values(vs []Value) {
	lead := "    where "
	for _, v := range vs {
		fmt.Fprintf(p.b, "%s%s is %s\n", lead, Clean(v.Name), oneLine(v.Text))
		lead = "          "
	}
}

func oneLine(s string) string {
	return Clean(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " "))
}
