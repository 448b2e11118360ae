package cond

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// node is a part of a formula. Truths have truth; operands have value.
type node interface {
	print(b *strings.Builder, level int)
}

// truthNode is true, false or unknown at an instant.
type truthNode interface {
	node
	truth(v *look) Truth
}

// valueNode has a value at an instant, or none.
type valueNode interface {
	node
	value(v *look) (signal.Value, bool)
	typ() signal.Type
}

type (
	orTruth  struct{ parts []truthNode }
	andTruth struct{ parts []truthNode }
	notTruth struct{ body truthNode }
	held     struct {
		body truthNode
		over time.Duration
		id   int // among those of the formula, inner ones first
	}
	comparison struct {
		op          string
		left, right valueNode
	}
	membership struct {
		left   valueNode
		not    bool
		values []valueNode // constants
	}
	matching struct {
		left valueNode
		not  bool
		text string
		re   *regexp.Regexp
	}
	// boolean is an operand that stands for a truth.
	boolean struct{ of valueNode }

	constant struct {
		v    signal.Value
		text string
	}
	reading struct {
		subject Subject
		slot    int // of the signal in the formula
	}
	// happened is an event as an operand.
	happened struct{ subject Subject }
	window   struct {
		name     string
		subject  Subject
		slot     int
		id       int           // among those of the formula
		over     time.Duration // 0: the whole run so far, or from..to
		from, to string        // events
	}
	ageOf struct {
		subject Subject
		slot    int
	}
	timeOf struct{ subject Subject }
	minus  struct{ of valueNode }
	binary struct {
		op          byte
		left, right valueNode
		t           signal.Type
	}
	// truthValue is a parenthesised formula as an operand.
	truthValue struct{ of truthNode }

	temporal struct {
		op       string // always, never, eventually, whenever
		body     truthNode
		then     truthNode
		deadline time.Duration // of whenever
		from, to string        // events, empty: defaults
		within   time.Duration
	}
)

// children lists the parts of a node.
func children(n node) []node {
	switch n := n.(type) {
	case orTruth:
		return nodes(n.parts)
	case andTruth:
		return nodes(n.parts)
	case notTruth:
		return []node{n.body}
	case *held:
		return []node{n.body}
	case comparison:
		return []node{n.left, n.right}
	case membership:
		return []node{n.left}
	case matching:
		return []node{n.left}
	case boolean:
		return []node{n.of}
	case minus:
		return []node{n.of}
	case binary:
		return []node{n.left, n.right}
	case truthValue:
		return []node{n.of}
	case *temporal:
		if n.then != nil {
			return []node{n.body, n.then}
		}
		return []node{n.body}
	}
	return nil
}

func nodes[T node](in []T) []node {
	out := make([]node, len(in))
	for i, n := range in {
		out[i] = n
	}
	return out
}

func hasTemporal(n node) bool {
	if _, ok := n.(*temporal); ok {
		return true
	}
	return slices.ContainsFunc(children(n), hasTemporal)
}

func (n constant) typ() signal.Type { return signal.Type{Kind: n.v.Kind} }
func (n reading) typ() signal.Type  { return n.subject.Type }
func (happened) typ() signal.Type   { return signal.Type{Kind: signal.Bool} }
func (ageOf) typ() signal.Type      { return signal.Type{Kind: signal.Duration} }
func (timeOf) typ() signal.Type     { return signal.Type{Kind: signal.Duration} }
func (truthValue) typ() signal.Type { return signal.Type{Kind: signal.Bool} }
func (n minus) typ() signal.Type    { return n.of.typ() }
func (n binary) typ() signal.Type   { return n.t }

func (n *window) typ() signal.Type {
	switch n.name {
	case "rate", "count", "changes":
		return signal.Type{Kind: signal.Number}
	}
	return n.subject.Type
}
