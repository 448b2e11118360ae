//go:build !unix

package cli

import "os/exec"

// detach has nothing to do where there are no sessions.
func detach(*exec.Cmd) {}
