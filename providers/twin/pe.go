package twin

import (
	"context"
	"fmt"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// Where the job's PEs are in its list.
const (
	sourcePE = iota
	statePE
	sinkPE
)

// pe is a processing element of a job.
type pe struct {
	id       string
	status   api.PEStatus
	reason   api.PEReason
	then     api.PEStatus // what it is started as when it has stopped; empty: it stays stopped
	launches int64
	host     int
	ops      []string
	built    []string  // ops as the application has them, without channels
	kit      []part    // of the toolkit
	proc     Proc      // while it runs
	started  time.Time // of the process
	trace    []string  // lines; ever appended to, or another slice
}

// Reasons of a PE's status, as the platform states them.
const (
	reasonNone    api.PEReason = "none"
	reasonRequest api.PEReason = "request"
	reasonCrash   api.PEReason = "crash"
	reasonMoved   api.PEReason = "automatic"      // by the system
	reasonNoHost  api.PEReason = "noFeasibleHost" // none can take it
)

// retryLaunch is how long the platform waits after a launch that failed. Assumption twin.crash.
const retryLaunch = 2 * time.Second

// turn is passed before each piece of a PE's work: it waits while the PE's process is stopped, and fails when the PE
// does not run.
func (j *job) turn(ctx context.Context, i int) error {
	p := j.process(i)
	if p == nil {
		return errNotRunning
	}
	return p.Turn(ctx)
}

// process is that of a PE; nil while it does not run.
func (j *job) process(i int) Proc {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead || i >= len(j.pes) || j.pes[i].status != "running" {
		return nil
	}
	return j.pes[i].proc
}

// working reports whether a PE runs, hung or not.
func (j *job) working(i int) bool { return j.process(i) != nil }

// responds reports whether a PE runs and is not hung.
func (j *job) responds(i int) bool {
	p := j.process(i)
	return p != nil && !p.Stopped()
}

// startProcess starts the process of a PE's next launch.
func (j *job) startProcess(i int, launch int64) (Proc, error) {
	j.mu.Lock()
	p := j.pes[i]
	id, host, ops := p.id, j.dc.hosts[p.host].Name, p.ops
	j.mu.Unlock()
	proc, err := j.dc.twin.processes.Start(j.dc.cfg.Name, host, peArgs(j.id, id, ops))
	if err != nil {
		return nil, fmt.Errorf("start the process of PE %s at %s.%s: %w", id, j.dc.cfg.Name, host, err)
	}
	if v, ok := proc.(*virtual); ok {
		v.pid = madeUpPID(id, launch)
	}
	return proc, nil
}

// launchPE starts the process of a PE and has the PE run, trying again until it works or the job ends.
func (j *job) launchPE(i int, launch int64) bool {
	for {
		proc, err := j.startProcess(i, launch)
		if err == nil {
			return j.runs(i, proc, launch)
		}
		j.log(i, "ERROR", "PE", "%v", err)
		if !wait(j.ctx, retryLaunch) {
			return false
		}
	}
}

// runs says that a PE runs in a process from now on, and watches the process.
func (j *job) runs(i int, proc Proc, launch int64) bool {
	j.mu.Lock()
	if j.dead {
		j.mu.Unlock()
		proc.Kill()
		return false
	}
	p := j.pes[i]
	p.status, p.reason, p.launches, p.proc, p.started = "running", reasonNone, launch, proc, time.Now()
	j.mu.Unlock()
	// A made-up process ends and stops by the control endpoint alone, which says so itself.
	if _, madeUp := proc.(*virtual); !madeUp {
		j.dc.twin.run(func() { j.watch(i, proc) })
	}
	j.tellServed()
	return true
}

// lookAgain is how often a real process is looked at to see whether it is stopped.
const lookAgain = 200 * time.Millisecond

// watch waits for the end of a real process, and tells the truth whether it is stopped.
func (j *job) watch(i int, proc Proc) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	hung := false
	for {
		select {
		case <-proc.Done():
			j.crashed(i, proc, "the process ended")
			return
		case <-j.ctx.Done():
			return
		case <-tick.C:
			if now := proc.Stopped(); now != hung {
				hung = now
				j.sayHung(i, hung)
			}
		}
	}
}

// sayHung tells the truth about a process that is stopped or goes on.
func (j *job) sayHung(i int, hung bool) {
	what := "pe_resumed"
	if hung {
		what = "pe_hung"
	}
	j.dc.twin.truth.say(fact{What: what, Target: j.dc.cfg.Name, Job: j.spec.Path, ID: j.pes[i].id})
	j.tellServed()
}

