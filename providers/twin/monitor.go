package twin

import (
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// monitor is the passive side: a standalone program that watches, and launches the application when the other side is
// down. Assumption twin.monitor.
type monitor struct {
	dc   *dc
	spec Job
	kit  *toolkit
	once sync.Once
}

func newMonitor(d *dc, spec Job) *monitor {
	m := &monitor{dc: d, spec: spec}
	cfg := providers.Toolkit{Mode: "passive", MissesAllowed: 4}
	if spec.Toolkit != nil {
		cfg = *spec.Toolkit
		cfg.Mode = "passive"
	}
	m.kit = newToolkit(d, spec, nil, cfg)
	m.kit.onDown = func() { m.once.Do(m.runScript) }
	m.kit.up(allParts(), nil, 0)
	return m
}

func (m *monitor) stop() { m.kit.stop() }

// runScript is what the sample's script does: submit the job with the active configuration, then end the monitor. It is called
// on the monitor's status thread, which stands still for so long, and its ticks with it. Nobody looks whether the script
// has succeeded.
func (m *monitor) runScript() {
	t := m.dc.twin
	t.truth.say(fact{What: "takeover_started", Target: m.dc.cfg.Name, Job: m.spec.Path, Cause: "the passive monitor runs its script"})
	on := m.kit.standStill()
	defer on()
	if !wait(t.ctx, t.between("script "+m.dc.cfg.Name, 800*time.Millisecond, 2*time.Second)) {
		return
	}
	m.dc.mu.Lock()
	running := m.dc.status == "running"
	m.dc.mu.Unlock()
	m.stop() // pkill standalone
	if !running {
		t.truth.say(fact{What: "launch_failed", Target: m.dc.cfg.Name, Job: m.spec.Path, Cause: "the instance is not running"})
		return
	}
	t.run(func() {
		spec := m.spec
		if spec.Toolkit != nil {
			k := *spec.Toolkit
			k.Mode = "active"
			spec.Toolkit = &k
		}
		m.dc.mu.Lock()
		name := launchedName(m.spec, m.dc.nextJob)
		j := m.dc.launch(spec, name, t.between("submit "+m.dc.cfg.Name, 2*time.Second, 4*time.Second))
		m.dc.mu.Unlock()
		for !j.working(statePE) {
			if !wait(t.ctx, 100*time.Millisecond) {
				return
			}
		}
		t.truth.say(fact{What: "takeover_done", Target: m.dc.cfg.Name, Job: m.spec.Path, Cause: "launched"})
	})
}
