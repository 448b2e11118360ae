package cond

import (
	"fmt"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// CompileAny reads what is asked about a record: a condition as an expectation has it, or an operand alone, whose value is asked
// for. All problems are reported at once.
func CompileAny(text string, r Resolver) (*Formula, []Problem) {
	tree, p := parse(text)
	if p != nil {
		return nil, []Problem{*p}
	}
	sum := alone(tree)
	if sum == nil {
		return Compile(text, Verdict, r)
	}
	c := &compiler{text: text, mode: Verdict, resolver: r, seen: map[string]bool{}, awaits: map[string]bool{}}
	v := c.sum(sum)
	if v == nil && len(c.problems) == 0 {
		return Compile(text, Verdict, r)
	}
	return c.formula(boolean{v})
}

// alone is the operand that a formula consists of, if it is nothing but that.
func alone(n *orNode) *sumNode {
	if len(n.Ands) != 1 || len(n.Ands[0].Unaries) != 1 {
		return nil
	}
	h := n.Ands[0].Unaries[0].Held
	if h == nil || h.For != nil || h.Comparison.Tail != nil || bare(h.Comparison.Left) != nil {
		return nil
	}
	return h.Comparison.Left
}

// Operand reports whether the formula is an operand alone, which has a value and no truth.
func (f *Formula) Operand() bool {
	_, ok := f.root.(boolean)
	return ok
}

// Stretch is a time in which a condition had one truth: from an instant up to another, which does not belong to it unless it
// is the end.
type Stretch struct {
	Truth    Truth
	From, To time.Duration
}

// Course is what a formula without temporal operators was in the course of a run: its truth at every instant. It goes through
// time once, and what it has passed, the view may forget. It is not safe for concurrent use.
type Course struct {
	f     *Formula
	s     *stream
	at    time.Duration
	each  func(Stretch)
	now   Stretch
	begun bool

	got   bool
	then  Judged
	value signal.Value
	known bool
}

// Course starts at the start of the run. at is the instant that is asked about; each gets every stretch when it is over.
func (f *Formula) Course(v View, at time.Duration, each func(Stretch)) *Course {
	return &Course{f: f, s: newStream(f, v, f.root.(truthNode)), at: at, each: each}
}

// Pass goes through what lies before now and at it, all of which v has.
func (c *Course) Pass(now time.Duration) {
	c.s.advance(now, 0, func() time.Duration {
		if c.got {
			return forever
		}
		return c.at
	}, c.visit)
}

// Passed is up to where nothing is needed of the view any more, inclusive, but the last sample before it.
func (c *Course) Passed() time.Duration { return c.s.done }

func (c *Course) visit(t time.Duration) bool {
	l, root := c.s.look(t), c.f.root.(truthNode)
	if b, ok := root.(boolean); ok && !c.got && t == c.at {
		c.value, c.known = b.of.value(l)
	}
	truth := Unknown
	if !c.f.Operand() || c.f.root.(boolean).of.typ().Kind == signal.Bool {
		truth = root.truth(l)
	}
	if !c.got && t == c.at {
		c.got = true
		c.then = Judged{Truth: truth, At: t, From: t, To: t, Values: operands(root, l)}
		c.then.Why = explain(root, l, truth)
		c.then.Part, c.then.Samples = part(root, l, truth)
	}
	if !c.begun {
		c.begun, c.now = true, Stretch{Truth: truth, From: t}
	}
	if truth != c.now.Truth {
		c.now.To = t
		c.each(c.now)
		c.now = Stretch{Truth: truth, From: t}
	}
	return true
}

// Finish says what the formula was at the instant that was asked about, and the value where it is an operand. end is the end
// of what is known; an instant after it is unknown.
func (c *Course) Finish(end time.Duration) (j Judged, v signal.Value, known bool) {
	c.Pass(end)
	if c.begun {
		c.now.To = end
		c.each(c.now)
	}
	if !c.got {
		c.then = Judged{At: c.at, From: c.at, To: c.at, Why: fmt.Sprintf("nothing is known of %s: what is known ends at %s", at(c.at), at(end))}
	}
	return c.then, c.value, c.known
}
