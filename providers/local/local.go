//go:build unix

// Package local runs scripts on the machine that xdc runs on, as package remote does on others.
package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// grace is how long the output of a script that was ended is still waited for.
const grace = 2 * time.Second

// Machine is the machine that xdc runs on.
type Machine struct {
	// Around is called before ("before") and after ("after") every script; may be nil.
	Around func(place, script, when string)
}

var _ providers.Machine = Machine{}

// Run implements providers.Machine. When ctx ends, the script's process group is killed.
func (m Machine) Run(ctx context.Context, s shell.Script) (shell.Output, error) {
	if m.Around != nil {
		m.Around("here", s.Name, "before")
		defer m.Around("here", s.Name, "after")
	}
	var b [12]byte
	if _, err := rand.Read(b[:]); err != nil {
		return shell.Output{}, err
	}
	mark := hex.EncodeToString(b[:])
	in, err := s.Wrap(mark)
	if err != nil {
		return shell.Output{}, fmt.Errorf("here: %s: %w", s.Name, err)
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-s")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = grace
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		if ctx.Err() != nil {
			return shell.Output{}, fmt.Errorf("here: %s: %w: %w", s.Name, shell.ErrCut, context.Cause(ctx))
		}
		return shell.Output{}, fmt.Errorf("here: %s: run /bin/sh: %w", s.Name, err)
	}
	res, err := shell.Unwrap(out.Bytes(), errs.Bytes(), mark)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
	}
	if err != nil {
		return res, fmt.Errorf("here: %s: %w", s.Name, err)
	}
	return res, nil
}

// Facts implements providers.Machine. Queueing disciplines are not looked for: faults of the network are for hosts.
func (Machine) Facts(context.Context) (providers.Facts, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return providers.Facts{}, fmt.Errorf("look what this machine is: %w", err)
	}
	f := providers.Facts{
		System: unix.ByteSliceToString(u.Sysname[:]), Kernel: unix.ByteSliceToString(u.Release[:]), UID: os.Getuid(), Root: os.Getuid() == 0,
		Tools: map[string]string{}, Dir: fmt.Sprintf("/tmp/xdc-%d", os.Getuid()),
	}
	if f.Root {
		f.Dir = "/run/xdc"
	}
	if me, err := user.Current(); err == nil {
		f.User = me.Username
	}
	if st, err := os.Stat("/run/systemd/system"); err == nil {
		f.Systemd = st.IsDir()
	}
	if b, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		f.Boot = strings.TrimSpace(string(b))
	}
	for _, t := range []string{"flock", "setsid", "systemd-run", "timeout", "logger"} {
		if p, err := exec.LookPath(t); err == nil {
			f.Tools[t] = p
		}
	}
	return f, nil
}
