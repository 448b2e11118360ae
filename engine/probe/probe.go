// Package probe is a client of the application under test: it sends marked records at a steady rate and waits for the result
// of each. What clients notice of a fault follows from that alone, whatever the platform says about itself.
//
// It knows no protocol (providers.Feed does). Due times are fixed at the start and never moved, and no record waits behind
// another one's request, so that a service that stalls cannot hide its stall.
package probe

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/engine/seed"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// Options are what a probe needs.
type Options struct {
	Spec    program.Probe
	Step    string // address
	RunSeed uint64
	// Start is when the run started: all times count from it.
	Start time.Time
	// Inlet and Outlet open the endpoints at a target. Outlet is called again until it succeeds.
	Inlet  func(ctx context.Context, target string) (providers.Inlet, error)
	Outlet func(ctx context.Context, target string) (providers.Outlet, error)
	// Poll is the time between the starts of two reads of one sink; default 50ms.
	Poll time.Duration
	// Report receives live signals in the order of time. It is called from one goroutine at a time and must not block for
	// long. May be nil.
	Report func([]Sample)
	// Ready is called once, when the first transaction is decided: what comes from then on can be held against something.
	// It must not block for long. May be nil.
	Ready func()
	// Routed is told that records go to another target from now on. May be nil.
	Routed func(from, to, reason string)
}

// Sample is the value of a live signal somewhere in a span of the run's time.
type Sample struct {
	Attr     string
	Value    signal.Value
	Low      time.Duration
	High     time.Duration
	ValidFor time.Duration
}

// Probe is a probe under way.
type Probe struct {
	opt     Options
	records *seed.Records
	inlets  []providers.Inlet
	zero    time.Time     // when the first record is due
	first   time.Duration // the same on the run's clock
	cancel  context.CancelFunc
	readers sync.WaitGroup
	flights sync.WaitGroup
	news    chan struct{} // something was read

	mu    sync.Mutex
	book  book
	sinks []*sink
	route route
	live  live
}

const (
	defaultPoll = 50 * time.Millisecond
	// readLimit bounds one read, so that a sink that hangs is asked again.
	readLimit = 10 * time.Second
)

// Open opens the inlets and starts reading every sink. It returns when each sink has been read once, or could not be: what
// was there before is not the probe's. Run or Close must be called, unless there is an error.
func Open(ctx context.Context, opt Options) (*Probe, error) {
	if len(opt.Spec.Targets) == 0 || len(opt.Spec.ResultsAt) == 0 {
		return nil, errors.New("the probe has no target to send to, or none to read from")
	}
	if opt.Spec.Rate <= 0 || opt.Spec.Deadline <= 0 || opt.Spec.Record == nil {
		return nil, errors.New("the probe has no rate, no deadline or no record")
	}
	if opt.Poll <= 0 {
		opt.Poll = defaultPoll
	}
	records, err := seed.NewRecords(opt.Spec.Record, opt.RunSeed, opt.Step)
	if err != nil {
		return nil, fmt.Errorf("make the records of %s: %w", opt.Step, err)
	}
	p := &Probe{opt: opt, records: records, news: make(chan struct{}, 1), live: live{latest: -liveEvery}}
	p.book = book{targets: opt.Spec.Targets, mirrored: opt.Spec.Route == "mirror", deadline: opt.Spec.Deadline.D(), period: 1 / opt.Spec.Rate, late: max(opt.Spec.Deadline.D()/4, time.Duration(float64(time.Second)/opt.Spec.Rate))}
	for _, t := range opt.Spec.Targets {
		in, err := opt.Inlet(ctx, t)
		if err != nil {
			p.closeInlets()
			return nil, fmt.Errorf("open the endpoint of %s at %s: %w", opt.Step, t, err)
		}
		p.inlets = append(p.inlets, in)
	}
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.cancel = cancel
	first := make(chan struct{}, len(opt.Spec.ResultsAt))
	opened := time.Since(opt.Start)
	for i, t := range opt.Spec.ResultsAt {
		s := &sink{probe: p, index: i, target: t, opened: opened, seen: opened}
		p.sinks = append(p.sinks, s)
		p.book.results = append(p.book.results, nil)
		phase := p.phase(t, opt.Poll)
		p.readers.Go(func() { s.read(reading, phase, first) })
	}
	for range p.sinks {
		select {
		case <-first:
		case <-ctx.Done():
			p.Close()
			return nil, fmt.Errorf("open the sinks of %s: %w", opt.Step, context.Cause(ctx))
		}
	}
	return p, nil
}

