package twin

import (
	"fmt"
	"slices"
	"strings"
)

// counter is the operator that holds the application's state, and the parallel region that it is.
const counter = "KeyedCounter"

// graph is how a job's operators are put into PEs and connected. It never changes: a change of the job makes another.
type graph struct {
	ops     []operator // PE by PE
	streams []stream
	in, out [][]pePort // ports of each PE
	links   []link     // connections between PEs
}

// operator is an operator in its PE.
type operator struct {
	name    string
	logical string // without the channel
	channel int    // -1: in no parallel region
	kind    string
	pe      int // where its PE is in the job's list
	in, out int // how many ports it has
}

// end is a port of an operator: where that is in the graph's list, and the port's index.
type end struct{ op, port int }

// stream leads from an output port to an input port; link is where its connection is in the graph's list, or -1 within a PE.
type stream struct {
	from, to end
	link     int
}

// pePort is a port of a PE, which is one of an operator in it. Dynamic says that it exports or imports: its connections are
// optional.
type pePort struct {
	at      end
	dynamic bool
	links   []int
}

// link is a connection from an output port of a PE to an input port of another.
type link struct {
	from, to pePlace
	required bool
}

// pePlace is a PE with the index of its port.
type pePlace struct{ pe, port int }

// wired is a stream by the logical names of operators.
type wired struct {
	from string
	out  int
	to   string
	in   int
}

// Ports of the operator with the state: records come in first, the last input port imports. With the toolkit there are
// those that it is wired to (reference: section 2 of the toolkit's source).
const (
	takeoverIn = 1
	signalIn   = 2
	snapshotO  = 1
)

// toolkitStreams are the streams of the composite, between the operators that the model has.
var toolkitStreams = []wired{
	{prefix + "HeartbeatSignalGenerator", 0, prefix + "HeartbeatMessagePreparer", 0},
	{prefix + "HeartbeatSignalGenerator", 0, prefix + "RemoteDataCenterHeartbeatWatchdog", 1},
	{prefix + "HeartbeatMessagePreparer", 0, prefix + "CrossDataCenterSender1", 0},
	{prefix + "HeartbeatMessagePreparer", 1, prefix + "CrossDataCenterSender2", 0},
	{prefix + "HeartbeatMessagePreparer", 2, counter, signalIn},
	{counter, snapshotO, prefix + "CrossDataCenterSender2", 0},
	{prefix + "CrossDataCenterReceiverForHB", 0, prefix + "RemoteDataCenterHeartbeatWatchdog", 0},
	{prefix + "RemoteDataCenterHeartbeatWatchdog", 0, prefix + "HeartbeatMessagePreparer", 1},
	{prefix + "RemoteDataCenterHeartbeatWatchdog", 0, prefix + "RemoteDataCenterWatchdog", 1},
	{prefix + "CrossDataCenterReceiver", 0, prefix + "RemoteDataCenterWatchdog", 0},
	{prefix + "RemoteDataCenterWatchdog", 0, prefix + "RemoteDCDataMerger", 0},
	{prefix + "RemoteDCDataMerger", 0, counter, takeoverIn},
}

// newGraph lays out operators, given PE by PE; the state's region has so many channels.
func newGraph(spec Job, groups [][]string, width int) *graph {
	g := &graph{in: make([][]pePort, len(groups)), out: make([][]pePort, len(groups))}
	for pe, names := range groups {
		for _, name := range names {
			o := operator{name: name, logical: name, channel: -1, kind: kindOf(spec, name), pe: pe}
			o.in, o.out = ports(spec, name)
			if name != counter || width == 1 {
				g.ops = append(g.ops, o)
				continue
			}
			for c := range width {
				o.name, o.channel = fmt.Sprintf("%s[%d]", name, c), c
				g.ops = append(g.ops, o)
			}
		}
	}
	all := slices.Clone(streamsOf(spec))
	for _, w := range all {
		for from, a := range g.ops {
			for to, b := range g.ops {
				if a.logical == w.from && b.logical == w.to {
					g.connect(end{from, w.out}, end{to, w.in})
				}
			}
		}
	}
	for i, o := range g.ops {
		if o.logical == counter { // it exports its results and imports what steers it
			g.port(&g.out, end{i, 0}, true)
			g.port(&g.in, end{i, o.in - 1}, true)
		}
	}
	return g
}

