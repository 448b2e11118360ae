package streams

import (
	"strconv"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// usage is what PEs use and how their connections fare. What the server does not have is not set.
type usage struct {
	cpu, memory, congestion, broken rest.Int
}

// usageOf reads the metrics of a PE.
func usageOf(pe rest.PE) usage {
	var u usage
	for _, m := range pe.Metrics {
		switch m.Name {
		case "nCpuMilliseconds":
			plus(&u.cpu, m.Value, 1)
		case "nMemoryConsumption":
			plus(&u.memory, m.Value, 1024) // it is in KiB
		}
	}
	for _, p := range pe.OutputPorts {
		for _, m := range p.Metrics {
			if m.Name == "nBrokenConnections" {
				plus(&u.broken, m.Value, 1)
			}
		}
		for _, c := range p.Connections {
			for _, m := range c.Metrics {
				if m.Name == "congestionFactor" {
					highest(&u.congestion, m.Value)
				}
			}
		}
	}
	return u
}

// add takes another PE in.
func (u *usage) add(o usage) {
	plus(&u.cpu, o.cpu, 1)
	plus(&u.memory, o.memory, 1)
	plus(&u.broken, o.broken, 1)
	highest(&u.congestion, o.congestion)
}

func plus(sum *rest.Int, n rest.Int, unit int64) {
	if n.Set {
		sum.V, sum.Set = sum.V+n.V*unit, true
	}
}

func highest(most *rest.Int, n rest.Int) {
	if n.Set && (!most.Set || n.V > most.V) {
		*most = n
	}
}

// usage reports what is known.
func (o observation) usage(path string, u usage) {
	for _, x := range []struct {
		name string
		n    rest.Int
	}{{".cpu_ms", u.cpu}, {".memory", u.memory}, {".congestion", u.congestion}, {".connections_broken", u.broken}} {
		if x.n.Set {
			o.number(path+x.name, x.n.V)
		}
	}
	if u.cpu.Set {
		o.emit(providers.Reading{Path: path + ".cpu_time", Value: signal.DurationVal(time.Duration(u.cpu.V) * time.Millisecond), Low: o.low, High: o.high})
	}
}

// outlets reports the congestion of each connection that leaves a PE.
func (o observation) outlets(job string, pe rest.PE) {
	for _, p := range pe.OutputPorts {
		for _, c := range p.Connections {
			for _, m := range c.Metrics {
				if m.Name == "congestionFactor" && m.Value.Set && c.ID != "" {
					o.number(job+".connection["+strconv.Quote(string(c.ID))+"].congestion", m.Value.V)
				}
			}
		}
	}
}
