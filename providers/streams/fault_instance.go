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
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// instanceFault stops an instance; the heal starts it and brings back the jobs of the plan.
func instanceFault() providers.FaultType {
	return providers.FaultType{
		Name: "streams_instance",
		Doc:  "Stops an instance: its jobs end and its data service goes away, as when a data centre is lost. The heal starts the instance and submits the jobs of this plan again; jobs of others do not come back by themselves.",
		Schema: &schema.Block{
			Name: "streams_instance", Description: "Stops an instance; the heal starts it again.",
			Attributes: append([]schema.Attribute{
				{
					Name: "target", Type: cty.String, Form: schema.TargetRef, Required: true, Public: true, Example: "target.dc1",
					Description: "The target whose instance is stopped.",
				},
				{
					Name: "restore", Type: cty.Bool, Default: cty.True, Public: true, Example: "false",
					Description: "Whether the heal also submits again the jobs that this plan had submitted to the instance.",
				},
			}, viaAttrs...),
		},
		Example:  "target   = target.dc1\nduration = \"60s\"",
		Twin:     true,
		Describe: describeStopInstance,
		New:      func(env providers.Env) providers.Deed { return stopInstance{env} },
	}
}

type stopInstanceArgs struct {
	Target  string `json:"target"`
	Restore *bool  `json:"restore"`
	via
}

func (a stopInstanceArgs) restore() bool { return a.Restore == nil || *a.Restore }

func describeStopInstance(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a stopInstanceArgs
	if err := decode(raw, &a); err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	return describeStop(s, a)
}

func describeStop(s providers.Scope, a stopInstanceArgs) (providers.Description, diag.List) {
	base := baseURL(s, a.Target)
	d := providers.Description{
		SideEffects: true,
		Summary:     "stops the instance at " + a.Target + " and every job in it",
		Effects:     []providers.Line{a.line(s, a.Target, "stop_instance", base, "")},
		Undo:        []providers.Line{a.line(s, a.Target, "start_instance", base, "")},
		Places:      []providers.Place{a.place(a.Target)},
	}
	var lost []string
	back := false
	for _, j := range s.Jobs {
		if j.Target != a.Target {
			continue
		}
		d.Jobs = append(d.Jobs, j.Target+"."+j.Path)
		if j.Adopt != "" || j.Launched != "" || !a.restore() {
			lost = append(lost, j.Path)
		} else {
			back = true
		}
	}
	d.Stops = slices.Clone(d.Jobs)
	if back {
		d.Undo = append(d.Undo, providers.Line{Place: a.Target, Text: "POST " + base + "/jobs  (for each job that this plan had submitted: the same name, bundle and parameters)"})
	}
	out := append(a.validate(a.Target), validateConnection(s, a.Target)...)
	if len(lost) > 0 {
		d.Undo = append(d.Undo, providers.Line{Place: a.Target, Text: "not undone: " + strings.Join(lost, ", ") + " stays down"})
		out = append(out, diag.Diagnostic{
			Severity: diag.Warning, Code: diag.StreamsPartialUndo, Summary: "Not all of this is undone", Path: cty.GetAttrPath("target"),
			Detail: fmt.Sprintf("Stopping the instance ends %s, and starting it again does not bring that back: somebody else has to.", strings.Join(lost, ", ")),
		})
	}
	return d, out
}

// stopInstanceUndo is all that starting again needs.
type stopInstanceUndo struct {
	via
	Target string    `json:"target"`
	Jobs   []lostJob `json:"jobs,omitempty"`
	// Operations are the calls by name; handles of older versions have none.
	Operations map[string]operation `json:"operations,omitempty"`
}

// lostJob is a job that the heal submits again.
type lostJob struct {
	Path       string  `json:"path"`
	Name       string  `json:"name"`
	Submission jobArgs `json:"submission"`
}

type stopInstance struct{ env providers.Env }

var _ providers.Deed = stopInstance{}

