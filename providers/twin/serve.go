package twin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// ScriptLogFile has what scripts of passive sides write, in the folder of a twin that serves.
const ScriptLogFile = "script.log"

// caFile is the authority, in that folder.
const caFile = "ca.pem"

// Serve runs a twin over loopback until ctx ends. It writes stand-in.json, the authority, the passwords, the token and
// the truth into dir, and calls ready when everything answers.
func Serve(ctx context.Context, cfg Config, dir string, ready func(*standin.StandIn)) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the stand-in's folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, standin.FileName)); err == nil {
		return fmt.Errorf("%s is the folder of a stand-in already: end it first with xdc twin stop %s", dir, dir)
	}
	truth, err := os.OpenFile(filepath.Join(dir, "truth.jsonl"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	defer truth.Close()
	cfg.Truth = truth
	disks := filepath.Join(dir, standin.DisksName)
	if err := os.RemoveAll(disks); err != nil { // of an earlier one that was killed
		return fmt.Errorf("make the hosts' disks: %w", err)
	}
	if cfg.Script != "" {
		log, err := os.OpenFile(filepath.Join(dir, ScriptLogFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("write what scripts say: %w", err)
		}
		defer log.Close()
		cfg.ScriptLog = log
	}
	if cfg.CAFile, err = filepath.Abs(filepath.Join(dir, caFile)); err != nil {
		return err
	}
	cfg.Root = func(target, _ string) string { return filepath.Join(disks, target) }
	var d net.Dialer
	var lc net.ListenConfig
	n := wire.NewTCP(cfg.Seed, d.DialContext, func(network, address string) (net.Listener, error) { return lc.Listen(ctx, network, address) })
	t, err := New(cfg, n)
	if err != nil {
		return err
	}
	if err := t.Start(); err != nil {
		return errors.Join(err, t.Close())
	}
	s, err := t.Describe(dir, nil)
	if err != nil {
		return errors.Join(err, t.Close())
	}
	defer os.Remove(filepath.Join(dir, standin.FileName))
	ready(s)
	<-ctx.Done()
	return t.Close()
}

// Describe writes what `apply --on` needs to find the twin. more may add to it before it is written; may be nil.
func (t *Twin) Describe(dir string, more func(*standin.StandIn)) (*standin.StandIn, error) {
	s := &standin.StandIn{
		Format: standin.Format, Dir: dir, Targets: map[string]standin.Connection{}, Control: t.ControlURL(), TokenFile: "token", PID: os.Getpid(),
	}
	s.Started, _ = standin.Started(s.PID) // where the system says
	files := map[string][]byte{caFile: t.CA(), "token": []byte(t.cfg.Token + "\n")}
	for _, target := range t.cfg.Targets {
		name := "password-" + target.Name
		files[name] = []byte(target.Password + "\n")
		s.Targets[target.Name] = standin.Connection{
			Inet: t.InetURL(target.Name),
			URL:  t.URL(target.Name), Instance: target.Instance, Username: target.Username, PasswordFile: name, CAFile: caFile,
		}
	}
	if more != nil {
		more(s)
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, fmt.Errorf("describe the stand-in: %w", err)
		}
	}
	return s, os.WriteFile(filepath.Join(dir, standin.FileName), append(b, '\n'), 0o600)
}

// Stop ends the twin that serves dir and waits until it has gone.
func Stop(ctx context.Context, dir string) error {
	s, err := standin.Load(dir)
	if err != nil {
		return err
	}
	if s.PID <= 1 {
		return fmt.Errorf("the stand-in of %s has no process", dir)
	}
	server := standin.Process{PID: s.PID, Started: s.Started}
	if server.Alive() != nil {
		return s.Remove() // it was killed
	}
	p, err := os.FindProcess(s.PID)
	if err == nil {
		err = p.Signal(syscall.SIGTERM)
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end the stand-in: %w", err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Join(dir, standin.FileName)); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if server.Alive() != nil {
			return s.Remove()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the twin of %s has not ended: %w", dir, ctx.Err())
		}
	}
}
