package exec

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/engine/event"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// observe starts one goroutine for each session that can look at its target. They look until ctx ends: from
// before the first step to after the last heal.
func (r *run) observe(ctx context.Context) {
	for _, k := range r.connections() {
		s, err := r.env.Session(k[0], k[1])
		if err != nil {
			r.warn(k[0], "it is not observed through "+k[1]+": "+err.Error())
			continue
		}
		if o, ok := s.(providers.Observer); ok {
			r.watch.Add(1)
			go r.observeOne(ctx, k[0], k[1], o)
		}
	}
}

func (r *run) observeOne(ctx context.Context, target, provider string, o providers.Observer) {
	defer r.watch.Done()
	every := max(o.Interval(), 10*time.Millisecond)
	// Rounds of different sessions must not coincide, and must be the same for the same seed.
	if pause(ctx, phase(r.opt.Seed, target+"/"+provider, min(every/8, 50*time.Millisecond))) != nil {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var told struct {
		trouble string
		at      time.Duration
	}
	idle := every
	if i, ok := o.(providers.Idler); ok {
		idle = max(i.IdleInterval(), every)
	}
	for {
		began := r.now()
		promised := every // until the next round, at the latest
		if !r.attend.close(began) {
			promised = idle
		}
		err := o.Observe(ctx, func(rd providers.Reading) {
			r.post(func() { r.reading(target, rd, promised) })
		})
		if ctx.Err() != nil {
			return
		}
		if err != nil || provider == r.reachProvider() {
			reach := signal.Sample{
				Signal: target + ".reachable", Value: signal.BoolVal(err == nil), Low: began, High: r.now(), ValidFor: 3*promised + r.now() - began,
			}
			if err != nil {
				reach.Evidence = err.Error()
			}
			if provider == r.reachProvider() {
				r.post(func() { r.sample(reach) })
			}
		}
		now := r.trouble(err, provider)
		if (now == "") != (told.trouble == "") || now != told.trouble && r.now() >= told.at+troubleEvery {
			told.trouble, told.at = now, r.now()
			r.post(func() { r.tell(target+" "+provider, now) })
		}
		if !r.untilNextRound(ctx, tick.C, began+promised-every/2) {
			return
		}
	}
}

// untilNextRound waits for the first tick after an instant, or for the next one once something rests on what is seen.
// Rounds thus keep to the same ticks, close or not, so that what is seen does not depend on when that changed.
func (r *run) untilNextRound(ctx context.Context, tick <-chan time.Time, at time.Duration) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick:
			if now := r.now(); now >= at || r.attend.close(now) {
				return true
			}
		}
	}
}

// troubleEvery is how often a session that cannot observe says why at most, as long as it cannot.
const troubleEvery = time.Minute

// trouble is what keeps a session from observing, to be said once. What manages jobs says it by its reach instead.
func (r *run) trouble(err error, provider string) string {
	if err == nil || provider == r.reachProvider() {
		return ""
	}
	return err.Error()
}

// tell says what keeps a session from observing, or that nothing does any more.
func (r *run) tell(subject, trouble string) {
	if trouble != "" {
		r.warn(subject, trouble)
		return
	}
	_ = r.emit(&event.Noted{Level: "info", Subject: subject, Text: "it is observed again"})
}

// reachProvider is the provider whose polls say whether a target can be reached: the one that manages its jobs.
func (r *run) reachProvider() string {
	if p := r.opt.Registry.Jobs(); p != nil {
		return p.Name
	}
	return ""
}

// phase is a duration in (0, most], fixed by the run's seed and a name.
func phase(seed uint64, name string, most time.Duration) time.Duration {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), name...))
	return 1 + time.Duration(binary.BigEndian.Uint64(sum[:8])%uint64(max(most, 1)))
}

// reading turns a provider's reading into a sample of the run.
func (r *run) reading(target string, rd providers.Reading, every time.Duration) {
	valid := max(rd.ValidFor, 3*every)
	s := signal.Sample{
		Signal: target + "." + rd.Path, Value: rd.Value, Low: max(r.since(rd.Low), 0), High: r.since(rd.High),
		ValidFor: valid, Evidence: rd.Evidence,
	}
	r.take(s, rd.News)
	seen := []signal.Sample{s}
	for _, inf := range r.infer[target] {
		for _, c := range inf.Infer(s) {
			if c.ValidFor == 0 {
				c.ValidFor = valid
			}
			r.sample(c)
			seen = append(seen, c)
		}
	}
	for _, o := range r.overviews {
		for _, s := range seen {
			for _, c := range o.Infer(s) {
				r.sample(c)
			}
		}
	}
}

// sample takes an observation into the trace, tells those who wait for it, and says so when it is news.
func (r *run) sample(s signal.Sample) { r.take(s, false) }

// take is sample; news are numbers whose changes are to be said.
func (r *run) take(s signal.Sample, news bool) {
	if s.Value.IsNaN() {
		return
	}
	s = r.opt.Trace.Push(s)
	if news || !s.Value.Kind.Numeric() { // numbers change all the time
		old, ok := r.seen[s.Signal]
		r.seen[s.Signal] = s
		if !ok || old.Value != s.Value {
			_ = r.emit(&event.Changed{Signal: s.Signal, From: old.Value, To: s.Value, Evidence: s.Evidence, Strength: s.Strength, After: old.Low, By: s.High})
		}
	}
	r.watchers.touch(s.Signal)
	r.watchers.run(r.at)
}

