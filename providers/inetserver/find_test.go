package inetserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

// operators is the platform, as far as it knows metrics.
type operators struct {
	asked   int
	metrics map[string]int64
	err     error
}

func (*operators) Close() error { return nil }

func (o *operators) OperatorMetrics(_ context.Context, job, operator string) (map[string]int64, error) {
	if o.asked++; job != "job.orders" || operator != "Orders" {
		return nil, errors.New("no such operator")
	}
	return o.metrics, o.err
}

func TestAnOperatorSaysWhereItListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := providertest.NewNetwork()
		got := ""
		listen := func(port string) (stop func()) {
			return n.Serve(t, "pe.example.com:"+port, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.ReadAll(r.Body)
				got += " " + port
				w.WriteHeader(http.StatusNoContent)
			}))
		}
		stop := listen("8080")
		listen("9001")
		listen("9002")
		o := &operators{err: errors.New("it does not run yet")}
		env := providers.Env{Dial: n.Dial, Session: func(string, string) (providers.Session, error) { return o, nil }}
		connect := func(args string) *session {
			t.Helper()
			s, err := newSession(env, providers.Target{Name: "dc1"}, json.RawMessage(args))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		}
		s := connect(`{"url":"http://pe.example.com:8080","discover":true}`)
		send := func(s *session) providers.Outcome {
			i := &inlet{s, flow{Operator: "orders/Orders", Job: "job.orders"}}
			return i.Send(t.Context(), items(1)).Outcome
		}
		send(s) // as long as it does not say, at the URL's
		o.err, o.metrics = nil, map[string]int64{"serverPort": 70_000}
		send(s)
		o.metrics = map[string]int64{"serverPort": 9001}
		send(s)
		send(s) // it is asked once
		asked := o.asked
		o.metrics = map[string]int64{"serverPort": 9003}
		send(s)
		if o.asked != asked {
			t.Error("it is asked each time")
		}
		if diff := cmp.Diff(" 8080 8080 9001 9001 9001", got); diff != "" {
			t.Error(diff)
		}
		stop()
		got = ""
		plain := connect(`{"url":"http://pe.example.com:8080"}`)
		if out := send(plain); out == providers.Accepted || got != "" {
			t.Errorf("without discover it sends to%s: %v", got, out)
		}
		// Launched again, it listens elsewhere.
		s.lost(flow{Operator: "orders/Orders"})
		if out := send(s); out == providers.Accepted {
			t.Errorf("nobody listens at 9003, and it says %v", out)
		}
		o.metrics = map[string]int64{"serverPort": 9002}
		if out := send(s); out != providers.Accepted || got != " 9002" {
			t.Errorf("it sends to%s: %v", got, out)
		}
		tls := connect(`{"url":"https://pe.example.com:8080","discover":true}`)
		if u := tls.where(t.Context(), flow{Operator: "orders/Orders", Job: "job.orders"}); u.String() != "https://pe.example.com:9002" {
			t.Errorf("what is to be encrypted goes to %s", u)
		}
		o.metrics["https"] = 1
		s.lost(flow{Operator: "orders/Orders"})
		if u := s.where(t.Context(), flow{Operator: "orders/Orders", Job: "job.orders"}); u.String() != "https://pe.example.com:9002" {
			t.Errorf("with TLS it is %s", u)
		}
		time.Sleep(time.Second)
	})
}

func TestAProbeHasTwoEnds(t *testing.T) {
	in, out, err := ends(json.RawMessage(`{"operator":"a/In","results":"a/Out","form":true,"job":"job.a","poll_interval":"20ms"}`))
	if err != nil {
		t.Fatal(err)
	}
	var i, o flow
	var poll struct {
		Poll string `json:"poll_interval"`
	}
	for raw, into := range map[string]any{string(in): &i, string(out): &o} {
		if err := json.Unmarshal([]byte(raw), into); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(out, &poll); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{flow{Operator: "a/In", Form: true, Job: "job.a"}, flow{Operator: "a/Out", Job: "job.a"}, "20ms"}, []any{i, o, poll.Poll}); diff != "" {
		t.Error(diff)
	}
	if _, _, err := ends(json.RawMessage(`{"operator":7}`)); err == nil {
		t.Error("an operator that is a number is taken")
	}
}
