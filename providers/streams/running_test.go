package streams

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
)

// What runs already says at which level it traces and at which ports it listens.
func TestCheckLooksAtWhatRunsAlready(t *testing.T) {
	pe := func(id, job, level string) object {
		return object{"id": id, "job": "/streams/instances/i/jobs/" + job, "tracingLevel": level}
	}
	receiver := func(name string, port, tls int) object {
		return object{"name": name, "metrics": []object{{"name": "serverPort", "value": port}, {"name": "https", "value": tls}}}
	}
	const heartbeats, state = "App.CrossDCFailover.CrossDataCenterReceiverForHB", "App.CrossDCFailover.CrossDataCenterReceiver"
	for _, tc := range []struct {
		name string
		pes  []object
		ops  []object
		log  string // the job of the log block; "-": there is none
		kit  *providers.Toolkit
		want []string // "ok " or "FAIL ", the part, ": ", and how the text begins
	}{
		{name: "nothing asked for", log: "-", pes: []object{pe("1", "7", "error")}},
		{name: "all at info", pes: []object{pe("1", "7", "info"), pe("2", "7", "trace"), pe("3", "8", "error")}},
		{name: "some at error", pes: []object{pe("1", "7", "error"), pe("2", "7", "info"), pe("3", "7", "off")}, want: []string{"ok traces: 2 of its 3 PEs trace at error or off"}},
		{name: "levels that nobody knows", pes: []object{pe("1", "7", ""), pe("2", "7", "loud")}},
		{name: "of another job", log: "other", pes: []object{pe("1", "7", "error")}},
		{name: "of this job", log: "orders", pes: []object{pe("1", "7", "warn")}, want: []string{"ok traces: 1 of its 1 PE trace at warn"}},
		{name: "for the toolkit", log: "-", pes: []object{pe("1", "7", "error")}, kit: &providers.Toolkit{Traces: true}, want: []string{"ok traces: 1 of its 1 PE trace at error"}},
		{name: "as in the plan", log: "-", kit: &providers.Toolkit{}, ops: []object{receiver(heartbeats, 25091, 0), receiver(state, 25092, 0)}, want: []string{"ok receivers: heartbeats at port 25091, state at 25092"}},
		{
			name: "several pairs", log: "-", kit: &providers.Toolkit{Port: 100, Pairs: 2}, ops: []object{receiver(state+"[1]", 102, 1), receiver(heartbeats, 100, 1), receiver(state+"[0]", 101, 1)},
			want: []string{"ok receivers: heartbeats at port 100, state at 101, 102, with TLS"},
		},
		{name: "another port", log: "-", kit: &providers.Toolkit{Port: 100}, ops: []object{receiver(heartbeats, 101, 0)}, want: []string{"FAIL receivers: heartbeats at port 101, state at none: the plan has 100"}},
		{
			name: "fewer pairs", log: "-", kit: &providers.Toolkit{Pairs: 2}, ops: []object{receiver(heartbeats, 25091, 0), receiver(state, 25092, 0)},
			want: []string{"FAIL receivers: heartbeats at port 25091, state at 25092: by the plan it is 25092, 25093"},
		},
		{
			name: "two toolkits", log: "-", kit: &providers.Toolkit{Composite: "B"}, ops: []object{receiver("A.CrossDataCenterReceiverForHB", 1, 0), receiver("B.CrossDataCenterReceiverForHB", 25091, 0)},
			want: []string{"ok receivers: heartbeats at port 25091, state at none"},
		},
		{name: "no word of ports", log: "-", kit: &providers.Toolkit{}, ops: []object{{"name": heartbeats}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := &server{
				status: "running", jobs: []object{{"id": "7", "name": "orders"}}, metrics: []object{{"id": "7", "pes": []object{{"id": "1", "operators": tc.ops}}}},
				more: map[string]http.HandlerFunc{"GET /streams/instances/i/pes": func(w http.ResponseWriter, _ *http.Request) {
					_ = json.NewEncoder(w).Encode(object{"pes": tc.pes})
				}},
			}
			on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
				s.env.Jobs = []providers.JobInfo{{Target: "dc1", Path: "job.orders", Adopt: "orders", Toolkit: tc.kit}, {Target: "dc2", Path: "job.orders", Adopt: "orders", Toolkit: tc.kit}, {Target: "dc1", Path: "job.sent", Bundle: "b", Toolkit: tc.kit}}
				if tc.log != "-" {
					s.cfg.Logs = []logArgs{{Name: "a", Pattern: "b", Job: tc.log}, {Name: "b", Pattern: "b", Source: "console"}}
				}
				var got []string
				for _, f := range s.Check(t.Context())[1:] {
					got = append(got, map[bool]string{true: "ok ", false: "FAIL "}[f.OK]+strings.TrimPrefix(f.Subject, "dc1 job.orders ")+": "+f.Text)
					if !f.OK && f.Remedy == "" {
						t.Errorf("no way out of %+v", f)
					}
				}
				if len(got) != len(tc.want) {
					t.Fatalf("got %q, want %q", got, tc.want)
				}
				for n, want := range tc.want {
					if !strings.HasPrefix(got[n], want) || !strings.Contains(want, ":") {
						t.Errorf("got %q, want %q", got[n], want)
					}
				}
			})
		})
	}
}

