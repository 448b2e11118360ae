package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/endpoint"
	"github.com/xdc-project/xdc/providers/https"
)

const (
	// maxBody bounds the body of an answer, in bytes.
	maxBody = 4 << 20
	// atOnce bounds how many queries are under way.
	atOnce = 4
	// steps is how many steps a range is looked at in; none is shorter than shortest.
	steps    = 60
	shortest = time.Second

	defaultPoll   = 5 * time.Second
	defaultScrape = 15 * time.Second
)

// Session asks one server. It is safe for concurrent use.
type Session struct {
	target string
	cfg    connection
	client *endpoint.Client
	scrape time.Duration
}

var (
	_ providers.Session  = (*Session)(nil)
	_ providers.Observer = (*Session)(nil)
	_ providers.Checker  = (*Session)(nil)
)

func newSession(env providers.Env, t providers.Target, args json.RawMessage) (*Session, error) {
	s := &Session{target: t.Name, scrape: defaultScrape}
	if err := json.Unmarshal(args, &s.cfg); err != nil {
		return nil, fmt.Errorf("read the arguments: %w", err)
	}
	for _, q := range s.cfg.Queries {
		if strings.TrimSpace(q.Expr) == "" {
			return nil, fmt.Errorf("query %q has an empty `expr`: write an expression in PromQL", q.Name)
		}
	}
	if s.cfg.ScrapeInterval != nil {
		s.scrape = s.cfg.ScrapeInterval.D()
	}
	var err error
	s.client, err = endpoint.Open(env, s.cfg.Args)
	return s, err
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

// Observe asks every query once. A query that fails keeps no other from being asked.
func (s *Session) Observe(ctx context.Context, emit func(providers.Reading)) error {
	errs := make([]error, len(s.cfg.Queries))
	s.ask(ctx, func(i int, got answer) {
		q := s.cfg.Queries[i]
		switch {
		case got.err != nil:
			errs[i] = fmt.Errorf("query %q: %w", q.Name, got.err)
		case got.usable():
			emit(providers.Reading{
				Path: Name + "." + q.Name, Value: q.value(got.Value), Low: got.low, High: got.high, Evidence: got.warnings(),
			})
		}
	})
	return errors.Join(errs...)
}

// Check asks every query once and says what came of it. A result without a sample is in nobody's way: it may come.
func (s *Session) Check(ctx context.Context) []providers.Finding {
	subject := s.target + " " + Name
	out := make([]providers.Finding, len(s.cfg.Queries))
	s.ask(ctx, func(i int, got answer) {
		f := providers.Finding{Subject: fmt.Sprintf("%s query %q", subject, s.cfg.Queries[i].Name), OK: got.err == nil}
		switch {
		case got.err != nil:
			f.Text = got.err.Error()
		case !got.usable():
			f.Text = "it has no sample now"
		default:
			f.Text = "it is " + s.cfg.Queries[i].value(got.Value).String()
		}
		if w := got.warnings(); w != "" && f.OK {
			f.Text += "; " + w
		}
		out[i] = f
	})
	return out
}

// answer is what came of one query, and when it was true.
type answer struct {
	Result
	low, high time.Time
	err       error
}

// ask asks all queries, some at the same time, tells what came of each as it comes, one at a time, and returns when all
// are told.
func (s *Session) ask(ctx context.Context, tell func(i int, a answer)) {
	slots := make(chan struct{}, atOnce)
	var telling sync.Mutex
	var wg sync.WaitGroup
	for i, q := range s.cfg.Queries {
		wg.Go(func() {
			slots <- struct{}{}
			a := s.one(ctx, q)
			<-slots
			telling.Lock()
			defer telling.Unlock()
			tell(i, a)
		})
	}
	wg.Wait()
}

func (s *Session) one(ctx context.Context, q query) answer {
	form := url.Values{"query": {q.Expr}, "timeout": {seconds(s.client.Timeout())}}
	at := s.client.URL("api/v1/query")
	if d := q.Range.D(); d > 0 {
		now := time.Now()
		at = s.client.URL("api/v1/query_range")
		form.Set("start", stamp(now.Add(-d)))
		form.Set("end", stamp(now))
		form.Set("step", seconds(max(d/steps, shortest)))
	}
	a, err := s.client.Post(ctx, at, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode()), maxBody)
	if err != nil {
		return answer{err: err}
	}
	r, err := Decode(a.Body)
	if _, foreign := errors.AsType[*ForeignError](err); foreign {
		return answer{err: fmt.Errorf("ask %s: %w", at.Redacted(), endpoint.Unexpected(a, "Prometheus"))}
	}
	if err != nil {
		return answer{err: err}
	}
	return answer{Result: r, low: a.Sent.Add(-s.age(r, q, a)), high: a.Answered}
}

// age is how old, at most, the value was when the request left. An instant query is evaluated when it arrives, so that
// only the scraping has taken time. A point of a range has a stamp of the server's clock, which is compared with what
// the server says the time is: the clock of this machine may be another. Where the expression is a range of raw samples,
// the stamp is that of the scrape itself.
func (s *Session) age(r Result, q query, a *https.Answer) time.Duration {
	raw := r.Range && q.Range == 0
	age := time.Duration(0)
	if r.Range {
		now := a.Answered
		if d, err := http.ParseTime(a.Header.Get("Date")); err == nil {
			now = d.Add(time.Second) // it has whole seconds
		}
		age = max(now.Sub(r.At), 0)
	}
	if raw {
		return age
	}
	return age + s.scrape
}

func (q *query) value(n float64) signal.Value {
	switch q.Unit {
	case "seconds":
		return signal.Bounded(signal.Duration, n, n, n)
	case "ratio":
		return signal.RatioVal(n)
	}
	return signal.NumberVal(n)
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

// stamp is an instant as the API takes it: seconds since 1970.
func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
