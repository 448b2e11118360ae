//go:build unix

package execaction

import (
	"os/exec"
	"syscall"
)

// together puts the command into a process group of its own, which is killed as a whole.
func together(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
