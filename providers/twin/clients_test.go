package twin

import (
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/twin/control"
)

// requirement is something without which a published client fails. Its sequences as a whole are in api5_test.go, and a
// client as it is in published_test.go.
type requirement struct {
	client, needs string
	holds         func(t *testing.T, w *Twin)
}

// The clients, and the tags that the reference has for them.
const (
	python = "Python, streamsx (PY, PYR, PYC)"
	tool   = "Python, streamsx-streamtool (PYS)"
	java   = "Java, com.ibm.streamsx.rest (JV)"
)

const older5Path = "/streams/rest/instances/i"

// request asks as a client does: with the headers that it sends, and none beside them.
func request(t *testing.T, w *Twin, method, path, body string, headers ...string) answer {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, strings.TrimPrefix(path, "https://dc1.twin:9714"), strings.NewReader(body))
	req.Host = "dc1.twin:9714"
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.dcs[0].api.ServeHTTP(rec, req)
	return answer{rec.Code, rec.Header(), rec.Body.Bytes()}
}

// basic is the header of who logs in by name and password.
var basic = []string{"Authorization", "Basic dTpw"}

// uploaded is the identifier of a bundle that was uploaded.
func uploaded(t *testing.T, w *Twin) string {
	t.Helper()
	id, ok := does(t, w, "POST", older5Path+"/applicationbundles", "PK", 200).object(t)["bundleId"].(string)
	if !ok {
		t.Fatal("a bundle has no identifier")
	}
	return id
}

// started submits a job and waits until it runs.
func started(t *testing.T, w *Twin, overlay string) map[string]any {
	t.Helper()
	job := does(t, w, "POST", older5Path+"/jobs", `{"application":"`+uploaded(t, w)+`","jobConfigurationOverlay":`+overlay+`,"preview":false}`, 201).object(t)
	time.Sleep(10 * time.Second)
	return job
}

// elements are those of a collection.
func elements(t *testing.T, w *Twin, link any, plural string) []map[string]any {
	t.Helper()
	path, ok := link.(string)
	if !ok {
		t.Fatalf("there is no link to %s", plural)
	}
	body := got(t, w, path)
	list, ok := body[plural].([]any)
	total, counted := body["total"].(float64)
	if !ok || !counted || int(total) != len(list) {
		t.Fatalf("%s: %v of %s in %T", path, body["total"], plural, body[plural])
	}
	var out []map[string]any
	for _, x := range list {
		o, _ := x.(map[string]any)
		out = append(out, o)
	}
	return out
}

