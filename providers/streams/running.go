package streams

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// What the toolkit's receivers are called, and what they say of themselves (the toolkit reference's section 11).
const (
	heartbeatReceiver = "CrossDataCenterReceiverForHB"
	stateReceiver     = "CrossDataCenterReceiver"
	serverPort        = "serverPort"
	speaksTLS         = "https"
	basePort          = 25091 // built in
)

// checkRunning looks at jobs of the plan that run already: whether their traces can have what `log` blocks look for, and at
// which ports the toolkit's receivers listen. That a job is not there, or several are, is said where it is adopted.
func (s *Session) checkRunning(ctx context.Context, i rest.Instance) []providers.Finding {
	var out []providers.Finding
	for _, j := range s.env.Jobs {
		traced := s.wantsTraces(j)
		if j.Target != s.target || j.Adopt == "" || !traced && j.Toolkit == nil {
			continue
		}
		jobs, err := s.client.JobsNamed(ctx, i, j.Adopt)
		if err != nil || len(jobs) != 1 {
			continue
		}
		id := string(jobs[0].ID)
		if traced {
			out = append(out, s.checkTraces(ctx, i, j, id)...)
		}
		if j.Toolkit != nil {
			out = append(out, s.checkReceivers(ctx, i, j, id)...)
		}
	}
	return out
}

// wantsTraces reports whether lines are looked for in a job's traces.
func (s *Session) wantsTraces(j providers.JobInfo) bool {
	return j.Toolkit != nil && j.Toolkit.Traces || slices.ContainsFunc(s.cfg.Logs, func(l logArgs) bool {
		return l.source() == rest.Trace && (l.Job == "" || j.Path == l.Job || j.Path == "job."+l.Job)
	})
}

// newcomerLooks is how often a new job is looked at until its receivers say something.
const newcomerLooks = 5

// newcomers looks once at each job that has come up during the run, as preflight does at those that ran before: what they trace, and at
// which ports the receivers of their toolkits listen. What does not fit is said in the log: the run goes on.
func (s *Session) newcomers(ctx context.Context, i rest.Instance, known []tracked, found []rest.JobSnapshot) {
	if s.env.Log == nil {
		return
	}
	for _, t := range known {
		traced := s.wantsTraces(t.info)
		if t.id == "" || t.info.Adopt != "" || s.looked[t.id] >= newcomerLooks || !traced && t.info.Toolkit == nil || !slices.ContainsFunc(found, func(j rest.JobSnapshot) bool {
			return string(j.ID) == t.id && j.Status == "running" && j.Health == "healthy"
		}) {
			continue
		}
		if s.looked == nil {
			s.looked = map[string]int{}
		}
		s.looked[t.id]++
		var said []providers.Finding
		if traced && s.looked[t.id] == 1 {
			said = s.checkTraces(ctx, i, t.info, t.id)
		}
		if t.info.Toolkit != nil {
			receivers := s.checkReceivers(ctx, i, t.info, t.id)
			if len(receivers) > 0 {
				s.looked[t.id] = newcomerLooks
			}
			said = append(said, receivers...)
		} else {
			s.looked[t.id] = newcomerLooks
		}
		for _, f := range said {
			if f.Remedy != "" {
				s.env.Log.Warn(fmt.Sprintf("%s: %s; %s", f.Subject, f.Text, f.Remedy))
			}
		}
	}
}

// checkTraces says when PEs trace nothing at level info: of the toolkit only errors are written then.
func (s *Session) checkTraces(ctx context.Context, i rest.Instance, j providers.JobInfo, id string) []providers.Finding {
	f := providers.Finding{Subject: s.target + " " + j.Path + " traces", OK: true}
	pes, err := s.client.TraceLevels(ctx, i, id)
	if err != nil {
		f.Text = fmt.Sprintf("what level its PEs trace at is not known: %v", err)
		return []providers.Finding{f}
	}
	quiet, levels := 0, map[string]bool{}
	for _, pe := range pes {
		if level := strings.ToLower(pe.TracingLevel); slices.Contains([]string{"off", "error", "warn"}, level) {
			quiet++
			levels[level] = true
		}
	}
	if quiet == 0 {
		return nil
	}
	f.Text = fmt.Sprintf("%d of its %s trace at %s: no line of level info is there to be found", quiet, counted(len(pes), "PE"), strings.Join(sortedKeysOf(levels), " or "))
	f.Remedy = "submit it with the trace level info (trace_level in the job, or streamtool submitjob -C tracing=info), unless only errors are looked for"
	return []providers.Finding{f}
}

