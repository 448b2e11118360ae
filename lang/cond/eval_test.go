package cond_test

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

const sec = time.Second

// results has bounded and other results beside the small world's names.
var results = func() names {
	out := names{"w.rto": {Type: durType, Moment: schema.Final, Bounded: true}, "w.lost": {Type: numType, Moment: schema.Final, Bounded: true}}
	maps.Copy(out, small)
	return out
}()

type obs struct {
	name  string
	at    time.Duration
	v     any
	valid time.Duration
}

// world makes a view of observations that were made in an instant. Events are obs with the value nil.
func world(list ...obs) *cond.MemoryView {
	v := cond.NewMemoryView()
	for i, o := range list {
		s := signal.Sample{Signal: o.name, Low: o.at, High: o.at, ValidFor: o.valid, Seq: uint64(i)}
		switch x := o.v.(type) {
		case nil:
			v.Happened(o.name, signal.Span{Low: o.at, High: o.at})
			continue
		case bool:
			s.Value = signal.BoolVal(x)
		case int:
			s.Value = signal.NumberVal(float64(x))
		case string:
			s.Value = signal.EnumVal(x)
		case signal.Value:
			s.Value = x
		}
		v.Push(s)
	}
	return v
}

func TestEval(t *testing.T) {
	known := world(
		obs{"x.a", 1 * sec, true, 0}, obs{"x.b", 1 * sec, false, 0},
		obs{"x.n", 1 * sec, 10, 5 * sec}, obs{"x.n", 2 * sec, 20, 5 * sec}, obs{"x.n", 3 * sec, 4, 5 * sec}, obs{"x.n", 4 * sec, 10, 5 * sec},
		obs{"x.started", 2 * sec, nil, 0}, obs{"x.done", 4 * sec, nil, 0},
		obs{`x.o[1].v`, 1 * sec, "good", 0}, obs{`x.o[1].v`, 5 * sec, "brand_new", 0},
		obs{"w.rto", 1 * sec, signal.Bounded(signal.Duration, 50, 40, 50), 0}, obs{"w.lost", 1 * sec, signal.Bounded(signal.Number, 5, 0, 5), 0},
	)
	for _, c := range []struct {
		text string
		at   time.Duration
		want cond.Truth
	}{
		// Kleene's tables; x.s never has a sample.
		{"x.a and x.a", 5 * sec, cond.True},
		{"x.a and x.b", 5 * sec, cond.False},
		{`x.a and x.s is ""`, 5 * sec, cond.Unknown},
		{`x.b and x.s is ""`, 5 * sec, cond.False},
		{`x.a or x.s is ""`, 5 * sec, cond.True},
		{`x.b or x.s is ""`, 5 * sec, cond.Unknown},
		{`not x.s is ""`, 5 * sec, cond.Unknown},
		{"not x.b", 5 * sec, cond.True},
		{"(x.a or x.b) == (x.b or x.a)", 5 * sec, cond.True},
		{`(x.a and x.s is "") == true`, 5 * sec, cond.Unknown},
		// From a sample until the next or until it expires, right at its instant and not before.
		{"x.a", sec - 1, cond.Unknown},
		{"x.a", sec, cond.True},
		{"x.n == 10", 2*sec - 1, cond.True},
		{"x.n == 20", 2 * sec, cond.True},
		{"x.n == 10", 9*sec - 1, cond.True},
		{"x.n == 10", 9 * sec, cond.Unknown},
		// Operators.
		{"x.n != 10", 5 * sec, cond.False},
		{"x.n <= 10 and x.n >= 10 and not x.n < 10 and not x.n > 10", 5 * sec, cond.True},
		{"x.n in (1, 10)", 5 * sec, cond.True},
		{"x.n not in (1, 10)", 5 * sec, cond.False},
		{"x.n in (1, 2)", 10 * sec, cond.Unknown},
		{"2 + x.n * 3 - 4 / 2 == 30 and - x.n < - 9", 5 * sec, cond.True},
		{"x.n / (x.n - 10) > 0", 5 * sec, cond.Unknown},
		{"90% * x.n == 9 and x.n * 50% == 5", 5 * sec, cond.True},
		{"time(x.done) / 2s == 2 and time(x.done) - time(x.started) == 2s", 5 * sec, cond.True},
		{"x.o[1].v is good", 2 * sec, cond.True},
		{"x.o[1].v is not good", 6 * sec, cond.True},
		{`x.o[1].v is "brand_new"`, 6 * sec, cond.True},
		{`x.o[1].v matches "and_"`, 6 * sec, cond.True},
		{`x.o[1].v matches "^\w+$" and x.o[1].v matches "^\\w+$" and not x.o[1].v matches "\d"`, 6 * sec, cond.True},
		{`x.o[1].v not matches "^and_"`, 6 * sec, cond.True},
		{`x.o[1].v in (bad, "brand_new")`, 6 * sec, cond.True},
		// Events.
		{"x.done", 4*sec - 1, cond.False},
		{"x.done", 4 * sec, cond.True},
		{"time(x.done) > 0s", 3 * sec, cond.Unknown},
		// for
		{"x.a for 4s", 5*sec - 1, cond.Unknown},
		{"x.a for 4s", 5 * sec, cond.True},
		{"x.n >= 10 for 1s", 5 * sec, cond.True},
		{"x.n >= 10 for 1s", 5*sec - 1, cond.False},
		{"x.n >= 4 for 3s", 9 * sec, cond.Unknown},
		{"x.b for 20s", 5 * sec, cond.False},
		{"x.a for 20s", 10 * sec, cond.Unknown},
		{"not x.b for 2s", 5 * sec, cond.True},
		{"(not x.b) for 2s", 5 * sec, cond.True},
		// Windows: the older end is out, the younger in; they are clipped to the run; staleness is nothing to them.
		{"count(x.n, 2s) == 2", 4 * sec, cond.True},
		{"count(x.n, 2s) == 3", 4*sec - 1, cond.False},
		{"count(x.n, 1h) == 4 and count(x.n) == 4", 10 * sec, cond.True},
		{"count(x.n, 1s) > 0", 5*sec - 1, cond.True},
		{"count(x.n, 1s) > 0", 5 * sec, cond.Unknown},
		{"count(x.n, from x.started to x.done) == 3", 10 * sec, cond.True},
		{"count(x.n, from x.started to x.done) > 0", 3 * sec, cond.Unknown},
		{"count(x.n, from x.done to x.started) >= 0", 10 * sec, cond.Unknown},
		{"avg(x.n) == 11 and min(x.n) == 4 and max(x.n) == 20", 5 * sec, cond.True},
		{"min(x.n, 1s) == 10", 4 * sec, cond.True},
		{"p50(x.n) == 10 and p90(x.n) == 20 and p99(x.n) == 20", 5 * sec, cond.True},
		{"p50(x.n, 3s) == 10", 4 * sec, cond.True},
		{"p50(x.n, 2s) == 4", 4 * sec, cond.True},
		{"delta(x.n) == 20", 5 * sec, cond.True},
		{"delta(x.n, 2s) == 6", 4 * sec, cond.True},
		{"delta(x.n, 1s) >= 0", 4 * sec, cond.Unknown},
		{"rate(x.n, 1h) * 3 == 20", 5 * sec, cond.True},
		{"rate(x.n, from x.started to x.done) == 5", 5 * sec, cond.True},
		{"rate(x.n, 1s) >= 0", 4 * sec, cond.Unknown},
		// changes begins with the value in force when the window opens.
		{"changes(x.n) == 3", 5 * sec, cond.True},
		{"changes(x.n, 2s) == 2", 4 * sec, cond.True},
		{"changes(x.n, 1s) == 0", 5 * sec, cond.True},
		{"changes(x.n, 1s) >= 0", 10 * sec, cond.Unknown},
		{"changes(x.b, from x.started to x.done) == 0", 5 * sec, cond.True},
		{"changes(x.o[1].v, 3s) == 1", 6 * sec, cond.True},
		{"changes(x.n, from x.started to x.done) == 2", 5 * sec, cond.True},
		// Ages.
		{"age(x.n) == 1s", 5 * sec, cond.True},
		{"age(x.n) > 10s", 20 * sec, cond.True},
		{`age(x.s) > 1s`, 5 * sec, cond.Unknown},
		// Bounded results: at both bounds or unknown.
		{"w.rto <= 50s", 5 * sec, cond.True},
		{"w.rto <= 45s", 5 * sec, cond.Unknown},
		{"w.rto <= 39s", 5 * sec, cond.False},
		{"w.rto < 40s", 5 * sec, cond.False},
		{"w.rto > 39s", 5 * sec, cond.True},
		{"w.rto == 50s", 5 * sec, cond.Unknown},
		{"w.rto != 51s", 5 * sec, cond.True},
		{"w.lost == 0", 5 * sec, cond.Unknown},
		{"w.rto + 10s <= 60s", 5 * sec, cond.True},
		{"100s - w.rto >= 50s", 5 * sec, cond.True},
		{"w.rto - w.rto == 0s", 5 * sec, cond.Unknown},
		{"w.rto / 10s < 5", 5 * sec, cond.Unknown},
		{"- w.rto >= - 50s", 5 * sec, cond.True},
		{"max(w.rto) <= 45s", 5 * sec, cond.Unknown},
		{"w.rto * 2 <= 100s", 5 * sec, cond.True},
		{"10 / w.lost > 1", 5 * sec, cond.Unknown},
	} {
		f, problems := cond.Compile(c.text, cond.Instant, results)
		if len(problems) > 0 {
			t.Errorf("%s: %v", c.text, problems)
			continue
		}
		if j := f.Eval(known, c.at); j.Truth != c.want {
			t.Errorf("%s at %s is %s (%s, %v), want %s", c.text, c.at, j.Truth, j.Why, j.Values, c.want)
		}
	}
}