func streamsOf(spec Job) []wired {
	var out []wired
	for _, e := range endpointsOf(spec) {
		if e.sink {
			out = append(out, wired{counter, 0, e.operator, e.port})
		} else {
			out = append(out, wired{e.operator, e.port, counter, e.into})
		}
	}
	if spec.Toolkit != nil {
		out = append(out, toolkitStreams...)
	}
	return out
}

// connect adds a stream, and the connection of PEs that it needs.
func (g *graph) connect(from, to end) {
	s := stream{from, to, -1}
	a, b := g.ops[from.op].pe, g.ops[to.op].pe
	if a != b {
		l := link{from: pePlace{a, g.port(&g.out, from, false)}, to: pePlace{b, g.port(&g.in, to, false)}, required: true}
		s.link = len(g.links)
		g.out[a][l.from.port].links = append(g.out[a][l.from.port].links, s.link)
		g.in[b][l.to.port].links = append(g.in[b][l.to.port].links, s.link)
		g.links = append(g.links, l)
	}
	g.streams = append(g.streams, s)
}

// port finds a PE's port for an operator's, or makes it, and returns its index.
func (g *graph) port(list *[][]pePort, at end, dynamic bool) int {
	pe := g.ops[at.op].pe
	for i, p := range (*list)[pe] {
		if p.at == at {
			(*list)[pe][i].dynamic = p.dynamic || dynamic
			return i
		}
	}
	(*list)[pe] = append((*list)[pe], pePort{at: at, dynamic: dynamic})
	return len((*list)[pe]) - 1
}

// named lists the operators of a PE by name.
func (g *graph) named(pe int) []string {
	var out []string
	for _, o := range g.ops {
		if o.pe == pe {
			out = append(out, o.name)
		}
	}
	return out
}

// ports are how many input and output ports an operator has.
func ports(spec Job, op string) (in, out int) {
	switch strings.TrimPrefix(op, prefix) {
	case "HeartbeatMessagePreparer":
		return 3, 6
	case "HeartbeatSignalGenerator", "CrossDataCenterReceiverForHB", "CrossDataCenterReceiver":
		return 0, 1
	case "RemoteDataCenterHeartbeatWatchdog":
		return 3, 1
	case "RemoteDataCenterWatchdog":
		return 3, 4
	case "RemoteDCDataMerger":
		return 3, 1
	case counter:
		if in = extraIns(spec); spec.Toolkit != nil {
			return in + 4, 2
		}
		return in + 2, 1
	}
	if strings.HasPrefix(op, prefix) {
		return 1, 1
	}
	out, in = endsOf(spec, op)
	return in, out
}

// kindOf is the kind of an operator (reference: section 3 of the toolkit's source; its namespaces in 2.0.0 are not public).
func kindOf(spec Job, op string) string {
	switch name := strings.TrimPrefix(op, prefix); {
	case name == "HeartbeatSignalGenerator":
		return "spl.utility::Beacon"
	case strings.HasPrefix(name, "CrossDataCenterSender"):
		return "com.teracloud.streams.crossdc.failover::HttpBlobSender"
	case strings.HasPrefix(name, "CrossDataCenterReceiver"):
		return "com.teracloud.streams.inet.rest::HTTPBLOBInjection"
	case name == "RemoteDCDataMerger":
		return "spl.relational::Functor"
	case strings.HasPrefix(op, prefix):
		return "spl.utility::Custom"
	case op == counter:
		return "application::KeyedCounter"
	}
	_, sinks := endsOf(spec, op)
	switch inet := slices.Contains(spec.Inet, op); {
	case inet && sinks > 0:
		return "com.ibm.streamsx.inet.rest::HTTPTupleView"
	case inet:
		return "com.ibm.streamsx.inet.rest::HTTPJSONInjection"
	case sinks > 0:
		return "spl.endpoint::EndpointSink"
	}
	return "spl.endpoint::EndpointSource"
}
