package streams

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
)

func TestTheDoctorSaysWhatIsNotKnown(t *testing.T) {
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1))}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		properties := func() providers.Finding {
			t.Helper()
			all := s.Examine(t.Context())
			f := all[len(all)-1]
			if f.Subject != "dc1 properties" || !f.OK {
				t.Fatalf("it says %+v", f)
			}
			return f
		}
		srv.jobs[0]["pes"] = "/streams/pes" // a list has a link where a snapshot has objects
		if f := properties(); f.Unknown != nil || f.Remedy != "" || !strings.Contains(f.Text, "xdc knows each property") {
			t.Errorf("it says %+v", f)
		}
		srv.jobs[0]["mood"] = "good"
		srv.more = map[string]http.HandlerFunc{
			"GET /streams/instances/i/pes":       serveText(`{"pes":[{"id":"3","status":"dozing"}]}`),
			"GET /streams/instances/i/operators": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		}
		f := properties()
		want := []providers.Unknown{{Kind: "job", Property: "mood"}, {Kind: "jobSnapshot", Property: "mood"}, {Kind: "pe", Property: "status", Word: "dozing"}}
		if diff := cmp.Diff(want, f.Unknown); diff != "" {
			t.Error(diff)
		}
		for _, words := range []string{"xdc does not know of job mood; of jobSnapshot mood; of pe status = dozing", "; operator: look at what the server shows"} {
			if !strings.Contains(f.Text, words) {
				t.Errorf("%q does not say %q", f.Text, words)
			}
		}
		if !strings.Contains(f.Remedy, "--json") {
			t.Errorf("the remedy is %q", f.Remedy)
		}
	})
}
