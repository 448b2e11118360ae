package measure

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

// poll puts in samples of one signal, "FFT" one a second with a latency of 100ms; a dash is a missed poll.
func poll(m memory, name, values string) {
	for i, c := range values {
		if c != '-' {
			at := time.Duration(i) * s
			m.push(name, c == 'T', at, at+100*ms, 3*s)
		}
	}
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		a, b    string
		inject  signal.Span
		hold    time.Duration
		end     time.Duration // 0: when proven
		heal    time.Duration
		want    string
		because string
	}{
		{
			name: "plain", a: "TTTFFFTTTTTT", inject: signal.Span{Low: 2500 * ms, High: 2600 * ms}, hold: 3 * s,
			// false at 5 at the earliest, true at 6.1 at the latest
			want: "rto [2.4 3.6] began [5 6.1]",
		},
		{
			name: "never disturbed", a: "TTTTTTTTTTTT", inject: signal.Span{Low: 2500 * ms, High: 2600 * ms}, hold: 3 * s,
			end: 11 * s, want: "undisturbed",
		},
		{
			name: "false before the cause needs no second false", a: "FFFTTTTTTTTT",
			inject: signal.Span{Low: 2500 * ms, High: 2600 * ms}, hold: 3 * s, want: "rto [0 0.6] began [2 3.1]",
		},
		{
			name: "never comes", a: "TTTFFFFFFFFF", inject: signal.Span{Low: 2500 * ms, High: 2600 * ms}, hold: 3 * s,
			end: 11900 * ms, want: "timed out, proven 8.4",
		},
		{
			name: "comes too late to hold", a: "TTTFFFFFFFTT", inject: signal.Span{Low: 2500 * ms, High: 2600 * ms}, hold: 3 * s,
			end: 11900 * ms, want: "timed out, proven 6.4",
		},
		{
			name: "a break shorter than a poll is not forgotten", a: "TTFTTTTTTTTT",
			inject: signal.Span{Low: 1500 * ms, High: 1600 * ms}, hold: 3 * s, want: "rto [0.4 1.6] began [2 3.1]",
		},
		{
			name: "a hold that broke off does not count", a: "TFFTTFFTTTTTTT", inject: signal.Span{Low: 500 * ms, High: 500 * ms},
			hold: 4 * s, want: "rto [5.5 6.6] began [6 7.1]",
		},
		{
			name: "one that may have been long enough moves the lower bound", a: "TFFTTFFTTTTT",
			inject: signal.Span{Low: 500 * ms, High: 500 * ms}, hold: 2 * s, want: "rto [1.5 6.6] began [2 7.1]",
		},
		{
			name: "a missed poll within the hold that staleness covers", a: "TFFTT-TTTTTT", inject: signal.Span{Low: 500 * ms, High: 500 * ms},
			hold: 4 * s, want: "rto [1.5 2.6] began [2 3.1]",
		},
		{
			name: "unknown breaks a hold and does not shorten the lower bound", a: "TFFTT----TTTTTTTTT",
			inject: signal.Span{Low: 500 * ms, High: 500 * ms}, hold: 5 * s, want: "rto [1.5 8.6] began [2 9.1]",
		},
		{
			name: "missed polls before the change widen", a: "TFF-TTTTTTTT", inject: signal.Span{Low: 500 * ms, High: 500 * ms},
			hold: 3 * s, want: "rto [1.5 3.6] began [2 4.1]",
		},
		{
			name: "two signals", a: "TFFTTTTTTTTT", b: "TTTFFTTTTTTT", inject: signal.Span{Low: 500 * ms, High: 500 * ms},
			hold: 3 * s, want: "rto [3.5 4.6] began [4 5.1]",
		},
		{
			name: "after the heal", a: "TFFTTTTTTTTT", inject: signal.Span{Low: 500 * ms, High: 500 * ms}, hold: 3 * s, heal: 3 * s,
			want: "rto [1.5 2.6] began [2 3.1] after heal",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := memory{}
			c := all{"a"}
			poll(m, "a", tt.a)
			if tt.b != "" {
				poll(m, "b", tt.b)
				c = append(c, "b")
			}
			r := NewRecovery(c, tt.inject, tt.hold, 0)
			end := tt.end
			if end == 0 {
				for now := tt.inject.High; !r.Advance(until(m, now), now); now += 100 * ms {
					if now > time.Minute {
						t.Fatal("no hold was found")
					}
					end = now
				}
				end += 100 * ms
			}
			var heal *time.Duration
			if tt.heal > 0 {
				heal = &tt.heal
			}
			if got := words(r.Result(until(m, end), end, tt.end > 0, heal)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// until is what was known at an instant.
func until(m memory, now time.Duration) memory {
	out := memory{}
	for n := range m {
		out[n] = m.Samples(n, 0, now)
	}
	return out
}

func words(r event.Recovery) string {
	switch {
	case !r.Disturbed:
		return "undisturbed"
	case r.RTO == nil && r.TimedOut:
		return fmt.Sprintf("timed out, proven %.6g", r.RTOLow)
	case r.RTO == nil:
		return "nothing"
	}
	out := fmt.Sprintf("rto [%.6g %.6g] began [%.6g %.6g]", r.RTOLow, *r.RTOHigh, r.BeganLow, r.BeganHigh)
	if r.AfterHeal {
		out += " after heal"
	}
	return out
}

// history is a true course of two signals, and what was sampled of it.
type history struct {
	c       all
	changes map[string][]time.Duration // instants at which the signal flips
	first   map[string]bool
	m       memory
	end     time.Duration
}

func (h *history) at(t time.Duration) bool {
	for _, n := range h.c {
		i := 0
		for i < len(h.changes[n]) && h.changes[n][i] <= t {
			i++
		}
		if h.first[n] == (i%2 == 1) {
			return false
		}
	}
	return true
}

// drawHistory makes at most one change of a signal between two of its samples.
func drawHistory(t *rapid.T) *history {
	h := &history{changes: map[string][]time.Duration{}, first: map[string]bool{}, m: memory{}}
	for i := range rapid.IntRange(1, 2).Draw(t, "signals") {
		n := string(rune('a' + i))
		h.c = append(h.c, n)
		v := rapid.Bool().Draw(t, "first")
		h.first[n] = v
		every := time.Duration(rapid.IntRange(50, 1500).Draw(t, "every")) * ms
		// an inferred signal's samples reach back over those in front of them
		lag := time.Duration(rapid.SampledFrom([]int{0, 0, 500, 3000}).Draw(t, "lag")) * ms
		at := time.Duration(rapid.IntRange(0, 1000).Draw(t, "phase")) * ms
		for at < 40*s {
			before := time.Duration(rapid.IntRange(0, 400).Draw(t, "before")) * ms
			after := time.Duration(rapid.IntRange(0, 400).Draw(t, "after")) * ms
			if l := h.m[n]; len(l) > 0 && lag == 0 {
				before = min(before, at-l[len(l)-1].High)
			}
			h.m.push(n, v, max(0, at-before-lag), at+after, 3*every)
			next := at + after + every*time.Duration(rapid.SampledFrom([]int{1, 1, 1, 1, 2, 5}).Draw(t, "polls"))
			if rapid.IntRange(0, 3).Draw(t, "flips") == 0 {
				h.changes[n] = append(h.changes[n], at+1+time.Duration(rapid.Int64Range(0, int64(next-at-2)).Draw(t, "when")))
				v = !v
			}
			at = next
		}
		h.end = max(h.end, at)
	}
	return h
}

// runs are the maximal stretches in which the condition was true.
func (h *history) runs() []signal.Span {
	cuts := []time.Duration{0}
	for _, n := range h.c {
		cuts = append(cuts, h.changes[n]...)
	}
	slices.Sort(cuts)
	var out []signal.Span
	for i, a := range cuts {
		b := time.Duration(never)
		if i+1 < len(cuts) {
			b = cuts[i+1]
		}
		switch {
		case a == b || !h.at(a):
		case len(out) > 0 && out[len(out)-1].High == a:
			out[len(out)-1].High = b
		default:
			out = append(out, signal.Span{Low: a, High: b})
		}
	}
	return out
}

func TestRecoveryContainsTheTruth(t *testing.T) {
	t.Parallel()
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		since := signal.Span{Low: time.Duration(rapid.IntRange(1000, 20000).Draw(t, "injected")) * ms}
		since.High = since.Low + time.Duration(rapid.IntRange(0, 500).Draw(t, "verified"))*ms
		truth := since.Low + time.Duration(rapid.Int64Range(0, int64(since.High-since.Low)).Draw(t, "truth"))
		hold := time.Duration(rapid.IntRange(0, 4000).Draw(t, "hold")) * ms

		var c Condition = h.c
		if rapid.Bool().Draw(t, "formula") {
			c = formula(t, h.c)
		}
		r := NewRecovery(c, since, hold, 0)
		var stops []time.Duration
		for _, n := range h.c {
			for _, x := range h.m[n] {
				if x.High > since.High {
					stops = append(stops, x.High)
				}
			}
		}
		slices.Sort(stops)
		for _, now := range stops {
			if r.Advance(kept(until(h.m, now), r.Passed()), now) {
				break
			}
		}
		end := r.now
		got := r.Result(kept(until(h.m, end), r.Passed()), end, true, nil)
		once := NewRecovery(c, since, hold, 0)
		again := once.Result(until(h.m, end), end, true, nil)
		again.Sampling, got.Sampling = 0, 0 // of the samples that are left
		if !reflect.DeepEqual(again, got) {
			t.Fatalf("step by step %+v\nat once %+v", got, again)
		}
		if !got.Disturbed {
			return
		}
		began := -time.Duration(never)
		already := h.at(since.Low)
		for _, run := range h.runs() {
			if run.High > since.Low && run.High-run.Low >= hold {
				if began < 0 {
					began = run.Low
				}
				ok := contains(got, run.Low, truth) && contains(again, run.Low, truth)
				if ok {
					found++
					return
				}
				if run.Low <= since.Low && already {
					continue // whether it was already true then, nobody saw
				}
				break
			}
		}
		if began < 0 || got.RTO == nil {
			if got.RTO != nil {
				t.Fatalf("%s, at once %s, but no hold ever came", words(got), words(again))
			}
			return
		}
		t.Fatalf("%s, at once %s, does not contain the true %s (cause at %s in %v, hold %s): %v %v", words(got), words(again), began-truth, truth, since, hold, h.runs(), h.m)
	})
	if found < 10 {
		t.Errorf("only %d histories had a recovery to measure", found)
	}
}

// names resolves every path to a bool signal of its own name.
type names struct{}

func (names) Resolve(p cond.Path) (cond.Subject, *cond.Problem) {
	return cond.Subject{Name: p[len(p)-1].Name, Type: signal.Type{Kind: signal.Bool}, Moment: schema.Live}, nil
}

// formula is the same condition in the language of plans.
func formula(t *rapid.T, c all) *cond.Formula {
	var parts []string
	for _, n := range c {
		parts = append(parts, "t."+n)
	}
	f, problems := cond.Compile(strings.Join(parts, " and "), cond.Instant, names{})
	if len(problems) > 0 {
		t.Fatalf("compile: %v", problems)
	}
	return f
}

// kept is what is left when what was passed is forgotten: what came after it, and what was in force there.
func kept(m memory, passed time.Duration) memory {
	out := memory{}
	for name, l := range m {
		i := 0
		for i+1 < len(l) && l[i+1].High <= passed {
			i++
		}
		out[name] = l[i:]
	}
	return out
}

func contains(r event.Recovery, began, cause time.Duration) bool {
	rto := max(0, began-cause).Seconds()
	const dust = 1e-9
	return r.RTOLow <= rto+dust && (r.RTOHigh == nil || rto <= *r.RTOHigh+dust)
}

func TestRecoveryIsAsTightAsItsSampling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		every := time.Duration(rapid.IntRange(50, 1000).Draw(t, "every")) * ms
		lag := time.Duration(rapid.IntRange(0, 40).Draw(t, "lag")) * ms
		down := time.Duration(rapid.IntRange(1, 5000).Draw(t, "down")) * ms
		up := down + every + lag + time.Duration(rapid.IntRange(1, 9000).Draw(t, "takes"))*ms
		since := signal.Span{Low: down - 1, High: down + 20*ms}
		m := memory{}
		for at := time.Duration(0); at < 30*s; at += every {
			m.push("a", at < down || at >= up, at, at+lag, 3*every)
		}
		got := NewRecovery(all{"a"}, since, 3*s, 0).Result(m, 30*s, true, nil)
		if got.RTO == nil {
			t.Fatalf("nothing found: %s", words(got))
		}
		width := *got.RTOHigh - got.RTOLow
		if most := (every + lag + since.High - since.Low).Seconds() + 1e-9; width > most {
			t.Fatalf("%s is %.3fs wide, want at most %.3fs", words(got), width, most)
		}
	})
}

