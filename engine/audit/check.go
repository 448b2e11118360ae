package audit

import (
	"slices"

	"github.com/xdc-project/xdc/engine/event"
)

// checks answers whether the guarantees were kept, at one target or (target "") over all. A guarantee is broken
// only by what was seen for certain, and kept only if nothing can have passed unseen; else it stays nil.
func (j *judge) checks(v *verdict, target string) event.Checks {
	unseen := slices.ContainsFunc(j.blind, func(b event.Blind) bool { return target == "" || b.Target == target })
	unseen = unseen || j.twins.Len() > 0
	var c event.Checks
	if v.Acked > 0 {
		c.AtLeastOnce = kept(v.Lost > 0, v.Inconclusive > 0)
	}
	if v.Acked > 0 || v.Delivered > 0 {
		c.AtMostOnce = kept(v.again > 0 || target == "" && v.across > 0, unseen)
	}
	if v.Delivered > 0 {
		c.OrderedByKey = kept(v.late > 0, unseen)
	}
	c.MonotoneState = j.tally.states.check(slices.Index(j.opt.Spec.Targets, target), unseen, j.twins.Len() > 0)
	j.resurrected(&c, slices.Index(j.opt.Spec.Targets, target), unseen)
	c.ExactlyOnce = both(c.AtLeastOnce, c.AtMostOnce)
	return c
}

// kept is the answer of a checker: nil where nobody can tell.
func kept(broken, unseen bool) *bool {
	if unseen && !broken {
		return nil
	}
	ok := !broken
	return &ok
}

// both is Kleene's and.
func both(a, b *bool) *bool {
	switch {
	case a != nil && !*a:
		return a
	case b != nil && !*b:
		return b
	case a == nil || b == nil:
		return nil
	}
	return a
}
