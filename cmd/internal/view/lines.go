package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/signal"
)

// progressPause is how often, on the run's clock, the plain view prints a step's running counts.
const progressPause = 10 * time.Second

// Lines shows a run as plain lines, one for each fact: seconds since the run started, a word for the kind of fact,
// and what happened. The words and their order stay the same from release to release.
type Lines struct {
	w  io.Writer
	st Style

	began    map[string]time.Duration
	progress map[string]time.Duration
}

// NewLines returns a sink that prints to w.
func NewLines(w io.Writer, st Style) *Lines {
	return &Lines{w: w, st: st, began: map[string]time.Duration{}, progress: map[string]time.Duration{}}
}

// Accept prints one event, if it is of interest.
func (l *Lines) Accept(ev event.Event) error {
	f, ok := l.fact(ev)
	if !ok {
		return nil
	}
	_, err := fmt.Fprintln(l.w, l.format(ev.At, f))
	return err
}

// fact is one line: its word, its colour and its text.
type fact struct {
	word string
	ink  paint
	text string
}

func (l *Lines) format(at time.Duration, f fact) string {
	return fmt.Sprintf("%s  %s %s", l.st.ink(faint, fmt.Sprintf("%9.3f", at.Seconds())), l.st.ink(f.ink, pad(f.word, 8)), Clean(f.text))
}

// fact turns an event into a line; ok is false for what is left out.
func (l *Lines) fact(ev event.Event) (f fact, ok bool) {
	switch b := ev.Body.(type) {
	case *event.RunStarted:
		text := fmt.Sprintf("%s started: %s of %s, seed %d", b.Run, b.Mode, b.Plan, b.Seed)
		if b.StandIn != "" {
			text += ", on the stand-in " + b.StandIn
		}
		return fact{"run", bold, text}, true
	case *event.StepChanged:
		return l.step(ev.At, b)
	case *event.DeedChanged:
		return deed(b)
	case *event.Progress:
		return l.counts(ev.At, b)
	case *event.Routed:
		return fact{"route", cyan, fmt.Sprintf("%s goes to %s instead of %s: %s", b.Step, b.To, b.From, b.Reason)}, true
	case *event.Measured:
		return measured(b), true
	case *event.Audited:
		return audited(b), true
	case *event.Probed:
		return probed(b), true
	case *event.Judged:
		return judged(b), true
	case *event.Changed:
		return changed(b)
	default:
		return other(ev.Body)
	}
}

// other has the facts that are printed as they are.
func other(body event.Payload) (fact, bool) {
	switch b := body.(type) {
	case *event.GuardTripped:
		return fact{"guard", red, b.Guard + " tripped: " + b.Why}, true
	case *event.ApprovalAsked:
		return fact{"approve", yellow, fmt.Sprintf("%s asks: %s", b.Step, b.Prompt)}, true
	case *event.ApprovalAnswered:
		word := "rejected"
		if b.Approved {
			word = "approved"
		}
		return fact{"approve", yellow, fmt.Sprintf("%s %s by %s", b.Step, word, b.By)}, true
	case *event.Interrupted:
		if b.Count > 1 {
			return fact{"stop", red, "interrupted again: no longer waiting for the healing"}, true
		}
		return fact{"stop", yellow, "interrupted: nothing more is started, everything is healed; interrupt again to stop waiting for that"}, true
	case *event.Aborting:
		return fact{"abort", red, b.Reason}, true
	case *event.Noted:
		f := fact{"note", faint, b.Text}
		if b.Level == "warning" {
			f = fact{"warning", yellow, b.Text}
		}
		if b.Subject != "" {
			f.text = b.Subject + ": " + f.text
		}
		return f, true
	case *event.RunFinished:
		return fact{"run", bold, fmt.Sprintf("finished with exit code %d: %s", b.Code, b.Reason)}, true
	default: // what has a line of its own kind, and events that only conditions need
	}
	return fact{}, false
}

func (l *Lines) step(at time.Duration, b *event.StepChanged) (fact, bool) {
	if strings.HasPrefix(b.Step, "expect.") || strings.Contains(b.Step, ".expect.") {
		return fact{}, false // its verdict is a fact of its own
	}
	switch b.State {
	case event.Running:
		l.began[b.Step] = at
		return fact{"step", faint, b.Step + " started"}, true
	case event.Done:
		text := b.Step + " done"
		if from, ok := l.began[b.Step]; ok {
			text += " after " + signal.Seconds((at - from).Seconds())
		}
		return fact{"step", green, text}, true
	case event.Failed:
		word := " failed: "
		if b.Finding {
			word = " never came: "
		}
		return fact{"step", red, b.Step + word + b.Reason}, true
	case event.Skipped:
		return fact{"step", yellow, b.Step + " skipped: " + b.Reason}, true
	case event.Pending:
	}
	return fact{}, false
}

