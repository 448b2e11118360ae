package measure

import (
	"time"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/signal"
)

// past is what is left of the samples of a signal that are settled, so that a measurement need not look at all of them
// again and again: how far back the value that was in force reaches.
type past struct {
	upTo    time.Duration // samples before are in it
	any     bool
	taken   time.Duration // the last of them, at the earliest: they are in order
	last    signal.Sample
	plain   signal.Sample // the first of the equal ones that end with last, without a stale gap between them
	lasting signal.Sample // the same, gaps or not
	surest  signal.Sample // of those, the one with the latest low end
}

// take adds the samples up to an instant, exclusive.
func (p *past) take(v cond.View, name string, upTo time.Duration) {
	if upTo <= p.upTo {
		return
	}
	for _, x := range v.Samples(name, p.upTo, upTo-1) {
		same := p.any && x.Value.Equal(p.last.Value)
		if !same {
			p.lasting, p.surest = x, x
		}
		if !same || gap(p.last, x) {
			p.plain = x
		}
		if x.Low > p.surest.Low {
			p.surest = x
		}
		p.any, p.last, p.taken = true, x, max(p.taken, x.Low)
	}
	p.upTo = upTo
}

// gap reports whether a signal was unknown between two samples.
func gap(a, b signal.Sample) bool { return a.ValidFor > 0 && b.High > a.High+a.ValidFor }

// before puts in front of samples what is left of those before them, as far as it belongs to the first of them.
func (p *past) before(l []signal.Sample, lasting bool) []signal.Sample {
	if !p.any || len(l) == 0 || !l[0].Value.Equal(p.last.Value) {
		return l
	}
	first := p.plain
	if lasting {
		first = p.lasting
	}
	out := make([]signal.Sample, 1, len(l)+1)
	out = append(out, l...)
	if !lasting && gap(p.last, l[0]) {
		out[0] = p.surest
		return out
	}
	if first.ValidFor > 0 {
		first.ValidFor = max(first.ValidFor, l[0].High-first.High) // others were in between
	}
	out[0] = first
	out[1].Low = min(max(out[1].Low, p.surest.Low), out[1].High)
	return out
}
