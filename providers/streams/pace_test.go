package streams

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
)

func TestAServerIsNeverSentMoreThanItsRateBySessionsTogether(t *testing.T) {
	var mu sync.Mutex
	var at []time.Time
	srv := &server{status: "running", all: func() {
		mu.Lock()
		defer mu.Unlock()
		at = append(at, time.Now())
	}}
	on(t, srv, func(t *testing.T, env providers.Env, _ *Session) {
		env.Throttles = &providers.Throttles{}
		const most = 8
		args := func(n string) json.RawMessage {
			return json.RawMessage(`{"url":"https://streams:8443/streams","instance":"i","username":"xdc","password":{"secret":"var.p"},"ca_file":"ca.pem","max_requests_per_second":` + n + `}`)
		}
		var wg sync.WaitGroup
		var healed time.Duration
		for i, n := range []string{"8", "100"} {
			s, err := newSession(env, providers.Target{Name: "dc1"}, args(n))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			wg.Go(func() {
				for range 20 {
					if err := s.Observe(t.Context(), func(providers.Reading) {}); err != nil {
						t.Error(err)
					}
				}
			})
			if i == 0 {
				wg.Go(func() {
					time.Sleep(3 * time.Second)
					began := time.Now()
					if _, err := s.now(t.Context()); err != nil {
						t.Error(err)
					}
					healed = time.Since(began)
				})
			}
		}
		wg.Wait()
		for i := most; i < len(at); i++ {
			if d := at[i].Sub(at[i-most]); d < time.Second-time.Millisecond {
				t.Errorf("%d requests within %s", most+1, d)
			}
		}
		if len(at) < 40 {
			t.Errorf("there were %d requests only", len(at))
		}
		if healed > 500*time.Millisecond {
			t.Errorf("what is no poll waited %s behind polls", healed)
		}
	})
}

func TestWhatIsReadHoldsAsLongAsSlowRoundsTake(t *testing.T) {
	slow := 2 * time.Second
	srv := &server{status: "running"}
	srv.more = map[string]http.HandlerFunc{"GET /streams/instances/i": func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(slow)
		serveText(`{"id":"i","status":"running"}`)(w, r)
	}}
	on(t, srv, func(t *testing.T, _ providers.Env, s *Session) {
		if r := round(t, s)["instance.status"]; r.ValidFor != 0 {
			t.Errorf("in the first round it holds for %s, want what the engine says", r.ValidFor)
		}
		if r := round(t, s)["instance.status"]; r.ValidFor < 3*slow {
			t.Errorf("it holds for %s, and a round takes %s", r.ValidFor, slow)
		}
	})
}

func TestIdleIntervals(t *testing.T) {
	for args, want := range map[string][2]time.Duration{
		`{}`:                      {time.Second, 3 * time.Second},
		`{"poll_interval":"2s"}`:  {2 * time.Second, 5 * time.Second},
		`{"poll_interval":"10s"}`: {10 * time.Second, 10 * time.Second},
		`{"poll_interval":"2s","idle_poll_interval":"1m"}`: {2 * time.Second, time.Minute},
		`{"poll_interval":"2s","idle_poll_interval":"1s"}`: {2 * time.Second, 2 * time.Second},
	} {
		s := &Session{}
		if err := json.Unmarshal([]byte(args), &s.cfg); err != nil {
			t.Fatal(err)
		}
		if s.Interval() != want[0] || s.IdleInterval() != want[1] {
			t.Errorf("%s: %s and %s, want %v", args, s.Interval(), s.IdleInterval(), want)
		}
	}
}
