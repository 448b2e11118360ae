package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/event"
)

// bounds is how far back in time a loss reaches: from the acknowledgement of the oldest lost record to the injection
// of the fault that the loss belongs to, or to the acknowledgement of the newest lost record if that is later.
//
// A loss belongs to the fault in force when it was acknowledged, else to the next one injected after it, else to
// the last one before it; without faults all losses belong together. The longest reach of all faults counts. The
// lower bound is over what is surely lost, the upper one also over what may be; nil means that nothing is.
func bounds(gone, maybe *reaches) *event.Bounds {
	if len(maybe.by) == 0 {
		return nil
	}
	var out event.Bounds
	for _, r := range gone.by {
		out.Low = max(out.Low, r.low().Seconds())
	}
	for _, r := range maybe.by {
		out.High = max(out.High, r.high().Seconds())
	}
	out.High = max(out.High, out.Low)
	return &out
}

// reaches are the extents of losses, by the fault that they belong to.
type reaches struct {
	faults []Fault // in the order of their injection
	by     map[int]*reach
}

// reach is the extent of the losses that belong to one fault.
type reach struct {
	fault          *Fault
	oldest, newest span // each bound by itself: the truth lies between
}

func (r reach) low() time.Duration {
	end := r.newest.low
	if r.fault != nil {
		end = max(end, r.fault.Injected.Low)
	}
	return max(0, end-r.oldest.high)
}

func (r reach) high() time.Duration {
	end := r.newest.high
	if r.fault != nil {
		end = max(end, r.fault.Injected.High)
	}
	return max(0, end-r.oldest.low)
}

// add takes one loss: when it was acknowledged.
func (x *reaches) add(acked span) {
	i := belongs(acked, x.faults)
	r := x.by[i]
	if r == nil {
		r = &reach{oldest: acked, newest: acked}
		if i >= 0 {
			r.fault = &x.faults[i]
		}
		if x.by == nil {
			x.by = map[int]*reach{}
		}
		x.by[i] = r
		return
	}
	r.oldest = span{min(r.oldest.low, acked.low), min(r.oldest.high, acked.high)}
	r.newest = span{max(r.newest.low, acked.low), max(r.newest.high, acked.high)}
}

// sorted are faults in the order of their injection.
func sorted(faults []Fault) []Fault {
	faults = slices.Clone(faults)
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Injected.Low, b.Injected.Low) })
	return faults
}

// belongs is the index of the fault that a loss belongs to, -1 without faults. Faults are sorted by injection.
func belongs(acked span, faults []Fault) int {
	next, last := -1, -1
	for i, f := range faults {
		healed := f.Healed.High
		if healed == 0 {
			healed = 1<<63 - 1 // never healed
		}
		switch at := acked.high; {
		case at >= f.Injected.Low && at <= healed:
			return i
		case f.Injected.Low > at && next < 0:
			next = i
		case f.Injected.Low <= at:
			last = i
		}
	}
	if next >= 0 {
		return next
	}
	return last
}

// points are the intervals in which something came out, sorted, with the first acknowledged record in front and,
// where acknowledged records never came out, the last of them at the end: a delivery that never began or never
// went on is an outage too.
func points(v *verdict, times []span) []span {
	if len(times) == 0 {
		return nil
	}
	out := slices.Clone(times)
	begin, end := times[0].low, times[0].high
	for _, t := range times {
		begin, end = min(begin, t.low), max(end, t.high)
	}
	if v.first != nil && v.first.high < begin {
		out = append(out, *v.first)
	}
	if v.missing != nil && v.missing.low > end {
		out = append(out, *v.missing)
	}
	slices.SortFunc(out, before)
	return out
}

// before is the order of intervals.
func before(a, b span) int { return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.high, b.high)) }

// holes are the stretches between the first of the points and the last in which surely nothing came out. In those that are
// unseen something may have: what a sink held when it went down, which another reader may have had of it.
func holes(ps, unseen []span) []span {
	if len(ps) == 0 {
		return nil
	}
	first, last := ps[0].low, ps[len(ps)-1].low
	ps = slices.Clone(ps)
	for _, u := range unseen {
		if u.high > first && u.low < last {
			ps = append(ps, span{max(u.low, first), u.high})
		}
	}
	slices.SortFunc(ps, before)
	var out []span
	var end time.Duration
	for i, p := range ps {
		if i > 0 && p.low > end {
			out = append(out, span{end, p.low})
		}
		end = max(end, p.high)
	}
	return out
}

// outage bounds the longest time in which nothing came out: it is no shorter than the longest hole between points and what
// is unseen, and no longer than from the beginning of one interval to the earliest end of those that begin after it.
func outage(ps, unseen []span) *event.Bounds {
	if len(ps) == 0 {
		return nil
	}
	var out event.Bounds
	for _, h := range holes(ps, unseen) {
		out.Low = max(out.Low, (h.high - h.low).Seconds())
	}
	latest := ps[0].high
	for _, p := range ps {
		latest = max(latest, p.high)
	}
	for i, end := len(ps)-1, latest; i >= 0; {
		low, next := ps[i].low, latest
		out.High = max(out.High, (end - low).Seconds())
		for ; i >= 0 && ps[i].low == low; i-- {
			next = min(next, ps[i].high)
		}
		end = min(end, next)
	}
	out.High = max(out.High, out.Low)
	return &out
}
