package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// peFault stops PEs; the heal starts them.
func peFault() providers.FaultType {
	return providers.FaultType{
		Name: "streams_pe",
		Doc:  "Stops PEs of a job through the API: those that hold a named operator, those named by id, or all. The heal starts them again; what they held in memory is gone.",
		Schema: &schema.Block{
			Name: "streams_pe", Description: "Stops PEs; the heal starts them again.",
			Attributes: append([]schema.Attribute{targetAttr, jobAttr, operatorAttr, pesAttr}, viaAttrs...),
		},
		Example:  "job      = job.orders[\"dc1\"]\noperator = \"RemoteDataCenterHeartbeatWatchdog\"\nduration = \"20s\"",
		Twin:     true,
		Describe: describeStopPE,
		New:      func(env providers.Env) providers.Deed { return stopPE{env} },
	}
}

func describeStopPE(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a stopPEArgs
	if err := decode(raw, &a); err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	path := a.Target + "." + a.Job
	link := baseURL(s, a.Target) + "/pes/{id}"
	d := providers.Description{
		SideEffects: true,
		Summary:     fmt.Sprintf("stops %s of %s at %s", a.words(), a.Job, a.Target),
		Effects:     []providers.Line{a.line(s, a.Target, "stop_pe", link, "{id}")},
		Undo:        []providers.Line{a.line(s, a.Target, "start_pe", link, "{id}")},
		Places:      []providers.Place{a.place(a.Target)},
		Jobs:        []string{path},
	}
	if a.Operator == "" && len(a.PEs) == 0 {
		d.Stops = d.Jobs
	}
	return d, slices.Concat(a.which.validate(), a.via.validate(a.Target), validateConnection(s, a.Target))
}

// stopPEArgs are the arguments.
type stopPEArgs struct {
	which
	via
}

type peUndo struct {
	via
	Target string   `json:"target"`
	Job    string   `json:"job,omitempty"` // its id
	PEs    []string `json:"pes"`           // ids
	// Operations are the calls by name; handles of older versions have none.
	Operations map[string]operation `json:"operations,omitempty"`
}

type stopPE struct{ env providers.Env }

var _ providers.Deed = stopPE{}

// Prepare finds the PEs; those that do not run already are left alone.
func (d stopPE) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a stopPEArgs
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	s, j, err := a.find(ctx, d.env)
	if err != nil {
		return providers.Handle{}, err
	}
	pes, err := s.pes(ctx, j.ID)
	if err != nil {
		return providers.Handle{}, err
	}
	u := peUndo{via: a.via, Target: a.Target, Job: string(j.ID)}
	if u.Operations, err = s.resolve(ctx, a.via, "stop_pe", "start_pe"); err != nil {
		return providers.Handle{}, err
	}
	for _, pe := range pes {
		if pe.Status == "running" && a.means(pe) {
			u.PEs = append(u.PEs, string(pe.ID))
		}
	}
	if len(u.PEs) == 0 {
		return providers.Handle{}, fmt.Errorf("find %s of %s at %s: no running PE is meant; job %s has %s", a.words(), a.Job, a.Target, j.ID, listPEs(pes))
	}
	return providers.NewHandle(id, Name, "streams_pe", []providers.Place{a.place(a.Target)}, u, u, nil)
}

func listPEs(pes []rest.PE) string {
	if len(pes) == 0 {
		return "no PEs"
	}
	var out []string
	for _, pe := range pes[:min(len(pes), 10)] {
		names := make([]string, 0, len(pe.Operators))
		for _, o := range pe.Operators[:min(len(pe.Operators), 5)] {
			names = append(names, o.Name)
		}
		out = append(out, fmt.Sprintf("PE %s (%s: %s)", pe.ID, snake(pe.Status), strings.Join(names, ", ")))
	}
	return strings.Join(out, "; ")
}

// each goes through the PEs of a handle; it tries them all.
func (d stopPE) each(ctx context.Context, h providers.Handle, do func(s *Session, u peUndo, on subject) error) error {
	var u peUndo
	if err := decode(h.Undo, &u); err != nil {
		return err
	}
	s, err := open(d.env, u.Target)
	if err != nil {
		return err
	}
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range u.PEs {
		errs = append(errs, do(s, u, subject{kind: "pe", self: rest.Join(i.PEs, "/"+url.PathEscape(id)), id: id, job: u.Job}))
	}
	return errors.Join(errs...)
}

// Inject stops them.
func (d stopPE) Inject(ctx context.Context, h providers.Handle) error {
	return d.each(ctx, h, func(s *Session, u peUndo, on subject) error {
		status, err := s.peStatus(ctx, on.self)
		if err != nil || status == "stopped" || status == "stopping" {
			return err
		}
		return u.act(ctx, d.env, s, u.Operations, "stop_pe", on)
	})
}

// Heal starts those that are there and are stopped. One that is still stopping is started by the next attempt.
func (d stopPE) Heal(ctx context.Context, h providers.Handle) error {
	return d.each(ctx, h, func(s *Session, u peUndo, on subject) error {
		status := ""
		err := until(ctx, "PE "+on.id+" to have stopped", func() (bool, error) {
			var err error
			status, err = s.peStatus(ctx, on.self)
			return status != "stopping", err
		})
		if err != nil || status != "stopped" {
			return err
		}
		return u.act(ctx, d.env, s, u.Operations, "start_pe", on)
	})
}

// peStatus reads the status of one PE; one that is gone with its job has none.
func (s *Session) peStatus(ctx context.Context, link string) (string, error) {
	var got struct {
		Status string `json:"status"`
	}
	err := s.client.Get(ctx, "look at the PE", link, &got)
	if rest.NotFound(err) {
		return "", nil
	}
	return got.Status, err
}

// look compares the PEs with what they should be.
func (d stopPE) look(ctx context.Context, h providers.Handle, want func(status string) bool) (all bool, e providers.Effect, err error) {
	e.Low, all = time.Now(), true
	var seen []string
	err = d.each(ctx, h, func(s *Session, _ peUndo, on subject) error {
		status, err := s.peStatus(ctx, on.self)
		all = all && want(status)
		if status == "" {
			status = "gone"
		}
		seen = append(seen, fmt.Sprintf("PE %s is %s", on.id, snake(status)))
		return err
	})
	e.High, e.Evidence = time.Now(), strings.Join(seen, "; ")
	return all, e, err
}

// Verify looks whether all of them are stopped.
func (d stopPE) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	all, e, err := d.look(ctx, h, func(s string) bool { return s == "stopped" })
	e.InForce = all
	return e, err
}

// VerifyHealed looks whether all of them run, as far as their job is still there.
func (d stopPE) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	all, e, err := d.look(ctx, h, func(s string) bool { return s == "running" || s == "" })
	e.InForce = !all
	return e, err
}
