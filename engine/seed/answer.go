package seed

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/providers"
)

// answered takes the outcome of a lane's request.
func (s *sender) answered(d done) {
	l, r, b := d.lane, d.receipt, d.lane.flying
	l.flying = nil
	now := time.Now()
	taken := min(max(r.Accepted, 0), len(b.items))
	if r.Outcome == providers.Accepted {
		taken = len(b.items)
	}
	a := measure.Attempt{Target: l.target(), Sent: s.since(r.Sent), Answered: s.since(r.Answered)}
	if taken > 0 {
		s.acked(l, b, taken, a)
	}
	if rest := b.rest(taken); len(rest.items) > 0 {
		s.missed(l, rest, r, a, now)
	}
	if taken == 0 {
		s.fails(l, r, now)
	}
	s.live.tell(now)
}

// acked notes that the first n records of a batch are in.
func (s *sender) acked(l *lane, b *batch, n int, a measure.Attempt) {
	a.Outcome = measure.Acked
	s.opt.Ledger.Settle(b.first, n, a)
	l.held -= n
	l.works()
	for _, due := range b.dues[:n] {
		s.waited.add(a.Answered - due)
	}
	s.live.at(a.Answered - b.dues[0])
}

// missed decides what becomes of records that were not taken.
func (s *sender) missed(l *lane, b *batch, r providers.Receipt, a measure.Attempt, now time.Time) {
	switch {
	case r.Outcome == providers.Unreached:
		s.again(l, b, r, now)
	case r.Outcome == providers.Refused && r.Busy:
		b.refused = a
		b.refused.Outcome = measure.Rejected
		s.again(l, b, r, now)
	case r.Outcome == providers.Refused:
		s.lose(l, b, a, measure.Rejected)
		s.keep(l, b)
	default: // nobody knows
		s.lose(l, b, a, measure.Indeterminate)
		if !s.opt.Spec.Retry {
			s.keep(l, b)
			return
		}
		l.held += len(b.items)
		s.again(l, b, r, now)
	}
}

// again puts a batch back at the head of its lane for a later try.
func (s *sender) again(l *lane, b *batch, r providers.Receipt, now time.Time) {
	l.queue = slices.Insert(l.queue, 0, b)
	l.backOff(now, r.After)
}

// lose writes down that records did not get in, as far as anybody knows.
func (s *sender) lose(l *lane, b *batch, a measure.Attempt, o measure.Outcome) {
	a.Outcome = o
	s.opt.Ledger.Settle(b.first, len(b.items), a)
	l.held -= len(b.items)
}

// keep remembers a batch for the next target, if there is one that should get it.
func (s *sender) keep(l *lane, b *batch) {
	if !s.opt.Spec.Resend || len(l.targets) < 2 {
		return
	}
	l.missed = append(l.missed, b)
	for m := s.opt.Spec.MaxInFlight; m > 0 && count(l.missed) > m; {
		l.missed = l.missed[1:]
	}
}

func count(bs []*batch) int {
	n := 0
	for _, b := range bs {
		n += len(b.items)
	}
	return n
}

// fails notes that a request put nothing in, and moves on to the next target when that has lasted.
func (s *sender) fails(l *lane, r providers.Receipt, now time.Time) {
	if l.failing.IsZero() {
		l.failing = r.Sent
	}
	if len(l.targets) < 2 || now.Sub(l.failing) < s.opt.Spec.SwitchAfter.D() {
		return
	}
	from := l.target()
	l.cur = (l.cur + 1) % len(l.targets)
	failed := now.Sub(l.failing)
	l.works()
	if len(l.missed) > 0 {
		n := count(l.missed)
		l.queue = append(l.missed, l.queue...)
		l.held += n
		l.missed = nil
		slices.SortStableFunc(l.queue, func(a, b *batch) int { return cmp.Compare(a.first, b.first) })
	}
	if s.opt.Routed != nil {
		s.opt.Routed(s.opt.Spec.Targets[from], s.opt.Spec.Targets[l.target()], reason(r, failed))
	}
}

// reason says why a target was left.
func reason(r providers.Receipt, failed time.Duration) string {
	what := "refused every request"
	switch {
	case r.Outcome == providers.Unreached:
		what = "could not be reached"
	case r.Outcome == providers.Indeterminate:
		what = "gave no answer"
	case r.Busy:
		what = "was too busy"
	}
	out := fmt.Sprintf("it %s for %s", what, failed.Round(time.Millisecond))
	if r.Err != nil {
		out += ": " + r.Err.Error()
	}
	return out
}
