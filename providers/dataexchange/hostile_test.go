package dataexchange

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

const elsewhere = "elsewhere.example.com:443"

// rogue is a host with a certificate that is trusted, to which nobody was meant to go.
func (w *world) rogue(t *testing.T) *atomic.Int64 {
	t.Helper()
	var visits atomic.Int64
	stop := w.network.Serve(t, elsewhere, w.ca.Certificate(t, "elsewhere.example.com", time.Now().Add(time.Hour)), http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		visits.Add(1)
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s has credentials", r.Method, r.URL)
		}
		_, _ = io.WriteString(rw, `{"items":[]}`)
	}))
	t.Cleanup(stop)
	return &visits
}

// flood writes without end.
func flood(rw http.ResponseWriter, begin, again string) {
	if _, err := io.WriteString(rw, begin); err != nil {
		return
	}
	block := strings.Repeat(again, 64<<10/len(again))
	for {
		if _, err := io.WriteString(rw, block); err != nil {
			return
		}
	}
}

// drip writes a byte every few seconds, without end.
func drip(rw http.ResponseWriter, r *http.Request, text string) {
	for i := 0; ; i++ {
		_, _ = io.WriteString(rw, text[i%len(text):i%len(text)+1])
		_ = http.NewResponseController(rw).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(3 * time.Second):
		}
	}
}

// hostile are services that do something wrong at every URL. said are words of what is said of a listing, of records that are
// sent and of results that are read; outcome is that of the records.
var hostile = []struct {
	name             string
	serve            http.HandlerFunc
	listed, in, read string
	outcome          providers.Outcome
}{
	{
		"never answers", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"nothing within 10s", "nothing within 10s", "nothing within 10s", providers.Indeterminate,
	},
	{
		"drips", func(rw http.ResponseWriter, r *http.Request) { drip(rw, r, " ") },
		"nothing within 10s", "nothing within 10s", "nothing within 10s", providers.Indeterminate,
	},
	{
		"never ends its head", func(rw http.ResponseWriter, _ *http.Request) {
			for i := range 5000 {
				rw.Header().Set("X-"+strconv.Itoa(i), strings.Repeat("x", 100))
			}
		},
		"exceeded", "exceeded", "exceeded", providers.Indeterminate,
	},
	{
		"sends ten gigabytes", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "10000000000")
			flood(rw, `{"items":[`, `{"id":"x"},`)
		},
		"too large", "too large", "too large", providers.Indeterminate,
	},
	{
		"sends ten gigabytes as an error", func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(http.StatusInternalServerError)
			flood(rw, "<html>", "no \x1b[31m")
		},
		"too large", "too large", "too large", providers.Indeterminate,
	},
	{
		"sends half of what it announces", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(rw, `{"items":[`)
			_ = http.NewResponseController(rw).Flush()
			panic(http.ErrAbortHandler)
		},
		"ended before its end", "ended before its end", "ended before its end", providers.Indeterminate,
	},
	{
		"half closes the connection", func(rw http.ResponseWriter, r *http.Request) {
			c, _, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"items\":")
			_ = c.(*tls.Conn).CloseWrite()
			_, _ = io.Copy(io.Discard, c) // it listens on until the client goes
			_ = c.Close()
		},
		"ended before its end", "ended before its end", "ended before its end", providers.Indeterminate,
	},
	{
		"redirects elsewhere", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "https://"+elsewhere+"/x", http.StatusTemporaryRedirect)
		},
		"redirects elsewhere, and credentials are not sent there", "redirects elsewhere", "redirects elsewhere", providers.Indeterminate,
	},
	{
		"redirects in a circle", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, r.URL.Path, http.StatusFound) },
		"in a circle", "redirects elsewhere", "in a circle", providers.Indeterminate,
	},
	{
		"talks in control characters", func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(rw, `{"messages":[{"message":"no \u001b[31m\u0007`+"\x7f"+` way"}]}`)
		},
		"no [31m way", "no [31m way", "no [31m way", providers.Refused,
	},
	{
		"speaks no JSON", func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "<html>\x00hello") },
		"", "", "not the JSON that was expected", providers.Accepted,
	},
	{
		"has two million items and one", func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(rw, `{"items":[`+strings.Repeat("1,", maxItems+1)+`1]}`)
		},
		"", "", "more than 2000000 items", providers.Accepted,
	},
	{
		"nests without end", func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(rw, `{"items":[`+strings.Repeat("[", 1<<20))
		},
		"", "", "not the JSON that was expected", providers.Accepted,
	},
	{
		"gives stamps that are no numbers", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header()[stampHeader] = []string{"99999999999999999999999", "-7"}
			_, _ = io.WriteString(rw, `{"items":[]}`)
		},
		"", "", "", providers.Accepted,
	},
}

