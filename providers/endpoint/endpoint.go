// Package endpoint has the arguments by which plans name an HTTP service, and opens a client of it.
//
// It knows no API. Credentials are found once, at their first use, and are sent over TLS only.
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/credential"
	"github.com/xdc-project/xdc/providers/https"
)

// defaultTimeout bounds a call where the plan says nothing.
const defaultTimeout = 10 * time.Second

// TLS are the arguments about who is at the other end.
type TLS struct {
	CAFile     string `json:"ca_file"`
	ServerName string `json:"server_name"`
	Insecure   bool   `json:"insecure"`
}

// TLSAttributes are the arguments of TLS.
func TLSAttributes() []schema.Attribute {
	return []schema.Attribute{
		{Name: "ca_file", Type: cty.String, Form: schema.Path, Public: true, Example: `"ca.pem"`, Description: "Certificates in PEM form of the authorities to trust in place of the system's."},
		{Name: "server_name", Type: cty.String, Public: true, Example: `"metrics.example.com"`, Description: "The name that the server's certificate is for, where it is not the host in the URL."},
		{Name: "insecure", Type: cty.Bool, Default: cty.False, Public: true, Example: "false", Description: "Whether to talk to a server whose certificate is not verified. Every plan that does is warned about."},
	}
}

// Pool makes the connections. Plain http is allowed: whoever sends a secret checks its URL.
func (t TLS) Pool(env providers.Env, timeout time.Duration) (*https.Pool, error) {
	o := https.Options{Dial: env.Dial, ServerName: t.ServerName, Insecure: t.Insecure, Plain: true, Connect: https.DefaultConnect}
	if timeout > 0 {
		o.Connect = min(o.Connect, timeout)
	}
	if t.CAFile != "" {
		ca, err := env.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		o.CA = ca
	}
	p, err := https.NewPool(o)
	if err != nil {
		return nil, fmt.Errorf("use ca_file %s: %w", t.CAFile, err)
	}
	return p, nil
}

// Args are the arguments of a service: where it is, who asks, and how long a call may take.
type Args struct {
	URL             string         `json:"url"`
	Username        string         `json:"username"`
	Password        providers.Text `json:"password"`
	PasswordFile    string         `json:"password_file"`
	PasswordCommand []string       `json:"password_command"`
	Token           providers.Text `json:"token"`
	TokenFile       string         `json:"token_file"`
	TokenCommand    []string       `json:"token_command"`
	Timeout         value.Duration `json:"timeout"`
	TLS
}

// Attributes are the arguments of Args. url describes the URL, with an example of it as an expression.
func Attributes(url, example string) []schema.Attribute {
	return append([]schema.Attribute{
		{Name: "url", Type: cty.String, Required: true, Public: true, Example: example, Description: url},
		{Name: "username", Type: cty.String, Public: true, Example: `"xdc"`, Description: "The user to log in as, with HTTP Basic authentication. Not together with `token`."},
		{Name: "password", Type: cty.String, Credential: true, Example: "var.password", Description: "The user's password: a sensitive variable. It is only sent over TLS."},
		{Name: "token", Type: cty.String, Credential: true, Example: "var.token", Description: "A bearer token to log in with instead: a sensitive variable. It is only sent over TLS."},
		{Name: "timeout", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("10s"), Public: true, Example: `"10s"`, Description: "How long one call may take."},
	}, TLSAttributes()...)
}

// Parse reads the URL of a service. Credentials in it are refused, since everybody can read a plan.
func Parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("`url` is not one: write https://HOST:PORT")
	case u.User != nil:
		return nil, errors.New("`url` has credentials in it, which everybody can read: use arguments for them")
	}
	return u, nil
}

// Client asks one service. It is safe for concurrent use.
type Client struct {
	env  providers.Env
	args Args
	root *url.URL
	pool *https.Pool

	mu    sync.Mutex
	login *login
}

type login struct{ password, token string }

