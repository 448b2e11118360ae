package session

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/engine/plan"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/inetserver"
	"github.com/xdc-project/xdc/providers/streams"
	"github.com/xdc-project/xdc/providers/toolkit"
	"github.com/xdc-project/xdc/providers/twin"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// Model says what a twin of a plan's targets must be: its hosts and networks, its jobs with their toolkits, and the
// endpoints that seeds and audits name.
func Model(p *plan.Plan, seed uint64, truth io.Writer) twin.Config {
	cfg := twin.Config{Seed: seed, Truth: truth, Token: random(), Key: keyField(p)}
	for i, t := range p.Targets {
		var c struct {
			Instance string `json:"instance"`
			Username string `json:"username"`
		}
		if raw := t.Connections[streamsProvider]; raw != nil {
			_ = json.Unmarshal(raw, &c) // the language checked it
		}
		cfg.Targets = append(cfg.Targets, twin.Target{
			Inet: inetserver.Address(t.Connections[inetserver.Name]),
			Name: t.Name, Networks: t.Networks, Hosts: addressed(i, t), Instance: orElse(c.Instance, "StreamsInstance"), Username: orElse(c.Username, "xdc"), Password: random(),
		})
		if said := p.Twins[t.Name]; said != nil {
			at := &cfg.Targets[len(cfg.Targets)-1]
			at.Clock = said.Clock.D()
			for _, s := range said.Services {
				at.Trouble = append(at.Trouble, trouble(s))
			}
		}
	}
	for _, st := range p.Steps {
		if st.Job == nil {
			continue
		}
		j := twin.Job{
			Target: st.Job.Target, Path: st.Job.Path, Application: application(st.Job.Twin), Adopt: st.Job.Adopt, Launched: st.Job.Launched, Bundle: st.Job.Bundle,
			Apart: st.Job.Fusion == "apart", Special: specialAt(p, st.Job.Target, st.Job.Path),
		}
		for _, info := range p.Jobs {
			if info.Step == st.Address {
				j.Toolkit = info.Toolkit
				if info.Toolkit != nil && info.Toolkit.Traces && info.Bundle == "" {
					j.Tracing = "info" // whoever has submitted it has seen to that
				}
			}
		}
		for _, e := range st.Job.Endpoints {
			j.Endpoints = append(j.Endpoints, twin.Endpoint{Name: e.Name, BufferSize: e.BufferSize, ConsumingReads: e.ConsumingReads, Type: e.Type})
			if e.Trouble == nil {
				continue
			}
			q := trouble(*e.Trouble)
			q.Service, q.Job, q.Endpoint = control.Data, st.Job.Path, e.Name
			for i := range cfg.Targets {
				if cfg.Targets[i].Name == st.Job.Target {
					cfg.Targets[i].Trouble = append(cfg.Targets[i].Trouble, q)
				}
			}
		}
		j.Inputs, j.Outputs, j.Inet = endpoints(p, st.Job.Target, st.Job.Path)
		cfg.Jobs = append(cfg.Jobs, j)
		for i := range cfg.Targets {
			if cfg.Targets[i].Name == st.Job.Target && st.Job.Snapshots != "" {
				cfg.Targets[i].Snapshots = st.Job.Snapshots
			}
		}
	}
	resources(p, &cfg)
	return cfg
}

// resources has hosts of the twin called as the plan's faults call the resources that they quiesce: which machine of a domain a plan means
// by such a name nobody knows before it has asked. Each name that is no host's is the next host's.
func resources(p *plan.Plan, cfg *twin.Config) {
	for _, st := range p.Steps {
		var a struct {
			Target   string `json:"target"`
			Resource string `json:"resource"`
		}
		if st.Fault == nil || st.Type != streams.ResourceFault || json.Unmarshal(st.Args, &a) != nil {
			continue
		}
		for i := range cfg.Targets {
			t := &cfg.Targets[i]
			if t.Name != a.Target {
				continue
			}
			hosts := twin.Hosts(i, *t)
			called := func(h providers.Host) bool {
				return strings.EqualFold(h.Name, a.Resource) || h.Address == a.Resource || t.Resources[h.Name] == a.Resource
			}
			free := slices.IndexFunc(hosts, func(h providers.Host) bool { return t.Resources[h.Name] == "" })
			if slices.ContainsFunc(hosts, called) || free < 0 {
				continue
			}
			if t.Resources == nil {
				t.Resources = map[string]string{}
			}
			t.Resources[hosts[free].Name] = a.Resource
		}
	}
}

