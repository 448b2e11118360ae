package toxiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/xdc-project/xdc/providers"
)

// Restage implements providers.Stager.
func (d *deed) Restage(ctx context.Context, h providers.Handle, raw json.RawMessage) error {
	u, _, err := read(h)
	if err != nil {
		return err
	}
	spots, toxics, err := d.wanted(providers.StepID{Run: h.Run, Step: h.Step}, raw)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range toxics {
		names = append(names, t.Name)
	}
	if !slices.Equal(spots, u.Spots) || !slices.Equal(names, u.Toxics) {
		return errors.New("a stage cannot move the fault to other proxies or another stream, for which nothing undoes it: keep `target`, `proxies` and `stream` as they are")
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
			if err := c.update(whole, s.Proxy, t); err != nil {
				return err
			}
		}
	}
	return nil
}
