package httpcheck_test

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/httpcheck"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "s3cret-header"

func connect(t *testing.T, ca []byte, args map[string]any) (*httpcheck.Session, error) {
	t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	env := providers.Env{
		Dial: (&net.Dialer{}).DialContext, Secret: func(string) (string, error) { return secret, nil },
		ReadFile: func(string) ([]byte, error) { return ca, nil },
	}
	s, err := httpcheck.Connect(env, providers.Target{Name: "dc1"}, raw)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { s.Close() })
	return s.(*httpcheck.Session), nil
}

// one is a session with one check, called c.
func one(t *testing.T, check map[string]any) *httpcheck.Session {
	t.Helper()
	check["name"] = "c"
	s, err := connect(t, nil, map[string]any{"check": []any{check}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func observe(t *testing.T, s *httpcheck.Session) (map[string]providers.Reading, error) {
	t.Helper()
	got := map[string]providers.Reading{}
	before := time.Now()
	err := s.Observe(t.Context(), func(r providers.Reading) {
		got[strings.TrimPrefix(r.Path, "http.c.")] = r
		if r.Low.Before(before) || r.High.Before(r.Low) || r.High.After(time.Now()) {
			t.Errorf("%s was true from %s to %s", r.Path, r.Low, r.High)
		}
	})
	return got, err
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func says(t *testing.T, status int, body string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestWhatAServiceAnswersIsObserved(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	elsewhere := says(t, 200, "{}")
	for name, tc := range map[string]struct {
		check  map[string]any
		up     bool
		status float64 // 0: none
		number float64 // 0: none
		text   string
		err    string
		say    string // in the evidence
	}{
		"up":                      {check: map[string]any{"url": says(t, 204, "")}, up: true, status: 204},
		"down":                    {check: map[string]any{"url": says(t, 503, "")}, status: 503, say: "503 Service Unavailable"},
		"another status is right": {check: map[string]any{"url": says(t, 503, ""), "expect_status": []int{200, 503}}, up: true, status: 503},
		"HEAD":                    {check: map[string]any{"url": says(t, 200, ""), "method": "HEAD"}, up: true, status: 200},
		"a number":                {check: map[string]any{"url": says(t, 200, document), "json_path": "a.b[0].c"}, up: true, status: 200, number: 7.5, text: "7.5"},
		"a text":                  {check: map[string]any{"url": says(t, 200, document), "json_path": "a.word"}, up: true, status: 200, text: "on"},
		"null":                    {check: map[string]any{"url": says(t, 200, document), "json_path": "a.none"}, up: true, status: 200},
		"HTML in place of JSON":   {check: map[string]any{"url": says(t, 200, "<html>hi</html>"), "json_path": "a"}, up: true, status: 200, err: "it is not JSON"},
		"JSON of an error page":   {check: map[string]any{"url": says(t, 500, `{"a":1}`), "json_path": "a"}, status: 500, say: "500"},
		"nothing listens":         {check: map[string]any{"url": closed.URL}, say: "nothing listens"},
		"too slow":                {check: map[string]any{"url": serve(t, hang), "timeout": "50ms"}, say: "in time"},
		"TLS where there is none": {check: map[string]any{"url": strings.Replace(says(t, 200, ""), "http:", "https:", 1)}, say: "no TLS"},
		"half an answer": {check: map[string]any{"url": serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "x")
		})}, status: 200, say: "ended before its end"},
		"a huge answer":             {check: map[string]any{"url": serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) })}, up: true, status: 200, say: "too large"},
		"a huge answer with a path": {check: map[string]any{"url": serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) }), "json_path": "a"}, up: true, status: 200, err: "too large", say: "too large"},
		"a redirect elsewhere": {check: map[string]any{"url": serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusFound)
		})}, status: 302, say: elsewhere},
		"a redirect that is right": {check: map[string]any{"url": serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusFound)
		}), "expect_status": []int{302}}, up: true, status: 302},
	} {
		t.Run(name, func(t *testing.T) {
			s := one(t, tc.check)
			got, err := observe(t, s)
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || !strings.Contains(err.Error(), `check "c"`)) {
				t.Errorf("the error is %v", err)
			}
			if got["up"].Value != signal.BoolVal(tc.up) || !strings.Contains(got["up"].Evidence, tc.say) {
				t.Errorf("up is %v: %s", got["up"].Value, got["up"].Evidence)
			}
			if r, ok := got["status"]; ok != (tc.status != 0) || ok && r.Value != signal.NumberVal(tc.status) {
				t.Errorf("status is %v", r.Value)
			}
			if r, ok := got["number"]; ok != (tc.number != 0) || ok && r.Value != signal.NumberVal(tc.number) {
				t.Errorf("number is %v", r.Value)
			}
			if r, ok := got["text"]; ok != (tc.text != "") || ok && r.Value != signal.StringVal(tc.text) {
				t.Errorf("text is %v", r.Value)
			}
			if r, ok := got["latency"]; ok && (r.Value.Kind != signal.Duration || r.Value.Num != r.High.Sub(r.Low).Seconds()) || ok && tc.status == 0 {
				t.Errorf("latency is %v", r.Value)
			}
			if _, ok := got["tls_expires_in"]; ok {
				t.Error("a certificate without TLS")
			}
			if f := s.Check(t.Context()); len(f) != 1 || !f[0].OK || f[0].Text == "" {
				t.Errorf("the check finds %+v", f)
			}
		})
	}
}

