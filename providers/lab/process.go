// Package lab builds two data centres on this machine: network namespaces with real SSH servers, real firewalls and real
// processes, joined by a router, and a runner's namespace from which everything is reached.
//
// The platform's services in it are the twin's. What the kernel cannot do is found out and said.
package lab

import (
	"fmt"
	"os"
	"strings"

	"github.com/xdc-project/xdc/providers/standin"
)

// Alive reports whether a process still runs; an error says that it does not.
func Alive(p standin.Process) error {
	started, err := Started(p.PID)
	if err != nil {
		return fmt.Errorf("the lab's process %d is gone: %w", p.PID, err)
	}
	if p.Started != "" && started != p.Started {
		return fmt.Errorf("the lab's process %d is gone, and another has its number", p.PID)
	}
	return nil
}

// Started is when a process started, in clock ticks since the machine did: with the number it names a process for ever.
func Started(pid int) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	i := strings.LastIndexByte(string(b), ')')
	f := strings.Fields(string(b[i+1:]))
	if i < 0 || len(f) < 20 || f[0] == "Z" {
		return "", fmt.Errorf("process %d has ended", pid)
	}
	return f[19], nil
}
