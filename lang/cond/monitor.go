package cond

import (
	"fmt"
	"slices"
	"time"
)

// Monitor judges a formula while samples arrive. It is not safe for concurrent use.
//
// It goes through time once, and remembers what its windows need and nothing else: what it has passed, the view may
// forget (see Passed). Only a range that ends with an event which has not happened yet is not gone through before.
type Monitor struct {
	f       *Formula
	v       View
	from    time.Duration
	watches []*watch
	tree    *opinion
}

// opinion is what the verdict is made of: temporal operators, and parts without one, combined.
type opinion struct {
	n     truthNode
	parts []*opinion
	w     *watch
}

// unbegun is where ranges begin as long as that is not known.
const unbegun = time.Duration(-1)

// Prepare starts judging before it is known where ranges begin that do not say so. Begin tells.
func (f *Formula) Prepare(v View) *Monitor {
	m := &Monitor{f: f, v: v, from: unbegun}
	m.tree = m.grow(f.root.(truthNode))
	return m
}

// Monitor starts judging. from is where ranges begin that do not say so. A formula without a temporal operator is judged
// at that instant.
//
// A range reaches from the latest instant at which its first event can have happened to the earliest at which its
// last one can: a verdict never rests on an instant that may lie outside. That is why a range with a last event is
// judged when that event has happened, and not before.
func (f *Formula) Monitor(v View, from time.Duration) *Monitor {
	m := f.Prepare(v)
	m.Begin(from)
	return m
}

// Begin says where ranges begin that do not say so. It must not lie before what was passed (see Pass).
func (m *Monitor) Begin(from time.Duration) { m.from = from }

// grow takes a formula apart as far as there are temporal operators in it.
func (m *Monitor) grow(n truthNode) *opinion {
	o := &opinion{n: n}
	var parts []truthNode
	if _, ok := n.(*temporal); !ok && hasTemporal(n) {
		switch n := n.(type) {
		case orTruth:
			parts = n.parts
		case andTruth:
			parts = n.parts
		case notTruth:
			parts = []truthNode{n.body}
		}
	}
	if len(parts) == 0 {
		o.w = newWatch(m.f, n, m.v, &m.from)
		m.watches = append(m.watches, o.w)
	}
	for _, p := range parts {
		o.parts = append(o.parts, m.grow(p))
	}
	return o
}

// truth combines what was known by an instant.
func (o *opinion) truth(by time.Duration) Truth {
	if o.w != nil {
		if o.w.over && o.w.known <= by {
			return o.w.verdict
		}
		return Unknown
	}
	var out Truth
	switch o.n.(type) {
	case notTruth:
		return not(o.parts[0].truth(by))
	case orTruth:
		out = False
		for _, p := range o.parts {
			switch p.truth(by) {
			case True:
				return True
			case Unknown:
				out = Unknown
			case False:
			}
		}
		return out
	}
	out = True
	for _, p := range o.parts {
		switch p.truth(by) {
		case False:
			return False
		case Unknown:
			out = Unknown
		case True:
		}
	}
	return out
}

// decisive is the first part that made the whole what it is.
func (o *opinion) decisive(by time.Duration, t Truth) *watch {
	if o.w != nil {
		return o.w
	}
	if _, ok := o.n.(notTruth); ok {
		return o.parts[0].decisive(by, not(t))
	}
	for _, p := range o.parts {
		if p.truth(by) == t {
			return p.decisive(by, t)
		}
	}
	return o.parts[0].decisive(by, t)
}

// Pass goes through what lies before the ranges, so that it may be forgotten: up to now where a range begins with an
// event, and else only up to ahead.
func (m *Monitor) Pass(now, ahead time.Duration) {
	for _, w := range m.watches {
		w.advance(now, ahead)
	}
}

// Passed is up to where nothing is needed of the view any more, inclusive, but the last sample before it.
func (m *Monitor) Passed() time.Duration {
	out := forever
	for _, w := range m.watches {
		if !w.over {
			out = min(out, w.s.done)
		}
	}
	return out
}

// Advance takes account of everything v has before now. decided is true once no later sample can change the
// verdict. Samples of the very instant now are taken into account by the next call, when all of them are there.
func (m *Monitor) Advance(now time.Duration) (j Judged, decided bool) {
	over := true
	for _, w := range m.watches {
		w.advance(now-1, now-1)
		over = over && w.over
	}
	if t := m.tree.truth(forever); over || t != Unknown {
		return m.judged(t, now), true
	}
	return Judged{}, false
}

// Sofar is the verdict as far as it is known, which may be that it is unknown.
func (m *Monitor) Sofar(now time.Duration) Judged { return m.judged(m.tree.truth(forever), now) }

// Finish judges with nothing more to come: end is the end of the run.
func (m *Monitor) Finish(end time.Duration) Judged {
	for _, w := range m.watches {
		w.advance(end, end)
		w.finish(end)
	}
	return m.judged(m.tree.truth(forever), end)
}

// settled is the instant at which the verdict was: when what was known of the parts was enough, whenever it was looked
// at. It is where the last of them was known if they only were together.
func (m *Monitor) settled() time.Duration {
	var at []time.Duration
	for _, w := range m.watches {
		if w.over {
			at = append(at, w.known)
		}
	}
	slices.Sort(at)
	for _, t := range at {
		if m.tree.truth(t) != Unknown {
			return t
		}
	}
	return forever
}

// judged reports the part that decided. now is where the range ends if none did.
func (m *Monitor) judged(t Truth, now time.Duration) Judged {
	by := forever
	if t != Unknown {
		by = m.settled()
	}
	w := m.tree.decisive(by, t)
	j := Judged{Truth: t, At: now, From: min(w.from, now), To: now}
	if w.over {
		j.At, j.From, j.To, j.Why, j.Part = w.at, w.from, w.to, w.why, w.part
		j.Values, j.Samples = w.values, w.samples
	}
	if j.Why == "" {
		j.Why = fmt.Sprintf("%s is %s", m.f.text, t)
	}
	return j
}
