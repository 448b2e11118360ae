package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
)

// standIn is the fault on the processes of a stand-in: the PEs of its jobs.
type standIn struct {
	kind kind
	env  providers.Env
}

var (
	_ providers.Deed  = (*standIn)(nil)
	_ providers.Armer = (*standIn)(nil)
)

// group is what is meant at one place.
type group struct {
	Place  providers.Place `json:"place"`
	PIDs   []int           `json:"pids"`
	Starts []string        `json:"starts"`
	// Commands are the command lines that were running before, in order.
	Commands []string `json:"commands,omitempty"`
	Signal   string   `json:"signal"`
	// Again is what goes on after the first signal; without it, nothing does.
	Again *providers.Repetition `json:"again,omitempty"`
}

// Prepare looks the processes up.
func (d *standIn) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	a, err := decode(raw)
	if err != nil {
		return providers.Handle{}, err
	}
	if err := a.validate().Err(); err != nil {
		return providers.Handle{}, err
	}
	places, err := a.places(d.env.Targets)
	if err != nil {
		return providers.Handle{}, err
	}
	var groups []group
	var kept []providers.Place
	var seen []providers.Line
	for _, p := range places {
		procs, err := d.env.Processes(p)
		if err != nil {
			return providers.Handle{}, err
		}
		all, err := procs.List(ctx)
		if err != nil {
			return providers.Handle{}, fmt.Errorf("list the processes of %s: %w", p, err)
		}
		list, err := a.among(all)
		if err != nil {
			return providers.Handle{}, err
		}
		if len(list) == 0 && a.Job != "" {
			continue // its PEs are on other hosts
		}
		if err := a.enough(p, short(list)); err != nil {
			return providers.Handle{}, err
		}
		var spared []found
		all = list
		if d.kind.hang {
			list = slices.DeleteFunc(slices.Clone(all), stoppedAlready)
			spared = short(slices.DeleteFunc(all, func(x providers.Process) bool { return !stoppedAlready(x) }))
			if len(list) == 0 {
				return providers.Handle{}, fmt.Errorf("%s at %s are stopped already (%s): there is nothing to hang", a.words(), p, strings.Join(named(spared), "; "))
			}
		} else if a.Pick > 0 && a.Pick < len(list) {
			list = list[:a.Pick]
		}
		g := group{Place: p, Signal: a.Signal}
		if d.kind.hang {
			g.Signal = "STOP"
		}
		if a.Every > 0 && !d.kind.hang {
			g.Again = &providers.Repetition{Signal: a.Signal, Every: a.Every, Most: a.most(), Pick: a.Pick}
			for _, x := range all {
				g.Again.Commands = append(g.Again.Commands, x.Command)
			}
		}
		for _, text := range d.kind.meaning(a, short(list), spared) {
			seen = append(seen, providers.Line{Place: p.String(), Text: text})
		}
		for _, x := range list {
			g.PIDs, g.Starts = append(g.PIDs, x.PID), append(g.Starts, x.Started)
			if a.comesBack() {
				g.Commands = append(g.Commands, holds(x))
			}
		}
		groups, kept = append(groups, g), append(kept, p)
	}
	if len(groups) == 0 {
		return providers.Handle{}, fmt.Errorf("find %s: there are none", a.words())
	}
	h, err := providers.NewHandle(id, Name, d.kind.typ, kept, nil, nil, groups)
	h.Names, h.Found = []string{providers.UniqueName(id.Run, id.Step)}, seen
	return h, err
}

// stoppedAlready reports whether somebody else has stopped a process.
func stoppedAlready(p providers.Process) bool { return p.State == "stopped" }

// holds identifies a process whatever its number: what it works on.
func holds(p providers.Process) string {
	if len(p.Holds) > 0 {
		return strings.Join(p.Holds, " ")
	}
	return p.Command
}

func short(list []providers.Process) []found {
	out := make([]found, len(list))
	for i, p := range list {
		out[i] = found{PID: p.PID, Start: p.Started, Name: p.Name, Command: p.Command}
	}
	return out
}

// among picks what the arguments choose, the oldest first.
func (a *arguments) among(all []providers.Process) ([]providers.Process, error) {
	var is func(p providers.Process) bool
	switch how, what := a.by(); how {
	case "name":
		is = func(p providers.Process) bool { return p.Name == what }
	case "pattern":
		re, err := regexp.CompilePOSIX(what)
		if err != nil {
			return nil, fmt.Errorf("read the pattern: %w", err)
		}
		is = func(p providers.Process) bool { return re.MatchString(p.Command) }
	case "job":
		is = func(p providers.Process) bool {
			return p.Job == a.Job && (what == "" || slices.ContainsFunc(p.Holds, func(o string) bool { return o == what || strings.HasSuffix(o, "."+what) }))
		}
	default:
		return nil, fmt.Errorf("find %s: a stand-in's processes are its PEs, which have no %s: %w", a.words(), strings.ReplaceAll(how, "_", " "), providers.ErrUnsupported)
	}
	var out []providers.Process
	for _, p := range all {
		if is(p) {
			out = append(out, p)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].PID < out[j].PID })
	return out, nil
}

