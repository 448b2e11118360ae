package toxiproxy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/toxiproxy"
)

const good = `{"target": "dc1", "proxies": ["a"], "latency": "10ms"}`

func TestAnswersThatToxiproxyDoesNotSend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"another server", "<html>hello</html>", 200, "check that `url`"},
		{"a 404 of another server", "404 page not found", 404, "check that `url`"},
		{"null", "null", 200, "no `name`"},
		{"an empty answer", "", 200, "not one of toxiproxy 2"},
		{"another proxy", `{"name": "b", "enabled": true, "toxics": []}`, 200, `it is about "b"`},
		{"no toxics", `{"name": "a", "enabled": true}`, 200, "no `toxics`"},
		{"no state", `{"name": "a", "toxics": []}`, 200, "no `enabled`"},
		{"a toxic without a name", `{"name": "a", "enabled": true, "toxics": [{"type": "latency"}]}`, 200, "no `name` or no `type`"},
		{"wrong types", `{"name": 7, "enabled": "yes", "toxics": {}}`, 200, "not one of toxiproxy 2"},
		{"too many toxics", `{"name": "a", "enabled": true, "toxics": [` + strings.Repeat(`{"name":"x","type":"y"},`, 2000) + `{}]}`, 200, "2001 toxics"},
		{"huge", `{"name": "` + strings.Repeat("a", 5<<20), 200, "too large"},
		{"deep", strings.Repeat("[", 100_000), 200, "not one of toxiproxy 2"},
		{"refused", `{"error": "User agent not allowed"}`, 403, "in front of it allows"},
		{"broken", `{"error": "evil\u001b[31m\nline"}`, 500, `evil\x1b[31m\nline`},
		{"given up", "", 503, "restart toxiproxy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.UserAgent(), "Mozilla/") || r.UserAgent() == "" {
					t.Errorf("the user agent is %q", r.UserAgent())
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			t.Cleanup(s.Close)
			env := surroundings(t, map[string]string{"dc1": s.URL})
			d := faultType(t, "toxiproxy_latency").New(env)
			_, err := d.Prepare(t.Context(), theStep, json.RawMessage(good))
			contains(t, err, "toxiproxy at dc1", c.want)
			if n := len(err.Error()); n > 1500 {
				t.Errorf("the error has %d bytes", n)
			}
			h := handle(t)
			if _, err := d.VerifyHealed(t.Context(), h); err == nil {
				t.Error("an answer that says nothing passes for healed")
			}
			if err := d.Heal(t.Context(), h); c.status > 299 && err == nil {
				t.Error("a refusal passes for healed")
			}
		})
	}
}

