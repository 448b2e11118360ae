package twin

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/providers/twin/control"
)

// storage has what stands in for a host's file systems, and for the way in which an operator stops and starts a database.
func (c *controlServer) storage() {
	c.mux.HandleFunc("GET /volumes", c.on(func(w http.ResponseWriter, r *http.Request, d *dc, host string) {
		reply(w, http.StatusOK, d.storage.disk.volume(host, r.URL.Query().Get("folder")))
	}))
	c.mux.HandleFunc("GET /files", c.on(func(w http.ResponseWriter, r *http.Request, d *dc, host string) {
		reply(w, http.StatusOK, d.storage.disk.list(host, r.URL.Query().Get("folder"), r.URL.Query().Get("suffix")))
	}))
	c.mux.HandleFunc("GET /file", c.on(func(w http.ResponseWriter, r *http.Request, d *dc, host string) {
		b, err := d.storage.disk.read(host, r.URL.Query().Get("name"), control.MostOfAFile)
		if err != nil {
			reply(w, http.StatusNotFound, control.Failure{Error: err.Error(), Missing: errors.Is(err, fs.ErrNotExist)})
			return
		}
		reply(w, http.StatusOK, control.File{Content: b})
	}))
	c.mux.HandleFunc("PUT /volumes", c.putVolume)
	c.mux.HandleFunc("DELETE /volumes", c.on(func(w http.ResponseWriter, r *http.Request, d *dc, host string) {
		c.lift(d, host, r.URL.Query().Get("name"), "healed")
		w.WriteHeader(http.StatusNoContent)
	}))
	c.mux.HandleFunc("PUT /volumes/leases", c.putVolumeLease)
	c.mux.HandleFunc("DELETE /volumes/leases", func(w http.ResponseWriter, r *http.Request) {
		c.disarm(leaseKey(leaseOnVolumes, r.URL.Query().Get("host"), r.URL.Query().Get("name")))
		w.WriteHeader(http.StatusNoContent)
	})
	c.mux.HandleFunc("POST /database", c.postDatabase)
}

// on finds the data centre of a host by the host's address, and the address as the model has it.
func (c *controlServer) on(do func(http.ResponseWriter, *http.Request, *dc, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d, host := c.twin.hostAt(r.URL.Query().Get("host"))
		if d == nil {
			reply(w, http.StatusNotFound, control.Failure{Error: "there is no host " + r.URL.Query().Get("host")})
			return
		}
		do(w, r, d, host)
	}
}

func (t *Twin) hostAt(address string) (*dc, string) {
	for _, d := range t.dcs {
		for _, h := range d.hosts {
			if sameAddress(h.Address, address) {
				return d, h.Address
			}
		}
	}
	return nil, ""
}

func (c *controlServer) putVolume(w http.ResponseWriter, r *http.Request) {
	var q control.VolumeRequest
	if !c.read(w, r, &q) {
		return
	}
	d, host := c.twin.hostAt(q.Rule.Host)
	if d == nil || !d.storage.disk.owned {
		reply(w, http.StatusNotFound, control.Failure{Error: "there is no host " + q.Rule.Host + " whose file systems are made up"})
		return
	}
	q.Rule.Host = host
	if err := d.storage.disk.apply(q.Rule); err != nil {
		reply(w, http.StatusBadRequest, control.Failure{Error: err.Error()})
		return
	}
	cause := "disk"
	if q.Rule.Gone {
		cause = "unmount"
	}
	c.twin.truth.say(fact{What: "fault_in_effect", Target: d.cfg.Name, ID: q.Rule.Name, Cause: cause})
	w.WriteHeader(http.StatusNoContent)
}

func (c *controlServer) lift(d *dc, host, name, cause string) {
	if d.storage.disk.lift(host, name) {
		c.twin.truth.say(fact{What: "fault_gone", Target: d.cfg.Name, ID: name, Cause: cause})
	}
}

func (c *controlServer) putVolumeLease(w http.ResponseWriter, r *http.Request) {
	var q control.LeaseRequest
	if !c.read(w, r, &q) {
		return
	}
	d, host := c.twin.hostAt(q.Host)
	if d == nil {
		reply(w, http.StatusNotFound, control.Failure{Error: "there is no host " + q.Host})
		return
	}
	ok := c.arm(leaseKey(leaseOnVolumes, q.Host, q.Name), q.Renew, q.Lease, func() { c.lift(d, host, q.Name, "the lease ended") })
	armed(w, ok, q.Name)
}

// postDatabase stops or starts a target's database, as its operator would.
func (c *controlServer) postDatabase(w http.ResponseWriter, r *http.Request) {
	var q control.DatabaseRequest
	if !c.read(w, r, &q) {
		return
	}
	d := c.twin.dc(q.Target)
	switch {
	case d == nil || d.storage.db == nil:
		reply(w, http.StatusNotFound, control.Failure{Error: "the target " + q.Target + " has no database"})
		return
	case q.Stopped:
		p, _ := d.storage.db.process()
		if p.signal("KILL") {
			d.sayDatabase("KILL")
		}
	default:
		if d.storage.db.start() {
			c.twin.truth.say(fact{What: "database_up", Target: q.Target})
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// sayDatabase tells the truth about a signal that the database has had.
func (d *dc) sayDatabase(signal string) {
	what := "database_down"
	switch {
	case signal == "STOP":
		what = "database_hung"
	case signal == "CONT":
		what = "database_resumed"
	case !slices.Contains(deadly, signal):
		return
	}
	d.twin.truth.say(fact{What: what, Target: d.cfg.Name, Cause: "SIG" + strings.TrimPrefix(signal, "SIG")})
}