func deed(b *event.DeedChanged) (fact, bool) {
	f := fact{word: b.Kind, ink: red}
	quiet := b.Kind == "lock"
	switch b.Phase {
	case event.Verified:
		if b.Kind == "fault" {
			f.text = fmt.Sprintf("%s is in force, begun %s", b.Step, bounds(b.Low, b.High))
			if b.Until > 0 {
				f.text += ", to be healed at " + signal.Seconds(b.Until.Seconds())
			}
		} else {
			f.ink, f.text = green, b.Step+" is there"
		}
		if b.Evidence != "" {
			f.text += ": " + b.Evidence
		}
	case event.Healing:
		f.ink, f.text = yellow, b.Step+" is being undone"
	case event.HealFailed:
		f.text, quiet = fmt.Sprintf("%s is still not undone (attempt %d): %s", b.Step, b.Attempt, b.Error), false
	case event.Healed:
		f.ink, f.text = green, fmt.Sprintf("%s undone %s", b.Step, bounds(b.Low, b.High))
		if b.Evidence != "" {
			f.text += ": " + b.Evidence
		}
	case event.Kept:
		f.ink, f.text = faint, b.Step+" is kept, as the plan says"
	case event.Intended, event.Armed, event.Injecting, event.Injected:
		return f, false
	}
	return f, !quiet
}

// bounds prints when something happened.
func bounds(low, high time.Duration) string {
	if low == high {
		return signal.Seconds(high.Seconds())
	}
	return "between " + signal.Seconds(low.Seconds()) + " and " + signal.Seconds(high.Seconds())
}

func (l *Lines) counts(at time.Duration, b *event.Progress) (fact, bool) {
	if last, ok := l.progress[b.Step]; ok && at-last < progressPause {
		return fact{}, false
	}
	l.progress[b.Step] = at
	return fact{"records", faint, b.Step + " " + counts(b.Counts)}, true
}

// counts prints running counts, the usual ones first.
func counts(m map[string]int64) string {
	var parts []string
	usual := []string{"sent", "acked", "rejected", "indeterminate", "unsent", "resent", "delivered"}
	for _, k := range usual {
		if n, ok := m[k]; ok && (n != 0 || k == "sent" || k == "acked" || k == "delivered") {
			parts = append(parts, k+" "+thousands(n))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(usual, k) {
			parts = append(parts, k+" "+thousands(m[k]))
		}
	}
	return strings.Join(parts, ", ")
}

func measured(b *event.Measured) fact {
	f := fact{word: "measured", ink: bold}
	switch {
	case b.RTO != nil && b.RTOHigh != nil:
		f.text = fmt.Sprintf("%s rto between %s and %s since %s", b.Step, signal.Seconds(b.RTOLow), signal.Seconds(*b.RTOHigh), b.Since)
		if b.AfterHeal {
			f.text += ", only after the heal had begun"
		}
	case b.TimedOut:
		f.text = fmt.Sprintf("%s rto more than %s since %s: it never came", b.Step, signal.Seconds(b.RTOLow), b.Since)
	default:
		f.text = fmt.Sprintf("%s has no rto: the condition was true all the time", b.Step)
	}
	return f
}

func audited(b *event.Audited) fact {
	c := b.Total
	parts := []string{"acked " + thousands(c.Acked), "delivered " + thousands(c.Delivered), "lost " + thousands(c.Lost)}
	for _, x := range []struct {
		name string
		n    int64
	}{
		{"inconclusive", c.Inconclusive},
		{"duplicated", c.Duplicated},
		{"duplicated across", c.DuplicatedAcross},
		{"reordered", c.Reordered},
		{"corrupted", c.Corrupted},
		{"unexpected", c.Unexpected},
	} {
		if x.n > 0 {
			parts = append(parts, x.name+" "+thousands(x.n))
		}
	}
	if causes := c.Causes.Words(thousands); causes != nil {
		parts[2] += " (" + strings.Join(causes, ", ") + ")"
	}
	return fact{"audited", bold, b.Step + " " + strings.Join(parts, ", ")}
}

func judged(b *event.Judged) fact {
	f := fact{word: "verdict", ink: red}
	switch b.Verdict {
	case event.Met:
		f.ink = green
	case event.Inconclusive, event.NotJudged:
		f.ink = yellow
	case event.NotMet:
	}
	f.text = fmt.Sprintf("%s %s", b.Step, b.Verdict)
	if b.Severity == "should" {
		f.text += " (should)"
	}
	if b.Why != "" {
		f.text += ": " + b.Why
	}
	return f
}

// changed prints changes of state, and of figures that are news; where a figure begins is none.
func changed(b *event.Changed) (fact, bool) {
	if b.To.Kind.Numeric() && b.From.Kind == signal.Invalid || ofStep(b.Signal) {
		return fact{}, false
	}
	from := ""
	if b.From.Kind != signal.Invalid {
		from = b.From.String() + " -> "
	}
	text := fmt.Sprintf("%s %s%s", b.Signal, from, b.To)
	if b.Evidence != "" {
		text += " (" + b.Evidence + strength(b.Strength) + ")"
	}
	return fact{"signal", cyan, text}, true
}

// ofStep reports whether a signal is a step's own attribute: what it says has a line of its own kind.
func ofStep(name string) bool {
	first, _, _ := strings.Cut(name, ".")
	return first == "module" || slices.Contains(addr.Kinds(), addr.Kind(first))
}

// strength says how much evidence is worth, where that is said.
func strength(s signal.Strength) string {
	if s == "" {
		return ""
	}
	return "; " + string(s) + " evidence"
}
