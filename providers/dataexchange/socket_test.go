package dataexchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
)

const (
	sendArgs = `{"endpoint":"Orders","job":"job.orders","transport":"websocket"}`
	readArgs = `{"endpoint":"Results","job":"job.orders","transport":"websocket"}`
)

// sockets adds the WebSocket URIs to the listing and serves them.
func (w *world) sockets(t *testing.T, serve func(ctx context.Context, c *websocket.Conn)) {
	t.Helper()
	w.listing = `{"jobs":[{"id":"5","inject":[{"name":"Orders","uri":"https://inside:1/in","websocketUri":"wss://inside:1/socket"}],
		"inspect":[{"name":"Results","uri":"/out","websocketUri":"wss://inside:1/socket"}]}]}`
	w.mux.HandleFunc("/socket", func(rw http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != "xdc" || p != "hunter2" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		c, err := websocket.Accept(rw, r, &websocket.AcceptOptions{OnPingReceived: func(context.Context, []byte) bool { return w.pong == nil || w.pong() }})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(maxFrame)
		serve(t.Context(), c) //nolint:contextcheck // the connection outlives the request
	})
}

func TestWhatBecameOfRecordsSentBySocket(t *testing.T) {
	hold := func(ctx context.Context, c *websocket.Conn) { _, _, _ = c.Read(ctx) }
	for _, tc := range []struct {
		name     string
		serve    func(ctx context.Context, c *websocket.Conn)
		prepare  func(w *world)
		want     providers.Outcome
		accepted int
		err      string
	}{
		{"taken in", func(ctx context.Context, c *websocket.Conn) {
			for {
				if _, _, err := c.Read(ctx); err != nil {
					return
				}
			}
		}, nil, providers.Accepted, 3, ""},
		{"the service closes after it has read them", hold, nil, providers.Indeterminate, 0, "the connection broke"},
		{"the service closes with a reason", func(ctx context.Context, c *websocket.Conn) {
			_, _, _ = c.Read(ctx)
			_ = c.Close(websocket.StatusGoingAway, "the job\x1b[31m is gone")
		}, nil, providers.Indeterminate, 0, "closed the connection with status 1001: the job [31m is gone"},
		{"the service never reads on", func(ctx context.Context, c *websocket.Conn) {
			_, _, _ = c.Read(ctx)
			<-ctx.Done()
		}, nil, providers.Indeterminate, 0, "nothing within 10s"},
		{"nothing listens", hold, func(w *world) { w.stop() }, providers.Unreached, 0, "connection refused"},
		{"no WebSocket is listed", hold, func(w *world) {
			w.listing = `{"jobs":[{"id":"5","inject":[{"name":"Orders","uri":"https://inside:1/in"}]}]}`
		}, providers.Unreached, 0, "lists no WebSocket URIs"},
		{"the service does not change protocols", hold, func(w *world) {
			w.listing = strings.ReplaceAll(w.listing, "/socket", "/none")
		}, providers.Refused, 0, "404 Not Found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.sockets(t, tc.serve)
				if tc.prepare != nil {
					tc.prepare(w)
				}
				i := w.inlet(t, sendArgs)
				r := i.Send(t.Context(), items(3))
				if r.Outcome != tc.want || r.Accepted != tc.accepted {
					t.Errorf("outcome %d with %d accepted, want %d with %d: %v", r.Outcome, r.Accepted, tc.want, tc.accepted, r.Err)
				}
				if tc.err == "" && r.Err != nil || tc.err != "" && (r.Err == nil || !strings.Contains(r.Err.Error(), tc.err)) {
					t.Errorf("error %v, want %q", r.Err, tc.err)
				}
				if r.Sent.After(r.Answered) {
					t.Error("answered before it was sent")
				}
				if err := i.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestMessagesAreBoundedAndWhatWasTakenBeforeAFailureIsIn(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		var sizes []int
		w.sockets(t, func(ctx context.Context, c *websocket.Conn) {
			for len(sizes) < 2 {
				_, text, err := c.Read(ctx)
				if err != nil {
					return
				}
				sizes = append(sizes, len(text))
			}
			_, _, _ = c.Read(ctx) // and goes away with the third message in hand
		})
		i := w.inlet(t, sendArgs)
		defer i.Close()
		big := make([]json.RawMessage, 40)
		for n := range big {
			big[n] = json.RawMessage(fmt.Sprintf(`{"id":%d,"text":"%s"}`, n, strings.Repeat("x", 100<<10)))
		}
		r := i.Send(t.Context(), big)
		if r.Outcome != providers.Indeterminate || r.Accepted != 20 {
			t.Errorf("outcome %d with %d accepted, want indeterminate with 20: %v", r.Outcome, r.Accepted, r.Err)
		}
		for _, n := range sizes {
			if n > maxSent+100 {
				t.Errorf("a message has %d bytes", n)
			}
		}
	})
}

func TestAConnectionThatDiedWhileIdleIsNotUsedAgain(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		opened, pings := 0, 0
		w.pong = func() bool { // the first connection answers once, and then goes deaf without being closed
			pings++
			return opened > 1 || pings == 1
		}
		w.sockets(t, func(ctx context.Context, c *websocket.Conn) {
			opened++
			for {
				if _, _, err := c.Read(ctx); err != nil {
					return
				}
			}
		})
		i := w.inlet(t, sendArgs)
		defer i.Close()
		if r := i.Send(t.Context(), items(1)); r.Outcome != providers.Accepted {
			t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
		}
		<-time.After(keepAlive + 2*DefaultTimeout)
		if r := i.Send(t.Context(), items(1)); r.Outcome != providers.Accepted || opened != 2 {
			t.Errorf("outcome %d after %d connections: %v", r.Outcome, opened, r.Err)
		}
	})
}

