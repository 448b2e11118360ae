// Package rest is a client of the Streams REST management API: discovery by the API's own links, Basic
// authentication over verified TLS, lenient decoding, errors that say what to do.
//
// It knows the wire and nothing of plans.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/throttle"
)

// Limits of one call.
const (
	defaultTimeout = 30 * time.Second
	submitTimeout  = 5 * time.Minute
	getTries       = 3
	getTotal       = 2                // times the limit of one call, for all tries together
	maxAfter       = 10 * time.Second // that a server may ask to be left alone before a read is tried again
)

// Config is how to reach a server.
type Config struct {
	// Target names the data centre in messages.
	Target string
	// URL is the API's root, `https://host:port/streams/resources`, or `https://host:port`.
	URL string
	// Domain is the domain whose instances are meant; empty: the one that the server lists instances of.
	Domain   string
	Username string
	// Password is asked for at each call, so that it need not be kept.
	Password func(ctx context.Context) (string, error)
	// Token is asked for at each call; where it returns one, that is sent in place of user and password. May be nil.
	Token func(ctx context.Context) (string, error)
	// Pool has the connections. The client does not close it.
	Pool    *https.Pool
	Timeout time.Duration // of one call; default 30s
	Submit  time.Duration // of what changes something, and of an upload in addition to its size; default 5m
	Read    time.Duration // of silence while the answer to a read is awaited; 0: as long as the call may take
	// Throttle bounds the rate of requests; nil: nothing does.
	Throttle *throttle.Throttle
	// Seen is told every answer, whatever it says. It may be called concurrently. May be nil.
	Seen func(*https.Answer)
}

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	cfg  Config
	root *url.URL

	mu    sync.Mutex
	links map[string]string // of the root, by name

	jobs, metrics memo
}

// New returns a client. It touches no network.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("the URL %q is not one: write https://HOST:PORT", withoutUser(cfg.URL))
	case u.User != nil:
		return nil, errors.New("the URL has credentials in it: use username and password")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("the URL %q is not https: credentials are sent over TLS only", cfg.URL)
	}
	u.RawQuery, u.Fragment = "", ""
	switch p := strings.TrimSuffix(u.Path, "/"); {
	case p == "":
		u.Path = "/streams/resources"
	case strings.HasSuffix(p, "/resources"):
		u.Path = p
	default:
		u.Path = p + "/resources"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Submit == 0 {
		cfg.Submit = submitTimeout
	}
	return &Client{cfg: cfg, root: u}, nil
}

// withoutUser hides what may be credentials in a text that is no URL.
func withoutUser(s string) string {
	if i := strings.LastIndex(s, "@"); i >= 0 {
		return "..." + s[i:]
	}
	return s
}

// Host is the server's address.
func (c *Client) Host() string { return c.root.Host }

// Root is the API's root URL.
func (c *Client) Root() string { return c.root.String() }

// Login returns the credentials that the client sends.
func (c *Client) Login(ctx context.Context) (user, password string, err error) {
	if c.cfg.Password != nil {
		if password, err = c.cfg.Password(ctx); err != nil {
			return "", "", err
		}
	}
	return c.cfg.Username, password, nil
}

// Bearer returns the token that the client sends; empty where it sends a user and a password.
func (c *Client) Bearer(ctx context.Context) (string, error) {
	if c.cfg.Token == nil {
		return "", nil
	}
	return c.cfg.Token(ctx)
}

// Link finds a link of the root by name ("instances", "domains"); where the root does not list it, it is taken to
// lie beside the root.
func (c *Client) Link(ctx context.Context, name string) (string, error) {
	c.mu.Lock()
	known := c.links
	c.mu.Unlock()
	if known == nil {
		var root struct {
			Resources []struct{ Name, Resource string } `json:"resources"`
		}
		if err := c.Get(ctx, "look up the API's root", c.root.String(), &root); err != nil {
			return "", err
		}
		known = map[string]string{}
		for _, r := range root.Resources {
			known[r.Name] = r.Resource
		}
		c.mu.Lock()
		c.links = known
		c.mu.Unlock()
	}
	if l := known[name]; l != "" {
		return l, nil
	}
	return c.beside(name), nil
}

// beside is a link next to the root.
func (c *Client) beside(name string) string {
	u := *c.root
	u.Path = strings.TrimSuffix(u.Path, "/resources") + "/" + name
	return u.String()
}

