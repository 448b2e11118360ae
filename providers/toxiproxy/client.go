package toxiproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/https"
)

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 4 << 20

// client speaks to one toxiproxy. It is safe for concurrent use.
type client struct {
	target   string
	root     *url.URL
	pool     *https.Pool
	timeout  time.Duration // of one call
	user     string
	password func(context.Context) (string, error) // nil: none
}

// names lists the proxies there are, sorted.
func (c *client) names(ctx context.Context) ([]string, error) {
	body, err := c.call(ctx, "list the proxies", http.MethodGet, nil, "proxies")
	if err != nil {
		return nil, err
	}
	all, err := decodeProxies(body)
	if err != nil {
		return nil, c.strange("list the proxies", err)
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// proxy reads one proxy with its toxics.
func (c *client) proxy(ctx context.Context, name string) (proxy, error) {
	doing := "read the proxy " + shown(name)
	body, err := c.call(ctx, doing, http.MethodGet, nil, "proxies", name)
	if err != nil {
		return proxy{}, err
	}
	p, err := decodeProxy(body, name)
	if err != nil {
		return proxy{}, c.strange(doing, err)
	}
	return p, nil
}

// enable lets a proxy listen, or stops it and closes its connections. It is not an error when it is so already.
func (c *client) enable(ctx context.Context, name string, on bool) error {
	doing := "switch the proxy " + shown(name) + map[bool]string{true: " on", false: " off"}[on]
	body, err := c.call(ctx, doing, http.MethodPost, map[string]bool{"enabled": on}, "proxies", name)
	if err != nil {
		return err
	}
	p, err := decodeProxy(body, name)
	if err == nil && p.Enabled != on {
		err = errors.New("it answered without doing so")
	}
	if err != nil {
		return c.strange(doing, err)
	}
	return nil
}

// add puts a toxic on a proxy.
func (c *client) add(ctx context.Context, name string, t toxic) error {
	return c.put(ctx, fmt.Sprintf("add the toxic %s to the proxy %s", t.Name, shown(name)), t, t, "proxies", name, "toxics")
}

// update replaces the parameters of a toxic in place.
func (c *client) update(ctx context.Context, name string, t toxic) error {
	change := map[string]any{"attributes": t.Attributes, "toxicity": t.Toxicity}
	return c.put(ctx, fmt.Sprintf("change the toxic %s of the proxy %s", t.Name, shown(name)), change, t, "proxies", name, "toxics", t.Name)
}

func (c *client) put(ctx context.Context, doing string, send any, want toxic, path ...string) error {
	body, err := c.call(ctx, doing, http.MethodPost, send, path...)
	if err != nil {
		return err
	}
	got, err := decodeToxic(body)
	if err == nil && !same(got, want) {
		err = fmt.Errorf("it made %s of it", clip(got.String()))
	}
	if err != nil {
		return c.strange(doing, err)
	}
	return nil
}

// remove takes a toxic from a proxy. It is not an error when there is none, or no such proxy.
func (c *client) remove(ctx context.Context, name, toxic string) error {
	_, err := c.call(ctx, fmt.Sprintf("remove the toxic %s from the proxy %s", toxic, shown(name)), http.MethodDelete, nil, "proxies", name, "toxics", toxic)
	if absent(err) {
		return nil
	}
	return err
}

// call sends one request and returns the body of a successful answer.
func (c *client) call(ctx context.Context, doing, method string, send any, path ...string) ([]byte, error) {
	wrap := func(err error) error { return fmt.Errorf("%s of toxiproxy at %s: %w", doing, c.target, err) }
	r := https.Request{Method: method, URL: c.at(path), Header: http.Header{"User-Agent": {"xdc"}}, User: c.user, Limit: maxAnswer}
	if send != nil {
		b, err := json.Marshal(send)
		if err != nil {
			return nil, wrap(err)
		}
		r.Body = b
		r.Header.Set("Content-Type", "application/json")
	}
	if c.password != nil {
		var err error
		if r.Password, err = c.password(ctx); err != nil {
			return nil, wrap(err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %s", c.timeout))
	defer cancel()
	a, err := c.pool.Do(ctx, r)
	if err != nil {
		return nil, wrap(remedied(err))
	}
	if a.Status < 200 || a.Status > 299 {
		return nil, wrap(refusal(a.Status, a.Body))
	}
	return bytes.TrimSpace(a.Body), nil
}

// stuck says what to do when toxiproxy takes a request and does not answer. It waits for connections when a toxic comes
// or goes, and one whose receiver does not read keeps it waiting for ever; closing the connection does not help.
const stuck = "it may be waiting for a connection whose receiver does not read: let the receiver go on, or restart toxiproxy, which takes all toxics away"

// remedied adds to a failure what to do about it.
func remedied(err error) error {
	var f *https.Failure
	switch {
	case !errors.As(err, &f) || f.Remedy() == "":
		return err
	case f.Kind == https.Timeout:
		return fmt.Errorf("%w; %s", err, stuck)
	}
	return fmt.Errorf("%w; %s", err, f.Remedy())
}

// at is the URL of a resource. Every element is escaped, so that no name reaches into another resource.
func (c *client) at(path []string) *url.URL {
	plain, escaped := c.root.Path, c.root.EscapedPath()
	for _, p := range path {
		plain += "/" + p
		escaped += "/" + url.PathEscape(p)
	}
	return &url.URL{Scheme: c.root.Scheme, Host: c.root.Host, Path: plain, RawPath: escaped}
}

// strange says that a successful answer is not what toxiproxy sends.
func (c *client) strange(doing string, err error) error {
	return fmt.Errorf("%s of toxiproxy at %s: the answer is not one of toxiproxy 2: %w; check that `url` is that of its HTTP interface", doing, c.target, err)
}

// APIError is an answer with which toxiproxy refuses.
type APIError struct {
	Status  int
	Message string // its own words; empty where it had none
}

// refusal reads an answer that is no success.
func refusal(status int, body []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil {
		said.Error = ""
	}
	return &APIError{Status: status, Message: said.Error}
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("it answered %d", e.Status)
	if e.Message != "" {
		text += fmt.Sprintf(" %.200q", e.Message)
	}
	if r := e.Remedy(); r != "" {
		text += "; " + r
	}
	return text
}

// Remedy says what to do about it; empty where there is nothing general to say.
func (e *APIError) Remedy() string {
	switch {
	case e.Message == "" && e.Status == http.StatusServiceUnavailable:
		return stuck
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		return "check `username` and `password`, and what the server in front of it allows"
	case e.Message == "":
		return "check that `url` is that of toxiproxy's HTTP interface"
	case e.Message == proxyNotFound:
		return "create the proxy first, or correct its name"
	case e.Status == http.StatusInternalServerError:
		return "look at its log; another program may have taken the proxy's port"
	}
	return ""
}

// What toxiproxy says of things that are not there. Other servers' 404 says nothing about toxics.
const (
	proxyNotFound = "proxy not found"
	toxicNotFound = "toxic not found"
)

// absent reports whether toxiproxy itself says that the proxy or the toxic is not there.
func absent(err error) bool {
	var e *APIError
	return errors.As(err, &e) && e.Status == http.StatusNotFound && (e.Message == proxyNotFound || e.Message == toxicNotFound)
}

// shown is a name as it stands in messages.
func shown(name string) string { return fmt.Sprintf("%.80q", name) }

// listed are the first of some names, as they stand in messages.
func listed(names []string) string {
	const most = 10
	var parts []string
	for _, n := range names[:min(len(names), most)] {
		parts = append(parts, shown(n))
	}
	if len(names) > most {
		parts = append(parts, fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(parts, ", ")
}

func clip(s string) string {
	const most = 200 // bytes
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
