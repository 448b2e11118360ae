// Package process has the faults of processes on hosts: killed, hung, taken down and brought up again.
//
// What is meant is looked up before anything happens and fixed by process id and start time: a process that came later,
// or took over a number, is never touched by mistake. Nothing is ever killed by a pattern that was not resolved to a
// list first.
package process

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
)

// Name is the provider's name.
const Name = "process"

// Provider describes everything this package does.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name:   Name,
		Doc:    "Kills, hangs and restarts processes on hosts.",
		Faults: []providers.FaultType{killFault(), hangFault(), restartFault()},
		Assumptions: []providers.Assumption{{
			ID:        "process.pe.command",
			Statement: "A PE that the platform starts again on the same host has the same command line as before, and no process of another PE has it. process_kill with `job` and `every` finds it by that.",
			Basis:     "INFERRED: no public source states the command line of PEs. A PE that does not come back with it is not signalled again.",
		}},
	}
}

func killFault() providers.FaultType {
	k := kind{typ: "process_kill"}
	return providers.FaultType{
		Name: "process_kill",
		Doc: "Sends a signal to processes, once or again and again. Whoever supervises them has to start them again: after the heal the same command lines must be running as before, or the run ends with exit code 4 and the difference. " +
			"A systemd unit that was active is started again by the heal.",
		Schema: &schema.Block{
			Name: "process_kill", Description: "Sends a signal to processes that were looked up before.",
			Attributes: append(selectors(),
				schema.Attribute{
					Name: "signal", Type: cty.String, Enum: signals, Default: cty.StringVal("KILL"), Public: true,
					Description: "The signal.", Example: `"TERM"`,
				},
				schema.Attribute{
					Name: "pick", Type: cty.Number, Min: new(float64(1)), Max: new(float64(1000)), Public: true,
					Description: "How many of the processes found to signal, the oldest first. Without it, all.", Example: "1",
				},
				schema.Attribute{
					Name: "every", Type: cty.String, Form: schema.Duration, Min: new(float64(1)), Public: true,
					Description: "Signals them again and again with this pause, and whoever has taken their place: they are looked up anew each time, on the host, and `max_matches` is checked each time. It ends with the lease. Who takes the place of a PE (`job`) is known by its command line, on the same host.", Example: `"10s"`,
				},
				schema.Attribute{
					Name: "comes_back", Type: cty.Bool, Default: cty.True, Public: true,
					Description: "Whether somebody starts them again. With false, what is gone is not a difference after the heal: the plan says that it is not undone.", Example: "false",
				}),
		},
		Example: `job      = job.orders["dc1"]
operator = "KeyedCounter"
duration = "20s"`,
		Twin: true,
		Describe: func(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			return describe(k, s, raw)
		},
		New: k.deed,
	}
}

func hangFault() providers.FaultType {
	k := kind{typ: "process_hang", hang: true}
	return providers.FaultType{
		Name: "process_hang",
		Doc:  "Stops processes where they are (SIGSTOP): they keep their memory, their files and their connections, and answer nobody. The heal lets them go on (SIGCONT). What somebody has stopped before is left as it is: it is not let go on.",
		Schema: &schema.Block{
			Name: "process_hang", Description: "Stops processes where they are; the heal lets them go on.", Attributes: selectors(),
		},
		Example: `job      = job.orders["dc1"]
operator = "KeyedCounter"
duration = "20s"`,
		Twin: true,
		Describe: func(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			return describe(k, s, raw)
		},
		New: k.deed,
	}
}

// signals are those that a plan may send; STOP and CONT are process_hang's.
var signals = []string{"KILL", "TERM", "INT", "HUP", "QUIT", "ABRT", "USR1", "USR2"}

// selectors are the arguments that say which processes are meant.
func selectors() []schema.Attribute {
	return []schema.Attribute{
		{
			Name: "hosts", Type: cty.List(cty.String), Form: schema.HostRef, Public: true,
			Description: "The hosts whose processes are meant. Not needed with `job`: PEs are looked for on the hosts of the job's target that they run on.",
			Example:     "[target.dc1.host.edge]",
		},
		{
			Name: "name", Type: cty.String, Public: true,
			Description: "The processes whose program has exactly this name.", Example: `"orders-gateway"`,
		},
		{
			Name: "pattern", Type: cty.String, Public: true,
			Description: "The processes whose command line this POSIX extended regular expression matches somewhere. Preflight lists them, and `max_matches` bounds them.",
			Example:     `"java .*-Dapp=orders"`,
		},
		{
			Name: "pid_file", Type: cty.String, Public: true,
			Description: "The process whose number stands in this file of the host.", Example: `"/run/orders.pid"`,
		},
		{
			Name: "unit", Type: cty.String, Public: true,
			Description: "The processes of this systemd unit.", Example: `"orders.service"`,
		},
		{
			Name: "job", Type: cty.String, Form: schema.JobRef, Public: true,
			Description: "The job of the plan whose PEs are meant; `operator` says which.", Example: `job.orders["dc1"]`,
		},
		{
			Name: "target", Type: cty.String, Form: schema.TargetRef, Public: true,
			Description: "The target, where the job has instances on several.", Example: "target.dc1",
		},
		{
			Name: "operator", Type: cty.String, Public: true,
			Description: "The PE of `job` that holds this operator, named in full or by its last name. Without it, all PEs of the job.", Example: `"RemoteDataCenterHeartbeatWatchdog"`,
		},
		{
			Name: "max_matches", Type: cty.Number, Min: new(float64(1)), Max: new(float64(1000)), Public: true,
			Description: "How many processes may be meant at most on one host; more refuses the run. Default: 1, for `unit` and `job` 100.", Example: "4",
		},
	}
}

