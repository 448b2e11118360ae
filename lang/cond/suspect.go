package cond

import (
	"fmt"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// Suspicions are what is allowed in the condition and hardly meant: parts that are the same whatever is observed, ranges
// and windows in which nothing can lie, and windows longer than the run may last. timeout is how long that is; 0 if
// nobody knows. They have no offsets: each names the part that it is about.
func (f *Formula) Suspicions(timeout time.Duration) []Problem {
	var out []Problem
	var walk func(node)
	walk = func(n node) {
		if t, ok := n.(truthNode); ok {
			if p := constantTruth(t); p != nil {
				out = append(out, *p)
				return
			}
		}
		out = append(out, vacuous(n, timeout)...)
		for _, c := range children(n) {
			walk(c)
		}
	}
	walk(f.root)
	return out
}

// constantTruth says that a part without temporal operators is the same whatever is observed.
func constantTruth(n truthNode) *Problem {
	if _, ok := n.(*temporal); ok || hasTemporal(n) {
		return nil
	}
	t := sameAlways(n)
	if t == Unknown {
		return nil
	}
	word, way := "true", "Leave it out, or compare with something that it may fail."
	if t == False {
		word, way = "false", "Look at the operators and the limits."
	}
	return &Problem{
		Code: diag.CondConstant, Summary: "Condition is never anything but " + word,
		Detail: fmt.Sprintf("%s is %s whatever is observed, or unknown. %s", show(n), word, way),
	}
}

// vacuous says why a range or a window has nothing in it, or cannot do what it is there for.
func vacuous(n node, timeout time.Duration) []Problem {
	var out []Problem
	say := func(format string, args ...any) {
		out = append(out, Problem{Code: diag.CondVacuous, Summary: "Nothing lies in this stretch of time", Detail: fmt.Sprintf(format, args...)})
	}
	tooLong := func(what string, d time.Duration) {
		if timeout > 0 && d > timeout {
			out = append(out, Problem{
				Code: diag.CondVacuous, Summary: "Longer than the run may last",
				Detail: fmt.Sprintf("%s is longer than the plan's timeout of %s. Make it shorter, or the timeout longer.", what, formatDuration(timeout)),
			})
		}
	}
	switch n := n.(type) {
	case *temporal:
		if backwards(n.from, n.to) {
			say("%s is never before %s, so that the range is empty and the verdict unknown. Swap them, or leave one out.", orStart(n.from), n.to)
		}
		tooLong("within "+formatDuration(n.within), n.within)
		if n.deadline > 0 && n.within > 0 && n.deadline > n.within {
			say("The range is %s long, and the answer may take %s: one that is late can never be told. Make the range longer.", formatDuration(n.within), formatDuration(n.deadline))
		}
		if h := longestHeld(n.body); n.within > 0 && h > n.within {
			say("for %s looks back beyond the beginning of a range of %s. Make the range longer, or `for` shorter.", formatDuration(h), formatDuration(n.within))
		}
	case *window:
		if backwards(n.from, n.to) {
			say("%s is never before %s, so that %s never has a value. Swap them.", n.from, n.to, show(n))
		}
		tooLong("The window of "+show(n), n.over)
	case *held:
		tooLong("for "+formatDuration(n.over), n.over)
	}
	return out
}

func orStart(event string) string {
	if event == "" {
		return "the beginning of the range"
	}
	return event
}

// longestHeld is the longest `for` in a formula.
func longestHeld(n node) time.Duration {
	longest := time.Duration(0)
	if h, ok := n.(*held); ok {
		longest = h.over
	}
	for _, c := range children(n) {
		longest = max(longest, longestHeld(c))
	}
	return longest
}

// moments are the events of a step in the order in which they happen.
var moments = map[string]int{"started": 1, "injected": 2, "healed": 3, "done": 3}

// backwards reports whether the first event is known not to come before the second.
func backwards(from, to string) bool {
	if to == "" {
		return false
	}
	if to == "run.started" || from == to {
		return true
	}
	stepA, momentA := cutLast(from)
	stepB, momentB := cutLast(to)
	return stepA == stepB && moments[momentA] > moments[momentB] && moments[momentB] > 0
}

func cutLast(path string) (head, last string) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// neverNegative reports whether an operand counts or measures something: then it is nothing or more.
func neverNegative(n valueNode) bool {
	switch n := n.(type) {
	case *window:
		return n.name == "count" || n.name == "changes" || (n.name != "delta" && n.name != "rate" && neverNegative(reading{subject: n.subject}))
	case ageOf, timeOf:
		return true
	case reading:
		counted := strings.HasPrefix(n.subject.Name, "audit.") || strings.HasPrefix(n.subject.Name, "seed.")
		return n.subject.Step != "" && n.subject.Type.Kind == signal.Duration || counted && n.subject.Type.Kind.Numeric()
	}
	return false
}
