package twin

import (
	"fmt"
	"net/http"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// machine is what the platform says of a host. Reference: section 3.8.
type machine struct {
	status    api.ResourceStatus
	scheduler api.SchedulerStatus
}

func machinesUp(n int) []machine {
	out := make([]machine, n)
	for i := range out {
		out[i] = machine{"RUNNING", "schedulable"}
	}
	return out
}

// schedulable lists the hosts that PEs are put on. d.mu is held.
func (d *dc) schedulable() []int {
	var out []int
	for i, m := range d.machines {
		if m.scheduler == "schedulable" {
			out = append(out, i)
		}
	}
	return out
}

// placement deals PEs to hosts, one after the other. d.mu is held.
func (d *dc) placement(n int) int {
	free := d.schedulable()
	if len(free) == 0 {
		return n % len(d.hosts)
	}
	return free[n%len(free)]
}

// place finds a host for a PE that is to be started: its own, or another where that takes none. PEs are relocatable.
func (j *job) place(i int) (host int, ok bool) {
	j.mu.Lock()
	host, launches := j.pes[i].host, j.pes[i].launches
	j.mu.Unlock()
	d := j.dc
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.machines[host].scheduler == "schedulable" {
		return host, true
	}
	free := d.schedulable()
	if len(free) == 0 {
		return host, false
	}
	return free[(i+int(launches))%len(free)], true
}

// lookForPEs is how often a host that is being quiesced is looked at.
const lookForPEs = 100 * time.Millisecond

// quiesce moves the PEs of a host to others and takes the host out of use. Where there are no others it is refused, unless
// forced. Assumption twin.quiesce.
func (d *dc) quiesce(i int, force bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := d.hosts[i].Name
	switch {
	case d.machines[i].status != "RUNNING":
		return api.Fail(http.StatusConflict, "", "The resource %s is not running.", name)
	case len(d.schedulable()) < 2 && !force:
		return api.Fail(http.StatusConflict, "", "The resource %s is the only one of the instance that can run its processing elements.", name)
	}
	d.machines[i] = machine{"QUIESCING", "draining"}
	d.note("The resource %s is being quiesced.", name)
	t := d.twin
	t.run(func() {
		for d.drain(i) {
			if !wait(t.ctx, lookForPEs) {
				return
			}
		}
		if !wait(t.ctx, t.between("quiesce "+d.cfg.Name+name, 400*time.Millisecond, 1200*time.Millisecond)) {
			return
		}
		d.mu.Lock()
		d.machines[i].status = "QUIESCED"
		d.note("The resource %s is quiesced.", name)
		d.mu.Unlock()
	})
	return nil
}

// drain moves away the PEs that run on a host, and reports whether there are any left.
func (d *dc) drain(host int) (left bool) {
	for _, j := range d.snapshotJobs() {
		for i, p := range j.pesNow() {
			switch {
			case p.host != host || p.status == "stopped" || p.status == "stopping" || j.gone():
			case p.status == "running":
				left = true
				if j.down(i, nil, reasonMoved, "resource quiesced") {
					j.startPE(i, "restarting")
				}
			default: // it is on its way up
				left = true
			}
		}
	}
	return left
}

// resume takes a host into use again. PEs that had no host are started; those that moved away stay where they are.
func (d *dc) resume(i int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := d.hosts[i].Name
	if d.machines[i].status != "QUIESCED" {
		return api.Fail(http.StatusConflict, "", "The resource %s is not quiesced.", name)
	}
	d.machines[i].status = "RESUMING"
	t := d.twin
	t.run(func() {
		if !wait(t.ctx, t.between("resume "+d.cfg.Name+name, 500*time.Millisecond, 1500*time.Millisecond)) {
			return
		}
		d.mu.Lock()
		d.machines[i] = machine{"RUNNING", "schedulable"}
		d.note("The resource %s runs again.", name)
		d.mu.Unlock()
		for _, j := range d.snapshotJobs() {
			for k, p := range j.pesNow() {
				if p.status == "stopped" && p.reason == reasonNoHost {
					j.startPE(k, "restarting")
				}
			}
		}
	})
	return nil
}

// maxNotes bounds a product log, in lines.
const maxNotes = 1000

// noted is a line of the product log, and the id of the job that it is about; empty where it is about none.
type noted struct{ job, line string }

// note writes a line of the product log. d.mu is held.
func (d *dc) note(format string, args ...any) { d.noteOf("", format, args...) }

// noteOf writes one about a job. d.mu is held.
func (d *dc) noteOf(job, format string, args ...any) {
	if len(d.said) >= maxNotes {
		d.said = d.said[1:]
	}
	d.said = append(d.said, noted{job, time.Now().UTC().Format("02 Jan 2006 15:04:05.000") + " INFO " + fmt.Sprintf(format, args...)})
}

// note writes a line about a job into the product log.
func (j *job) note(format string, args ...any) {
	j.dc.mu.Lock()
	defer j.dc.mu.Unlock()
	j.dc.noteOf(j.id, format, args...)
}
