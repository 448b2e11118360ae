package testfile

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// path finds the canonical form of a name.
func (p *parser) path(w word) (string, bool) {
	name, seen := p.paths[w.text]
	if !seen {
		if c, ok := canonical(w.text); ok {
			name = c
		}
		p.paths[w.text] = name
	}
	if name == "" {
		p.report(diag.TestName, p.at.of(w), "Not a name", "Names have a dot in them and may have indexes, as in dc1.job.orders.operator['Sink'].queued.")
	}
	return name, name != ""
}

// signal reads `signal NAME... : TYPE`.
func (p *parser) signal(ws []word) {
	colon := slices.IndexFunc(ws, func(w word) bool { return w.text == ":" })
	if colon < 2 || colon == len(ws)-1 {
		p.wrong(ws[0], "Write `signal NAME : TYPE`, where the type is bool, number, duration, ratio, string, or enum with its words; `final` and `bounded` may follow the others.")
		return
	}
	s, ok := p.typeOf(ws[colon+1:])
	if !ok {
		return
	}
	for _, w := range ws[1:colon] {
		p.declare(w, s)
	}
}

func (p *parser) typeOf(ws []word) (cond.Subject, bool) {
	s := cond.Subject{Moment: schema.Live}
	open := ws[0].text == "open"
	if open {
		ws = ws[1:]
	}
	if len(ws) > 0 && ws[0].text == "enum" && len(ws) > 1 {
		e := &signal.Enum{Name: "enum", Open: open}
		for _, w := range ws[1:] {
			e.Values = append(e.Values, w.text)
		}
		s.Type = signal.Type{Kind: signal.EnumKind, Enum: e}
		return s, true
	}
	if len(ws) == 0 {
		p.report(diag.TestSyntax, p.at.whole(), "Line not understood", "Behind `open` stands `enum` with its words.")
		return s, false
	}
	kind, ok := signal.KindOf(ws[0].text)
	if !ok || kind == signal.EnumKind || open {
		p.wrong(ws[0], "%q is not a type. Types are bool, number, duration, ratio, string, `enum WORD...` and `open enum WORD...`.", ws[0].text)
		return s, false
	}
	s.Type.Kind = kind
	for _, w := range ws[1:] {
		switch {
		case w.text == "final":
			s.Moment = schema.Final
		case w.text == "bounded" && kind.Numeric():
			s.Bounded = true
		default:
			p.wrong(w, "Behind a type may stand `final` (known when its step is finished) and, for what is counted or measured, `bounded`.")
			return s, false
		}
	}
	return s, true
}

func (p *parser) declare(w word, s cond.Subject) {
	name, ok := p.path(w)
	if !ok {
		return
	}
	if p.test != nil {
		p.wrong(w, "Signals and events are declared before the first test.")
		return
	}
	if !p.f.names.declare(name, s) {
		p.report(diag.TestName, p.at.of(w), "Declared twice", fmt.Sprintf("%s is declared further up.", name))
	}
}

// event reads `event NAME...`.
func (p *parser) event(ws []word) {
	if len(ws) < 2 {
		p.wrong(ws[0], "Write `event NAME`, as in `event fault.network_partition.cut.injected`.")
	}
	for _, w := range ws[1:] {
		p.declare(w, cond.Subject{Type: signal.Type{Kind: signal.Bool}, Moment: schema.Event})
	}
}

// sampleAt reads `at 3s NAME = VALUE ...` and `at 3s EVENT`.
func (p *parser) sampleAt(ws []word) {
	if len(ws) < 3 {
		p.wrong(ws[0], "Write `at 3s NAME = VALUE`, or `at 3s NAME` for an event.")
		return
	}
	at, ok := p.instant(ws[1])
	if !ok {
		return
	}
	name, s, ok := p.subject(ws[2])
	if !ok {
		return
	}
	if s.Moment == schema.Event {
		p.happened(ws, name, at)
		return
	}
	if len(ws) < 5 || ws[3].text != "=" {
		p.wrong(ws[2], "Write `at 3s %s = VALUE`.", ws[2].text)
		return
	}
	if x, ok := p.sample(name, s.Type, at, ws[4:]); ok {
		p.push(ws[0], x)
	}
}

