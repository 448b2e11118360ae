package process

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// found is a process of a machine.
type found struct {
	PID     int
	Start   string
	State   string
	Name    string
	Command string
}

func (f found) String() string {
	cmd := f.Command
	if len(cmd) > 120 {
		cmd = cmd[:120] + "..."
	}
	return fmt.Sprintf("%d (%s)", f.PID, cmd)
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
		w, err := k.work(a, c, list)
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
	m, err := env.Machine(c.place)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", c.place, err)
	}
	facts, err := m.Facts(ctx)
	if err != nil {
		return nil, err
	}
	out, err := m.Run(ctx, shell.Script{Name: "find processes", Text: table + "p_find"}.Set("HOW", c.how).Set("WHAT", c.what).Set("XDC_BASE", facts.Dir))
	if err != nil {
		return nil, fmt.Errorf("look for processes at %s: %w", c.place, err)
	}
	if out.Exit != 0 || out.Stderr != "" {
		return nil, fmt.Errorf("look for %s at %s: %s", a.words(), c.place, strings.TrimSpace(out.Stderr))
	}
	list := parse(out.Stdout)
	return list, a.enough(c.place, list)
}

// enough refuses selections that mean nothing or too much, with the list of what they mean.
func (a *arguments) enough(at providers.Place, list []found) error {
	switch {
	case len(list) == 0:
		return fmt.Errorf("find %s at %s: there are none", a.words(), at)
	case len(list) > a.most():
		var names []string
		for _, f := range list[:min(len(list), 20)] {
			names = append(names, f.String())
		}
		return fmt.Errorf("%s at %s are %d, and `max_matches` allows %d: %s; choose them more narrowly, or raise max_matches", a.words(), at, len(list), a.most(), strings.Join(names, "; "))
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

// work is the fault at one machine, for processes that are known.
func (k kind) work(a *arguments, c choice, list []found) (host.Work, error) {
	if a.Pick > 0 && a.Pick < len(list) && !k.hang {
		list = list[:a.Pick]
	}
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = strconv.Itoa(f.PID) + ":" + f.Start
	}
	targets := strings.Join(ids, " ")
	how, what := c.how, c.what
	if how == "pid" || how == "pid_file" || !k.hang && !a.comesBack() {
		how, what = "", "" // who comes back has another number
	}
	compare := shell.Script{Text: state}.Set("HOW", how).Set("WHAT", what)
	if k.hang {
		set := func(text string) shell.Script { return shell.Script{Text: text}.Set("TARGETS", targets) }
		return host.Work{Place: c.place, State: compare, Inject: set(hangUp), Verify: set(hung), Undo: set(goOn), Left: set(hangLeft)}, nil
	}
	unit, every, loop := "", "", ""
	if a.Unit != "" && a.comesBack() {
		unit = a.Unit
	}
	if a.Every > 0 {
		every = strconv.FormatFloat(a.Every.D().Seconds(), 'f', -1, 64)
		pick := ""
		if a.Pick > 0 {
			pick = strconv.Itoa(a.Pick)
		}
		var err error
		s := shell.Script{Text: host.Prelude + killLoop}.Set("HOW", c.how).Set("WHAT", c.what).Set("EVERY", every).Set("SIGNAL", a.Signal).
			Set("MOST", strconv.Itoa(a.most())).Set("PICK", pick)
		if loop, err = s.Program(); err != nil {
			return host.Work{}, err
		}
	}
	set := func(text string) shell.Script {
		return shell.Script{Text: text}.Set("TARGETS", targets).Set("SIGNAL", a.Signal).Set("EVERY", every).Set("UNIT", unit)
	}
	return host.Work{
		Place: c.place, State: compare, Inject: set(killOnce).Set("LOOP", loop), Verify: set(killed), Undo: set(unkill), Left: set(killLeft),
	}, nil
}
