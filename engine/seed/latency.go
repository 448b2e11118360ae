package seed

import (
	"time"

	"github.com/xdc-project/xdc/engine/measure"
)

// Latency is how long records waited for their acknowledgement, from when they were due: every record, at every target
// that a mirrored seed sends it to. A record that was not acknowledged counts as at least the time that it waited for
// its outcome, so that what never left or never came back makes no figure better.
type Latency struct {
	Records            int64
	P50, P90, P99, Max Bounds
}

// Bounds enclose a time. High is measure.Endless where there is no upper bound.
type Bounds struct{ Low, High time.Duration }

// latency collects the latencies.
type latency struct {
	low, high measure.Histogram
	most      Bounds
}

// add counts a record that was acknowledged after a time.
func (l *latency) add(d time.Duration) { l.bounded(d, d) }

func (l *latency) bounded(low, high time.Duration) {
	low = max(low, 0)
	high = max(high, low)
	l.low.Add(low)
	l.high.Add(high)
	l.most.Low, l.most.High = max(l.most.Low, low), max(l.most.High, high)
}

// unanswered counts the records that were not acknowledged, when nothing can be any more.
func (l *latency) unanswered(ledger *measure.Ledger, when when, end time.Duration) {
	for lane := range ledger.Lanes() {
		for c := 0; int64(c)*measure.ChunkSize < ledger.Len(); c++ {
			o := ledger.Outcomes(lane, c)
			var odd measure.Words
			o.Odd(&odd)
			odd.Each(func(first, last uint16) {
				for off := int(first); off <= int(last); off++ {
					r := o.Record(uint16(off))
					if r.Outcome == measure.Acked {
						continue
					}
					due, _ := when(r.Seq)
					waited := r.Answered - due
					if r.Outcome == measure.Pending {
						waited = end - due
					}
					l.bounded(waited, measure.Endless)
				}
			})
		}
	}
}

// result reads the figures off. The greatest is exact; the others are off by HistogramPrecision at most, which their
// bounds include.
func (l *latency) result() Latency {
	out := Latency{Records: l.low.Len()}
	if out.Records == 0 {
		return out
	}
	for share, to := range map[float64]*Bounds{0.5: &out.P50, 0.9: &out.P90, 0.99: &out.P99} {
		to.Low, _ = l.low.Rank(share)
		_, to.High = l.high.Rank(share)
		if to.High != measure.Endless {
			to.High = min(to.High, l.most.High)
		}
	}
	out.Max = l.most
	return out
}
