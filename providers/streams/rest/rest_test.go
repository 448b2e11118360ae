package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

const (
	host     = "streams.example.com:8443"
	password = "hunter2-secret"
)

// api is a server made of a path and what it answers.
type api map[string]func(w http.ResponseWriter, r *http.Request)

func (a api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u, p, _ := r.BasicAuth(); u != "xdc" || p != password {
		w.Header().Set("WWW-Authenticate", "Basic")
		http.Error(w, `{"id":"CDISW9999E","message":"CDISW9999E Log in."}`, http.StatusUnauthorized)
		return
	}
	if f := a[r.Method+" "+r.URL.Path]; f != nil {
		f(w, r)
		return
	}
	http.Error(w, fmt.Sprintf(`{"messages":[{"id":"CDISW5000E","message":"The resource %s does not exist."}]}`, r.URL.Path), http.StatusNotFound)
}

func says(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// with runs a test in a bubble with a client of a server.
func with(t *testing.T, h http.Handler, change func(*rest.Config), test func(t *testing.T, c *rest.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
		n.Serve(t, host, ca.Certificate(t, "streams.example.com", time.Now().Add(time.Hour)), h)
		pool, err := https.NewPool(https.Options{Dial: n.Dial, CA: ca.CA})
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		cfg := rest.Config{
			Target: "dc1", URL: "https://" + host, Username: "xdc", Pool: pool, Timeout: 10 * time.Second,
			Password: func(context.Context) (string, error) { return password, nil },
		}
		if change != nil {
			change(&cfg)
		}
		c, err := rest.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		test(t, c)
	})
}

// root lists instances under a host name of the server's own, as one behind a mapped port does.
const root = `{"resources":[{"name":"instances","resource":"https://inside:9714/streams/instances"},{"name":"domains","resource":"/streams/domains"},{"name":"later","resource":7}]}`

func TestAnInstanceIsFoundByTheApisOwnLinks(t *testing.T) {
	for _, u := range []string{"https://" + host, "https://" + host + "/", "https://" + host + "/streams/resources", "https://" + host + "/streams"} {
		h := api{
			"GET /streams/resources": says(root),
			"GET /streams/instances": says(`{"instances":[{"id":"other","self":"/streams/instances/other"},{"id":"streams1","self":"https://inside:9714/streams/instances/streams1","status":"running","jobs":"https://inside:9714/elsewhere/jobs","newProperty":{"x":[1]}}],"total":2}`),
		}
		with(t, h, func(c *rest.Config) { c.URL = u }, func(t *testing.T, c *rest.Client) {
			i, err := c.Instance(t.Context(), "streams1")
			if err != nil {
				t.Fatal(err)
			}
			if i.Status != "running" || i.Jobs != "https://inside:9714/elsewhere/jobs" || i.JobsSnapshot != "https://inside:9714/streams/instances/streams1/jobs/snapshot" {
				t.Errorf("got %+v", i)
			}
			got, err := c.Resolve(i.Jobs)
			if err != nil || got.String() != "https://"+host+"/elsewhere/jobs" {
				t.Errorf("a link to another host leads to %v, %v", got, err)
			}
		})
	}
}

func TestTheOnlyInstanceNeedsNoNameAndADomainIsFollowed(t *testing.T) {
	h := api{
		"GET /streams/resources":            says(root),
		"GET /streams/domains":              says(`{"domains":[{"id":"d1","instances":"/streams/domains/d1/instances"}]}`),
		"GET /streams/d/instances":          says(`{}`),
		"GET /streams/instances":            says(`{"instances":[{"id":"a"},{"id":"b"}]}`),
		"GET /streams/domains/d1/instances": says(`{"instances":[{"id":7,"status":"running"}]}`),
	}
	with(t, h, func(c *rest.Config) { c.Domain = "d1" }, func(t *testing.T, c *rest.Client) {
		i, err := c.Instance(t.Context(), "")
		if err != nil || i.ID != "7" || i.Self == "" {
			t.Errorf("got %+v, %v", i, err)
		}
	})
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		_, err := c.Instance(t.Context(), "")
		contains(t, err, "2 instances (a, b)", "`instance`", "dc1")
		_, err = c.Instance(t.Context(), "streems")
		contains(t, err, `no instance "streems"`, "it has a, b")
	})
	with(t, h, func(c *rest.Config) { c.Domain = "d2" }, func(t *testing.T, c *rest.Client) {
		_, err := c.Instance(t.Context(), "")
		contains(t, err, `no domain "d2"`, "it has d1")
	})
}

