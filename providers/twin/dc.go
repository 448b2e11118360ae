package twin

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/api"
	"github.com/xdc-project/xdc/providers/twin/control"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// metricRefresh is how often the platform collects metrics. Assumption twin.metrics.
const metricRefresh = 3 * time.Second

// dc is one data centre: a domain with one instance.
type dc struct {
	twin    *Twin
	cfg     Target
	hosts   []providers.Host
	tls     *tls.Config
	peers   map[string]*dc // by job path
	storage *storage

	mu         sync.Mutex
	status     api.InstanceStatus
	domainDown bool
	machines   []machine // as many as hosts
	store      store     // what the instance keeps for applications
	said       []noted   // the product log
	started    time.Time
	jobs       []*job
	monitors   []*monitor
	nextJob    int
	nextPE     int
	bundles    map[string]bundle
	uploads    int // ever
	api        http.Handler
	older      older
	data       *http.Server
	sockets    sockets

	troubles troubles
}

func (t *Twin) newDC(i int, cfg Target) (*dc, error) {
	d := &dc{twin: t, cfg: cfg, hosts: Hosts(i, cfg), peers: map[string]*dc{}, storage: newStorage(t.cfg, i), status: "running", started: time.Now(), bundles: map[string]bundle{}, store: newStore(), older: newOlder()}
	d.store.configure(t.cfg, i)
	d.machines, d.api = machinesUp(len(d.hosts)), d.serveREST()
	loop := fmt.Sprintf("127.0.%d.1", i+1)
	for k, h := range d.hosts {
		a, err := netip.ParseAddr(h.Address)
		if err != nil {
			return nil, fmt.Errorf("host %s of %s: %w", h.Name, cfg.Name, err)
		}
		t.net.Add(wire.Node{Name: d.node(k), Addrs: []netip.Addr{a.Unmap()}, Loopback: loop})
	}
	t.net.Add(wire.Node{Name: "svc/" + cfg.Name, Names: []string{serviceHost(cfg.Name)}, Loopback: loop})
	ips := []net.IP{net.ParseIP(loop), net.ParseIP("127.0.0.1")}
	if cfg.Service != nil {
		ips = append(ips, cfg.Service)
	}
	var err error
	d.tls, err = t.ca.server([]string{serviceHost(cfg.Name)}, ips)
	return d, err
}

// node is the network's name of a host.
func (d *dc) node(i int) string { return "host/" + d.cfg.Name + "/" + d.hosts[i].Name }

func (d *dc) startREST() error {
	l, err := d.twin.net.Listen("svc/"+d.cfg.Name, net.JoinHostPort(serviceHost(d.cfg.Name), restPort))
	if err != nil {
		return err
	}
	s := &http.Server{Handler: d.whileUp(d.dated(control.Management, d.troubled(control.Management, d.api))), ReadHeaderTimeout: 30 * time.Second}
	d.twin.serve(s, tls.NewListener(gate{l, d.domainRuns}, d.tls))
	return nil
}

func (d *dc) startData() error {
	l, err := d.twin.net.Listen("svc/"+d.cfg.Name, net.JoinHostPort(serviceHost(d.cfg.Name), dataPort))
	if err != nil {
		return err
	}
	s := &http.Server{Handler: d.dated(control.Data, d.troubled(control.Data, d.authenticated(http.HandlerFunc(d.serveData)))), ReadHeaderTimeout: 30 * time.Second}
	d.mu.Lock()
	d.data = s
	d.sockets.open(d.twin.ctx)
	d.mu.Unlock()
	d.twin.serve(s, tls.NewListener(l, d.tls))
	return nil
}

// maxUpload bounds a request's body: bundles of applications may have hundreds of megabytes.
const maxUpload = 2 << 30

