package prometheus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/prometheus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "s3cret-token"

func environment(ca []byte) providers.Env {
	return providers.Env{
		Dial: (&net.Dialer{}).DialContext, Secret: func(string) (string, error) { return secret, nil },
		ReadFile: func(string) ([]byte, error) { return ca, nil },
	}
}

// connect opens a session with one query called q, and whatever else the arguments say.
func connect(t *testing.T, url string, query, more map[string]any) *prometheus.Session {
	t.Helper()
	args := map[string]any{"url": url, "timeout": "5s"}
	if query != nil {
		query["name"] = "q"
		args["query"] = []any{query}
	}
	maps.Copy(args, more)
	return open(t, environment(nil), args)
}

func open(t *testing.T, env providers.Env, args map[string]any) *prometheus.Session {
	t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	s, err := prometheus.Provider().Connect(env, providers.Target{Name: "dc1"}, raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*prometheus.Session)
}

func observe(t *testing.T, s *prometheus.Session) ([]providers.Reading, error) {
	t.Helper()
	var got []providers.Reading
	err := s.Observe(t.Context(), func(r providers.Reading) { got = append(got, r) })
	return got, err
}

// server answers every request with one body.
func server(t *testing.T, status int, body string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

const head = `{"status":"success","data":{"resultType":`

func TestTheResultOfAQueryIsASample(t *testing.T) {
	seconds := signal.Bounded(signal.Duration, 1.5, 1.5, 1.5)
	for name, tc := range map[string]struct {
		unit, body string
		want       signal.Value
	}{
		"a series":             {"number", head + `"vector","result":[{"metric":{"a":"b"},"value":[1700000000.5,"42"]}]}}`, signal.NumberVal(42)},
		"a scalar":             {"number", head + `"scalar","result":[1700000000,"-7e-3"]}}`, signal.NumberVal(-7e-3)},
		"the newest point":     {"number", head + `"matrix","result":[{"metric":{},"values":[[1700000000,"1"],[1700000015,"2"]]}]}}`, signal.NumberVal(2)},
		"seconds":              {"seconds", head + `"scalar","result":[1700000000,"1.5"]}}`, seconds},
		"a ratio":              {"ratio", head + `"scalar","result":[1700000000,"0.25"]}}`, signal.RatioVal(0.25)},
		"with what is unknown": {"number", `{"status":"success","later":[1],"data":{"resultType":"scalar","result":[1,"3"],"stats":{}}}`, signal.NumberVal(3)},
	} {
		t.Run(name, func(t *testing.T) {
			s := connect(t, server(t, 200, tc.body).URL, map[string]any{"expr": "x", "unit": tc.unit}, nil)
			got, err := observe(t, s)
			if err != nil || len(got) != 1 {
				t.Fatalf("readings %v, error %v", got, err)
			}
			if got[0].Path != "prometheus.q" || got[0].Value != tc.want {
				t.Errorf("%s is %v, want %v", got[0].Path, got[0].Value, tc.want)
			}
		})
	}
}

func TestWhatIsNoNumberIsNoSampleAndNoError(t *testing.T) {
	for name, body := range map[string]string{
		"no series":       head + `"vector","result":[]}}`,
		"no points":       head + `"matrix","result":[{"metric":{},"values":[]}]}}`,
		"not a number":    head + `"scalar","result":[1,"NaN"]}}`,
		"infinite":        head + `"vector","result":[{"metric":{},"value":[1,"+Inf"]}]}}`,
		"minus infinite":  head + `"scalar","result":[1,"-Inf"]}}`,
		"larger than all": head + `"scalar","result":[1,"1e999"]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := connect(t, server(t, 200, body).URL, map[string]any{"expr": "x"}, nil)
			if got, err := observe(t, s); err != nil || len(got) != 0 {
				t.Errorf("readings %v, error %v", got, err)
			}
			if f := s.Check(t.Context()); len(f) != 1 || !f[0].OK || !strings.Contains(f[0].Text, "no sample") {
				t.Errorf("the check finds %+v", f)
			}
		})
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	two := head + `"vector","result":[{"metric":{"__name__":"lag","dc":"1"},"value":[1,"1"]},{"metric":{"__name__":"lag","dc":"2"},"value":[1,"2"]}]}}`
	for name, tc := range map[string]struct {
		status int
		body   string
		want   []string
	}{
		"several series":      {200, two, []string{"2 series", `lag{dc="1"}`, `lag{dc="2"}`, "sum"}},
		"a histogram":         {200, head + `"vector","result":[{"metric":{},"histogram":[1,{"count":"2"}]}]}}`, []string{"histogram_quantile"}},
		"a text":              {200, head + `"string","result":[1,"x"]}}`, []string{"a text"}},
		"a refused query":     {400, `{"status":"error","errorType":"bad_data","error":"parse error: unclosed left parenthesis","warnings":["mind this"]}`, []string{"bad_data", "unclosed left parenthesis", "mind this"}},
		"a timeout there":     {503, `{"status":"error","errorType":"timeout","error":"query timed out"}`, []string{"timeout", "query timed out"}},
		"HTML":                {200, "<html><body>Welcome</body></html>", []string{"no answer of Prometheus", "Welcome", "`url`"}},
		"not found":           {404, "404 page not found\n", []string{"404 Not Found", "`url`"}},
		"not logged in":       {401, "who are you?", []string{"401 ", "`password`"}},
		"not allowed":         {403, "Forbidden", []string{"403 Forbidden"}},
		"an empty object":     {200, "{}", []string{"no answer of Prometheus"}},
		"nothing":             {200, "", []string{"no answer of Prometheus"}},
		"another result type": {200, head + `"cube","result":[]}}`, []string{"no answer of Prometheus"}},
		"a point in pieces":   {200, head + `"scalar","result":[1]}}`, []string{"no answer of Prometheus"}},
		"a word for a number": {200, head + `"scalar","result":[1,"many"]}}`, []string{"no answer of Prometheus"}},
		"a far future":        {200, head + `"scalar","result":[1e300,"1"]}}`, []string{"no answer of Prometheus"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := connect(t, server(t, tc.status, tc.body).URL, map[string]any{"expr": "x"}, nil)
			got, err := observe(t, s)
			if len(got) != 0 || err == nil {
				t.Fatalf("readings %v, error %v", got, err)
			}
			for _, w := range append(tc.want, `query "q"`) {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not have %q: %v", w, err)
				}
			}
			if f := s.Check(t.Context()); len(f) != 1 || f[0].OK {
				t.Errorf("the check finds %+v", f)
			}
		})
	}
}

func TestWarningsOfTheServerStayWithTheSample(t *testing.T) {
	body := `{"status":"success","warnings":["one store was not asked"],"infos":["not a counter"],"data":{"resultType":"scalar","result":[1,"3"]}}`
	s := connect(t, server(t, 200, body).URL, map[string]any{"expr": "x"}, nil)
	got, err := observe(t, s)
	if err != nil || len(got) != 1 || !strings.Contains(got[0].Evidence, "one store was not asked; not a counter") {
		t.Errorf("readings %v, error %v", got, err)
	}
	if f := s.Check(t.Context()); len(f) != 1 || !f[0].OK || !strings.Contains(f[0].Text, "one store was not asked") {
		t.Errorf("the check finds %+v", f)
	}
}

// kindOf is what became of the only query.
func kindOf(t *testing.T, err error) https.Kind {
	t.Helper()
	var f *https.Failure
	if !errors.As(err, &f) {
		t.Fatalf("no failure of the connection: %v", err)
	}
	return f.Kind
}

func TestAServerThatDoesNotAnswerWellIsAnErrorAndNoSample(t *testing.T) {
	elsewhere := server(t, 200, head+`"scalar","result":[1,"3"]}}`)
	for name, tc := range map[string]struct {
		answer  http.HandlerFunc
		timeout string
		kind    https.Kind
	}{
		"too slow": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the server sees the other side close only when nothing is left to read
			<-r.Context().Done()
		}, "50ms", https.Timeout},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, head)
		}, "5s", https.Half},
		"a huge answer": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 5<<20))
		}, "5s", https.TooLarge},
		"a redirect elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "5s", https.Redirected},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(tc.answer)
			t.Cleanup(srv.Close)
			s := connect(t, srv.URL, map[string]any{"expr": "x"}, map[string]any{"timeout": tc.timeout})
			got, err := observe(t, s)
			if len(got) != 0 || kindOf(t, err) != tc.kind {
				t.Errorf("readings %v, error %v", got, err)
			}
		})
	}
}

func TestABadQueryKeepsNoOtherFromBeingAsked(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("query") == "bad" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"status":"error","errorType":"bad_data","error":"no"}`)
			return
		}
		_, _ = io.WriteString(w, head+`"scalar","result":[1,"3"]}}`)
	}))
	t.Cleanup(srv.Close)
	var queries []any
	for i := range 9 {
		queries = append(queries, map[string]any{"name": fmt.Sprintf("q%d", i), "expr": []string{"good", "bad"}[i%2]})
	}
	s := connect(t, srv.URL, nil, map[string]any{"query": queries})
	got, err := observe(t, s)
	if len(got) != 5 || err == nil || strings.Count(err.Error(), "bad_data") != 4 {
		t.Errorf("%d readings, error %v", len(got), err)
	}
}

