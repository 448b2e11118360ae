package https_test

import (
	"bufio"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/https"
)

// loopback is a proxy on 127.0.0.1 that connects every tunnel to one server, or answers as it is told.
type loopback struct {
	address string
	answer  string // in place of a tunnel

	mu    sync.Mutex
	heads []string
	bytes strings.Builder // what went through tunnels to the server
}

func (l *loopback) seen() (heads []string, through string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.heads...), l.bytes.String()
}

func newLoopback(t *testing.T, server, answer string) *loopback {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &loopback{address: listener.Addr().String(), answer: answer}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { l.serve(c, server) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); wg.Wait() })
	return l
}

func (l *loopback) serve(c net.Conn, server string) {
	defer c.Close()
	r := bufio.NewReader(c)
	head := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if line == "\r\n" {
			break
		}
		head += line
	}
	l.mu.Lock()
	l.heads = append(l.heads, head)
	l.mu.Unlock()
	if l.answer != "" {
		_, _ = io.WriteString(c, l.answer)
		if l.answer == "\x00" { // says nothing more
			_, _ = io.Copy(io.Discard, r)
		}
		return
	}
	s, err := net.Dial("tcp", server)
	if err != nil {
		_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer s.Close()
	_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
	done := make(chan struct{})
	go func() { defer close(done); _, _ = io.Copy(c, s); _ = c.Close() }()
	_, _ = io.Copy(io.MultiWriter(s, writer(func(b []byte) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.bytes.Write(b)
	})), r)
	_ = s.Close()
	<-done
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

func TestATunnelGoesThroughARealProxyThatSeesNoCredentials(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, p, _ := r.BasicAuth()
		_, _ = fmt.Fprintf(w, "%s %s %s %q", r.Host, u, p, r.Header.Get("Proxy-Authorization"))
	}))
	defer srv.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	real := strings.TrimPrefix(srv.URL, "https://")
	for name, tc := range map[string]struct {
		login   func(context.Context) (string, string, error)
		passed  []string
		url     string
		answer  string
		want    string // the answer
		fails   https.Kind
		says    string
		remedy  string
		heads   int
		proxied string // Proxy-Authorization
	}{
		"a tunnel": {url: "https://example.com:8443/x", want: `example.com:8443 xdc s3cret ""`, heads: 1},
		"with a login": {
			url: "https://example.com/x", login: func(context.Context) (string, string, error) { return "px", "pr0xy", nil },
			want: `example.com xdc s3cret ""`, heads: 1, proxied: "Proxy-Authorization: Basic cHg6cHIweHk=\r\n",
		},
		"past the proxy": {url: "https://" + real + "/x", passed: []string{"127.0.0.0/8"}, want: real + ` xdc s3cret ""`},
		"another login": {
			url: "https://example.com/x", answer: "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", heads: 1,
			fails: https.Proxied, says: "wants another login (407)", remedy: "`proxy_password`",
		},
		"no tunnel": {
			url: "https://example.com/x", answer: "HTTP/1.1 503 Nope\x1b[2J\r\n\r\n", heads: 1,
			fails: https.Proxied, says: "gives no tunnel to example.com:443: it answers 503 Service Unavailable", remedy: "`no_proxy`",
		},
		"no proxy":     {url: "https://example.com/x", answer: "SSH-2.0-OpenSSH_9.9\r\n", heads: 1, fails: https.Proxied, says: "does not answer as an HTTP proxy does"},
		"it hangs up":  {url: "https://example.com/x", answer: "H", heads: 1, fails: https.Proxied, says: "does not answer as an HTTP proxy does"},
		"it is silent": {url: "https://example.com/x", answer: "\x00", heads: 1, fails: https.Proxied, says: "does not answer as an HTTP proxy does: no connection to example.com:443 within 300ms"},
		"it goes on and on": {
			url: "https://example.com/x", answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 40_000), heads: 1,
			fails: https.Proxied, says: "does not answer as an HTTP proxy does",
		},
		"it speaks first": {url: "https://example.com/x", answer: "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x01", heads: 1, fails: https.Proxied, says: "sends something before the server"},
		"no password": {
			url: "https://example.com/x", login: func(context.Context) (string, string, error) { return "", "", errors.New("no secret") },
			fails: https.Broken, says: "no secret",
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoopback(t, real, tc.answer)
			pool, err := https.NewPool(https.Options{
				Dial: (&net.Dialer{}).DialContext, CA: ca, Connect: 300 * time.Millisecond,
				Proxy: &https.Proxy{Address: l.address, Login: tc.login, Passed: https.Unproxied(tc.passed)},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			u, _ := url.Parse(tc.url)
			a, err := pool.Do(t.Context(), https.Request{Method: http.MethodGet, URL: u, User: "xdc", Password: "s3cret"})
			heads, through := l.seen()
			if len(heads) != tc.heads {
				t.Errorf("the proxy was asked %q", heads)
			}
			for _, h := range heads {
				if !strings.HasPrefix(h, "CONNECT example.com:") || strings.Contains(strings.ReplaceAll(h, "Proxy-Authorization", ""), "Authorization") || !strings.Contains(h, tc.proxied) {
					t.Errorf("the proxy was asked %q", h)
				}
			}
			if strings.Contains(through, "s3cret") || strings.Contains(through, "Authorization") || strings.Contains(through, "eGRjOnMzY3JldA") {
				t.Error("credentials went through the proxy in the open")
			}
			if tc.fails == 0 {
				if err != nil || string(a.Body) != tc.want {
					t.Errorf("got %v, %v, want %q", a, err, tc.want)
				}
				return
			}
			var f *https.Failure
			if !errors.As(err, &f) || f.Kind != tc.fails || !strings.Contains(f.What(), tc.says) || !strings.Contains(f.Remedy(), tc.remedy) || f.Left {
				t.Fatalf("got %+v: %v; %s", f, err, f.Remedy())
			}
			if strings.ContainsAny(f.What(), "\x1b\n") {
				t.Errorf("it says %q", f.What())
			}
		})
	}
}

