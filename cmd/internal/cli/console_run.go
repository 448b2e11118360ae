package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/check"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// recording is the recorded run that a console asks.
type recording struct {
	folder session.Folder
	at     time.Duration
}

// ask answers what the condition language can say of a recorded run. It reports whether it could, and whether the text was
// of that language at all.
func (r *recording) ask(c *Context, con *check.Console, text string, must bool) (ok, understood bool) {
	f, problems := con.Question(text)
	if f == nil {
		if must {
			tell(c, text, problems)
		}
		return false, must
	}
	read := func(to trace.Visitor) error { return trace.VisitFile(r.folder.File(trace.FileName), to) }
	got, err := exec.Inquire(read, f, r.at)
	if err != nil {
		fmt.Fprintf(c.Side, "Warning: %s\n", view.Clean(err.Error()))
	}
	if got.End == 0 && err != nil {
		return false, true
	}
	if c.JSON {
		return c.encode(answerOf(f, got)) == nil, true
	}
	show(c, f, got)
	return true, true
}

func show(c *Context, f *cond.Formula, got exec.Recalled) {
	fmt.Fprintln(c.Out, view.Clean(f.String()))
	line := func(format string, args ...any) {
		fmt.Fprintf(c.Out, "  %s\n", view.Clean(fmt.Sprintf(format, args...)))
	}
	switch {
	case f.Operand() && got.Known:
		line("%s at %s", got.Value, when(got.At))
	case f.Operand():
		line("unknown at %s", when(got.At))
	case f.Temporal():
		line("%s from %s to %s, decided at %s: %s", got.Truth, when(got.From), when(got.To), when(got.At), got.Why)
	default:
		line("%s at %s: %s", got.Truth, when(got.At), got.Why)
	}
	for _, s := range got.Samples {
		text := fmt.Sprintf("%s was %s, seen between %s and %s", s.Signal, s.Value, when(s.Low), when(s.High))
		if s.Evidence != "" {
			text += ": " + s.Evidence
		}
		line("%s", text)
	}
	if !f.Operand() {
		for _, s := range got.Stretches {
			line("%-7s  %s to %s", s.Truth, when(s.From), when(s.To))
		}
		if got.More > 0 {
			line("and %d more", got.More)
		}
	}
}

func when(t time.Duration) string { return signal.Seconds(t.Seconds()) }

// answerJSON is an answer as scripts read it. Times are seconds from the start of the run.
type answerJSON struct {
	Text      string        `json:"text"`
	At        float64       `json:"at"`
	From      float64       `json:"from"`
	To        float64       `json:"to"`
	Value     *string       `json:"value,omitempty"`
	Truth     string        `json:"truth,omitempty"`
	Why       string        `json:"why,omitempty"`
	Stretches []stretchJSON `json:"stretches,omitempty"`
	More      int           `json:"more,omitempty"`
}

type stretchJSON struct {
	Truth string  `json:"truth"`
	From  float64 `json:"from"`
	To    float64 `json:"to"`
}

func answerOf(f *cond.Formula, got exec.Recalled) answerJSON {
	out := answerJSON{Text: f.String(), At: got.At.Seconds(), From: got.From.Seconds(), To: got.To.Seconds()}
	if f.Operand() {
		if got.Known {
			v := got.Value.String()
			out.Value = &v
		}
		return out
	}
	out.Truth, out.Why, out.More = got.Truth.String(), got.Why, got.More
	for _, s := range got.Stretches {
		out.Stretches = append(out.Stretches, stretchJSON{s.Truth.String(), s.From.Seconds(), s.To.Seconds()})
	}
	return out
}

// tell shows what is wrong with a condition.
func tell(c *Context, text string, problems []cond.Problem) {
	for _, p := range problems {
		fmt.Fprintf(c.Side, "%s\n%s%s\n%s. %s\n", view.Clean(text), strings.Repeat(" ", p.Offset), strings.Repeat("^", max(p.Length, 1)), p.Summary, p.Detail)
	}
}
