package dataexchange

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Limits of what is read out of a listing.
const (
	maxDepth      = 32
	maxCandidates = 100_000
)

// Ways is which way records go through an endpoint.
type way int

const (
	either  way = iota
	inject      // into the application
	inspect     // out of it
)

// candidate is a URL in a listing with everything that stands around it.
type candidate struct {
	url   string
	ids   []string // what may identify its job
	names []string // what may be the endpoint's name: exact
	way   way
	// socket says that it is spoken to by WebSocket.
	socket bool
}

// find discovers the URL of an endpoint.
func (s *Session) find(ctx context.Context, f flow, w way) (*url.URL, error) {
	if f.EndpointURL != "" {
		return f.given()
	}
	p, err := s.peer()
	if err != nil {
		return nil, err
	}
	service, body, err := s.listing(ctx)
	if err != nil {
		return nil, err
	}
	return s.among(p, service, body, f, w)
}

// among discovers the URL of an endpoint in a listing.
func (s *Session) among(p peer, service *url.URL, body []byte, f flow, w way) (*url.URL, error) {
	all, err := candidates(body)
	if err != nil {
		return nil, fmt.Errorf("find endpoint %s at %s: %s answered with something that is no listing: %w; check `url` of the data_exchange block, or give `endpoint_url`", f.Endpoint, s.target, service, err)
	}
	if all = over(all, f.socket()); len(all) == 0 && f.socket() {
		return nil, fmt.Errorf("find endpoint %s at %s: the data service at %s lists no WebSocket URIs; leave `transport` out, or give `endpoint_url`", f.Endpoint, s.target, service)
	}
	of := ""
	var mine []candidate
	if id, name, ok := p.JobAt(f.Job); ok {
		of = fmt.Sprintf(" of job %s (%s)", id, name)
		mine = ofJobs(all, id, name)
	} else {
		if mine = ofJobs(all, p.JobIDs()...); len(mine) == 0 || choose(mine, f.Endpoint, w) == nil {
			mine = all
		}
	}
	got := choose(mine, f.Endpoint, w)
	switch {
	case len(got) == 0:
		return nil, fmt.Errorf("find endpoint %s%s at %s: the data service at %s does not list it (it lists %s); it may not be published yet: check the name of the operator, or give `endpoint_url`", f.Endpoint, of, s.target, service, listed(mine))
	case len(got) > 1:
		return nil, fmt.Errorf("find endpoint %s%s at %s: several fit (%s); name it in full, name the `job`, or give `endpoint_url`", f.Endpoint, of, s.target, strings.Join(got[:min(len(got), 5)], ", "))
	}
	u, err := at(service, got[0])
	if err != nil {
		return nil, fmt.Errorf("find endpoint %s at %s: the data service names it as %.200q, which is no URL; give `endpoint_url`", f.Endpoint, s.target, got[0])
	}
	return u, nil
}

// at is a URL that a service names. A service behind a mapped port names itself as it sees itself, and credentials go
// nowhere else.
func at(service *url.URL, link string) (*url.URL, error) {
	u, err := service.Parse(link)
	if err != nil {
		return nil, err
	}
	u.Scheme, u.Host, u.User, u.Fragment = service.Scheme, service.Host, nil, ""
	return u, nil
}

// over keeps the candidates of one transport.
func over(all []candidate, socket bool) []candidate {
	return slices.DeleteFunc(all, func(c candidate) bool { return c.socket != socket })
}

func listed(cs []candidate) string {
	var names []string
	for _, c := range cs {
		if len(c.names) > 0 && !slices.Contains(names, c.names[0]) {
			names = append(names, c.names[0])
		}
	}
	if len(names) == 0 {
		return "no endpoints of it"
	}
	return strings.Join(names[:min(len(names), 10)], ", ")
}

