package testfile

import (
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// word is a part of a line: text without spaces, or with them inside quotes or brackets.
type word struct {
	text string
	at   int // byte within the line
}

// words splits a line. What stands behind a # outside of quotes is a remark. ok is false if a quote or a bracket is
// not closed.
func words(line string) (out []word, ok bool) {
	begin, depth, quote := -1, 0, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0 && c == '\\':
			i++
			continue
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == '#' && begin < 0:
			return out, true
		case (c == ' ' || c == '\t') && depth == 0:
			if begin >= 0 {
				out = append(out, word{line[begin:i], begin})
			}
			begin = -1
			continue
		}
		switch c {
		case '"', '\'':
			quote = c
		case '[':
			depth++
		case ']':
			depth--
		}
		if begin < 0 {
			begin = i
		}
	}
	if begin >= 0 {
		out = append(out, word{line[begin:], begin})
	}
	return out, quote == 0 && depth == 0
}

// place is where a line stands in its file.
type place struct {
	file   string
	line   int // from 1
	offset int // bytes of the file before the line
	text   string
}

// within is the range of a part of the line.
func (p place) within(at, length int) hcl.Range {
	at = min(max(at, 0), len(p.text))
	end := min(at+max(length, 0), len(p.text))
	return hcl.Range{Filename: p.file, Start: p.pos(at), End: p.pos(end)}
}

func (p place) of(w word) hcl.Range { return p.within(w.at, len(w.text)) }

func (p place) whole() hcl.Range {
	lead := len(p.text) - len(strings.TrimLeft(p.text, " \t"))
	return p.within(lead, len(strings.TrimRight(p.text, " \t"))-lead)
}

func (p place) pos(at int) hcl.Pos {
	return hcl.Pos{Line: p.line, Column: utf8.RuneCountInString(p.text[:at]) + 1, Byte: p.offset + at}
}
