package cond

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// watch judges one temporal operator, or a part of a formula that has none at the instant at which ranges begin.
type watch struct {
	t    *temporal
	leaf truthNode // where t is nil
	f    *Formula
	v    View
	base *time.Duration // where ranges begin that do not say so; nil while that is not known
	s    *stream
	body []source
	on   func(time.Duration) bool // visits an instant
	ring func() time.Duration     // alarm

	begun    bool
	ready    time.Duration // when the events that bound the range had happened
	from, to time.Duration // the range; to is forever while its end is not known

	considered bool   // some instant was not left out
	gap        string // why the first instant that is unknown is so
	answers    answers

	over    bool
	verdict Truth
	at      time.Duration // the instant that decided
	known   time.Duration // when all that it took was there
	why     string
	part    string
	values  []Reading
	samples []signal.Sample
}

const forever = time.Duration(math.MaxInt64)

func newWatch(f *Formula, n truthNode, v View, base *time.Duration) *watch {
	w := &watch{f: f, v: v, base: base, to: forever, answers: answers{before: False}}
	w.on = func(t time.Duration) bool {
		w.instant(w.s.look(t))
		return !w.over
	}
	w.ring = w.alarm
	if t, ok := n.(*temporal); ok {
		w.t = t
		w.s = newStream(f, v, t.body)
		if t.then != nil {
			w.s = newStream(f, v, t.body, t.then)
		}
		w.body = readings(t.body)
		return w
	}
	w.leaf = n
	w.s = newStream(f, v, n)
	return w
}

// advance looks at every instant of the range up to now. Where it does not know yet where the range is, it passes what lies
// before it: ahead is up to where a range that does not say so will not begin.
func (w *watch) advance(now, ahead time.Duration) {
	switch {
	case w.over:
	case !w.begin():
		if w.t == nil || w.t.from == "" {
			now = min(now, ahead)
		}
		w.s.advance(now, forever, nil, nil)
	case !w.bounded():
		w.s.advance(min(now, w.from-1), forever, nil, nil)
	default:
		w.look(min(now, w.to))
		if now >= w.to {
			w.end(w.to)
		}
	}
}

// look looks at the instants of the range up to limit.
func (w *watch) look(limit time.Duration) {
	if !w.over {
		w.s.advance(limit, w.from, w.ring, w.on)
	}
}

// finish concludes with nothing more to come after end.
func (w *watch) finish(end time.Duration) {
	switch {
	case w.over:
	case !w.begin() && w.t != nil && w.t.from != "":
		w.decide(Unknown, end, w.t.from+" never happened")
	case !w.begun:
		w.decide(Unknown, end, "its range never began")
	case w.t == nil:
		w.s.advance(end, w.from, nil, nil)
		w.conclude(end)
	default:
		if !w.bounded() {
			w.ready = end // only now it is known that the range goes on for as long as the run does
		}
		w.look(min(end, w.to))
		w.expire(min(end, w.to) + 1)
		switch {
		case w.over:
		case w.t.to != "" && !w.bounded():
			w.decide(Unknown, end, w.t.to+" never happened")
		case w.to != forever:
			w.decide(Unknown, end, fmt.Sprintf("the run ended before %s had passed", formatDuration(w.t.within)))
		default:
			w.end(end)
		}
	}
}

// conclude gives the verdict of a part without a temporal operator.
func (w *watch) conclude(at time.Duration) {
	l := w.s.look(at)
	truth := w.leaf.truth(l)
	w.to = at
	w.decide(truth, at, explain(w.leaf, l, truth))
	w.part, w.samples = part(w.leaf, l, truth)
}

// begin finds where the range begins.
func (w *watch) begin() bool {
	if w.begun {
		return true
	}
	if w.t != nil && w.t.from != "" {
		s, ok := w.v.Event(w.t.from)
		if !ok {
			return false
		}
		w.from, w.ready = s.High, s.High
	} else {
		if w.base == nil || *w.base == unbegun {
			return false
		}
		w.from = *w.base
	}
	if w.t != nil && w.t.within > 0 {
		w.to = w.from + w.t.within
	}
	w.begun = true
	return true
}

