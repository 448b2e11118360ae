package twin

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// placed is a PE that runs, with its process; or a database.
type placed struct {
	job     *job
	index   int // in the job's list
	pe      pe
	virtual *virtual // nil when the process is real
	of      *dc      // of the database; nil of a PE
}

// command is the command line of a PE's process. It is the same after each launch.
func (p placed) command() string {
	return pePath + " " + strings.Join(peArgs(p.job.id, p.pe.id, p.pe.ops), " ")
}

// placedOn finds the PEs that run on the host with an address, by process number.
func (t *Twin) placedOn(address string) []placed {
	var out []placed
	for _, d := range t.dcs {
		if db := d.storage.db; db != nil && sameAddress(d.hosts[0].Address, address) {
			p, born := db.process()
			select {
			case <-p.Done():
			default:
				out = append(out, placed{virtual: p, of: d, pe: pe{proc: p, started: born}})
			}
		}
		for _, j := range d.snapshotJobs() {
			for i, p := range j.pesNow() {
				if p.proc == nil || !sameAddress(d.hosts[p.host].Address, address) {
					continue
				}
				select {
				case <-p.proc.Done():
					continue // nobody has noticed yet
				default:
				}
				v, _ := p.proc.(*virtual)
				out = append(out, placed{job: j, index: i, pe: p, virtual: v})
			}
		}
	}
	slices.SortFunc(out, func(x, y placed) int { return cmp.Compare(x.pe.proc.PID(), y.pe.proc.PID()) })
	return out
}

func sameAddress(a, b string) bool {
	x, err := netip.ParseAddr(a)
	if err != nil {
		return a == b
	}
	y, err := netip.ParseAddr(b)
	return err == nil && x.Unmap() == y.Unmap()
}

// process says of one what a list of processes does.
func (p placed) process() providers.Process {
	out := providers.Process{PID: p.pe.proc.PID(), Name: databaseProgram, State: "running", Started: p.pe.started.UTC().Format(time.RFC3339Nano), Command: databaseCommand}
	if p.pe.proc.Stopped() {
		out.State = "stopped"
	}
	if p.of == nil {
		out.Name, out.Holds, out.Job = peProgram, p.pe.ops, p.job.spec.Path
		out.Command = p.command()
	}
	return out
}

// listProcesses lists what runs on a host: its PEs, and its database where it has one.
func (c *controlServer) listProcesses(w http.ResponseWriter, r *http.Request) {
	out := []providers.Process{}
	for _, p := range c.twin.placedOn(r.URL.Query().Get("host")) {
		out = append(out, p.process())
	}
	reply(w, http.StatusOK, out)
}

// deadly are the signals that end a process without handlers, as a PE is one here. KILL ends a stopped one too.
var deadly = []string{"KILL", "TERM", "INT", "HUP", "QUIT", "ABRT", "USR1", "USR2"}

// signalProcesses sends a signal to some processes of a host.
func (c *controlServer) signalProcesses(w http.ResponseWriter, r *http.Request) {
	var q control.SignalRequest
	if !c.read(w, r, &q) {
		return
	}
	if known := append([]string{"STOP", "CONT"}, deadly...); !slices.Contains(known, q.Signal) {
		reply(w, http.StatusBadRequest, control.Failure{Error: fmt.Sprintf("signal %q is none of %s", q.Signal, strings.Join(known, ", "))})
		return
	}
	chosen, ok := c.chosen(w, q.Host, q.PIDs)
	if !ok {
		return
	}
	c.signal(q.Host, q.Signal, chosen, "healed")
	w.WriteHeader(http.StatusNoContent)
}

// chosen are the processes of a host that are meant. Real ones are not touched from here.
func (c *controlServer) chosen(w http.ResponseWriter, host string, pids []int) ([]placed, bool) {
	out := slices.DeleteFunc(c.twin.placedOn(host), func(p placed) bool { return !slices.Contains(pids, p.pe.proc.PID()) })
	if slices.ContainsFunc(out, func(p placed) bool { return p.virtual == nil }) {
		reply(w, http.StatusNotImplemented, control.Failure{Error: "the processes of this stand-in are real: signal them on their host, " + host})
		return nil, false
	}
	return out, true
}

// signal sends a signal and tells the truth about what it did.
func (c *controlServer) signal(host, name string, to []placed, cause string) {
	changed := false
	for _, p := range to {
		if !p.virtual.signal(name) {
			continue
		}
		changed = true
		if p.of != nil {
			p.of.sayDatabase(name)
			continue
		}
		select {
		case <-p.virtual.done:
			p.job.crashed(p.index, p.virtual, "SIG"+name)
		default:
			p.job.sayHung(p.index, name == "STOP")
		}
	}
	switch {
	case !changed:
	case name == "CONT":
		c.twin.truth.say(fact{What: "fault_gone", ID: host, Cause: cause})
	case name == "STOP":
		c.twin.truth.say(fact{What: "fault_in_effect", ID: host, Cause: "hang"})
	default:
		c.twin.truth.say(fact{What: "fault_in_effect", ID: host, Cause: "kill"})
	}
}

// putProcessLease arms the going on of stopped processes.
func (c *controlServer) putProcessLease(w http.ResponseWriter, r *http.Request) {
	var q control.ProcessLeaseRequest
	if !c.read(w, r, &q) {
		return
	}
	// Those that are armed are these processes and not later ones with their numbers.
	chosen, ok := c.chosen(w, q.Host, q.PIDs)
	if !ok {
		return
	}
	ok = c.arm(leaseKey(leaseOnProcesses, q.Host, q.Name), q.Renew, q.Lease, func() { c.signal(q.Host, "CONT", chosen, "the lease ended") })
	armed(w, ok, q.Name)
}

func (c *controlServer) deleteProcessLease(w http.ResponseWriter, r *http.Request) {
	c.disarm(leaseKey(leaseOnProcesses, r.URL.Query().Get("host"), r.URL.Query().Get("name")))
	w.WriteHeader(http.StatusNoContent)
}
