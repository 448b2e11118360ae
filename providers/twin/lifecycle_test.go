package twin

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

const inst = "/streams/instances/i"

// courses looks at something every 10ms of the twin's time until it has been so for a second, and returns the different
// things that it was, one after the other.
func courses(look func() string, last string) []string {
	var out []string
	for left := 3000; left > 0; left-- {
		synctest.Wait()
		now := look()
		if len(out) == 0 || out[len(out)-1] != now {
			out = append(out, now)
		}
		if now == last {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return out
}

// shows joins properties of what is at a path.
func shows(t *testing.T, w *Twin, path string, names ...string) func() string {
	return func() string {
		a := ask(t, w, "GET", path, "")
		if a.status != 200 {
			return fmt.Sprint(a.status)
		}
		o := a.object(t)
		var out []string
		for _, n := range names {
			out = append(out, fmt.Sprint(o[n]))
		}
		return strings.Join(out, " ")
	}
}

func does(t *testing.T, w *Twin, method, path, body string, status int) answer {
	t.Helper()
	a := ask(t, w, method, path, body)
	if a.status != status {
		t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, a.status, a.body, status)
	}
	return a
}

func TestTheLifeOfAJobIsSeen(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		job := submitted(t, w, overlay)
		pes, _ := got(t, w, inst+"/pes?job.restid=1")["pes"].([]any)
		first, _ := pes[0].(map[string]any)
		pe, _ := first["self"].(string)
		if have := shows(t, w, pe, "status", "launchCount", "processId")(); have != "constructed 0 <nil>" {
			t.Errorf("a PE right after the submit: %s", have)
		}
		want := []string{"constructed healthy", "constructed unhealthy", "running healthy"}
		if diff := cmp.Diff(want, courses(shows(t, w, job, "status", "health"), "running healthy")); diff != "" {
			t.Error(diff)
		}
		o := got(t, w, job)
		have := fmt.Sprintln(o["name"], o["jobGroup"], o["threadingModel"], o["dynamicThreadingThreadCount"], o["dynamicThreadingElastic"], o["submitParameters"], o["generationId"])
		if want := "second night dynamic 3 true [map[composite:application::orders defaultValue:<nil> name:rate parameterKind:named required:false value:7 values:[7]]] 0\n"; have != want {
			t.Errorf("%s, want %s", have, want)
		}
		if level := shows(t, w, pe, "tracingLevel", "status", "statusReason", "launchCount")(); level != "info running none 1" {
			t.Errorf("a PE that runs: %s", level)
		}
		if groups := fmt.Sprint(named(t, w, inst+"/jobgroups", "jobGroups", "name")); groups != "[default night]" {
			t.Errorf("job groups %s", groups)
		}
		does(t, w, "DELETE", job, "", 204)
		want = []string{"canceling healthy", "canceled unhealthy", "404"}
		if diff := cmp.Diff(want, courses(shows(t, w, job, "status", "health"), "404")); diff != "" {
			t.Error(diff)
		}
		does(t, w, "DELETE", job, "", 404)
		if again := submitted(t, w, `{"application":"ID"}`); !strings.HasSuffix(again, "/jobs/2") {
			t.Errorf("the next job is %s: ids are not used again", again)
		}
		log := does(t, w, "GET", inst+"/productlog", "", 200)
		for _, line := range []string{"Job 1, second, was submitted.", "Job 1, second, was cancelled."} {
			if !strings.Contains(string(log.body), line) {
				t.Errorf("the product log has no %q:\n%s", line, log.body)
			}
		}
	})
}

func TestAPreviewSubmitsNothing(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, _ *control.Client) {
		id, _ := does(t, w, "POST", inst+"/applicationbundles", "PK", 200).object(t)["bundleId"].(string)
		o := does(t, w, "POST", inst+"/jobs", `{"application":"`+id+`","preview":true}`, 200).object(t)
		pes, _ := o["pes"].([]any)
		if o["preview"] != true || len(pes) != 4 || !strings.Contains(fmt.Sprint(pes[1]), "KeyedCounter") {
			t.Errorf("%v", o)
		}
		if jobs := named(t, w, inst+"/jobs", "jobs", "id"); len(jobs) != 1 {
			t.Errorf("jobs %v", jobs)
		}
	})
}

