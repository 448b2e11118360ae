package spl

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a type's text.
const (
	// MaxText bounds it, in bytes.
	MaxText  = 64 << 10
	maxDepth = 32
)

// Parse reads a type such as `tuple<rstring id, list<float64> values, enum {add, subtract} op>`.
func Parse(text string) (Type, error) {
	if len(text) > MaxText {
		return Type{}, fmt.Errorf("a type has at most %d bytes", MaxText)
	}
	p := parser{rest: text}
	t, err := p.typ(0)
	if err != nil {
		return Type{}, err
	}
	if p.space(); p.rest != "" {
		return Type{}, p.failed("nothing more")
	}
	return t, nil
}

type parser struct{ rest string }

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// failed says what was expected instead of what is there.
func (p *parser) failed(want string) error {
	if p.rest == "" {
		return fmt.Errorf("the type ends where %s is expected", want)
	}
	return fmt.Errorf("%s is expected in place of %q", want, strings.ToValidUTF8(p.rest[:min(len(p.rest), 20)], ""))
}

// eat takes one mark.
func (p *parser) eat(mark string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, mark)
	p.rest = rest
	return ok
}

func (p *parser) must(mark string) error {
	if !p.eat(mark) {
		return p.failed(mark)
	}
	return nil
}

// name takes an identifier.
func (p *parser) name() string {
	p.space()
	n := 0
	for n < len(p.rest) && (p.rest[n] == '_' || p.rest[n]|0x20 >= 'a' && p.rest[n]|0x20 <= 'z' || n > 0 && p.rest[n] >= '0' && p.rest[n] <= '9') {
		n++
	}
	out := p.rest[:n]
	p.rest = p.rest[n:]
	return out
}

func (p *parser) typ(depth int) (Type, error) {
	if depth > maxDepth {
		return Type{}, fmt.Errorf("a type may be nested %d deep", maxDepth)
	}
	before := p.rest
	t := Type{Kind: Kind(p.name())}
	if _, known := forms[t.Kind]; !known && t.Kind != Optional {
		p.rest = before
		p.space()
		return t, p.failed("a type of SPL")
	}
	if err := p.parameters(&t, depth); err != nil {
		return t, err
	}
	switch t.Kind { //nolint:exhaustive // the others have no bound
	case Rstring, List, Set, Map:
		return t, p.bound(&t)
	}
	return t, nil
}

// parameters reads what stands in angle brackets, and the literals of an enum.
func (p *parser) parameters(t *Type, depth int) error {
	switch t.Kind { //nolint:exhaustive // the others have no parameters
	case Enum:
		return p.words(t)
	case Tuple:
		return p.fields(t, depth)
	case List, Set, Optional, Map:
	default:
		return nil
	}
	if err := p.must("<"); err != nil {
		return err
	}
	first, err := p.typ(depth + 1)
	if err != nil {
		return err
	}
	t.Elem = &first
	if t.Kind == Map {
		if err := p.must(","); err != nil {
			return err
		}
		second, err := p.typ(depth + 1)
		if err != nil {
			return err
		}
		t.Key, t.Elem = &first, &second
		if !keyed(first) {
			return fmt.Errorf("keys of the type %s have no JSON form", first)
		}
	}
	if t.Kind == Optional && first.Kind == Optional {
		return fmt.Errorf("an optional may not hold an optional")
	}
	return p.must(">")
}

// keyed reports whether values of a type can be names in an object. Reference: section 6.
func keyed(t Type) bool {
	switch t.Kind { //nolint:exhaustive // their form decides about the others
	case Optional, Timestamp:
		return false
	}
	f := t.Form()
	return f == FormBoolean || f == FormNumber || f == FormString
}

func (p *parser) words(t *Type) error {
	if err := p.must("{"); err != nil {
		return err
	}
	for {
		w := p.name()
		if w == "" {
			return p.failed("a literal of the enum")
		}
		if slices.Contains(t.Words, w) {
			return fmt.Errorf("the enum has the literal %s twice", w)
		}
		t.Words = append(t.Words, w)
		if p.eat("}") {
			return nil
		}
		if err := p.must(","); err != nil {
			return err
		}
	}
}

func (p *parser) fields(t *Type, depth int) error {
	if err := p.must("<"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for {
		of, err := p.typ(depth + 1)
		if err != nil {
			return err
		}
		name := p.name()
		if name == "" {
			return p.failed("the name of an attribute")
		}
		if seen[name] {
			return fmt.Errorf("the tuple has the attribute %s twice", name)
		}
		seen[name] = true
		t.Fields = append(t.Fields, Field{name, of})
		if p.eat(">") {
			return nil
		}
		if err := p.must(","); err != nil {
			return err
		}
	}
}

func (p *parser) bound(t *Type) error {
	if !p.eat("[") {
		return nil
	}
	p.space()
	n := 0
	for n < len(p.rest) && p.rest[n] >= '0' && p.rest[n] <= '9' {
		n++
	}
	b, err := strconv.ParseInt(p.rest[:n], 10, 64)
	if err != nil || b < 1 || b > math.MaxInt32 {
		return p.failed("a bound from 1 to 2147483647")
	}
	t.Bound, p.rest = int(b), p.rest[n:]
	return p.must("]")
}
