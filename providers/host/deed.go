package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// parallel is how many machines are worked on at a time.
const parallel = 64

// maxState bounds what is kept of a machine's state before a fault.
const maxState = 4 << 20

// deed drives the works of one fault. It keeps nothing but the surroundings.
type deed struct {
	fault Fault
	env   providers.Env
}

var (
	_ providers.Deed   = (*deed)(nil)
	_ providers.Armer  = (*deed)(nil)
	_ providers.Stager = (*deed)(nil)
)

// New makes the deed.
func (f Fault) New(env providers.Env) providers.Deed { return &deed{f, env} }

// armed is a work with the machine's folder, as the handle holds it.
type armed struct {
	Work
	Base string `json:"base"`
}

// before is the state of one machine.
type before struct {
	Place providers.Place `json:"place"`
	State string          `json:"state"`
}

// Prepare implements providers.Deed.
func (d *deed) Prepare(ctx context.Context, id providers.StepID, args json.RawMessage) (providers.Handle, error) {
	works, err := d.fault.Works(ctx, d.env, id, args)
	if err != nil {
		return providers.Handle{}, err
	}
	if len(works) == 0 {
		return providers.Handle{}, fmt.Errorf("%s: there is no machine to act on", d.fault.Type)
	}
	name := providers.UniqueName(id.Run, id.Step)
	kept := make([]armed, len(works))
	states := make([]before, len(works))
	places := make([]providers.Place, len(works))
	peers := make([]netip.Addr, len(works))
	errs := d.all(len(works), func(i int) error {
		w := works[i]
		m, err := d.machine(w.Place)
		if err != nil {
			return err
		}
		facts, err := m.Facts(ctx)
		if err != nil {
			return fmt.Errorf("look what %s is: %w", w.Place, err)
		}
		if err := fit(w.Place, facts); err != nil {
			return err
		}
		kept[i], places[i], peers[i] = armed{w, facts.Dir}, w.Place, facts.Peer
		states[i], err = d.look(ctx, m, kept[i], name)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		return providers.Handle{}, err
	}
	h, err := providers.NewHandle(id, d.fault.Provider, d.fault.Type, places, states, nil, kept)
	h.Names = []string{name}
	h.CutOff = slices.ContainsFunc(works, func(w Work) bool { return w.Cuts })
	for i, w := range works {
		if w.Cuts {
			h.Found = append(h.Found, providers.Line{Place: w.Place.String(), Text: cutWords(peers[i])})
		}
		for _, text := range w.Found {
			h.Found = append(h.Found, providers.Line{Place: w.Place.String(), Text: text})
		}
	}
	return h, err
}

// cutWords says what it means that a fault cuts xdc off.
func cutWords(from netip.Addr) string {
	return "cuts the way by which xdc reaches it (from " + from.String() + "): the host's own timer heals; there is no renewal, and the lease is the whole duration"
}

// fit refuses machines on which an undo could not be armed.
func fit(p providers.Place, f providers.Facts) error {
	if f.System != "Linux" {
		return fmt.Errorf("%s is a %s machine: faults on hosts need Linux: %w", p, f.System, providers.ErrUnsupported)
	}
	for tool, from := range map[string]string{"flock": "util-linux or busybox", "setsid": "util-linux or busybox"} {
		if !f.Has(tool) {
			return fmt.Errorf("%s has no %s, without which no undo can be armed: install it (%s): %w", p, tool, from, providers.ErrUnsupported)
		}
	}
	return nil
}

// look reads the state before, and refuses where an earlier attempt has left something.
func (d *deed) look(ctx context.Context, m providers.Machine, a armed, name string) (before, error) {
	out, err := d.run(ctx, m, a, name, "state", a.State, "[ ! -e \"$XDC_HOME\" ] || return 77\nxdc_body")
	switch {
	case err != nil:
		return before{}, err
	case out.Exit == exitThere:
		return before{}, fmt.Errorf("%s has %s/%s already, which only an earlier attempt of this step can have left: run `xdc recover` first", a.Place, a.Base, name)
	case out.Exit != 0:
		return before{}, fmt.Errorf("look at the state of %s: %s", a.Place, said(out))
	case len(out.Stdout) > maxState:
		return before{}, fmt.Errorf("the state of %s is %d bytes long; at most %d can be kept for the comparison after the heal", a.Place, len(out.Stdout), maxState)
	}
	return before{a.Place, out.Stdout}, nil
}

func (d *deed) machine(p providers.Place) (providers.Machine, error) {
	if d.env.Machine == nil {
		return nil, fmt.Errorf("%s at %s: there is no machine to act on here: %w", d.fault.Type, p, providers.ErrUnsupported)
	}
	m, err := d.env.Machine(p)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", p, err)
	}
	return m, nil
}

