package cond

import (
	"fmt"
	"math"
	"time"
)

// Monitor judges a formula with temporal operators while samples arrive. It is not safe for concurrent use.
type Monitor struct {
	f      *Formula
	v      View
	from   time.Duration
	leaves []*watch
	by     map[*temporal]*watch
}

// Monitor starts judging. from is where ranges begin that do not say so.
//
// A range reaches from the latest instant at which its first event can have happened to the earliest at which its
// last one can: a verdict never rests on an instant that may lie outside.
func (f *Formula) Monitor(v View, from time.Duration) *Monitor {
	m := &Monitor{f: f, v: v, from: from, by: map[*temporal]*watch{}}
	var walk func(node)
	walk = func(n node) {
		if t, ok := n.(*temporal); ok {
			w := &watch{t: t, v: v, base: from, verdict: Unknown}
			m.leaves = append(m.leaves, w)
			m.by[t] = w
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
	for _, w := range m.leaves {
		w.advance(now-1, false)
	}
	t := m.root(now)
	if t == Unknown {
		for _, w := range m.leaves {
			if !w.over {
				return m.judged(t, now), false
			}
		}
	}
	return m.judged(t, now), true
}

// Finish judges with nothing more to come: end is the end of the run.
func (m *Monitor) Finish(end time.Duration) Judged {
	for _, w := range m.leaves {
		w.advance(end, true)
	}
	return m.judged(m.root(end), end)
}

// root combines the verdicts of the temporal operators; what is not temporal is judged where ranges begin.
func (m *Monitor) root(time.Duration) Truth { return m.eval(m.f.root.(truthNode)) }

func (m *Monitor) eval(n truthNode) Truth {
	switch n := n.(type) {
	case *temporal:
		return m.by[n].verdict
	case notTruth:
		return not(m.eval(n.body))
	case orTruth:
		out := False
		for _, p := range n.parts {
			out = not(kleeneAnd(not(out), not(m.eval(p))))
		}
		return out
	case andTruth:
		out := True
		for _, p := range n.parts {
			out = kleeneAnd(out, m.eval(p))
		}
		return out
	}
	return n.truth(&look{v: m.v, t: m.from})
}

func kleeneAnd(a, b Truth) Truth {
	switch {
	case a == False || b == False:
		return False
	case a == True && b == True:
		return True
	}
	return Unknown
}

func (m *Monitor) judged(t Truth, now time.Duration) Judged {
	j := Judged{Truth: t, At: now, From: m.from, To: now}
	for _, w := range m.leaves {
		if w.verdict == t || (t == Unknown && w.verdict == Unknown) || len(m.leaves) == 1 {
			j.At, j.From, j.To, j.Why = w.at, w.from, w.to, w.why
			j.Values = operands(w.t.body, &look{v: m.v, t: w.at})
			break
		}
	}
	if j.Why == "" {
		j.Why = fmt.Sprintf("%s is %s", m.f.text, t)
	}
	return j
}

// truth of a temporal operator by itself is never asked for: monitors judge it.
func (n *temporal) truth(*look) Truth { return Unknown }

// watch judges one temporal operator.
type watch struct {
	t    *temporal
	v    View
	base time.Duration

	begun    bool
	from, to time.Duration // the range; to is MaxInt64 while it is open
	done     time.Duration // looked at up to here, exclusive of nothing
	started  bool          // the instant from has been looked at

	considered bool // some instant was not left out
	unknowns   bool
	firstGap   string
	pending    *obligation

	over    bool
	verdict Truth
	at      time.Duration
	why     string
}

// obligation is a time from which the second condition of a whenever is awaited.
type obligation struct {
	since time.Duration
	maybe bool // it may already be fulfilled, or may not be one
}

// advance looks at every instant up to now; final says that nothing more will come.
func (w *watch) advance(now time.Duration, final bool) {
	if w.over {
		return
	}
	if !w.begin() {
		if final {
			w.decide(Unknown, now, fmt.Sprintf("%s never happened", w.t.from))
		}
		return
	}
	w.close()
	if w.to < w.from {
		w.decide(Unknown, w.to, fmt.Sprintf("%s came before %s: there is nothing to judge", w.t.to, w.t.from))
		return
	}
	limit := min(now, w.to)
	if limit >= w.from {
		if !w.started {
			w.started = true
			w.done = w.from
			w.instant(w.from)
		}
		l := &look{v: w.v, t: limit}
		for _, t := range append(w.changes(l, w.done, limit), limit) {
			if w.over {
				return
			}
			if t > w.done {
				w.instant(t)
				w.done = t
			}
		}
	}
	switch {
	case w.over:
	case now >= w.to && w.to != math.MaxInt64:
		w.end(w.to, "")
	case final && w.cutShort():
		w.end(now, w.shortWhy())
	case final:
		w.to = now
		w.end(now, "")
	}
}

func (w *watch) changes(l *look, from, to time.Duration) []time.Duration {
	out := changesIn(l, w.t.body, from, to)
	if w.t.then != nil {
		out = append(out, changesIn(l, w.t.then, from, to)...)
		if p := w.pending; p != nil {
			out = append(out, p.since+w.t.deadline, p.since+w.t.deadline+1)
		}
	}
	return sorted(out, from, to)
}

// begin finds where the range begins.
func (w *watch) begin() bool {
	if w.begun {
		return true
	}
	w.from, w.to = w.base, math.MaxInt64
	if w.t.from != "" {
		s, ok := w.v.Event(w.t.from)
		if !ok {
			return false
		}
		w.from = s.High
	}
	if w.t.within > 0 {
		w.to = w.from + w.t.within
	}
	w.begun = true
	return true
}

// close finds where the range ends, once its last event has happened.
func (w *watch) close() {
	if w.t.to == "" {
		return
	}
	if s, ok := w.v.Event(w.t.to); ok && s.Low < w.to {
		w.to = s.Low
	}
}

// cutShort reports whether the run ended before the range did.
func (w *watch) cutShort() bool { return w.to != math.MaxInt64 || w.t.to != "" }

func (w *watch) shortWhy() string {
	if w.t.to != "" && w.to == math.MaxInt64 {
		return fmt.Sprintf("%s never happened", w.t.to)
	}
	return fmt.Sprintf("the run ended before %s had passed", formatDuration(w.t.within))
}

// instant looks at one instant.
func (w *watch) instant(t time.Duration) {
	l := &look{v: w.v, t: t}
	if w.t.op == "whenever" {
		w.respond(l)
		return
	}
	truth := w.t.body.truth(l)
	if truth == Unknown && w.early(l) {
		return
	}
	w.considered = true
	switch {
	case truth == Unknown:
		if !w.unknowns {
			w.unknowns = true
			w.firstGap = fmt.Sprintf("at %s, %s", at(t), explain(w.t.body, l))
		}
	case w.t.op == "always" && truth == False:
		w.decide(False, t, fmt.Sprintf("at %s, %s", at(t), explain(w.t.body, l)))
	case w.t.op == "never" && truth == True:
		w.decide(False, t, fmt.Sprintf("at %s, %s", at(t), explain(w.t.body, l)))
	case w.t.op == "eventually" && truth == True:
		w.decide(True, t, fmt.Sprintf("at %s, %s", at(t), explain(w.t.body, l)))
	}
}

// early reports whether a signal of the condition has not had its first sample yet: such instants are left out.
func (w *watch) early(l *look) bool {
	for _, r := range readings(w.t.body) {
		if len(l.v.Samples(r, 0, l.t)) == 0 {
			return true
		}
	}
	return false
}

// respond follows `whenever A then B within D` over one instant.
func (w *watch) respond(l *look) {
	a, b := w.t.body.truth(l), w.t.then.truth(l)
	if a == Unknown && w.early(l) {
		a = False
	} else {
		w.considered = true
	}
	if p := w.pending; p != nil && l.t > p.since+w.t.deadline {
		if !p.maybe {
			w.decide(False, p.since+w.t.deadline, fmt.Sprintf("%s was true at %s and %s did not follow within %s", show(w.t.body), at(p.since), show(w.t.then), formatDuration(w.t.deadline)))
			return
		}
		w.gap(fmt.Sprintf("it cannot be told whether %s followed within %s after %s", show(w.t.then), formatDuration(w.t.deadline), at(p.since)))
		w.pending = nil
	}
	switch {
	case b == True:
		w.pending = nil
	case w.pending != nil:
		w.pending.maybe = w.pending.maybe || b == Unknown
	case a != False:
		w.pending = &obligation{since: l.t, maybe: a == Unknown || b == Unknown}
	}
}

func (w *watch) gap(why string) {
	if !w.unknowns {
		w.unknowns, w.firstGap = true, why
	}
}

// end concludes at the end of the range; short says why the range is not whole.
func (w *watch) end(t time.Duration, short string) {
	good := map[string]Truth{"always": True, "never": True, "eventually": False, "whenever": True}[w.t.op]
	switch {
	case short != "":
		w.decide(Unknown, t, short)
	case w.pending != nil:
		w.decide(Unknown, t, fmt.Sprintf("%s was true at %s, and the range ended before %s had passed", show(w.t.body), at(w.pending.since), formatDuration(w.t.deadline)))
	case !w.considered:
		w.decide(Unknown, t, w.nothing(t))
	case w.unknowns:
		w.decide(Unknown, t, w.firstGap)
	case good == True:
		w.decide(True, t, fmt.Sprintf("%s from %s to %s", w.holdWords(), at(w.from), at(t)))
	default:
		w.decide(False, t, fmt.Sprintf("%s was never true from %s to %s; at its end, %s", show(w.t.body), at(w.from), at(t), explain(w.t.body, &look{v: w.v, t: t})))
	}
}

func (w *watch) holdWords() string {
	switch w.t.op {
	case "never":
		return show(w.t.body) + " was never true"
	case "whenever":
		return show(w.t.then) + " followed each time within " + formatDuration(w.t.deadline)
	}
	return show(w.t.body) + " was true all through"
}

func (w *watch) nothing(t time.Duration) string {
	for _, r := range readings(w.t.body) {
		if len(w.v.Samples(r, 0, t)) == 0 {
			return r + " has no value"
		}
	}
	return "there was nothing to judge"
}

func (w *watch) decide(t Truth, at time.Duration, why string) {
	w.over, w.verdict, w.at, w.why = true, t, at, why
	if w.to == math.MaxInt64 {
		w.to = at
	}
}