func contains(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), password) {
		t.Errorf("the password is in %q", err)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	answer := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) })
	}
	for _, tc := range []struct {
		name  string
		h     http.Handler
		user  string
		words []string
	}{
		{"a wrong password", api{}, "mallory", []string{"401", "password", `"mallory"`, "target dc1", "CDISW9999E"}},
		{"no authority", answer(403, `{"id":"CDISW5003E","message":"You may not."}`), "xdc", []string{"403", "may not do this", "CDISW5003E You may not.", "grant"}},
		{"a server error", answer(500, `{"messages":[{"id":"CDISW5001E","message":"CDISW5001E An unexpected error."}]}`), "xdc", []string{"500", "CDISW5001E An unexpected error.", "log"}},
		{"an error without a body", answer(502, ""), "xdc", []string{"502"}},
		{"an error page", answer(503, "<html><body>sorry</body></html>"), "xdc", []string{"503 Service Unavailable"}},
		{"an error in plain words", answer(400, "bad \x1b[31m request\n"), "xdc", []string{"400", "bad [31m request"}},
		{"garbage", answer(200, "\x00\x01\x02"), "xdc", []string{"not the JSON object", "root of the Streams REST management API"}},
		{"a page", answer(200, "<html>welcome</html>"), "xdc", []string{"not the JSON object"}},
		{"half a body", answer(200, `{"resources":[{"name":`), "xdc", []string{"ends before its end"}},
		{"an empty body", answer(200, ""), "xdc", []string{"empty"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			with(t, tc.h, func(c *rest.Config) { c.Username = tc.user }, func(t *testing.T, c *rest.Client) {
				_, err := c.Instance(t.Context(), "streams1")
				contains(t, err, append(tc.words, "look up the API's root at dc1: GET https://"+host+"/streams/resources")...)
				if strings.ContainsAny(err.Error(), "\x1b\n\x00") {
					t.Errorf("control characters of the server are in %q", err)
				}
			})
		})
	}
}

func TestGetIsTriedAgainAndPostIsNot(t *testing.T) {
	gets, posts := 0, 0
	h := api{
		"GET /x": func(w http.ResponseWriter, _ *http.Request) {
			if gets++; gets < 3 {
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, `{"ok":true}`)
		},
		"GET /y":  func(w http.ResponseWriter, _ *http.Request) { gets++; w.WriteHeader(500) },
		"POST /x": func(http.ResponseWriter, *http.Request) { posts++; panic(http.ErrAbortHandler) },
	}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		var got struct{ OK bool }
		if err := c.Get(t.Context(), "look", "/x", &got); err != nil || !got.OK || gets != 3 {
			t.Errorf("got %v after %d tries: %v", got, gets, err)
		}
		gets = 0
		if err := c.Get(t.Context(), "look", "/y", nil); err == nil || gets != 3 {
			t.Errorf("%d tries, %v; want 3 and an error", gets, err)
		}
		if err := c.Post(t.Context(), "do", "/x", map[string]int{"a": 1}, nil); err == nil || posts != 1 {
			t.Errorf("%d posts, %v; want 1 and an error", posts, err)
		}
	})
}

func TestAServerThatHangsIsGivenUp(t *testing.T) {
	h := api{"GET /x": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		start := time.Now()
		err := c.Look(t.Context(), "look at it", "/x", nil)
		contains(t, err, "look at it at dc1", "no whole answer came in time", "10s")
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("given up after %s, want 10s", took)
		}
	})
}

func TestWhatIsGoneIsCancelledAlready(t *testing.T) {
	with(t, api{}, nil, func(t *testing.T, c *rest.Client) {
		if err := c.Cancel(t.Context(), rest.Job{Self: "/streams/instances/i/jobs/5"}); err != nil {
			t.Error(err)
		}
	})
}

