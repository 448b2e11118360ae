package dataexchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const dataHost = "data.example.com:8444"

// platform stands in for the streams session.
type platform struct {
	services []string
	jobs     map[string][2]string
	err      error
	launches int64
	seen     time.Time
}

func (p *platform) Launches(string, string) (int64, time.Time, bool) {
	return p.launches, p.seen, p.launches > 0
}

func (p *platform) Close() error                                       { return nil }
func (p *platform) DataServices(context.Context) ([]string, error)     { return p.services, p.err }
func (p *platform) Login(context.Context) (user, pw string, err error) { return "xdc", "hunter2", nil }

func (p *platform) JobAt(path string) (id, name string, ok bool) {
	j, ok := p.jobs[path]
	return j[0], j[1], ok
}

func (p *platform) JobIDs() []string {
	var out []string
	for _, j := range p.jobs {
		out = append(out, j[0])
	}
	return out
}

// world is a data service and who talks to it.
type world struct {
	network  *providertest.Network
	ca       *providertest.Authority
	platform *platform
	mux      *http.ServeMux
	feed     *feed
	stop     func()
	listing  string
	pong     func() bool // whether a ping is answered; nil: all are
}

// in runs a test in a bubble.
func in(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
		w := &world{
			network: n, ca: ca,
			platform: &platform{services: []string{"https://" + dataHost + "/data"}, jobs: map[string][2]string{"job.orders": {"5", "orders"}}},
			mux:      http.NewServeMux(),
			listing:  `{"jobs":[{"id":"5","inject":[{"name":"Orders","uri":"https://inside:1/in"}],"inspect":[{"name":"Results","uri":"/out"}]}]}`,
		}
		w.mux.HandleFunc("/data", func(rw http.ResponseWriter, r *http.Request) {
			if u, p, _ := r.BasicAuth(); u != "xdc" || p != "hunter2" {
				rw.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = io.WriteString(rw, w.listing)
		})
		w.stop = n.Serve(t, dataHost, ca.Certificate(t, "data.example.com", time.Now().Add(time.Hour)), w.mux)
		env := providers.Env{Dial: n.Dial, ReadFile: func(string) ([]byte, error) { return ca.CA, nil }}
		s, err := newSession(env, providers.Target{Name: "dc1", Connections: map[string]json.RawMessage{"streams": json.RawMessage(`{"ca_file":"ca.pem"}`)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.env.Session = func(_, provider string) (providers.Session, error) {
			if provider == Name {
				return s, nil
			}
			return w.platform, nil
		}
		w.feed = &feed{s.env}
		test(t, w)
	})
}

func (w *world) inlet(t *testing.T, args string) providers.Inlet {
	t.Helper()
	i, err := w.feed.Inlet(t.Context(), "dc1", json.RawMessage(args))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (w *world) outlet(t *testing.T, args string) providers.Outlet {
	t.Helper()
	o, err := w.feed.Outlet(t.Context(), "dc1", json.RawMessage(args))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func items(n int) []json.RawMessage {
	out := make([]json.RawMessage, n)
	for i := range out {
		out[i] = json.RawMessage(fmt.Sprintf(`{"id":%d}`, i))
	}
	return out
}

const ordersArgs = `{"endpoint":"Orders","job":"job.orders"}`

func TestWhatBecameOfRecords(t *testing.T) {
	for _, tc := range []struct {
		name     string
		answer   func(w http.ResponseWriter, r *http.Request)
		outcome  providers.Outcome
		accepted int
		busy     bool
		words    string
	}{
		{name: "204", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, outcome: providers.Accepted, accepted: 3},
		{
			name: "413 with a part", outcome: providers.Refused, accepted: 2, busy: true, words: "buffer is full",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(413)
				_, _ = io.WriteString(w, `{"addedItems":2,"messages":[{"message":"The buffer is full."}]}`)
			},
		},
		{
			name: "413 with nothing", outcome: providers.Refused, busy: true, words: "413",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(413)
				_, _ = io.WriteString(w, `{"addedItems":0}`)
			},
		},
		{
			name: "413 with all", outcome: providers.Accepted, accepted: 3,
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(413)
				_, _ = io.WriteString(w, `{"addedItems":3}`)
			},
		},
		{
			name: "413 with more than all", outcome: providers.Indeterminate, words: "added 9 items of 3",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(413)
				_, _ = io.WriteString(w, `{"addedItems":9}`)
			},
		},
		{
			name: "503 that asks for time", outcome: providers.Refused, busy: true, words: "503",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(503)
			},
		},
		{
			name: "413 in other words", outcome: providers.Refused, words: "413",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(413)
				_, _ = io.WriteString(w, `too large`)
			},
		},
		{name: "400", answer: func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"messages":[{"message":"Not an item."}]}`, 400)
		}, outcome: providers.Refused, words: "Not an item."},
		{name: "401", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, outcome: providers.Refused, words: "`password`"},
		{name: "503", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, outcome: providers.Refused, words: "503"},
		{name: "504 of somebody in between", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(504) }, outcome: providers.Indeterminate, words: "504"},
		{name: "429", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, outcome: providers.Refused, busy: true, words: "429"},
		{name: "the connection breaks", answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, outcome: providers.Indeterminate, words: "broke"},
		{name: "no answer", answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, outcome: providers.Indeterminate, words: "within 10s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.mux.HandleFunc("/in", func(rw http.ResponseWriter, r *http.Request) {
					b, _ := io.ReadAll(r.Body)
					if string(b) != `{"items":[{"id":0},{"id":1},{"id":2}]}` || r.Header.Get("Content-Type") != "application/json" {
						t.Errorf("sent %s as %s", b, r.Header.Get("Content-Type"))
					}
					tc.answer(rw, r)
				})
				before := time.Now()
				got := w.inlet(t, ordersArgs).Send(t.Context(), items(3))
				if got.Outcome != tc.outcome || got.Accepted != tc.accepted || got.Busy != tc.busy {
					t.Errorf("got %+v", got)
				}
				if got.Sent.Before(before) || got.Answered.Before(got.Sent) {
					t.Errorf("sent %v, answered %v", got.Sent, got.Answered)
				}
				if tc.words != "" && (got.Err == nil || !strings.Contains(got.Err.Error(), tc.words) || !strings.Contains(got.Err.Error(), "dc1")) {
					t.Errorf("the error %v does not say %q", got.Err, tc.words)
				}
				if got.Err != nil && strings.Contains(got.Err.Error(), "hunter2") {
					t.Error("the password is in the error")
				}
			})
		})
	}
}

func TestRecordsThatCannotHaveLeftAreUnreached(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.mux.HandleFunc("/in", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
		i := w.inlet(t, ordersArgs)
		if got := i.Send(t.Context(), items(1)); got.Outcome != providers.Accepted {
			t.Fatalf("got %+v", got)
		}
		w.stop() // the kept connection is cut, and nobody listens any more
		if got := i.Send(t.Context(), items(1)); got.Outcome != providers.Unreached {
			t.Errorf("got %+v", got)
		}
	})
	in(t, func(t *testing.T, w *world) {
		w.platform.services = nil
		got := w.inlet(t, ordersArgs).Send(t.Context(), items(1))
		if got.Outcome != providers.Unreached || !strings.Contains(got.Err.Error(), "no running data service") {
			t.Errorf("without a service: %+v", got)
		}
	})
	in(t, func(t *testing.T, w *world) {
		got := w.inlet(t, `{"endpoint":"Ordars","job":"job.orders"}`).Send(t.Context(), items(1))
		if got.Outcome != providers.Unreached || !strings.Contains(got.Err.Error(), "does not list it") || !strings.Contains(got.Err.Error(), "Orders") {
			t.Errorf("with a wrong name: %+v", got)
		}
	})
}

func TestAJobThatMovedIsFoundAgain(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		old, fresh := 0, 0
		w.mux.HandleFunc("/in", func(rw http.ResponseWriter, _ *http.Request) {
			if old++; old > 1 {
				rw.WriteHeader(404)
			}
		})
		w.mux.HandleFunc("/new", func(http.ResponseWriter, *http.Request) { fresh++ })
		i := w.inlet(t, ordersArgs)
		i.Send(t.Context(), items(1))
		w.platform.jobs["job.orders"] = [2]string{"6", "orders"}
		w.listing = `{"jobs":[{"id":"6","inject":[{"name":"Orders","uri":"/new"}]}]}`
		// Nothing was taken at the old place, so that the same records may go to the new one at once.
		if got := i.Send(t.Context(), items(1)); got.Outcome != providers.Accepted || old != 2 || fresh != 1 {
			t.Errorf("at the new place: %+v, %d and %d requests", got, old, fresh)
		}
		w.mux.HandleFunc("/gone", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(404) })
		w.listing = `{"jobs":[{"id":"6","inject":[{"name":"Orders","uri":"/gone"}]}]}`
		if got := w.inlet(t, ordersArgs).Send(t.Context(), items(1)); got.Outcome != providers.Refused {
			t.Errorf("where it is listed and not there: %+v", got)
		}
	})
}

// Many that look for an endpoint at once share the looking, and none of them is told what was so before it asked.
func TestLookingForAnEndpointIsShared(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		looks, there := 0, false
		w.platform.services = []string{"https://" + dataHost + "/slow"}
		w.mux.HandleFunc("/slow", func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			looks++
			now := `{"jobs":[]}`
			if there {
				now = w.listing
			}
			mu.Unlock()
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(rw, now)
		})
		w.mux.HandleFunc("/in", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
		i := w.inlet(t, ordersArgs)
		got := make(chan providers.Receipt, 20)
		send := func(limit time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			got <- i.Send(ctx, items(1))
		}
		go send(time.Second)
		<-time.After(10 * time.Millisecond)
		mu.Lock()
		there = true
		mu.Unlock()
		go send(20 * time.Millisecond) // gives up before anything is known
		for range 9 {
			go send(time.Second)
			<-time.After(5 * time.Millisecond)
		}
		count := map[providers.Outcome]int{}
		for range 11 {
			count[(<-got).Outcome]++
		}
		mu.Lock()
		defer mu.Unlock()
		if looks != 2 || count[providers.Accepted] != 9 || count[providers.Unreached] != 2 {
			t.Errorf("%d looks, outcomes %v; want 2, and only the first and the impatient one without success", looks, count)
		}
	})
}

// At a target where the seed's own job does not run, the endpoint of the job that runs there is used.
func TestAnotherJobsEndpointServesWhereTheSeedsJobDoesNotRun(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.platform.jobs = map[string][2]string{"job.standby": {"9", "launched"}}
		w.listing = `{"jobs":[{"id":"8","inject":[{"name":"Orders","uri":"/foreign"}]},{"id":"9","inject":[{"name":"Orders","uri":"/in"}]}]}`
		w.mux.HandleFunc("/in", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
		if got := w.inlet(t, ordersArgs).Send(t.Context(), items(1)); got.Outcome != providers.Accepted {
			t.Errorf("got %+v", got)
		}
	})
}

func TestReadingGoesOnWhereItStopped(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		s := &sink{size: 10, inclusive: true, warns: true}
		up := true
		w.mux.HandleFunc("/out", func(rw http.ResponseWriter, r *http.Request) {
			if !up {
				rw.WriteHeader(503)
				return
			}
			var since int64
			_, _ = fmt.Sscan(r.Header.Get(sinceHeader), &since)
			p := s.get(since, 0)
			if p.items == nil {
				p.items = []json.RawMessage{}
			}
			rw.Header().Set(stampHeader, fmt.Sprint(p.stamp))
			body := map[string]any{"items": p.items}
			if p.warned {
				body["warning"] = "tuples were dropped"
			}
			_ = json.NewEncoder(rw).Encode(body)
		})
		o := w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`)
		var last time.Time
		read := func() providers.Output {
			t.Helper()
			<-time.After(time.Second)
			out, err := o.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if out.Low.Before(last) || out.High.Before(out.Low) {
				t.Errorf("read in [%v, %v]", out.Low, out.High)
			}
			return out
		}
		if out := read(); len(out.Items) != 0 || out.Gap != nil {
			t.Errorf("an empty sink gives %+v", out)
		}
		s.put(10, `{"id":1}`)
		s.put(10, `{"id":2}`)
		if out := read(); len(out.Items) != 2 || out.Gap != nil {
			t.Errorf("got %+v", out)
		}
		s.put(10, `{"id":3}`) // in the same millisecond
		seen := read()
		if len(seen.Items) != 1 || seen.Gap != nil {
			t.Errorf("got %+v", seen)
		}
		up = false
		if _, err := o.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("a failing sink says %v", err)
		}
		up = true
		for i := range 30 { // more than the ring holds
			s.put(int64(20+i), fmt.Sprintf(`{"id":%d}`, 100+i))
		}
		out := read()
		if out.Gap == nil || out.Gap.Cause != "evicted" || !out.Gap.Since.Equal(seen.Low) || len(out.Items) != 10 {
			t.Errorf("after an overflow: %d items, gap %+v; want one since %v", len(out.Items), out.Gap, seen.Low)
		}
		if out := read(); out.Gap != nil || len(out.Items) != 0 {
			t.Errorf("the gap is told twice: %+v", out)
		}
		// The job is submitted again: another URL, another buffer.
		w.platform.jobs["job.orders"] = [2]string{"6", "orders"}
		w.listing = `{"jobs":[{"id":"6","inspect":[{"name":"Results","uri":"/out2"}]}]}`
		w.mux.HandleFunc("/out2", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, `{"items":[{"id":7}]}`) })
		o.(*outlet).lost()
		if out := read(); out.Gap == nil || out.Gap.Cause != "restarted" || len(out.Items) != 1 {
			t.Errorf("after the move: %+v", out)
		}
	})
}