func TestCredentialsAreSentOverTLSOnlyAndShownNever(t *testing.T) {
	var seen http.Header
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(srv.Close)
	slot := map[string]string{"secret": "var.token"}
	query := []any{map[string]any{"name": "q", "expr": "x"}}
	s := open(t, environment(nil), map[string]any{"url": srv.URL, "timeout": "5s", "insecure": true, "token": slot, "query": query})
	_, err := observe(t, s)
	if got := seen.Get("Authorization"); got != "Bearer "+secret {
		t.Errorf("the header is %q", got)
	}
	if _, sent := seen["Idempotency-Key"]; sent {
		t.Error("a header for the transport was sent")
	}
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("the error is %v", err)
	}
	for name, args := range map[string]map[string]any{
		"http":                {"url": "http://127.0.0.1:1", "token": slot},
		"http with a user":    {"url": "http://127.0.0.1:1", "username": "u", "password": slot},
		"both ways":           {"url": srv.URL, "username": "u", "password": slot, "token": slot},
		"no user":             {"url": srv.URL, "password": slot},
		"a secret in the URL": {"url": "https://u:" + secret + "@127.0.0.1:1"},
		"no URL":              {"url": "127.0.0.1:9090"},
		"a query in the URL":  {"url": "https://127.0.0.1:1/?x=1"},
		"a bad ca_file":       {"url": srv.URL, "ca_file": "ca.pem"},
		"an empty expression": {"url": srv.URL, "query": []any{map[string]any{"name": "q", "expr": " "}}},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := json.Marshal(args)
			if err != nil {
				t.Fatal(err)
			}
			_, err = prometheus.Provider().Connect(environment([]byte("no PEM")), providers.Target{Name: "dc1"}, raw)
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// The bounds of when a value was true come from when the request left, the stamps of points and the age of scrapes.
func TestAnInstantIsAsOldAsItMayBe(t *testing.T) {
	const scrape = 20 * time.Second
	ago := func(d time.Duration) string {
		return strconv.FormatFloat(float64(time.Now().Add(-d).UnixMilli())/1000, 'f', 3, 64)
	}
	matrix := func(stamp string) string {
		return head + `"matrix","result":[{"metric":{},"values":[[` + stamp + `,"1"]]}]}}`
	}
	for name, tc := range map[string]struct {
		body, window string
		clock        time.Duration // how far the server's clock is ahead
		least, most  time.Duration // how long before the request the value may have been true
	}{
		"an instant query":               {body: head + `"scalar","result":[1,"3"]}}`, least: scrape, most: scrape},
		"a range":                        {body: matrix(ago(30 * time.Second)), window: "5m", least: scrape + 29*time.Second, most: scrape + 40*time.Second},
		"raw samples":                    {body: matrix(ago(30 * time.Second)), least: 29 * time.Second, most: 40 * time.Second},
		"a clock ahead":                  {body: matrix(ago(-time.Hour + 30*time.Second)), window: "5m", clock: time.Hour, least: scrape + 29*time.Second, most: scrape + 40*time.Second},
		"a stamp that is in the future":  {body: matrix(ago(-time.Hour)), window: "5m", least: scrape, most: scrape},
		"raw samples of a lagging clock": {body: matrix(ago(time.Hour + 30*time.Second)), clock: -time.Hour, least: 29 * time.Second, most: 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(tc.clock).UTC().Format(http.TimeFormat))
				_, _ = io.WriteString(w, tc.body)
			}))
			t.Cleanup(srv.Close)
			query := map[string]any{"expr": "x"}
			if tc.window != "" {
				query["range"] = tc.window
			}
			before := time.Now()
			got, err := observe(t, connect(t, srv.URL, query, map[string]any{"scrape_interval": scrape.String()}))
			after := time.Now()
			if err != nil || len(got) != 1 {
				t.Fatalf("readings %v, error %v", got, err)
			}
			r := got[0]
			if r.Low.Before(before.Add(-tc.most)) || r.Low.After(after.Add(-tc.least)) || r.High.Before(before) || r.High.After(after) {
				t.Errorf("it was true from %s on, %s before the request; between %s and %s was expected", r.Low, before.Sub(r.Low), tc.least, tc.most)
			}
		})
	}
}

