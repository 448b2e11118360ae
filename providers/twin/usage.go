package twin

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// What the model's PEs use. Assumption twin.usage.
const (
	idleCPU     = 20      // ms of processor time a second while a PE runs and is not stopped
	tuplesPerMS = 50      // that a PE gets done in a ms of processor time
	baseMemory  = 180_000 // KB of a PE that holds nothing
	tupleBytes  = 256     // of a tuple, wherever it is
)

// collectNow takes the metrics down as they are, as the platform does now and then. Gauges are measured here.
func (j *job) collectNow() {
	queued, kept := j.app.sizes()
	waiting := j.toolkit.waiting()
	j.mu.Lock()
	defer j.mu.Unlock()
	maps.Copy(j.counters, waiting)
	now := time.Now()
	elapsed := now.Sub(j.shownAt)
	g, pes := j.graph, j.copies()
	up := g.connected(pes)
	for i, p := range pes {
		if p.status != "running" {
			continue
		}
		at := "pe/" + p.id + "/"
		if !p.proc.Stopped() {
			work := j.handled(i)
			j.counters[at+"nCpuMilliseconds"] += int64(elapsed.Seconds()*idleCPU) + (work-j.counters[at+"work"])/tuplesPerMS
			j.counters[at+"work"] = work
		}
		held := int64(0)
		if i == statePE {
			held = int64(queued+kept) * tupleBytes / 1024
		}
		j.counters[at+"nMemoryConsumption"] = baseMemory + held
		j.counters[at+"nResidentMemoryConsumption"] = baseMemory*3/4 + held
		for n, port := range g.out[i] {
			there, waiting := int64(0), int64(0)
			for _, l := range port.links {
				if up[l] {
					there++
				} else {
					waiting++
				}
			}
			out := fmt.Sprintf("%sout/%d/", at, n)
			j.counters[out+"nConnections"], j.counters[out+"nRequiredConnecting"] = there, waiting
		}
	}
	for n, l := range g.links {
		to := pes[l.to.pe]
		congestion := int64(0)
		switch {
		case !up[n]:
		case to.proc.Stopped():
			congestion = 100
		case l.to.pe == statePE:
			congestion = int64(100 * queued / sourceBuffer)
		}
		j.counters[g.linkID(pes, n)+"/congestionFactor"] = congestion
	}
	j.counters[counter+"/in/0/nTuplesQueued"] = int64(queued)
	j.counters[counter+"/in/0/maxItemsQueued"] = max(j.counters[counter+"/in/0/maxItemsQueued"], int64(queued))
	maps.Copy(j.shown, j.counters)
	j.shownAt = now
}

// handled is how many tuples a PE has dealt with since it started. j.mu is held.
func (j *job) handled(i int) (n int64) {
	for _, o := range j.graph.ops {
		if o.pe == i && o.channel < 1 { // the channels of a region are counted together
			for k := range o.in {
				n += j.counters[fmt.Sprintf("%s/in/%d/nTuplesProcessed", o.logical, k)]
			}
			for k := range o.out {
				n += j.counters[fmt.Sprintf("%s/out/%d/nTuplesSubmitted", o.logical, k)]
			}
		}
	}
	return n
}

// forget drops what a PE that ends has counted, and counts its connections as broken for those at their other end. j.mu is
// held.
func (j *job) forget(i int) {
	gone := []string{"pe/" + j.pes[i].id + "/"}
	for _, o := range j.graph.ops {
		if o.pe == i {
			gone = append(gone, o.logical+"/")
		}
	}
	for path := range j.counters {
		for _, p := range gone {
			if strings.HasPrefix(path, p) {
				delete(j.counters, path)
				delete(j.shown, path)
			}
		}
	}
	for _, l := range j.graph.links {
		if from := j.pes[l.from.pe]; l.to.pe == i && from.status == "running" {
			j.counters[fmt.Sprintf("pe/%s/out/%d/nBrokenConnections", from.id, l.from.port)]++
		}
	}
}

// linkID is the id of a connection: output port, PE, input port, PE.
func (g *graph) linkID(pes []pe, n int) string {
	l := g.links[n]
	return fmt.Sprintf("o%dp%si%dp%s", l.from.port, pes[l.from.pe].id, l.to.port, pes[l.to.pe].id)
}

// sizes are how many records wait for the state's operator, and how many it holds.
func (a *application) sizes() (queued, kept int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting(), len(a.state)
}