func TestRecoveryNeedsNoSecondSampleOfWhatIsToldOnce(t *testing.T) {
	t.Parallel()
	m := memory{}
	m.push("done", false, 0, 0, 0)
	m.push("done", true, 5*s, 5*s, 0)
	r := NewRecovery(all{"done"}, signal.Span{Low: 1 * s, High: 1 * s}, 3*s, 0)
	if r.Advance(m, 5*s) {
		t.Fatal("the hold is proven before it has passed")
	}
	next, ok := r.Next(m, 5*s)
	if !ok || next != 8*s {
		t.Fatalf("next look at %s (%v), want 8s", next, ok)
	}
	if !r.Advance(m, next) {
		t.Fatal("the hold is not proven when it has passed")
	}
	if got, want := words(r.Result(m, next, false, nil)), "rto [4 4] began [5 5]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatAStaleSampleSaysEndsWhereTheNextMayHaveBeenTaken(t *testing.T) {
	t.Parallel()
	m := memory{}
	m.push("a", false, 1*s, 1*s, s)
	m.push("a", true, 2*s, 3*s, s)
	m.push("a", true, 3*s, 9*s, s) // late, and perhaps taken at 3s
	r := NewRecovery(all{"a"}, signal.Span{Low: 1 * s, High: 1 * s}, s/2, 0)
	if r.Advance(m, 10*s) {
		t.Errorf("%s: nothing proves that it was true after 3s", words(r.Result(m, 10*s, false, nil)))
	}
}

// counts are names of numbers.
type counts struct{}

func (counts) Resolve(p cond.Path) (cond.Subject, *cond.Problem) {
	return cond.Subject{Name: p[len(p)-1].Name, Type: signal.Type{Kind: signal.Number}, Moment: schema.Live}, nil
}

// What a count was when it was last looked at is known up to the earliest instant at which that can have been: it may have
// risen right after it.
func TestACountMayHaveRisenRightAfterTheLastLook(t *testing.T) {
	t.Parallel()
	f, problems := cond.Compile("t.n >= 10", cond.Instant, counts{})
	if len(problems) > 0 {
		t.Fatalf("compile: %v", problems)
	}
	m := memory{}
	for i, n := range []float64{1, 3, 6, 9} {
		low := time.Duration(3*i) * s
		m["n"] = append(m["n"], signal.Sample{Signal: "n", Value: signal.NumberVal(n), Low: low, High: low + 2*s, ValidFor: 9 * s, Seq: uint64(i + 1)})
	}
	r := NewRecovery(f, signal.Span{Low: 4 * s, High: 4 * s}, s, 0)
	if got, want := words(r.Result(m, 12*s, true, nil)), "timed out, proven 5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
