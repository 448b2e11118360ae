package streams

import (
	"net/http"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
)

func TestAMetricIsAsOldAsTheServerSays(t *testing.T) {
	for name, tc := range map[string]struct {
		at   []time.Duration // when metrics were collected, before the answer; nil: it is not said
		skew time.Duration   // of the server's clock
		date bool
		low  time.Duration // how old it may be, at least this
		high time.Duration // and at most
	}{
		"not said":                  {nil, 0, true, 3 * time.Second, 3 * time.Second},
		"no clock":                  {[]time.Duration{time.Second}, 0, false, 3 * time.Second, 3 * time.Second},
		"a second ago":              {[]time.Duration{time.Second}, 0, true, time.Second, 2 * time.Second},
		"by a clock of its own":     {[]time.Duration{time.Second}, 40 * time.Minute, true, time.Second, 2 * time.Second},
		"the oldest counts":         {[]time.Duration{0, 2 * time.Second}, 0, true, 2 * time.Second, 3 * time.Second},
		"older than it should be":   {[]time.Duration{time.Second, 9 * time.Second}, 0, true, 9 * time.Second, 10 * time.Second},
		"one is not said":           {[]time.Duration{time.Second, -1}, 0, true, 3 * time.Second, 3 * time.Second},
		"a clock that does not fit": {[]time.Duration{-time.Hour}, 0, true, 3 * time.Second, 3 * time.Second},
		"and one that is far off":   {[]time.Duration{5 * time.Hour}, 0, true, 3 * time.Second, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &server{status: "running", jobs: []object{job("5", "orders", "running", "healthy", pe("3", "running", 1))}}
			srv.more = map[string]http.HandlerFunc{"GET /streams/instances/i/jobs/metricssnapshot": func(w http.ResponseWriter, r *http.Request) {
				now := time.Now().Add(tc.skew)
				w.Header()["Date"] = nil
				if tc.date {
					w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
				}
				metrics := []object{}
				for _, age := range tc.at {
					m := object{"name": "nCpuMilliseconds", "value": 1}
					if age != -1 {
						m["lastTimeRetrieved"] = now.Add(-age).UnixMilli()
					}
					metrics = append(metrics, m)
				}
				if tc.at == nil {
					metrics = append(metrics, object{"name": "nCpuMilliseconds", "value": 1})
				}
				p := pe("3", "running", 1)
				p["metrics"] = metrics
				srv.metrics = []object{{"id": "5", "pes": []object{p}}}
				delete(srv.more, "GET /streams/instances/i/jobs/metricssnapshot")
				srv.ServeHTTP(w, r)
			}}
			on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
				time.Sleep(400 * time.Millisecond) // clocks are not told in whole seconds
				if err := s.Track(providers.JobInfo{Path: "job.orders"}, []byte(`{"id":"5","name":"orders"}`)); err != nil {
					t.Fatal(err)
				}
				got := map[string]providers.Reading{}
				if err := s.Observe(t.Context(), func(r providers.Reading) { got[r.Path] = r }); err != nil {
					t.Fatal(err)
				}
				r, ok := got["job.orders.cpu_ms"]
				if !ok {
					t.Fatal("there is no sample")
				}
				age := got["job.orders.status"].High.Sub(r.Low)
				if age < tc.low || age > tc.high+50*time.Millisecond {
					t.Errorf("it may be %s old, want between %s and %s", age, tc.low, tc.high)
				}
			})
		})
	}
}
