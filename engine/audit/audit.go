// Package audit reads everything that comes out of the sinks of a seed, and tells for every record whether it
// came out, how often, where, in order and unharmed, or that nobody can tell.
//
// It knows no protocol (providers.Outlet does); what was put in it reads from the seed's ledger.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
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
	// Outlet opens the endpoint at a target. It is called again until it succeeds, and never after that: an outlet
	// knows what it has read.
	Outlet func(ctx context.Context, target string) (providers.Outlet, error)
	// Poll is the time between the starts of two reads of one sink; default 250ms.
	Poll time.Duration
	// Exceptions opens the file for the list of the records that were not simply delivered once, and says what it is
	// called. Nil: there is none.
	Exceptions func() (w io.WriteCloser, name string, err error)
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
type Audit struct {
	opt    Options
	opened time.Duration
	cancel context.CancelFunc
	work   sync.WaitGroup
	news   chan struct{} // a read has ended

	mu    sync.Mutex
	tally *tally
	sinks []*sink
}

const (
	defaultPoll = 250 * time.Millisecond
	// readLimit bounds one read, so that a sink that hangs is asked again.
	readLimit = 10 * time.Second
)

// Open starts reading every sink and returns when each has been read once, or could not be: what was there
// before is not the seed's. It must return before the seed's first record leaves. Close must be called, unless
// there is an error.
func Open(ctx context.Context, opt Options) (*Audit, error) {
	if len(opt.Spec.Targets) == 0 {
		return nil, errors.New("the audit has no target to read from")
	}
	if opt.Poll <= 0 {
		opt.Poll = defaultPoll
	}
	number, err := opt.Ledger.Watch(opt.Spec.Key)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", opt.Step, err)
	}
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &Audit{
		opt: opt, opened: time.Since(opt.Start), cancel: cancel, news: make(chan struct{}, 1),
		tally: newTally(opt.Ledger, number, opt.Spec.Key, opt.Spec.State, opt.Spec.Targets),
	}
	first := make(chan struct{}, len(opt.Spec.Targets))
	for i, t := range opt.Spec.Targets {
		s := &sink{audit: a, index: i, target: t, seen: a.opened}
		a.sinks = append(a.sinks, s)
		phase := a.phase(t)
		a.work.Go(func() { s.read(reading, phase, first) })
	}
	a.tell(time.Now())
	for range a.sinks {
		select {
		case <-first:
		case <-ctx.Done():
			cancel()
			a.work.Wait()
			return nil, fmt.Errorf("open the sinks of %s: %w", opt.Step, context.Cause(ctx))
		}
	}
	return a, nil
}

// phase keeps the reads of one sink apart from everything else that happens at even times.
func (a *Audit) phase(target string) time.Duration {
	sum := sha256.Sum256([]byte(strconv.FormatUint(a.opt.RunSeed, 16) + "\x00" + a.opt.Step + "\x00" + target))
	return time.Duration(binary.LittleEndian.Uint64(sum[:]) % uint64(a.opt.Poll))
}

// tell reports the live signal. It is called with the lock held, or before anybody else can hold it.
func (a *Audit) tell(at time.Time) {
	if a.opt.Report != nil {
		a.opt.Report(Sample{"delivered", signal.NumberVal(float64(a.tally.distinct)), at})
	}
}

// Close is Settle and Finish.
func (a *Audit) Close(ctx context.Context, timeout time.Duration, faults []Fault) event.Audit {
	return a.Finish(a.Settle(ctx, timeout), faults)
}

// Finish stops reading and classifies. What could not be seen by then, for the reason that Settle has given, is inconclusive. It
// is called once.
func (a *Audit) Finish(why string, faults []Fault) event.Audit {
	a.cancel()
	a.work.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if why != "" {
		a.giveUp(why)
	}
	j := &judge{opt: a.opt, tally: a.tally, faults: faults, blind: a.ranges(), unseen: a.unseen()}
	return j.judge()
}

// Settle is called when the seed is finished and nothing disturbs any more. It waits until every sink has been read for the
// audit's settle without a new record, but not beyond timeout (0: no limit) or the end of ctx, and returns why it gave up, or "".
// It may be called again where something has disturbed meanwhile.
func (a *Audit) Settle(ctx context.Context, timeout time.Duration) string {
	began := time.Since(a.opt.Start)
	timer := time.NewTimer(max(timeout, 1))
	defer timer.Stop()
	expired := timer.C
	if timeout <= 0 {
		expired = nil
	}
	for {
		if a.quiet(began) {
			return ""
		}
		select {
		case <-a.news:
		case <-expired:
			return "new records were still coming when the audit's time was over"
		case <-ctx.Done():
			return "the audit was stopped before the sinks were quiet"
		}
	}
}

// quiet reports whether every sink was read, and nothing new came, for long enough after began.
func (a *Audit) quiet(began time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	since := max(began, a.tally.latest)
	for _, s := range a.sinks {
		if !s.ever || s.seen < since+a.opt.Spec.Settle.D() {
			return false
		}
	}
	return true
}

// giveUp notes for each sink what is not known of it.
func (a *Audit) giveUp(why string) {
	now := time.Since(a.opt.Start)
	for _, s := range a.sinks {
		cause := why
		if s.failed != nil {
			cause = "it could not be read: " + s.failed.Error()
		}
		s.hide(s.seen, now, cause)
	}
}

// ranges are the stretches about which nothing is known, by target.
func (a *Audit) ranges() []event.Blind {
	var out []event.Blind
	for _, s := range a.sinks {
		out = append(out, s.blind...)
	}
	return out
}

// unseen are the stretches in which something may have come out that was not seen, by target.
func (a *Audit) unseen() map[string][]span {
	out := map[string][]span{}
	for _, s := range a.sinks {
		out[s.target] = s.unseen
	}
	return out
}
