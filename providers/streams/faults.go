package streams

import (
	"context"
	"encoding/json"
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

// jobTarget are the arguments by which faults and actions name a job.
type jobTarget struct {
	Target   string   `json:"target"`
	Job      string   `json:"job"` // signal path
	Operator string   `json:"operator,omitempty"`
	PEs      []string `json:"pes,omitempty"`
}

var (
	targetAttr = schema.Attribute{Name: "target", Type: cty.String, Form: schema.TargetRef, Public: true, Example: "target.dc1", Description: "The target, where the job has instances on several."}
	jobAttr    = schema.Attribute{Name: "job", Type: cty.String, Form: schema.JobRef, Required: true, Public: true, Example: `job.orders["dc1"]`, Description: "The job of the plan."}
)

// find returns the platform's job behind a job of the plan.
func (t jobTarget) find(ctx context.Context, env providers.Env) (*Session, rest.Job, error) {
	s, err := open(env, t.Target)
	if err != nil {
		return nil, rest.Job{}, err
	}
	id, _, ok := s.JobAt(t.Job)
	if !ok {
		return nil, rest.Job{}, fmt.Errorf("%s is not known to run at %s", t.Job, t.Target)
	}
	i, err := s.inst(ctx)
	if err != nil {
		return nil, rest.Job{}, err
	}
	jobs, err := s.client.Jobs(ctx, i)
	if err != nil {
		return nil, rest.Job{}, err
	}
	for _, j := range jobs {
		if string(j.ID) == id {
			return s, j, nil
		}
	}
	return nil, rest.Job{}, fmt.Errorf("job %s of %s does not run at %s any more", id, t.Job, t.Target)
}

func noTarget(t jobTarget) diag.List {
	if t.Target != "" {
		return nil
	}
	return diag.List{{
		Severity: diag.Error, Code: diag.ProviderArgument, Summary: "Which of the job's instances?",
		Detail: "The job runs on several targets. Name one with `job.NAME[\"dc1\"]`, or add `target = target.dc1`.",
	}}
}

// jobFault cancels a job; the heal submits it again.
func jobFault() providers.FaultType {
	return providers.FaultType{
		Name: "streams_job",
		Doc:  "Cancels a job through the API, as an operator would. The heal submits the same bundle with the same parameters again: the application starts anew, and what it held in memory is gone.",
		Schema: &schema.Block{Name: "streams_job", Description: "Cancels a job; the heal submits it again.", Attributes: []schema.Attribute{
			targetAttr, jobAttr,
			{Name: "restore", Type: cty.Bool, Default: cty.True, Public: true, Example: "false", Description: "Whether the heal submits the job again. Only jobs with a bundle can be."},
		}},
		Example: "job = job.orders[\"dc1\"]\nduration = \"60s\"\n",
		Twin:    true,
		Describe: func(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			var a stopJobArgs
			if err := decode(raw, &a); err != nil {
				return providers.Description{}, diag.List{}.Append(err)
			}
			base := baseURL(s, a.Target)
			d := providers.Description{
				Summary: fmt.Sprintf("cancels %s at %s", a.Job, a.Target), SideEffects: true,
				Effects: []providers.Line{{Place: a.Target, Text: "DELETE " + base + "/jobs/{id}"}},
				Undo:    []providers.Line{{Place: a.Target, Text: "POST " + base + "/applicationbundles, POST " + base + "/jobs  (the same bundle and parameters; the application starts anew)"}},
				Places:  []providers.Place{{Target: a.Target}}, Jobs: []string{a.Target + "." + a.Job}, Stops: []string{a.Target + "." + a.Job},
			}
			if !a.Restore {
				d.Undo = []providers.Line{{Place: a.Target, Text: "none: restore = false leaves the job cancelled"}}
			}
			return d, noTarget(a.jobTarget)
		},
		New: func(env providers.Env) providers.Deed { return stopJob{env} },
	}
}

type stopJobArgs struct {
	jobTarget
	Restore bool `json:"restore"`
}

// stopJobUndo is all that submitting again needs.
type stopJobUndo struct {
	Target  string  `json:"target"`
	Path    string  `json:"path"`
	ID      string  `json:"id"` // of the cancelled job
	Name    string  `json:"name"`
	Restore bool    `json:"restore"`
	Job     jobArgs `json:"job"`
}

type stopJob struct{ env providers.Env }

// Prepare finds the job and how it was submitted.
func (d stopJob) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a stopJobArgs
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	_, j, err := a.find(ctx, d.env)
	if err != nil {
		return providers.Handle{}, err
	}
	u := stopJobUndo{Target: a.Target, Path: a.Job, ID: string(j.ID), Name: j.Name, Restore: a.Restore}
	if a.Restore {
		spec := d.env.JobArgs
		if spec == nil {
			return providers.Handle{}, fmt.Errorf("how %s was submitted is not known", a.Job)
		}
		rawJob, ok := spec(a.Target, a.Job)
		if !ok {
			return providers.Handle{}, fmt.Errorf("how %s was submitted is not known", a.Job)
		}
		if err := decode(rawJob, &u.Job); err != nil {
			return providers.Handle{}, err
		}
		if u.Job.Bundle == "" {
			return providers.Handle{}, fmt.Errorf("%s was not submitted from a bundle and cannot be submitted again: set restore = false", a.Job)
		}
	}
	h, err := providers.NewHandle(id, Name, "streams_job", []providers.Place{{Target: a.Target}}, jobRef{ID: string(j.ID), Name: j.Name}, u, a)
	h.Names = []string{j.Name}
	return h, err
}

