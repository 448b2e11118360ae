package exec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/audit"
	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/engine/measure"
	"github.com/xdc-project/xdc/engine/seed"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// progressEvery is how often the running counts of seeds and audits become events.
const progressEvery = time.Second

// auditing is an audit under way.
type auditing struct {
	audit   *audit.Audit
	closing bool
}

// seed opens the audits of a seed, so that no record leaves before somebody looks for it, and then sends.
func (r *run) seed(st *step, args json.RawMessage) {
	st.ledger = seed.NewLedger(*st.Seed, r.opt.Scratch)
	audits := r.audits[st.Address]
	for _, a := range audits {
		if a.state == event.Pending && !a.began {
			a.audit = &auditing{}
			r.opened = append(r.opened, a)
			r.starts(a)
		}
	}
	r.starts(st)
	r.body(st, 0, func(ctx context.Context) {
		if err := r.openAudits(ctx, st, audits); err != nil {
			r.failed(st, err, nil)
			return
		}
		ctx, giveUp := context.WithCancelCause(ctx)
		var looking sync.WaitGroup
		known := &checks{giveUp: giveUp}
		r.watchFit(ctx, giveUp, &looking, known, st, args)
		opt := r.seedOptions(st, args)
		opt.Check = known.record
		res, err := seed.Run(ctx, opt)
		gone := context.Cause(ctx)
		giveUp(nil)
		looking.Wait()
		results := map[string]any{
			"sent": float64(res.Sent), "acked": float64(res.Acked), "rejected": float64(res.Rejected),
			"indeterminate": float64(res.Indeterminate), "unsent": float64(res.Unsent), "resent": float64(res.Resent),
		}
		latencyAttrs(results, res.Latency)
		if err != nil {
			if gone != nil {
				err = gone
			}
			r.failed(st, err, results)
			return
		}
		r.done(st, results)
	})
}

// latencyAttrs adds the latencies of a seed's records. Without an upper bound there is only the lower one.
func latencyAttrs(m map[string]any, l seed.Latency) {
	if l.Records == 0 {
		return
	}
	for name, b := range map[string]seed.Bounds{"latency_p50": l.P50, "latency_p90": l.P90, "latency_p99": l.P99, "latency_max": l.Max} {
		m[name+"_low"] = b.Low.Seconds()
		if b.High != measure.Endless {
			m[name], m[name+"_high"] = b.High.Seconds(), b.High.Seconds()
		}
	}
}

// flowArgs are the arguments of a seed or audit with the job they are about.
func flowArgs(args json.RawMessage, job string) json.RawMessage {
	var m map[string]json.RawMessage
	if len(args) > 0 && json.Unmarshal(args, &m) != nil {
		return args
	}
	if m == nil {
		m = map[string]json.RawMessage{}
	}
	if j, ok := m["job"]; (!ok || string(j) == "null" || string(j) == `""`) && job != "" {
		m["job"], _ = json.Marshal(job) // a string always encodes
	}
	out, err := json.Marshal(m)
	if err != nil {
		return args
	}
	return out
}

func (r *run) seedOptions(st *step, args json.RawMessage) seed.Options {
	typ, _, _ := r.opt.Registry.Seed(st.Type)
	feed := typ.New(r.env)
	args = flowArgs(args, st.Seed.Job)
	last := map[string]int64{}
	shown := -progressEvery
	return seed.Options{
		Spec: *st.Seed, Step: st.Address, RunSeed: r.opt.Seed, Start: r.start, Ledger: st.ledger,
		Folder: r.plan.Program.Folder,
		Inlet: func(ctx context.Context, target string) (providers.Inlet, error) {
			return feed.Inlet(ctx, target, args)
		},
		Report: func(s seed.Sample) {
			at := r.since(s.At)
			r.post(func() {
				r.sample(signal.Sample{Signal: st.Address + "." + s.Attr, Value: s.Value, Low: at, High: at})
				if s.Value.Kind == signal.Number && s.Attr != "rate" {
					last[s.Attr] = int64(s.Value.Num)
					if at-shown >= progressEvery {
						shown = at
						r.progress(st, last)
					}
				}
			})
		},
		Routed: func(from, to, reason string) {
			_ = r.emit(&event.Routed{Step: st.Address, From: from, To: to, Reason: reason})
		},
	}
}

