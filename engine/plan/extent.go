package plan

import "github.com/xdc-project/xdc/lang/program"

// extent is how many records a seed sends in all and how long that takes, in seconds, while the service takes them.
func extent(s *program.Seed) (records, length float64) {
	length = s.Duration.D().Seconds()
	if s.Records > 0 {
		records = float64(s.Records)
		at, ok := dueAt(s, records)
		if ok && (length == 0 || at <= length) {
			return records, at
		}
	}
	return dueBy(s, length), length
}

// pieces are the stretches of a seed in which the rate changes in a straight line.
type piece struct{ length, from, to float64 }

func pieces(s *program.Seed) []piece {
	if len(s.Stages) == 0 {
		return []piece{{length: -1, from: s.Rate, to: s.Rate}}
	}
	var out []piece
	rate := s.Rate
	for _, st := range s.Stages {
		p := piece{length: st.Duration.D().Seconds(), from: st.Rate, to: st.Rate}
		if st.Ramp {
			p.from = rate
		}
		rate = st.Rate
		out = append(out, p)
	}
	return out
}

// dueBy is how many records are due within t seconds of the start.
func dueBy(s *program.Seed, t float64) float64 {
	sum := 0.0
	for _, p := range pieces(s) {
		if t <= 0 {
			break
		}
		l := t
		if p.length >= 0 {
			l = min(t, p.length)
		}
		end := p.to
		if p.length > 0 {
			end = p.from + (p.to-p.from)*l/p.length
		}
		sum += (p.from + end) / 2 * l
		t -= l
	}
	return sum
}

// dueAt is when the n-th record is due, in seconds from the start; false if the seed never gets there by its rates.
func dueAt(s *program.Seed, n float64) (float64, bool) {
	if len(s.Stages) == 0 {
		if s.Rate <= 0 {
			return 0, n <= 0
		}
		return n / s.Rate, true
	}
	total := 0.0
	for _, p := range pieces(s) {
		total += p.length
	}
	if dueBy(s, total) < n {
		return 0, false
	}
	low, high := 0.0, total
	for range 60 { // halving: dueBy grows with time
		mid := (low + high) / 2
		if dueBy(s, mid) < n {
			low = mid
		} else {
			high = mid
		}
	}
	return high, true
}
