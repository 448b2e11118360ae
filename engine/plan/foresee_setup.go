package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// traffic warns of seeds whose data has nowhere to go when one side fails: the toolkit does not move traffic, the
// producers do, and in a plan the seeds are the producers.
func (m *maker) traffic() {
	if m.plan.Blast.Faults == 0 {
		return
	}
	sides := map[string][]string{} // job -> targets it runs on
	for _, j := range m.plan.Jobs {
		sides[j.Path] = union(sides[j.Path], []string{j.Target})
	}
	fed := map[string][]string{} // job -> targets that get data
	m.each(addr.Seed, func(_ int, st *Step) { fed[st.Seed.Job] = union(fed[st.Seed.Job], st.Seed.Targets) })
	said := map[string]bool{}
	m.each(addr.Seed, func(_ int, st *Step) {
		job := st.Seed.Job
		others := sides[job]
		if job == "" {
			for _, t := range m.plan.Targets {
				others = append(others, t.Name)
			}
		}
		if len(others) < 2 || len(fed[job]) != 1 || said[job] {
			return
		}
		said[job] = true
		rest := slices.DeleteFunc(slices.Clone(others), func(t string) bool { return t == fed[job][0] })
		m.warn(st, diag.NoFailover, st.Address+" does not move to the other side",
			fmt.Sprintf("All data goes to %s, whatever happens to it, and none to %s: the plan tests less than it seems to, because the survivor never gets what producers would send it. Give the seed targets = [target.%s, target.%s] and route = \"failover\".",
				fed[job][0], strings.Join(rest, ", "), fed[job][0], rest[0]))
	})
}

// toolkits looks at what the plan says about the toolkits in its jobs.
func (m *maker) toolkits() {
	byPath := map[string][]*Step{}
	var paths []string
	m.each(addr.Job, func(_ int, st *Step) {
		if byPath[st.Job.Path] == nil {
			paths = append(paths, st.Job.Path)
		}
		byPath[st.Job.Path] = append(byPath[st.Job.Path], st)
	})
	asked := m.askedToolkits()
	for _, p := range paths {
		sides := byPath[p]
		m.heartbeats(sides, asked)
		m.snapshots(sides)
		m.compareSides(sides)
	}
}

// askedToolkits are the addresses of the jobs whose toolkit any condition looks at.
func (m *maker) askedToolkits() map[string]bool {
	out := map[string]bool{}
	look := func(c *program.Condition) {
		if c == nil || c.Formula == nil {
			return
		}
		for _, s := range c.Formula.Subjects() {
			if s.Job != "" && strings.Contains(s.Name, ".toolkit.") {
				out[s.Job] = true
			}
		}
	}
	for _, st := range m.steps {
		look(st.When)
		if st.Wait != nil {
			look(st.Wait.Until)
		}
		if st.Expect != nil {
			look(st.Expect.That)
		}
	}
	return out
}

// heartbeats warns of jobs of which it is not known that they ever notice anything.
func (m *maker) heartbeats(sides []*Step, asked map[string]bool) {
	for _, st := range sides {
		k := st.Job.Toolkit
		limit := time.Hour
		if m.plan.Timeout > 0 {
			limit = m.plan.Timeout.D()
		}
		switch {
		case k == nil && !asked[st.Address]:
		case k == nil || k.HeartbeatInterval == 0:
			m.warn(st, diag.FailoverOff, st.Job.Path+" states no heartbeat interval",
				"If the application is configured with none either, heartbeats are off and no side ever notices that the other is gone. Nothing can be predicted without it. Add toolkit { heartbeat_interval = \"30s\" } to the job, as it stands in the application's configuration.")
			return
		case k.HeartbeatInterval.D() > limit:
			m.warn(st, diag.FailoverOff, st.Job.Path+" exchanges heartbeats too rarely to notice anything",
				fmt.Sprintf("One in %s, and the plan lasts at most %s. Failover is as good as off.", k.HeartbeatInterval, value.Duration(limit)))
			return
		}
	}
}

