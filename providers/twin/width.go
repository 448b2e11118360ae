package twin

import (
	"net/http"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// maxWidth bounds parallel regions.
const maxWidth = 64

// widen changes the width of the state's parallel region: its PE is stopped, which the caller must have allowed, and
// started with as many channels. What it held is lost. Assumption twin.width.
func (j *job) widen(region string, width int64, force bool) error {
	switch {
	case region != counter:
		return api.Fail(http.StatusBadRequest, "", "The job %s has no parallel region %s; it has %s.", j.id, region, counter)
	case width < 1 || width > maxWidth:
		return api.Fail(http.StatusBadRequest, "", "The width of a parallel region is from 1 to %d.", maxWidth)
	}
	j.mu.Lock()
	switch p := j.pes[statePE]; {
	case j.dead || j.status != "running":
		j.mu.Unlock()
		return api.Fail(http.StatusConflict, "", "The job %s is not running.", j.id)
	case j.changing:
		j.mu.Unlock()
		return api.Fail(http.StatusConflict, "", "The topology of the job %s is being updated already.", j.id)
	case p.status == "running" && !force:
		j.mu.Unlock()
		return api.Fail(http.StatusConflict, "", "The processing element %s must be stopped to make the change; forcePeStopped allows that.", p.id)
	case int64(j.width) == width:
		j.mu.Unlock()
		return nil
	}
	j.changing = true
	j.change++
	j.mu.Unlock()
	j.dc.twin.run(func() { j.rebuild(int(width)) })
	return nil
}

// rebuild makes the change.
func (j *job) rebuild(width int) {
	j.stopPE(statePE)
	for j.statusOf(statePE) != "stopped" {
		if !wait(j.ctx, 50*time.Millisecond) {
			return
		}
	}
	j.mu.Lock()
	j.width = width
	groups := make([][]string, len(j.pes))
	for i, p := range j.pes {
		groups[i] = p.built
	}
	j.graph = newGraph(j.spec, groups, width)
	j.pes[statePE].ops = j.graph.named(statePE)
	j.mu.Unlock()
	j.startPE(statePE, "restarting")
	for s := j.statusOf(statePE); s == "restarting"; s = j.statusOf(statePE) {
		if !wait(j.ctx, 50*time.Millisecond) {
			return
		}
	}
	j.mu.Lock()
	j.changing = false
	j.mu.Unlock()
}

func (j *job) statusOf(i int) api.PEStatus {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pes[i].status
}
