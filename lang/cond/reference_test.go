package cond

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// Reference evaluates formulas in the slowest and plainest way: it looks at every sample, at every millisecond and at an
// instant between each two, where nothing changes. It is right for traces, durations and ranges in whole milliseconds.
type Reference struct {
	F       *Formula
	Samples map[string][]signal.Sample
	Events  map[string]signal.Span
}

const grid = time.Millisecond / 2

// Grid lists from, the half milliseconds between, and to.
func Grid(from, to time.Duration) []time.Duration {
	if to < from {
		return nil
	}
	out := []time.Duration{from}
	for t := from.Truncate(grid) + grid; t < to; t += grid {
		if t > from {
			out = append(out, t)
		}
	}
	if to > from {
		out = append(out, to)
	}
	return out
}

// twice adds a second instant between each two milliseconds: what is unknown there may have become false at the first and
// true again at the second.
func twice(ts []time.Duration) []time.Duration {
	var out []time.Duration
	for i, t := range ts {
		out = append(out, t)
		if t%time.Millisecond != 0 && i+1 < len(ts) {
			out = append(out, t+grid/2)
		}
	}
	return out
}

// Eval is the truth at t.
func (r *Reference) Eval(t time.Duration) Truth { return r.truth(r.F.root.(truthNode), t) }

func (r *Reference) truth(n truthNode, t time.Duration) Truth {
	switch n := n.(type) {
	case notTruth:
		return not(r.truth(n.body, t))
	case orTruth:
		return r.any(n.parts, t)
	case andTruth:
		out := True
		for _, p := range n.parts {
			switch x := r.truth(p, t); {
			case x == False:
				out = False
			case x == Unknown && out == True:
				out = Unknown
			}
		}
		return out
	case *held:
		var seen []Truth
		for _, at := range Grid(t-n.over, t) {
			if at < 0 {
				seen = append(seen, Unknown)
			} else {
				seen = append(seen, r.truth(n.body, at))
			}
		}
		return all(seen)
	}
	return r.leaf(n, t)
}

func (r *Reference) any(parts []truthNode, t time.Duration) Truth {
	var seen []Truth
	for _, p := range parts {
		seen = append(seen, r.truth(p, t))
	}
	return some(seen)
}

// all is true if all are, false if one is false.
func all(ts []Truth) Truth {
	switch {
	case slices.Contains(ts, False):
		return False
	case slices.Contains(ts, Unknown):
		return Unknown
	}
	return True
}

func some(ts []Truth) Truth {
	switch {
	case slices.Contains(ts, True):
		return True
	case slices.Contains(ts, Unknown):
		return Unknown
	}
	return False
}

func (r *Reference) leaf(n truthNode, t time.Duration) Truth {
	switch n := n.(type) {
	case boolean:
		v, ok := r.value(n.of, t)
		return known(v.Bool, ok)
	case membership:
		v, ok := r.value(n.left, t)
		if !ok {
			return Unknown
		}
		var in []Truth
		for _, c := range n.values {
			with, _ := r.value(c, t)
			switch {
			case !v.Kind.Numeric():
				in = append(in, known(v.Text == with.Text, true))
			case v.Low == v.High:
				in = append(in, known(v.Num == with.Num, true))
			default:
				in = append(in, known(false, with.Num < v.Low || with.Num > v.High))
			}
		}
		if n.not {
			return not(some(in))
		}
		return some(in)
	case matching:
		v, ok := r.value(n.left, t)
		return known(regexp.MustCompile(n.text).MatchString(v.Text) != n.not, ok)
	case comparison:
		a, ok1 := r.value(n.left, t)
		b, ok2 := r.value(n.right, t)
		if !ok1 || !ok2 {
			return Unknown
		}
		if a.Kind == signal.Bool {
			return known((a.Bool == b.Bool) == (n.op == "=="), true)
		}
		if !a.Kind.Numeric() {
			return known((a.Text == b.Text) == (n.op == "=="), true)
		}
		// The corners of the bounds, and the middle for equality of intervals that overlap.
		var seen []bool
		for _, x := range []float64{a.Low, a.High} {
			for _, y := range []float64{b.Low, b.High} {
				seen = append(seen, holds(n.op, x, y))
			}
		}
		if a.Low <= b.High && b.Low <= a.High && (a.Low != a.High || b.Low != b.High) && (n.op == "==" || n.op == "!=") {
			return Unknown
		}
		if slices.Contains(seen, true) && slices.Contains(seen, false) {
			return Unknown
		}
		return known(seen[0], true)
	}
	panic("no such node in the tests")
}

func known(b, ok bool) Truth {
	switch {
	case !ok:
		return Unknown
	case b:
		return True
	}
	return False
}

