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

// operandNodeT has a value at an instant, or none.
type valueNode interface {
	node
	value(v *look) (signal.Value, bool)
	typ() signal.Type
}

// Levels of binding, loosest first; what binds looser than its surroundings is printed in parentheses.
const (
	levelTemporal = iota
	levelOr
	levelAnd
	levelNot
	levelFor
	levelCompare
	levelSum
	levelProduct
	levelOperand
)

type (
	orTruth  struct{ parts []truthNode }
	andTruth struct{ parts []truthNode }
	notTruth struct{ body truthNode }
	held     struct {
		body  truthNode
		over  time.Duration
		edges []string // what can change it
	}
	comparison struct {
		op          string
		left, right valueNode
	}
	membership struct {
		left   valueNode
		not    bool
		values []signal.Value
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
	reading struct{ subject Subject }
	// happened is an event as an operand.
	happened struct{ subject Subject }
	window   struct {
		name     string
		subject  Subject
		over     time.Duration // 0: the whole run so far, or from..to
		from, to string        // events
	}
	ageOf  struct{ subject Subject }
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
		subjects []string
	}
)

func show(n node) string {
	var b strings.Builder
	n.print(&b, levelTemporal)
	return b.String()
}

func parens(b *strings.Builder, outer, own int, fn func()) {
	if own < outer {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	fn()
}

func list[T node](b *strings.Builder, parts []T, sep string, level int) {
	for i, p := range parts {
		if i > 0 {
			b.WriteString(sep)
		}
		p.print(b, level)
	}
}

func (n orTruth) print(b *strings.Builder, l int) {
	parens(b, l, levelOr, func() { list(b, n.parts, " or ", levelAnd) })
}

func (n andTruth) print(b *strings.Builder, l int) {
	parens(b, l, levelAnd, func() { list(b, n.parts, " and ", levelNot) })
}

func (n notTruth) print(b *strings.Builder, l int) {
	parens(b, l, levelNot, func() { b.WriteString("not "); n.body.print(b, levelNot) })
}

func (n held) print(b *strings.Builder, l int) {
	parens(b, l, levelFor, func() {
		n.body.print(b, levelCompare)
		b.WriteString(" for " + formatDuration(n.over))
	})
}

func (n comparison) print(b *strings.Builder, l int) {
	parens(b, l, levelCompare, func() {
		n.left.print(b, levelSum)
		b.WriteString(" " + n.op + " ")
		n.right.print(b, levelSum)
	})
}

func (n membership) print(b *strings.Builder, l int) {
	parens(b, l, levelCompare, func() {
		n.left.print(b, levelSum)
		if n.not {
			b.WriteString(" not")
		}
		b.WriteString(" in (")
		for i, v := range n.values {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(literalText(v))
		}
		b.WriteString(")")
	})
}

func (n matching) print(b *strings.Builder, l int) {
	parens(b, l, levelCompare, func() {
		n.left.print(b, levelSum)
		if n.not {
			b.WriteString(" not")
		}
		b.WriteString(" matches " + quoted(n.text))
	})
}

func (n boolean) print(b *strings.Builder, l int)  { n.of.print(b, l) }
func (n constant) print(b *strings.Builder, _ int) { b.WriteString(n.text) }
func (n reading) print(b *strings.Builder, _ int)  { b.WriteString(n.subject.Name) }
func (n happened) print(b *strings.Builder, _ int) { b.WriteString(n.subject.Name) }
func (n ageOf) print(b *strings.Builder, _ int)    { b.WriteString("age(" + n.subject.Name + ")") }
func (n timeOf) print(b *strings.Builder, _ int)   { b.WriteString("time(" + n.subject.Name + ")") }
func (n truthValue) print(b *strings.Builder, l int) {
	b.WriteByte('(')
	n.of.print(b, levelTemporal)
	b.WriteByte(')')
}

func (n minus) print(b *strings.Builder, _ int) {
	b.WriteString("- ")
	n.of.print(b, levelOperand)
}

func (n binary) print(b *strings.Builder, l int) {
	own, right := levelSum, levelProduct
	if n.op == '*' || n.op == '/' {
		own, right = levelProduct, levelOperand
	}
	parens(b, l, own, func() {
		n.left.print(b, own)
		b.WriteString(" " + string(n.op) + " ")
		n.right.print(b, right)
	})
}

func (n window) print(b *strings.Builder, _ int) {
	b.WriteString(n.name + "(" + n.subject.Name)
	switch {
	case n.over > 0:
		b.WriteString(", " + formatDuration(n.over))
	case n.from != "":
		b.WriteString(", from " + n.from + " to " + n.to)
	}
	b.WriteString(")")
}

func (n temporal) print(b *strings.Builder, l int) {
	parens(b, l, levelTemporal, func() {
		b.WriteString(n.op + " ")
		n.body.print(b, levelOr)
		if n.op == "whenever" {
			b.WriteString(" then ")
			n.then.print(b, levelOr)
			b.WriteString(" within " + formatDuration(n.deadline))
		}
		if n.from != "" {
			b.WriteString(" from " + n.from)
		}
		if n.to != "" {
			b.WriteString(" to " + n.to)
		}
		if n.within > 0 {
			b.WriteString(" within " + formatDuration(n.within))
		}
	})
}

// children lists the parts of a node.
func children(n node) []node {
	switch n := n.(type) {
	case orTruth:
		return nodes(n.parts)
	case andTruth:
		return nodes(n.parts)
	case notTruth:
		return []node{n.body}
	case held:
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

// names lists the subjects below a node.
func names(n node) []string {
	var out []string
	var walk func(node)
	walk = func(n node) {
		add := func(s string) {
			if s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		switch n := n.(type) {
		case reading:
			add(n.subject.Name)
		case happened:
			add(n.subject.Name)
		case ageOf:
			add(n.subject.Name)
		case timeOf:
			add(n.subject.Name)
		case window:
			add(n.subject.Name)
			add(n.from)
			add(n.to)
		}
		for _, c := range children(n) {
			walk(c)
		}
	}
	walk(n)
	return out
}

func (n constant) typ() signal.Type { return signal.Type{Kind: n.v.Kind} }
func (n reading) typ() signal.Type  { return n.subject.Type }
func (happened) typ() signal.Type   { return signal.Type{Kind: signal.Bool} }
func (ageOf) typ() signal.Type      { return signal.Type{Kind: signal.Duration} }
func (timeOf) typ() signal.Type     { return signal.Type{Kind: signal.Duration} }
func (truthValue) typ() signal.Type { return signal.Type{Kind: signal.Bool} }
func (n minus) typ() signal.Type    { return n.of.typ() }
func (n binary) typ() signal.Type   { return n.t }

func (n window) typ() signal.Type {
	switch n.name {
	case "rate", "count", "changes":
		return signal.Type{Kind: signal.Number}
	}
	return n.subject.Type
}
