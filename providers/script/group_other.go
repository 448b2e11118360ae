//go:build !unix

package script

import (
	"io/fs"
	"os/exec"
)

// together does nothing where there are no process groups: only the script itself is killed.
func together(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

// executable is true where files have no such mode.
func executable(fs.FileMode) bool { return true }
