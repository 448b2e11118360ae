package measure

import (
	"cmp"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/signal"
)

// The model: time is cut into slots of a second, and a signal's course is a bit a slot. A course is possible if every sample
// can have been taken at some instant of its interval, in the order of the samples, and the signal did not leave a value and
// come back between two of them. All courses are tried.

// slots is how long the model looks at.
const slots = 12

// heard is a sample and when it came.
type heard struct {
	signal.Sample
	arrived time.Duration
}

type course uint32

func (c course) at(slot int) bool { return c>>slot&1 == 1 }

// changes is how often the course changes after one slot up to another.
func (c course) changes(from, to int) int {
	n := 0
	for i := from; i < to; i++ {
		if c.at(i) != c.at(i+1) {
			n++
		}
	}
	return n
}

// follows reports whether a signal that was sampled in a slot can be sampled next in another. One that is told when it changes
// keeps its value until then.
func (c course) follows(before, next int, told bool) bool {
	n := c.changes(before, next)
	if c.at(before) == c.at(next) {
		return n == 0
	}
	return n == 1 && (!told || c.at(next-1) == c.at(before))
}

// possible reports whether samples, in their order, can be those of a course.
func (c course) possible(l []heard) bool {
	var taken []int // the slots in which the sample before can have been taken
	for i, x := range l {
		var now []int
		for s := int(x.Low / time.Second); s <= int(x.High/time.Second); s++ {
			if c.at(s) != x.Value.Bool {
				continue
			}
			if i == 0 || slices.ContainsFunc(taken, func(before int) bool { return before <= s && c.follows(before, s, x.ValidFor == 0) }) {
				now = append(now, s)
			}
		}
		if taken = now; len(taken) == 0 {
			return false
		}
	}
	if n := len(l); n > 0 && l[n-1].ValidFor == 0 { // told when it changes: it has not changed since
		return slices.ContainsFunc(taken, func(s int) bool { return c.changes(s, slots-1) == 0 })
	}
	return true
}

// courses are those that a signal can have had.
func courses(l []heard) []course {
	var out []course
	for c := range course(1 << slots) {
		if c.possible(l) {
			out = append(out, c)
		}
	}
	return out
}

// together are the courses that a condition on all of the signals can have had.
func together(signals [][]course) []course {
	out := []course{1<<slots - 1}
	for _, l := range signals {
		var is [1 << slots]bool
		for _, x := range out {
			for _, c := range l {
				is[x&c] = true
			}
		}
		out = out[:0]
		for c := range is {
			if is[c] {
				out = append(out, course(c))
			}
		}
	}
	return out
}

// contained reports whether the first hold of a course since a cause is within bounds. What was already true at the cause, or
// before anything was seen to be false, counts or does not: nobody knows that it was not so all the time.
func (c course) contained(since, seen, hold int, low, high float64) bool {
	for s := range slots {
		if !c.at(s) || s > 0 && c.at(s-1) {
			continue
		}
		end := s
		for end < slots && c.at(end) {
			end++
		}
		if end == slots {
			end = 1 << 20 // nothing says that it ends
		}
		if end <= since || end-s < hold {
			continue
		}
		if float64(s) >= low && float64(s) <= high {
			return true
		}
		if s > since && s > seen {
			return false
		}
	}
	return false
}

// seen is the slot up to which it may be that nothing was seen to be false.
func seen(signals map[string][]heard) int {
	out := slots
	for _, l := range signals {
		for _, x := range l {
			if !x.Value.Bool {
				out = min(out, int(x.High/time.Second))
			}
		}
	}
	return out
}

// drawHeard draws samples that lag, overlap, come late, are missed, and end before the end.
func drawHeard(t *rapid.T, name string, late int) []heard {
	var out []heard
	told := rapid.IntRange(0, 5).Draw(t, "told") == 0
	low, high := 0, 0
	for range rapid.IntRange(2, 8).Draw(t, "samples") {
		high += rapid.SampledFrom([]int{0, 1, 1, 1, 2, 3}).Draw(t, "later")
		low = max(0, high-rapid.IntRange(0, 3).Draw(t, "wide"))
		if high >= slots-2 {
			break
		}
		x := heard{Sample: signal.Sample{Signal: name, Value: signal.BoolVal(rapid.Bool().Draw(t, "value")), Low: time.Duration(low) * s, High: time.Duration(high) * s}}
		if told {
			x.Low = x.High
		} else {
			x.ValidFor = time.Duration(rapid.IntRange(1, 6).Draw(t, "valid")) * s
		}
		x.arrived = x.High + time.Duration(rapid.IntRange(0, late*1000).Draw(t, "late"))*ms
		out = append(out, x)
	}
	return out
}