var requirements = []requirement{
	{python, "a job that was submitted is in the list at once, by the identifier in the answer and by its location", func(t *testing.T, w *Twin) {
		a := does(t, w, "POST", older5Path+"/jobs", `{"application":"`+uploaded(t, w)+`","jobConfigurationOverlay":{},"preview":false}`, 201)
		id, _ := a.object(t)["id"].(string)
		if id == "" || got(t, w, a.header.Get("Location"))["id"] != id || !slices.Contains(named(t, w, older5Path+"/jobs", "jobs", "id"), id) {
			t.Errorf("job %q at %s", id, a.header.Get("Location"))
		}
	}},
	{python, "parameters of a job may be numbers and booleans, and come back as they were written", func(t *testing.T, w *Twin) {
		job := started(t, w, `{"comment":"c","jobConfigOverlays":[{"jobConfig":{"preloadApplicationBundles":true,"tracing":"debug","submissionParameters":[{"name":"text","value":"7"},{"name":"whole","value":12345678901234567890},{"name":"part","value":1.50},{"name":"yes","value":true}]},"deploymentConfig":{"fusionScheme":"manual","fusionTargetPeCount":2}}]}`)
		var have []string
		list, _ := job["submitParameters"].([]any)
		for _, x := range list {
			p, _ := x.(map[string]any)
			have = append(have, p["name"].(string)+"="+p["value"].(string)) //nolint:forcetypeassert // the test fails
		}
		if diff := cmp.Diff([]string{"text=7", "whole=12345678901234567890", "part=1.50", "yes=true"}, have); diff != "" {
			t.Error(diff)
		}
		does(t, w, "POST", older5Path+"/jobs", `{"application":"`+uploaded(t, w)+`","jobConfigurationOverlay":{"jobConfigOverlays":[{"jobConfig":{"submissionParameters":[{"name":"n","value":[1]}]}}]}}`, 400)
	}},
	{python, "a bundle that was uploaded once is submitted several times", func(t *testing.T, w *Twin) {
		id := uploaded(t, w)
		for range 3 {
			does(t, w, "POST", older5Path+"/jobs", `{"application":"`+id+`","jobConfigurationOverlay":{}}`, 201)
		}
		for range maxBundles + 1 {
			uploaded(t, w) // however many there are
		}
		does(t, w, "POST", older5Path+"/jobs", `{"application":"`+id+`"}`, 404)
		id, _ = does(t, w, "POST", "/streams/instances/i/applicationbundles", "PK", 409).object(t)["bundleId"].(string)
		if id != "" || len(w.dcs[0].bundles) != maxBundles {
			t.Errorf("%d bundles", len(w.dcs[0].bundles))
		}
	}},
	{python, "a link is followed as soon as its property is there, whatever its value is: those that 5.x does not have are absent, not null", func(t *testing.T, w *Twin) {
		job := started(t, w, "{}")
		all := []map[string]any{got(t, w, older5Path), job}
		for plural, list := range map[string]string{"views": "views", "pes": "pes", "operators": "operators", "resources": "resources", "resourceAllocations": "resourceallocations"} {
			all = append(all, elements(t, w, older5Path+"/"+list, plural)...)
		}
		for _, e := range all {
			for _, name := range []string{"domain", "hosts", "resourceAllocation", "resourceAllocations", "activeServices", "applicationConfigurations", "jobGroups"} {
				v, there := e[name]
				link, _ := v.(string)
				if there && (link == "" || ask(t, w, "GET", link, "").status != 200) {
					t.Errorf("%v: %s is %v", e["self"], name, v)
				}
			}
		}
	}},
	{python, "streams that are exported are told by properties with a type, a name and values, and have a type of tuple", func(t *testing.T, w *Twin) {
		started(t, w, "{}")
		streams := elements(t, w, older5Path+"/exportedstreams", "exportedStreams")
		if len(streams) == 0 {
			t.Fatal("there are none")
		}
		for _, s := range streams {
			port := got(t, w, s["operatorOutputPort"].(string)) //nolint:forcetypeassert // the test fails
			export, _ := port["export"].(map[string]any)
			properties, _ := export["properties"].([]any)
			for _, x := range properties {
				p, _ := x.(map[string]any)
				if values, ok := p["values"].([]any); !ok || len(values) == 0 || p["type"] == nil || p["name"] == nil {
					t.Errorf("%v", p)
				}
			}
			if typ, _ := got(t, w, port["tupleAttributes"].(string))["splType"].(string); len(properties) == 0 || !strings.HasPrefix(typ, "tuple<") { //nolint:forcetypeassert // the test fails
				t.Errorf("%v of %q", export, typ)
			}
		}
	}},
	{python, "a view has an attribute, room for its tuples, and items with a time of collection in order", func(t *testing.T, w *Twin) {
		started(t, w, "{}")
		send(t, w, 3)
		time.Sleep(5 * time.Second)
		views := elements(t, w, older5Path+"/views", "views")
		items, last := 0, 0.0
		for _, v := range views {
			attributes, _ := v["attributes"].([]any)
			room, _ := v["bufferCapacityTuples"].(float64)
			if len(attributes) == 0 || v["bufferCapacityUnits"] != "tuples" || room < 1 || v["description"] == nil || got(t, w, v["job"].(string))["id"] == nil { //nolint:forcetypeassert // the test fails
				t.Errorf("%v", v)
			}
			last = 0
			for _, x := range elements(t, w, v["viewItems"], "viewItems") {
				at, _ := x["collectionTime"].(float64)
				data, _ := x["data"].(map[string]any)
				if at < last || at == 0 || len(data) == 0 {
					t.Errorf("%v", x)
				}
				items, last = items+1, at
			}
		}
		if items != 3 {
			t.Errorf("%d items", items)
		}
	}},
	{python, "the logs of a job are a tar.gz, whatever may be accepted, and not encoded once more", func(t *testing.T, w *Twin) {
		job := started(t, w, "{}")
		for _, accept := range []string{"application/x-compressed", "application/json"} { // the latter is Java's
			a := request(t, w, "GET", job["applicationLogTrace"].(string), "", append(basic, "Accept", accept, "Accept-Encoding", "gzip, deflate")...) //nolint:forcetypeassert // the test fails
			if _, err := gzip.NewReader(strings.NewReader(string(a.body))); a.status != 200 || a.header.Get("Content-Encoding") != "" || err != nil {
				t.Errorf("%s: %d %v %v", accept, a.status, a.header, err)
			}
		}
	}},
	{python, "a job's group is a link that begins with https", func(t *testing.T, w *Twin) {
		group, _ := started(t, w, "{}")["jobGroup"].(string)
		if !strings.HasPrefix(group, "https://") || got(t, w, group)["name"] != "default" {
			t.Error(group)
		}
	}},
	{python, "in a cluster one logs in there, and it says where the instance is", func(t *testing.T, w *Twin) { inACluster(t, w, "details") }},
	{python, "in a cluster of the first release a token for the instance is asked for by its id", func(t *testing.T, w *Twin) { inACluster(t, w, "token") }},
	{python, "within later clusters the instance is below /streams/v1, and the root is roots", func(t *testing.T, w *Twin) {
		list, _ := got(t, w, "/streams/v1/roots")["resources"].([]any)
		first, _ := list[0].(map[string]any)
		instances := elements(t, w, first["resource"], "instances")
		if len(instances) != 1 || instances[0]["self"] != "https://dc1.twin:9714/streams/v1/instances/i" {
			t.Errorf("%v", instances)
		}
	}},
	{tool, "a configuration has an owner and a description, times in milliseconds, and is changed without being named", func(t *testing.T, w *Twin) {
		does(t, w, "POST", older5Path+"/applicationconfigurations", `{"name":"c","properties":{"a":"1"}}`, 201)
		c := elements(t, w, older5Path+"/applicationconfigurations", "applicationConfigurations")[0]
		for _, name := range []string{"name", "owner", "description"} {
			if _, ok := c[name].(string); !ok {
				t.Errorf("%s is %v", name, c[name])
			}
		}
		if at, _ := c["creationTime"].(float64); at != float64(time.Now().UnixMilli()) || c["lastModifiedTime"] != c["creationTime"] {
			t.Errorf("%v", c)
		}
		if o := does(t, w, "PATCH", c["self"].(string), `{"description":"d"}`, 200).object(t); o["description"] != "d" || o["name"] != "c" { //nolint:forcetypeassert // the test fails
			t.Errorf("%v", o)
		}
	}},
	{java, "a token is for a list of audiences, and says in seconds when it expires", func(t *testing.T, w *Twin) {
		a := request(t, w, "POST", "/streams/rest/accesstokens", `{"audience":["streams"]}`, basic...)
		o := a.object(t)
		expires, _ := o["expireTime"].(float64)
		if a.status != 200 || request(t, w, "GET", older5Path, "", "Authorization", "Bearer "+o["accessToken"].(string)).status != 200 || int64(expires) != time.Now().Add(tokenLife).Unix() { //nolint:forcetypeassert // the test fails
			t.Errorf("%d %v", a.status, o)
		}
		for _, audience := range []string{`["streams","others"]`, `[]`, `7`, `null`, `["session"]`} {
			if a := request(t, w, "POST", "/streams/rest/accesstokens", `{"audience":`+audience+`}`, basic...); a.status != 400 {
				t.Errorf("%s: %d", audience, a.status)
			}
		}
	}},
	{java, "a job is cancelled without a name or a password, by who has logged in before and keeps cookies", func(t *testing.T, w *Twin) {
		job := started(t, w, "{}")
		self, _ := job["self"].(string)
		cookie := session(t, request(t, w, "GET", older5Path, "", basic...))
		if a := request(t, w, "GET", older5Path, "", append(basic, "Cookie", cookie)...); len(a.header.Values("Set-Cookie")) != 0 {
			t.Error("a session is opened twice")
		}
		name, value, _ := strings.Cut(cookie, "=")
		for _, headers := range [][]string{{}, {"Cookie", name + "=x"}, {"Cookie", cookie + "x"}, {"Cookie", "other=" + value}, {"Authorization", "Basic bm86bm8=", "Cookie", cookie}, {"Authorization", "Bearer " + value}} {
			if a := request(t, w, "DELETE", self, "", headers...); a.status != 401 || a.header.Get("Set-Cookie") != "" {
				t.Errorf("%v: %d", headers, a.status)
			}
		}
		if a := request(t, w, "DELETE", self, "", "Cookie", cookie); a.status != 204 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if left := time.Until(expiry(t, value)); left > sessionLife {
			t.Errorf("a session holds for %v", left)
		}
		past := w.dcs[0].token(sessionAudience, -time.Second).AccessToken
		if a := request(t, w, "GET", older5Path, "", "Cookie", name+"="+past); a.status != 401 {
			t.Errorf("a session that has expired: %d", a.status)
		}
	}},
	{java, "an instance is found by a filter, and a job below the link to the jobs", func(t *testing.T, w *Twin) {
		found := elements(t, w, "/streams/rest/instances?id=i", "instances")
		if len(found) != 1 || len(elements(t, w, "/streams/rest/instances?id=other", "instances")) != 0 {
			t.Errorf("%v", found)
		}
		job := got(t, w, found[0]["jobs"].(string)+"/0") //nolint:forcetypeassert // the test fails
		if job["id"] != "0" {
			t.Errorf("%v", job)
		}
	}},
	{java, "every collection is a list, however empty, with a total", func(t *testing.T, w *Twin) {
		for plural, list := range map[string]string{
			"jobs": "jobs?name=none", "pes": "pes?job.restid=99", "operators": "operators?job.restid=99", "resourceAllocations": "resourceallocations?job.restid=99",
			"applicationConfigurations": "applicationconfigurations", "notifications": "notifications", "jobSubmissions": "jobsubmissions",
		} {
			if e := elements(t, w, older5Path+"/"+list, plural); len(e) != 0 {
				t.Errorf("%s: %v", list, e)
			}
		}
	}},
	{java, "numbers are whole and identifiers are text, for they are read into types that have nothing else", func(t *testing.T, w *Twin) {
		job := started(t, w, "{}")
		for _, p := range elements(t, w, job["pes"], "pes") {
			var pe struct {
				ID, ProcessID, PendingTracingLevel, Host *string
				IndexWithinJob, LaunchCount              int64
				Restartable, Relocatable                 bool
				ResourceTags, OSCapabilities             []string
			}
			b, _ := json.Marshal(p)
			if err := json.Unmarshal(b, &pe); err != nil || pe.ID == nil || pe.LaunchCount != 1 || pe.ResourceTags == nil || pe.OSCapabilities == nil {
				t.Errorf("%v %s", err, b)
			}
			for _, m := range elements(t, w, p["metrics"], "metrics") {
				if v, ok := m["value"].(float64); !ok || v != float64(int64(v)) || m["metricKind"] == nil || m["metricType"] == nil {
					t.Errorf("%v", m)
				}
			}
		}
	}},
	{java, "who does not look at certificates speaks TLS 1.2 and nothing later", func(t *testing.T, w *Twin) {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(w.CA())
		hc := &http.Client{Transport: &http.Transport{DialContext: w.Dial(), DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://dc1.twin:9714/streams/rest/resources", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", basic[1])
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 {
			t.Errorf("%d %s %v", resp.StatusCode, b, err)
		}
	}},
}

func TestWhatPublishedClientsRequire(t *testing.T) {
	for _, r := range requirements {
		t.Run(r.client+": "+r.needs, func(t *testing.T) {
			in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
				time.Sleep(10 * time.Second)
				r.holds(t, w)
			})
		})
	}
}