// trouble is what a plan says that a service or an endpoint does wrong, as a twin takes it.
func trouble(t program.TwinTrouble) twin.TimedTrouble {
	ms := func(d value.Duration) int64 { return d.D().Round(time.Millisecond).Milliseconds() }
	return twin.TimedTrouble{
		Trouble: control.Trouble{
			Service: t.Service, LatencyMS: ms(t.Latency), JitterMS: ms(t.Jitter), StallRate: t.StallRate, StallMS: ms(t.Stall),
			DropRate: t.DropRate, ErrorRate: t.ErrorRate, Statuses: t.Statuses, SkewMS: ms(t.Clock),
		},
		After: t.After.D(), For: t.For.D(),
	}
}

// specialAt is where messages to a job's toolkit are sent.
func specialAt(p *plan.Plan, target, path string) string {
	for _, st := range p.Steps {
		var a toolkit.MessageArgs
		if st.Action != nil && st.Type == toolkit.MessageAction && json.Unmarshal(st.Args, &a) == nil && a.Target == target && a.Job == path {
			return a.Address
		}
	}
	return ""
}

// endpoints lists what seeds and probes put into a job, and what audits and probes read out of it. A job that none names has what any job at
// another target with the same name of an endpoint has: a launched job takes over the active one's.
func endpoints(p *plan.Plan, target, path string) (in, out, inet []string) {
	add := func(list []string, name string) []string {
		if slices.Contains(list, name) {
			return list
		}
		if name == "" {
			return list
		}
		return append(list, name)
	}
	for _, st := range p.Steps {
		var a struct {
			Endpoint string `json:"endpoint"`
			Operator string `json:"operator"`
			Results  string `json:"results"`
			Job      string `json:"job"`
		}
		if len(st.Args) == 0 || json.Unmarshal(st.Args, &a) != nil {
			continue
		}
		probed := st.Probe != nil && st.Probe.Through == inetserver.Name
		if a.Operator != "" && (st.Seed != nil && st.Type == inetserver.Name || st.Audit != nil || probed) {
			a.Endpoint = inetserver.Operator(a.Operator)
			inet = add(inet, a.Endpoint)
		}
		if probed {
			a.Results = inetserver.Operator(a.Results)
			inet = add(inet, a.Results)
		}
		switch {
		case st.Seed != nil && concerns(p, orElse(st.Seed.Job, a.Job), path, target):
			in = add(in, a.Endpoint)
		case st.Probe != nil && concerns(p, orElse(st.Probe.Job, a.Job), path, target):
			in, out = add(in, a.Endpoint), add(out, a.Results)
		case st.Audit != nil:
			seed, ok := p.Step(st.Audit.SeedAt)
			if ok && concerns(p, seed.Seed.Job, path, target) {
				out = add(out, a.Endpoint)
			}
		}
	}
	return in, out, inet
}

// concerns reports whether a seed into one job also concerns another: it is the same job, or the one that something
// else launches at a target where the first does not run.
func concerns(p *plan.Plan, seeded, path, target string) bool {
	if seeded == "" || seeded == path {
		return true
	}
	launched := false
	for _, j := range p.Jobs {
		if j.Path == seeded && j.Target == target {
			return false
		}
		launched = launched || (j.Path == path && j.Target == target && j.Launched != "")
	}
	return launched
}

// keyField is the field by which audits find records; without any, that by which probes do.
func keyField(p *plan.Plan) string {
	key := ""
	for _, st := range p.Steps {
		if st.Audit != nil {
			return st.Audit.Key
		}
		if st.Probe != nil && key == "" {
			key = st.Probe.Key
		}
	}
	return key
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func random() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("session: no randomness: " + err.Error()) // crypto/rand never fails on supported systems
	}
	return hex.EncodeToString(b[:])
}
