// Package testfile is the language of tests of conditions: declared signals, samples on a timeline, conditions, and
// what they are expected to be.
//
// It reads test files and judges them; conditions themselves are lang/cond's. Nothing here opens a file.
package testfile

import (
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// Bounds of a test file.
const (
	MaxFile    = 1 << 20 // bytes
	maxLine    = 16 << 10
	maxSamples = 100_000 // of one file, those of `every` included
	maxTests   = 5_000   // of one file
	maxChecks  = 50_000  // lines that expect something, of one file
	maxTime    = 365 * 24 * time.Hour
)

// File is a test file that was read.
type File struct {
	Name  string
	Tests []*Test
	names names
}

// Test is one named timeline with the conditions that are judged over it.
type Test struct {
	Name       string
	Range      hcl.Range
	Line       Timeline
	Conditions []*Condition
	names      names
}

// Timeline is what happened in a test.
type Timeline struct {
	// Samples are in the order of the latest instants at which they can have been true, then as they stand.
	Samples []signal.Sample
	Events  map[string]signal.Span
	// Begin is where ranges begin that do not say so.
	Begin time.Duration
	// End is the end of the run; the last sample or event if the test does not say.
	End time.Duration
}

// Condition is one condition and what is expected of it.
type Condition struct {
	Text   string
	Range  hcl.Range
	Checks []Check
}

// Kind is what a check looks at.
type Kind int

// The kinds of checks.
const (
	Instant Kind = iota // the truth at an instant, or all over [From, To)
	Verdict             // the verdict at the end of the run
	Mistake             // the condition is refused
)

// Check is one expectation.
type Check struct {
	Kind  Kind
	Range hcl.Range
	Want  cond.Truth
	// From and To are the instants looked at; equal for one. At is the instant that decided a verdict, if HasAt.
	From, To, At time.Duration
	HasAt        bool
	// Why is a part of the reason, empty if any will do. Of a mistake it is a part of the message.
	Why string
}

// Until is what is known of a timeline at an instant.
func (l *Timeline) Until(t time.Duration) *cond.MemoryView {
	v := cond.NewMemoryView()
	for _, s := range l.Samples {
		if s.High <= t {
			v.Push(s)
		}
	}
	for name, e := range l.Events {
		if e.High <= t {
			v.Happened(name, e)
		}
	}
	return v
}