func TestAPEThatIsStoppedOrRestartedShowsIt(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		send(t, w, 3)
		time.Sleep(5 * time.Second)
		state, job := inst+"/pes/1", inst+"/jobs/0"
		before := shows(t, w, state, "processId")()
		does(t, w, "POST", state+"/actions", `{"type":"stop"}`, 200)
		want := []string{"stopping request unhealthy <nil>", "stopped request unhealthy <nil>"}
		if diff := cmp.Diff(want, courses(shows(t, w, state, "status", "statusReason", "health", "processId"), want[1])); diff != "" {
			t.Error(diff)
		}
		// Its neighbours run and have lost connections; one that is not connected to it is healthy.
		for pe, want := range map[string]string{"0": "running partiallyHealthy disconnected connected", "2": "running partiallyHealthy disconnected connected", "3": "running partiallyHealthy disconnected connected"} {
			if have := shows(t, w, inst+"/pes/"+pe, "status", "health", "requiredConnections", "optionalConnections")(); have != want {
				t.Errorf("PE %s: %s, want %s", pe, have, want)
			}
		}
		for path, want := range map[string]string{job: "partiallyUnhealthy", inst: "partiallyUnhealthy"} {
			if have := shows(t, w, path, "health")(); have != want {
				t.Errorf("%s: %s, want %s", path, have, want)
			}
		}
		if status := shows(t, w, inst+"/peconnections/o0p0i0p1", "status", "required")(); status != "disconnected true" {
			t.Errorf("the connection to it is %s", status)
		}
		time.Sleep(4 * time.Second)
		metric := func(path, name string) string {
			list, _ := got(t, w, path+"?name="+name)["metrics"].([]any)
			if len(list) != 1 {
				t.Fatalf("%s: %v", path, list)
			}
			m, _ := list[0].(map[string]any)
			return fmt.Sprint(m["value"])
		}
		if n := metric(inst+"/pes/0/outputports/0/metrics", "nBrokenConnections"); n != "1" {
			t.Errorf("%s connections are broken", n)
		}
		if n := metric(inst+"/pes/0/outputports/0/metrics", "nRequiredConnecting"); n != "1" {
			t.Errorf("%s connections are being established", n)
		}
		does(t, w, "POST", state+"/actions", `{"type":"start"}`, 200)
		want = []string{"starting request 1", "running none 2"}
		if diff := cmp.Diff(want, courses(shows(t, w, state, "status", "statusReason", "launchCount"), want[1])); diff != "" {
			t.Error(diff)
		}
		if after := shows(t, w, state, "processId")(); after == before || after == "<nil>" {
			t.Errorf("process %s, then %s", before, after)
		}
		if have := shows(t, w, job, "health")(); have != "healthy" {
			t.Errorf("the job is %s", have)
		}
		does(t, w, "POST", state+"/actions", `{"type":"restart"}`, 200)
		want = []string{"stopping 2", "restarting 2", "running 3"}
		if diff := cmp.Diff(want, courses(shows(t, w, state, "status", "launchCount"), want[2])); diff != "" {
			t.Error(diff)
		}
		// A stop takes back a start that was to follow another.
		does(t, w, "POST", state+"/actions", `{"type":"restart"}`, 200)
		does(t, w, "POST", state+"/actions", `{"type":"stop"}`, 200)
		time.Sleep(time.Minute)
		if have := shows(t, w, state, "status", "launchCount")(); have != "stopped 3" {
			t.Errorf("restarted and stopped it is %s", have)
		}
	})
}

const widen = `{"jobConfigurationOverlay":{"jobConfigOverlays":[{"configInstructions":{"adjustmentSection":[{"targetParallelRegion":{"regionName":"%s","newWidth":%d}}]},"operationConfig":{"forcePeStopped":%v}}]}}`

