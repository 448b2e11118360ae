package cond

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// explain says which comparison decided, with its values.
func explain(n truthNode, l *look, t Truth) string {
	var parts []string
	seen := map[string]bool{}
	decisive(n, l, t, func(c truthNode) {
		if s := explainOne(c, l); s != "" && !seen[s] {
			seen[s] = true
			parts = append(parts, s)
		}
	})
	if len(parts) > 4 {
		parts = append(parts[:4], "and more")
	}
	return strings.Join(parts, "; ")
}

// decisive finds the leaves that made n what it is.
func decisive(n truthNode, l *look, t Truth, found func(truthNode)) {
	switch n := n.(type) {
	case orTruth:
		for _, p := range n.parts {
			if p.truth(l) == t {
				decisive(p, l, t, found)
				if t == True {
					return
				}
			}
		}
	case andTruth:
		for _, p := range n.parts {
			if p.truth(l) == t {
				decisive(p, l, t, found)
				if t == False {
					return
				}
			}
		}
	case notTruth:
		decisive(n.body, l, not(t), found)
	default:
		found(n)
	}
}

// explainOne says in words why a comparison is what it is at the instant of the look.
func explainOne(n truthNode, l *look) string {
	t := n.truth(l)
	switch n := n.(type) {
	case comparison:
		if t == Unknown {
			return unknownWhy(n, l)
		}
		return sayComparison(n, l, t)
	case *held:
		if t == True {
			return fmt.Sprintf("%s for %s", show(n.body), formatDuration(n.over))
		}
		says := "was not true all through"
		if t == Unknown {
			says = "cannot be said for all of"
		}
		says = fmt.Sprintf("%s %s the last %s", show(n.body), says, formatDuration(n.over))
		if broke, ok := n.broke(l, t); ok {
			return fmt.Sprintf("%s: at %s, %s", says, at(broke.t), explain(n.body, broke, t))
		}
		return says
	}
	if t == Unknown {
		return unknownWhy(n, l)
	}
	if len(operands(n, l)) == 0 {
		return ""
	}
	return fmt.Sprintf("%s is %s", show(n), t)
}

func sayComparison(n comparison, l *look, t Truth) string {
	a, _ := n.left.value(l)
	b, _ := n.right.value(l)
	left, right := show(n.left), show(n.right)
	says := fmt.Sprintf("%s is %s", left, describe(a))
	if !fixed(n.right) {
		says += fmt.Sprintf(" and %s is %s", right, describe(b))
		right = "that"
	}
	if n.op == "==" || n.op == "!=" {
		if (t == True) == (n.op == "==") {
			return says
		}
		return says + ", not " + right
	}
	words := map[string][2]string{
		"<": {"less than", "not less than"}, "<=": {"at most", "more than"}, ">": {"more than", "at most"}, ">=": {"at least", "less than"},
	}[n.op]
	w := words[0]
	if t == False {
		w = words[1]
	}
	both := ""
	if a.Low != a.High || b.Low != b.High {
		both = " at both bounds"
	}
	return fmt.Sprintf("%s, which is %s %s%s", says, w, right, both)
}

// describe names a value for messages.
func describe(v signal.Value) string {
	if v.Low != v.High && v.Kind.Numeric() {
		return "in " + v.String()
	}
	return v.String()
}

// fixed reports whether an operand is a literal.
func fixed(n valueNode) bool {
	switch n.(type) {
	case constant, word:
		return true
	}
	return false
}

// unknownWhy says what is missing for a comparison.
func unknownWhy(n truthNode, l *look) string {
	for _, r := range readings(n) {
		if s, ok := missingSignal(r.name, r.slot, l); ok {
			return s
		}
	}
	if c, ok := n.(comparison); ok {
		a, ok1 := c.left.value(l)
		b, ok2 := c.right.value(l)
		switch {
		case ok1 && ok2 && fixed(c.right):
			return fmt.Sprintf("%s is %s: it cannot be told on which side of %s", show(c.left), describe(a), show(c.right))
		case ok1 && ok2:
			return fmt.Sprintf("%s is %s and %s is %s: it cannot be told how they compare", show(c.left), describe(a), show(c.right), describe(b))
		}
	}
	return fmt.Sprintf("%s is unknown", show(n))
}

func missingSignal(name string, slot int, l *look) (string, bool) {
	if _, ok := l.at(name, slot); ok {
		return "", false
	}
	if _, ok := l.v.Event(name); ok {
		return "", false
	}
	s, ok := l.last(name, slot)
	if !ok {
		return name + " has no value", true
	}
	return fmt.Sprintf("%s has had no sample since %s", name, at(s.High)), true
}

// at prints an instant of the run.
func at(t time.Duration) string { return signal.Seconds(t.Seconds()) }

// source is a signal that a node reads.
type source struct {
	name string
	slot int
}

// readings lists the signals that a node reads directly.
func readings(n node) []source {
	var out []source
	switch n := n.(type) {
	case reading:
		out = append(out, source{n.subject.Name, n.slot})
	case *window:
		out = append(out, source{n.subject.Name, n.slot})
	case ageOf:
		out = append(out, source{n.subject.Name, n.slot})
	}
	for _, c := range children(n) {
		out = append(out, readings(c)...)
	}
	return out
}

// part names the comparisons that made n what it is, and the samples that they rest on.
func part(n truthNode, l *look, t Truth) (text string, samples []signal.Sample) {
	var texts []string
	decisive(n, l, t, func(c truthNode) {
		if s := show(c); !slices.Contains(texts, s) {
			texts = append(texts, s)
		}
		for _, s := range evidence(c, l) {
			if !slices.Contains(samples, s) {
				samples = append(samples, s)
			}
		}
	})
	if len(texts) > 4 {
		texts = append(texts[:4], "and more")
	}
	return strings.Join(texts, "; "), samples
}

// broke is the last instant from which the body of a `for` was what made the whole of it false or unknown.
func (n *held) broke(l *look, t Truth) (*look, bool) {
	from := max(l.t-n.over, 0)
	if l.scene != nil {
		then, ok := l.scene.broke(n, t)
		return &look{v: l.v, t: max(then.t, from), scene: then}, ok
	}
	ts := append([]time.Duration{from}, changesIn(l, n.body, from, l.t)...)
	for _, at := range slices.Backward(ts) {
		if then := l.to(at); n.body.truth(then) == t {
			return then, true
		}
	}
	return l, false
}

// evidence are the samples in force of the signals that a node reads, where it decided.
func evidence(n node, l *look) []signal.Sample {
	if h, ok := n.(*held); ok {
		if t := h.truth(l); t != True {
			if then, ok := h.broke(l, t); ok {
				l = then
			}
		}
	}
	var out []signal.Sample
	seen := map[string]bool{}
	for _, r := range readings(n) {
		if s, ok := l.last(r.name, r.slot); ok && !seen[r.name] {
			out = append(out, s)
		}
		seen[r.name] = true
	}
	return out
}

// operands lists the values of everything that a formula reads, in the order in which it stands there.
func operands(n node, l *look) []Reading {
	var out []Reading
	seen := map[string]bool{}
	var walk func(node)
	walk = func(n node) {
		switch v := n.(type) {
		case reading, *window, ageOf, timeOf, happened:
			name := show(n)
			if !seen[name] {
				seen[name] = true
				val, ok := v.(valueNode).value(l)
				out = append(out, Reading{Name: name, Value: val, Known: ok})
			}
		}
		for _, c := range children(n) {
			walk(c)
		}
	}
	walk(n)
	return out
}
