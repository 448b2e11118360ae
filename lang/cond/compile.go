package cond

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// compiler turns the parse tree into typed nodes and collects what is wrong.
type compiler struct {
	text     string
	mode     Mode
	resolver Resolver
	problems []Problem
	subjects []Subject
	seen     map[string]bool
	awaited  []Subject
	awaits   map[string]bool
	inside   string // the temporal operator, comparison or `for` that we are in
}

func (c *compiler) problem(code diag.Code, at, length int, summary, format string, args ...any) {
	c.problems = append(c.problems, Problem{
		Code: code, Offset: min(at, len(c.text)), Length: max(min(length, len(c.text)-at), 0), Summary: summary, Detail: fmt.Sprintf(format, args...),
	})
}

func (c *compiler) top(n *orNode) truthNode { return c.or(n) }

func (c *compiler) or(n *orNode) truthNode {
	var parts []truthNode
	for _, a := range n.Ands {
		parts = append(parts, c.and(a))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return orTruth{parts}
}

func (c *compiler) and(n *andNode) truthNode {
	var parts []truthNode
	for _, u := range n.Unaries {
		parts = append(parts, c.unary(u))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return andTruth{parts}
}

func (c *compiler) unary(n *unaryNode) truthNode {
	switch {
	case n.Not != nil:
		return notTruth{c.unary(n.Not)}
	case n.Temporal != nil:
		return c.temporal(n.Temporal)
	}
	return c.held(n.Held)
}

func (c *compiler) within(what string, fn func()) {
	was := c.inside
	c.inside = what
	fn()
	c.inside = was
}

func (c *compiler) temporal(n *temporalNode) truthNode {
	op := n.Op
	if n.When != nil {
		op = "whenever"
	}
	if c.mode != Verdict {
		c.problem(diag.CondTemporalHere, n.Pos.Offset, len(op), "Temporal operator not allowed here",
			"`%s` looks at a stretch of time and may only stand in `that` of an expect. Conditions of when, until and guards are about one instant.", op)
	}
	if c.inside != "" {
		c.problem(diag.CondTemporalNested, n.Pos.Offset, len(op), "Temporal operator inside "+c.inside,
			"Temporal operators may not stand inside one another, in a comparison or before `for`. A temporal operator reaches as far right as it can: put it in parentheses, or write two expectations.")
	}
	t := &temporal{op: op}
	c.within("`"+op+"`", func() {
		if n.When != nil {
			t.body, t.then = c.or(n.When), c.or(n.Then)
			t.deadline = c.duration(n.Within)
		} else {
			t.body = c.or(n.Body)
		}
	})
	if r := n.Range; r != nil {
		t.from, t.to = c.event(r.From, false), c.event(r.To, false)
		if r.Within != nil {
			t.within = c.duration(r.Within)
		}
	}
	t.subjects = names(t.body)
	if t.then != nil {
		t.subjects = append(t.subjects, names(t.then)...)
	}
	return t
}

func (c *compiler) duration(n *durNode) time.Duration {
	d, err := durationOf(n.Text)
	if err != nil || d == 0 {
		c.problem(diag.CondDuration, n.Pos.Offset, len(n.Text), "Duration out of range", "Write a duration greater than nothing, such as 250ms, 10s or 1m30s.")
		return time.Second
	}
	return d
}

// event resolves the name of an event; "" for none. With await the condition cannot be judged before it.
func (c *compiler) event(n *pathNode, await bool) string {
	if n == nil {
		return ""
	}
	s, ok := c.resolve(n)
	if !ok {
		return ""
	}
	if s.Moment != schema.Event {
		c.problem(diag.CondNotEvent, n.Pos.Offset, n.length(), "Not an event",
			"%s is a value, not an instant. An event ends in started, done, injected or healed.", n.path())
		return ""
	}
	c.use(s)
	if await {
		c.await(s)
	}
	return s.Name
}

func (n *pathNode) length() int {
	return max(len(n.path().String()), 1)
}

func (c *compiler) use(s Subject) {
	if !c.seen[s.Name] {
		c.seen[s.Name] = true
		c.subjects = append(c.subjects, s)
	}
}

func (c *compiler) await(s Subject) {
	if !c.awaits[s.Name] {
		c.awaits[s.Name] = true
		c.awaited = append(c.awaited, s)
	}
}

func (c *compiler) resolve(n *pathNode) (Subject, bool) {
	s, p := c.resolver.Resolve(n.path())
	if p != nil {
		q := *p
		if q.Code == "" {
			q.Code = diag.CondUnknownName
		}
		if q.Length == 0 {
			q.Offset, q.Length = n.Pos.Offset, min(n.length(), len(c.text)-n.Pos.Offset)
		}
		c.problems = append(c.problems, q)
		return s, false
	}
	return s, true
}

func (c *compiler) held(n *heldNode) truthNode {
	if n.For == nil {
		return c.comparison(n.Comparison)
	}
	var body truthNode
	c.within("`for`", func() { body = c.comparison(n.Comparison) })
	return held{body: body, over: c.duration(n.For), edges: names(body)}
}

func (c *compiler) comparison(n *comparisonNode) truthNode {
	if n.Tail == nil {
		if or := bare(n.Left); or != nil {
			return c.or(or) // parentheses around a formula
		}
		v := c.sum(n.Left)
		if v == nil {
			return boolean{constant{signal.BoolVal(false), "false"}}
		}
		if v.typ().Kind != signal.Bool {
			c.problem(diag.CondNotTruth, n.Pos.Offset, len(strings.TrimSpace(show(v))), "Not true or false",
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
	falsity := boolean{constant{signal.BoolVal(false), "false"}}
	if leftWord != nil {
		if t.Op != "" && t.Right != nil && c.word(t.Right) == nil {
			right := c.sum(t.Right)
			if right == nil {
				return falsity
			}
			return c.compare(n.Pos, t, c.literal(leftWord, right), right)
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
		return c.compare(n.Pos, t, left, right)
	case t.Is:
		op := "=="
		if t.IsNot {
			op = "!="
		}
		right := c.literal(t.Literal, left)
		if right == nil {
			return falsity
		}
		return c.typed(n.Pos, op, left, right)
	case t.In || t.NotIn:
		m := membership{left: left, not: t.NotIn}
		for _, l := range append(t.Set, t.NotSet...) {
			if v, ok := c.literal(l, left).(constant); ok && c.same(l.Pos, left, v) {
				m.values = append(m.values, v.v)
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
		c.problem(diag.CondTypes, t.Pos.Offset, len("matches"), "Only text can match", "%s is a %s; `matches` needs text.", show(left), left.typ())
	}
	var err error
	if m.re, err = regexp.Compile(m.text); err != nil {
		c.problem(diag.CondPattern, re.Pos.Offset, len(re.Text), "Bad pattern", "%s. Patterns are in RE2 syntax and match anywhere unless anchored with ^ and $.", err)
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
func (c *compiler) compare(pos lexer.Position, t *tailNode, left, right valueNode) truthNode {
	if left == nil || right == nil {
		return boolean{constant{signal.BoolVal(false), "false"}}
	}
	switch t.Op {
	case "<", "<=", ">", ">=":
		if k := left.typ().Kind; !k.Numeric() {
			c.problem(diag.CondTypes, t.Pos.Offset, len(t.Op), "No order among these values", "%s is a %s, which can only be compared with == and !=.", show(left), left.typ())
			return boolean{constant{signal.BoolVal(false), "false"}}
		}
	}
	return c.typed(pos, t.Op, left, right)
}

func (c *compiler) typed(pos lexer.Position, op string, left, right valueNode) truthNode {
	if !c.same(pos, left, right) {
		return boolean{constant{signal.BoolVal(false), "false"}}
	}
	return comparison{op: op, left: left, right: right}
}

// same reports whether two operands can be compared, and says why not.
func (c *compiler) same(pos lexer.Position, left, right valueNode) bool {
	if left == nil || right == nil {
		return false
	}
	l, r := left.typ(), right.typ()
	if l.Kind == r.Kind && (l.Kind != signal.EnumKind || l.Enum == nil || r.Enum == nil || l.Enum.Name == r.Enum.Name) {
		return true
	}
	if l.Kind == signal.EnumKind && r.Kind == signal.String && l.Enum != nil && l.Enum.Open || r.Kind == signal.EnumKind && l.Kind == signal.String && r.Enum != nil && r.Enum.Open {
		return true
	}
	length := len(c.text) - pos.Offset
	hint := fmt.Sprintf("%s is a %s and %s is a %s.", show(left), l, show(right), r)
	for _, pair := range [][2]valueNode{{left, right}, {right, left}} {
		n, ok := pair[1].(constant)
		if !ok || n.v.Kind != signal.Number {
			continue
		}
		num := strconv.FormatFloat(n.v.Num, 'g', -1, 64)
		switch pair[0].typ().Kind {
		case signal.Duration:
			hint = fmt.Sprintf("%s is a duration: write the unit, as in %ss.", show(pair[0]), num)
		case signal.Ratio:
			hint = fmt.Sprintf("%s is a ratio: write it in percent, as in %s%%.", show(pair[0]), num)
		case signal.Bool, signal.Number, signal.String, signal.EnumKind, signal.Invalid:
		}
	}
	c.problem(diag.CondTypes, pos.Offset, length, "Values of different kinds", "%s", hint)
	return false
}

// literal makes a constant; a word takes the type of what stands opposite.
func (c *compiler) literal(n *literalNode, opposite valueNode) valueNode {
	if n.Word == nil {
		return c.plain(n)
	}
	if opposite == nil {
		return nil
	}
	t := opposite.typ()
	if t.Kind != signal.EnumKind || t.Enum == nil {
		hint := ""
		if t.Kind == signal.String {
			hint = " Put text in quotes."
		}
		c.problem(diag.CondLoneWord, n.Pos.Offset, len(*n.Word), "Word without a meaning here", "%s is a %s, which has no words.%s", show(opposite), t, hint)
		return nil
	}
	if !t.Enum.Has(*n.Word) {
		hint := "It is one of " + strings.Join(t.Enum.Values, ", ") + "."
		if w := near(*n.Word, t.Enum.Values); w != "" {
			hint = fmt.Sprintf("Did you mean `%s`? ", w) + hint
		}
		if t.Enum.Open {
			hint += fmt.Sprintf(" For a word that a newer server may send, write it in quotes: %q.", *n.Word)
		}
		c.problem(diag.CondEnumWord, n.Pos.Offset, len(*n.Word), "Unknown word", "%s is never %q. %s", show(opposite), *n.Word, hint)
		return nil
	}
	return enumConstant{constant{signal.EnumVal(*n.Word), *n.Word}, t}
}

// enumConstant is an enum word with its type.
type enumConstant struct {
	constant
	t signal.Type
}

func (n enumConstant) typ() signal.Type { return n.t }

func (c *compiler) plain(n *literalNode) valueNode {
	switch {
	case n.Duration != nil:
		d, err := durationOf(*n.Duration)
		if err != nil {
			c.problem(diag.CondDuration, n.Pos.Offset, len(*n.Duration), "Duration out of range", "%s.", err)
		}
		return constant{signal.DurationVal(d), formatDuration(d)}
	case n.Percent != nil:
		f, _ := strconv.ParseFloat(strings.TrimSuffix(*n.Percent, "%"), 64)
		return constant{signal.RatioVal(f / 100), *n.Percent}
	case n.Number != nil:
		f, err := strconv.ParseFloat(*n.Number, 64)
		if err != nil || math.IsInf(f, 0) {
			c.problem(diag.CondTypes, n.Pos.Offset, len(*n.Number), "Number out of range", "%s cannot be held.", *n.Number)
		}
		return constant{signal.NumberVal(f), strconv.FormatFloat(f, 'g', -1, 64)}
	case n.String != nil:
		s := unquote(*n.String)
		return constant{signal.StringVal(s), quoted(s)}
	case n.Bool != nil:
		return constant{signal.BoolVal(*n.Bool == "true"), *n.Bool}
	}
	return nil
}