func TestTheWidthOfARegionIsChanged(t *testing.T) {
	var truth record
	in(t, pairOf(5*time.Second, 4, &truth, 1), func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		job := inst + "/jobs/0"
		does(t, w, "PATCH", job, fmt.Sprintf(widen, "KeyedCounter", 3, false), 409)
		does(t, w, "PATCH", job, fmt.Sprintf(widen, "Nothing", 3, true), 400)
		does(t, w, "PATCH", job, fmt.Sprintf(widen, "KeyedCounter", 0, true), 400)
		does(t, w, "PATCH", job, fmt.Sprintf(widen, "KeyedCounter", 65, true), 400)
		does(t, w, "PATCH", job, `{}`, 400)
		o := does(t, w, "PATCH", job, fmt.Sprintf(widen, "KeyedCounter", 3, true), 200).object(t)
		if o["generationId"] != 1.0 || o["topologyUpdating"] != true {
			t.Errorf("right after: %v %v", o["generationId"], o["topologyUpdating"])
		}
		does(t, w, "PATCH", job, fmt.Sprintf(widen, "KeyedCounter", 4, true), 409) // one after the other
		want := []string{"1 true healthy", "1 true partiallyUnhealthy", "1 true healthy", "1 false healthy"}
		if diff := cmp.Diff(want[1:], courses(shows(t, w, job, "generationId", "topologyUpdating", "health"), want[3])); diff != "" {
			t.Error(diff)
		}
		if ops := fmt.Sprint(named(t, w, inst+"/operators?pe.restid=1", "operators", "name")); ops != "[KeyedCounter[0] KeyedCounter[1] KeyedCounter[2]]" {
			t.Errorf("operators %s", ops)
		}
		if o := got(t, w, job+"/operators/KeyedCounter%5B2%5D"); o["logicalName"] != "KeyedCounter" || o["channel"] != 2.0 {
			t.Errorf("%v %v", o["logicalName"], o["channel"])
		}
		send(t, w, 5)
		time.Sleep(10 * time.Second)
		var n []string
		for i := range 3 {
			list, _ := got(t, w, fmt.Sprintf("%s/operators/KeyedCounter%%5B%d%%5D/inputports/0/metrics?name=nTuplesProcessed", job, i))["metrics"].([]any)
			m, _ := list[0].(map[string]any)
			n = append(n, fmt.Sprint(m["value"]))
		}
		if diff := cmp.Diff([]string{"2", "2", "1"}, n); diff != "" {
			t.Errorf("the channels do not share what came: %s", diff)
		}
		does(t, w, "PATCH", job, fmt.Sprintf(widen, "KeyedCounter", 3, true), 200) // nothing changes
		if have := shows(t, w, job, "generationId", "topologyUpdating")(); have != "1 false" {
			t.Errorf("after a change to what it was: %s", have)
		}
	})
	if n := len(facts(t, &truth, "pe_down", "dc1")); n != 1 {
		t.Errorf("%d PEs went down", n)
	}
}

func TestAResourceIsQuiescedAndResumed(t *testing.T) {
	in(t, apart(), func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		const edge2 = "/streams/domains/dc1/resources/edge2"
		allocation := inst + "/resourceallocations/edge2"
		moving := fmt.Sprint(named(t, w, inst+"/pes?resource.restid=edge2", "pes", "id"))
		does(t, w, "POST", edge2+"/actions", `{"type":"quiesce"}`, 200)
		if have := shows(t, w, allocation, "status", "schedulerStatus")(); have != "QUIESCING draining" {
			t.Errorf("the allocation is %s", have)
		}
		want := []string{"QUIESCING restarting automatic", "QUIESCED restarting automatic", "QUIESCED running none"}
		both := func() string {
			return shows(t, w, edge2, "status")() + " " + shows(t, w, inst+"/pes/1", "status", "statusReason")()
		}
		if diff := cmp.Diff(want, courses(both, want[2])); diff != "" {
			t.Error(diff)
		}
		time.Sleep(3 * time.Second)
		if left := named(t, w, inst+"/pes?resource.restid=edge2", "pes", "id"); len(left) != 0 || moving != "[1 3 5 7]" {
			t.Errorf("PEs %v of %s are left", left, moving)
		}
		if here := named(t, w, inst+"/pes?resource.restid=edge&status=running&launchCount=2", "pes", "id"); fmt.Sprint(here) != moving {
			t.Errorf("PEs %v moved, want %s", here, moving)
		}
		does(t, w, "POST", edge2+"/actions", `{"type":"quiesce"}`, 409)
		// What is submitted meanwhile avoids it, and the last resource cannot be taken unless that is forced.
		submitted(t, w, `{"application":"ID"}`)
		if there := named(t, w, inst+"/pes?resource.restid=edge2", "pes", "id"); len(there) != 0 {
			t.Errorf("PEs %v are on it", there)
		}
		time.Sleep(10 * time.Second)
		const edge = "/streams/domains/dc1/resources/edge"
		does(t, w, "POST", edge+"/actions", `{"type":"quiesce"}`, 409)
		does(t, w, "POST", edge+"/actions", `{"type":"quiesce","force":true}`, 200)
		time.Sleep(10 * time.Second)
		if have := shows(t, w, inst+"/pes/1", "status", "statusReason", "health")(); have != "stopped noFeasibleHost unhealthy" {
			t.Errorf("a PE without a resource is %s", have)
		}
		id, _ := does(t, w, "POST", inst+"/applicationbundles", "PK", 200).object(t)["bundleId"].(string)
		does(t, w, "POST", inst+"/jobs", `{"application":"`+id+`"}`, 409)
		does(t, w, "POST", edge2+"/actions", `{"type":"resume"}`, 200)
		if diff := cmp.Diff([]string{"RESUMING", "RUNNING"}, courses(shows(t, w, edge2, "status"), "RUNNING")); diff != "" {
			t.Error(diff)
		}
		time.Sleep(10 * time.Second)
		if have := shows(t, w, inst+"/jobs/0", "health")(); have != "healthy" {
			t.Errorf("the job is %s", have)
		}
		if here := named(t, w, inst+"/pes?resource.restid=edge", "pes", "id"); len(here) != 0 {
			t.Errorf("PEs %v are on a resource that is quiesced", here)
		}
	})
}

