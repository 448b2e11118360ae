package testfile

import (
	"bytes"
	"strings"
)

// Fence is the language of code blocks in a Markdown page that are tests.
const Fence = "xdctest"

// Page makes a test file of a Markdown page: everything but its xdctest blocks becomes empty lines, so that lines
// keep their numbers and later blocks may use what earlier ones declare.
func Page(src []byte) []byte {
	var out bytes.Buffer
	inside := false
	for line := range strings.Lines(string(src)) {
		text, broke := strings.CutSuffix(line, "\n")
		fence := strings.HasPrefix(strings.TrimSpace(text), "```")
		switch {
		case fence:
			inside = !inside && strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(text), "`")) == Fence
			out.WriteString(strings.Repeat(" ", len(text)))
		case inside:
			out.WriteString(text)
		default:
			out.WriteString(strings.Repeat(" ", len(text)))
		}
		if broke {
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}
