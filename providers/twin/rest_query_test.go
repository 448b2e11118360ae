package twin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/twin/api"
	"github.com/xdc-project/xdc/providers/twin/control"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// named lists a property of the elements of a collection.
func named(t testing.TB, w *Twin, path, plural, property string) []string {
	t.Helper()
	var out []string
	list, ok := got(t, w, path)[plural].([]any)
	if !ok {
		t.Fatalf("%s has no %s", path, plural)
	}
	for _, x := range list {
		o, _ := x.(map[string]any)
		out = append(out, fmt.Sprint(o[property]))
	}
	return out
}

func TestCollectionsAreFilteredByWhatTheirElementsBelongTo(t *testing.T) {
	in(t, apart(), func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		submitted(t, w, `{"application":"ID"}`)
		time.Sleep(10 * time.Second)
		const i = "/streams/instances/i/"
		for _, tc := range []struct{ path, plural, property, want string }{
			{"jobs", "jobs", "name", "orders application::orders_1"},
			{"jobs?resource.restid=edge", "jobs", "id", "0 1"},
			{"jobs?resource.restid=nowhere", "jobs", "id", ""},
			{"pes?job.restid=1", "pes", "indexWithinJob", "0 1 2 3 4 5 6 7 8"},
			{"pes?resource.restid=edge2&job.restid=0", "pes", "id", "1 3 5 7"},
			{"pes?host.restid=10.0.1.11&job.restid=0", "pes", "id", "1 3 5 7"},
			{"operators?job.restid=1&pe.restid=10", "operators", "name", "KeyedCounter"},
			{"operators?pe.restid=1", "operators", "job", "https://dc1.twin:9714/streams/instances/i/jobs/0"},
			{"peconnections?pe.restid=0", "connections", "id", "o0p0i0p1"},
			{"peconnections?job.restid=1&pe.restid=9", "connections", "id", "o0p9i0p10"},
			{"operatorconnections?job.restid=0&required=false", "connections", "id", ""},
			{"views?job.restid=1", "views", "id", "i.application::orders_1.Results"},
			{"views?started=false", "views", "id", ""},
			{"resourceallocations?job.restid=0&count=1", "resourceAllocations", "restid", "edge"},
			{"activeservices?resource.restid=edge2", "activeServices", "type", "app"},
			{"activeservices?type=data,sam", "activeServices", "type", "data sam"},
			{"jobs/snapshot?restid=1", "jobs", "id", "1"},
			{"jobs/metricssnapshot?restid=0,1", "jobs", "id", "0 1"},
			{"jobs?fields=name&sort=desc.id", "jobs", "name", "application::orders_1 orders"},
		} {
			if have := strings.Join(named(t, w, i+tc.path, tc.plural, tc.property), " "); have != tc.want {
				t.Errorf("%s: %q, want %q", tc.path, have, tc.want)
			}
		}
		pe := got(t, w, i+"pes/1?verbose=true&fields=restartPriority,id")
		if len(pe) != 2 || pe["restartPriority"] == nil {
			t.Errorf("verbose: %v", pe)
		}
		lean := fmt.Sprint(got(t, w, i+"jobs/0/snapshot?includeStatic=false"))
		if full := fmt.Sprint(got(t, w, i+"jobs/0/snapshot?includeStatic=true")); !strings.Contains(full, "operatorKind") || strings.Contains(lean, "operatorKind") {
			t.Errorf("includeStatic changes nothing: %s", lean)
		}
	})
}

