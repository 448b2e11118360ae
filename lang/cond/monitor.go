package cond

import (
	"fmt"
	"slices"
	"time"
)

// Monitor judges a formula with temporal operators while samples arrive. It is not safe for concurrent use.
type Monitor struct {
	f       *Formula
	v       View
	from    time.Duration
	watches []*watch
}

// Monitor starts judging. from is where ranges begin that do not say so.
//
// A range reaches from the latest instant at which its first event can have happened to the earliest at which its
// last one can: a verdict never rests on an instant that may lie outside. That is why a range with a last event is
// judged when that event has happened, and not before.
func (f *Formula) Monitor(v View, from time.Duration) *Monitor {
	m := &Monitor{f: f, v: v, from: from}
	var walk func(node)
	walk = func(n node) {
		if t, ok := n.(*temporal); ok {
			m.watches = append(m.watches, newWatch(t, v, from))
			return
		}
		for _, c := range children(n) {
			walk(c)
		}
	}
	walk(f.root)
	return m
}

// Advance takes account of everything v has before now. decided is true once no later sample can change the
// verdict. Samples of the very instant now are taken into account by the next call, when all of them are there.
func (m *Monitor) Advance(now time.Duration) (j Judged, decided bool) {
	over := now > m.from // then what is not temporal can be judged, too
	for _, w := range m.watches {
		w.advance(now - 1)
		over = over && w.over
	}
	if now <= m.from {
		return m.judged(Unknown, now), false
	}
	t := m.truth()
	return m.judged(t, now), over || t != Unknown
}

// Finish judges with nothing more to come: end is the end of the run.
func (m *Monitor) Finish(end time.Duration) Judged {
	for _, w := range m.watches {
		w.advance(end)
		w.finish(end)
	}
	return m.judged(m.truth(), end)
}

// truth combines the verdicts of the temporal operators; what is not temporal is judged where ranges begin.
func (m *Monitor) truth() Truth { return m.f.root.(truthNode).truth(m.look(forever)) }

// look sees the verdicts that were known by an instant.
func (m *Monitor) look(by time.Duration) *look {
	l := &look{v: m.v, t: m.from, verdicts: map[*temporal]Truth{}}
	for _, w := range m.watches {
		if w.over && w.known <= by {
			l.verdicts[w.t] = w.verdict
		}
	}
	return l
}

// settled is the instant at which the verdict was: when what was known of the temporal operators was enough, whenever it
// was looked at. It is where the last of them was known if they only were together.
func (m *Monitor) settled() time.Duration {
	var at []time.Duration
	for _, w := range m.watches {
		at = append(at, w.known)
	}
	slices.Sort(at)
	for _, t := range at {
		if m.f.root.(truthNode).truth(m.look(t)) != Unknown {
			return t
		}
	}
	return forever
}

// judged reports the temporal operator that decided. now is where the range ends if none did.
func (m *Monitor) judged(t Truth, now time.Duration) Judged {
	j := Judged{Truth: t, At: now, From: m.from, To: now}
	by := forever
	if t != Unknown {
		by = m.settled()
	}
	l := m.look(by)
	decisive(m.f.root.(truthNode), l, t, func(n truthNode) {
		w := m.watching(n)
		switch {
		case j.Why != "":
		case w != nil:
			j.At, j.From, j.To, j.Why, j.Part = w.at, w.from, w.to, w.why, show(w.t)
			seen := &look{v: m.v, t: w.at}
			j.Values, j.Samples = operands(w.t, seen), evidence(w.t, seen)
			if w.single {
				j.Part, j.Samples = part(w.t.body, seen, w.t.body.truth(seen))
			}
			if !w.over {
				j.At, j.To = now, now
			}
		default:
			j.At, j.To = m.from, m.from
			j.Why, j.Values = explainOne(n, l), operands(n, l)
			j.Part, j.Samples = part(n, l, n.truth(l))
		}
	})
	if j.Why == "" {
		j.Why = fmt.Sprintf("%s is %s", m.f.text, t)
	}
	return j
}

func (m *Monitor) watching(n truthNode) *watch {
	for _, w := range m.watches {
		if truthNode(w.t) == n {
			return w
		}
	}
	return nil
}