// handle is what Prepare makes for the arguments good.
func handle(t *testing.T) providers.Handle {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"name": "a", "enabled": true, "listen": "x", "upstream": "y", "toxics": []}`))
	}))
	defer s.Close()
	h, err := faultType(t, "toxiproxy_latency").New(surroundings(t, map[string]string{"dc1": s.URL})).Prepare(t.Context(), theStep, json.RawMessage(good))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAnswersThatNeverCome(t *testing.T) {
	t.Parallel()
	silent := listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)); <-t.Context().Done() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for url, want := range map[string]string{
		"http://" + silent:            "does not read",
		"http://" + l.Addr().String(): "nothing listens there",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := faultType(t, "toxiproxy_down").New(surroundings(t, map[string]string{"dc1": url})).Prepare(ctx, theStep, json.RawMessage(`{"target": "dc1", "proxies": ["a"]}`))
		contains(t, err, want)
		cancel()
	}
}

// A request that has begun is waited for, so that none is carried out after the heal.
func TestACancelledInjectWaitsForItsRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var done, begun atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun.Add(1)
		cancel()
		time.Sleep(100 * time.Millisecond)
		done.Add(1)
		_, _ = fmt.Fprintf(w, `{"name": "xdc_abcdefgh_84164ebb_upstream", "type": "latency", "stream": "upstream", "toxicity": 1, "attributes": {"jitter": 0, "latency": 10}}`)
	}))
	t.Cleanup(s.Close)
	h := handle(t)
	err := faultType(t, "toxiproxy_latency").New(surroundings(t, map[string]string{"dc1": s.URL})).Inject(ctx, h)
	if err == nil || begun.Load() != 1 || done.Load() != 1 {
		t.Errorf("inject says %v after %d requests of which %d are done, want one of one", err, begun.Load(), done.Load())
	}
}

func TestArgumentsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	env := surroundings(t, map[string]string{"dc1": "http://127.0.0.1:1", "dc2": "http://127.0.0.1:1"})
	for _, c := range []struct{ typ, args, want string }{
		{"toxiproxy_latency", `{"proxies": ["a"], "latency": "1s"}`, "no target"},
		{"toxiproxy_latency", `{"target": "dc1", "targets": ["dc2"], "proxies": ["a"], "latency": "1s"}`, "both"},
		{"toxiproxy_latency", `{"target": "dc1", "proxies": [], "latency": "1s"}`, "proxies is empty"},
		{"toxiproxy_latency", `{"target": "dc1", "proxies": ["a"]}`, "latency is out of bounds"},
		{"toxiproxy_latency", `{"target": "dc1", "proxies": ["a"], "latency": "1s", "jitter": "2s"}`, "jitter is larger"},
		{"toxiproxy_latency", `{"target": "dc1", "proxies": ["a"], "latency": "-1s"}`, "duration"},
		{"toxiproxy_latency", `{"target": "dc1", "proxies": ["a"], "latency": "1s", "toxicity": 0}`, "toxicity"},
		{"toxiproxy_latency", `{"target": "dc1", "proxies": ["a"], "latency": "1s", "toxicity": 1.5}`, "toxicity"},
		{"toxiproxy_latency", `{"target": "dc1", "proxies": ["a"], "latency": "1s", "stream": "sideways"}`, "not a stream"},
		{"toxiproxy_bandwidth", `{"target": "dc1", "proxies": ["a"], "rate": 999}`, "rate is out of bounds"},
		{"toxiproxy_bandwidth", `{"target": "dc1", "proxies": ["a"], "rate": 1e300}`, "rate is out of bounds"},
		{"toxiproxy_timeout", `{"target": "dc1", "proxies": ["a"], "close_after": "11m"}`, "close_after is out of bounds"},
		{"toxiproxy_reset", `{"target": "dc1", "proxies": ["a"], "after": "6s"}`, "after is out of bounds"},
		{"toxiproxy_slow_close", `{"target": "dc1", "proxies": ["a"]}`, "close_delay is out of bounds"},
		{"toxiproxy_limit", `{"target": "dc1", "proxies": ["a"]}`, "bytes is out of bounds"},
		{"toxiproxy_down", `{"target": "dc1", "proxies": ["` + strings.Repeat(`a","`, 300) + `b"]}`, "too many"},
	} {
		ft := faultType(t, c.typ)
		_, ds := ft.Describe(providers.Scope{Targets: env.Targets}, json.RawMessage(c.args))
		contains(t, ds.Err(), c.want)
		_, err := ft.New(env).Prepare(t.Context(), theStep, json.RawMessage(c.args))
		contains(t, err, c.want)
	}
	_, ds := faultType(t, "toxiproxy_down").Describe(providers.Scope{Targets: map[string]providers.Target{"dc1": {Name: "dc1"}}}, json.RawMessage(`{"target": "dc1", "proxies": ["a"]}`))
	contains(t, ds.Err(), "has no toxiproxy")
}

// hostile are names that try to be something else.
var hostile = []string{
	"a/toxics/theirs", "../a", "..", ".", "", "/", "a?x=1", "a#b", "a%2Ftoxics%2Ftheirs", "%00", "\x00", "a\r\nX: y", `"`, "`id`", "$(id)", "'; --", "\u202e", "\\", " ",
	strings.Repeat("n", 64<<10), "\xff\xfe", "a\x1b[31m",
}