func TestAProxyThatIsNotThereIsNamed(t *testing.T) {
	pool, err := https.NewPool(https.Options{Dial: (&net.Dialer{}).DialContext, Proxy: &https.Proxy{Address: "127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	u, _ := url.Parse("https://example.com/")
	_, err = pool.Do(t.Context(), https.Request{Method: http.MethodGet, URL: u})
	var f *https.Failure
	if !errors.As(err, &f) || f.Kind != https.Proxied || !strings.Contains(f.What(), "the proxy 127.0.0.1:1 cannot be reached") || !f.Temporary() {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsReachedWithoutAProxy(t *testing.T) {
	for _, tc := range []struct {
		list    string
		address string
		want    bool
	}{
		{"", "example.com:443", false},
		{"*", "anything:1", true},
		{"example.com", "example.com:443", true},
		{"example.com", "dc1.EXAMPLE.com.:443", true},
		{"example.com", "badexample.com:443", false},
		{".example.com", "example.com:443", false},
		{".example.com", "a.example.com:443", true},
		{"*.example.com", "a.example.com:443", true},
		{"example.com:8443", "example.com:443", false},
		{"example.com:8443", "example.com:8443", true},
		{"10.0.1.0/24", "10.0.1.7:443", true},
		{"10.0.1.0/24", "10.0.2.7:443", false},
		{"10.0.1.7", "10.0.1.7:443", true},
		{"10.0.1.7:444", "10.0.1.7:443", false},
		{"fd00::/8", "[fd00::1]:443", true},
		{"::1", "[::1]:443", true},
		{"0.1.7", "10.0.1.7:443", false},
		{"x, y ,z", "y:1", true},
		{".", "x:1", false},
	} {
		if got := https.Unproxied(strings.Split(tc.list, ","))(tc.address); got != tc.want {
			t.Errorf("%q, %s: %t", tc.list, tc.address, got)
		}
	}
}

func FuzzUnproxied(f *testing.F) {
	f.Add("a,b:1,[::1]:2,10.0.0.0/8", "[::1]:2")
	f.Fuzz(func(t *testing.T, list, address string) {
		got := https.Unproxied(strings.Split(list, ","))(address)
		if !https.Unproxied([]string{"*"})(address) || got && list == "" {
			t.Errorf("%q, %q: %t", list, address, got)
		}
	})
}

func FuzzTunnel(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			_, _ = bufio.NewReader(theirs).ReadString('\n')
			_, _ = theirs.Write(answer)
		}()
		pool, err := https.NewPool(https.Options{
			Connect: 100 * time.Millisecond, Proxy: &https.Proxy{Address: "p:1"},
			Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		u, _ := url.Parse("https://example.com/")
		if a, err := pool.Do(t.Context(), https.Request{Method: http.MethodGet, URL: u}); err == nil {
			t.Errorf("%q gave the answer %+v", answer, a)
		}
	})
}
