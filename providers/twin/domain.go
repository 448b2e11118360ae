package twin

import (
	"net"
	"net/http"

	"github.com/xdc-project/xdc/providers/twin/api"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// The management API is a service of the domain: while that is stopped, connections to it are closed. Assumption twin.domain.

// gate is a listener that closes what comes while it is shut.
type gate struct {
	net.Listener
	open func() bool
}

// Accept implements net.Listener.
func (g gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil || g.open() {
			return c, err
		}
		_ = c.Close()
	}
}

// domainRuns reports whether the domain has not been stopped.
func (d *dc) domainRuns() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.domainDown
}

// whileUp closes the connections that were kept when the domain is stopped.
func (d *dc) whileUp(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.domainRuns() {
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(w, r)
	})
}

// setDomain stops or starts the domain. It is stopped only when its instance is.
func (d *dc) setDomain(running bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case running == !d.domainDown:
		return nil
	case !running && d.status != "stopped":
		return api.Fail(http.StatusConflict, "", "The domain %s cannot be stopped: its instance %s is %s.", d.cfg.Name, d.cfg.Instance, d.status)
	}
	d.domainDown = !running
	what := "domain_up"
	if d.domainDown {
		what = "domain_down"
	}
	d.note("The domain is %s.", map[bool]string{true: "started", false: "stopped"}[running])
	d.twin.truth.say(fact{What: what, Target: d.cfg.Name})
	return nil
}

// domain opens the control endpoint's part that does what streamtool does to domains.
func (c *controlServer) domain() {
	find := func(w http.ResponseWriter, target string) *dc {
		d := c.twin.dc(target)
		if d == nil {
			reply(w, http.StatusNotFound, control.Failure{Error: "there is no target " + target})
		}
		return d
	}
	c.mux.HandleFunc("GET /domain", func(w http.ResponseWriter, r *http.Request) {
		if d := find(w, r.URL.Query().Get("target")); d != nil {
			reply(w, http.StatusOK, control.DomainState{Target: d.cfg.Name, Running: d.domainRuns()})
		}
	})
	c.mux.HandleFunc("PUT /domain", func(w http.ResponseWriter, r *http.Request) {
		var q control.DomainState
		if !c.read(w, r, &q) {
			return
		}
		d := find(w, q.Target)
		if d == nil {
			return
		}
		if err := d.setDomain(q.Running); err != nil {
			reply(w, http.StatusConflict, control.Failure{Error: err.Error()})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
