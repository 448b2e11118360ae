package inetserver

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/xdc-project/xdc/providers"
)

// The metrics in which an operator says where its server listens (reference: section 10 of the data service's).
const (
	serverPort = "serverPort"
	speaksTLS  = "https"
)

// teller knows the metrics of a job's operator.
type teller interface {
	OperatorMetrics(ctx context.Context, job, operator string) (map[string]int64, error)
}

// found is where an operator's server was found to be.
type found struct {
	at  *url.URL
	old bool // it is looked for again
}

// where is the root of the server of a flow's operator. With `discover` the operator is asked once, and again after the server
// could not be reached: a PE that is launched again may listen elsewhere. As long as it does not say, it is that of `url`.
func (s *session) where(ctx context.Context, f flow) *url.URL {
	if !s.discover {
		return s.root
	}
	s.mu.Lock()
	have := s.found[f.Operator]
	s.mu.Unlock()
	if have.at != nil && !have.old {
		return have.at
	}
	at, err := s.ask(ctx, f)
	if err != nil {
		if have.at != nil {
			return have.at
		}
		return s.root
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found == nil {
		s.found = map[string]found{}
	}
	s.found[f.Operator] = found{at: at}
	return at
}

// lost has an operator's server looked for again.
func (s *session) lost(f flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.found[f.Operator]; ok {
		have.old = true
		s.found[f.Operator] = have
	}
}

// ask asks an operator where its server listens.
func (s *session) ask(ctx context.Context, f flow) (*url.URL, error) {
	got, err := s.env.Session(s.target, "streams")
	if err != nil {
		return nil, err
	}
	t, ok := got.(teller)
	if !ok || f.Job == "" {
		return nil, fmt.Errorf("nobody at %s knows the operator's metrics", s.target)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	m, err := t.OperatorMetrics(ctx, f.Job, Operator(f.Operator))
	if err != nil {
		return nil, err
	}
	port := m[serverPort]
	if port < 1 || port > 65535 {
		return nil, fmt.Errorf("operator %s at %s has no %s", f.Operator, s.target, serverPort)
	}
	u := *s.root
	u.Host = net.JoinHostPort(u.Hostname(), strconv.FormatInt(port, 10))
	if m[speaksTLS] != 0 {
		u.Scheme = "https" // never the other way: what the plan wants encrypted stays so
	}
	return &u, nil
}

// asked is what preflight can say of discovery.
func (s *session) asked(f providers.Finding) providers.Finding {
	if s.discover {
		f.Text += "; with discover, the operators' " + serverPort + " says which port it is as soon as they run"
	}
	return f
}
