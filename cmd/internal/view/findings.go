package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
)

// Findings prints findings with the text they point at. src returns the text of a
// file by the name in its findings; it may be nil.
func Findings(w io.Writer, src func(name string) []byte, found diag.List, st Style) error {
	if len(found) == 0 {
		return nil
	}
	_, err := io.WriteString(w, diag.Render(found, src, diag.Options{Width: st.Width, Color: st.Colour}))
	return err
}

// FindingsJSON prints findings as JSON.
func FindingsJSON(w io.Writer, src func(name string) []byte, found diag.List) error {
	_, err := w.Write(diag.JSON(found, src))
	return err
}

// Failure prints an error that ends a command. What was listed as findings is printed line by line.
func Failure(w io.Writer, err error, st Style) {
	lines := strings.Split(strings.TrimRight(err.Error(), "\n"), "\n")
	for i, l := range lines {
		head := "       "
		if i == 0 {
			head = st.ink(red, "Error: ")
		}
		fmt.Fprintln(w, head+Clean(l))
	}
}

// Page prints a title and paragraphs.
func Page(w io.Writer, title, text string, st Style) error {
	var b strings.Builder
	b.WriteString(st.ink(bold, Clean(title)) + "\n")
	for p := range strings.SplitSeq(text, "\n\n") {
		b.WriteString("\n")
		for _, l := range wrap(p, st.Width-2) {
			b.WriteString("  " + l + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
