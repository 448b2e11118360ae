// Package host carries out faults on machines: prepared, armed under a lease on the machine itself, injected,
// verified, healed, and compared with what was there before.
//
// A fault is a Work for each machine: a handful of shell scripts. Everything that makes a fault safe is done here once
// for all of them: the watchdog that undoes without xdc, the lock that keeps two of xdc's commands apart, the folder
// that everything installed lives in, the refusal to inject where the undo is not armed.
package host

import (
	"context"
	"encoding/json"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// Work is what a fault does at one machine. It travels in the handle, whole.
//
// Nothing that a work does may survive a reboot: space is taken by files without a name, files are covered by mounts, and
// rules live in the kernel. So a machine that loses power is healed by that.
//
// Every script gets XDC_NAME (the unique name of run and step), XDC_BASE (the folder of everything that xdc has
// installed on the machine) and XDC_HOME (XDC_BASE/XDC_NAME: the folder of this fault alone, there from arming to
// disarming; scripts may keep files in it), and the functions of the prelude: xdc_spawn, xdc_tagged, xdc_reap.
type Work struct {
	Place providers.Place `json:"place"`
	// Cuts says that it cuts the way by which xdc reaches the machine. Its Inject runs a moment after the answer to the
	// request is on its way, and that the machine falls silent is what is seen of it.
	Cuts bool `json:"cuts,omitempty"`
	// Found says what was looked up at the machine that people should see before they agree, such as the processes that
	// are meant: a line each, safe to show, and few. Prepare hands it on (Handle.Found).
	Found []string `json:"-"`
	// State prints what the machine has of the kind of thing that the fault changes (rules, routes, processes ...), the
	// same text whenever that is the same: no counters, no dates, in a fixed order. What xdc has put there itself (names
	// that begin with xdc_) is left out. It only looks. It is compared before and after.
	State shell.Script `json:"state"`
	// Inject does it, replacing what an earlier Inject of the same name did (stages). It runs under the machine's lock and
	// only while the undo is armed; XDC_TTL is the length of the lease in whole seconds. Exit status 0, or the reason
	// on standard error.
	Inject shell.Script `json:"inject"`
	// Verify looks: 0 it is in force; 1 it is not (yet); else nobody can tell. It says on standard output what it saw.
	Verify shell.Script `json:"verify"`
	// Renew extends what the kernel would expire by itself, to XDC_TTL seconds from now; empty when there is nothing.
	Renew shell.Script `json:"renew,omitzero"`
	// Undo takes everything away that Inject may have put there, whatever state it is in, and is harmless when there is
	// nothing. 0 only if nothing is left. The watchdog runs it with nothing but what is in it.
	Undo shell.Script `json:"undo"`
	// Left looks: 0 nothing of it is left; 1 something is, and standard output says what; else nobody can tell.
	Left shell.Script `json:"left"`
}

// Fault is a fault type made of works.
type Fault struct {
	Provider string
	Type     string
	// Works lays the fault out, a work for each machine. It may ask the machines (env.Machine), and only looks. What
	// cannot be done is refused here. Restaging calls it again with the stage's arguments; the places, the names and the
	// undo must come out the same.
	Works func(ctx context.Context, env providers.Env, id providers.StepID, args json.RawMessage) ([]Work, error)
}
