// Package execaction has the action "exec": one command, run to its end on the machine that xdc runs on.
//
// There is no shell between the plan and the command: the argument list is what the program gets. Commands on
// hosts of a target need a way to them that this package does not have; it says so.
package execaction

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
)

// Provider describes the action.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name: "exec",
		Doc:  "Runs commands on the machine that xdc runs on.",
		Actions: []providers.ActionType{{
			Name: "exec",
			Doc:  "Runs one command to its end and fails if its exit code is not one that is expected. When the step's timeout ends it, everything that the command started is killed with it. Nothing undoes it. Rehearsals do not run it.",
			Schema: &schema.Block{
				Name: "exec", Description: "One command, given as an argument list. There is no shell unless the command is one.",
				Attributes: attributes(),
			},
			Example: `command = ["/usr/local/bin/switch-traffic", "--to", "dc2"]
timeout = "30s"`,
			Describe: describe,
			New:      func(env providers.Env) providers.Action { return &action{env} },
		}},
	}
}

func attributes() []schema.Attribute {
	return []schema.Attribute{
		{Name: "command", Type: cty.List(cty.String), Form: schema.ShellArgs, Required: true, Public: true, Description: "The program and its arguments. Sensitive values are refused, because everybody on the machine can read arguments; hand them over in `stdin` or `env`.", Example: `["/usr/local/bin/switch-traffic", "--to", "dc2"]`},
		{Name: "host", Type: cty.String, Form: schema.HostRef, Public: true, Description: "The host of a target to run it on. This version runs commands on the machine that xdc runs on only.", Example: "target.dc1.host.edge"},
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
	ExpectExit []int                     `json:"expect_exit"`
}

func decode(raw json.RawMessage) (*arguments, error) {
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("read the arguments of the command: %w", err)
	}
	if a.Host != "" {
		return nil, fmt.Errorf("run a command on %s: %w: this version runs commands on the machine that xdc runs on; leave `host` out, or reach the host by a command such as ssh", a.Host, providers.ErrUnsupported)
	}
	if len(a.Command) == 0 || a.Command[0] == "" {
		return nil, fmt.Errorf("`command` names no program: write [\"PROGRAM\", \"ARGUMENT\", ...]")
	}
	for k := range a.Env {
		if k == "" || strings.ContainsAny(k, "=\x00") {
			return nil, fmt.Errorf("%q is not the name of an environment variable", k)
		}
	}
	return a, nil
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
	var out diag.List
	switch {
	case a.Host != "":
		out = out.Append(diag.Diagnostic{
			Severity: diag.Error, Code: diag.ProviderUnsupported, Summary: "Commands on hosts are not available", Path: cty.GetAttrPath("host"),
			Detail: "This version runs commands on the machine that xdc runs on. Leave `host` out, or reach the host by a command such as ssh.",
		})
	case len(a.Command) == 0 || a.Command[0] == "":
		out = out.Append(diag.Diagnostic{
			Severity: diag.Error, Code: diag.ExecCommand, Summary: "There is no command", Path: cty.GetAttrPath("command"),
			Detail: "The first element of `command` is the program; the others are its arguments.",
		})
	}
	return d, out
}

// Quote shows an argument list as it would be typed. It is for people: nothing is run from it.
func Quote(args []string) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a
		if a == "" || strings.ContainsFunc(a, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:=,@%+", r)
		}) {
			parts[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		if strings.ContainsAny(a, "\n\t\r\x00\x1b") {
			parts[i] = "$" + "'" + strings.ReplaceAll(strings.Trim(strconv.Quote(a), `"`), "'", `\'`) + "'"
		}
	}
	return strings.Join(parts, " ")
}