func says(t *testing.T, what, want string, err error) {
	t.Helper()
	switch {
	case (err == nil) != (want == ""), err != nil && !strings.Contains(err.Error(), want):
		t.Errorf("%s: %v, want %q", what, err, want)
	case err == nil:
	case len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\x00\x07\x1b\x7f\n") || strings.Contains(err.Error(), "hunter2"):
		t.Errorf("%s: %q", what, err)
	}
}

// checked is what Check says is wrong.
func (w *world) checked(t *testing.T) error {
	t.Helper()
	s, err := w.feed.session("dc1")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.Check(t.Context()) {
		if !f.OK {
			return fmt.Errorf("%s", f.Text)
		}
	}
	return nil
}

func TestHostileServicesAreSurvivedAndExplained(t *testing.T) {
	for _, tc := range hostile {
		t.Run(tc.name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				visits := w.rogue(t)
				for _, path := range []string{"/in", "/out", "/wrong"} {
					w.mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
						_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that the client has gone
						tc.serve(rw, r)
					})
				}
				began := time.Now()
				r := w.inlet(t, ordersArgs).Send(t.Context(), items(3))
				if says(t, "send", tc.in, r.Err); r.Outcome != tc.outcome || r.Outcome != providers.Accepted && r.Accepted != 0 {
					t.Errorf("outcome %d with %d accepted, want %d", r.Outcome, r.Accepted, tc.outcome)
				}
				_, err := w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`).Read(t.Context())
				says(t, "read", tc.read, err)
				w.platform.services = []string{"https://" + dataHost + "/wrong"}
				says(t, "check", tc.listed, w.checked(t))
				if took := time.Since(began); took > 3*DefaultTimeout+5*time.Second {
					t.Errorf("it took %s", took)
				}
				if visits.Load() > 0 {
					t.Error("somebody went elsewhere")
				}
			})
		})
	}
}

// Whatever URLs a listing has: records, results and documents stay with the service, and so do credentials.
func TestAListingCannotSendCredentialsElsewhere(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		visits := w.rogue(t)
		w.listing = `{"jobs":[{"id":"5","openapi":{"json":"https://` + elsewhere + `/doc.json"},
			"inject":[{"name":"Orders","uri":"https://me:secret@` + elsewhere + `/in","websocketUri":"wss://` + elsewhere + `/ws"}],
			"inspect":[{"name":"Results","uri":"//` + elsewhere + `/out","websocketUri":"wss://` + elsewhere + `/ws"}]}]}`
		here := map[string]int{}
		for _, path := range []string{"/in", "/out", "/doc.json", "/ws"} {
			w.mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
				if u, p, _ := r.BasicAuth(); u != "xdc" || p != "hunter2" {
					t.Errorf("%s: logged in as %q", path, u)
				}
				here[path]++
				_, _ = io.WriteString(rw, `{"items":[]}`)
			})
		}
		if r := w.inlet(t, ordersArgs).Send(t.Context(), items(1)); r.Err != nil {
			t.Error(r.Err)
		}
		if _, err := w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`).Read(t.Context()); err != nil {
			t.Error(err)
		}
		w.feed.Fit(t.Context(), "dc1", []byte(ordersArgs), items(1))
		w.inlet(t, sendArgs).Send(t.Context(), items(1))
		if visits.Load() > 0 || len(here) != 4 {
			t.Errorf("%d visits elsewhere; here %v", visits.Load(), here)
		}
	})
}

