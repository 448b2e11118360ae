// Package hostcommand has the fault host_command: commands of the plan's author that break something on a host, look
// whether it is broken, and put it right again.
//
// A command is an argument list; there is no shell unless the command is one. What xdc adds is what all faults on hosts
// have: the undo is armed before anything happens and runs on the host by itself when the lease ends (package host).
// Whether the commands tell the truth is the author's business.
package hostcommand

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// Name is the provider's name.
const Name = "host_command"

// Bounds of command lists, in bytes: what Linux hands to a program, with room to spare.
const (
	maxArgument = 120 << 10
	maxCommand  = 512 << 10
)

// Provider describes the fault.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name: Name,
		Doc:  "Runs commands of your own on hosts as a fault: one injects, one verifies, one heals. Rehearsals skip it.",
		Faults: []providers.FaultType{{
			Name: "host_command",
			Doc: "Runs a command that injects, one that verifies and one that heals. The heal is armed on the host before anything happens, and runs there by itself when the lease ends; it may run more than once, and when there is nothing to heal. " +
				"No shell is between the plan and the commands unless a command names one. The commands find the fault's unique name in the environment variable XDC_NAME.",
			Schema: &schema.Block{
				Name: "host_command", Description: "Commands of your own that inject, verify and heal.",
				Attributes: attributes(),
			},
			Example: `hosts    = [target.dc1.host.edge]
inject   = ["/opt/site/maintenance", "on"]
verify   = ["/opt/site/maintenance", "is-on"]
heal     = ["/opt/site/maintenance", "off"]
duration = "30s"`,
			Describe: describe,
			New: func(env providers.Env) providers.Deed {
				return host.Fault{Provider: Name, Type: "host_command", Works: works}.New(env)
			},
		}},
	}
}

func attributes() []schema.Attribute {
	command := func(name string, required bool, what, example string) schema.Attribute {
		return schema.Attribute{Name: name, Type: cty.List(cty.String), Form: schema.ShellArgs, Required: required, Public: true, Description: what, Example: example}
	}
	return []schema.Attribute{
		host.HostsAttr(true),
		command("inject", true, "The program that injects the fault, and its arguments. It must return; status 0 is success.", `["/opt/site/maintenance", "on"]`),
		command("verify", true, "The program that looks whether the fault is in force: status 0 if it is, 1 if it is not, anything else if nobody can tell. It only looks.", `["/opt/site/maintenance", "is-on"]`),
		command("heal", true, "The program that undoes it: status 0 if nothing of it is left. It must do no harm when there is nothing to undo, or when it was undone before.", `["/opt/site/maintenance", "off"]`),
		command("verify_healed", false, "The program that looks whether the fault is gone: status 0 if it is, 1 if something is left, anything else if nobody can tell. Without it, `verify` has to say that the fault is not in force.", `["/opt/site/maintenance", "is-off"]`),
		command("state", false, "A program whose output is compared before the fault and after the heal. It only looks, and prints the same text whenever the same is there.", `["cat", "/etc/site.conf"]`),
		{
			Name: "command_timeout", Type: cty.String, Form: schema.Duration, Min: new(float64(1)), Max: new(float64(3600)), Default: cty.StringVal("30s"), Public: true,
			Description: "How long each command may take, in whole seconds; after that it is killed with everything in its session, and counts as failed.", Example: `"2m"`,
		},
		{
			Name: "plain", Type: cty.Bool, Default: cty.False, Public: true,
			Description: "Runs the commands as the user who logs in, although the host block says `become`. The host needs runuser or sudo for it.", Example: "true",
		},
	}
}

// arguments are what the fault receives.
type arguments struct {
	Hosts        []string       `json:"hosts"`
	Inject       []string       `json:"inject"`
	Verify       []string       `json:"verify"`
	Heal         []string       `json:"heal"`
	VerifyHealed []string       `json:"verify_healed"`
	State        []string       `json:"state"`
	Timeout      value.Duration `json:"command_timeout"`
	Plain        bool           `json:"plain"`
}

