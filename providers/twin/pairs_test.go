package twin

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// from is a client that dials from a host of the twin.
func from(t *testing.T, w *Twin, node string) *http.Client {
	t.Helper()
	tr := &http.Transport{DialContext: w.net.Dial(node), DisableKeepAlives: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func TestSeveralPairsReplicateOverPortsOfTheirOwn(t *testing.T) {
	var truth record
	cfg := storedPair(&truth)
	for i := range cfg.Jobs {
		cfg.Jobs[i].Toolkit.Pairs = 3
		cfg.Jobs[i].Application = "slow"
	}
	in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		w.dc("dc1").snapshotJobs()[0].app.restore([]byte(`{"counts":{"\"a\"":1,"\"b\"":2,"\"c\"":3,"\"d\"":4}}`))
		time.Sleep(20 * time.Second)
		v := c.Volumes("10.0.2.10")
		files, err := v.Files(t.Context(), snapshotsAt, ".snapshot")
		if err != nil || names(files) != "dc1-0.snapshot dc1-1.snapshot dc1-2.snapshot" {
			t.Fatalf("got %v, %v", files, err)
		}
		// One channel is cut: its piece grows old, the others do not, and nobody is believed down.
		third := cut
		third.Ports = []int{25094}
		if err := c.Links("10.0.1.10").Apply(t.Context(), third); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		files, err = v.Files(t.Context(), snapshotsAt, ".snapshot")
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range files {
			if old := time.Since(f.Modified) > 40*time.Second; old != (i == 2) {
				t.Errorf("%s was written %s ago", f.Name, time.Since(f.Modified))
			}
		}
		if len(facts(t, &truth, "remote_down", "")) > 0 {
			t.Error("somebody is believed down")
		}
		h := from(t, w, "host/dc1/edge")
		for path, want := range map[string]string{
			"25091/ports/info": "CrossDataCenterReceiverForHB", "25092/contexts/info": "/crossdcrx",
			"25093/crossdcrx/CrossDataCenterReceiver[1]/ports/output/0/info": `"type":"blob"`,
		} {
			resp, err := h.Get("http://10.0.2.10:" + path)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK || !strings.Contains(string(b), want) {
				t.Errorf("%s: %d %s", path, resp.StatusCode, b)
			}
		}
		if resp, err := h.Get("http://10.0.2.10:25095/ports/info"); err == nil {
			_ = resp.Body.Close()
			t.Error("there are more ports than pairs")
		}
	})
}

func TestEveryMachineGetsTheMessageWhereThatIsAskedFor(t *testing.T) {
	for _, all := range []bool{false, true} {
		cfg := pairOf(2*time.Second, 3, &record{}, 1)
		cfg.Targets[1].Hosts = append(cfg.Targets[1].Hosts, providers.Host{Name: "second", Address: "10.0.2.11"})
		cfg.Jobs[0].Toolkit.SendToAll = all
		in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
			heard := 0
			time.Sleep(5 * time.Second)
			for i, h := range w.dc("dc2").hosts {
				l, err := w.net.Listen(w.dc("dc2").node(i), net.JoinHostPort(h.Address, "25091"))
				if err != nil {
					continue // the receiver is there
				}
				s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					heard++
					w.WriteHeader(http.StatusNoContent)
				})}
				w.serve(s, l)
			}
			time.Sleep(30 * time.Second)
			j := w.dc("dc2").snapshotJobs()[0]
			j.mu.Lock()
			up := j.counters[prefix+"RemoteDataCenterHeartbeatWatchdog/in/0/nTuplesProcessed"] > 3
			j.mu.Unlock()
			if all && (heard < 3 || !up) {
				t.Errorf("sent to all: the other machine heard %d, the application's %v", heard, up)
			}
			if !all && heard > 0 && up {
				t.Errorf("sent to the first that answers: both heard, the other machine %d", heard)
			}
		})
	}
}

