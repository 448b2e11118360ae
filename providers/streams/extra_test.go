package streams

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
)

// valuesOf are the values of readings by their paths.
func valuesOf(got map[string]providers.Reading, paths ...string) map[string]string {
	out := map[string]string{}
	for _, p := range paths {
		if r, ok := got[p]; ok {
			out[p] = r.Value.String()
		}
	}
	return out
}

func TestWhatCostsRequestsIsLookedAtWhereAConditionNamesIt(t *testing.T) {
	asked := map[string]int{}
	count := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { asked[r.URL.Path]++; h(w, r) }
	}
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1))}}
	srv.more = map[string]http.HandlerFunc{
		"GET /streams/domains":                         count(serveText(`{"domains":[{"id":"d","self":"/streams/domains/d","status":"running","resources":"/streams/domains/d/resources"}]}`)),
		"GET /streams/domains/d/resources":             count(serveText(`{"resources":[{"id":"r1","displayName":"edge1","ipAddress":"10.0.0.1","status":"RUNNING"},{"id":"r2","name":"edge2","status":"PARTIALLY_FAILED"}]}`)),
		"GET /streams/instances/i/resourceallocations": count(serveText(`{"resourceAllocations":[{"resource":"/streams/domains/d/resources/r1","status":"QUIESCING","schedulerStatus":"Draining"},{"resource":"/x/other","status":"someNewState"}]}`)),
		"GET /streams/instances/i/peconnections": count(func(w http.ResponseWriter, r *http.Request) {
			if got := r.URL.Query().Get("job.restid"); got != "5" && got != "" {
				t.Errorf("connections of jobs %q are asked for", got)
			}
			serveText(`{"connections":[{"id":"o0p3i0p4","status":"disconnected","required":true,"source":{"job":"/streams/instances/i/jobs/5"},"target":{"job":"/streams/instances/i/jobs/6"}},{"id":"o0p9i0p9","status":"connected","source":{"job":"/j/9"},"target":{"job":"/j/9"}}]}`)(w, r)
		}),
		"GET /streams/instances/i/pes": count(func(w http.ResponseWriter, r *http.Request) {
			if got := r.URL.Query().Get("fields"); !strings.Contains(got, "requiredConnections") {
				t.Errorf("fields are %q", got)
			}
			serveText(`{"pes":[{"id":"3","job":"/streams/instances/i/jobs/5","status":"running","statusReason":"none","requiredConnections":"partiallyConnected","optionalConnections":"connected"},{"id":"4","job":"/j/6","statusReason":"crash"}]}`)(w, r)
		}),
	}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"5","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		round(t, s)
		if len(asked) > 0 {
			t.Errorf("nobody wants them, and asked are %v", asked)
		}
		s.env.Wanted = func(target string) []string {
			if target != "dc1" {
				t.Errorf("what of %s is wanted is asked", target)
			}
			return []string{"domain.status", `resource["edge1"].status`, `job.orders.connection["o0p3i0p4"].status`, `job.orders.pe["3"].required_connections`}
		}
		got := round(t, s)
		want := map[string]string{
			"domain.status": "running", `resource["edge1"].status`: "quiescing", `resource["10.0.0.1"].scheduler_status`: "draining", `resource["r1"].status`: "quiescing",
			`resource["edge2"].status`: "partially_failed", `resource["other"].status`: "some_new_state",
			`job.orders.connection["o0p3i0p4"].status`: "disconnected",
			`job.orders.pe["3"].reason`:                "none", `job.orders.pe["3"].required_connections`: "partially_connected", `job.orders.pe["3"].optional_connections`: "connected",
		}
		var paths []string
		for p := range want {
			paths = append(paths, p)
		}
		if diff := cmp.Diff(want, valuesOf(got, paths...)); diff != "" {
			t.Error(diff)
		}
		for p := range got {
			if strings.Contains(p, "o0p9i0p9") || strings.Contains(p, `pe["4"]`) {
				t.Errorf("%s is of no job of the plan", p)
			}
		}
		if d := got["domain.status"]; d.Low.After(d.High) || d.High.Before(got["instance.status"].High) {
			t.Errorf("the domain was seen from %s to %s", d.Low, d.High)
		}
		// The instance is stopped: domain and resources are seen all the same.
		srv.status = "stopped"
		got = round(t, s)
		if diff := cmp.Diff(map[string]string{"domain.status": "running"}, valuesOf(got, "domain.status", `job.orders.connection["o0p3i0p4"].status`)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestALookThatIsRefusedIsSaidBeforeTheRunAndDisturbsNoOther(t *testing.T) {
	srv := &server{status: "running"}
	srv.more = map[string]http.HandlerFunc{"GET /streams/instances/i/peconnections": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(403)
		_, _ = fmt.Fprint(w, `{"id":"CDISW5007E","message":"CDISW5007E No."}`)
	}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		s.env.Wanted = func(string) []string { return []string{`job.orders.connection["x"].status`} }
		found := s.Check(t.Context())
		if len(found) != 1 || found[0].OK || !strings.Contains(found[0].Text, "conditions name signals of the connections of PEs, which cannot be seen: list the connections of the PEs at dc1") {
			t.Errorf("found %+v", found)
		}
		if _, err := try(t, s); err != nil {
			t.Errorf("the round fails: %v", err)
		}
	})
}