// arrived is what has come by an instant, as a view: by the latest instant, then in the order of arrival.
func arrived(signals map[string][]heard, now, upTo time.Duration) memory {
	m := memory{}
	for name, l := range signals {
		var in []heard
		for _, x := range l {
			if x.arrived <= now && x.High <= upTo {
				in = append(in, x)
			}
		}
		slices.SortStableFunc(in, func(a, b heard) int { return cmp.Compare(a.High, b.High) })
		for i, x := range in {
			x.Seq = uint64(i + 1)
			m[name] = append(m[name], x.Sample)
		}
	}
	return m
}

func TestRecoveryIsWithinItsBoundsWhereverSamplesWereTaken(t *testing.T) {
	t.Parallel()
	found, unsure := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		late := rapid.IntRange(0, 2).Draw(t, "lateness")
		signals := map[string][]heard{}
		var names all
		for _, n := range []string{"a", "b"}[:rapid.IntRange(1, 2).Draw(t, "signals")] {
			names = append(names, n)
			signals[n] = drawHeard(t, n, late)
		}
		at := rapid.IntRange(0, 5).Draw(t, "cause")
		since := signal.Span{Low: time.Duration(at) * s, High: time.Duration(at+rapid.IntRange(0, 2).Draw(t, "verified")) * s}
		hold := rapid.IntRange(0, 3).Draw(t, "hold")
		var c Condition = names
		if rapid.Bool().Draw(t, "formula") {
			c = formula(t, names)
		}
		lateness := time.Duration(late) * s
		var each [][]course
		for _, l := range signals {
			each = append(each, courses(l))
			if len(each[len(each)-1]) == 0 {
				return // nothing that happens has such samples
			}
		}

		r := NewRecovery(c, since, time.Duration(hold)*s, lateness)
		var stops []time.Duration
		for _, l := range signals {
			for _, x := range l {
				stops = append(stops, max(x.arrived, since.High))
			}
		}
		stops = append(stops, since.High)
		slices.Sort(stops)
		end, done := time.Duration(0), false
		for i := 0; i < len(stops) && !done; i++ {
			end = stops[i]
			for {
				view := kept(arrived(signals, end, end), r.Passed())
				if done = r.Advance(view, end); done {
					break
				}
				next, ok := r.Next(view, end)
				if ok && next <= end {
					t.Fatalf("asked at %s, it asks for %s", end, next)
				}
				if !ok || i+1 < len(stops) && next > stops[i+1] || next > 30*s {
					break
				}
				end = next
			}
		}
		sure := end
		if done {
			sure = end - lateness // what is found is final
		}
		got := r.Result(kept(arrived(signals, end, sure), r.Passed()), end, !done, nil)
		// Everything at once, with what came later but belongs before.
		whole := arrived(signals, end, sure)
		if done {
			whole = arrived(signals, end+lateness, sure)
		}
		once := NewRecovery(c, since, time.Duration(hold)*s, 0).Result(whole, sure, !done, nil)
		got.Sampling, once.Sampling = 0, 0
		if !reflect.DeepEqual(got, once) {
			t.Fatalf("step by step until %s: %s %q\nat once: %s %q\nhold %d since %v of %v", end, words(got), got.Why, words(once), once.Why, hold, since, signals)
		}
		if got.RTO == nil {
			if got.Disturbed {
				unsure++
			}
			return
		}
		found++
		for _, x := range together(each) {
			if !x.contained(at, seen(signals), hold, got.BeganLow, got.BeganHigh) {
				t.Fatalf("%s does not contain that of %014b, hold %d since %v of %v", words(got), x, hold, since, signals)
			}
		}
	})
	t.Logf("%d with a recovery to measure, %d left open", found, unsure)
	if found < 5 || unsure < 5 {
		t.Error("there is not enough to see")
	}
}
