package session_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xdc-project/xdc/engine/audit"
	"github.com/xdc-project/xdc/engine/seed"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/dataexchange"
	"github.com/xdc-project/xdc/providers/providertest"
)

// exchange is a data service on loopback with one source and one sink, in a process of its own: what it holds is no part of what
// is measured here.
type exchange struct {
	URL string
	CA  []byte
}

// asExchange makes the test binary the process of an exchange.
const asExchange = "XDC_AS_EXCHANGE"

func newExchange(b *testing.B) *exchange {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestServeExchange$", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), asExchange+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close() // it ends with its input
		_ = cmd.Wait()
	})
	var e exchange
	if err := json.NewDecoder(out).Decode(&e); err != nil {
		b.Fatal(err)
	}
	return &e
}

// TestServeExchange is the process of an exchange: what is posted comes out at once. It ends with its input.
func TestServeExchange(t *testing.T) {
	if os.Getenv(asExchange) == "" {
		t.Skip("it is the other process of BenchmarkRecords")
	}
	ca := providertest.NewAuthority(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: (&held{}).handler(), ErrorLog: log.New(io.Discard, "", 0)}
	cert := ca.Certificate(t, "localhost", time.Now().Add(time.Hour))
	served := make(chan error, 1)
	go func() {
		served <- srv.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}))
	}()
	if err := json.NewEncoder(os.Stdout).Encode(exchange{"https://localhost:" + port, ca.CA}); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = srv.Close()
	<-served
}

// held is what an exchange holds: the newest items, at most exchangeBuffer.
type held struct {
	mu    sync.Mutex
	items []arrived
}

type arrived struct {
	ms   int64
	item json.RawMessage
}

const exchangeBuffer = 200_000

