package twin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// state is what goes on, for the control endpoint.
func (c *controlServer) state() control.State {
	t := c.twin
	s := control.State{
		Format: control.StateFormat, Now: time.Now(), Started: t.start,
		Targets: []control.Target{}, Links: []control.Link{}, Faults: c.faults(), Locks: []control.Lock{}, Recent: t.truth.events(),
	}
	for _, d := range t.dcs {
		s.Targets = append(s.Targets, d.shown())
		s.Links = append(s.Links, d.links()...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(c.locks)) {
		s.Locks = append(s.Locks, c.locks[k])
	}
	return s
}

// events are what happened last, the newest first.
func (t *truth) events() []control.Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]control.Event, 0, len(t.recent))
	for _, f := range slices.Backward(t.recent) {
		at := t.start.Add(time.Duration(f.T * float64(time.Second)))
		out = append(out, control.Event{At: at, What: f.What, Target: f.Target, Path: f.Job, ID: f.ID, Cause: f.Cause})
	}
	return out
}

// faults are those in force: rules about links and about file systems, and what a lab has seen on its hosts.
func (c *controlServer) faults() []control.Fault {
	t, out := c.twin, []control.Fault{}
	for _, r := range t.net.Rules("") {
		out = append(out, control.Fault{Kind: "link", Name: r.Name, Where: r.Host, What: ruleWords(r), HealS: c.healsIn(leaseOnRules, r.Host, r.Name)})
	}
	for _, d := range t.dcs {
		for _, r := range d.storage.disk.inForce() {
			what := fmt.Sprintf("%d bytes of %s taken", r.Take, r.Folder)
			if r.Gone {
				what = r.Folder + " gone"
			}
			out = append(out, control.Fault{Kind: "volume", Name: r.Name, Where: r.Host, What: what, HealS: c.healsIn(leaseOnVolumes, r.Host, r.Name)})
		}
	}
	for _, d := range t.dcs {
		for _, q := range d.troubles.list() {
			out = append(out, control.Fault{Kind: "trouble", Name: q.Where(), Where: d.cfg.Name, What: q.String()})
		}
	}
	t.truth.mu.Lock()
	defer t.truth.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(t.truth.out)) {
		where := t.truth.out[k]
		out = append(out, control.Fault{Kind: "host", Name: strings.TrimSuffix(k, " "+where), Where: where, What: "rules of the host's own firewall"})
	}
	return out
}

// healsIn is how many seconds are left of a fault's lease; nil: it has none.
func (c *controlServer) healsIn(kind, host, name string) *int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.leases[leaseKey(kind, host, name)]
	if l == nil {
		return nil
	}
	return new(int64(max(time.Until(l.until), 0) / time.Second))
}

// ruleWords says what a rule does, and to what.
func ruleWords(r providers.LinkRule) string {
	var what []string
	add := func(yes bool, format string, args ...any) {
		if yes {
			what = append(what, fmt.Sprintf(format, args...))
		}
	}
	add(r.Drop, "drops everything")
	add(r.Reject, "rejects everything")
	add(r.Loss > 0, "loses %s %%", strconv.FormatFloat(100*r.Loss, 'g', 4, 64))
	add(r.LatencyMS > 0, "delays by %s ms", strconv.FormatFloat(r.LatencyMS, 'g', 6, 64))
	add(r.JitterMS > 0, "varies by %s ms", strconv.FormatFloat(r.JitterMS, 'g', 6, 64))
	add(r.RateBPS > 0, "lets %d bit/s pass", r.RateBPS)
	way := map[string]string{"in": "from ", "out": "to "}[r.Direction]
	if way == "" {
		way = "to and from "
	}
	words := strings.Join(what, ", ") + " " + way + strings.Join(r.Networks, ", ")
	if len(r.Ports) > 0 {
		words += ", ports " + strings.Trim(fmt.Sprint(r.Ports), "[]")
	}
	return words
}

// touching is a network that knows which rules act on a connection; that of a lab does not.
type touching interface {
	Touching(from, host string, port int) (rules []providers.LinkRule, cut bool)
}

// links are the ways on which the toolkits of a data centre send.
func (d *dc) links() []control.Link {
	var out []control.Link
	for _, spec := range d.twin.cfg.Jobs {
		peer := d.peers[spec.Path]
		if spec.Target != d.cfg.Name || spec.Toolkit == nil || peer == nil {
			continue
		}
		for c, name := range []string{"heartbeats", "snapshots"} {
			l := control.Link{From: d.cfg.Name, To: peer.cfg.Name, Path: spec.Path, Channel: name, Port: portOf(spec.Toolkit) + c}
			l.State, l.Faults = d.touched(peer, l.Port)
			out = append(out, l)
		}
	}
	return out
}

// touched names the rules that act between the hosts of two data centres on a port. The way is cut where there is no pair of
// hosts between which something passes.
func (d *dc) touched(peer *dc, port int) (state string, names []string) {
	n, ok := d.twin.net.(touching)
	if !ok {
		return "unknown", nil
	}
	cut := true
	for i := range d.hosts {
		for _, h := range peer.hosts {
			rules, stopped := n.Touching(d.node(i), h.Address, port)
			cut = cut && stopped
			for _, r := range rules {
				if !slices.Contains(names, r.Name) {
					names = append(names, r.Name)
				}
			}
		}
	}
	switch {
	case cut:
		return "cut", names
	case len(names) > 0:
		return "disturbed", names
	}
	return "open", nil
}
