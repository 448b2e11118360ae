package toxiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// parallel bounds how many proxies are asked at the same time.
const parallel = 8

// deed is a fault of one kind. It keeps nothing but the surroundings.
type deed struct {
	kind kind
	env  providers.Env
}

var (
	_ providers.Deed   = (*deed)(nil)
	_ providers.Stager = (*deed)(nil)
)

// undo is all that the heal needs.
type undo struct {
	Spots  []spot   `json:"spots"`
	Toxics []string `json:"toxics"`           // the names of ours
	Enable bool     `json:"enable,omitempty"` // whether the proxies are to be switched on
}

// found is a proxy as Prepare saw it.
type found struct {
	Spot  spot  `json:"spot"`
	Proxy proxy `json:"proxy"`
}

// Prepare implements providers.Deed.
func (d *deed) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	spots, toxics, err := d.wanted(id, raw)
	if err != nil {
		return providers.Handle{}, err
	}
	u := undo{Spots: spots, Enable: d.kind.off}
	for _, t := range toxics {
		u.Toxics = append(u.Toxics, t.Name)
	}
	before := make([]found, len(spots))
	var places []providers.Place
	for i, s := range spots {
		p, err := d.look(ctx, s)
		if err != nil {
			return providers.Handle{}, err
		}
		if !p.Enabled {
			return providers.Handle{}, fmt.Errorf("%s is switched off, so that the fault could not be told from what is there: switch it on first", s)
		}
		for _, t := range u.Toxics {
			if _, there := p.toxic(t); there {
				return providers.Handle{}, fmt.Errorf("%s has a toxic %s already, which only an earlier attempt of this step can have left: run `xdc recover %s` first", s, t, id.Run)
			}
		}
		before[i] = found{s, p}
		if !slices.Contains(places, s.Place) {
			places = append(places, s.Place)
		}
	}
	h, err := providers.NewHandle(id, Name, d.kind.name, places, before, u, toxics)
	h.Names = u.Toxics
	return h, err
}

// wanted says what is to be put where.
func (d *deed) wanted(id providers.StepID, raw json.RawMessage) ([]spot, []toxic, error) {
	a, err := d.kind.decode(raw)
	if err != nil {
		return nil, nil, err
	}
	if err := a.validate(d.kind).Err(); err != nil {
		return nil, nil, err
	}
	return a.spots(), d.kind.toxics(a, providers.UniqueName(id.Run, id.Step)), nil
}

// look reads a proxy, and says which ones there are if it is not there.
func (d *deed) look(ctx context.Context, s spot) (proxy, error) {
	c, err := open(d.env, s.Place.Target)
	if err != nil {
		return proxy{}, err
	}
	p, err := c.proxy(ctx, s.Proxy)
	if absent(err) {
		if names, bad := c.names(ctx); bad == nil && len(names) > 0 {
			return p, fmt.Errorf("%w; it has %s", err, listed(names))
		}
	}
	return p, err
}

// Inject implements providers.Deed. A request that has begun is waited for whatever becomes of ctx, so that none is
// carried out after the heal. What was done before an error is left to Heal.
func (d *deed) Inject(ctx context.Context, h providers.Handle) error {
	u, toxics, err := read(h)
	if err != nil {
		return err
	}
	whole := context.WithoutCancel(ctx)
	for _, s := range u.Spots {
		c, err := open(d.env, s.Place.Target)
		if err != nil {
			return err
		}
		for _, t := range toxics {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := c.add(whole, s.Proxy, t); err != nil {
				return err
			}
		}
		if !d.kind.off {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := c.enable(whole, s.Proxy, false); err != nil {
			return err
		}
	}
	return nil
}

func read(h providers.Handle) (u undo, toxics []toxic, err error) {
	if err = json.Unmarshal(h.Undo, &u); err == nil {
		err = json.Unmarshal(h.Args, &toxics)
	}
	if err != nil {
		err = fmt.Errorf("read the handle of %s: %w", h.Step, err)
	}
	return u, toxics, err
}

// Verify implements providers.Deed: it reads the proxies back.
func (d *deed) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{InForce: true, Low: time.Now()}
	u, toxics, err := read(h)
	if err != nil {
		return e, err
	}
	var seen []string
	for _, s := range u.Spots {
		p, err := d.look(ctx, s)
		if err != nil {
			return e, err
		}
		state := []string{fmt.Sprintf("%s is %s", s, map[bool]string{true: "on", false: "off"}[p.Enabled])}
		if p.Enabled == d.kind.off {
			e.InForce = false
		}
		for _, t := range toxics {
			switch got, there := p.toxic(t.Name); {
			case !there:
				e.InForce = false
				state = append(state, "without the toxic "+t.Name)
			case !same(got, t):
				return e, fmt.Errorf("the toxic %s of %s is not the one that was put there: something else has changed it to %s", t.Name, s, clip(got.String()))
			default:
				state = append(state, "with the toxic "+t.Name)
			}
		}
		seen = append(seen, strings.Join(state, ", "))
	}
	e.High = time.Now()
	e.Evidence = strings.Join(seen, "; ")
	return e, nil
}

// Heal implements providers.Deed. A proxy that is gone, with all that was on it, has nothing left to heal.
func (d *deed) Heal(ctx context.Context, h providers.Handle) error {
	u, _, err := read(h)
	if err != nil {
		return err
	}
	return each(u.Spots, func(_ int, s spot) error {
		c, err := open(d.env, s.Place.Target)
		if err != nil {
			return err
		}
		if u.Enable {
			if err := c.enable(ctx, s.Proxy, true); err != nil && !absent(err) {
				return err // the mark stays as long as the proxy is off
			}
		}
		var errs []error
		for _, t := range u.Toxics {
			errs = append(errs, c.remove(ctx, s.Proxy, t))
		}
		return errors.Join(errs...)
	})
}

// each does something for every proxy, for some of them at the same time: one that hangs must not keep the others.
func each(spots []spot, do func(i int, s spot) error) error {
	errs := make([]error, len(spots))
	var wg sync.WaitGroup
	free := make(chan struct{}, parallel)
	for i, s := range spots {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			errs[i] = do(i, s)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// VerifyHealed implements providers.Deed.
func (d *deed) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now()}
	var before []found
	u, _, err := read(h)
	if err == nil {
		err = json.Unmarshal(h.Before, &before)
	}
	if err != nil {
		return e, fmt.Errorf("read the handle of %s: %w", h.Step, err)
	}
	left, differs := make([]string, len(before)), make([]string, len(before))
	spots := make([]spot, len(before))
	for i, b := range before {
		spots[i] = b.Spot
	}
	err = each(spots, func(i int, s spot) error {
		c, err := open(d.env, s.Place.Target)
		if err != nil {
			return err
		}
		now, err := c.proxy(ctx, s.Proxy)
		if absent(err) {
			differs[i] = fmt.Sprintf("%s is gone", s)
			return nil
		}
		if err == nil {
			left[i], differs[i] = remains(u, s, now), difference(before[i], now, h)
		}
		return err
	})
	e.High = time.Now()
	e.Evidence, e.Difference = lines(left, "; "), lines(differs, "\n")
	e.InForce = e.Evidence != ""
	if !e.InForce {
		e.Evidence = "no proxy has a toxic of this step"
	}
	return e, err
}

// lines joins the texts that are not empty.
func lines(texts []string, between string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == "" }), between)
}
