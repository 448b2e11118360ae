package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// pollEvery is how often an action or a heal looks whether what it asked for has come about.
const pollEvery = 250 * time.Millisecond

// verb is an action on a job.
type verb struct {
	name, doc, example string
	attrs              []schema.Attribute
	effects            func(base string, c connection) []string
	stops              bool
	resubmits          bool
	do                 func(ctx context.Context, env providers.Env, w which) error
}

func actions() []providers.ActionType {
	verbs := []verb{
		{
			name: "streams_job_cancel", example: `job = job.orders["dc1"]`, stops: true, do: cancelJob,
			doc:     "Cancels a job and waits until it is gone. Nothing submits it again.",
			effects: func(base string, _ connection) []string { return []string{"DELETE " + base + "/jobs/{id}"} },
		},
		{
			name: "streams_job_restart", example: `job = job.orders["dc1"]`, resubmits: true, do: restartJob,
			doc: "Cancels a job and submits the same bundle with the same parameters under the same name again, and waits until it is healthy: what an operator does to bring both sides together after a mutual DOWN.",
			effects: func(base string, _ connection) []string {
				return []string{"DELETE " + base + "/jobs/{id}", "POST " + base + "/applicationbundles  (the same bundle)", "POST " + base + "/jobs  (the same name and parameters)"}
			},
		},
		{
			name: "streams_pe_restart", example: "job      = job.orders[\"dc1\"]\noperator = \"RemoteDataCenterHeartbeatWatchdog\"", do: restartPEs,
			doc:   "Restarts PEs of a job, those that hold an operator, those named by id, or all, and waits until they run.",
			attrs: []schema.Attribute{operatorAttr, pesAttr},
			effects: func(base string, c connection) []string {
				return []string{c.planned("restart_pe").shown(base + "/pes/{id}")}
			},
		},
	}
	out := []providers.ActionType{submitAction(), widthAction(), applicationConfigurationAction()}
	for _, v := range verbs {
		out = append(out, v.actionType())
	}
	return out
}

func (v verb) actionType() providers.ActionType {
	return providers.ActionType{
		Name: v.name, Doc: v.doc, Example: v.example, Twin: true,
		Schema:   &schema.Block{Name: v.name, Description: v.doc, Attributes: append([]schema.Attribute{targetAttr, jobAttr}, v.attrs...)},
		Describe: v.describe,
		New:      func(env providers.Env) providers.Action { return jobAction{env, v} },
	}
}

func (v verb) describe(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var w which
	if err := decode(raw, &w); err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	path := w.Target + "." + w.Job
	d := providers.Description{SideEffects: true, Summary: v.doc, Places: []providers.Place{{Target: w.Target}}, Jobs: []string{path}}
	for _, text := range v.effects(baseURL(s, w.Target), connectionOf(s, w.Target)) {
		d.Effects = append(d.Effects, providers.Line{Place: w.Target, Text: text})
	}
	if v.stops {
		d.Stops = []string{path}
	}
	out := append(w.validate(), validateConnection(s, w.Target)...)
	if info, ok := jobInfo(s.Jobs, w.Target, w.Job); ok && v.resubmits && (info.Adopt != "" || info.Launched != "") {
		out = append(out, diag.Diagnostic{
			Severity: diag.Error, Code: diag.StreamsNoRestore, Summary: "The job cannot be submitted again", Path: cty.GetAttrPath("job"),
			Detail: fmt.Sprintf("This plan does not submit %s, so that it has no bundle to submit again. Restart its PEs with streams_pe_restart, or let the plan submit the job from a bundle.", w.Job),
		})
	}
	return d, out
}

type jobAction struct {
	env  providers.Env
	verb verb
}

var _ providers.Action = jobAction{}

