package rest

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

// Metric is one metric.
type Metric struct {
	Name  string `json:"name"`
	Value Int    `json:"value"`
	Type  string `json:"metricType"`
	// Retrieved is when the server collected it, in milliseconds since 1970 by its own clock.
	Retrieved Int `json:"lastTimeRetrieved"`
}

// Port is a port of an operator with its metrics.
type Port struct {
	Index   Int      `json:"indexWithinOperator"`
	Metrics []Metric `json:"metrics"`
}

// Operator is an operator in a snapshot.
type Operator struct {
	Name        string   `json:"name"`
	Kind        string   `json:"operatorKind"`
	Metrics     []Metric `json:"metrics"`
	InputPorts  []Port   `json:"inputPorts"`
	OutputPorts []Port   `json:"outputPorts"`
}

// PEPort is an output port of a PE with its metrics and its connections'.
type PEPort struct {
	Metrics     []Metric     `json:"metrics"`
	Connections []PortOutlet `json:"connections"`
}

// PortOutlet is a connection of an output port of a PE with its metrics.
type PortOutlet struct {
	ID      ID       `json:"id"`
	Metrics []Metric `json:"metrics"`
}

// PE is a processing element in a snapshot.
type PE struct {
	ID          ID     `json:"id"`
	Status      string `json:"status"`
	Health      string `json:"health"`
	LaunchCount Int    `json:"launchCount"`
	// StatusReason is why it is in its state: `none`, or what ended it. Snapshots may leave it out.
	StatusReason string `json:"statusReason"`
	Required     string `json:"requiredConnections"`
	Optional     string `json:"optionalConnections"`
	Resource     string `json:"resource"`
	// TracingLevel is the least severe level that it traces: `off`, `error`, `warn`, `info`, `debug`, `trace`. Only TraceLevels has it.
	TracingLevel string `json:"tracingLevel"`
	// Job is the id of its job; set where PEs of several are listed.
	Job         string     `json:"-"`
	Operators   []Operator `json:"operators"`
	Metrics     []Metric   `json:"metrics"`
	OutputPorts []PEPort   `json:"outputPorts"`
}

// JobSnapshot is a job with its parts, in one call.
type JobSnapshot struct {
	Job
	PEs []PE `json:"pes"`
}

type snapshots struct {
	Jobs []JobSnapshot `json:"jobs"`
}

// memo is the last snapshot that was read. Between two collections of the platform, and while nothing happens, polls
// bring the same bytes again, and they need not be read again.
type memo struct {
	mu   sync.Mutex
	body []byte
	jobs []JobSnapshot
}

