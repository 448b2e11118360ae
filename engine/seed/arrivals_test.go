package seed

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// slowly is the schedule by its definition: the clock goes on in small steps, the rate at each is looked up, and a
// record is due whenever what has added up reaches the next mark.
func slowly(spec program.Seed, mark func() float64, step, end time.Duration) []time.Duration {
	var out []time.Duration
	sum, next := 0.0, mark()
	for at := time.Duration(0); at < end; at += step {
		for ; sum >= next; next = mark() {
			out = append(out, at)
		}
		sum += rateAt(spec, at+step/2) * step.Seconds()
	}
	return out
}

// rateAt is the rate that a plan asks for at an instant.
func rateAt(spec program.Seed, at time.Duration) float64 {
	rate := spec.Rate
	for _, st := range spec.Stages {
		if at < st.Duration.D() {
			if st.Ramp {
				return rate + (st.Rate-rate)*at.Seconds()/st.Duration.D().Seconds()
			}
			return st.Rate
		}
		at -= st.Duration.D()
		rate = st.Rate
	}
	return rate
}

func TestSchedulesAreThoseOfASlowModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := program.Seed{Rate: rapid.Float64Range(1, 50).Draw(t, "rate"), Arrivals: rapid.SampledFrom([]string{"", "poisson"}).Draw(t, "arrivals")}
		total := time.Duration(0)
		for range rapid.IntRange(1, 4).Draw(t, "stages") {
			st := program.RateStage{
				Duration: value.Duration(time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond),
				Rate:     float64(rapid.IntRange(0, 60).Draw(t, "to")), Ramp: rapid.Bool().Draw(t, "ramp"),
			}
			spec.Stages = append(spec.Stages, st)
			total += st.Duration.D()
		}
		seed := rapid.Uint64().Draw(t, "seed")
		s := newSchedule(spec, *rand.NewPCG(seed, 1))
		var got []time.Duration
		for d, ok := s.next(); ok; d, ok = s.next() {
			got = append(got, d)
		}
		for range 20 { // a reader asks for any record at any time
			if len(got) == 0 {
				break
			}
			i := rapid.IntRange(0, len(got)-1).Draw(t, "record")
			if due, ok := s.at(int64(i)); due != got[i] || !ok {
				t.Fatalf("record %d is due at %s when it is asked for, and was at %s", i, due, got[i])
			}
		}
		rng, even, sum := rand.New(rand.NewPCG(seed, 1)), -1.0, 0.0
		mark := func() float64 {
			even++
			sum += rng.ExpFloat64()
			if spec.Arrivals == "poisson" {
				return sum
			}
			return even
		}
		const step = 500 * time.Microsecond
		want := slowly(spec, mark, step, total)
		if d := len(got) - len(want); d < -1 || d > 1 {
			t.Fatalf("%d records, the model has %d", len(got), len(want))
		}
		for i := range min(len(got), len(want)) {
			// What has added up differs by less than a thousandth of a record: more time than that only where the
			// rate is next to nothing.
			off := (got[i] - want[i]).Abs()
			if off > 2*step && off.Seconds()*rateAt(spec, min(got[i], want[i])) > 0.2 {
				t.Fatalf("record %d is due at %s, in the model at %s", i, got[i], want[i])
			}
		}
	})
}

func TestPoissonArrivalsHaveTheRateInTheMeanAndNoMemory(t *testing.T) {
	t.Parallel()
	const n, rate = 200_000, 100.0
	s := newSchedule(program.Seed{Rate: rate, Records: n, Arrivals: "poisson"}, *rand.NewPCG(7, 7))
	for _, i := range []int64{n - 1, 0, 5000, 1023, 1024, 150_000, 149_999, 1} { // from far and near marks
		fresh := newSchedule(program.Seed{Rate: rate, Records: n, Arrivals: "poisson"}, *rand.NewPCG(7, 7))
		a, _ := s.at(i)
		if b, ok := fresh.at(i); a != b || !ok {
			t.Errorf("record %d is due at %s, and at %s for another reader", i, a, b)
		}
	}
	var before time.Duration
	var sum, squares, both, last float64
	for range n {
		d, ok := s.next()
		if !ok || d < before {
			t.Fatalf("%s after %s, %v", d, before, ok)
		}
		gap := (d - before).Seconds() * rate
		sum += gap
		squares += gap * gap
		both += (gap - 1) * (last - 1)
		before, last = d, gap
	}
	if _, ok := s.next(); ok {
		t.Error("more records than were asked for")
	}
	// Gaps of the exponential distribution: mean 1, mean square 2, no correlation. Five standard errors.
	for what, off := range map[string]float64{"mean": sum/n - 1, "mean square": (squares/n - 2) / math.Sqrt(20), "correlation": both / n} {
		if math.Abs(off) > 5/math.Sqrt(n) {
			t.Errorf("the %s of the gaps is off by %g", what, off)
		}
	}
}

func TestArrivalsDependOnTheRunsSeedAlone(t *testing.T) {
	t.Parallel()
	times := func(run uint64) time.Duration {
		s := newSender(Options{Spec: program.Seed{Targets: []string{"dc1"}, Rate: 10, Records: 100, Arrivals: "poisson"}, RunSeed: run, Step: "seed.s"}, nil)
		var last time.Duration
		for d, ok := s.schedule.next(); ok; d, ok = s.schedule.next() {
			last = d
		}
		return last
	}
	once, again, other := times(1), times(1), times(2)
	if once != again {
		t.Errorf("the same run seed gave other times: the last %s, then %s", once, again)
	}
	if once == other {
		t.Error("another run seed gave the same times")
	}
}