func (h *held) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Items []json.RawMessage `json:"items"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		h.mu.Lock()
		now := time.Now().UnixMilli()
		for _, it := range body.Items {
			h.items = append(h.items, arrived{now, it})
		}
		if n := len(h.items) - exchangeBuffer; n > 0 {
			h.items = append(h.items[:0], h.items[n:]...)
		}
		h.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /out", func(w http.ResponseWriter, r *http.Request) {
		since, _ := strconv.ParseInt(r.Header.Get("If-Modified-Since-Milliseconds"), 10, 64)
		var out bytes.Buffer
		h.mu.Lock()
		for _, a := range h.items {
			if a.ms >= since {
				out.Write(a.item)
				out.WriteByte(',')
				w.Header().Set("Last-Modified-Milliseconds", strconv.FormatInt(a.ms, 10))
			}
		}
		h.mu.Unlock()
		fmt.Fprintf(w, `{"items":[%s]}`, strings.TrimSuffix(out.String(), ","))
	})
	return mux
}

// anyPlatform stands in for the streams session.
type anyPlatform struct{}

func (anyPlatform) Close() error                                   { return nil }
func (anyPlatform) DataServices(context.Context) ([]string, error) { return nil, nil }

func (anyPlatform) Login(context.Context) (user, pw string, err error) { return "xdc", "", nil }

func (anyPlatform) JobAt(string) (id, name string, ok bool) { return "", "", false }
func (anyPlatform) JobIDs() []string                        { return nil }
func (anyPlatform) Launches(string, string) (n int64, at time.Time, ok bool) {
	return 0, time.Time{}, false
}

// feed opens the real provider at the exchange.
func (e *exchange) feed(b *testing.B) providers.Feed {
	b.Helper()
	env := providers.Env{Dial: (&net.Dialer{}).DialContext, ReadFile: func(string) ([]byte, error) { return e.CA, nil }}
	p := dataexchange.Provider()
	var s providers.Session
	var err error
	env.Session = func(_, name string) (providers.Session, error) {
		if name == dataexchange.Name {
			return s, nil
		}
		return anyPlatform{}, nil
	}
	s, err = p.Connect(env, providers.Target{Name: "dc1"}, json.RawMessage(`{"ca_file":"ca.pem"}`))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return p.Seeds[0].New(env)
}

// highest watches the heap while something runs, and returns its highest size in bytes.
func highest(fn func()) uint64 {
	runtime.GC()
	done, top := make(chan struct{}), make(chan uint64)
	go func() {
		sample, most := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}, uint64(0)
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-done:
				top <- most
				return
			case <-t.C:
			}
		}
	}()
	fn()
	close(done)
	return <-top
}

const perBatch = 1000

// BenchmarkRecords sends records through a seed and reads them back through an audit, against what a bare client does
// that posts batches of the same size to the same endpoint.
func BenchmarkRecords(b *testing.B) {
	b.Run("bare/n=1000000", func(b *testing.B) {
		e := newExchange(b)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(e.CA)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
		defer client.CloseIdleConnections()
		item := fmt.Sprintf(`{"id":"%s","t":1700000000.123456789,"n":%d,"text":"%s"}`, strings.Repeat("i", 20), 123456, strings.Repeat("x", 32))
		body := `{"items":[` + strings.Repeat(item+",", perBatch-1) + item + `]}`
		for b.Loop() {
			for range 1_000_000 / perBatch {
				resp, err := client.Post(e.URL+"/in", "application/json", strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusNoContent {
					b.Fatal(resp.Status)
				}
			}
		}
		b.ReportMetric(1_000_000*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	peaks := map[int64]uint64{}
	for _, c := range []struct {
		n    int64
		rate float64
	}{{100_000, 50_000}, {1_000_000, 50_000}, {1_000_000, 100_000}} {
		b.Run(fmt.Sprintf("seed/n=%d/rate=%.0f", c.n, c.rate), func(b *testing.B) {
			for b.Loop() {
				if top := throughSeedAndAudit(b, c.n, c.rate); c.rate == 50_000 {
					peaks[c.n] = top
				}
			}
		})
	}
	// Ten times the records take no more memory, but for what waits to be sent when the machine is busy.
	if short, long := peaks[100_000], peaks[1_000_000]; short > 0 && long > short+spread {
		b.Errorf("%d bytes of heap at 100,000 records, %d at 1,000,000", short, long)
	}
}

// spread is about what 50,000 records that wait take, in bytes, twice over.
const spread = 20_000_000

// throughSeedAndAudit returns the highest size of the heap, in bytes.
func throughSeedAndAudit(b *testing.B, n int64, rate float64) uint64 {
	b.Helper()
	e := newExchange(b)
	feed := e.feed(b)
	spec := program.Seed{
		Targets: []string{"dc1"}, Rate: rate, Records: n, Batch: perBatch, MaxInFlight: 50_000, Drain: value.Duration(time.Minute),
		Record: &value.Generator{Kind: "object", Names: []string{"id", "t", "n", "text"}, Fields: []value.Generator{
			{Kind: "id"}, {Kind: "time"}, {Kind: "number", Min: 0, Max: 1e6}, {Kind: "text", Size: 32},
		}},
	}
	ledger, start := seed.NewLedger(spec, b.TempDir()), time.Now()
	var took time.Duration
	top := highest(func() {
		a, err := audit.Open(b.Context(), audit.Options{
			Spec: program.Audit{Targets: []string{"dc1"}, Key: "id", Settle: value.Duration(time.Second)}, Step: "audit.a", Start: start, Ledger: ledger,
			Outlet: func(ctx context.Context, t string) (providers.Outlet, error) {
				return feed.Outlet(ctx, t, json.RawMessage(`{"endpoint_url":"`+e.URL+`/out"}`))
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		r, err := seed.Run(b.Context(), seed.Options{
			Spec: spec, Step: "seed.s", Start: start, Ledger: ledger,
			Inlet: func(ctx context.Context, t string) (providers.Inlet, error) {
				return feed.Inlet(ctx, t, json.RawMessage(`{"endpoint_url":"`+e.URL+`/in"}`))
			},
		})
		took = time.Since(began)
		if err != nil {
			b.Fatal(err)
		}
		got := a.Close(b.Context(), time.Minute, nil)
		if got.Total.Delivered != r.Acked || got.Total.Lost != 0 || got.Total.Duplicated != 0 {
			b.Fatalf("%d acked, and the audit says %+v", r.Acked, got.Total)
		}
		b.ReportMetric(float64(r.Acked)/took.Seconds(), "records/s")
		b.ReportMetric(float64(r.Unsent), "unsent")
	})
	b.ReportMetric(float64(top)/1e6, "peak-MB")
	return top
}
