package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// texts are the scripts of a fault. All of them see the arguments as variables.
type texts struct {
	// look refuses what the machine cannot bear; it only looks.
	look string
	// inject starts members that run loop.
	inject, loop, verify string
	// state is empty where there is nothing to compare.
	state string
	// undo and left are empty where members and files without a name are all that there is to take away.
	undo, left string
}

// works lays the fault out: each host is asked whether it can bear it.
func (k kind) works(ctx context.Context, env providers.Env, id providers.StepID, raw json.RawMessage) ([]host.Work, error) {
	a, diags := k.decode(raw)
	if err := diags.Err(); err != nil {
		return nil, err
	}
	points, err := host.Points(env.Targets, a.Hosts)
	if err != nil {
		return nil, err
	}
	var out []host.Work
	for _, p := range points {
		if err := k.bearable(ctx, env, id, p.Place, a); err != nil {
			return nil, err
		}
		w, err := k.work(p.Place, a)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// bearable asks a host.
func (k kind) bearable(ctx context.Context, env providers.Env, id providers.StepID, at providers.Place, a *arguments) error {
	if env.Machine == nil {
		return fmt.Errorf("%s at %s: there is no machine to act on here: %w", k.name, at, providers.ErrUnsupported)
	}
	m, err := env.Machine(at)
	if err != nil {
		return fmt.Errorf("reach %s: %w", at, err)
	}
	facts, err := m.Facts(ctx)
	if err != nil {
		return fmt.Errorf("look what %s is: %w", at, err)
	}
	if facts.System != "Linux" {
		return nil // package host refuses it, with a better reason
	}
	name := providers.UniqueName(id.Run, id.Step)
	s := a.set(host.Prelude+common+k.texts.look).Set("XDC_NAME", name).Set("XDC_BASE", facts.Dir).Set("XDC_HOME", facts.Dir+"/"+name)
	s.Name = "look whether " + k.name + " is bearable"
	out, err := m.Run(ctx, s)
	if err != nil {
		return fmt.Errorf("look whether %s can bear %s: %w", at, k.name, err)
	}
	if out.Exit != 0 {
		why := strings.TrimSpace(out.Stderr)
		if why == "" {
			why = "it could not be found out, status " + strconv.Itoa(out.Exit)
		}
		return fmt.Errorf("%s at %s: %s", k.name, at, why)
	}
	return nil
}

// set makes a script that sees the arguments. The undo depends on nothing but the path.
func (a *arguments) set(text string) shell.Script {
	return shell.Script{Text: text}.Set("DIR", a.Path).
		Set("CORES", whole(a.Cores, 100)).Set("LOAD", whole(a.Load, 10000)).
		Set("SIZE", whole(a.Size, 1)).Set("LEVEL", whole(a.Level, 10000)).Set("RESERVE", whole(a.Reserve, 1)).
		Set("WRITERS", strconv.Itoa(a.Writers)).Set("BLOCK", whole(&a.Block, 1)).Set("RATE", whole(a.Rate, 1))
}

// work is the fault at one machine.
func (k kind) work(at providers.Place, a *arguments) (host.Work, error) {
	loop, err := a.set(host.Prelude + common + k.texts.loop).Program()
	if err != nil {
		return host.Work{}, err
	}
	takeAway, remains := undo, left
	if k.texts.undo != "" {
		takeAway, remains = k.texts.undo, k.texts.left
	}
	return host.Work{
		Place:  at,
		State:  shell.Script{Text: k.texts.state}.Set("DIR", a.Path),
		Inject: a.set(common+k.texts.inject).Set("LOOP", loop),
		Verify: a.set(common + k.texts.verify),
		Undo:   shell.Script{Text: takeAway}.Set("DIR", a.Path),
		Left:   shell.Script{Text: remains}.Set("DIR", a.Path),
	}, nil
}
