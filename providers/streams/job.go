package streams

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// jobArgs are what a job step hands over.
type jobArgs struct {
	Target     string                    `json:"target"`
	Path       string                    `json:"path"`
	Name       string                    `json:"name"`
	Bundle     string                    `json:"bundle,omitempty"`
	Adopt      string                    `json:"adopt,omitempty"`
	Launched   string                    `json:"launched,omitempty"`
	Parameters map[string]providers.Text `json:"parameters,omitempty"`
	JobName    string                    `json:"job_name,omitempty"`
	Group      string                    `json:"group,omitempty"`
	TraceLevel string                    `json:"trace_level,omitempty"`
	Override   string                    `json:"override_file,omitempty"`
	Keep       bool                      `json:"keep,omitempty"`
}

// jobRef is what others need to know of a job that runs. Submission is how it was submitted, with secrets as slots:
// who cancels the job can submit it again.
type jobRef struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Submission *jobArgs `json:"submission,omitempty"`
}

// jobUndo is what cancelling needs: the name, which is unique to the run, so that a lost answer can be resolved.
type jobUndo struct {
	Target string `json:"target"`
	Name   string `json:"name"`
}

// jobDeed submits or adopts a job.
type jobDeed struct{ env providers.Env }

var _ providers.Deed = jobDeed{}

func open(env providers.Env, target string) (*Session, error) {
	got, err := env.Session(target, Name)
	if err != nil {
		return nil, err
	}
	s, ok := got.(*Session)
	if !ok {
		return nil, fmt.Errorf("the streams session of %s is a %T", target, got)
	}
	return s, nil
}

// Prepare logs in and looks. An adopted job must be running; a name that is to be given must be free.
func (d jobDeed) Prepare(ctx context.Context, id providers.StepID, raw json.RawMessage) (providers.Handle, error) {
	var a jobArgs
	if err := decode(raw, &a); err != nil {
		return providers.Handle{}, err
	}
	s, err := open(d.env, a.Target)
	if err != nil {
		return providers.Handle{}, err
	}
	i, err := s.inst(ctx)
	if err == nil {
		i, err = s.client.Now(ctx, i)
	}
	if err != nil {
		return providers.Handle{}, err
	}
	if i.Status != "" && i.Status != "running" {
		return providers.Handle{}, fmt.Errorf("the instance %s at %s is %s: start it first (streamtool startinstance)", i.ID, a.Target, snake(i.Status))
	}
	jobs, err := s.client.Jobs(ctx, i)
	if err != nil {
		return providers.Handle{}, err
	}
	jobs = slices.DeleteFunc(jobs, over)
	undo := jobUndo{Target: a.Target, Name: a.JobName}
	if a.Adopt != "" {
		undo.Name = a.Adopt
		if !slices.ContainsFunc(jobs, func(j rest.Job) bool { return j.Name == a.Adopt }) {
			return providers.Handle{}, fmt.Errorf("no job called %q runs at %s: %s", a.Adopt, a.Target, list(jobs))
		}
	} else if undo.Name == "" {
		undo.Name = providers.UniqueName(id.Run, id.Step)
	} else if slices.ContainsFunc(jobs, func(j rest.Job) bool { return j.Name == a.JobName }) {
		return providers.Handle{}, fmt.Errorf("a job called %q runs at %s already: cancel it, adopt it, or give another job_name", a.JobName, a.Target)
	}
	if a.Adopt == "" {
		if err := s.checkGroup(ctx, i, a.Group); err != nil {
			return providers.Handle{}, err
		}
	}
	h, err := providers.NewHandle(id, Name, "job", []providers.Place{{Target: a.Target}}, nil, undo, a)
	h.Names = []string{undo.Name}
	return h, err
}

// checkGroup looks whether a job group exists. Where the server lists none, it has the last word.
func (s *Session) checkGroup(ctx context.Context, i rest.Instance, group string) error {
	if group == "" {
		return nil
	}
	groups, err := s.client.Groups(ctx, i)
	if rest.NotFound(err) || err == nil && len(groups) == 0 {
		return nil
	}
	if err == nil && !slices.Contains(groups, group) {
		err = fmt.Errorf("find the job group at %s: the instance %s has no group %q, it has %s; create it, or correct `group`", s.target, i.ID, group, someOf(slices.Sorted(slices.Values(groups))))
	}
	return err
}

func list(jobs []rest.Job) string {
	if len(jobs) == 0 {
		return "there are no jobs"
	}
	var names []string
	for _, j := range jobs[:min(len(jobs), 10)] {
		names = append(names, fmt.Sprintf("%q", j.Name))
	}
	return "there are " + strings.Join(names, ", ")
}

// Inject uploads the bundle and submits it. When the answer is lost, the job is looked for by its name.
func (d jobDeed) Inject(ctx context.Context, h providers.Handle) error {
	a, u, s, err := d.read(h)
	if err != nil || a.Adopt != "" {
		return err
	}
	return submit(ctx, d.env, s, a, u.Name)
}