func (d stopJob) read(h providers.Handle) (u stopJobUndo, s *Session, err error) {
	if err = decode(h.Undo, &u); err != nil {
		return u, nil, err
	}
	s, err = open(d.env, u.Target)
	return u, s, err
}

// Inject cancels the job.
func (d stopJob) Inject(ctx context.Context, h providers.Handle) error {
	u, s, err := d.read(h)
	if err != nil {
		return err
	}
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	return s.client.Delete(ctx, "cancel the job", rest.Join(i.Jobs, "/"+u.ID))
}

// Verify looks whether that very job is gone.
func (d stopJob) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	u, s, err := d.read(h)
	e := providers.Effect{Low: time.Now()}
	if err != nil {
		return e, err
	}
	i, err := s.inst(ctx)
	if err != nil {
		return e, err
	}
	jobs, err := s.client.Jobs(ctx, i)
	e.High = time.Now()
	if err != nil {
		return e, err
	}
	k := slices.IndexFunc(jobs, func(j rest.Job) bool { return string(j.ID) == u.ID && j.Status != "canceled" })
	e.InForce = k < 0
	e.Evidence = fmt.Sprintf("job %s is gone", u.ID)
	if k >= 0 {
		e.Evidence = fmt.Sprintf("job %s is %s", u.ID, jobs[k].Status)
	}
	return e, nil
}

// Heal submits the job again, unless one of its name runs.
func (d stopJob) Heal(ctx context.Context, h providers.Handle) error {
	u, s, err := d.read(h)
	if err != nil || !u.Restore {
		return err
	}
	jobs, err := s.byName(ctx, u.Name)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Status != "canceling" && j.Status != "canceled" {
			return nil
		}
	}
	return submit(ctx, d.env, s, u.Job, u.Name)
}

// VerifyHealed looks whether a job of its name runs and is healthy again, and has the session follow it.
func (d stopJob) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	u, s, err := d.read(h)
	if err != nil {
		return providers.Effect{}, err
	}
	if !u.Restore {
		now := time.Now()
		return providers.Effect{Low: now, High: now, Evidence: "restore = false"}, nil
	}
	e, err := s.jobUp(ctx, u.Name)
	if err == nil && e.InForce {
		s.follow(u.Path, e.Result)
	}
	e.InForce = !e.InForce
	return e, err
}

// peFault stops PEs.
func peFault() providers.FaultType {
	return providers.FaultType{
		Name: "streams_pe",
		Doc:  "Stops PEs of a job through the API: those that hold a named operator, those named by id, or all. The heal starts them again.",
		Schema: &schema.Block{Name: "streams_pe", Description: "Stops PEs; the heal starts them again.", Attributes: []schema.Attribute{
			targetAttr, jobAttr,
			{Name: "operator", Type: cty.String, Public: true, Example: `"RemoteDataCenterHeartbeatWatchdog"`, Description: "Stop the PE that holds this operator, named in full or by its last name."},
			{Name: "pes", Type: cty.List(cty.String), Public: true, Example: `["3"]`, Description: "Stop the PEs with these ids. Without this and `operator`, all PEs of the job."},
		}},
		Example: "job = job.orders[\"dc1\"]\noperator = \"Results\"\nduration = \"20s\"\n",
		Twin:    true,
		Describe: func(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			var a jobTarget
			if err := decode(raw, &a); err != nil {
				return providers.Description{}, diag.List{}.Append(err)
			}
			which := "all PEs"
			if a.Operator != "" {
				which = "the PE with operator " + a.Operator
			} else if len(a.PEs) > 0 {
				which = "PE " + strings.Join(a.PEs, ", ")
			}
			d := providers.Description{
				Summary: fmt.Sprintf("stops %s of %s at %s", which, a.Job, a.Target), SideEffects: true,
				Effects: []providers.Line{{Place: a.Target, Text: "POST " + baseURL(s, a.Target) + `/pes/{id}/actions  {"type":"stop"}`}},
				Undo:    []providers.Line{{Place: a.Target, Text: "POST " + baseURL(s, a.Target) + `/pes/{id}/actions  {"type":"start"}`}},
				Places:  []providers.Place{{Target: a.Target}}, Jobs: []string{a.Target + "." + a.Job},
			}
			if a.Operator == "" && len(a.PEs) == 0 {
				d.Stops = d.Jobs
			}
			return d, noTarget(a)
		},
		New: func(env providers.Env) providers.Deed { return stopPE{env} },
	}
}

