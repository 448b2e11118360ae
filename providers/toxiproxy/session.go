package toxiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/credential"
	"github.com/xdc-project/xdc/providers/https"
)

// defaultTimeout bounds one call unless the plan says otherwise.
const defaultTimeout = 10 * time.Second

// connection are the arguments of the block.
type connection struct {
	URL             string         `json:"url"`
	Username        string         `json:"username"`
	Password        providers.Text `json:"password"`
	PasswordFile    string         `json:"password_file"`
	PasswordCommand []string       `json:"password_command"`
	CAFile          string         `json:"ca_file"`
	ServerName      string         `json:"server_name"`
	Insecure        bool           `json:"insecure"`
	Timeout         value.Duration `json:"timeout"`
}

// root is the URL under which the interface lies, without a slash at its end.
func (c connection) root() (*url.URL, error) {
	if c.URL == "" {
		return nil, errors.New("there is no toxiproxy block with a `url` in the target: write toxiproxy { url = \"http://HOST:8474\" }")
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("`url` of toxiproxy is not one: write http://HOST:8474")
	case u.User != nil:
		return nil, errors.New("`url` of toxiproxy has credentials in it, which everybody can read: use `username` and `password`")
	case u.Scheme == "http" && c.Username != "":
		return nil, errors.New("`url` of toxiproxy begins with http, and passwords are only sent over TLS: use https, or remove `username`")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}

// Session is an open connection to one toxiproxy. It is safe for concurrent use.
type Session struct {
	target string
	cfg    connection
	client *client
}

var (
	_ providers.Session = (*Session)(nil)
	_ providers.Checker = (*Session)(nil)
)

func newSession(env providers.Env, t providers.Target, args json.RawMessage) (*Session, error) {
	s := &Session{target: t.Name}
	if err := decode(args, &s.cfg); err != nil {
		return nil, err
	}
	root, err := s.cfg.root()
	if err != nil {
		return nil, err
	}
	timeout := s.cfg.Timeout.D()
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	o := https.Options{
		Dial: env.Dial, ServerName: s.cfg.ServerName, Insecure: s.cfg.Insecure, Plain: true, Connect: min(timeout, https.DefaultConnect), Around: env.Around(t.Name),
	}
	if s.cfg.CAFile != "" {
		if o.CA, err = env.ReadFile(s.cfg.CAFile); err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
	}
	pool, err := https.NewPool(o)
	if err != nil {
		return nil, fmt.Errorf("use ca_file %s: %w", s.cfg.CAFile, err)
	}
	s.client = &client{target: t.Name, root: root, pool: pool, timeout: timeout, user: s.cfg.Username}
	if src := (credential.Source{Value: s.cfg.Password, File: s.cfg.PasswordFile, Command: s.cfg.PasswordCommand}); !src.IsZero() {
		s.client.password = func(ctx context.Context) (string, error) { return src.Reveal(ctx, env) }
	}
	return s, nil
}

// Close ends the connections.
func (s *Session) Close() error { return s.client.pool.Close() }

// Check looks whether toxiproxy answers, and says which proxies it has.
func (s *Session) Check(ctx context.Context) []providers.Finding {
	f := providers.Finding{Subject: s.target + " " + Name}
	names, err := s.client.names(ctx)
	switch {
	case err != nil:
		f.Text = err.Error()
	case len(names) == 0:
		f.OK, f.Text = true, "it answers, and has no proxies"
		f.Remedy = "create the proxies that the plan's faults name before the run"
	default:
		f.OK, f.Text = true, fmt.Sprintf("it answers, and has the proxies %s", listed(names))
	}
	if err == nil && s.cfg.Insecure {
		f.Text += "; certificates are NOT verified (insecure = true)"
	}
	return []providers.Finding{f}
}

// open returns the client of a target.
func open(env providers.Env, target string) (*client, error) {
	if env.Session == nil {
		return nil, fmt.Errorf("toxiproxy at %s: %w", target, providers.ErrUnsupported)
	}
	got, err := env.Session(target, Name)
	if err != nil {
		return nil, err
	}
	s, ok := got.(*Session)
	if !ok {
		return nil, fmt.Errorf("toxiproxy at %s: %w", target, providers.ErrUnsupported)
	}
	return s.client, nil
}
