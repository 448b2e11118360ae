package twin

import (
	"net/http"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// lease is an armed undo.
type lease struct {
	deadline time.Time
	until    time.Time // when the undo runs without a renewal
	timer    *time.Timer
	undo     func()
	again    *time.Timer // of a repetition under the lease; nil: there is none
}

// end stops what the lease keeps going. It is called with c.mu held.
func (l *lease) end() {
	if l.again != nil {
		l.again.Stop()
		l.again = nil
	}
}

// What leases are about.
const (
	leaseOnRules     = "rules"
	leaseOnProcesses = "processes"
	leaseOnVolumes   = "volumes"
)

func leaseKey(kind, host, name string) string { return kind + " " + host + " " + name }

// arm arms an undo or renews it: without a renewal the undo runs when the lease ends, and in any case at its deadline.
// Renewing keeps the undo that was armed. It reports false when there is nothing to renew any more.
func (c *controlServer) arm(key string, renew bool, asked providers.Lease, undo func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.leases[key]
	switch {
	case renew && l == nil:
		return false
	case l == nil:
		l = &lease{deadline: time.Now().Add(asked.Deadline.D())}
		c.leases[key] = l
	default:
		l.timer.Stop()
	}
	if !renew {
		l.undo = undo
	}
	left := min(asked.TTL.D(), time.Until(l.deadline))
	l.until = time.Now().Add(left)
	l.timer = time.AfterFunc(max(left, 1), func() { c.expire(key, l) })
	return true
}

func (c *controlServer) expire(key string, l *lease) {
	c.mu.Lock()
	mine := c.leases[key] == l
	if mine {
		l.end()
		delete(c.leases, key)
	}
	c.mu.Unlock()
	if mine && c.twin.ctx.Err() == nil {
		l.undo()
	}
}

func (c *controlServer) disarm(key string) {
	c.mu.Lock()
	if l := c.leases[key]; l != nil {
		l.timer.Stop()
		l.end()
		delete(c.leases, key)
	}
	c.mu.Unlock()
}

// armed answers a request to arm or renew.
func armed(w http.ResponseWriter, ok bool, name string) {
	if !ok {
		reply(w, http.StatusGone, control.Failure{Error: "the lease of " + name + " has ended", Ended: true})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// putLease arms the removal of rules.
func (c *controlServer) putLease(w http.ResponseWriter, r *http.Request) {
	var q control.LeaseRequest
	if !c.read(w, r, &q) {
		return
	}
	ok := c.arm(leaseKey(leaseOnRules, q.Host, q.Name), q.Renew, q.Lease, func() { c.remove(q.Host, q.Name, "the lease ended") })
	armed(w, ok, q.Name)
}

func (c *controlServer) deleteLease(w http.ResponseWriter, r *http.Request) {
	c.disarm(leaseKey(leaseOnRules, r.URL.Query().Get("host"), r.URL.Query().Get("name")))
	w.WriteHeader(http.StatusNoContent)
}