// Open checks the arguments and makes a client. It sends nothing.
func Open(env providers.Env, a Args) (*Client, error) {
	root, err := Parse(a.URL)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Username != "" && !a.token().IsZero():
		return nil, errors.New("both `username` and `token` are given: a service is logged in to in one way")
	case a.Username == "" && !a.password().IsZero():
		return nil, errors.New("there is a `password` and no `username`")
	case root.Scheme == "http" && (a.Username != "" || !a.token().IsZero()):
		return nil, errors.New("`url` begins with http, and credentials are only sent over TLS: use https")
	case root.RawQuery != "" || root.Fragment != "":
		return nil, errors.New("`url` has a query or a fragment: write where the service begins, such as https://HOST:PORT/PATH")
	}
	if a.Timeout == 0 {
		a.Timeout = value.Duration(defaultTimeout)
	}
	pool, err := a.Pool(env, a.Timeout.D())
	if err != nil {
		return nil, err
	}
	return &Client{env: env, args: a, root: root, pool: pool}, nil
}

func (a *Args) password() credential.Source {
	return credential.Source{Value: a.Password, File: a.PasswordFile, Command: a.PasswordCommand}
}

func (a *Args) token() credential.Source {
	return credential.Source{Value: a.Token, File: a.TokenFile, Command: a.TokenCommand}
}

// Close ends the connections.
func (c *Client) Close() error { return c.pool.Close() }

// URL is where a path of the service is.
func (c *Client) URL(path string) *url.URL { return c.root.JoinPath(path) }

// Timeout is how long one call may take.
func (c *Client) Timeout() time.Duration { return c.args.Timeout.D() }

// Post asks a question that changes nothing: it may be sent again on a new connection if an idle one had ended. limit
// bounds the body of the answer, in bytes. An answer of any status is no error.
func (c *Client) Post(ctx context.Context, u *url.URL, header http.Header, body []byte, limit int64) (*https.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.args.Timeout.D())
	defer cancel()
	l, err := c.reveal(ctx)
	if err != nil {
		return nil, err
	}
	r := https.Request{Method: http.MethodPost, URL: u, Header: http.Header{}, Body: body, User: c.args.Username, Password: l.password, Limit: limit}
	maps.Copy(r.Header, header)
	r.Header["Idempotency-Key"] = nil // not sent: it tells the transport that the request may be repeated
	if l.token != "" {
		r.Header.Set("Authorization", "Bearer "+l.token)
	}
	a, err := c.pool.Do(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", u.Redacted(), Advised(err))
	}
	return a, nil
}

// reveal finds the credentials where the plan says they are, once: a command may be slow or ask somebody.
func (c *Client) reveal(ctx context.Context) (login, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.login != nil {
		return *c.login, nil
	}
	var l login
	var err error
	if s := c.args.password(); !s.IsZero() {
		if l.password, err = s.Reveal(ctx, c.env); err != nil {
			return l, err
		}
	}
	if s := c.args.token(); !s.IsZero() {
		if l.token, err = s.Reveal(ctx, c.env); err != nil {
			return l, err
		}
		if strings.ContainsAny(l.token, "\r\n\x00") {
			return l, errors.New("the token has a line break in it, which a header line cannot have")
		}
	}
	c.login = &l
	return l, nil
}

// Advised adds to a failure what to do about it.
func Advised(err error) error {
	var f *https.Failure
	if errors.As(err, &f) && f.Remedy() != "" {
		return fmt.Errorf("%w; %s", err, f.Remedy())
	}
	return err
}

// Unexpected says that an answer is not what the service's API answers, with the beginning of it.
func Unexpected(a *https.Answer, api string) error {
	status := fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	switch a.Status {
	case http.StatusUnauthorized:
		return fmt.Errorf("the server answered %s: check `username` and `password`, or `token`", status)
	case http.StatusForbidden:
		return fmt.Errorf("the server answered %s: the user may not do this", status)
	}
	return fmt.Errorf("the server answered %s with what is no answer of %s: %q; check `url`", status, api, Clip(string(a.Body), maxShown))
}

// maxShown bounds what is shown of an answer, in bytes.
const maxShown = 120

// Clip shortens text to so many bytes.
func Clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
