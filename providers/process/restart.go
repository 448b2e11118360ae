package process

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// restartFault takes a service down in an orderly way and brings it up again.
func restartFault() providers.FaultType {
	command := func(name, what, example string) schema.Attribute {
		return schema.Attribute{Name: name, Type: cty.List(cty.String), Form: schema.ShellArgs, Public: true, Description: what, Example: example}
	}
	return providers.FaultType{
		Name: "process_restart",
		Doc:  "Takes a service down in an orderly way; the heal brings it up again. A fault held for a short while is a restart.",
		Schema: &schema.Block{
			Name: "process_restart", Description: "Stops a service; the heal starts it.",
			Attributes: []schema.Attribute{
				host.HostsAttr(true),
				{Name: "unit", Type: cty.String, Public: true, Description: "The systemd unit. Else `stop`, `start` and `running` say how.", Example: `"orders.service"`},
				command("stop", "The command that stops it.", `["/opt/orders/bin/stop"]`),
				command("start", "The command that starts it; it must return, and do no harm when it runs already.", `["/opt/orders/bin/start"]`),
				command("running", "The command that ends with status 0 if and only if it runs.", `["/opt/orders/bin/status", "-q"]`),
			},
		},
		Example: `hosts    = [target.dc1.host.edge]
unit     = "orders.service"
duration = "10s"`,
		Describe: describeRestart,
		New: func(env providers.Env) providers.Deed {
			return host.Fault{Provider: Name, Type: "process_restart", Works: restartWorks}.New(env)
		},
	}
}

type restartArgs struct {
	Hosts   []string `json:"hosts"`
	Unit    string   `json:"unit"`
	Stop    []string `json:"stop"`
	Start   []string `json:"start"`
	Running []string `json:"running"`
}

// complete fills in the commands of a unit, and finds what is missing.
func (a *restartArgs) complete() diag.List {
	own := len(a.Stop) > 0 || len(a.Start) > 0 || len(a.Running) > 0
	whole := len(a.Stop) > 0 && len(a.Start) > 0 && len(a.Running) > 0
	bad := func(detail string) diag.List {
		return diag.List{{Severity: diag.Error, Code: diag.ProcessWhich, Summary: "It is not said what is to be restarted", Detail: detail, Path: cty.GetAttrPath("unit")}}
	}
	switch {
	case len(a.Hosts) == 0:
		return bad("Name the hosts in `hosts`.")
	case a.Unit != "" && own:
		return bad("`unit` says how it is stopped and started; remove `stop`, `start` and `running`, or `unit`.")
	case a.Unit != "":
		a.Stop, a.Start, a.Running = []string{"systemctl", "stop", "--", a.Unit}, []string{"systemctl", "start", "--", a.Unit}, []string{"systemctl", "is-active", "--quiet", "--", a.Unit}
	case !whole:
		return bad("Give `unit`, or all of `stop`, `start` and `running`.")
	}
	for _, c := range [][]string{a.Stop, a.Start, a.Running} {
		if c[0] == "" || strings.ContainsRune(strings.Join(c, ""), 0) {
			return bad("The first element of a command is a program, and nothing in it may hold a zero byte.")
		}
	}
	return nil
}

func describeRestart(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	d := providers.Description{SideEffects: true}
	var a restartArgs
	if err := json.Unmarshal(raw, &a); err != nil {
		return d, diag.List{}.Append(err)
	}
	out := a.complete()
	if out.HasErrors() {
		return d, out
	}
	points, err := host.Points(s.Targets, a.Hosts)
	if err != nil {
		return d, out.Append(diag.Diagnostic{Severity: diag.Error, Code: diag.ProviderArgument, Summary: "A host is not in the plan", Detail: err.Error() + ".", Path: cty.GetAttrPath("hosts")})
	}
	for _, p := range points {
		d.Places = append(d.Places, p.Place)
		d.Effects = append(d.Effects, providers.Line{Place: p.Place.String(), Text: shell.Show(a.Stop)})
		d.Undo = append(d.Undo, providers.Line{Place: p.Place.String(), Text: shell.Show(a.Start) + "  (armed on the host to happen by itself when the lease ends)"})
		d.Reboot = append(d.Reboot, providers.Line{Place: p.Place.String(), Text: a.atBoot()})
	}
	d.Summary = "takes down what " + shell.Show(a.Stop) + " stops"
	if a.Unit != "" {
		d.Summary = "takes down the unit " + a.Unit
	}
	return d, out
}

// atBoot says who starts the service if the host restarts meanwhile.
func (a *restartArgs) atBoot() string {
	if a.Unit != "" {
		return a.Unit + " would start with the host if it is enabled; else it would stay down: xdc recover starts it"
	}
	return "the service would stay down unless something starts it with the host: xdc recover runs " + shell.Show(a.Start)
}

func restartWorks(ctx context.Context, env providers.Env, _ providers.StepID, raw json.RawMessage) ([]host.Work, error) {
	var a restartArgs
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("read the arguments of the fault: %w", err)
	}
	if err := a.complete().Err(); err != nil {
		return nil, err
	}
	points, err := host.Points(env.Targets, a.Hosts)
	if err != nil {
		return nil, err
	}
	var out []host.Work
	for _, p := range points {
		meant, err := a.meant(ctx, env, p.Place)
		if err != nil {
			return nil, err
		}
		set := func(text string) shell.Script {
			return shell.Script{Text: text}.SetList("STOP", a.Stop).SetList("START", a.Start).SetList("RUNNING", a.Running)
		}
		out = append(out, host.Work{
			Place:  p.Place,
			Found:  meant,
			State:  set(`eval "set -- $RUNNING"; "$@" >/dev/null 2>&1 || { xdc_say "it does not run: $*"; return 3; }; echo "it runs"`),
			Inject: set(`: >"$XDC_HOME/stopped" || return 1; eval "set -- $STOP"; "$@" 9<&-`),
			Verify: set(`eval "set -- $RUNNING"; if "$@" >/dev/null 2>&1; then echo "it still runs"; return 1; fi; echo "it does not run"`),
			// Without the mark it was not stopped by this fault, or the watchdog has started it already.
			Undo: set(`[ -e "$XDC_HOME/stopped" ] || return 0
eval "set -- $RUNNING"; "$@" >/dev/null 2>&1 && return 0
eval "set -- $START"; "$@" 9<&- || return 1
xdc_w=0
while [ "$xdc_w" -lt 20 ]; do
	eval "set -- $RUNNING"; "$@" >/dev/null 2>&1 && return 0
	xdc_w=$((xdc_w + 1)); sleep 1
done
xdc_say "it was started, and does not run"; return 1`),
			Left: set(`eval "set -- $RUNNING"; "$@" >/dev/null 2>&1 || { echo "it does not run"; return 1; }`),
		})
	}
	return out, nil
}

// meant lists the processes that a unit's end will end. Of services with commands of their own nobody knows them.
func (a *restartArgs) meant(ctx context.Context, env providers.Env, at providers.Place) ([]string, error) {
	if a.Unit == "" || env.Machine == nil {
		return nil, nil
	}
	list, err := lookup(ctx, env, choice{at, "unit", a.Unit})
	if err != nil {
		return nil, fmt.Errorf("look for the processes of unit %s at %s: %w", a.Unit, at, err)
	}
	var out []string
	for _, s := range named(list) {
		out = append(out, "process "+s+" belongs to "+a.Unit+" and will end with it")
	}
	return out, nil
}