// Prepare refuses an instance that does not run, and notes the jobs of the plan that run in it.
func (d stopInstance) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a stopInstanceArgs
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	s, err := open(d.env, a.Target)
	if err != nil {
		return providers.Handle{}, err
	}
	i, err := s.now(ctx)
	if err != nil {
		return providers.Handle{}, err
	}
	if i.Status != "running" {
		return providers.Handle{}, fmt.Errorf("stop the instance %s at %s: it is %s already; start it first", i.ID, a.Target, snake(i.Status))
	}
	u := stopInstanceUndo{via: a.via, Target: a.Target}
	if u.Operations, err = s.resolve(ctx, a.via, "stop_instance", "start_instance"); err != nil {
		return providers.Handle{}, err
	}
	if a.restore() {
		for _, t := range s.jobs() {
			if t.spec != nil && t.id != "" {
				u.Jobs = append(u.Jobs, lostJob{t.info.Path, t.name, *t.spec})
			}
		}
	}
	return providers.NewHandle(id, Name, "streams_instance", []providers.Place{a.place(a.Target)}, map[string]string{"status": i.Status}, u, nil)
}

// now reads the instance again.
func (s *Session) now(ctx context.Context) (rest.Instance, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return i, err
	}
	return s.client.Now(ctx, i)
}

func (d stopInstance) open(h providers.Handle) (u stopInstanceUndo, s *Session, err error) {
	if err = decode(h.Undo, &u); err != nil {
		return u, nil, err
	}
	s, err = open(d.env, u.Target)
	return u, s, err
}

// Inject stops it.
func (d stopInstance) Inject(ctx context.Context, h providers.Handle) error {
	u, s, err := d.open(h)
	if err != nil {
		return err
	}
	i, err := s.now(ctx)
	if err != nil || i.Status == "stopped" || i.Status == "stopping" {
		return err
	}
	return u.act(ctx, d.env, s, u.Operations, "stop_instance", subject{kind: "instance", self: i.Self})
}

// Verify looks whether it is stopped.
func (d stopInstance) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now()}
	_, s, err := d.open(h)
	if err != nil {
		return e, err
	}
	i, err := s.now(ctx)
	e.High = time.Now()
	e.InForce = i.Status == "stopped"
	e.Evidence = fmt.Sprintf("the instance %s at %s is %s", i.ID, s.target, snake(i.Status))
	return e, err
}

// Heal starts it and submits the jobs again that are not there.
func (d stopInstance) Heal(ctx context.Context, h providers.Handle) error {
	u, s, err := d.open(h)
	if err != nil {
		return err
	}
	asked := false
	err = until(ctx, "the instance at "+u.Target+" to run", func() (bool, error) {
		i, err := s.now(ctx)
		if err == nil && i.Status == "stopped" && !asked {
			asked = true
			err = u.act(ctx, d.env, s, u.Operations, "start_instance", subject{kind: "instance", self: i.Self})
			if errors.Is(err, rest.ErrStarted) {
				err = nil // somebody else was faster
			}
		}
		return i.Status == "running", err
	})
	if err != nil {
		return err
	}
	for _, j := range u.Jobs {
		if err := s.bringBack(ctx, d.env, j.Submission, j.Name); err != nil {
			return err
		}
	}
	return nil
}

// VerifyHealed looks whether it runs, and whether the jobs are running and healthy again.
func (d stopInstance) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now(), InForce: true}
	u, s, err := d.open(h)
	if err != nil {
		return e, err
	}
	i, err := s.now(ctx)
	e.High = time.Now()
	e.Evidence = fmt.Sprintf("the instance %s at %s is %s", i.ID, u.Target, snake(i.Status))
	if err != nil || i.Status != "running" {
		return e, err
	}
	for _, j := range u.Jobs {
		up, err := s.jobUp(ctx, j.Name, j.Submission)
		if err != nil {
			return e, err
		}
		e.High = up.High
		e.Evidence += "; " + up.Evidence
		if !up.InForce {
			return e, nil
		}
		s.follow(j.Path, up.Result)
	}
	e.InForce = false
	return e, nil
}
