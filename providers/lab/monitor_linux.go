package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers/script"
	"github.com/xdc-project/xdc/providers/twin"
)

// What is asked at the gate, and answered, one byte each: every question is answered, in order.
const (
	turn         = '?' // answered by itself
	launch       = '!' // answered when the script has ended, by one of the next two
	scriptWorked = '+'
	scriptFailed = '-'
)

// Where a machine with a passive side has the script and the authority that signed the platform's certificates.
const (
	monitorDir = "/run/lab"
	monitorCA  = monitorDir + "/ca.pem"
)

// maxScript bounds a script, in bytes.
const maxScript = 16 << 20

var errScript = errors.New("the script failed; the lab's log says how")

// readScript reads what passive sides launch. Each machine gets a file of its own: what lies beside the script stays where it is.
func (l *lab) readScript() error {
	if l.cfg.Script == "" {
		return nil
	}
	f, err := os.Open(l.cfg.Script)
	if err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	defer f.Close()
	if l.script, err = io.ReadAll(io.LimitReader(f, maxScript+1)); err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	if len(l.script) > maxScript {
		return fmt.Errorf("the script %s has more than %d bytes", l.cfg.Script, maxScript)
	}
	l.cfg.Script = filepath.Join(monitorDir, "script", filepath.Base(l.cfg.Script))
	return nil
}

// Monitor implements twin.Monitors.
func (l *lab) Monitor(target, host string, args, env []string) (twin.Monitor, error) {
	n := l.hosts[target][host]
	if n == nil {
		return nil, fmt.Errorf("the lab has no machine %s.%s", target, host)
	}
	if l.script != nil {
		if err := n.write(monitorCA, l.twin.CA(), 0o644); err != nil {
			return nil, err
		}
		if err := n.write(l.cfg.Script, l.script, 0o755); err != nil {
			return nil, err
		}
		env = append(env, scriptVar+"="+l.cfg.Script, "HOME=/root")
	}
	p, err := n.startAs(l.net.ctx, monitorIs, append([]string{"./standalone"}, args...), env)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Launch implements twin.Monitor.
func (p *proc) Launch(ctx context.Context) error {
	if err := p.answer(ctx, launch); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed {
		return errScript
	}
	return nil
}

// beMonitor is the standalone program of a passive side. It has one thread: while the script runs, nothing is answered.
func beMonitor() error {
	name("standalone")
	c, err := report()
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // the process ends with it
	s := script.Script{Path: os.Getenv(scriptVar), Env: []string{"XDC_MONITOR_PID=" + strconv.Itoa(os.Getpid())}}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "XDC_LAB_") && !strings.HasPrefix(v, "GOMAXPROCS=") {
			s.Env = append(s.Env, v)
		}
	}
	var b [1]byte
	for {
		if _, err := io.ReadFull(c, b[:]); err != nil {
			return nil // the lab has ended
		}
		if b[0] == launch {
			b[0] = scriptWorked
			if err := s.Run(context.Background(), os.Stderr); err != nil {
				fmt.Fprintf(os.Stderr, "lab: %s: %v\n", s.Path, err)
				b[0] = scriptFailed
			}
		}
		if _, err := c.Write(b[:]); err != nil {
			return nil // as above
		}
	}
}
