// Package control speaks to the control endpoint of a twin: it makes faults on links and processes, keeps the leases under which they
// heal by themselves, and holds the locks of targets.
//
// The endpoint itself is in providers/twin.
package control

import (
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// LockTTL is how long a lock lasts without a renewal.
const LockTTL = time.Minute

// Lock says who holds a target.
type Lock struct {
	Target string         `json:"target"`
	Run    string         `json:"run"`
	Owner  string         `json:"owner"` // user@host
	Since  time.Time      `json:"since"`
	TTL    value.Duration `json:"ttl"`
}

// LeaseRequest arms or renews the undo of the rules called Name.
type LeaseRequest struct {
	Host  string          `json:"host"`
	Name  string          `json:"name"`
	Renew bool            `json:"renew,omitempty"`
	Lease providers.Lease `json:"lease"`
}

// RuleRequest puts a rule in force.
type RuleRequest struct {
	Rule providers.LinkRule `json:"rule"`
	Step string             `json:"step,omitempty"`
}

// SignalRequest sends a signal (STOP, CONT, KILL, TERM ...) to processes of a host.
type SignalRequest struct {
	Host   string `json:"host"` // address
	Signal string `json:"signal"`
	PIDs   []int  `json:"pids"`
}

// ProcessLeaseRequest arms or renews the going on of stopped processes of a host. A renewal names none: they stay those
// that were armed.
type ProcessLeaseRequest struct {
	Host  string          `json:"host"`
	Name  string          `json:"name"`
	PIDs  []int           `json:"pids,omitempty"`
	Renew bool            `json:"renew,omitempty"`
	Lease providers.Lease `json:"lease"`
}

// RepeatRequest begins or, with a zero repetition, ends signalling processes of a host under a lease.
type RepeatRequest struct {
	Host       string               `json:"host"`
	Name       string               `json:"name"`
	Repetition providers.Repetition `json:"repetition"`
}

// Failure is the body of a refusal.
type Failure struct {
	Error string `json:"error"`
	Lock  *Lock  `json:"lock,omitempty"`  // who holds it
	Ended bool   `json:"ended,omitempty"` // a lease that has run out
	// Missing says that there is no such file.
	Missing bool `json:"missing,omitempty"`
}
