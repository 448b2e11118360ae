package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// UploadBundle uploads an application bundle of a size and returns what to submit.
func (c *Client) UploadBundle(ctx context.Context, i Instance, bundle io.ReadCloser, size int64) (string, error) {
	var got struct {
		BundleID string `json:"bundleId"`
	}
	if err := c.Upload(ctx, "upload the bundle", i.ApplicationBundles, "application/x-jar", bundle, size, &got); err != nil {
		return "", err
	}
	if got.BundleID == "" {
		return "", fmt.Errorf("upload the bundle at %s: the server at %s took it and gave it no id", c.cfg.Target, c.Host())
	}
	return got.BundleID, nil
}

// Submission is what to submit.
type Submission struct {
	Application string
	JobName     string
	JobGroup    string
	Tracing     string // level; empty: what the overlay or the instance says
	Parameters  map[string]string
	Overlay     json.RawMessage // a whole overlay; its first element's jobConfig gets name, group, trace level and parameters
}

// Submit submits a job and returns it as far as the server describes it.
func (c *Client) Submit(ctx context.Context, i Instance, s Submission) (Job, error) {
	overlay, err := s.overlay()
	if err != nil {
		return Job{}, err
	}
	var job Job
	err = c.Post(ctx, "submit the job", i.Jobs, map[string]any{"application": s.Application, "preview": false, "jobConfigurationOverlay": overlay}, &job)
	return job, err
}

// Cancel cancels a job; one that is not there is cancelled already. Assumption rest.cancel.
func (c *Client) Cancel(ctx context.Context, j Job) error {
	return c.Delete(ctx, "cancel the job", j.Self)
}

// overlay puts name, group, trace level and parameters into the first element, which is the only one that counts. Parameters of a
// file stay unless the plan gives the same ones.
func (s Submission) overlay() (map[string]any, error) {
	out := map[string]any{}
	if len(s.Overlay) > 0 {
		if err := json.Unmarshal(s.Overlay, &out); err != nil {
			return nil, fmt.Errorf("read the job configuration overlay: it is not a JSON object: %w", err)
		}
		if out == nil {
			return nil, errors.New("read the job configuration overlay: it is null and not a JSON object")
		}
	}
	list, _ := out["jobConfigOverlays"].([]any)
	if len(list) == 0 {
		list = []any{map[string]any{}}
	}
	first, ok := list[0].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("read the job configuration overlay: its first element is not an object")
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
	if s.Tracing != "" {
		cfg["tracing"] = s.Tracing
	}
	if ps := s.parameters(cfg["submissionParameters"]); len(ps) > 0 {
		cfg["submissionParameters"] = ps
	}
	first["jobConfig"] = cfg
	list[0] = first
	out["jobConfigOverlays"] = list
	return out, nil
}

func (s Submission) parameters(there any) []any {
	var out []any
	old, _ := there.([]any)
	for _, p := range old {
		m, _ := p.(map[string]any)
		if name, _ := m["name"].(string); name != "" {
			if _, again := s.Parameters[name]; again {
				continue
			}
		}
		out = append(out, p)
	}
	for _, k := range slices.Sorted(maps.Keys(s.Parameters)) {
		out = append(out, map[string]any{"name": k, "value": s.Parameters[k]})
	}
	return out
}