func TestUnboundedResults(t *testing.T) {
	v := world(obs{"w.rto", sec, signal.Bounded(signal.Duration, math.Inf(1), 70, math.Inf(1)), 0})
	for text, want := range map[string]cond.Truth{
		"w.rto <= 60s": cond.False, "w.rto <= 80s": cond.Unknown, "w.rto > 60s": cond.True, "w.rto - w.rto < 1s": cond.Unknown, "w.rto * 0 == 0s": cond.Unknown,
	} {
		f, _ := cond.Compile(text, cond.Instant, results)
		if got := f.Eval(v, 2*sec); got.Truth != want {
			t.Errorf("%s is %s (%s), want %s", text, got.Truth, got.Why, want)
		}
	}
}

// Samples with one stamp count in the order of their numbers; windows see them all, changes in them too.
func TestEqualStamps(t *testing.T) {
	v := world(obs{"x.n", 2 * sec, 1, 0}, obs{"x.n", 2 * sec, 5, 0}, obs{"x.n", 2 * sec, 3, 0}, obs{"x.n", 4 * sec, 3, 0})
	for text, want := range map[string]bool{
		"x.n == 3": true, "count(x.n, 2s) == 1": true, "count(x.n, 3s) == 4": true, "max(x.n, 3s) == 5": true, "changes(x.n, 3s) == 2": true,
		"changes(x.n, 2s) == 0": true, "changes(x.n) == 2": true,
	} {
		f := compile(t, text)
		if got := f.Eval(v, 4*sec); got.Truth != cond.True == want {
			t.Errorf("%s is %s (%v)", text, got.Truth, got.Values)
		}
	}
}