func TestARangeIsAskedForInStepsOfItsLength(t *testing.T) {
	var form map[string][]string
	var path string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.ParseForm() != nil {
			t.Errorf("the request is a %s", r.Method)
		}
		form, path = r.PostForm, r.URL.Path
		_, _ = io.WriteString(w, head+`"matrix","result":[]}}`)
	}))
	t.Cleanup(srv.Close)
	if _, err := observe(t, connect(t, srv.URL+"/prom/", map[string]any{"expr": `a{b="c&d"}`, "range": "5m"}, nil)); err != nil {
		t.Fatal(err)
	}
	start, err1 := strconv.ParseFloat(form["start"][0], 64)
	end, err2 := strconv.ParseFloat(form["end"][0], 64)
	if err := errors.Join(err1, err2); err != nil || math.Abs(end-start-300) > 0.01 || form["step"][0] != "5" || path != "/prom/api/v1/query_range" || form["query"][0] != `a{b="c&d"}` {
		t.Errorf("it asks %s for %v (%v)", path, form, err)
	}
	if _, err := observe(t, connect(t, srv.URL, map[string]any{"expr": "x", "range": "10s"}, nil)); err != nil || form["step"][0] != "1" {
		t.Errorf("it asks for %v (%v)", form, err)
	}
}

func TestWithNothingThereTheQuestionIsNotAnswered(t *testing.T) {
	srv := server(t, 200, "")
	srv.Close()
	s := connect(t, srv.URL, map[string]any{"expr": "x"}, nil)
	_, err := observe(t, s)
	if kindOf(t, err) != https.Refused || !strings.Contains(err.Error(), "check host and port") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Observe(ctx, func(providers.Reading) { t.Error("a reading") }); err == nil {
		t.Error("no error although the caller gave up")
	}
}
