package streams

import (
	"context"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// via says how the operations are carried out that no public source documents for the REST API: by the guesses of
// operations, or by streamtool on a host.
type via struct {
	Via        string `json:"via,omitempty"`
	Host       string `json:"host,omitempty"` // "dc1.edge"
	Streamtool string `json:"streamtool,omitempty"`
}

// Ways of carrying operations out.
const (
	viaREST       = "rest"
	viaStreamtool = "streamtool"
)

var viaAttrs = []schema.Attribute{
	{
		Name: "via", Type: cty.String, Enum: []string{viaREST, viaStreamtool}, Default: cty.StringVal(viaREST), Public: true, Example: `"streamtool"`,
		Description: "How it is done: by the REST API, whose operation is not documented and may differ in your version, or by `streamtool` on a host.",
	},
	{
		Name: "host", Type: cty.String, Form: schema.HostRef, Public: true, Example: "target.dc1.host.edge",
		Description: "With `via = \"streamtool\"`: the host on which streamtool is run, as the user who logs in there; that user must be able to run it without being asked for a password.",
	},
	{
		Name: "streamtool", Type: cty.String, Default: cty.StringVal("streamtool"), Public: true, Example: `"/opt/streams/bin/streamtool"`,
		Description: "The program, with its path where it is not in the user's.",
	},
}

// streamtoolCommands are the sub-commands by operation. That there are these is known; that a stopped PE is started by
// restartpe, and where the ids stand, is assumption streamtool.commands.
var streamtoolCommands = map[string]string{
	"stop_pe": "stoppe", "start_pe": "restartpe", "stop_instance": "stopinstance", "start_instance": "startinstance",
	"quiesce_resource": "quiesceresource", "resume_resource": "resumeresource", stopDomain: "stopdomain", startDomain: "startdomain",
}

// validate finds what is missing.
func (v via) validate(target string) diag.List {
	if v.Via != viaStreamtool {
		if v.Host == "" {
			return nil
		}
		return diag.List{{Severity: diag.Error, Code: diag.ProviderArgument, Summary: "host has no use", Detail: "`host` is for `via = \"streamtool\"`.", Path: cty.GetAttrPath("host")}}
	}
	if t, _, _ := strings.Cut(v.Host, "."); v.Host == "" || t != target {
		return diag.List{{
			Severity: diag.Error, Code: diag.ProviderArgument, Summary: "Where is streamtool to be run?", Path: cty.GetAttrPath("host"),
			Detail: fmt.Sprintf("`via = \"streamtool\"` needs `host`, a host of target %s.", target),
		}}
	}
	return nil
}

// place is the host; the target itself with the REST API.
func (v via) place(target string) providers.Place {
	if v.Via != viaStreamtool {
		return providers.Place{Target: target}
	}
	t, h, _ := strings.Cut(v.Host, ".")
	return providers.Place{Target: t, Host: h}
}

// line is an operation as the dry run shows it: link is the resource, id what stands for it.
func (v via) line(s providers.Scope, target, op, link, id string) providers.Line {
	if v.Via != viaStreamtool {
		return providers.Line{Place: target, Text: connectionOf(s, target).planned(op).shown(link)}
	}
	return providers.Line{Place: v.Host, Text: shell.Show(v.command(op, "", "{instance}", id))}
}

func (v via) command(op, domain, instance, id string) []string {
	program := v.Streamtool
	if program == "" {
		program = viaStreamtool
	}
	out := []string{program, streamtoolCommands[op]}
	if domain != "" {
		out = append(out, "-d", domain)
	}
	if op == stopDomain || op == startDomain {
		return out
	}
	out = append(out, "-i", instance)
	if id != "" {
		out = append(out, id)
	}
	return out
}

// act carries an operation out on a resource: as was fixed when the fault was prepared, else as it is resolved now.
func (v via) act(ctx context.Context, env providers.Env, s *Session, fixed map[string]operation, op string, on subject) error {
	verb, _, _ := strings.Cut(op, "_")
	doing := verb + " " + on.words()
	if v.Via != viaStreamtool || env.Machine == nil && env.Links != nil { // a twin has the API only
		o, ok := fixed[op]
		if !ok {
			var err error
			if o, err = s.operation(ctx, op); err != nil {
				return err
			}
		}
		return s.call(ctx, o, doing, on)
	}
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	return v.run(ctx, env, s, doing, op, string(i.ID), on.id)
}

// run runs streamtool on the host.
func (v via) run(ctx context.Context, env providers.Env, s *Session, doing, op, instance, id string) error {
	if env.Machine == nil {
		return fmt.Errorf("%s: there is no machine to run streamtool on here: %w", doing, providers.ErrUnsupported)
	}
	m, err := env.Machine(v.place(s.target))
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	for _, name := range []string{s.cfg.Domain, instance, id} {
		// Nobody knows whether streamtool takes "--" for the end of its options.
		if strings.HasPrefix(name, "-") {
			return fmt.Errorf("%s: streamtool would take the name %q for an option: use via = \"rest\": %w", doing, name, providers.ErrUnsupported)
		}
	}
	command := v.command(op, s.cfg.Domain, instance, id)
	out, err := m.Run(ctx, shell.Script{Name: doing, Text: `eval "set -- $COMMAND"; "$@"`, Plain: true}.SetList("COMMAND", command))
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if out.Exit != 0 {
		said := strings.TrimSpace(out.Stderr + "\n" + out.Stdout)
		if len(said) > 500 {
			said = said[:500] + " ..."
		}
		return fmt.Errorf("%s: %s on %s ended with status %d: %s", doing, shell.Show(command), v.Host, out.Exit, said)
	}
	return nil
}
