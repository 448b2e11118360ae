package cond

import (
	"slices"

	"github.com/xdc-project/xdc/lang/signal"
)

// maxCases bounds how many combinations of values are tried before a condition is taken for one that may vary.
const maxCases = 4096

// cases are the values that the operands of a formula may have, as far as its comparisons can tell them apart.
type cases struct {
	names  []string // operands as they print, in the order of first use
	values map[string][]signal.Value
	given  map[string]signal.Value // one value of each
}

// sameAlways is the truth that a formula has whatever its operands are; unknown if it may be either. Every
// combination of the values that its comparisons distinguish is tried.
func sameAlways(n truthNode) Truth {
	c := &cases{values: map[string][]signal.Value{}, given: map[string]signal.Value{}}
	c.collect(n)
	total := 1
	for _, name := range c.names {
		if total *= len(c.values[name]); total > maxCases {
			return Unknown
		}
	}
	first := Unknown
	for i := range total {
		for _, name := range c.names {
			vs := c.values[name]
			c.given[name] = vs[i%len(vs)]
			i /= len(vs)
		}
		t := c.truth(n)
		if t == Unknown || first != Unknown && t != first {
			return Unknown
		}
		first = t
	}
	return first
}

// fixedValue is the value of an operand that reads nothing.
func fixedValue(n valueNode) (signal.Value, bool) {
	if len(operands(n, &look{v: NewMemoryView()})) > 0 {
		return signal.Value{}, false
	}
	return n.value(&look{v: NewMemoryView()})
}

// mirrored are the operators with their sides swapped.
var mirrored = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// against brings a comparison into the form of an operand against a value.
func (n comparison) against() (of valueNode, op string, v signal.Value, ok bool) {
	if v, ok := fixedValue(n.right); ok {
		return n.left, n.op, v, true
	}
	if v, ok := fixedValue(n.left); ok {
		return n.right, mirrored[n.op], v, true
	}
	return nil, "", signal.Value{}, false
}

var bothTruths = []signal.Value{signal.BoolVal(true), signal.BoolVal(false)}

// collect notes the values that each operand may have.
func (c *cases) collect(n node) {
	switch n := n.(type) {
	case orTruth, andTruth, notTruth:
		for _, p := range children(n) {
			c.collect(p)
		}
	case comparison:
		if of, _, v, ok := n.against(); ok {
			c.near(of, v)
		} else if show(n.left) != show(n.right) {
			c.add(show(n), bothTruths...)
		}
	case membership:
		for _, x := range n.values {
			if v, ok := fixedValue(x); ok {
				c.near(n.left, v)
			}
		}
	case boolean:
		if t, ok := n.of.(truthValue); ok {
			c.collect(t.of)
		} else if _, ok := fixedValue(n.of); !ok {
			c.add(show(n.of), bothTruths...)
		}
	default:
		c.add(show(n), bothTruths...) // a `for` and a pattern may be either
	}
}

// add notes values of an operand, each once.
func (c *cases) add(name string, vs ...signal.Value) {
	if c.values[name] == nil {
		c.names = append(c.names, name)
	}
	for _, v := range vs {
		if !slices.ContainsFunc(c.values[name], v.Equal) {
			c.values[name] = append(c.values[name], v)
		}
	}
}

// near notes a value that an operand is compared with, and those on either side of it.
func (c *cases) near(of valueNode, v signal.Value) {
	name := show(of)
	switch {
	case v.Kind.Numeric():
		for _, f := range []float64{v.Num, below(v.Num), above(v.Num)} {
			if f >= 0 || !neverNegative(of) {
				c.add(name, signal.Bounded(v.Kind, f, f, f))
			}
		}
		if neverNegative(of) {
			c.add(name, signal.Bounded(v.Kind, 0, 0, 0))
		}
	case v.Kind == signal.Bool:
		c.add(name, bothTruths...)
	default:
		t := of.typ()
		if t.Enum != nil {
			for _, w := range t.Enum.Values {
				c.add(name, signal.EnumVal(w))
			}
		}
		c.add(name, v)
		if t.Enum == nil || t.Enum.Open {
			c.add(name, signal.Value{Kind: v.Kind, Text: "\x00 any other"})
		}
	}
}

// below and above are values so near that no other one that people write lies between.
func below(f float64) float64 { return f - 1e-9*max(1, f, -f) }
func above(f float64) float64 { return f + 1e-9*max(1, f, -f) }

// truth evaluates a formula with the values given.
func (c *cases) truth(n truthNode) Truth {
	nothing := &look{v: NewMemoryView()}
	switch n := n.(type) {
	case notTruth:
		return not(c.truth(n.body))
	case orTruth:
		return not(c.every(n.parts, True))
	case andTruth:
		return c.every(n.parts, False)
	case comparison:
		if of, op, v, ok := n.against(); ok {
			return comparison{op: op, left: constant{v: c.valueOf(of)}, right: constant{v: v}}.truth(nothing)
		}
		if show(n.left) == show(n.right) {
			return truthOf(n.op == "==" || n.op == "<=" || n.op == ">=")
		}
	case membership:
		return membership{left: constant{v: c.valueOf(n.left)}, not: n.not, values: n.values}.truth(nothing)
	case boolean:
		if t, ok := n.of.(truthValue); ok {
			return c.truth(t.of)
		}
		return truthOf(c.valueOf(n.of).Bool)
	}
	return truthOf(c.given[show(n)].Bool)
}

// every is True if no part is stop, False if one is; for `or`, seen from the other side.
func (c *cases) every(parts []truthNode, stop Truth) Truth {
	for _, p := range parts {
		if c.truth(p) == stop {
			return False
		}
	}
	return True
}

func (c *cases) valueOf(n valueNode) signal.Value {
	if v, ok := fixedValue(n); ok {
		return v
	}
	return c.given[show(n)]
}
