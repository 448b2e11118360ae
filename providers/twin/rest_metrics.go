package twin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// gauged is a system metric. Reference: section 4.
type gauged struct {
	name  string
	kind  api.MetricKind
	about string
}

// The system metrics of each owner.
var (
	peMetrics = []gauged{
		{"nCpuMilliseconds", "gauge", "Processor time of the processing element, user and system, in milliseconds."},
		{"nMemoryConsumption", "gauge", "Memory of the processing element, in KB."},
		{"nResidentMemoryConsumption", "gauge", "Resident memory of the processing element, in KB."},
	}
	peInMetrics = []gauged{
		{"nTuplesProcessed", "counter", "Tuples that the port has processed."},
		{"nTupleBytesProcessed", "counter", "Bytes of the tuples that the port has processed."},
		{"nWindowPunctsProcessed", "counter", "Window punctuations that the port has processed."},
		{"nFinalPunctsProcessed", "counter", "Final punctuations that the port has processed."},
	}
	peOutMetrics = []gauged{
		{"nTuplesSubmitted", "counter", "Tuples that the port has submitted."},
		{"nTupleBytesSubmitted", "counter", "Bytes of the tuples that the port has submitted."},
		{"nWindowPunctsSubmitted", "counter", "Window punctuations that the port has submitted."},
		{"nFinalPunctsSubmitted", "counter", "Final punctuations that the port has submitted."},
		{"nTuplesTransmitted", "counter", "Tuples that the port has sent, one for each connection."},
		{"nTupleBytesTransmitted", "counter", "Bytes that the port has sent, over each connection."},
		{"nBrokenConnections", "counter", "Connections of the port that have broken since its process was started."},
		{"nRequiredConnecting", "gauge", "Required connections that are being established."},
		{"nOptionalConnecting", "gauge", "Optional connections that are being established."},
		{"nConnections", "gauge", "Receivers that are connected."},
	}
	connectionMetrics = []gauged{
		{"congestionFactor", "gauge", "How congested the connection is, from 0 to 100."},
		{"nTuplesFilteredOut", "counter", "Tuples that an import filter has dropped."},
	}
	operatorMetrics = []gauged{
		{"relativeOperatorCost", "gauge", "The operator's share of what its processing element costs, in percent."},
	}
	inMetrics = []gauged{
		{"nTuplesProcessed", "counter", "Tuples that the port has processed."},
		{"nTuplesDropped", "counter", "Tuples that the port has dropped."},
		{"nWindowPunctsProcessed", "counter", "Window punctuations that the port has processed."},
		{"nFinalPunctsProcessed", "counter", "Final punctuations that the port has processed."},
		{"nEnqueueWaits", "counter", "How often a full queue made somebody wait."},
		{"nTuplesQueued", "gauge", "Tuples in the port's queue."},
		{"nWindowPunctsQueued", "gauge", "Window punctuations in the port's queue."},
		{"nFinalPunctsQueued", "gauge", "Final punctuations in the port's queue."},
		{"queueSize", "gauge", "Size of the port's queue; 0: it has none."},
		{"maxItemsQueued", "gauge", "The most that was ever in the port's queue."},
		{"recentMaxItemsQueued", "gauge", "The most that was in the port's queue lately."},
		{"recentMaxItemsQueuedInterval", "time", "How long lately is, in milliseconds."},
	}
	outMetrics = []gauged{
		{"nTuplesSubmitted", "counter", "Tuples that the port has submitted."},
		{"nWindowPunctsSubmitted", "counter", "Window punctuations that the port has submitted."},
		{"nFinalPunctsSubmitted", "counter", "Final punctuations that the port has submitted."},
	}
	machineMetrics = []gauged{
		{"nProcessors", "gauge", "Processors of the resource."},
		{"cpuSpeed", "gauge", "Speed of a processor, in BogoMips."},
		{"loadAverage", "gauge", "Load of the resource, times 100."},
		{"cpuUtilization", "gauge", "Use of the processors, in percent."},
		{"memoryCapacity", "gauge", "Memory of the resource, in KB."},
		{"memoryUtilization", "gauge", "Use of the memory, in percent."},
		{"appNetworkCapacity", "gauge", "Capacity of the network of applications, in MB a second."},
		{"appNetworkUtilization", "gauge", "Use of the network of applications, in percent."},
	}
	receiverMetrics = []gauged{
		{"serverPort", "gauge", "The port that the server listens on."},
		{"https", "gauge", "1 where the server speaks TLS."},
	}
)

// render makes metrics of a list, with the values that a function has.
func render(list []gauged, kind api.MetricType, at time.Time, value func(name string) int64) []api.Metric {
	out := make([]api.Metric, 0, len(list))
	for _, m := range list {
		out = append(out, api.Metric{
			Name: m.name, Value: value(m.name), MetricKind: m.kind, MetricType: kind, Description: m.about, LastTimeRetrieved: at.UnixMilli(), ResourceType: "metric",
		})
	}
	return out
}

// system renders metrics of the platform.
func (s still) system(list []gauged, value func(name string) int64) []api.Metric {
	return render(list, "system", s.at.Add(s.dc.clock(control.Management)), value)
}

func (s still) ofPE(i int) []api.Metric {
	return s.system(peMetrics, func(name string) int64 { return s.shown("pe/" + s.pes[i].id + "/" + name) })
}

