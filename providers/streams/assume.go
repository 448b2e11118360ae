package streams

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// Assume implements providers.Assumer with what can be seen by reading.
func (s *Session) Assume(ctx context.Context) []providers.Claim {
	i, err := s.inst(ctx)
	if err != nil {
		return nil
	}
	var out []providers.Claim
	out = append(out, s.assumeSnapshots(ctx, i), s.assumeActions(ctx), s.assumeDiscovery(ctx))
	jobs, err := s.client.Snapshot(ctx, i)
	if err != nil {
		jobs = nil
	}
	return append(out, assumeToolkit(jobs)...)
}

func claim(id string, h providers.Holds, format string, args ...any) providers.Claim {
	return providers.Claim{ID: id, Holds: h, Text: fmt.Sprintf(format, args...)}
}

func (s *Session) assumeSnapshots(ctx context.Context, i rest.Instance) providers.Claim {
	const id = "rest.snapshots"
	for _, link := range []string{i.JobsSnapshot, i.MetricsSnapshot} {
		var got struct {
			Jobs *[]rest.JobSnapshot `json:"jobs"`
		}
		err := s.client.Look(ctx, "look at the snapshot", link, &got)
		switch {
		case rest.NotFound(err):
			return claim(id, providers.HoldsNot, "%s is not there: xdc puts it together from the single resources, with one request for each", link)
		case err != nil:
			return claim(id, providers.HoldsUnknown, "%v", err)
		case got.Jobs == nil:
			return claim(id, providers.HoldsNot, "the answer of %s has no `jobs`", link)
		case len(*got.Jobs) == 0:
			return claim(id, providers.HoldsUnknown, "%s answers, but no job runs that could be in it", link)
		case !slices.ContainsFunc(*got.Jobs, func(j rest.JobSnapshot) bool { return len(j.PEs) > 0 }):
			return claim(id, providers.HoldsNot, "the jobs in %s have no PEs", link)
		}
	}
	return claim(id, providers.HoldsYes, "both answer with jobs and their PEs")
}

func (s *Session) assumeActions(ctx context.Context) providers.Claim {
	const id = "rest.actions"
	l, err := s.learn(ctx)
	if err != nil {
		return claim(id, providers.HoldsUnknown, "%v", err)
	}
	if l.from == "" {
		return claim(id, providers.HoldsUnknown, "the server has no OpenAPI document, and nothing but doing it would show")
	}
	var other, same []string
	for _, name := range operationNames {
		op, ok := l.operations[name]
		switch own := guess(name); {
		case !ok:
		case op.Method == own.Method && op.Path == own.Path && string(op.Body) == string(own.Body):
			same = append(same, name)
		default:
			other = append(other, fmt.Sprintf("%s is %s %s", name, op.Method, op.Path))
		}
	}
	switch {
	case len(other) > 0:
		return claim(id, providers.HoldsNot, "the server's OpenAPI document says otherwise, and xdc does as it says: %s", strings.Join(other, "; "))
	case len(same) > 0:
		return claim(id, providers.HoldsYes, "the server's OpenAPI document says the same of %s", strings.Join(same, ", "))
	}
	return claim(id, providers.HoldsUnknown, "the server's OpenAPI document names none of these operations")
}

func (s *Session) assumeDiscovery(ctx context.Context) providers.Claim {
	const id = "data.discovery"
	urls, err := s.DataServices(ctx)
	switch {
	case err != nil:
		return claim(id, providers.HoldsUnknown, "%v", err)
	case len(urls) == 0:
		return claim(id, providers.HoldsNot, "no running service of type data with a URL is listed: give `url` in a data_exchange block, or start the data service")
	}
	return claim(id, providers.HoldsYes, "%s", strings.Join(urls, ", "))
}

// assumeToolkit looks at the operators of jobs that have the toolkit in them.
func assumeToolkit(jobs []rest.JobSnapshot) []providers.Claim {
	ids := []string{"toolkit.names", "twin.operators", "twin.pes"}
	for _, j := range jobs {
		name, alone := "", true
		for _, pe := range j.PEs {
			toolkit, others := 0, 0
			for _, o := range pe.Operators {
				if lastPart(o.Name) == watchdogName {
					name = o.Name
				}
				if strings.Contains(o.Name, "CrossDCFailover.") {
					toolkit++
				} else {
					others++
				}
			}
			alone = alone && (toolkit == 0 || others == 0)
		}
		if name == "" {
			continue
		}
		out := []providers.Claim{claim(ids[0], providers.HoldsYes, "job %s has %s", j.Name, name)}
		if strings.Contains("."+name, ".CrossDCFailover.") {
			out = append(out, claim(ids[1], providers.HoldsYes, "job %s has %s", j.Name, name))
		} else {
			out = append(out, claim(ids[1], providers.HoldsNot, "job %s has %s: name its composite with `composite` in the job's toolkit block", j.Name, name))
		}
		if alone {
			return append(out, claim(ids[2], providers.HoldsYes, "in job %s no PE holds operators of the toolkit and others", j.Name))
		}
		return append(out, claim(ids[2], providers.HoldsNot, "in job %s a PE holds operators of the toolkit together with others: stopping it stops both (`fusion = \"together\"` in the twin block comes closer)", j.Name))
	}
	var out []providers.Claim
	for _, id := range ids {
		out = append(out, claim(id, providers.HoldsUnknown, "no running job has an operator %s", watchdogName))
	}
	return out
}

func lastPart(name string) string { return name[strings.LastIndex(name, ".")+1:] }
