// Package program holds a checked plan: every instance of every step with its arguments evaluated.
//
// It is what lang/check makes and engine/plan turns into a frozen plan. Its types are plain Go and JSON;
// the only trace of HCL left in them are source ranges, for messages, and the Late functions, which
// evaluate what could not be known before the run.
package program

import (
	"encoding/json"

	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/value"
)

// Program is a checked plan.
type Program struct {
	Name        string
	Description string
	Timeout     value.Duration // default 1h
	Targets     []Target
	Steps       []*Step // in the order of the files; instances in key order
	Guards      []*Guard
	Outputs     []Output
	Variables   []Variable
	Files       []File // everything read, for saved plans
	Secrets     Secrets
	// Folder is the folder that relative paths in the plan mean.
	Folder string
}

// Target is a data centre.
type Target struct {
	Name      string   `json:"name"`
	Networks  []string `json:"networks,omitempty"`
	Protected bool     `json:"protected,omitempty"`
	Hosts     []Host   `json:"hosts,omitempty"`
	// Connections are the arguments of the connection blocks, defaults merged in.
	Connections map[string]json.RawMessage `json:"connections,omitempty"`
	// Twin says what the target's twin is like; nil: nothing is said.
	Twin  *Twin     `json:"twin,omitempty"`
	Range hcl.Range `json:"-"`
}

// Host is a machine of a target.
type Host struct {
	Name    string          `json:"name"`
	Address string          `json:"address"`
	Args    json.RawMessage `json:"args,omitempty"`
	Range   hcl.Range       `json:"-"`
}

// Step is one instance of a step.
type Step struct {
	Addr  addr.Step `json:"-"`
	Range hcl.Range `json:"-"`
	// Args is what the provider's schema asked for, as JSON: secrets as {"secret": SLOT}, values that exist
	// only after other steps ran as {"unknown": true}.
	Args json.RawMessage `json:"args,omitempty"`
	// Late evaluates Args again once the steps it refers to are finished; nil when all was known.
	Late  func(Results) (json.RawMessage, diag.List) `json:"-"`
	Needs []Need                                     `json:"needs,omitempty"`

	When      *Condition     `json:"when,omitempty"`
	Delay     value.Duration `json:"delay,omitempty"`
	Timeout   value.Duration `json:"timeout,omitempty"`    // 0: none
	OnFailure string         `json:"on_failure,omitempty"` // abort, continue

	// Exactly one of these is set, by Addr.Kind.
	Job    *Job    `json:"job,omitempty"`
	Seed   *Seed   `json:"seed,omitempty"`
	Audit  *Audit  `json:"audit,omitempty"`
	Probe  *Probe  `json:"probe,omitempty"`
	Fault  *Fault  `json:"fault,omitempty"`
	Wait   *Wait   `json:"wait,omitempty"`
	Expect *Expect `json:"expect,omitempty"`
	Action *Action `json:"action,omitempty"`
}

// Point is the moment in a step's life that an edge waits for.
type Point string

// The points. Running is a job's, Injected and Healed are a fault's; Finished is everything else's default.
const (
	Started  Point = "started"
	Running  Point = "running"
	Injected Point = "injected"
	Healed   Point = "healed"
	Finished Point = "finished"
)

// DefaultPoint is what a plain reference to a step of kind k waits for.
func DefaultPoint(k addr.Kind) Point {
	switch k {
	case addr.Job:
		return Running
	case addr.Fault:
		return Injected
	case addr.Seed, addr.Audit, addr.Probe, addr.Wait, addr.Expect, addr.Action, addr.Guard:
	}
	return Finished
}

// Need is an edge: the step starts only after Point of Step.
type Need struct {
	Step  addr.Step
	Point Point
	// Order says that the edge only counts in the cycle check and does not delay the start (audit.seed).
	Order bool
	Range hcl.Range
}

// MarshalJSON writes `{"step": "fault.t.n", "point": "healed"}`.
func (n Need) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Step  string `json:"step"`
		Point Point  `json:"point"`
		Order bool   `json:"order,omitempty"`
	}{n.Step.String(), n.Point, n.Order})
}

// Condition is a checked condition.
type Condition struct {
	// Text is the condition after templates were spliced in.
	Text    string        `json:"text"`
	Formula *cond.Formula `json:"-"`
	Range   hcl.Range     `json:"-"`
}

// Job is how the application under test comes to run on one target.
type Job struct {
	Target   string   `json:"target"`
	Path     string   `json:"path"`             // first part of its signals: "job.orders"
	Bundle   string   `json:"bundle,omitempty"` // exactly one of these three
	Adopt    string   `json:"adopt,omitempty"`
	Launched string   `json:"launched,omitempty"`
	Keep     bool     `json:"keep,omitempty"`
	Toolkit  *Toolkit `json:"toolkit,omitempty"`
	// Twin names the twin's application for rehearsals; empty: keyed_counter.
	Twin string `json:"twin,omitempty"`
	// Fusion says how the twin's toolkit is fused into PEs: together (empty) or apart. Snapshots says where the twin keeps
	// snapshots: file (empty) or row.
	Fusion    string `json:"fusion,omitempty"`
	Snapshots string `json:"snapshots,omitempty"`
	// Endpoints say what some of the twin's endpoints are like.
	Endpoints []TwinEndpoint `json:"endpoints,omitempty"`
}

