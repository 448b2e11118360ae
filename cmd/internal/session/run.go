package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/engine/journal"
	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/engine/trace"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin/api"
)

// Request is a run to be made.
type Request struct {
	Plan     *plan.Plan
	Registry *providers.Registry
	Version  string
	// Runs is the folder in which the run's folder is made; default DefaultRuns.
	Runs string
	// Seed is where everything random comes from.
	Seed uint64
	// StandIn is what connections are swapped to; nil for the plan's own targets.
	StandIn *standin.StandIn
	// Truth is a file in which the twin of a rehearsal writes down what really happened; empty: nowhere.
	Truth string
	// Clocks is how far the clocks of a rehearsal's targets are ahead of the true time; a target that is not in it has the true time.
	Clocks map[string]time.Duration
	// API and Errors are what the management API of a rehearsal's twin is like: see twin.Config.
	API    int
	Errors api.Shape
	// RealTime rehearses over loopback in real time instead of in a bubble.
	RealTime bool
	// Bubble runs a function in virtual time; virtual.Run, or a test's own bubble.
	Bubble func(func())
	// Watchers get every event, in order.
	Watchers []event.Sink
	// Samples gets every sample, for a live display; may be nil.
	Samples func(signal.Sample)
	// Interrupts counts requests to stop; it is polled. Nil: none.
	Interrupts func() int
	// ReadFile reads files that the plan names; nil: from the plan's folder.
	ReadFile func(name string) ([]byte, error)
	openFile func(name string) (providers.File, error)
	Log      hclog.Logger
	// Redactor takes secrets out of everything that is written; may be nil.
	Redactor *value.Redactor
	// KillPoint is for fault tests: called at each point of a deed's life.
	KillPoint func(step string, p event.Phase)
	// Commands is for fault tests: called before and after every script on a machine.
	Commands func(place, script, when string)
	// Requests is for fault tests: called before and after every request that changes something at a target.
	Requests func(target, what, when string)
	// Journalled is for fault tests: called before and after each event is written to the journal.
	Journalled func(e event.Event, when string)
	// Lease is how long leases are; the zero value is exec.DefaultLease.
	Lease exec.LeaseTimes
}

// Result is a run that has ended.
type Result struct {
	Outcome exec.Outcome
	Folder  Folder
	// ReportErr is what went wrong while writing the reports and the trace.
	ReportErr error
}

// surroundings are what differs between the kinds of run: where connections lead and who locks.
type surroundings struct {
	reached
	plan     *plan.Plan // with its connections
	readFile func(string) ([]byte, error)
	openFile func(string) (providers.File, error) // nil: files are read
	standIn  string                               // folder
	virtual  bool
	mode     string
}

// prepare makes the run's folder and plan.json.
func (q *Request) prepare() (Folder, error) {
	if q.Runs == "" {
		q.Runs = DefaultRuns
	}
	if q.Log == nil {
		q.Log = hclog.NewNullLogger()
	}
	if q.ReadFile == nil {
		folder := ""
		if q.Plan.Program != nil {
			folder = q.Plan.Program.Folder
		}
		q.ReadFile, q.openFile = readPlanFile(folder), load.Opener(folder)
	}
	f, err := NewFolder(q.Runs, NewID(time.Now()))
	if err != nil {
		return f, err
	}
	b, err := q.Plan.Encode()
	if err != nil {
		return f, fmt.Errorf("encode the plan: %w", err)
	}
	if err := os.WriteFile(f.File(PlanFile), b, 0o600); err != nil {
		return f, fmt.Errorf("write the plan: %w", err)
	}
	return f, nil
}

