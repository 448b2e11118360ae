// Package event has the facts of a run, each a type of its own, and the bus that carries them.
//
// One stream feeds the journal, the terminal, --json and the reports: what a user can see is an event, and
// logs are for developers only. Samples are not events; engine/trace has them.
package event

import (
	"encoding/json"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/signal"
)

// Format is the format word of event and journal files.
const Format = "xdc.events/1"

// Event is one fact with its place in the run.
type Event struct {
	Seq  uint64        `json:"seq"`
	At   time.Duration `json:"-"` // since run.started
	Wall time.Time     `json:"-"`
	Body Payload       `json:"-"`
}

// Payload is a fact. The set is closed: see All.
//
//sumtype:decl
type Payload interface{ kind() string }

// State is where a step stands.
type State string

// The states. Pending, Running, then one of the last three.
const (
	Pending State = "pending"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// Finished reports whether a step in this state will not change any more.
func (s State) Finished() bool { return s == Done || s == Failed || s == Skipped }

// Phase is how far an undoable deed (a fault, a job, a lock) has come.
type Phase string

// The phases in the order of a fault's life. A deed with Intended and no Healed is owed.
const (
	Intended   Phase = "intended"
	Armed      Phase = "armed"
	Injecting  Phase = "injecting"
	Injected   Phase = "injected"
	Verified   Phase = "verified"
	Healing    Phase = "healing"
	HealFailed Phase = "heal_failed"
	Healed     Phase = "healed"
	Kept       Phase = "kept" // a job with keep = true: owed no more
)

// Verdict is what became of an expectation.
type Verdict string

// The verdicts.
const (
	Met          Verdict = "met"
	NotMet       Verdict = "not met"
	Inconclusive Verdict = "inconclusive"
	NotJudged    Verdict = "skipped"
)

// The facts of a run.
type (
	// RunStarted opens a run.
	RunStarted struct {
		Run     string    `json:"run"`
		Mode    string    `json:"mode"` // apply, rehearse
		Plan    string    `json:"plan"`
		Digest  string    `json:"digest"`
		Version string    `json:"version"`
		Seed    uint64    `json:"seed"`
		StandIn string    `json:"stand_in,omitempty"` // folder of the stand-in
		Host    string    `json:"host,omitempty"`     // who ran it
		User    string    `json:"user,omitempty"`
		PID     int       `json:"pid,omitempty"`
		Started time.Time `json:"started"`
		Virtual bool      `json:"virtual,omitempty"`
	}
	// StepChanged says that a step moved to another state.
	StepChanged struct {
		Step   string `json:"step"`
		State  State  `json:"state"`
		Reason string `json:"reason,omitempty"`
		// Finding is true for a failed measurement: a finding, not a broken run.
		Finding bool `json:"finding,omitempty"`
		// Results are the final attributes of a finished step.
		Results map[string]any `json:"results,omitempty"`
		// Instant is when the step did so as far as conditions are concerned, in nanoseconds since the run started; the
		// event itself is recorded a little later.
		Instant time.Duration `json:"instant,omitempty"`
	}
	// DeedChanged is a step in the life of something that must be undone. Intended carries the handle.
	DeedChanged struct {
		Step   string          `json:"step"`
		Kind   string          `json:"kind"` // fault, job, lock
		Phase  Phase           `json:"phase"`
		Handle json.RawMessage `json:"handle,omitempty"`
		// Low and High bound when the effect began or ended, for Verified and Healed.
		Low      time.Duration `json:"low,omitempty"`
		High     time.Duration `json:"high,omitempty"`
		Until    time.Duration `json:"until,omitempty"` // Verified: planned end of the hold, 0 if open
		Evidence string        `json:"evidence,omitempty"`
		Error    string        `json:"error,omitempty"`
		Attempt  int           `json:"attempt,omitempty"`
	}
	// Happened is an event that conditions can name.
	Happened struct {
		Name string        `json:"name"` // "fault.t.n.injected"
		Low  time.Duration `json:"low"`
		High time.Duration `json:"high"`
	}
	// Progress is a running count of a seed or an audit, for displays.
	Progress struct {
		Step   string           `json:"step"`
		Counts map[string]int64 `json:"counts"`
	}
	// Routed says that a seed sends to another target from now on.
	Routed struct {
		Step   string `json:"step"`
		From   string `json:"from"`
		To     string `json:"to"`
		Reason string `json:"reason"`
	}
	// Measured is the result of a wait with since.
	Measured struct {
		Step string `json:"step"`
		Recovery
	}
	// Audited is the result of an audit.
	Audited struct {
		Step string `json:"step"`
		Audit
	}
	// Probed is the result of a probe.
	Probed struct {
		Step string `json:"step"`
		Probe
	}
	// Judged is the verdict on an expectation.
	Judged struct {
		Step     string       `json:"step"`
		Verdict  Verdict      `json:"verdict"`
		Severity string       `json:"severity"`
		Why      string       `json:"why,omitempty"`
		Message  string       `json:"message,omitempty"` // the plan's error_message
		Text     string       `json:"text"`              // the condition
		Values   []diag.Value `json:"values,omitempty"`
		// From and To are the stretch of time that was judged, equal for an instant, and At the instant that decided, in
		// nanoseconds since the run started.
		From time.Duration `json:"from"`
		To   time.Duration `json:"to"`
		At   time.Duration `json:"at"`
		// Part is the part of the condition that decided, and Samples are those that it rests on.
		Part    string `json:"part,omitempty"`
		Samples []Seen `json:"samples,omitempty"`
		File    string `json:"file,omitempty"`
		Line    int    `json:"line,omitempty"`
	}
	// Seen is a sample that a verdict rests on: at some instant in [Low, High] the signal had this value.
	Seen struct {
		Signal   string        `json:"signal"`
		Value    string        `json:"value"` // as a condition would write it
		Low      time.Duration `json:"low"`
		High     time.Duration `json:"high"`
		Evidence string        `json:"evidence,omitempty"`
	}
	// GuardTripped aborts the run.
	GuardTripped struct {
		Guard string `json:"guard"`
		Why   string `json:"why"`
	}
	// ApprovalAsked waits for a person.
	ApprovalAsked struct {
		Step   string `json:"step"`
		Prompt string `json:"prompt"`
	}
	// ApprovalAnswered says who answered.
	ApprovalAnswered struct {
		Step     string `json:"step"`
		Approved bool   `json:"approved"`
		By       string `json:"by"`
	}
	// Interrupted is a signal from outside; the second one stops waiting.
	Interrupted struct {
		Count int `json:"count"`
	}
	// Aborting says why nothing more is started.
	Aborting struct {
		Reason string `json:"reason"`
	}
	// Noted is something a person should know: a warning, a conclusion with its evidence.
	Noted struct {
		Level   string `json:"level"` // info, warning
		Subject string `json:"subject,omitempty"`
		Text    string `json:"text"`
	}
	// Changed is a change of a signal worth showing.
	Changed struct {
		Signal   string       `json:"signal"`
		From     signal.Value `json:"from"`
		To       signal.Value `json:"to"`
		Evidence string       `json:"evidence,omitempty"`
		// Strength is how much the evidence of a conclusion is worth: strong, medium, weak; empty for observations.
		Strength signal.Strength `json:"strength,omitempty"`
		// After and By bound the change: it came later than After, when the signal may still have had the old value, and no
		// later than By, when it was seen to have the new one.
		After time.Duration `json:"after,omitempty"`
		By    time.Duration `json:"by,omitempty"`
	}
	// RunFinished closes a run.
	RunFinished struct {
		Code    int                        `json:"code"`
		Reason  string                     `json:"reason"`
		Reasons []string                   `json:"reasons,omitempty"` // every other reason that applied
		Owed    []string                   `json:"owed,omitempty"`    // steps whose undo is owed
		Outputs map[string]json.RawMessage `json:"outputs,omitempty"`
	}
)

// Recovery is a measured recovery time. Times are in seconds; nil is unknown or unbounded.
type Recovery struct {
	Since     string   `json:"since"`
	RTO       *float64 `json:"rto"`
	RTOLow    float64  `json:"rto_low"`
	RTOHigh   *float64 `json:"rto_high"` // nil: unbounded
	TimedOut  bool     `json:"timed_out"`
	Disturbed bool     `json:"disturbed"`
	AfterHeal bool     `json:"after_heal"`
	// InjectedLow and InjectedHigh are the bounds of the cause, BeganLow and BeganHigh those of the hold, in
	// seconds since run.started.
	InjectedLow  float64 `json:"injected_low"`
	InjectedHigh float64 `json:"injected_high"`
	BeganLow     float64 `json:"began_low"`
	BeganHigh    float64 `json:"began_high"`
	// Sampling is the longest distance between two samples of a signal of the condition around the change.
	Sampling float64 `json:"sampling"`
	Why      string  `json:"why,omitempty"`
}

// Audit is the classes of an audited seed, per target and together.
type Audit struct {
	Seed  string                 `json:"seed"`
	Total AuditCounts            `json:"total"`
	At    map[string]AuditCounts `json:"at,omitempty"`
	// Ranges are stretches of time about which the audit could not see.
	Ranges []Blind `json:"ranges,omitempty"`
	// LostIDs lists lost records, at most 1000.
	LostIDs []string `json:"lost_ids,omitempty"`
	// LostAcked are the acknowledgement times of the listed lost records, seconds since run.started.
	LostAcked []float64 `json:"lost_acked,omitempty"`
	// Losses counts all lost and inconclusive records by when they were acknowledged, in stretches of equal length.
	Losses []Loss   `json:"losses,omitempty"`
	Gaps   []Outage `json:"gaps,omitempty"`
	// Exceptions is the whole list of records that were not simply delivered once.
	Exceptions *Exceptions `json:"exceptions,omitempty"`
}

// Loss is how many of the records that were acknowledged in a stretch of time are lost, or may be. Times are seconds
// since run.started; From belongs to the stretch and To does not.
type Loss struct {
	From         float64 `json:"from"`
	To           float64 `json:"to"`
	Lost         int64   `json:"lost"`
	Inconclusive int64   `json:"inconclusive"`
}

// Exceptions is a file of the run's folder that lists records.
type Exceptions struct {
	File    string `json:"file,omitempty"`
	Records int64  `json:"records"`
	// Error says why the list is not whole. The counts of the audit are right all the same.
	Error string `json:"error,omitempty"`
}

// AuditCounts are the classes. Inconclusive counts records about which nothing can be said.
type AuditCounts struct {
	Sent             int64   `json:"sent"`
	Acked            int64   `json:"acked"`
	Delivered        int64   `json:"delivered"` // distinct records of the seed that came out
	Once             int64   `json:"once"`
	Duplicated       int64   `json:"duplicated"`
	DuplicatedAcross int64   `json:"duplicated_across"`
	Lost             int64   `json:"lost"`
	LostPercent      float64 `json:"lost_percent"` // a fraction of acknowledged records: 0.01 is 1%
	Reordered        int64   `json:"reordered"`
	Corrupted        int64   `json:"corrupted"`
	Unexpected       int64   `json:"unexpected"`
	Inconclusive     int64   `json:"inconclusive"`
	RPO              *Bounds `json:"rpo,omitempty"`    // nil: nothing lost
	Outage           *Bounds `json:"outage,omitempty"` // longest gap; nil: no delivery seen
	Checks           Checks  `json:"checks,omitzero"`
	// Causes are the lost records by what could be seen of how they were lost.
	Causes LossCauses `json:"causes,omitzero"`
}

// LossCauses count each lost record once, by what could be seen from outside, and the inconclusive ones that only a full
// buffer can have hidden.
type LossCauses struct {
	// InFlight had been acknowledged before a fault took hold, when neither they nor a later one had come out.
	InFlight int64 `json:"in_flight,omitempty"`
	// DuringFault were sent and acknowledged while a fault was in force.
	DuringFault int64 `json:"during_fault,omitempty"`
	// PassedOver were acknowledged while no fault was in force, and a later one came out before the next.
	PassedOver int64 `json:"passed_over,omitempty"`
	// Unknown are the others.
	Unknown int64 `json:"unknown,omitempty"`
	// Evicted are inconclusive: nothing but a full buffer can have dropped them.
	Evicted int64 `json:"evicted,omitempty"`
}

// Checks say of each guarantee whether it was kept. Nil means that nobody can tell: nothing broke it for certain,
// and something may have passed unseen or there was nothing to judge.
type Checks struct {
	ExactlyOnce  *bool `json:"exactly_once,omitempty"`
	AtLeastOnce  *bool `json:"at_least_once,omitempty"`
	AtMostOnce   *bool `json:"at_most_once,omitempty"`
	OrderedByKey *bool `json:"ordered_by_key,omitempty"`
	// MonotoneState is also nil if the audit was not told which field holds the state.
	MonotoneState *bool `json:"monotone_state,omitempty"`
	// NoResurrection is also nil if no fault was healed while the audit was open, or the seed is mirrored.
	NoResurrection *bool `json:"no_resurrection,omitempty"`
}

// Bounds are seconds.
type Bounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Blind is a stretch of time (seconds since run.started) in which output may have passed unseen.
type Blind struct {
	Target string  `json:"target"`
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Cause  string  `json:"cause"`
}

// Outage is a gap in delivery.
type Outage struct {
	Target string  `json:"target,omitempty"` // empty: over all targets
	From   float64 `json:"from"`
	To     float64 `json:"to"`
}