func TestWhatCannotBeDoneIsRefusedWithTheMessageOfThePlatform(t *testing.T) {
	for _, shape := range []api.Shape{api.Single, api.Listed} {
		cfg := pairOf(5*time.Second, 4, &record{}, 1)
		cfg.Errors = shape
		in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
			time.Sleep(10 * time.Second)
			const i = "/streams/instances/i/"
			refuse := func(method, path, body string, status int, id string) {
				t.Helper()
				a := ask(t, w, method, path, body)
				m := a.object(t)
				if shape == api.Listed {
					list, _ := m["messages"].([]any)
					m, _ = list[0].(map[string]any)
				}
				have, _ := m["id"].(string)
				if text, _ := m["message"].(string); a.status != status || have != id || text == "" {
					t.Errorf("%s %s %s: %d %s, want %d %s", method, path, body, a.status, a.body, status, id)
				}
			}
			bundle := func() string {
				id, _ := ask(t, w, "POST", i+"applicationbundles", "PK").object(t)["bundleId"].(string)
				return id
			}
			submit := func(overlay string) string {
				return `{"application":"` + bundle() + `","jobConfigurationOverlay":{"jobConfigOverlays":[` + overlay + `]}}`
			}
			for _, path := range []string{
				"jobs/9", "pes/99", "pes/0/outputports/7", "peconnections/o9", "operatorconnections/x", "jobs/0/operators/No", "jobs/0/operators/Out/inputports/3", "views/none", "hosts/1.2.3.4",
				"resources/none", "resourceallocations/none", "activeservices/1.none", "jobgroups/none", "applicationenvironmentvariables/none",
			} {
				refuse("GET", i+path, "", 404, "CDISW5000E")
			}
			refuse("GET", "/streams/instances/other/jobs", "", 404, "CDISW5000E")
			refuse("GET", "/streams/domains/other", "", 404, "CDISW5000E")
			refuse("GET", i+"pes/0/outputports/x", "", 400, "CDISW5002E")
			refuse("DELETE", i+"jobs/9", "", 404, "CDISA5230E")
			refuse("PATCH", i+"jobs/9", `{}`, 404, "CDISA5230E")
			refuse("POST", i+"pes/99/actions", `{"type":"stop"}`, 404, "CDISA5291E")
			refuse("POST", i+"pes/0/actions", `{"type":"explode"}`, 400, "CDISW5012E")
			refuse("POST", i+"pes/0/actions", `{}`, 400, "CDISW5011E")
			refuse("POST", i+"pes/0/actions", `stop`, 400, "CDISW5014E")
			refuse("POST", "/streams/domains/dc1/resources/none/actions", `{"type":"quiesce"}`, 404, "CDISA5157E")
			refuse("POST", "/streams/domains/dc1/resources/edge/actions", `{"type":"quiesce"}`, 409, "")
			refuse("POST", "/streams/domains/dc1/resources/edge/actions", `{"type":"resume"}`, 409, "")
			refuse("POST", i+"actions", `{"type":"start"}`, 409, "CDISA5073E")
			refuse("GET", i+"applicationconfigurations/none", "", 404, "CDISA5432E")
			refuse("PATCH", i+"applicationconfigurations/none", `{}`, 404, "CDISA5432E")
			refuse("DELETE", i+"applicationconfigurations/none", "", 404, "CDISA5432E")
			refuse("POST", i+"applicationbundles", "", 400, "CDISA5360E")
			refuse("POST", i+"jobs", `{`, 400, "CDISW5014E")
			refuse("POST", i+"jobs", `{}`, 400, "CDISA5285E")
			refuse("POST", i+"jobs", `{"application":"bundleId:0"}`, 404, "CDISA5285E")
			refuse("POST", i+"jobs", `{"application":"https://server/app.jar"}`, 400, "CDISA5284E")
			refuse("POST", i+"jobs", submit(`{"jobConfig":{"jobName":"a/b"}}`), 400, "CDISA5246E")
			refuse("POST", i+"jobs", submit(`{"jobConfig":{"jobName":"a\u0007"}}`), 400, "CDISA5246E")
			refuse("POST", i+"jobs", submit(`{"jobConfig":{"jobName":"`+strings.Repeat("x", 1025)+`"}}`), 400, "CDISA5246E")
			refuse("POST", i+"jobs", submit(`{"jobConfig":{"jobName":"orders"}}`), 409, "CDISA5246E")
			refuse("POST", i+"jobs", submit(`{"jobConfig":{"tracing":"loud"}}`), 400, "")
			once := bundle()
			if a := ask(t, w, "POST", i+"jobs", `{"application":"`+once+`"}`); a.status != 201 {
				t.Errorf("%d %s", a.status, a.body)
			}
			refuse("POST", i+"jobs", `{"application":"`+once+`"}`, 404, "CDISA5285E") // an identifier is used up
			late := bundle()
			if a := ask(t, w, "POST", i+"actions", `{"type":"stop"}`); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
			time.Sleep(5 * time.Second)
			refuse("POST", i+"actions", `{"type":"stop"}`, 409, "CDISA5072E")
			refuse("POST", i+"jobs", `{"application":"`+late+`"}`, 409, "CDISA5072E")
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/streams/resources", nil)
			req.SetBasicAuth("u", "wrong")
			rec := httptest.NewRecorder()
			w.dcs[0].api.ServeHTTP(rec, req)
			if rec.Code != 401 || !strings.HasPrefix(rec.Header().Get("WWW-Authenticate"), "Basic ") || strings.Contains(rec.Body.String(), "CDIS") {
				t.Errorf("with a wrong password: %d %v %s", rec.Code, rec.Header(), rec.Body)
			}
		})
	}
}

// Whatever is sent, the twin answers: with JSON, and never that it did not expect it.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "instances/i/jobs", `{"application":"x","preview":true,"jobConfigurationOverlay":{"jobConfigOverlays":[{"jobConfig":{"jobName":"a"}}]}}`)
	f.Add("PATCH", "instances/i/jobs/0", `{"jobConfigurationOverlay":{"jobConfigOverlays":[{"configInstructions":{"adjustmentSection":[{"targetParallelRegion":{"regionName":"KeyedCounter","newWidth":3}}]},"operationConfig":{"forcePeStopped":true}}]}}`)
	f.Add("POST", "instances/i/pes/0/actions", `{"type":"restart"}`)
	f.Add("POST", "instances/i/applicationconfigurations", `{"name":"a","properties":{"b":null}}`)
	f.Add("PATCH", "instances/i/applicationconfigurations/a", `{"properties":{"b":null,"c":"d"}}`)
	f.Add("GET", "instances/i/jobs/0/operators/KeyedCounter/inputports/0", ``)
	f.Add("GET", "domains/dc1/resources?count=-1&page=-1&fields=..&sort=asc", ``)
	f.Add("POST", "domains/dc1/resources/edge/actions", `{"type":"quiesce","force":true}`)
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	w, err := New(cfg, wire.NewMemory(1))
	if err != nil {
		f.Fatal(err)
	}
	if err := w.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = w.Close() })
	f.Fuzz(func(t *testing.T, method, path, body string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "https://dc1.twin:9714/streams/"+path, strings.NewReader(body))
		if err != nil || strings.Contains(body, `"application"`) && !strings.Contains(body, "preview") {
			return // no request; a submission takes its time
		}
		req.RequestURI = req.URL.RequestURI()
		req.SetBasicAuth("u", "p")
		rec := httptest.NewRecorder()
		w.dcs[0].api.ServeHTTP(rec, req)
		if rec.Code < 200 || rec.Code > 499 {
			t.Errorf("%s %s %s: %d %s", method, path, body, rec.Code, rec.Body)
		}
	})
}
