package twin

import (
	"maps"
	"strconv"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// still is a job at an instant: what several bodies show of it fits together.
type still struct {
	*job
	graph    *graph
	pes      []pe
	up       []bool // by connection
	status   api.JobStatus
	health   api.Health
	width    int
	change   int64
	changing bool
	dead     bool
	at       time.Time               // of the metrics
	shown    func(path string) int64 // nil: without metrics
}

// still takes the picture, without metrics.
func (j *job) still() still {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.picture()
}

// measured takes it with the metrics that were collected last.
func (j *job) measured() still {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.picture()
	values := maps.Clone(j.shown)
	s.shown = func(path string) int64 { return values[path] }
	return s
}

// picture is called with j.mu held.
func (j *job) picture() still {
	s := still{job: j, graph: j.graph, pes: j.copies(), status: j.status, width: j.width, change: j.change, changing: j.changing, dead: j.dead, at: j.shownAt}
	s.up, s.health = s.graph.connected(s.pes), jobHealth(s.graph, s.pes)
	return s
}

// stills are the jobs that are listed.
func (d *dc) stills() []still {
	var out []still
	for _, j := range d.snapshotJobs() {
		out = append(out, j.still())
	}
	return out
}

// alive are the jobs that have not ended: one that is canceled has no parts any more.
func (d *dc) alive() []still {
	var out []still
	for _, s := range d.stills() {
		if !s.dead {
			out = append(out, s)
		}
	}
	return out
}

func (s still) peHealth(i int) api.Health {
	return healthOf(s.pes[i].status, s.graph.connections(s.up, i, true), s.graph.connections(s.up, i, false))
}

// value is a metric of an operator's port; the channels of a region share what was counted for it, one tuple to each in
// turn.
func (s still) value(side string, at end, name string) int64 {
	o := s.graph.ops[at.op]
	all := s.shown(o.logical + "/" + side + "/" + strconv.Itoa(at.port) + "/" + name)
	if o.channel < 0 {
		return all
	}
	share := all / int64(s.width)
	if int64(o.channel) < all%int64(s.width) {
		share++
	}
	return share
}
