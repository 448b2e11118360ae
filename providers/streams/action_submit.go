package streams

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
)

// submitAction submits a job once, in the middle of a run. Unlike a job of the plan it is not cancelled at the end.
func submitAction() providers.ActionType {
	const doc = "Submits a job from a bundle and waits until it is running and healthy. Unlike a `job` block it is not cancelled at the end of the run, and its signals are not observed."
	return providers.ActionType{
		Name: "streams_job_submit", Doc: doc, Twin: true,
		Schema: &schema.Block{
			Name: "streams_job_submit", Description: doc,
			Attributes: []schema.Attribute{
				{Name: "target", Type: cty.String, Form: schema.TargetRef, Required: true, Public: true, Example: "target.dc1", Description: "The target to submit it to."},
				{Name: "bundle", Type: cty.String, Form: schema.Path, Required: true, Public: true, Example: `"loader.sab"`, Description: "The application bundle (.sab)."},
				{Name: "parameters", Type: cty.Map(cty.String), Example: `{ mode = "drill" }`, Description: "Submission-time values by name. Sensitive ones are allowed."},
				{Name: "job_name", Type: cty.String, Public: true, Example: `"loader"`, Description: "The name the job gets on the platform. Without it, one that is unique to the run."},
				{Name: "group", Type: cty.String, Public: true, Example: `"default"`, Description: "The job group to submit to."},
				{Name: "override_file", Type: cty.String, Form: schema.Path, Public: true, Example: `"overlay.json"`, Description: "A job configuration overlay to submit with."},
			},
		},
		Example: "target = target.dc1\nbundle = \"loader.sab\"",
		Describe: func(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			var a jobArgs
			if err := decode(raw, &a); err != nil {
				return providers.Description{SideEffects: true, Summary: "submits a job"}, nil
			}
			d, out := describeJob(s, raw)
			d.Jobs, d.Undo = nil, nil
			d.Summary = fmt.Sprintf("submits %s at %s; it cannot be undone by this run", a.Bundle, a.Target)
			return d, out
		},
		New: func(env providers.Env) providers.Action { return submitJob{env} },
	}
}

type submitJob struct{ env providers.Env }

var _ providers.Action = submitJob{}

// Check looks whether it could be submitted.
func (a submitJob) Check(ctx context.Context, id providers.StepID, raw json.RawMessage) error {
	_, err := jobDeed(a).Prepare(ctx, id, raw)
	if err != nil {
		return err
	}
	var args jobArgs
	if err := decode(raw, &args); err != nil {
		return err
	}
	f, err := a.env.Open(args.Bundle)
	if err != nil {
		return fmt.Errorf("read the bundle %s: %w", args.Bundle, err)
	}
	return f.Close()
}

// Do submits it and waits.
func (a submitJob) Do(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.ActionResult, error) {
	d := jobDeed(a)
	h, err := d.Prepare(ctx, id, raw)
	if err != nil {
		return providers.ActionResult{}, err
	}
	if err := d.Inject(ctx, h); err != nil {
		return providers.ActionResult{}, err
	}
	args, u, s, err := d.read(h)
	if err != nil {
		return providers.ActionResult{}, err
	}
	return providers.ActionResult{Output: u.Name}, s.waitUp(ctx, "", u.Name, args)
}
