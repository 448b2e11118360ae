package network

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// deed chooses between a stand-in's mechanism and the machines themselves.
func (k kind) deed(env providers.Env) providers.Deed {
	if env.Links != nil {
		return &deed{kind: k, env: env}
	}
	return host.Fault{Provider: Name, Type: k.name, Works: k.works}.New(env)
}

// site is a host at which a fault is laid out.
type site struct {
	place   providers.Place
	machine providers.Machine
	facts   providers.Facts
}

// works lays the fault out on the machines: a work for each of its hosts.
func (k kind) works(ctx context.Context, env providers.Env, id providers.StepID, raw json.RawMessage) ([]host.Work, error) {
	rules, err := (&deed{kind: k, env: env}).rules(id, raw)
	if err != nil {
		return nil, err
	}
	lay := k.lay
	if lay == nil {
		lay = filter
	}
	var out []host.Work
	for _, r := range rules {
		s, err := visit(ctx, env, k.name, r.Place)
		if err != nil {
			return nil, err
		}
		w, err := lay(ctx, s, r.Rule)
		if err != nil {
			return nil, fmt.Errorf("%s at %s: %w", k.name, r.Place, err)
		}
		w.Place, w.Cuts = r.Place, cuts(r.Rule, s.facts)
		out = append(out, w)
	}
	return out, nil
}

// visit finds the machine of a place and refuses those on which no fault of the network can be.
func visit(ctx context.Context, env providers.Env, what string, p providers.Place) (site, error) {
	if env.Machine == nil {
		return site{}, fmt.Errorf("%s at %s: there is no machine to act on here: %w", what, p, providers.ErrUnsupported)
	}
	m, err := env.Machine(p)
	if err != nil {
		return site{}, fmt.Errorf("reach %s: %w", p, err)
	}
	f, err := m.Facts(ctx)
	if err != nil {
		return site{}, fmt.Errorf("look what %s is: %w", p, err)
	}
	switch {
	case f.System != "Linux":
		return site{}, fmt.Errorf("%s is a %s machine: faults of the network on hosts need Linux: %w", p, f.System, providers.ErrUnsupported)
	case !f.Root:
		return site{}, fmt.Errorf("%s is reached as %s, who may not change its network: log in as root, or give the host a `become`: %w", p, f.User, providers.ErrUnsupported)
	}
	return site{p, m, f}, nil
}

// filter lays out a rule of the packet filter: with nftables, or where that is missing or refused with iptables.
func filter(ctx context.Context, s site, r providers.LinkRule) (host.Work, error) {
	nets := canonical(r.Networks)
	why := "there is no nft"
	if s.facts.Has("nft") {
		w := nftWork(ruleset(r, nets), nets)
		no, err := s.refusal(ctx, "ask nftables", r.Name, w.check)
		if err != nil || no == "" {
			return w.Work, err
		}
		why = "nftables does not take the rules (" + no + ")"
	}
	tools := []string{"iptables"}
	if len(nets.v6) > 0 {
		tools = append(tools, "ip6tables")
	}
	for _, t := range tools {
		if !s.facts.Has(t) {
			return host.Work{}, fmt.Errorf("%s, and no %s: install nftables or iptables: %w", why, t, providers.ErrUnsupported)
		}
	}
	w := tablesWork(r, nets)
	no, err := s.refusal(ctx, "ask iptables", r.Name, w.check)
	if err == nil && no != "" {
		err = fmt.Errorf("%s, and iptables does not either (%s): the kernel needs what these rules are made of: %w", why, no, providers.ErrUnsupported)
	}
	return w.Work, err
}

// checked is a work, and the script that asks a machine whether it would take it.
type checked struct {
	host.Work
	check shell.Script
}

// refusal runs a script that only looks, and returns what it said if it failed.
func (s site) refusal(ctx context.Context, what, name string, look shell.Script) (string, error) {
	look.Name = what
	out, err := s.machine.Run(ctx, look.Set("XDC_NAME", name))
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	if out.Exit == 0 {
		return "", nil
	}
	line, _, _ := strings.Cut(strings.TrimSpace(out.Stderr), "\n")
	if line == "" {
		line = fmt.Sprintf("status %d", out.Exit)
	}
	return line, nil
}

// nftWork is a work whose whole effect is one table.
func nftWork(rules string, nets prefixes) checked {
	set := func(text string) shell.Script {
		return shell.Script{Text: text}.Set("RULES", rules).Set("FAR4", words(nets.v4)).Set("FAR6", words(nets.v6))
	}
	return checked{host.Work{
		State: shell.Script{Text: nftState}, Inject: set(nftTools + "n_load"), Verify: set(nftTools + "n_verify"), Renew: set(nftTools + "n_renew"),
		Undo: set(nftTools + "n_undo"), Left: set(nftTools + "n_left"),
	}, set(nftCheck)}
}
