// Package plan is the frozen plan: what will be done, in what order, how it is undone, and when.
//
// It is built from a checked program and the providers' dry runs, touches nothing, and is not changed by a
// run. There is no HCL left in it but source ranges, for messages.
package plan

import (
	"net/netip"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// Format is the format word of plan.json and of saved plans.
const Format = "xdc.plan/1"

// Plan is a frozen plan.
type Plan struct {
	Format      string         `json:"format"`
	Version     string         `json:"version"` // of xdc
	Mode        string         `json:"mode"`    // plan, apply, rehearse
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Timeout     value.Duration `json:"timeout"`

	Targets   []providers.Target       `json:"targets"`
	Twins     map[string]*program.Twin `json:"twins,omitempty"` // what is said of targets' twins, by target
	Jobs      []providers.JobInfo      `json:"jobs,omitempty"`
	Steps     []*Step                  `json:"steps"` // every step after those it needs
	Guards    []Guard                  `json:"guards,omitempty"`
	Variables []program.Variable       `json:"variables,omitempty"`
	Files     []program.File           `json:"files,omitempty"`
	Secrets   []string                 `json:"secrets,omitempty"` // slots that a run will ask for
	Providers []string                 `json:"providers,omitempty"`
	Blast     Blast                    `json:"blast_radius"`
	Critical  []string                 `json:"critical_path,omitempty"` // step addresses
	Expected  Window                   `json:"expected"`                // of the whole run
	Predicted []providers.Prediction   `json:"predictions,omitempty"`
	Warnings  []Warning                `json:"warnings,omitempty"`
	// Digest is sha256 over everything above but Mode, Version and Files, and how files were called; it names
	// what will be done.
	Digest string `json:"digest"`

	// Program is where the plan came from: secrets and late expressions. It is not part of any file.
	Program *program.Program `json:"-"`
	// Source is what a saved plan is built again from. Only saved plans hold it.
	Source *Source `json:"-"`
}

// Step is a step with its dry run.
type Step struct {
	Address string `json:"address"`
	Kind    string `json:"kind"`
	Type    string `json:"type,omitempty"`
	// Provider does it; empty for waits, expects and approvals.
	Provider string `json:"provider,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`

	*program.Step

	// Holders keep a fault without duration in force: it is healed when they are all finished.
	Holders     []string              `json:"holders,omitempty"`
	Held        string                `json:"held,omitempty"` // "held 1m", "held until wait.takeover"
	Description providers.Description `json:"effect"`
	// Unknown lists the arguments that are known only after the run has come there.
	Unknown []string `json:"unknown,omitempty"`
	// Expected is when the step is expected to run, in seconds since run.started.
	Expected Window `json:"expected"`
	// Twin is false for steps that rehearsals do not perform (Skip says why).
	Twin bool `json:"twin"`
	// Skip says why a rehearsal does not perform the step; empty when it does.
	Skip string `json:"skip,omitempty"`
	// Unseen says why a run against a stand-in leaves the step out too: it looks at signals that only the real
	// surroundings have.
	Unseen string `json:"unseen,omitempty"`
	// Unmanned says why a run without machines leaves it out: it looks at signals of machines.
	Unmanned string `json:"unmanned,omitempty"`
}

// Guard is a guard of the plan.
type Guard struct {
	Address string `json:"address"`
	*program.Guard
	// Unseen says why a rehearsal, and a run against a stand-in, goes without the guard; empty when it does not.
	Unseen string `json:"unseen,omitempty"`
	// Unmanned says why a run without machines goes without it.
	Unmanned string `json:"unmanned,omitempty"`
}

// Window is an expected stretch of the run in seconds; End nil when it cannot be said.
type Window struct {
	Start float64 `json:"start"`
	// AtLeast says that Start is only a lower bound, because something before it has an unknown end.
	AtLeast bool     `json:"at_least,omitempty"`
	End     *float64 `json:"end,omitempty"`
	// Latest is when it must be over because of its timeout; nil without one.
	Latest *float64 `json:"latest,omitempty"`
}

// Blast is the blast radius: all that the plan's side effects touch.
type Blast struct {
	Targets  []string `json:"targets"`
	Hosts    []string `json:"hosts,omitempty"`
	Networks []string `json:"networks,omitempty"`
	Jobs     []string `json:"jobs,omitempty"`
	// Protected are the touched targets that must be confirmed by name.
	Protected []string `json:"protected,omitempty"`
	Faults    int      `json:"faults"`
}

// Warning is a finding of the planner for people, already placed.
type Warning struct {
	Code    diag.Code `json:"code"`
	Address string    `json:"address,omitempty"`
	Summary string    `json:"summary"`
	Detail  string    `json:"detail,omitempty"`
	File    string    `json:"file,omitempty"`
	Line    int       `json:"line,omitempty"`
}

// Options are what New needs besides the program.
type Options struct {
	Mode    string
	Version string
	// StandIn says that connections will be swapped for a twin or a lab.
	StandIn bool
	// Way says from which address of this machine an address would be reached, sending nothing; nil: nobody can tell. A
	// saved plan keeps the answers.
	Way func(address string) (netip.Addr, bool)
	// OpenFile opens a file that the plan names, for providers that look into files while planning; nil: they do not.
	OpenFile func(name string) (providers.File, error)
	// Source is what the plan was made from, for saving it; nil if it will not be saved.
	Source *Source
}

// Step finds a step by address.
func (p *Plan) Step(address string) (*Step, bool) {
	for _, s := range p.Steps {
		if s.Address == address {
			return s, true
		}
	}
	return nil, false
}

// Encode writes the plan as indented JSON with a final newline.
func (p *Plan) Encode() ([]byte, error) { return encode(p) }
