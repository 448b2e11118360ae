package twin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/streams/rest"
	"github.com/xdc-project/xdc/providers/twin/control"
)

func older5() Config {
	cfg := apart()
	cfg.API = 5
	return cfg
}

func TestTheOlderAPIIsAsTheReferenceSays(t *testing.T) {
	known := readReference(t)
	in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		send(t, w, 3)
		does(t, w, "POST", "/streams/rest/instances/i/jobsubmissions", `{"application":"bundleId:none"}`, 202)
		id, _ := does(t, w, "POST", "/streams/rest/instances/i/applicationbundles", "PK", 200).object(t)["bundleId"].(string)
		does(t, w, "POST", "/streams/rest/instances/i/jobsubmissions", `{"application":"`+id+`"}`, 202)
		time.Sleep(5 * time.Second)
		for from, below := range map[string]string{
			"/streams/rest/resources": "/streams/rest/", "/streams/rest/instances/i/jobsubmissions": "", "/streams-rest/resources": "/streams-rest/", "/streams/v1/roots": "/streams/v1/",
			"/streams-resource/instances/i": "/streams-rest/", "/streams-resource/resources": "/streams-rest/",
		} {
			v := crawl(t, w, known, "https://dc1.twin:9714"+from, true)
			if strings.Contains(from, "jobsubmissions") {
				continue // that is not linked
			}
			if v.bodies < 600 {
				t.Errorf("from %s only %d bodies were reached", from, v.bodies)
			}
			for link := range v.seen {
				if path := strings.TrimPrefix(link, "https://dc1.twin:9714"); strings.Contains(path, "/domains") || path != from && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, below) {
					t.Errorf("from %s it leads to %s", from, link)
				}
			}
		}
		for _, name := range []string{"instance.services", "instance.bearerToken", "property.value", "named.name", "jobSubmission.failureReason", "jobSubmission.job", "pe.resource", "job.persistentPaths"} {
			if !known.met[name] {
				t.Errorf("%s was never seen", name)
			}
		}
		// That of 7.2 is there beside it.
		crawl(t, w, known, "https://dc1.twin:9714/streams/resources", false)
		refused := ask(t, w, "GET", "/streams/rest/instances/i/jobs/99", "").object(t)
		if list, _ := refused["messages"].([]any); len(list) != 1 {
			t.Errorf("%v", refused)
		}
	})
	in(t, apart(), func(t *testing.T, w *Twin, _ *control.Client) {
		does(t, w, "GET", "/streams/rest/resources", "", 404) // unless it is asked for
	})
}

func TestATokenLogsInUntilItExpires(t *testing.T) {
	in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
		o := does(t, w, "POST", "/streams/rest/accesstokens", `{"audience":"streams"}`, 200).object(t)
		token, _ := o["accessToken"].(string)
		expires, _ := o["expireTime"].(float64)
		if strings.Count(token, ".") != 2 || time.Until(time.Unix(int64(expires), 0)) < 4*time.Minute {
			t.Fatalf("%v", o)
		}
		does(t, w, "POST", "/streams/rest/accesstokens", `{"audience":"others"}`, 400)
		with := func(token string) int {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/streams/rest/instances", nil)
			req.Header.Set("Authorization", "Bearer "+token)
			rec := httptest.NewRecorder()
			w.dcs[0].api.ServeHTTP(rec, req)
			return rec.Code
		}
		for _, bad := range []string{"", "x", "a.b.c", token + "x", token[:len(token)-2], "eyJhbGciOiJub25lIn0." + strings.Split(token, ".")[1] + "."} {
			if with(bad) != 401 {
				t.Errorf("%q logs in", bad)
			}
		}
		if with(token) != 200 {
			t.Error("a token does not log in")
		}
		time.Sleep(6 * time.Minute)
		if with(token) != 401 {
			t.Error("a token that has expired logs in")
		}
	})
	in(t, apart(), func(t *testing.T, w *Twin, _ *control.Client) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/streams/resources", nil)
		req.Header.Set("Authorization", "Bearer "+w.dcs[0].token(audience, tokenLife).AccessToken)
		rec := httptest.NewRecorder()
		w.dcs[0].api.ServeHTTP(rec, req)
		if rec.Code != 401 {
			t.Errorf("7.2 takes a token: %d", rec.Code)
		}
	})
}

func TestASubmissionGoesOnByItself(t *testing.T) {
	in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
		const i = "/streams/rest/instances/i"
		course := func(application string) ([]string, map[string]any) {
			o := does(t, w, "POST", i+"/jobsubmissions", `{"application":"`+application+`"}`, 202).object(t)
			id, _ := o["id"].(string)
			path := i + "/jobsubmissions/" + id
			var seen []string
			for last := ""; strings.HasSuffix(last, "inProgress") || last == ""; {
				last, _ = got(t, w, path)["status"].(string)
				if len(seen) == 0 || seen[len(seen)-1] != last {
					seen = append(seen, last)
				}
				time.Sleep(100 * time.Millisecond)
			}
			return seen, got(t, w, path)
		}
		id, _ := does(t, w, "POST", i+"/applicationbundles", "PK", 200).object(t)["bundleId"].(string)
		seen, o := course(id)
		if diff := cmp.Diff([]string{"submission.inProgress", "submission.complete"}, seen); diff != "" {
			t.Error(diff)
		}
		job, _ := o["job"].(string)
		if name := got(t, w, job)["name"]; name != "application::orders_1" {
			t.Errorf("the job is %v", name)
		}
		if log := string(does(t, w, "GET", i+"/jobsubmissions/0/logmessages", "", 200).body); strings.Count(log, "\n") != 2 || !strings.Contains(log, "The job 1 was submitted.") {
			t.Errorf("log %q", log)
		}
		_, o = course("bundleId:none")
		reason, _ := o["failureReason"].(map[string]any)
		if text, _ := reason["message"].(string); o["status"] != "submission.failedProcessingJob" || o["job"] != nil || !strings.HasPrefix(text, "CDISA5285E") {
			t.Errorf("%v", o)
		}
		does(t, w, "GET", i+"/jobsubmissions/7", "", 404)
	})
}

