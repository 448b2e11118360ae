package twin

import (
	"slices"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers/twin/api"
)

const operatorPath = "/instances/{instance}/jobs/{job}/operators/{operator}"

// operatorRoutes are operators. Reference: section 2.7.
func (d *dc) operatorRoutes() []api.Route {
	return []api.Route{
		api.List("/instances/{instance}/operators", "listOperators", "Lists the operators.", "operators", "operator", func(c *api.Call) ([]api.Operator, error) {
			var out []api.Operator
			for _, s := range d.alive() {
				out = append(out, s.operators(c)...)
			}
			slices.SortStableFunc(out, func(a, b api.Operator) int { return compareText(a.Name, b.Name) })
			return out, nil
		}),
		api.List("/instances/{instance}/jobs/{job}/operators", "listJobOperators", "Lists the operators of a job.", "operators", "operator", func(c *api.Call) ([]api.Operator, error) {
			s, err := d.jobAt(c)
			if err != nil || s.dead {
				return nil, err
			}
			return s.operators(c), nil
		}),
		api.Get(operatorPath, "getOperator", "Reads an operator.", func(c *api.Call) (api.Operator, error) {
			s, i, err := d.operatorAt(c)
			if err != nil {
				return api.Operator{}, err
			}
			return s.operator(c, i), nil
		}),
		api.List(operatorPath+"/metrics", "listOperatorMetrics", "Lists the metrics of an operator.", "metrics", "metric", func(c *api.Call) ([]api.Metric, error) {
			s, i, err := d.operatorAt(c)
			if err != nil {
				return nil, err
			}
			return s.measured().ofOperator(i), nil
		}),
		api.Text(operatorPath+"/applicationtrace", "getOperatorTrace", "Reads the trace of an operator's PE.", func(c *api.Call) (string, error) {
			s, i, err := d.operatorAt(c)
			if err != nil {
				return "", err
			}
			return s.traceText(s.graph.ops[i].pe), nil
		}),
		api.Text(operatorPath+"/productlog", "getOperatorProductLog", "Reads the product log of an operator's PE.", func(c *api.Call) (string, error) {
			s, _, err := d.operatorAt(c)
			if err != nil {
				return "", err
			}
			return d.productLogOf(s.id), nil
		}),
		api.List(operatorPath+"/operatorconnections", "listConnectionsOfOperator", "Lists the streams of an operator.", "connections", "operatorConnection", func(c *api.Call) ([]api.OperatorConnection, error) {
			at, i, err := d.operatorAt(c)
			if err != nil {
				return nil, err
			}
			return d.flows(c, func(s still, f stream) bool { return s.id == at.id && (f.from.op == i || f.to.op == i) }), nil
		}),
	}
}

// operatorAt is the operator that a path is about.
func (d *dc) operatorAt(c *api.Call) (still, int, error) {
	s, err := d.jobAt(c)
	if err != nil {
		return s, 0, err
	}
	i := slices.IndexFunc(s.graph.ops, func(o operator) bool { return o.name == c.PathValue("operator") })
	if i < 0 || s.dead {
		return s, 0, api.Missing("operator", c.PathValue("operator"))
	}
	return s, i, nil
}

// opLink is the link of an operator.
func (s still) opLink(c *api.Call, i int) api.Link {
	return s.self(c).To("operators", s.graph.ops[i].name)
}

// opPort is the link of an operator's port.
func (s still) opPort(c *api.Call, side side, at end) api.Link {
	return s.opLink(c, at.op).To(side.segment, strconv.Itoa(at.port))
}

func (s still) operators(c *api.Call) []api.Operator {
	out := make([]api.Operator, 0, len(s.graph.ops))
	for i := range s.graph.ops {
		out = append(out, s.operator(c, i))
	}
	slices.SortStableFunc(out, func(a, b api.Operator) int { return compareText(a.Name, b.Name) })
	return out
}

func (s still) operator(c *api.Call, i int) api.Operator {
	o, self := s.graph.ops[i], s.opLink(c, i)
	out := api.Operator{
		Element: element("operator", o.name, self), Name: o.name, OperatorKind: o.kind, IndexWithinJob: int64(i), Channels: []api.Channel{}, InputPorts: self.To("inputports"),
		OutputPorts: self.To("outputports"), Connections: self.To("operatorconnections"), Metrics: self.To("metrics"), Job: s.self(c), PE: s.peLink(c, o.pe), Instance: s.dc.at(c),
		ApplicationTrace: self.To("applicationtrace"), ProductLog: self.To("productlog"), Place: s.placed(c, o.pe), Related: s.on(o.pe),
	}
	if o.channel >= 0 {
		n := int64(o.channel)
		out.LogicalName, out.Channel, out.Channels = o.logical, &n, []api.Channel{{IndexWithinRegion: n}}
	}
	return out
}

// splType is the type of the tuples of an output port.
func splType(o operator) string {
	switch name := strings.TrimPrefix(o.name, prefix); {
	case name == "HeartbeatSignalGenerator":
		return "tuple<boolean signal>"
	case name == "RemoteDataCenterHeartbeatWatchdog":
		return "tuple<boolean activeOrInactive>"
	case strings.HasPrefix(o.name, prefix):
		return "tuple<blob binaryPayload>"
	}
	return "tuple<rstring record, rstring dc, int64 count>"
}
