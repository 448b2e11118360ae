package cond_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

const horizon = 30 * time.Millisecond

// trace is what happened: gaps, equal stamps, expiries and intervals that overlap included.
type trace struct {
	samples []signal.Sample // in the order in which they arrive
	events  map[string]signal.Span
}

func (tr trace) view(upTo time.Duration) *cond.MemoryView {
	v := cond.NewMemoryView()
	for _, s := range tr.samples {
		if s.High <= upTo {
			v.Push(s)
		}
	}
	for name, e := range tr.events {
		if e.High <= upTo {
			v.Happened(name, e)
		}
	}
	return v
}

func (tr trace) reference(f *cond.Formula) *cond.Reference {
	r := &cond.Reference{F: f, Samples: map[string][]signal.Sample{}, Events: tr.events}
	for _, s := range tr.samples {
		r.Samples[s.Signal] = append(r.Samples[s.Signal], s)
	}
	return r
}

// everySignal are those of the small world; x.o[1].v is one of many.
var everySignal = []string{"x.a", "x.b", "x.n", "x.d", "x.r", "x.s", "x.o[1].v"}

var traces = tracesOf(everySignal[:3])

// value draws a value of a signal; numbers may have bounds.
func value(t *rapid.T, name string) signal.Value {
	n := rapid.IntRange(0, 5).Draw(t, "value")
	k, unit := signal.Number, 1.0
	switch name {
	case "x.n":
	case "x.d":
		k, unit = signal.Duration, 0.001
	case "x.r":
		k, unit = signal.Ratio, 0.01
	case "x.s":
		return signal.StringVal([]string{"a", "ab", "b", "abb", "", "new"}[n])
	case "x.o[1].v":
		return signal.EnumVal([]string{"good", "bad", "new", "good", "bad", "good"}[n])
	default:
		return signal.BoolVal(n%2 == 0)
	}
	low, high := n, n
	if rapid.IntRange(0, 2).Draw(t, "bounded") == 0 {
		low, high = max(0, n-rapid.IntRange(0, 2).Draw(t, "below")), n+rapid.IntRange(0, 2).Draw(t, "above")
	}
	scaled := func(n int) float64 { return float64(n) * unit }
	if unit != 1 { // as they are written in conditions
		scaled = func(n int) float64 { return float64(n) / (1 / unit) }
	}
	return signal.Bounded(k, scaled(n), scaled(low), scaled(high))
}

// tracesOf draws samples of signals: with gaps, equal stamps, expiries, intervals that overlap and values with bounds; and
// events, whose spans the end of a run may cut.
func tracesOf(signals []string) *rapid.Generator[trace] {
	return rapid.Custom(func(t *rapid.T) trace {
		tr := trace{events: map[string]signal.Span{"run.started": {}}}
		for _, name := range signals {
			at := 0
			for range rapid.IntRange(0, 7).Draw(t, name) {
				at += rapid.IntRange(0, 7).Draw(t, "after")
				s := signal.Sample{Signal: name, High: ms(at), Low: ms(max(0, at-rapid.IntRange(0, 4).Draw(t, "width"))), Value: value(t, name)}
				if rapid.Bool().Draw(t, "expires") {
					s.ValidFor = ms(rapid.IntRange(1, 9).Draw(t, "valid for"))
				}
				tr.samples = append(tr.samples, s)
			}
		}
		slices.SortStableFunc(tr.samples, func(a, b signal.Sample) int { return int(a.High - b.High) })
		for i := range tr.samples {
			tr.samples[i].Seq = uint64(i)
		}
		for _, name := range []string{"x.started", "x.done"} {
			if rapid.IntRange(0, 3).Draw(t, name) > 0 {
				low := rapid.IntRange(0, 20).Draw(t, "low")
				tr.events[name] = signal.Span{Low: ms(low), High: ms(low + rapid.IntRange(0, 8).Draw(t, "width"))}
			}
		}
		return tr
	})
}

var everyKind = formulas{windows: true, ages: true, events: true, held: true, kinds: true}

var everyTrace = tracesOf(everySignal)

func TestEvalAgreesWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := compile(t, everyKind.or(3).Draw(t, "formula"))
		tr := everyTrace.Draw(t, "trace")
		r, v := tr.reference(f), tr.view(horizon)
		for _, at := range cond.Grid(0, horizon) {
			if got, want := f.Eval(v, at).Truth, r.Eval(at); got != want {
				t.Fatalf("%s at %s is %s, want %s", f, at, got, want)
			}
		}
	})
}

// fine lists instants close to every instant of a trace.
func fine(from, to time.Duration) []time.Duration {
	var out []time.Duration
	for _, t := range cond.Grid(from, to) {
		out = append(out, t, t+1)
	}
	return out
}

func TestNothingChangesBeforeNextChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := compile(t, everyKind.or(3).Draw(t, "formula"))
		tr := everyTrace.Draw(t, "trace")
		now := ms(rapid.IntRange(0, 30).Draw(t, "now"))
		v := tr.view(now)
		was := f.Eval(v, now).Truth
		next, ok := f.NextChange(v, now)
		if ok && next <= now {
			t.Fatalf("%s: next change after %s is at %s", f, now, next)
		}
		for _, at := range fine(now, now+horizon) {
			if ok && at >= next {
				break
			}
			if got := f.Eval(v, at).Truth; got != was {
				t.Fatalf("%s is %s at %s and %s at %s, and the next change is at %s (%v)", f, was, now, got, at, next, ok)
			}
		}
	})
}

// The verdicts of a monitor that is told of things bit by bit, and whose view forgets what it has passed, are those of the
// slow reference. `make proof` has it look at a million.
func TestVerdictsAgreeWithTheReference(t *testing.T) {
	seen := map[cond.Truth]int{}
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
		want := tr.reference(f).Judge(from, end)
		got := tr.online(f, from, end, ms(rapid.IntRange(1, 33).Draw(t, "steps")))
		if got.Truth != want {
			t.Fatalf("%s from %s to %s is %s (%s), want %s", f, from, end, got.Truth, got.Why, want)
		}
		seen[got.Truth]++
	})
	t.Logf("%d true, %d false, %d unknown", seen[cond.True], seen[cond.False], seen[cond.Unknown])
	if seen[cond.True] == 0 || seen[cond.False] == 0 || seen[cond.Unknown] == 0 {
		t.Errorf("not all verdicts came up: %v", seen)
	}
}

// online judges while things come, looking every so often and forgetting what was passed. Where ranges begin is only
// known at that instant.
func (tr trace) online(f *cond.Formula, from, end, every time.Duration) cond.Judged {
	v := cond.NewMemoryView()
	m := f.Prepare(v)
	sent, begun := 0, false
	for now := every; now < end; now += every {
		for name, e := range tr.events {
			if e.High < now {
				v.Happened(name, e)
			}
		}
		for sent < len(tr.samples) && tr.samples[sent].High < now {
			v.Push(tr.samples[sent])
			sent++
		}
		if !begun && now > from {
			m.Begin(from)
			begun = true
		}
		if !begun {
			m.Pass(now-1, now-1)
		} else if j, decided := m.Advance(now); decided {
			return j
		}
		for _, name := range f.Names() {
			v.Forget(name, m.Passed())
		}
	}
	for name, e := range tr.events {
		v.Happened(name, e)
	}
	for _, s := range tr.samples[sent:] {
		v.Push(s)
	}
	m.Begin(from)
	return m.Finish(end)
}

// until is what is known at the end of the run.
func (tr trace) until(end time.Duration) trace {
	out := trace{events: map[string]signal.Span{}}
	for _, s := range tr.samples {
		if s.High <= end {
			out.samples = append(out.samples, s)
		}
	}
	for name, e := range tr.events {
		if e.High <= end {
			out.events[name] = e
		}
	}
	return out
}