func TestPagesAreFollowedToTheirEnd(t *testing.T) {
	h := api{
		"GET /jobs": func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Query().Get("page") {
			case "":
				_, _ = io.WriteString(w, `{"jobs":[{"id":"1","name":"a"}],"next":"/jobs?page=2"}`)
			case "2":
				_, _ = io.WriteString(w, `{"jobs":[{"id":2,"name":"b","submitTime":"17"},{"id":"3","name":9}],"next":null}`)
			}
		},
		"GET /circle": says(`{"jobs":[{"id":"1"}],"next":"/circle"}`),
	}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		jobs, err := c.Jobs(t.Context(), rest.Instance{Jobs: "/jobs"})
		if err != nil || len(jobs) != 3 || jobs[1].ID != "2" || jobs[1].SubmitTime.V != 17 || jobs[2].Name != "" || jobs[2].Self != "/jobs/3" {
			t.Errorf("got %+v, %v", jobs, err)
		}
		_, err = c.Jobs(t.Context(), rest.Instance{Jobs: "/circle"})
		contains(t, err, "goes in a circle")
	})
}

func TestSubmitSendsWhatThePlanSays(t *testing.T) {
	var sent map[string]any
	h := api{
		"POST /bundles": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Content-Type") != "application/x-jar" {
				t.Errorf("the bundle goes as %q", r.Header.Get("Content-Type"))
			}
			_, _ = io.WriteString(w, `{"bundleId":"bundleId:abc"}`)
		},
		"POST /jobs": func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewDecoder(r.Body).Decode(&sent)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id":"12","name":"orders"}`)
		},
	}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		i := rest.Instance{ApplicationBundles: "/bundles", Jobs: "/jobs"}
		id, err := c.UploadBundle(t.Context(), i, io.NopCloser(strings.NewReader("PK")), 2)
		if err != nil || id != "bundleId:abc" {
			t.Fatalf("got %q, %v", id, err)
		}
		j, err := c.Submit(t.Context(), i, rest.Submission{
			Application: id, JobName: "orders", JobGroup: "g", Parameters: map[string]string{"b": `say "x"`, "a": "1"},
			Overlay: []byte(`{"comment":"kept","jobConfigOverlays":[{"deploymentConfig":{"fusionScheme":"legacy"},"jobConfig":{"submissionParameters":[{"name":"a","value":"old"},{"name":"c","value":"3"}]}}]}`),
		})
		if err != nil || j.ID != "12" {
			t.Fatalf("got %+v, %v", j, err)
		}
	})
	want := map[string]any{
		"application": "bundleId:abc", "preview": false,
		"jobConfigurationOverlay": map[string]any{"comment": "kept", "jobConfigOverlays": []any{map[string]any{
			"deploymentConfig": map[string]any{"fusionScheme": "legacy"},
			"jobConfig": map[string]any{"jobName": "orders", "jobGroup": "g", "submissionParameters": []any{
				map[string]any{"name": "c", "value": "3"}, map[string]any{"name": "a", "value": "1"}, map[string]any{"name": "b", "value": `say "x"`},
			}},
		}}},
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Error(diff)
	}
}

