package https_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const where = "api.example.com:443"

func link(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func pool(t *testing.T, o https.Options) *https.Pool {
	t.Helper()
	p, err := https.NewPool(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// raw answers each connection with a function, below HTTP.
func raw(t *testing.T, n *providertest.Network, cert *tls.Certificate, answer func(net.Conn)) {
	t.Helper()
	l := n.Listen(where)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if cert != nil {
					c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12})
				}
				answer(c)
			}()
		}
	}()
}

// readRequest reads the head of a request and its body as far as it was announced in one piece.
func readRequest(c net.Conn) {
	b := make([]byte, 64<<10)
	_, _ = c.Read(b)
}

func TestFailuresSayWhatHappenedAndWhetherAnythingLeft(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	for _, tc := range []struct {
		name  string
		setup func(t *testing.T, n *providertest.Network, a *providertest.Authority)
		opt   func(o *https.Options)
		url   string
		kind  https.Kind
		left  bool
		words string
		todo  string
	}{
		{
			name: "nothing listens", kind: https.Refused, words: "nothing listens there", todo: "host and port",
		},
		{
			name: "another authority", kind: https.UnknownCA, words: "not trusted", todo: "ca_file",
			setup: func(t *testing.T, n *providertest.Network, _ *providertest.Authority) {
				other := providertest.NewAuthority(t)
				n.Serve(t, where, other.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), ok)
			},
		},
		{
			name: "expired", kind: https.Expired, words: "expired", todo: "renewed",
			setup: func(t *testing.T, n *providertest.Network, a *providertest.Authority) {
				n.Serve(t, where, a.Certificate(t, "api.example.com", time.Now().Add(-time.Hour)), ok)
			},
		},
		{
			name: "another name", kind: https.WrongName, words: "another name", todo: "server_name",
			setup: func(t *testing.T, n *providertest.Network, a *providertest.Authority) {
				n.Serve(t, where, a.Certificate(t, "other.example.com", time.Now().Add(time.Hour)), ok)
			},
		},
		{
			name: "no TLS there", kind: https.NoTLS, words: "no TLS", todo: "HTTPS port",
			setup: func(t *testing.T, n *providertest.Network, _ *providertest.Authority) { n.Serve(t, where, nil, ok) },
		},
		{
			name: "plain http", url: "http://api.example.com:443/", kind: https.Plain, words: "only sent over TLS", todo: "https://",
			setup: func(t *testing.T, n *providertest.Network, _ *providertest.Authority) { n.Serve(t, where, nil, ok) },
		},
		{
			name: "connects and never answers", kind: https.Timeout, left: true, words: "no whole answer", todo: "timeout",
			setup: func(t *testing.T, n *providertest.Network, a *providertest.Authority) {
				raw(t, n, a.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
			},
		},
		{
			name: "accepts and never speaks TLS", kind: https.NoConnect, words: "no connection", todo: "firewall",
			setup: func(t *testing.T, n *providertest.Network, _ *providertest.Authority) {
				raw(t, n, nil, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
			},
		},
		{
			name: "breaks before the answer", kind: https.Broken, left: true, words: "broke", todo: "log",
			setup: func(t *testing.T, n *providertest.Network, a *providertest.Authority) {
				raw(t, n, a.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), readRequest)
			},
		},
		{
			name: "half a body", kind: https.Half, left: true, words: "ended before its end", todo: "proxy",
			setup: func(t *testing.T, n *providertest.Network, a *providertest.Authority) {
				raw(t, n, a.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), func(c net.Conn) {
					readRequest(c)
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")
				})
			},
		},
		{
			name: "too large", kind: https.TooLarge, left: true, words: "too large", todo: "url",
			setup: func(t *testing.T, n *providertest.Network, a *providertest.Authority) {
				n.Serve(t, where, a.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, _ = w.Write(make([]byte, 5000))
				}))
			},
		},
		{
			name: "redirected to another host", kind: https.Redirected, left: true, words: "redirects elsewhere", todo: "url",
			setup: func(t *testing.T, n *providertest.Network, a *providertest.Authority) {
				n.Serve(t, where, a.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), http.RedirectHandler("https://evil.example.com/", http.StatusFound))
			},
		},
		{
			name: "redirected in a circle", kind: https.Redirected, left: true, words: "redirects", todo: "url",
			setup: func(t *testing.T, n *providertest.Network, a *providertest.Authority) {
				n.Serve(t, where, a.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), http.RedirectHandler("/", http.StatusFound))
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, a := providertest.NewNetwork(), providertest.NewAuthority(t)
				if tc.setup != nil {
					tc.setup(t, n, a)
				}
				p := pool(t, https.Options{Dial: n.Dial, CA: a.CA})
				if tc.url == "" {
					tc.url = "https://api.example.com/"
				}
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				_, err := p.Do(ctx, https.Request{Method: "GET", URL: link(t, tc.url), Limit: 1000, User: "u", Password: "hunter2"})
				var f *https.Failure
				if !errors.As(err, &f) {
					t.Fatalf("got %v, want a failure", err)
				}
				if f.Kind != tc.kind || f.Left != tc.left || !strings.Contains(f.What(), tc.words) || !strings.Contains(f.Remedy(), tc.todo) {
					t.Errorf("kind %d (want %d), left %v (want %v): %s; %s", f.Kind, tc.kind, f.Left, tc.left, f.What(), f.Remedy())
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Error("the error has the password in it")
				}
			})
		})
	}
}

