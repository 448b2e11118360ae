package streams

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

const (
	lineUp   = "INFO Application_Logic _XXXXX_ Received a notification about the remote data center coming up\n"
	lineDown = "INFO Application_Logic _XXXXX_ Received a notification about the remote data center going down due to failure\n"
	lineSent = "ERROR Heartbeat-Message-Preparer _XXXXX_ We sent an orderly shutdown message from the local DC dc1\n"
)

// The traces of all PEs of a job are read on; what was there before the run is counted by nobody, but the last word holds.
func TestTracesAreReadForTheToolkitsLines(t *testing.T) {
	three, four := &logServer{text: lineDown + lineUp, parts: true}, &logServer{text: lineSent}
	srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1, operator("Sink")), pe("4", "running", 1))}}
	srv.more = map[string]http.HandlerFunc{"GET /streams/instances/i/pes/3/applicationtrace": three.serve, "GET /streams/instances/i/pes/4/applicationtrace": four.serve}
	on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
		info := providers.JobInfo{Target: "dc1", Path: "job.orders", Toolkit: &providers.Toolkit{Traces: true}}
		env.Jobs = []providers.JobInfo{info, {Target: "dc1", Path: "job.other", Toolkit: &providers.Toolkit{}}}
		s, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://streams:8443","username":"xdc","password":{"secret":"var.p"},"ca_file":"ca.pem"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Track(info, []byte(`{"id":"5","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		look := func() string {
			var out []string
			got := round(t, s)
			for _, kind := range []string{`line["up"]`, `line["down"]`, `line["shutdown_sent"]`, "said"} {
				r, ok := got["job.orders.toolkit."+kind]
				switch {
				case !ok:
					out = append(out, "-")
				case r.Value.Kind == signal.EnumKind:
					out = append(out, r.Value.Text+" by "+r.Evidence[strings.LastIndex(r.Evidence, "center")+7:])
				default:
					out = append(out, r.Value.String())
				}
			}
			return strings.Join(out, ", ")
		}
		var got []string
		then := func(change func()) {
			change()
			got = append(got, look())
			time.Sleep(6 * time.Second)
		}
		then(func() {})
		then(func() { three.text += lineDown })
		then(func() { three.text += lineUp + lineDown; four.text += lineSent })
		then(func() { four.text += lineUp }) // another copy has heard something else
		then(func() { three.text = three.text[len(lineDown+lineUp):] + lineUp })
		want := []string{
			"0, 0, 0, up by coming up", "0, 1, 0, down by going down due to failure", "1, 2, 1, down by going down due to failure", "2, 2, 1, -",
			"3, 2, 1, up by coming up", // its beginning was cut off, and it was read on all the same
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
