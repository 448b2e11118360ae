package probe

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// sink is one endpoint that is read. The outlet belongs to the reading goroutine, all else to the probe's lock.
type sink struct {
	probe  *Probe
	index  int
	target string

	outlet providers.Outlet
	ever   bool // it was read at least once
	opened time.Duration
	seen   time.Duration // what the client could have had by now has been read: the start of the last try
	blind  []event.Blind
	spans  []signal.Span // of blind, on the run's clock
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
			if s.outlet != nil {
				_ = s.outlet.Close() // all that it had to tell has been told
			}
			return
		case <-timer.C:
		}
		began := time.Now()
		ok := s.try(ctx)
		pause := s.probe.opt.Poll
		if !ok { // what cannot be read is not asked at full speed, nor so slowly that it costs deadlines
			pause = min(4*pause, max(pause, s.probe.opt.Spec.Deadline.D()/8))
		}
		timer.Reset(max(1, pause-time.Since(began)))
	}
}

// try reads once.
func (s *sink) try(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, min(readLimit, max(s.probe.opt.Spec.Deadline.D(), time.Second)))
	defer cancel()
	p := s.probe
	began := time.Since(p.opt.Start)
	out, err := s.fetch(limited)
	if ctx.Err() != nil && err != nil {
		return false // stopped in the middle; nothing is concluded from it
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		s.seen = max(s.seen, began) // a client would not have had anything either
	} else {
		s.take(out)
	}
	p.tell(false)
	select {
	case p.news <- struct{}{}:
	default:
	}
	return err == nil
}

func (s *sink) fetch(ctx context.Context) (providers.Output, error) {
	if s.outlet == nil {
		o, err := s.probe.opt.Outlet(ctx, s.target)
		if err != nil {
			return providers.Output{}, err
		}
		s.outlet = o
	}
	return s.outlet.Read(ctx)
}

// take counts what was read: the client had none of it before the last try began.
func (s *sink) take(out providers.Output) {
	p := s.probe
	low, high := out.Low.Sub(p.opt.Start), out.High.Sub(p.opt.Start)
	if !s.ever && len(p.book.all) > 0 {
		s.hide(s.opened, high, "it was not read from the beginning")
	}
	if out.Gap != nil {
		from := s.seen
		if !out.Gap.Since.IsZero() {
			from = out.Gap.Since.Sub(p.opt.Start)
		}
		s.hide(min(from, high), high, out.Gap.Cause)
	}
	ids := p.records.IDs()
	for _, it := range out.Items {
		v, ok := field(it, p.opt.Spec.Key)
		if !ok {
			continue
		}
		if seq, ours := ids.Number(v); ours {
			p.book.came(s.index, seq, signal.Span{Low: s.seen, High: high})
		}
	}
	s.ever, s.seen = true, max(s.seen, low)
}

// hide notes that results may have passed unread. Ranges of one cause that touch become one.
func (s *sink) hide(from, to time.Duration, cause string) {
	b := event.Blind{Target: s.target, From: from.Seconds(), To: to.Seconds(), Cause: cause}
	if n := len(s.blind); n > 0 && s.blind[n-1].Cause == cause && s.spans[n-1].High >= from {
		s.blind[n-1].To = max(s.blind[n-1].To, b.To)
		s.spans[n-1].High = max(s.spans[n-1].High, to)
		return
	}
	s.blind = append(s.blind, b)
	s.spans = append(s.spans, signal.Span{Low: from, High: to})
}

// hides reports whether a result that came in a span may have passed unread.
func (s *sink) hides(low, high time.Duration) bool {
	for _, b := range s.spans {
		if b.Low <= high && b.High >= low {
			return true
		}
	}
	return false
}

// field finds a value in a record; dots lead into nested objects, unless a field has that very name.
func field(item json.RawMessage, name string) (json.RawMessage, bool) {
	for {
		var m map[string]json.RawMessage
		if json.Unmarshal(item, &m) != nil {
			return nil, false
		}
		if v, ok := m[name]; ok {
			return v, true
		}
		head, rest, ok := strings.Cut(name, ".")
		if item = m[head]; !ok || item == nil {
			return nil, false
		}
		name = rest
	}
}
