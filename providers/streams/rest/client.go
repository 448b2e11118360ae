// Package rest is a client of the Streams REST management API: discovery by the API's own links, Basic
// authentication over verified TLS, lenient decoding, errors that say what to do.
//
// It knows the wire and nothing of plans.
package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Limits of one call.
const (
	maxBody        = 32 << 20
	connectTimeout = 10 * time.Second
	defaultTimeout = 30 * time.Second
	submitTimeout  = 5 * time.Minute
	getTries       = 3
)

// Config is how to reach a server.
type Config struct {
	// URL is the API's root, `https://host:port/streams/resources`, or `https://host:port`.
	URL      string
	Username string
	// Password is asked for at each call, so that it need not be kept.
	Password func() (string, error)
	// CA is PEM of the authorities to trust; nil means the system's.
	CA         []byte
	ServerName string
	Insecure   bool
	Timeout    time.Duration // of one call; default 30s
	Dial       func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	cfg  Config
	root *url.URL
	http *http.Client
	tr   *http.Transport

	mu    sync.Mutex
	links map[string]string // of the root, by name
}

// New returns a client. It touches no network.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the URL %q is not one: write https://HOST:PORT", cfg.URL)
	}
	if u.Scheme != "https" {
		return nil, fmt.Errorf("the URL %q is not https: credentials are sent over TLS only", cfg.URL)
	}
	if u.User != nil {
		return nil, errors.New("the URL has credentials in it: use username and password")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/streams/resources"
	}
	tc := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.ServerName, InsecureSkipVerify: cfg.Insecure} //nolint:gosec // only when the plan says so, and the plan output warns
	if cfg.CA != nil {
		tc.RootCAs = x509.NewCertPool()
		if !tc.RootCAs.AppendCertsFromPEM(cfg.CA) {
			return nil, errors.New("the CA file has no certificate in PEM form")
		}
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	c := &Client{cfg: cfg, root: u}
	c.tr = &http.Transport{
		DialContext: cfg.Dial, TLSClientConfig: tc, TLSHandshakeTimeout: connectTimeout, MaxIdleConnsPerHost: 4,
		IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: false, DisableCompression: true,
	}
	c.http = &http.Client{Transport: c.tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

// Close ends the kept connections.
func (c *Client) Close() error {
	c.tr.CloseIdleConnections()
	return nil
}

// Host is the server's address.
func (c *Client) Host() string { return c.root.Host }

// Root is the API's root URL.
func (c *Client) Root() string { return c.root.String() }

// HTTP is the client's transport with its credentials, for services of the same platform.
func (c *Client) HTTP() *http.Client { return c.http }

// Authorize adds the credentials to a request.
func (c *Client) Authorize(req *http.Request) error {
	pw := ""
	if c.cfg.Password != nil {
		var err error
		if pw, err = c.cfg.Password(); err != nil {
			return err
		}
	}
	req.SetBasicAuth(c.cfg.Username, pw)
	return nil
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
		if err := c.Get(ctx, c.root.String(), &root); err != nil {
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
	u := *c.root
	u.Path = strings.TrimSuffix(u.Path, "/resources") + "/" + name
	return u.String(), nil
}

// Get reads a resource. It is tried again after a server error or a broken connection.
func (c *Client) Get(ctx context.Context, link string, into any) error {
	bo := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, Multiplier: 3, MaxInterval: time.Second}
	bo.Reset()
	body, err := backoff.Retry(ctx, func() ([]byte, error) {
		b, err := c.do(ctx, c.cfg.Timeout, http.MethodGet, link, "", nil, "application/json")
		var e *Error
		if err != nil && errors.As(err, &e) && !e.Temporary() {
			err = backoff.Permanent(err)
		}
		return b, err
	}, backoff.WithBackOff(bo), backoff.WithMaxTries(getTries))
	if err != nil {
		return err
	}
	return c.decode(http.MethodGet, link, body, into)
}

// Text reads a plain text resource, such as a log.
func (c *Client) Text(ctx context.Context, link string) (string, error) {
	b, err := c.do(ctx, c.cfg.Timeout, http.MethodGet, link, "", nil, "text/plain")
	return string(b), err
}

// Post sends JSON. It is never tried again: what was asked for may have happened.
func (c *Client) Post(ctx context.Context, link string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	got, err := c.do(ctx, submitTimeout, http.MethodPost, link, "application/json", raw, "application/json")
	if err != nil || into == nil || len(got) == 0 {
		return err
	}
	return c.decode(http.MethodPost, link, got, into)
}

// Upload sends bytes as they are.
func (c *Client) Upload(ctx context.Context, link, contentType string, body []byte, into any) error {
	got, err := c.do(ctx, submitTimeout, http.MethodPost, link, contentType, body, "application/json")
	if err != nil {
		return err
	}
	return c.decode(http.MethodPost, link, got, into)
}

// Delete removes a resource. One that is not there is removed already.
func (c *Client) Delete(ctx context.Context, link string) error {
	_, err := c.do(ctx, c.cfg.Timeout, http.MethodDelete, link, "", nil, "application/json")
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
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
	u.Scheme, u.Host, u.User, u.Fragment = c.root.Scheme, c.root.Host, nil, ""
	return u, nil
}

func (c *Client) do(ctx context.Context, limit time.Duration, method, link, contentType string, body []byte, accept string) ([]byte, error) {
	u, err := c.Resolve(link)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), r)
	if err != nil {
		return nil, err
	}
	if err := c.Authorize(req); err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.failed(method, u, limit, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, &Error{Method: method, URL: u.String(), What: "the answer broke off", Advice: "look at the server's log; something between here and there may cut connections", Err: err}
	case len(got) > maxBody:
		return nil, &Error{Method: method, URL: u.String(), What: fmt.Sprintf("the answer is longer than %d MiB", maxBody>>20), Advice: "is this the Streams REST API?"}
	case resp.StatusCode >= 300:
		return nil, c.refused(method, u, resp, got)
	}
	return got, nil
}

func (c *Client) decode(method, link string, body []byte, into any) error {
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		u, _ := c.Resolve(link)
		return &Error{Method: method, URL: u.String(), What: "the answer is not the JSON that was expected", Advice: "is this the Streams REST API, and its root?", Err: err}
	}
	return nil
}
