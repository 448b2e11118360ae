package cond

import (
	"math"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// look is one look at a view: at an instant, as somebody knew it then or in hindsight.
type look struct {
	v View
	t time.Duration
	// definite has a signal be unknown wherever its change may lie.
	definite bool
	// scene is what a stream knows at t; nil where the view is asked.
	scene *scene
}

func (l *look) to(t time.Duration) *look {
	return &look{v: l.v, t: t, definite: l.definite}
}

// at is the value of a signal.
func (l *look) at(name string, slot int) (signal.Value, bool) {
	switch {
	case l.scene != nil:
		s := &l.scene.last[slot]
		return s.Value, s.Signal != "" && (s.ValidFor == 0 || l.t < s.High+s.ValidFor)
	case l.definite:
		return definiteAt(l.v, name, l.t)
	}
	return l.v.At(name, l.t)
}

// last is the last sample of a signal, expired or not.
func (l *look) last(name string, slot int) (signal.Sample, bool) {
	if l.scene != nil {
		s := l.scene.last[slot]
		return s, s.Signal != ""
	}
	return l.v.Last(name, l.t)
}

func (l *look) event(name string) (signal.Span, bool) {
	s, ok := l.v.Event(name)
	return s, ok && s.High <= l.t
}

// not is Kleene's, and so are the tables for or and and below.
func not(t Truth) Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	case Unknown:
	}
	return Unknown
}

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

func (n orTruth) truth(l *look) Truth {
	out := False
	for _, p := range n.parts {
		switch p.truth(l) {
		case True:
			return True
		case Unknown:
			out = Unknown
		case False:
		}
	}
	return out
}

func (n andTruth) truth(l *look) Truth {
	out := True
	for _, p := range n.parts {
		switch p.truth(l) {
		case False:
			return False
		case Unknown:
			out = Unknown
		case True:
		}
	}
	return out
}

func (n notTruth) truth(l *look) Truth { return not(n.body.truth(l)) }

// truth of `C for D`: true if C was true all over [t-D, t], false if it was false anywhere in it.
func (n *held) truth(l *look) Truth {
	if l.scene != nil {
		return l.scene.helds[n.id]
	}
	from := l.t - n.over
	out := True
	if from < 0 {
		from, out = 0, Unknown // the run had not begun
	}
	for _, t := range append(changesIn(l, n.body, from, l.t), from) {
		switch n.body.truth(l.to(t)) {
		case False:
			return False
		case Unknown:
			out = Unknown
		case True:
		}
	}
	return out
}

func (n boolean) truth(l *look) Truth {
	v, ok := n.of.value(l)
	if !ok {
		return Unknown
	}
	return truthOf(v.Bool)
}

func (n comparison) truth(l *look) Truth {
	a, ok1 := n.left.value(l)
	b, ok2 := n.right.value(l)
	if !ok1 || !ok2 {
		return Unknown
	}
	return compare(n.op, a, b)
}

// compare is true or false only if it is so wherever within their bounds the values lie.
func compare(op string, a, b signal.Value) Truth {
	if !a.Kind.Numeric() || !b.Kind.Numeric() {
		same := a.Text == b.Text
		if a.Kind == signal.Bool {
			same = a.Bool == b.Bool
		}
		return truthOf(same == (op == "=="))
	}
	switch op {
	case "<":
		return order(a.High < b.Low, a.Low >= b.High)
	case "<=":
		return order(a.High <= b.Low, a.Low > b.High)
	case ">":
		return order(a.Low > b.High, a.High <= b.Low)
	case ">=":
		return order(a.Low >= b.High, a.High < b.Low)
	case "==":
		return order(a.Low == a.High && b.Low == b.High && a.Low == b.Low, a.High < b.Low || a.Low > b.High)
	}
	return order(a.High < b.Low || a.Low > b.High, a.Low == a.High && b.Low == b.High && a.Low == b.Low)
}

func order(yes, no bool) Truth {
	switch {
	case yes:
		return True
	case no:
		return False
	}
	return Unknown
}

func (n membership) truth(l *look) Truth {
	v, ok := n.left.value(l)
	if !ok {
		return Unknown
	}
	out := False
	for _, c := range n.values {
		with, _ := c.value(l)
		switch compare("==", v, with) {
		case True:
			return truthOf(!n.not)
		case Unknown:
			out = Unknown
		case False:
		}
	}
	if n.not {
		return not(out)
	}
	return out
}

