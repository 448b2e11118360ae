// Package providers is the contract between xdc and what it drives and watches.
//
// A provider is a value that describes itself (schemas, documentation, examples) and makes sessions,
// deeds and actions. The engine meets providers through these types alone; nothing passes them that could
// not be JSON. Providers themselves live in the folders below, and providers/providertest is the suite
// that every fault must pass.
package providers

import (
	"encoding/json"
	"net/netip"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
)

// Provider is everything xdc knows about one way of driving or watching a target.
type Provider struct {
	Name string // as in plans: "streams", "data_exchange", "network"
	Doc  string
	// Connection is the schema of the provider's block inside a target; nil when it needs none.
	Connection *schema.Block
	// Signals are what its sessions or inferences report.
	Signals []schema.Signal
	// Outside says that its sessions look at services of which stand-ins have nothing. Rehearsals and labs make no
	// such session, and leave out what looks at its signals.
	Outside bool
	// Machines says that its sessions look at the machines of a target. They are made where a condition names one of its
	// signals and there are machines: at real targets and in labs. Twins have none, and what looks at them is left out.
	Machines bool
	// Wanted reports whether the provider's session at a target is made although the plan has no block for it, for the sake
	// of the jobs there; nil: never.
	Wanted func(target string, jobs []JobInfo) bool
	// Connect makes a session from the connection's arguments; nil when the provider has no sessions. args
	// are {} when the target has no such block.
	Connect func(env Env, target Target, args json.RawMessage) (Session, error)
	// Job makes the deed that submits or adopts jobs; only one provider of a registry has it.
	Job func(env Env) Deed
	// DescribeJob is the dry run of a job.
	DescribeJob func(s Scope, args json.RawMessage) (Description, diag.List)
	// Infer makes the inference for a target; nil when the provider infers nothing.
	Infer func(target string, jobs []JobInfo) Inference
	// Overview makes the inference over all targets together; nil when there is none. It is given every sample, and those
	// that Infer's inferences have drawn from them.
	Overview func(jobs []JobInfo) Inference
	// Predict says what must happen for these facts, by arithmetic; nil when the provider predicts nothing.
	Predict func(q Question) []Prediction
	// Assumptions are statements about the platform that no public source confirms.
	Assumptions []Assumption

	Faults  []FaultType
	Actions []ActionType
	Seeds   []SeedType
}

// FaultType describes one fault a plan may name.
type FaultType struct {
	Name    string // "network_partition"
	Doc     string
	Schema  *schema.Block
	Example string // the body of a fault block; must decode; the suite runs it
	// Twin says that the fault works on the twin; rehearsals skip those that do not.
	Twin bool
	// Stages says that stage blocks are allowed: the deed is a Stager.
	Stages bool
	// Describe is the dry run: what would be done, how it is undone, what it touches. No network.
	Describe func(s Scope, args json.RawMessage) (Description, diag.List)
	New      func(env Env) Deed
}

// ActionType describes one action a plan may name.
type ActionType struct {
	Name     string
	Doc      string
	Schema   *schema.Block
	Example  string
	Twin     bool
	Describe func(s Scope, args json.RawMessage) (Description, diag.List)
	New      func(env Env) Action
	// Lasts reports whether an action with these arguments lasts until the end of the run: then Deed does it, under the
	// life cycle and the lease of a fault, and undoes it. Nil: such actions end by themselves.
	Lasts func(args json.RawMessage) bool
	Deed  func(env Env) Deed
}

// SeedType describes one way of putting records in and of reading them out again.
type SeedType struct {
	Name   string // "data_exchange"
	Doc    string
	Schema *schema.Block // what a seed block holds beyond the common part
	Audit  *schema.Block // what an audit of such a seed holds beyond the common part
	// Probe is what a probe by this way holds beyond the common part; nil: probes cannot use it. Ends takes its arguments
	// apart into those of the inlet and those of the outlets.
	Probe   *schema.Block
	Ends    func(args json.RawMessage) (in, out json.RawMessage, err error)
	Example string
	// Describe is the dry run of a seed at each of its targets.
	Describe func(s Scope, args json.RawMessage) (Description, diag.List)
	New      func(env Env) Feed
}

// Scope is what a dry run may look at: the plan's own statements and nothing else.
type Scope struct {
	Targets map[string]Target
	Jobs    []JobInfo
	// Target is the target of the instance described, where it has one. A step at several targets is described at each; At has
	// them all.
	Target string
	At     []string
	// OpenFile opens a file that the plan names; nil where none may be opened.
	OpenFile func(name string) (File, error)
	// StandIn says that connections will be swapped for a twin or a lab.
	StandIn bool
	// Ways are the addresses of the machine that xdc runs on from which it would reach hosts, by the hosts' addresses. What
	// is not there is not known: names, hosts behind jump hosts, stand-ins.
	Ways map[string]netip.Addr
}

// Description is the dry run of one step.
type Description struct {
	// Effects says exactly what will be done, in order: requests with redacted bodies, command lines.
	Effects []Line `json:"effects,omitempty"`
	// Undo says how it will be undone; empty for deeds that cannot be or need not be.
	Undo []Line `json:"undo,omitempty"`
	// Reboot says what would remain if a machine restarted while the deed is in force; empty where nothing would.
	Reboot []Line `json:"reboot,omitempty"`
	// Summary is one line in words: "dc1 -> dc2 dropped; everything else untouched".
	Summary string `json:"summary,omitempty"`
	// What it touches.
	Places   []Place  `json:"places,omitempty"`
	Networks []string `json:"networks,omitempty"`
	Jobs     []string `json:"jobs,omitempty"` // signal paths with target: "dc1.job.orders"
	// CutsManagement says that the fault cuts the path by which xdc itself reaches the place.
	CutsManagement bool `json:"cuts_management,omitempty"`
	// SideEffects is false for what only looks.
	SideEffects bool `json:"side_effects"`
	// Severs lists the pairs of targets whose traffic the fault affects, for predictions.
	Severs []Severed `json:"severs,omitempty"`
	// Stops lists jobs that cannot work while the fault is in force, as in Jobs.
	Stops []string `json:"stops,omitempty"`
}

// Line is one line of a description and the place it happens at.
type Line struct {
	Place string `json:"place,omitempty"`
	Text  string `json:"text"`
}

// Severed says that traffic from one target to another is affected.
type Severed struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Ports []int  `json:"ports,omitempty"` // none: all
	Total bool   `json:"total"`           // cut rather than degraded
}

// Question is what a prediction is made from.
type Question struct {
	Fault   string // address
	Type    string
	Held    float64 // seconds; 0: until something else ends it
	Effect  Description
	Jobs    []JobInfo
	Targets []string
}

// Prediction is one quantity that follows from the plan's own statements.
type Prediction struct {
	Fault string `json:"fault"`
	// Target is the data centre that detects or takes over.
	Target string `json:"target"`
	// Job is the signal path of the job concerned.
	Job string `json:"job"`
	// Quantity is "detection" (fault to the other side believed down), "takeover" (fault to takeover
	// done), "loss_window" (age of the oldest change that replication may not have carried).
	Quantity string `json:"quantity"`
	// Low and High bound it in seconds; Possible and Sure say whether it happens at all within the
	// time the fault is held.
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Possible bool    `json:"possible"`
	Sure     bool    `json:"sure"`
	// Words states the arithmetic for people.
	Words string `json:"words"`
}

// Assumption is a statement about the platform that a user with a real installation can check.
type Assumption struct {
	ID        string // "rest.actions.path"
	Statement string
	Basis     string // what it rests on
}
