package audit

import (
	"sort"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
)

// What can be seen from outside of how a record was lost. Each is a statement about what happened when, and none a guess
// about what the application did with the record. The names are those in the list of exceptions.
const (
	// inFlight: acknowledged before a fault took hold, when neither it nor a later one had come out where it was put in.
	inFlight = "in_flight"
	// duringFault: sent and acknowledged while a fault was in force.
	duringFault = "during_fault"
	// passedOver: acknowledged while no fault was in force, and before the next one took hold a later one came out.
	passedOver = "passed_over"
	// unknownCause: the instants are not known well enough to say any of these.
	unknownCause = "unknown"
	// evicted: it may have come out, and have been dropped by a full buffer before it was read. It is inconclusive.
	evicted = "evicted"
)

// top is the latest record that had come out at a target, and the interval of the read that brought it.
type top struct {
	span
	seq int64
}

// rise notes the latest record that has come out at a target.
func (a *arrivals) rise(seq int64, when span) {
	if n := len(a.tops); n == 0 || seq > a.tops[n-1].seq {
		if n > 0 && a.tops[n-1].span == when {
			a.tops[n-1].seq = seq
			return
		}
		a.tops = append(a.tops, top{when, seq})
	}
}

// by is the latest record that had surely come out by an instant, and the latest that may have, given its bounds; -1 if there
// is none.
func (a *arrivals) by(t span) (surely, perhaps int64) {
	last := func(n int) int64 {
		if n == 0 {
			return -1
		}
		return a.tops[n-1].seq
	}
	// Reads of one sink follow each other, so that both ends of their intervals only rise.
	surely = last(sort.Search(len(a.tops), func(i int) bool { return a.tops[i].high > t.low }))
	perhaps = last(sort.Search(len(a.tops), func(i int) bool { return a.tops[i].low >= t.high }))
	return surely, perhaps
}

// never is after everything.
var never = span{1<<63 - 1, 1<<63 - 1}

// cause is how a record that was acknowledged and is surely lost was lost, as far as it could be seen; home is where it was
// put in.
func (j *judge) cause(r measure.Record, home int) string {
	if home < 0 || len(r.Earlier) > 0 {
		return unknownCause // nobody reads there; it was put in several times
	}
	next := never
	for _, f := range j.faults {
		healed := f.Healed.High > 0
		switch {
		case r.Answered <= f.Injected.Low:
			if f.Injected.Low < next.low {
				next = span{f.Injected.Low, f.Injected.High}
			}
		case r.Sent >= f.Injected.High && (!healed || r.Answered <= f.Healed.Low):
			return duringFault
		case !healed || r.Sent < f.Healed.High:
			return unknownCause // it was acknowledged while a fault came or went
		}
	}
	at := &j.tally.at[home]
	surely, perhaps := at.by(next)
	switch {
	case at.late.Len() > 0:
		return unknownCause // that a later one came out first says nothing here
	case surely > r.Seq:
		return passedOver
	case next != never && perhaps < r.Seq:
		return inFlight
	}
	return unknownCause
}

// hiding reports whether a record may have come out unseen: it had left before the end of a stretch in which a sink could not
// be seen, or it cannot be told from another. full says that nothing but a full buffer can have hidden it.
func (j *judge) hiding(r measure.Record, only int) (hidden, full bool) {
	if j.twins.Has(r.Seq) {
		return true, false
	}
	left := r.Sent
	for _, a := range r.Earlier {
		left = min(left, a.Sent)
	}
	full = true
	for _, b := range j.blind {
		if only >= 0 && b.Target != j.opt.Spec.Targets[only] || left.Seconds() >= b.To {
			continue
		}
		hidden, full = true, full && b.Cause == evicted
	}
	return hidden, hidden && full
}

// count adds a record to those of a cause.
func count(c *event.LossCauses, cause string) {
	switch cause {
	case inFlight:
		c.InFlight++
	case duringFault:
		c.DuringFault++
	case passedOver:
		c.PassedOver++
	case evicted:
		c.Evicted++
	default:
		c.Unknown++
	}
}