// arguments are what a fault receives.
type arguments struct {
	Hosts      []string `json:"hosts"`
	Name       string   `json:"name"`
	Pattern    string   `json:"pattern"`
	PIDFile    string   `json:"pid_file"`
	Unit       string   `json:"unit"`
	Job        string   `json:"job"`
	Target     string   `json:"target"`
	Operator   string   `json:"operator"`
	MaxMatches int      `json:"max_matches"`

	Signal    string  `json:"signal"`
	Pick      int     `json:"pick"`
	Every     seconds `json:"every"`
	ComesBack *bool   `json:"comes_back"`
}

// kind is one of the faults.
type kind struct {
	typ  string
	hang bool
}

func decode(raw json.RawMessage) (*arguments, error) {
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("read the arguments of the fault: %w", err)
	}
	if a.Signal == "" {
		a.Signal = "KILL"
	}
	if !slices.Contains(signals, a.Signal) {
		return nil, fmt.Errorf("signal: %q is none of %s", a.Signal, strings.Join(signals, ", "))
	}
	return a, nil
}

// most is the bound of matches on one host.
func (a *arguments) most() int {
	switch {
	case a.MaxMatches > 0:
		return a.MaxMatches
	case a.Unit != "" || a.Job != "":
		return 100
	}
	return 1
}

func (a *arguments) comesBack() bool { return a.ComesBack == nil || *a.ComesBack }

// by names the way in which processes are chosen and its value.
func (a *arguments) by() (how, value string) {
	switch {
	case a.Name != "":
		return "name", a.Name
	case a.Pattern != "":
		return "pattern", a.Pattern
	case a.PIDFile != "":
		return "pid_file", a.PIDFile
	case a.Unit != "":
		return "unit", a.Unit
	case a.Job != "":
		return "job", a.Operator
	}
	return "", ""
}

// words names what is meant.
func (a *arguments) words() string {
	how, v := a.by()
	switch how {
	case "name":
		return "the processes called " + v
	case "pattern":
		return "the processes whose command line matches " + v
	case "pid_file":
		return "the process of " + v
	case "unit":
		return "the processes of unit " + v
	}
	if a.Operator != "" {
		return "the PE of " + a.Job + " with operator " + a.Operator
	}
	return "the PEs of " + a.Job
}

// validate finds what is wrong with the arguments as far as they alone say.
func (a *arguments) validate() diag.List {
	var out diag.List
	bad := func(code diag.Code, attr, summary, detail string) {
		out = append(out, diag.Diagnostic{Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Path: cty.GetAttrPath(attr)})
	}
	n := 0
	for _, s := range []string{a.Name, a.Pattern, a.PIDFile, a.Unit, a.Job} {
		if s != "" {
			n++
		}
		if strings.ContainsRune(s, 0) {
			bad(diag.ProviderArgument, "name", "A zero byte cannot be in a name", "No process, file or unit has one in its name.")
		}
	}
	switch {
	case n != 1:
		bad(diag.ProcessWhich, "hosts", "It is not said which processes are meant", "Give exactly one of `name`, `pattern`, `pid_file`, `unit` and `job`.")
	case a.Job == "" && len(a.Hosts) == 0:
		bad(diag.ProcessWhich, "hosts", "The fault has no hosts", "Name the hosts whose processes are meant, such as target.dc1.host.edge.")
	case a.Job != "" && a.Target == "":
		bad(diag.ProviderArgument, "job", "Which of the job's instances is meant?", "The job runs on several targets. Name one with `job.NAME[\"dc1\"]`, or add `target = target.dc1`.")
	case a.Job == "" && a.Operator != "":
		bad(diag.ProcessWhich, "operator", "`operator` needs `job`", "Operators are found through the job that they belong to.")
	}
	return out
}
