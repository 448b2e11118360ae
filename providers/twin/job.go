package twin

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// job is a job that runs, or is coming up or going down.
type job struct {
	dc   *dc
	spec Job
	id   string
	name string
	at   time.Time // submitted

	options jobOptions // how it was submitted

	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	status   api.JobStatus
	up       bool // has been running and healthy
	served   served
	dead     bool
	pes      []*pe
	graph    *graph
	width    int   // of the state's parallel region
	change   int64 // how often the topology was changed
	changing bool
	app      *application
	toolkit  *toolkit
	counters map[string]int64 // metric path: "operator/out/0/nTuplesSubmitted"
	shown    map[string]int64 // as the platform collected them last
	shownAt  time.Time
}

// jobOptions are what a submission says of a job beside its application.
type jobOptions struct {
	name       string
	group      string
	data       string // folder
	tracing    api.TraceLevel
	parameters []api.Parameter
	deployment api.DeploymentConfig
}

func newJob(d *dc, spec Job, id string, with jobOptions) *job {
	j := &job{
		dc: d, spec: spec, id: id, name: with.name, options: with, at: time.Now(), status: "constructed", width: 1,
		counters: map[string]int64{}, shown: map[string]int64{}, shownAt: time.Now(),
	}
	j.ctx, j.cancel = context.WithCancel(d.twin.ctx)
	j.app = newApplication(j)
	groups, kits := fused(spec)
	for i, ops := range groups {
		j.pes = append(j.pes, &pe{id: strconv.Itoa(d.nextPE), status: "constructed", reason: reasonNone, host: d.placement(d.nextPE), ops: ops, built: ops, kit: kits[i]})
		d.nextPE++
	}
	j.graph = newGraph(spec, groups, j.width)
	if spec.Toolkit != nil {
		j.toolkit = newToolkit(d, spec, j, *spec.Toolkit)
	}
	return j
}

// fused says which operators share a PE, and which parts of the toolkit are among them. Assumption twin.pes.
func fused(spec Job) (groups [][]string, kits [][]part) {
	groups = [][]string{operatorsOfEnds(spec, false), {counter}, operatorsOfEnds(spec, true)}
	kits = make([][]part, len(groups))
	if spec.Toolkit == nil {
		return groups, kits
	}
	for _, ps := range fusion(spec.Apart) {
		var ops []string
		for _, p := range ps {
			ops = append(ops, operatorsOf[p]...)
		}
		groups, kits = append(groups, ops), append(kits, ps)
	}
	return groups, kits
}

// constructed is how long PEs are constructed at most before they are started. Assumption twin.submit.
const constructed = 400 * time.Millisecond

// comeUp starts the PEs and what is in them.
func (j *job) comeUp(delay time.Duration) {
	t := j.dc.twin
	delay += t.between("pe start "+j.dc.cfg.Name+j.id, 1500*time.Millisecond, 3*time.Second)
	fresh := min(delay/4, constructed)
	if !wait(j.ctx, fresh) {
		return
	}
	j.mu.Lock()
	for _, p := range j.pes {
		if p.status == "constructed" {
			p.status = "starting"
		}
	}
	j.mu.Unlock()
	if !wait(j.ctx, delay-fresh) {
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
	j.tellServed()
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
		j.collectNow()
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

func (j *job) setStatus(s api.JobStatus) {
	j.mu.Lock()
	j.status = s
	j.mu.Unlock()
}

func (j *job) getStatus() api.JobStatus {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.status
}

// gone reports whether the job has ended. It may still be shown as canceled.
func (j *job) gone() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dead
}

// health follows from the PEs and their connections.
func (j *job) health() api.Health {
	j.mu.Lock()
	defer j.mu.Unlock()
	return jobHealth(j.graph, j.copies())
}

// copies are the PEs as they are now. j.mu is held.
func (j *job) copies() []pe {
	out := make([]pe, len(j.pes))
	for i, p := range j.pes {
		out[i] = *p
	}
	return out
}

// pesNow copies the PEs.
func (j *job) pesNow() []pe {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.copies()
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
		p.status, p.reason, p.proc = "stopped", reasonRequest, nil
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
	j.app.emptySinks()
	j.dc.twin.truth.say(fact{What: "job_gone", Target: j.dc.cfg.Name, Job: j.spec.Path, Cause: cause})
	j.tellServed()
}

func decodeJSON(b []byte, into any) bool { return json.Unmarshal(b, into) == nil }
