package streams

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// pollEvery is how often an action looks whether what it asked for has come about.
const pollEvery = 250 * time.Millisecond

// deed is what an action does to a job.
type deed func(ctx context.Context, env providers.Env, s *Session, j rest.Job, t jobTarget) error

func actions() []providers.ActionType {
	return []providers.ActionType{
		action("streams_job_cancel", "Cancels a job and waits until it is gone. Nothing submits it again.", "DELETE %s/jobs/{id}", cancelJob),
		action("streams_job_restart", "Cancels a job and submits the same bundle with the same parameters again, and waits until it is healthy: what an operator does to bring both sides together after a mutual DOWN.", "DELETE %s/jobs/{id}, then POST %[1]s/jobs", restartJob),
		action("streams_pe_restart", "Restarts the PEs of a job that hold an operator, or all, and waits until they run.", `POST %s/pes/{id}/actions  {"type":"restart"}`, restartPEs),
	}
}

func action(name, doc, shown string, do deed) providers.ActionType {
	attrs := []schema.Attribute{targetAttr, jobAttr}
	if name == "streams_pe_restart" {
		attrs = append(attrs, schema.Attribute{Name: "operator", Type: cty.String, Public: true, Example: `"Results"`, Description: "Restart the PE that holds this operator. Without it, all PEs of the job."})
	}
	return providers.ActionType{
		Name: name, Doc: doc, Twin: true,
		Schema:  &schema.Block{Name: name, Description: doc, Attributes: attrs},
		Example: "job = job.orders[\"dc1\"]\n",
		Describe: func(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			var t jobTarget
			if err := decode(raw, &t); err != nil {
				return providers.Description{}, diag.List{}.Append(err)
			}
			return providers.Description{
				Summary: doc, SideEffects: true,
				Effects: []providers.Line{{Place: t.Target, Text: fmt.Sprintf(shown, baseURL(s, t.Target))}},
				Places:  []providers.Place{{Target: t.Target}}, Jobs: []string{t.Target + "." + t.Job},
			}, noTarget(t)
		},
		New: func(env providers.Env) providers.Action { return jobAction{env, do} },
	}
}

type jobAction struct {
	env providers.Env
	do  deed
}

// Check looks at the target; the job may not be there yet.
func (a jobAction) Check(ctx context.Context, _ providers.StepID, raw json.RawMessage) error {
	var t jobTarget
	if err := decode(raw, &t); err != nil {
		return err
	}
	s, err := open(a.env, t.Target)
	if err != nil {
		return err
	}
	_, err = s.inst(ctx)
	return err
}

// Do carries it out.
func (a jobAction) Do(ctx context.Context, _ providers.StepID, raw json.RawMessage) (providers.ActionResult, error) {
	var t jobTarget
	if err := decode(raw, &t); err != nil {
		return providers.ActionResult{}, err
	}
	s, j, err := t.find(ctx, a.env)
	if err != nil {
		return providers.ActionResult{}, err
	}
	return providers.ActionResult{}, a.do(ctx, a.env, s, j, t)
}

func cancelJob(ctx context.Context, _ providers.Env, s *Session, j rest.Job, _ jobTarget) error {
	if err := s.client.Cancel(ctx, j); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		i, err := s.inst(ctx)
		if err != nil {
			return false, err
		}
		jobs, err := s.client.Jobs(ctx, i)
		for _, k := range jobs {
			if k.ID == j.ID && k.Status != "canceled" {
				return false, err
			}
		}
		return true, err
	})
}

func restartJob(ctx context.Context, env providers.Env, s *Session, j rest.Job, t jobTarget) error {
	raw, ok := env.JobArgs(t.Target, t.Job)
	if !ok {
		return fmt.Errorf("how %s was submitted is not known", t.Job)
	}
	var a jobArgs
	if err := decode(raw, &a); err != nil {
		return err
	}
	if a.Bundle == "" {
		return fmt.Errorf("%s was not submitted from a bundle and cannot be submitted again", t.Job)
	}
	if err := cancelJob(ctx, env, s, j, t); err != nil {
		return err
	}
	if err := submit(ctx, env, s, a, j.Name); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		e, err := s.jobUp(ctx, j.Name)
		if err == nil && e.InForce {
			s.follow(t.Job, e.Result)
		}
		return e.InForce, err
	})
}

func restartPEs(ctx context.Context, _ providers.Env, s *Session, j rest.Job, t jobTarget) error {
	pes, err := s.pes(ctx, string(j.ID))
	if err != nil {
		return err
	}
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	before := map[string]int64{}
	for _, pe := range pes {
		if !t.wants(pe) {
			continue
		}
		before[string(pe.ID)] = pe.LaunchCount.V
		if err := s.act(ctx, rest.Join(i.PEs, "/"+string(pe.ID)), "restart"); err != nil {
			return err
		}
	}
	if len(before) == 0 {
		return fmt.Errorf("no PE of %s at %s is meant by this action", t.Job, t.Target)
	}
	return until(ctx, func() (bool, error) {
		pes, err := s.pes(ctx, string(j.ID))
		for _, pe := range pes {
			if n, ok := before[string(pe.ID)]; ok && (pe.LaunchCount.V <= n || pe.Status != "running") {
				return false, err
			}
		}
		return true, err
	})
}

// until looks again and again until done.
func until(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
