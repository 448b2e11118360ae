package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

// server is a Streams instance small enough to see through.
type server struct {
	status  string
	jobs    []object
	metrics []object
	broken  string // a path that answers 500
	submit  func(w http.ResponseWriter, name string)
	deleted []string
	more    map[string]http.HandlerFunc // by method and escaped path
	all     func()                      // called for each request
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.all != nil {
		s.all()
	}
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	if r.URL.Path == s.broken {
		w.WriteHeader(500)
		return
	}
	if h := s.more[r.Method+" "+r.URL.EscapedPath()]; h != nil {
		h(w, r)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /streams/resources":
		answer(object{"resources": []object{{"name": "instances", "resource": "/streams/instances"}}})
	case "GET /streams/instances":
		answer(object{"instances": []object{{"id": "i", "self": "/streams/instances/i", "status": s.status, "health": "partiallyHealthy"}}})
	case "GET /streams/instances/i":
		answer(object{"id": "i", "self": "/streams/instances/i", "status": s.status, "health": "partiallyHealthy"})
	case "GET /streams/instances/i/jobs", "GET /streams/instances/i/jobs/snapshot":
		if s.status != "running" {
			w.WriteHeader(409)
			return
		}
		answer(object{"jobs": s.jobs})
	case "GET /streams/instances/i/jobs/metricssnapshot":
		answer(object{"jobs": s.metrics})
	case "POST /streams/instances/i/applicationbundles":
		answer(object{"bundleId": "bundleId:1"})
	case "POST /streams/instances/i/jobs":
		var body struct {
			Overlay struct {
				Overlays []struct {
					Config struct {
						Name string `json:"jobName"`
					} `json:"jobConfig"`
				} `json:"jobConfigOverlays"`
			} `json:"jobConfigurationOverlay"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		s.submit(w, body.Overlay.Overlays[0].Config.Name)
	default:
		if r.Method == http.MethodDelete {
			s.deleted = append(s.deleted, r.URL.Path)
			s.jobs = slices.DeleteFunc(s.jobs, func(j object) bool { return strings.HasSuffix(r.URL.Path, "/"+fmt.Sprint(j["id"])) })
			w.WriteHeader(204)
			return
		}
		w.WriteHeader(404)
	}
}

func job(id, name, status, health string, pes ...object) object {
	return object{"id": id, "name": name, "status": status, "health": health, "self": "/streams/instances/i/jobs/" + id, "pes": pes}
}

func pe(id, status string, launches int, operators ...object) object {
	return object{"id": id, "status": status, "health": "healthy", "launchCount": launches, "operators": operators}
}

func operator(name string, out ...int) object {
	ports := []object{}
	for i, n := range out {
		ports = append(ports, object{"indexWithinOperator": i, "metrics": []object{{"name": "nTuplesSubmitted", "value": n}}})
	}
	return object{"name": name, "outputPorts": ports, "metrics": []object{{"name": "myCount", "value": 2, "metricType": "custom"}}}
}

// on runs a test in a bubble with a session to a server.
func on(t *testing.T, srv *server, test func(t *testing.T, env providers.Env, s *Session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
		n.Serve(t, "streams:8443", ca.Certificate(t, "streams", time.Now().Add(time.Hour)), srv)
		env := providers.Env{
			Run: "20260101T000000Z-abcdefgh", Dial: n.Dial,
			ReadFile: func(name string) ([]byte, error) {
				if name == "ca.pem" {
					return ca.CA, nil
				}
				return []byte("PK"), nil
			},
			Secret: func(string) (string, error) { return "s3cret", nil },
		}
		s, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://streams:8443","instance":"i","username":"xdc","password":{"secret":"var.p"},"ca_file":"ca.pem","metric_refresh":"3s"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		env.Session = func(string, string) (providers.Session, error) { return s, nil }
		test(t, env, s)
	})
}

// round makes one round and returns what was read.
func round(t *testing.T, s *Session) map[string]providers.Reading {
	t.Helper()
	got, err := try(t, s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func try(t *testing.T, s *Session) (map[string]providers.Reading, error) {
	t.Helper()
	got := map[string]providers.Reading{}
	<-time.After(time.Second)
	began := time.Now()
	err := s.Observe(t.Context(), func(r providers.Reading) {
		got[r.Path] = r
		if r.High.Before(r.Low) || r.Low.Before(began.Add(-3*time.Second)) {
			t.Errorf("%s was read in [%v, %v]", r.Path, r.Low, r.High)
		}
	})
	return got, err
}

func words(rs map[string]providers.Reading) map[string]string {
	out := map[string]string{}
	for p, r := range rs {
		out[p] = r.Value.String()
	}
	return out
}

func track(t *testing.T, s *Session, path, launched, ref string) {
	t.Helper()
	if err := s.Track(providers.JobInfo{Path: path, Target: "dc1", Launched: launched}, []byte(ref)); err != nil {
		t.Fatal(err)
	}
}

func TestARoundReadsInstanceJobsPEsAndMetrics(t *testing.T) {
	srv := &server{
		status:  "running",
		jobs:    []object{job("5", "orders", "running", "healthy", pe("1", "running", 2), pe("2", "stopped", 1)), job("6", "foreign", "running", "healthy")},
		metrics: []object{job("5", "orders", "", "", pe("1", "", 0, operator("A.Sink", 4, 5), operator("B.Twice"), operator("C.Twice")), pe("2", "", 0, operator("A.Stale", 9)))},
	}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		track(t, s, "job.orders", "", `{"id":"5","name":"orders"}`)
		got := round(t, s)
		want := map[string]string{
			"instance.status": "running", "instance.health": "partially_healthy",
			"job.orders.status": "running", "job.orders.health": "healthy", "job.orders.pes": "2", "job.orders.launches": "3", "job.orders.restarts": "1",
			`job.orders.pe["1"].status`: "running", `job.orders.pe["1"].health`: "healthy", `job.orders.pe["1"].launches`: "2",
			`job.orders.pe["2"].status`: "stopped", `job.orders.pe["2"].health`: "healthy", `job.orders.pe["2"].launches`: "1",
			`job.orders.operator["A.Sink"].launches`: "2", `job.orders.operator["A.Sink"].tuples_out`: "9",
			`job.orders.operator["A.Sink"].output[0].tuples`: "4", `job.orders.operator["A.Sink"].output[1].tuples`: "5",
			`job.orders.operator["Sink"].launches`: "2", `job.orders.operator["Sink"].tuples_out`: "9",
			`job.orders.operator["Sink"].output[0].tuples`: "4", `job.orders.operator["Sink"].output[1].tuples`: "5",
			`job.orders.operator["B.Twice"].launches`: "2", `job.orders.operator["C.Twice"].launches`: "2", // the short name would be both
			`job.orders.metric["myCount"]`: "6", // not of the PE that is stopped
		}
		if diff := cmp.Diff(want, words(got)); diff != "" {
			t.Error(diff)
		}
		m := got[`job.orders.operator["Sink"].tuples_out`]
		if lag := m.High.Sub(m.Low); lag != 3*time.Second {
			t.Errorf("a metric may be %s old, want 3s", lag)
		}
		if h := got["job.orders.health"]; h.High != h.Low {
			t.Errorf("health was true in [%v, %v]", h.Low, h.High)
		}
		if n, _, ok := s.Launches("job.orders", "elsewhere"); !ok || n != 3 {
			t.Errorf("launches are %d, %v", n, ok)
		}
	})
}

// The server answers and has no such job: it is unhealthy for certain, and not unknown.
func TestAJobThatIsGoneIsUnhealthy(t *testing.T) {
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy")}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		track(t, s, "job.orders", "", `{"id":"5","name":"orders"}`)
		round(t, s)
		srv.jobs = nil
		got := round(t, s)
		if h := got["job.orders.health"]; h.Value.Text != "unhealthy" || !strings.Contains(h.Evidence, "job 5 (orders) is gone") || got["job.orders.status"].Value.Text != "gone" {
			t.Errorf("got %v", words(got))
		}
		srv.status = "stopping" // and the list of jobs is refused
		if got := round(t, s); len(got) != 2 {
			t.Errorf("while it stops: %v", words(got))
		}
		srv.status = "stopped"
		if got := round(t, s); got["job.orders.status"].Value.Text != "gone" || got["instance.status"].Value.Text != "stopped" {
			t.Errorf("stopped: %v", words(got))
		}
		srv.status, srv.jobs = "running", []object{job("9", "orders", "constructed", "healthy")} // submitted again under its name
		if got := round(t, s); got["job.orders.status"].Value.Text != "constructed" {
			t.Errorf("again: %v", words(got))
		}
		if id, _, ok := s.JobAt("job.orders"); !ok || id != "9" {
			t.Errorf("it follows job %s", id)
		}
	})
}

func TestALaunchedJobIsOneThatWasNotThereBefore(t *testing.T) {
	srv := &server{status: "running", jobs: []object{job("1", "ingest_old", "running", "healthy")}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		track(t, s, "job.standby", "^ingest", "")
		if got := round(t, s); len(got) != 2 {
			t.Errorf("before the launch: %v", words(got))
		}
		srv.jobs = append(srv.jobs, job("2", "xdc_abcdefgh_12345678", "running", "healthy"), job("3", "other", "running", "healthy"))
		round(t, s)
		srv.jobs = append(srv.jobs, object{"id": "4", "name": "app_4", "applicationName": "ingest::Main", "status": "running", "health": "unhealthy"})
		if got := round(t, s); got["job.standby.health"].Value.Text != "unhealthy" {
			t.Errorf("after the launch: %v", words(got))
		}
		if id, _, _ := s.JobAt("job.standby"); id != "4" {
			t.Errorf("it follows job %s", id)
		}
	})
}

func TestAPollThatFailsSaysNothing(t *testing.T) {
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy")}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		track(t, s, "job.orders", "", `{"id":"5","name":"orders"}`)
		round(t, s)
		srv.broken = "/streams/instances/i/jobs/snapshot"
		got, err := try(t, s)
		if err == nil || got["job.orders.health"].Value.Text != "" {
			t.Errorf("got %v, %v", words(got), err)
		}
	})
}

var jobID = providers.StepID{Run: "20260101T000000Z-abcdefgh", Step: `job.orders["dc1"]`}

func TestASubmissionWhoseAnswerWasLostIsFoundByItsName(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		srv := &server{status: "running"}
		srv.submit = func(_ http.ResponseWriter, name string) {
			if arrives {
				srv.jobs = append(srv.jobs, job("7", name, "running", "healthy"))
			}
			panic(http.ErrAbortHandler)
		}
		on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
			d := jobDeed{env}
			h, err := d.Prepare(t.Context(), jobID, json.RawMessage(`{"target":"dc1","path":"job.orders","bundle":"orders.sab"}`))
			if err != nil {
				t.Fatal(err)
			}
			err = d.Inject(t.Context(), h)
			if arrives != (err == nil) {
				t.Errorf("arrives %v, and inject says %v", arrives, err)
			}
			e, verr := d.Verify(t.Context(), h)
			if verr != nil || e.InForce != arrives {
				t.Errorf("verify: %+v, %v", e, verr)
			}
			if err := d.Heal(t.Context(), h); err != nil || len(srv.jobs) != 0 {
				t.Errorf("heal: %v, left %v", err, srv.jobs)
			}
		})
	}
}

func TestARefusedSubmissionSaysWhatTheServerSays(t *testing.T) {
	srv := &server{status: "running"}
	srv.submit = func(w http.ResponseWriter, _ string) {
		w.WriteHeader(400)
		fmt.Fprint(w, `{"id":"CDISA5360E","message":"CDISA5360E The bundle is not valid."}`)
	}
	on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
		d := jobDeed{env}
		h, err := d.Prepare(t.Context(), jobID, json.RawMessage(`{"target":"dc1","path":"job.orders","bundle":"orders.sab","parameters":{"p":{"secret":"var.p"}}}`))
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := json.Marshal(h); strings.Contains(string(b), "s3cret") {
			t.Error("the handle holds a secret")
		}
		err = d.Inject(t.Context(), h)
		if err == nil || !strings.Contains(err.Error(), "submit the job at dc1") || !strings.Contains(err.Error(), "CDISA5360E The bundle is not valid.") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnAdoptedJobIsLeftAlone(t *testing.T) {
	srv := &server{status: "running", jobs: []object{job("5", "orders_main", "running", "healthy")}}
	on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
		d := jobDeed{env}
		h, err := d.Prepare(t.Context(), jobID, json.RawMessage(`{"target":"dc1","path":"job.orders","adopt":"orders_main"}`))
		if err != nil {
			t.Fatal(err)
		}
		e, err := d.Verify(t.Context(), h)
		if err != nil || !e.InForce || string(e.Result) != `{"id":"5","name":"orders_main"}` {
			t.Errorf("got %+v (%s), %v", e, e.Result, err)
		}
		if err := errors.Join(d.Inject(t.Context(), h), d.Heal(t.Context(), h)); err != nil || len(srv.deleted) != 0 {
			t.Errorf("deleted %v, %v", srv.deleted, err)
		}
		if _, err := d.Prepare(t.Context(), jobID, json.RawMessage(`{"target":"dc1","path":"job.orders","adopt":"orders_mian"}`)); err == nil || !strings.Contains(err.Error(), `"orders_main"`) {
			t.Errorf("a wrong name says %v", err)
		}
	})
}

func TestWhatCannotBeBroughtBackIsRefused(t *testing.T) {
	srv := &server{status: "running", jobs: []object{job("5", "orders_main", "running", "healthy")}}
	on(t, srv, func(t *testing.T, env providers.Env, s *Session) {
		track(t, s, "job.orders", "", `{"id":"5","name":"orders_main"}`)
		args := json.RawMessage(`{"target":"dc1","job":"job.orders","restore":true}`)
		if _, err := (stopJob{env}).Prepare(t.Context(), jobID, args); err == nil || !strings.Contains(err.Error(), "restore = false") {
			t.Errorf("got %v", err)
		}
		scope := providers.Scope{Jobs: []providers.JobInfo{{Path: "job.orders", Target: "dc1", Adopt: "orders_main"}}}
		if _, ds := describeStopJob(scope, args); !ds.HasErrors() {
			t.Error("the plan does not say so")
		}
		d := stopJob{env}
		h, err := d.Prepare(t.Context(), jobID, json.RawMessage(`{"target":"dc1","job":"job.orders","restore":false}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Inject(t.Context(), h); err != nil || len(srv.deleted) != 1 {
			t.Errorf("deleted %v, %v", srv.deleted, err)
		}
		if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce {
			t.Errorf("got %+v, %v", e, err)
		}
	})
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	srv := &server{status: "stopped"}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		if f := s.Check(t.Context()); len(f) != 1 || f[0].OK || !strings.Contains(f[0].Text, "stopped") || f[0].Remedy == "" {
			t.Errorf("got %+v", f)
		}
		srv.status = "running"
		if f := s.Check(t.Context()); len(f) != 1 || !f[0].OK {
			t.Errorf("got %+v", f)
		}
	})
}

func TestWordsOfThePlatformInSnakeCase(t *testing.T) {
	for in, want := range map[string]string{
		"running": "running", "partiallyHealthy": "partially_healthy", "PARTIALLY_FAILED": "partially_failed", "some new-word\n": "some_new_word", "": "",
	} {
		if got := snake(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestSessionsTouchNothingBeforeTheyAreUsed(t *testing.T) {
	env := providers.Env{ReadFile: func(string) ([]byte, error) { return nil, errors.New("no such file") }}
	if _, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://streams","ca_file":"ca.pem"}`)); err == nil || !strings.Contains(err.Error(), "ca_file") {
		t.Errorf("got %v", err)
	}
	env.Dial = nil
	s, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://streams"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if err := s.Observe(context.Background(), nil); err == nil {
		t.Error("a closed session can look")
	}
}