// TwinEndpoint is what an endpoint of the twin is like.
type TwinEndpoint struct {
	Name           string `json:"name"`
	BufferSize     int    `json:"buffer_size,omitempty"` // tuples; 0: the default
	ConsumingReads bool   `json:"consuming_reads,omitempty"`
	// Trouble is what it does wrong; nil: nothing.
	Trouble *TwinTrouble `json:"trouble,omitempty"`
	// Type is that of its tuples, as SPL writes it; empty: anything goes.
	Type string `json:"type,omitempty"`
}

// Lines are regular expressions for the lines by which an application says what its toolkit tells it; empty: those of the
// toolkit's samples.
type Lines struct {
	Up         string `json:"up,omitempty"`
	Down       string `json:"down,omitempty"`
	TakingOver string `json:"taking_over,omitempty"`
	TakenOver  string `json:"taken_over,omitempty"`
}

// Toolkit is what the application's toolkit was configured with, as the plan states it.
type Toolkit struct {
	HeartbeatInterval value.Duration `json:"heartbeat_interval,omitempty"` // 0: not stated
	MissesAllowed     int            `json:"misses_allowed"`               // default 4
	SnapshotInterval  value.Duration `json:"snapshot_interval,omitempty"`
	InitDelay         value.Duration `json:"init_delay,omitempty"` // default 40s
	Port              int            `json:"port,omitempty"`       // default 25091
	Mode              string         `json:"mode,omitempty"`       // active, passive; default active
	Composite         string         `json:"composite,omitempty"`
	RetainSnapshots   bool           `json:"retain_snapshots,omitempty"` // default false
	ReturnSnapshots   bool           `json:"return_snapshots,omitempty"` // default false
	SnapshotDirectory string         `json:"snapshot_directory,omitempty"`
	Host              string         `json:"host,omitempty"` // name of a host of the job's target
	ConfigFile        string         `json:"config_file,omitempty"`
	MainComposite     string         `json:"main_composite,omitempty"` // with its namespace
	Traces            bool           `json:"traces,omitempty"`
	Lines             Lines          `json:"lines,omitzero"`
	Pairs             int            `json:"pairs,omitempty"` // 0: one
	SendToAll         bool           `json:"send_to_all,omitempty"`
	LogHTTPErrors     bool           `json:"log_http_errors,omitempty"`
	ConnectTimeout    value.Duration `json:"connect_timeout,omitempty"` // 0: 25s
	ReadTimeout       value.Duration `json:"read_timeout,omitempty"`    // 0: 100s
}

// Seed is data put in.
type Seed struct {
	Targets     []string         `json:"targets"`
	Route       string           `json:"route"` // failover, mirror, spread; "" with one target
	SwitchAfter value.Duration   `json:"switch_after,omitempty"`
	Resend      bool             `json:"resend,omitempty"`
	Retry       bool             `json:"retry,omitempty"`
	Rate        float64          `json:"rate"`              // records a second
	Records     int64            `json:"records,omitempty"` // one of Records and Duration, or both (first reached)
	Duration    value.Duration   `json:"duration,omitempty"`
	Batch       int              `json:"batch"`
	MaxInFlight int              `json:"max_in_flight"`
	Drain       value.Duration   `json:"drain"`
	Record      *value.Generator `json:"record,omitempty"` // an object generator; nil with File
	File        string           `json:"file,omitempty"`
	Format      string           `json:"format,omitempty"` // json, jsonl, csv
	Stages      []RateStage      `json:"stages,omitempty"`
	Arrivals    string           `json:"arrivals,omitempty"` // poisson; "": at even distances
	Job         string           `json:"job,omitempty"`      // signal path of the job, "job.orders"
}

// RateStage is a stage of a seed.
type RateStage struct {
	Duration value.Duration `json:"duration"`
	Rate     float64        `json:"rate"`
	Ramp     bool           `json:"ramp,omitempty"`
}

// Audit is what came out, held against a seed.
type Audit struct {
	Seed    addr.Step `json:"-"`
	SeedAt  string    `json:"seed"` // Seed as text
	Targets []string  `json:"targets"`
	Key     string    `json:"key"`
	// State is the field of an outgoing record with a state of its key that never goes back; "" for none.
	State  string         `json:"state,omitempty"`
	Settle value.Duration `json:"settle"`
	// GapOver is the threshold over which a gap in delivery is listed; default 1s.
	GapOver value.Duration `json:"gap_over"`
}

