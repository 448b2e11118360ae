package session_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/xdc-project/xdc/engine/report"
	"github.com/xdc-project/xdc/lang/value"
)

// spell is a stretch in which a condition was true.
type spell struct{ from, long float64 }

// late is how late a change is seen at most: the next poll shows it, once the platform has collected it.
func (d drill) late(lag float64) float64 { return d.Poll.D().Seconds() + lag }

// spells are those that began at or after an instant and lasted for long enough, up to the first that nobody who samples can have
// missed. Of a shorter one, samples may not show that it lasted.
func spells(flips []flip, from, enough, certain float64) (out []spell) {
	is, since := false, 0.0
	for _, f := range append(slices.Clone(flips), flip{t: math.Inf(1)}) { // the last lasts until after the run
		if f.is == is {
			continue
		}
		if is && since >= from && f.t-since >= enough {
			out = append(out, spell{since, f.t - since})
			if f.t-since >= certain {
				return out
			}
		}
		is, since = f.is, f.t
	}
	return out
}

// quick reports whether a condition was false between two instants for less time than it takes to be seen: what is measured then is
// as if it had not been, and xdc promises nothing else.
func (d drill) quick(c condition, flips []flip, from, to float64) bool {
	if !c.abrupt {
		return false
	}
	least := d.late(c.lag) + slop
	is, since := false, math.Inf(-1)
	for _, f := range flips {
		if f.is == is {
			continue
		}
		if f.is && f.t > from && f.t <= to && f.t-since < least {
			return true
		}
		is, since = f.is, f.t
	}
	return false
}

// recovery holds what a wait measured to the truth about its condition.
func (s *scored) recovery(d drill, step string, c condition, holdFor, timeout value.Duration, sum report.Summary, facts []fact) (out recovered) {
	bad := func(format string, args ...any) {
		s.wrong = append(s.wrong, step+": "+fmt.Sprintf(format, args...))
	}
	i := slices.IndexFunc(sum.Recoveries, func(m report.Recovery) bool { return m.Step == step })
	if i < 0 {
		bad("nothing was measured")
		return out
	}
	m := sum.Recoveries[i]
	at, ok := d.began(facts)
	if !ok {
		bad("the truth does not say when the fault took effect")
		return out
	}
	if at < m.InjectedLow-1e-9 || at > m.InjectedHigh+1e-9 {
		bad("the fault took effect at %.6f, and not in [%.6f, %.6f]", at, m.InjectedLow, m.InjectedHigh)
	}
	if c.hidden != nil && c.hidden(facts) {
		out.quick = true
		return out
	}
	flips := c.flips(facts)
	hold := holdFor.D().Seconds()
	// For so long a spell must last for nobody who samples to miss that it lasted for as long as the wait demands. Its first
	// sample comes a poll and a refresh after its beginning at the latest; the one that proves it must be wholly later than
	// the first by the hold, and is again up to a poll and a refresh late.
	certain := hold + 2*d.late(c.lag) + slop
	lasting := spells(flips, at, hold, certain)
	if m.RTOHigh == nil && m.RTO == nil {
		out.timedOut = true
		for _, x := range lasting {
			rto := x.from - at
			switch {
			case x.long < certain:
			case d.quick(c, flips, at, x.from):
				out.quick = true
			case rto < m.RTOLow-1e-9:
				out.outside = true
				bad("the true recovery time is %.3fs, and it was said to be more than %.3fs", rto, m.RTOLow)
			case rto < timeout.D().Seconds()-certain:
				bad("it came after %.3fs and was not seen within %s: %s", rto, timeout, m.Why)
			}
		}
		return out
	}
	within := func(x spell) bool { return x.from-at >= m.RTOLow-1e-9 && x.from-at <= *m.RTOHigh+1e-9 }
	switch {
	case d.quick(c, flips, at, at+*m.RTOHigh):
		out.quick = true
		return out
	case c.rises && m.RTOLow == 0 && len(spells(flips, at-d.late(c.lag)-slop, hold, certain)) > len(lasting):
		out.quick = true // it became true so shortly before the fault that it cannot be told from one that did after it
		return out
	case len(lasting) == 0:
		bad("a recovery in [%.3f, %.3f] was measured that never was", m.RTOLow, *m.RTOHigh)
		return out
	}
	out.measured = true
	if !slices.ContainsFunc(lasting, within) {
		out.outside = true
		bad("the true recovery time %.6fs is not in [%.6fs, %.6fs]", lasting[0].from-at, m.RTOLow, *m.RTOHigh)
	} else if !within(lasting[0]) {
		out.later = true
	}
	out.width = *m.RTOHigh - m.RTOLow
	out.allowed = m.InjectedHigh - m.InjectedLow + d.late(c.lag) + slop
	// From the first spell that samples may take for long enough to the one that surely was, each as sharp as sampling allows.
	if maybe := spells(flips, at, max(2*hold-certain, 0), certain); len(maybe) > 1 {
		out.allowed += maybe[len(maybe)-1].from - maybe[0].from + d.late(c.lag)
		out.later = true
	}
	if out.width > out.allowed {
		bad("the interval is %.3fs wide, and the sampling allows %.3fs", out.width, out.allowed)
	}
	return out
}
