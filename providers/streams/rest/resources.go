package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Instance is a Streams instance with its links.
type Instance struct {
	ID                  ID     `json:"id"`
	Self                string `json:"self"`
	Status              string `json:"status"`
	Health              string `json:"health"`
	Jobs                string `json:"jobs"`
	PEs                 string `json:"pes"`
	Operators           string `json:"operators"`
	ActiveServices      string `json:"activeServices"`
	ApplicationBundles  string `json:"applicationBundles"`
	ResourceAllocations string `json:"resourceAllocations"`
	PEConnections       string `json:"peConnections"`
	JobGroups           string `json:"jobGroups"`
	// ApplicationConfigurations are settings of applications. That 7.x links to them is INFERRED.
	ApplicationConfigurations string `json:"applicationConfigurations"`
	Domain                    string `json:"domain"`
	ProductLog                string `json:"productLog"`
	JobsSnapshot              string `json:"jobsSnapshot"`
	MetricsSnapshot           string `json:"jobsMetricsSnapshot"`
	Version                   struct {
		Product string `json:"productVersion"`
		Full    string `json:"fullProductVersion"`
	} `json:"activeVersion"`
}

// Job is a job.
type Job struct {
	ID              ID     `json:"id"`
	Self            string `json:"self"`
	Name            string `json:"name"`
	Status          string `json:"status"`
	Health          string `json:"health"`
	ApplicationName string `json:"applicationName"`
	SubmitTime      Int    `json:"submitTime"`
	LogTrace        string `json:"applicationLogTrace"` // a link; snapshots may leave it out
	ProductLog      string `json:"productLog"`          // as well
}

// ActiveService is a running service of an instance.
type ActiveService struct {
	Type                  string `json:"type"`
	Status                string `json:"status"`
	ConnectionURL         string `json:"connectionUrl"`
	ConnectionURLExternal string `json:"connectionUrlExternal"`
}

// Instance finds an instance by its id; with "" the only one there is.
func (c *Client) Instance(ctx context.Context, id string) (Instance, error) {
	link, err := c.instances(ctx)
	if err != nil {
		return Instance{}, err
	}
	all, err := pages[Instance](ctx, c, "list the instances", link, "instances")
	if err != nil {
		return Instance{}, err
	}
	var names []string
	for _, i := range all {
		if string(i.ID) == id || id == "" && len(all) == 1 {
			if i.Self == "" {
				i.Self = Join(link, "/"+url.PathEscape(string(i.ID)))
			}
			return i.complete(), nil
		}
		names = append(names, string(i.ID))
	}
	slices.Sort(names)
	switch {
	case len(all) == 0:
		return Instance{}, fmt.Errorf("find the instance at %s: %s lists no instance that the user %q may see; create one, or log in as another user", c.cfg.Target, c.Host(), c.cfg.Username)
	case id == "":
		return Instance{}, fmt.Errorf("find the instance at %s: %s has %d instances (%s); say which with `instance` in the streams block of target %s", c.cfg.Target, c.Host(), len(all), strings.Join(names, ", "), c.cfg.Target)
	}
	return Instance{}, fmt.Errorf("find the instance at %s: %s has no instance %q, it has %s; correct `instance` in the streams block of target %s", c.cfg.Target, c.Host(), id, strings.Join(names, ", "), c.cfg.Target)
}

// instances is the link of the collection of instances: the domain's, if one is named. Assumption rest.root.
func (c *Client) instances(ctx context.Context) (string, error) {
	if c.cfg.Domain == "" {
		return c.Link(ctx, "instances")
	}
	all, err := c.Domains(ctx)
	if err != nil {
		return "", err
	}
	var names []string
	for _, d := range all {
		if string(d.ID) == c.cfg.Domain {
			if d.Instances != "" {
				return d.Instances, nil
			}
			return c.Link(ctx, "instances")
		}
		names = append(names, string(d.ID))
	}
	return "", fmt.Errorf("find the domain at %s: %s has no domain %q, it has %s; correct `domain` in the streams block of target %s", c.cfg.Target, c.Host(), c.cfg.Domain, strings.Join(names, ", "), c.cfg.Target)
}

// complete fills in the links that an older or newer server leaves out: they lie below the instance.
func (i Instance) complete() Instance {
	fill := func(p *string, path string) {
		if *p == "" {
			*p = Join(i.Self, path)
		}
	}
	fill(&i.Jobs, "/jobs")
	fill(&i.PEs, "/pes")
	fill(&i.Operators, "/operators")
	fill(&i.ActiveServices, "/activeservices")
	fill(&i.ApplicationBundles, "/applicationbundles")
	fill(&i.ResourceAllocations, "/resourceallocations")
	fill(&i.PEConnections, "/peconnections")
	fill(&i.JobGroups, "/jobgroups")
	fill(&i.ApplicationConfigurations, "/applicationconfigurations") // INFERRED: reference, section 2.12
	fill(&i.ProductLog, "/productlog")
	fill(&i.JobsSnapshot, "/jobs/snapshot")
	fill(&i.MetricsSnapshot, "/jobs/metricssnapshot")
	return i
}

