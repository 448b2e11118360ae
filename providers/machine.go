package providers

import (
	"context"
	"net/netip"

	"github.com/xdc-project/xdc/providers/shell"
)

// Machine is a host on which scripts run: over SSH, or in a test in a namespace of this machine.
type Machine interface {
	// Run runs a script with the privileges that the plan gives the host (see shell.Script.Plain) and waits for its
	// end. A script that ran and failed is no error: its exit status says so. An error means that it could not be run,
	// or that nobody knows whether it did (shell.ErrCut).
	Run(ctx context.Context, s shell.Script) (shell.Output, error)
	// Facts says what the machine is and has. It is looked up once.
	Facts(ctx context.Context) (Facts, error)
}

// Facts is what a machine is and has.
type Facts struct {
	System string `json:"system"` // "Linux"
	Kernel string `json:"kernel"`
	User   string `json:"user"` // who scripts run as
	UID    int    `json:"uid"`
	// Root says that scripts run with all privileges.
	Root bool `json:"root"`
	// Systemd says that systemd is process 1.
	Systemd bool `json:"systemd"`
	// Tools are the programs found, by name, with their full paths: nft, iptables, ip6tables, ip, tc, flock, setsid,
	// systemctl, systemd-run, getent ...
	Tools map[string]string `json:"tools,omitempty"`
	// Qdiscs are the queueing disciplines that the kernel takes (netem, htb, tbf ...), tried in a network namespace of
	// their own; nil when that could not be tried.
	Qdiscs []string `json:"qdiscs,omitempty"`
	// Boot identifies the running kernel's boot.
	Boot string `json:"boot"`
	// Peer is where the machine sees xdc come from, or the last jump host. Invalid when that is not known.
	Peer netip.Addr `json:"peer,omitzero"`
	// Port is the machine's own port by which it is reached.
	Port int `json:"port,omitempty"`
	// Dir is the folder of everything that xdc installs on the machine; it does not survive a reboot.
	Dir string `json:"dir"`
}

// Has reports whether a program is there.
func (f Facts) Has(tool string) bool { return f.Tools[tool] != "" }

// PEProcess is the operating-system process of a processing element, as the platform states it.
type PEProcess struct {
	PE       string // id
	PID      int
	Resource string // the machine as the platform calls it
}