// checkReceivers holds the ports that the receivers say they listen at to those of the plan.
func (s *Session) checkReceivers(ctx context.Context, i rest.Instance, j providers.JobInfo, id string) []providers.Finding {
	f := providers.Finding{Subject: s.target + " " + j.Path + " receivers", OK: true}
	found, _, err := s.client.Metrics(ctx, i, []string{id})
	if err != nil {
		f.Text = fmt.Sprintf("at which ports they listen is not known: %v", err)
		return []providers.Finding{f}
	}
	beats, state, tls := listening(found, id, j.Toolkit.Composite)
	if len(beats)+len(state) == 0 {
		return nil // they are not there yet, or do not say
	}
	base := j.Toolkit.Port
	if base == 0 {
		base = basePort
	}
	var want []int64
	for n := range max(j.Toolkit.Pairs, 1) {
		want = append(want, int64(base+1+n))
	}
	f.Text = fmt.Sprintf("heartbeats at port %s, state at %s", listed(beats), listed(state))
	if tls {
		f.Text += ", with TLS"
	}
	switch {
	case len(beats) > 0 && !slices.Equal(beats, []int64{int64(base)}):
		f.OK, f.Remedy = false, "correct `port` in toolkit {}, or crossDCHttpPort; where there are several toolkits in the application, say which with `composite`"
		f.Text += fmt.Sprintf(": the plan has %d", base)
	case len(state) > 0 && !slices.Equal(state, want):
		f.OK, f.Remedy = false, "correct `pairs` in toolkit {}, or submit the application with as many numberOfHttpSenderReceiverPairs"
		f.Text += fmt.Sprintf(": by the plan it is %s", listed(want))
	}
	return []providers.Finding{f}
}

// listening are the ports of a job's receivers, sorted, and whether any of them speaks TLS.
func listening(jobs []rest.JobSnapshot, id, composite string) (beats, state []int64, tls bool) {
	for _, job := range jobs {
		if string(job.ID) != id {
			continue
		}
		for _, pe := range job.PEs {
			for _, o := range pe.Operators {
				parts := strings.Split(o.Name, ".")
				name, _, _ := strings.Cut(parts[len(parts)-1], "[") // its channel, where there are several
				if name != heartbeatReceiver && name != stateReceiver || composite != "" && !slices.Contains(parts[:len(parts)-1], composite) {
					continue
				}
				for _, m := range o.Metrics {
					switch {
					case m.Name == speaksTLS:
						tls = tls || m.Value.V != 0
					case m.Name != serverPort || !m.Value.Set:
					case name == heartbeatReceiver:
						beats = append(beats, m.Value.V)
					default:
						state = append(state, m.Value.V)
					}
				}
			}
		}
	}
	slices.Sort(beats)
	slices.Sort(state)
	return beats, state, tls
}

// listed are ports for people.
func listed(ports []int64) string {
	var out []string
	for _, p := range ports {
		out = append(out, strconv.FormatInt(p, 10))
	}
	return someOf(out)
}

// OperatorMetrics reads the custom metrics of an operator of a job of the plan, by its name in full or its last part. Of several that have
// the name, as in a parallel region, it is those of the first.
func (s *Session) OperatorMetrics(ctx context.Context, job, operator string) (map[string]int64, error) {
	id, _, ok := s.JobAt(job)
	if !ok {
		return nil, fmt.Errorf("read the metrics of operator %s at %s: it is not known which job %s is", operator, s.target, job)
	}
	i, err := s.inst(ctx)
	if err != nil {
		return nil, err
	}
	found, _, err := s.client.Metrics(ctx, i, []string{id})
	if err != nil {
		return nil, err
	}
	for _, j := range found {
		if string(j.ID) != id {
			continue
		}
		for _, pe := range j.PEs {
			for _, o := range pe.Operators {
				if o.Name != operator && lastPart(o.Name) != operator {
					continue
				}
				out := map[string]int64{}
				for _, m := range o.Metrics {
					if m.Type == "custom" && m.Value.Set {
						out[m.Name] = m.Value.V
					}
				}
				return out, nil
			}
		}
	}
	return nil, fmt.Errorf("read the metrics of operator %s at %s: job %s has no such operator", operator, s.target, job)
}