// What has come up during the run is looked at once, and what does not fit is said.
func TestWhatComesUpIsLookedAt(t *testing.T) {
	asked := 0
	srv := &server{
		status: "running", jobs: []object{job("7", "orders", "running", "healthy", pe("1", "running", 1))},
		metrics: []object{{"id": "7", "pes": []object{{"id": "1", "operators": []object{{"name": "CrossDataCenterReceiverForHB", "metrics": []object{{"name": "serverPort", "value": 101}}}}}}}},
		more: map[string]http.HandlerFunc{"GET /streams/instances/i/pes": func(w http.ResponseWriter, _ *http.Request) {
			asked++
			_ = json.NewEncoder(w).Encode(object{"pes": []object{{"id": "1", "job": "/streams/instances/i/jobs/7", "tracingLevel": "error"}}})
		}},
	}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		var log bytes.Buffer
		s.env.Log = hclog.New(&hclog.LoggerOptions{Output: &log})
		s.cfg.Logs = []logArgs{{Name: "a", Pattern: "b"}}
		if err := s.Track(providers.JobInfo{Target: "dc1", Path: "job.orders", Bundle: "b", Toolkit: &providers.Toolkit{Port: 100}}, []byte(`{"id":"7","name":"orders"}`)); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			round(t, s)
		}
		for _, want := range []string{"job.orders traces: 1 of its 1 PE trace at error", "job.orders receivers: heartbeats at port 101, state at none: the plan has 100"} {
			if n := strings.Count(log.String(), want); n != 1 {
				t.Errorf("it says %q %d times: %s", want, n, &log)
			}
		}
		if asked != 1 {
			t.Errorf("it has asked for levels %d times", asked)
		}
	})
}

func TestTracesThatWillSayLittle(t *testing.T) {
	for args, want := range map[string]int{
		`"bundle":"b.sab"`: 1, `"bundle":"b.sab","trace_level":"error"`: 1, `"bundle":"b.sab","trace_level":"info"`: 0, `"bundle":"b.sab","override_file":"o.json"`: 0, `"adopt":"orders"`: 0,
	} {
		s := providers.Scope{
			Targets: map[string]providers.Target{"dc1": {Connections: map[string]json.RawMessage{"streams": json.RawMessage(`{"url":"https://s"}`)}}},
			Jobs:    []providers.JobInfo{{Target: "dc1", Path: "job.orders", Toolkit: &providers.Toolkit{Traces: true}}},
		}
		d, ds := describeJob(s, json.RawMessage(`{"target":"dc1","path":"job.orders",`+args+`}`))
		if len(ds) != want || want > 0 && (ds[0].Code != diag.StreamsTraces || ds[0].Severity != diag.Warning) {
			t.Errorf("%s: %v", args, ds)
		}
		if strings.Contains(args, "trace_level") != strings.Contains(d.Effects[len(d.Effects)-1].Text, `"tracing":"`) {
			t.Errorf("%s: %+v", args, d.Effects)
		}
	}
}

func TestAnOperatorsOwnMetricsAreRead(t *testing.T) {
	own := object{"name": "serverPort", "value": 9001, "metricType": "custom"}
	ops := []object{
		{"name": "A.Orders", "metrics": []object{own, {"name": "relativeOperatorCost", "value": 3, "metricType": "system"}, {"name": "https", "metricType": "custom"}}},
		{"name": "Other", "metrics": []object{{"name": "serverPort", "value": 1, "metricType": "custom"}}},
	}
	srv := &server{status: "running", metrics: []object{{"id": "4", "pes": []object{{"id": "1", "operators": ops[1:]}}}, {"id": "5", "pes": []object{{"id": "2", "operators": ops}}}}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		if _, err := s.OperatorMetrics(t.Context(), "job.orders", "Orders"); err == nil || !strings.Contains(err.Error(), "not known which job") {
			t.Errorf("before the job is known it says %v", err)
		}
		track(t, s, "job.orders", "", `{"id":"5","name":"orders"}`)
		for _, name := range []string{"Orders", "A.Orders"} {
			got, err := s.OperatorMetrics(t.Context(), "job.orders", name)
			if diff := cmp.Diff(map[string]int64{"serverPort": 9001}, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		}
		if _, err := s.OperatorMetrics(t.Context(), "job.orders", "None"); err == nil || !strings.Contains(err.Error(), "has no such operator") {
			t.Errorf("of one that is not there it says %v", err)
		}
	})
}