// sinkSocket is a service's sink: every connection first gets what it holds, if it replays, and then what comes.
type sinkSocket struct {
	replays bool
	held    []string
	cut     func()
	send    func(text string)
}

// serve begins to read, and with that to answer pings, when everything else is done: a ping that is answered says so.
func (s *sinkSocket) serve(ctx context.Context, c *websocket.Conn) {
	s.cut = func() { _ = c.CloseNow() }
	s.send = func(text string) { _ = c.Write(ctx, websocket.MessageText, []byte(text)) }
	if s.replays && len(s.held) > 0 {
		s.send(`{"items":[` + strings.Join(s.held, ",") + `]}`)
	}
	<-c.CloseRead(ctx).Done()
}

func (s *sinkSocket) push(ids ...string) {
	s.held = append(s.held, ids...)
	s.send(`{"items":[` + strings.Join(ids, ",") + `]}`)
}

func TestWhatASocketGivesComesOnceAndGapsAreTold(t *testing.T) {
	const a, b, c, d = `{"id":"a"}`, `{"id":"b"}`, `{"id":"c"}`, `{"id":"d"}`
	type read struct {
		want []string
		gap  string
	}
	for _, tc := range []struct {
		name  string
		sink  sinkSocket
		steps []func(s *sinkSocket)
		reads []read
	}{
		{
			"what was there before, then what comes",
			sinkSocket{replays: true, held: []string{a}},
			[]func(s *sinkSocket){func(s *sinkSocket) { s.push(b, c) }, func(*sinkSocket) {}, func(s *sinkSocket) { s.push(a) }},
			[]read{{want: []string{a}}, {want: []string{b, c}}, {}, {want: []string{a}}},
		},
		{
			"a connection that is lost",
			sinkSocket{replays: true, held: []string{a, b}},
			[]func(s *sinkSocket){func(s *sinkSocket) { s.push(c); s.cut(); s.held = append(s.held, d) }},
			[]read{{want: []string{a, b}}, {want: []string{c, d}}},
		},
		{
			"a connection that is lost, to a service that does not begin again",
			sinkSocket{held: []string{a}},
			[]func(s *sinkSocket){func(s *sinkSocket) { s.push(b) }, func(s *sinkSocket) { s.cut() }, func(s *sinkSocket) { s.push(c) }},
			[]read{{}, {want: []string{b}}, {gap: "restarted"}, {want: []string{c}}},
		},
		{
			"a buffer that was emptied",
			sinkSocket{replays: true, held: []string{a, b}},
			[]func(s *sinkSocket){func(s *sinkSocket) { s.cut(); s.held = []string{d} }},
			[]read{{want: []string{a, b}}, {want: []string{d}, gap: "restarted"}},
		},
		{
			"a warning",
			sinkSocket{replays: true},
			[]func(s *sinkSocket){func(s *sinkSocket) { s.send(`{"items":[` + a + `],"warning":"dropped"}`) }},
			[]read{{}, {want: []string{a}, gap: "evicted"}},
		},
		{
			"a message that is none",
			sinkSocket{replays: true, held: []string{a}},
			[]func(s *sinkSocket){func(s *sinkSocket) { s.send("hello") }},
			[]read{{want: []string{a}}, {}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.sockets(t, tc.sink.serve)
				o := w.outlet(t, readArgs)
				defer o.Close()
				var low time.Time
				for n, want := range tc.reads {
					if n > 0 {
						tc.steps[n-1](&tc.sink)
						<-time.After(time.Second)
					}
					out, err := o.Read(t.Context())
					if err != nil {
						t.Fatalf("read %d: %v", n, err)
					}
					var got []string
					for _, it := range out.Items {
						got = append(got, string(it))
					}
					gap := ""
					if out.Gap != nil {
						gap = out.Gap.Cause
						if !out.Gap.Since.Equal(low) {
							t.Errorf("read %d: the gap begins at %s, want %s", n, out.Gap.Since, low)
						}
					}
					if diff := cmp.Diff(want.want, got); diff != "" || gap != want.gap {
						t.Errorf("read %d: gap %q, want %q\n%s", n, gap, want.gap, diff)
					}
					low = out.Low
				}
			})
		})
	}
}

func TestAReadThatFailsBySocketSkipsNothing(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		s := sinkSocket{replays: true, held: []string{`{"id":"a"}`}}
		w.sockets(t, s.serve)
		o := w.outlet(t, readArgs)
		defer o.Close()
		if _, err := o.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.push(`{"id":"b"}`)
		<-time.After(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := o.Read(ctx); err == nil {
			t.Error("a read that was called off worked")
		}
		out, err := o.Read(t.Context())
		if err != nil || len(out.Items) != 1 || string(out.Items[0]) != `{"id":"b"}` || out.Gap != nil {
			t.Errorf("the next read gave %s, gap %v, %v", out.Items, out.Gap, err)
		}
		w.stop()
		s.cut()
		<-time.After(time.Second)
		var f *https.Failure
		if _, err := o.Read(t.Context()); !errors.As(err, &f) || f.Kind != https.Refused {
			t.Errorf("got %v", err)
		}
	})
}
