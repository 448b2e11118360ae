package inetserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const host = "pe.example.com:8080"

// pes is the platform, as far as it knows launches.
type pes struct {
	n  int64
	at time.Time
}

func (*pes) Close() error { return nil }

func (p *pes) Launches(string, string) (n int64, at time.Time, ok bool) { return p.n, p.at, p.n > 0 }

// in runs a test in a bubble, against a server.
func in(t *testing.T, serve http.HandlerFunc, test func(t *testing.T, f *feed, p *pes, stop func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
		stop := n.Serve(t, host, ca.Certificate(t, "pe.example.com", time.Now().Add(time.Hour)), serve)
		env := providers.Env{Dial: n.Dial, ReadFile: func(string) ([]byte, error) { return ca.CA, nil }}
		s, err := Provider().Connect(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"url":"https://`+host+`","ca_file":"ca.pem"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		p := &pes{}
		env.Session = func(_, name string) (providers.Session, error) {
			if name == Name {
				return s, nil
			}
			return p, nil
		}
		test(t, &feed{env}, p, stop)
	})
}

func items(n int) []json.RawMessage {
	out := make([]json.RawMessage, n)
	for i := range out {
		out[i] = json.RawMessage(fmt.Sprintf(`{"id":%d,"text":"a b","none":null}`, i))
	}
	return out
}

func TestWhatBecameOfRecords(t *testing.T) {
	for _, tc := range []struct {
		name     string
		form     bool
		answer   func(rw http.ResponseWriter, n int) // the nth request, from 0
		outcome  providers.Outcome
		accepted int
		busy     bool
		words    string
	}{
		{name: "all taken", answer: func(rw http.ResponseWriter, _ int) { rw.WriteHeader(204) }, outcome: providers.Accepted, accepted: 3},
		{name: "all taken as forms", form: true, answer: func(rw http.ResponseWriter, _ int) { rw.WriteHeader(204) }, outcome: providers.Accepted, accepted: 3},
		{name: "the second refused", answer: func(rw http.ResponseWriter, n int) { rw.WriteHeader([]int{204, 400}[n]) }, outcome: providers.Refused, accepted: 1, words: "400 Bad Request"},
		{name: "no such operator", answer: func(rw http.ResponseWriter, _ int) { rw.WriteHeader(404) }, outcome: providers.Refused, words: "check `operator`"},
		{name: "busy", answer: func(rw http.ResponseWriter, _ int) { rw.WriteHeader(503) }, outcome: providers.Refused, busy: true, words: "503"},
		{name: "somebody in between", answer: func(rw http.ResponseWriter, _ int) { rw.WriteHeader(502) }, outcome: providers.Indeterminate, words: "502"},
		{name: "broken at the third", answer: func(rw http.ResponseWriter, n int) {
			if n == 2 {
				panic(http.ErrAbortHandler)
			}
			rw.WriteHeader(204)
		}, outcome: providers.Indeterminate, accepted: 2, words: "broke"},
		{name: "sent elsewhere", answer: func(rw http.ResponseWriter, _ int) {
			rw.Header().Set("Location", "https://elsewhere.example.com/")
			rw.WriteHeader(307)
		}, outcome: providers.Indeterminate, words: "redirects elsewhere"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			in(t, func(rw http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+" "+string(b))
				if r.Header.Get("Authorization") != "" {
					t.Error("it has credentials")
				}
				tc.answer(rw, len(got)-1)
			}, func(t *testing.T, f *feed, _ *pes, _ func()) {
				i, err := f.Inlet(t.Context(), "dc1", json.RawMessage(fmt.Sprintf(`{"operator":"/orders/Orders/","port":1,"form":%v}`, tc.form)))
				if err != nil {
					t.Fatal(err)
				}
				defer i.Close()
				r := i.Send(t.Context(), items(3))
				if r.Outcome != tc.outcome || r.Accepted != tc.accepted || r.Busy != tc.busy {
					t.Errorf("got %+v", r)
				}
				if tc.words == "" != (r.Err == nil) || r.Err != nil && (!strings.Contains(r.Err.Error(), tc.words) || !strings.Contains(r.Err.Error(), "dc1")) {
					t.Errorf("it says %v, want %q", r.Err, tc.words)
				}
			})
			want := `POST /orders/Orders/ports/output/1/inject application/json {"id":0,"text":"a b","none":null}`
			if tc.form {
				want = `POST /orders/Orders/ports/output/1/inject application/x-www-form-urlencoded ` + url.Values{"id": {"0"}, "text": {"a b"}, "none": {"null"}}.Encode()
			}
			if got[0] != want {
				t.Error(cmp.Diff(want, got[0]))
			}
		})
	}
}

// Where the server goes away between two records, the rest is surely not in and may be sent again.
func TestRecordsThatCannotHaveLeftMayBeSentAgain(t *testing.T) {
	in(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) }, func(t *testing.T, f *feed, _ *pes, stop func()) {
		i, err := f.Inlet(t.Context(), "dc1", json.RawMessage(`{"operator":"Orders"}`))
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if r := i.Send(t.Context(), items(2)); r.Outcome != providers.Unreached || r.Accepted != 0 {
			t.Errorf("got %+v", r)
		}
	})
	if _, _, err := form(json.RawMessage(`{"text":"` + strings.Repeat("x", maxForm) + `"}`)); err == nil || !strings.Contains(err.Error(), "the operator reads 200000") {
		t.Errorf("a form that is too large: %v", err)
	}
}

