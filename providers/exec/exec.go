// Package execaction has the action "exec": one command, here or on a host, run to its end or for as long as the run.
//
// There is no shell between the plan and the command: the argument list is what the program gets.
package execaction

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// Provider describes the action.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name: "exec",
		Doc:  "Runs commands on the machine that xdc runs on, and on hosts.",
		Actions: []providers.ActionType{{
			Name: "exec",
			Doc:  "Runs one command to its end and fails if its exit code is not one that is expected. When the step's timeout ends it, everything that the command started is killed with it. Nothing undoes it. With `background` the command runs for as long as the run does, under the same lease as a fault: it ends even if xdc dies. Rehearsals do not run it.",
			Schema: &schema.Block{
				Name: "exec", Description: "One command, given as an argument list. There is no shell unless the command is one.",
				Attributes: attributes(),
			},
			Example: `command = ["/usr/local/bin/switch-traffic", "--to", "dc2"]
timeout = "30s"`,
			Describe: describe,
			New:      func(env providers.Env) providers.Action { return &action{env} },
			Lasts: func(raw json.RawMessage) bool {
				a, err := decode(raw)
				return err == nil && a.Background
			},
			Deed: host.Fault{Provider: "exec", Type: "exec", Works: background}.New,
		}},
	}
}

func attributes() []schema.Attribute {
	return []schema.Attribute{
		{Name: "command", Type: cty.List(cty.String), Form: schema.ShellArgs, Required: true, Public: true, Description: "The program and its arguments. Sensitive values are refused, because everybody on the machine can read arguments; hand them over in `stdin` or `env`.", Example: `["/usr/local/bin/switch-traffic", "--to", "dc2"]`},
		{Name: "host", Type: cty.String, Form: schema.HostRef, Public: true, Description: "The host of a target to run it on, over SSH. Without it, the machine that xdc runs on.", Example: "target.dc1.host.edge"},
		{Name: "plain", Type: cty.Bool, Default: cty.False, Public: true, Description: "On a host: run it as the user who logs in, without the host's `become`. Not with `background`.", Example: "true"},
		{Name: "background", Type: cty.Bool, Default: cty.False, Public: true, Description: "Whether it runs until the end of the run. The step is done as soon as it runs and is ready; its output is discarded; before the jobs are cancelled it is stopped. Needs Linux.", Example: "true"},
		{Name: "ready", Type: cty.List(cty.String), Form: schema.ShellArgs, Public: true, Description: "With `background`: a command that ends with 0 once it is ready; it is run again and again, within the step's timeout. Without it, running is enough.", Example: `["test", "-S", "/run/monitor.sock"]`},
		{Name: "stop", Type: cty.List(cty.String), Form: schema.ShellArgs, Public: true, Description: "With `background`: a command that has it end by itself within ten seconds. What is left then, and everything without it, is killed.", Example: `["/opt/monitor/bin/stop"]`},
		{Name: "stdin", Type: cty.String, Description: "What the command reads on its standard input. It may be sensitive.", Example: `"yes\n"`},
		{Name: "env", Type: cty.Map(cty.String), Description: "Environment variables to add to those of xdc. Values may be sensitive.", Example: `{ SITE = "dc2" }`},
		{Name: "directory", Type: cty.String, Form: schema.Path, Public: true, Description: "The folder to run it in. Without it, the one that xdc was started in.", Example: `"/tmp"`},
		{Name: "expect_exit", Type: cty.List(cty.Number), Min: new(float64(0)), Max: new(float64(255)), Public: true, Description: "The exit codes that count as success. Without it, 0.", Example: "[0, 3]"},
	}
}

// arguments are what the action receives.
type arguments struct {
	Command    []string                  `json:"command"`
	Host       string                    `json:"host"`
	Stdin      providers.Text            `json:"stdin"`
	Env        map[string]providers.Text `json:"env"`
	Directory  string                    `json:"directory"`
	Plain      bool                      `json:"plain"`
	Background bool                      `json:"background"`
	Ready      []string                  `json:"ready"`
	Stop       []string                  `json:"stop"`
	ExpectExit []int                     `json:"expect_exit"`
}

func decode(raw json.RawMessage) (*arguments, error) {
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("read the arguments of the command: %w", err)
	}
	if len(a.Command) == 0 || a.Command[0] == "" {
		return nil, fmt.Errorf("`command` names no program: write [\"PROGRAM\", \"ARGUMENT\", ...]")
	}
	for k := range a.Env {
		if k == "" || strings.ContainsAny(k, "=\x00") {
			return nil, fmt.Errorf("%q is not the name of an environment variable", k)
		}
	}
	return a, a.fits()
}

// fits refuses arguments that exclude each other.
func (a *arguments) fits() error {
	secret := a.Stdin.Slot != ""
	for _, v := range a.Env {
		secret = secret || v.Slot != ""
	}
	switch {
	case !a.Background && (len(a.Ready) > 0 || len(a.Stop) > 0):
		return errors.New("`ready` and `stop` are for a command with `background = true`")
	case a.Background && secret:
		return errSecretInBackground
	case a.Background && !a.Stdin.IsZero():
		return errors.New("a background command gets no standard input: leave `stdin` out")
	case a.Background && a.Plain:
		return errors.New("a background command runs with the host's `become`: leave `plain` out")
	case a.Background && len(a.ExpectExit) > 0:
		return errors.New("a background command is not waited for: leave `expect_exit` out")
	}
	return nil
}

// describe is the dry run.
func describe(_ providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	d := providers.Description{SideEffects: true, Summary: "runs a command"}
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil { // something in it is known only after the run has come there
		return d, nil
	}
	place := "here"
	if a.Host != "" {
		place = a.Host
		target, host, _ := strings.Cut(a.Host, ".")
		d.Places = []providers.Place{{Target: target, Host: host}}
	}
	line := Quote(a.Command)
	if !a.Stdin.IsZero() {
		line += "  (with standard input)"
	}
	d.Summary = "runs " + line
	d.Effects = []providers.Line{{Place: place, Text: line}}
	if a.Background {
		d.Summary += " for as long as the run lasts"
		stop := "kill it and all that it started"
		if len(a.Stop) > 0 {
			stop = Quote(a.Stop) + ", then " + stop
		}
		d.Undo = []providers.Line{{Place: place, Text: stop + "; armed there to happen by itself when the lease ends"}}
		d.Reboot = []providers.Line{{Place: place, Text: "the command would be gone, and not started again; what it has written would remain"}}
	}
	var out diag.List
	if err := a.fits(); err != nil {
		out = out.Append(diag.Diagnostic{Severity: diag.Error, Code: diag.ExecCommand, Summary: "The arguments do not go together", Path: cty.GetAttrPath("background"), Detail: err.Error() + "."})
	}
	switch {
	case len(a.Command) == 0 || a.Command[0] == "":
		out = out.Append(diag.Diagnostic{
			Severity: diag.Error, Code: diag.ExecCommand, Summary: "There is no command", Path: cty.GetAttrPath("command"),
			Detail: "The first element of `command` is the program; the others are its arguments.",
		})
	}
	return d, out
}

// Quote shows an argument list as it would be typed. It is for people: nothing is run from it.
func Quote(args []string) string { return shell.Show(args) }
