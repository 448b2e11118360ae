package exec

import (
	"context"
	"slices"
	"sync"

	"github.com/xdc-project/xdc/providers"
)

// Examination is everything that a look at the targets of a plan found, good and bad.
type Examination struct {
	Findings []providers.Finding `json:"findings"`
	// Claims are what can be said of assumptions about the platform, by target.
	Claims map[string][]providers.Claim `json:"claims,omitempty"`
}

// OK reports whether nothing is in the way.
func (e Examination) OK() bool {
	return !slices.ContainsFunc(e.Findings, func(f providers.Finding) bool { return !f.OK })
}

// Examine looks at all that a plan drives, watches or acts on, touching nothing: every session, every host of every
// target, every step that can be prepared before the run. Unlike Preflight it goes on after what is in the way, and
// says what is well. With assumptions it also looks which assumptions about the platform hold.
func Examine(ctx context.Context, opt Options, assumptions bool) Examination {
	r := newRun(opt)
	defer r.closeSessions()
	ctx, cancel := context.WithTimeout(ctx, preflightLimit)
	defer cancel()
	keys := r.connections()
	places := r.hosts()
	sessions := make([][]providers.Finding, len(keys))
	machines := make([][]providers.Finding, len(places))
	claims := make([][]providers.Claim, len(keys))
	var wg sync.WaitGroup
	for i, k := range keys {
		wg.Go(func() {
			s, err := r.env.Session(k[0], k[1])
			if err != nil {
				sessions[i] = []providers.Finding{{Subject: k[0] + " " + k[1], Text: err.Error()}}
				return
			}
			sessions[i] = examine(ctx, s)
			if a, ok := s.(providers.Assumer); ok && assumptions && allWell(sessions[i]) {
				claims[i] = a.Assume(ctx)
			}
		})
	}
	for i, p := range places {
		wg.Go(func() {
			m, err := r.env.Machine(p)
			if err != nil {
				machines[i] = []providers.Finding{{Subject: p.String(), Text: err.Error()}}
				return
			}
			machines[i] = examine(ctx, m)
		})
	}
	wg.Wait()
	out := Examination{Findings: slices.Concat(slices.Concat(sessions...), slices.Concat(machines...)), Claims: map[string][]providers.Claim{}}
	for i, k := range keys {
		out.Claims[k[0]] = append(out.Claims[k[0]], claims[i]...)
	}
	out.Findings = append(out.Findings, r.conclusions(ctx)...)
	unwell := !out.OK()
	for _, st := range r.order {
		if r.leftOut(st) == "" && !unwell {
			out.Findings = append(out.Findings, r.fits(ctx, st)...)
		}
		if r.leftOut(st) != "" || !r.prepared(st) || unwell && len(st.Description.Places) > 0 {
			continue // what is in the way of its place was said
		}
		f := providers.Finding{Subject: st.Address, OK: true, Text: "could be done"}
		lines, err := r.preflightStep(ctx, st)
		if err != nil {
			f.OK, f.Text = false, err.Error()
		}
		out.Findings = append(append(out.Findings, f), findingsOf(st, lines)...)
	}
	return out
}

// examine asks whatever can be asked for what it is, and more where nothing is wrong.
func examine(ctx context.Context, what any) []providers.Finding {
	var out []providers.Finding
	if c, ok := what.(providers.Checker); ok {
		out = c.Check(ctx)
	}
	if e, ok := what.(providers.Examiner); ok && allWell(out) {
		out = append(out, e.Examine(ctx)...)
	}
	return out
}

func allWell(fs []providers.Finding) bool { return Examination{Findings: fs}.OK() }

// hosts are the places of all hosts of all targets; none where there are no machines.
func (r *run) hosts() []providers.Place {
	if r.env.Machine == nil {
		return nil
	}
	var out []providers.Place
	for _, t := range r.plan.Targets {
		for _, h := range t.Hosts {
			out = append(out, providers.Place{Target: t.Name, Host: h.Name})
		}
	}
	return out
}

// prepared reports whether a step is one that preflight looks at.
func (r *run) prepared(st *step) bool {
	switch {
	case st.Late != nil:
		return false
	case st.Fault != nil:
		return len(st.Description.Jobs) == 0
	case st.Action != nil:
		return st.Action.Approve == nil
	case st.Job != nil:
		return st.Job.Launched == ""
	}
	return false
}
