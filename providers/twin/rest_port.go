package twin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// portRoutes are the ports of operators. Reference: section 2.7.
func (d *dc) portRoutes() []api.Route {
	in, out := sides[0], sides[1]
	routes := []api.Route{
		api.List(operatorPath+"/inputports", "listOperatorInputPorts", "Lists the input ports of an operator.", in.plural, "operatorInputPort", portsOf(d, in, still.inputPort)),
		api.Get(operatorPath+"/inputports/{port}", "getOperatorInputPort", "Reads an input port of an operator.", portAt(d, in, still.inputPort)),
		api.List(operatorPath+"/outputports", "listOperatorOutputPorts", "Lists the output ports of an operator.", out.plural, "operatorOutputPort", portsOf(d, out, still.outputPort)),
		api.Get(operatorPath+"/outputports/{port}", "getOperatorOutputPort", "Reads an output port of an operator.", portAt(d, out, still.outputPort)),
		api.Get(operatorPath+"/outputports/{port}/tupleattributes", "getTupleAttributes", "Reads the type of a port's tuples.", portAt(d, out, func(s still, _ *api.Call, at end) api.TupleAttributes {
			return api.TupleAttributes{SPLType: splType(s.graph.ops[at.op])}
		})),
	}
	for _, side := range sides {
		one := operatorPath + "/" + side.segment + "/{port}"
		routes = append(
			routes,
			api.List(one+"/metrics", "listOperator"+side.name+"PortMetrics", "Lists the metrics of a port.", "metrics", "metric", func(c *api.Call) ([]api.Metric, error) {
				s, at, err := d.portAt(c, side)
				if err != nil {
					return nil, err
				}
				return s.measured().ofPort(side, at), nil
			}),
			api.List(one+"/connections", "listOperator"+side.name+"PortConnections", "Lists the streams of a port.", "connections", "operatorConnection", func(c *api.Call) ([]api.OperatorConnection, error) {
				s, at, err := d.portAt(c, side)
				if err != nil {
					return nil, err
				}
				return d.flows(c, func(t still, f stream) bool {
					return t.id == s.id && (side.side == "in" && f.to == at || side.side == "out" && f.from == at)
				}), nil
			}),
			api.List(one+"/pe"+side.segment, "listPEPortsOfOperator"+side.name+"Port", "Lists the ports of the PE that a port is reached by.", side.plural, "pe"+side.name+"Port", func(c *api.Call) ([]api.PEPort, error) {
				s, at, err := d.portAt(c, side)
				if err != nil {
					return nil, err
				}
				pe := s.graph.ops[at.op].pe
				var out []api.PEPort
				for n, p := range side.of(s.graph)[pe] {
					if p.at == at {
						out = append(out, s.pePort(c, side, pe, n))
					}
				}
				return out, nil
			}),
		)
	}
	return routes
}

func (d *dc) portAt(c *api.Call, side side) (still, end, error) {
	s, i, err := d.operatorAt(c)
	if err != nil {
		return s, end{}, err
	}
	n, err := index(c, "operator"+side.name+"Port", side.count(s.graph.ops[i]))
	return s, end{i, n}, err
}

func portsOf[T any](d *dc, side side, show func(still, *api.Call, end) T) func(*api.Call) ([]T, error) {
	return func(c *api.Call) ([]T, error) {
		s, i, err := d.operatorAt(c)
		if err != nil {
			return nil, err
		}
		var out []T
		for n := range side.count(s.graph.ops[i]) {
			out = append(out, show(s, c, end{i, n}))
		}
		return out, nil
	}
}

func portAt[T any](d *dc, side side, show func(still, *api.Call, end) T) func(*api.Call) (T, error) {
	return func(c *api.Call) (T, error) {
		s, at, err := d.portAt(c, side)
		if err != nil {
			var none T
			return none, err
		}
		return show(s, c, at), nil
	}
}

func (s still) port(c *api.Call, side side, at end) api.OperatorPort {
	o, self := s.graph.ops[at.op], s.opPort(c, side, at)
	return api.OperatorPort{
		Element: element("operator"+side.name+"Port", strconv.Itoa(at.port), self), IndexWithinOperator: int64(at.port), Name: portName(o, side.side, at.port),
		Job: s.self(c), PE: s.peLink(c, o.pe), Operator: s.opLink(c, at.op), Connections: self.To("connections"), Metrics: self.To("metrics"),
	}
}

// portName is the name of an operator's port: that of a stream for the first output.
func portName(o operator, side string, n int) string {
	short := o.name[strings.LastIndexByte(o.name, '.')+1:]
	if side == "out" && n == 0 {
		return short
	}
	return fmt.Sprintf("%s_%s%d", short, side, n)
}

func (s still) inputPort(c *api.Call, at end) api.OperatorInputPort {
	o := s.graph.ops[at.op]
	out := api.OperatorInputPort{OperatorPort: s.port(c, sides[0], at), PEInputPorts: s.opPort(c, sides[0], at).To("peinputports")}
	if s.dynamic(sides[0], at) {
		out.Import = &api.Import{Type: "subscription", Subscription: `kind == "xdc.control"`, Operator: o.name, ApplicationScope: "Default", Names: []api.ImportName{}}
	}
	return out
}

func (s still) outputPort(c *api.Call, at end) api.OperatorOutputPort {
	o, self := s.graph.ops[at.op], s.opPort(c, sides[1], at)
	p := s.port(c, sides[1], at)
	out := api.OperatorOutputPort{OperatorPort: p, StreamName: p.Name, StreamViewable: true, PEOutputPorts: self.To("peoutputports"), TupleAttributes: self.To("tupleattributes")}
	if s.dynamic(sides[1], at) {
		out.Export = &api.Export{Type: "properties", FilterAllowed: true, Operator: o.name, Properties: []api.ExportProperty{{Name: "kind", Type: "rstring", Values: []string{"xdc.results"}}}}
	}
	return out
}

// dynamic reports whether a port exports or imports.
func (s still) dynamic(side side, at end) bool {
	return slices.ContainsFunc(side.of(s.graph)[s.graph.ops[at.op].pe], func(p pePort) bool { return p.at == at && p.dynamic })
}
