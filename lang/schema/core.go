package schema

import (
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
)

// Core returns the blocks of the language itself, in the order documentation uses. Blocks of steps are given
// without their meta-arguments (Meta) and without what a provider adds to them (Catalog).
func Core() []Block {
	return []Block{
		Plan(), Variable(), Locals(), Output(), Target(), Job(), Seed(), Audit(), Probe(), Fault(), Wait(), Expect(),
		Guard(), Action(), Approve(), Module(),
	}
}

// Step returns the part of a step's or guard's block that all its types share, without meta-arguments.
func Step(kind addr.Kind) Block {
	switch kind {
	case addr.Job:
		return Job()
	case addr.Seed:
		return Seed()
	case addr.Audit:
		return Audit()
	case addr.Probe:
		return Probe()
	case addr.Fault:
		return Fault()
	case addr.Wait:
		return Wait()
	case addr.Expect:
		return Expect()
	case addr.Guard:
		return Guard()
	case addr.Action:
		return Action()
	}
	return Block{}
}

// Merge returns a block that accepts what any of the blocks accepts. Where several name the same attribute
// or nested block, the first one counts; an attribute is required if any of them requires it.
func Merge(name string, blocks ...*Block) Block {
	out := Block{Name: name}
	for _, b := range blocks {
		if b == nil {
			continue
		}
		out.AnyAttribute = out.AnyAttribute || b.AnyAttribute
		for _, a := range b.Attributes {
			if old, ok := out.Attribute(a.Name); ok {
				old.Required = old.Required || a.Required
				continue
			}
			out.Attributes = append(out.Attributes, a)
		}
		for _, n := range b.Blocks {
			if !slices.ContainsFunc(out.Blocks, func(o Nested) bool { return o.Name == n.Name }) {
				out.Blocks = append(out.Blocks, n)
			}
		}
	}
	return out
}

// Nested finds a nested block by its type.
func (b *Block) Nested(name string) (*Nested, bool) {
	for i := range b.Blocks {
		if b.Blocks[i].Name == name {
			return &b.Blocks[i], true
		}
	}
	return nil, false
}