type peUndo struct {
	Target string   `json:"target"`
	PEs    []string `json:"pes"` // ids
}

type stopPE struct{ env providers.Env }

// Prepare finds the PEs; those that do not run already are left alone.
func (d stopPE) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a jobTarget
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	s, j, err := a.find(ctx, d.env)
	if err != nil {
		return providers.Handle{}, err
	}
	pes, err := s.pes(ctx, string(j.ID))
	if err != nil {
		return providers.Handle{}, err
	}
	u := peUndo{Target: a.Target}
	for _, pe := range pes {
		if pe.Status == "running" && a.wants(pe) {
			u.PEs = append(u.PEs, string(pe.ID))
		}
	}
	if len(u.PEs) == 0 {
		return providers.Handle{}, fmt.Errorf("no running PE of %s at %s is meant by this fault", a.Job, a.Target)
	}
	return providers.NewHandle(id, Name, "streams_pe", []providers.Place{{Target: a.Target}}, u, u, a)
}

func (t jobTarget) wants(pe rest.PE) bool {
	switch {
	case t.Operator != "":
		return slices.ContainsFunc(pe.Operators, func(o rest.Operator) bool {
			return o.Name == t.Operator || strings.HasSuffix(o.Name, "."+t.Operator)
		})
	case len(t.PEs) > 0:
		return slices.Contains(t.PEs, string(pe.ID))
	}
	return true
}

// pes lists the PEs of a job.
func (s *Session) pes(ctx context.Context, job string) ([]rest.PE, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.client.Snapshot(ctx, i)
	if err != nil {
		return nil, err
	}
	for _, j := range all {
		if string(j.ID) == job {
			return j.PEs, nil
		}
	}
	return nil, fmt.Errorf("job %s is not there", job)
}

func (d stopPE) each(ctx context.Context, h providers.Handle, fn func(s *Session, i rest.Instance, pe string) error) error {
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
	for _, pe := range u.PEs {
		if err := fn(s, i, pe); err != nil {
			return err
		}
	}
	return nil
}

// Inject stops them.
func (d stopPE) Inject(ctx context.Context, h providers.Handle) error {
	return d.each(ctx, h, func(s *Session, i rest.Instance, pe string) error {
		return s.act(ctx, rest.Join(i.PEs, "/"+pe), "stop")
	})
}

// Heal starts those that are there and do not run.
func (d stopPE) Heal(ctx context.Context, h providers.Handle) error {
	return d.each(ctx, h, func(s *Session, i rest.Instance, pe string) error {
		got, err := s.pe(ctx, i, pe)
		if err != nil || got.Status == "" || got.Status == "running" || got.Status == "starting" {
			return err
		}
		return s.act(ctx, rest.Join(i.PEs, "/"+pe), "start")
	})
}

// pe reads one PE; one that is gone with its job has no status.
func (s *Session) pe(ctx context.Context, i rest.Instance, id string) (rest.PE, error) {
	var got rest.PE
	err := s.client.Get(ctx, "look at the PE", rest.Join(i.PEs, "/"+id), &struct {
		*rest.PE
		Operators any `json:"operators"` // a link here
	}{PE: &got})
	if rest.NotFound(err) {
		return rest.PE{}, nil
	}
	return got, err
}

func (d stopPE) look(ctx context.Context, h providers.Handle, want func(status string) bool) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now(), InForce: true}
	err := d.each(ctx, h, func(s *Session, i rest.Instance, pe string) error {
		got, err := s.pe(ctx, i, pe)
		if err != nil {
			return err
		}
		if !want(got.Status) {
			e.InForce = false
			e.Evidence += fmt.Sprintf("PE %s is %s; ", pe, got.Status)
		}
		return nil
	})
	e.High = time.Now()
	return e, err
}

