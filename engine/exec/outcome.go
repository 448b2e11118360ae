package exec

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/engine/event"
)

// Code is the exit code of apply and rehearse.
type Code int

// The codes, as documented for pipelines.
const (
	OK          Code = 0
	NotStarted  Code = 1
	NotMet      Code = 2
	Broken      Code = 3
	Owed        Code = 4
	Interrupted Code = 130
)

// Reason is one thing that bears on the exit code.
type Reason struct {
	Code Code
	Text string
}

// Outcome is how a run ended.
type Outcome struct {
	Reasons []Reason
	// Owed are the steps whose undo is owed.
	Owed []string
	// Verdicts counts expectations by verdict.
	Verdicts map[event.Verdict]int
	Outputs  map[string]json.RawMessage
	// GaveUp says that a second interrupt cut the healing short.
	GaveUp bool
}

// rank is the order in which codes apply: the first that applies wins.
var rank = []Code{Owed, Interrupted, Broken, NotMet, NotStarted, OK}

// Code returns the exit code: the first that applies of 4, 130, 3, 2, 0.
func (o Outcome) Code() Code { return o.sorted()[0].Code }

// Reason returns what decided the code, in words.
func (o Outcome) Reason() string { return o.sorted()[0].Text }

// Others returns every other reason that applied, in order of weight.
func (o Outcome) Others() []string {
	var out []string
	for _, r := range o.sorted()[1:] {
		if r.Code != OK {
			out = append(out, r.Text)
		}
	}
	return out
}

func (o Outcome) sorted() []Reason {
	rs := append(slices.Clone(o.Reasons), Reason{OK, "every expectation that must be met was met"})
	slices.SortStableFunc(rs, func(a, b Reason) int {
		return cmp.Compare(slices.Index(rank, a.Code), slices.Index(rank, b.Code))
	})
	return rs
}

func (o *Outcome) because(c Code, format string, args ...any) {
	o.Reasons = append(o.Reasons, Reason{c, fmt.Sprintf(format, args...)})
}

// finished is the closing event.
func (o Outcome) finished() *event.RunFinished {
	return &event.RunFinished{
		Code: int(o.Code()), Reason: o.Reason(), Reasons: o.Others(), Owed: o.Owed, Outputs: o.Outputs,
	}
}

// String is for logs and tests.
func (o Outcome) String() string {
	return fmt.Sprintf("%d: %s", o.Code(), strings.Join(append([]string{o.Reason()}, o.Others()...), "; "))
}