// snapshot reads one, with when the request left and what the server's clock said. What it returns belongs to several.
func (c *Client) snapshot(ctx context.Context, m *memo, doing, link string) ([]JobSnapshot, Read, error) {
	a, err := c.lookAt(ctx, doing, link)
	if err != nil {
		return nil, Read{}, err
	}
	read := Read{a.Sent, clockOf(a)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.body == nil || !bytes.Equal(a.Body, m.body) {
		var got snapshots
		if err := c.decode(doing, http.MethodGet, link, a.Body, &got); err != nil {
			return nil, read, err
		}
		m.body, m.jobs = a.Body, got.Jobs
	}
	return m.jobs, read, nil
}

// Snapshot reads the jobs with their PEs and operators. Where the server has no snapshots, it is put together from
// the single resources. It is not to be changed. Assumption rest.snapshots.
func (c *Client) Snapshot(ctx context.Context, i Instance) ([]JobSnapshot, error) {
	got, _, err := c.snapshot(ctx, &c.jobs, "look at the jobs", With(i.JobsSnapshot, "includeStatic", "true"))
	if NotFound(err) {
		return c.assemble(ctx, i)
	}
	return got, err
}

// Read is when metrics were read.
type Read struct {
	Sent time.Time // just before the request left
	// Clock is what the server's clock said then, in whole seconds; zero where it does not say.
	Clock time.Time
}

// Age is how old a metric may have been when the request left, by the server's own clock, which also says when the metric
// was collected. It is false where it does not say. Assumption rest.metrics.retrieved.
func (r Read) Age(m Metric) (low, high time.Duration, ok bool) {
	if r.Clock.IsZero() || !m.Retrieved.Set {
		return 0, 0, false
	}
	low = r.Clock.Sub(time.UnixMilli(m.Retrieved.V))
	return low, low + time.Second, true // its clock is told in whole seconds
}

// Metrics reads the metrics of some jobs; others may be among them. They are not to be changed.
func (c *Client) Metrics(ctx context.Context, i Instance, ids []string) ([]JobSnapshot, Read, error) {
	link := i.MetricsSnapshot
	if len(ids) > 0 {
		link = With(link, "restid", strings.Join(ids, ","))
	}
	got, read, err := c.snapshot(ctx, &c.metrics, "look at the metrics", link)
	if NotFound(err) {
		all, err := c.gather(ctx, i, ids)
		return all, Read{}, err // of many requests
	}
	return got, read, err
}

// linked are the members of a single resource that say what it belongs to.
type linkedPE struct {
	PE
	Self      string `json:"self"`
	Link      string `json:"job"`
	Operators any    `json:"operators"` // a link here
}

type linkedOperator struct {
	Name        string `json:"name"`
	Kind        string `json:"operatorKind"`
	Job         string `json:"job"`
	PE          string `json:"pe"`
	Metrics     string `json:"metrics"`
	InputPorts  string `json:"inputPorts"`
	OutputPorts string `json:"outputPorts"`
}

type linkedPort struct {
	Index   Int    `json:"indexWithinOperator"`
	Metrics string `json:"metrics"`
}

// ParallelOperator is an operator with its channel, where it is in a parallel region.
type ParallelOperator struct {
	Name        string `json:"name"`
	LogicalName string `json:"logicalName"`
	Channel     Int    `json:"channel"`
}

// Operators lists the operators of a job, with their channels only.
func (c *Client) Operators(ctx context.Context, i Instance, job string) ([]ParallelOperator, error) {
	link := With(With(i.Operators, "job.restid", job), "fields", "name,logicalName,channel")
	return pages[ParallelOperator](ctx, c, "list the operators", link, "operators")
}

// assemble makes a snapshot out of the lists of jobs, PEs and operators.
func (c *Client) assemble(ctx context.Context, i Instance) ([]JobSnapshot, error) {
	jobs, err := c.Jobs(ctx, i)
	if err != nil {
		return nil, err
	}
	pes, err := pages[linkedPE](ctx, c, "list the PEs", i.PEs, "pes")
	if err != nil {
		return nil, err
	}
	ops, err := pages[linkedOperator](ctx, c, "list the operators", i.Operators, "operators")
	if err != nil {
		return nil, err
	}
	var out []JobSnapshot
	for _, j := range jobs {
		s := JobSnapshot{Job: j}
		for _, p := range pes {
			if last(p.Link) != string(j.ID) {
				continue
			}
			pe := p.PE
			for _, o := range ops {
				if last(o.PE) == string(pe.ID) {
					pe.Operators = append(pe.Operators, Operator{Name: o.Name, Kind: o.Kind})
				}
			}
			s.PEs = append(s.PEs, pe)
		}
		out = append(out, s)
	}
	return out, nil
}

// gather collects the metrics of some jobs from their operators and ports, one request each.
func (c *Client) gather(ctx context.Context, i Instance, ids []string) ([]JobSnapshot, error) {
	var out []JobSnapshot
	for _, id := range ids {
		ops, err := pages[linkedOperator](ctx, c, "list the operators", With(i.Operators, "job.restid", id), "operators")
		if err != nil {
			return nil, err
		}
		s := JobSnapshot{Job: Job{ID: ID(id)}}
		at := map[string]int{}
		for _, o := range ops {
			if last(o.Job) != id {
				continue
			}
			op := Operator{Name: o.Name, Kind: o.Kind}
			if op.Metrics, err = c.metricsAt(ctx, o.Metrics); err != nil {
				return nil, err
			}
			if op.InputPorts, err = c.portsAt(ctx, o.InputPorts, "inputPorts"); err != nil {
				return nil, err
			}
			if op.OutputPorts, err = c.portsAt(ctx, o.OutputPorts, "outputPorts"); err != nil {
				return nil, err
			}
			pe := last(o.PE)
			if _, ok := at[pe]; !ok {
				at[pe] = len(s.PEs)
				s.PEs = append(s.PEs, PE{ID: ID(pe)})
			}
			s.PEs[at[pe]].Operators = append(s.PEs[at[pe]].Operators, op)
		}
		if err := c.gatherPEs(ctx, i, &s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// gatherPEs adds what PEs use and how their connections fare. What the server does not have stays out.
func (c *Client) gatherPEs(ctx context.Context, i Instance, s *JobSnapshot) error {
	for n := range s.PEs {
		pe := &s.PEs[n]
		self := Join(i.PEs, "/"+escape(string(pe.ID)))
		var err error
		if pe.Metrics, err = c.metricsAt(ctx, Join(self, "/metrics")); err != nil && !NotFound(err) {
			return err
		}
		ports, err := c.portsAt(ctx, Join(self, "/outputports"), "outputPorts")
		if err != nil && !NotFound(err) {
			return err
		}
		for _, p := range ports {
			pe.OutputPorts = append(pe.OutputPorts, PEPort{Metrics: p.Metrics})
		}
	}
	links, err := c.Connections(ctx, i, []string{string(s.ID)})
	if err != nil && !NotFound(err) {
		return err
	}
	for _, l := range links {
		m, err := c.metricsAt(ctx, l.Metrics)
		if err != nil && !NotFound(err) {
			return err
		}
		for n := range s.PEs {
			if string(s.PEs[n].ID) == l.Source.PEID() {
				s.PEs[n].OutputPorts = append(s.PEs[n].OutputPorts, PEPort{Connections: []PortOutlet{{ID: l.ID, Metrics: m}}})
			}
		}
	}
	return nil
}

func (c *Client) metricsAt(ctx context.Context, link string) ([]Metric, error) {
	if link == "" {
		return nil, nil
	}
	return pages[Metric](ctx, c, "read metrics", link, "metrics")
}

func (c *Client) portsAt(ctx context.Context, link, plural string) ([]Port, error) {
	if link == "" {
		return nil, nil
	}
	ports, err := pages[linkedPort](ctx, c, "list ports", link, plural)
	if err != nil {
		return nil, err
	}
	var out []Port
	for _, p := range ports {
		m, err := c.metricsAt(ctx, p.Metrics)
		if err != nil {
			return nil, err
		}
		out = append(out, Port{Index: p.Index, Metrics: m})
	}
	return out, nil
}

// last is the last segment of a link's path: the id of what it leads to.
func last(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}
