package plan

import (
	"maps"
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
)

// blast gathers what the side effects of all steps touch. Submitting a job and sending records are side effects;
// reading is none.
func (m *maker) blast() {
	targets, hosts := map[string]bool{}, map[string]bool{}
	networks, jobs := map[string]bool{}, map[string]bool{}
	b := &m.plan.Blast
	for _, st := range m.steps {
		if st.Fault != nil {
			b.Faults++
		}
		d := &st.Description
		if !d.SideEffects && st.Fault == nil && st.Seed == nil && st.Probe == nil {
			continue
		}
		for _, p := range d.Places {
			targets[p.Target] = true
			if p.Host != "" {
				hosts[p.String()] = true
			}
		}
		for _, n := range d.Networks {
			networks[n] = true
		}
		for _, j := range d.Jobs {
			jobs[j] = true
		}
		if st.Seed != nil {
			for _, t := range st.Seed.Targets {
				targets[t] = true
			}
		}
		if st.Probe != nil {
			for _, t := range st.Probe.Targets {
				targets[t] = true
			}
		}
	}
	b.Targets = []string{}
	for _, t := range m.plan.Targets {
		if targets[t.Name] {
			b.Targets = append(b.Targets, t.Name)
			if t.Protected {
				b.Protected = append(b.Protected, t.Name)
			}
		}
	}
	b.Hosts = slices.Sorted(maps.Keys(hosts))
	b.Networks = slices.Sorted(maps.Keys(networks))
	b.Jobs = slices.Sorted(maps.Keys(jobs))
}

// used lists the providers that a run will need: those of its steps and of its connections.
func (m *maker) used() {
	names := map[string]bool{}
	for _, st := range m.steps {
		if st.Provider != "" {
			names[st.Provider] = true
		}
		if addr.Kind(st.Kind) == addr.Audit {
			if _, p, ok := m.reg.Seed(st.Audit.Seed.Type); ok {
				names[p.Name] = true
			}
		}
	}
	for _, t := range m.plan.Targets {
		for name := range t.Connections {
			names[name] = true
		}
	}
	m.plan.Providers = slices.Sorted(maps.Keys(names))
}
