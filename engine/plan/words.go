package plan

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
)

// heldWords says how long a fault is held: "held 1m", "held until wait.takeover, action.approve.go".
func heldWords(d value.Duration, last []string) string {
	switch {
	case d > 0:
		return "held " + d.String()
	case len(last) > 0:
		return "held until " + shorten(last, ", ")
	}
	return ""
}

// seedWords is the dry run of a seed in one line.
func seedWords(s *program.Seed) string {
	var b strings.Builder
	what := "records"
	if s.File != "" {
		what = "records of " + s.File
	}
	switch {
	case len(s.Stages) > 0:
		b.WriteString(stageWords(s.Stages) + " " + what + " a second")
	default:
		fmt.Fprintf(&b, "%s %s a second", number(s.Rate), what)
	}
	total, length := extent(s)
	if s.Arrivals == "poisson" {
		b.WriteString(" (in the mean, at random times)")
	}
	fmt.Fprintf(&b, " for %s (%s in all), %d in a batch, to ", signal.Seconds(length), number(total), max(s.Batch, 1))
	switch s.Route {
	case "failover":
		fmt.Fprintf(&b, "%s when it has refused for %s", strings.Join(s.Targets, ", then "), s.SwitchAfter)
		if s.Resend {
			b.WriteString(", unacknowledged records again")
		}
	case "mirror":
		b.WriteString("each of " + strings.Join(s.Targets, ", "))
	case "spread":
		b.WriteString(strings.Join(s.Targets, ", ") + " in turns")
	default:
		b.WriteString(strings.Join(s.Targets, ", "))
	}
	return b.String()
}

func stageWords(stages []program.RateStage) string {
	parts := make([]string, len(stages))
	for i, s := range stages {
		parts[i] = number(s.Rate)
	}
	return shorten(parts, ", then ")
}

func auditWords(a *program.Audit) string {
	return fmt.Sprintf("reads what comes out of %s and holds it against %s by %s", strings.Join(a.Targets, " and "), a.SeedAt, a.Key)
}

func waitWords(s *program.Step) string {
	w := s.Wait
	var b strings.Builder
	if w.Until != nil {
		b.WriteString("until " + w.Until.Text)
	}
	if w.Hold > 0 {
		fmt.Fprintf(&b, ", for %s on end", w.Hold)
	}
	if s.Timeout > 0 {
		fmt.Fprintf(&b, ", at most %s", s.Timeout)
	}
	if w.Since != nil {
		b.WriteString("; measured from " + w.Since.Path())
	}
	return b.String()
}

func approveWords(a *program.Approve) string {
	if a.Default == "" {
		return "asks a person: " + a.Prompt
	}
	return fmt.Sprintf("asks a person: %s (no answer means %s)", a.Prompt, a.Default)
}

// number prints a count or a rate without an exponent.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// String says when something is expected: "0s to 1m5s", "from 40s on, at most until 2m".
func (w Window) String() string {
	from := signal.Seconds(w.Start)
	if w.AtLeast {
		from = "at least " + from
	}
	switch {
	case w.End != nil && *w.End == w.Start:
		return from
	case w.End != nil:
		return from + " to " + signal.Seconds(*w.End)
	case w.Latest != nil:
		return fmt.Sprintf("from %s on, at most until %s", from, signal.Seconds(*w.Latest))
	}
	return "from " + from + " on"
}