// Verify looks whether all of them are stopped.
func (d stopPE) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	return d.look(ctx, h, func(s string) bool { return s == "stopped" })
}

// VerifyHealed looks whether all of them run, as far as their job is still there.
func (d stopPE) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	e, err := d.look(ctx, h, func(s string) bool { return s == "running" || s == "" })
	e.InForce = !e.InForce
	return e, err
}

// instanceFault stops an instance.
func instanceFault() providers.FaultType {
	return providers.FaultType{
		Name: "streams_instance",
		Doc:  "Stops an instance: its jobs end and its data service goes away, as when a data centre is lost. The heal starts the instance again; jobs that ran in it are gone.",
		Schema: &schema.Block{Name: "streams_instance", Description: "Stops an instance; the heal starts it again.", Attributes: []schema.Attribute{
			{Name: "target", Type: cty.String, Form: schema.TargetRef, Required: true, Public: true, Example: "target.dc1", Description: "The target whose instance is stopped."},
		}},
		Example: "target = target.dc1\nduration = \"60s\"\n",
		Twin:    true,
		Describe: func(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			var a jobTarget
			if err := decode(raw, &a); err != nil {
				return providers.Description{}, diag.List{}.Append(err)
			}
			d := providers.Description{
				Summary: "stops the instance at " + a.Target + " and every job in it", SideEffects: true,
				Effects: []providers.Line{{Place: a.Target, Text: "POST " + baseURL(s, a.Target) + `/actions  {"type":"stop"}`}},
				Undo:    []providers.Line{{Place: a.Target, Text: "POST " + baseURL(s, a.Target) + `/actions  {"type":"start"}  (jobs that ran in it are not submitted again)`}},
				Places:  []providers.Place{{Target: a.Target}},
			}
			for _, j := range s.Jobs {
				if j.Target == a.Target {
					d.Jobs = append(d.Jobs, j.Target+"."+j.Path)
				}
			}
			d.Stops = d.Jobs
			return d, nil
		},
		New: func(env providers.Env) providers.Deed { return stopInstance{env} },
	}
}

type stopInstance struct{ env providers.Env }

// Prepare refuses an instance that does not run.
func (d stopInstance) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a jobTarget
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	st, _, err := d.status(ctx, a.Target)
	if err != nil {
		return providers.Handle{}, err
	}
	if st != "running" {
		return providers.Handle{}, fmt.Errorf("the instance at %s is %s already", a.Target, st)
	}
	return providers.NewHandle(id, Name, "streams_instance", []providers.Place{{Target: a.Target}}, map[string]string{"status": st}, a, a)
}

func (d stopInstance) status(ctx context.Context, target string) (string, *Session, error) {
	s, err := open(d.env, target)
	if err != nil {
		return "", nil, err
	}
	i, err := s.inst(ctx)
	if err != nil {
		return "", s, err
	}
	var now rest.Instance
	err = s.client.Get(ctx, "look at the instance", i.Self, &now)
	return now.Status, s, err
}

func (d stopInstance) act(ctx context.Context, h providers.Handle, what string, unless ...string) error {
	var a jobTarget
	if err := decode(h.Undo, &a); err != nil {
		return err
	}
	st, s, err := d.status(ctx, a.Target)
	if err != nil || slices.Contains(unless, st) {
		return err
	}
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	return s.act(ctx, i.Self, what)
}

// Inject stops it.
func (d stopInstance) Inject(ctx context.Context, h providers.Handle) error {
	return d.act(ctx, h, "stop", "stopped", "stopping")
}

// Heal starts it.
func (d stopInstance) Heal(ctx context.Context, h providers.Handle) error {
	return d.act(ctx, h, "start", "running", "starting")
}

func (d stopInstance) look(ctx context.Context, h providers.Handle, want string, inForce bool) (providers.Effect, error) {
	var a jobTarget
	e := providers.Effect{Low: time.Now()}
	if err := decode(h.Undo, &a); err != nil {
		return e, err
	}
	st, _, err := d.status(ctx, a.Target)
	e.High = time.Now()
	e.Evidence = fmt.Sprintf("the instance at %s is %s", a.Target, st)
	e.InForce = (st == want) == inForce
	return e, err
}

// Verify looks whether it is stopped.
func (d stopInstance) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	return d.look(ctx, h, "stopped", true)
}

// VerifyHealed looks whether it runs.
func (d stopInstance) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	return d.look(ctx, h, "running", false)
}
