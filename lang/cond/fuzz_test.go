package cond_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

func seeds(f *testing.F, add func(string)) {
	f.Helper()
	for _, text := range wrong {
		add(text)
	}
	for _, text := range []string{
		"x.a and not x.b or x.n > 3", "rate(x.n, 10s) >= 90% * rate(x.n, from x.started to x.done)", "whenever x.a then x.b within 3s from x.started to x.done within 1h",
		`x.s matches "^a" and x.s not matches 'b'`, `x.o['k'].v not in (good, "new")`, "age(x.a) > 5s for 1m", "-x.n - -x.n / 3 == 2e3", "x.d / 2s <= 1.5 and x.r <= 0.5%",
	} {
		add(text)
	}
}

// Any text is read or explained at a place in it; what is read prints and reads the same.
func FuzzCompile(f *testing.F) {
	seeds(f, func(text string) { f.Add(text) })
	f.Fuzz(func(t *testing.T, text string) {
		formula, problems := cond.Compile(text, cond.Verdict, small)
		for _, p := range problems {
			if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > len(text) || p.Summary == "" || p.Detail == "" {
				t.Fatalf("%q: %+v", text, p)
			}
		}
		if (formula == nil) != (len(problems) > 0) {
			t.Fatalf("%q: %v, %v", text, formula, problems)
		}
		if formula == nil {
			return
		}
		printed := formula.String()
		again, problems := cond.Compile(printed, cond.Verdict, small)
		if len(problems) > 0 || again.String() != printed {
			t.Fatalf("%q prints as %q: %v, %v", text, printed, again, problems)
		}
	})
}

// Any condition can be judged over any samples: in no order, with any values, bounds and validity.
func FuzzEval(f *testing.F) {
	seeds(f, func(text string) { f.Add(text, []byte("\x01\x02\x03\x04\x05\x06\x07\x08")) })
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		formula, _ := cond.Compile(text, cond.Verdict, small)
		if formula == nil || len(text) > 500 {
			return
		}
		v := cond.NewMemoryView()
		all := []string{"x.a", "x.b", "x.n", "x.d", "x.r", "x.s", `x.o["k"].v`}
		for i := 0; i+6 <= len(data) && i < 600; i += 6 {
			name := all[int(data[i])%len(all)]
			at := time.Duration(binary.LittleEndian.Uint16(data[i+1:])) * time.Millisecond
			n := float64(int8(data[i+3]))
			s := signal.Sample{Signal: name, High: at, Low: at - time.Duration(data[i+4])*time.Millisecond, ValidFor: time.Duration(data[i+5]) * time.Millisecond, Seq: uint64(i)}
			kind := small[name].Type.Kind
			s.Value = signal.Value{Kind: kind, Bool: n > 0, Text: string(data[i : i+2])}
			if kind.Numeric() {
				s.Value = signal.Bounded(kind, n, n-float64(data[i+4]), n)
			}
			v.Push(s)
		}
		v.Happened("run.started", signal.Span{})
		if len(data) > 4 {
			v.Happened("x.started", signal.Span{Low: time.Duration(data[0]) * time.Millisecond, High: time.Duration(data[0]) * 2 * time.Millisecond})
			v.Happened("x.done", signal.Span{Low: time.Duration(data[1]) * 9 * time.Millisecond, High: time.Duration(data[1]) * 10 * time.Millisecond})
		}
		end := time.Duration(len(data)) * 10 * time.Millisecond
		if formula.Temporal() {
			m := formula.Monitor(v, 0)
			m.Advance(end / 2)
			if j := m.Finish(end); j.Why == "" {
				t.Fatalf("%s: no reason given", formula)
			}
			return
		}
		formula.Eval(v, end)
		formula.Definite(v, end)
		if next, ok := formula.NextChange(v, end); ok && next <= end {
			t.Fatalf("%s: next change after %s at %s", formula, end, next)
		}
		for _, b := range formula.Boundaries(v, 0, end) {
			if b < 0 || b > end {
				t.Fatalf("%s: boundary at %s", formula, b)
			}
		}
	})
}