// all does something for n machines at a time.
func (d *deed) all(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = do(i)
			<-slots
		})
	}
	wg.Wait()
	return errs
}

// run makes one script out of the prelude, a work's own text as the function xdc_body, and text around it.
func (d *deed) run(ctx context.Context, m providers.Machine, a armed, name, what string, body shell.Script, around string) (shell.Output, error) {
	s := a.script(name, what+" "+d.fault.Type, body, around)
	out, err := m.Run(ctx, s)
	if err != nil {
		return out, fmt.Errorf("%s at %s: %w", what, a.Place, err)
	}
	return out, nil
}

func (a armed) script(name, what string, body shell.Script, around string) shell.Script {
	s := shell.Script{Name: what, Plain: body.Plain, Input: body.Input}
	s = s.Set("XDC_NAME", name).Set("XDC_BASE", a.Base).Set("XDC_HOME", a.Base+"/"+name)
	s.Vars = append(s.Vars, body.Vars...)
	text := strings.TrimSpace(body.Text)
	if text == "" {
		text = ":"
	}
	s.Text = Prelude + "xdc_body() {\n" + text + "\n}\n" + around
	return s
}

// said is what a failed script wrote, for errors.
func said(out shell.Output) string {
	text := strings.TrimSpace(out.Stderr)
	if text == "" {
		text = strings.TrimSpace(out.Stdout)
	}
	if len(text) > 1000 {
		text = text[:1000] + " ..."
	}
	if text == "" {
		return "it ended with status " + strconv.Itoa(out.Exit) + " and said nothing"
	}
	return text + " (status " + strconv.Itoa(out.Exit) + ")"
}

// works reads the handle.
func works(h providers.Handle) ([]armed, string, error) {
	var out []armed
	if err := json.Unmarshal(h.Args, &out); err != nil {
		return nil, "", fmt.Errorf("read the handle of %s: %w", h.Step, err)
	}
	if len(h.Names) != 1 || len(out) == 0 {
		return nil, "", fmt.Errorf("the handle of %s is not one of a fault on hosts", h.Step)
	}
	return out, h.Names[0], nil
}

// each runs a script at every machine of a handle and judges its output.
func (d *deed) each(ctx context.Context, h providers.Handle, what string, body func(armed) shell.Script, around string, set func(armed, shell.Script) (shell.Script, error), judge func(armed, shell.Output) error) error {
	ws, name, err := works(h)
	if err != nil {
		return err
	}
	return errors.Join(d.all(len(ws), func(i int) error {
		m, err := d.machine(ws[i].Place)
		if err != nil {
			return err
		}
		b := body(ws[i])
		if set != nil {
			if b, err = set(ws[i], b); err != nil {
				return err
			}
		}
		out, err := d.run(ctx, m, ws[i], name, what, b, around)
		if err != nil {
			return err
		}
		return judge(ws[i], out)
	})...)
}

// must is the judgement of scripts that can only succeed or fail.
func must(doing string) func(armed, shell.Output) error {
	return func(a armed, out shell.Output) error {
		switch out.Exit {
		case 0:
			return nil
		case exitEnded:
			return fmt.Errorf("%s at %s: %s: %w", doing, a.Place, strings.TrimSpace(out.Stderr), providers.ErrLeaseEnded)
		}
		return fmt.Errorf("%s at %s: %s", doing, a.Place, said(out))
	}
}

// Inject implements providers.Deed.
func (d *deed) Inject(ctx context.Context, h providers.Handle) error {
	ws, name, err := works(h)
	if err != nil {
		return err
	}
	return errors.Join(d.all(len(ws), func(i int) error {
		m, err := d.machine(ws[i].Place)
		if err != nil {
			return err
		}
		around := inject
		if ws[i].Cuts {
			around = injectCut
		}
		out, err := d.run(ctx, m, ws[i], name, "inject", ws[i].Inject, around)
		if err != nil {
			return err
		}
		return must("inject")(ws[i], out)
	})...)
}

// Verify implements providers.Deed.
func (d *deed) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	ws, name, err := works(h)
	if err != nil {
		return providers.Effect{}, err
	}
	e := providers.Effect{InForce: true, Low: time.Now()}
	seen := make([]string, len(ws))
	there := make([]bool, len(ws))
	err = errors.Join(d.all(len(ws), func(i int) (err error) {
		there[i], seen[i], err = d.verify(ctx, ws[i], name)
		return err
	})...)
	slices.Sort(seen)
	e.InForce = err == nil && !slices.Contains(there, false)
	e.High, e.Evidence = time.Now(), strings.Join(seen, "; ")
	return e, err
}

