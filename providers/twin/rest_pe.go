package twin

import (
	"net/http"
	"strconv"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// peRoutes are PEs with their logs and ports. Reference: section 2.5.
func (d *dc) peRoutes() []api.Route {
	const pes, one = "/instances/{instance}/pes", "/instances/{instance}/pes/{pe}"
	act := func(name string, do func(*job, int)) api.Verb {
		return api.Verb{Name: name, Do: func(c *api.Call, _ api.Action) (string, error) {
			s, i, err := d.peAt(c)
			if err != nil {
				return "", api.Fail(http.StatusNotFound, api.NoPE, "The processing element %s does not exist.", c.PathValue("pe"))
			}
			do(s.job, i)
			return s.pes[i].id, nil
		}}
	}
	out := []api.Route{
		api.List(pes, "listPEs", "Lists the PEs.", "pes", "pe", func(c *api.Call) ([]api.PE, error) {
			var out []api.PE
			for _, s := range d.alive() {
				for i := range s.pes {
					out = append(out, s.pe(c, i))
				}
			}
			return out, nil
		}),
		api.Get(one, "getPE", "Reads a PE.", func(c *api.Call) (api.PE, error) {
			s, i, err := d.peAt(c)
			if err != nil {
				return api.PE{}, err
			}
			return s.pe(c, i), nil
		}),
		api.Actions(one+"/actions", "actPE", "Stops, starts or restarts a PE.", "pe",
			act("stop", (*job).stopPE), act("start", func(j *job, i int) { j.startPE(i, "starting") }), act("restart", (*job).restartPE)),
		api.Text(one+"/applicationtrace", "getPETrace", "Reads the trace of a PE.", func(c *api.Call) (string, error) {
			s, i, err := d.peAt(c)
			if err != nil {
				return "", err
			}
			return s.traceText(i), nil
		}),
		api.Text(one+"/consolelog", "getPEConsoleLog", "Reads what a PE has written.", func(c *api.Call) (string, error) {
			s, i, err := d.peAt(c)
			if err != nil {
				return "", err
			}
			return s.console(s.pes[i]), nil
		}),
		api.Text(one+"/productlog", "getPEProductLog", "Reads the product log of a PE.", func(c *api.Call) (string, error) {
			s, _, err := d.peAt(c)
			if err != nil {
				return "", err
			}
			return d.productLogOf(s.id), nil
		}),
		api.List(one+"/metrics", "listPEMetrics", "Lists the metrics of a PE.", "metrics", "metric", func(c *api.Call) ([]api.Metric, error) {
			s, i, err := d.peAt(c)
			if err != nil {
				return nil, err
			}
			return s.measured().ofPE(i), nil
		}),
	}
	for _, side := range sides {
		list := one + "/" + side.segment
		out = append(
			out,
			api.List(list, "listPE"+side.name+"Ports", "Lists the "+side.side+"put ports of a PE.", side.plural, "pe"+side.name+"Port", func(c *api.Call) ([]api.PEPort, error) {
				s, i, err := d.peAt(c)
				if err != nil {
					return nil, err
				}
				var out []api.PEPort
				for n := range side.of(s.graph)[i] {
					out = append(out, s.pePort(c, side, i, n))
				}
				return out, nil
			}),
			api.Get(list+"/{port}", "getPE"+side.name+"Port", "Reads a port of a PE.", func(c *api.Call) (api.PEPort, error) {
				s, i, n, err := d.pePortAt(c, side)
				if err != nil {
					return api.PEPort{}, err
				}
				return s.pePort(c, side, i, n), nil
			}),
			api.List(list+"/{port}/metrics", "listPE"+side.name+"PortMetrics", "Lists the metrics of a port of a PE.", "metrics", "metric", func(c *api.Call) ([]api.Metric, error) {
				s, i, n, err := d.pePortAt(c, side)
				if err != nil {
					return nil, err
				}
				return s.measured().ofPEPort(side, i, n), nil
			}),
			api.List(list+"/{port}/connections", "listPE"+side.name+"PortConnections", "Lists the connections of a port of a PE.", "connections", "peConnection", func(c *api.Call) ([]api.PEConnection, error) {
				s, i, n, err := d.pePortAt(c, side)
				if err != nil {
					return nil, err
				}
				var out []api.PEConnection
				for _, l := range side.of(s.graph)[i][n].links {
					out = append(out, s.connection(c, l))
				}
				return out, nil
			}),
		)
	}
	return out
}

// side is the input or the output side of PEs and operators.
type side struct {
	side    string // "in"
	name    string // "Input"
	plural  string // "inputPorts"
	segment string // "inputports"
	of      func(*graph) [][]pePort
	count   func(operator) int
}

var sides = []side{
	{"in", "Input", "inputPorts", "inputports", func(g *graph) [][]pePort { return g.in }, func(o operator) int { return o.in }},
	{"out", "Output", "outputPorts", "outputports", func(g *graph) [][]pePort { return g.out }, func(o operator) int { return o.out }},
}

// peAt is the PE that a path is about.
func (d *dc) peAt(c *api.Call) (still, int, error) {
	for _, s := range d.alive() {
		for i, p := range s.pes {
			if p.id == c.PathValue("pe") {
				return s, i, nil
			}
		}
	}
	return still{}, 0, api.Missing("pe", c.PathValue("pe"))
}

func (d *dc) pePortAt(c *api.Call, side side) (s still, pe, port int, err error) {
	if s, pe, err = d.peAt(c); err != nil {
		return s, 0, 0, err
	}
	port, err = index(c, "pe"+side.name+"Port", len(side.of(s.graph)[pe]))
	return s, pe, port, err
}

// index reads a port's index of the path.
func index(c *api.Call, kind string, n int) (int, error) {
	i, err := strconv.Atoi(c.PathValue("port"))
	switch {
	case err != nil:
		return 0, api.Fail(http.StatusBadRequest, api.Malformed, "The REST id %s is malformed for the resource type %s.", c.PathValue("port"), kind)
	case i < 0 || i >= n:
		return 0, api.Missing(kind, c.PathValue("port"))
	}
	return i, nil
}

// peLink is the link of a PE.
func (s still) peLink(c *api.Call, i int) api.Link { return s.dc.at(c).To("pes", s.pes[i].id) }

// placed is where a PE is.
func (s still) placed(c *api.Call, i int) api.Place {
	h := s.dc.hosts[s.pes[i].host]
	in := s.dc.at(c)
	return api.Place{
		Domain: before5(c, s.dc.domainAt(c)), ResourceAllocation: before5(c, in.To("resourceallocations", h.Name)), Host: before5(c, in.To("hosts", h.Address)), Resource: only5(c, in.To("resources", h.Name)),
	}
}

// on are the names of a PE's host for filters.
func (s still) on(i int) api.Related {
	h := s.dc.hosts[s.pes[i].host]
	return api.Related{"resource": {h.Name}, "host": {h.Name, h.Address}}
}

func (s still) pe(c *api.Call, i int) api.PE {
	p, in, self := s.pes[i], s.dc.at(c), s.peLink(c, i)
	out := api.PE{
		Element: element("pe", p.id, self), ID: p.id, IndexWithinJob: int64(i), Status: p.status, StatusReason: p.reason, Health: s.peHealth(i),
		RequiredConnections: s.graph.connections(s.up, i, true), OptionalConnections: s.graph.connections(s.up, i, false), LaunchCount: p.launches, Restartable: true, Relocatable: true,
		TracingLevel: s.traceAt(), CurrentWorkingPath: "/home/streams", ResourceTags: []string{}, OSCapabilities: []string{}, Job: s.self(c), Instance: in,
		Operators: in.To("operators").Where("pe.restid", p.id), InputPorts: self.To("inputports"), OutputPorts: self.To("outputports"), Connections: in.To("peconnections").Where("pe.restid", p.id),
		Metrics: self.To("metrics"), ApplicationTrace: self.To("applicationtrace"), ConsoleLog: self.To("consolelog"), ProductLog: self.To("productlog"), Snapshot: self.To("snapshot"),
		MetricsSnapshot: self.To("metricssnapshot"), Place: s.placed(c, i), Related: s.on(i),
	}
	if p.proc != nil {
		pid := strconv.Itoa(p.proc.PID())
		out.ProcessID = &pid
	}
	if c.Verbose() {
		out.RestartPriority = "default"
	}
	return out
}

func (s still) pePort(c *api.Call, side side, pe, n int) api.PEPort {
	self := s.peLink(c, pe).To(side.segment, strconv.Itoa(n))
	return api.PEPort{
		Element: element("pe"+side.name+"Port", strconv.Itoa(n), self), ID: strconv.Itoa(n), IndexWithinPE: int64(n), TransportType: "tcp", Job: s.self(c), PE: s.peLink(c, pe),
		Connections: self.To("connections"), Metrics: self.To("metrics"),
	}
}