func TestAWindowIsReadOnceAndGapsAreTold(t *testing.T) {
	window := ""
	in(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/orders/Results/ports/input/0/tuples" {
			rw.WriteHeader(404)
			return
		}
		_, _ = io.WriteString(rw, window)
	}, func(t *testing.T, f *feed, p *pes, _ func()) {
		o, err := f.Outlet(t.Context(), "dc1", json.RawMessage(`{"operator":"orders/Results","job":"job.orders"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		p.n, p.at = 1, time.Now()
		for n, step := range []struct {
			window   string
			launches int64
			want     string
			gap      string
			err      string
		}{
			{window: `[]`, want: ""},
			{window: `[{"id":1},{"id":2}]`, want: `{"id":1} {"id":2}`},
			{window: `[{"id":1},{"id":2},{"id":3}]`, want: `{"id":3}`},
			{window: `[{"id":3},{"id":4}]`, want: `{"id":4}`},
			{window: `{}`, err: "not the JSON array"},
			{window: `[{"id":3},{"id":4}]`, want: ``},
			{window: `[{"id":7},{"id":8}]`, want: `{"id":7} {"id":8}`, gap: "restarted"},
			{window: `[]`, want: ``, gap: "restarted"},
			{window: `[]`, want: ``},
			{window: `[{"jsonString":"{\"id\": 9}"},{"jsonString":"no"},{"jsonString":"{}","more":1}]`, want: `{"id": 9} {"jsonString":"no"} {"jsonString":"{}","more":1}`},
			{window: `[{"jsonString":"{}","more":1}]`, launches: 2, want: ``, gap: "restarted"},
		} {
			window = step.window
			if step.launches > 0 {
				p.n, p.at = step.launches, time.Now()
			}
			<-time.After(time.Second)
			out, err := o.Read(t.Context())
			if (err == nil) != (step.err == "") || err != nil && !strings.Contains(err.Error(), step.err) {
				t.Errorf("read %d: %v, want %q", n, err, step.err)
				continue
			}
			var got []string
			for _, it := range out.Items {
				got = append(got, string(it))
			}
			gap := ""
			if out.Gap != nil {
				gap = out.Gap.Cause
			}
			if strings.Join(got, " ") != step.want || gap != step.gap {
				t.Errorf("read %d: %v, gap %q; want %s, gap %q", n, got, gap, step.want, step.gap)
			}
		}
	})
}

func TestCheckSaysWhetherTheServerIsOne(t *testing.T) {
	status := http.StatusOK
	in(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ports/info" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		rw.WriteHeader(status)
	}, func(t *testing.T, f *feed, _ *pes, stop func()) {
		check := func() providers.Finding {
			s, _, err := f.open("dc1", json.RawMessage(`{"operator":"x"}`))
			if err != nil {
				t.Fatal(err)
			}
			return s.Check(context.WithoutCancel(t.Context()))[0]
		}
		if got := check(); !got.OK {
			t.Errorf("a server that answers: %+v", got)
		}
		if status = http.StatusNotFound; check().OK {
			t.Error("a server that has no ports is taken for one")
		}
		if stop(); !check().OK { // the application may not run yet
			t.Errorf("a server that is not there yet: %+v", check())
		}
	})
}

func TestArgumentsAreChecked(t *testing.T) {
	for text, want := range map[string]string{`{"operator":""}`: "no path", `{"operator":"a//b"}`: "no path", `{"operator":"a/../b"}`: "no path", `{"operator":"a?b"}`: "no path", `{"operator":"ctx/Op"}`: "", `{"operator":"Main.Op"}`: ""} {
		if _, err := decode(json.RawMessage(text)); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	at := []string{"dc1", "dc2"}
	targets := map[string]providers.Target{"dc1": {Connections: map[string]json.RawMessage{Name: json.RawMessage(`{}`)}}, "dc2": {}}
	for i, want := range []string{"", "dc2 has no inetserver block"} {
		d, found := describe(providers.Scope{Targets: targets, Target: at[i], At: at}, json.RawMessage(`{"operator":"ctx/Op"}`))
		if len(d.Effects) != 1 || d.Effects[0].Text != "POST /ctx/Op/ports/output/0/inject  one record each" || d.Effects[0].Place != at[i] {
			t.Errorf("%+v", d)
		}
		if found.HasErrors() != (want != "") || want != "" && !strings.Contains(found[0].Summary, want) {
			t.Errorf("%s: %v", at[i], found)
		}
	}
	for block, want := range map[string]string{`{"url":"http://10.0.1.10:8080"}`: "10.0.1.10:8080", `{"url":"https://[fd00::1]/x"}`: "[fd00::1]:443", `{"url":"nowhere"}`: "", ``: ""} {
		if got := Address(json.RawMessage(block)); got != want {
			t.Errorf("%s is at %q, want %q", block, got, want)
		}
	}
}

// Whatever a window holds: items are JSON, and what is unwrapped is an object.
func FuzzWindow(f *testing.F) {
	for _, s := range []string{`[{"jsonString":"{\"a\":1}"}]`, `[{"jsonString":" "},1,null]`, `[`, `{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, window []byte) {
		var items []json.RawMessage
		if json.Unmarshal(window, &items) != nil {
			return
		}
		for _, it := range items {
			if got := unwrapped(it); !json.Valid(got) {
				t.Errorf("%s became %s", it, got)
			}
		}
	})
}
