package https

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"
)

// maxRedirects bounds how many redirects on the same host are followed.
const maxRedirects = 5

// Request is one request.
type Request struct {
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
	// Stream is a body of Size bytes that is read as it is sent, in place of Body. Such a request goes out once.
	Stream io.ReadCloser
	Size   int64
	// User and Password are sent by HTTP Basic when User is not empty.
	User, Password string
	// Bearer is a token that is sent in place of them when it is not empty.
	Bearer string
	// Silence is how long the service may send nothing once the request has left; 0: as long as the context lasts.
	Silence time.Duration
	// Limit bounds the answer's body; 0: DefaultBody.
	Limit int64
	// Take reads the body of an answer that says yes (2xx) as it comes, in place of Body; what it leaves is not read. It finds no more
	// than Limit bytes, and an answer that breaks off or has more is a failure whatever Take has made of it. May be nil.
	Take func(body io.Reader)
	// Again is asked before each redirect that is followed; nil: none need be. An error ends the request.
	Again func(ctx context.Context) error
	// NoRedirect takes an answer that redirects as it is, wherever it leads.
	NoRedirect bool
}

// Answer is a whole answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// CertificateEnds is when the server's certificate expires; zero without TLS.
	CertificateEnds time.Time
	// Sent is just before the request left, Answered when the answer was there.
	Sent, Answered time.Time
}

// Do sends a request and reads the answer. The error is a *Failure; an answer of any status is no error.
// GET requests follow redirects on the same host.
func (p *Pool) Do(ctx context.Context, r Request) (*Answer, error) {
	if k := p.opt.Around; k != nil && r.Method != http.MethodGet && r.Method != http.MethodHead {
		what := r.Method + " " + r.URL.Path
		k(what, "before")
		defer k(what, "after")
	}
	at := r.URL
	for n := range maxRedirects {
		if n > 0 && r.Again != nil {
			if err := r.Again(ctx); err != nil {
				return nil, &Failure{Kind: Cancelled, Left: true, Sent: time.Now(), Answered: time.Now(), Err: err}
			}
		}
		a, err := p.once(ctx, r, at)
		if err != nil {
			return nil, err
		}
		where := a.Redirect()
		if r.NoRedirect || where == "" {
			return a, nil
		}
		to, err := at.Parse(where)
		if err != nil || !SameHost(to, at) || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
			return nil, &Failure{Kind: Redirected, Sent: a.Sent, Answered: a.Answered, Left: true, Err: fmt.Errorf("status %d to %.200s", a.Status, where)}
		}
		at = to
	}
	return nil, &Failure{Kind: Redirected, Left: true, Sent: time.Now(), Answered: time.Now(), Err: errors.New("it redirects in a circle")}
}

func (p *Pool) once(ctx context.Context, r Request, at *url.URL) (*Answer, error) {
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)
	quiet := func() {}
	if r.Silence > 0 {
		timer := time.AfterFunc(r.Silence, func() { give(&silence{r.Silence}) })
		defer timer.Stop()
		quiet = func() { timer.Reset(r.Silence) }
	}
	var w written
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, w.trace()), r.Method, at.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, &Failure{Kind: Unusable, Sent: time.Now(), Answered: time.Now(), Err: err}
	}
	maps.Copy(req.Header, r.Header)
	switch {
	case r.Bearer != "":
		req.Header.Set("Authorization", "Bearer "+r.Bearer)
	case r.User != "":
		req.SetBasicAuth(r.User, r.Password)
	}
	if r.Stream != nil {
		req.Body, req.ContentLength, req.GetBody = r.Stream, r.Size, nil
	} else if len(r.Body) == 0 {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	if r.Stream != nil && r.Size == 0 {
		req.Body = http.NoBody
	}
	sent := time.Now()
	fail := func(err error, part bool) error {
		f := &Failure{Sent: sent, Answered: time.Now(), Left: w.any(), Err: err}
		f.Kind = kindOf(ctx, err, part)
		return f
	}
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		return nil, fail(cause(ctx, err), false)
	}
	defer resp.Body.Close()
	limit := r.Limit
	if limit == 0 {
		limit = DefaultBody
	}
	quiet()
	in := &bounded{r: heard{resp.Body, quiet}, left: limit + 1}
	var body []byte
	if r.Take != nil && resp.StatusCode/100 == 2 {
		r.Take(in)
	} else {
		body, _ = io.ReadAll(in) // in keeps the error
	}
	err = in.err
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, Body: body, CertificateEnds: w.certificate(), Sent: sent, Answered: time.Now()}
	switch {
	case err != nil:
		f := fail(cause(ctx, err), true).(*Failure) //nolint:errorlint,forcetypeassert // made above
		f.Status = resp.StatusCode
		return nil, f
	case in.left <= 0:
		f := fail(fmt.Errorf("more than %d bytes", limit), true).(*Failure) //nolint:errorlint,forcetypeassert // made above
		f.Kind, f.Status = TooLarge, resp.StatusCode
		return nil, f
	}
	return a, nil
}

// bounded reads a body up to a bound, and keeps what kept it from being read on.
type bounded struct {
	r    io.Reader
	left int64
	err  error
}

func (b *bounded) Read(p []byte) (int, error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.left <= 0:
		return 0, io.EOF
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// silence is why a request was given up whose service had stopped speaking. It is a deadline like any other.
type silence struct{ after time.Duration }

func (e *silence) Error() string { return fmt.Sprintf("it sent nothing for %s", e.after) }
func (*silence) Unwrap() error   { return context.DeadlineExceeded }

// heard tells of each time that something came.
type heard struct {
	io.Reader
	tell func()
}

func (h heard) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if n > 0 {
		h.tell()
	}
	return n, err
}

// cause prefers why the context ended over the words of the transport.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil && ctx.Err() != nil {
		return c
	}
	return err
}

// written knows the connections that a request was given, and whether anything was written to them since.
type written struct {
	mu  sync.Mutex
	got []given
}

type given struct {
	c     *conn
	start int64
}

func (w *written) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if c, ok := i.Conn.(*conn); ok {
			w.mu.Lock()
			w.got = append(w.got, given{c, c.wrote.Load()})
			w.mu.Unlock()
		}
	}}
}

// certificate is when the certificate of the connection that was used expires; zero without TLS.
func (w *written) certificate() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.got) == 0 {
		return time.Time{}
	}
	return w.got[len(w.got)-1].c.ends
}

// any reports whether any byte of the request may have left.
func (w *written) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.got {
		if g.c.wrote.Load() > g.start {
			return true
		}
	}
	return false
}