// down takes a running PE down; what it held in memory is gone. With a process given it does so only if the PE still
// runs in that one. It reports whether it did.
func (j *job) down(i int, proc Proc, reason api.PEReason, cause string) bool {
	j.mu.Lock()
	p := j.pes[i]
	if j.dead || p.status != "running" || (proc != nil && p.proc != proc) {
		j.mu.Unlock()
		return false
	}
	gone := p.proc
	p.status, p.reason, p.proc = "stopped", reason, nil
	if reason == reasonRequest {
		p.status = "stopping"
	}
	k := j.toolkit
	j.forget(i)
	j.mu.Unlock()
	gone.Kill()
	if k != nil {
		k.down(p.kit)
	}
	switch i {
	case sourcePE:
		j.app.loseQueue(cause)
	case statePE:
		j.app.loseState(cause)
	case sinkPE:
		j.app.emptySinks()
	}
	j.dc.twin.truth.say(fact{What: "pe_down", Target: j.dc.cfg.Name, Job: j.spec.Path, ID: p.id, Cause: cause})
	j.note("PE %s of job %s does not run any more (%s).", p.id, j.id, reason)
	j.tellServed()
	if reason == reasonRequest {
		j.dc.twin.run(func() { j.stopped(i) })
	}
	return true
}

// stopped says after a while that a PE that was asked to stop has stopped. It has not worked any more since.
func (j *job) stopped(i int) {
	j.mu.Lock()
	p := j.pes[i]
	name := fmt.Sprintf("pe stop %s%s#%d", j.dc.cfg.Name, p.id, p.launches)
	j.mu.Unlock()
	if !wait(j.ctx, j.dc.twin.between(name, 50*time.Millisecond, 250*time.Millisecond)) {
		return
	}
	j.mu.Lock()
	then := p.then
	if p.status == "stopping" {
		p.status, p.then = "stopped", ""
	}
	j.mu.Unlock()
	if then != "" {
		j.startPE(i, then)
	}
}

// stopPE stops one PE by request. One that is waiting to be started again after a crash stays down.
func (j *job) stopPE(i int) {
	if j.down(i, nil, reasonRequest, "PE stopped") {
		return
	}
	j.mu.Lock()
	p := j.pes[i]
	p.then = ""
	if p.status == "stopped" && p.reason == reasonCrash {
		p.reason = reasonRequest
	}
	j.mu.Unlock()
}

// restartPE stops a PE, and starts it when it has stopped.
func (j *job) restartPE(i int) {
	j.stopPE(i)
	j.startPE(i, "restarting")
}

// crashed says that a PE's process has ended without anybody having asked the platform for it. The platform starts the
// PE again. Assumption twin.crash.
func (j *job) crashed(i int, proc Proc, cause string) {
	if !j.down(i, proc, reasonCrash, cause) {
		return
	}
	j.mu.Lock()
	id, launch := j.pes[i].id, j.pes[i].launches
	j.mu.Unlock()
	t := j.dc.twin
	t.run(func() {
		if !wait(j.ctx, t.between(fmt.Sprintf("pe crash %s%s#%d", j.dc.cfg.Name, id, launch), 200*time.Millisecond, 600*time.Millisecond)) {
			return
		}
		j.mu.Lock()
		p := j.pes[i]
		still := p.status == "stopped" && p.reason == reasonCrash && p.launches == launch
		j.mu.Unlock()
		if still {
			j.startPE(i, "restarting")
		}
	})
}

// startPE starts a stopped PE again, one that is stopping when it has stopped. Until it runs it has the status given.
func (j *job) startPE(i int, status api.PEStatus) {
	host, placed := j.place(i)
	j.mu.Lock()
	p := j.pes[i]
	if p.status == "stopping" {
		p.then = status
	}
	if p.status != "stopped" || j.dead {
		j.mu.Unlock()
		return
	}
	if !placed {
		p.reason = reasonNoHost // a resource that comes back starts it
		j.mu.Unlock()
		return
	}
	p.status, p.host = status, host
	n := p.launches
	j.mu.Unlock()
	j.dc.twin.run(func() {
		if !wait(j.ctx, j.dc.twin.between(fmt.Sprintf("pe restart %s%s#%d", j.dc.cfg.Name, p.id, n), 800*time.Millisecond, 2*time.Second)) {
			return
		}
		if !j.launchPE(i, n+1) {
			return
		}
		j.startToolkit(i)
		j.dc.twin.truth.say(fact{What: "pe_up", Target: j.dc.cfg.Name, Job: j.spec.Path, ID: p.id})
		j.note("PE %s of job %s runs again: launch %d.", p.id, j.id, n+1)
	})
}