func TestASlowServiceDelaysNoOther(t *testing.T) {
	quick := make(chan struct{})
	slow := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		<-quick // the slow one answers only once the quick one was told of
		w.WriteHeader(200)
	})
	s, err := connect(t, nil, map[string]any{"check": []any{
		map[string]any{"name": "slow", "url": slow}, map[string]any{"name": "quick", "url": says(t, 200, "")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	up := map[string]bool{}
	err = s.Observe(t.Context(), func(r providers.Reading) {
		if strings.HasSuffix(r.Path, ".up") {
			up[r.Path] = r.Value.Bool
			if r.Path == "http.quick.up" {
				close(quick)
			}
		}
	})
	if err != nil || !up["http.slow.up"] || !up["http.quick.up"] {
		t.Errorf("%v, error %v", up, err)
	}
}

func TestEveryLookIsANewConnection(t *testing.T) {
	var opened atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	s := one(t, map[string]any{"url": srv.URL})
	for range 3 {
		if _, err := observe(t, s); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 3 {
		t.Errorf("%d connections for 3 looks", n)
	}
}

func TestCertificatesAreObserved(t *testing.T) {
	var header string
	srv := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header = r.Header.Get("X-Key") }))
	t.Cleanup(srv.Close)
	left := time.Until(srv.Certificate().NotAfter).Seconds()
	near := func(v signal.Value) bool { return v.Kind == signal.Duration && v.Num > left-60 && v.Num < left+60 }
	check := map[string]any{"name": "c", "url": srv.URL, "headers": map[string]any{"X-Key": map[string]string{"secret": "var.key"}}}

	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	s, err := connect(t, ca, map[string]any{"ca_file": "ca.pem", "check": []any{check}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := observe(t, s); err != nil || !got["up"].Value.Bool || !near(got["tls_expires_in"].Value) || header != secret {
		t.Errorf("%v, header %q, error %v", got, header, err)
	}
	header = ""
	if s, err = connect(t, nil, map[string]any{"check": []any{check}}); err != nil {
		t.Fatal(err)
	}
	got, err := observe(t, s)
	if err != nil || got["up"].Value.Bool || !near(got["tls_expires_in"].Value) || header != "" || !strings.Contains(got["up"].Evidence, "not trusted") {
		t.Errorf("with a certificate that is not trusted: %v, header %q, error %v", got, header, err)
	}
}

func TestChecksThatCannotBeAreRefusedBeforeAnythingIsSent(t *testing.T) {
	slot := map[string]any{"X-Key": map[string]string{"secret": "var.key"}}
	for name, check := range map[string]map[string]any{
		"no URL":                     {"url": "orders"},
		"another scheme":             {"url": "ftp://127.0.0.1/"},
		"credentials in the URL":     {"url": "https://u:p@127.0.0.1/"},
		"a secret over http":         {"url": "http://127.0.0.1:1", "headers": slot},
		"a bad path":                 {"url": "http://127.0.0.1:1", "json_path": "a..b"},
		"HEAD with a path":           {"url": "http://127.0.0.1:1", "json_path": "a", "method": "HEAD"},
		"another method":             {"url": "http://127.0.0.1:1", "method": "POST"},
		"longer than the interval":   {"url": "http://127.0.0.1:1", "timeout": "6s"},
		"a name that is none":        {"url": "http://127.0.0.1:1", "headers": map[string]string{"a b": "c"}},
		"a header that is two lines": {"url": "http://127.0.0.1:1", "headers": map[string]string{"a:b": "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			check["name"] = "c"
			if _, err := connect(t, nil, map[string]any{"check": []any{check}}); err == nil || !strings.Contains(err.Error(), `check "c"`) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	s := one(t, map[string]any{"url": says(t, 200, ""), "headers": map[string]string{"a": "b\r\nc: d"}})
	if got, err := observe(t, s); err == nil || len(got) != 0 {
		t.Errorf("a value with a line break: %v, error %v", got, err)
	}
}
