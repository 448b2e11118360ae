package streams

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// extra is a look that is made only where a condition names one of its signals; most cost requests of their own.
type extra struct {
	name  string
	named *regexp.Regexp // the signals
	jobs  bool           // it is of jobs, and there is nothing to see while the instance does not run
	look  func(s *Session, ctx context.Context, i rest.Instance, known []tracked, o observation) error
}

var extras = []extra{
	{"the domain", regexp.MustCompile(`^domain\.`), false, (*Session).lookDomain},
	{"the server's clock", regexp.MustCompile(`^clock_offset$`), false, (*Session).lookClock},
	{"the resources", regexp.MustCompile(`^resource\[`), false, (*Session).lookResources},
	{"the connections of PEs", regexp.MustCompile(`\.connection\[.*\]\.status$`), true, (*Session).lookConnections},
	{"the states of PEs", regexp.MustCompile(`\.pe\[.*\]\.(reason|required_connections|optional_connections)$`), true, (*Session).lookStates},
}

// wanted are the extra looks that the plan's conditions ask for.
func (s *Session) wanted() []extra {
	if s.env.Wanted == nil {
		return nil
	}
	var out []extra
	names := s.env.Wanted(s.target)
	for _, x := range extras {
		if slices.ContainsFunc(names, x.named.MatchString) {
			out = append(out, x)
		}
	}
	return out
}

// observeExtras makes the extra looks. One that is refused leaves its signals without samples and disturbs no other.
func (s *Session) observeExtras(ctx context.Context, i rest.Instance, known []tracked, jobs bool, emit func(providers.Reading)) {
	for _, x := range s.wanted() {
		if x.jobs != jobs {
			continue
		}
		o := observation{emit: emit, low: time.Now()}
		s.refused(x.name, x.look(s, ctx, i, known, o))
	}
}

// checkExtras says which looks that the plan's conditions need are refused.
func (s *Session) checkExtras(ctx context.Context, i rest.Instance) []providers.Finding {
	var out []providers.Finding
	for _, x := range s.wanted() {
		o := observation{emit: func(providers.Reading) {}, low: time.Now()}
		if err := x.look(s, ctx, i, nil, o); err != nil {
			out = append(out, providers.Finding{Subject: s.target + " streams", Text: fmt.Sprintf("conditions name signals of %s, which cannot be seen: %v", x.name, err)})
		}
	}
	return out
}

// refused notes once what keeps a look from being made, and that nothing does any more.
func (s *Session) refused(what string, err error) {
	if s.refusals == nil {
		s.refusals = map[string]bool{}
	}
	if was := s.refusals[what]; was == (err != nil) || s.env.Log == nil {
		return
	}
	if s.refusals[what] = err != nil; err != nil {
		s.env.Log.Warn(fmt.Sprintf("%s streams: %s: %v", s.target, what, err))
		return
	}
	s.env.Log.Info(fmt.Sprintf("%s streams: %s can be read again", s.target, what))
}

func (s *Session) lookDomain(ctx context.Context, i rest.Instance, _ []tracked, o observation) error {
	d, err := s.client.Domain(ctx, i)
	if err != nil {
		return err
	}
	o.high = time.Now()
	o.enum("domain.status", d.Status)
	return nil
}

// lookResources reads how the instance's resources fare. A resource has the names that the domain gives it.
func (s *Session) lookResources(ctx context.Context, i rest.Instance, _ []tracked, o observation) error {
	all, err := s.client.Allocations(ctx, i)
	if err != nil && !rest.NotFound(err) {
		return err
	}
	hosts, hostsErr := s.client.Resources(ctx)
	if err != nil && hostsErr != nil {
		return hostsErr
	}
	o.high = time.Now()
	seen := map[string]bool{}
	for _, a := range all {
		names := []string{a.Name()}
		for _, h := range hosts {
			if h.Is(a.Name()) {
				names = namesOf(h)
			}
		}
		for _, n := range names {
			seen[n] = true
			o.enum("resource["+strconv.Quote(n)+"].status", a.Status)
			o.enum("resource["+strconv.Quote(n)+"].scheduler_status", a.SchedulerStatus)
		}
	}
	for _, h := range hosts { // of those that the instance does not use, the domain says how they are
		for _, n := range namesOf(h) {
			if !seen[n] {
				o.enum("resource["+strconv.Quote(n)+"].status", h.Status)
			}
		}
	}
	return nil
}