// each goes through the places of a handle; it tries them all.
func (d *standIn) each(h providers.Handle, do func(g group, p providers.Processes) error) error {
	var groups []group
	if err := json.Unmarshal(h.Args, &groups); err != nil {
		return fmt.Errorf("read the handle of %s: %w", h.Step, err)
	}
	var errs []error
	for _, g := range groups {
		p, err := d.env.Processes(g.Place)
		if err == nil {
			err = do(g, p)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s at %s: %w", h.Type, g.Place, err))
		}
	}
	return errors.Join(errs...)
}

// alive are those of a group that still are who they were.
func (g group) alive(ctx context.Context, p providers.Processes) ([]providers.Process, error) {
	all, err := p.List(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(x providers.Process) bool {
		i := slices.Index(g.PIDs, x.PID)
		return i < 0 || g.Starts[i] != x.Started
	}), nil
}

func pids(list []providers.Process) []int {
	out := make([]int, len(list))
	for i, x := range list {
		out[i] = x.PID
	}
	return out
}

// Inject sends the signal.
func (d *standIn) Inject(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(g group, p providers.Processes) error {
		list, err := g.alive(ctx, p)
		if err != nil {
			return err
		}
		if err := p.Signal(ctx, g.Signal, pids(list)); err != nil || g.Again == nil {
			return err
		}
		return p.Repeat(ctx, h.Names[0], *g.Again)
	})
}

// Verify looks whether they are gone, or stopped.
func (d *standIn) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{InForce: true, Low: time.Now()}
	var seen []string
	err := d.each(h, func(g group, p providers.Processes) error {
		list, err := g.alive(ctx, p)
		if err != nil {
			return err
		}
		if !d.kind.hang {
			seen = append(seen, fmt.Sprintf("%s: %d of %d still run", g.Place, len(list), len(g.PIDs)))
			e.InForce = e.InForce && len(list) == 0
			return nil
		}
		if len(list) < len(g.PIDs) {
			return errors.New("a process that was to be stopped is gone")
		}
		for _, x := range list {
			seen = append(seen, g.Place.String()+": process "+strconv.Itoa(x.PID)+" is "+x.State)
			e.InForce = e.InForce && x.State == "stopped"
		}
		return nil
	})
	e.High, e.Evidence = time.Now(), strings.Join(seen, "; ")
	return e, err
}

// Heal lets the stopped go on, and ends repetitions. What was killed is started again by the platform.
func (d *standIn) Heal(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(g group, p providers.Processes) error {
		if g.Again != nil {
			return p.Repeat(ctx, h.Names[0], providers.Repetition{})
		}
		if !d.kind.hang {
			return nil
		}
		list, err := g.alive(ctx, p)
		if err != nil {
			return err
		}
		return p.Signal(ctx, "CONT", pids(list))
	})
}

// VerifyHealed looks whether what ran before runs again.
func (d *standIn) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now(), Evidence: "the processes run as before"}
	var differs []string
	err := d.each(h, func(g group, p providers.Processes) error {
		all, err := p.List(ctx)
		if err != nil {
			return err
		}
		var now []string
		for _, x := range all {
			if slices.Contains(g.Commands, holds(x)) {
				now = append(now, holds(x))
			}
			if d.kind.hang && slices.Contains(g.PIDs, x.PID) && x.State == "stopped" {
				e.InForce, e.Evidence = true, fmt.Sprintf("process %d at %s is still stopped", x.PID, g.Place)
			}
		}
		was := slices.Clone(g.Commands)
		slices.Sort(was)
		slices.Sort(now)
		if !slices.Equal(was, now) {
			differs = append(differs, g.Place.String()+":\n"+host.Difference(strings.Join(was, "\n"), strings.Join(now, "\n")))
		}
		return nil
	})
	e.High, e.Difference = time.Now(), strings.Join(differs, "\n")
	return e, err
}

// Arm implements providers.Armer. What was killed has no undo; its lease is kept all the same.
func (d *standIn) Arm(ctx context.Context, h providers.Handle, l providers.Lease) error {
	return d.each(h, func(g group, p providers.Processes) error {
		if !d.kind.hang {
			g.PIDs = nil
		}
		return p.Arm(ctx, h.Names[0], g.PIDs, l)
	})
}

// Renew implements providers.Armer.
func (d *standIn) Renew(ctx context.Context, h providers.Handle, l providers.Lease) error {
	return d.each(h, func(_ group, p providers.Processes) error { return p.Renew(ctx, h.Names[0], l) })
}

// Disarm implements providers.Armer.
func (d *standIn) Disarm(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(_ group, p providers.Processes) error { return p.Disarm(ctx, h.Names[0]) })
}
