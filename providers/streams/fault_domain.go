package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/shell"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// The operations on domains, which streamtool alone carries out: the API goes with the domain.
const (
	stopDomain  = "stop_domain"
	startDomain = "start_domain"
)

// domainFault stops an instance and then its domain; the heal starts both and brings back the jobs of the plan.
func domainFault() providers.FaultType {
	const doc = "Stops an instance and then the domain it is in, with the management API and every other service: what an operator sees of a data centre that is gone. streamtool on a host does it, since the API that is stopped cannot start itself. The heal starts the domain and the instance, and submits the jobs of this plan again; jobs of others do not come back by themselves."
	return providers.FaultType{
		Name: "streams_domain", Doc: doc,
		Schema: &schema.Block{
			Name: "streams_domain", Description: "Stops an instance and its domain by streamtool on a host; the heal starts both.",
			Attributes: []schema.Attribute{
				{Name: "target", Type: cty.String, Form: schema.TargetRef, Required: true, Public: true, Example: "target.dc1", Description: "The target whose domain is stopped. It must have no other instance that runs. Give `domain` in the target's streams block unless the user of the host has STREAMS_DOMAIN_ID set."},
				{Name: "host", Type: cty.String, Form: schema.HostRef, Required: true, Public: true, Example: "target.dc1.host.edge", Description: "The host on which streamtool is run, as the user who logs in there; that user must be able to run it without being asked for a password."},
				{Name: "streamtool", Type: cty.String, Default: cty.StringVal("streamtool"), Public: true, Example: `"/opt/streams/bin/streamtool"`, Description: "The program, with its path where it is not in the user's."},
				{Name: "restore", Type: cty.Bool, Default: cty.True, Public: true, Example: "false", Description: "Whether the heal also submits again the jobs that this plan had submitted to the instance."},
			},
		},
		Example:  "target   = target.dc1\nhost     = target.dc1.host.edge\nduration = \"60s\"",
		Twin:     true,
		Describe: describeDomain,
		New:      func(env providers.Env) providers.Deed { return stopTheDomain{env} },
	}
}

func domainArgs(raw json.RawMessage) (a stopInstanceArgs, err error) {
	err = decode(raw, &a)
	a.Via = viaStreamtool
	return a, err
}

func describeDomain(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	a, err := domainArgs(raw)
	if err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	d, out := describeStop(s, a)
	domain := connectionOf(s, a.Target).Domain
	line := func(op string) providers.Line {
		return providers.Line{Place: a.Host, Text: shell.Show(a.command(op, domain, "", ""))}
	}
	d.Summary = "stops the instance and the domain at " + a.Target + ", with the management API"
	d.Effects = append(d.Effects, line(stopDomain))
	d.Undo = slices.Insert(d.Undo, 0, line(startDomain))
	return d, out
}

// domainUndo is all that starting again needs.
type domainUndo struct {
	via
	Target   string           `json:"target"`
	Instance stopInstanceUndo `json:"instance"`
}

type stopTheDomain struct{ env providers.Env }

var _ providers.Deed = stopTheDomain{}

// Prepare looks at the instance, and whether streamtool is there.
func (d stopTheDomain) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	a, err := domainArgs(raw)
	if err != nil {
		return providers.Handle{}, err
	}
	inner, err := json.Marshal(a)
	if err != nil {
		return providers.Handle{}, err
	}
	h, err := stopInstance(d).Prepare(ctx, id, inner)
	if err != nil {
		return h, err
	}
	u := domainUndo{via: a.via, Target: a.Target}
	if err := decode(h.Undo, &u.Instance); err != nil {
		return h, err
	}
	if d.env.Domain == nil {
		if err := a.found(ctx, d.env); err != nil {
			return h, err
		}
	}
	return providers.NewHandle(id, Name, "streams_domain", []providers.Place{a.place(a.Target)}, map[string]string{"domain": "running"}, u, nil)
}

// found looks whether streamtool is on its host.
func (v via) found(ctx context.Context, env providers.Env) error {
	if env.Machine == nil {
		return fmt.Errorf("look for streamtool: there is no machine here: %w", providers.ErrUnsupported)
	}
	target, _, _ := strings.Cut(v.Host, ".")
	m, err := env.Machine(v.place(target))
	if err != nil {
		return fmt.Errorf("look for streamtool on %s: %w", v.Host, err)
	}
	program := v.command(stopDomain, "", "", "")[0]
	out, err := m.Run(ctx, shell.Script{Name: "look for streamtool", Text: `command -v "$TOOL" > /dev/null`, Plain: true}.Set("TOOL", program))
	if err != nil {
		return fmt.Errorf("look for streamtool on %s: %w", v.Host, err)
	}
	if out.Exit != 0 {
		return fmt.Errorf("look for streamtool on %s: there is no program %s for the user who logs in there; give `streamtool` with its path", v.Host, program)
	}
	return nil
}

