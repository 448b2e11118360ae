package inetserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/endpoint"
	"github.com/xdc-project/xdc/providers/https"
)

const defaultTimeout = 10 * time.Second

// session is the connection to the web server of one target. It is safe for concurrent use.
type session struct {
	env      providers.Env
	target   string
	root     *url.URL
	discover bool
	timeout  time.Duration
	pool     *https.Pool

	mu    sync.Mutex
	found map[string]found // by operator
}

var _ providers.Checker = (*session)(nil)

func newSession(env providers.Env, t providers.Target, args json.RawMessage) (*session, error) {
	var c connection
	if len(args) > 0 {
		if err := json.Unmarshal(args, &c); err != nil {
			return nil, fmt.Errorf("read the inetserver block of target %s: %w", t.Name, err)
		}
	}
	root, err := endpoint.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("use the inetserver block of target %s: %w", t.Name, err)
	}
	s := &session{env: env, target: t.Name, root: root, discover: c.Discover, timeout: c.Timeout.D()}
	if s.timeout <= 0 {
		s.timeout = defaultTimeout
	}
	if s.pool, err = c.Pool(env, s.timeout); err != nil {
		return nil, fmt.Errorf("use the inetserver block of target %s: %w", t.Name, err)
	}
	return s, nil
}

// Close ends the connections.
func (s *session) Close() error { return s.pool.Close() }

// Check looks whether the server answers. The application need not run yet: that nobody listens is no reason not to begin.
func (s *session) Check(ctx context.Context) []providers.Finding {
	f := providers.Finding{Subject: s.target + " " + Name, OK: true, Text: "the server answers at " + s.root.String()}
	a, err := s.sendTo(ctx, s.root, "look at the server", http.MethodGet, "/ports/info", "", nil)
	switch {
	case err != nil:
		var broken *https.Failure
		f.OK = errors.As(err, &broken) && broken.Temporary()
		f.Text = err.Error()
	case a.Status != http.StatusOK:
		f.OK, f.Text = s.discover, fmt.Sprintf("%s answers %d %s to /ports/info: it may be another server", s.root, a.Status, http.StatusText(a.Status))
	}
	return []providers.Finding{s.asked(f)}
}

// send sends one request to the server of an operator.
func (s *session) send(ctx context.Context, f flow, doing, method, path, media string, body []byte) (*https.Answer, error) {
	a, err := s.sendTo(ctx, s.where(ctx, f), doing, method, path, media, body)
	if err != nil || a.Status == http.StatusNotFound {
		s.lost(f) // another may listen there now
	}
	return a, err
}

func (s *session) sendTo(ctx context.Context, root *url.URL, doing, method, path, media string, body []byte) (*https.Answer, error) {
	u := root.JoinPath(path)
	r := https.Request{Method: method, URL: u, Body: body, Header: http.Header{"Accept": {"application/json"}}}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	a, err := s.pool.Do(ctx, r)
	if err == nil {
		return a, nil
	}
	var f *https.Failure
	if errors.As(err, &f) && f.Remedy() != "" {
		return nil, fmt.Errorf("%s at %s: %s %s: %w; %s", doing, s.target, method, u, err, f.Remedy())
	}
	return nil, fmt.Errorf("%s at %s: %s %s: %w", doing, s.target, method, u, err)
}

// refused explains an answer that is an error.
func (s *session) refused(doing, method, path string, a *https.Answer) error {
	text := fmt.Sprintf("%s at %s: %s %s: the server answered %d %s", doing, s.target, method, s.root.JoinPath(path), a.Status, http.StatusText(a.Status))
	if a.Status == http.StatusNotFound {
		text += "; check `operator` and `port`, and that the job runs"
	}
	return errors.New(text)
}
