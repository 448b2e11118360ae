package twin

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// mostTroubles bounds what can be wrong at one target at a time.
const mostTroubles = 1000

// troubles are what the services of a data centre, and endpoints of theirs, do wrong.
type troubles struct {
	mu  sync.Mutex
	now map[string]*control.Trouble // by where
	rng map[string]*rand.Rand       // by where: one draws nothing from another's
}

// set replaces the trouble of one place. The one that is returned is what end takes.
func (t *troubles) set(with control.Trouble) (now *control.Trouble, changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	where := with.Where()
	_, was := t.now[where]
	if with.Nothing() {
		delete(t.now, where)
		return nil, was
	}
	if t.now == nil {
		t.now = map[string]*control.Trouble{}
	}
	if !was && len(t.now) >= mostTroubles {
		return nil, false
	}
	t.now[where] = &with
	return &with, true
}

// end ends trouble, unless something else has taken its place.
func (t *troubles) end(was *control.Trouble) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if where := was.Where(); t.now[where] == was {
		delete(t.now, where)
		return true
	}
	return false
}

// list is what is wrong, in the order of the services, of each first what holds for all of it.
func (t *troubles) list() []control.Trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []control.Trouble
	for _, s := range control.Services() {
		for _, where := range slices.Sorted(maps.Keys(t.now)) {
			if now := t.now[where]; now.Service == s {
				out = append(out, *now)
			}
		}
	}
	return out
}

// of is where the trouble of an endpoint is kept, if there is any: that of the job's before that of any job's.
func (t *troubles) of(path string, e endpoint) (where string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, job := range []string{path, ""} {
		for _, name := range []string{e.name, e.operator, e.stream} {
			where := control.Trouble{Service: control.Data, Job: job, Endpoint: name}.Where()
			if t.now[where] != nil {
				return where, true
			}
		}
	}
	return "", false
}

// fate is what happens to one request.
type fate struct {
	wait   time.Duration
	drop   bool
	status int // of a refusal; 0: none
}

// draw decides about the next request. It always draws as often, so that one kind of trouble does not move another's.
func (d *dc) draw(where string) fate {
	t := &d.troubles
	t.mu.Lock()
	defer t.mu.Unlock()
	now, ok := t.now[where]
	if !ok {
		return fate{}
	}
	if t.rng == nil {
		t.rng = map[string]*rand.Rand{}
	}
	rng := t.rng[where]
	if rng == nil {
		rng = d.twin.rng("trouble " + d.cfg.Name + " " + where)
		t.rng[where] = rng
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
		if !d.suffers(w, r, service, service) {
			h.ServeHTTP(w, r)
		}
	})
}

// suffers has a request suffer the trouble of a place; it reports whether that was all that came of it.
func (d *dc) suffers(w http.ResponseWriter, r *http.Request, service, where string) bool {
	f := d.draw(where)
	if f.wait > 0 && !waitEither(r.Context(), d.twin.ctx, f.wait) {
		panic(http.ErrAbortHandler) // whoever asked has gone, or the twin has
	}
	switch {
	case f.drop:
		panic(http.ErrAbortHandler) // the server closes the connection
	case f.status > 0:
		d.refuse(w, service, f.status)
		return true
	}
	return false
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
	skew := int64(0)
	if now := d.troubles.now[service]; now != nil {
		skew = now.SkewMS
	}
	return d.cfg.Clock + time.Duration(skew)*time.Millisecond
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
		c.setTrouble(w, control.Trouble{
			Target: r.URL.Query().Get("target"), Service: r.URL.Query().Get("service"), Endpoint: r.URL.Query().Get("endpoint"), Job: r.URL.Query().Get("job"),
		})
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
	if now, changed := d.troubles.set(q); changed {
		d.sayTrouble(q, now != nil)
	} else if !q.Nothing() {
		reply(w, http.StatusTooManyRequests, control.Failure{Error: fmt.Sprintf("more than %d things cannot be wrong with %s at a time", mostTroubles, q.Target)})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// sayTrouble writes down that trouble has begun or ended.
func (d *dc) sayTrouble(q control.Trouble, begun bool) {
	f := fact{What: "fault_gone", Target: d.cfg.Name, Job: q.Job, ID: "trouble of " + q.Where()}
	if begun {
		f.What, f.Cause = "fault_in_effect", q.String()
	}
	d.twin.truth.say(f)
}

// TimedTrouble is trouble that the twin has from some time after its start.
type TimedTrouble struct {
	control.Trouble
	After time.Duration
	For   time.Duration // 0: to the end
}

// trouble brings the trouble that the twin was made with.
func (d *dc) trouble() {
	for _, q := range d.cfg.Trouble {
		q.Target = d.cfg.Name
		begin := func() *control.Trouble {
			now, changed := d.troubles.set(q.Trouble)
			if changed {
				d.sayTrouble(q.Trouble, now != nil)
			}
			return now
		}
		end := func(now *control.Trouble) {
			if q.For > 0 && now != nil && wait(d.twin.ctx, q.For) && d.troubles.end(now) {
				d.sayTrouble(q.Trouble, false)
			}
		}
		if q.After > 0 {
			d.twin.run(func() {
				if wait(d.twin.ctx, q.After) {
					end(begin())
				}
			})
			continue
		}
		now := begin() // before the first request
		d.twin.run(func() { end(now) })
	}
}
