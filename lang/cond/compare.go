package cond

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// falsity stands in for a comparison that is wrong and has been reported.
var falsity = boolean{constant{signal.BoolVal(false), "false"}}

func (c *compiler) comparison(n *comparisonNode) truthNode {
	if n.Tail == nil {
		if or := bare(n.Left); or != nil {
			return c.or(or) // parentheses around a formula
		}
		v := c.sum(n.Left)
		if v == nil {
			return falsity
		}
		if v.typ().Kind != signal.Bool {
			c.problem(diag.CondNotTruth, n.Pos.Offset, c.span(n.Pos, n.EndPos), "Not true or false",
				"%s is a %s. Compare it with something, as in %s %s.", show(v), v.typ(), show(v), example(v.typ()))
		}
		return boolean{v}
	}
	was := c.inside
	if was == "" {
		c.inside = "a comparison"
	}
	defer func() { c.inside = was }()
	return c.tail(n, c.word(n.Left))
}

func example(t signal.Type) string {
	switch t.Kind {
	case signal.Duration:
		return "<= 60s"
	case signal.Ratio:
		return "<= 1%"
	case signal.EnumKind:
		if t.Enum != nil && len(t.Enum.Values) > 0 {
			return "is " + t.Enum.Values[0]
		}
		return `is "word"`
	case signal.String:
		return `== "text"`
	case signal.Number, signal.Bool, signal.Invalid:
	}
	return ">= 1"
}

// bare returns the formula in parentheses that a sum consists of, if it is nothing but that.
func bare(n *sumNode) *orNode {
	if len(n.Rest) == 0 && len(n.Left.Rest) == 0 {
		return n.Left.Left.Or
	}
	return nil
}

// word returns the enum word that a sum consists of, if it is nothing but that.
func (c *compiler) word(n *sumNode) *literalNode {
	if len(n.Rest) == 0 && len(n.Left.Rest) == 0 {
		if l := n.Left.Left.Literal; l != nil && l.Word != nil {
			return l
		}
	}
	return nil
}

func (c *compiler) tail(n *comparisonNode, leftWord *literalNode) truthNode {
	t := n.Tail
	if leftWord != nil {
		if t.Op != "" && t.Right != nil && c.word(t.Right) == nil {
			right := c.sum(t.Right)
			if right == nil {
				return falsity
			}
			return c.compare(n, c.literal(leftWord, right), right)
		}
		c.loneWord(leftWord)
		return falsity
	}
	left := c.sum(n.Left)
	if left == nil {
		return falsity
	}
	switch {
	case t.Op != "":
		var right valueNode
		if w := c.word(t.Right); w != nil {
			right = c.literal(w, left)
		} else {
			right = c.sum(t.Right)
		}
		if right == nil {
			return falsity
		}
		return c.compare(n, left, right)
	case t.Is:
		op := "=="
		if t.IsNot {
			op = "!="
		}
		right := c.literal(t.Literal, left)
		if right == nil {
			return falsity
		}
		return c.typed(n, op, left, right)
	case t.In || t.NotIn:
		m := membership{left: left, not: t.NotIn}
		for _, l := range append(t.Set, t.NotSet...) {
			if v := c.literal(l, left); c.same(l.Pos, l.EndPos, left, v) {
				m.values = append(m.values, v)
			}
		}
		return m
	}
	return c.match(t, left)
}

func (c *compiler) match(t *tailNode, left valueNode) truthNode {
	re := t.RE
	if t.NotRE != nil {
		re = t.NotRE
	}
	m := matching{left: left, not: t.NotRE != nil, text: unquote(re.Text)}
	if k := left.typ().Kind; k != signal.String && k != signal.EnumKind {
		c.problem(diag.CondTypes, re.Pos.Offset, len(re.Text), "Only text can match", "%s is a %s; `matches` needs text.", show(left), left.typ())
	}
	var err error
	if m.re, err = regexp.Compile(m.text); err != nil {
		c.problem(diag.CondPattern, re.Pos.Offset, len(re.Text), "Bad pattern", "%s. Patterns are in RE2 syntax and match anywhere unless anchored with ^ and $.", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return m
}

// loneWord reports a word that stands opposite nothing.
func (c *compiler) loneWord(n *literalNode) {
	hint := "Text is quoted; a name has a dot in it."
	if k := near(*n.Word, keywords); k != "" {
		hint = fmt.Sprintf("Did you mean `%s`?", k)
	}
	c.problem(diag.CondLoneWord, n.Pos.Offset, len(*n.Word), "Word without a meaning here",
		"%q may only stand opposite a name that has it as a value, as in `dc1.job.orders.health is healthy`. %s", *n.Word, hint)
}

// compare checks `left OP right`.
func (c *compiler) compare(n *comparisonNode, left, right valueNode) truthNode {
	if left == nil || right == nil {
		return falsity
	}
	op := n.Tail.Op
	if op != "==" && op != "!=" && !left.typ().Kind.Numeric() {
		c.problem(diag.CondTypes, n.Tail.Pos.Offset, len(op), "No order among these values", "%s is a %s, which can only be compared with == and !=.", show(left), left.typ())
		return falsity
	}
	return c.typed(n, op, left, right)
}

func (c *compiler) typed(n *comparisonNode, op string, left, right valueNode) truthNode {
	if !c.same(n.Pos, n.EndPos, left, right) {
		return falsity
	}
	return comparison{op: op, left: left, right: right}
}

// same reports whether two operands can be compared, and says why not.
func (c *compiler) same(from, to lexer.Position, left, right valueNode) bool {
	if left == nil || right == nil {
		return false
	}
	l, r := left.typ(), right.typ()
	if l.Kind == r.Kind && (l.Kind != signal.EnumKind || l.Enum == nil || r.Enum == nil || l.Enum.Name == r.Enum.Name) {
		return true
	}
	if open(l) && r.Kind == signal.String || open(r) && l.Kind == signal.String {
		return true // a word that a newer server may send
	}
	hint := fmt.Sprintf("%s is a %s and %s is a %s.", show(left), l, show(right), r)
	c.problem(diag.CondTypes, from.Offset, c.span(from, to), "Values of different kinds", "%s%s%s", hint, wayOut(left, right), wayOut(right, left))
	return false
}

// open reports whether words may come up that the enumeration does not list.
func open(t signal.Type) bool { return t.Kind == signal.EnumKind && t.Enum != nil && t.Enum.Open }

// wayOut says how to write a constant so that it can stand opposite n.
func wayOut(n, opposite valueNode) string {
	c, ok := opposite.(constant)
	if !ok {
		return ""
	}
	v := c.v
	num := strconv.FormatFloat(v.Num, 'g', -1, 64)
	switch k := n.typ().Kind; {
	case v.Kind == signal.Number && k == signal.Duration:
		return fmt.Sprintf(" Write the unit, as in %ss.", num)
	case v.Kind == signal.Number && k == signal.Ratio:
		return fmt.Sprintf(" Write it in percent, as in %s%%.", num)
	case v.Kind == signal.String && k == signal.EnumKind:
		return " Write the word without quotes."
	case v.Kind != signal.String && k == signal.String:
		return " Put text in quotes."
	}
	return ""
}