func (d stopTheDomain) open(h providers.Handle) (u domainUndo, inner providers.Handle, s *Session, err error) {
	if err = decode(h.Undo, &u); err != nil {
		return u, h, nil, err
	}
	inner = h
	if inner.Undo, err = json.Marshal(u.Instance); err != nil {
		return u, h, nil, err
	}
	s, err = open(d.env, u.Target)
	return u, inner, s, err
}

// answers reports whether the management API answers, whatever it says; why says what happens instead.
func (s *Session) answers(ctx context.Context) (yes bool, why string) {
	_, err := s.client.Ping(ctx)
	if err == nil || rest.StatusOf(err) > 0 {
		return true, "the management API of " + s.target + " answers"
	}
	return false, fmt.Sprintf("the management API of %s does not answer: %v", s.target, err)
}

// set stops or starts the domain.
func (d stopTheDomain) set(ctx context.Context, u domainUndo, s *Session, running bool) error {
	if d.env.Domain != nil {
		dom, err := d.env.Domain(u.Target)
		if err != nil {
			return err
		}
		return dom.Set(ctx, running)
	}
	if running {
		return u.run(ctx, d.env, s, "start the domain at "+u.Target, startDomain, "", "")
	}
	return u.run(ctx, d.env, s, "stop the domain at "+u.Target, stopDomain, "", "")
}

// errCannotTell says that a domain may run behind an API that cannot be reached.
var errCannotTell = errors.New("whether the domain is stopped cannot be told")

// confirm finds out whether a domain whose API does not answer is stopped: that it does not answer here says nothing of why.
// A twin knows. streamtool is told to stop it, on its host: that works when it stops the domain, and is refused while an
// instance runs in it. Assumption streamtool.commands.
func (d stopTheDomain) confirm(ctx context.Context, u domainUndo, s *Session, why string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var err error
	if d.env.Domain != nil {
		dom, bad := d.env.Domain(u.Target)
		running := false
		if err = bad; err == nil {
			running, err = dom.Running(ctx)
		}
		if err == nil && !running {
			return nil
		}
	} else if err = d.set(ctx, u, s, false); err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	const todo = "look at the way from this machine to the API, and whether the domain runs (streamtool lsdomain on its host), and run again when the API answers"
	if err != nil {
		return fmt.Errorf("stop the domain at %s: %w: %s, and %w; %s", u.Target, errCannotTell, why, err, todo)
	}
	return fmt.Errorf("stop the domain at %s: it runs, and %s; %s", u.Target, why, todo)
}

// Inject stops the instance, and when that is stopped the domain.
func (d stopTheDomain) Inject(ctx context.Context, h providers.Handle) error {
	u, inner, s, err := d.open(h)
	if err != nil {
		return err
	}
	if up, why := s.answers(ctx); !up {
		return d.confirm(ctx, u, s, why)
	}
	if err := stopInstance(d).Inject(ctx, inner); err != nil {
		return err
	}
	err = until(ctx, "the instance at "+u.Target+" to be stopped", func() (bool, error) {
		i, err := s.now(ctx)
		return i.Status == "stopped", err
	})
	if err != nil {
		return err
	}
	return d.set(ctx, u, s, false)
}

// Verify looks whether the API is gone.
func (d stopTheDomain) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now()}
	_, _, s, err := d.open(h)
	if err != nil {
		return e, err
	}
	up, why := s.answers(ctx)
	e.InForce, e.Evidence, e.High = !up && ctx.Err() == nil, why, time.Now()
	return e, ctx.Err()
}

// errNotBack says that a domain was started and its API is not there.
var errNotBack = errors.New("its management API does not answer yet")

// Heal starts the domain where its API does not answer, and then what was in it.
func (d stopTheDomain) Heal(ctx context.Context, h providers.Handle) error {
	u, inner, s, err := d.open(h)
	if err != nil {
		return err
	}
	if up, _ := s.answers(ctx); !up {
		started := d.set(ctx, u, s, true)
		// Whether it had been started before, or was being, its API says.
		waiting, cancel := context.WithTimeoutCause(ctx, domainStart, errNotBack)
		err := until(waiting, "the domain at "+u.Target+" to run", func() (bool, error) {
			up, _ := s.answers(waiting)
			return up, nil
		})
		cancel()
		if err != nil {
			return errors.Join(started, err)
		}
	}
	return stopInstance(d).Heal(ctx, inner)
}

// domainStart is how long a domain may take to start; who heals tries again.
const domainStart = 2 * time.Minute

// VerifyHealed looks whether the API answers, and whether the instance and its jobs are there again.
func (d stopTheDomain) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now(), InForce: true}
	_, inner, s, err := d.open(h)
	if err != nil {
		return e, err
	}
	if up, why := s.answers(ctx); !up {
		e.Evidence, e.High = why, time.Now()
		return e, ctx.Err()
	}
	return stopInstance(d).VerifyHealed(ctx, inner)
}
