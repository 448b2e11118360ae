package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Instance is a Streams instance.
type Instance struct {
	ID                 string `json:"id"`
	Self               string `json:"self"`
	Status             string `json:"status"`
	Health             string `json:"health"`
	Jobs               string `json:"jobs"`
	PEs                string `json:"pes"`
	ActiveServices     string `json:"activeServices"`
	ApplicationBundles string `json:"applicationBundles"`
	JobsSnapshot       string `json:"jobsSnapshot"`
	MetricsSnapshot    string `json:"jobsMetricsSnapshot"`
}

// Job is a job.
type Job struct {
	ID              string `json:"id"`
	Self            string `json:"self"`
	Name            string `json:"name"`
	Status          string `json:"status"`
	Health          string `json:"health"`
	ApplicationName string `json:"applicationName"`
	SubmitTime      int64  `json:"submitTime"`
	Service         *struct {
		APIJSON string `json:"apiJson"`
	} `json:"service"`
}

// Metric is one metric.
type Metric struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
	Type  string `json:"metricType"`
}

// Port is a port of an operator with its metrics.
type Port struct {
	Index   int      `json:"indexWithinOperator"`
	Metrics []Metric `json:"metrics"`
}

// Operator is an operator in a snapshot.
type Operator struct {
	Name        string   `json:"name"`
	Kind        string   `json:"operatorKind"`
	Metrics     []Metric `json:"metrics"`
	InputPorts  []Port   `json:"inputPorts"`
	OutputPorts []Port   `json:"outputPorts"`
}

// PE is a processing element in a snapshot.
type PE struct {
	ID          string     `json:"id"`
	Status      string     `json:"status"`
	Health      string     `json:"health"`
	LaunchCount int64      `json:"launchCount"`
	Resource    string     `json:"resource"`
	Operators   []Operator `json:"operators"`
}

// JobSnapshot is a job with its parts, in one call.
type JobSnapshot struct {
	Job
	PEs []PE `json:"pes"`
}

// ActiveService is a running service of an instance.
type ActiveService struct {
	Type          string `json:"type"`
	Status        string `json:"status"`
	ConnectionURL string `json:"connectionUrl"`
}

// Instance finds an instance by its id; with "" the only one there is.
func (c *Client) Instance(ctx context.Context, id string) (Instance, error) {
	link, err := c.Link(ctx, "instances")
	if err != nil {
		return Instance{}, err
	}
	var list struct {
		Instances []Instance `json:"instances"`
	}
	if err := c.Get(ctx, link, &list); err != nil {
		return Instance{}, err
	}
	var names []string
	for _, i := range list.Instances {
		if i.ID == id || (id == "" && len(list.Instances) == 1) {
			return i.complete(), nil
		}
		names = append(names, i.ID)
	}
	if id == "" {
		return Instance{}, fmt.Errorf("%s has %d instances: say which with `instance` (%s)", c.Host(), len(names), strings.Join(names, ", "))
	}
	return Instance{}, fmt.Errorf("%s has no instance %q; it has %s", c.Host(), id, strings.Join(names, ", "))
}

// complete fills in the links that an older or newer server leaves out: they lie below the instance.
func (i Instance) complete() Instance {
	fill := func(p *string, path string) {
		if *p == "" {
			*p = strings.TrimSuffix(i.Self, "/") + path
		}
	}
	fill(&i.Jobs, "/jobs")
	fill(&i.PEs, "/pes")
	fill(&i.ActiveServices, "/activeservices")
	fill(&i.ApplicationBundles, "/applicationbundles")
	fill(&i.JobsSnapshot, "/jobs/snapshot")
	fill(&i.MetricsSnapshot, "/jobs/metricssnapshot")
	return i
}

// Jobs lists the jobs of an instance.
func (c *Client) Jobs(ctx context.Context, i Instance) ([]Job, error) {
	var list struct {
		Jobs []Job `json:"jobs"`
	}
	err := c.Get(ctx, i.Jobs, &list)
	return list.Jobs, err
}

// Snapshot reads jobs with their PEs, and metrics into them.
func (c *Client) Snapshot(ctx context.Context, i Instance) ([]JobSnapshot, error) {
	var jobs struct {
		Jobs []JobSnapshot `json:"jobs"`
	}
	if err := c.Get(ctx, i.JobsSnapshot+"?includeStatic=true", &jobs); err != nil {
		return nil, err
	}
	return jobs.Jobs, nil
}

// Metrics reads the metrics of all jobs.
func (c *Client) Metrics(ctx context.Context, i Instance) ([]JobSnapshot, error) {
	var jobs struct {
		Jobs []JobSnapshot `json:"jobs"`
	}
	err := c.Get(ctx, i.MetricsSnapshot, &jobs)
	return jobs.Jobs, err
}

// UploadBundle uploads an application bundle and returns what to submit.
func (c *Client) UploadBundle(ctx context.Context, i Instance, bundle []byte) (string, error) {
	var got struct {
		BundleID string `json:"bundleId"`
	}
	if err := c.Upload(ctx, i.ApplicationBundles, "application/x-jar", bundle, &got); err != nil {
		return "", err
	}
	if got.BundleID == "" {
		return "", fmt.Errorf("the server at %s took the bundle and gave it no id", c.Host())
	}
	return got.BundleID, nil
}

// Submission is what to submit.
type Submission struct {
	Application string
	JobName     string
	JobGroup    string
	Parameters  map[string]string
	Overlay     json.RawMessage // a whole overlay; its first element's jobConfig gets name, group and parameters
}

// Submit submits a job and returns it.
func (c *Client) Submit(ctx context.Context, i Instance, s Submission) (Job, error) {
	overlay, err := s.overlay()
	if err != nil {
		return Job{}, err
	}
	var job Job
	err = c.Post(ctx, i.Jobs, map[string]any{"application": s.Application, "preview": false, "jobConfigurationOverlay": overlay}, &job)
	return job, err
}

func (s Submission) overlay() (map[string]any, error) {
	out := map[string]any{}
	if len(s.Overlay) > 0 {
		if err := json.Unmarshal(s.Overlay, &out); err != nil {
			return nil, fmt.Errorf("the job configuration overlay is not JSON: %w", err)
		}
	}
	list, _ := out["jobConfigOverlays"].([]any)
	if len(list) == 0 {
		list = []any{map[string]any{}}
	}
	first, ok := list[0].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the job configuration overlay's first element is not an object")
	}
	cfg, _ := first["jobConfig"].(map[string]any)
	if cfg == nil {
		cfg = map[string]any{}
	}
	if s.JobName != "" {
		cfg["jobName"] = s.JobName
	}
	if s.JobGroup != "" {
		cfg["jobGroup"] = s.JobGroup
	}
	if len(s.Parameters) > 0 {
		var ps []map[string]string
		for _, k := range sortedKeys(s.Parameters) {
			ps = append(ps, map[string]string{"name": k, "value": s.Parameters[k]})
		}
		cfg["submissionParameters"] = ps
	}
	first["jobConfig"] = cfg
	list[0] = first
	out["jobConfigOverlays"] = list
	return out, nil
}

// Services lists the running services of an instance.
func (c *Client) Services(ctx context.Context, i Instance) ([]ActiveService, error) {
	var list struct {
		Services []ActiveService `json:"activeServices"`
	}
	err := c.Get(ctx, i.ActiveServices, &list)
	return list.Services, err
}

// Join puts a path below a resource's own link.
func Join(self, path string) string {
	u, err := url.Parse(self)
	if err != nil {
		return self + path
	}
	return u.JoinPath(path).String()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
