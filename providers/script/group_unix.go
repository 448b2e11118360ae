//go:build unix

package script

import (
	"io/fs"
	"os/exec"
	"syscall"
)

// together puts the command into a process group of its own, which is killed as a whole.
func together(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd) }
}

// killGroup kills what is left of the group. Its number is not given away while anybody is in it.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

func executable(m fs.FileMode) bool { return m&0o111 != 0 }