// A service that shows another certificate than it did gets nothing, by either transport.
func TestAnotherCertificateEndsEverything(t *testing.T) {
	other := providertest.NewAuthority(t)
	for name, cert := range map[string]struct {
		make func(t *testing.T, w *world) *tls.Certificate
		want string
	}{
		"of another authority": {func(t *testing.T, _ *world) *tls.Certificate {
			return other.Certificate(t, "data.example.com", time.Now().Add(time.Hour))
		}, "authority that is not trusted"},
		"for another name": {func(t *testing.T, w *world) *tls.Certificate {
			return w.ca.Certificate(t, "other.example.com", time.Now().Add(time.Hour))
		}, "for another name"},
		"that has expired": {func(t *testing.T, w *world) *tls.Certificate {
			return w.ca.Certificate(t, "data.example.com", time.Now().Add(-time.Hour))
		}, "has expired"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				cut := make(chan struct{})
				w.sockets(t, func(ctx context.Context, c *websocket.Conn) {
					go func() {
						<-cut
						_ = c.CloseNow()
					}()
					listen(ctx, c)
				})
				w.mux.HandleFunc("/in", func(http.ResponseWriter, *http.Request) {})
				i, o := w.inlet(t, ordersArgs), w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`)
				ws, ow := w.inlet(t, sendArgs), w.outlet(t, readArgs)
				if r := i.Send(t.Context(), items(1)); r.Err != nil {
					t.Fatal(r.Err)
				}
				if r := ws.Send(t.Context(), items(1)); r.Err != nil {
					t.Fatal(r.Err)
				}
				w.stop()
				close(cut)
				stop := w.network.Serve(t, dataHost, cert.make(t, w), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					t.Errorf("a request came through: %s %s", r.Method, r.URL)
				}))
				defer stop()
				<-time.After(time.Second)
				for what, i := range map[string]providers.Inlet{"http": i, "websocket": ws} {
					r := i.Send(t.Context(), items(1))
					if says(t, what, cert.want, r.Err); r.Outcome != providers.Unreached {
						t.Errorf("%s: outcome %d", what, r.Outcome)
					}
					_ = i.Close()
				}
				for what, o := range map[string]providers.Outlet{"http": o, "websocket": ow} {
					_, err := o.Read(t.Context())
					says(t, what, cert.want, err)
					_ = o.Close()
				}
			})
		})
	}
}

// listen reads until the connection ends.
func listen(ctx context.Context, c *websocket.Conn) {
	for {
		if _, _, err := c.Read(ctx); err != nil {
			return
		}
	}
}

// hostileSockets do something wrong once a connection is there: what is said of records that are sent and of results that
// are read. Nothing is said where the messages that count are there.
var hostileSockets = []struct {
	name     string
	serve    func(ctx context.Context, c *websocket.Conn)
	in, read string
}{
	{"never reads", func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() }, "nothing within 10s", "nothing within 10s"},
	{"is gone at once", func(_ context.Context, c *websocket.Conn) { _ = c.CloseNow() }, "the connection broke", "the connection broke"},
	{
		"closes with a reason", func(_ context.Context, c *websocket.Conn) {
			_ = c.Close(websocket.StatusPolicyViolation, "no \x1b[31m way")
		},
		"closed the connection with status 1008: no [31m way", "closed the connection with status 1008: no [31m way",
	},
	{
		"sends a message without end", func(ctx context.Context, c *websocket.Conn) {
			mw, err := c.Writer(ctx, websocket.MessageText)
			for block := []byte(strings.Repeat(" ", 64<<10)); err == nil; {
				_, err = mw.Write(block)
			}
		},
		"read limited at 16777217 bytes", "read limited at 16777217 bytes",
	},
	{
		"sends messages without end", func(ctx context.Context, c *websocket.Conn) {
			text, err := []byte(`{"items":[`+strings.Repeat(`{"id":"x"},`, 100_000)+`1]}`), error(nil)
			for err == nil {
				err = c.Write(ctx, websocket.MessageText, text)
				<-time.After(300 * time.Millisecond) // else no time passes in a bubble
			}
		},
		"nothing within 10s", "bytes came between two reads",
	},
	{
		"sends what is no message", func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageBinary, []byte("\x00\xff"))
			listen(ctx, c)
		},
		"", "not the JSON that was expected",
	},
	{
		"sends too many items", func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageText, []byte(`{"items":[`+strings.Repeat("1,", maxItems+1)+`1]}`))
			listen(ctx, c)
		},
		"", "more than 2000000 items",
	},
	{
		"pings without end", func(ctx context.Context, c *websocket.Conn) {
			ctx, end := context.WithCancel(ctx)
			go func() {
				listen(ctx, c)
				end()
			}()
			for c.Ping(ctx) == nil {
				<-time.After(time.Millisecond)
			}
		},
		"", "",
	},
}

func TestHostileWebSocketsAreSurvivedAndExplained(t *testing.T) {
	for _, tc := range hostileSockets {
		t.Run(tc.name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.sockets(t, tc.serve)
				began := time.Now()
				i, o := w.inlet(t, sendArgs), w.outlet(t, readArgs)
				r := i.Send(t.Context(), items(3))
				says(t, "send", tc.in, r.Err)
				if want := map[bool]providers.Outcome{true: providers.Accepted, false: providers.Indeterminate}[tc.in == ""]; r.Outcome != want {
					t.Errorf("outcome %d, want %d", r.Outcome, want)
				}
				_, err := o.Read(t.Context())
				says(t, "read", tc.read, err)
				_, _ = i.Close(), o.Close()
				if took := time.Since(began); took > 2*DefaultTimeout+5*time.Second {
					t.Errorf("it took %s", took)
				}
				<-time.After(time.Second) // the service notices that nobody is there
			})
		})
	}
}

// A service that does not open the connection but sends elsewhere, or floods its refusal.
func TestAWebSocketThatIsNotOpenedIsExplained(t *testing.T) {
	for name, tc := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"redirects elsewhere": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "https://"+elsewhere+"/x", http.StatusFound)
		}, "redirects elsewhere, and credentials are not sent there"},
		"refuses at length": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(http.StatusTeapot)
			flood(rw, "", "no \x1b[31m")
		}, "418"},
		"never answers": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "nothing within 10s"},
		"answers 101 to nothing": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Connection", "Upgrade")
			rw.Header().Set("Upgrade", "websocket")
			rw.WriteHeader(http.StatusSwitchingProtocols)
		}, "Sec-WebSocket-Accept"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				visits := w.rogue(t)
				w.sockets(t, nil)
				w.listing = strings.ReplaceAll(w.listing, "/socket", "/refusing")
				w.mux.HandleFunc("/refusing", tc.serve)
				r := w.inlet(t, sendArgs).Send(t.Context(), items(1))
				if says(t, "send", tc.want, r.Err); r.Outcome != providers.Unreached && r.Outcome != providers.Refused {
					t.Errorf("outcome %d: nothing has been sent", r.Outcome)
				}
				_, err := w.outlet(t, readArgs).Read(t.Context())
				says(t, "read", tc.want, err)
				if visits.Load() > 0 {
					t.Error("somebody went elsewhere")
				}
			})
		})
	}
}

// A service that flaps between answers and broken connections: every item is read once, and no batch that was not answered counts.
func TestAFlappingServiceIsReadWithoutLoss(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		s, n, took := &sink{size: 1000, inclusive: true}, 0, 0
		flaps := func(serve http.HandlerFunc) http.HandlerFunc {
			return func(rw http.ResponseWriter, r *http.Request) {
				switch n++; n % 4 {
				case 1:
					panic(http.ErrAbortHandler)
				case 2:
					rw.WriteHeader(http.StatusBadGateway)
				default:
					serve(rw, r)
				}
			}
		}
		w.mux.HandleFunc("/in", flaps(func(rw http.ResponseWriter, _ *http.Request) {
			took++
			rw.WriteHeader(http.StatusNoContent)
		}))
		w.mux.HandleFunc("/out", flaps(func(rw http.ResponseWriter, r *http.Request) {
			since, _ := strconv.ParseInt(r.Header.Get(sinceHeader), 10, 64)
			p := s.get(since, time.Now().UnixMilli())
			var list []string
			for _, it := range p.items {
				list = append(list, string(it))
			}
			rw.Header()[stampHeader] = []string{strconv.FormatInt(p.stamp, 10)}
			fmt.Fprintf(rw, `{"items":[%s]}`, strings.Join(list, ","))
		}))
		i, o := w.inlet(t, ordersArgs), w.outlet(t, `{"endpoint":"Results","job":"job.orders"}`)
		count, seen := map[providers.Outcome]int{}, map[string]int{}
		for k := range 60 {
			count[i.Send(t.Context(), items(1)).Outcome]++
			s.put(time.Now().UnixMilli(), fmt.Sprintf(`{"id":%d}`, k))
			<-time.After(10 * time.Millisecond)
			if k%3 == 0 {
				count[i.Send(t.Context(), items(1)).Outcome]++
			}
			out, err := o.Read(t.Context())
			if err == nil && out.Gap != nil {
				t.Errorf("read %d: a gap (%s)", k, out.Gap.Cause)
			}
			for _, it := range out.Items {
				seen[string(it)]++
			}
		}
		for range 4 {
			if out, err := o.Read(t.Context()); err == nil {
				for _, it := range out.Items {
					seen[string(it)]++
				}
			}
		}
		for k := range 60 {
			if got := seen[fmt.Sprintf(`{"id":%d}`, k)]; got != 1 {
				t.Errorf("item %d came %d times", k, got)
			}
		}
		if count[providers.Accepted] != took || count[providers.Indeterminate] == 0 || count[providers.Refused]+count[providers.Unreached] > 0 {
			t.Errorf("outcomes %v; %d were taken", count, took)
		}
	})
}
