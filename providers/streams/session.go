package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/credential"
	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// Session is an open connection to one instance. It is safe for concurrent use.
type Session struct {
	env    providers.Env
	target string
	cfg    connection
	pool   *https.Pool
	client *rest.Client

	// What only Observe uses.
	lastRound time.Duration // how long the last round took
	logs      []*watched
	traced    []*traced
	states    map[string]peState // by the ids of job and PE
	refusals  map[string]bool    // looks that were refused
	looked    map[string]int     // how often jobs that have come up were looked at, by id

	time timepiece

	mu       sync.Mutex
	instance *rest.Instance
	tracked  []tracked
	before   map[string]bool // ids of the jobs that were there when it first looked; nil until then
	latest   map[string]look // what was last seen of the PEs of a job, by the job's signal path
	password *string         // found once
	token    *string         // found once
	learnt   *learnt         // read once
}

// tracked is a job of the plan and which job of the platform it is.
type tracked struct {
	info     providers.JobInfo
	id       string // empty until it is known
	name     string
	launched *regexp.Regexp
	spec     *jobArgs // how it was submitted; nil when that is not known
}

var (
	_ providers.Session = (*Session)(nil)
	_ providers.Idler   = (*Session)(nil)
	_ providers.Tracker = (*Session)(nil)
	_ providers.Checker = (*Session)(nil)
)

func newSession(env providers.Env, t providers.Target, args json.RawMessage) (*Session, error) {
	s := &Session{env: env, target: t.Name}
	if err := decode(args, &s.cfg); err != nil {
		return nil, err
	}
	if err := s.cfg.check(); err != nil {
		return nil, err
	}
	var err error
	if s.logs, err = newWatched(s.cfg.Logs); err != nil {
		return nil, err
	}
	if s.traced, err = newTraced(t.Name, env.Jobs); err != nil {
		return nil, err
	}
	var ca []byte
	if s.cfg.CAFile != "" {
		if ca, err = env.ReadFile(s.cfg.CAFile); err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
	}
	certificate, key, err := s.clientPair()
	if err != nil {
		return nil, err
	}
	connect := https.DefaultConnect
	if d := s.cfg.Timeout.D(); d > 0 {
		connect = min(connect, d)
	}
	if d := s.cfg.ConnectTimeout.D(); d > 0 {
		connect = d
	}
	px, err := s.cfg.For(env, s.cfg.URL)
	if err != nil {
		return nil, err
	}
	s.pool, err = https.NewPool(https.Options{Dial: env.Dial, Proxy: px, CA: ca, Certificate: certificate, Key: key, ServerName: s.cfg.ServerName, Insecure: s.cfg.Insecure, Connect: connect, Around: env.Around(t.Name)})
	if _, ok := errors.AsType[*https.PairError](err); ok {
		return nil, fmt.Errorf("use client_certificate %s and client_key %s: %w", s.cfg.ClientCert, s.cfg.ClientKey, err)
	}
	if err != nil {
		return nil, fmt.Errorf("use ca_file %s: %w", s.cfg.CAFile, err)
	}
	s.client, err = rest.New(rest.Config{
		Target: t.Name, URL: s.cfg.URL, Domain: s.cfg.Domain, Username: s.cfg.Username, Password: s.reveal, Token: s.bearer, Pool: s.pool, Timeout: s.cfg.Timeout.D(),
		Submit: s.cfg.SubmitTimeout.D(), Read: s.cfg.ReadTimeout.D(),
		Throttle: env.Throttles.At(serverOf(s.cfg.URL), s.maxRequests()), Seen: s.time.see,
	})
	return s, err
}

// serverOf is what requests are counted by: host and port.
func serverOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), https.Port(u))
}

func (s *Session) maxRequests() int {
	if s.cfg.MaxRequests < 1 {
		return defaultMaxRequests
	}
	return s.cfg.MaxRequests
}

// clientPair reads the client's certificate and its key; nil where there is none.
func (s *Session) clientPair() (certificate, key []byte, err error) {
	if s.cfg.ClientCert == "" {
		return nil, nil, nil
	}
	if certificate, err = s.env.ReadFile(s.cfg.ClientCert); err != nil {
		return nil, nil, fmt.Errorf("read client_certificate: %w", err)
	}
	if key, err = s.env.ReadFile(s.cfg.ClientKey); err != nil {
		return nil, nil, fmt.Errorf("read client_key: %w", err)
	}
	if s.env.Conceal != nil {
		s.env.Conceal(string(key))
	}
	return certificate, key, nil
}

// reveal finds the password where the plan says it is.
func (s *Session) reveal(ctx context.Context) (string, error) {
	return s.secret(ctx, &s.password, credential.Source{Value: s.cfg.Password, File: s.cfg.PasswordFile, Command: s.cfg.PasswordCommand})
}

// bearer finds the token where the plan says it is.
func (s *Session) bearer(ctx context.Context) (string, error) {
	return s.secret(ctx, &s.token, credential.Source{Value: s.cfg.Token, File: s.cfg.TokenFile, Command: s.cfg.TokenCommand})
}

// secret finds a secret once: a command may be slow or ask somebody.
func (s *Session) secret(ctx context.Context, kept **string, src credential.Source) (string, error) {
	s.mu.Lock()
	known := *kept
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	if src.IsZero() {
		return "", nil
	}
	got, err := src.Reveal(ctx, s.env)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	*kept = &got
	s.mu.Unlock()
	return got, nil
}

// Close ends the connections.
func (s *Session) Close() error { return s.pool.Close() }

// Interval is the poll interval.
func (s *Session) Interval() time.Duration {
	if s.cfg.PollInterval == 0 {
		return time.Second
	}
	return s.cfg.PollInterval.D()
}

