package measure

import (
	"cmp"
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// point is a sample, or a run of equal ones, that says more than the stretches around it: the condition was so at
// some instant by high, and at some instant not before low. That rests on everything up to at.
type point struct {
	low, high, at time.Duration
	truth         cond.Truth
}

// tell says so; later are those that are told after it.
func (p point) tell(r *runs, later []point) {
	if p.truth == cond.False {
		falseAt(r, p.high, later)
		r.blip(p.low, p.high)
	} else {
		r.flash(p.low, p.high)
	}
}

// points finds samples beside changes with from <= high <= until.
func (w *walker) points(from, until time.Duration) []point {
	var out []point
	for _, s := range w.f.Subjects() {
		l := w.lasting.list(s.Name)
		joined := w.lasting.extents[s.Name]
		taken := w.lasting.taken(s.Name)
		for i, x := range l {
			if x.High > until {
				break
			}
			low := max(x.Low, taken)
			taken = low
			if x.High < from || i == len(l)-1 && x.ValidFor > 0 {
				continue // it was told; the next poll will tell
			}
			p := point{low: low, high: x.High, at: x.High}
			switch {
			case joined != nil:
				p.at, p.truth = joined[i].High, w.fixed(s.Name, l[i].Value, joined[i])
			case edge(l, i):
				p.truth = w.pinned(s.Name, i)
			}
			if p.truth != cond.Unknown {
				out = append(out, p)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b point) int { return cmp.Compare(a.high, b.high) })
	return out
}

// unbroken is the last instant up to t that no point reaches across.
func (w *walker) unbroken(t time.Duration) time.Duration {
	out := t
	for _, s := range w.f.Subjects() {
		l := w.lasting.list(s.Name)
		for i, x := range w.lasting.extents[s.Name] {
			if x != none && l[i].High <= t && x.High > t {
				out = min(out, l[i].High)
			}
		}
	}
	return out
}

// edge reports whether a sample differs from a neighbour, so that it may say more than the stretches beside it.
func edge(l []signal.Sample, i int) bool {
	return i == 0 || !l[i].Value.Equal(l[i-1].Value) || i == len(l)-1 || !l[i].Value.Equal(l[i+1].Value)
}

// pinned is the truth at the instant at which a sample was taken, wherever in its interval that was.
func (w *walker) pinned(name string, i int) cond.Truth {
	l := w.lasting.list(name)
	if i > 0 && l[i].Low < l[i-1].High {
		return cond.Unknown // it may have been taken before the one in front of it
	}
	low, high := l[i].Low, l[i].High
	return agreed(instants(low, high, w.f.Boundaries(w.lasting, low, high)), func(at time.Duration) cond.Truth {
		if w.open(name, at) {
			return cond.Unknown
		}
		return w.f.Definite(w.lasting.pin(name, i, at), at)
	})
}

// open reports whether what another signal was at an instant rests on its last sample alone, which may have been taken before.
func (w *walker) open(name string, at time.Duration) bool {
	for _, s := range w.f.Subjects() {
		if s.Name == name || s.Moment == schema.Event {
			continue
		}
		l := w.lasting.list(s.Name)
		if n := len(l); n > 0 && l[n-1].ValidFor == tail && l[n-1].Low < l[n-1].High && at >= l[n-1].High {
			return true
		}
	}
	return false
}

// fixed is the truth with a value of a signal, wherever within an extent the signal had it.
func (w *walker) fixed(name string, v signal.Value, in signal.Span) cond.Truth {
	if in == none {
		return cond.Unknown
	}
	view := w.lasting.fix(name, v)
	cuts := instants(in.Low, in.High, w.f.Boundaries(view, in.Low, in.High))
	for i := len(cuts) - 1; i > 0; i-- {
		cuts = append(cuts, cuts[i-1]+(cuts[i]-cuts[i-1])/2)
	}
	return agreed(cuts, func(at time.Duration) cond.Truth {
		if w.open(name, at) {
			return cond.Unknown
		}
		return w.f.Definite(view, at)
	})
}

// agreed is what is so at all instants.
func agreed(at []time.Duration, truth func(time.Duration) cond.Truth) cond.Truth {
	var out cond.Truth
	for i, t := range at {
		x := truth(t)
		if x == cond.Unknown || i > 0 && x != out {
			return cond.Unknown
		}
		out = x
	}
	return out
}