func TestAnInstanceIsStoppedAndStarted(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(10 * time.Second)
		does(t, w, "POST", inst+"/actions", `{"type":"stop"}`, 200)
		if diff := cmp.Diff([]string{"stopping", "stopped"}, courses(shows(t, w, inst, "status"), "stopped")); diff != "" {
			t.Error(diff)
		}
		if services := named(t, w, inst+"/activeservices", "activeServices", "type"); len(services) != 0 {
			t.Errorf("services %v", services)
		}
		does(t, w, "POST", inst+"/actions", `{"type":"start"}`, 200)
		if diff := cmp.Diff([]string{"starting", "running"}, courses(shows(t, w, inst, "status"), "running")); diff != "" {
			t.Error(diff)
		}
		if jobs := named(t, w, inst+"/jobs", "jobs", "id"); len(jobs) != 0 {
			t.Errorf("jobs %v came back", jobs)
		}
		if services := fmt.Sprint(named(t, w, inst+"/activeservices?type=data", "activeServices", "status")); services != "[running]" {
			t.Errorf("the data service is %s", services)
		}
	})
}

func TestConfigurationsAndVariablesAreKept(t *testing.T) {
	in(t, pairOf(5*time.Second, 4, &record{}, 1), func(t *testing.T, w *Twin, _ *control.Client) {
		configs := inst + "/applicationconfigurations"
		o := does(t, w, "POST", configs, `{"name":"a b/c","description":"d","properties":{"x":"1","y":"2"}}`, 201).object(t)
		self, _ := o["self"].(string)
		if diff := cmp.Diff(map[string]any{"x": "1", "y": "2"}, o["properties"]); diff != "" || !strings.HasSuffix(self, "/applicationconfigurations/a%20b%2Fc") {
			t.Errorf("%s %s", self, diff)
		}
		does(t, w, "POST", configs, `{"name":"a b/c"}`, 409)
		does(t, w, "POST", configs, `{}`, 400)
		time.Sleep(time.Second)
		o = does(t, w, "PATCH", self, `{"properties":{"x":null,"z":"3"}}`, 200).object(t)
		if diff := cmp.Diff(map[string]any{"y": "2", "z": "3"}, o["properties"]); diff != "" || o["description"] != "d" {
			t.Errorf("%v %s", o["description"], diff)
		}
		created, _ := o["creationTime"].(float64)
		if modified, _ := o["lastModifiedTime"].(float64); modified-created != 1000 {
			t.Errorf("created %v, modified %v", created, modified)
		}
		if names := named(t, w, configs, "applicationConfigurations", "name"); len(names) != 1 {
			t.Errorf("%v", names)
		}
		does(t, w, "DELETE", self, "", 204)
		does(t, w, "DELETE", self, "", 404)
		variables := inst + "/applicationenvironmentvariables"
		self, _ = does(t, w, "POST", variables, `{"name":"LANG","value":"C"}`, 201).object(t)["self"].(string)
		if o := does(t, w, "PATCH", self, `{"value":"de"}`, 200).object(t); o["value"] != "de" {
			t.Errorf("%v", o)
		}
		does(t, w, "PATCH", variables+"/none", `{"value":"de"}`, 404)
		does(t, w, "DELETE", self, "", 204)
	})
}