// run executes the plan in its surroundings. started is the wall-clock time to count from.
func (q *Request) run(ctx context.Context, f Folder, sur surroundings, started time.Time) (res Result, err error) {
	res.Folder = f
	release, err := f.claim()
	if err != nil {
		return res, err
	}
	defer release()
	jw, err := journal.Create(f.File(journal.FileName), f.ID)
	if err != nil {
		return res, err
	}
	defer func() { res.ReportErr = errors.Join(res.ReportErr, jw.Close()) }()
	var redact func([]byte) []byte
	if q.Redactor != nil {
		redact = q.Redactor.JSON
	}
	jw.Redact = redact
	log, err := newEventLog(f.File(EventsFile), redact)
	if err != nil {
		return res, err
	}
	tw, err := trace.Create(f.File(trace.FileName))
	if err != nil {
		return res, err
	}
	if q.Redactor != nil {
		tw.Redact = q.Redactor.String
	}
	start := time.Now()
	bus := event.NewBus(start, started, seen(jw, q.Journalled), append([]event.Sink{log}, q.Watchers...)...)
	closed := false
	shut := func() {
		if !closed {
			closed = true
			res.ReportErr = errors.Join(append(bus.Close(), tw.Close())...)
		}
	}
	defer shut()
	err = bus.Emit(&event.RunStarted{
		Run: f.ID, Mode: sur.mode, Plan: q.Plan.Name, Digest: q.Plan.Digest, Version: q.Version, Seed: q.Seed,
		StandIn: sur.standIn, User: Who(), PID: os.Getpid(), Started: started, Virtual: sur.virtual,
	})
	if err != nil {
		return res, err
	}
	env := sur.lend(providers.Env{
		Conceal: q.conceal, Request: q.Requests, Run: f.ID, Log: q.Log, Secret: secretsOf(sur.secrets, q.Plan), ReadFile: sur.readFile, OpenFile: sur.openFile,
	})
	guards := sur.locks
	if sur.machines {
		pool := openHosts(sur.reached, env, q.Commands)
		defer func() { res.ReportErr = errors.Join(res.ReportErr, pool.Close()) }()
		env.Machine = machinesOf(pool, sur.plan.Targets, q.Commands)
		guards = locked(sur.locks, newHostLocks(f.ID, sur.plan, env.Machine))
	}
	late := lateness
	if sur.virtual {
		late = 0
	}
	res.Outcome, err = exec.Run(ctx, exec.Options{
		Lateness: late,
		Plan:     sur.plan, Registry: q.Registry, Bus: bus, Start: start, Seed: q.Seed,
		Trace:     trace.NewStore(samples{tw, q.Samples}),
		Env:       env,
		Scratch:   f.Path,
		Keep:      func(name string) (io.WriteCloser, error) { return newKept(f.File(name), redact) },
		Rehearsal: sur.mode == "rehearse", StandIn: sur.standIn != "", Interrupts: q.Interrupts, Approval: f.Answer, Locks: guards, KillPoint: q.KillPoint, Lease: q.Lease,
	})
	shut()
	return res, err
}

// lateness is how long an answer may be on its way from a poll to the loop of the run in real time. That takes
// microseconds, and as long as a slow disk takes to flush the journal while something is recorded.
const lateness = 250 * time.Millisecond

// seen is a journal whose writes a test sees, before and after; nil: nobody does.
func seen(jw *journal.Writer, around func(e event.Event, when string)) event.Sink {
	if around == nil {
		return jw
	}
	return seenJournal{jw, around}
}

type seenJournal struct {
	*journal.Writer
	around func(e event.Event, when string)
}

// Accept implements event.Sink.
func (s seenJournal) Accept(e event.Event) error {
	s.around(e, "before")
	defer s.around(e, "after")
	return s.Writer.Accept(e)
}

// conceal tells the redactor of a secret that came from a file or a command.
func (q *Request) conceal(secret string) {
	if q.Redactor != nil {
		q.Redactor.Add(secret)
	}
}

// samples writes the trace and feeds a live display.
type samples struct {
	*trace.Writer
	live func(signal.Sample)
}

func (s samples) Sample(x signal.Sample) error {
	if s.live != nil {
		s.live(x)
	}
	return s.Writer.Sample(x)
}
