package twin

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/twin/control"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// answered is what came of one request, and how long it took.
type answered struct {
	status int // 0: no answer
	header http.Header
	body   string
	date   time.Time
	took   time.Duration
}

// asker asks the services of dc1.
func asker(t *testing.T, w *Twin) func(port, method, path, body string) answered {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(w.CA())
	hc := &http.Client{Transport: &http.Transport{DialContext: w.Dial(), DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	return func(port, method, path, body string) answered {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "https://dc1.twin:"+port+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("u", "p")
		req.Header.Set("Content-Type", "application/json")
		began := time.Now()
		resp, err := hc.Do(req)
		out := answered{took: time.Since(began)}
		if err != nil {
			return out
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		out.status, out.header, out.body = resp.StatusCode, resp.Header, string(b)
		out.date, _ = http.ParseTime(resp.Header.Get("Date"))
		return out
	}
}

func TestTroubleIsAsLateAndAsOftenAsItIsSet(t *testing.T) {
	run := func(truth *record) (log string) {
		in(t, pairOf(2*time.Second, 3, truth, 7), func(t *testing.T, w *Twin, c *control.Client) {
			ask := asker(t, w)
			set := func(q control.Trouble) {
				t.Helper()
				if err := c.Trouble(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
			rest := func() answered { return ask(restPort, http.MethodGet, "/streams/resources", "") }
			plain := rest()
			if plain.status != http.StatusOK || plain.took > 100*time.Millisecond {
				t.Fatalf("without trouble: %+v", plain)
			}

			set(control.Trouble{Target: "dc1", Service: control.Management, LatencyMS: 400, JitterMS: 100})
			low, high := time.Hour, time.Duration(0)
			for range 50 {
				a := rest()
				extra := a.took - plain.took
				low, high = min(low, extra), max(high, extra)
				log += fmt.Sprintln(a.took)
			}
			if low < 270*time.Millisecond || high > 530*time.Millisecond || high-low < 100*time.Millisecond {
				t.Errorf("400 ms, give or take 100: from %s to %s", low, high)
			}
			if data := ask(dataPort, http.MethodGet, "/data", ""); data.took > 100*time.Millisecond {
				t.Errorf("the data service is late, too: %s", data.took)
			}

			set(control.Trouble{Target: "dc1", Service: control.Management, StallRate: 0.2, StallMS: 30_000, DropRate: 0.2, ErrorRate: 0.5, Statuses: []int{500, 429}})
			got, stalls := map[int]int{}, 0
			for range 400 {
				a := rest()
				got[a.status]++
				if a.took > 29*time.Second {
					stalls++
				}
				if a.status >= 400 && !strings.Contains(a.body, "told to answer so") {
					t.Fatalf("the error is %q", a.body)
				}
				log += fmt.Sprintln(a.status, a.took)
			}
			// Of 400: 80 stall, 80 are dropped, and of the remaining 320 half are refused, half of them with either status.
			near := func(what string, n, want int) {
				if n < want*6/10 || n > want*14/10 {
					t.Errorf("%s: %d, want about %d", what, n, want)
				}
			}
			near("stalls", stalls, 80)
			near("dropped", got[0], 80)
			near("500", got[500], 80)
			near("429", got[429], 80)
			near("served", got[200], 160)

			set(control.Trouble{Target: "dc1", Service: control.Management})
			if a := rest(); a.status != http.StatusOK || a.took > 100*time.Millisecond {
				t.Errorf("after its end: %+v", a)
			}
		})
		return log
	}
	var one, two record
	a, b := run(&one), run(&two)
	if a != b {
		t.Error("the same seed gives other trouble")
	}
	if n := len(facts(t, &one, "fault_in_effect", "dc1")); n != 2 {
		t.Errorf("the truth says %d times that trouble begins, want 2", n)
	}
	if n := len(facts(t, &one, "fault_gone", "dc1")); n != 1 {
		t.Errorf("the truth says %d times that trouble ends, want 1", n)
	}
}

func TestADroppedRecordWasNotTaken(t *testing.T) {
	in(t, pairOf(2*time.Second, 3, &record{}, 3), func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		if err := c.Trouble(t.Context(), control.Trouble{Target: "dc1", Service: control.Data, DropRate: 0.3, ErrorRate: 0.3}); err != nil {
			t.Fatal(err)
		}
		ask := asker(t, w)
		acked, refused := 0, 0
		for i := range 200 {
			switch a := ask(dataPort, http.MethodPost, "/data/0/endpoints/In/data", fmt.Sprintf(`{"items":[{"event_id":"%d"}]}`, i)); a.status {
			case http.StatusNoContent:
				acked++
			case 0, http.StatusServiceUnavailable:
				refused++
			default:
				t.Fatalf("%+v", a)
			}
		}
		time.Sleep(time.Second)
		s, err := c.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		buffers := s.Targets[0].Jobs[0].Buffers
		if out := buffers[len(buffers)-1]; out.Ever != int64(acked) || refused < 60 || acked < 60 {
			t.Errorf("%d acknowledged, %d refused, %d came out", acked, refused, out.Ever)
		}
		if len(s.Faults) != 1 || s.Faults[0].Kind != "trouble" || s.Faults[0].What != "drops 30 %, refuses 30 %" {
			t.Errorf("faults %+v", s.Faults)
		}
	})
}

func TestASkewedServiceSaysItsOwnTime(t *testing.T) {
	in(t, pairOf(2*time.Second, 3, &record{}, 3), func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		const hour = 3_600_000
		for service, skew := range map[string]int64{control.Management: 2 * hour, control.Data: -hour} {
			if err := c.Trouble(t.Context(), control.Trouble{Target: "dc1", Service: service, SkewMS: skew}); err != nil {
				t.Fatal(err)
			}
		}
		ask := asker(t, w)
		if a := ask(restPort, http.MethodGet, "/streams/resources", ""); time.Until(a.date).Round(time.Minute) != 2*time.Hour {
			t.Errorf("the management service says %s", a.date)
		}
		if a := ask(dataPort, http.MethodGet, "/data", ""); time.Until(a.date).Round(time.Minute) != -time.Hour {
			t.Errorf("the data service says %s", a.date)
		}
		var instance struct {
			StartTime int64 `json:"startTime"`
		}
		if a := ask(restPort, http.MethodGet, "/streams/instances/i", ""); !decodeJSON([]byte(a.body), &instance) || time.Until(time.UnixMilli(instance.StartTime)).Round(time.Minute) != 2*time.Hour {
			t.Errorf("the instance began at %d: %s", instance.StartTime, a.body)
		}
		if a := ask(dataPort, http.MethodPost, "/data/0/endpoints/In/data", `{"items":[{"event_id":"1"}]}`); a.status != http.StatusNoContent {
			t.Fatalf("%+v", a)
		}
		time.Sleep(time.Second)
		a := ask(dataPort, http.MethodGet, "/data/0/endpoints/Out/data", "")
		if ms, err := strconv.ParseInt(a.header.Get("Last-Modified-Milliseconds"), 10, 64); err != nil || time.Until(time.UnixMilli(ms)).Round(time.Minute) != -time.Hour {
			t.Errorf("the result has the stamp %q: %s", a.header.Get("Last-Modified-Milliseconds"), a.body)
		}
	})
}

// The toolkit's receivers answer late: heartbeats are late, but they come, and nobody is taken for down.
func TestALateReceiverIsHeard(t *testing.T) {
	for latency, down := range map[int64]bool{500: false, 60_000: true} {
		t.Run(fmt.Sprint(latency), func(t *testing.T) {
			var truth record
			in(t, pairOf(2*time.Second, 3, &truth, 3), func(t *testing.T, _ *Twin, c *control.Client) {
				time.Sleep(30 * time.Second)
				if err := c.Trouble(t.Context(), control.Trouble{Target: "dc1", Service: control.Receivers, LatencyMS: latency}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(30 * time.Second)
			})
			if got := len(facts(t, &truth, "remote_down", "dc1")) > 0; got != down {
				t.Errorf("dc1 takes dc2 for down: %t, want %t", got, down)
			}
		})
	}
}

func TestTroubleIsChecked(t *testing.T) {
	for want, q := range map[string]control.Trouble{
		"is none of management, data, toolkit":      {Service: "rest"},
		"must be between 0 and 1h0m0s":              {Service: control.Data, LatencyMS: -1},
		"is more than the latency":                  {Service: control.Data, LatencyMS: 1, JitterMS: 2},
		"rates of stalls, drops and errors":         {Service: control.Data, DropRate: 1.1},
		"stalls need both a rate and a length":      {Service: control.Data, StallRate: 0.1},
		"statuses need a rate of errors":            {Service: control.Data, Statuses: []int{500}},
		"statuses of errors are from 400 to 599":    {Service: control.Data, ErrorRate: 1, Statuses: []int{200}},
		"is more than ten years":                    {Service: control.Data, SkewMS: 1 << 60},
		"the toolkit says no time: skew the clock ": {Service: control.Receivers, SkewMS: 1},
		"only the service data has endpoints":       {Service: control.Management, Endpoint: "In", LatencyMS: 1},
		"is that of one of its endpoints":           {Service: control.Data, Job: "job.orders", LatencyMS: 1},
		"has the clock of its service":              {Service: control.Data, Endpoint: "In", SkewMS: 1},
		"have at most 1000 bytes":                   {Service: control.Data, Endpoint: strings.Repeat("x", 1001)},
	} {
		if err := q.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", q, err, want)
		}
	}
	in(t, pairOf(2*time.Second, 3, &record{}, 3), func(t *testing.T, w *Twin, c *control.Client) {
		if err := c.Trouble(t.Context(), control.Trouble{Target: "dc9", Service: control.Data, LatencyMS: 1}); err == nil || !strings.Contains(err.Error(), "no target dc9") {
			t.Errorf("got %v", err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.ControlURL()+"/trouble", bytes.NewReader([]byte(`{"target":"dc1","service":"data","drop_rate":2}`)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer token")
		hc := &http.Client{Transport: &http.Transport{DialContext: w.Dial(), DisableKeepAlives: true}}
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("the server takes what is wrong: %d", resp.StatusCode)
		}
	})
}

// An endpoint has trouble of its own after that of its service; the other endpoints have none.
func TestAnEndpointHasTroubleOfItsOwn(t *testing.T) {
	var truth record
	in(t, pairOf(2*time.Second, 3, &truth, 3), func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		set := func(q control.Trouble) {
			t.Helper()
			q.Target, q.Service = "dc1", control.Data
			if err := c.Trouble(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		ask := asker(t, w)
		put := func() answered {
			return ask(dataPort, http.MethodPost, "/data/0/endpoints/In/data", `{"items":[{"event_id":"1"}]}`)
		}
		get := func() answered { return ask(dataPort, http.MethodGet, "/data/0/endpoints/Out/data", "") }
		set(control.Trouble{LatencyMS: 1000})
		set(control.Trouble{Endpoint: "In", LatencyMS: 500, ErrorRate: 1, Statuses: []int{507}})
		if a := put(); a.status != 507 || a.took < 1500*time.Millisecond || a.took > 1600*time.Millisecond {
			t.Errorf("what is put in: %d after %s, want 507 after 1.5 s", a.status, a.took)
		}
		if a := get(); a.status != http.StatusOK || a.took < time.Second || a.took > 1100*time.Millisecond {
			t.Errorf("what is got out: %d after %s, want 200 after 1 s", a.status, a.took)
		}
		set(control.Trouble{Endpoint: "In", Job: "job.orders", ErrorRate: 1, Statuses: []int{418}})
		if a := put(); a.status != 418 {
			t.Errorf("the job's own trouble comes first: %d, want 418", a.status)
		}
		set(control.Trouble{Endpoint: "In", Job: "job.orders"})
		if a := put(); a.status != 507 {
			t.Errorf("without it that of any job's: %d, want 507", a.status)
		}
		list, err := c.Troubles(t.Context())
		if err != nil || len(list) != 2 || list[0].Where() != "data" || list[1].Where() != "data In" {
			t.Errorf("%+v: %v", list, err)
		}
		set(control.Trouble{})
		set(control.Trouble{Endpoint: "In"})
		if a := put(); a.status != http.StatusNoContent || a.took > 100*time.Millisecond {
			t.Errorf("after its end: %+v", a)
		}
	})
	if n := len(facts(t, &truth, "fault_gone", "dc1")); n != 3 {
		t.Errorf("the truth says %d times that trouble ends, want 3", n)
	}
}

// Trouble that a twin is made with comes and goes by itself, and leaves alone what has taken its place.
func TestTroubleComesAndGoesAtItsTimes(t *testing.T) {
	var truth record
	cfg := pairOf(2*time.Second, 3, &truth, 3)
	late := control.Trouble{Service: control.Management, LatencyMS: 700}
	cfg.Targets[0].Trouble = []TimedTrouble{
		{Trouble: late, After: 20 * time.Second, For: 10 * time.Second},
		{Trouble: control.Trouble{Service: control.Data, ErrorRate: 1}, For: 15 * time.Second},
	}
	in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
		ask := asker(t, w)
		rest := func() time.Duration {
			return ask(restPort, http.MethodGet, "/streams/resources", "").took.Round(100 * time.Millisecond)
		}
		data := func() int { return ask(dataPort, http.MethodGet, "/data", "").status }
		if took, status := rest(), data(); took != 0 || status != http.StatusServiceUnavailable {
			t.Errorf("from the start: %s and %d, want nothing and 503", took, status)
		}
		time.Sleep(22 * time.Second)
		if took, status := rest(), data(); took != 700*time.Millisecond || status != http.StatusOK {
			t.Errorf("after 22 s: %s and %d, want 700ms and 200", took, status)
		}
		other := late
		other.Target, other.LatencyMS = "dc1", 300
		if err := c.Trouble(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if took := rest(); took != 300*time.Millisecond {
			t.Errorf("what was set in its place: %s, want 300ms", took)
		}
	})
	if begun := facts(t, &truth, "fault_in_effect", "dc1"); len(begun) != 3 || begun[0] != 0 || begun[1] != 20 {
		t.Errorf("trouble began at %v", begun)
	}
	if gone := facts(t, &truth, "fault_gone", "dc1"); len(gone) != 1 || gone[0] != 15 {
		t.Errorf("trouble ended at %v, want after 15 s", gone)
	}
	cfg.Targets[0].Trouble = []TimedTrouble{{Trouble: control.Trouble{Service: "rest"}}}
	if _, err := New(cfg, wire.NewMemory(1)); err == nil || !strings.Contains(err.Error(), "trouble of dc1") {
		t.Errorf("a twin with impossible trouble: %v", err)
	}
}
