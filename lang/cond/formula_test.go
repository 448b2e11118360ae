package cond_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/cond"
)

// formulas draws conditions over a small world: x.a and x.b are bools, x.n a counter, x.w a duration, x.e and x.f
// events.
type formulas struct {
	values  bool // arithmetic, words and literals of all kinds: for printing, not for judging
	windows bool
	ages    bool
	events  bool
	held    bool
	kinds   bool // durations, ratios, words and text as well
}

var small = names{
	"x.a": {Type: boolType, Moment: live}, "x.b": {Type: boolType, Moment: live}, "x.n": {Type: numType, Moment: live},
	"x.d": {Type: durType, Moment: live}, "x.r": {Type: ratioType, Moment: live}, "x.s": {Type: textType, Moment: live},
	"x.o[*].v":    {Type: enum("mood", true, "good", "bad"), Moment: live},
	"run.started": {Type: boolType, Moment: event},
	"x.started":   {Type: boolType, Moment: event}, "x.done": {Type: boolType, Moment: event},
}

func (g formulas) or(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if depth <= 0 {
			return g.comparison(0).Draw(t, "leaf")
		}
		body := g.or(depth - 1)
		switch rapid.IntRange(0, 5).Draw(t, "shape") {
		case 0:
			return body.Draw(t, "l") + " or " + body.Draw(t, "r")
		case 1:
			return body.Draw(t, "l") + " and " + body.Draw(t, "r")
		case 2:
			return "not (" + body.Draw(t, "body") + ")"
		case 3:
			return "(" + body.Draw(t, "l") + ") and (" + body.Draw(t, "r") + ")"
		case 4:
			if g.held {
				return "(" + body.Draw(t, "body") + ") for " + g.duration(t)
			}
		}
		return g.comparison(depth).Draw(t, "leaf")
	})
}

// duration is a few units of the small world.
func (g formulas) duration(t *rapid.T) string {
	return fmt.Sprintf("%dms", rapid.IntRange(1, 9).Draw(t, "ms"))
}

func (g formulas) comparison(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		op := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "op")
		n := rapid.IntRange(0, 5).Draw(t, "n")
		all := []func() string{
			func() string { return "x.a" },
			func() string { return "x.b" },
			func() string { return "x.a is not " + rapid.SampledFrom([]string{"true", "false"}).Draw(t, "bool") },
			func() string { return fmt.Sprintf("x.n %s %d", op, n) },
			func() string { return fmt.Sprintf("x.n in (%d, 3)", n) },
		}
		if g.events {
			all = append(all, func() string { return "x.started" }, func() string { return fmt.Sprintf("time(x.done) %s %s", op, g.duration(t)) })
		}
		if g.windows {
			all = append(all, func() string {
				f := rapid.SampledFrom([]string{"min", "max", "avg", "p50", "p90", "p99", "count", "delta", "changes", "rate"}).Draw(t, "f")
				w := rapid.SampledFrom([]string{"", ", " + g.duration(t), ", " + g.duration(t), ", from x.started to x.done"}).Draw(t, "window")
				return fmt.Sprintf("%s(x.n%s) %s %d", f, w, op, n)
			})
		}
		if g.kinds {
			all = append(all,
				func() string { return fmt.Sprintf("x.d %s %s", op, g.duration(t)) },
				func() string { return fmt.Sprintf("x.d + %s %s 2 * x.d", g.duration(t), op) },
				func() string { return fmt.Sprintf("x.r %s %d%%", op, n) },
				func() string { return fmt.Sprintf("x.r in (%d%%, 3%%)", n) },
				func() string { return fmt.Sprintf("x.n - %d %s x.n / 2", n, op) },
				func() string {
					return "x.o[1].v is " + rapid.SampledFrom([]string{"good", "not good", `"new"`, "not bad"}).Draw(t, "word")
				},
				func() string {
					return "x.o[1].v " + rapid.SampledFrom([]string{"in (good, bad)", `not in ("new", bad)`}).Draw(t, "words")
				},
				func() string {
					return "x.s " + rapid.SampledFrom([]string{`matches "^a"`, `not matches "b+$"`, `matches ""`, `is "ab"`}).Draw(t, "text")
				},
			)
		}
		if g.kinds && g.windows {
			all = append(all, func() string {
				f := rapid.SampledFrom([]string{"min", "max", "avg", "p50", "p90", "p99"}).Draw(t, "f")
				w := rapid.SampledFrom([]string{"", ", " + g.duration(t), ", from x.started to x.done"}).Draw(t, "window")
				if rapid.Bool().Draw(t, "ratio") {
					return fmt.Sprintf("%s(x.r%s) %s %d%%", f, w, op, n)
				}
				return fmt.Sprintf("%s(x.d%s) %s %s", f, w, op, g.duration(t))
			}, func() string { return fmt.Sprintf("changes(x.o[1].v, %s) %s %d", g.duration(t), op, n) })
		}
		if g.ages {
			all = append(all, func() string { return fmt.Sprintf("age(x.a) %s %s", op, g.duration(t)) })
		}
		if g.values {
			num, dur := g.sum(depth, "x.n", "2.5", "delta(x.n)", "x.d / 3s", "90% * x.n"), g.sum(depth, "x.d", "1m30s", "250ms", "age(x.o['k k'].v)", "time(x.done)", "x.d * 2")
			all = append(all,
				func() string { return num(t) + op + num(t) }, func() string { return dur(t) + " " + op + " " + dur(t) },
				func() string {
					return "x.r <= " + rapid.SampledFrom([]string{"1%", "0.50%", "12.345%", "x.r * 2", "7% + 0.1%"}).Draw(t, "percent")
				},
				func() string { return "x.r not in (7%, 1.50%, 0.07%)" },
				func() string {
					return rapid.SampledFrom([]string{`x.s == 'a"b\\c'`, `x.s not matches "^a.*\\d"`, `x.s is "\n"`, `"q" != x.s`}).Draw(t, "text")
				},
				func() string {
					return rapid.SampledFrom([]string{`x.o["q\"q"].v is good`, `good == x.o[3].v`, `x.o['x'].v not in (good, "new")`, `x.o[0].v is not bad`}).Draw(t, "enum")
				},
				func() string { return "(x.a or x.b) == " + "(not x.a)" },
				func() string { return "(" + g.comparison(0).Draw(t, "c") + ") for 1h0m5s" },
			)
		}
		return all[rapid.IntRange(0, len(all)-1).Draw(t, "kind")]()
	})
}