// bounded finds where the range ends; it reports whether the event that ends it has happened.
func (w *watch) bounded() bool {
	if w.t == nil {
		w.to = w.from
		return true
	}
	if w.t.to == "" {
		return true
	}
	s, ok := w.v.Event(w.t.to)
	if !ok {
		return false
	}
	w.to, w.ready = min(w.to, s.Low), max(w.ready, s.High)
	if w.to < w.from && !w.over {
		w.to = w.from
		w.decide(Unknown, w.from, fmt.Sprintf("%s came before %s: there is nothing to judge", w.t.to, w.eventName()))
		w.values, w.samples = nil, nil
	}
	return true
}

func (w *watch) eventName() string {
	if w.t.from != "" {
		return w.t.from
	}
	return "the range began"
}

// instant looks at one instant.
func (w *watch) instant(l *look) {
	if w.t == nil {
		return // at the end of the range, which is its beginning
	}
	t := l.t
	if w.t.op == "whenever" {
		w.respond(l)
		return
	}
	truth := w.t.body.truth(l)
	if truth == Unknown && w.early() {
		return
	}
	w.considered = true
	switch {
	case truth == Unknown:
		w.unknown(w.sayAt(l, truth))
	case w.t.op == "always" && truth == False, w.t.op == "never" && truth == True:
		w.decide(False, t, w.sayAt(l, truth))
		w.part, w.samples = part(w.t.body, l, truth)
	case w.t.op == "eventually" && truth == True:
		w.decide(True, t, w.sayAt(l, truth))
		w.part, w.samples = part(w.t.body, l, truth)
	}
}

func (w *watch) sayAt(l *look, t Truth) string {
	return fmt.Sprintf("at %s, %s", at(l.t), explain(w.t.body, l, t))
}

// unknown remembers why the verdict may stay unknown.
func (w *watch) unknown(why string) {
	if w.gap == "" {
		w.gap = why
	}
}

// early reports whether a signal of the condition has no value yet because its first sample is still to come: such
// instants are left out. Once something was lost, that may have been the first.
func (w *watch) early() bool { return !w.s.blind && w.unseen() }

// unseen reports whether a signal of the condition has no sample.
func (w *watch) unseen() bool {
	return slices.ContainsFunc(w.body, func(r source) bool { return w.s.scene.last[r.slot].Signal == "" })
}

// end concludes at the end of the range.
func (w *watch) end(t time.Duration) {
	if w.over {
		return
	}
	if w.t == nil {
		w.conclude(t)
		return
	}
	if w.t.op == "whenever" {
		w.ponder(t)
		if w.expire(t + 1); w.over {
			return
		}
		w.unanswered()
	}
	body := show(w.t.body)
	switch {
	case !w.considered:
		w.decide(Unknown, t, w.nothing())
	case w.gap != "":
		w.decide(Unknown, t, w.gap)
	case w.t.op == "eventually":
		l := w.s.look(t)
		w.decide(False, t, fmt.Sprintf("%s was never true from %s to %s; at its end, %s", body, at(w.from), at(t), explain(w.t.body, l, w.t.body.truth(l))))
	default:
		w.decide(True, t, fmt.Sprintf("%s from %s to %s", w.heldWords(body), at(w.from), at(t)))
	}
}

func (w *watch) heldWords(body string) string {
	switch {
	case w.t.op == "whenever" && w.answers.asked:
		return show(w.t.then) + " followed each time within " + formatDuration(w.t.deadline)
	case w.t.op == "always":
		return body + " was true all through"
	}
	return body + " was never true"
}

func (w *watch) nothing() string {
	for _, r := range w.body {
		if w.s.scene.last[r.slot].Signal == "" {
			return r.name + " has no value"
		}
	}
	return "there was nothing to judge"
}

func (w *watch) decide(t Truth, at time.Duration, why string) {
	w.over, w.verdict, w.at, w.why = true, t, at, why
	w.known = max(at, w.ready)
	if w.to == forever {
		w.to = at
	}
	n := w.leaf
	if w.t != nil {
		n = w.t
	}
	l := w.s.look(max(at, w.s.scene.t))
	w.part, w.values, w.samples = show(n), operands(n, l), evidence(n, l)
}