// authenticated asks for the user's name and password. API 5 takes a token, too, or the cookie of a session.
func (d *dc) authenticated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pw, ok := r.BasicAuth()
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		five := d.twin.cfg.API == 5
		switch {
		case five && r.Header.Get("Authorization") == "":
			ok = d.inSession(r)
		case five && bearer:
			ok = d.tokenHolds(token, audience)
		default:
			ok = ok && user == d.cfg.Username && pw == d.cfg.Password
		}
		if !ok {
			shape := d.twin.cfg.Errors
			w.Header().Set("WWW-Authenticate", `Basic realm="Streams"`)
			if five {
				shape = api.Listed
				w.Header().Add("WWW-Authenticate", `Bearer realm="Streams"`)
			}
			shape.Refuse(w, api.Fail(http.StatusUnauthorized, "", "The user name or the password is not valid."))
			return
		}
		if five && !d.inSession(r) {
			d.openSession(w)
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		h.ServeHTTP(w, r)
	})
}

// begin brings up the jobs that run from the start and the passive monitors.
func (d *dc) begin() error {
	for _, j := range d.twin.cfg.Jobs {
		if j.Target != d.cfg.Name {
			continue
		}
		switch {
		case j.Adopt != "":
			d.mu.Lock()
			d.launch(j, j.Adopt, 0)
			d.mu.Unlock()
		case j.Launched != "":
			m, err := newMonitor(d, j)
			if err != nil {
				return err
			}
			d.mu.Lock()
			d.monitors = append(d.monitors, m)
			d.mu.Unlock()
		}
	}
	return nil
}

// end takes everything down when the twin ends.
func (d *dc) end() {
	d.mu.Lock()
	jobs, monitors := slices.Clone(d.jobs), d.monitors
	d.jobs, d.monitors = nil, nil
	d.sockets.end()
	d.mu.Unlock()
	for _, j := range jobs {
		j.kill("twin ended")
	}
	for _, m := range monitors {
		m.stop()
	}
}

// launch makes a job that comes up after its PEs have started. d.mu is held.
func (d *dc) launch(spec Job, name string, delay time.Duration) {
	d.launchWith(spec, jobOptions{name: name}, delay)
}

// launchWith is launch with all that a submission can say. d.mu is held.
func (d *dc) launchWith(spec Job, with jobOptions, delay time.Duration) *job {
	id := d.nextJob
	d.nextJob++
	switch {
	case with.name != "":
	case spec.Launched != "":
		with.name = launchedName(spec, id)
	default:
		with.name = applicationName(spec) + "_" + strconv.Itoa(id)
	}
	j := newJob(d, spec, strconv.Itoa(id), with)
	d.jobs = append(d.jobs, j)
	d.store.group(with.group)
	d.noteOf(j.id, "Job %d, %s, was submitted.", id, with.name)
	d.twin.run(func() { j.comeUp(delay) })
	if spec.Launched != "" {
		d.twin.run(j.sayLaunched)
	}
	return j
}

// applicationName is the name of a job's main composite.
func applicationName(spec Job) string { return "application::" + strings.TrimPrefix(spec.Path, "job.") }

// specFor reads what xdc uploads in place of a bundle; any other bytes stand for the only job there is, or else for the one
// that a passive monitor launches.
func (d *dc) specFor(bundle []byte) (Job, bool) {
	var said struct {
		Application string `json:"xdc_twin_application"`
		Job         string `json:"job"`
	}
	decoded := decodeJSON(bundle, &said)
	var fits, launched []Job
	for _, j := range d.twin.cfg.Jobs {
		if j.Target != d.cfg.Name {
			continue
		}
		if j.Launched != "" {
			j = activated(j)
		}
		if decoded && said.Job == j.Path {
			if said.Application != "" {
				j.Application = said.Application
			}
			return j, true
		}
		if j.Launched != "" {
			launched = append(launched, j)
		} else {
			fits = append(fits, j)
		}
	}
	if len(fits) == 0 {
		fits = launched
	}
	if len(fits) == 0 {
		return Job{}, false
	}
	return fits[0], true
}

