package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// maxLog bounds how much of a log is read at once, in bytes.
const maxLog = 16 << 20

// Source is one log of the platform.
type Source string

// The logs that there are (reference 2.14). Paths in 7.x are INFERRED: assumptions rest.logs and rest.logs.others.
const (
	Trace   Source = "trace"   // what the application's runtime traces
	Console Source = "console" // standard output and standard error
	Product Source = "product" // what the platform says of it

	Archive         Source = "archive"          // the traces and console logs of all PEs of a job, in one archive
	JobProduct      Source = "job_product"      // what the platform says of a job
	InstanceProduct Source = "instance_product" // of an instance
	DomainProduct   Source = "domain_product"   // and of a domain
)

// Sources are all of them.
func Sources() []Source {
	return []Source{Trace, Console, Product, Archive, JobProduct, InstanceProduct, DomainProduct}
}

// OfPE reports whether each PE has its own.
func (s Source) OfPE() bool { return s == Trace || s == Console || s == Product }

// OfJob reports whether each job has its own.
func (s Source) OfJob() bool { return s == Archive || s == JobProduct }

// paths are the last segments of links to logs below their owners.
var paths = map[Source]string{Trace: "/applicationtrace", Console: "/consolelog", Product: "/productlog"}

// PELog is the link of a log of a PE.
func (c *Client) PELog(i Instance, pe string, s Source) string {
	return Join(i.PEs, "/"+escape(pe)+paths[s])
}

// JobLog is the link of a log of a job: the job's own where it names one.
func (c *Client) JobLog(i Instance, j Job, s Source) string {
	own, segment := j.ProductLog, "/productlog"
	if s == Archive {
		own, segment = j.LogTrace, "/applicationlogtrace"
	}
	if own != "" {
		return own
	}
	return Join(i.Jobs, "/"+escape(string(j.ID))+segment)
}

// DomainLog is the link of the product log of the instance's domain.
func (c *Client) DomainLog(ctx context.Context, i Instance) (string, error) {
	d, err := c.Domain(ctx, i)
	if err != nil || d.ProductLog != "" {
		return d.ProductLog, err
	}
	return Join(d.Self, "/productlog"), nil
}

// Part is a part of a log.
type Part struct {
	Text []byte
	// From is where it begins, in bytes.
	From int64
	// Shrunk says that the log is shorter than where it was to be read from.
	Shrunk bool
}

// ReadLog reads a log from a byte on. Servers that cannot send parts send all of it; of a log of more than 16 MiB,
// nothing can be read from those.
func (c *Client) ReadLog(ctx context.Context, doing, link string, from int64) (Part, error) {
	r := call{doing: doing, method: http.MethodGet, link: link, limit: c.cfg.Timeout, accept: "text/plain", most: maxLog}
	if from > 0 {
		r.extent = "bytes=" + strconv.FormatInt(from, 10) + "-"
	}
	a, err := c.exchange(ctx, r)
	if StatusOf(err) == http.StatusRequestedRangeNotSatisfiable {
		return Part{Shrunk: true}, nil
	}
	if err != nil {
		return Part{}, err
	}
	switch {
	case from > 0 && a.Status == http.StatusPartialContent && begins(a.Header.Get("Content-Range"), from):
		return Part{Text: a.Body, From: from}, nil
	case a.Status == http.StatusPartialContent:
		return Part{}, &Error{Doing: doing, Target: c.cfg.Target, Method: http.MethodGet, URL: link, Status: a.Status, What: "the server sent another part than was asked for"}
	case int64(len(a.Body)) < from:
		return Part{Text: a.Body, Shrunk: true}, nil
	}
	return Part{Text: a.Body[from:], From: from}, nil
}

// begins reports whether a Content-Range begins at a byte: "bytes 100-199/200".
func begins(header string, at int64) bool {
	rest, ok := strings.CutPrefix(header, "bytes ")
	first, _, _ := strings.Cut(rest, "-")
	return ok && first == strconv.FormatInt(at, 10)
}
