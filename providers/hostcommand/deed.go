package hostcommand

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// Bounds of a command's time.
const (
	defaultTimeout = 30 * time.Second
	minTimeout     = time.Second
	maxTimeout     = time.Hour
)

// works lays the fault out: each host must have the programs.
func works(ctx context.Context, env providers.Env, _ providers.StepID, raw json.RawMessage) ([]host.Work, error) {
	a, diags := decode(raw)
	if err := diags.Err(); err != nil {
		return nil, err
	}
	points, err := host.Points(env.Targets, a.Hosts)
	if err != nil {
		return nil, err
	}
	var out []host.Work
	for _, p := range points {
		user, err := a.ready(ctx, env, p.Place)
		if err != nil {
			return nil, err
		}
		out = append(out, a.work(p.Place, user))
	}
	return out, nil
}

// ready finds out whether a host has the programs, and with `plain` who logs in there.
func (a *arguments) ready(ctx context.Context, env providers.Env, at providers.Place) (user string, err error) {
	if env.Machine == nil {
		return "", fmt.Errorf("host_command at %s: there is no machine to act on here: %w", at, providers.ErrUnsupported)
	}
	m, err := env.Machine(at)
	if err != nil {
		return "", fmt.Errorf("reach %s: %w", at, err)
	}
	ask := func(s shell.Script) (string, error) {
		out, err := m.Run(ctx, s)
		if err != nil {
			return "", fmt.Errorf("%s at %s: %w", s.Name, at, err)
		}
		if out.Exit != 0 {
			return "", fmt.Errorf("host_command at %s: %s", at, strings.TrimSpace(out.Stderr))
		}
		return strings.TrimSpace(out.Stdout), nil
	}
	if a.Plain {
		if user, err = ask(shell.Script{Name: "look who logs in", Text: "id -un", Plain: true}); err != nil {
			return "", err
		}
	}
	programs := []string{}
	for _, c := range a.commands() {
		if len(c.list) > 0 {
			programs = append(programs, c.list[0])
		}
	}
	_, err = ask(shell.Script{Name: "look for the programs", Text: there}.SetList("PROGRAMS", programs).Set("AS", user))
	return user, err
}

// work is the fault at one machine.
func (a *arguments) work(at providers.Place, user string) host.Work {
	seconds := strconv.Itoa(int((a.Timeout.D() + time.Second - 1) / time.Second))
	set := func(text string, command []string) shell.Script {
		return shell.Script{Text: runner + text}.SetList("COMMAND", command).Set("SECONDS_LEFT", seconds).Set("AS", user)
	}
	w := host.Work{
		Place:  at,
		Inject: set(inject, a.Inject),
		Verify: set(verify, a.Verify),
		Undo:   set(undo, a.Heal),
		Left:   set(still, a.Verify),
	}
	if len(a.VerifyHealed) > 0 {
		w.Left = set(gone, a.VerifyHealed)
	}
	if len(a.State) > 0 {
		w.State = set(state, a.State)
	}
	return w
}
