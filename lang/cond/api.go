// Package cond is the condition language: grammar, types, and evaluation over samples.
//
// It knows no HCL and no providers: names are resolved through Resolver, observations are read through View.
// Its semantics are metric temporal logic over finite, sampled traces with three truth values; docs/conditions.md
// states them for users.
package cond

import (
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// Truth is Kleene's third value and the two others. The zero value is Unknown.
type Truth int8

// The truth values.
const (
	Unknown Truth = iota
	False
	True
)

func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	case Unknown:
	}
	return "unknown"
}

// Mode says where a condition stands, and so what it may contain.
type Mode int

// The modes.
const (
	Instant Mode = iota // when, until, guard: no temporal operators
	Verdict             // expect.that
)

// Segment is one part of a path with its optional index.
type Segment struct {
	Name  string
	Index *Index
}

// Index is a string or an integer in brackets.
type Index struct {
	Text  string
	Int   int
	IsInt bool
}

// Path is a dotted name as it was written.
type Path []Segment

// Subject is what a path stands for.
type Subject struct {
	// Name is the canonical name under which samples or events arrive.
	Name    string
	Type    signal.Type
	Moment  schema.Moment
	Bounded bool
	// Step is the address of the step it belongs to, empty for signals of targets and of the run.
	Step string
	// Job is the address of the job instance whose signal it is, where the plan has that job.
	Job string
	// Provider makes the signal; empty for what the engine itself says.
	Provider string
}

// Problem is why something in a condition is wrong.
type Problem struct {
	Code           diag.Code
	Offset, Length int    // bytes within the condition's text
	Summary        string // sentence case, no full stop
	Detail         string // whole sentences with a way out
}

func (p *Problem) Error() string { return p.Summary + ": " + p.Detail }

// Resolver finds what paths stand for.
type Resolver interface {
	// Resolve returns the subject of a path, or a problem without offsets.
	Resolve(p Path) (Subject, *Problem)
}

// View gives read access to the samples and events of a run, recorded or under way. Instants are time since
// run.started.
type View interface {
	// At returns the value in force at t: that of the last sample with High <= t, unless it has expired.
	At(name string, t time.Duration) (signal.Value, bool)
	// Last returns the last sample with High <= t, expired or not.
	Last(name string, t time.Duration) (signal.Sample, bool)
	// Samples returns the samples with from <= High <= to, ordered by (High, Seq). The caller must not keep it.
	Samples(name string, from, to time.Duration) []signal.Sample
	// Event returns when an event happened.
	Event(name string) (signal.Span, bool)
}

// Judged is the truth of a condition at one instant or over a range, and why.
type Judged struct {
	Truth Truth
	// At is the instant that decided; the end of the range if nothing earlier did.
	At time.Duration
	// From and To are the range judged; equal for an instant.
	From, To time.Duration
	// Why says in words which comparison decided, with the values and their bounds, or what was missing.
	Why string
	// Part is the part of the formula that decided; it may be all of it.
	Part string
	// Samples are those in force at At of the signals that Part reads, one for each that has one.
	Samples []signal.Sample
	// Values are the operands' values at At, in the order in which they stand.
	Values []Reading
}

// Reading is one operand with its value when it mattered.
type Reading struct {
	Name  string       `json:"name"`
	Value signal.Value `json:"value"`
	Known bool         `json:"known"`
}

// Formula is a parsed and type-checked condition. It is immutable and safe for concurrent use.
type Formula struct {
	root     node
	text     string
	subjects []Subject
	awaited  []Subject
	names    []string
	temporal bool
	signals  []string // that are read, by slot
	windows  []*window
	helds    []*held
}

// Compile parses and checks text. All problems are reported at once; the formula is nil if there are any.
func Compile(text string, mode Mode, r Resolver) (*Formula, []Problem) {
	tree, p := parse(text)
	if p != nil {
		return nil, []Problem{*p}
	}
	c := &compiler{text: text, mode: mode, resolver: r, seen: map[string]bool{}, awaits: map[string]bool{}}
	return c.formula(c.or(tree))
}

// formula is what was compiled, unless something was wrong.
func (c *compiler) formula(root truthNode) (*Formula, []Problem) {
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	f := &Formula{root: root, subjects: c.subjects, awaited: c.awaited, text: show(root), signals: c.signals, windows: c.windows, helds: c.helds}
	f.temporal = hasTemporal(root)
	for _, s := range f.subjects {
		f.names = append(f.names, s.Name)
	}
	return f, nil
}

// String is the condition in canonical layout.
func (f *Formula) String() string { return f.text }

// Subjects lists what the formula refers to, each once, in the order of first use.
func (f *Formula) Subjects() []Subject { return f.subjects }

// Names lists the names of the subjects.
func (f *Formula) Names() []string { return f.names }

// Awaited lists the events that stand outside the range of a temporal operator: in a window, in time(), as an
// operand. An expectation waits for them; those that only bound a temporal range it does not.
func (f *Formula) Awaited() []Subject { return f.awaited }

// Temporal reports whether a temporal operator stands in the formula.
func (f *Formula) Temporal() bool { return f.temporal }
