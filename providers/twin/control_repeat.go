package twin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// putRepetition begins or ends signalling whatever matches, under a lease.
func (c *controlServer) putRepetition(w http.ResponseWriter, r *http.Request) {
	var q control.RepeatRequest
	if !c.read(w, r, &q) {
		return
	}
	key := leaseKey(leaseOnProcesses, q.Host, q.Name)
	if q.Repetition.Every <= 0 {
		c.mu.Lock()
		if l := c.leases[key]; l != nil {
			l.end()
		}
		c.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !slices.Contains(deadly, q.Repetition.Signal) {
		reply(w, http.StatusBadRequest, control.Failure{Error: fmt.Sprintf("signal %q is none of %s", q.Repetition.Signal, strings.Join(deadly, ", "))})
		return
	}
	if slices.ContainsFunc(c.twin.placedOn(q.Host), func(p placed) bool { return p.virtual == nil }) {
		reply(w, http.StatusNotImplemented, control.Failure{Error: "the processes of this stand-in are real: signal them on their host, " + q.Host})
		return
	}
	armed(w, c.repeat(key, q.Host, q.Repetition), q.Name)
}

// repeat sets the time of the next round. It reports false when the lease is not there.
func (c *controlServer) repeat(key, host string, r providers.Repetition) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.leases[key]
	if l == nil {
		return false
	}
	l.end()
	var timer *time.Timer
	timer = time.AfterFunc(max(r.Every.D(), 1), func() {
		c.mu.Lock()
		mine := c.leases[key] == l && l.again == timer
		c.mu.Unlock()
		if !mine || c.twin.ctx.Err() != nil {
			return
		}
		c.round(host, r)
		c.mu.Lock()
		if c.leases[key] == l && l.again == timer {
			timer.Reset(max(r.Every.D(), 1))
		}
		c.mu.Unlock()
	})
	l.again = timer
	return true
}

// round signals what matches now.
func (c *controlServer) round(host string, r providers.Repetition) {
	list := slices.DeleteFunc(c.twin.placedOn(host), func(p placed) bool { return p.virtual == nil || !slices.Contains(r.Commands, p.command()) })
	if r.Most > 0 && len(list) > r.Most {
		return
	}
	slices.SortStableFunc(list, func(a, b placed) int { return a.pe.started.Compare(b.pe.started) })
	if r.Pick > 0 && r.Pick < len(list) {
		list = list[:r.Pick]
	}
	c.signal(host, r.Signal, list, "")
}