func holds(op string, a, b float64) bool {
	return map[string]bool{"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
}

// past lists the samples with from < High <= to.
func (r *Reference) past(name string, from, to time.Duration) []signal.Sample {
	var out []signal.Sample
	for _, s := range r.Samples[name] {
		if s.High > from && s.High <= to {
			out = append(out, s)
		}
	}
	return out
}

func (r *Reference) happened(name string, t time.Duration) (signal.Span, bool) {
	e, ok := r.Events[name]
	return e, ok && e.High <= t
}

func (r *Reference) at(name string, t time.Duration) (signal.Value, bool) {
	s := r.past(name, -1, t)
	if len(s) == 0 {
		return signal.Value{}, false
	}
	last := s[len(s)-1]
	return last.Value, last.ValidFor == 0 || t < last.High+last.ValidFor
}

func (r *Reference) value(n valueNode, t time.Duration) (signal.Value, bool) {
	switch n := n.(type) {
	case constant:
		return n.v, true
	case reading:
		return r.at(n.subject.Name, t)
	case happened:
		_, ok := r.happened(n.subject.Name, t)
		return signal.BoolVal(ok), true
	case timeOf:
		e, ok := r.happened(n.subject.Name, t)
		return signal.Bounded(signal.Duration, 0, e.Low.Seconds(), e.High.Seconds()), ok
	case ageOf:
		s := r.past(n.subject.Name, -1, t)
		if len(s) == 0 {
			return signal.Value{}, false
		}
		last := s[len(s)-1]
		return signal.Bounded(signal.Duration, 0, (t - last.High).Seconds(), (t - last.Low).Seconds()), true
	case *window:
		return r.window(n, t)
	case word:
		return signal.EnumVal(n.text), true
	case minus:
		v, ok := r.value(n.of, t)
		return signal.Bounded(v.Kind, -v.Num, -v.High, -v.Low), ok
	case binary:
		return r.combine(n, t)
	}
	panic("no such operand in the tests")
}

// combine takes every pair of bounds.
func (r *Reference) combine(n binary, t time.Duration) (signal.Value, bool) {
	a, ok1 := r.value(n.left, t)
	b, ok2 := r.value(n.right, t)
	if !ok1 || !ok2 || n.op == '/' && b.Low <= 0 && b.High >= 0 {
		return signal.Value{}, false
	}
	var all []float64
	for _, x := range []float64{a.Low, a.High} {
		for _, y := range []float64{b.Low, b.High} {
			f := map[byte]float64{'+': x + y, '-': x - y, '*': x * y, '/': x / y}[n.op]
			if n.t.Kind == signal.Duration {
				f = math.Round(f*1e9) / 1e9
			}
			all = append(all, f)
		}
	}
	return signal.Bounded(n.t.Kind, all[0], slices.Min(all), slices.Max(all)), true
}

func (r *Reference) window(n *window, t time.Duration) (signal.Value, bool) {
	after, to := time.Duration(-1), t // samples with after < High <= to
	switch {
	case n.over > 0:
		after = max(t-n.over, -1)
	case n.from != "":
		a, ok1 := r.happened(n.from, t)
		b, ok2 := r.happened(n.to, t)
		if !ok1 || !ok2 || b.Low < a.High || b.High-b.Low > 5*time.Minute {
			return signal.Value{}, false
		}
		after, to = a.High-1, b.Low
	}
	if n.name == "changes" {
		return r.changes(n.subject.Name, after, to, n.from != "")
	}
	var nums, lows, highs []float64
	samples := r.past(n.subject.Name, after, to)
	for _, s := range samples {
		nums, lows, highs = append(nums, s.Value.Num), append(lows, s.Value.Low), append(highs, s.Value.High)
	}
	if len(samples) == 0 || len(samples) < 2 && (n.name == "rate" || n.name == "delta") {
		return signal.Value{}, false
	}
	kind := samples[0].Value.Kind
	var num, low, high float64
	switch n.name {
	case "count":
		kind, num = signal.Number, float64(len(samples))
		low, high = num, num
	case "rate", "delta":
		num, low, high = grown(samples)
		if n.name == "rate" {
			span := (samples[len(samples)-1].High - samples[0].High).Seconds()
			if span <= 0 {
				return signal.Value{}, false
			}
			kind, num, low, high = signal.Number, num/span, low/span, high/span
		}
	default:
		num, low, high = one(n.name, nums), one(n.name, lows), one(n.name, highs)
	}
	return signal.Bounded(kind, num, low, high), true
}

// grown adds up what a counter grew by, and the least and most that it may have been. Growth is the difference, or after a
// reset the new count.
func grown(samples []signal.Sample) (num, low, high float64) {
	var nums, lows, highs []float64
	for i := 1; i < len(samples); i++ {
		a, b := samples[i-1].Value, samples[i].Value
		if b.Num >= a.Num {
			nums = append(nums, b.Num-a.Num)
		} else {
			nums = append(nums, b.Num)
		}
		var may []float64
		if b.High >= a.Low {
			may = append(may, max(0, b.Low-a.High), b.High-a.Low)
		}
		if b.Low < a.High {
			may = append(may, b.Low, min(b.High, a.High))
		}
		lows, highs = append(lows, slices.Min(may)), append(highs, slices.Max(may))
	}
	return sum(nums), sum(lows), sum(highs)
}

// sum adds up without rounding in between.
func sum(xs []float64) float64 {
	total := new(big.Float).SetPrec(2000)
	for _, x := range xs {
		total.Add(total, big.NewFloat(x))
	}
	out, _ := total.Float64()
	return out
}

func one(name string, xs []float64) float64 {
	up := slices.Sorted(slices.Values(xs))
	rank := func(p float64) float64 { return up[int(math.Ceil(p*float64(len(up))/100))-1] }
	switch name {
	case "avg":
		return sum(xs) / float64(len(xs))
	case "min":
		return up[0]
	case "max":
		return up[len(up)-1]
	case "p50":
		return rank(50)
	case "p90":
		return rank(90)
	}
	return rank(99)
}

// changes counts values that differ from the one before, the one in force at the opening included.
func (r *Reference) changes(name string, after, to time.Duration, closed bool) (signal.Value, bool) {
	opening := max(after, 0)
	if closed {
		opening = after + 1
	}
	var vs []signal.Value
	if v, ok := r.at(name, opening); ok {
		vs = append(vs, v)
	}
	for _, s := range r.past(name, opening, to) {
		vs = append(vs, s.Value)
	}
	n := 0.0
	for i := 1; i < len(vs); i++ {
		if vs[i] != vs[i-1] {
			n++
		}
	}
	return signal.NumberVal(n), len(vs) > 0
}

// Judge is the verdict at the end of the run.
func (r *Reference) Judge(from, end time.Duration) Truth {
	return r.judge(r.F.root.(truthNode), from, end)
}

func (r *Reference) judge(n truthNode, from, end time.Duration) Truth {
	var seen []Truth
	switch n := n.(type) {
	case notTruth:
		return not(r.judge(n.body, from, end))
	case andTruth:
		for _, p := range n.parts {
			seen = append(seen, r.judge(p, from, end))
		}
		return all(seen)
	case orTruth:
		for _, p := range n.parts {
			seen = append(seen, r.judge(p, from, end))
		}
		return some(seen)
	case *temporal:
		return r.stretch(n, from, end)
	}
	return r.truth(n, from)
}

// stretch judges one temporal operator.
func (r *Reference) stretch(n *temporal, from, end time.Duration) Truth {
	if n.from != "" {
		e, ok := r.Events[n.from]
		if !ok {
			return Unknown
		}
		from = e.High
	}
	to, whole := end, true
	if n.within > 0 {
		to, whole = min(end, from+n.within), from+n.within <= end
	}
	if n.to != "" {
		e, ok := r.Events[n.to]
		if ok && e.Low <= to {
			to, whole = e.Low, true
		}
		whole = whole && ok
	}
	if to < from {
		return Unknown
	}
	var seen []Truth
	switch n.op {
	case "whenever":
		seen = r.answers(n, from, to)
	default:
		for _, t := range Grid(from, to) {
			x := r.truth(n.body, t)
			if x == Unknown && r.early(n.body, t) {
				continue
			}
			if n.op != "always" {
				x = not(x)
			}
			seen = append(seen, x)
		}
	}
	out := all(seen)
	if out == True && (!whole || len(seen) == 0) {
		out = Unknown
	}
	if n.op == "eventually" {
		return not(out)
	}
	return out
}

// answers is, for each instant, whether the first condition did not become true there or the second followed.
func (r *Reference) answers(n *temporal, from, to time.Duration) []Truth {
	var seen []Truth
	before := False
	for _, t := range twice(Grid(from, to)) {
		a := r.truth(n.body, t)
		skip := a == Unknown && r.early(n.body, t)
		if skip {
			a = False
		}
		became := all([]Truth{a, not(before)})
		before = a
		if skip {
			continue
		}
		var follows []Truth
		for _, x := range Grid(t, t+n.deadline) {
			if x > to {
				follows = append(follows, Unknown)
			} else {
				follows = append(follows, r.truth(n.then, x))
			}
		}
		seen = append(seen, some([]Truth{not(became), some(follows)}))
	}
	return seen
}

func (r *Reference) early(n node, t time.Duration) bool {
	return slices.ContainsFunc(readings(n), func(s source) bool { return len(r.past(s.name, -1, t)) == 0 })
}
