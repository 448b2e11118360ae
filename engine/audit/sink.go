package audit

import (
	"context"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/providers"
)

// sink is one endpoint that is read. Its fields belong to the audit's lock; the outlet to the reading goroutine.
type sink struct {
	audit  *Audit
	index  int
	target string

	outlet providers.Outlet
	ever   bool          // it was read at least once
	seen   time.Duration // up to here everything was seen: the Low of the last read
	failed error         // why the last read was none
	shut   span          // from the end of the first to the beginning of the last of the reads that failed since the last that worked
	blind  []event.Blind
	// unseen are the stretches in which something may have come out that nobody saw here and others did: those of
	// blind, less the time in which read after read failed. A client that is where xdc is got nothing then.
	unseen []span
}

// read reads the sink until ctx ends. It sends on first after its first try.
func (s *sink) read(ctx context.Context, phase time.Duration, first chan<- struct{}) {
	s.try(ctx)
	first <- struct{}{}
	timer := time.NewTimer(max(phase, 1))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			s.close()
			return
		case <-timer.C:
		}
		began := time.Now()
		s.try(ctx)
		timer.Reset(max(1, s.audit.opt.Poll-time.Since(began)))
	}
}

func (s *sink) close() {
	if s.outlet != nil {
		_ = s.outlet.Close() // all that it had to tell has been told
	}
}

// try reads once.
func (s *sink) try(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	began := time.Since(s.audit.opt.Start)
	out, err := s.fetch(limited)
	if ctx.Err() != nil && err != nil {
		return // stopped in the middle; nothing is concluded from it
	}
	a := s.audit
	a.mu.Lock()
	switch {
	case err == nil:
		s.take(out)
	case s.failed == nil:
		s.shut = span{time.Since(a.opt.Start), began}
	default:
		s.shut.high = began
	}
	s.failed = err
	a.mu.Unlock()
	select {
	case a.news <- struct{}{}:
	default:
	}
}

func (s *sink) fetch(ctx context.Context) (providers.Output, error) {
	if s.outlet == nil {
		o, err := s.audit.opt.Outlet(ctx, s.target)
		if err != nil {
			return providers.Output{}, err
		}
		s.outlet = o
	}
	return s.outlet.Read(ctx)
}

// take counts what was read. Items that the last read did not return came after its Low and by this one's High.
func (s *sink) take(out providers.Output) {
	a := s.audit
	low, high := out.Low.Sub(a.opt.Start), out.High.Sub(a.opt.Start)
	if !s.ever && a.opt.Ledger.Len() > 0 {
		s.hide(s.seen, high, "it was not read from the beginning")
	}
	if out.Gap != nil {
		var from time.Duration
		if !out.Gap.Since.IsZero() {
			from = out.Gap.Since.Sub(a.opt.Start)
		} else {
			from = s.seen
		}
		s.hide(min(from, high), high, out.Gap.Cause)
	}
	was := a.tally.distinct
	a.tally.take(s.index, out.Items, span{s.seen, high}, !s.ever)
	s.ever, s.seen = true, max(s.seen, low)
	if a.tally.distinct != was {
		a.tell(out.High)
	}
}

// hide notes that records may have passed unseen. Ranges of one cause that touch become one.
func (s *sink) hide(from, to time.Duration, cause string) {
	if s.failed != nil && s.shut.low < s.shut.high {
		s.cover(from, s.shut.low)
		s.cover(s.shut.high, to)
	} else {
		s.cover(from, to)
	}
	b := event.Blind{Target: s.target, From: from.Seconds(), To: to.Seconds(), Cause: cause}
	if n := len(s.blind); n > 0 && s.blind[n-1].Cause == cause && s.blind[n-1].To >= b.From {
		s.blind[n-1].To = max(s.blind[n-1].To, b.To)
		return
	}
	s.blind = append(s.blind, b)
}

// cover adds a stretch to unseen.
func (s *sink) cover(from, to time.Duration) {
	if n := len(s.unseen); n > 0 && s.unseen[n-1].low <= from && s.unseen[n-1].high >= from {
		s.unseen[n-1].high = max(s.unseen[n-1].high, to)
		return
	}
	s.unseen = append(s.unseen, span{from, max(from, to)})
}