// Fault is a condition created on purpose.
type Fault struct {
	Duration value.Duration `json:"duration,omitempty"` // 0: until its holders are finished
	Stages   []FaultStage   `json:"stages,omitempty"`
}

// FaultStage is a stage of a fault: arguments that replace the block's own.
type FaultStage struct {
	Duration value.Duration  `json:"duration"`
	Args     json.RawMessage `json:"args"` // complete, merged over the fault's own
	Ramp     bool            `json:"ramp,omitempty"`
}

// Wait holds its dependents until a condition is true.
type Wait struct {
	Since *Event         `json:"since,omitempty"` // nil: a precondition
	Until *Condition     `json:"until"`
	Hold  value.Duration `json:"hold"`
}

// Event is the instant a fault was injected or healed, a step started or was done, or the run started.
type Event struct {
	Step addr.Step // zero for run.started
	Name string    // started, done, injected, healed
}

// Path is the event as conditions write it: "fault.t.n.healed", "run.started".
func (e Event) Path() string {
	if e.Step == (addr.Step{}) {
		return "run." + e.Name
	}
	return e.Step.String() + "." + e.Name
}

// MarshalText is Path.
func (e Event) MarshalText() ([]byte, error) { return []byte(e.Path()), nil }

// Expect is a verdict to be reached.
type Expect struct {
	That *Condition `json:"that,omitempty"`
	// Judge evaluates `condition` over finished results; nil with That. The text is for people.
	Judge        func(Results) (Judgement, diag.List) `json:"-"`
	Condition    string                               `json:"condition,omitempty"`
	Severity     string                               `json:"severity"` // must, should
	ErrorMessage string                               `json:"error_message,omitempty"`
	// From are the edges of the expect's own; their moment is the default start of a range.
}

// Judgement is the outcome of an HCL condition: nil Met means that a value it needs is missing.
type Judgement struct {
	Met    *bool
	Values []diag.Value
	Why    string
}

// Action is a one-shot deed.
type Action struct {
	// Approve is set for action "approve".
	Approve *Approve `json:"approve,omitempty"`
}

// Approve asks a person.
type Approve struct {
	Prompt  string `json:"prompt"`
	Default string `json:"default"` // abort, continue: what a timeout means
}

// Guard aborts the run when it becomes false.
type Guard struct {
	Addr      addr.Step  `json:"-"`
	That      *Condition `json:"that"`
	From      *Event     `json:"from,omitempty"`
	To        *Event     `json:"to,omitempty"`
	OnUnknown string     `json:"on_unknown"` // continue, abort
	Range     hcl.Range  `json:"-"`
}

// Output is a value shown at the end.
type Output struct {
	Name        string
	Description string
	Sensitive   bool
	// Value is evaluated when the run has ended.
	Value func(Results) (json.RawMessage, diag.List)
	// Known is the value when it needs no results; nil otherwise.
	Known json.RawMessage
	Range hcl.Range
}

// Variable is a variable of the root module.
type Variable struct {
	Name      string          `json:"name"`
	Sensitive bool            `json:"sensitive,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"` // nil for sensitive ones
	Source    string          `json:"source"`          // "default", "--var", "environment", "prompt", a file's name
}

// File is a file that was read while checking.
type File struct {
	Path   string `json:"path"` // relative to the plan's folder, slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Kind   string `json:"kind"` // configuration, variables, bundle, data, function
}

// Secrets are the values behind slots. They live in memory only: the type has no exported field, so no
// encoder can reach them.
type Secrets struct {
	values  map[string]string
	missing map[string]bool
}

// Set stores the value behind a slot.
func (s *Secrets) Set(slot, value string) {
	if s.values == nil {
		s.values = map[string]string{}
	}
	s.values[slot] = value
	delete(s.missing, slot)
}

// Miss notes that a slot is used but has no value yet.
func (s *Secrets) Miss(slot string) {
	if _, ok := s.values[slot]; ok {
		return
	}
	if s.missing == nil {
		s.missing = map[string]bool{}
	}
	s.missing[slot] = true
}

// Get returns the value behind a slot.
func (s *Secrets) Get(slot string) (string, bool) {
	v, ok := s.values[slot]
	return v, ok
}

// Missing lists the slots that are used and have no value, sorted.
func (s *Secrets) Missing() []string { return sortedKeys(s.missing) }

// Values lists every secret's text, for the redactor.
func (s *Secrets) Values() []string {
	out := make([]string, 0, len(s.values))
	for _, k := range sortedKeys(s.values) {
		out = append(out, s.values[k])
	}
	return out
}

// Results gives the final attributes of finished steps to late expressions: attribute name to a JSON-like
// Go value (nil, bool, float64, string, map, slice); times and durations in seconds. ok is false while the
// step is not finished.
type Results func(step string) (attrs map[string]any, ok bool)
