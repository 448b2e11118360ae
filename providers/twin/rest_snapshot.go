package twin

import (
	"slices"
	"strings"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// snapshotRoutes show much in one call. Reference: section 2.13.
func (d *dc) snapshotRoutes() []api.Route {
	const in = "/instances/{instance}"
	static, statistics := []string{"includeStatic"}, []string{"includeStatistics"}
	return []api.Route{
		api.Whole(in+"/jobs/snapshot", "getJobsSnapshot", "Reads all jobs with their parts.", append(static, "restid"), func(c *api.Call) (api.JobSnapshots, error) {
			out := api.JobSnapshots{Jobs: []api.JobSnapshot{}}
			for _, s := range d.stills() {
				if wanted(c, s.id) {
					out.Jobs = append(out.Jobs, s.tree(c))
				}
			}
			return out, nil
		}),
		api.Whole(in+"/jobs/{job}/snapshot", "getJobSnapshot", "Reads a job with its parts.", static, func(c *api.Call) (api.JobSnapshot, error) {
			s, err := d.jobAt(c)
			if err != nil {
				return api.JobSnapshot{}, err
			}
			return s.tree(c), nil
		}),
		api.Whole(in+"/pes/{pe}/snapshot", "getPESnapshot", "Reads a PE with its parts.", static, func(c *api.Call) (api.PESnapshot, error) {
			s, i, err := d.peAt(c)
			if err != nil {
				return api.PESnapshot{}, err
			}
			return s.peTree(c, i), nil
		}),
		api.Whole(in+"/jobs/metricssnapshot", "getJobsMetricsSnapshot", "Reads the metrics of all jobs.", append(statistics, "restid"), func(c *api.Call) (api.JobsMetrics, error) {
			out := api.JobsMetrics{Jobs: []api.JobMetrics{}}
			for _, j := range d.snapshotJobs() {
				if wanted(c, j.id) {
					out.Jobs = append(out.Jobs, j.measured().metrics())
				}
			}
			return out, nil
		}),
		api.Whole(in+"/jobs/{job}/metricssnapshot", "getJobMetricsSnapshot", "Reads the metrics of a job.", statistics, func(c *api.Call) (api.JobMetrics, error) {
			s, err := d.jobAt(c)
			if err != nil {
				return api.JobMetrics{}, err
			}
			return s.measured().metrics(), nil
		}),
		api.Whole(in+"/pes/{pe}/metricssnapshot", "getPEMetricsSnapshot", "Reads the metrics of a PE.", statistics, func(c *api.Call) (api.PEMetrics, error) {
			s, i, err := d.peAt(c)
			if err != nil {
				return api.PEMetrics{}, err
			}
			return s.measured().peMetrics(i), nil
		}),
	}
}

// wanted applies the filter by REST ids.
func wanted(c *api.Call, id string) bool {
	list := c.Query("restid")
	return list == "" || slices.Contains(strings.Split(list, ","), id)
}

// static reports whether what never changes is asked for. Where nothing is said it is there. Assumption twin.snapshots.
func static(c *api.Call) bool { return !strings.EqualFold(c.Query("includeStatic"), "false") }

func (s still) tree(c *api.Call) api.JobSnapshot {
	out := api.JobSnapshot{
		ID: s.id, Name: s.name, Instance: s.dc.cfg.Instance, Status: s.status, Health: s.health, SubmitTime: s.dc.stamp(s.job.at), GenerationID: s.change, Self: s.self(c), PEs: []api.PESnapshot{},
	}
	if static(c) {
		out.ApplicationName = applicationName(s.spec)
	}
	for i := range s.pes {
		out.PEs = append(out.PEs, s.peTree(c, i))
	}
	return out
}

func (s still) peTree(c *api.Call, i int) api.PESnapshot {
	p := s.pes[i]
	out := api.PESnapshot{ID: p.id, Resource: s.dc.hosts[p.host].Name, Status: p.status, Health: s.peHealth(i), LaunchCount: p.launches, Operators: []api.OperatorSnapshot{}}
	for _, o := range s.graph.ops {
		if o.pe != i {
			continue
		}
		op := api.OperatorSnapshot{Name: o.name}
		if static(c) {
			op.OperatorKind = o.kind
			for n := range o.in {
				op.InputPorts = append(op.InputPorts, api.PortSnapshot{IndexWithinOperator: int64(n), Name: portName(o, "in", n)})
			}
			for n := range o.out {
				op.OutputPorts = append(op.OutputPorts, api.PortSnapshot{IndexWithinOperator: int64(n), Name: portName(o, "out", n)})
			}
		}
		out.Operators = append(out.Operators, op)
	}
	return out
}

func (s still) metrics() api.JobMetrics {
	out := api.JobMetrics{ID: s.id, PEs: []api.PEMetrics{}}
	for i := range s.pes {
		out.PEs = append(out.PEs, s.peMetrics(i))
	}
	return out
}

func (s still) peMetrics(i int) api.PEMetrics {
	out := api.PEMetrics{ID: s.pes[i].id, Metrics: s.ofPE(i), InputPorts: []api.PEPortMetrics{}, OutputPorts: []api.PEOutMetrics{}, Operators: []api.OperatorMetrics{}}
	for n := range s.graph.in[i] {
		out.InputPorts = append(out.InputPorts, api.PEPortMetrics{IndexWithinPE: int64(n), Metrics: s.ofPEPort(sides[0], i, n)})
	}
	for n, p := range s.graph.out[i] {
		port := api.PEOutMetrics{PEPortMetrics: api.PEPortMetrics{IndexWithinPE: int64(n), Metrics: s.ofPEPort(sides[1], i, n)}, Connections: []api.ConnectionMetrics{}}
		for _, l := range p.links {
			port.Connections = append(port.Connections, api.ConnectionMetrics{ID: s.graph.linkID(s.pes, l), Metrics: s.ofConnection(l)})
		}
		out.OutputPorts = append(out.OutputPorts, port)
	}
	for k, o := range s.graph.ops {
		if o.pe != i {
			continue
		}
		op := api.OperatorMetrics{Name: o.name, Metrics: s.ofOperator(k), InputPorts: []api.PortMetrics{}, OutputPorts: []api.PortMetrics{}}
		for n := range o.in {
			op.InputPorts = append(op.InputPorts, api.PortMetrics{IndexWithinOperator: int64(n), Metrics: s.ofPort(sides[0], end{k, n})})
		}
		for n := range o.out {
			op.OutputPorts = append(op.OutputPorts, api.PortMetrics{IndexWithinOperator: int64(n), Metrics: s.ofPort(sides[1], end{k, n})})
		}
		out.Operators = append(out.Operators, op)
	}
	return out
}
