package jolokia

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/endpoint"
)

const (
	// maxBody bounds the body of an answer, in bytes.
	maxBody = 4 << 20

	defaultPoll = 5 * time.Second
)

// Session asks one agent. It is safe for concurrent use.
type Session struct {
	target string
	cfg    connection
	client *endpoint.Client
	body   []byte // of every request
}

var (
	_ providers.Session  = (*Session)(nil)
	_ providers.Observer = (*Session)(nil)
	_ providers.Checker  = (*Session)(nil)
)

// requestJSON is one element of a bulk request.
type requestJSON struct {
	Type      string         `json:"type"`
	MBean     string         `json:"mbean"`
	Attribute string         `json:"attribute"`
	Path      string         `json:"path,omitempty"`
	Config    map[string]any `json:"config"`
}

func newSession(env providers.Env, t providers.Target, args json.RawMessage) (*Session, error) {
	s := &Session{target: t.Name}
	if err := json.Unmarshal(args, &s.cfg); err != nil {
		return nil, fmt.Errorf("read the arguments: %w", err)
	}
	requests := []requestJSON{}
	for i := range s.cfg.Reads {
		r := &s.cfg.Reads[i]
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("read %q: %w", r.Name, err)
		}
		requests = append(requests, requestJSON{
			Type: "read", MBean: r.MBean, Attribute: r.Attribute, Path: r.Path, Config: map[string]any{"includeStackTrace": false},
		})
	}
	var err error
	if s.body, err = json.Marshal(requests); err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	s.client, err = endpoint.Open(env, s.cfg.Args)
	return s, err
}

// check finds what is wrong with a read as far as it alone says.
func (r *read) check() error {
	domain, keys, ok := strings.Cut(r.MBean, ":")
	switch {
	case !ok || domain == "" || !strings.Contains(keys, "="):
		return fmt.Errorf("`mbean` is %q, which is no object name: write DOMAIN:KEY=VALUE", r.MBean)
	case pattern(r.MBean):
		return fmt.Errorf("`mbean` is the pattern %q: name one bean", r.MBean)
	case r.Attribute == "":
		return errors.New("`attribute` is empty: name an attribute of the bean")
	case r.Type != "" && r.Type != "number" && r.Unit != "" && r.Unit != "number":
		return fmt.Errorf("`unit` is %s and `type` is %s: only numbers have units", r.Unit, r.Type)
	}
	return nil
}

// pattern reports whether an object name stands for several: a wildcard is plain only behind a backslash.
func pattern(name string) bool {
	escaped := false
	for _, c := range name {
		if !escaped && (c == '*' || c == '?') {
			return true
		}
		escaped = !escaped && c == '\\'
	}
	return false
}

// Close ends the connections.
func (s *Session) Close() error { return s.client.Close() }

// Interval is the poll interval.
func (s *Session) Interval() time.Duration {
	if s.cfg.PollInterval == 0 {
		return defaultPoll
	}
	return s.cfg.PollInterval.D()
}

// Observe reads everything once, in one request. A read that fails keeps no other from being a sample.
func (s *Session) Observe(ctx context.Context, emit func(providers.Reading)) error {
	got, low, high, err := s.ask(ctx)
	if err != nil {
		return err
	}
	errs := make([]error, len(got))
	for i, a := range got {
		r := &s.cfg.Reads[i]
		v, ok, err := r.value(a)
		if err != nil {
			errs[i] = fmt.Errorf("read %q: %w", r.Name, err)
		} else if ok {
			emit(providers.Reading{Path: Name + "." + r.Name, Value: v, Low: low, High: high})
		}
	}
	return errors.Join(errs...)
}

// Check reads everything once and says what came of it.
func (s *Session) Check(ctx context.Context) []providers.Finding {
	subject := s.target + " " + Name
	got, _, _, err := s.ask(ctx)
	if err != nil {
		return []providers.Finding{{Subject: subject, Text: err.Error()}}
	}
	var out []providers.Finding
	for i, a := range got {
		r := &s.cfg.Reads[i]
		f := providers.Finding{Subject: fmt.Sprintf("%s read %q", subject, r.Name), OK: true}
		switch v, ok, err := r.value(a); {
		case err != nil:
			f.OK, f.Text = false, err.Error()
		case !ok:
			f.Text = "it has no value now"
		default:
			f.Text = "it is " + v.String()
		}
		out = append(out, f)
	}
	return out
}

// ask sends the bulk request and returns one answer for each read.
func (s *Session) ask(ctx context.Context) (got []Answer, low, high time.Time, err error) {
	if len(s.cfg.Reads) == 0 {
		return nil, low, high, nil
	}
	at := s.client.URL("/")
	a, err := s.client.Post(ctx, at, http.Header{"Content-Type": {"application/json"}}, s.body, maxBody)
	if err != nil {
		return nil, low, high, err
	}
	if got, err = Decode(a.Body, len(s.cfg.Reads)); errors.Is(err, ErrForeign) {
		return nil, low, high, fmt.Errorf("ask %s: %w", at.Redacted(), endpoint.Unexpected(a, "Jolokia"))
	}
	return got, a.Sent, a.Answered, err
}
