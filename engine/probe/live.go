package probe

import (
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/signal"
)

const (
	// liveEvery is how often running counts are told at most, and renew how often what has not changed is told again.
	liveEvery = 250 * time.Millisecond
	renew     = time.Second
)

// live follows the transactions in the order in which they were due, as far as all before are decided, so that what is told
// of them is told in order.
type live struct {
	front  int64 // the first that is not decided
	latest time.Duration
	told   time.Duration // when ok was last told
	was    verdict
	counts [unknown + 1]int64
	ready  bool // it was said
}

// tell reports what has been decided since. It is called with the lock held.
func (p *Probe) tell(last bool) {
	now := time.Since(p.opt.Start)
	var out []Sample
	for ; p.live.front < int64(len(p.book.all)); p.live.front++ {
		o := p.book.judge(p.live.front, p.sinks)
		if o.verdict == open {
			break
		}
		p.live.counts[o.verdict]++
		valid := 3*renew + p.book.deadline
		if o.verdict != unknown {
			took := p.book.deadline
			if o.verdict == good {
				took = o.high
			}
			out = append(out, Sample{"latency", signal.DurationVal(took), o.due, now, valid})
			if o.verdict != p.live.was || now-p.live.told >= renew {
				out = append(out, Sample{"ok", signal.BoolVal(o.verdict == good), o.due, now, valid})
				p.live.was, p.live.told = o.verdict, now
			}
		}
	}
	if p.opt.Ready != nil && (p.live.front > 0 || last) && !p.live.ready {
		p.live.ready = true
		p.opt.Ready()
	}
	if p.opt.Report == nil {
		return
	}
	if last || now-p.live.latest >= liveEvery {
		p.live.latest = now
		c := p.live.counts
		for _, x := range []struct {
			name string
			n    int64
		}{{"sent", int64(len(p.book.all))}, {"good", c[good]}, {"failed", c[failed]}, {"unknown", c[unknown]}} {
			out = append(out, Sample{Attr: x.name, Value: signal.NumberVal(float64(x.n)), Low: now, High: now})
		}
	}
	if len(out) > 0 {
		p.opt.Report(out)
	}
}

// result judges everything. It is called with the lock held, when nothing more will come.
func (p *Probe) result(faults []Fault) event.Probe {
	spec := p.opt.Spec
	out := event.Probe{
		Rate: spec.Rate, Deadline: spec.Deadline.D().Seconds(), Hold: spec.Hold.D().Seconds(), Targets: spec.Targets,
		Answers: p.book.answered(), Late: p.book.lag.Seconds(), Blur: p.book.blur.Seconds(), Error: measure.HistogramPrecision, At: map[string]event.ProbeCounts{},
	}
	all := p.decided(p.sinks)
	if n := len(all); n > 0 {
		out.First, out.Last = all[0].due.Seconds(), all[n-1].due.Seconds()
	}
	out.Total = counts(all)
	out.Overdue = p.book.overdue(all)
	out.Outages, _ = outages(all)
	if len(out.Outages) > event.MaxOutages {
		out.Outages = out.Outages[:event.MaxOutages]
	}
	for _, s := range p.sinks {
		out.At[s.target] = counts(p.decided([]*sink{s})[:len(all)])
		out.Ranges = append(out.Ranges, s.blind...)
	}
	for i, f := range faults {
		if len(spec.SinceAt) > 0 && !slices.Contains(spec.SinceAt, f.Step) {
			continue
		}
		var next time.Duration
		for _, g := range faults[i+1:] {
			if g.Injected.Low > f.Injected.Low {
				next = g.Injected.Low
				break
			}
		}
		if n := len(all); n == 0 || f.Injected.Low > all[n-1].due || f.Injected.High < all[0].due {
			continue // it was not there
		}
		out.Recoveries = append(out.Recoveries, recovery(all, f, next, spec.Hold.D(), spec.Deadline.D()))
	}
	return out
}

// decided are the outcomes, but for those at the end that were cut short.
func (p *Probe) decided(sinks []*sink) []outcome {
	out := make([]outcome, len(p.book.all))
	for i := range out {
		out[i] = p.book.judge(int64(i), sinks)
	}
	for len(out) > 0 && out[len(out)-1].verdict == open {
		out = out[:len(out)-1]
	}
	return out
}