func (r *run) progress(st *step, counts map[string]int64) {
	c := make(map[string]int64, len(counts))
	maps.Copy(c, counts)
	_ = r.emit(&event.Progress{Step: st.Address, Counts: c})
}

// openAudits opens the readers of every audit of a seed.
func (r *run) openAudits(ctx context.Context, st *step, audits []*step) error {
	typ, _, ok := r.opt.Registry.Seed(st.Type)
	if !ok {
		return fmt.Errorf("no provider has the seed %q", st.Type)
	}
	for _, a := range audits {
		if a.audit == nil || a.audit.audit != nil {
			continue
		}
		feed := typ.New(r.env)
		args := flowArgs(a.Args, st.Seed.Job)
		shown := -progressEvery
		opened, err := audit.Open(ctx, audit.Options{
			Spec: *a.Audit, Step: a.Address, RunSeed: r.opt.Seed, Start: r.start, Ledger: st.ledger,
			Outlet: func(ctx context.Context, target string) (providers.Outlet, error) {
				return feed.Outlet(ctx, target, args)
			},
			Poll: pollOf(args), Exceptions: r.exceptions(a.Address),
			Report: func(s audit.Sample) {
				at := r.since(s.At)
				r.post(func() {
					r.sample(signal.Sample{Signal: a.Address + "." + s.Attr, Value: s.Value, Low: at, High: at})
					if at-shown >= progressEvery {
						shown = at
						r.progress(a, map[string]int64{s.Attr: int64(s.Value.Num)})
					}
				})
			},
		})
		if err != nil {
			return fmt.Errorf("open %s: %w", a.Address, err)
		}
		set := make(chan struct{})
		r.post(func() {
			a.audit.audit = opened
			close(set)
		})
		<-set
	}
	return nil
}

// exceptions returns what makes the file for an audit's list of exceptions, if files are kept.
func (r *run) exceptions(step string) func() (io.WriteCloser, string, error) {
	if r.opt.Keep == nil {
		return nil
	}
	return func() (io.WriteCloser, string, error) {
		name := "exceptions-" + fileName(step) + ".jsonl"
		w, err := r.opt.Keep(name)
		return w, name, err
	}
}

// fileName is a step's address as it can be part of a file's name on every system. Where it has to be changed, a digest
// keeps it apart from others.
func fileName(step string) string {
	plain := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-' {
			return c
		}
		return '_'
	}, step)
	if plain == step && len(step) < 100 {
		return step
	}
	sum := sha256.Sum256([]byte(step))
	return plain[:min(len(plain), 100)] + "-" + hex.EncodeToString(sum[:4])
}

// closeLedgers removes what seeds put aside.
func (r *run) closeLedgers() {
	for _, st := range r.order {
		if st.ledger == nil {
			continue
		}
		if err := st.ledger.Close(); err != nil {
			r.warn(st.Address, "a scratch file could not be removed: "+err.Error())
		}
	}
}

// pollOf reads the poll interval that an audit's provider part states; zero leaves it to the audit.
func pollOf(args json.RawMessage) time.Duration {
	var a struct {
		Poll string `json:"poll_interval"`
	}
	if json.Unmarshal(args, &a) != nil {
		return 0
	}
	d, err := time.ParseDuration(a.Poll)
	if err != nil {
		return 0
	}
	return d
}

// maybeCloseAudits closes every audit whose seed is finished, whose own dependencies are, and since whose opening
// every fault has healed.
func (r *run) maybeCloseAudits() {
	for _, st := range slices.Clone(r.opened) {
		if st.audit.closing || st.state != event.Running {
			r.opened = slices.DeleteFunc(r.opened, func(o *step) bool { return o == st })
			continue
		}
		seedStep := r.steps[st.Audit.SeedAt]
		if seedStep == nil || !seedStep.state.Finished() || !r.needsMet(st) || r.faultsOpen(st.startedAt) {
			continue
		}
		st.audit.closing = true
		if st.audit.audit == nil {
			r.finish(st, event.Failed, "its readers were never open", nil)
			continue
		}
		r.closeAudit(st)
	}
}