// happened reads the rest of `at 3s EVENT since 2s`.
func (p *parser) happened(ws []word, name string, at time.Duration) {
	span := signal.Span{Low: at, High: at}
	switch {
	case len(ws) == 3:
	case len(ws) == 5 && ws[3].text == "since":
		low, ok := p.instant(ws[4])
		if !ok || !p.ordered(ws[4], low, at) {
			return
		}
		span.Low = low
	default:
		p.wrong(ws[3], "Behind an event may stand `since 2s`: the earliest instant at which it can have happened.")
		return
	}
	if _, twice := p.timeline().Events[name]; twice {
		p.report(diag.TestName, p.at.of(ws[2]), "Event happens twice", "An event happens once in a run.")
		return
	}
	p.timeline().Events[name] = span
}

func (p *parser) ordered(w word, low, high time.Duration) bool {
	if low > high {
		p.report(diag.TestValue, p.at.of(w), "Instants out of order", "The earliest possible instant is after the latest.")
	}
	return low <= high
}

func (p *parser) subject(w word) (string, cond.Subject, bool) {
	name, ok := p.path(w)
	if !ok {
		return "", cond.Subject{}, false
	}
	s, ok := p.f.names[name]
	if !ok {
		p.report(diag.TestName, p.at.of(w), "Name not declared", p.f.names.hint(name))
	}
	return name, s, ok
}

// every reads `every 1s from 0s to 20s NAME = VALUE ...`; behind a number, `step 10` lets it grow.
func (p *parser) every(ws []word) {
	if len(ws) < 9 || ws[2].text != "from" || ws[4].text != "to" || ws[7].text != "=" {
		p.wrong(ws[0], "Write `every 1s from 0s to 20s NAME = VALUE`, and `step 10` behind it if the value grows each time.")
		return
	}
	pace, ok1 := p.instant(ws[1])
	from, ok2 := p.instant(ws[3])
	to, ok3 := p.instant(ws[5])
	name, s, ok4 := p.subject(ws[6])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return
	}
	if pace == 0 || to < from || s.Moment == schema.Event {
		p.wrong(ws[1], "Samples of a signal are repeated at a pace of more than nothing, from an instant to a later one.")
		return
	}
	rest, step := ws[8:], 0.0
	if n := len(rest); n >= 3 && rest[n-2].text == "step" {
		v, ok := p.value(s.Type, rest[n-1])
		if !ok || !s.Type.Kind.Numeric() {
			p.wrong(rest[n-1], "Only what is counted or measured can grow, by a step of its own type.")
			return
		}
		step, rest = v.Num, rest[:n-2]
	}
	x, ok := p.sample(name, s.Type, from, rest)
	if !ok {
		return
	}
	width, num, low, high := x.High-x.Low, x.Value.Num, x.Value.Low, x.Value.High
	for i, t := 0, from; t <= to && p.samples <= maxSamples; i, t = i+1, t+pace {
		x.High, x.Low = t, max(t-width, 0)
		if s.Type.Kind.Numeric() {
			by := step * float64(i)
			x.Value.Num, x.Value.Low, x.Value.High = num+by, low+by, high+by
		}
		p.push(ws[0], x)
	}
}

func (p *parser) push(w word, s signal.Sample) {
	if p.samples++; p.samples > maxSamples {
		p.large(w, fmt.Sprintf("A file has at most %d samples.", maxSamples))
		return
	}
	l := p.timeline()
	l.Samples = append(l.Samples, s)
}

