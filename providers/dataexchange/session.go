package dataexchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/proxy"
)

// peer is what a session needs of the target's streams session.
type peer interface {
	// DataServices lists the URLs of the instance's running data services.
	DataServices(ctx context.Context) ([]string, error)
	// JobAt returns the platform's id and name of a job of the plan, once it is known.
	JobAt(path string) (id, name string, ok bool)
	// JobIDs lists the platform's ids of all jobs of the plan at the target.
	JobIDs() []string
	// Launches is how often the PE that holds an operator was launched as last seen, and when that was.
	Launches(path, operator string) (n int64, at time.Time, ok bool)
	// Login returns the credentials of the platform.
	Login(ctx context.Context) (user, password string, err error)
}

// bearer is a platform that may be logged in to with a token.
type bearer interface {
	// Bearer returns the token; empty where there is none.
	Bearer(ctx context.Context) (string, error)
}

// Session is the connection to the data service of one target. It is safe for concurrent use.
type Session struct {
	env    providers.Env
	target string
	cfg    connection
	pool   *https.Pool
}

var (
	_ providers.Session = (*Session)(nil)
	_ providers.Checker = (*Session)(nil)
)

func newSession(env providers.Env, t providers.Target, args json.RawMessage) (*Session, error) {
	s := &Session{env: env, target: t.Name}
	if len(args) > 0 {
		if err := json.Unmarshal(args, &s.cfg); err != nil {
			return nil, fmt.Errorf("read the data_exchange block: %w", err)
		}
	}
	if s.cfg.URL != "" {
		if u, err := url.Parse(s.cfg.URL); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !s.cfg.Insecure {
			return nil, fmt.Errorf("use `url` of the data_exchange block of target %s: write https://HOST:PORT/PATH, without credentials in it", t.Name)
		}
	}
	same, err := s.inherit(t)
	if err != nil {
		return nil, err
	}
	o := https.Options{Dial: env.Dial, ServerName: s.cfg.ServerName, Insecure: s.cfg.Insecure || same.Insecure}
	o.Connect = min(https.DefaultConnect, s.timeout())
	if s.cfg.CAFile != "" {
		if o.CA, err = env.ReadFile(s.cfg.CAFile); err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
	}
	where := s.cfg.URL
	if where == "" {
		where = same.URL
	}
	if o.Proxy, err = same.For(env, where); err != nil {
		return nil, fmt.Errorf("reach the data service as the streams block of target %s says: %w", t.Name, err)
	}
	if o.Certificate, o.Key, err = same.pair(env); err != nil {
		return nil, fmt.Errorf("log in as the streams block of target %s says: %w", t.Name, err)
	}
	s.pool, err = https.NewPool(o)
	if _, ok := errors.AsType[*https.PairError](err); ok {
		return nil, fmt.Errorf("use client_certificate %s and client_key %s: %w", same.ClientCert, same.ClientKey, err)
	}
	if err != nil {
		return nil, fmt.Errorf("use ca_file %s: %w", s.cfg.CAFile, err)
	}
	return s, nil
}

// inherited is what the streams block of a target says of the way to log in.
type inherited struct {
	proxy.Args
	URL        string `json:"url"`
	CAFile     string `json:"ca_file"`
	ServerName string `json:"server_name"`
	ClientCert string `json:"client_certificate"`
	ClientKey  string `json:"client_key"`
	Insecure   bool   `json:"insecure"`
}

// inherit reads the streams block. What the block of the service does not say, that one says: it is the same platform.
// Only the name in the certificate is left to the URL where the plan gives the service a host of its own.
func (s *Session) inherit(t providers.Target) (inherited, error) {
	var same inherited
	raw := t.Connections["streams"]
	if len(raw) == 0 {
		return same, nil
	}
	if err := json.Unmarshal(raw, &same); err != nil {
		return same, fmt.Errorf("read the streams block of target %s: %w", t.Name, err)
	}
	if s.cfg.CAFile == "" {
		s.cfg.CAFile = same.CAFile
	}
	if s.cfg.ServerName == "" && (s.cfg.URL == "" || hostOf(s.cfg.URL) == hostOf(same.URL)) {
		s.cfg.ServerName = same.ServerName
	}
	return same, nil
}

func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// pair reads the client's certificate and its key; nil where there is none.
func (p inherited) pair(env providers.Env) (certificate, key []byte, err error) {
	if p.ClientCert == "" || p.ClientKey == "" {
		return nil, nil, nil
	}
	if certificate, err = env.ReadFile(p.ClientCert); err != nil {
		return nil, nil, fmt.Errorf("read client_certificate: %w", err)
	}
	if key, err = env.ReadFile(p.ClientKey); err != nil {
		return nil, nil, fmt.Errorf("read client_key: %w", err)
	}
	if env.Conceal != nil {
		env.Conceal(string(key))
	}
	return certificate, key, nil
}

func (s *Session) timeout() time.Duration {
	if d := s.cfg.Timeout.D(); d > 0 {
		return d
	}
	return DefaultTimeout
}

// Close ends the connections.
func (s *Session) Close() error { return s.pool.Close() }

// Check looks whether the service can be found and answers.
func (s *Session) Check(ctx context.Context) []providers.Finding {
	subject := s.target + " data exchange"
	where, _, err := s.listing(ctx)
	if err != nil {
		return []providers.Finding{{Subject: subject, Text: err.Error()}}
	}
	return []providers.Finding{{Subject: subject, OK: true, Text: "the service answers at " + where.String()}}
}

