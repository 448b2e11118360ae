package streams

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// which are the arguments by which faults and actions name a job of the plan, and PEs of it.
type which struct {
	Target   string   `json:"target"`
	Job      string   `json:"job"` // signal path
	Operator string   `json:"operator,omitempty"`
	PEs      []string `json:"pes,omitempty"`
}

var (
	targetAttr = schema.Attribute{
		Name: "target", Type: cty.String, Form: schema.TargetRef, Public: true, Example: "target.dc1",
		Description: "The target, where the job has instances on several.",
	}
	jobAttr = schema.Attribute{
		Name: "job", Type: cty.String, Form: schema.JobRef, Required: true, Public: true, Example: `job.orders["dc1"]`,
		Description: "The job of the plan.",
	}
	operatorAttr = schema.Attribute{
		Name: "operator", Type: cty.String, Public: true, Example: `"RemoteDataCenterHeartbeatWatchdog"`,
		Description: "The PE that holds this operator, named in full or by its last name.",
	}
	pesAttr = schema.Attribute{
		Name: "pes", Type: cty.List(cty.String), Public: true, Example: `["3"]`,
		Description: "The PEs with these ids. Without this and `operator`, all PEs of the job.",
	}
)

// validate finds what is missing: a job that runs on several targets needs one of them named.
func (w which) validate() diag.List {
	var out diag.List
	if w.Target == "" {
		out = append(out, diag.Diagnostic{
			Severity: diag.Error, Code: diag.ProviderArgument, Summary: "Which of the job's instances is meant?", Path: cty.GetAttrPath("job"),
			Detail: "The job runs on several targets. Name one with `job.NAME[\"dc1\"]`, or add `target = target.dc1`.",
		})
	}
	if w.Operator != "" && len(w.PEs) > 0 {
		out = append(out, diag.Diagnostic{
			Severity: diag.Error, Code: diag.StreamsWhich, Summary: "operator and pes exclude each other", Path: cty.GetAttrPath("pes"),
			Detail: "Name the processing elements by the operator that they hold or by their ids, and remove the other argument.",
		})
	}
	return out
}

// words names the PEs that are meant.
func (w which) words() string {
	switch {
	case w.Operator != "":
		return "the PE with operator " + w.Operator
	case len(w.PEs) > 0:
		return "PE " + strings.Join(w.PEs, ", ")
	}
	return "all PEs"
}

// means reports whether a PE is meant.
func (w which) means(pe rest.PE) bool {
	switch {
	case w.Operator != "":
		return slices.ContainsFunc(pe.Operators, func(o rest.Operator) bool {
			return o.Name == w.Operator || strings.HasSuffix(o.Name, "."+w.Operator)
		})
	case len(w.PEs) > 0:
		return slices.Contains(w.PEs, string(pe.ID))
	}
	return true
}

// find returns the platform's job behind a job of the plan.
func (w which) find(ctx context.Context, env providers.Env) (*Session, rest.Job, error) {
	s, err := open(env, w.Target)
	if err != nil {
		return nil, rest.Job{}, err
	}
	id, name, ok := s.JobAt(w.Job)
	if !ok {
		return nil, rest.Job{}, fmt.Errorf("find %s at %s: it is not known which job of the platform it is, because it has not been submitted, adopted or launched yet", w.Job, w.Target)
	}
	i, err := s.inst(ctx)
	if err != nil {
		return nil, rest.Job{}, err
	}
	jobs, err := s.jobsOf(ctx, i)
	if err != nil {
		return nil, rest.Job{}, err
	}
	for _, j := range jobs {
		if string(j.ID) == id && !ending(j) {
			return s, j, nil
		}
	}
	return s, rest.Job{}, &goneError{w.Job, w.Target, id, name}
}

// goneError says that a job of the plan runs no longer.
type goneError struct{ job, target, id, name string }

func (e *goneError) Error() string {
	return fmt.Sprintf("find %s at %s: job %s (%s) does not run any more", e.job, e.target, e.id, e.name)
}

// submission returns how a job of the plan was submitted: as its session was told, or as the plan says.
func (w which) submission(env providers.Env, s *Session) (jobArgs, error) {
	s.mu.Lock()
	var spec *jobArgs
	for _, t := range s.tracked {
		if t.info.Path == w.Job {
			spec = t.spec
		}
	}
	s.mu.Unlock()
	if spec != nil {
		return *spec, nil
	}
	var a jobArgs
	if env.JobArgs != nil {
		if raw, ok := env.JobArgs(w.Target, w.Job); ok {
			if err := decode(raw, &a); err != nil {
				return a, err
			}
		}
	}
	if a.Bundle == "" {
		return a, fmt.Errorf("submit %s at %s again: this plan does not submit it, so that there is no bundle", w.Job, w.Target)
	}
	return a, nil
}

// pes lists the PEs of a job.
func (s *Session) pes(ctx context.Context, job rest.ID) ([]rest.PE, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.client.Snapshot(ctx, i)
	if err != nil {
		return nil, err
	}
	for _, j := range all {
		if j.ID == job {
			return j.PEs, nil
		}
	}
	return nil, fmt.Errorf("list the PEs of job %s at %s: the job is not there", job, s.target)
}

// jobInfo is what the plan says of a job at a target.
func jobInfo(jobs []providers.JobInfo, target, path string) (providers.JobInfo, bool) {
	for _, j := range jobs {
		if j.Target == target && j.Path == path {
			return j, true
		}
	}
	return providers.JobInfo{}, false
}