// A buffer that was empty, filled and emptied again between two reads looks the same; the launches of its PE tell.
func TestALaunchOfTheSinksPEIsAGap(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.mux.HandleFunc("/out", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, `{"items":[]}`) })
		o := w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`)
		w.platform.launches, w.platform.seen = 1, time.Now()
		calm := w.platform.seen
		for range 3 {
			if out, err := o.Read(t.Context()); err != nil || out.Gap != nil {
				t.Fatalf("got %+v, %v", out, err)
			}
			<-time.After(time.Second)
		}
		w.platform.launches, w.platform.seen = 2, time.Now()
		out, err := o.Read(t.Context())
		if err != nil || out.Gap == nil || !out.Gap.Since.Equal(calm) {
			t.Errorf("got %+v, %v; want a gap since %v", out.Gap, err, calm)
		}
		if out, err := o.Read(t.Context()); err != nil || out.Gap != nil {
			t.Errorf("the gap is told twice: %+v, %v", out.Gap, err)
		}
	})
}

func TestAnswersThatAreNoneAreErrors(t *testing.T) {
	for _, body := range []string{"", "nonsense", `{"item":[]}`, `{"items":`, `[]`, `{"items":null}`} {
		in(t, func(t *testing.T, w *world) {
			w.mux.HandleFunc("/out", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, body) })
			if out, err := w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`).Read(t.Context()); err == nil {
				t.Errorf("%q is read as %+v", body, out)
			}
		})
	}
}

func TestCheckSaysWhetherTheServiceAnswers(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		s, _ := w.feed.session("dc1")
		if f := s.Check(t.Context()); len(f) != 1 || !f[0].OK {
			t.Errorf("got %+v", f)
		}
		w.platform.err = errors.New("no route")
		if f := s.Check(t.Context()); len(f) != 1 || f[0].OK || !strings.Contains(f[0].Text, "no route") {
			t.Errorf("got %+v", f)
		}
	})
}

func FuzzPage(f *testing.F) {
	for _, s := range []string{`{"items":[{"a":1}]}`, `{"items":[],"warning":"x"}`, `{"items":[1,"a",null]}`, `[]`, ``} {
		f.Add([]byte(s), "17", int64(3))
	}
	f.Fuzz(func(t *testing.T, body []byte, stamp string, was int64) {
		p, err := parse(&https.Answer{Status: 200, Header: http.Header{stampHeader: {stamp}}, Body: body})
		if err != nil {
			return
		}
		s := sight{stamp: was}
		for range 3 {
			if got, _ := s.take(p); len(got) > len(p.items) {
				t.Error("more items than there were")
			}
		}
	})
}
