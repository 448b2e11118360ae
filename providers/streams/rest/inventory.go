package rest

import (
	"context"
	"errors"
	"net/url"
	"strings"
)

// Domain is a Streams domain with its links.
type Domain struct {
	ID         ID     `json:"id"`
	Self       string `json:"self"`
	Status     string `json:"status"`
	Instances  string `json:"instances"`
	Resources  string `json:"resources"`
	ProductLog string `json:"productLog"`
}

// Allocation is a resource as an instance uses it.
type Allocation struct {
	Self            string `json:"self"`
	Status          string `json:"status"`
	SchedulerStatus string `json:"schedulerStatus"`
	Resource        string `json:"resource"` // a link
	Application     bool   `json:"applicationResource"`
}

// Name is the id of the resource, as its link has it; where there is none, the last segment of its own.
func (a Allocation) Name() string {
	for _, l := range []string{a.Resource, a.Self} {
		if id := last(l); id != "" && id != "." && id != "/" {
			return id
		}
	}
	return ""
}

// Connection is a connection between two PEs.
type Connection struct {
	ID       ID     `json:"id"`
	Self     string `json:"self"`
	Status   string `json:"status"`
	Required bool   `json:"required"`
	Metrics  string `json:"metrics"` // a link
	Source   End    `json:"source"`
	Target   End    `json:"target"`
}

// End is one end of a connection, by links.
type End struct {
	Job string `json:"job"`
	PE  string `json:"pe"`
}

// JobID is the id of the end's job.
func (e End) JobID() string { return last(e.Job) }

// PEID is the id of the end's PE.
func (e End) PEID() string { return last(e.PE) }

// Domains lists the domains.
func (c *Client) Domains(ctx context.Context) ([]Domain, error) {
	link, err := c.Link(ctx, "domains")
	if err != nil {
		return nil, err
	}
	all, err := pages[Domain](ctx, c, "list the domains", link, "domains")
	for n := range all {
		if all[n].Self == "" {
			all[n].Self = Join(link, "/"+url.PathEscape(string(all[n].ID)))
		}
	}
	return all, err
}

// Domain finds the domain of an instance: the configured one, the one that the instance links to, or the only one.
func (c *Client) Domain(ctx context.Context, i Instance) (Domain, error) {
	if c.cfg.Domain == "" && i.Domain != "" {
		d := Domain{}
		err := c.Look(ctx, "look at the domain", i.Domain, &d)
		if d.Self == "" {
			d.Self = i.Domain
		}
		return d, err
	}
	all, err := c.Domains(ctx)
	if err != nil {
		return Domain{}, err
	}
	for _, d := range all {
		if string(d.ID) == c.cfg.Domain || c.cfg.Domain == "" && len(all) == 1 {
			return d, nil
		}
	}
	return Domain{}, errors.New("look at the domain at " + c.cfg.Target + ": it is not clear which is meant; give `domain` in the streams block of target " + c.cfg.Target)
}

// Allocations lists the resources that an instance uses.
func (c *Client) Allocations(ctx context.Context, i Instance) ([]Allocation, error) {
	return pages[Allocation](ctx, c, "list the resources of the instance", i.ResourceAllocations, "resourceAllocations")
}

// Connections lists the connections between PEs of some jobs, or of all.
func (c *Client) Connections(ctx context.Context, i Instance, jobs []string) ([]Connection, error) {
	link := i.PEConnections
	if len(jobs) > 0 {
		link = With(link, "job.restid", strings.Join(jobs, ","))
	}
	return pages[Connection](ctx, c, "list the connections of the PEs", link, "connections")
}

// States lists the PEs of some jobs with what snapshots may leave out: why they are in their states, and how their
// connections are. Only that is asked for.
func (c *Client) States(ctx context.Context, i Instance, jobs []string) ([]PE, error) {
	link := i.PEs
	if len(jobs) > 0 {
		link = With(link, "job.restid", strings.Join(jobs, ","))
	}
	link = With(link, "fields", "id,job,status,statusReason,health,launchCount,requiredConnections,optionalConnections")
	all, err := pages[linkedPE](ctx, c, "list the states of the PEs", link, "pes")
	var out []PE
	for _, p := range all {
		p.Job = last(p.Link)
		out = append(out, p.PE)
	}
	return out, err
}

// TraceLevels lists the PEs of a job with the levels at which they trace. Only that is asked for.
func (c *Client) TraceLevels(ctx context.Context, i Instance, job string) ([]PE, error) {
	all, err := pages[linkedPE](ctx, c, "list the trace levels of the PEs", With(With(i.PEs, "job.restid", job), "fields", "id,job,tracingLevel"), "pes")
	var out []PE
	for _, p := range all {
		if p.Job = last(p.Link); p.Link == "" || p.Job == job { // a server may not know the filter
			out = append(out, p.PE)
		}
	}
	return out, err
}

// PE reads one PE.
func (c *Client) PE(ctx context.Context, i Instance, id string) (PE, error) {
	var got linkedPE
	err := c.Look(ctx, "look at PE "+id, Join(i.PEs, "/"+escape(id)), &got)
	got.Job = last(got.Link)
	return got.PE, err
}

// Groups lists the names of the job groups of an instance.
func (c *Client) Groups(ctx context.Context, i Instance) ([]string, error) {
	type group struct {
		Name string `json:"name"`
		ID   ID     `json:"id"`
	}
	all, err := pages[group](ctx, c, "list the job groups", With(i.JobGroups, "fields", "name,id"), "jobGroups")
	var out []string
	for _, g := range all {
		if g.Name == "" {
			g.Name = string(g.ID)
		}
		out = append(out, g.Name)
	}
	return out, err
}
