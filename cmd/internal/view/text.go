package view

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/xdc-project/xdc/lang/diag"
)

// Clean makes text from outside harmless and puts it on one line: line ends and tabs become spaces, other control
// characters and those that change the direction of text become pictures.
func Clean(s string) string { return diag.Clean(spaces.Replace(strings.ToValidUTF8(s, "\ufffd"))) }

var spaces = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ")

// wrap breaks cleaned text into lines of at most width runes. Words longer than that stay whole.
func wrap(s string, width int) []string {
	words := strings.Fields(Clean(s))
	if len(words) == 0 {
		return nil
	}
	width = max(width, 20)
	lines := []string{words[0]}
	for _, w := range words[1:] {
		last := &lines[len(lines)-1]
		if utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(w) > width {
			lines = append(lines, w)
			continue
		}
		*last += " " + w
	}
	return lines
}

// pad fills s with spaces to n runes.
func pad(s string, n int) string {
	if c := utf8.RuneCountInString(s); c < n {
		return s + strings.Repeat(" ", n-c)
	}
	return s
}

// cut shortens s to n runes.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:max(n-1, 0)]) + "…"
}

// plural prints "1 step", "3 steps".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// thousands prints 12,345.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
