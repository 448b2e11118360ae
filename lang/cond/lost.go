package cond

import (
	"slices"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
)

// Lossy is a view of which parts are missing, as those of a damaged record are. What was seen before a loss is not known to
// have gone on in it, nor after it until something was seen again; nor is the figure of a window or the age of a sample that
// reaches into it. Events are not concerned.
type Lossy interface {
	// Lost returns between which instants something may be missing, in order, and none inside another.
	Lost() []signal.Span
}

var _ Lossy = (*MemoryView)(nil)

// Lose says that between two instants something may be missing. What was judged before, is. Losses are said in order.
func (v *MemoryView) Lose(s signal.Span) {
	if n := len(v.lost); n > 0 && s.Low <= v.lost[n-1].High {
		v.lost[n-1].High = max(v.lost[n-1].High, s.High)
		return
	}
	v.lost = append(v.lost, s)
}

// Lost implements Lossy.
func (v *MemoryView) Lost() []signal.Span { return v.lost }

// lost are the losses of the stream's view.
func (s *stream) lost() []signal.Span {
	if s.lossy == nil {
		return nil
	}
	return s.lossy.Lost()
}

// missing reports whether something may be missing between two instants.
func (s *stream) missing(from, to time.Duration) bool {
	return slices.ContainsFunc(s.lost(), func(l signal.Span) bool { return l.Low < to && l.High > from })
}

// lose forgets what is not known any more at t: everything, from the beginning of a loss to its end.
func (s *stream) lose(t time.Duration) {
	for _, l := range s.lost() {
		if l.Low >= t || t > l.High {
			continue
		}
		s.blind = true
		for i := range s.scene.last {
			s.scene.last[i] = signal.Sample{}
		}
	}
}

// losses is the first instant after t at which a loss begins or ends, or leaves a window.
func (s *stream) losses(t time.Duration) time.Duration {
	out := forever
	for _, l := range s.lost() {
		for _, at := range []time.Duration{l.Low + 1, l.High} {
			if at > t {
				out = min(out, at)
			}
		}
		for _, g := range s.gauges {
			if at := l.High + g.n.over; g.n.over > 0 && l.High < forever-g.n.over && at > t {
				out = min(out, at)
			}
		}
	}
	return out
}

// whole reports whether nothing is missing of what the figure of a window rests on at t.
func (s *stream) whole(g *gauge, t time.Duration) bool {
	if len(s.lost()) == 0 {
		return true
	}
	from, to := time.Duration(-1), t
	switch {
	case g.n.from != "":
		a, ok1 := s.v.Event(g.n.from)
		b, ok2 := s.v.Event(g.n.to)
		if !ok1 || !ok2 {
			return true // it has no figure anyway
		}
		from, to = a.High-1, b.Low
	case g.n.over > 0:
		from = t - g.n.over
	}
	if g.n.name == "changes" { // that counts from the value in force when the window opens
		from = min(from, -1)
		if g.had {
			from = min(t, g.before.High)
		}
	}
	return !s.missing(from, to)
}
