package cond

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// watch judges one temporal operator.
type watch struct {
	t    *temporal
	v    View
	base time.Duration

	begun    bool
	ready    time.Duration // when the events that bound the range had happened
	from, to time.Duration // the range; to is forever while its end is not known
	started  bool          // the instant from has been looked at
	done     time.Duration // looked at up to here, inclusive

	considered bool   // some instant was not left out
	gap        string // why the first instant that is unknown is so
	answers    answers

	over    bool
	verdict Truth
	at      time.Duration // the instant that decided
	known   time.Duration // when all that it took was there
	why     string
	single  bool // one instant decided, and not the whole range
}

const forever = time.Duration(math.MaxInt64)

func newWatch(t *temporal, v View, base time.Duration) *watch {
	return &watch{t: t, v: v, base: base, from: base, to: forever, answers: answers{before: False}}
}

// advance looks at every instant of the range up to now.
func (w *watch) advance(now time.Duration) {
	if w.over || !w.begin() || !w.bounded() {
		return
	}
	w.look(min(now, w.to))
	if now >= w.to {
		w.end(w.to)
	}
}

// finish concludes with nothing more to come after end.
func (w *watch) finish(end time.Duration) {
	switch {
	case w.over:
	case !w.begin():
		w.decide(Unknown, end, w.t.from+" never happened")
	default:
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

// begin finds where the range begins.
func (w *watch) begin() bool {
	if w.begun {
		return true
	}
	if w.t.from != "" {
		s, ok := w.v.Event(w.t.from)
		if !ok {
			return false
		}
		w.from, w.ready = s.High, s.High
	}
	if w.t.within > 0 {
		w.to = w.from + w.t.within
	}
	w.begun = true
	return true
}

// bounded finds where the range ends; it reports whether the event that ends it has happened.
func (w *watch) bounded() bool {
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
	}
	return true
}

func (w *watch) eventName() string {
	if w.t.from != "" {
		return w.t.from
	}
	return "the range began"
}

// look looks at the instants up to limit at which something may have changed.
func (w *watch) look(limit time.Duration) {
	if w.over || limit < w.from {
		return
	}
	if !w.started {
		w.started, w.done = true, w.from
		w.instant(w.from)
	}
	l := &look{v: w.v, t: limit}
	ts := append(changesIn(l, w.t.body, w.done, limit), w.firsts(limit)...)
	if w.t.then != nil {
		ts = append(ts, changesIn(l, w.t.then, w.done, limit)...)
	}
	slices.Sort(ts)
	for _, t := range slices.Compact(ts) {
		if w.over {
			return
		}
		w.instant(t)
	}
	if !w.over {
		w.ponder(limit)
		w.expire(limit)
	}
	w.done = max(w.done, limit)
}

// firsts are the instants of first samples since the last look: from them on, nothing is left out.
func (w *watch) firsts(limit time.Duration) []time.Duration {
	var out []time.Duration
	for _, name := range readings(w.t.body) {
		if s := w.v.Samples(name, 0, limit); len(s) > 0 && s[0].High > w.done {
			out = append(out, s[0].High)
		}
	}
	return out
}

// instant looks at one instant.
func (w *watch) instant(t time.Duration) {
	l := &look{v: w.v, t: t}
	if w.t.op == "whenever" {
		w.respond(l)
		return
	}
	truth := w.t.body.truth(l)
	if truth == Unknown && early(w.t.body, l) {
		return
	}
	w.considered = true
	switch {
	case truth == Unknown:
		w.unknown(w.sayAt(l, truth))
	case w.t.op == "always" && truth == False, w.t.op == "never" && truth == True:
		w.single = true
		w.decide(False, t, w.sayAt(l, truth))
	case w.t.op == "eventually" && truth == True:
		w.single = true
		w.decide(True, t, w.sayAt(l, truth))
	}
}

func (w *watch) sayAt(l *look, t Truth) string { return fmt.Sprintf("at %s, %s", at(l.t), explain(w.t.body, l, t)) }

// unknown remembers why the verdict may stay unknown.
func (w *watch) unknown(why string) {
	if w.gap == "" {
		w.gap = why
	}
}

// early reports whether a signal of the condition has no value yet because its first sample is still to come: such
// instants are left out.
func early(n node, l *look) bool {
	for _, name := range readings(n) {
		if _, ok := l.v.Last(name, l.t); !ok {
			return true
		}
	}
	return false
}

// end concludes at the end of the range.
func (w *watch) end(t time.Duration) {
	if w.over {
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
		w.decide(Unknown, t, w.nothing(t))
	case w.gap != "":
		w.decide(Unknown, t, w.gap)
	case w.t.op == "eventually":
		l := &look{v: w.v, t: t}
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

func (w *watch) nothing(t time.Duration) string {
	for _, r := range readings(w.t.body) {
		if _, ok := w.v.Last(r, t); !ok {
			return r + " has no value"
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
}
