package providers

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/url"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers/throttle"
)

// ErrLeaseEnded is returned by Armer.Renew when the armed undo has already run.
var ErrLeaseEnded = errors.New("the lease has ended and the undo has run")

// ErrUnsupported is wrapped by errors about a target that cannot do what was asked.
var ErrUnsupported = errors.New("not supported here")

// Env is what the engine lends to providers. Waiting and timing use the standard time package; the
// network is reached through Dial and Listen only.
type Env struct {
	Run  string // RUN_ID
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Listen is nil where nothing may listen.
	Listen func(network, address string) (net.Listener, error)
	Log    hclog.Logger
	// Secret returns the value behind a slot such as "var.password".
	Secret func(slot string) (string, error)
	// Conceal makes a secret that a provider found by itself (in a password file, say) known to the redactor;
	// may be nil.
	Conceal func(secret string)
	// Request is for fault tests: called before and after every request of a session that changes something; may be nil.
	Request func(target, what, when string)
	// ReadFile reads a file that the plan names, relative to the plan's folder.
	ReadFile func(name string) ([]byte, error)
	// OpenFile opens a file that the plan names, for those that are too large to be read whole; nil: they are read.
	OpenFile func(name string) (File, error)
	// Digest is the sha256 of a file that the plan names, in hexadecimal, as it was when the plan was made; empty where that is
	// not known. May be nil.
	Digest func(name string) string
	// Note makes what is worth knowing an event of the run, such as how far something slow has come; may be nil.
	Note func(subject, text string)
	// Targets are the plan's targets by name.
	Targets map[string]Target
	// Jobs are the plan's jobs at each target.
	Jobs []JobInfo
	// Wanted lists the signals of a target that conditions of the plan name, without the target; nil where there are none.
	// What costs requests of its own is observed only if somebody asks for it.
	Wanted func(target string) []string
	// JobArgs returns how a job of the plan is submitted at a target, by its signal path: what its deed was given.
	JobArgs func(target, path string) (json.RawMessage, bool)
	// Proxy says which proxy the environment names for a URL; nil where none of it counts, as in stand-ins.
	Proxy func(u *url.URL) (*url.URL, error)
	// Throttles bound the rates of requests to servers, for all sessions together; nil: each session for itself.
	Throttles *Throttles
	// Session returns the open session of a provider at a target, connecting it at the first call.
	Session func(target, provider string) (Session, error)
	// Links returns the mechanism by which a stand-in cuts or degrades traffic of a place; nil where real machines do.
	Links func(place Place) (Links, error)
	// Machine returns the host at a place; nil where there are no machines (rehearsals).
	Machine func(place Place) (Machine, error)
	// Processes returns the processes of a place of a stand-in; nil where real machines have them.
	Processes func(place Place) (Processes, error)
	// Volumes returns the file systems of a place of a stand-in; nil where real machines have them.
	Volumes func(place Place) (Volumes, error)
	// Domain returns what streamtool does to the Streams domain of a target of a twin; nil where streamtool itself does it.
	Domain func(target string) (Domain, error)
}

// Throttles have one throttle for each server.
type Throttles = throttle.Set

// Around is Request for one target; nil where nobody looks.
func (e Env) Around(target string) func(what, when string) {
	if e.Request == nil {
		return nil
	}
	return func(what, when string) { e.Request(target, what, when) }
}

// Target is a data centre as the plan states it.
type Target struct {
	Name      string   `json:"name"`
	Networks  []string `json:"networks,omitempty"` // canonical prefixes
	Protected bool     `json:"protected,omitempty"`
	Hosts     []Host   `json:"hosts,omitempty"`
	// Connections are the arguments of the connection blocks by provider name.
	Connections map[string]json.RawMessage `json:"connections,omitempty"`
}

// Host is a machine of a target.
type Host struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	// Args are the arguments of the host block (user, port, identity_file ...).
	Args json.RawMessage `json:"args,omitempty"`
}

// Session is an open connection to one target through one provider. More abilities (Observer, Tracker,
// Feeder, Checker) are found by type assertion. A session does not touch the network before it is used.
type Session interface{ Close() error }

// Checker is a session that can look whether a plan could run, touching nothing.
type Checker interface {
	Check(ctx context.Context) []Finding
}

// Examiner is a session or a machine that can say more than Check does about what is there, touching nothing: what runs,
// what it is called, how far its clock is off. Doctor asks it after a Check that found nothing wrong.
type Examiner interface {
	Examine(ctx context.Context) []Finding
}

// Assumer is a session that can look which assumptions about the platform (Provider.Assumptions, of any provider) hold
// at its server, touching nothing. It says nothing of those about which it knows nothing.
type Assumer interface {
	Assume(ctx context.Context) []Claim
}

// Claim is what can be said of an assumption at one target.
type Claim struct {
	ID    string `json:"id"`
	Holds Holds  `json:"holds"`
	Text  string `json:"text"` // what it rests on
}

// Holds says whether an assumption holds.
type Holds string

