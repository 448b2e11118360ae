package seed

import (
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// inlet is the contract's, under a short name.
type inlet = providers.Inlet

// window is the time over which the live rate is taken.
const window = time.Second

// live tells the live signals.
type live struct {
	ledger *measure.Ledger
	report func(Sample)
	sent   []sentBy // at most a window old, and one before
}

// sentBy is how many records had been sent at an instant.
type sentBy struct {
	at time.Time
	n  int64
}

// tell reports the counts and the rate of now.
func (v *live) tell(now time.Time) {
	if v.report == nil {
		return
	}
	c := v.ledger.Counts()
	for _, x := range []struct {
		attr string
		n    int64
	}{
		{"sent", c.Sent},
		{"acked", c.Acked},
		{"rejected", c.Rejected},
		{"indeterminate", c.Indeterminate},
		{"unsent", c.Unsent},
		{"resent", c.Resent},
	} {
		v.report(Sample{x.attr, signal.NumberVal(float64(x.n)), now})
	}
	v.report(Sample{"rate", signal.NumberVal(v.rate(now, c.Sent)), now})
}

// rate is how many records were sent in the last window, a second.
func (v *live) rate(now time.Time, sent int64) float64 {
	v.sent = append(v.sent, sentBy{now, sent})
	for len(v.sent) > 1 && now.Sub(v.sent[1].at) >= window {
		v.sent = v.sent[1:]
	}
	first := v.sent[0]
	span := max(now.Sub(first.at), window)
	return float64(sent-first.n) / span.Seconds()
}

// at reports how long the record of a request that waited longest has waited, counted from when it was due.
func (v *live) at(d time.Duration) {
	if v.report != nil {
		v.report(Sample{"latency", signal.DurationVal(max(0, d)), time.Now()})
	}
}
