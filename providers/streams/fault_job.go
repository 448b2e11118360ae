package streams

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// jobFault cancels a job; the heal submits it again.
func jobFault() providers.FaultType {
	return providers.FaultType{
		Name: "streams_job",
		Doc:  "Cancels a job through the API, as an operator would. The heal submits the same bundle with the same parameters under the same name again: the application starts anew, and what it held in memory is gone.",
		Schema: &schema.Block{
			Name: "streams_job", Description: "Cancels a job; the heal submits it again.",
			Attributes: []schema.Attribute{targetAttr, jobAttr, {
				Name: "restore", Type: cty.Bool, Default: cty.True, Public: true, Example: "false",
				Description: "Whether the heal submits the job again. Only jobs that this plan submits from a bundle can be; an adopted one needs `false`.",
			}},
		},
		Example:  "job      = job.orders[\"dc1\"]\nduration = \"60s\"",
		Twin:     true,
		Describe: describeStopJob,
		New:      func(env providers.Env) providers.Deed { return stopJob{env} },
	}
}

type stopJobArgs struct {
	which
	Restore *bool `json:"restore"`
}

func (a stopJobArgs) restore() bool { return a.Restore == nil || *a.Restore }

func describeStopJob(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a stopJobArgs
	if err := decode(raw, &a); err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	out := a.validate()
	base := baseURL(s, a.Target)
	path := a.Target + "." + a.Job
	d := providers.Description{
		SideEffects: true,
		Summary:     fmt.Sprintf("cancels %s at %s", a.Job, a.Target),
		Effects:     []providers.Line{{Place: a.Target, Text: "DELETE " + base + "/jobs/{id}"}},
		Places:      []providers.Place{{Target: a.Target}},
		Jobs:        []string{path}, Stops: []string{path},
	}
	info, known := jobInfo(s.Jobs, a.Target, a.Job)
	switch {
	case !a.restore():
		d.Undo = []providers.Line{{Place: a.Target, Text: "none: restore = false leaves the job cancelled"}}
	case known && (info.Adopt != "" || info.Launched != ""):
		out = append(out, diag.Diagnostic{
			Severity: diag.Error, Code: diag.StreamsNoRestore, Summary: "The job cannot be brought back", Path: cty.GetAttrPath("job"),
			Detail: fmt.Sprintf("This plan does not submit %s, so that it has no bundle to submit again. Write `restore = false` to accept that somebody else has to start it.", a.Job),
		})
	default:
		d.Undo = []providers.Line{
			{Place: a.Target, Text: "POST " + base + "/applicationbundles  (the same bundle)"},
			{Place: a.Target, Text: "POST " + base + "/jobs  (the same name and parameters; the application starts anew)"},
		}
	}
	return d, out
}

// stopJobUndo is all that submitting again needs.
type stopJobUndo struct {
	Target     string   `json:"target"`
	Path       string   `json:"path"`
	ID         string   `json:"id"` // of the job to cancel
	Name       string   `json:"name"`
	Submission *jobArgs `json:"submission,omitempty"` // nil: it is not submitted again
}

type stopJob struct{ env providers.Env }

var _ providers.Deed = stopJob{}

// Prepare finds the job and how it was submitted.
func (d stopJob) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a stopJobArgs
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	s, j, err := a.find(ctx, d.env)
	if err != nil {
		return providers.Handle{}, err
	}
	u := stopJobUndo{Target: a.Target, Path: a.Job, ID: string(j.ID), Name: j.Name}
	if a.restore() {
		spec, err := a.submission(d.env, s)
		if err != nil {
			return providers.Handle{}, fmt.Errorf("%w; write `restore = false` to accept that somebody else has to start it", err)
		}
		if _, err := d.env.ReadFile(spec.Bundle); err != nil {
			return providers.Handle{}, fmt.Errorf("read the bundle %s, which the heal needs: %w", spec.Bundle, err)
		}
		u.Submission = &spec
	}
	return providers.NewHandle(id, Name, "streams_job", []providers.Place{{Target: a.Target}}, jobRef{ID: u.ID, Name: u.Name}, u, nil)
}

// Inject cancels that very job.
func (d stopJob) Inject(ctx context.Context, h providers.Handle) error {
	u, s, err := d.open(h)
	if err != nil {
		return err
	}
	jobs, err := s.byName(ctx, u.Name)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if string(j.ID) == u.ID && !ending(j) {
			return s.client.Cancel(ctx, j)
		}
	}
	return nil
}

func (d stopJob) open(h providers.Handle) (u stopJobUndo, s *Session, err error) {
	if err = decode(h.Undo, &u); err != nil {
		return u, nil, err
	}
	s, err = open(d.env, u.Target)
	return u, s, err
}

// Verify looks whether that very job is gone.
func (d stopJob) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	u, s, err := d.open(h)
	e := providers.Effect{Low: time.Now()}
	if err != nil {
		return e, err
	}
	jobs, err := s.byName(ctx, u.Name)
	e.High = time.Now()
	if err != nil {
		return e, err
	}
	k := slices.IndexFunc(jobs, func(j rest.Job) bool { return string(j.ID) == u.ID && !over(j) })
	e.InForce = k < 0
	e.Evidence = fmt.Sprintf("job %s (%s) is gone", u.ID, u.Name)
	if k >= 0 {
		e.Evidence = fmt.Sprintf("job %s (%s) is %s", u.ID, u.Name, snake(jobs[k].Status))
	}
	return e, nil
}

// Heal submits the job again, unless one of its name runs.
func (d stopJob) Heal(ctx context.Context, h providers.Handle) error {
	u, s, err := d.open(h)
	if err != nil || u.Submission == nil {
		return err
	}
	return s.bringBack(ctx, d.env, *u.Submission, u.Name)
}

// bringBack submits a job again unless one of its name runs. One that is still being cancelled is waited for: names are
// unique in an instance.
func (s *Session) bringBack(ctx context.Context, env providers.Env, a jobArgs, name string) error {
	there := false
	err := until(ctx, fmt.Sprintf("job %s at %s to be gone", name, s.target), func() (bool, error) {
		jobs, err := s.byName(ctx, name)
		if err != nil {
			return false, err
		}
		jobs = slices.DeleteFunc(jobs, over)
		there = slices.ContainsFunc(jobs, func(j rest.Job) bool { return !ending(j) })
		return there || len(jobs) == 0, nil
	})
	if err != nil || there {
		return err
	}
	return submit(ctx, env, s, a, name)
}

// VerifyHealed looks whether a job of its name runs and is healthy again, and has the session follow it.
func (d stopJob) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	u, s, err := d.open(h)
	if err != nil {
		return providers.Effect{}, err
	}
	if u.Submission == nil {
		now := time.Now()
		return providers.Effect{Low: now, High: now, Evidence: "the plan leaves the job cancelled (restore = false)"}, nil
	}
	e, err := s.jobUp(ctx, u.Name, *u.Submission)
	if err == nil && e.InForce {
		s.follow(u.Path, e.Result)
	}
	e.InForce = !e.InForce
	return e, err
}
