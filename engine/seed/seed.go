// Package seed puts records in: at the times that were fixed at the start, whatever the service does, and writes
// down what became of each.
//
// It knows no protocol (providers.Inlet does) and judges nothing (engine/audit does).
package seed

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// Options are what a seed needs.
type Options struct {
	Spec    program.Seed
	Step    string // address
	RunSeed uint64
	// Start is when the run started: all times of the ledger count from it.
	Start time.Time
	// Folder is what a relative file name means; empty: the working folder.
	Folder string
	// Ledger is written; engine/audit reads it. It was made with NewLedger.
	Ledger *measure.Ledger
	// Inlet opens the endpoint at a target. It is called once a target, when the first batch for it leaves, and
	// again after an error.
	Inlet func(ctx context.Context, target string) (providers.Inlet, error)
	// Check is asked of each record before it leaves, by its number; an error ends what is sent: nothing of its request leaves, then or
	// later. May be nil. It is called concurrently.
	Check func(target string, number int64, record json.RawMessage) error
	// Report receives live signals: sent, acked, rejected, indeterminate, unsent, resent, rate, latency. It is
	// called from one goroutine at a time and must not block. May be nil.
	Report func(Sample)
	// Routed is told that records go to another target from now on. May be nil.
	Routed func(from, to, reason string)
	// Stop, when closed, ends the seed early: nothing more becomes due, what is on its way is waited for. May be
	// nil.
	Stop <-chan struct{}
}

// Sample is the value of a live signal at an instant.
type Sample struct {
	Attr  string
	Value signal.Value
	At    time.Time
}

// Result is what a finished seed counted.
type Result struct {
	measure.Counts
	// First and Last are the first and the last due time, since run.started.
	First, Last time.Duration
	// Latency is that of all records.
	Latency Latency
	// Stopped says that it was ended early.
	Stopped bool
}

// NewLedger returns the ledger for a seed, to be given to Run and to the audits.
// What need not stay in memory goes to scratch files in folder; "" is the system's folder for them.
func NewLedger(spec program.Seed, folder string) *measure.Ledger {
	return measure.NewLedger(spec.Targets, spec.Route == "mirror", folder)
}

// Run sends the records and returns when each has an outcome. An error means that the seed itself is wrong (its
// file cannot be read) or that ctx ended; a service that refuses is no error. The counts are right in any case.
func Run(ctx context.Context, opt Options) (Result, error) {
	src, err := open(opt)
	if err != nil {
		return Result{}, err
	}
	s := newSender(opt, src)
	again := func() (measure.Source, error) { return src.again(s.when()), nil }
	if err := opt.Ledger.Begin(measure.NewIDs(opt.RunSeed, opt.Step), src.identity, again); err != nil {
		return Result{}, errors.Join(err, src.close())
	}
	err = s.run(ctx)
	return s.result(), errors.Join(err, src.close(), opt.Ledger.Err())
}
