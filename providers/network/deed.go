package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// deed is a network fault. It keeps nothing but the surroundings.
type deed struct {
	kind kind
	env  providers.Env
}

var (
	_ providers.Deed   = (*deed)(nil)
	_ providers.Armer  = (*deed)(nil)
	_ providers.Stager = (*deed)(nil)
)

// placed is a rule and where it is put.
type placed struct {
	Place providers.Place    `json:"place"`
	Rule  providers.LinkRule `json:"rule"`
}

// found is what one mechanism had in force before.
type found struct {
	Place providers.Place      `json:"place"`
	Rules []providers.LinkRule `json:"rules,omitempty"`
}

// Prepare implements providers.Deed.
func (d *deed) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	rules, err := d.rules(id, raw)
	if err != nil {
		return providers.Handle{}, err
	}
	name := providers.UniqueName(id.Run, id.Step)
	var places []providers.Place
	var before []found
	for _, r := range rules {
		links, err := d.links(r.Place)
		if err != nil {
			return providers.Handle{}, err
		}
		now, err := links.Rules(ctx)
		if err != nil {
			return providers.Handle{}, fmt.Errorf("read the network rules of %s: %w", r.Place, err)
		}
		if has(now, name) != nil {
			return providers.Handle{}, fmt.Errorf("%s has a rule %s already, which only an earlier attempt of this step can have left: run `xdc recover %s` first", r.Place, name, id.Run)
		}
		places = append(places, r.Place)
		before = append(before, found{r.Place, now})
	}
	h, err := providers.NewHandle(id, Name, d.kind.name, places, before, nil, rules)
	h.Names = []string{name}
	return h, err
}

func (d *deed) rules(id providers.StepID, raw json.RawMessage) ([]placed, error) {
	a, err := d.kind.decode(raw)
	if err != nil {
		return nil, err
	}
	if err := a.validate(d.kind).Err(); err != nil {
		return nil, err
	}
	points, err := a.points(d.env.Targets)
	if err != nil {
		return nil, err
	}
	name := providers.UniqueName(id.Run, id.Step)
	out := make([]placed, len(points))
	for i, p := range points {
		out[i] = placed{p.place, d.kind.rule(a, name, p.address)}
	}
	return out, nil
}

func (d *deed) links(at providers.Place) (providers.Links, error) {
	if d.env.Links == nil {
		return nil, fmt.Errorf("%s at %s: the target offers no mechanism for network faults: %w", d.kind.name, at, providers.ErrUnsupported)
	}
	l, err := d.env.Links(at)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", d.kind.name, at, err)
	}
	return l, nil
}

func has(rules []providers.LinkRule, name string) *providers.LinkRule {
	for i := range rules {
		if rules[i].Name == name {
			return &rules[i]
		}
	}
	return nil
}

// Inject implements providers.Deed. What was applied before an error is left to Heal.
func (d *deed) Inject(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(p placed, links providers.Links) error {
		if err := links.Apply(ctx, p.Rule); err != nil {
			return fmt.Errorf("put the rule in force at %s: %w", p.Place, err)
		}
		return nil
	}, true)
}

// each goes through the places of a handle. With first it stops at the first error, else it tries them all.
func (d *deed) each(h providers.Handle, do func(placed, providers.Links) error, first bool) error {
	var rules []placed
	if err := json.Unmarshal(h.Args, &rules); err != nil {
		return fmt.Errorf("read the handle of %s: %w", h.Step, err)
	}
	var errs []error
	for _, r := range rules {
		links, err := d.links(r.Place)
		if err == nil {
			err = do(r, links)
		}
		if err != nil {
			errs = append(errs, err)
			if first {
				break
			}
		}
	}
	return errors.Join(errs...)
}

