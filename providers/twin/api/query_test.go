package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type thing struct {
	Related `json:"-"`
	ID      string  `json:"id"`
	N       int64   `json:"n"`
	Odd     bool    `json:"odd"`
	Job     Link    `json:"job"`
	Note    *string `json:"note"`
	Rare    string  `json:"rare,omitempty"`
	Inner   struct {
		A, B string
	} `json:"inner"`
	Tags []string `json:"tags"`
}

// things are twelve, in the order of their ids as numbers.
func things() []thing {
	var out []thing
	for i := range 12 {
		t := thing{ID: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}[i], N: int64(i) * 1_000_000_000_000, Odd: i%2 == 1, Job: "https://h/streams/instances/i/jobs/a%2Fb"}
		t.Related = Related{"resource": {"edge" + t.ID}}
		t.Inner.A, t.Inner.B = "a"+t.ID, "b"+t.ID
		t.Tags = []string{"t" + t.ID, "all"}
		if i == 6 {
			t.Rare = "yes"
		}
		out = append(out, t)
	}
	return out
}

func serveThings(shape Shape) http.Handler {
	routes := []Route{
		List("/things", "listThings", "Lists things.", "things", "thing", func(*Call) ([]thing, error) { return things(), nil }),
		List("/none", "listNone", "Lists nothing.", "things", "thing", func(*Call) ([]thing, error) { return nil, nil }),
		Get("/things/{id}", "getThing", "Reads a thing.", func(c *Call) (thing, error) {
			for _, t := range things() {
				if t.ID == c.PathValue("id") {
					return t, nil
				}
			}
			return thing{}, Missing("thing", c.PathValue("id"))
		}),
		Actions("/things/{id}/actions", "actThing", "Acts.", "thing", Verb{"stop", func(c *Call, a Action) (string, error) {
			if a.Force {
				return "", Fail(http.StatusConflict, NotStarted, "It is not started.")
			}
			return c.PathValue("id"), nil
		}}),
		Send(http.MethodPatch, "/things/{id}", "changeThing", "Changes.", http.StatusOK, func(_ *Call, in Submission) (Submission, error) { return in, nil }),
		Remove("/things/{id}", "deleteThing", "Deletes.", func(*Call) error { return nil }),
	}
	return Handler(Mount{Prefix: "/streams", Routes: routes, Shape: shape})
}

func call(t testing.TB, h http.Handler, method, path, body string) (int, http.Header, map[string]any) {
	t.Helper()
	rec := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	req.Host = "h:1"
	h.ServeHTTP(rec, req)
	var out map[string]any
	if rec.Body.Len() > 0 && rec.Header().Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return rec.Code, rec.Header(), out
}

func ids(body map[string]any) string {
	var out []string
	list, _ := body["things"].([]any)
	for _, x := range list {
		o, _ := x.(map[string]any)
		id, _ := o["id"].(string)
		out = append(out, id)
	}
	return strings.Join(out, " ")
}

