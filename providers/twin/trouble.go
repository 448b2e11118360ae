package twin

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// troubles are what the services of a data centre do wrong.
type troubles struct {
	mu  sync.Mutex
	now map[string]control.Trouble // by service
	rng map[string]*rand.Rand      // by service: one draws nothing from another's
}

// set replaces the trouble of a service.
func (t *troubles) set(with control.Trouble) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, was := t.now[with.Service]
	if with.Nothing() {
		delete(t.now, with.Service)
		return was
	}
	if t.now == nil {
		t.now = map[string]control.Trouble{}
	}
	t.now[with.Service] = with
	return true
}

// list is what is wrong, in the order of the services.
func (t *troubles) list() []control.Trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []control.Trouble
	for _, s := range control.Services() {
		if now, ok := t.now[s]; ok {
			out = append(out, now)
		}
	}
	return out
}

// fate is what happens to one request.
type fate struct {
	wait   time.Duration
	drop   bool
	status int // of a refusal; 0: none
}

// draw decides about the next request. It always draws as often, so that one kind of trouble does not move another's.
func (d *dc) draw(service string) fate {
	t := &d.troubles
	t.mu.Lock()
	defer t.mu.Unlock()
	now, ok := t.now[service]
	if !ok {
		return fate{}
	}
	if t.rng == nil {
		t.rng = map[string]*rand.Rand{}
	}
	rng := t.rng[service]
	if rng == nil {
		rng = d.twin.rng("trouble " + d.cfg.Name + " " + service)
		t.rng[service] = rng
	}
	jitter, stall, drop, refuse, which := 2*rng.Float64()-1, rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64()
	ms := float64(now.LatencyMS) + jitter*float64(now.JitterMS)
	if stall < now.StallRate {
		ms += float64(now.StallMS)
	}
	out := fate{wait: time.Duration(ms * float64(time.Millisecond)), drop: drop < now.DropRate}
	if refuse < now.ErrorRate {
		out.status = http.StatusServiceUnavailable
		if n := len(now.Statuses); n > 0 {
			out.status = now.Statuses[int(which*float64(n))]
		}
	}
	return out
}

// troubled has a service do what it does wrong. It comes before everything that the service does, as a bad proxy would.
func (d *dc) troubled(service string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := d.draw(service)
		if f.wait > 0 && !waitEither(r.Context(), d.twin.ctx, f.wait) {
			panic(http.ErrAbortHandler) // whoever asked has gone, or the twin has
		}
		switch {
		case f.drop:
			panic(http.ErrAbortHandler) // the server closes the connection
		case f.status > 0:
			d.refuse(w, service, f.status)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// waitEither is wait, until either of two contexts ends.
func waitEither(ctx, other context.Context, d time.Duration) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(other, cancel)()
	return wait(ctx, d)
}

// refuse answers in the shape that the service's errors have.
func (d *dc) refuse(w http.ResponseWriter, service string, status int) {
	const text = "The twin has been told to answer so."
	switch service {
	case control.Management:
		shape := d.twin.cfg.Errors
		if d.twin.cfg.API == 5 {
			shape = api.Listed
		}
		shape.Refuse(w, api.Fail(status, "", text))
	case control.Data:
		failData(w, status, text)
	default:
		w.WriteHeader(status)
	}
}

// clock is how far a service's clock is ahead of the true time.
func (d *dc) clock(service string) time.Duration {
	d.troubles.mu.Lock()
	defer d.troubles.mu.Unlock()
	return d.cfg.Clock + time.Duration(d.troubles.now[service].SkewMS)*time.Millisecond
}

// stamp is an instant as the target's management service writes it down, in milliseconds.
func (d *dc) stamp(t time.Time) int64 { return t.Add(d.clock(control.Management)).UnixMilli() }

// dated has answers say what time the service has.
func (d *dc) dated(service string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ahead := d.clock(service); ahead != 0 { // else the server says the true time by itself
			w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		}
		h.ServeHTTP(w, r)
	})
}

// trouble opens the control endpoint's part that sets trouble.
func (c *controlServer) trouble() {
	c.mux.HandleFunc("GET /trouble", func(w http.ResponseWriter, _ *http.Request) {
		out := []control.Trouble{}
		for _, d := range c.twin.dcs {
			out = append(out, d.troubles.list()...)
		}
		reply(w, http.StatusOK, out)
	})
	c.mux.HandleFunc("PUT /trouble", func(w http.ResponseWriter, r *http.Request) {
		var q control.Trouble
		if c.read(w, r, &q) {
			c.setTrouble(w, q)
		}
	})
	c.mux.HandleFunc("DELETE /trouble", func(w http.ResponseWriter, r *http.Request) {
		c.setTrouble(w, control.Trouble{Target: r.URL.Query().Get("target"), Service: r.URL.Query().Get("service")})
	})
}

func (c *controlServer) setTrouble(w http.ResponseWriter, q control.Trouble) {
	if err := q.Check(); err != nil {
		reply(w, http.StatusBadRequest, control.Failure{Error: err.Error()})
		return
	}
	d := c.twin.dc(q.Target)
	if d == nil {
		reply(w, http.StatusNotFound, control.Failure{Error: "there is no target " + q.Target})
		return
	}
	if d.troubles.set(q) {
		what := "fault_in_effect"
		if q.Nothing() {
			what = "fault_gone"
		}
		c.twin.truth.say(fact{What: what, Target: q.Target, ID: "trouble of " + q.Service, Cause: q.String()})
	}
	w.WriteHeader(http.StatusNoContent)
}
