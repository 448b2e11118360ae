package streams

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
)

const document = `{"openapi":"3.0.0","paths":{"/instances/{i}/pes/{p}/stop":{"post":{}},"/instances/{i}/stop":{"post":{}},"/instances/{i}/halt":{"post":{"operationId":"stopInstance"}}}}`

// recorder answers a call and notes it.
func recorder(got *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*got = append(*got, r.Method+" "+r.URL.EscapedPath()+" "+string(b))
		w.WriteHeader(http.StatusNoContent)
	}
}

func serveText(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// prepared prepares a fault on PE 3 of job 1.
func prepared(t *testing.T, env providers.Env, s *Session) (stopPE, providers.Handle) {
	t.Helper()
	if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"1","name":"orders"}`)); err != nil {
		t.Fatal(err)
	}
	d := stopPE{env}
	h, err := d.Prepare(t.Context(), providers.StepID{Run: "r", Step: "fault.streams_pe.x"}, json.RawMessage(`{"target":"dc1","job":"job.orders"}`))
	if err != nil {
		t.Fatal(err)
	}
	return d, h
}

func TestThePlansOperationComesBeforeTheServersAndThatBeforeTheGuess(t *testing.T) {
	plan := operationArgs{Name: "stop_pe", Method: "PUT", Path: "/x/{domain}/{instance}/{job}/{pe}/halt", Body: `{"pe":"{pe}","n":12345678901234567890}`}
	for name, tc := range map[string]struct {
		plan     []operationArgs
		document string
		called   string
		summary  string
	}{
		"the plan's":   {[]operationArgs{plan}, document, `PUT /x/d%2F1/i/1/3/halt {"n":12345678901234567890,"pe":"3"}`, `stop_pe from the plan; start_pe, restart_pe, stop_instance, start_instance, quiesce_resource, resume_resource guessed; several calls of the document fit stop_instance, so none is taken`},
		"the server's": {nil, document, "POST /streams/instances/i/pes/3/stop ", `stop_pe from the server's OpenAPI document; start_pe, restart_pe, stop_instance, start_instance, quiesce_resource, resume_resource guessed; several calls of the document fit stop_instance, so none is taken`},
		"the guess":    {nil, "<html>", `POST /streams/instances/i/pes/3/actions {"type":"stop"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			srv := &server{status: "running", jobs: []object{job("1", "orders", "running", "healthy", pe("3", "running", 1))}, more: map[string]http.HandlerFunc{
				"GET /streams/openapi.json":               serveText(tc.document),
				"GET /streams/instances/i/pes/3":          serveText(`{"status":"running"}`),
				"PUT /x/d%2F1/i/1/3/halt":                 recorder(&got),
				"POST /streams/instances/i/pes/3/stop":    recorder(&got),
				"POST /streams/instances/i/pes/3/actions": recorder(&got),
			}}
			on(t, srv, func(t *testing.T, env providers.Env, s *Session) {
				_, err := s.inst(t.Context()) // before there is a domain, which this server does not list
				if err != nil {
					t.Fatal(err)
				}
				s.cfg.Operations, s.cfg.Domain = tc.plan, "d/1"
				d, h := prepared(t, env, s)
				if err := d.Inject(t.Context(), h); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{tc.called}, got); diff != "" {
					t.Error(diff)
				}
				summary, err := s.summary(t.Context())
				if err != nil || summary != tc.summary {
					t.Errorf("the preflight says %q (%v), want %q", summary, err, tc.summary)
				}
			})
		})
	}
}

func TestTheHealUsesTheOperationThatThePreparationFixed(t *testing.T) {
	for name, old := range map[string]bool{"a handle": false, "a handle of an older version": true} {
		t.Run(name, func(t *testing.T) {
			var got []string
			srv := &server{status: "running", jobs: []object{job("1", "orders", "running", "healthy", pe("3", "running", 1))}, more: map[string]http.HandlerFunc{
				"GET /streams/instances/i/pes/3":          serveText(`{"status":"stopped"}`),
				"POST /streams/instances/i/pes/3/begin":   recorder(&got),
				"POST /streams/instances/i/pes/3/actions": recorder(&got),
			}}
			on(t, srv, func(t *testing.T, env providers.Env, s *Session) {
				s.cfg.Operations = []operationArgs{{Name: "start_pe", Path: "{self}/begin"}}
				d, h := prepared(t, env, s)
				want := "POST /streams/instances/i/pes/3/begin "
				if old {
					h.Undo = json.RawMessage(`{"target":"dc1","pes":["3"]}`)
					want = `POST /streams/instances/i/pes/3/actions {"type":"start"}`
				}
				s.cfg.Operations = nil // the plan has changed since
				if err := d.Heal(t.Context(), h); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{want}, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestAGuessThatFailsSaysWhatToDo(t *testing.T) {
	srv := &server{status: "running", jobs: []object{job("1", "orders", "running", "healthy", pe("3", "running", 1))}, more: map[string]http.HandlerFunc{
		"GET /streams/instances/i/pes/3": serveText(`{"status":"running"}`),
	}}
	on(t, srv, func(t *testing.T, env providers.Env, s *Session) {
		d, h := prepared(t, env, s)
		if err := d.Inject(t.Context(), h); err == nil || !strings.Contains(err.Error(), "the call is a guess: say how your server does it with an `operation` block") {
			t.Errorf("it says %v", err)
		}
	})
}

func TestOperationsThatCannotBeAreRefused(t *testing.T) {
	for _, tc := range []struct {
		op   operationArgs
		want string
	}{
		{operationArgs{Name: "stop_all", Path: "{self}"}, "there is no such operation"},
		{operationArgs{Name: "stop_pe", Path: "https://elsewhere/x"}, "does not begin with"},
		{operationArgs{Name: "stop_pe", Path: "//elsewhere/x"}, "does not begin with"},
		{operationArgs{Name: "stop_pe", Path: "{self}.elsewhere/x"}, "does not begin with"},
		{operationArgs{Name: "stop_pe", Path: "{self}/x", Body: "{"}, "the body is not JSON"},
		{operationArgs{Name: "stop_pe", Path: "/{resource}"}, "the path has {resource}, of which nothing is known there"},
		{operationArgs{Name: "stop_instance", Path: "/{pe}"}, "the path has {pe}"},
		{operationArgs{Name: "stop_pe", Path: "/{domain}/{pe}"}, "give `domain`"},
	} {
		if err := (connection{Operations: []operationArgs{tc.op}}).check(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %s", tc.op, err, tc.want)
		}
	}
	if err := (connection{Operations: []operationArgs{{Name: "stop_pe", Path: "{self}"}, {Name: "stop_pe", Path: "{self}"}}}).check(); err == nil || !strings.Contains(err.Error(), "stands twice") {
		t.Errorf("twice: %v", err)
	}
}

func TestTheDocumentIsReadFromTheConfiguredHostOnly(t *testing.T) {
	on(t, &server{status: "running"}, func(t *testing.T, _ providers.Env, s *Session) {
		for _, link := range []string{"https://elsewhere/openapi.json", "http://streams:8443/x", "https://u:p@streams:8443/x"} {
			s.cfg.OpenAPI = link
			if _, err := s.learn(t.Context()); err == nil || !strings.Contains(err.Error(), "credentials are sent nowhere else") || strings.Contains(err.Error(), "u:p") {
				t.Errorf("%s: %v", link, err)
			}
		}
		s.cfg.OpenAPI = "/streams/missing.json"
		if _, err := s.learn(t.Context()); err == nil || !strings.Contains(err.Error(), "correct `openapi`") {
			t.Errorf("a document that is not there: %v", err)
		}
	})
}

func TestTheDryRunShowsWhereAnOperationComesFrom(t *testing.T) {
	c := connection{Operations: []operationArgs{{Name: "stop_pe", Path: "{self}/halt", Body: "{ \"a\": 1 }"}}}
	for name, want := range map[string]string{
		"stop_pe":  `POST L/halt  {"a":1}  (from the plan)`,
		"start_pe": `POST L/actions  {"type":"start"}  (a guess; used where the server's OpenAPI document does not say)`,
	} {
		if got := c.planned(name).shown("L"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