// ofPEPort are the metrics of a PE's port: its tuples are those of the operator's port behind it.
func (s still) ofPEPort(side side, pe, n int) []api.Metric {
	p := side.of(s.graph)[pe][n]
	list := peInMetrics
	if side.side == "out" {
		list = peOutMetrics
	}
	return s.system(list, func(name string) int64 {
		switch name {
		case "nTupleBytesProcessed":
			return tupleBytes * s.value(side.side, p.at, "nTuplesProcessed")
		case "nTupleBytesSubmitted":
			return tupleBytes * s.value(side.side, p.at, "nTuplesSubmitted")
		case "nTuplesTransmitted":
			return int64(len(p.links)) * s.value(side.side, p.at, "nTuplesSubmitted")
		case "nTupleBytesTransmitted":
			return tupleBytes * int64(len(p.links)) * s.value(side.side, p.at, "nTuplesSubmitted")
		case "nTuplesProcessed", "nTuplesSubmitted":
			return s.value(side.side, p.at, name)
		}
		return s.shown(fmt.Sprintf("pe/%s/%s/%d/%s", s.pes[pe].id, side.side, n, name))
	})
}

func (s still) ofConnection(i int) []api.Metric {
	id := s.graph.linkID(s.pes, i)
	return s.system(connectionMetrics, func(name string) int64 { return s.shown(id + "/" + name) })
}

// ofOperator has the cost, and what the receivers say of themselves.
func (s still) ofOperator(i int) []api.Metric {
	out := s.system(operatorMetrics, func(string) int64 { return s.cost(i) })
	if slices.Contains(s.spec.Inet, s.graph.ops[i].name) {
		return append(out, s.listening(s.dc.inetPort())...)
	}
	name, ok := strings.CutPrefix(s.graph.ops[i].name, prefix+"CrossDataCenterReceiver")
	if !ok || s.spec.Toolkit == nil {
		return out
	}
	port := portOf(s.spec.Toolkit) + int(snapshots)
	if name == "ForHB" {
		port = portOf(s.spec.Toolkit) + int(heartbeats)
	}
	return append(out, s.listening(port)...)
}

// listening is what an operator with a server of its own says of it.
func (s still) listening(port int) []api.Metric {
	return render(receiverMetrics, "custom", s.at.Add(s.dc.clock(control.Management)), func(name string) int64 {
		if name == "serverPort" {
			return int64(port)
		}
		return 0 // it speaks plain HTTP
	})
}

// cost is an operator's share of its PE's tuples, in percent; as long as there are none, all cost the same.
func (s still) cost(i int) int64 {
	own, all, n := int64(0), int64(0), int64(0)
	for k, o := range s.graph.ops {
		if o.pe != s.graph.ops[i].pe {
			continue
		}
		n++
		for port := range o.in {
			v := s.value("in", end{k, port}, "nTuplesProcessed")
			all += v
			if k == i {
				own += v
			}
		}
		for port := range o.out {
			v := s.value("out", end{k, port}, "nTuplesSubmitted")
			all += v
			if k == i {
				own += v
			}
		}
	}
	if all == 0 {
		return 100 / n
	}
	return 100 * own / all
}

func (s still) ofPort(side side, at end) []api.Metric {
	if side.side == "out" {
		return s.system(outMetrics, func(name string) int64 { return s.value("out", at, name) })
	}
	o := s.graph.ops[at.op]
	return s.system(inMetrics, func(name string) int64 {
		switch name {
		case "queueSize":
			return queueSize(o, at.port)
		case "recentMaxItemsQueuedInterval":
			return metricRefresh.Milliseconds()
		case "recentMaxItemsQueued":
			return s.value("in", at, "nTuplesQueued")
		}
		return s.value("in", at, name)
	})
}

// queueSize is the size of a threaded port's queue; 0 where the port is not threaded. Reference: section 3 of the
// toolkit's source.
func queueSize(o operator, port int) int64 {
	switch name := strings.TrimPrefix(o.name, prefix); {
	case port > 0:
	case o.logical == counter:
		return sourceBuffer
	case name == "RemoteDataCenterHeartbeatWatchdog", name == "RemoteDataCenterWatchdog":
		return receiverQueue
	case strings.HasPrefix(name, "CrossDataCenterSender"):
		return senderQueue
	}
	return 0
}

// What the machines of the model are. Assumption twin.usage.
const (
	processors  = 4
	memoryKB    = 16 << 20
	bogoMips    = 4000
	networkMB   = 1000
	loadPerPE   = 10 // of a load of 100 a processor
	loadOfHost  = 5
	percentFull = 100
)

// machineMetrics are the metrics of a resource or a host, as they were collected last.
func (d *dc) machineMetrics(kind string) func(*api.Call) ([]api.Metric, error) {
	return func(c *api.Call) ([]api.Metric, error) {
		i, err := d.machineAt(c, kind)
		if err != nil {
			return nil, err
		}
		pes := int64(0)
		for _, s := range d.alive() {
			for _, p := range s.pes {
				if p.host == i && p.status == "running" {
					pes++
				}
			}
		}
		at := d.twin.start.Add(time.Since(d.twin.start).Truncate(metricRefresh))
		load := loadOfHost + loadPerPE*pes
		values := map[string]int64{
			"nProcessors": processors, "cpuSpeed": bogoMips, "loadAverage": load, "cpuUtilization": min(load/processors, percentFull), "memoryCapacity": memoryKB,
			"memoryUtilization": min(percentFull*(1+pes)*baseMemory/memoryKB, percentFull), "appNetworkCapacity": networkMB, "appNetworkUtilization": 0,
		}
		return render(machineMetrics, "system", at.Add(d.clock(control.Management)), func(name string) int64 { return values[name] }), nil
	}
}
