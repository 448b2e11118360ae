// Package report turns the record of a run into something to read: a summary, and from it JSON, JUnit XML,
// Markdown and a single HTML page.
//
// A report is a pure function of the events, the trace and plan.json: writing it again gives the same bytes. It
// judges nothing; the verdicts are in the events.
package report

import (
	"encoding/json"
	"time"

	"github.com/xdc-project/xdc/engine/event"
)

// Format is the format word of report.json. docs/reference/report-json.md describes it.
const Format = "xdc.report/1"

// Summary is everything that a report says. Times are seconds since run.started unless a name says otherwise;
// a pointer that is nil is a figure that is not known.
type Summary struct {
	Format      string      `json:"format"`
	Run         Run         `json:"run"`
	Verdict     Verdict     `json:"verdict"`
	Expects     []Expect    `json:"expectations"`
	Recoveries  []Recovery  `json:"recoveries,omitempty"`
	Audits      []Audit     `json:"audits,omitempty"`
	Probes      []Probe     `json:"probes,omitempty"`
	Accounts    []Account   `json:"accounts,omitempty"`
	Seeds       []Seed      `json:"seeds,omitempty"`
	Faults      []Fault     `json:"faults,omitempty"`
	Claims      []Claim     `json:"claims,omitempty"`
	ClaimsLeft  int         `json:"claims_left_out,omitempty"` // beyond the first 500
	Steps       []Step      `json:"steps"`
	Predictions []Predicted `json:"predictions,omitempty"`
	Warnings    []Note      `json:"plan_warnings,omitempty"`
	Notes       []Note      `json:"notes,omitempty"`
	Routes      []Route     `json:"routes,omitempty"`
	Approvals   []Approval  `json:"approvals,omitempty"`
	Health      []Band      `json:"health,omitempty"`
	Throughput  *Throughput `json:"throughput,omitempty"`
	Sampling    []Sampling  `json:"sampling,omitempty"`
	Targets     []Target    `json:"targets,omitempty"`
	Outputs     []Output    `json:"outputs,omitempty"`
}

// Run says which run it was, of what, and where.
type Run struct {
	ID          string    `json:"id"`
	Plan        string    `json:"plan"`
	Description string    `json:"description,omitempty"`
	Mode        string    `json:"mode"` // apply, rehearse
	Virtual     bool      `json:"virtual,omitempty"`
	StandIn     string    `json:"stand_in,omitempty"`
	Digest      string    `json:"digest"`
	Version     string    `json:"version"`
	Seed        uint64    `json:"seed"`
	Host        string    `json:"host,omitempty"`
	User        string    `json:"user,omitempty"`
	Started     time.Time `json:"started"`
	Elapsed     float64   `json:"elapsed"` // seconds from the first to the last event
}

// Verdict is what came out, as an exit code and in words.
type Verdict struct {
	// Word is one of passed, failed, broken, interrupted, not healed, not started, unfinished.
	Word string `json:"word"`
	// Code is the exit code; nil when the run left none because it was killed.
	Code     *int     `json:"code"`
	Reason   string   `json:"reason"`
	Reasons  []string `json:"reasons,omitempty"` // every other reason that applied
	Owed     []string `json:"owed,omitempty"`    // steps whose undo is owed
	Headline string   `json:"headline"`          // one sentence for people
	Findings []string `json:"findings,omitempty"`
	Counts   Counts   `json:"counts"`
}

// Counts counts expectations. Failed ones with severity should are counted apart.
type Counts struct {
	Met          int `json:"met"`
	NotMet       int `json:"not_met"`
	Inconclusive int `json:"inconclusive"`
	Skipped      int `json:"skipped"`
	ShouldFailed int `json:"should_failed"` // of severity should, not met or inconclusive; not in the others
}

// Expect is an expectation with its verdict.
type Expect struct {
	Step     string        `json:"step"`
	Verdict  event.Verdict `json:"verdict"`
	Severity string        `json:"severity"`
	Text     string        `json:"text"`
	Why      string        `json:"why,omitempty"`
	Message  string        `json:"message,omitempty"`
	Values   []NamedValue  `json:"values,omitempty"`
	// From and To are the stretch of time that was judged, and At the instant that decided, in seconds of the run.
	From float64 `json:"from"`
	To   float64 `json:"to"`
	At   float64 `json:"at"`
	// Part is the part of the condition that decided, Samples are those that it rests on, and Basis says both in words.
	Part    string       `json:"part,omitempty"`
	Samples []SeenSample `json:"samples,omitempty"`
	Basis   string       `json:"basis,omitempty"`
	File    string       `json:"file,omitempty"`
	Line    int          `json:"line,omitempty"`
	// Objective is set where the condition compares one measured figure with a limit.
	Objective *Objective `json:"objective,omitempty"`
}