func (s *Session) peer() (peer, error) {
	got, err := s.env.Session(s.target, "streams")
	if err != nil {
		return nil, fmt.Errorf("use the streams session of %s: %w", s.target, err)
	}
	p, ok := got.(peer)
	if !ok {
		return nil, fmt.Errorf("the streams session of %s cannot find data services", s.target)
	}
	return p, nil
}

// errNoService says that discovery found nothing.
var errNoService = errors.New("the instance names no running data service: start it, or give the service's address as `url` in a data_exchange block of the target (`streamtool getinstanceurl --data` prints it)")

// listing reads the service's listing of jobs and endpoints. Assumption data_exchange.listing.
func (s *Session) listing(ctx context.Context) (*url.URL, []byte, error) {
	urls := []string{s.cfg.URL}
	if s.cfg.URL == "" {
		p, err := s.peer()
		if err != nil {
			return nil, nil, err
		}
		if urls, err = p.DataServices(ctx); err != nil {
			return nil, nil, fmt.Errorf("find the data service of %s: %w", s.target, err)
		}
	}
	err := fmt.Errorf("find the data service of %s: %w", s.target, errNoService)
	for _, text := range urls {
		var u *url.URL
		if u, err = url.Parse(text); err != nil || u.Host == "" {
			err = fmt.Errorf("find the data service of %s: the instance names it as %.200q, which is no URL", s.target, text)
			continue
		}
		u.User = nil
		var a *https.Answer
		if a, err = s.send(ctx, "list the endpoints", https.Request{Method: http.MethodGet, URL: u}); err != nil {
			continue
		}
		if a.Status != http.StatusOK {
			err = s.refused("list the endpoints", http.MethodGet, u, a)
			continue
		}
		return u, a.Body, nil
	}
	return nil, nil, err
}

// send sends one request with the platform's credentials.
func (s *Session) send(ctx context.Context, doing string, r https.Request) (*https.Answer, error) {
	r, err := s.login(ctx, doing, r)
	if err != nil {
		return nil, err
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Accept", "application/json")
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout(), &tooLong{s.timeout()})
	defer cancel()
	a, err := s.pool.Do(ctx, r)
	if err == nil {
		return a, nil
	}
	return nil, s.failed(doing, r, err)
}

// login adds the platform's credentials to a request. Assumption data_exchange.login.
func (s *Session) login(ctx context.Context, doing string, r https.Request) (https.Request, error) {
	p, err := s.peer()
	if err != nil {
		return r, err
	}
	if b, ok := p.(bearer); ok {
		if r.Bearer, err = b.Bearer(ctx); err != nil {
			return r, fmt.Errorf("%s at %s: %w", doing, s.target, err)
		}
	}
	if r.User, r.Password, err = p.Login(ctx); err != nil {
		return r, fmt.Errorf("%s at %s: %w", doing, s.target, err)
	}
	return r, nil
}

// failed explains a request without an answer.
func (s *Session) failed(doing string, r https.Request, err error) error {
	var f *https.Failure
	if errors.As(err, &f) && f.Remedy() != "" {
		return fmt.Errorf("%s at %s: %s %s: %w; %s", doing, s.target, r.Method, r.URL, err, f.Remedy())
	}
	return fmt.Errorf("%s at %s: %s %s: %w", doing, s.target, r.Method, r.URL, err)
}

// tooLong is why a request was given up.
type tooLong struct{ after time.Duration }

func (e *tooLong) Error() string { return fmt.Sprintf("nothing within %s", e.after) }
func (*tooLong) Unwrap() error   { return context.DeadlineExceeded }

// refused explains an answer that is an error.
func (s *Session) refused(doing, method string, u *url.URL, a *https.Answer) error {
	text := fmt.Sprintf("%s at %s: %s %s: the service answered %d %s", doing, s.target, method, u, a.Status, http.StatusText(a.Status))
	if m := message(a.Body); m != "" {
		text += ": " + m
	}
	switch a.Status {
	case http.StatusUnauthorized:
		text += "; check `username` and `password` in the streams block of target " + s.target
	case http.StatusForbidden:
		text += "; grant the user access to the job, or log in as another user"
	case http.StatusNotFound:
		text += "; check that the job runs and has this endpoint"
	}
	return errors.New(text)
}

// maxMessage bounds how much of a service's message is quoted, in bytes.
const maxMessage = 300

// message is what an error body says: {"messages":[{"message"}]}, {"message"}, or text.
func message(body []byte) string {
	var m struct {
		Message  string `json:"message"`
		Messages []struct {
			Message string `json:"message"`
		} `json:"messages"`
	}
	text := ""
	if err := json.Unmarshal(body, &m); err == nil {
		text = m.Message
		if len(m.Messages) > 0 {
			text = m.Messages[0].Message
		}
	} else {
		text = string(body[:min(len(body), 4*maxMessage)])
	}
	text = line(text)
	if strings.HasPrefix(text, "<") {
		return ""
	}
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "..."
	}
	return text
}

// line is a text from outside as one line without control characters.
func line(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool { return r == ' ' || unicode.IsControl(r) }), " ")
}
