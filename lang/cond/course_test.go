package cond_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/cond"
)

// The stretches of a course cover the run without a gap, neighbours differ, and wherever one looks the truth is that which is
// found at this instant alone; however the course is gone through, and although what it has passed is forgotten.
func TestACourseIsWhatIsSoAtEveryInstant(t *testing.T) {
	seen := map[cond.Truth]int{}
	rapid.Check(t, func(t *rapid.T) {
		f := compile(t, everyKind.or(2).Draw(t, "formula"))
		var signals []string
		for _, name := range everySignal {
			if slices.Contains(f.Names(), name) {
				signals = append(signals, name)
			}
		}
		tr := tracesOf(signals).Draw(t, "trace")
		end := ms(rapid.IntRange(8, 32).Draw(t, "end"))
		tr = tr.until(end)
		whole, v := tr.view(end), tr.view(end)
		at := ms(rapid.IntRange(0, 40).Draw(t, "at"))
		var got []cond.Stretch
		c := f.Course(v, at, func(s cond.Stretch) { got = append(got, s) })
		every := ms(rapid.IntRange(1, 33).Draw(t, "steps"))
		for now := every; now < end; now += every {
			c.Pass(now)
			for _, name := range f.Names() {
				v.Forget(name, c.Passed())
			}
		}
		j, _, _ := c.Finish(end)
		if at <= end {
			if want := f.Truth(whole, at); j.Truth != want || j.At != at {
				t.Fatalf("%s at %s is %s (%s), want %s", f, at, j.Truth, j.Why, want)
			}
		} else if j.Truth != cond.Unknown {
			t.Fatalf("%s is %s after the end", f, j.Truth)
		}
		if len(got) == 0 || got[0].From != 0 || got[len(got)-1].To != end {
			t.Fatalf("%v does not cover the run up to %s", got, end)
		}
		for i, s := range got {
			if i > 0 && (got[i-1].To != s.From || got[i-1].Truth == s.Truth) {
				t.Fatalf("%v and %v", got[i-1], s)
			}
			seen[s.Truth]++
			for _, x := range []time.Duration{s.From, (s.From + s.To) / 2, max(s.To-1, s.From)} {
				if want := f.Truth(whole, x); s.Truth != want {
					t.Fatalf("%s at %s is %s, want %s: %v", f, x, s.Truth, want, got)
				}
			}
		}
	})
	if seen[cond.True] == 0 || seen[cond.False] == 0 || seen[cond.Unknown] == 0 {
		t.Errorf("not all truths came up: %v", seen)
	}
}

func TestAnOperandAloneHasAValue(t *testing.T) {
	for text, operand := range map[string]bool{"x.n": true, "x.a": true, "x.n * 2 + 1": true, "max(x.n, 5ms)": true, "(x.n) * 2": true, "x.n > 1": false, "(x.a)": true, "not x.a": false, "x.a for 1ms": false, "always x.a": false} {
		f, problems := cond.CompileAny(text, small)
		if f == nil {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		if f.Operand() != operand {
			t.Errorf("%s: an operand alone: %v", text, f.Operand())
		}
	}
	for _, text := range []string{"", "x.nobody", "x.n >", "x.n and x.a", "healthy"} {
		if f, problems := cond.CompileAny(text, small); f != nil || len(problems) == 0 {
			t.Errorf("%s is read as %v", text, f)
		}
	}
}
