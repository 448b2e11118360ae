package control

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The services of a target that trouble can be made at.
const (
	Management = "management" // the REST management API
	Data       = "data"       // the data service
	Receivers  = "toolkit"    // the receivers of the toolkits
)

// Services lists them.
func Services() []string { return []string{Management, Data, Receivers} }

// Trouble is what a service of a target does wrong from now on, with each request by itself. Its parts are taken in the order
// of the fields. The zero one does nothing wrong.
type Trouble struct {
	Target  string `json:"target"`
	Service string `json:"service"`
	// Endpoint, of the data service, narrows it to one endpoint by its name, its operator or its stream; Job to those of one
	// job by its path in the plan. Requests suffer the service's trouble first, then the endpoint's.
	Endpoint string `json:"endpoint,omitempty"`
	Job      string `json:"job,omitempty"`
	// LatencyMS is waited before a request is served, plus or minus up to JitterMS by the seed.
	LatencyMS int64 `json:"latency_ms,omitempty"`
	JitterMS  int64 `json:"jitter_ms,omitempty"`
	// StallRate is the part of requests, of 1, that wait StallMS in addition.
	StallRate float64 `json:"stall_rate,omitempty"`
	StallMS   int64   `json:"stall_ms,omitempty"`
	// DropRate is the part of requests whose connection is closed without an answer, before anything is done.
	DropRate float64 `json:"drop_rate,omitempty"`
	// ErrorRate is the part of the remaining requests that is answered with one of Statuses, before anything is done; 503
	// without any.
	ErrorRate float64 `json:"error_rate,omitempty"`
	Statuses  []int   `json:"statuses,omitempty"`
	// SkewMS is how far the service's clock is ahead, in addition to the target's: in Date, and in the stamps of bodies and
	// results. The toolkit says no time.
	SkewMS int64 `json:"skew_ms,omitempty"`
}

// Limits of trouble.
const (
	mostWait = time.Hour
	mostSkew = 10 * 365 * 24 * time.Hour
	mostName = 1000
)

// Check says what is wrong with it.
func (t Trouble) Check() error {
	rate := func(r float64) bool { return !math.IsNaN(r) && r >= 0 && r <= 1 }
	wait := func(ms int64) bool { return ms >= 0 && ms <= mostWait.Milliseconds() }
	switch {
	case !slices.Contains(Services(), t.Service):
		return fmt.Errorf("service %q is none of %s", t.Service, strings.Join(Services(), ", "))
	case !wait(t.LatencyMS) || !wait(t.JitterMS) || !wait(t.StallMS):
		return fmt.Errorf("latency, jitter and stalls must be between 0 and %s", mostWait)
	case t.JitterMS > t.LatencyMS:
		return fmt.Errorf("a jitter of %d ms is more than the latency of %d ms", t.JitterMS, t.LatencyMS)
	case !rate(t.StallRate) || !rate(t.DropRate) || !rate(t.ErrorRate):
		return errors.New("rates of stalls, drops and errors must be between 0 and 1")
	case (t.StallRate > 0) != (t.StallMS > 0):
		return errors.New("stalls need both a rate and a length")
	case len(t.Statuses) > 0 && t.ErrorRate == 0:
		return errors.New("statuses need a rate of errors")
	case len(t.Statuses) > 100 || slices.ContainsFunc(t.Statuses, func(s int) bool { return s < 400 || s > 599 }):
		return errors.New("statuses of errors are from 400 to 599, and at most 100")
	case t.SkewMS < -mostSkew.Milliseconds() || t.SkewMS > mostSkew.Milliseconds():
		return fmt.Errorf("a skew of %d ms is more than ten years", t.SkewMS)
	case len(t.Endpoint) > mostName || len(t.Job) > mostName:
		return fmt.Errorf("names of endpoints and jobs have at most %d bytes", mostName)
	case t.Endpoint != "" && t.Service != Data:
		return fmt.Errorf("endpoint %s: only the service %s has endpoints", t.Endpoint, Data)
	case t.Job != "" && t.Endpoint == "":
		return fmt.Errorf("job %s: trouble of a job is that of one of its endpoints", t.Job)
	case t.SkewMS != 0 && t.Endpoint != "":
		return fmt.Errorf("endpoint %s has the clock of its service: skew that", t.Endpoint)
	case t.SkewMS != 0 && t.Service == Receivers:
		return fmt.Errorf("the toolkit says no time: skew the clock of %s or %s", Management, Data)
	}
	return nil
}

// Where names what is in trouble, without the target: "data", "data Orders", "data job.orders Orders".
func (t Trouble) Where() string {
	return strings.Join(slices.DeleteFunc([]string{t.Service, t.Job, t.Endpoint}, func(s string) bool { return s == "" }), " ")
}

// Nothing reports whether nothing is wrong.
func (t Trouble) Nothing() bool {
	return t.LatencyMS == 0 && t.StallRate == 0 && t.DropRate == 0 && t.ErrorRate == 0 && t.SkewMS == 0
}

// String says what it is, without where.
func (t Trouble) String() string {
	var out []string
	add := func(yes bool, format string, args ...any) {
		if yes {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(t.LatencyMS > 0, "answers %d ms later", t.LatencyMS)
	add(t.JitterMS > 0, "give or take %d ms", t.JitterMS)
	add(t.StallRate > 0, "stalls %.4g %% for %d ms", 100*t.StallRate, t.StallMS)
	add(t.DropRate > 0, "drops %.4g %%", 100*t.DropRate)
	add(t.ErrorRate > 0, "refuses %.4g %%", 100*t.ErrorRate)
	add(len(t.Statuses) > 0, "with %s", strings.Trim(fmt.Sprint(t.Statuses), "[]"))
	add(t.SkewMS != 0, "clock %+d ms", t.SkewMS)
	return strings.Join(out, ", ")
}

// Trouble has a service do something wrong, in place of what it did wrong before; the zero one ends it.
func (c *Client) Trouble(ctx context.Context, t Trouble) error {
	if err := t.Check(); err != nil {
		return err
	}
	if t.Nothing() {
		return c.call(ctx, http.MethodDelete, "/trouble?"+url.Values{"target": {t.Target}, "service": {t.Service}, "endpoint": {t.Endpoint}, "job": {t.Job}}.Encode(), nil, nil)
	}
	return c.call(ctx, http.MethodPut, "/trouble", t, nil)
}

// Troubles lists what is wrong now.
func (c *Client) Troubles(ctx context.Context) ([]Trouble, error) {
	var out []Trouble
	err := c.call(ctx, http.MethodGet, "/trouble", nil, &out)
	return out, err
}
