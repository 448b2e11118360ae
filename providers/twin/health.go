package twin

import "github.com/xdc-project/xdc/providers/twin/api"

// connected says which connections between PEs are up: those between two PEs that run. Whether a PE is hung does not
// matter: its connections stay open.
func (g *graph) connected(pes []pe) []bool {
	out := make([]bool, len(g.links))
	for i, l := range g.links {
		out[i] = pes[l.from.pe].status == "running" && pes[l.to.pe].status == "running"
	}
	return out
}

// connections sums up a PE's required or optional connections. One that has none is connected.
func (g *graph) connections(up []bool, pe int, required bool) api.Connections {
	all, there := 0, 0
	for i, l := range g.links {
		if l.required != required || l.from.pe != pe && l.to.pe != pe {
			continue
		}
		all++
		if up[i] {
			there++
		}
	}
	switch there {
	case all:
		return "connected"
	case 0:
		return "disconnected"
	}
	return "partiallyConnected"
}

// healthOf is the health of a PE: it is healthy when it runs and all its connections are there. Reference: section 2.15;
// the words in between are assumption twin.health.
func healthOf(status api.PEStatus, required, optional api.Connections) api.Health {
	switch {
	case status == "unknown":
		return "unknown"
	case status != "running":
		return "unhealthy"
	case required == "connected" && optional == "connected":
		return "healthy"
	}
	return "partiallyHealthy"
}

// jobHealth follows from the PEs. A job whose PEs have not been started yet is healthy, as servers of 4.3 show it.
// Assumption twin.health.
func jobHealth(g *graph, pes []pe) api.Health {
	up := g.connected(pes)
	running, healthy, fresh := 0, 0, 0
	for i, p := range pes {
		switch p.status { // the others count for nothing
		case "constructed":
			fresh++
		case "running":
			running++
		}
		if healthOf(p.status, g.connections(up, i, true), g.connections(up, i, false)) == "healthy" {
			healthy++
		}
	}
	switch n := len(pes); {
	case fresh == n, healthy == n:
		return "healthy"
	case running == n:
		return "partiallyHealthy"
	case running == 0:
		return "unhealthy"
	}
	return "partiallyUnhealthy"
}

// health sums up the jobs'. An instance without jobs is healthy.
func (d *dc) health() api.Health {
	all, healthy, unhealthy, down := 0, 0, 0, 0
	for _, j := range d.snapshotJobs() {
		if j.gone() {
			continue
		}
		all++
		switch j.health() {
		case "healthy":
			healthy++
		case "unhealthy":
			down, unhealthy = down+1, unhealthy+1
		case "partiallyUnhealthy":
			unhealthy++
		}
	}
	switch {
	case healthy == all:
		return "healthy"
	case down == all:
		return "unhealthy"
	case unhealthy > 0:
		return "partiallyUnhealthy"
	}
	return "partiallyHealthy"
}
