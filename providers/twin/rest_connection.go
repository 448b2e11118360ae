package twin

import (
	"fmt"
	"strconv"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// connectionRoutes are connections of PEs and of operators, and streams that cross jobs. Reference: sections 2.6 and 2.7.
func (d *dc) connectionRoutes() []api.Route {
	const in = "/instances/{instance}"
	return []api.Route{
		api.List(in+"/peconnections", "listPEConnections", "Lists the connections between PEs.", "connections", "peConnection", func(c *api.Call) ([]api.PEConnection, error) {
			var out []api.PEConnection
			for _, s := range d.alive() {
				for i := range s.graph.links {
					out = append(out, s.connection(c, i))
				}
			}
			return out, nil
		}),
		api.Get(in+"/peconnections/{connection}", "getPEConnection", "Reads a connection between PEs.", func(c *api.Call) (api.PEConnection, error) {
			s, i, err := d.connectionAt(c)
			if err != nil {
				return api.PEConnection{}, err
			}
			return s.connection(c, i), nil
		}),
		api.List(in+"/peconnections/{connection}/metrics", "listPEConnectionMetrics", "Lists the metrics of a connection.", "metrics", "metric", func(c *api.Call) ([]api.Metric, error) {
			s, i, err := d.connectionAt(c)
			if err != nil {
				return nil, err
			}
			return s.measured().ofConnection(i), nil
		}),
		api.List(in+"/operatorconnections", "listOperatorConnections", "Lists the streams between operators.", "connections", "operatorConnection", func(c *api.Call) ([]api.OperatorConnection, error) {
			return d.flows(c, nil), nil
		}),
		api.Get(in+"/operatorconnections/{connection}", "getOperatorConnection", "Reads a stream between operators.", func(c *api.Call) (api.OperatorConnection, error) {
			for _, f := range d.flows(c, nil) {
				if f.ID == c.PathValue("connection") {
					return f, nil
				}
			}
			return api.OperatorConnection{}, api.Missing("operatorConnection", c.PathValue("connection"))
		}),
		api.List(in+"/exportedstreams", "listExportedStreams", "Lists the streams that jobs export.", "exportedStreams", "exportedStream", func(c *api.Call) ([]api.ExportedStream, error) {
			var out []api.ExportedStream
			for _, s := range d.alive() {
				for i, o := range s.graph.ops {
					if o.logical == counter {
						port := s.opPort(c, sides[1], end{i, 0})
						out = append(out, api.ExportedStream{ResourceType: "exportedStream", OperatorOutputPort: port, OperatorConnections: port.To("connections"), Related: api.Related{"job": {s.id}}})
					}
				}
			}
			return out, nil
		}),
		api.List(in+"/importedstreams", "listImportedStreams", "Lists the streams that jobs import.", "importedStreams", "importedStream", func(c *api.Call) ([]api.ImportedStream, error) {
			var out []api.ImportedStream
			for _, s := range d.alive() {
				for i, o := range s.graph.ops {
					if o.logical == counter {
						port := s.opPort(c, sides[0], end{i, o.in - 1})
						out = append(out, api.ImportedStream{ResourceType: "importedStream", OperatorInputPort: port, OperatorConnections: port.To("connections"), Related: api.Related{"job": {s.id}}})
					}
				}
			}
			return out, nil
		}),
	}
}

func (d *dc) connectionAt(c *api.Call) (still, int, error) {
	for _, s := range d.alive() {
		for i := range s.graph.links {
			if s.graph.linkID(s.pes, i) == c.PathValue("connection") {
				return s, i, nil
			}
		}
	}
	return still{}, 0, api.Missing("peConnection", c.PathValue("connection"))
}

func (s still) connection(c *api.Call, i int) api.PEConnection {
	l, id := s.graph.links[i], s.graph.linkID(s.pes, i)
	self := s.dc.at(c).To("peconnections", id)
	status := api.ConnectionStatus("disconnected")
	if s.up[i] {
		status = "connected"
	}
	from, to := s.peLink(c, l.from.pe), s.peLink(c, l.to.pe)
	return api.PEConnection{
		Element: element("peConnection", id, self), ID: id, Required: l.required, Status: status, Metrics: self.To("metrics"),
		Source:  api.PEEnd{Job: s.self(c), PE: from, OutputPort: new(from.To("outputports", strconv.Itoa(l.from.port)))},
		Target:  api.PEEnd{Job: s.self(c), PE: to, InputPort: new(to.To("inputports", strconv.Itoa(l.to.port)))},
		Related: api.Related{"pe": {s.pes[l.from.pe].id, s.pes[l.to.pe].id}, "job": {s.id}},
	}
}

// flows are the streams of all jobs, or those that are meant.
func (d *dc) flows(c *api.Call, meant func(s still, f stream) bool) []api.OperatorConnection {
	var out []api.OperatorConnection
	for _, s := range d.alive() {
		for _, f := range s.graph.streams {
			if meant == nil || meant(s, f) {
				out = append(out, s.flow(c, f))
			}
		}
	}
	return out
}

func (s still) flow(c *api.Call, f stream) api.OperatorConnection {
	a, b := s.graph.ops[f.from.op], s.graph.ops[f.to.op]
	id := fmt.Sprintf("j%so%dp%di%dp%d", s.id, f.from.op, f.from.port, f.to.op, f.to.port)
	out := api.OperatorConnection{
		Element: element("operatorConnection", id, s.dc.at(c).To("operatorconnections", id)), ID: id, Required: true,
		Source:  api.OperatorEnd{Job: s.self(c), PE: s.peLink(c, a.pe), Operator: s.opLink(c, f.from.op), OutputPort: new(s.opPort(c, sides[1], f.from))},
		Target:  api.OperatorEnd{Job: s.self(c), PE: s.peLink(c, b.pe), Operator: s.opLink(c, f.to.op), InputPort: new(s.opPort(c, sides[0], f.to))},
		Related: api.Related{"job": {s.id}, "pe": {s.pes[a.pe].id, s.pes[b.pe].id}, "operator": {a.name, b.name}},
	}
	if f.link >= 0 {
		out.PEConnection = new(s.dc.at(c).To("peconnections", s.graph.linkID(s.pes, f.link)))
	}
	return out
}
