package twin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/xdc-project/xdc/lang/spl"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// dig follows names and references in a document.
func dig(t *testing.T, doc map[string]any, names ...string) map[string]any {
	t.Helper()
	var v any = doc
	for _, n := range names {
		m, ok := v.(map[string]any)
		if !ok || m[n] == nil {
			t.Fatalf("there is no %s of %v", n, names)
		}
		v = m[n]
		if m, ok := v.(map[string]any); ok {
			if r, ok := m["$ref"].(string); ok {
				v = dig(t, doc, strings.Split(strings.TrimPrefix(r, "#/"), "/")...)
			}
		}
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%v is a %T", names, v)
	}
	return m
}

// The documents are where the listing says, the same in JSON and YAML, and every endpoint's schema is where the reference has it.
func TestTheDocumentsDescribeEveryEndpoint(t *testing.T) {
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	cfg.Jobs[0].Application = "calculator"
	in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		ask := asker(t, w)
		get := func(link string) string {
			t.Helper()
			a := ask(dataPort, http.MethodGet, strings.TrimPrefix(link, "https://dc1.twin:"+dataPort), "")
			if a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", link, a.status, a.body)
			}
			return a.body
		}
		var list struct {
			Jobs []struct {
				ID                string
				OpenAPI, AsyncAPI map[string]string
				Inject, Inspect   []struct{ Name, URI, WebsocketURI string }
			}
		}
		if err := json.Unmarshal([]byte(get("/data")), &list); err != nil || len(list.Jobs) != 1 {
			t.Fatalf("%v: %+v", err, list)
		}
		j := list.Jobs[0]
		docs := map[string]map[string]any{}
		for name, links := range map[string]map[string]string{"openapi": j.OpenAPI, "asyncapi": j.AsyncAPI} {
			var one, two map[string]any
			if err := json.Unmarshal([]byte(get(links["json"])), &one); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(get(links["yaml"])), &two); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(two)
			if err != nil {
				t.Fatal(err)
			}
			two = nil
			if err := json.Unmarshal(text, &two); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(one, two); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			docs[name] = one
		}
		types := map[string]string{}
		for _, e := range append(j.Inject, j.Inspect...) {
			at := func(link string) string { return link[strings.Index(link, "/data/"):] }
			path := []string{"paths", at(e.URI), "get", "responses", "200", "content", "application/json", "schema", "properties", "items", "items"}
			verb := "subscribe"
			if strings.HasPrefix(e.Name, "Incoming") {
				path = []string{"paths", at(e.URI), "post", "requestBody", "content", "application/json", "schema", "properties", "items", "items"}
				verb = "publish"
			}
			item := dig(t, docs["openapi"], path...)
			same := dig(t, docs["asyncapi"], "channels", at(e.WebsocketURI), verb, "message", "payload", "properties", "items", "items")
			if diff := cmp.Diff(item, same); diff != "" {
				t.Errorf("%s: %s", e.Name, diff)
			}
			ty, ok := spl.Described(item["description"].(string))
			if !ok || len(ty.Fields) != len(dig(t, item, "properties")) {
				t.Errorf("%s: %v", e.Name, item)
			}
			types[e.Name] = ty.String()
		}
		want := map[string]string{
			"IncomingRequest_Operands": "tuple<float64 x, float64 y>", "IncomingRequest_OperationStream": "tuple<enum{add, subtract, divide, multiply} op>",
			"CalculationResult_Results": "tuple<float64 x, float64 y, float64 result, enum{add, subtract, divide, multiply} op>",
		}
		if diff := cmp.Diff(want, types); diff != "" {
			t.Error(diff)
		}
		for path, status := range map[string]int{"/data/999/openapi.json": 404, "/data/" + j.ID + "/openapi.txt": 404, "/data/" + j.ID + "/other.json": 404} {
			if a := ask(dataPort, http.MethodGet, path, ""); a.status != status {
				t.Errorf("%s: %d", path, a.status)
			}
		}
		if a := ask(dataPort, http.MethodPost, "/data/"+j.ID+"/openapi.json", "{}"); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET" {
			t.Errorf("a POST to a document: %d", a.status)
		}
	})
}

// Of a request with one item of another type nothing is taken; what is missing or unknown is no reason to refuse it.
func TestItemsOfAnotherTypeAreRefused(t *testing.T) {
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	cfg.Jobs[0].Endpoints = []Endpoint{{Name: "In", Type: "tuple<rstring event_id, int64 n, decimal64 price>"}}
	in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		ask := asker(t, w)
		j := w.dcs[0].snapshotJobs()[0]
		for _, tc := range []struct {
			items  string
			status int
			says   string
		}{
			{`{"event_id":"a","n":9223372036854775807,"price":1.10}`, 204, ""},
			{`{"event_id":"b"},{"event_id":"c","n":null,"more":[]}`, 204, ""},
			{`{"event_id":"d"},{"event_id":"e","n":"1"}`, 400, "Item 1 cannot be converted to tuple"},
			{`{"event_id":"f","n":9223372036854775808}`, 400, "n is 9223372036854775808, which as int64 is out of range"},
			{`{"event_id":7}`, 400, "event_id is a number, and rstring is a string"},
		} {
			a := ask(dataPort, http.MethodPost, "/data/"+j.id+"/endpoints/In/data", `{"items":[`+tc.items+`]}`)
			if a.status != tc.status || !strings.Contains(a.body, tc.says) {
				t.Errorf("%s: %d %s, want %d", tc.items, a.status, a.body, tc.status)
			}
		}
		time.Sleep(time.Second)
		items, _, _ := j.app.sinks["Out"].since(0)
		if len(items) != 3 {
			t.Errorf("%d came out, want 3: %s", len(items), items)
		}
	})
}
