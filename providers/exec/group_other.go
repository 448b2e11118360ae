//go:build !unix

package execaction

import "os/exec"

// together does nothing where there are no process groups: only the command itself is killed.
func together(*exec.Cmd) {}
