package twin

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/script"
)

// Monitors starts the standalone programs of passive sides. Assumption twin.monitor.
type Monitors interface {
	// Monitor starts one on a host of a target by their names in the plan, with its arguments and with what its script
	// has in its environment, as NAME=VALUE.
	Monitor(target, host string, args, env []string) (Monitor, error)
}

// Monitor is such a program: a process that the toolkit's parts work in.
type Monitor interface {
	Proc
	// Launch has the process run its script, and waits until the script or the process has ended. While it runs there
	// are no turns. The error says how the script has ended.
	Launch(ctx context.Context) error
}

// monitor is the passive side: a standalone program that watches, and launches the application when the other side is
// down.
type monitor struct {
	dc   *dc
	spec Job
	kit  *toolkit
	proc Monitor // nil: it is made up
	once sync.Once
}

func newMonitor(d *dc, spec Job) (*monitor, error) {
	m := &monitor{dc: d, spec: spec}
	cfg := providers.Toolkit{Mode: "passive", MissesAllowed: 4}
	if spec.Toolkit != nil {
		cfg = *spec.Toolkit
		cfg.Mode = "passive"
	}
	t := d.twin
	var proc Proc // stays nil without a process
	if t.cfg.Monitors != nil {
		p, err := t.cfg.Monitors.Monitor(d.cfg.Name, d.hosts[0].Name, m.arguments(), m.environment())
		if err != nil {
			return nil, fmt.Errorf("start the passive monitor at %s.%s: %w", d.cfg.Name, d.hosts[0].Name, err)
		}
		m.proc, proc = p, p
	}
	m.kit = newToolkit(d, spec, nil, cfg)
	m.kit.onDown = func() { m.once.Do(m.pretend) }
	if t.cfg.Script != "" {
		m.kit.onDown = m.launch
	}
	m.kit.up(allParts(), proc, 0)
	if proc != nil {
		t.run(m.watch)
	}
	return m, nil
}

// stop ends the monitor, and its process with it.
func (m *monitor) stop() {
	m.kit.stop()
	if m.proc != nil {
		m.proc.Kill()
	}
}

// watch waits for the end of a real process. Nobody starts it again.
func (m *monitor) watch() {
	select {
	case <-m.proc.Done():
		m.say("monitor_gone", "the process ended")
		m.kit.stop()
	case <-m.kit.ctx.Done():
	}
}

func (m *monitor) say(what, cause string) {
	m.dc.twin.truth.say(fact{What: what, Target: m.dc.cfg.Name, Job: m.spec.Path, Cause: cause})
}

// arguments are those of the sample's standalone program.
func (m *monitor) arguments() []string {
	config := ""
	if m.spec.Toolkit != nil {
		config = m.spec.Toolkit.ConfigFile
	}
	return []string{"configFileName=" + config, "shellScriptName=" + m.dc.twin.cfg.Script}
}

// environment is what a script needs to submit the job. The names are those of the platform's tools and published clients,
// and of what they find authorities by.
func (m *monitor) environment() []string {
	d, ca := m.dc, m.dc.twin.cfg.CAFile
	return []string{
		"STREAMS_DOMAIN_ID=" + d.cfg.Name, "STREAMS_INSTANCE_ID=" + d.cfg.Instance, "STREAMS_REST_URL=" + d.twin.URL(d.cfg.Name),
		"STREAMS_USERNAME=" + d.cfg.Username, "STREAMS_PASSWORD=" + d.cfg.Password,
		"SSL_CERT_FILE=" + ca, "CURL_CA_BUNDLE=" + ca, "REQUESTS_CA_BUNDLE=" + ca, "XDC_JOB=" + m.spec.Path,
	}
}

// because is why a takeover of a passive side begins, for the truth.
const because = "the passive monitor runs its script"

// launch runs the real script, on the monitor's status thread, which stands still for so long, and its ticks with it.
// Nobody looks whether it has succeeded; the truth says it. Each time that the other side goes down it is run again, for a script
// that leaves its monitor alone.
func (m *monitor) launch() {
	m.say("takeover_started", because)
	on := m.kit.standStill()
	defer on()
	err := m.run()
	if m.over() {
		return // the script, if it still runs, has nobody who waits for it
	}
	how := "exit status 0"
	if err != nil {
		how = err.Error()
	}
	m.say("script_ended", how)
	if m.proc == nil {
		m.stop() // a script cannot end what has no process
	}
}

// over reports whether the monitor has ended.
func (m *monitor) over() bool {
	if m.proc != nil {
		select {
		case <-m.proc.Done():
			return true
		default:
		}
	}
	return m.kit.ctx.Err() != nil
}

// run runs the script: in the monitor's process where there is one.
func (m *monitor) run() error {
	t := m.dc.twin
	if m.proc != nil {
		return m.proc.Launch(m.kit.ctx)
	}
	s := script.Script{Path: t.cfg.Script, Env: append(m.environment(), "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"))}
	return s.Run(m.kit.ctx, t.cfg.ScriptLog)
}

// pretend is what the sample's script does: submit the job with the active configuration, then end the monitor. It is called
// on the monitor's status thread, which stands still for so long, and its ticks with it. Nobody looks whether the script
// has succeeded.
func (m *monitor) pretend() {
	t := m.dc.twin
	m.say("takeover_started", because)
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
		m.say("launch_failed", "the instance is not running")
		return
	}
	t.run(func() {
		m.dc.mu.Lock()
		defer m.dc.mu.Unlock()
		m.dc.launch(activated(m.spec), "", t.between("submit "+m.dc.cfg.Name, 2*time.Second, 4*time.Second))
	})
}

// activated is the job that is launched: its toolkit is active, with the configuration that the script names.
func activated(spec Job) Job {
	if spec.Toolkit != nil {
		k := *spec.Toolkit
		k.Mode = "active"
		spec.Toolkit = &k
	}
	return spec
}

// sayLaunched waits until what a passive side has launched works, and says so.
func (j *job) sayLaunched() {
	for !j.working(statePE) {
		if !wait(j.ctx, 100*time.Millisecond) {
			return
		}
	}
	j.dc.twin.truth.say(fact{What: "takeover_done", Target: j.dc.cfg.Name, Job: j.spec.Path, Cause: "launched"})
}
