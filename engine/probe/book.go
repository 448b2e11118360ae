package probe

import (
	"math"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// book has what is known of every transaction. It is guarded by the probe's lock.
type book struct {
	first    time.Duration // when the first was due
	period   float64       // seconds between two
	deadline time.Duration
	late     time.Duration // a record that left later than this after it was due proves nothing by failing

	targets  []string // that records are sent to
	mirrored bool     // every target gets every record

	all     []transaction
	results [][]signal.Span // by sink, then by transaction: when its first result came there; zero: none
	answers [providers.Unreached + 1]int64
	lag     time.Duration // the most by which a record left late
	blur    time.Duration // the widest span of a result
}

// transaction is what is known of one record's way in.
type transaction struct {
	launched time.Duration // when its requests were begun
	taken    time.Duration // the earliest instant by which a target had taken it; 0: none is known to have
	takenBy  int           // that target
	in       int           // copies of which it is not certain that they are not in
}

// due is when a transaction was due, on the run's clock.
func (b *book) due(i int64) time.Duration {
	return b.first + time.Duration(math.Round(float64(i)*b.period*float64(time.Second)))
}

// begin enters the next transaction, with as many copies.
func (b *book) begin(copies int, at time.Duration) {
	i := int64(len(b.all))
	b.all = append(b.all, transaction{launched: at, in: copies})
	for s := range b.results {
		b.results[s] = append(b.results[s], signal.Span{})
	}
	b.lag = max(b.lag, at-b.due(i))
}

// answer takes down what became of one copy.
func (b *book) answer(i int64, target int, r providers.Receipt, start time.Time) {
	t := &b.all[i]
	b.answers[r.Outcome]++
	switch {
	case r.Outcome == providers.Accepted:
		if at := r.Answered.Sub(start); t.taken == 0 || at < t.taken {
			t.taken, t.takenBy = at, target
		}
	case (r.Outcome == providers.Refused || r.Outcome == providers.Unreached) && r.Accepted == 0:
		t.in--
	}
}

// came takes down a result. Only the first at a sink counts.
func (b *book) came(sink int, i int64, at signal.Span) {
	if i >= int64(len(b.all)) || b.results[sink][i] != (signal.Span{}) || at.High < b.due(i) {
		return
	}
	at.Low = max(at.Low, b.due(i))
	b.results[sink][i] = at
	b.blur = max(b.blur, at.High-at.Low)
}

// judge is what is known of a transaction by the results at some sinks.
func (b *book) judge(i int64, sinks []*sink) outcome {
	t := b.all[i]
	due := b.due(i)
	o := outcome{due: due, verdict: failed, worked: measure.Endless, low: b.deadline, high: measure.Endless}
	end := due + b.deadline
	maybe, waiting := false, false
	for _, s := range sinks {
		r := b.results[s.index][i]
		switch {
		case r == (signal.Span{}):
			if t.in > 0 && s.hides(due, end) {
				maybe = true
			} else if t.in > 0 && s.seen <= end {
				waiting = true
			}
			continue
		case r.High <= end:
			o.verdict = good
		case r.Low <= end:
			maybe = true
		}
		if high := r.High - due; o.high == measure.Endless || high < o.high {
			o.high = high
			o.low = r.Low - due
			o.worked = r.High
			if t.taken > 0 && (!b.mirrored || s.target == b.targets[t.takenBy]) {
				o.worked = min(r.High, t.taken)
			}
		}
	}
	switch {
	case o.verdict == good:
		o.worked = max(o.worked, due)
		return o
	case maybe, !waiting && t.launched-due > b.late:
		o.verdict = unknown
		if o.high == measure.Endless {
			o.low = 0 // it may have come at any time, or never
		} else {
			o.low = min(o.low, o.high)
		}
	case waiting:
		o.verdict = open
	default:
		o.low = max(o.low, b.deadline)
	}
	return o
}

// answered are the answers by name.
func (b *book) answered() map[string]int64 {
	out := map[string]int64{}
	for o, name := range map[providers.Outcome]string{
		providers.Accepted: "accepted", providers.Refused: "refused", providers.Indeterminate: "indeterminate", providers.Unreached: "unreached",
	} {
		if n := b.answers[o]; n > 0 {
			out[name] = n
		}
	}
	return out
}

// overdue is how many transactions are unknown because xdc itself was late.
func (b *book) overdue(all []outcome) (n int64) {
	for i, o := range all {
		if o.verdict == unknown && b.all[i].launched-o.due > b.late {
			n++
		}
	}
	return n
}
