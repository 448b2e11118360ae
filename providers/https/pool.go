// Package https sends requests over verified TLS through a dialer that is given, and says precisely what became
// of them: answered, or not, and if not, why, and whether any byte of the request had left.
//
// It knows no API. Answers are read whole and bounded; redirects to another host are refused, so that
// credentials never travel where they were not meant to go.
package https

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of a pool.
const (
	// DefaultConnect bounds dialling and the TLS handshake together.
	DefaultConnect = 10 * time.Second
	// DefaultBody bounds the body of an answer, in bytes.
	DefaultBody = 32 << 20

	maxHeader   = 256 << 10
	idleTimeout = 30 * time.Second
	maxIdle     = 8
)

// Options say how connections are made.
type Options struct {
	// Dial opens connections; required.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy is asked for tunnels; nil: servers are dialled.
	Proxy *Proxy
	// CA holds PEM certificates to trust in place of the system's; nil: the system's.
	CA []byte
	// Certificate and Key are a client's certificate and its key in PEM, shown to servers that ask; nil: none.
	Certificate, Key []byte
	// ServerName is the name to verify in place of the URL's host; empty: the URL's host.
	ServerName string
	// Insecure switches verification off and allows plain http. Plans that ask for it are warned about.
	Insecure bool
	// Plain allows plain http.
	Plain bool
	// Connect bounds dialling and the handshake; 0: DefaultConnect.
	Connect time.Duration
	// Around is for fault tests: called before and after every request that is not a GET or HEAD, with its method and path; may
	// be nil.
	Around func(what, when string)
}

// Pool is a set of connections. Close ends them all.
type Pool struct {
	opt       Options
	transport *http.Transport
	tls       *tls.Config

	// A dial that nobody waits for any more goes on in the transport; it ends with the pool.
	ctx    context.Context
	cancel context.CancelCauseFunc
	dials  sync.WaitGroup

	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
}

// errClosed is the cause of failures of a closed pool.
var errClosed = errors.New("the session is closed")

// errPlain refuses to send in the open.
var errPlain = errors.New("the URL begins with http, and credentials are only sent over TLS; use https")

// NewPool returns a pool without connections. It fails when the CA holds no certificate.
func NewPool(o Options) (*Pool, error) {
	if o.Connect == 0 {
		o.Connect = DefaultConnect
	}
	p := &Pool{opt: o, conns: map[*conn]struct{}{}}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	p.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.ServerName, InsecureSkipVerify: o.Insecure} //nolint:gosec // only on explicit request, with a warning
	if o.CA != nil {
		p.tls.RootCAs = x509.NewCertPool()
		if !p.tls.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("it holds no certificate in PEM form (\"-----BEGIN CERTIFICATE-----\")")
		}
	}
	if o.Certificate != nil || o.Key != nil {
		pair, err := tls.X509KeyPair(o.Certificate, o.Key)
		if err != nil {
			return nil, &PairError{err}
		}
		p.tls.Certificates = []tls.Certificate{pair}
	}
	p.transport = &http.Transport{
		DialContext:            p.dialPlain,
		DialTLSContext:         p.dialTLS,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 only
	}
	return p, nil
}

// PairError says that a client's certificate and key are of no use together.
type PairError struct{ err error }

func (e *PairError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *PairError) Unwrap() error { return e.err }

// Close ends every connection; requests under way fail.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	open := p.conns
	p.conns = map[*conn]struct{}{}
	p.mu.Unlock()
	p.cancel(errClosed)
	for c := range open {
		_ = c.Conn.Close() // it is over either way
	}
	p.transport.CloseIdleConnections()
	p.dials.Wait()
	return nil
}

// Forget closes the connections that nobody uses, so that the next request makes a new one.
func (p *Pool) Forget() { p.transport.CloseIdleConnections() }

