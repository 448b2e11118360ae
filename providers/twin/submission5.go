package twin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// asked is a submission that goes on by itself. It is guarded by the data centre's lock.
type asked struct {
	id     int
	status api.SubmissionStatus
	job    string // its id, when there is one
	reason string
	log    []string
}

// maxAsked bounds how many submissions are remembered.
const maxAsked = 1000

// submissionRoutes submit without waiting. Reference: section 3.2.
func (d *dc) submissionRoutes() []api.Route {
	const in = "/instances/{instance}/jobsubmissions"
	return []api.Route{
		api.List(in, "listJobSubmissions", "Lists the submissions.", "jobSubmissions", "jobSubmission", func(c *api.Call) ([]api.JobSubmission, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			var out []api.JobSubmission
			for _, a := range d.older.submissions {
				out = append(out, d.submission(c, a))
			}
			return out, nil
		}),
		api.Send(http.MethodPost, in, "createJobSubmission", "Submits a job, and answers at once.", http.StatusAccepted, d.ask),
		api.Get(in+"/{submission}", "getJobSubmission", "Reads a submission.", func(c *api.Call) (api.JobSubmission, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			a, err := d.askedAt(c)
			if err != nil {
				return api.JobSubmission{}, err
			}
			return d.submission(c, a), nil
		}),
		// Its client splits it at the ends of lines. Reference: tag N.
		api.Text(in+"/{submission}/logmessages", "getJobSubmissionLogMessages", "Reads what was said while a job was being submitted.", func(c *api.Call) (string, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			a, err := d.askedAt(c)
			if err != nil {
				return "", err
			}
			return strings.Join(a.log, "\n") + "\n", nil
		}),
	}
}

// askedAt is the submission that a path is about. d.mu is held.
func (d *dc) askedAt(c *api.Call) (*asked, error) {
	for _, a := range d.older.submissions {
		if strconv.Itoa(a.id) == c.PathValue("submission") {
			return a, nil
		}
	}
	return nil, api.Missing("jobSubmission", c.PathValue("submission"))
}

// submission shows a submission. d.mu is held.
func (d *dc) submission(c *api.Call, a *asked) api.JobSubmission {
	id := strconv.Itoa(a.id)
	self := d.at(c).To("jobsubmissions", id)
	out := api.JobSubmission{Element: element("jobSubmission", id, self), ID: id, Status: a.status, LogMessages: self.To("logmessages")}
	if a.job != "" {
		out.Job = new(d.at(c).To("jobs", a.job))
	}
	if a.reason != "" {
		out.FailureReason = &api.FailureReason{Message: a.reason}
	}
	return out
}

// ask begins a submission.
func (d *dc) ask(c *api.Call, in api.Submission) (api.JobSubmission, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.older.submissions) >= maxAsked {
		return api.JobSubmission{}, api.Fail(http.StatusConflict, "", "There are %d submissions already.", maxAsked)
	}
	a := &asked{id: len(d.older.submissions), status: "submission.inProgress"}
	d.older.submissions = append(d.older.submissions, a)
	a.say("The submission has begun.")
	d.twin.run(func() { d.carryOut(a, in) })
	return d.submission(c, a), nil
}

func (a *asked) say(text string) {
	a.log = append(a.log, time.Now().UTC().Format("15:04:05.000")+" "+text)
}

// carryOut submits, and says how that went.
func (d *dc) carryOut(a *asked, in api.Submission) {
	s, err := d.checked(in, true)
	status := api.SubmissionStatus("submission.failedProcessingJob")
	if err == nil {
		if !wait(d.twin.ctx, d.takes()) {
			return
		}
		var j *job
		if j, err = d.submit(s); err == nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			a.status, a.job = "submission.complete", j.id
			a.say("The job " + j.id + " was submitted.")
			return
		}
		status = "job.submitFailed"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	a.status, a.reason = status, err.Error()
	if f, ok := errors.AsType[*api.Failure](err); ok {
		a.reason = f.Error()
	}
	a.say(a.reason)
}