// SeenSample is a sample that a verdict rests on: at some instant between Low and High, in seconds of the run, the signal
// had this value.
type SeenSample struct {
	Signal   string  `json:"signal"`
	Value    string  `json:"value"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Evidence string  `json:"evidence,omitempty"`
}

// NamedValue is an operand and its value, with bounds where it has any.
type NamedValue struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Objective is a limit on one measured figure.
type Objective struct {
	Quantity string  `json:"quantity"` // rto, rpo, outage, lost, lost_percent, service_level, ...
	Step     string  `json:"step"`     // the wait, audit or probe that measured
	Relation string  `json:"relation"` // <=, <, ==, >=, >
	Limit    float64 `json:"limit"`    // seconds, a count, or a fraction
	Unit     string  `json:"unit"`     // seconds, count, ratio
	Measured *Bounds `json:"measured,omitempty"`
}

// Bounds enclose the truth; High nil is unbounded.
type Bounds struct {
	Low  float64  `json:"low"`
	High *float64 `json:"high"`
}

// Recovery is a measured recovery time.
type Recovery struct {
	Step  string `json:"step"`
	Until string `json:"until,omitempty"` // the condition of the wait
	event.Recovery
}

// Audit is what an audit found.
type Audit struct {
	Step string `json:"step"`
	event.Audit
}

// Probe is what a probe found.
type Probe struct {
	Step string `json:"step"`
	event.Probe
}

// Seed is what a seed sent, as totals.
type Seed struct {
	Step   string           `json:"step"`
	Totals map[string]int64 `json:"totals"` // sent, acked, rejected, indeterminate, unsent, resent
	// Latency is that of its records, in seconds from due to acknowledged, by p50, p90, p99 and max.
	Latency map[string]Bounds `json:"latency,omitempty"`
}

// Fault is the life of a fault, a submitted job or a lock.
type Fault struct {
	Step     string      `json:"step"`
	Kind     string      `json:"kind"` // fault, job, lock
	Phase    event.Phase `json:"phase"`
	Summary  string      `json:"summary,omitempty"`
	Held     string      `json:"held,omitempty"`
	Injected *Span       `json:"injected,omitempty"`
	Healed   *Span       `json:"healed,omitempty"`
	Evidence string      `json:"evidence,omitempty"`      // of the effect
	After    string      `json:"heal_evidence,omitempty"` // of the heal
	Error    string      `json:"error,omitempty"`
	Attempts int         `json:"heal_attempts,omitempty"`
	// Later says that it was healed by xdc recover, after the run.
	Later bool `json:"healed_later,omitempty"`
}

// Span bounds an instant.
type Span struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Step is what became of a step.
type Step struct {
	Step    string         `json:"step"`
	Kind    string         `json:"kind"`
	State   event.State    `json:"state"`
	Reason  string         `json:"reason,omitempty"`
	Finding bool           `json:"finding,omitempty"`
	Summary string         `json:"summary,omitempty"`
	Start   *float64       `json:"start,omitempty"`
	End     *float64       `json:"end,omitempty"`
	File    string         `json:"file,omitempty"`
	Line    int            `json:"line,omitempty"`
	Results map[string]any `json:"results,omitempty"`
}

// Predicted is a prediction of the plan beside what was measured.
type Predicted struct {
	Fault    string  `json:"fault"`
	Target   string  `json:"target"`
	Job      string  `json:"job"`
	Quantity string  `json:"quantity"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Possible bool    `json:"possible"`
	Sure     bool    `json:"sure"`
	Words    string  `json:"words"`
	// By is the step that measured it, Measured its figure. Agrees says whether the two can both be true.
	By       string  `json:"by,omitempty"`
	Measured *Bounds `json:"measured,omitempty"`
	Agrees   *bool   `json:"agrees,omitempty"`
}

// Note is something that a person should know.
type Note struct {
	At      float64 `json:"at"`
	Level   string  `json:"level"`
	Subject string  `json:"subject,omitempty"`
	Text    string  `json:"text"`
	Code    string  `json:"code,omitempty"`
}

// Route is a switch of producers to another target.
type Route struct {
	At     float64 `json:"at"`
	Step   string  `json:"step"`
	From   string  `json:"from"`
	To     string  `json:"to"`
	Reason string  `json:"reason"`
}

// Approval is a question to a person and the answer.
type Approval struct {
	At       float64 `json:"at"`
	Step     string  `json:"step"`
	Prompt   string  `json:"prompt"`
	Approved *bool   `json:"approved"`
	By       string  `json:"by,omitempty"`
	Answered float64 `json:"answered,omitempty"`
}

// Band is a signal over time.
type Band struct {
	Target string    `json:"target"`
	Signal string    `json:"signal"`
	Spells []Stretch `json:"spells"`
}

// Stretch is a stretch of time in which a signal had one value; an empty value is unknown.
type Stretch struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Value string  `json:"value"`
}

// Throughput is how many records went in and came out, in steps of Width seconds from the start on.
type Throughput struct {
	Width float64      `json:"width"`
	Lines []RateSeries `json:"lines"`
}

// RateSeries are records per second.
type RateSeries struct {
	Name string    `json:"name"` // sent, acked, delivered
	Step string    `json:"step"`
	Rate []float64 `json:"rate"`
}

// Sampling says how often a signal was looked at.
type Sampling struct {
	Signal  string  `json:"signal"`
	Samples int     `json:"samples"`
	Median  float64 `json:"median"`  // seconds between answers
	Longest float64 `json:"longest"` // longest distance between two answers
	Width   float64 `json:"width"`   // widest interval of a single sample
}

// Target is a data centre of the plan.
type Target struct {
	Name     string   `json:"name"`
	Networks []string `json:"networks,omitempty"`
	Hosts    []string `json:"hosts,omitempty"`
}

// Output is an output of the plan.
type Output struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}