// namesOf are the names by which a plan may know a resource.
func namesOf(h rest.Resource) []string {
	var out []string
	for _, n := range []string{string(h.ID), h.Name, h.DisplayName, h.IPAddress} {
		if n != "" && !strings.Contains(strings.Join(out, "\n")+"\n", n+"\n") {
			out = append(out, n)
		}
	}
	return out
}

func (s *Session) lookConnections(ctx context.Context, i rest.Instance, known []tracked, o observation) error {
	all, err := s.client.Connections(ctx, i, idsOf(known))
	if err != nil {
		return err
	}
	o.high = time.Now()
	for _, t := range known {
		for _, c := range all {
			if t.id != "" && (c.Source.JobID() == t.id || c.Target.JobID() == t.id) {
				o.enum(t.info.Path+".connection["+strconv.Quote(string(c.ID))+"].status", c.Status)
			}
		}
	}
	return nil
}

func (s *Session) lookStates(ctx context.Context, i rest.Instance, known []tracked, o observation) error {
	all, err := s.client.States(ctx, i, idsOf(known))
	if err != nil {
		return err
	}
	o.high = time.Now()
	for _, t := range known {
		for _, pe := range all {
			if t.id != "" && pe.Job == t.id {
				o.state(t.info.Path, pe)
			}
		}
	}
	return nil
}

// state reports what snapshots may leave out of a PE.
func (o observation) state(job string, pe rest.PE) {
	q := job + ".pe[" + strconv.Quote(string(pe.ID)) + "]"
	o.enum(q+".reason", pe.StatusReason)
	o.enum(q+".required_connections", pe.Required)
	o.enum(q+".optional_connections", pe.Optional)
}

func idsOf(known []tracked) []string {
	var out []string
	for _, t := range known {
		if t.id != "" {
			out = append(out, t.id)
		}
	}
	return out
}

// maxReasons bounds how many PEs are asked in one round why they are as they are.
const maxReasons = 8

// reasons asks PEs that were launched again, or do not run, why; snapshots may leave it out. The answer is of later than
// the snapshot and is given the span of its own. Assumption rest.reasons.
func (s *Session) reasons(ctx context.Context, i rest.Instance, known []tracked, found []rest.JobSnapshot, emit func(providers.Reading)) {
	left := maxReasons
	for _, t := range known {
		for _, j := range found {
			if t.id == "" || string(j.ID) != t.id {
				continue
			}
			for _, pe := range j.PEs {
				key := t.id + "/" + string(pe.ID)
				now := peState{pe.LaunchCount.V, pe.Status}
				was, ok := s.states[key]
				if s.states == nil {
					s.states = map[string]peState{}
				}
				s.states[key] = now
				if pe.StatusReason != "" || was == now || !ok && pe.Status == "running" || left == 0 {
					continue
				}
				left--
				o := observation{emit: emit, low: time.Now()}
				one, err := s.client.PE(ctx, i, string(pe.ID))
				if err != nil {
					s.refused("the reasons of PEs", err)
					continue
				}
				o.high = time.Now()
				if one.StatusReason != "" {
					emit(providers.Reading{
						Path: t.info.Path + ".pe[" + strconv.Quote(string(pe.ID)) + "].reason", Value: signal.EnumVal(snake(one.StatusReason)), Low: o.low, High: o.high,
						Evidence: fmt.Sprintf("PE %s is %s; it was launched %d times", pe.ID, snake(one.Status), one.LaunchCount.V),
					})
				}
			}
		}
	}
}

// peState is what a PE was last seen as.
type peState struct {
	launches int64
	status   string
}