func TestAWatchdogThatIsFullMakesTheSenderWait(t *testing.T) {
	cfg := pairOf(2*time.Second, 3, &record{}, 1)
	cfg.Jobs[1].Apart = true
	in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		p, ok := holding(t, c.Processes("10.0.2.10"), prefix+"RemoteDataCenterHeartbeatWatchdog")
		if !ok {
			t.Fatal("no process holds the watchdog")
		}
		if err := c.Processes("10.0.2.10").Signal(t.Context(), "STOP", []int{p.PID}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // its own heartbeats come too
		h := from(t, w, "host/dc1/edge")
		h.Timeout = 5 * time.Second
		answered := 0
		for range receiverQueue + 5 {
			resp, err := h.Post("http://10.0.2.10:25091"+heartbeats.path(), "application/octet-stream", bytes.NewReader(message{kind: messageHeartbeat}.encode()))
			if err != nil {
				break
			}
			_ = resp.Body.Close()
			answered++
		}
		if answered == 0 || answered >= receiverQueue {
			t.Errorf("%d were answered while nobody took them", answered)
		}
		time.Sleep(time.Minute) // requests under way end
		if err := c.Processes("10.0.2.10").Signal(t.Context(), "CONT", []int{p.PID}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if resp, err := h.Post("http://10.0.2.10:25091"+heartbeats.path(), "application/octet-stream", bytes.NewReader(nil)); err != nil {
			t.Errorf("it goes on and answers nobody: %v", err)
		} else {
			_ = resp.Body.Close()
		}
	})
}

func TestTimeoutsAreThoseOfTheConfiguration(t *testing.T) {
	cfg := pairOf(2*time.Second, 3, &record{}, 1)
	cfg.Jobs[0].Toolkit.ConnectTimeout = value.Duration(3 * time.Second)
	in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		if err := c.Links("10.0.1.10").Apply(t.Context(), cut); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		failed := 0
		j := w.dc("dc1").snapshotJobs()[0]
		for l := range strings.Lines(j.traceText(j.holds(sending))) {
			if strings.Contains(l, "Exception while communicating with http://10.0.2.10:25091") {
				failed++
			}
		}
		if failed < 3 { // with the default of 25 s there is one
			t.Errorf("%d attempts have failed in 40 s", failed)
		}
	})
}

// A passive monitor stands still while its script runs, and outlives its instance.
func TestAMonitorIsNoPartOfItsInstance(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		var truth record
		cfg := pairOf(2*time.Second, 3, &truth, 1)
		cfg.Jobs[1].Adopt, cfg.Jobs[1].Launched, cfg.Jobs[1].Toolkit.Mode = "", "orders", "passive"
		in(t, cfg, func(t *testing.T, w *Twin, _ *control.Client) {
			time.Sleep(20 * time.Second)
			w.dc("dc2").stop()
			time.Sleep(20 * time.Second)
			if !stopped {
				w.dc("dc2").startInstance()
				time.Sleep(20 * time.Second)
			}
			if len(facts(t, &truth, "remote_down", "")) > 0 {
				t.Errorf("the monitor went with its instance:\n%s", &truth)
			}
			j := w.dc("dc1").snapshotJobs()[0]
			j.kill("failure")
			w.dc("dc1").drop(j)
			time.Sleep(time.Minute)
		})
		launched, failed := len(facts(t, &truth, "takeover_done", "dc2")), len(facts(t, &truth, "launch_failed", "dc2"))
		if want := map[bool][2]int{false: {1, 0}, true: {0, 1}}[stopped]; want != [2]int{launched, failed} {
			t.Errorf("stopped %v: %d launched, %d failed\n%s", stopped, launched, failed, &truth)
		}
	}
}

// A queue in front of a sender that is full holds the tick up; nothing in it is lost, however stale.
func TestAFullQueueIsWaitedFor(t *testing.T) {
	cfg := pairOf(100*time.Millisecond, 1_000_000, &record{}, 1)
	in(t, cfg, func(t *testing.T, w *Twin, c *control.Client) {
		time.Sleep(10 * time.Second)
		if err := c.Links("10.0.1.10").Apply(t.Context(), cut); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		j := w.dc("dc1").snapshotJobs()[0]
		read := func() (prepared, tried int64) {
			j.mu.Lock()
			defer j.mu.Unlock()
			return j.counters[prefix+"HeartbeatMessagePreparer/out/0/nTuplesSubmitted"], j.counters[prefix+"CrossDataCenterSender1/in/0/nTuplesProcessed"]
		}
		prepared, tried := read()
		time.Sleep(20 * time.Second)
		if still, _ := read(); prepared-tried < senderQueue || prepared-tried > senderQueue+2 || still > prepared+2 {
			t.Errorf("%d prepared, then %d, %d tried: the tick does not wait for room", prepared, still, tried)
		}
		if err := c.Links("10.0.1.10").Remove(t.Context(), "cut"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		prepared, tried = read()
		if prepared-tried > 2 {
			t.Errorf("%d prepared and %d tried after the heal", prepared, tried)
		}
	})
}
