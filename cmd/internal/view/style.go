// Package view is how plans, runs and findings look: on a terminal, as plain lines, as JSON.
//
// It decides nothing and knows no flags: it is given writers, a style and facts. What comes from plans and servers
// is made harmless before it reaches a terminal.
package view

import (
	"io"
	"os"

	"golang.org/x/term"
)

// defaultWidth is the width of text where there is no terminal.
const defaultWidth = 100

// Style says how text may look at its destination.
type Style struct {
	Colour bool
	Width  int
	// Terminal says that lines may be drawn again in place.
	Terminal bool
}

// Plain is the style of files and pipes.
func Plain() Style { return Style{Width: defaultWidth} }

// Detect finds the style for a destination: colour and animation only on a terminal, and never with NO_COLOR or
// TERM=dumb. env looks up an environment variable.
func Detect(w io.Writer, env func(string) string, noColour bool) Style {
	s := Plain()
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width >= 40 {
		s.Width = min(width, 160)
	}
	if noColour || env("NO_COLOR") != "" || env("TERM") == "dumb" {
		return s
	}
	s.Colour, s.Terminal = true, true
	return s
}

// paint is a colour of the terminal.
type paint string

// The colours that are used, as ANSI attributes.
const (
	bold   paint = "1"
	faint  paint = "2"
	red    paint = "31"
	green  paint = "32"
	yellow paint = "33"
	blue   paint = "34"
	cyan   paint = "36"
	alarm  paint = "1;37;41"
)

// ink colours s where colours are allowed.
func (s Style) ink(p paint, text string) string {
	if !s.Colour || text == "" {
		return text
	}
	return "\x1b[" + string(p) + "m" + text + "\x1b[0m"
}