// silence is how long a machine that was to be cut off may take to answer before it counts as cut off.
const silence = 2 * time.Second

// verify looks at one machine.
func (d *deed) verify(ctx context.Context, a armed, name string) (inForce bool, seen string, err error) {
	m, err := d.machine(a.Place)
	if err != nil {
		return false, "", err
	}
	asked := ctx
	if a.Cuts {
		var cancel context.CancelFunc
		asked, cancel = context.WithTimeout(ctx, silence)
		defer cancel()
	}
	out, err := d.run(asked, m, a, name, "verify", a.Verify, "xdc_body")
	switch {
	case err != nil && a.Cuts && ctx.Err() == nil:
		return true, a.Place.String() + ": it does not answer any more, as it is cut off; its undo is armed there", nil
	case err != nil:
		return false, "", err
	case out.Exit > 1 || out.Exit < 0:
		return false, "", fmt.Errorf("look whether it is in force at %s: %s", a.Place, said(out))
	}
	return out.Exit == 0, a.Place.String() + ": " + firstLine(out.Stdout), nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// Heal implements providers.Deed.
func (d *deed) Heal(ctx context.Context, h providers.Handle) error {
	return d.each(ctx, h, "heal", func(a armed) shell.Script { return a.Undo }, heal, nil, must("heal"))
}

// VerifyHealed implements providers.Deed: nothing of the fault may be left, and the machine must be as it was.
func (d *deed) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	var befores []before
	if err := json.Unmarshal(h.Before, &befores); err != nil {
		return providers.Effect{}, fmt.Errorf("read the handle of %s: %w", h.Step, err)
	}
	e := providers.Effect{Low: time.Now()}
	var mu sync.Mutex
	var left, differs []string
	err := d.each(ctx, h, "look for remains of", func(a armed) shell.Script { return a.Left }, "xdc_body", nil, func(a armed, out shell.Output) error {
		switch {
		case out.Exit == 1:
			mu.Lock()
			left = append(left, a.Place.String()+": "+firstLine(out.Stdout))
			mu.Unlock()
			return nil
		case out.Exit != 0:
			return fmt.Errorf("look for remains at %s: %s", a.Place, said(out))
		}
		return nil
	})
	if err == nil && len(left) == 0 {
		err = d.each(ctx, h, "state", func(a armed) shell.Script { return a.State }, "xdc_body", nil, func(a armed, out shell.Output) error {
			if out.Exit != 0 {
				return fmt.Errorf("look at the state of %s: %s", a.Place, said(out))
			}
			i := slices.IndexFunc(befores, func(b before) bool { return b.Place == a.Place })
			if i < 0 || befores[i].State == out.Stdout {
				return nil
			}
			mu.Lock()
			differs = append(differs, a.Place.String()+":\n"+Difference(befores[i].State, out.Stdout))
			mu.Unlock()
			return nil
		})
	}
	slices.Sort(left)
	slices.Sort(differs)
	e.High, e.InForce, e.Difference = time.Now(), len(left) > 0, strings.Join(differs, "\n")
	e.Evidence = "nothing of it is left"
	if e.InForce {
		e.Evidence = "left: " + strings.Join(left, "; ")
	}
	return e, err
}

// Restage implements providers.Stager.
func (d *deed) Restage(ctx context.Context, h providers.Handle, args json.RawMessage) error {
	ws, name, err := works(h)
	if err != nil {
		return err
	}
	next, err := d.fault.Works(ctx, d.env, providers.StepID{Run: h.Run, Step: h.Step}, args)
	if err != nil {
		return err
	}
	for _, w := range next {
		i := slices.IndexFunc(ws, func(a armed) bool { return a.Place == w.Place })
		if i < 0 {
			return fmt.Errorf("a stage cannot move the fault to %s, where its undo is not armed: keep `hosts` as it is", w.Place)
		}
		ws[i].Work = w
	}
	return errors.Join(d.all(len(ws), func(i int) error {
		m, err := d.machine(ws[i].Place)
		if err != nil {
			return err
		}
		around := inject
		if ws[i].Cuts {
			around = injectCut
		}
		out, err := d.run(ctx, m, ws[i], name, "restage", ws[i].Inject, around)
		if err != nil {
			return err
		}
		return must("enter the stage")(ws[i], out)
	})...)
}