func TestAConnectionIsUsedAgainAndALostOneIsIndeterminate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a := providertest.NewNetwork(), providertest.NewAuthority(t)
		cert := a.Certificate(t, "api.example.com", time.Now().Add(time.Hour))
		dials := 0
		answer := true
		stop := n.Serve(t, where, cert, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if u, p, _ := r.BasicAuth(); u != "xdc" || p != "pw" {
				t.Errorf("the request came without its credentials")
			}
			if !answer {
				panic(http.ErrAbortHandler)
			}
		}))
		p := pool(t, https.Options{CA: a.CA, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			return n.Dial(ctx, network, address)
		}})
		post := func() error {
			_, err := p.Do(t.Context(), https.Request{Method: "POST", URL: link(t, "https://api.example.com/x"), Body: []byte("{}"), User: "xdc", Password: "pw"})
			return err
		}
		for range 3 {
			if err := post(); err != nil {
				t.Fatal(err)
			}
		}
		if dials != 1 {
			t.Errorf("%d connections for three requests, want 1", dials)
		}
		answer = false
		var f *https.Failure
		if err := post(); !errors.As(err, &f) || !f.Left {
			t.Errorf("a request that reached the server and got no answer says %v", err)
		}
		stop()
		if err := post(); !errors.As(err, &f) || f.Left || f.Kind != https.Refused {
			t.Errorf("a request to a server that is gone says %v, left %v", err, f.Left)
		}
	})
}

func TestServerNameStandsInForTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a := providertest.NewNetwork(), providertest.NewAuthority(t)
		n.Serve(t, "10.0.0.1:8443", a.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), http.NotFoundHandler())
		p := pool(t, https.Options{Dial: n.Dial, CA: a.CA, ServerName: "api.example.com"})
		got, err := p.Do(t.Context(), https.Request{Method: "GET", URL: link(t, "https://10.0.0.1:8443/")})
		if err != nil || got.Status != http.StatusNotFound {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// late is a connection on which all that comes after the second write, the last of the handshake, comes half a second late.
type late struct {
	net.Conn
	writes atomic.Int32
}

func (c *late) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func (c *late) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.writes.Load() > 1 {
		<-time.After(500 * time.Millisecond)
	}
	return n, err
}

// A server that wants a client's certificate may have hung up by the time of the request: why is in what it sent before.
func TestARequestAfterAnAlertSaysWhatTheAlertSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a := providertest.NewNetwork(), providertest.NewAuthority(t)
		raw(t, n, nil, func(c net.Conn) {
			_ = tls.Server(c, &tls.Config{
				Certificates: []tls.Certificate{*a.Certificate(t, "api.example.com", time.Now().Add(time.Hour))},
				MinVersion:   tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert,
			}).Handshake() // it fails
		})
		p := pool(t, https.Options{CA: a.CA, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := n.Dial(ctx, network, address)
			return &late{Conn: c}, err
		}})
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
			<-time.After(200 * time.Millisecond) // by then it has hung up
		}})
		_, err := p.Do(ctx, https.Request{Method: http.MethodPost, URL: link(t, "https://"+where+"/"), Body: []byte("{}")})
		if f, ok := errors.AsType[*https.Failure](err); !ok || f.Kind != https.Uncertified || f.Left {
			t.Errorf("got %+v", err)
		}
	})
}

func TestClosingEndsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := providertest.NewNetwork()
		p := pool(t, https.Options{Plain: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done() // a firewall that drops everything
			return nil, context.Cause(ctx)
		}})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-time.After(time.Second)
			cancel()
		}()
		_, err := p.Do(ctx, https.Request{Method: "GET", URL: link(t, "http://api.example.com/")})
		var f *https.Failure
		if !errors.As(err, &f) || f.Kind != https.Cancelled || f.Left {
			t.Errorf("a cancelled request says %v", err)
		}
		if err := p.Close(); err != nil { // the dial is still waiting in the transport
			t.Error(err)
		}
		if _, err := p.Do(t.Context(), https.Request{Method: "GET", URL: link(t, "http://api.example.com/")}); err == nil {
			t.Error("a closed pool takes requests")
		}
		_ = n
	})
}

func TestACAWithoutCertificatesIsRefused(t *testing.T) {
	if _, err := https.NewPool(https.Options{CA: []byte("not a certificate")}); err == nil || !strings.Contains(err.Error(), "PEM") {
		t.Errorf("got %v", err)
	}
}

func TestABodyIsTakenAsItComesAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a := providertest.NewNetwork(), providertest.NewAuthority(t)
		n.Serve(t, where, a.Certificate(t, "api.example.com", time.Now().Add(time.Hour)), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/no" {
				w.WriteHeader(http.StatusTeapot)
			}
			_, _ = io.WriteString(w, "0123456789")
		}))
		p := pool(t, https.Options{Dial: n.Dial, CA: a.CA})
		for _, tc := range []struct {
			path        string
			limit       int64
			taken, body string
			kind        https.Kind
		}{
			{"/", 10, "0123456789", "", 0},
			{"/", 9, "0123456789", "", https.TooLarge}, // one more byte than is allowed shows that there is more
			{"/no", 10, "", "0123456789", 0},
		} {
			taken := ""
			got, err := p.Do(t.Context(), https.Request{Method: http.MethodGet, URL: link(t, "https://"+where+tc.path), Limit: tc.limit, Take: func(r io.Reader) {
				b, _ := io.ReadAll(r)
				taken = string(b)
			}})
			kind := https.Kind(0)
			if f, ok := errors.AsType[*https.Failure](err); ok {
				kind = f.Kind
			}
			if taken != tc.taken || kind != tc.kind || got != nil && string(got.Body) != tc.body {
				t.Errorf("%s: it took %q, and %+v, %v", tc.path, taken, got, err)
			}
		}
	})
}
