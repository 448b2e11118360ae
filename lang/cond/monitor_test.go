package cond_test

import (
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// verdicts are judged from 0s to 20s over: x.a true from 2s, false from 8s, true from 9s; x.b false from 1s, unknown
// from 5s to 7s, false from 7s, true from 12s to 13s; x.started at 3s, x.done at 10s; x.s never.
func TestVerdicts(t *testing.T) {
	v := world(
		obs{"x.a", 2 * sec, true, 0}, obs{"x.a", 8 * sec, false, 0}, obs{"x.a", 9 * sec, true, 0},
		obs{"x.b", 1 * sec, false, 4 * sec}, obs{"x.b", 7 * sec, false, 0}, obs{"x.b", 12 * sec, true, 0}, obs{"x.b", 13 * sec, false, 0},
		obs{"x.started", 3 * sec, nil, 0}, obs{"x.done", 10 * sec, nil, 0}, obs{"run.started", 0, nil, 0},
	)
	for _, c := range []struct {
		text string
		want cond.Truth
		at   time.Duration // what decided
		why  string
	}{
		{"always x.a", cond.False, 8 * sec, "at 8s, x.a is false"},
		{"always x.a within 5s", cond.True, 5 * sec, "x.a was true all through from 0s to 5s"}, // a late first sample is left out
		{"always x.a from x.started to x.done", cond.False, 8 * sec, "at 8s"},
		{"always x.a from x.started within 4s", cond.True, 7 * sec, "from 3s to 7s"},
		{"always x.a from x.done", cond.True, 20 * sec, "from 10s to 20s"},
		{"always not x.b to x.done", cond.Unknown, 10 * sec, "x.b has had no sample since 1s"}, // a gap
		{"always x.a within 1s", cond.Unknown, 1 * sec, "x.a has no value"},                    // nothing left
		{`always x.s is ""`, cond.Unknown, 20 * sec, "x.s has no value"},
		{"never x.b", cond.False, 12 * sec, "at 12s"},
		{"never x.b from x.done within 1s", cond.True, 11 * sec, "x.b was never true from 10s to 11s"},
		{"never x.b within 6s", cond.Unknown, 6 * sec, "x.b has had no sample"},
		{"eventually x.b", cond.True, 12 * sec, "at 12s"},
		{"eventually x.b from x.started", cond.True, 12 * sec, "at 12s"},
		{"eventually x.b from x.done within 2s", cond.True, 12 * sec, "at 12s"},
		{"eventually x.b from x.done within 1s", cond.False, 11 * sec, "never true from 10s to 11s"},
		{"eventually x.b to x.done", cond.Unknown, 10 * sec, "x.b has had no sample"},
		{"eventually x.b from x.done within 10s", cond.True, 12 * sec, "at 12s"},
		{"eventually not x.a from x.done within 1m", cond.Unknown, 20 * sec, "the run ended before 1m had passed"}, // cut short
		{"always x.a from x.done within 1m", cond.Unknown, 20 * sec, "the run ended"},
		{"always x.a within 1m", cond.False, 8 * sec, "at 8s"}, // decided before it was cut short
		{"always x.a from x.done to x.started", cond.Unknown, 10 * sec, "x.started came before x.done"},
		{"whenever not x.a then x.a within 1s", cond.True, 20 * sec, "followed each time"},
		{"whenever not x.a then x.a within 999ms", cond.False, 8*sec + 999*time.Millisecond, "not x.a became true at 8s"},
		{"whenever x.a then x.b within 2s", cond.False, 4 * sec, "x.a became true at 2s and x.b did not follow within 2s"},
		{"whenever x.a then x.b within 4s to x.done", cond.Unknown, 10 * sec, "whether x.b followed within 4s after 2s"},
		{"whenever x.a then x.b within 3s from x.done", cond.True, 20 * sec, "followed each time"},
		{"whenever x.b then not x.b within 1s", cond.Unknown, 20 * sec, "x.b may have become true at 5s"},
		{"whenever x.b then not x.b within 1s from x.done", cond.True, 20 * sec, "followed each time"},
		{"whenever x.n > 1 and x.a then x.a within 1s from x.done", cond.Unknown, 20 * sec, "x.n has no value"},
		{"whenever x.b and not x.a then x.a within 1s from x.done", cond.True, 20 * sec, "was never true"},
		{"whenever x.b then x.n > 3 within 1s from x.done to x.done", cond.True, 10 * sec, "was never true"},
		{"whenever not x.b then x.b within 5s from x.done within 3s", cond.Unknown, 13 * sec, "the range ended before 5s had passed"},
		{"(always x.a from x.done) and (eventually x.b)", cond.True, 20 * sec, "all through"},
		{"(always x.a from x.done) and (eventually x.b from x.done within 1s)", cond.False, 11 * sec, "x.b was never true"},
		{"not (always x.a)", cond.True, 8 * sec, "at 8s"},
		{"x.a or (eventually x.b)", cond.True, 12 * sec, "at 12s"},
	} {
		f := compile(t, c.text)
		j := f.Monitor(v, 0).Finish(20 * sec)
		if j.Truth != c.want || j.At != c.at || !strings.Contains(j.Why, c.why) {
			t.Errorf("%s\ngot  %s at %s, %s\nwant %s at %s, %s", c.text, j.Truth, j.At, j.Why, c.want, c.at, c.why)
		}
		if j.From > j.To || j.At < j.From || j.At > j.To {
			t.Errorf("%s: decided at %s, outside [%s, %s]", c.text, j.At, j.From, j.To)
		}
	}
}

func TestEventsThatNeverHappen(t *testing.T) {
	v := world(obs{"x.a", sec, true, 0}, obs{"x.a", 5 * sec, false, 0})
	for text, want := range map[string]cond.Truth{
		"never x.b from x.started": cond.Unknown, "always x.a from x.started to x.done": cond.Unknown, "eventually x.a from x.started within 1s": cond.Unknown,
		"whenever x.a then x.b within 1s from x.started": cond.Unknown, "eventually x.b to x.done": cond.Unknown,
		"always x.a to x.done": cond.False, "eventually x.a to x.done": cond.True, // decided before the run ended
	} {
		j := compile(t, text).Monitor(v, 0).Finish(10 * sec)
		if j.Truth != want || want == cond.Unknown && !strings.Contains(j.Why, "never happened") {
			t.Errorf("%s is %s (%s), want %s", text, j.Truth, j.Why, want)
		}
	}
}

// A verdict is given as soon as nothing can change it, and not before.
func TestVerdictsComeAsSoonAsTheyCan(t *testing.T) {
	later := map[string]time.Duration{
		"always x.a": 5*sec + 1, "eventually x.a": sec + 1, "always x.a within 3s": 3*sec + 1, "never x.b within 3s": 3*sec + 1,
		"whenever x.a then x.b within 2s": 3*sec + 2, "always x.a to x.done": 8 * sec, "(always x.a within 3s) or (always x.b)": 3*sec + 1,
	}
	for text, want := range later {
		v := cond.NewMemoryView()
		v.Happened("run.started", signal.Span{})
		m := compile(t, text).Monitor(v, 0)
		push := func(name string, at time.Duration, b bool) {
			v.Push(signal.Sample{Signal: name, Value: signal.BoolVal(b), Low: at, High: at})
		}
		push("x.b", 0, false)
		news := map[time.Duration]func(){
			sec:     func() { push("x.a", sec, true) },
			5 * sec: func() { push("x.a", 5*sec, false) },
			8 * sec: func() { v.Happened("x.done", signal.Span{Low: 6 * sec, High: 8 * sec}) },
		}
		for _, now := range []time.Duration{0, sec, sec + 1, 3 * sec, 3*sec + 1, 3*sec + 2, 5 * sec, 5*sec + 1, 8 * sec} {
			if news[now] != nil {
				news[now]()
			}
			if j, decided := m.Advance(now); decided != (now >= want) {
				t.Errorf("%s at %s: decided is %v (%s, %s), want it at %s", text, now, decided, j.Truth, j.Why, want)
				break
			}
		}
	}
}

// Bounds of a range are events that took some time: only what surely lies between them counts.
func TestRangesLeaveOutWhatMayLieOutside(t *testing.T) {
	v := world(obs{"x.a", 0, true, 0}, obs{"x.a", 2 * sec, false, 0}, obs{"x.a", 4 * sec, true, 0}, obs{"x.a", 9 * sec, false, 0})
	v.Happened("x.started", signal.Span{Low: 1 * sec, High: 5 * sec})
	v.Happened("x.done", signal.Span{Low: 8 * sec, High: 10 * sec})
	j := compile(t, "always x.a from x.started to x.done").Monitor(v, 0).Finish(20 * sec)
	if j.Truth != cond.True || j.From != 5*sec || j.To != 8*sec {
		t.Errorf("got %s from %s to %s (%s)", j.Truth, j.From, j.To, j.Why)
	}
}

func TestWhy(t *testing.T) {
	v := world(obs{"x.a", sec, true, 0}, obs{"x.n", sec, 3, 2 * sec}, obs{`x.o[1].v`, sec, "bad", 0},
		obs{"w.rto", sec, signal.Bounded(signal.Duration, 62, 55, 62), 0})
	for text, want := range map[string]string{
		"x.n > 5 and x.a":   "x.n is 3, which is at most 5",
		"not x.n > 5":       "x.n is 3, which is at most 5",
		"x.o[1].v is good":  "x.o[1].v is bad, not good",
		"w.rto <= 60s":      "w.rto is in [55s, 1m2s]: it cannot be told on which side of 1m",
		"w.rto <= 50s":      "w.rto is in [55s, 1m2s], which is more than 50s at both bounds",
		"x.a for 5s":        "x.a cannot be said for all of the last 5s: at 0s, x.a has no value",
		"x.b and x.n > 100": "x.n is 3, which is at most 100",
		"x.b or x.n > 100":  "x.b has no value",
		"x.n > x.d / 1s":    "x.d has no value",
	} {
		f, problems := cond.Compile(text, cond.Instant, results)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if j := f.Eval(v, 2*sec); j.Why != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, j.Why, want)
		}
	}
	if j := compile(t, "x.n > 1").Eval(v, 4*sec); j.Why != "x.n has had no sample since 1s" {
		t.Error(j.Why)
	}
}

func TestSubjectsAndAwaitedEvents(t *testing.T) {
	list := func(s []cond.Subject) string {
		var out []string
		for _, x := range s {
			out = append(out, x.Name)
		}
		return strings.Join(out, " ")
	}
	for text, want := range map[string][2]string{
		"always x.a and x.b from x.started to x.done":                      {"x.a x.b x.started x.done", ""},
		"changes(x.n, from x.started to x.done) > 1 and time(x.done) > 3s": {"x.n x.started x.done", "x.started x.done"},
		"x.done or not x.a and x.a":                                        {"x.done x.a", "x.done"},
		"never count(x.n, from x.started to x.done) > 2 from run.started":  {"x.n x.started x.done run.started", "x.started x.done"},
	} {
		f := compile(t, text)
		if got := [2]string{list(f.Subjects()), list(f.Awaited())}; got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
		if f.Temporal() != (strings.HasPrefix(text, "always") || strings.HasPrefix(text, "never")) {
			t.Errorf("%s: temporal is %v", text, f.Temporal())
		}
	}
}