// Close ends a probe that was not run.
func (p *Probe) Close() {
	p.cancel()
	p.readers.Wait()
	p.closeInlets()
}

func (p *Probe) closeInlets() {
	for _, in := range p.inlets {
		_ = in.Close() // every record has its outcome by now
	}
}

// phase keeps what one probe does at even times apart from everything else that happens at such times.
func (p *Probe) phase(name string, within time.Duration) time.Duration {
	sum := sha256.Sum256([]byte(strconv.FormatUint(p.opt.RunSeed, 16) + "\x00" + p.opt.Step + "\x00" + name))
	return time.Duration(binary.LittleEndian.Uint64(sum[:]) % uint64(max(within, 1)))
}

// Run sends until its duration is over, or for settle and hold after release is closed; then it waits until every transaction
// is decided. When ctx ends it stops at once, and what is not decided by then is left out. It is called once. faults gives
// the faults of the run as they stand when it is called at the end.
func (p *Probe) Run(ctx context.Context, release <-chan struct{}, faults func() []Fault) event.Probe {
	p.zero = time.Now().Add(p.phase("zero", time.Millisecond))
	p.first = p.zero.Sub(p.opt.Start)
	p.mu.Lock()
	p.book.first = p.first
	p.mu.Unlock()
	flying, ground := context.WithCancel(context.WithoutCancel(ctx))
	defer ground()
	p.send(ctx, flying, release)
	p.settle(ctx)
	ground()
	p.flights.Wait()
	p.cancel()
	p.readers.Wait()
	p.closeInlets()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(true)
	return p.result(faults())
}

// send sends one record a tick until it is told to stop.
func (p *Probe) send(ctx, flying context.Context, release <-chan struct{}) {
	end := measure.Endless
	if d := p.opt.Spec.Duration.D(); d > 0 {
		end, release = d, nil
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for i := int64(0); ; {
		due := p.after(i)
		if due >= end {
			return
		}
		timer.Reset(max(time.Until(p.zero.Add(due)), 1))
		select {
		case <-timer.C:
			p.launch(flying, i)
			i++
		case <-release:
			release = nil
			end = time.Since(p.zero) + p.opt.Spec.Settle.D() + p.opt.Spec.Hold.D()
		case <-ctx.Done():
			return
		}
	}
}

// after is when a record is due, counted from the first.
func (p *Probe) after(i int64) time.Duration {
	return time.Duration(math.Round(float64(i) / p.opt.Spec.Rate * float64(time.Second)))
}

// launch sends a record to where the route leads, each copy in a request of its own that ends with the deadline.
func (p *Probe) launch(flying context.Context, i int64) {
	due := p.zero.Add(p.after(i))
	raw, err := p.records.Make(i, due)
	p.mu.Lock()
	targets := p.route.next(p.opt.Spec, i)
	p.book.begin(len(targets), time.Since(p.opt.Start))
	p.mu.Unlock()
	if err != nil { // every generator was compiled: a record that cannot be made would be a bug, and counts as never sent
		return
	}
	for _, t := range targets {
		p.flights.Go(func() {
			ctx, cancel := context.WithDeadline(flying, due.Add(p.book.deadline))
			defer cancel()
			began := time.Now()
			r := p.inlets[t].Send(ctx, one(raw))
			if r.Sent.IsZero() {
				r.Sent = began
			}
			if r.Answered.Before(r.Sent) {
				r.Answered = time.Now()
			}
			p.answered(i, t, r)
		})
	}
}

// answered takes down what became of a request.
func (p *Probe) answered(i int64, target int, r providers.Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.answer(i, target, r, p.opt.Start)
	if from, to, moved := p.route.answer(p.opt.Spec, target, r); moved && p.opt.Routed != nil {
		p.opt.Routed(from, to, fmt.Sprintf("it has taken nothing for %s", p.opt.Spec.SwitchAfter))
	}
	p.tell(false)
}

// settle waits until every transaction is decided. It gives up when reads hang for longer than one may.
func (p *Probe) settle(ctx context.Context) {
	limit := time.NewTimer(p.book.deadline + 2*readLimit)
	defer limit.Stop()
	for {
		p.mu.Lock()
		p.tell(false)
		done := p.live.front == int64(len(p.book.all))
		p.mu.Unlock()
		if done {
			return
		}
		select {
		case <-p.news:
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
