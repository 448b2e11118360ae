package twin

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// shown is a data centre for the control endpoint.
func (d *dc) shown() control.Target {
	d.mu.Lock()
	out := control.Target{
		Name: d.cfg.Name, Instance: d.cfg.Instance, Status: string(d.status), ClockMS: d.cfg.Clock.Milliseconds(), Jobs: []control.Job{},
	}
	for i, h := range d.hosts {
		out.Hosts = append(out.Hosts, control.Host{Name: h.Name, Address: h.Address, Status: string(d.machines[i].status)})
	}
	monitors := slices.Clone(d.monitors)
	d.mu.Unlock()
	out.Health = string(d.health())
	if d.storage.db != nil {
		out.Database = d.storage.db.condition()
	}
	for _, s := range d.stills() {
		out.Jobs = append(out.Jobs, d.shownJob(s))
	}
	for _, m := range monitors {
		if m.kit.ctx.Err() == nil {
			out.Monitors = append(out.Monitors, control.Monitor{Path: m.spec.Path, Toolkit: m.kit.shown()})
		}
	}
	return out
}

// condition is what the database's process is in.
func (db *database) condition() string {
	p, _ := db.process()
	select {
	case <-p.Done():
		return "down"
	default:
	}
	if p.Stopped() {
		return "hung"
	}
	return "up"
}

func (d *dc) shownJob(s still) control.Job {
	s.mu.Lock()
	serves := s.served.serving
	s.mu.Unlock()
	out := control.Job{
		ID: s.id, Name: s.name, Path: s.spec.Path, Application: cmp.Or(s.spec.Application, "keyed_counter"), Status: string(s.status), Health: string(s.health),
		Serves: serves, PEs: []control.PE{}, Buffers: s.app.buffers(),
	}
	for i, p := range s.pes {
		shown := control.PE{
			ID: p.id, Status: string(p.status), Reason: string(p.reason), Health: string(s.peHealth(i)), Launches: p.launches,
			Host: d.hosts[p.host].Name, Operators: slices.Clone(p.ops),
		}
		if p.proc != nil {
			shown.PID, shown.Hung = p.proc.PID(), p.proc.Stopped()
		}
		out.PEs = append(out.PEs, shown)
	}
	if s.toolkit != nil && !s.dead {
		k := s.toolkit.shown()
		out.Toolkit = &k
	}
	return out
}

// buffers are the places in an application where tuples wait: what the sources have taken, what is in state, and the results.
func (a *application) buffers() []control.Buffer {
	var sources, results []control.Buffer
	a.mu.Lock()
	state := control.Buffer{Name: "state", Held: len(a.state), Size: stateLimit}
	for _, e := range a.ends {
		if !e.sink {
			sources = append(sources, control.Buffer{Name: e.name, Held: len(a.queues[e.name]), Size: e.size})
		}
	}
	a.mu.Unlock()
	for _, e := range a.ends {
		if !e.sink {
			continue
		}
		r := a.sinks[e.name]
		r.mu.Lock()
		results = append(results, control.Buffer{Name: e.name, Held: len(r.items), Size: r.size, Ever: r.pushed})
		r.mu.Unlock()
	}
	return slices.Concat(sources, []control.Buffer{state}, results)
}

// shown is what a toolkit is in.
func (k *toolkit) shown() control.Toolkit {
	out := control.Toolkit{Mode: "active", Belief: "unknown", Allowed: k.cfg.MissesAllowed, EveryMS: k.cfg.HeartbeatInterval.D().Milliseconds()}
	if !k.active {
		out.Mode = "passive"
	}
	if peer := k.dc.peers[k.spec.Path]; peer != nil {
		out.Remote = peer.cfg.Name
	}
	k.mu.Lock()
	if l := k.parts[watching]; l != nil {
		w := l.watchdog
		out.Running, out.Missed, out.Heard, out.Shut = true, w.missed, instant(w.heard), w.quiet
		switch {
		case w.up:
			out.Belief = "up"
		case !w.heard.IsZero():
			out.Belief = "down"
		}
	}
	if l := k.parts[generating]; l != nil {
		p := l.preparer
		out.Sent, out.Silent = instant(p.sent), p.seenOnce && !p.remoteUp
	}
	host := 0
	if l := k.parts[storing]; l != nil {
		host = l.host
	}
	k.mu.Unlock()
	out.Snapshots = k.dc.storage.count(k.place(host))
	waiting := k.waiting()
	for _, path := range sorted(waiting) {
		size := senderQueue
		if strings.Contains(path, "Watchdog") {
			size = receiverQueue
		}
		op, _, _ := strings.Cut(strings.TrimPrefix(path, prefix), "/")
		if op == "CrossDataCenterSender2" {
			size *= k.pairs()
		}
		out.Queues = append(out.Queues, control.Buffer{Name: op, Held: int(waiting[path]), Size: size})
	}
	return out
}

// instant is nil for the zero one.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// count is how many snapshots are stored, whether or not the database answers now.
func (s *storage) count(at place) int {
	if s.db == nil {
		return len(s.disk.list(at.host, at.folder, snapshotSuffix))
	}
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	n := 0
	for row := range s.db.rows {
		if strings.HasPrefix(row, at.folder+" ") {
			n++
		}
	}
	return n
}

// inForce lists the rules about the file systems.
func (d *disk) inForce() []providers.VolumeRule {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []providers.VolumeRule
	for _, k := range sorted(d.rules) {
		out = append(out, d.rules[k])
	}
	return out
}