// closeAudit waits until an audit's sinks are quiet and closes it, unless a fault has begun meanwhile: then the audit goes on, until
// that has healed too.
func (r *run) closeAudit(st *step) {
	begun := r.begun
	r.work.Go(func() {
		ctx, cancel := r.untilGivenUp(context.Background())
		defer cancel()
		why := st.audit.audit.Settle(ctx, st.Timeout.D())
		givenUp := ctx.Err() != nil
		r.post(func() {
			if r.begun != begun && !givenUp {
				st.audit.closing = false
				if !slices.Contains(r.opened, st) {
					r.opened = append(r.opened, st)
				}
				r.maybeCloseAudits()
				return
			}
			faults := r.auditFaults()
			r.work.Go(func() {
				got := st.audit.audit.Finish(why, faults)
				r.post(func() { r.audited(st, got) })
			})
		})
	})
}

// needsMet reports whether what an audit depends on is finished one way or the other. None of it delays its opening.
func (r *run) needsMet(st *step) bool {
	for _, n := range st.Needs {
		from := r.steps[n.Step.String()]
		if from == nil || from.came(n.Point) || from.state.Finished() {
			continue
		}
		return false
	}
	return true
}

// faultsOpen reports whether any fault that was begun since an instant is in force or on its way in or out.
func (r *run) faultsOpen(since time.Duration) bool {
	for st := range r.faults {
		if st.startedAt >= since {
			return true
		}
	}
	return false
}

func (r *run) auditFaults() []audit.Fault {
	var out []audit.Fault
	for _, l := range r.injected {
		if l.bit {
			out = append(out, audit.Fault{Injected: l.injected, Healed: l.restored})
		}
	}
	return out
}

// audited records the classes.
func (r *run) audited(st *step, a event.Audit) {
	_ = r.emit(&event.Audited{Step: st.Address, Audit: a})
	results := auditAttrs(a.Total)
	at := map[string]any{}
	for t, c := range a.At {
		at[t] = auditAttrs(c)
	}
	results["at"] = at
	r.finish(st, event.Done, "", results)
}

// auditAttrs are the attributes of an audit. What is inconclusive may be lost too: it is the upper bound.
func auditAttrs(c event.AuditCounts) map[string]any {
	m := map[string]any{
		"delivered": float64(c.Delivered), "once": float64(c.Once), "duplicated": float64(c.Duplicated),
		"duplicated_across": float64(c.DuplicatedAcross), "reordered": float64(c.Reordered),
		"corrupted": float64(c.Corrupted), "unexpected": float64(c.Unexpected), "inconclusive": float64(c.Inconclusive),
		"lost": float64(c.Lost), "lost_low": float64(c.Lost), "lost_high": float64(c.Lost + c.Inconclusive),
		"lost_percent": c.LostPercent, "lost_percent_low": c.LostPercent, "lost_percent_high": c.LostPercent,
	}
	if c.Acked > 0 {
		m["lost_percent_high"] = float64(c.Lost+c.Inconclusive) / float64(c.Acked)
	}
	for name, n := range map[string]int64{
		"lost_in_flight": c.Causes.InFlight, "lost_during_fault": c.Causes.DuringFault, "lost_passed_over": c.Causes.PassedOver,
	} {
		m[name], m[name+"_low"], m[name+"_high"] = float64(n), float64(n), float64(n+c.Causes.Unknown+c.Inconclusive)
	}
	m["lost_unknown"], m["evicted"] = float64(c.Causes.Unknown), float64(c.Causes.Evicted)
	for name, b := range map[string]*event.Bounds{"rpo": c.RPO, "outage": c.Outage} {
		if b != nil {
			m[name], m[name+"_low"], m[name+"_high"] = b.High, b.Low, b.High
		} else if name == "rpo" {
			m[name] = 0.0
		}
	}
	for name, ok := range map[string]*bool{
		"exactly_once": c.Checks.ExactlyOnce, "at_least_once": c.Checks.AtLeastOnce,
		"at_most_once": c.Checks.AtMostOnce, "ordered_by_key": c.Checks.OrderedByKey,
		"monotone_state": c.Checks.MonotoneState, "no_resurrection": c.Checks.NoResurrection,
	} {
		if ok != nil {
			m[name] = *ok
		}
	}
	return m
}