func TestWhyAPEWasLaunchedAgainIsAsked(t *testing.T) {
	asked := 0
	reason := "crash"
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1), pe("4", "running", 1))}}
	srv.more = map[string]http.HandlerFunc{"GET /streams/instances/i/pes/3": func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = fmt.Fprintf(w, `{"id":"3","job":"/streams/instances/i/jobs/5","status":"restarting","launchCount":2,"statusReason":%q}`, reason)
	}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"5","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		const path = `job.orders.pe["3"].reason`
		round(t, s)
		round(t, s)
		if asked != 0 {
			t.Errorf("%d PEs were asked for no reason", asked)
		}
		srv.jobs = []object{job("5", "orders", "running", "unhealthy", pe("3", "restarting", 2), pe("4", "running", 1))}
		got := round(t, s)
		if diff := cmp.Diff(map[string]string{path: "crash"}, valuesOf(got, path)); diff != "" {
			t.Error(diff)
		}
		if e := got[path].Evidence; e != "PE 3 is restarting; it was launched 2 times" {
			t.Errorf("evidence is %q", e)
		}
		if r := got[`job.orders.pe["3"].launches`]; !r.News || r.Value.Num != 2 {
			t.Errorf("the launch is %+v", r)
		}
		round(t, s)
		if asked != 1 {
			t.Errorf("it was asked %d times", asked)
		}
		reason, srv.jobs = "none", []object{job("5", "orders", "running", "healthy", pe("3", "running", 2), pe("4", "running", 1))}
		if diff := cmp.Diff(map[string]string{path: "none"}, valuesOf(round(t, s), path)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestUsageHasUnitsAndPortsAndConnectionsAreSeenOneByOne(t *testing.T) {
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1))}}
	in := object{"indexWithinOperator": 1, "metrics": []object{{"name": "nTuplesQueued", "value": 7}, {"name": "nTuplesProcessed", "value": 9}}}
	p := pe("3", "running", 1, object{"name": "Sink", "inputPorts": []object{in}})
	p["metrics"] = []object{{"name": "nCpuMilliseconds", "value": 1500}, {"name": "nMemoryConsumption", "value": 2}}
	p["outputPorts"] = []object{{"connections": []object{{"id": "o0p3i0p4", "metrics": []object{{"name": "congestionFactor", "value": 30}}}}}}
	srv.metrics = []object{{"id": "5", "pes": []object{p}}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"5","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			`job.orders.pe["3"].cpu_time`: "1.5s", "job.orders.cpu_time": "1.5s", "job.orders.memory": "2048",
			`job.orders.operator["Sink"].input[1].queued`: "7", `job.orders.operator["Sink"].input[1].tuples`: "9", `job.orders.operator["Sink"].queued`: "7",
			`job.orders.connection["o0p3i0p4"].congestion`: "30",
		}
		var paths []string
		for p := range want {
			paths = append(paths, p)
		}
		if diff := cmp.Diff(want, valuesOf(round(t, s), paths...)); diff != "" {
			t.Error(diff)
		}
	})
}
