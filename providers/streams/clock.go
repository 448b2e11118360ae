package streams

import (
	"context"
	"sync"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/clock"
	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// clockRenewed is after how long an estimate of the server's clock is begun anew: clocks drift.
const clockRenewed = 5 * time.Minute

// timepiece estimates how far the server's clock is ahead, from the Date of every answer that comes anyway. It is safe for
// concurrent use. The zero value knows nothing yet.
type timepiece struct {
	mu       sync.Mutex
	known    bool
	offset   clock.Offset
	began    time.Time // of this estimate
	sent, at time.Time // of the last look
	told     clock.Offset
	was      bool // something was told
}

// see takes an answer into the estimate.
func (t *timepiece) see(a *https.Answer) {
	one, ok := clock.Header(a.Header, a.Sent, a.Answered)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known || a.Answered.Sub(t.began) > clockRenewed {
		t.offset, t.began, t.known = one, a.Answered, true
	} else {
		t.offset, _ = t.offset.And(one) // a clock that was set is known by the look after it
	}
	t.sent, t.at = a.Sent, a.Answered
}

// lookClock tells the estimate. It costs no request.
func (s *Session) lookClock(_ context.Context, _ rest.Instance, _ []tracked, o observation) error {
	if r, ok := s.time.reading(); ok {
		o.emit(r)
	}
	return nil
}

// reading is the estimate, told anew when it has become twice as sharp or contradicts what was told, so that it does not change
// with every look; ok is false before the first.
func (t *timepiece) reading() (r providers.Reading, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		return r, false
	}
	if _, agree := t.told.And(t.offset); !t.was || !agree || 2*t.offset.Error() <= t.told.Error() {
		t.told, t.was = t.offset, true
	}
	v := signal.DurationVal(t.told.Mid())
	v.Low, v.High = t.told.Low.Seconds(), t.told.High.Seconds()
	return providers.Reading{Path: "clock_offset", Value: v, Low: t.sent, High: t.at, Evidence: t.told.String()}, true
}
