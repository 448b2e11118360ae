package streams

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// Session is an open connection to one domain. It is safe for concurrent use.
type Session struct {
	env    providers.Env
	target string
	cfg    connection
	client *rest.Client
	opened time.Time

	mu       sync.Mutex
	instance *rest.Instance
	tracked  []tracked
}

// tracked is a job of the plan and which job of the platform it is.
type tracked struct {
	info     providers.JobInfo
	id       string // empty until it is known
	launched *regexp.Regexp
	seen     bool
}

var (
	_ providers.Session  = (*Session)(nil)
	_ providers.Observer = (*Session)(nil)
	_ providers.Tracker  = (*Session)(nil)
	_ providers.Checker  = (*Session)(nil)
)

func newSession(env providers.Env, t providers.Target, args json.RawMessage) (*Session, error) {
	s := &Session{env: env, target: t.Name, opened: time.Now()}
	if err := decode(args, &s.cfg); err != nil {
		return nil, err
	}
	var ca []byte
	if s.cfg.CAFile != "" {
		var err error
		if ca, err = env.ReadFile(s.cfg.CAFile); err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
	}
	var err error
	s.client, err = rest.New(rest.Config{
		URL: s.cfg.URL, Username: s.cfg.Username, Password: s.password, CA: ca, ServerName: s.cfg.ServerName,
		Insecure: s.cfg.Insecure, Timeout: s.cfg.Timeout.D(), Dial: env.Dial,
	})
	return s, err
}

// password finds the password where the plan says it is.
func (s *Session) password() (string, error) {
	switch {
	case s.cfg.PasswordFile != "":
		b, err := s.env.ReadFile(s.cfg.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("read password_file: %w", err)
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	case len(s.cfg.PasswordCommand) > 0:
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, s.cfg.PasswordCommand[0], s.cfg.PasswordCommand[1:]...).Output() //nolint:gosec // the plan's author names the command
		if err != nil {
			return "", fmt.Errorf("run password_command %q: %w", s.cfg.PasswordCommand[0], err)
		}
		return strings.TrimRight(string(out), "\r\n"), nil
	}
	return s.cfg.Password.Reveal(s.env)
}

// Close ends the connections.
func (s *Session) Close() error { return s.client.Close() }

// Interval is the poll interval.
func (s *Session) Interval() time.Duration {
	if s.cfg.PollInterval == 0 {
		return time.Second
	}
	return s.cfg.PollInterval.D()
}

// HTTP is the transport of the session, for other services of the same platform.
func (s *Session) HTTP() *http.Client { return s.client.HTTP() }

// Authorize adds the session's credentials to a request.
func (s *Session) Authorize(r *http.Request) error { return s.client.Authorize(r) }

// inst finds the instance, once.
func (s *Session) inst(ctx context.Context) (rest.Instance, error) {
	s.mu.Lock()
	have := s.instance
	s.mu.Unlock()
	if have != nil {
		return *have, nil
	}
	i, err := s.client.Instance(ctx, s.cfg.Instance)
	if err != nil {
		return i, err
	}
	s.mu.Lock()
	s.instance = &i
	s.mu.Unlock()
	return i, nil
}

// DataService is the URL of the instance's data service, as its active services name it.
func (s *Session) DataService(ctx context.Context) (string, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return "", err
	}
	services, err := s.client.Services(ctx, i)
	if err != nil {
		return "", err
	}
	for _, sv := range services {
		if strings.EqualFold(sv.Type, "data") && sv.ConnectionURL != "" {
			return sv.ConnectionURL, nil
		}
	}
	return "", fmt.Errorf("the instance %s at %s names no data service: give its URL as `data_exchange { url = ... }` in the target", i.ID, s.client.Host())
}

// JobAt returns the platform's id and name of a job of the plan; ok is false while it is not known.
func (s *Session) JobAt(path string) (id string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tracked {
		if t.info.Path == path && t.id != "" {
			return t.id, true
		}
	}
	return "", false
}

// Track tells which job of the platform stands behind a job of the plan.
func (s *Session) Track(job providers.JobInfo, ref []byte) error {
	t := tracked{info: job}
	if job.Launched != "" {
		re, err := regexp.Compile(job.Launched)
		if err != nil {
			return fmt.Errorf("pattern of launched: %w", err)
		}
		t.launched = re
	} else {
		var r jobRef
		if err := json.Unmarshal(ref, &r); err != nil {
			return fmt.Errorf("read the job's reference: %w", err)
		}
		t.id = r.ID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, old := range s.tracked {
		if old.info.Path == job.Path {
			s.tracked[i] = t
			return nil
		}
	}
	s.tracked = append(s.tracked, t)
	return nil
}

// Check looks whether the domain can be reached, logged in to, and whether the instance runs.
func (s *Session) Check(ctx context.Context) []providers.Finding {
	subject := s.target + " streams"
	i, err := s.inst(ctx)
	if err != nil {
		return []providers.Finding{{Subject: subject, Text: err.Error()}}
	}
	if i.Status != "" && i.Status != "running" {
		return []providers.Finding{{Subject: subject, Text: fmt.Sprintf("the instance %s is %s", i.ID, i.Status), Remedy: "start it"}}
	}
	return []providers.Finding{{Subject: subject, OK: true, Text: fmt.Sprintf("logged in; instance %s is %s", i.ID, i.Status)}}
}
