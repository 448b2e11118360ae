package diag

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// Format is the first field of findings as JSON. Readers ignore fields they do not know and refuse another
// major.
const Format = "xdc.diagnostics/1"

// Report is a list of findings as JSON shows it. The text form is made from it as well, so that the two cannot
// differ.
type Report struct {
	Format string `json:"format"` // Format
	// Valid says that there are no errors; warnings do not count.
	Valid       bool   `json:"valid"`
	Errors      int    `json:"errors"`
	Warnings    int    `json:"warnings"`
	Diagnostics []View `json:"diagnostics"`
}

// View is one finding with the text it is about. Texts are as in the plan: who shows them on a terminal takes
// control characters out.
type View struct {
	Severity string `json:"severity"` // error, warning
	Code     Code   `json:"code"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	// Address is the step concerned, where there is one.
	Address string `json:"address,omitempty"`
	// Range is the words concerned, where there are any.
	Range *Range `json:"range,omitempty"`
	// Snippet is the lines that Range is in; absent when the file's text is not at hand.
	Snippet *Snippet `json:"snippet,omitempty"`
	// Values are the values of names in Range, rendered; secrets are withheld.
	Values []Value `json:"values,omitempty"`
	// Related is a second place worth a look.
	Related *RelatedView `json:"related,omitempty"`
}

// RelatedView is a second place of a finding.
type RelatedView struct {
	Message string   `json:"message"`
	Range   Range    `json:"range"`
	Snippet *Snippet `json:"snippet,omitempty"`
}

// Range is a piece of a file. End is just behind it.
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// Pos is a place in a file: line and column from 1, in characters as people count them; byte from 0.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Snippet is a few lines of a file.
type Snippet struct {
	Lines []Line `json:"lines"`
	// More says that the underlined text goes on after the last line.
	More bool `json:"more,omitempty"`
}

// Line is a line without its end. A very long one is cut to what is near the underlined words, with an
// ellipsis where something is missing.
type Line struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
	// Highlight is the underlined part; absent in lines of context.
	Highlight *Span `json:"highlight,omitempty"`
}

// Span is a part of a line's Text: bytes from Start up to End. An empty one is a place between characters.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Views makes the JSON form of findings, ordered by file and position. src returns the text of a file by the
// name in its ranges, or nil; it may be nil itself.
func Views(l List, src func(name string) []byte) Report {
	out := Report{Format: Format, Valid: !l.HasErrors(), Diagnostics: []View{}}
	for _, d := range l.Sorted() {
		if d.Severity == Error {
			out.Errors++
		} else {
			out.Warnings++
		}
		v := View{
			Severity: d.Severity.String(), Code: d.Code, Summary: d.Summary, Detail: d.Detail, Address: d.Address,
			Values: d.Values,
		}
		if d.Subject != nil {
			v.Range = rangeOf(*d.Subject)
			v.Snippet = snippet(*d.Subject, d.Context, src)
		}
		if d.Related != nil {
			v.Related = &RelatedView{
				Message: d.Related.Message, Range: *rangeOf(d.Related.Range), Snippet: snippet(d.Related.Range, nil, src),
			}
		}
		out.Diagnostics = append(out.Diagnostics, v)
	}
	return out
}

// JSON is the findings as one JSON object, Report, indented and with a line end.
func JSON(l List, src func(name string) []byte) []byte {
	b, err := json.MarshalIndent(Views(l, src), "", "  ")
	if err != nil {
		// A Report holds strings and numbers only, which always have a JSON form.
		panic("diag: " + err.Error())
	}
	return append(b, '\n')
}

func rangeOf(r hcl.Range) *Range {
	pos := func(p hcl.Pos) Pos { return Pos{p.Line, p.Column, p.Byte} }
	return &Range{r.Filename, pos(r.Start), pos(r.End)}
}

// Bounds on snippets.
const (
	maxLines     = 8   // shown of one place
	maxLineWidth = 400 // characters of one line
)

func snippet(r hcl.Range, context *hcl.Range, src func(string) []byte) *Snippet {
	if src == nil {
		return nil
	}
	text := src(r.Filename)
	if text == nil || r.Start.Byte < 0 || r.Start.Byte > len(text) {
		return nil
	}
	start, end := r.Start.Byte, min(max(r.End.Byte, r.Start.Byte), len(text))
	from, to := start, end
	if context != nil && context.Filename == r.Filename && fits(text, *context, from, to) {
		from, to = context.Start.Byte, context.End.Byte
	}
	s := &Snippet{}
	number := 1
	for at := 0; ; number++ {
		stop := lineEnd(text, at)
		if stop >= from {
			if len(s.Lines) == maxLines {
				s.More = start <= stop && end > at
				break
			}
			s.Lines = append(s.Lines, line(number, text[at:stop], start-at, end-at))
		}
		at = stop + 1
		if at > len(text) || at >= to && stop >= from {
			break
		}
	}
	return s
}

// fits reports whether a context holds a place and is short enough to be shown as a whole.
func fits(text []byte, c hcl.Range, from, to int) bool {
	if c.Start.Byte < 0 || c.Start.Byte > from || c.End.Byte < to || c.End.Byte > len(text) {
		return false
	}
	lines := 1
	for _, b := range text[c.Start.Byte:c.End.Byte] {
		if b == '\n' {
			lines++
		}
	}
	return lines <= maxLines
}

func lineEnd(text []byte, at int) int {
	for i := at; i < len(text); i++ {
		if text[i] == '\n' {
			return i
		}
	}
	return len(text)
}

// line makes a line of which the bytes from start to end are underlined, as far as they are in it.
func line(number int, raw []byte, start, end int) Line {
	if n := len(raw); n > 0 && raw[n-1] == '\r' {
		raw = raw[:n-1]
	}
	text := validText(raw)
	l := Line{Number: number, Text: text}
	if start <= len(raw) && end >= 0 && (end > 0 || start == end) {
		from, to := min(max(start, 0), len(text)), min(max(end, 0), len(text))
		if start < 0 {
			// The underlining goes on from the line before: leave the indentation out.
			for from < to && (text[from] == ' ' || text[from] == '\t') {
				from++
			}
		}
		if from < to || start >= 0 {
			l.Highlight = &Span{from, to}
		}
	}
	cut(&l, maxLineWidth)
	return l
}

// validText replaces what is not UTF-8 byte by byte, so that offsets stay what they are.
func validText(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r == utf8.RuneError && n == 1 {
			out = append(out, '?')
		} else {
			out = append(out, raw[:n]...)
		}
		raw = raw[n:]
	}
	return string(out)
}

const ellipsis = "\u2026"

// cut shortens a line to about width characters near what is underlined.
func cut(l *Line, width int) {
	if width <= 0 || !wider(l.Text, width) {
		return
	}
	at := 0
	if l.Highlight != nil {
		at = l.Highlight.Start
	}
	// A third of the width shows what comes before.
	from := at
	for before := 0; from > 0; {
		_, n := utf8.DecodeLastRuneInString(l.Text[:from])
		if before += columns(l.Text[from-n : from]); before > width/3 {
			break
		}
		from -= n
	}
	to := from
	for used := 2; to < len(l.Text); {
		_, n := utf8.DecodeRuneInString(l.Text[to:])
		if used += columns(l.Text[to : to+n]); used > width {
			break
		}
		to += n
	}
	left, right := "", ""
	if from > 0 {
		left = ellipsis
	}
	if to < len(l.Text) {
		right = ellipsis
	}
	if h := l.Highlight; h != nil {
		l.Highlight = &Span{min(max(h.Start, from), to) - from + len(left), min(max(h.End, from), to) - from + len(left)}
	}
	l.Text = left + l.Text[from:to] + right
}