// Check looks at the target; the job may not be there yet.
func (a jobAction) Check(ctx context.Context, _ providers.StepID, raw json.RawMessage) error {
	var w which
	if err := decode(raw, &w); err != nil {
		return err
	}
	if err := w.validate().Err(); err != nil {
		return err
	}
	s, err := open(a.env, w.Target)
	if err != nil {
		return err
	}
	_, err = s.inst(ctx)
	return err
}

// Do carries it out.
func (a jobAction) Do(ctx context.Context, _ providers.StepID, raw json.RawMessage) (providers.ActionResult, error) {
	var w which
	if err := decode(raw, &w); err != nil {
		return providers.ActionResult{}, err
	}
	return providers.ActionResult{}, a.verb.do(ctx, a.env, w)
}

func cancelJob(ctx context.Context, env providers.Env, w which) error {
	s, j, err := w.find(ctx, env)
	if err != nil {
		return err
	}
	return s.cancelAndWait(ctx, j)
}

func (s *Session) cancelAndWait(ctx context.Context, j rest.Job) error {
	if err := s.client.Cancel(ctx, j); err != nil {
		return err
	}
	return until(ctx, fmt.Sprintf("job %s (%s) at %s to be gone", j.ID, j.Name, s.target), func() (bool, error) {
		jobs, err := s.byName(ctx, j.Name)
		for _, k := range jobs {
			if k.ID == j.ID && !over(k) {
				return false, err
			}
		}
		return true, err
	})
}

func restartJob(ctx context.Context, env providers.Env, w which) error {
	s, j, err := w.find(ctx, env)
	var gone *goneError
	if err != nil && !errors.As(err, &gone) {
		return err
	}
	spec, specErr := w.submission(env, s)
	if specErr != nil {
		return specErr
	}
	if gone == nil {
		if err := s.cancelAndWait(ctx, j); err != nil {
			return err
		}
	} else {
		j.Name = gone.name // it is down already; a fresh copy is what is wanted
	}
	if err := s.bringBack(ctx, env, spec, j.Name); err != nil {
		return err
	}
	return s.waitUp(ctx, w.Job, j.Name, spec)
}

// waitUp waits until a job is running and healthy and has the session follow it.
func (s *Session) waitUp(ctx context.Context, path, name string, a jobArgs) error {
	return until(ctx, fmt.Sprintf("job %s at %s to be running and healthy", name, s.target), func() (bool, error) {
		e, err := s.jobUp(ctx, name, a)
		if err == nil && e.InForce && path != "" {
			s.follow(path, e.Result)
		}
		return e.InForce, err
	})
}

func restartPEs(ctx context.Context, env providers.Env, w which) error {
	s, j, err := w.find(ctx, env)
	if err != nil {
		return err
	}
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	pes, err := s.pes(ctx, j.ID)
	if err != nil {
		return err
	}
	op, err := s.operation(ctx, "restart_pe")
	if err != nil {
		return err
	}
	before := map[rest.ID]int64{}
	for _, pe := range pes {
		if !w.means(pe) {
			continue
		}
		before[pe.ID] = pe.LaunchCount.V
		if err := s.call(ctx, op, "restart PE "+string(pe.ID), subject{kind: "pe", self: rest.Join(i.PEs, "/"+url.PathEscape(string(pe.ID))), id: string(pe.ID), job: string(j.ID)}); err != nil {
			return err
		}
	}
	if len(before) == 0 {
		return fmt.Errorf("find %s of %s at %s: no PE is meant; job %s has %s", w.words(), w.Job, w.Target, j.ID, listPEs(pes))
	}
	return until(ctx, fmt.Sprintf("%s of %s at %s to run again", w.words(), w.Job, w.Target), func() (bool, error) {
		pes, err := s.pes(ctx, j.ID)
		for _, pe := range pes {
			if n, ok := before[pe.ID]; ok && (pe.LaunchCount.V <= n || pe.Status != "running") {
				return false, err
			}
		}
		return true, err
	})
}

// until looks again and again until something is so. What it waits for is named when it gives up.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