// snapshots warns of a snapshot interval that heartbeats do not fit into.
func (m *maker) snapshots(sides []*Step) {
	for _, st := range sides {
		k := st.Job.Toolkit
		if k == nil || k.SnapshotInterval == 0 || k.HeartbeatInterval == 0 || k.SnapshotInterval%k.HeartbeatInterval == 0 {
			continue
		}
		m.warn(st, diag.UnevenSnapshot, st.Job.Path+" takes snapshots less often than it says",
			fmt.Sprintf("snapshot_interval (%s) is no multiple of heartbeat_interval (%s), and snapshots are only taken on heartbeats: they come every %s. Make it a multiple.",
				k.SnapshotInterval, k.HeartbeatInterval, everySnapshot(k.HeartbeatInterval.D(), k.SnapshotInterval.D())))
		return
	}
}

// everySnapshot is the period at which snapshots really come. The toolkit counts ticks and snapshots with one counter
// and takes a snapshot when counter x interval is a multiple of the snapshot interval, in whole seconds.
func everySnapshot(heartbeat, snapshot time.Duration) value.Duration {
	h, s := int64(heartbeat/time.Second), int64(snapshot/time.Second)
	if h == 0 || s == 0 {
		return value.Duration(heartbeat)
	}
	a, b := h, s
	for b != 0 {
		a, b = b, a%b
	}
	return value.Duration(max(s/a-1, 1) * int64(heartbeat))
}

// compareSides holds the instances of one job against each other.
func (m *maker) compareSides(sides []*Step) {
	passive := 0
	for _, st := range sides {
		if st.Job.Toolkit != nil && st.Job.Toolkit.Mode == "passive" {
			passive++
		}
	}
	if len(sides) > 1 && passive == len(sides) {
		m.warn(sides[0], diag.BothPassive, "Nobody is active in "+sides[0].Job.Path,
			"All its sides have mode = \"passive\": none processes data from the start, and none can fail over. Set mode = \"active\" on one side, with on \"TARGET\" { ... }.")
	}
	for _, st := range sides[1:] {
		a, b := sides[0].Job.Toolkit, st.Job.Toolkit
		if a == nil || b == nil || a.HeartbeatInterval == b.HeartbeatInterval && a.MissesAllowed == b.MissesAllowed && a.SnapshotInterval == b.SnapshotInterval {
			continue
		}
		m.warn(st, diag.SidesDiffer, fmt.Sprintf("%s differs between %s and %s", st.Job.Path, sides[0].Job.Target, st.Job.Target),
			fmt.Sprintf("heartbeat_interval %s and %s, misses_allowed %d and %d, snapshot_interval %s and %s: each side notices the other at its own pace.",
				a.HeartbeatInterval, b.HeartbeatInterval, a.MissesAllowed, b.MissesAllowed, a.SnapshotInterval, b.SnapshotInterval))
		return
	}
}

// unverified warns of connections and hosts whose other end is not verified.
func (m *maker) unverified() {
	for _, t := range m.prog.Targets {
		names := make([]string, 0, len(t.Connections))
		for n := range t.Connections {
			names = append(names, n)
		}
		slices.Sort(names)
		for _, n := range names {
			if what, off := verificationOff(t.Connections[n]); off {
				m.unverifiedAt(fmt.Sprintf("target.%s", t.Name), fmt.Sprintf("The %s connection of %s", n, t.Name), what, t.Range)
			}
		}
		for _, h := range t.Hosts {
			if what, off := verificationOff(h.Args); off {
				m.unverifiedAt(addr.Host{Target: t.Name, Name: h.Name}.String(), fmt.Sprintf("The host %s of %s", h.Name, t.Name), what, h.Range)
			}
		}
	}
}

func (m *maker) unverifiedAt(address, who, what string, at hcl.Range) {
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: diag.NotVerified, Address: address, Summary: who + " is not verified",
		Detail: what + ": anybody in between can read what is sent, also the password, and change what is done. Give the certificate or the host key instead.",
	}
	if at.Filename != "" {
		d.Subject = at.Ptr()
	}
	m.diags = append(m.diags, d)
}

// verificationOff finds an argument that switches off the verification of the other end.
func verificationOff(raw json.RawMessage) (string, bool) {
	var args map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &args) != nil {
		return "", false
	}
	for _, n := range []string{"verify_host_key", "verify", "verify_tls", "tls_verify"} {
		if string(args[n]) == "false" {
			return n + " = false", true
		}
	}
	for _, n := range []string{"insecure", "insecure_skip_verify"} {
		if string(args[n]) == "true" {
			return n + " = true", true
		}
	}
	return "", false
}