// What can be said of an assumption.
const (
	HoldsYes     Holds = "holds"
	HoldsNot     Holds = "does not hold"
	HoldsUnknown Holds = "cannot be told"
)

// Finding is one line of a preflight or doctor.
type Finding struct {
	Subject string `json:"subject"` // "dc1 streams login"
	OK      bool   `json:"ok"`
	Text    string `json:"text"`
	Remedy  string `json:"remedy,omitempty"`
	// Code is the diagnostic's, where it has one: `xdc explain` says more.
	Code diag.Code `json:"code,omitempty"`
	// Unknown is what a service showed that xdc does not know; it goes on without.
	Unknown []Unknown `json:"unknown,omitempty"`
}

// Unknown is something that a service showed beyond what is known of it. Its texts are of the service, in ASCII and bounded.
type Unknown struct {
	Kind     string `json:"kind"` // of resource: "job"
	Property string `json:"property"`
	// Word is what a known property holds; empty where the property itself is not known.
	Word string `json:"word,omitempty"`
}

// StepID names a step of a run.
type StepID struct {
	Run  string `json:"run"`
	Step string `json:"step"`
}

// Links is a mechanism that cuts or degrades traffic at one place. Rules are named; whoever adds a name
// twice replaces it.
type Links interface {
	// Apply puts a rule in force, in place of an older one of the same name.
	Apply(ctx context.Context, r LinkRule) error
	// Remove takes a rule away. It is not an error when there is none.
	Remove(ctx context.Context, name string) error
	// Rules lists the rules in force at the place, with everything else that the mechanism calls its state.
	Rules(ctx context.Context) ([]LinkRule, error)
	// Arm, Renew and Disarm keep the lease under which the mechanism removes the rules called name by
	// itself. Renew returns ErrLeaseEnded when it has done so.
	Arm(ctx context.Context, name string, l Lease) error
	Renew(ctx context.Context, name string, l Lease) error
	Disarm(ctx context.Context, name string) error
	// Describe says in words, for the dry run, what Apply would do: command lines or requests.
	Describe(r LinkRule) []string
}

// Processes are what runs at one place of a stand-in.
type Processes interface {
	// List lists them by PID.
	List(ctx context.Context) ([]Process, error)
	// Signal sends a signal ("KILL", "TERM", "STOP", "CONT") to some of them. Those that are gone are left out.
	Signal(ctx context.Context, signal string, pids []int) error
	// Repeat signals, under the lease armed as name, whatever matches at that time, again and again until the lease ends, is
	// disarmed, or Repeat is called with a zero repetition. Without such a lease it is refused.
	Repeat(ctx context.Context, name string, r Repetition) error
	// Arm, Renew and Disarm keep the lease under which those that were stopped go on by themselves.
	Arm(ctx context.Context, name string, pids []int, l Lease) error
	Renew(ctx context.Context, name string, l Lease) error
	Disarm(ctx context.Context, name string) error
}

// Repetition is a signal that is sent again and again.
type Repetition struct {
	Signal string `json:"signal,omitempty"`
	// Every is the pause before each time; zero: no repetition.
	Every value.Duration `json:"every,omitempty"`
	// Commands are the command lines of those who are meant, whatever their numbers.
	Commands []string `json:"commands,omitempty"`
	// Most is how many may match; if more do, none is signalled. Pick is how many of them are signalled, the oldest
	// first; zero: all.
	Most int `json:"most,omitempty"`
	Pick int `json:"pick,omitempty"`
}

// Process is a running program.
type Process struct {
	PID     int      `json:"pid"`
	Name    string   `json:"name"`            // of the executable
	Command string   `json:"command"`         // its argument list, with spaces
	State   string   `json:"state"`           // running, stopped
	Started string   `json:"started"`         // with the PID, identifies it for ever
	Holds   []string `json:"holds,omitempty"` // operators of the PE that it is
	Job     string   `json:"job,omitempty"`   // the PE's job by the path of its signals, "job.orders"
}

// LinkRule is one rule about traffic between the place and some networks.
type LinkRule struct {
	Name      string   `json:"name"`
	Host      string   `json:"host"`            // address of the host the rule is seen from
	Networks  []string `json:"networks"`        // the other side: prefixes
	Direction string   `json:"direction"`       // both, in, out: as seen from Host
	Ports     []int    `json:"ports,omitempty"` // destination ports of the connection; none: all
	Protocol  string   `json:"protocol,omitempty"`
	Match     string   `json:"match,omitempty"` // connections, packets

	// Exactly one kind of effect.
	Drop      bool    `json:"drop,omitempty"`
	Reject    bool    `json:"reject,omitempty"`
	Loss      float64 `json:"loss,omitempty"`       // fraction of packets
	LatencyMS float64 `json:"latency_ms,omitempty"` // each way the rule covers
	JitterMS  float64 `json:"jitter_ms,omitempty"`  // plus or minus
	RateBPS   int64   `json:"rate_bps,omitempty"`   // bits a second
}