// mostIdle bounds the idle interval where the plan does not say it.
const mostIdle = 5 * time.Second

// IdleInterval implements providers.Idler.
func (s *Session) IdleInterval() time.Duration {
	if d := s.cfg.IdleInterval.D(); d > 0 {
		return max(d, s.Interval())
	}
	return max(min(3*s.Interval(), mostIdle), s.Interval())
}

// Pool has the session's connections, for other services of the same platform.
func (s *Session) Pool() *https.Pool { return s.pool }

// Login returns the session's credentials, for other services of the same platform.
func (s *Session) Login(ctx context.Context) (user, password string, err error) {
	return s.client.Login(ctx)
}

// Bearer returns the session's token, for other services of the same platform; empty where it logs in with a user.
func (s *Session) Bearer(ctx context.Context) (string, error) { return s.client.Bearer(ctx) }

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

// DataServices lists the URLs of the instance's running data services, as its active services name them.
func (s *Session) DataServices(ctx context.Context) ([]string, error) {
	i, err := s.inst(ctx)
	if err != nil {
		return nil, err
	}
	services, err := s.client.Services(ctx, i)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, sv := range services {
		where := sv.ConnectionURLExternal
		if where == "" {
			where = sv.ConnectionURL
		}
		if strings.EqualFold(sv.Type, "data") && where != "" && (sv.Status == "" || strings.EqualFold(sv.Status, "running")) {
			out = append(out, where)
		}
	}
	return out, nil
}

// ApplicationConfiguration reads the properties of an application configuration of the instance; ok is false where there is
// none of that name. They may hold passwords.
func (s *Session) ApplicationConfiguration(ctx context.Context, name string) (properties map[string]string, ok bool, err error) {
	i, err := s.inst(ctx)
	if err != nil {
		return nil, false, err
	}
	all, err := s.client.ApplicationConfigurations(ctx, i)
	if err != nil {
		return nil, false, err
	}
	for _, c := range all {
		if c.Name == name {
			return c.Properties, true, nil
		}
	}
	return nil, false, nil
}

// JobAt returns the platform's id and name of a job of the plan; ok is false while it is not known.
func (s *Session) JobAt(path string) (id, name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tracked {
		if t.info.Path == path && t.id != "" {
			return t.id, t.name, true
		}
	}
	return "", "", false
}

// JobIDs lists the ids of all jobs of the plan that are known to run here.
func (s *Session) JobIDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, t := range s.tracked {
		if t.id != "" {
			out = append(out, t.id)
		}
	}
	return out
}

// look is what one answer said of the PEs of a job.
type look struct {
	at  time.Time // just before the request left
	pes []rest.PE
}

// Launches is how often the PE that holds an operator was launched as last seen, and when that was: buffers live in PEs
// and are emptied with them. Where no operator of that name is known, the launches of all PEs of the job are added up.
func (s *Session) Launches(path, operator string) (n int64, at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.latest[path]
	all := int64(0)
	for _, pe := range l.pes {
		all += pe.LaunchCount.V
		for _, o := range pe.Operators {
			last := o.Name[strings.LastIndex(o.Name, ".")+1:]
			if last == operator || strings.HasPrefix(operator, last+"_") {
				return pe.LaunchCount.V, l.at, true
			}
		}
	}
	return all, l.at, ok
}

// Track tells which job of the platform stands behind a job of the plan.
func (s *Session) Track(job providers.JobInfo, ref []byte) error {
	t := tracked{info: job}
	if job.Launched != "" {
		re, err := regexp.Compile(job.Launched)
		if err != nil {
			return fmt.Errorf("read the pattern of %s: %w", job.Path, err)
		}
		t.launched = re
	} else {
		var r jobRef
		if err := json.Unmarshal(ref, &r); err != nil {
			return fmt.Errorf("read what is known of %s: %w", job.Path, err)
		}
		t.id, t.name, t.spec = r.ID, r.Name, r.Submission
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

// follow has the session observe another job of the platform as the plan's.
func (s *Session) follow(path string, ref json.RawMessage) {
	var r jobRef
	if json.Unmarshal(ref, &r) != nil || r.ID == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tracked {
		if s.tracked[i].info.Path == path {
			s.tracked[i].id, s.tracked[i].name = r.ID, r.Name
		}
	}
}

// Check looks whether the server can be reached and logged in to, and whether the instance runs.
func (s *Session) Check(ctx context.Context) []providers.Finding {
	subject := s.target + " streams"
	i, err := s.inst(ctx)
	if err == nil {
		i, err = s.client.Now(ctx, i)
	}
	if err != nil {
		return []providers.Finding{{Subject: subject, Text: err.Error()}}
	}
	if i.Status != "" && i.Status != "running" {
		return []providers.Finding{{
			Subject: subject, Text: fmt.Sprintf("the instance %s is %s", i.ID, snake(i.Status)),
			Remedy: "start it (streamtool startinstance) and try again",
		}}
	}
	who := strconv.Quote(s.cfg.Username)
	if s.cfg.hasToken() {
		who = "the owner of the token"
	}
	text := fmt.Sprintf("logged in as %s; instance %s is running", who, i.ID)
	if v := i.Version.Full; v != "" {
		text += ", version " + v
	} else if v := i.Version.Product; v != "" {
		text += ", version " + v
	}
	operations, err := s.summary(ctx)
	if err != nil {
		return []providers.Finding{{Subject: subject, Text: err.Error()}}
	}
	if operations != "" {
		text += "; operations: " + operations
	}
	if bad := s.checkExtras(ctx, i); len(bad) > 0 {
		return bad
	}
	if s.cfg.Insecure {
		text += "; certificates are NOT verified (insecure = true)"
	}
	return append([]providers.Finding{{Subject: subject, OK: true, Text: text}}, s.checkRunning(ctx, i)...)
}
