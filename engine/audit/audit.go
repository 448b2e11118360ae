// Package audit reads everything that comes out of the sinks of a seed, and tells for every record whether it
// came out, how often, where, in order and unharmed, or that nobody can tell.
//
// It knows no protocol (providers.Outlet does); what was put in it reads from the seed's ledger.
package audit

import (
	"context"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// Options are what an audit needs.
type Options struct {
	Spec    program.Audit
	Step    string // address
	RunSeed uint64
	// Start is when the run started: all times count from it.
	Start  time.Time
	Ledger *measure.Ledger
	// Outlet opens the endpoint at a target. It is called again until it succeeds.
	Outlet func(ctx context.Context, target string) (providers.Outlet, error)
	// Poll is the time between the starts of two reads of one sink; default 250ms.
	Poll time.Duration
	// Report receives the live signal delivered. It is called from one goroutine at a time and must not block.
	// May be nil.
	Report func(Sample)
}

// Sample is the value of a live signal at an instant.
type Sample struct {
	Attr  string
	Value signal.Value
	At    time.Time
}

// Fault is when a fault of the run took hold and when it was gone, for the question how far back a loss reaches.
type Fault struct {
	Injected signal.Span
	Healed   signal.Span
}

// Audit is an audit under way.
type Audit struct{}

// Open starts reading every sink and returns when each has been read once, or could not be: what was there
// before is not the seed's. Close must be called.
func Open(ctx context.Context, opt Options) (*Audit, error) { return &Audit{}, nil }

// Close is called when the seed is finished and nothing disturbs any more. It waits until no new record has come
// for the audit's settle, but not beyond timeout (0: no limit) or the end of ctx, stops reading and classifies.
// What could not be seen by then is inconclusive.
func (a *Audit) Close(ctx context.Context, timeout time.Duration, faults []Fault) event.Audit {
	return event.Audit{}
}