// sample reads `VALUE [in [LOW, HIGH]] [valid D] [since T]`.
func (p *parser) sample(name string, t signal.Type, at time.Duration, ws []word) (signal.Sample, bool) {
	s := signal.Sample{Signal: name, Low: at, High: at}
	var ok bool
	if s.Value, ok = p.value(t, ws[0]); !ok {
		return s, false
	}
	for i := 1; i < len(ws); i += 2 {
		if i+1 == len(ws) {
			p.wrong(ws[i], "Something is missing behind %q.", ws[i].text)
			return s, false
		}
		w := ws[i+1]
		switch ws[i].text {
		case "in":
			ok = p.bounds(t, w, &s.Value)
		case "valid":
			if s.ValidFor, ok = p.instant(w); ok && s.ValidFor == 0 {
				p.wrong(w, "A sample is valid for some time; without `valid` it is so until the next.")
				ok = false
			}
		case "since":
			if s.Low, ok = p.instant(w); ok {
				ok = p.ordered(w, s.Low, at)
			}
		default:
			p.wrong(ws[i], "Behind a value may stand `in [LOW, HIGH]`, `valid 3s` and `since 2s`.")
			ok = false
		}
		if !ok {
			return s, false
		}
	}
	return s, true
}

func (p *parser) bounds(t signal.Type, w word, v *signal.Value) bool {
	inner, ok1 := strings.CutPrefix(w.text, "[")
	inner, ok2 := strings.CutSuffix(inner, "]")
	low, high, ok3 := strings.Cut(inner, ",")
	if !ok1 || !ok2 || !ok3 || !t.Kind.Numeric() {
		p.wrong(w, "Bounds of what is counted or measured are written like `in [4, 6]`; the upper one may be `unbounded`.")
		return false
	}
	a, okA := p.value(t, word{strings.TrimSpace(low), w.at})
	b := signal.Bounded(t.Kind, math.Inf(1), math.Inf(1), math.Inf(1))
	okB := true
	if strings.TrimSpace(high) != "unbounded" {
		b, okB = p.value(t, word{strings.TrimSpace(high), w.at})
	}
	if !okA || !okB {
		return false
	}
	if a.Num > v.Num || v.Num > b.Num {
		p.report(diag.TestValue, p.at.of(w), "Value outside of its bounds", "The bounds of a value enclose it.")
		return false
	}
	v.Low, v.High = a.Num, b.Num
	return true
}

// value reads a value of a type.
func (p *parser) value(t signal.Type, w word) (signal.Value, bool) {
	v, ok := valueOf(t, w.text)
	if !ok {
		p.report(diag.TestValue, p.at.of(w), "Value of the wrong type", fmt.Sprintf("%s is not %s.", w.text, examples[t.Kind]))
	}
	return v, ok
}

var examples = map[signal.Kind]string{
	signal.Bool: "true or false", signal.Number: "a number, such as 3 or 2.5", signal.Duration: "a duration, such as 250ms or 1m30s",
	signal.Ratio: "a percentage, such as 0.5%", signal.String: `text in quotes, such as "ready"`, signal.EnumKind: "one of the words that the signal was declared with",
}

func valueOf(t signal.Type, text string) (signal.Value, bool) {
	switch t.Kind {
	case signal.Bool:
		return signal.BoolVal(text == "true"), text == "true" || text == "false"
	case signal.Number:
		return finite(text, signal.NumberVal)
	case signal.Ratio:
		digits, ok := strings.CutSuffix(text, "%")
		v, ok2 := finite(digits, func(f float64) signal.Value { return signal.RatioVal(f / 100) })
		return v, ok && ok2
	case signal.Duration:
		d, err := time.ParseDuration(text)
		return signal.DurationVal(d), err == nil
	case signal.String:
		s, err := strconv.Unquote(text)
		return signal.StringVal(s), err == nil
	case signal.EnumKind:
		if t.Enum.Open {
			if s, err := strconv.Unquote(text); err == nil {
				return signal.EnumVal(s), true
			}
		}
		return signal.EnumVal(text), t.Enum.Has(text)
	case signal.Invalid:
	}
	return signal.Value{}, false
}

func finite(text string, make func(float64) signal.Value) (signal.Value, bool) {
	f, err := strconv.ParseFloat(text, 64)
	return make(f), err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// quoted reads the one text in quotes that a line has behind its first word.
func (p *parser) quoted(ws []word) (string, bool) {
	if len(ws) == 2 {
		if s, err := strconv.Unquote(ws[1].text); err == nil && s != "" {
			return s, true
		}
	}
	p.wrong(ws[0], "Behind `%s` stands text in double quotes.", ws[0].text)
	return "", false
}
