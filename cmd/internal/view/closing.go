package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/report"
)

// Closing prints the last lines of a run: the verdict, and for each `must` that failed its name, its place, its
// values with bounds, and why. code is the exit code, which may differ from the summary's when a report could not
// be written. page is where the report is; it may be empty. With exit code 4 the command that heals comes last.
func Closing(w io.Writer, s report.Summary, code int, page string, st Style) error {
	c := &closing{st: st}
	if page != "" {
		c.line("Report: %s", Clean(page))
	}
	for _, o := range s.Outputs {
		c.line("%s = %s", Clean(o.Name), Clean(string(o.Value)))
	}
	for _, a := range s.Accounts {
		c.line("%s", Clean(a.Line()))
	}
	c.line("%s", c.verdict(s, code))
	for _, e := range s.Expects {
		if e.Severity != "should" && (e.Verdict == event.NotMet || e.Verdict == event.Inconclusive) {
			c.expect(e)
		}
	}
	for _, x := range s.Steps {
		if x.Finding && x.State == event.Failed && !judges(s, x.Step) {
			c.line("%s", strings.TrimRight(fmt.Sprintf("  %s  %s", c.st.ink(red, Clean(x.Step)), place(x.File, x.Line)), " "))
			c.line("    why:    %s", Clean(x.Reason))
		}
	}
	if code == 4 || len(s.Verdict.Owed) > 0 {
		c.owed(s)
	}
	_, err := io.WriteString(w, c.b.String())
	return err
}

type closing struct {
	b  strings.Builder
	st Style
}

func (c *closing) line(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

// verdict is the one line that says what came out.
func (c *closing) verdict(s report.Summary, code int) string {
	words := map[int]string{0: "PASSED", 1: "NOT STARTED", 2: "FAILED", 3: "BROKEN", 4: "NOT HEALED", 130: "INTERRUPTED"}
	inks := map[int]paint{0: green, 1: yellow, 2: red, 3: yellow, 4: alarm, 130: yellow}
	n := s.Verdict.Counts
	parts := []string{fmt.Sprintf("%d met", n.Met)}
	for _, x := range []struct {
		n    int
		word string
	}{{n.NotMet, "not met"}, {n.Inconclusive, "inconclusive"}, {n.Skipped, "skipped"}, {n.ShouldFailed, "“should” missed"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.word))
		}
	}
	out := fmt.Sprintf("%s  %s: %s", c.st.ink(inks[code], words[code]), Clean(s.Run.Plan), strings.Join(parts, ", "))
	if code != 0 && code != 2 || code == 2 && n.NotMet+n.Inconclusive == 0 {
		out += "; " + Clean(s.Verdict.Reason)
	}
	return out + fmt.Sprintf(" (exit %d)", code)
}

// expect takes four lines at most, so that with the verdict a single failure fits into the last five.
func (c *closing) expect(e report.Expect) {
	name := fmt.Sprintf("  %s  %s  %s", c.st.ink(red, Clean(e.Step)), place(e.File, e.Line), e.Verdict)
	if e.Message != "" {
		name += ": " + Clean(e.Message)
	}
	c.line("%s", name)
	c.line("    must:   %s", Clean(e.Text))
	if len(e.Values) > 0 {
		var parts []string
		for _, v := range e.Values {
			parts = append(parts, v.Name+" = "+v.Text)
		}
		c.line("    values: %s", Clean(strings.Join(parts, ", ")))
	}
	why := e.Why
	if e.Basis != "" {
		why += " (" + e.Basis + ")"
	}
	if why != "" {
		c.line("    why:    %s", Clean(why))
	}
}

// judges reports whether an expectation that failed speaks of the step, so that it need not be named again.
func judges(s report.Summary, step string) bool {
	for _, e := range s.Expects {
		if e.Verdict != event.Met && e.Severity != "should" && strings.Contains(e.Text, step+".") {
			return true
		}
	}
	return false
}

func (c *closing) owed(s report.Summary) {
	for _, o := range s.Verdict.Owed {
		c.line("%s %s is not known to be undone", c.st.ink(alarm, "!!!"), Clean(o))
	}
	c.line("%s heal it now:  xdc recover %s", c.st.ink(alarm, "!!!"), Clean(s.Run.ID))
}

func place(file string, line int) string {
	if file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", Clean(file), line)
}