// Somebody who looks at a recording sees nothing of what came later.
func TestEvalKnowsNothingOfTheFuture(t *testing.T) {
	v := world(obs{"x.a", sec, true, 0}, obs{"x.a", 3 * sec, false, 0}, obs{"x.done", 3 * sec, nil, 0})
	for _, text := range []string{"x.a", "x.a for 1s", "not x.done", "changes(x.a) == 0", "age(x.a) == 1s"} {
		if got := compile(t, text).Eval(v, 2*sec); got.Truth != cond.True {
			t.Errorf("%s is %s (%s)", text, got.Truth, got.Why)
		}
	}
}

func TestNextChangeSolvesForAges(t *testing.T) {
	v := world(obs{"x.a", sec, true, 0})
	for text, want := range map[string]time.Duration{
		"age(x.a) > 5s": 6 * sec, "5s <= age(x.a)": 6 * sec, "age(x.a) > x.d": 2*sec + 100*time.Millisecond, "(age(x.a) > 5s) for 3s": 3 * sec,
	} {
		if next, ok := compile(t, text).NextChange(v, 2*sec); !ok || next != want {
			t.Errorf("%s may change at %s (%v), want %s", text, next, ok, want)
		}
	}
	if next, ok := compile(t, "age(x.a) > 5s").NextChange(v, 10*sec); ok {
		t.Errorf("nothing changes any more, yet %s was named", next)
	}
}

// counting counts the samples that a view hands out.
type counting struct {
	*cond.MemoryView
	handed int
}

func (v *counting) Samples(name string, from, to time.Duration) []signal.Sample {
	s := v.MemoryView.Samples(name, from, to)
	v.handed += len(s)
	return s
}

// A long history costs a comparison nothing, and a window no more than what lies in it.
func TestEvalDoesNotReadHistories(t *testing.T) {
	v := &counting{MemoryView: cond.NewMemoryView()}
	for i := range 100_000 {
		v.Push(signal.Sample{Signal: "x.n", Value: signal.NumberVal(float64(i)), Low: ms(i), High: ms(i), ValidFor: sec, Seq: uint64(i)})
	}
	now := ms(100_000)
	for text, limit := range map[string]int{"x.n > 5": 0, "x.n > 5 and x.n < 3 or x.n in (1, 2)": 0, "rate(x.n, 1s) > 5": 5000} {
		f := compile(t, text)
		v.handed = 0
		if f.Eval(v, now); v.handed > limit {
			t.Errorf("%s looked at %d samples, want at most %d", text, v.handed, limit)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	v := cond.NewMemoryView()
	for i := range 100_000 {
		v.Push(signal.Sample{Signal: "x.n", Value: signal.NumberVal(float64(i)), Low: ms(i), High: ms(i), ValidFor: sec, Seq: uint64(i)})
	}
	for _, text := range []string{"x.n > 5", "x.n > 5 for 1s", "rate(x.n, 1s) >= 90", "age(x.n) < 5s"} {
		f := compile(b, text)
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				f.Eval(v, ms(100_000))
				f.NextChange(v, ms(100_000))
			}
		})
	}
}
