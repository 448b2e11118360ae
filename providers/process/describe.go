package process

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
)

// seconds is a duration argument.
type seconds = value.Duration

// describe is the dry run.
func describe(k kind, s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	d := providers.Description{SideEffects: true}
	a, err := decode(raw)
	if err != nil {
		return d, diag.List{}.Append(err)
	}
	out := a.validate()
	if out.HasErrors() {
		return d, out
	}
	places, err := a.places(s.Targets)
	if err != nil {
		return d, out.Append(diag.Diagnostic{Severity: diag.Error, Code: diag.ProviderArgument, Summary: "A host is not in the plan", Detail: err.Error() + ".", Path: cty.GetAttrPath("hosts")})
	}
	d.Places = places
	do, undo := k.words(a)
	for _, p := range places {
		if after := k.atBoot(a); after != "" {
			d.Reboot = append(d.Reboot, providers.Line{Place: p.String(), Text: after})
		}
		d.Effects = append(d.Effects, providers.Line{Place: p.String(), Text: do})
		d.Undo = append(d.Undo, providers.Line{Place: p.String(), Text: undo})
	}
	names := make([]string, len(places))
	for i, p := range places {
		names[i] = p.String()
	}
	verb := "kills "
	if k.hang {
		verb = "hangs "
	} else if a.Signal != "KILL" {
		verb = "sends SIG" + a.Signal + " to "
	}
	d.Summary = verb + a.words() + " at " + strings.Join(names, ", ")
	if a.Job != "" {
		d.Jobs = []string{a.Target + "." + a.Job}
		if a.Operator == "" {
			d.Stops = d.Jobs
		}
	}
	return d, out
}

// words says in the plan what is done and how it is undone.
func (k kind) words(a *arguments) (do, undo string) {
	if k.hang {
		return fmt.Sprintf("kill -STOP %s (at most %d), except those that are stopped already", a.words(), a.most()),
			"kill -CONT those that it has stopped; armed on the host to happen by itself when the lease ends"
	}
	do = fmt.Sprintf("kill -%s %s (at most %d)", a.Signal, a.words(), a.most())
	if a.Pick > 0 {
		do += fmt.Sprintf(", the %d oldest of them", a.Pick)
	}
	if a.Every > 0 {
		do += ", and whoever takes their place again every " + time.Duration(a.Every).String()
	}
	switch {
	case !a.comesBack():
		undo = "cannot be undone: what was killed stays dead"
	case a.Job != "":
		undo = "the platform must start them again; whether it has is seen by the health of the job, and not compared"
	case a.Unit != "":
		undo = "systemctl start " + a.Unit + " if it was active"
	default:
		undo = "whoever supervises them must start them again; that they run as before is verified"
	}
	if a.Every > 0 {
		undo = "stop the repetition (armed on the host to end by itself when the lease ends); " + undo
	}
	return do, undo
}

// atBoot says what of a kill would remain if the host restarted meanwhile: its processes are all gone then.
func (k kind) atBoot(a *arguments) string {
	switch {
	case k.hang || !a.comesBack():
		return ""
	case a.Unit != "":
		return a.Unit + " would start with the host if it is enabled; else it would stay down: xdc recover starts it"
	case a.Job != "":
		return ""
	}
	return "what was running would be there again only if something starts it with the host; xdc recover says what is missing"
}

// places are the machines meant: the hosts, or for PEs all hosts of the job's target.
func (a *arguments) places(targets map[string]providers.Target) ([]providers.Place, error) {
	names := a.Hosts
	if a.Job != "" && len(names) == 0 {
		for _, h := range targets[a.Target].Hosts {
			names = append(names, a.Target+"."+h.Name)
		}
		if len(names) == 0 {
			return []providers.Place{{Target: a.Target}}, nil
		}
	}
	points, err := host.Points(targets, names)
	if err != nil {
		return nil, err
	}
	out := make([]providers.Place, len(points))
	for i, p := range points {
		out[i] = p.Place
	}
	return out, nil
}
