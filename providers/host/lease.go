package host

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
)

// hundredths is a duration as the scripts count it; it is rounded down, so that a lease is never longer than asked.
func hundredths(d time.Duration) string {
	return strconv.FormatInt(max(int64(d/(10*time.Millisecond)), 1), 10)
}

// Arm implements providers.Armer: it installs the undo and starts the watchdog, and returns when it is seen alive.
func (d *deed) Arm(ctx context.Context, h providers.Handle, l providers.Lease) error {
	_, name, err := works(h)
	if err != nil {
		return err
	}
	set := func(a armed, _ shell.Script) (shell.Script, error) {
		undo, err := a.script(name, "undo", a.Undo, "xdc_body").Program()
		if err != nil {
			return shell.Script{}, fmt.Errorf("arm the undo at %s: %w", a.Place, err)
		}
		dog, err := a.script(name, "watch", shell.Script{}, watch).Program()
		if err != nil {
			return shell.Script{}, fmt.Errorf("arm the undo at %s: %w", a.Place, err)
		}
		info, err := json.Marshal(Installed{Run: h.Run, Step: h.Step, Type: h.Type, Name: name, Place: a.Place, Since: time.Now().UTC().Truncate(time.Second)})
		if err != nil {
			return shell.Script{}, err
		}
		return shell.Script{}.Set("UNDO", undo).Set("WATCH", dog).Set("INFO", string(info)).
			Set("TTL", hundredths(l.TTL.D())).Set("DEADLINE", hundredths(l.Deadline.D())), nil
	}
	return d.each(ctx, h, "arm", func(armed) shell.Script { return shell.Script{} }, arm, set, func(a armed, out shell.Output) error {
		if out.Exit == exitThere {
			return fmt.Errorf("arm the undo at %s: %s/%s is there already: an earlier attempt of this step has left it; run `xdc recover` first", a.Place, a.Base, name)
		}
		return must("arm the undo")(a, out)
	})
}

// Renew implements providers.Armer.
func (d *deed) Renew(ctx context.Context, h providers.Handle, l providers.Lease) error {
	set := func(_ armed, s shell.Script) (shell.Script, error) {
		return s.Set("TTL", hundredths(l.TTL.D())), nil
	}
	return d.each(ctx, h, "renew", func(a armed) shell.Script { return a.Renew }, renew, set, must("renew the lease"))
}

// Disarm implements providers.Armer.
func (d *deed) Disarm(ctx context.Context, h providers.Handle) error {
	return d.each(ctx, h, "disarm", func(armed) shell.Script { return shell.Script{} }, disarm, nil, must("disarm"))
}

// Installed is what the folder of a fault on a machine says about itself.
type Installed struct {
	Run   string          `json:"run"`
	Step  string          `json:"step"`
	Type  string          `json:"type"`
	Name  string          `json:"name"`
	Place providers.Place `json:"place"`
	Since time.Time       `json:"since"`
}