func TestMetricsHaveTheLagOfThePlatform(t *testing.T) {
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	cfg.Jobs[0].Toolkit.Port = 26000
	in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(20 * time.Second)
		metrics := func(path string) map[string]string {
			out := map[string]string{}
			list, _ := got(t, w, path)["metrics"].([]any)
			for _, x := range list {
				m, _ := x.(map[string]any)
				out[fmt.Sprint(m["name"])] = fmt.Sprint(m["metricKind"], " ", m["metricType"], " ", m["value"])
				if at, _ := m["lastTimeRetrieved"].(float64); time.Since(time.UnixMilli(int64(at))) > metricRefresh {
					t.Errorf("%s: %v is older than the platform's interval", path, m["name"])
				}
			}
			return out
		}
		ports := inst + "/jobs/0/operators/KeyedCounter/inputports/0/metrics"
		before := metrics(ports)
		send(t, w, 4)
		time.Sleep(20 * time.Millisecond)
		seen := courses(func() string { return metrics(ports)["nTuplesProcessed"] }, "counter system 4")
		if diff := cmp.Diff([]string{"counter system 0", "counter system 4"}, seen); diff != "" || before["nTuplesProcessed"] != "counter system 0" {
			t.Errorf("before %s; %s", before["nTuplesProcessed"], diff)
		}
		if m := metrics(inst + "/jobs/0/operators/CrossDCFailover.CrossDataCenterReceiver/metrics"); m["serverPort"] != "gauge custom 26001" || m["https"] != "gauge custom 0" {
			t.Errorf("%v", m)
		}
		if m := metrics(inst + "/jobs/0/operators/CrossDCFailover.CrossDataCenterReceiverForHB/metrics"); m["serverPort"] != "gauge custom 26000" {
			t.Errorf("%v", m)
		}
		// A hung PE uses no processor, and what is sent to it piles up in front.
		sink, _ := holding(t, c.Processes("10.0.1.10"), "Out")
		if err := c.Processes("10.0.1.10").Signal(t.Context(), "STOP", []int{sink.PID}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		cpu := metrics(inst + "/pes/2/metrics")["nCpuMilliseconds"]
		time.Sleep(10 * time.Second)
		if after := metrics(inst + "/pes/2/metrics")["nCpuMilliseconds"]; after != cpu || cpu == "gauge system 0" {
			t.Errorf("processor time of a PE that is stopped: %s, then %s", cpu, after)
		}
		if m := metrics(inst + "/peconnections/o0p1i0p2/metrics"); m["congestionFactor"] != "gauge system 100" {
			t.Errorf("%v", m)
		}
		if have := shows(t, w, inst+"/pes/2", "status", "health")(); have != "running healthy" {
			t.Errorf("the platform says %s", have)
		}
	})
}

func TestTheLogsOfAJobAreAnArchive(t *testing.T) {
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	cfg.Jobs[0].Tracing = "info"
	in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
		time.Sleep(30 * time.Second)
		a := does(t, w, "GET", inst+"/jobs/0/applicationlogtrace", "", 200)
		z, err := gzip.NewReader(bytes.NewReader(a.body))
		if err != nil || a.header.Get("Content-Type") != "application/x-compressed" {
			t.Fatalf("%v %v", err, a.header)
		}
		files := map[string]string{}
		for r := tar.NewReader(z); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			files[h.Name] = string(b)
		}
		if len(files) != 8 || !strings.Contains(files["job_0/pe_3/app_trace.log"], "HttpBlobSender") || !strings.Contains(files["job_0/pe_3/stdouterr.log"], "launch 1 runs") {
			t.Errorf("%v", files)
		}
	})
}

// Hosts take PEs in turn, whatever their number.
func TestPEsAreDealtToHosts(t *testing.T) {
	for n := 1; n <= 4; n++ {
		cfg := apart()
		cfg.Targets[0].Hosts = nil
		for i := range n {
			cfg.Targets[0].Hosts = append(cfg.Targets[0].Hosts, providers.Host{Name: fmt.Sprint("h", i), Address: fmt.Sprint("10.0.1.", 10+i)})
		}
		in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
			for i := range n {
				if pes := named(t, w, fmt.Sprintf("%s/pes?resource.restid=h%d", inst, i), "pes", "id"); len(pes) < 9/n || len(pes) > (9+n-1)/n {
					t.Errorf("of %d hosts, host %d has PEs %v", n, i, pes)
				}
			}
		})
	}
}
