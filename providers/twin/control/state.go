package control

import (
	"context"
	"net/http"
	"time"
)

// StateFormat is the format word of the state.
const StateFormat = "xdc.twin-state/1"

// State is what goes on in a twin, as the twin itself knows it: more than any real platform would tell. It is for people, and
// for programs that drive a twin by hand. No run reads it.
type State struct {
	Format  string    `json:"format"`
	Now     time.Time `json:"now"`
	Started time.Time `json:"started"`
	Targets []Target  `json:"targets"`
	Links   []Link    `json:"links"`
	Faults  []Fault   `json:"faults"` // in force
	Locks   []Lock    `json:"locks"`
	Recent  []Event   `json:"recent"` // what happened last, the newest first; records are left out
}

// Target is a data centre.
type Target struct {
	Name     string    `json:"name"`
	Instance string    `json:"instance"`
	Status   string    `json:"status"` // of the instance, as the platform words it
	Health   string    `json:"health"`
	ClockMS  int64     `json:"clock_ms,omitempty"` // how far its clocks are ahead
	Database string    `json:"database,omitempty"` // up, hung, down; empty: snapshots are files
	Hosts    []Host    `json:"hosts"`
	Jobs     []Job     `json:"jobs"`
	Monitors []Monitor `json:"monitors,omitempty"`
}

// Host is a machine of a data centre.
type Host struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Status  string `json:"status"`
}

// Job is a job that is listed.
type Job struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Path        string   `json:"path"` // in the plan
	Application string   `json:"application,omitempty"`
	Status      string   `json:"status"`
	Health      string   `json:"health"`
	Serves      bool     `json:"serves"` // what is put in comes out
	PEs         []PE     `json:"pes"`
	Buffers     []Buffer `json:"buffers"`
	Toolkit     *Toolkit `json:"toolkit,omitempty"`
}

// PE is a processing element.
type PE struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	Reason    string   `json:"reason"`
	Health    string   `json:"health"`
	Launches  int64    `json:"launches"`
	Host      string   `json:"host"`
	PID       int      `json:"pid,omitempty"`
	Hung      bool     `json:"hung,omitempty"` // its process is stopped
	Operators []string `json:"operators"`
}

// Buffer is a place where tuples wait.
type Buffer struct {
	Name string `json:"name"`
	Held int    `json:"held"`
	Size int    `json:"size"`
	// Ever is how many tuples have ever come into a buffer of results.
	Ever int64 `json:"ever,omitempty"`
}

// Monitor is the standalone program of a passive side.
type Monitor struct {
	Path    string  `json:"path"`
	Toolkit Toolkit `json:"toolkit"`
}

// Toolkit is what one invocation of the toolkit is in.
type Toolkit struct {
	Mode    string `json:"mode"`    // active, passive
	Remote  string `json:"remote"`  // the other data centre
	Running bool   `json:"running"` // the part that watches heartbeats runs
	// Belief is what it takes the other side for: unknown (never heard), up, down.
	Belief  string `json:"belief"`
	Silent  bool   `json:"silent,omitempty"` // it sends no heartbeats: it believes the other side down
	Shut    bool   `json:"shut,omitempty"`   // orderly shutdown
	Missed  int    `json:"missed"`           // ticks since the last heartbeat
	Allowed int    `json:"allowed"`
	EveryMS int64  `json:"every_ms"` // between heartbeats; 0: failover is off
	// Sent and Heard are the last heartbeats; null: there was none since the PE started.
	Sent  *time.Time `json:"sent"`
	Heard *time.Time `json:"heard"`
	// Snapshots is how many of the other side's are stored here.
	Snapshots int      `json:"snapshots"`
	Queues    []Buffer `json:"queues,omitempty"`
}

// Link is one way between two data centres on which a toolkit sends.
type Link struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Path    string   `json:"path"`             // of the job that sends
	Channel string   `json:"channel"`          // heartbeats, snapshots
	Port    int      `json:"port"`             // the first
	State   string   `json:"state"`            // open, disturbed, cut; unknown in a lab, whose rules are the hosts' own
	Faults  []string `json:"faults,omitempty"` // names of the rules that act on it
}

// Fault is a fault that is in force.
type Fault struct {
	Kind  string `json:"kind"`   // link, volume, trouble, host
	Name  string `json:"name"`   // of the rule
	Where string `json:"where"`  // address of the host, or its name; of trouble the target
	What  string `json:"what"`   // in words
	HealS *int64 `json:"heal_s"` // seconds until it heals by itself unless it is renewed; null: it has no lease
}

// Event is something that happened.
type Event struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`
	Target string    `json:"target,omitempty"`
	Path   string    `json:"path,omitempty"`
	ID     string    `json:"id,omitempty"`
	Cause  string    `json:"cause,omitempty"`
}

// State asks what goes on.
func (c *Client) State(ctx context.Context) (State, error) {
	var out State
	err := c.call(ctx, http.MethodGet, "/state", nil, &out)
	return out, err
}
