package httpcheck

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/endpoint"
	"github.com/xdc-project/xdc/providers/https"
)

const (
	// maxBody bounds the body of an answer, in bytes.
	maxBody = 1 << 20

	defaultPoll    = 5 * time.Second
	defaultTimeout = 3 * time.Second
)

// Session looks at the services of one target. It is safe for concurrent use.
type Session struct {
	env    providers.Env
	target string
	cfg    connection
	pool   *https.Pool
	checks []prepared
}

// prepared is a check whose arguments make sense.
type prepared struct {
	check
	url  *url.URL
	path Path
}

var (
	_ providers.Session  = (*Session)(nil)
	_ providers.Observer = (*Session)(nil)
	_ providers.Checker  = (*Session)(nil)
)

func newSession(env providers.Env, t providers.Target, args json.RawMessage) (*Session, error) {
	s := &Session{env: env, target: t.Name}
	if err := json.Unmarshal(args, &s.cfg); err != nil {
		return nil, fmt.Errorf("read the arguments: %w", err)
	}
	for _, c := range s.cfg.Checks {
		p, err := c.prepare(s.Interval())
		if err != nil {
			return nil, fmt.Errorf("check %q: %w", c.Name, err)
		}
		s.checks = append(s.checks, p)
	}
	var err error
	s.pool, err = s.cfg.Pool(env, 0)
	return s, err
}

// prepare finds what is wrong with a check as far as it alone says.
func (c check) prepare(interval time.Duration) (prepared, error) {
	if c.Method == "" {
		c.Method = http.MethodGet
	}
	if c.Timeout == 0 {
		c.Timeout = value.Duration(min(defaultTimeout, interval))
	}
	u, err := endpoint.Parse(c.URL)
	if err != nil {
		return prepared{}, err
	}
	p := prepared{check: c, url: u}
	if p.path, err = ParsePath(c.JSONPath); err != nil {
		return p, err
	}
	switch {
	case c.Method != http.MethodGet && c.Method != http.MethodHead:
		return p, fmt.Errorf("the method %q is neither GET nor HEAD", c.Method)
	case c.Method == http.MethodHead && c.JSONPath != "":
		return p, errors.New("there is no `json_path` in what HEAD answers: use GET")
	case c.Timeout.D() > interval:
		return p, fmt.Errorf("`timeout` is %s, which is more than the `poll_interval` of %s", c.Timeout, interval)
	}
	for k, v := range c.Headers {
		switch {
		case k == "" || strings.ContainsAny(k, " \t\r\n:"):
			return p, fmt.Errorf("%q is not the name of a header line", k)
		case v.Slot != "" && u.Scheme == "http":
			return p, errors.New("`url` begins with http, and secrets are only sent over TLS: use https")
		}
	}
	return p, nil
}

// Close ends the connections.
func (s *Session) Close() error { return s.pool.Close() }

// Interval is the poll interval.
func (s *Session) Interval() time.Duration {
	if s.cfg.PollInterval == 0 {
		return defaultPoll
	}
	return s.cfg.PollInterval.D()
}

// Observe looks at every service once, at all at the same time. That a service does not answer is no error: it is what
// was observed.
func (s *Session) Observe(ctx context.Context, emit func(providers.Reading)) error {
	errs := make([]error, len(s.checks))
	s.look(ctx, func(i int, l look) {
		for _, r := range l.readings(s.checks[i].Name) {
			emit(r)
		}
		if l.err != nil {
			errs[i] = fmt.Errorf("check %q: %w", s.checks[i].Name, l.err)
		}
	})
	return errors.Join(errs...)
}

// Check looks at every service once and says what it saw. A service that is down is in nobody's way.
func (s *Session) Check(ctx context.Context) []providers.Finding {
	out := make([]providers.Finding, len(s.checks))
	s.look(ctx, func(i int, l look) {
		f := providers.Finding{Subject: fmt.Sprintf("%s %s check %q", s.target, Name, s.checks[i].Name), OK: l.known || l.err == nil}
		switch {
		case l.err != nil:
			f.Text = l.err.Error()
		case l.up:
			f.Text = fmt.Sprintf("up: status %d after %s", l.status, signal.Seconds(l.high.Sub(l.low).Seconds()))
		default:
			f.Text = "not up: " + l.evidence
		}
		out[i] = f
	})
	return out
}

