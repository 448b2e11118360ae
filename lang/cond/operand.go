package cond

import (
	"math"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

func (c *compiler) sum(n *sumNode) valueNode {
	out := c.product(n.Left)
	for _, r := range n.Rest {
		out = c.arith(r.Pos, r.Op[0], out, c.product(r.Term))
	}
	return out
}

func (c *compiler) product(n *productNode) valueNode {
	out := c.operand(n.Left)
	for _, r := range n.Rest {
		out = c.arith(r.Pos, r.Op[0], out, c.operand(r.Term))
	}
	return out
}

// arith types `left OP right`: like with like for + and -, by number or ratio for * and /, and duration by
// duration is a number.
func (c *compiler) arith(pos lexer.Position, op byte, left, right valueNode) valueNode {
	if left == nil || right == nil {
		return nil
	}
	l, r := left.typ().Kind, right.typ().Kind
	scale := func(k signal.Kind) bool { return k == signal.Number || k == signal.Ratio }
	var t signal.Kind
	switch {
	case (op == '+' || op == '-') && l == r && l.Numeric():
		t = l
	case op == '*' && (l == signal.Ratio && r == signal.Number):
		t = share(left, right)
	case op == '*' && (l == signal.Number && r == signal.Ratio):
		t = share(right, left)
	case op == '*' && l.Numeric() && scale(r):
		t = l
	case op == '*' && scale(l) && r.Numeric():
		t = r
	case op == '/' && l.Numeric() && scale(r):
		t = l
	case op == '/' && l == signal.Duration && r == signal.Duration:
		t = signal.Number
	default:
		c.problem(diag.CondTypes, pos.Offset, 1, "These values cannot be combined",
			"%s is a %s and %s is a %s. Add and subtract like values; multiply and divide by plain numbers or ratios.", show(left), left.typ(), show(right), right.typ())
		return nil
	}
	n := binary{op: op, left: left, right: right, t: signal.Type{Kind: t}}
	if d, ok := right.(constant); ok && op == '/' && d.v.Num == 0 {
		c.problem(diag.CondTypes, pos.Offset, 1, "Division by zero", "%s has no value.", show(n))
		return nil
	}
	a, ok1 := left.(constant)
	b, ok2 := right.(constant)
	if ok1 && ok2 {
		if v, ok := combine(op, a.v, b.v, t); ok && v.Num >= 0 && !math.IsInf(v.Num, 0) {
			return constant{v, literalText(v)}
		}
	}
	return n
}

// share is what a ratio times a number is: a part of the number (`90% * rate(x)`), but a multiple of the ratio where
// only the number is written out (`2 * audit.a.lost_percent`).
func share(ratio, number valueNode) signal.Kind {
	_, fixed := ratio.(constant)
	if _, factor := number.(constant); factor && !fixed {
		return signal.Ratio
	}
	return signal.Number
}

func (c *compiler) operand(n *operandNode) valueNode {
	switch {
	case n.Or != nil:
		if inner := n.Or; len(inner.Ands) == 1 && len(inner.Ands[0].Unaries) == 1 {
			if h := inner.Ands[0].Unaries[0].Held; h != nil && h.For == nil && h.Comparison.Tail == nil {
				return c.sum(h.Comparison.Left) // parentheses around a value
			}
		}
		var t truthNode
		was := c.inside
		if was == "" {
			c.inside = "a comparison"
		}
		t = c.or(n.Or)
		c.inside = was
		return truthValue{t}
	case n.Minus != nil:
		v := c.operand(n.Minus)
		if v == nil {
			return nil
		}
		if !v.typ().Kind.Numeric() {
			c.problem(diag.CondTypes, n.Pos.Offset, 1, "Only numbers have a sign", "%s is a %s.", show(v), v.typ())
			return nil
		}
		return minus{v}
	case n.Call != nil:
		return c.call(n.Call)
	case n.Path != nil:
		return c.path(n.Path)
	case n.Literal.Word != nil:
		c.loneWord(n.Literal)
		return nil
	}
	return c.plain(n.Literal)
}

func (c *compiler) path(n *pathNode) valueNode {
	s, ok := c.resolve(n)
	if !ok {
		return nil
	}
	c.use(s)
	if s.Moment == schema.Event {
		c.await(s)
		return happened{s}
	}
	return reading{s, c.slot(s.Name)}
}

func (c *compiler) call(n *callNode) valueNode {
	s, ok := c.resolve(n.Path)
	if !ok {
		return nil
	}
	event, bare := s.Moment == schema.Event, n.Over == nil && n.From == nil
	switch {
	case n.Name == "time" && !event:
		c.problem(diag.CondNotEvent, n.Path.Pos.Offset, c.span(n.Path.Pos, n.Path.EndPos), "Not an event", "time() takes an event, which ends in started, done, injected or healed.")
		return nil
	case n.Name != "time" && event:
		c.problem(diag.CondWindow, n.Path.Pos.Offset, c.span(n.Path.Pos, n.Path.EndPos), "An event has no samples", "%s() looks at the samples of a signal; %s is an event. Use time(%s).", n.Name, n.Path.path(), n.Path.path())
		return nil
	case (n.Name == "time" || n.Name == "age") && !bare:
		c.problem(diag.CondWindow, n.Pos.Offset, len(n.Name), "No window here", "%s() takes a name and nothing else.", n.Name)
		return nil
	}
	c.use(s)
	switch n.Name {
	case "time":
		c.await(s)
		return timeOf{s}
	case "age":
		return ageOf{s, c.slot(s.Name)}
	}
	return c.window(n, s)
}

func (c *compiler) window(n *callNode, s Subject) valueNode {
	if k := s.Type.Kind; n.Name != "count" && n.Name != "changes" && !k.Numeric() {
		c.problem(diag.CondTypes, n.Path.Pos.Offset, c.span(n.Path.Pos, n.Path.EndPos), "Only numbers have a "+n.Name,
			"%s is a %s. count() and changes() work on any signal.", n.Path.path(), s.Type)
		return nil
	}
	w := &window{name: n.Name, subject: s, slot: c.slot(s.Name), id: len(c.windows)}
	if n.Over != nil {
		w.over = c.duration(n.Over)
	}
	if n.From != nil {
		w.from, w.to = c.event(n.From, true), c.event(n.To, true)
		if w.from == "" || w.to == "" {
			return nil
		}
	}
	c.windows = append(c.windows, w)
	return w
}
