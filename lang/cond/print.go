package cond

import "strings"

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

// show prints a node in canonical layout.
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

func (n *held) print(b *strings.Builder, l int) {
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
		list(b, n.values, ", ", levelOperand)
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
func (n truthValue) print(b *strings.Builder, _ int) {
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

func (n *window) print(b *strings.Builder, _ int) {
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