func TestVerdictsDoNotDependOnWhenOneLooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := compile(t, everyKind.temporal(2).Draw(t, "formula"))
		tr := everyTrace.Draw(t, "trace")
		from, end := ms(rapid.IntRange(0, 8).Draw(t, "from")), ms(rapid.IntRange(8, 32).Draw(t, "end"))
		want := f.Monitor(tr.view(end), from).Finish(end)
		v := cond.NewMemoryView()
		m := f.Monitor(v, from)
		sent, now := 0, time.Duration(0)
		for {
			now += time.Duration(rapid.IntRange(0, 6000).Draw(t, "later")) * time.Microsecond
			for name, e := range tr.events {
				if e.High <= min(now, end) {
					v.Happened(name, e)
				}
			}
			for sent < len(tr.samples) && tr.samples[sent].High <= min(now, end) {
				v.Push(tr.samples[sent])
				sent++
			}
			if now >= end {
				break
			}
			if j, decided := m.Advance(now); decided && !reflect.DeepEqual(j, want) {
				t.Fatalf("%s was decided at %s as\n%+v, and is\n%+v", f, now, j, want)
			}
		}
		if got := m.Finish(end); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s is\n%+v bit by bit and\n%+v at once", f, got, want)
		}
	})
}

func TestTruthInHindsightChangesOnlyAtBoundaries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := compile(t, everyKind.or(3).Draw(t, "formula"))
		v := everyTrace.Draw(t, "trace").view(2 * horizon)
		from, to := ms(rapid.IntRange(0, 10).Draw(t, "from")), ms(rapid.IntRange(10, 40).Draw(t, "to"))
		cuts := f.Boundaries(v, from, to)
		last := from
		for _, at := range fine(from, to)[1:] {
			if at > to {
				break
			}
			if slices.ContainsFunc(cuts, func(c time.Duration) bool { return c > last && c <= at }) {
				last = at
				continue
			}
			if a, b := f.Definite(v, last), f.Definite(v, at); a != b {
				t.Fatalf("%s is %s at %s and %s at %s, without a boundary in %v", f, a, last, b, at, cuts)
			}
			if a, b := f.Eval(v, last).Truth, f.Eval(v, at).Truth; a != b {
				t.Fatalf("%s evaluates to %s at %s and %s at %s, without a boundary in %v", f, a, last, b, at, cuts)
			}
			last = at
		}
	})
}

// What is definite is so wherever the changes were.
func TestTruthInHindsightHoldsForEveryPlacement(t *testing.T) {
	g := formulas{held: true}
	rapid.Check(t, func(t *rapid.T) {
		f := compile(t, g.or(3).Draw(t, "formula"))
		tr := traces.Draw(t, "trace")
		v := tr.view(2 * horizon)
		world := tr.placed(t)
		r := world.reference(f)
		for _, at := range cond.Grid(0, horizon) {
			said, is := f.Definite(v, at), r.Eval(at)
			if said != cond.Unknown && is != cond.Unknown && said != is {
				t.Fatalf("%s at %s is said to be %s, and was %s in %+v", f, at, said, is, world.samples)
			}
		}
	})
}

// placed is a world that may have led to the trace: each change happens somewhere between the low end of the last
// sample with the old value and the high end of the first with the new one, in order.
func (tr trace) placed(t *rapid.T) trace {
	out := trace{events: tr.events}
	last := map[string]signal.Sample{}
	when := map[string]time.Duration{}
	for _, s := range tr.samples {
		p, any := last[s.Signal] // with the latest low end of those that say the same
		if any && p.Value == s.Value {
			p = s
			p.Low = max(last[s.Signal].Low, s.Low)
			last[s.Signal] = p
			continue
		}
		last[s.Signal] = s
		x := s
		x.ValidFor = 0
		low := 0
		if any {
			low = int(p.Low/time.Millisecond) * 2
		}
		low = max(low, int(when[s.Signal]/(time.Millisecond/2)))
		high := int(s.High/time.Millisecond) * 2
		x.High = time.Duration(rapid.IntRange(min(low, high), high).Draw(t, "placed")) * time.Millisecond / 2
		if any && x.High <= p.Low {
			x.High = min(p.Low+time.Millisecond/2, s.High)
		}
		when[s.Signal] = x.High
		out.samples = append(out.samples, x)
	}
	return out
}
