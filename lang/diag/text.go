package diag

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// tabStop is how far apart tab stops are when a snippet is shown.
const tabStop = 4

// columns is how many columns of a terminal a text takes. Tabs count as one; expand replaces them.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// wider says whether a text takes more than width columns. It reads no further than it has to.
func wider(s string, width int) bool {
	n := 0
	for _, r := range s {
		if n += runeColumns(r); n > width {
			return true
		}
	}
	return false
}

func runeColumns(r rune) int {
	switch {
	case r < 0x7f:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
	}
	return 1
}

// Clean makes text from a plan or a server safe to show on a terminal, on one line: control characters are
// replaced by pictures of them, and what changes the direction of writing by a replacement character.
func Clean(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return cleanRune(r) != r }) < 0 {
		return s
	}
	return strings.Map(cleanRune, s)
}

func cleanRune(r rune) rune {
	switch {
	case r < 0x20:
		return 0x2400 + r
	case r == 0x7f:
		return 0x2421
	case r == 0x200c || r == 0x200d: // joiners, which some scripts and emoji need
		return r
	case r >= 0x80 && r < 0xa0, r == 0x2028, r == 0x2029, r >= 0xe0000 && r < 0xe0080, unicode.Is(unicode.Cf, r):
		return unicode.ReplacementChar
	}
	return r
}

// expand replaces the tabs of a line by spaces and cleans the rest, and returns where the bytes from and to
// come to stand, in columns.
func expand(s string, span *Span) (text string, from, to int) {
	var b strings.Builder
	at := 0
	for i, r := range s {
		if span != nil && i <= span.Start {
			from = at
		}
		if span != nil && i <= span.End {
			to = at
		}
		if r == '\t' {
			n := tabStop - at%tabStop
			b.WriteString(strings.Repeat(" ", n))
			at += n
			continue
		}
		r = cleanRune(r)
		b.WriteRune(r)
		at += runeColumns(r)
	}
	if span != nil && span.Start >= len(s) {
		from = at
	}
	if span != nil && span.End >= len(s) {
		to = at
	}
	return b.String(), from, to
}

// wrap breaks paragraphs into lines of at most limit columns where there are spaces. Lines that begin with a
// space are laid out already and stay as they are, and so does everything if limit is 0.
func wrap(s string, limit int) []string {
	var out []string
	for para := range strings.SplitSeq(strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n") {
		para = Clean(strings.ReplaceAll(para, "\t", "    "))
		if limit <= 0 || strings.HasPrefix(para, " ") || columns(para) <= limit {
			out = append(out, strings.TrimRight(para, " "))
			continue
		}
		line, used := "", 0
		for word := range strings.FieldsSeq(para) {
			w := columns(word)
			if used > 0 && used+1+w > limit {
				out = append(out, line)
				line, used = "", 0
			}
			if used > 0 {
				line += " "
				used++
			}
			line += word
			used += w
		}
		out = append(out, line)
	}
	return out
}
