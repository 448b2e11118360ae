package cli

import (
	"github.com/xdc-project/xdc/cmd/internal/load"
	"github.com/xdc-project/xdc/cmd/internal/session"
	"github.com/xdc-project/xdc/cmd/internal/view"
	"github.com/xdc-project/xdc/engine/exec"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/standin"
)

// Doctor looks at the targets of a plan.
type Doctor struct {
	PlanArgs
	Assumptions bool   `name:"assumptions" help:"Also say which assumptions about the platform hold at each target."`
	On          string `name:"on" placeholder:"DIR" help:"Look at the stand-in of this folder (xdc twin serve, xdc lab up) instead of the plan's targets."`
}

// Help has examples.
func (Doctor) Help() string {
	return "Reaches everything that the plan drives, watches or acts on, and changes nothing: TLS, login, versions, instance, jobs, endpoints, " +
		"SSH, privileges and tools on the hosts, clocks, and whether each step could be prepared.\n\nExit code 0: nothing is in the way. 1: something is.\n\n" +
		"Examples:\n\n    xdc doctor env/prod drill.xdc.hcl\n    xdc doctor --assumptions .\n    xdc doctor --json . | jq '.findings[] | select(.ok | not)'\n"
}

// diagnosis is what --json prints.
type diagnosis struct {
	exec.Examination
	Assumptions []assumed `json:"assumptions,omitempty"`
}

// assumed is an assumption and what can be said of it at each target.
type assumed struct {
	Provider  string                     `json:"provider"`
	ID        string                     `json:"id"`
	Statement string                     `json:"statement"`
	Basis     string                     `json:"basis"`
	At        map[string]providers.Claim `json:"at"`
}

// Run looks.
func (d *Doctor) Run(c *Context) error {
	o := c.Loader(d.PlanArgs)
	o.Mode, o.NeedSecrets = "apply", d.On == ""
	var stand *standin.StandIn
	if d.On != "" {
		var err error
		if stand, err = standin.Load(d.On); err != nil {
			return err
		}
		o.StandIn = true
	} else {
		o.Way = c.Way
	}
	frozen, set, found := load.Plan(o)
	if err := c.Report(set, found); err != nil {
		return err
	}
	got, err := session.Doctor(c.Context, session.Request{Plan: frozen, Registry: c.Registry, StandIn: stand, Log: c.Log, Redactor: c.Redactor}, d.Assumptions)
	if err != nil {
		return err
	}
	all := diagnosis{Examination: got}
	if d.Assumptions {
		for _, t := range frozen.Targets {
			if all.Claims[t.Name] == nil {
				all.Claims[t.Name] = []providers.Claim{}
			}
		}
		all.Assumptions = assumptionsAt(c.Registry, all.Claims)
	}
	all.Claims = nil
	if c.JSON {
		err = c.encode(all)
	} else {
		err = d.show(c, all)
	}
	if err == nil && !got.OK() {
		err = &ExitError{Code: Failure}
	}
	return err
}

func (d *Doctor) show(c *Context, all diagnosis) error {
	if err := view.Examination(c.Out, all.Findings, c.OutStyle); err != nil {
		return err
	}
	if !d.Assumptions {
		return nil
	}
	lines := make([]view.Assumption, len(all.Assumptions))
	for i, a := range all.Assumptions {
		lines[i] = view.Assumption{ID: a.ID, Statement: a.Statement, At: a.At}
	}
	return view.Assumptions(c.Out, lines, c.OutStyle)
}

// assumptionsAt lists every assumption of every provider; one of which a target says nothing cannot be told there.
func assumptionsAt(r *providers.Registry, claims map[string][]providers.Claim) []assumed {
	var out []assumed
	for _, p := range r.Providers() {
		for _, a := range p.Assumptions {
			k := assumed{Provider: p.Name, ID: a.ID, Statement: a.Statement, Basis: a.Basis, At: map[string]providers.Claim{}}
			for target, said := range claims {
				k.At[target] = providers.Claim{ID: a.ID, Holds: providers.HoldsUnknown, Text: "reading does not show it"}
				for _, one := range said {
					if one.ID == a.ID {
						k.At[target] = one
					}
				}
			}
			out = append(out, k)
		}
	}
	return out
}