func (n matching) truth(l *look) Truth {
	v, ok := n.left.value(l)
	if !ok {
		return Unknown
	}
	return truthOf(n.re.MatchString(v.Text) != n.not)
}

func (n constant) value(*look) (signal.Value, bool) { return n.v, true }

func (n reading) value(l *look) (signal.Value, bool) { return l.at(n.subject.Name, n.slot) }

func (n happened) value(l *look) (signal.Value, bool) {
	if l.definite {
		yes, known := definiteEvent(l.v, n.subject.Name, l.t)
		return signal.BoolVal(yes), known
	}
	_, ok := l.event(n.subject.Name)
	return signal.BoolVal(ok), true
}

func (n truthValue) value(l *look) (signal.Value, bool) {
	t := n.of.truth(l)
	return signal.BoolVal(t == True), t != Unknown
}

func (n ageOf) value(l *look) (signal.Value, bool) {
	last, ok := l.last(n.subject.Name, n.slot)
	if !ok {
		return signal.Value{}, false
	}
	low, high := l.t-last.High, l.t-last.Low
	if l.definite {
		low = youngest(l.v, n.subject.Name, l.t, low)
	}
	return signal.Bounded(signal.Duration, (l.t - last.High).Seconds(), low.Seconds(), high.Seconds()), true
}

func (n timeOf) value(l *look) (signal.Value, bool) {
	s, ok := l.event(n.subject.Name)
	if !ok {
		return signal.Value{}, false
	}
	return signal.Bounded(signal.Duration, s.High.Seconds(), s.Low.Seconds(), s.High.Seconds()), true
}

func (n minus) value(l *look) (signal.Value, bool) {
	v, ok := n.of.value(l)
	return signal.Bounded(v.Kind, -v.Num, -v.High, -v.Low), ok
}

func (n binary) value(l *look) (signal.Value, bool) {
	a, ok1 := n.left.value(l)
	b, ok2 := n.right.value(l)
	if !ok1 || !ok2 {
		return signal.Value{}, false
	}
	v, ok := combine(n.op, a, b, n.t.Kind)
	if n.t.Kind == signal.Duration {
		v.Num, v.Low, v.High = nanoseconds(v.Num), nanoseconds(v.Low), nanoseconds(v.High)
	}
	return v, ok
}

// nanoseconds takes away what adding fractions of seconds left behind the last digit: 50ms and 10ms are 60ms and no
// more. Durations of weeks have no such digits.
func nanoseconds(seconds float64) float64 {
	if math.Abs(seconds) < 1e6 {
		return math.Round(seconds*1e9) / 1e9
	}
	return seconds
}

// combine does interval arithmetic; a division by something that may be nothing has no value.
func combine(op byte, a, b signal.Value, k signal.Kind) (signal.Value, bool) {
	switch op {
	case '+':
		return signal.Bounded(k, a.Num+b.Num, a.Low+b.Low, a.High+b.High), true
	case '-':
		return signal.Bounded(k, a.Num-b.Num, a.Low-b.High, a.High-b.Low), true
	case '/':
		if b.Low <= 0 && b.High >= 0 {
			return signal.Value{}, false
		}
		return spread(k, a.Num/b.Num, a.Low/b.Low, a.Low/b.High, a.High/b.Low, a.High/b.High)
	}
	return spread(k, a.Num*b.Num, a.Low*b.Low, a.Low*b.High, a.High*b.Low, a.High*b.High)
}

func spread(k signal.Kind, num float64, corners ...float64) (signal.Value, bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range corners {
		if math.IsNaN(c) {
			return signal.Value{}, false
		}
		low, high = min(low, c), max(high, c)
	}
	return signal.Bounded(k, num, low, high), !math.IsNaN(num)
}

// Truth is that of a formula without temporal operators at instant t, without the reasons that Eval gives.
func (f *Formula) Truth(v View, t time.Duration) Truth {
	return f.root.(truthNode).truth(&look{v: v, t: t})
}

// Eval evaluates a formula without temporal operators at instant t, knowing only what v has up to t.
func (f *Formula) Eval(v View, t time.Duration) Judged {
	l := &look{v: v, t: t}
	root := f.root.(truthNode)
	j := Judged{Truth: root.truth(l), At: t, From: t, To: t}
	j.Why = explain(root, l, j.Truth)
	j.Values = operands(root, l)
	j.Part, j.Samples = part(root, l, j.Truth)
	return j
}

// truth of a temporal operator is for its monitor to find; at an instant it has none.
func (*temporal) truth(*look) Truth { return Unknown }