func (r *run) warn(subject, text string) {
	_ = r.emit(&event.Noted{Level: "warning", Subject: subject, Text: text})
}

func quote(s string) string { return strconv.Quote(s) }

// preflight looks whether the plan can run at all, touching nothing: every session, every mechanism, every
// action. All that is wrong is reported at once.
func (r *run) preflight(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, preflightLimit)
	defer cancel()
	var bad []string
	for _, k := range r.connections() {
		s, err := r.env.Session(k[0], k[1])
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		c, ok := s.(providers.Checker)
		if !ok {
			continue
		}
		bad = append(bad, problems(c.Check(ctx))...)
	}
	bad = append(bad, r.preflightHosts(ctx)...)
	for _, st := range r.order {
		if len(bad) > 0 && len(st.Description.Places) > 0 {
			continue // what is in the way of its place was said
		}
		if r.leftOut(st) != "" {
			continue
		}
		lines, err := r.preflightStep(ctx, st)
		if err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", st.Address, err))
		}
		r.looked = append(r.looked, findingsOf(st, lines)...)
		for _, f := range r.fits(ctx, st) {
			if f.OK {
				r.looked = append(r.looked, providers.Finding{Subject: st.Address, OK: true, Text: f.Subject + ": " + f.Text})
				continue
			}
			bad = append(bad, st.Address+": "+strings.Join(problems([]providers.Finding{f}), ""))
		}
	}
	if len(bad) > 0 {
		return &PreflightError{Findings: bad}
	}
	return nil
}

// preflightHosts looks at every machine on which a step acts, once, all at the same time.
func (r *run) preflightHosts(ctx context.Context) []string {
	if r.env.Machine == nil {
		return nil
	}
	var places []providers.Place
	for _, st := range r.order {
		for _, p := range st.Description.Places {
			if p.Host != "" && (st.Fault != nil || st.Action != nil) && !slices.Contains(places, p) {
				places = append(places, p)
			}
		}
	}
	found := make([][]string, len(places))
	var wg sync.WaitGroup
	for i, p := range places {
		wg.Go(func() {
			m, err := r.env.Machine(p)
			if err != nil {
				found[i] = []string{err.Error()}
				return
			}
			if c, ok := m.(providers.Checker); ok {
				found[i] = problems(c.Check(ctx))
			}
		})
	}
	wg.Wait()
	return slices.Concat(found...)
}

// problems are the findings that are in the way, each in one line.
func problems(findings []providers.Finding) []string {
	var out []string
	for _, f := range findings {
		if f.OK {
			continue
		}
		line := f.Subject + ": " + f.Text
		if f.Remedy != "" {
			line += " (" + f.Remedy + ")"
		}
		if f.Code != "" {
			line += " [" + string(f.Code) + "]"
		}
		out = append(out, line)
	}
	return out
}

// PreflightError lists everything that keeps the run from starting.
type PreflightError struct{ Findings []string }

func (e *PreflightError) Error() string {
	if len(e.Findings) == 1 {
		return "preflight: " + e.Findings[0]
	}
	var out strings.Builder
	fmt.Fprintf(&out, "preflight found %d problems:", len(e.Findings))
	for _, f := range e.Findings {
		out.WriteString("\n  - " + f)
	}
	return out.String()
}

// findingsOf are what a step's preparation found, as findings.
func findingsOf(st *step, lines []providers.Line) []providers.Finding {
	out := make([]providers.Finding, len(lines))
	for i, l := range lines {
		out[i] = providers.Finding{Subject: st.Address, OK: true, Text: lineWords(l)}
	}
	return out
}

func lineWords(l providers.Line) string {
	if l.Place == "" {
		return l.Text
	}
	return l.Place + ": " + l.Text
}

// preflightStep prepares what does not depend on a job or a result of this run, and returns what people should see of
// what it found.
func (r *run) preflightStep(ctx context.Context, st *step) ([]providers.Line, error) {
	if st.Late != nil {
		return nil, nil
	}
	id := providers.StepID{Run: r.env.Run, Step: st.Address}
	switch {
	case st.Fault != nil && len(st.Description.Jobs) == 0:
		typ, _, ok := r.opt.Registry.Fault(st.Type)
		if !ok {
			return nil, fmt.Errorf("no provider has the fault %q", st.Type)
		}
		deed := typ.New(r.env)
		h, err := deed.Prepare(ctx, id, firstArgs(st, deed, st.Args))
		if err != nil {
			return nil, err
		}
		cut, err := laterStages(ctx, st, id, deed)
		if cut && !h.CutOff {
			h.CutOff = true
			h.Found = append(h.Found, providers.Line{Text: "its last stage cuts the way by which xdc reaches the place: from its beginning on, the host's own timer heals; there is no renewal, and the lease is the whole duration"})
		}
		return h.Found, errors.Join(err, needsDuration(st, h))
	case st.Action != nil && st.Action.Approve == nil:
		typ, _, ok := r.opt.Registry.Action(st.Type)
		if !ok {
			return nil, fmt.Errorf("no provider has the action %q", st.Type)
		}
		if typ.Lasts != nil && typ.Lasts(st.Args) {
			h, err := typ.Deed(r.env).Prepare(ctx, id, st.Args)
			return h.Found, err
		}
		return nil, typ.New(r.env).Check(ctx, id, st.Args)
	case st.Job != nil && st.Job.Launched == "":
		h, err := r.opt.Registry.Jobs().Job(r.env).Prepare(ctx, id, st.Args)
		return h.Found, err
	}
	return nil, nil
}
