package seed

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/xdc-project/xdc/lang/program"
)

// schedule gives the due times of records, counted from the seed's start. They depend on the plan and the run's seed
// alone: what the service does never moves them. Those of any record can be asked for at any time.
type schedule struct {
	segments []segment
	records  int64         // 0: no limit
	duration time.Duration // 0: no limit
	n        int64         // records given by next
	// arrivals is nil where the n-th record is due when the rates add up to n. Else they must add up to the sum of n + 1
	// numbers from the exponential distribution of mean one: a Poisson process of the same rates.
	arrivals *arrivals
}

// arrivals adds up exponential numbers. It goes on from a mark, so that a sum is never far from one that is known.
type arrivals struct {
	pcg   rand.PCG
	rng   *rand.Rand
	n     int64   // numbers added up
	sum   float64 // their sum
	marks []mark  // before every distance-th number
}

// distance is how many numbers lie between two marks: a quarter of a bit a record.
const distance = 1024

// mark is a place in the sequence of exponential numbers.
type mark struct {
	pcg rand.PCG
	sum float64
}

func newArrivals(pcg rand.PCG) *arrivals {
	a := &arrivals{pcg: pcg}
	a.rng = rand.New(&a.pcg)
	return a
}

// at is the sum of the first n + 1 numbers.
func (a *arrivals) at(n int64) float64 {
	n++
	if n < a.n {
		k := min(n/distance, int64(len(a.marks)-1))
		a.pcg, a.sum, a.n = a.marks[k].pcg, a.marks[k].sum, k*distance
	}
	for a.n < n {
		if a.n%distance == 0 && a.n/distance == int64(len(a.marks)) {
			a.marks = append(a.marks, mark{a.pcg, a.sum})
		}
		a.sum += a.rng.ExpFloat64()
		a.n++
	}
	return a.sum
}

// segment is a stretch in which the rate is constant or changes evenly. The last one has no end.
type segment struct {
	start  float64 // seconds
	length float64
	count  float64 // records due before it
	rate   float64
	slope  float64 // change of the rate a second
}

func newSchedule(spec program.Seed, pcg rand.PCG) *schedule {
	s := &schedule{records: spec.Records, duration: spec.Duration.D()}
	if spec.Arrivals == "poisson" {
		s.arrivals = newArrivals(pcg)
	}
	start, count, rate := 0.0, 0.0, spec.Rate
	for _, st := range spec.Stages {
		g := segment{start: start, length: st.Duration.D().Seconds(), count: count, rate: st.Rate}
		if st.Ramp && g.length > 0 {
			g.rate, g.slope = rate, (st.Rate-rate)/g.length
		}
		s.segments = append(s.segments, g)
		start, count, rate = start+g.length, count+g.due(g.length), st.Rate
	}
	if len(spec.Stages) > 0 && s.records == 0 && s.duration == 0 {
		s.duration = time.Duration(start * float64(time.Second))
	}
	s.segments = append(s.segments, segment{start: start, length: math.Inf(1), count: count, rate: rate})
	return s
}

// due is how many records become due in the first t seconds of the segment.
func (g segment) due(t float64) float64 { return g.rate*t + g.slope*t*t/2 }

// when is how many seconds into the segment n records are due.
func (g segment) when(n float64) float64 {
	if g.slope == 0 {
		return n / g.rate
	}
	// the smaller root, in the form that does not lose digits
	return 2 * n / (g.rate + math.Sqrt(max(0, g.rate*g.rate+2*g.slope*n)))
}

// next returns when the next record is due; ok is false when there are no more.
func (s *schedule) next() (due time.Duration, ok bool) {
	if due, ok = s.at(s.n); ok {
		s.n++
	}
	return due, ok
}

// at returns when record n is due; ok is false when there is none.
func (s *schedule) at(n int64) (due time.Duration, ok bool) {
	if s.records > 0 && n >= s.records {
		return 0, false
	}
	position := float64(n) // what the rates must add up to
	if s.arrivals != nil {
		position = s.arrivals.at(n)
	}
	for _, g := range s.segments {
		want := position - g.count
		const dust = 1e-9 // of a record: a segment's own end belongs to the next
		if end := g.due(g.length); want > end-dust && !math.IsInf(g.length, 1) {
			continue
		}
		t := 0.0
		if want > 0 {
			t = g.when(want)
		}
		if math.IsNaN(t) || math.IsInf(t, 0) || g.rate == 0 && g.slope == 0 {
			continue
		}
		due = time.Duration(math.Round((g.start + t) * float64(time.Second)))
		if s.duration > 0 && due >= s.duration {
			return 0, false
		}
		return due, true
	}
	return 0, false
}
