package cond_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// lossy is a view of a trace without what lies in a loss.
func (tr trace) lossy(lost signal.Span) *cond.MemoryView {
	v := cond.NewMemoryView()
	v.Lose(lost)
	for _, s := range tr.samples {
		if s.High <= lost.Low || s.High > lost.High {
			v.Push(s)
		}
	}
	for name, e := range tr.events {
		v.Happened(name, e)
	}
	return v
}

// What is judged in spite of a loss is what would have been judged without it: a loss makes unknown, and never true or false
// what was not.
func TestALossNeverDecides(t *testing.T) {
	kept, lost := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		f := compile(t, everyKind.temporal(2).Draw(t, "formula"))
		var signals []string
		for _, name := range everySignal {
			if slices.Contains(f.Names(), name) {
				signals = append(signals, name)
			}
		}
		tr := tracesOf(signals).Draw(t, "trace")
		from, end := ms(rapid.IntRange(0, 8).Draw(t, "from")), ms(rapid.IntRange(8, 32).Draw(t, "end"))
		tr = tr.until(end)
		low := rapid.IntRange(0, 30).Draw(t, "lost from")
		loss := signal.Span{Low: ms(low), High: ms(low + rapid.IntRange(1, 12).Draw(t, "lost for"))}
		if rapid.IntRange(0, 3).Draw(t, "to the end") == 0 {
			loss.High = 1<<63 - 1
		}
		want := f.Monitor(tr.view(end), from).Finish(end)
		got := f.Monitor(tr.lossy(loss), from).Finish(end)
		switch { //nolint:staticcheck // not by the value of one: what is wanted may be any
		case got.Truth == want.Truth:
			kept++
		case got.Truth == cond.Unknown:
			lost++
		default:
			t.Fatalf("%s from %s to %s, without what was from %s to %s, is %s (%s), and with it %s (%s)", f, from, end, loss.Low, loss.High, got.Truth, got.Why, want.Truth, want.Why)
		}
	})
	t.Logf("%d as without a loss, %d unknown with it", kept, lost)
	if kept == 0 || lost == 0 {
		t.Errorf("%d as without a loss, %d unknown with it", kept, lost)
	}
}

// What was seen before a loss says nothing about it, whatever it was; what was decided before it, or is seen after it, does.
func TestWhatALossLeaves(t *testing.T) {
	v := cond.NewMemoryView()
	for i := range 60 {
		if i < 20 || i >= 30 {
			v.Push(signal.Sample{Signal: "x.n", Value: signal.NumberVal(float64(i % 7)), Low: ms(i), High: ms(i)}) // never expires
		}
	}
	v.Lose(signal.Span{Low: ms(19), High: ms(30)})
	v.Happened("run.started", signal.Span{})
	v.Happened("x.started", signal.Span{Low: ms(40), High: ms(40)})
	for text, want := range map[string]cond.Truth{
		"always x.n < 7":                               cond.Unknown,
		"always x.n < 7 within 19ms":                   cond.True,
		"always x.n < 7 within 20ms":                   cond.Unknown,
		"never x.n >= 6":                               cond.False, // before it
		"eventually x.n >= 6":                          cond.True,
		"always x.n < 7 from x.started":                cond.True, // after it
		"always age(x.n) < 3ms":                        cond.Unknown,
		"always age(x.n) < 3ms from x.started":         cond.True,
		"always max(x.n, 5ms) < 7 from x.started":      cond.True,
		"always max(x.n, 9ms) < 7 from x.started":      cond.True,
		"always max(x.n, 11ms) < 7 from x.started":     cond.Unknown,
		"always changes(x.n, 5ms) >= 0 from x.started": cond.True,
		"always x.n < 7 for 5ms from x.started":        cond.True,
		"always x.n < 7 for 15ms from x.started":       cond.Unknown,
		"whenever x.n > 5 then x.n < 1 within 1ms":     cond.Unknown,
		"max(x.n) < 7":                                 cond.Unknown,
		"x.n < 7":                                      cond.True,
	} {
		f := compile(t, text)
		from := time.Duration(0)
		if !f.Temporal() {
			from = ms(59)
		}
		if got := f.Monitor(v, from).Finish(ms(59)); got.Truth != want {
			t.Errorf("%s is %s (%s), want %s", text, got.Truth, got.Why, want)
		}
	}
}
