package twin

import (
	"crypto/subtle"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// controlServer is the endpoint through which faults are made. It stands in for what is on a host: the firewall, the armed
// undo with its lease, the lock.
type controlServer struct {
	twin *Twin
	mux  *http.ServeMux

	mu     sync.Mutex
	leases map[string]*lease // by kind, host and name
	locks  map[string]control.Lock
	alive  map[string]time.Time // last sign of a lock's run
}

func newControl(t *Twin) *controlServer {
	c := &controlServer{twin: t, mux: http.NewServeMux(), leases: map[string]*lease{}, locks: map[string]control.Lock{}, alive: map[string]time.Time{}}
	c.mux.HandleFunc("GET /rules", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, t.net.Rules(r.URL.Query().Get("host")))
	})
	c.mux.HandleFunc("PUT /rules", c.putRule)
	c.mux.HandleFunc("DELETE /rules", func(w http.ResponseWriter, r *http.Request) {
		c.remove(r.URL.Query().Get("host"), r.URL.Query().Get("name"), "healed")
		w.WriteHeader(http.StatusNoContent)
	})
	c.mux.HandleFunc("PUT /leases", c.putLease)
	c.mux.HandleFunc("DELETE /leases", c.deleteLease)
	c.mux.HandleFunc("GET /processes", c.listProcesses)
	c.mux.HandleFunc("POST /processes/signal", c.signalProcesses)
	c.mux.HandleFunc("PUT /processes/repetitions", c.putRepetition)
	c.mux.HandleFunc("PUT /processes/leases", c.putProcessLease)
	c.mux.HandleFunc("DELETE /processes/leases", c.deleteProcessLease)
	c.storage()
	c.trouble()
	c.domain()
	c.mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, c.state()) })
	c.mux.HandleFunc("GET /locks", func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		out := []control.Lock{}
		for _, k := range slices.Sorted(maps.Keys(c.locks)) {
			out = append(out, c.locks[k])
		}
		reply(w, http.StatusOK, out)
	})
	c.mux.HandleFunc("PUT /locks", c.putLock)
	c.mux.HandleFunc("DELETE /locks", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		c.mu.Lock()
		if c.locks[q.Get("target")].Run == q.Get("run") {
			delete(c.locks, q.Get("target"))
		}
		c.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})
	return c
}

// ServeHTTP lets in who has the token. The page alone, which says nothing of the twin, is for everybody: it asks for the
// token and shows what it gets with it.
func (c *controlServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		servePage(w, r)
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+c.twin.cfg.Token)) != 1 {
		reply(w, http.StatusUnauthorized, control.Failure{Error: "the token of the control endpoint is wrong"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	c.mux.ServeHTTP(w, r)
}

func (c *controlServer) read(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		reply(w, http.StatusBadRequest, control.Failure{Error: "the request is not understood: " + err.Error()})
		return false
	}
	return true
}

func (c *controlServer) putRule(w http.ResponseWriter, r *http.Request) {
	var q control.RuleRequest
	if !c.read(w, r, &q) {
		return
	}
	if q.Rule.Name == "" || q.Rule.Host == "" {
		reply(w, http.StatusBadRequest, control.Failure{Error: "a rule needs a name and a host"})
		return
	}
	if err := c.twin.net.Apply(q.Rule); err != nil {
		reply(w, http.StatusBadRequest, control.Failure{Error: err.Error()})
		return
	}
	c.twin.truth.say(fact{What: "fault_in_effect", ID: q.Rule.Name, Step: q.Step, Cause: effectWords(q.Rule)})
	w.WriteHeader(http.StatusNoContent)
}

func effectWords(r providers.LinkRule) string {
	switch {
	case r.Drop:
		return "drop"
	case r.Reject:
		return "reject"
	case r.Loss > 0:
		return "loss"
	case r.RateBPS > 0:
		return "bandwidth"
	}
	return "latency"
}

func (c *controlServer) remove(host, name, cause string) {
	if c.twin.net.Remove(host, name) {
		c.twin.truth.say(fact{What: "fault_gone", ID: name, Cause: cause})
	}
}

// putLock takes a lock, renews it, or takes over one whose run has given no sign of life.
func (c *controlServer) putLock(w http.ResponseWriter, r *http.Request) {
	var q control.Lock
	if !c.read(w, r, &q) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	held, ok := c.locks[q.Target]
	if ok && held.Run != q.Run && time.Since(c.alive[q.Target]) < held.TTL.D() {
		reply(w, http.StatusConflict, control.Failure{Error: q.Target + " is locked", Lock: &held})
		return
	}
	if !ok || held.Run != q.Run {
		q.Since = time.Now()
		c.locks[q.Target] = q
	}
	c.alive[q.Target] = time.Now()
	w.WriteHeader(http.StatusNoContent)
}
