package probe

import (
	"fmt"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/signal"
)

// verdict is what is known of a transaction.
type verdict uint8

const (
	open    verdict = iota // not decided yet
	good                   // the result was there before the deadline
	failed                 // it was not
	unknown                // nobody can tell
)

// outcome is a transaction as it is judged. Outcomes stand in the order in which they were due.
type outcome struct {
	due     time.Duration
	verdict verdict
	// worked is the latest instant by which the application had taken the record of a good transaction.
	worked time.Duration
	// low and high bound the latency; high is endless where there is no bound.
	low, high time.Duration
}

// counts adds up outcomes.
func counts(all []outcome) event.ProbeCounts {
	var c event.ProbeCounts
	var low, high measure.Histogram
	for _, o := range all {
		c.Sent++
		switch o.verdict {
		case good:
			c.Good++
		case failed:
			c.Failed++
		case unknown, open:
			c.Unknown++
		}
		low.Add(o.low)
		high.Add(o.high)
	}
	if c.Sent == 0 {
		return c
	}
	most := float64(c.Good+c.Unknown) / float64(c.Sent)
	c.ServiceLevel = &event.Interval{Low: float64(c.Good) / float64(c.Sent), High: &most}
	for share, to := range map[float64]**event.Interval{0.5: &c.P50, 0.9: &c.P90, 0.99: &c.P99, 1: &c.Max} {
		from, _ := low.Rank(share)
		_, until := high.Rank(share)
		*to = interval(from, until)
	}
	list, longest := outages(all)
	c.Outages, c.Outage = int64(len(list)), longest
	return c
}

func interval(low, high time.Duration) *event.Interval {
	out := &event.Interval{Low: low.Seconds()}
	if high != measure.Endless {
		s := high.Seconds()
		out.High = &s
	}
	return out
}

// outages finds the stretches between good transactions in which one surely failed, and bounds the longest outage.
//
// The client was not served at any instant of the outage: a record due then would not have come out in time. At the shortest
// it lasted from the first failed transaction to the last one with nothing but failed ones in between; at the longest from the
// last good one before to the first good one after, whatever was unknown in between. An outage that fits between two good
// transactions was not seen, so without any the longest possible is their distance.
func outages(all []outcome) (list []event.ProbeOutage, longest *event.Interval) {
	if len(all) == 0 {
		return nil, nil
	}
	var low, high time.Duration
	last := -1 // the last good transaction
	var cur *event.ProbeOutage
	run := -1 // the first of an unbroken run of failed ones
	close := func(next int) {
		if next >= 0 && last >= 0 {
			if high != measure.Endless {
				high = max(high, all[next].due-all[last].due)
			}
		} else if next < 0 && last != len(all)-1 || last < 0 && next > 0 {
			high = measure.Endless // it had begun before the first, or had not ended with the last
		}
		if cur != nil {
			if next >= 0 {
				s := all[next].due.Seconds()
				cur.NextGood = &s
			}
			list = append(list, *cur)
			cur = nil
		}
	}
	for i, o := range all {
		switch o.verdict {
		case good:
			close(i)
			last, run = i, -1
		case failed:
			if run < 0 {
				run = i
			}
			low = max(low, o.due-all[run].due)
			if cur == nil {
				cur = &event.ProbeOutage{FirstFailed: o.due.Seconds()}
				if last >= 0 {
					s := all[last].due.Seconds()
					cur.LastGood = &s
				}
			}
			cur.LastFailed = o.due.Seconds()
			cur.Failed++
		case unknown, open:
			run = -1
		}
	}
	close(-1)
	return list, interval(low, high)
}

// Fault is when a fault of the run took hold, and when its heal began.
type Fault struct {
	Step     string
	Injected signal.Span
	// Healing is when its heal began; zero: it did not.
	Healing time.Duration
}

// recovery measures from one fault to the first good transaction from which on all were good for hold. next is when the next
// fault was injected, zero if there was none: what fails first after that, or after the heal began, is not this fault's doing.
//
// The truth lies after the last transaction that surely failed before the hold was due, since its record was sent no earlier;
// and no later than when the application had surely taken a record of the hold.
func recovery(all []outcome, f Fault, next, hold, deadline time.Duration) event.Recovery {
	out := event.Recovery{
		Since: f.Step + ".injected", InjectedLow: f.Injected.Low.Seconds(), InjectedHigh: f.Injected.High.Seconds(),
	}
	first, doubt := disturbance(all, f, next, deadline)
	if first < 0 {
		out.Why = "no transaction failed while the fault was in force"
		if doubt > 0 {
			out.Why += fmt.Sprintf(", but about %d nothing is known", doubt)
		}
		return out
	}
	out.Disturbed = true
	h := holding{hold: hold, edge: all[first].due}
	for _, o := range all[first+1:] {
		if h.pass(o) {
			break
		}
	}
	low := h.edge
	if h.possible {
		low = h.early
	}
	out.BeganLow = low.Seconds()
	out.RTOLow = max(0, low-f.Injected.High).Seconds()
	if !h.found {
		out.TimedOut = true
		out.Why = fmt.Sprintf("transactions were not all good for %s on end by the end of the probe", signal.Seconds(hold.Seconds()))
		return out
	}
	high := max(0, h.high-f.Injected.Low).Seconds()
	out.RTO, out.RTOHigh = &high, &high
	out.BeganHigh = h.high.Seconds()
	out.AfterHeal = f.Healing > 0 && h.high > f.Healing
	out.Sampling = (h.from - low).Seconds()
	out.Why = fmt.Sprintf("the transaction due at %s failed, that due at %s was good, and so were all for %s",
		signal.Seconds(h.edge.Seconds()), signal.Seconds(h.from.Seconds()), signal.Seconds(hold.Seconds()))
	return out
}

// disturbance is the first transaction that failed because of a fault, -1 if there is none, and how many may have.
// A record that was under way at the injection counts.
func disturbance(all []outcome, f Fault, next, deadline time.Duration) (first, doubt int) {
	until := measure.Endless
	if next > 0 {
		until = next - deadline
	}
	if f.Healing > 0 {
		until = min(until, f.Healing)
	}
	for i, o := range all {
		if o.due+deadline <= f.Injected.Low || o.due >= until {
			continue
		}
		switch o.verdict {
		case failed:
			return i, doubt
		case unknown, open:
			doubt++
		case good:
		}
	}
	return -1, doubt
}

// holding looks for the first hold. Outcomes are passed to it in the order in which they were due.
type holding struct {
	hold time.Duration
	edge time.Duration // the last that surely failed

	running bool
	from    time.Duration // the first of an unbroken run of good ones
	worked  time.Duration // the earliest instant by which one of them had been taken

	possible bool // a hold may have begun after early
	early    time.Duration
	found    bool
	high     time.Duration
}

// pass takes the next outcome and reports whether the hold is proven.
func (h *holding) pass(o outcome) bool {
	switch o.verdict {
	case failed:
		if !h.possible && o.due-h.edge > h.hold {
			h.possible, h.early = true, h.edge
		}
		h.edge, h.running = o.due, false
	case unknown, open:
		h.running = false
	case good:
		if !h.running {
			h.running, h.from, h.worked = true, o.due, o.worked
		}
		h.worked = min(h.worked, o.worked)
		if o.due-h.from >= h.hold {
			h.found, h.high = true, max(h.from, h.worked)
		}
	}
	return h.found
}