// Verify implements providers.Deed: it reads the rules back.
func (d *deed) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{InForce: true, Low: time.Now()}
	var seen []string
	err := d.each(h, func(p placed, links providers.Links) error {
		now, err := links.Rules(ctx)
		if err != nil {
			return fmt.Errorf("read the network rules of %s: %w", p.Place, err)
		}
		got := has(now, p.Rule.Name)
		switch {
		case got == nil:
			e.InForce = false
			seen = append(seen, fmt.Sprintf("%s has no rule %s", p.Place, p.Rule.Name))
		case !same(*got, p.Rule):
			return fmt.Errorf("the rule %s at %s is not the one that was put there: something else has changed it", p.Rule.Name, p.Place)
		default:
			seen = append(seen, fmt.Sprintf("rule %s is in force at %s", p.Rule.Name, p.Place))
		}
		return nil
	}, true)
	e.High = time.Now()
	e.Evidence = strings.Join(seen, "; ")
	return e, err
}

// same compares rules whatever the order of their lists.
func same(a, b providers.LinkRule) bool {
	for _, r := range []*providers.LinkRule{&a, &b} {
		r.Networks, r.Ports = slices.Clone(r.Networks), slices.Clone(r.Ports)
		slices.Sort(r.Networks)
		slices.Sort(r.Ports)
		if len(r.Ports) == 0 {
			r.Ports = nil
		}
	}
	return reflect.DeepEqual(a, b)
}

// Heal implements providers.Deed.
func (d *deed) Heal(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(p placed, links providers.Links) error {
		if err := links.Remove(ctx, p.Rule.Name); err != nil {
			return fmt.Errorf("remove the rule %s at %s: %w", p.Rule.Name, p.Place, err)
		}
		return nil
	}, false)
}

// VerifyHealed implements providers.Deed. Rules of others come and go; only this deed's own must be away.
func (d *deed) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now()}
	var left []string
	err := d.each(h, func(p placed, links providers.Links) error {
		now, err := links.Rules(ctx)
		if err != nil {
			return fmt.Errorf("read the network rules of %s: %w", p.Place, err)
		}
		if has(now, p.Rule.Name) != nil {
			left = append(left, p.Place.String())
		}
		return nil
	}, false)
	e.High, e.InForce = time.Now(), len(left) > 0
	e.Evidence = "the rule is away everywhere"
	if e.InForce {
		e.Evidence = "the rule is still in force at " + strings.Join(left, ", ")
	}
	return e, err
}

// Restage implements providers.Stager: a rule that is added again under its name replaces the old one.
func (d *deed) Restage(ctx context.Context, h providers.Handle, raw json.RawMessage) error {
	rules, err := d.rules(providers.StepID{Run: h.Run, Step: h.Step}, raw)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if !slices.Contains(h.Places, r.Place) {
			return fmt.Errorf("a stage cannot move the fault to %s, where its undo is not armed: keep `hosts` as it is", r.Place)
		}
		links, err := d.links(r.Place)
		if err != nil {
			return err
		}
		if err := links.Apply(ctx, r.Rule); err != nil {
			return fmt.Errorf("replace the rule at %s: %w", r.Place, err)
		}
	}
	return nil
}

// Arm implements providers.Armer.
func (d *deed) Arm(ctx context.Context, h providers.Handle, l providers.Lease) error {
	return d.each(h, func(p placed, links providers.Links) error {
		if err := links.Arm(ctx, p.Rule.Name, l); err != nil {
			return fmt.Errorf("arm the undo at %s: %w", p.Place, err)
		}
		return nil
	}, true)
}

// Renew implements providers.Armer.
func (d *deed) Renew(ctx context.Context, h providers.Handle, l providers.Lease) error {
	return d.each(h, func(p placed, links providers.Links) error {
		if err := links.Renew(ctx, p.Rule.Name, l); err != nil {
			return fmt.Errorf("renew the lease at %s: %w", p.Place, err)
		}
		return nil
	}, false)
}

// Disarm implements providers.Armer.
func (d *deed) Disarm(ctx context.Context, h providers.Handle) error {
	return d.each(h, func(p placed, links providers.Links) error {
		if err := links.Disarm(ctx, p.Rule.Name); err != nil {
			return fmt.Errorf("disarm at %s: %w", p.Place, err)
		}
		return nil
	}, false)
}
