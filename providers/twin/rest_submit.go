package twin

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// submitRoutes upload and submit. Reference: sections 3.1 and 3.2.
func (d *dc) submitRoutes() []api.Route {
	return []api.Route{
		api.List("/instances/{instance}/applicationbundles", "listApplicationBundles", "Lists the bundles that were uploaded and can be submitted.", "applicationBundles", "applicationBundle", func(*api.Call) ([]api.Bundle, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			var out []api.Bundle
			for _, id := range sorted(d.bundles) {
				out = append(out, api.Bundle{BundleID: id})
			}
			return out, nil
		}),
		api.Upload("/instances/{instance}/applicationbundles", "uploadApplicationBundle", "Uploads a bundle.", d.upload),
		api.Submit[api.Submission, api.Job](http.MethodPost, "/instances/{instance}/jobs", "submitJob", "Submits a job, and answers when that is done.", http.StatusCreated, d.submitJob).Or(api.Preview{}),
	}
}

// bundle is an application that was uploaded.
type bundle struct {
	number int    // of the upload
	said   []byte // what it says of itself; nil: it is too long to be one of xdc's
}

const (
	maxBundles = 100       // that are kept
	maxSaid    = 256 << 10 // of a bundle that is xdc's, which has a few lines
)

func (d *dc) upload(c *api.Call, body io.Reader) (api.Bundle, error) {
	sum := sha256.New()
	said, err := io.ReadAll(io.LimitReader(io.TeeReader(body, sum), maxSaid+1))
	if err == nil {
		_, err = io.Copy(sum, body)
	}
	switch {
	case err != nil:
		return api.Bundle{}, api.Fail(http.StatusBadRequest, api.BadBundle, "The content of the bundle is not valid: it could not be read.")
	case len(said) == 0:
		return api.Bundle{}, api.Fail(http.StatusBadRequest, api.BadBundle, "The content of the bundle is not valid: it is empty.")
	case len(said) > maxSaid:
		said = nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.bundles) >= maxBundles {
		if !c.Five {
			return api.Bundle{}, api.Fail(http.StatusConflict, "", "%d bundles wait to be submitted already.", maxBundles)
		}
		d.dropOldest() // they are not used up, so that room would never be made
	}
	d.uploads++
	fmt.Fprintf(sum, " %d", d.uploads)
	id := fmt.Sprintf("bundleId:%x", sum.Sum(nil)[:16])
	d.bundles[id] = bundle{d.uploads, said}
	return api.Bundle{BundleID: id}, nil
}

// dropOldest forgets the bundle that was uploaded first. d.mu is held.
func (d *dc) dropOldest() {
	oldest := ""
	for id, b := range d.bundles {
		if oldest == "" || b.number < d.bundles[oldest].number {
			oldest = id
		}
	}
	delete(d.bundles, oldest)
}

// submission is what is known to be submitted.
type submission struct {
	spec Job
	with jobOptions
}

// checked reads a submission. The identifier of a bundle is used up by it: it can be used for one only. In API 5 clients
// submit one upload several times. Assumption twin.older.
func (d *dc) checked(in api.Submission, five bool) (submission, error) {
	first := in.JobConfigurationOverlay.First()
	with := jobOptions{
		name: first.JobConfig.JobName, group: first.JobConfig.JobGroup, data: first.JobConfig.DataDirectory, tracing: first.JobConfig.Tracing,
		parameters: first.JobConfig.SubmissionParameters, deployment: first.DeploymentConfig,
	}
	if in.Application == "" {
		return submission{}, api.Fail(http.StatusBadRequest, api.NoApplication, "The request body has no application.")
	}
	if err := checkJobName(with.name); err != nil {
		return submission{}, err
	}
	if t := with.tracing; t != "" && !slices.Contains(t.Words(), string(t)) {
		return submission{}, api.Fail(http.StatusBadRequest, "", "%s is no tracing level.", t)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.status != "running" {
		return submission{}, d.notRunning()
	}
	uploaded, ok := d.bundles[in.Application]
	if !five {
		delete(d.bundles, in.Application)
	}
	switch {
	case ok:
	case !strings.HasPrefix(in.Application, "https://"):
		return submission{}, api.Fail(http.StatusNotFound, api.NoApplication, "The application identifier %s does not exist.", in.Application)
	case !strings.HasSuffix(in.Application, ".sab"):
		return submission{}, api.Fail(http.StatusBadRequest, api.BadBundleName, "The bundle name in %s is malformed: it must end in .sab.", in.Application)
	}
	spec, ok := d.specFor(uploaded.said)
	if !ok {
		return submission{}, api.Fail(http.StatusBadRequest, api.BadBundle, "The content of the bundle is not valid.")
	}
	return submission{spec, with}, d.nameFree(with.name)
}

// nameFree looks whether no job has a name. d.mu is held.
func (d *dc) nameFree(name string) error {
	if name != "" && slices.ContainsFunc(d.jobs, func(j *job) bool { return j.name == name && !j.gone() }) {
		return api.Fail(http.StatusConflict, api.BadJobName, "The job name %s is used already.", name)
	}
	return nil
}

// maxJobName bounds a job's name, in bytes.
const maxJobName = 1024

// checkJobName holds a name to the rules. Reference: section 2.3.
func checkJobName(name string) error {
	bad := func(r rune) bool {
		return unicode.IsControl(r) || strings.ContainsRune("^!#$%&'*+,/;<>=?@[]`{|}~()", r)
	}
	if len(name) > maxJobName || strings.ContainsFunc(name, bad) {
		return api.Fail(http.StatusBadRequest, api.BadJobName, "The job name is longer than %d characters or has characters that are not allowed.", maxJobName)
	}
	return nil
}

// takes is how long a submission takes. Assumption twin.submit.
func (d *dc) takes() time.Duration {
	d.mu.Lock()
	n := d.nextJob
	d.mu.Unlock()
	return d.twin.between(fmt.Sprintf("submit %s#%d", d.cfg.Name, n), 500*time.Millisecond, 1500*time.Millisecond)
}

// submit launches what was submitted.
func (d *dc) submit(s submission) (*job, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.status != "running":
		return nil, d.notRunning()
	case len(d.schedulable()) == 0:
		return nil, api.Fail(http.StatusConflict, "", "There is no resource that can run the processing elements of the job.")
	}
	if err := d.nameFree(s.with.name); err != nil {
		return nil, err
	}
	return d.launchWith(s.spec, s.with, 0), nil
}

// submitJob blocks for as long as a submission takes, and answers with the job.
func (d *dc) submitJob(c *api.Call, in api.Submission) (any, error) {
	s, err := d.checked(in, c.Five)
	if err != nil {
		return nil, err
	}
	if in.Preview {
		c.Answer(http.StatusOK)
		return preview(s), nil
	}
	if !wait(c.Context(), d.takes()) {
		return nil, api.Fail(http.StatusServiceUnavailable, "", "The client has gone.")
	}
	j, err := d.submit(s)
	if err != nil {
		return nil, err
	}
	out := j.still().rest(c)
	c.Header().Set("Location", string(out.Self))
	return out, nil
}

// preview is what a submission would become. Assumption twin.preview.
func preview(s submission) api.Preview {
	out := api.Preview{Preview: true}
	if s.with.name != "" {
		out.Name = &s.with.name
	}
	groups, _ := fused(s.spec)
	for i, ops := range groups {
		out.PEs = append(out.PEs, api.PreviewedP{IndexWithinJob: int64(i), Operators: append([]string{}, ops...)})
	}
	return out
}