// What clients in Python for 5.x do, request by request, with the statuses and members that they insist on. Reference:
// tags PY and PYR.
func TestTheSequenceOfThePythonClients(t *testing.T) {
	in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
		text := func(o map[string]any, name string) string {
			t.Helper()
			s, ok := o[name].(string)
			if !ok {
				t.Fatalf("%s is %v", name, o[name])
			}
			return s
		}
		for _, root := range []string{"/streams/rest/resources", "/streams-resource/instances/i"} {
			// A root that lists domains is taken for one of 4.x, which has no actions.
			entries := map[string]string{}
			list, _ := got(t, w, root)["resources"].([]any)
			for _, x := range list {
				e, _ := x.(map[string]any)
				entries[text(e, "name")] = text(e, "resource")
			}
			if entries["domains"] != "" || entries["instances"] == "" {
				t.Fatalf("%v", entries)
			}
			instances, _ := got(t, w, entries["instances"])["instances"].([]any)
			instance, _ := instances[0].(map[string]any)
			if text(instance, "id") != "i" {
				t.Fatalf("%v", instance)
			}
			self := text(instance, "self")
			id := text(does(t, w, "POST", self+"/applicationbundles", "PK", 200).object(t), "bundleId")
			a := does(t, w, "POST", text(instance, "jobs"), `{"application":"`+id+`","jobConfigurationOverlay":{"jobConfigOverlays":[{"jobConfig":{"jobName":"py"}}]},"preview":false}`, 201)
			job := got(t, w, a.header.Get("Location"))
			for i := 0; job["health"] != "healthy" || job["status"] != "running"; i++ {
				if i > 100 {
					t.Fatal("the job is never healthy")
				}
				time.Sleep(100 * time.Millisecond)
				job = got(t, w, text(job, "self"))
			}
			if text(got(t, w, text(job, "jobGroup")), "name") != "default" {
				t.Error("the job's group cannot be followed")
			}
			byName := named(t, w, text(instance, "jobs")+"?name=py", "jobs", "id")
			if diff := cmp.Diff([]string{text(job, "id")}, byName); diff != "" {
				t.Error(diff)
			}
			for link, plural := range map[string]string{"pes": "pes", "operators": "operators", "peConnections": "connections", "operatorConnections": "connections", "views": "views"} {
				if n := named(t, w, text(job, link), plural, "self"); len(n) == 0 {
					t.Errorf("%s are none", link)
				}
			}
			pes, _ := got(t, w, text(job, "pes"))["pes"].([]any)
			pe, _ := pes[0].(map[string]any)
			for _, log := range []string{"applicationTrace", "consoleLog"} {
				does(t, w, "GET", text(pe, log), "", 200)
			}
			does(t, w, "GET", text(job, "applicationLogTrace"), "", 200)
			overlay := strings.NewReplacer("%s", "KeyedCounter", "%d", "2", "%v", "true").Replace(widen)
			does(t, w, "PATCH", text(job, "self"), overlay, 200)
			time.Sleep(5 * time.Second)
			if ops := named(t, w, text(job, "operators")+"&logicalName=KeyedCounter", "operators", "channel"); len(ops) != 2 {
				t.Errorf("channels %v", ops)
			}
			config := does(t, w, "POST", text(instance, "applicationConfigurations"), `{"name":"py","description":"d","properties":{"a":"1"}}`, 201).object(t)
			config = does(t, w, "PATCH", text(config, "self"), `{"properties":{"a":null,"b":"2"}}`, 200).object(t)
			if diff := cmp.Diff(map[string]any{"b": "2"}, config["properties"]); diff != "" {
				t.Error(diff)
			}
			does(t, w, "DELETE", text(config, "self"), "", 204)
			cancel := text(job, "instance") + "/jobs/" + text(job, "id")
			does(t, w, "DELETE", cancel, "", 204)
			time.Sleep(3 * time.Second)
			does(t, w, "DELETE", cancel, "", 404)
		}
	})
}

// The client of this project works with the older API, too.
func TestOurClientSpeaksTheOlderAPI(t *testing.T) {
	in(t, older5(), func(t *testing.T, w *Twin, _ *control.Client) {
		pool, err := https.NewPool(https.Options{Dial: w.Dial(), CA: w.CA()})
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		c, err := rest.New(rest.Config{Target: "dc1", URL: w.URL("dc1"), Pool: pool, Token: tokens(w)})
		if err != nil {
			t.Fatal(err)
		}
		i, err := c.Instance(t.Context(), "i")
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := c.UploadBundle(t.Context(), i, io.NopCloser(strings.NewReader("PK")), 2)
		if err != nil {
			t.Fatal(err)
		}
		job, err := c.Submit(t.Context(), i, rest.Submission{Application: bundle, JobName: "ours"})
		if err != nil || job.Name != "ours" {
			t.Fatalf("%+v %v", job, err)
		}
		time.Sleep(10 * time.Second)
		jobs, err := c.Snapshot(t.Context(), i)
		if err != nil || len(jobs) != 2 || jobs[1].Health != "healthy" || len(jobs[1].PEs) != 9 {
			t.Errorf("%+v %v", jobs, err)
		}
		if err := c.Cancel(t.Context(), job); err != nil {
			t.Error(err)
		}
	})
}