// shownCancelled is how long a cancelled job stays in the list. Assumption twin.cancel.
const shownCancelled = 700 * time.Millisecond

// cancel takes a job away after a while.
func (d *dc) cancel(j *job) {
	j.setStatus("canceling")
	d.twin.run(func() {
		if !wait(d.twin.ctx, d.twin.between("cancel "+d.cfg.Name+j.id, 300*time.Millisecond, 900*time.Millisecond)) {
			return
		}
		j.kill("cancelled")
		j.setStatus("canceled")
		j.note("Job %s, %s, was cancelled.", j.id, j.name)
		if wait(d.twin.ctx, shownCancelled) {
			d.drop(j)
		}
	})
}

func (d *dc) drop(j *job) {
	d.mu.Lock()
	d.jobs = slices.DeleteFunc(d.jobs, func(k *job) bool { return k == j })
	d.mu.Unlock()
}

// stop ends the instance: its jobs die, its data service goes away. Assumption twin.restart.
func (d *dc) stop() error {
	d.mu.Lock()
	if d.status != "running" {
		d.mu.Unlock()
		return d.notRunning()
	}
	d.status = "stopping"
	jobs, data := slices.Clone(d.jobs), d.data
	d.mu.Unlock()
	d.twin.run(func() {
		if !wait(d.twin.ctx, d.twin.between("stop "+d.cfg.Name, 200*time.Millisecond, 700*time.Millisecond)) {
			return
		}
		if data != nil {
			_ = data.Close() // its connections end with it
		}
		d.mu.Lock()
		d.sockets.end() // the server knows nothing of them
		d.mu.Unlock()
		for _, j := range jobs {
			j.kill("instance stopped")
			d.drop(j)
		}
		d.mu.Lock()
		d.status = "stopped" // passive monitors are no jobs: they go on
		d.note("The instance has stopped.")
		d.mu.Unlock()
		d.twin.truth.say(fact{What: "instance_down", Target: d.cfg.Name})
	})
	return nil
}

// startInstance brings the instance up again, without the jobs it had. Assumption twin.conflict.
func (d *dc) startInstance() error {
	d.mu.Lock()
	if d.status != "stopped" {
		d.mu.Unlock()
		return api.Fail(http.StatusConflict, api.Started, "The instance %s is not stopped.", d.cfg.Instance)
	}
	d.status = "starting"
	d.mu.Unlock()
	d.twin.run(func() {
		if !wait(d.twin.ctx, d.twin.between("start "+d.cfg.Name, 1500*time.Millisecond, 4*time.Second)) {
			return
		}
		if err := d.startData(); err != nil {
			return
		}
		d.mu.Lock()
		d.status, d.started = "running", time.Now()
		d.note("The instance has started.")
		d.mu.Unlock()
		d.twin.truth.say(fact{What: "instance_up", Target: d.cfg.Name})
	})
	return nil
}

// job is a job that has not ended.
func (d *dc) job(id string) *job {
	if j := d.listed(id); j != nil && !j.gone() {
		return j
	}
	return nil
}

// listed is a job that is in the list.
func (d *dc) listed(id string) *job {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range d.jobs {
		if j.id == id {
			return j
		}
	}
	return nil
}

func (d *dc) snapshotJobs() []*job {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.jobs)
}

// launchedName makes a name that the pattern of a launched job fits.
func launchedName(spec Job, id int) string {
	re, err := regexp.Compile(spec.Launched)
	plain := strings.NewReplacer("^", "", "$", "", `\`, "").Replace(spec.Launched)
	base := strings.TrimPrefix(spec.Path, "job.")
	for _, c := range []string{"application::" + base + "_" + strconv.Itoa(id), base, plain + "_" + strconv.Itoa(id), plain} {
		if err == nil && re.MatchString(c) {
			return c
		}
	}
	return plain
}
