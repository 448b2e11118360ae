// Package exec runs a frozen plan: it walks the graph, does and undoes, watches, waits and judges.
//
// One goroutine, the loop, owns all state of the run; steps work in goroutines of their own and hand the loop
// closures. The package meets providers through their contract only, and knows nothing of files, terminals or
// exit paths: it emits events and returns an Outcome.
package exec

import (
	"context"
	"io"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/providers"
)

// Options are what a run needs.
type Options struct {
	Plan     *plan.Plan
	Registry *providers.Registry
	// Env is lent to providers. Session, Targets and Jobs are filled in by the run.
	Env providers.Env
	Bus *event.Bus
	// Start is the instant that all times of the run count from; the bus has the same.
	Start time.Time
	Trace *trace.Store
	// Seed is where everything random comes from.
	Seed uint64
	// Rehearsal answers approvals with yes and leaves out steps without a twin.
	Rehearsal bool
	// StandIn leaves out steps that look at what only the real surroundings have. Rehearsals do so too.
	StandIn bool
	// Lateness is how long after its latest instant an observation may come to be taken into account where it belongs;
	// one that is later is known only from then on. Verdicts about stretches of time wait for as long. Zero is right
	// where time is virtual: there, everything is taken in at the instant at which it is known.
	Lateness time.Duration
	// Interrupts returns how many times somebody asked to stop. It is polled, because a rehearsal's bubble must
	// not wait on anything outside. Nil: never.
	Interrupts func() int
	// Approval returns the answer to an approval, if there is one yet. It is polled. Nil: nobody answers.
	Approval func(step string) (Answer, bool)
	// Locks takes and keeps the locks of targets. Nil: nothing is locked.
	Locks Locker
	// HealBudget bounds the healing of one fault, all retries together; default 5m.
	HealBudget time.Duration
	// Lease is how long leases are; the zero value is DefaultLease.
	Lease LeaseTimes
	// Scratch is the folder for files that nobody needs after the run; "" is the system's.
	Scratch string
	// Keep makes a file beside the run's other files, for what is too much for an event. Nil: nothing of that kind is
	// kept.
	Keep func(name string) (io.WriteCloser, error)
	// KillPoint is called at every point of a deed's life; fault tests end the process there. Nil: nothing.
	KillPoint func(step string, p event.Phase)
}

// LeaseTimes are the lengths of leases.
type LeaseTimes struct {
	// Longest is how long a place waits without a renewal, and Every how often it is renewed.
	Longest, Every time.Duration
	// Slack is how much longer than the deed the lease may last.
	Slack time.Duration
}

// DefaultLease is what SEMANTICS promises. Tests that wait for the end of leases have shorter ones.
var DefaultLease = LeaseTimes{Longest: 60 * time.Second, Every: 15 * time.Second, Slack: 30 * time.Second}

// Answer is a person's answer to an approval.
type Answer struct {
	Approved bool
	By       string
}

// Locker keeps other runs away from targets.
type Locker interface {
	// Handle describes what would have to be released of a target's lock. It touches nothing.
	Handle(target string) (providers.Handle, error)
	// Lock takes the lock of a target or says who holds it. After an error nothing of it is held, or Unlock releases it.
	Lock(ctx context.Context, target string) error
	// Renew extends all locks taken.
	Renew(ctx context.Context) error
	// Unlock releases the lock behind the handle. It is safe to repeat.
	Unlock(ctx context.Context, h providers.Handle) error
}

// Limits of the run that a plan does not state.
const (
	defaultHealBudget = 5 * time.Minute
	healAttempt       = 30 * time.Second // one heal or one look
	verifyLimit       = 30 * time.Second // from injection until the effect must have been seen
	verifyEvery       = 50 * time.Millisecond
	settle            = 10 * time.Second // that a healed place may take to look as it did before
	differsEvery      = 500 * time.Millisecond
	pollInterrupts    = 100 * time.Millisecond
	preflightLimit    = 60 * time.Second
	jobPoll           = 250 * time.Millisecond
)

// Run runs the plan. ctx is only for giving up at once (a second interrupt does the same); ordinary stops go
// through Options.Interrupts. The returned error is non-nil only when nothing was touched: the run did not
// start, exit code 1.
func Run(ctx context.Context, opt Options) (Outcome, error) {
	r := newRun(opt)
	defer r.closeSessions()
	if err := r.lock(ctx); err != nil {
		r.unlock(ctx)
		return r.notStarted(err)
	}
	if err := r.preflight(ctx); err != nil {
		r.unlock(ctx)
		return r.notStarted(err)
	}
	r.loop(ctx)
	return r.out, nil
}

// Preflight looks whether the plan could run, touching nothing, and returns a *PreflightError with everything that
// keeps it from running. Without an error it returns what people should see before they agree: which processes are
// meant, which ways are cut.
func Preflight(ctx context.Context, opt Options) ([]providers.Finding, error) {
	r := newRun(opt)
	defer r.closeSessions()
	err := r.preflight(ctx)
	return r.looked, err
}
