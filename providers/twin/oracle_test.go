package twin

import (
	"math"
	"sort"
)

// The oracle is the toolkit once more, slow and plain: what the reference says of the two state machines (sections 6 to 9),
// one event after the other, and nothing of the twin or of the predictions.

// oracleSide is one data centre.
type oracleSide struct {
	passive bool
	first   float64 // its first tick
	born    float64 // before it nothing is heard
	dead    float64 // it is gone from then on

	missed         int
	active         bool // the other side is up
	seenOnce, hear bool
	cnt            int64
}

// oracleSetting is what both are configured with, in seconds.
type oracleSetting struct {
	h, s   float64
	misses int
	until  float64
	// makesFirst says that a tick reaches what makes heartbeats before it reaches what counts misses. The reference does not
	// say which: it matters at the tick of a DOWN alone, where one more heartbeat is made, or not.
	makesFirst bool
}

// oracleSaid is what happens.
type oracleSaid struct {
	what string // up, down, snapshot
	side int
	at   float64
}

// run plays it through. Messages take late seconds. sides are lives: 0 and 1, and 2 is the one that takes the place of 0.
func (o oracleSetting) run(lives []oracleSide, late float64) []oracleSaid {
	type due struct {
		at   float64
		kind int // 0: a heartbeat arrives at life, 1: life ticks
		life int
	}
	var queue []due
	for i := range lives {
		lives[i].cnt = 1
		for n := 0; ; n++ {
			at := lives[i].first + float64(n)*o.h
			if at > o.until || at >= lives[i].dead {
				break
			}
			queue = append(queue, due{at, 1, i})
		}
	}
	var said []oracleSaid
	side := func(life int) int { return life % 2 }
	for len(queue) > 0 {
		sort.SliceStable(queue, func(i, j int) bool {
			return queue[i].at < queue[j].at || queue[i].at == queue[j].at && queue[i].kind < queue[j].kind
		})
		e := queue[0]
		queue = queue[1:]
		x := &lives[e.life]
		if e.at < x.born || e.at >= x.dead {
			continue
		}
		if e.kind == 0 {
			x.missed = 0
			if !x.active {
				x.active, x.seenOnce, x.hear = true, true, true
				said = append(said, oracleSaid{"up", side(e.life), e.at})
			}
			continue
		}
		// A tick is counted as a miss, and a heartbeat is made, unless this side has fallen silent.
		hears := x.hear
		if x.missed <= o.misses {
			x.missed++
			if x.missed > o.misses && x.active {
				x.active, x.hear = false, false
				said = append(said, oracleSaid{"down", side(e.life), e.at})
			}
		}
		if !o.makesFirst {
			hears = x.hear
		}
		if x.seenOnce && !hears {
			continue
		}
		if hears && !x.passive && int64(o.s) > 0 && (x.cnt*int64(o.h))%int64(o.s) == 0 {
			for other := range lives {
				if y := lives[other]; side(other) != side(e.life) && e.at >= y.born && e.at < y.dead {
					said = append(said, oracleSaid{"snapshot", side(e.life), e.at}) // one that nobody receives is gone
				}
			}
			x.cnt++
		}
		x.cnt++
		for other := range lives {
			if side(other) != side(e.life) {
				queue = append(queue, due{e.at + late, 0, other})
			}
		}
	}
	return said
}

// at lists when something happens on a side.
func (o oracleSetting) at(said []oracleSaid, what string, side int) []float64 {
	var out []float64
	for _, s := range said {
		if s.what == what && s.side == side {
			out = append(out, s.at)
		}
	}
	return out
}

// alike reports whether two lists of instants are the same but for some seconds.
func alike(a, b []float64, but float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > but {
			return false
		}
	}
	return true
}