// submit uploads a bundle and submits it under a name.
func submit(ctx context.Context, env providers.Env, s *Session, a jobArgs, name string) error {
	i, err := s.inst(ctx)
	if err != nil {
		return err
	}
	sub := rest.Submission{JobName: name, JobGroup: a.Group, Tracing: a.TraceLevel, Parameters: map[string]string{}}
	if a.Override != "" {
		if sub.Overlay, err = env.ReadFile(a.Override); err != nil {
			return fmt.Errorf("read override_file %s: %w", a.Override, err)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(a.Parameters)) {
		if sub.Parameters[k], err = a.Parameters[k].Reveal(env); err != nil {
			return fmt.Errorf("read the parameter %s: %w", k, err)
		}
	}
	if sub.Application, err = s.upload(ctx, env, i, a.Bundle); err != nil {
		return err
	}
	_, err = s.client.Submit(ctx, i, sub)
	if err == nil || rest.StatusOf(err) > 0 && rest.StatusOf(err) < 500 {
		return err // it is in, or it was refused
	}
	// Nobody knows whether the request arrived; the name does.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookAfter)
	defer cancel()
	if found, lookErr := s.byName(after, name); lookErr == nil && slices.ContainsFunc(found, func(j rest.Job) bool { return !ending(j) }) {
		return nil
	}
	return err
}

// lookAfter is how long to look for a job whose submission got no answer.
const lookAfter = 10 * time.Second

func (d jobDeed) read(h providers.Handle) (a jobArgs, u jobUndo, s *Session, err error) {
	if err = decode(h.Args, &a); err != nil {
		return a, u, nil, err
	}
	if err = decode(h.Undo, &u); err != nil {
		return a, u, nil, err
	}
	s, err = open(d.env, u.Target)
	return a, u, s, err
}

// jobsOf lists the jobs of the instance; one that is stopped has none, whatever it answers.
func (s *Session) jobsOf(ctx context.Context, i rest.Instance) ([]rest.Job, error) {
	jobs, err := s.client.Jobs(ctx, i)
	return s.noneWhereStopped(ctx, i, jobs, err)
}

func (s *Session) noneWhereStopped(ctx context.Context, i rest.Instance, jobs []rest.Job, err error) ([]rest.Job, error) {
	if rest.StatusOf(err) >= 400 && rest.StatusOf(err) != 401 && rest.StatusOf(err) != 403 {
		if now, lookErr := s.client.Now(ctx, i); lookErr == nil && now.Status == "stopped" {
			return nil, nil
		}
	}
	return jobs, err
}

// byName lists the jobs with a name.
func (s *Session) byName(ctx context.Context, name string) ([]rest.Job, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return nil, err
	}
	jobs, err := s.client.JobsNamed(ctx, i, name)
	return s.noneWhereStopped(ctx, i, jobs, err)
}

// Verify looks whether the job is running and healthy.
func (d jobDeed) Verify(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	a, u, s, err := d.read(h)
	if err != nil {
		return providers.Effect{}, err
	}
	return s.jobUp(ctx, u.Name, a)
}

// jobUp looks whether a job of a name is running and healthy. Its result is a jobRef.
func (s *Session) jobUp(ctx context.Context, name string, a jobArgs) (providers.Effect, error) {
	e := providers.Effect{Low: time.Now()}
	jobs, err := s.byName(ctx, name)
	if err != nil {
		return e, err
	}
	e.High = time.Now()
	jobs = slices.DeleteFunc(jobs, over)
	if len(jobs) == 0 {
		e.Evidence = fmt.Sprintf("no job is called %s", name)
		return e, nil
	}
	j := jobs[0]
	e.InForce = j.Status == "running" && j.Health == "healthy"
	e.Evidence = fmt.Sprintf("job %s (%s) is %s and %s", j.ID, j.Name, snake(j.Status), snake(j.Health))
	ref := jobRef{ID: string(j.ID), Name: j.Name}
	if a.Bundle != "" {
		ref.Submission = &a
	}
	e.Result, err = json.Marshal(ref)
	return e, err
}

// over reports whether a job only waits to leave the list.
func over(j rest.Job) bool { return j.Status == "canceled" }

// ending reports whether a job has been cancelled, whether or not that has come to its end.
func ending(j rest.Job) bool { return j.Status == "canceled" || j.Status == "canceling" }

