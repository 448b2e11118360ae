package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
)

// standIn is a fault on the file systems of a stand-in.
type standIn struct {
	kind kind
	env  providers.Env
}

var (
	_ providers.Deed  = (*standIn)(nil)
	_ providers.Armer = (*standIn)(nil)
)

// taken is what is done at one place.
type taken struct {
	Place providers.Place      `json:"place"`
	Rule  providers.VolumeRule `json:"rule"`
}

// Prepare looks what the file systems are like, and refuses what they cannot bear.
func (d *standIn) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	a, diags := d.kind.decode(raw)
	if err := diags.Err(); err != nil {
		return providers.Handle{}, err
	}
	points, err := host.Points(d.env.Targets, a.Hosts)
	if err != nil {
		return providers.Handle{}, err
	}
	name := providers.UniqueName(id.Run, id.Step)
	var does []taken
	var places []providers.Place
	var before []providers.Volume
	for _, p := range points {
		now, err := d.look(ctx, p.Place, a.Path)
		if err != nil {
			return providers.Handle{}, err
		}
		if has(now.Rules, name) {
			return providers.Handle{}, fmt.Errorf("%s has %s already, which only an earlier attempt of this step can have left: run `xdc recover %s` first", p.Place, name, id.Run)
		}
		r := providers.VolumeRule{Name: name, Folder: a.Path, Gone: d.kind.name == "resource_unmount"}
		if !r.Gone {
			if r.Take, err = a.take(now); err != nil {
				return providers.Handle{}, fmt.Errorf("%s at %s: %w", d.kind.name, p.Place, err)
			}
		}
		does, places, before = append(does, taken{p.Place, r}), append(places, p.Place), append(before, now)
	}
	h, err := providers.NewHandle(id, Name, d.kind.name, places, before, nil, does)
	h.Names = []string{name}
	return h, err
}

func (d *standIn) look(ctx context.Context, p providers.Place, folder string) (providers.Volume, error) {
	v, err := d.env.Volumes(p)
	if err != nil {
		return providers.Volume{}, fmt.Errorf("%s at %s: %w", d.kind.name, p, err)
	}
	now, err := v.Look(ctx, folder)
	if err != nil {
		return now, fmt.Errorf("look at the file system of %s at %s: %w", folder, p, err)
	}
	return now, nil
}

func has(rules []providers.VolumeRule, name string) bool {
	return slices.ContainsFunc(rules, func(r providers.VolumeRule) bool { return r.Name == name })
}

// take is how many bytes are to be taken of a file system.
func (a *arguments) take(v providers.Volume) (int64, error) {
	n := int64(0)
	if a.Size != nil {
		n = int64(*a.Size)
	} else {
		n = int64(*a.Level*float64(v.Size)) - (v.Size - v.Free)
	}
	reserve := max(v.Size/100, 64<<20)
	if a.Reserve != nil {
		reserve = int64(*a.Reserve)
	}
	switch {
	case n <= 0:
		return 0, fmt.Errorf("%d%% of the file system are in use already: level asks for no more", (v.Size-v.Free)*100/v.Size)
	case v.Free-n < reserve:
		return 0, fmt.Errorf("taking %s of the file system would leave less than the reserve of %s: %s are free; take less, or lower reserve", inBytes(float64(n)), inBytes(float64(reserve)), inBytes(float64(v.Free)))
	}
	return n, nil
}

// each goes through the places of a handle; it tries them all.
func (d *standIn) each(h providers.Handle, do func(t taken, v providers.Volumes) error) error {
	var does []taken
	if err := json.Unmarshal(h.Args, &does); err != nil {
		return fmt.Errorf("read the handle of %s: %w", h.Step, err)
	}
	var errs []error
	for _, t := range does {
		v, err := d.env.Volumes(t.Place)
		if err == nil {
			err = do(t, v)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s at %s: %w", h.Type, t.Place, err))
		}
	}
	return errors.Join(errs...)
}

// Inject implements providers.Deed.
func (d *standIn) Inject(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(t taken, v providers.Volumes) error { return v.Apply(ctx, t.Rule) })
}

// Verify implements providers.Deed.
func (d *standIn) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{InForce: true, Low: time.Now()}
	var seen []string
	err := d.each(h, func(t taken, v providers.Volumes) error {
		now, err := v.Look(ctx, t.Rule.Folder)
		if err != nil {
			return err
		}
		there := has(now.Rules, t.Rule.Name)
		e.InForce = e.InForce && there
		switch {
		case !there:
			seen = append(seen, t.Place.String()+": nothing of it is there")
		case t.Rule.Gone:
			seen = append(seen, t.Place.String()+": the folder is covered")
		default:
			seen = append(seen, fmt.Sprintf("%s: %d%% of the file system are in use, %s are free", t.Place, (now.Size-now.Free)*100/now.Size, inBytes(float64(now.Free))))
		}
		return nil
	})
	e.High, e.Evidence = time.Now(), strings.Join(seen, "; ")
	return e, err
}

// Heal implements providers.Deed.
func (d *standIn) Heal(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(t taken, v providers.Volumes) error { return v.Remove(ctx, t.Rule.Name) })
}

// VerifyHealed implements providers.Deed.
func (d *standIn) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now(), Evidence: "nothing of it is left"}
	err := d.each(h, func(t taken, v providers.Volumes) error {
		now, err := v.Look(ctx, t.Rule.Folder)
		if err == nil && has(now.Rules, t.Rule.Name) {
			e.InForce, e.Evidence = true, "left at "+t.Place.String()
		}
		return err
	})
	e.High = time.Now()
	return e, err
}

// Arm implements providers.Armer.
func (d *standIn) Arm(ctx context.Context, h providers.Handle, l providers.Lease) error {
	return d.each(h, func(t taken, v providers.Volumes) error { return v.Arm(ctx, t.Rule.Name, l) })
}

// Renew implements providers.Armer.
func (d *standIn) Renew(ctx context.Context, h providers.Handle, l providers.Lease) error {
	return d.each(h, func(t taken, v providers.Volumes) error { return v.Renew(ctx, t.Rule.Name, l) })
}

// Disarm implements providers.Armer.
func (d *standIn) Disarm(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(t taken, v providers.Volumes) error { return v.Disarm(ctx, t.Rule.Name) })
}