// decode reads the arguments and finds what is wrong with them as far as they alone say.
func decode(raw json.RawMessage) (*arguments, diag.List) {
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, diag.List{}.Append(fmt.Errorf("read the arguments of the fault: %w", err))
	}
	if a.Timeout == 0 {
		a.Timeout = value.Duration(defaultTimeout)
	}
	var out diag.List
	bad := func(code diag.Code, attr, summary, detail string) {
		out = append(out, diag.Diagnostic{Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Path: cty.GetAttrPath(attr)})
	}
	if len(a.Hosts) == 0 {
		bad(diag.ProviderArgument, "hosts", "The fault has no hosts", "Name the hosts that are meant, such as target.dc1.host.edge.")
	}
	if a.Timeout < value.Duration(minTimeout) || a.Timeout > value.Duration(maxTimeout) {
		bad(diag.ProviderArgument, "command_timeout", "The commands' timeout is out of bounds", "Write a duration from \"1s\" to \"1h\".")
	}
	for _, c := range a.commands() {
		switch {
		case len(c.list) == 0 && c.required:
			bad(diag.HostCommand, c.name, "There is no command in `"+c.name+"`", "Write [\"PROGRAM\", \"ARGUMENT\", ...]. A fault needs `inject`, `verify` and `heal`.")
		case len(c.list) == 0:
		case c.list[0] == "" || strings.HasPrefix(c.list[0], "-"):
			bad(diag.HostCommand, c.name, "`"+c.name+"` names no program", "The first element of a command is the program, and no program's name is empty or begins with a dash.")
		case tooLong(c.list):
			bad(diag.HostCommand, c.name, "`"+c.name+"` is too long", "An argument may have 120KiB, and all of them together 512KiB. Put the rest into a file on the host.")
		case strings.ContainsRune(strings.Join(c.list, ""), 0):
			bad(diag.HostCommand, c.name, "A zero byte cannot be in a command", "No argument of a program can hold one.")
		}
	}
	return a, out
}

type command struct {
	name     string
	list     []string
	required bool
}

func (a *arguments) commands() []command {
	return []command{
		{"inject", a.Inject, true},
		{"verify", a.Verify, true},
		{"heal", a.Heal, true},
		{"verify_healed", a.VerifyHealed, false},
		{"state", a.State, false},
	}
}

func tooLong(list []string) bool {
	sum := 0
	for _, s := range list {
		if len(s) > maxArgument {
			return true
		}
		sum += len(s)
	}
	return sum > maxCommand
}

// describe is the dry run.
func describe(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	d := providers.Description{SideEffects: true}
	a, out := decode(raw)
	if out.HasErrors() {
		return d, out
	}
	points, err := host.Points(s.Targets, a.Hosts)
	if err != nil {
		return d, out.Append(diag.Diagnostic{Severity: diag.Error, Code: diag.ProviderArgument, Summary: "A host is not in the plan", Detail: err.Error() + ".", Path: cty.GetAttrPath("hosts")})
	}
	as := ""
	if a.Plain {
		as = "  (as the user who logs in)"
	}
	var names []string
	for _, p := range points {
		at := p.Place.String()
		names = append(names, at)
		d.Places = append(d.Places, p.Place)
		d.Effects = append(d.Effects,
			providers.Line{Place: at, Text: shell.Show(a.Inject) + as},
			providers.Line{Place: at, Text: shell.Show(a.Verify) + as + "  (looks whether it is in force)"})
		d.Undo = append(d.Undo, providers.Line{Place: at, Text: shell.Show(a.Heal) + as + "  (armed on the host to happen by itself when the lease ends)"})
		d.Reboot = append(d.Reboot, providers.Line{Place: at, Text: "what " + shell.Show(a.Inject) + " has written to a disk would remain, with no timer to undo it: xdc recover runs the heal"})
	}
	d.Summary = "runs " + shell.Show(a.Inject) + " at " + strings.Join(names, ", ") + "; what it does is known to its author only"
	return d, out
}