// ofJobs keeps the candidates that belong to a job with one of these ids or names: what stands around them says so, or,
// where nothing does, what stands beside them.
func ofJobs(all []candidate, idsOrNames ...string) []candidate {
	for _, where := range []func(candidate) []string{
		func(c candidate) []string { return c.ids }, func(c candidate) []string { return c.names },
	} {
		var out []candidate
		for _, c := range all {
			if slices.ContainsFunc(idsOrNames, func(s string) bool { return s != "" && slices.Contains(where(c), s) }) {
				out = append(out, c)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// choose returns the URLs that fit a name best: by a name beside the URL, by a part of the URL, by the operator's or
// the stream's part of OPERATOR_STREAM.
func choose(cs []candidate, name string, w way) []string {
	tests := []func(c candidate) bool{
		func(c candidate) bool { return slices.Contains(c.names, name) },
		func(c candidate) bool { return slices.Contains(segments(c.url), name) },
		func(c candidate) bool { return anyOf(c, func(s string) bool { return strings.HasPrefix(s, name+"_") }) },
		func(c candidate) bool { return anyOf(c, func(s string) bool { return strings.HasSuffix(s, "_"+name) }) },
	}
	for _, fits := range tests {
		var out []string
		for _, c := range cs {
			if (c.way == w || c.way == either) && fits(c) && !slices.Contains(out, c.url) {
				out = append(out, c.url)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func anyOf(c candidate, ok func(string) bool) bool {
	return slices.ContainsFunc(c.names, ok) || slices.ContainsFunc(segments(c.url), ok)
}

func segments(link string) []string {
	u, err := url.Parse(link)
	if err != nil {
		return nil
	}
	return strings.Split(strings.Trim(u.Path, "/"), "/")
}

// candidates finds every URL of an endpoint in a listing, whatever its layout.
func candidates(body []byte) ([]candidate, error) {
	w, err := read(body)
	return w.out, err
}

func read(body []byte) (walker, error) {
	var w walker
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return w, fmt.Errorf("not JSON: %w", err)
	}
	w.walk(v, around{}, 0)
	return w, nil
}

// around is what stands around a value.
type around struct {
	key  string   // under which it stands
	jobs []string // what may identify its job
	near []string // names in the nearest object
	way  way
	// socket says that the key says WebSocket.
	socket bool
}

type walker struct {
	out  []candidate
	docs []candidate // links to documents in JSON
}

func (w *walker) walk(v any, a around, depth int) {
	if depth > maxDepth || len(w.out) >= maxCandidates {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, el := range v {
			w.walk(el, a, depth+1)
		}
	case map[string]any:
		w.object(v, a, depth)
	case string:
		switch {
		case !isLink(v):
		case isDocument(a.key, v):
			if len(w.docs) < maxDocuments && readable(a.key, v) {
				w.docs = append(w.docs, candidate{url: v, ids: a.jobs, names: a.near})
			}
		default:
			w.out = append(w.out, candidate{url: v, ids: a.jobs, names: a.near, way: a.way, socket: a.socket || isSocket(v)})
		}
	}
}

func (w *walker) object(m map[string]any, a around, depth int) {
	in := a
	in.jobs = slices.Clone(a.jobs)
	// What named the object around may be a job's id or name; what names this one may be an endpoint's.
	in.jobs = append(in.jobs, a.near...)
	in.near = nil
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		text, ok := scalar(m[k])
		if !ok || isLink(text) {
			continue
		}
		switch plain(k) {
		case "jobid", "job", "jobname", "jobrestid":
			in.jobs = append(in.jobs, text)
		case "id", "restid", "name", "operator", "operatorname", "stream", "streamname", "endpoint", "endpointname", "port", "portname", "applicationname":
			in.near = append(in.near, text)
		}
	}
	if len(in.near) == 0 && a.key != "" {
		in.near = append(in.near, a.key) // {"Orders": {"uri": ...}}
	}
	for _, k := range keys {
		sub := in
		sub.key = k
		sub.way = wayOf(k, a.way)
		sub.socket = a.socket || strings.Contains(plain(k), "websocket") || strings.HasPrefix(plain(k), "ws")
		if text, ok := m[k].(string); ok && isLink(text) && !generic(k) {
			sub.near = append(slices.Clone(in.near), k) // {"Orders": "https://..."}
		}
		w.walk(m[k], sub, depth+1)
	}
}

// plain makes jobId, job_id and JobID the same.
func plain(key string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key))
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case float64:
		return fmt.Sprintf("%.0f", v), true
	}
	return "", false
}

// generic reports whether a key says that a URL follows and nothing more.
func generic(key string) bool {
	switch plain(key) {
	case "uri", "url", "href", "http", "https", "rest", "link", "self", "inject", "inspect", "httpuri", "httpurl", "endpoint", "injecturi", "inspecturi", "injecturl", "inspecturl",
		"websocket", "ws", "wss", "websocketuri", "websocketurl", "wsuri", "wsurl":
		return true
	}
	return false
}

func isSocket(s string) bool { return strings.HasPrefix(s, "wss://") || strings.HasPrefix(s, "ws://") }

func isLink(s string) bool {
	return isSocket(s) || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "/") && len(s) > 1
}

// isDocument reports whether a URL leads to documentation rather than to an endpoint.
func isDocument(key, link string) bool {
	k := plain(key)
	for _, word := range []string{"openapi", "asyncapi", "doc", "json", "yaml", "viewer", "schema", "self"} {
		if strings.Contains(k, word) {
			return true
		}
	}
	u, err := url.Parse(link)
	if err != nil {
		return true
	}
	switch path.Ext(u.Path) {
	case ".json", ".yaml", ".yml", ".html":
		return true
	}
	return false
}

// wayOf reads the way from a key such as "inject", "inspectEndpoints" or "sources".
func wayOf(key string, have way) way {
	k := plain(key)
	switch {
	case strings.HasPrefix(k, "inject"), k == "sources", k == "source", k == "post", k == "inputs":
		return inject
	case strings.HasPrefix(k, "inspect"), k == "sinks", k == "sink", k == "get", k == "outputs":
		return inspect
	}
	return have
}