// Named finds the link of the root whose name is meant, the first by name; where there is none, it is taken to lie
// beside the root under another name.
func (c *Client) Named(ctx context.Context, meant func(name string) bool, otherwise string) (string, error) {
	if _, err := c.Link(ctx, ""); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(c.links)) {
		if meant(name) && c.links[name] != "" {
			return c.links[name], nil
		}
	}
	return c.beside(otherwise), nil
}

// Get reads a resource. It is tried again after a server error or a broken connection, and after the time that a busy
// server asks for, where that is short.
func (c *Client) Get(ctx context.Context, doing, link string, into any) error {
	whole := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, getTotal*c.cfg.Timeout, &tooLong{getTotal * c.cfg.Timeout})
	defer cancel()
	bo := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, Multiplier: 3, MaxInterval: time.Second}
	bo.Reset()
	var last error
	body, err := backoff.Retry(ctx, func() ([]byte, error) {
		b, err := c.do(ctx, call{doing: doing, method: http.MethodGet, link: link, limit: c.cfg.Timeout})
		var e *Error
		last = err
		switch {
		case err == nil:
		case !errors.As(err, &e) || !e.Temporary() || e.After > maxAfter:
			err = backoff.Permanent(err)
		case e.After > 0:
			err = &backoff.RetryAfterError{Duration: e.After}
		}
		return b, err
	}, backoff.WithBackOff(bo), backoff.WithMaxTries(getTries))
	if after := (*backoff.RetryAfterError)(nil); errors.As(err, &after) || err != nil && last != nil && whole.Err() == nil && ctx.Err() != nil {
		err = last
	}
	if err != nil {
		return err
	}
	return c.decode(doing, http.MethodGet, link, body, into)
}

// Look reads a resource once: whoever polls comes again anyway.
func (c *Client) Look(ctx context.Context, doing, link string, into any) error {
	body, err := c.do(ctx, call{doing: doing, method: http.MethodGet, link: link, limit: c.cfg.Timeout})
	if err != nil {
		return err
	}
	return c.decode(doing, http.MethodGet, link, body, into)
}

// lookAt is Look that also says when the request left, and what the answer bears. The answer is for its caller to read.
func (c *Client) lookAt(ctx context.Context, doing, link string) (*https.Answer, error) {
	return c.exchange(ctx, call{doing: doing, method: http.MethodGet, link: link, limit: c.cfg.Timeout})
}

// clockOf is what the server's clock said when it answered; zero where it does not say.
func clockOf(a *https.Answer) time.Time {
	t, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Fetch reads a resource of at most limit bytes as it is, once.
func (c *Client) Fetch(ctx context.Context, doing, link string, limit int64) ([]byte, error) {
	return c.do(ctx, call{doing: doing, method: http.MethodGet, link: link, limit: c.cfg.Timeout, most: limit})
}

// Send makes a request of any method, with a body of JSON or none. It is never tried again, and its answer is not read.
func (c *Client) Send(ctx context.Context, doing, method, link string, body []byte) error {
	r := call{doing: doing, method: method, link: link, limit: c.cfg.Submit, body: body}
	if body != nil {
		r.contentType = "application/json"
	}
	_, err := c.do(ctx, r)
	return err
}

// Post sends JSON. It is never tried again: what was asked for may have happened.
func (c *Client) Post(ctx context.Context, doing, link string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s: encode the request: %w", doing, err)
	}
	got, err := c.do(ctx, call{doing: doing, method: http.MethodPost, link: link, limit: c.cfg.Submit, contentType: "application/json", body: raw})
	if err != nil || into == nil || len(bytes.TrimSpace(got)) == 0 {
		return err
	}
	return c.decode(doing, http.MethodPost, link, got, into)
}

// slowest is the rate below which an upload is given up, in bytes a second.
const slowest = 256 << 10

// Upload sends bytes as they are read, without keeping them. How long it may take depends on how many they are: as long as
// a submission, and longer at 256 KiB a second.
func (c *Client) Upload(ctx context.Context, doing, link, contentType string, body io.ReadCloser, size int64, into any) error {
	limit := c.cfg.Submit + time.Duration(size/slowest)*time.Second
	got, err := c.do(ctx, call{doing: doing, method: http.MethodPost, link: link, limit: limit, contentType: contentType, stream: body, size: size})
	if err != nil {
		return err
	}
	return c.decode(doing, http.MethodPost, link, got, into)
}

