package twin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"
)

// job is a job that runs, or is coming up or going down.
type job struct {
	dc   *dc
	spec Job
	id   string
	name string
	at   time.Time // submitted

	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	status   string
	up       bool // has been running and healthy
	dead     bool
	pes      []*pe
	app      *application
	toolkit  *toolkit
	counters map[string]int64 // metric path: "operator/out/0/nTuplesSubmitted"
	shown    map[string]int64 // as the platform collected them last
	shownAt  time.Time
	trace    []string
}

func newJob(d *dc, spec Job, id, name string) *job {
	j := &job{dc: d, spec: spec, id: id, name: name, at: time.Now(), status: "constructed", counters: map[string]int64{}, shown: map[string]int64{}, shownAt: time.Now()}
	j.ctx, j.cancel = context.WithCancel(d.twin.ctx)
	j.app = newApplication(j)
	groups := [][]string{spec.Inputs, {"KeyedCounter"}, spec.Outputs}
	kits := make([][]part, len(groups))
	if spec.Toolkit != nil {
		for _, ps := range fusion(spec.Apart) {
			var ops []string
			for _, p := range ps {
				ops = append(ops, operatorsOf[p]...)
			}
			groups, kits = append(groups, ops), append(kits, ps)
		}
	}
	for i, ops := range groups {
		j.pes = append(j.pes, &pe{id: strconv.Itoa(d.nextPE), status: "starting", reason: reasonNone, host: d.nextPE % len(d.hosts), ops: ops, kit: kits[i]})
		d.nextPE++
	}
	if spec.Toolkit != nil {
		j.toolkit = newToolkit(d, spec, j, *spec.Toolkit)
	}
	return j
}

// comeUp starts the PEs and what is in them.
func (j *job) comeUp(delay time.Duration) {
	t := j.dc.twin
	if !wait(j.ctx, delay+t.between("pe start "+j.dc.cfg.Name+j.id, 1500*time.Millisecond, 3*time.Second)) {
		return
	}
	for i := range j.pes {
		if !j.launchPE(i, 1) {
			return
		}
	}
	j.mu.Lock()
	if j.dead {
		j.mu.Unlock()
		return
	}
	j.status, j.up = "running", true
	j.mu.Unlock()
	t.truth.say(fact{What: "job_healthy", Target: j.dc.cfg.Name, Job: j.spec.Path})
	t.run(j.collect)
	t.run(j.app.work)
	for i := range j.pes {
		j.startToolkit(i)
	}
	j.takeSpecial()
}

// startToolkit starts what a PE holds of the toolkit, if it runs and holds nothing yet.
func (j *job) startToolkit(i int) {
	j.mu.Lock()
	p := j.pes[i]
	proc, ps, host, k := p.proc, p.kit, p.host, j.toolkit
	if j.dead || p.status != "running" {
		proc = nil
	}
	j.mu.Unlock()
	if proc != nil && k != nil && len(ps) > 0 {
		k.up(ps, proc, host)
	}
}

// collect copies the metrics at the platform's own interval.
func (j *job) collect() {
	t := j.dc.twin
	if !wait(j.ctx, t.between("metrics "+j.dc.cfg.Name+j.id, 0, metricRefresh)) {
		return
	}
	for {
		j.mu.Lock()
		maps.Copy(j.shown, j.counters)
		j.shownAt = time.Now()
		j.mu.Unlock()
		if !wait(j.ctx, metricRefresh) {
			return
		}
	}
}

// add counts something.
func (j *job) add(path string, n int64) {
	j.mu.Lock()
	j.counters[path] += n
	j.mu.Unlock()
}

// log writes a line of the PE trace.
func (j *job) log(level, aspect, format string, args ...any) {
	line := fmt.Sprintf("%s %s %s _XXXXX_ %s", time.Now().UTC().Format("02 Jan 2006 15:04:05.000"), level, aspect, fmt.Sprintf(format, args...))
	j.mu.Lock()
	if len(j.trace) >= 5000 {
		j.trace = j.trace[1:]
	}
	j.trace = append(j.trace, line)
	j.mu.Unlock()
}

func (j *job) setStatus(s string) {
	j.mu.Lock()
	j.status = s
	j.mu.Unlock()
}

func (j *job) getStatus() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.status
}

// health follows from the PEs: all running is healthy, none is unhealthy.
func (j *job) health() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	running := 0
	for _, p := range j.pes {
		if p.status == "running" {
			running++
		}
	}
	switch running {
	case len(j.pes):
		return "healthy"
	case 0:
		return "unhealthy"
	}
	return "partiallyUnhealthy"
}

// kill ends the job at once: whatever was in it is gone.
func (j *job) kill(cause string) {
	j.mu.Lock()
	if j.dead {
		j.mu.Unlock()
		return
	}
	j.dead = true
	var procs []Proc
	for _, p := range j.pes {
		if p.proc != nil {
			procs = append(procs, p.proc)
		}
		p.status, p.proc = "stopped", nil
	}
	k := j.toolkit
	j.mu.Unlock()
	j.cancel()
	for _, p := range procs {
		p.Kill()
	}
	if k != nil {
		k.stop()
	}
	j.app.loseQueue(cause)
	j.app.loseState(cause)
	j.dc.twin.truth.say(fact{What: "job_gone", Target: j.dc.cfg.Name, Job: j.spec.Path, Cause: cause})
}

func decodeJSON(b []byte, into any) bool { return json.Unmarshal(b, into) == nil }
