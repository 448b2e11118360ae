package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// deed chooses between a stand-in's processes and real ones.
func (k kind) deed(env providers.Env) providers.Deed {
	if env.Processes != nil {
		return &standIn{k, env}
	}
	return host.Fault{Provider: Name, Type: k.typ, Works: k.works}.New(env)
}

// works lays the fault out on the machines.
func (k kind) works(ctx context.Context, env providers.Env, _ providers.StepID, raw json.RawMessage) ([]host.Work, error) {
	a, err := decode(raw)
	if err != nil {
		return nil, err
	}
	if err := a.validate().Err(); err != nil {
		return nil, err
	}
	at, err := a.chosen(ctx, env)
	if err != nil {
		return nil, err
	}
	var out []host.Work
	for _, c := range at {
		list, err := k.find(ctx, env, c, a)
		if err != nil {
			return nil, err
		}
		next := c
		if a.Every > 0 && c.how == "pid" {
			if next, err = successors(ctx, env, c.place, list); err != nil {
				return nil, err
			}
		}
		w, err := k.work(a, c, next, list)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// choice is how processes are chosen at one place.
type choice struct {
	place     providers.Place
	how, what string
}

// chosen says for each place how to find the processes; PEs are asked of the platform.
func (a *arguments) chosen(ctx context.Context, env providers.Env) ([]choice, error) {
	how, what := a.by()
	if how != "job" {
		points, err := host.Points(env.Targets, a.Hosts)
		var out []choice
		for _, p := range points {
			out = append(out, choice{p.Place, how, what})
		}
		return out, err
	}
	s, err := env.Session(a.Target, "streams")
	if err != nil {
		return nil, err
	}
	finder, ok := s.(interface {
		PEProcesses(ctx context.Context, job, operator string) ([]providers.PEProcess, error)
	})
	if !ok {
		return nil, fmt.Errorf("find the PEs of %s: the connection to %s knows no processes: %w", a.Job, a.Target, providers.ErrUnsupported)
	}
	pes, err := finder.PEProcesses(ctx, a.Job, a.Operator)
	if err != nil {
		return nil, err
	}
	pids := map[string][]string{}
	for _, pe := range pes {
		h, ok := hostCalled(env.Targets[a.Target], pe.Resource)
		if !ok {
			return nil, fmt.Errorf("PE %s of %s runs on %q, which is no host of target %s: add a host block whose name or address is that", pe.PE, a.Job, pe.Resource, a.Target)
		}
		if len(a.Hosts) > 0 && !slices.Contains(a.Hosts, a.Target+"."+h) {
			continue
		}
		pids[h] = append(pids[h], strconv.Itoa(pe.PID))
	}
	var out []choice
	for _, h := range env.Targets[a.Target].Hosts {
		if list := pids[h.Name]; len(list) > 0 {
			out = append(out, choice{providers.Place{Target: a.Target, Host: h.Name}, "pid", strings.Join(list, " ")})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("find %s: none of them runs on %s", a.words(), strings.Join(a.Hosts, ", "))
	}
	return out, nil
}

// hostCalled finds the host of a target that the platform calls by some name.
func hostCalled(t providers.Target, resource string) (string, bool) {
	short, _, _ := strings.Cut(resource, ".")
	for _, same := range []func(h providers.Host) bool{
		func(h providers.Host) bool { return h.Address == resource || h.Name == resource },
		func(h providers.Host) bool {
			s, _, _ := strings.Cut(h.Address, ".")
			return s == short || h.Name == short
		},
	} {
		if i := slices.IndexFunc(t.Hosts, same); i >= 0 {
			return t.Hosts[i].Name, true
		}
	}
	return "", false
}

// find looks the processes up and refuses none and too many.
func (k kind) find(ctx context.Context, env providers.Env, c choice, a *arguments) ([]found, error) {
	if env.Machine == nil {
		return nil, fmt.Errorf("%s at %s: there is no machine to act on here: %w", k.typ, c.place, providers.ErrUnsupported)
	}
	list, err := lookup(ctx, env, c)
	if err != nil {
		return nil, fmt.Errorf("look for %s at %s: %w", a.words(), c.place, err)
	}
	return list, a.enough(c.place, list)
}

// lookup runs p_find at a place.
func lookup(ctx context.Context, env providers.Env, c choice) ([]found, error) {
	m, err := env.Machine(c.place)
	if err != nil {
		return nil, err
	}
	facts, err := m.Facts(ctx)
	if err != nil {
		return nil, err
	}
	out, err := m.Run(ctx, shell.Script{Name: "find processes", Text: table + "p_find"}.Set("HOW", c.how).Set("WHAT", c.what).Set("XDC_BASE", facts.Dir))
	if err != nil {
		return nil, err
	}
	if out.Exit != 0 || out.Stderr != "" {
		return nil, errors.New(printable(strings.TrimSpace(out.Stderr), 500))
	}
	return parse(out.Stdout), nil
}

// maxCommands bounds the command lines that a repetition looks for, in bytes: they travel in one environment variable.
const maxCommands = 96 << 10

// successors chooses whoever takes the place of PEs: what the platform starts anew has another number and the same
// command line (assumption process.pe.command). Command lines that others have, too, cannot be told apart.
func successors(ctx context.Context, env providers.Env, at providers.Place, list []found) (choice, error) {
	lines := make([]string, len(list))
	for i, f := range list {
		lines[i] = f.Command
	}
	c := choice{at, "command", strings.Join(lines, "\n")}
	if len(c.what) > maxCommands || !utf8.ValidString(c.what) {
		return c, fmt.Errorf("`every` at %s: the command lines of the PEs are longer than %d bytes or no text, so that those who take their place cannot be found: %w", at, maxCommands, providers.ErrUnsupported)
	}
	now, err := lookup(ctx, env, c)
	if err != nil {
		return c, fmt.Errorf("look who has the command lines of the PEs at %s: %w", at, err)
	}
	for _, f := range now {
		if !slices.ContainsFunc(list, func(x found) bool { return x.PID == f.PID && x.Start == f.Start }) {
			return c, fmt.Errorf("`every` at %s: process %s has the command line of a PE that is meant and is not one of them, so that those who take their place cannot be told from it", at, f)
		}
	}
	return c, nil
}

// enough refuses selections that mean nothing or too much, with the list of what they mean.
func (a *arguments) enough(at providers.Place, list []found) error {
	switch {
	case len(list) == 0:
		return fmt.Errorf("find %s at %s: there are none", a.words(), at)
	case len(list) > a.most():
		return fmt.Errorf("%s at %s are %d, and `max_matches` allows %d: %s; choose them more narrowly, or raise max_matches", a.words(), at, len(list), a.most(), strings.Join(named(list), "; "))
	}
	return nil
}

// parse reads what p_find prints.
func parse(s string) []found {
	var out []found
	for line := range strings.Lines(s) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), "\t", 5)
		if len(f) != 5 {
			continue
		}
		pid, err := strconv.Atoi(f[0])
		if err != nil || pid <= 1 {
			continue
		}
		out = append(out, found{pid, f[1], f[2], f[3], f[4]})
	}
	return out
}
