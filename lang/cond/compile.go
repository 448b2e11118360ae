package cond

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
)

// maxStretch is the longest time that a `for`, a window or a range may look at.
const maxStretch = 366 * 24 * time.Hour

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
	signals  []string // that are read, by slot
	windows  []*window
	helds    []*held
	inside   string // the temporal operator, comparison or `for` that we are in
}

func (c *compiler) problem(code diag.Code, at, length int, summary, format string, args ...any) {
	c.problems = append(c.problems, Problem{
		Code: code, Offset: min(at, len(c.text)), Length: max(min(length, len(c.text)-at), 0), Summary: summary, Detail: fmt.Sprintf(format, args...),
	})
}

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
	return t
}

func (c *compiler) duration(n *durNode) time.Duration {
	d, err := durationOf(n.Text)
	if err != nil || d == 0 || d > maxStretch {
		c.problem(diag.CondDuration, n.Pos.Offset, len(n.Text), "Duration out of range", "Write a duration greater than nothing and at most a year, such as 250ms, 10s or 1m30s.")
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
		c.problem(diag.CondNotEvent, n.Pos.Offset, c.span(n.Pos, n.EndPos), "Not an event",
			"%s is a value, not an instant. An event ends in started, done, injected or healed.", n.path())
		return ""
	}
	c.use(s)
	if await {
		c.await(s)
	}
	return s.Name
}

// span is how many bytes lie from a token to the end of another; the parser counts the space behind it as well.
func (c *compiler) span(from, to lexer.Position) int {
	return len(strings.TrimRight(c.text[from.Offset:to.Offset], " \t\r\n"))
}

func (c *compiler) use(s Subject) {
	if !c.seen[s.Name] {
		c.seen[s.Name] = true
		c.subjects = append(c.subjects, s)
	}
}

// slot numbers the signals that are read.
func (c *compiler) slot(name string) int {
	i := slices.Index(c.signals, name)
	if i < 0 {
		i = len(c.signals)
		c.signals = append(c.signals, name)
	}
	return i
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
			q.Offset, q.Length = n.Pos.Offset, c.span(n.Pos, n.EndPos)
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
	h := &held{body: body, over: c.duration(n.For), id: len(c.helds)}
	c.helds = append(c.helds, h)
	return h
}