// A server without snapshots gives the same through its single resources.
func TestWithoutSnapshotsTheSingleResourcesAreRead(t *testing.T) {
	h := api{
		"GET /i/jobs":      says(`{"jobs":[{"id":"1","name":"orders","status":"running","health":"healthy"}]}`),
		"GET /i/pes":       says(`{"pes":[{"id":"4","job":"https://x/i/jobs/1","status":"running","launchCount":2,"operators":"/i/operators?pe.restid=4"},{"id":"9","job":"https://x/i/jobs/2"}]}`),
		"GET /i/operators": says(`{"operators":[{"name":"A.Sink","operatorKind":"spl::Custom","job":"/i/jobs/1","pe":"/i/pes/4","metrics":"/m","inputPorts":"/in"}]}`),
		"GET /m":           says(`{"metrics":[{"name":"custom","value":3,"metricType":"custom"}]}`),
		"GET /in":          says(`{"inputPorts":[{"indexWithinOperator":0,"metrics":"/in/0"}]}`),
		"GET /in/0":        says(`{"metrics":[{"name":"nTuplesProcessed","value":41}]}`),

		"GET /i/pes/4/metrics":     says(`{"metrics":[{"name":"nCpuMilliseconds","value":7}]}`),
		"GET /i/pes/4/outputports": says(`{"outputPorts":[{"indexWithinPE":0,"metrics":"/out/0"}]}`),
		"GET /out/0":               says(`{"metrics":[{"name":"nBrokenConnections","value":2}]}`),
		"GET /i/peconnections":     says(`{"connections":[{"id":"c1","metrics":"/c/1","source":{"pe":"/i/pes/4"}},{"id":"c2","metrics":"/c/2","source":{"pe":"/i/pes/5"}}]}`),
		"GET /c/1":                 says(`{"metrics":[{"name":"congestionFactor","value":30}]}`),
	}
	with(t, h, nil, func(t *testing.T, c *rest.Client) {
		i := rest.Instance{Jobs: "/i/jobs", PEs: "/i/pes", Operators: "/i/operators", PEConnections: "/i/peconnections", JobsSnapshot: "/i/jobs/snapshot", MetricsSnapshot: "/i/jobs/metricssnapshot"}
		jobs, err := c.Snapshot(t.Context(), i)
		if err != nil || len(jobs) != 1 || len(jobs[0].PEs) != 1 || jobs[0].PEs[0].LaunchCount.V != 2 || jobs[0].PEs[0].Operators[0].Name != "A.Sink" {
			t.Errorf("got %+v, %v", jobs, err)
		}
		m, _, err := c.Metrics(t.Context(), i, []string{"1"})
		if err != nil || len(m) != 1 || m[0].PEs[0].ID != "4" || m[0].PEs[0].Operators[0].InputPorts[0].Metrics[0].Value.V != 41 || m[0].PEs[0].Operators[0].Metrics[0].Value.V != 3 {
			t.Errorf("got %+v, %v", m, err)
		}
		pe := m[0].PEs[0]
		if len(pe.OutputPorts) != 2 || pe.Metrics[0].Value.V != 7 || pe.OutputPorts[0].Metrics[0].Value.V != 2 || pe.OutputPorts[1].Connections[0].ID != "c1" || pe.OutputPorts[1].Connections[0].Metrics[0].Value.V != 30 {
			t.Errorf("the PE is %+v", pe)
		}
		for path := range h { // a server that has none of that either
			if strings.HasPrefix(path, "GET /i/pe") && path != "GET /i/pes" {
				delete(h, path)
			}
		}
		if m, _, err := c.Metrics(t.Context(), i, []string{"1"}); err != nil || len(m[0].PEs[0].Metrics)+len(m[0].PEs[0].OutputPorts) != 0 || len(m[0].PEs[0].Operators) != 1 {
			t.Errorf("got %+v, %v", m, err)
		}
	})
}

func TestURLsThatAreRefused(t *testing.T) {
	for u, word := range map[string]string{
		"https://u:p4ssword@host": "credentials", "streams.example.com": "HTTPS", "ftp://host": "https", "https://": "HTTPS", "://u:p4ssword@x": "HTTPS",
	} {
		_, err := rest.New(rest.Config{URL: u})
		if err == nil || !strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(word)) || strings.Contains(err.Error(), "p4ssword") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// Whatever a server sends, nothing panics, and numbers that are none are not taken for zero.
func FuzzSnapshot(f *testing.F) {
	for _, s := range []string{
		`{"jobs":[{"id":"1","pes":[{"id":3,"launchCount":"2","operators":[{"name":"x","inputPorts":[{"indexWithinOperator":0,"metrics":[{"name":"nTuplesProcessed","value":9007199254740993}]}]}]}]}]}`,
		`{"jobs":{}}`, `[]`, `{"jobs":[null,1,{"id":null}]}`, `{"jobs":[{"pes":[{"launchCount":1e400}]}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got struct {
			Jobs []rest.JobSnapshot `json:"jobs"`
		}
		_ = json.Unmarshal(body, &got)
		for _, j := range got.Jobs {
			for _, pe := range j.PEs {
				if !pe.LaunchCount.Set && pe.LaunchCount.V != 0 {
					t.Error("a number that is not set has a value")
				}
			}
		}
	})
}

func FuzzErrorBody(f *testing.F) {
	for _, s := range []string{`{"id":"X","message":"X y"}`, `{"messages":[{"message":"y"}]}`, "<html>", "", "\xff\x00", `{"messages":7,"message":"m"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, m := range rest.MessagesForTest(body) {
			if strings.ContainsAny(m.Message, "\x00\x1b\n\r") || len(m.Message) > 400 {
				t.Errorf("the message %q is not fit for a line", m.Message)
			}
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"https://evil/x", "//evil/x", "x", "http://h:1/?a=b#c", "https://u:p@evil", "javascript:alert(1)", "\x7f"} {
		f.Add(s)
	}
	c, err := rest.New(rest.Config{URL: "https://streams.example.com:8443"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, link string) {
		u, err := c.Resolve(link)
		if err != nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != host || again.Scheme != "https" || again.User != nil {
			t.Errorf("%q leads to %s", link, u)
		}
	})
}