func TestCollectionsAreQueried(t *testing.T) {
	h := serveThings(Single)
	for query, want := range map[string]string{
		"":                               "0 1 2 3 4 5 6 7 8 9 10 11",
		"count=5":                        "0 1 2 3 4",
		"count=5&page=2":                 "5 6 7 8 9",
		"count=5&page=3":                 "10 11",
		"count=5&page=-1":                "10 11",
		"count=5&page=4":                 "",
		"count=5&page=99999999999999999": "",
		"count=5&page=0":                 "0 1 2 3 4",
		"count=5&page=x":                 "0 1 2 3 4",
		"count=0":                        "0 1 2 3 4 5 6 7 8 9 10 11",
		"count=-3&page=-1":               "0 1 2 3 4 5 6 7 8 9 10 11",
		"count=9223372036854775807&page=9223372036854775807": "",
		"page=2":                          "",
		"id=3,7":                          "3 7",
		"id=3&id=7":                       "3 7",
		"id=3,7&odd=true&n=3000000000000": "3",
		"odd=false&count=2&page=-1":       "8 10",
		"n=11000000000000":                "11",
		"note=null&id=1":                  "1",
		"inner.A=a4":                      "4",
		"tags=t5":                         "5",
		"tags=all&id=2":                   "2",
		"job.restid=a%2Fb&id=1":           "1",
		"job.restid=other":                "",
		"resource.restid=edge2,edge11":    "2 11",
		"rare=yes":                        "6",
		"inner.C=1":                       "",
		"=1":                              "0 1 2 3 4 5 6 7 8 9 10 11",
		"nonsense=1":                      "0 1 2 3 4 5 6 7 8 9 10 11",
		"view.restid=1":                   "0 1 2 3 4 5 6 7 8 9 10 11",
		"id=none":                         "",
		"sort=desc.id":                    "11 10 9 8 7 6 5 4 3 2 1 0",
		"sort=asc.odd,desc.n":             "10 8 6 4 2 0 11 9 7 5 3 1",
		"sort=desc.inner.A&count=3":       "9 8 7",
		"sort=desc.tags":                  "0 1 2 3 4 5 6 7 8 9 10 11",
		"sort=up.id":                      "0 1 2 3 4 5 6 7 8 9 10 11",
		"SORT=desc.id":                    "0 1 2 3 4 5 6 7 8 9 10 11",
	} {
		status, _, body := call(t, h, http.MethodGet, "/streams/things?"+query, "")
		if got := ids(body); status != 200 || got != want {
			t.Errorf("%s: %d %q, want %q", query, status, got, want)
		}
		if body["resourceType"] != "thingList" {
			t.Errorf("%s: resourceType %v", query, body["resourceType"])
		}
	}
}

