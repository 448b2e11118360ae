package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/seed"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
)

const (
	// fitSamples is how many records of a seed are held against what an endpoint says of them.
	fitSamples = 32
	// fitSoon is how soon that is tried again while the endpoint is not there yet, twice as late each time up to fitLate,
	// and fitTries how many times.
	fitSoon  = 100 * time.Millisecond
	fitLate  = time.Second
	fitTries = 300
)

// fitter is the feed of a seed that can look at endpoints, with its arguments and first records; ok is false where there is
// nothing to look at. A file that cannot be read is the seed's own to tell.
func (r *run) fitter(st *step, args json.RawMessage) (f providers.Fitter, full json.RawMessage, records []json.RawMessage, ok bool) {
	typ, _, found := r.opt.Registry.Seed(st.Type)
	if !found || typ.New == nil || st.Seed == nil {
		return nil, nil, nil, false
	}
	f, ok = typ.New(r.env).(providers.Fitter)
	if !ok {
		return nil, nil, nil, false
	}
	records, err := seed.First(*st.Seed, r.opt.Seed, st.Address, r.plan.Program.Folder, r.start, fitSamples)
	return f, flowArgs(args, st.Seed.Job), records, err == nil && len(records) > 0
}

// fits holds a seed's first records against what its endpoints say of them, as far as they are there before the run.
func (r *run) fits(ctx context.Context, st *step) []providers.Finding {
	if st.Seed == nil || st.Late != nil {
		return nil
	}
	f, args, records, ok := r.fitter(st, st.Args)
	if !ok {
		return nil
	}
	var out []providers.Finding
	for _, t := range st.Seed.Targets {
		found, _, _ := f.Fit(ctx, t, args, records)
		out = append(out, found...)
	}
	return out
}

// watchFit does so while the seed runs, for each target as soon as the endpoint is there, and gives the seed up where
// its first records do not fit; of the others checks then knows. It delays nothing. The caller waits for the group after it has ended ctx.
func (r *run) watchFit(ctx context.Context, giveUp context.CancelCauseFunc, wg *sync.WaitGroup, checks *checks, st *step, args json.RawMessage) {
	f, args, records, ok := r.fitter(st, args)
	if !ok {
		return
	}
	for _, t := range st.Seed.Targets {
		wg.Go(func() {
			pause := fitSoon
			for range fitTries {
				found, check, known := f.Fit(ctx, t, args, records)
				if known {
					checks.learnt(t, check)
					r.fitted(giveUp, st, found)
					return
				}
				wait := time.NewTimer(pause)
				pause = min(2*pause, fitLate)
				select {
				case <-wait.C:
				case <-ctx.Done():
					wait.Stop()
					return
				}
			}
		})
	}
}

// fitted takes what was found of a target.
func (r *run) fitted(giveUp context.CancelCauseFunc, st *step, found []providers.Finding) {
	if bad := problems(found); len(bad) > 0 {
		giveUp(errors.New(strings.Join(bad, "; ")))
		return
	}
	for _, n := range found {
		r.post(func() {
			_ = r.emit(&event.Noted{Level: "info", Subject: st.Address, Text: n.Subject + ": " + n.Text})
		})
	}
}

// checks are what is known of the endpoints of a seed, by target. The zero value knows nothing.
type checks struct {
	by     sync.Map // of providers.Check
	giveUp context.CancelCauseFunc
}

// learnt takes what is known of a target's endpoint; nil is nothing.
func (c *checks) learnt(target string, check providers.Check) {
	if check != nil {
		c.by.Store(target, check)
	}
}

// record holds a record against what is known of the endpoint that it is about to be sent to, and gives the seed up where it does
// not fit.
func (c *checks) record(target string, number int64, record json.RawMessage) error {
	check, ok := c.by.Load(target)
	if !ok {
		return nil
	}
	err := check.(providers.Check)(record) //nolint:forcetypeassert // nothing else is stored
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: record %d %w; it was not sent (correct `record` or the file; or write `check_record = false` where the description is wrong) [%s]", target, number, err, diag.RecordMisfit)
	c.giveUp(err)
	return err
}
