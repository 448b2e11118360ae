// Package diag holds findings: what is wrong with a plan or a run, where, and what to do about it.
//
// It collects and renders findings; it decides nothing and prints nothing. Only cmd/internal/view writes
// what this package renders to a stream.
package diag

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Severity says whether a finding stops the work. The zero value is invalid on purpose.
type Severity int

// The severities.
const (
	Invalid Severity = iota
	Error
	Warning
)

func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Invalid:
	}
	return "invalid"
}

// A Diagnostic is one finding. Code is stable across releases; prose is not.
type Diagnostic struct {
	Severity Severity
	Code     Code
	// Summary is short, in sentence case, without a full stop.
	Summary string
	// Detail is whole sentences with a way out.
	Detail string
	// Subject is the words to underline; nil when only Address or Path is known.
	Subject *hcl.Range
	// Context is the wider text to show around Subject; nil means Subject's lines.
	Context *hcl.Range
	// Related is a second place worth showing, such as an earlier declaration.
	Related *Related
	// Values are the values of the names in Subject, already rendered and with secrets withheld.
	Values []Value
	// Path points into a block's arguments, for findings of providers, which have no source text.
	// lang/config turns it into a Subject before anybody sees it.
	Path cty.Path
	// Address is the plan address concerned, where there is one.
	Address string
}

// Related is a second place of a finding and what it has to do with it.
type Related struct {
	Message string
	Range   hcl.Range
}

// Value is the rendered value of one name in the underlined expression.
type Value struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Error makes a single finding usable as an error.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if d.Subject != nil {
		fmt.Fprintf(&b, "%s:%d,%d: ", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column)
	} else if d.Address != "" {
		b.WriteString(d.Address + ": ")
	}
	b.WriteString(d.Summary)
	if d.Detail != "" {
		b.WriteString("; " + d.Detail)
	}
	return b.String()
}

// List travels beside a result. A nil List is empty and ready to use.
type List []Diagnostic

// Append adds findings of any dialect this program meets: Diagnostic, List, hcl.Diagnostics, *hcl.Diagnostic,
// error and nil. Anything else is a bug in the caller and panics.
func (l List) Append(vs ...any) List {
	for _, v := range vs {
		switch v := v.(type) {
		case nil:
		case Diagnostic:
			l = append(l, v)
		case List:
			l = append(l, v...)
		case *hcl.Diagnostic:
			if v != nil {
				l = append(l, fromHCL(v))
			}
		case hcl.Diagnostics:
			for _, d := range v {
				l = append(l, fromHCL(d))
			}
		case error:
			if inner, ok := errors.AsType[listError](v); ok {
				l = append(l, inner...)
				break
			}
			if one, ok := errors.AsType[Diagnostic](v); ok {
				l = append(l, one)
				break
			}
			l = append(l, Diagnostic{Severity: Error, Code: Unclassified, Summary: v.Error()})
		default:
			panic(fmt.Sprintf("diag: cannot append %T", v))
		}
	}
	return l
}

// HasErrors reports whether any finding stops the work.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Errors returns only the findings that stop the work.
func (l List) Errors() List {
	return slices.DeleteFunc(slices.Clone(l), func(d Diagnostic) bool { return d.Severity != Error })
}

// Warnings returns only the findings that do not stop the work.
func (l List) Warnings() List {
	return slices.DeleteFunc(slices.Clone(l), func(d Diagnostic) bool { return d.Severity != Warning })
}

// Err lets a list with errors travel through an error API; Append unpacks it at the other end.
// It is nil when the list has no errors.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return listError(l)
}

// Sorted returns the findings by file, then position, then code, keeping equal ones in their order.
func (l List) Sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		ra, rb := a.Subject, b.Subject
		switch {
		case ra == nil && rb == nil:
			return 0
		case ra == nil:
			return 1
		case rb == nil:
			return -1
		}
		if c := strings.Compare(ra.Filename, rb.Filename); c != 0 {
			return c
		}
		if c := ra.Start.Byte - rb.Start.Byte; c != 0 {
			return c
		}
		return strings.Compare(string(a.Code), string(b.Code))
	})
	return out
}

type listError List

func (e listError) Error() string {
	errs := List(e).Errors()
	if len(errs) == 1 {
		return errs[0].Error()
	}
	lines := make([]string, len(errs))
	for i, d := range errs {
		lines[i] = d.Error()
	}
	return fmt.Sprintf("%d errors: %s", len(errs), strings.Join(lines, "; "))
}