// Delete removes a resource. One that is not there is removed already.
func (c *Client) Delete(ctx context.Context, doing, link string) error {
	_, err := c.do(ctx, call{doing: doing, method: http.MethodDelete, link: link, limit: c.cfg.Timeout})
	if NotFound(err) {
		return nil
	}
	return err
}

// Resolve makes an absolute URL of a link, on the configured host: a server behind a mapped port names itself as it
// sees itself, and credentials go nowhere else.
func (c *Client) Resolve(link string) (*url.URL, error) {
	u, err := c.root.Parse(link)
	if err != nil {
		return nil, fmt.Errorf("the server's link %.200q is not a URL: %w", link, err)
	}
	if u.Opaque != "" {
		return nil, fmt.Errorf("the server's link %.200q is not the URL of a resource", link)
	}
	u.Scheme, u.Host, u.User, u.Fragment = c.root.Scheme, c.root.Host, nil, ""
	return u, nil
}

// call is one request to be made.
type call struct {
	doing, method, link string
	limit               time.Duration
	contentType, accept string
	extent              string // Range
	stream              io.ReadCloser
	size                int64
	body                []byte
	most                int64 // bytes of the answer; 0: the pool's default
	take                func(io.Reader)
}

// Ping reads the root once and returns the answer as it came, for its headers and its times.
func (c *Client) Ping(ctx context.Context) (*https.Answer, error) {
	return c.exchange(ctx, call{doing: "look at the server", method: http.MethodGet, link: c.root.String(), limit: c.cfg.Timeout})
}

func (c *Client) do(ctx context.Context, r call) ([]byte, error) {
	a, err := c.exchange(ctx, r)
	if err != nil {
		return nil, err
	}
	return a.Body, nil
}

// exchange makes a request with the server's credentials. An answer that says no is an error.
func (c *Client) exchange(ctx context.Context, r call) (*https.Answer, error) {
	u, err := c.Resolve(r.link)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", r.doing, c.cfg.Target, err)
	}
	if err := c.cfg.Throttle.Wait(ctx); err != nil {
		return nil, fmt.Errorf("%s at %s: wait for its turn among the requests to %s: %w", r.doing, c.cfg.Target, c.Host(), err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.limit, &tooLong{r.limit})
	defer cancel()
	user, password, err := c.Login(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", r.doing, c.cfg.Target, err)
	}
	token, err := c.Bearer(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", r.doing, c.cfg.Target, err)
	}
	req := https.Request{Method: r.method, URL: u, Header: http.Header{}, Body: r.body, User: user, Password: password, Bearer: token, Limit: r.most, Again: c.cfg.Throttle.Wait, Stream: r.stream, Size: r.size, Take: r.take}
	if r.method == http.MethodGet {
		req.Silence = c.cfg.Read
	}
	if r.accept == "" {
		r.accept = "application/json"
	}
	req.Header.Set("Accept", r.accept)
	if r.extent != "" {
		req.Header.Set("Range", r.extent)
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	got, err := c.cfg.Pool.Do(ctx, req)
	if err != nil {
		return nil, c.failed(r, u, err)
	}
	if c.cfg.Seen != nil {
		c.cfg.Seen(got)
	}
	if got.Status < 200 || got.Status > 299 {
		return nil, c.refused(r, u, got)
	}
	return got, nil
}

// tooLong is why a call was given up. It is a deadline like any other to those who ask.
type tooLong struct{ after time.Duration }

func (e *tooLong) Error() string { return fmt.Sprintf("nothing within %s", e.after) }
func (*tooLong) Unwrap() error   { return context.DeadlineExceeded }

// decode reads a body. What has another type than expected is left out, what is not known is passed over; only a body
// that is no JSON object at all is an error.
func (c *Client) decode(doing, method, link string, body []byte, into any) error {
	if into == nil {
		return nil
	}
	e := &Error{Doing: doing, Target: c.cfg.Target, Method: method, URL: link, Advice: "check that `url` is the root of the Streams REST management API"}
	if u, err := c.Resolve(link); err == nil {
		e.URL = u.String()
	}
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		e.What = "the answer is empty"
		return e
	case trimmed[0] != '{':
		e.What, e.Messages = "the answer is not the JSON object that was expected", beginning(trimmed)
		return e
	}
	err := json.Unmarshal(trimmed, into)
	var wrong *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &wrong) {
		e.What, e.Err = "the answer is not JSON, or ends before its end", err
		e.garbled = true
		return e
	}
	return nil
}