// Heal cancels every job with the name.
func (d jobDeed) Heal(ctx context.Context, h providers.Handle) error {
	a, u, s, err := d.read(h)
	if err != nil || a.Adopt != "" {
		return err
	}
	jobs, err := s.byName(ctx, u.Name)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if ending(j) {
			continue
		}
		if err := s.client.Cancel(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// VerifyHealed looks whether no job with the name is left; one that is being cancelled is.
func (d jobDeed) VerifyHealed(ctx context.Context, h providers.Handle) (providers.Effect, error) {
	a, u, s, err := d.read(h)
	e := providers.Effect{Low: time.Now()}
	if err != nil || a.Adopt != "" {
		e.High = time.Now()
		return e, err
	}
	jobs, err := s.byName(ctx, u.Name)
	e.High = time.Now()
	jobs = slices.DeleteFunc(jobs, over)
	e.InForce, e.Evidence = len(jobs) > 0, "no job is called "+u.Name
	if e.InForce {
		e.Evidence = fmt.Sprintf("job %s (%s) is %s", jobs[0].ID, jobs[0].Name, snake(jobs[0].Status))
	}
	return e, err
}

// describeJob is the dry run of a job.
func describeJob(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var a jobArgs
	if err := decode(raw, &a); err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	d := providers.Description{Places: []providers.Place{{Target: a.Target}}, Jobs: []string{a.Target + "." + a.Path}}
	out := append(insecure(s, a.Target), validateConnection(s, a.Target)...)
	base := baseURL(s, a.Target)
	switch {
	case a.Adopt != "":
		d.Summary = fmt.Sprintf("adopts the running job %q; it is never cancelled", a.Adopt)
		d.Effects = []providers.Line{{Place: a.Target, Text: "GET " + base + "/jobs"}}
	case a.Launched != "":
		d.Summary = fmt.Sprintf("something else will start a job whose name matches %q; nobody waits for it", a.Launched)
	default:
		d.SideEffects = true
		out = append(append(out, checkParameters(s, a)...), quiet(s, a)...)
		d.Summary = fmt.Sprintf("submits %s", a.Bundle)
		body := map[string]any{"application": "bundleId:(known after run)", "jobConfigurationOverlay": map[string]any{"jobConfigOverlays": []any{map[string]any{"jobConfig": shownConfig(a)}}}}
		shown, _ := json.Marshal(body) // plain strings
		d.Effects = []providers.Line{
			{Place: a.Target, Text: "POST " + base + "/applicationbundles  (the bytes of " + a.Bundle + ")"},
			{Place: a.Target, Text: "POST " + base + "/jobs  " + string(shown)},
		}
		d.Undo = []providers.Line{{Place: a.Target, Text: "DELETE " + base + "/jobs/{id}  (by its name, at the end of the run)"}}
		if a.Keep {
			d.Undo = []providers.Line{{Place: a.Target, Text: "none: keep = true leaves the job running"}}
		}
	}
	return d, out
}

// insecure warns of a target whose certificate is not verified.
func insecure(s providers.Scope, target string) diag.List {
	var c connection
	if decode(s.Targets[target].Connections[Name], &c) != nil || !c.Insecure {
		return nil
	}
	return diag.List{{
		Severity: diag.Warning, Code: diag.ProviderInsecure, Summary: fmt.Sprintf("The certificate of %s is not verified", target),
		Detail: "Anybody in between can read the password and answer in the server's place. Export the authority's certificate and name it as `ca_file` in the streams block instead of `insecure = true`.",
	}}
}

// quiet warns of a job whose traces are to be read and will have errors only.
func quiet(s providers.Scope, a jobArgs) diag.List {
	for _, j := range s.Jobs {
		if j.Target != a.Target || j.Path != a.Path || j.Toolkit == nil || !j.Toolkit.Traces || a.Override != "" {
			continue
		}
		if a.TraceLevel == "" || a.TraceLevel == "off" || a.TraceLevel == "error" || a.TraceLevel == "warn" {
			return diag.List{{
				Severity: diag.Warning, Code: diag.StreamsTraces, Summary: "Most of the lines that are looked for will not be traced",
				Detail: fmt.Sprintf("The toolkit's `traces` is true, and %s is submitted without trace_level = \"info\": its traces have errors only, unless the instance says otherwise.", a.Path),
			}}
		}
	}
	return nil
}

// shownConfig is the job's configuration as it may be shown.
func shownConfig(a jobArgs) map[string]any {
	c := map[string]any{"jobName": a.JobName}
	if a.JobName == "" {
		c["jobName"] = "xdc_(run)_(step)"
	}
	if a.Group != "" {
		c["jobGroup"] = a.Group
	}
	if a.TraceLevel != "" {
		c["tracing"] = a.TraceLevel
	}
	var ps []map[string]string
	for _, k := range slices.Sorted(maps.Keys(a.Parameters)) {
		ps = append(ps, map[string]string{"name": k, "value": a.Parameters[k].String()})
	}
	if ps != nil {
		c["submissionParameters"] = ps
	}
	return c
}

// baseURL is the URL of a target's instance as far as the plan tells.
func baseURL(s providers.Scope, target string) string {
	var c connection
	_ = decode(s.Targets[target].Connections[Name], &c) // checked by the language
	root := strings.TrimSuffix(strings.TrimSuffix(c.URL, "/"), "/resources")
	if u, err := url.Parse(root); err == nil && strings.Trim(u.Path, "/") == "" {
		root += "/streams"
	}
	inst := c.Instance
	if inst == "" {
		inst = "{instance}"
	}
	return root + "/instances/" + inst
}
