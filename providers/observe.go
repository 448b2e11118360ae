package providers

import (
	"context"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
)

// Observer is a session that can look at its target without touching it.
type Observer interface {
	// Observe makes one round of readings. It emits readings as they come and returns an error when the
	// target could not be asked; an error makes no reading, and nothing is "down" because of it.
	// Never called concurrently for one session.
	Observe(ctx context.Context, emit func(Reading)) error
	// Interval is how long the engine should wait between the starts of two rounds.
	Interval() time.Duration
}

// Idler is an observer that may be asked to look less often while nothing rests on what it sees: no fault is under way,
// nothing waits for a condition, no range of an expectation is open.
type Idler interface {
	Observer
	// IdleInterval is how long the engine may wait between the starts of two rounds then; less than Interval counts as
	// Interval.
	IdleInterval() time.Duration
}

// Reading is one observation as a provider makes it.
type Reading struct {
	// Path is relative to the target, canonical: `job.orders.health`,
	// `job.orders.operator["Sink"].tuples_out`.
	Path  string
	Value signal.Value
	// Low is just before the request left, less the source's stated refresh lag; High when the answer was
	// there.
	Low, High time.Time
	// ValidFor is how long the value may be relied on; 0 leaves it to the engine (3 x the interval). The
	// engine never uses less than 3 x the interval.
	ValidFor time.Duration
	Evidence string
	// News says that a change of the value is an event of the run, also where it is a number. Other values' changes always
	// are.
	News bool
}

// Tracker is a session that reports on jobs of the plan once it knows which they are.
type Tracker interface {
	// Track tells which of the target's jobs stands behind a job of the plan. ref comes from the job's
	// deed (Effect.Result).
	Track(job JobInfo, ref []byte) error
}

// JobInfo is a job of the plan at one target.
type JobInfo struct {
	// Path is the first part of the job's signals at its target: "job.orders", in a module
	// "module.m.job.orders".
	Path string `json:"path"`
	// Step is the address of the job instance.
	Step string `json:"step"`
	// Target is where it runs.
	Target string `json:"target"`
	// Launched is the pattern of the name of a job that something else will start; empty otherwise.
	Launched string `json:"launched,omitempty"`
	// Bundle and Adopt say how it comes to run otherwise: the bundle it is submitted from, or the name under
	// which it is adopted. Both are empty where that is not known.
	Bundle string `json:"bundle,omitempty"`
	Adopt  string `json:"adopt,omitempty"`
	// Toolkit is what the plan says the application was configured with; nil when it does not say.
	Toolkit *Toolkit `json:"toolkit,omitempty"`
}

// Toolkit is the configuration of the cross data center failover toolkit inside an application.
type Toolkit struct {
	HeartbeatInterval value.Duration `json:"heartbeat_interval,omitempty"`
	MissesAllowed     int            `json:"misses_allowed"`
	SnapshotInterval  value.Duration `json:"snapshot_interval,omitempty"`
	InitDelay         value.Duration `json:"init_delay,omitempty"`
	Port              int            `json:"port,omitempty"`
	Mode              string         `json:"mode,omitempty"` // "active" or "passive"
	Composite         string         `json:"composite,omitempty"`
	// RetainSnapshots keeps at the start what was stored before; ReturnSnapshots gives it back to the other side.
	RetainSnapshots bool `json:"retain_snapshots,omitempty"`
	ReturnSnapshots bool `json:"return_snapshots,omitempty"`
	// SnapshotDirectory is the folder in which this side keeps the other's snapshots; Host the host of the target, by
	// its name, on which that folder and ConfigFile can be read. ConfigFile is the application's own configuration.
	SnapshotDirectory string `json:"snapshot_directory,omitempty"`
	Host              string `json:"host,omitempty"`
	ConfigFile        string `json:"config_file,omitempty"`
	// MainComposite is the application's main composite with its namespace, by which its keys begin in the application
	// configuration CrossDCFailover of the instance; empty where that is not to be read.
	MainComposite string `json:"main_composite,omitempty"`
	// Traces has the traces of the job's PEs read for lines of the toolkit and the application; Lines are what the application's
	// look like.
	Traces bool  `json:"traces,omitempty"`
	Lines  Lines `json:"lines,omitzero"`
	// Pairs is how many senders and receivers of snapshots there are (numberOfHttpSenderReceiverPairs); 0 is one.
	Pairs int `json:"pairs,omitempty"`
	// SendToAll posts each message to every machine of the other side in turn instead of the first that answers.
	SendToAll bool `json:"send_to_all,omitempty"`
	// LogHTTPErrors has answers that are no success logged at error level instead of info.
	LogHTTPErrors bool `json:"log_http_errors,omitempty"`
	// ConnectTimeout and ReadTimeout bound a post; 0 is 25 and 100 seconds.
	ConnectTimeout value.Duration `json:"connect_timeout,omitempty"`
	ReadTimeout    value.Duration `json:"read_timeout,omitempty"`
}

// Lines are regular expressions for the lines by which an application says what its toolkit tells it; empty: those of the
// toolkit's samples.
type Lines struct {
	Up         string `json:"up,omitempty"`
	Down       string `json:"down,omitempty"`
	TakingOver string `json:"taking_over,omitempty"`
	TakenOver  string `json:"taken_over,omitempty"`
}

// Inference draws conclusions about one target from readings of it, in the order in which the engine
// got them. It touches nothing and keeps its own state; a recorded run gives the same conclusions again.
type Inference interface {
	// Infer takes one sample of the target and returns the samples that follow from it. Signal names are
	// full: target first.
	Infer(s signal.Sample) []signal.Sample
}