// look is what one look at a service saw.
type look struct {
	low, high time.Time
	known     bool // whether the service was asked at all
	up        bool
	status    int // 0: no answer
	whole     bool
	ends      time.Time // of the certificate; zero: not seen
	found     *Found
	evidence  string
	err       error
}

// look looks at all services, and tells of each as it is done, one at a time.
func (s *Session) look(ctx context.Context, tell func(i int, l look)) {
	var telling sync.Mutex
	var wg sync.WaitGroup
	for i := range s.checks {
		wg.Go(func() {
			l := s.one(ctx, &s.checks[i])
			telling.Lock()
			defer telling.Unlock()
			tell(i, l)
		})
	}
	wg.Wait()
}

func (s *Session) one(ctx context.Context, c *prepared) look {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout.D())
	defer cancel()
	r := https.Request{Method: c.Method, URL: c.url, Header: http.Header{}, Limit: maxBody, NoRedirect: true}
	for _, k := range slices.Sorted(maps.Keys(c.Headers)) {
		v, err := c.Headers[k].Reveal(s.env)
		if err == nil && strings.ContainsAny(v, "\r\n\x00") {
			err = errors.New("its value has a line break in it, which a header line cannot have")
		}
		if err != nil {
			return look{err: fmt.Errorf("read the header %s: %w", k, err)}
		}
		r.Header.Set(k, v)
	}
	r.Header.Set("Connection", "close") // an old connection says nothing about who gets a new one
	a, err := s.pool.Do(ctx, r)
	if err != nil {
		return c.failed(err)
	}
	l := look{low: a.Sent, high: a.Answered, known: true, whole: true, status: a.Status, up: c.expected(a.Status), ends: a.CertificateEnds}
	if !l.up {
		l.evidence = fmt.Sprintf("the server answered %d %s", a.Status, http.StatusText(a.Status))
		if to := a.Header.Get("Location"); to != "" {
			l.evidence += fmt.Sprintf(", which leads to %q and is not followed", endpoint.Clip(to, maxShown))
		}
		return l
	}
	if c.JSONPath != "" {
		if l.found, err = c.path.Find(a.Body); err != nil {
			l.err = fmt.Errorf("the answer to %s: %w", c.url.Redacted(), err)
		}
	}
	return l
}

// failed is what a failure says of the service. An answer that is too large is an answer.
func (c *prepared) failed(err error) look {
	f, ok := errors.AsType[*https.Failure](err)
	if !ok || f.Kind == https.Cancelled || f.Kind == https.Unusable {
		return look{err: err}
	}
	l := look{low: f.Sent, high: f.Answered, known: true, status: f.Status, evidence: endpoint.Advised(err).Error()}
	if f.Kind == https.TooLarge {
		l.up = c.expected(f.Status)
		if c.JSONPath != "" {
			l.err = err
		}
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(bad.UnverifiedCertificates) > 0 {
		l.ends = bad.UnverifiedCertificates[0].NotAfter
	}
	return l
}

func (l *look) readings(name string) []providers.Reading {
	if !l.known {
		return nil
	}
	var out []providers.Reading
	add := func(signalName string, v signal.Value) {
		out = append(out, providers.Reading{Path: Name + "." + name + "." + signalName, Value: v, Low: l.low, High: l.high})
	}
	add("up", signal.BoolVal(l.up))
	out[0].Evidence = l.evidence
	if l.status != 0 {
		add("status", signal.NumberVal(float64(l.status)))
	}
	if l.whole {
		add("latency", signal.DurationVal(l.high.Sub(l.low)))
	}
	if !l.ends.IsZero() {
		add("tls_expires_in", signal.DurationVal(l.ends.Sub(l.high)))
	}
	if l.found != nil {
		if l.found.IsNumber {
			add("number", signal.NumberVal(l.found.Number))
		}
		add("text", signal.StringVal(l.found.Text))
	}
	return out
}

func (c *check) expected(status int) bool {
	if len(c.ExpectStatus) == 0 {
		return status >= 200 && status <= 299
	}
	return slices.Contains(c.ExpectStatus, status)
}