func TestHostileNamesAreInert(t *testing.T) {
	t.Parallel()
	s := start(t)
	up := listen(t, echo)
	s.proxy(t, "a", up)
	s.must(t, "POST", "/proxies/a/toxics", foreign)
	before := s.must(t, "GET", "/proxies", nil)
	env := surroundings(t, map[string]string{"dc1": s.url})
	for _, typ := range []string{"toxiproxy_latency", "toxiproxy_down"} {
		ft := faultType(t, typ)
		for _, name := range hostile {
			args, err := json.Marshal(map[string]any{"target": "dc1", "proxies": []string{name}, "latency": "10ms"})
			if err != nil {
				t.Fatal(err)
			}
			d, _ := ft.Describe(providers.Scope{Targets: env.Targets}, args)
			if strings.ContainsAny(fmt.Sprint(d), "\x00\x1b\r\n\u202e") {
				t.Errorf("%.40q: the dry run shows it as it is: %+v", name, d)
			}
			_, err = ft.New(env).Prepare(t.Context(), theStep, args)
			if err == nil {
				t.Errorf("%.40q passes for a proxy", name)
				continue
			}
			if strings.ContainsAny(err.Error(), "\x00\x1b\r\n\u202e") || !utf8.ValidString(err.Error()) || len(err.Error()) > 1500 {
				t.Errorf("%.40q: the error shows it as it is: %.200q", name, err)
			}
		}
		for _, name := range []string{"nowhere", "dc1\x00", strings.Repeat("t", 64<<10)} {
			args, _ := json.Marshal(map[string]any{"target": name, "proxies": []string{"a"}, "latency": "10ms"})
			if _, err := ft.New(env).Prepare(t.Context(), theStep, args); err == nil {
				t.Errorf("%.40q passes for a target", name)
			}
		}
	}
	if after := s.must(t, "GET", "/proxies", nil); after != before {
		t.Errorf("something has changed:\n%s\n%s", before, after)
	}
}

// Names that toxiproxy itself can be asked about work, whatever is in them.
func TestOddNamesWork(t *testing.T) {
	t.Parallel()
	s := start(t)
	up := listen(t, echo)
	env := surroundings(t, map[string]string{"dc1": s.url})
	for _, name := range []string{"a?x=1", "a#b", "a%2Fb", "%00", "a b", `"`, "\\", "é", "...", "~", "a;b", "a+b", "a&b"} {
		s.proxy(t, name, up)
		d := faultType(t, "toxiproxy_down").New(env)
		args, _ := json.Marshal(map[string]any{"target": "dc1", "proxies": []string{name}})
		h, err := d.Prepare(t.Context(), theStep, args)
		if err == nil {
			err = d.Inject(t.Context(), h)
		}
		if err == nil {
			err = d.Heal(t.Context(), h)
		}
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	_, err := faultType(t, "toxiproxy_down").New(env).Prepare(t.Context(), theStep, json.RawMessage(`{"target": "dc1", "proxies": ["nope"]}`))
	contains(t, err, "proxy not found", "it has", `"a b"`)
}

func TestConnectionArguments(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		`{}`:                                    "no toxiproxy block",
		`{"url": "proxy:8474"}`:                 "is not one",
		`{"url": "ftp://proxy"}`:                "is not one",
		`{"url": "http://proxy/?x=1"}`:          "is not one",
		`{"url": "http://user:pw@proxy:8474"}`:  "has credentials in it",
		`{"url": "http://p", "username": "u"}`:  "only sent over TLS",
		`{"url": "http://p", "timeout": "1xy"}`: "duration",
	} {
		_, err := toxiproxy.Provider().Connect(providers.Env{}, providers.Target{Name: "dc1"}, json.RawMessage(args))
		contains(t, err, want)
		if strings.Contains(err.Error(), "pw") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestCheckNamesTheProxies(t *testing.T) {
	t.Parallel()
	s := start(t)
	env := surroundings(t, map[string]string{"dc1": s.url, "dc2": "http://127.0.0.1:1"})
	check := func(target string) providers.Finding {
		session, err := env.Session(target, toxiproxy.Name)
		if err != nil {
			t.Fatal(err)
		}
		return session.(providers.Checker).Check(t.Context())[0]
	}
	if f := check("dc1"); !f.OK || f.Remedy == "" {
		t.Errorf("without proxies: %+v", f)
	}
	s.proxy(t, "orders", "127.0.0.1:9")
	if f := check("dc1"); !f.OK || !strings.Contains(f.Text, `"orders"`) {
		t.Errorf("with a proxy: %+v", f)
	}
	if f := check("dc2"); f.OK || !strings.Contains(f.Text, "nothing listens there") {
		t.Errorf("without a server: %+v", f)
	}
}