// Now reads an instance again.
func (c *Client) Now(ctx context.Context, i Instance) (Instance, error) {
	now := i
	now.Status, now.Health = "", ""
	err := c.Look(ctx, "look at the instance", i.Self, &now)
	return now.complete(), err
}

// Jobs lists the jobs of an instance.
func (c *Client) Jobs(ctx context.Context, i Instance) ([]Job, error) {
	all, err := pages[Job](ctx, c, "list the jobs", i.Jobs, "jobs")
	for n := range all {
		if all[n].Self == "" {
			all[n].Self = Join(i.Jobs, "/"+url.PathEscape(string(all[n].ID)))
		}
	}
	return all, err
}

// JobsNamed lists the jobs of a name. A server that does not know the filter lists all; they are filtered here too.
func (c *Client) JobsNamed(ctx context.Context, i Instance, name string) ([]Job, error) {
	named := i
	named.Jobs = With(i.Jobs, "name", name)
	all, err := c.Jobs(ctx, named)
	return slices.DeleteFunc(all, func(j Job) bool { return j.Name != name }), err
}

// Services lists the running services of an instance.
func (c *Client) Services(ctx context.Context, i Instance) ([]ActiveService, error) {
	return pages[ActiveService](ctx, c, "list the services of the instance", i.ActiveServices, "activeServices")
}

// Limits of a collection.
const (
	maxPages    = 200
	maxElements = 200_000
)

// pages reads a collection with all its pages: by the links of the server, and where it sends none and yet says that there
// is more, by their numbers. What it says of the total is not believed where the pages say otherwise. Assumption rest.lists.
func pages[T any](ctx context.Context, c *Client, doing, link, plural string) ([]T, error) {
	var out []T
	first, size, numbered := link, 0, false
	seen := map[string]bool{}
	begun := map[string]bool{} // first elements of pages
	for n := range maxPages {
		if u, err := c.Resolve(link); err == nil {
			at := u.RequestURI()
			if seen[at] {
				return nil, fmt.Errorf("%s at %s: the list goes in a circle: its page %.200s is one that was read already", doing, c.cfg.Target, at)
			}
			seen[at] = true
		}
		some, p, err := onePage[T](ctx, c, doing, link, plural)
		if err != nil {
			return nil, err
		}
		if numbered && p.next == "" && (p.first == "" || begun[p.first]) {
			return out, nil // it has no such page, or does not know of pages
		}
		begun[p.first] = true
		if out = append(out, some...); len(out) > maxElements {
			break
		}
		if n == 0 {
			size = len(some)
		}
		switch {
		case p.next != "":
			link = p.next
		case size > 0 && p.total > int64(len(out)) && !strings.Contains(first, "page="):
			numbered = true
			link = With(With(first, "count", strconv.Itoa(size)), "page", strconv.Itoa(n+2))
		default:
			return out, nil
		}
	}
	return nil, fmt.Errorf("%s at %s: the list has no end: more than %d pages or %d elements", doing, c.cfg.Target, maxPages, maxElements)
}

// page is what a page says beside its elements.
type page struct {
	next  string
	total int64
	first string // its first element, as it came
}

func onePage[T any](ctx context.Context, c *Client, doing, link, plural string) ([]T, page, error) {
	var got map[string]json.RawMessage
	if err := c.Get(ctx, doing, link, &got); err != nil {
		return nil, page{}, err
	}
	some, p, err := elements[T](got, plural)
	if err != nil {
		err = fmt.Errorf("%s at %s: %w", doing, c.cfg.Target, err)
	}
	return some, p, err
}

// elements reads a page: its elements, of which those that are of another type are empty, and what it says beside them.
func elements[T any](got map[string]json.RawMessage, plural string) ([]T, page, error) {
	var p page
	var some []T
	err := json.Unmarshal(orNull(got[plural]), &some)
	var wrong *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &wrong) {
		return nil, p, err
	}
	var raw []json.RawMessage
	if json.Unmarshal(orNull(got[plural]), &raw) == nil && len(raw) > 0 {
		p.first = string(raw[0])
	}
	_ = json.Unmarshal(orNull(got["next"]), &p.next) // what is no text means that there is none
	var total Int
	_ = total.UnmarshalJSON(orNull(got["total"])) // it never fails
	p.total = total.V
	return some, p, nil
}

func orNull(b json.RawMessage) json.RawMessage {
	if len(b) == 0 {
		return json.RawMessage("null")
	}
	return b
}

// escape makes an id fit for a segment of a path.
func escape(id string) string { return url.PathEscape(id) }

// Join puts a path below a resource's own link, in front of its query.
func Join(self, path string) string {
	u, err := url.Parse(self)
	if err != nil {
		return self + path
	}
	u.RawQuery, u.Fragment = "", ""
	return u.JoinPath(path).String()
}

// With adds a parameter to a link.
func With(link, name, value string) string {
	sep := "?"
	if strings.Contains(link, "?") {
		sep = "&"
	}
	return link + sep + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}
