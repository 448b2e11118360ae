package cond

import (
	"fmt"
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
func (m *Monitor) truth() Truth { return m.f.root.(truthNode).truth(m.look()) }

func (m *Monitor) look() *look {
	l := &look{v: m.v, t: m.from, verdicts: map[*temporal]Truth{}}
	for _, w := range m.watches {
		l.verdicts[w.t] = w.verdict
	}
	return l
}

// judged reports the temporal operator that decided. now is where the range ends if none did.
func (m *Monitor) judged(t Truth, now time.Duration) Judged {
	j := Judged{Truth: t, At: now, From: m.from, To: now}
	l := m.look()
	decisive(m.f.root.(truthNode), l, t, func(n truthNode) {
		w := m.watching(n)
		switch {
		case j.Why != "":
		case w != nil:
			j.At, j.From, j.To, j.Why = w.at, w.from, w.to, w.why
			j.Values = operands(w.t, &look{v: m.v, t: w.at})
			if !w.over {
				j.At, j.To = now, now
			}
		default:
			j.At, j.Why, j.Values = m.from, explainOne(n, l), operands(n, l)
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