func TestAnEnvelopeHasTheTotalOfAllPagesAndLinksToThem(t *testing.T) {
	h := serveThings(Single)
	_, _, body := call(t, h, http.MethodGet, "/streams/things?odd=true&count=2&page=2&fields=id,inner.B", "")
	want := map[string]any{
		"resourceType": "thingList", "total": 6.0,
		"next":     "https://h:1/streams/things?count=2&fields=id%2Cinner.B&odd=true&page=3",
		"previous": "https://h:1/streams/things?count=2&fields=id%2Cinner.B&odd=true&page=1",
		"things": []any{
			map[string]any{"id": "5", "inner": map[string]any{"B": "b5"}},
			map[string]any{"id": "7", "inner": map[string]any{"B": "b7"}},
		},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	// Following `next` sees everything once.
	link, seen := "/streams/things?count=5", ""
	for link != "" {
		_, _, body := call(t, h, http.MethodGet, link, "")
		seen += ids(body) + " "
		next, _ := body["next"].(string)
		link = strings.TrimPrefix(next, "https://h:1")
	}
	if seen != "0 1 2 3 4 5 6 7 8 9 10 11 " {
		t.Errorf("the pages have %s", seen)
	}
	for query, want := range map[string][]string{
		"listFields=total":           {"total"},
		"listFields=total,things":    {"things", "total"},
		"listFields=total&fields=id": {"things", "total"},
		"listFields=resourceType":    {"resourceType"},
	} {
		_, _, body := call(t, h, http.MethodGet, "/streams/things?"+query, "")
		if diff := cmp.Diff(want, keys(body)); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	_, _, empty := call(t, h, http.MethodGet, "/streams/none", "")
	if diff := cmp.Diff(map[string]any{"resourceType": "thingList", "total": 0.0, "things": []any{}}, empty); diff != "" {
		t.Error(diff)
	}
	_, _, one := call(t, h, http.MethodGet, "/streams/things/3?fields=n,inner.A,inner.B,nothing", "")
	if diff := cmp.Diff(map[string]any{"n": 3e12, "inner": map[string]any{"A": "a3", "B": "b3"}}, one); diff != "" {
		t.Error(diff)
	}
}

func keys(m map[string]any) []string {
	var out []string
	for _, k := range []string{"next", "previous", "resourceType", "things", "total"} {
		if _, ok := m[k]; ok {
			out = append(out, k)
		}
	}
	return out
}

func TestErrorsHaveTheShapeThatIsAskedFor(t *testing.T) {
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		id, text                 string
	}{
		{"an unknown id", "GET", "/streams/things/99", "", 404, "CDISW5000E", "99"},
		{"an unknown path", "GET", "/streams/nowhere", "", 404, "CDISW5000E", "/streams/nowhere"},
		{"another method", "PUT", "/streams/things", "", 405, "CDISW5012E", "PUT"},
		{"an action without a type", "POST", "/streams/things/1/actions", `{}`, 400, "CDISW5011E", "type"},
		{"an action that there is not", "POST", "/streams/things/1/actions", `{"type":"explode"}`, 400, "CDISW5012E", "explode"},
		{"an action that is no JSON", "POST", "/streams/things/1/actions", `type=stop`, 400, "CDISW5014E", "JSON"},
		{"an action that is a list", "POST", "/streams/things/1/actions", `[]`, 400, "CDISW5014E", "JSON"},
		{"an action without a body", "POST", "/streams/things/1/actions", ``, 400, "CDISW5014E", "JSON"},
		{"an action at the wrong time", "POST", "/streams/things/1/actions", `{"type":"stop","force":true}`, 409, "CDISA5072E", "not started"},
		{"a property of another type", "PATCH", "/streams/things/1", `{"preview":"yes"}`, 400, "CDISW5014E", "preview"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, header, body := call(t, serveThings(Single), tc.method, tc.path, tc.body)
			message, _ := body["message"].(string)
			if status != tc.status || body["id"] != tc.id || !strings.HasPrefix(message, tc.id+" ") || !strings.Contains(message, tc.text) || len(body) != 2 {
				t.Errorf("%d %v", status, body)
			}
			if status == http.StatusMethodNotAllowed && !strings.Contains(header.Get("Allow"), "GET") {
				t.Errorf("Allow: %q", header.Get("Allow"))
			}
			status, _, body = call(t, serveThings(Listed), tc.method, tc.path, tc.body)
			if diff := cmp.Diff(map[string]any{"messages": []any{map[string]any{"id": tc.id, "message": message}}}, body); status != tc.status || diff != "" {
				t.Errorf("%d %s", status, diff)
			}
		})
	}
	status, _, body := call(t, serveThings(Single), "POST", "/streams/things/7/actions", `{"type":"stop"}`)
	if text, _ := body["message"].(string); status != 200 || body["id"] != "CDISW0001I" || !strings.Contains(text, "stop") || !strings.Contains(text, "thing") || !strings.Contains(text, "7") {
		t.Errorf("%d %v", status, body)
	}
	if status, _, body := call(t, serveThings(Single), "DELETE", "/streams/things/7", ""); status != http.StatusNoContent || body != nil {
		t.Errorf("%d %v", status, body)
	}
}

// Whatever is asked, a collection is answered, and no more than a page of it.
func FuzzQuery(f *testing.F) {
	f.Add("count=5&page=-1&fields=id,inner.B&sort=desc.id&id=1,2")
	f.Add("count=%&page=9223372036854775808&listFields=,&sort=.,asc.&fields=.&inner.=1&.restid=2")
	h := serveThings(Single)
	f.Fuzz(func(t *testing.T, query string) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/streams/things", nil)
		req.URL.RawQuery = query
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		var body map[string]any
		if rec.Code != 200 || json.Unmarshal(rec.Body.Bytes(), &body) != nil {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		if list, _ := body["things"].([]any); len(list) > 12 {
			t.Errorf("%d elements", len(list))
		}
	})
}