func (p *Pool) dialPlain(ctx context.Context, network, address string) (net.Conn, error) {
	if !p.opt.Insecure && !p.opt.Plain {
		return nil, errPlain
	}
	ctx, done, err := p.connecting(ctx, address)
	if err != nil {
		return nil, err
	}
	defer done()
	raw, err := p.open(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return p.keep(raw, time.Time{})
}

// dialTLS makes the handshake itself, so that what it wraps sees the requests' own bytes only.
func (p *Pool) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, done, err := p.connecting(ctx, address)
	if err != nil {
		return nil, err
	}
	defer done()
	raw, err := p.open(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conf := p.tls.Clone()
	if conf.ServerName == "" {
		if conf.ServerName, _, err = net.SplitHostPort(address); err != nil {
			conf.ServerName = address
		}
	}
	secured := tls.Client(raw, conf)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, &handshakeError{err: dialFailed(ctx, err), name: conf.ServerName}
	}
	var ends time.Time
	if chain := secured.ConnectionState().PeerCertificates; len(chain) > 0 {
		ends = chain[0].NotAfter
	}
	return p.keep(secured, ends)
}

// connecting bounds a dial by the connect timeout and by the life of the pool.
func (p *Pool) connecting(ctx context.Context, address string) (context.Context, func(), error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, errClosed
	}
	p.dials.Add(1)
	ctx, cancel := context.WithTimeoutCause(ctx, p.opt.Connect, &connectTimeout{address, p.opt.Connect})
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.ctx, func() { end(errClosed) })
	return ctx, func() {
		stop()
		end(nil)
		cancel()
		p.dials.Done()
	}, nil
}

// dialFailed prefers the context's own cause: "no connection within 10s" says more than "i/o timeout".
func dialFailed(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		return cause
	}
	return err
}

func (p *Pool) keep(c net.Conn, ends time.Time) (net.Conn, error) {
	w := &conn{Conn: c, pool: p, ends: ends, over: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = c.Close()
		return nil, errClosed
	}
	p.conns[w] = struct{}{}
	return w, nil
}

// conn counts what is written of requests: not the handshake, and not what closing sends.
type conn struct {
	net.Conn
	pool  *Pool
	ends  time.Time // when the server's certificate expires; zero without TLS
	wrote atomic.Int64

	once sync.Once
	over chan struct{} // closed when nothing more can be read
	last error         // why; to be read when over is closed
}

// Read remembers how reading ends.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		c.once.Do(func() {
			c.last = err
			close(c.over)
		})
	}
	return n, err
}

// Write counts all of b while it is under way, and afterwards what has left: of a TLS record that was not written
// whole the other side can make nothing.
func (c *conn) Write(b []byte) (int, error) {
	c.wrote.Add(int64(len(b)))
	n, err := c.Conn.Write(b)
	c.wrote.Add(int64(n - len(b)))
	if err != nil {
		err = c.why(err)
	}
	return n, err
}

// lastWords is how long the transport, which reads all the time, is waited for after a write has failed.
const lastWords = time.Second

// why prefers the alert with which the other side has ended the connection to the error of a write that came after it. In TLS
// 1.3 a server looks at a client's certificate when the client's handshake is over, and may have hung up before the request.
func (c *conn) why(err error) error {
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-c.over:
		if alert, ok := errors.AsType[*net.OpError](c.last); ok && alert.Op == "remote error" {
			return c.last
		}
	case <-t.C:
	}
	return err
}

func (c *conn) Close() error {
	c.pool.mu.Lock()
	delete(c.pool.conns, c)
	c.pool.mu.Unlock()
	return c.Conn.Close()
}

// connectTimeout says that no connection came about in time.
type connectTimeout struct {
	address string
	after   time.Duration
}

func (e *connectTimeout) Error() string {
	return fmt.Sprintf("no connection to %s within %s", e.address, e.after)
}

// handshakeError is a failed TLS handshake.
type handshakeError struct {
	err  error
	name string
}

func (e *handshakeError) Error() string { return "TLS handshake: " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// SameHost reports whether two URLs name the same scheme, host and port.
func SameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Hostname() == b.Hostname() && Port(a) == Port(b)
}

// Port is the URL's port, also where it is not written.
func Port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}
