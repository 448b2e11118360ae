//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// detach puts a command into a session of its own, so that no terminal's end reaches it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
