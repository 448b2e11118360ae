package view

import (
	"io"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
)

// Diff prints differences in unified form, in colour where that is allowed.
func Diff(w io.Writer, unified string, st Style) error {
	var b strings.Builder
	for _, line := range strings.SplitAfter(unified, "\n") {
		text, end := strings.CutSuffix(line, "\n")
		parts := strings.Split(text, "\t") // tabs are part of the layout
		for i := range parts {
			parts[i] = diag.Clean(strings.ToValidUTF8(parts[i], "\ufffd"))
		}
		text = strings.Join(parts, "\t")
		switch {
		case strings.HasPrefix(text, "---"), strings.HasPrefix(text, "+++"):
			text = st.ink(bold, text)
		case strings.HasPrefix(text, "-"):
			text = st.ink(red, text)
		case strings.HasPrefix(text, "+"):
			text = st.ink(green, text)
		case strings.HasPrefix(text, "@@"):
			text = st.ink(cyan, text)
		}
		b.WriteString(text)
		if end {
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
