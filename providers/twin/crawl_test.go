package twin

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// apart is a data centre with two hosts whose PEs are many.
func apart() Config {
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	for i := range cfg.Targets {
		other := []string{"10.0.1.11", "10.0.2.11"}[i]
		cfg.Targets[i].Hosts = append(cfg.Targets[i].Hosts, providers.Host{Name: "edge2", Address: other})
		cfg.Jobs[i].Apart = true
	}
	return cfg
}

const overlay = `{"application":"ID","jobConfigurationOverlay":{"jobConfigOverlays":[{"jobConfig":{"jobName":"second","jobGroup":"night","tracing":"info",` +
	`"submissionParameters":[{"name":"rate","value":"7"}]},"deploymentConfig":{"threadingModel":"dynamic","dynamicThreadingThreadCount":3,"dynamicThreadingElastic":true}}]}}`

// submitted uploads a bundle and submits it; it returns the job's link.
func submitted(t testing.TB, w *Twin, body string) string {
	t.Helper()
	up := ask(t, w, "POST", "/streams/instances/i/applicationbundles", "PK bundle")
	id, _ := up.object(t)["bundleId"].(string)
	if up.status != 200 || !strings.HasPrefix(id, "bundleId:") {
		t.Fatalf("upload: %d %s", up.status, up.body)
	}
	a := ask(t, w, "POST", "/streams/instances/i/jobs", strings.ReplaceAll(body, "ID", id))
	if a.status != 201 {
		t.Fatalf("submit: %d %s", a.status, a.body)
	}
	return a.header.Get("Location")
}

// A session over the whole catalogue, at every stage of a job's life, is what the reference says, and no link is dead.
func TestEverythingThatIsShownIsAsTheReferenceSays(t *testing.T) {
	ref := readReference(t)
	in(t, apart(), func(t *testing.T, w *Twin, _ *control.Client) {
		look := func(stage string, least int) {
			t.Helper()
			v := crawl(t, w, ref, "https://dc1.twin:9714/streams/resources", false)
			t.Logf("%s: %d bodies", stage, v.bodies)
			if v.bodies < least {
				t.Errorf("%s: only %d bodies were reached", stage, v.bodies)
			}
		}
		look("while the first job is constructed", 300)
		time.Sleep(time.Second)
		look("while it starts", 300)
		time.Sleep(10 * time.Second)
		send(t, w, 5)
		time.Sleep(5 * time.Second)
		for path, body := range map[string]string{
			"applicationconfigurations":       `{"name":"CrossDCFailover","description":"keys","properties":{"a":"1"}}`,
			"applicationenvironmentvariables": `{"name":"LANG","value":"C"}`,
		} {
			if a := ask(t, w, "POST", "/streams/instances/i/"+path, body); a.status != 201 {
				t.Fatalf("%s: %d %s", path, a.status, a.body)
			}
		}
		ask(t, w, "POST", "/streams/instances/i/applicationbundles", "PK waiting")
		job := submitted(t, w, overlay)
		look("right after a submit", 600)
		time.Sleep(10 * time.Second)
		if a := ask(t, w, "PATCH", job, `{"jobConfigurationOverlay":{"jobConfigOverlays":[{"configInstructions":{"adjustmentSection":[{"targetParallelRegion":{"regionName":"KeyedCounter","newWidth":3}}]},"operationConfig":{"forcePeStopped":true}}]}}`); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		look("while the topology changes", 600)
		time.Sleep(10 * time.Second)
		look("with channels", 600)
		if a := ask(t, w, "POST", "/streams/instances/i/pes/0/actions", `{"type":"restart"}`); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		look("while a PE stops", 600)
		time.Sleep(400 * time.Millisecond)
		look("while it is restarted", 600)
		time.Sleep(5 * time.Second)
		if a := ask(t, w, "POST", "/streams/domains/dc1/resources/edge2/actions", `{"type":"quiesce"}`); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		look("while a resource is quiesced", 600)
		time.Sleep(10 * time.Second)
		look("without it", 600)
		if a := ask(t, w, "DELETE", job, ""); a.status != 204 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		look("while a job is cancelled", 600)
		time.Sleep(time.Second)
		look("while it is shown as canceled", 300)
		if a := ask(t, w, "POST", "/streams/instances/i/actions", `{"type":"stop"}`); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		time.Sleep(5 * time.Second)
		look("of an instance that is stopped", 30)
		never := map[string]bool{}
		for kind, props := range ref.kinds {
			for _, p := range props {
				if name := kind + "." + p.name; p.only != "5" && !ref.met[name] {
					never[name] = true
				}
			}
		}
		// What the model never has: it declares no paths, imports nothing by name, and has no channels in its views.
		unmodelled := []string{"job.adlFile", "job.checkpointPath", "job.dataPath", "job.outputPath", "export.name", "import.filter", "submitParameter.defaultValue", "pe.pendingTracingLevel", "pe.restartPriority", "view.filterAttribute", "view.filterExpression", "viewItem.channel"}
		for name := range never {
			kind, _, _ := strings.Cut(name, ".")
			if five := []string{"instanceService", "jobService", "property", "named", "notificationsSnapshot", "jobSubmission", "failureReason", "importName"}; slices.Contains(unmodelled, name) || slices.Contains(five, kind) {
				delete(never, name)
			}
		}
		if len(never) > 0 {
			t.Errorf("these were never seen with a value: %v", slices.Sorted(maps.Keys(never)))
		}
	})
}