func (g formulas) sum(depth int, leaves ...string) func(*rapid.T) string {
	return func(t *rapid.T) string {
		out := rapid.SampledFrom(leaves).Draw(t, "operand")
		for range rapid.IntRange(0, min(depth, 3)).Draw(t, "terms") {
			next := rapid.SampledFrom(leaves).Draw(t, "operand")
			out = fmt.Sprintf(rapid.SampledFrom([]string{"%s + %s", "%s - %s", "%s - (%s)", "- (%s) + %s", "(%s - %s) * 2", "-%s+%s / 4"}).Draw(t, "sum"), out, next)
		}
		return out
	}
}

// temporal wraps a condition into temporal operators and ranges.
func (g formulas) temporal(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		body := g.or(depth)
		one := func() string {
			op := rapid.SampledFrom([]string{"always", "never", "eventually", "whenever"}).Draw(t, "op")
			out := op + " " + body.Draw(t, "body")
			if op == "whenever" {
				out += " then " + body.Draw(t, "then") + " within " + g.duration(t)
			}
			out += rapid.SampledFrom([]string{"", "", " from x.started", " from run.started"}).Draw(t, "from")
			out += rapid.SampledFrom([]string{"", "", " to x.done"}).Draw(t, "to")
			if rapid.Bool().Draw(t, "bounded") {
				out += fmt.Sprintf(" within %dms", rapid.IntRange(1, 30).Draw(t, "within"))
			}
			return out
		}
		switch rapid.IntRange(0, 4).Draw(t, "shape") {
		case 0:
			return "(" + one() + ") and (" + one() + ")"
		case 1:
			return "not (" + one() + ")"
		}
		return one()
	})
}

func compile(t interface{ Fatalf(string, ...any) }, text string) *cond.Formula {
	f, problems := cond.Compile(text, cond.Verdict, small)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", text, problems)
	}
	return f
}

// What is printed reads as what was printed.
func TestPrintedConditionsReadTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := formulas{values: true, windows: true, ages: true, events: true, held: true}
		text := g.or(3).Draw(t, "formula")
		if rapid.Bool().Draw(t, "temporal") {
			text = g.temporal(2).Draw(t, "temporal formula")
		}
		f := compile(t, text)
		if again := compile(t, f.String()); again.String() != f.String() {
			t.Fatalf("%s\nprints as %s\nand that as %s", text, f, again)
		}
	})
}

func TestCanonicalLayout(t *testing.T) {
	for text, want := range map[string]string{
		"x.a and (always x.b or x.a) or x.b":   "x.a and (always x.b or x.a) or x.b",
		"((x.a))  or(x.b and x.a)":             "x.a or x.b and x.a",
		"(x.a or x.b) and not (x.a and x.b)":   "(x.a or x.b) and not (x.a and x.b)",
		"not x.a for 60s":                      "not x.a for 1m",
		"(not x.a) for 90m":                    "(not x.a) for 1h30m",
		"x.n - (1 - x.n) * 2 is 3":             "x.n - (1 - x.n) * 2 == 3",
		"x.d > 1.5ms":                          "x.d > 0.0015s",
		"x.d > 10s + 5s":                       "x.d > 15s",
		"x.n >= 90% * 100":                     "x.n >= 90",
		"x.r <= 2 * x.r and x.r * 2 <= 1%":     "x.r <= 2 * x.r and x.r * 2 <= 1%",
		"x.n >= 90% * x.n and x.n <= x.n * 1%": "x.n >= 90% * x.n and x.n <= x.n * 1%",
		`x.s is not 'a"b'`:                     `x.s != "a\"b"`,
		"whenever x.a then x.b within 3s from x.started to x.done within 1h": "whenever x.a then x.b within 3s from x.started to x.done within 1h",
	} {
		if got := compile(t, text).String(); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }
