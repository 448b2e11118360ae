package cond_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/cond"
)

// suspects is the small world with a result of a step.
var suspects = func() names {
	out := names{
		"w.rto": {Type: durType, Bounded: true, Step: "wait.w"}, "audit.a.lost": {Type: numType, Step: "audit.a"},
		"x.injected": {Type: boolType, Moment: event}, "x.healed": {Type: boolType, Moment: event},
		"x.c": {Type: enum("side", false, "left", "right"), Moment: live},
	}
	maps.Copy(out, small)
	return out
}()

// What can be only true, or only false, or cannot be judged, is noticed; what merely looks like it is not.
func TestSuspicions(t *testing.T) {
	for text, want := range map[string]string{
		"x.n > 1 or x.n <= 1":                         "x.n > 1 or x.n <= 1 is true",
		"x.n > 1 or x.n < 1":                          "",
		"x.n > 1 and x.n < 1":                         "is false",
		"x.n > 1 and x.n < 1.5":                       "",
		"x.n > 5 and x.n == 5 or x.a":                 "x.n > 5 and x.n == 5 is false",
		"x.a or not x.a":                              "is true",
		"x.a and x.b or not x.a or not x.b":           "is true",
		"x.a or not x.b":                              "",
		"1 > 2 or x.a":                                "1 > 2 is false",
		"2 * 3 == 6":                                  "is true",
		"true":                                        "true is true",
		"x.n == x.n":                                  "is true",
		"x.n < x.n and x.a":                           "x.n < x.n and x.a is false",
		"x.n < x.n or x.a":                            "x.n < x.n is false",
		"x.o[1].v == x.o[1].v":                        "is true",
		"x.o[1].v is good or x.o[1].v is bad":         "", // a newer server may send others
		"x.c is left or x.c is right":                 "is true",
		"x.c in (left, right)":                        "is true",
		"x.c is left and x.c is right":                "is false",
		"x.o[1].v is good or x.o[1].v is not good":    "is true",
		`x.s == "a" and x.s == "b"`:                   "is false",
		`x.s matches "a" or x.s not matches "a"`:      "",
		"w.rto >= 0s":                                 "is true",
		"w.rto < 0s":                                  "is false",
		"w.rto > 0s":                                  "",
		"0s <= w.rto and x.a":                         "0s <= w.rto is true",
		"audit.a.lost < 0":                            "is false",
		"x.n >= 0":                                    "",
		"count(x.n, 1s) >= 0":                         "is true",
		"age(x.n) > - 1s":                             "is true",
		"always (x.n > 1 or x.n <= 1)":                "x.n > 1 or x.n <= 1 is true",
		"x.a for 3s or (not x.a) for 3s":              "",
		"(x.a or not x.a) for 3s":                     "x.a or not x.a is true",
		"always x.a from x.healed to x.injected":      "x.healed is never before x.injected",
		"always x.a from x.injected to x.healed":      "",
		"always x.a from x.done to x.done":            "never before",
		"always x.a to run.started":                   "the beginning of the range is never before run.started",
		"rate(x.n, from x.healed to x.injected) > 3":  "never has a value",
		"always x.a within 2h":                        "longer than the plan's timeout of 1h",
		"rate(x.n, 2h) > 3":                           "longer than the plan's timeout",
		"x.a for 2h":                                  "longer than the plan's timeout",
		"whenever x.a then x.b within 30s within 10s": "an answer may take",
		"whenever x.a then x.b within 10s within 30s": "",
		"eventually (x.a for 20s) within 10s":         "looks back beyond the beginning",
		"eventually (x.a for 10s) within 20s":         "",
		"whenever x.a then x.a within 10s":            "",
	} {
		f, problems := cond.Compile(text, cond.Verdict, suspects)
		if f == nil {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		var got []string
		for _, p := range f.Suspicions(time.Hour) {
			got = append(got, p.Detail)
		}
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(strings.Replace(got[0], "the answer", "an answer", 1), want)) {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
}

// What is called constant is never seen otherwise, on any trace.
func TestConstantConditionsDoNotVary(t *testing.T) {
	g := formulas{windows: true, ages: true, events: true, held: true}
	rapid.Check(t, func(t *rapid.T) {
		f := compile(t, g.or(3).Draw(t, "formula"))
		want := cond.Unknown
		for _, p := range f.Suspicions(0) {
			if head, rest, ok := strings.Cut(p.Detail, f.String()+" is "); ok && head == "" {
				want = cond.False
				if strings.HasPrefix(rest, "true") {
					want = cond.True
				}
			}
		}
		if want == cond.Unknown {
			return
		}
		v := traces.Draw(t, "trace").view(horizon)
		for _, at := range cond.Grid(0, horizon) {
			if got := f.Eval(v, at).Truth; got != want && got != cond.Unknown {
				t.Fatalf("%s is said to be %s and is %s at %s", f, want, got, at)
			}
		}
	})
}
