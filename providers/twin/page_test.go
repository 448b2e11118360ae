package twin

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/twin/control"
	"github.com/xdc-project/xdc/providers/twin/wire"
)

// onLoopback runs a twin over loopback in real time.
func onLoopback(t *testing.T, cfg Config) (*Twin, *control.Client) {
	t.Helper()
	var d net.Dialer
	var lc net.ListenConfig
	w, err := New(cfg, wire.NewTCP(cfg.Seed, d.DialContext, func(network, address string) (net.Listener, error) {
		return lc.Listen(t.Context(), network, address)
	}))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	c := control.New(d.DialContext, w.ControlURL(), cfg.Token)
	t.Cleanup(func() {
		c.Close()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, c
}

const evil = `orders<img src=x onerror="document.title='owned'">`

func TestThePageShowsAFaultWhileItIsThere(t *testing.T) {
	cfg := pairOf(500*time.Millisecond, 2, &record{}, 1)
	for i := range cfg.Jobs {
		cfg.Jobs[i].Toolkit.InitDelay = value.Duration(time.Millisecond)
		cfg.Jobs[i].Adopt = evil
	}
	cfg.Targets[1].Clock = 1500 * time.Millisecond
	w, c := onLoopback(t, cfg)
	p := open(t, w.ControlURL()+"/")
	p.as(1180, "light")

	until(t, "the page asks for the token", func() bool { return strings.Contains(p.text("#login"), "Token") })
	p.eval(`document.getElementById("token").value = "wrong"; document.querySelector("#login button").click()`)
	until(t, "the page says that the token is wrong", func() bool { return strings.Contains(p.text("#refused"), "wrong") })
	if p.text("#targets") != "" {
		t.Errorf("without the token the page shows %q", p.text("#targets"))
	}
	p.eval(`location.hash = "token"`)
	until(t, "both data centres take each other for up", func() bool {
		text := p.text("#targets")
		return strings.Contains(text, "takes dc2 for up") && strings.Contains(text, "takes dc1 for up")
	})
	if got := p.eval(`location.href`); strings.Contains(got, "token") {
		t.Errorf("the address still has the token: %s", got)
	}
	for selector, want := range map[string]string{
		"#faults": "None.", "#live": "live", "#targets": "KeyedCounter", ".link": "open", "article": "clock +1500 ms", ".buffer": "Out", "h3": evil,
	} {
		if got := p.text(selector); !strings.Contains(got, want) {
			t.Errorf("%s: %q is not in %q", selector, want, got)
		}
	}
	if got := p.eval(`document.title`); got != "xdc twin" {
		t.Errorf("a name of the plan has run as a script: %q", got)
	}
	p.picture("before")

	links := c.Links("10.0.1.10")
	lease := providers.Lease{TTL: value.Duration(5 * time.Minute), Deadline: value.Duration(time.Hour)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(links.Arm(t.Context(), "cut", lease))
	must(links.Apply(t.Context(), cut))
	processes, err := c.Processes("10.0.2.10").List(t.Context())
	must(err)
	must(c.Processes("10.0.2.10").Signal(t.Context(), "STOP", []int{processes[0].PID}))
	until(t, "the page shows the faults and what follows from them", func() bool {
		return regexp.MustCompile(`(?s)cut.*drops everything.*10\.0\.2\.0/24.*at 10\.0\.1\.10.*heals in \d+ s`).MatchString(p.text("#faults")) &&
			strings.Contains(p.text("#faults"), "SIGSTOP") && strings.Contains(p.text(".pe"), "hung") &&
			strings.Contains(p.text(".link"), "cut") && strings.Contains(p.text("#targets"), "takes dc2 for down") &&
			strings.Contains(p.text("#recent"), "remote down")
	})
	p.picture("fault")
	p.as(1180, "dark")
	p.picture("dark")
	p.as(390, "light")
	p.picture("phone")
	if got := p.eval(`String(document.documentElement.scrollWidth <= 390)`); got != "true" {
		t.Errorf("on a phone the page is %s pixels wide", p.eval(`document.documentElement.scrollWidth`))
	}
	must(links.Remove(t.Context(), "cut"))
	must(c.Processes("10.0.2.10").Signal(t.Context(), "CONT", []int{processes[0].PID}))
	until(t, "the page shows that the faults are gone", func() bool { return strings.Contains(p.text("#faults"), "None.") })

	if got := p.eval(`performance.getEntriesByType("resource").map((e) => e.name).filter((n) => n !== location.origin + "/state").join(" ")`); got != "" {
		t.Errorf("the page has asked for more than the state: %s", got)
	}
}

func TestThePageHoldsNothingAndTheStateNeedsTheToken(t *testing.T) {
	in(t, pairOf(5*time.Second, 2, &record{}, 1), func(t *testing.T, w *Twin, c *control.Client) {
		hc := &http.Client{Transport: &http.Transport{DialContext: w.Dial(), DisableKeepAlives: true}}
		ask := func(method, path string) (status int, header http.Header, body string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, w.ControlURL()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := hc.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, resp.Header, string(b)
		}
		status, header, body := ask(http.MethodGet, "/")
		if status != http.StatusOK || strings.Contains(body, "dc1") || strings.Contains(body, "STYLE*/") {
			t.Errorf("got %d, %.200s", status, body)
		}
		if regexp.MustCompile(`(?i)(src|href)\s*=|@import|url\(|innerHTML|https?://(www\.w3\.org/2000/svg)?[^w"]`).MatchString(body) {
			t.Error("the page refers to something outside of itself")
		}
		if got := header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") || strings.Contains(got, "unsafe") {
			t.Errorf("the policy is %q", got)
		}
		if status, _, _ := ask(http.MethodPost, "/"); status != http.StatusMethodNotAllowed {
			t.Errorf("POST: %d", status)
		}
		if status, _, body := ask(http.MethodGet, "/state"); status != http.StatusUnauthorized || strings.Contains(body, "dc1") {
			t.Errorf("without the token: %d, %s", status, body)
		}
		if _, err := c.State(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTheStateSaysWhatGoesOn(t *testing.T) {
	cfg := pairOf(2*time.Second, 3, &record{}, 1)
	cfg.Targets[0].Snapshots = inDatabase
	in(t, cfg, func(t *testing.T, _ *Twin, c *control.Client) {
		state := func() control.State {
			t.Helper()
			s, err := c.State(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if s := state(); len(s.Targets) != 2 || s.Targets[0].Jobs[0].Toolkit.Belief != "unknown" || s.Targets[0].Jobs[0].Serves {
			t.Errorf("at the start: %+v", s.Targets)
		}
		time.Sleep(time.Minute)
		s := state()
		one := s.Targets[0]
		k := one.Jobs[0].Toolkit
		if k.Belief != "up" || k.Missed > 1 || k.Remote != "dc2" || k.Heard == nil || s.Now.Sub(*k.Heard) > 3*time.Second || k.Snapshots != 1 || !one.Jobs[0].Serves || one.Database != "up" {
			t.Errorf("after a minute: %+v, toolkit %+v", one, k)
		}
		if len(s.Links) != 4 || s.Links[0].State != "open" || s.Links[0].Port != 25091 || s.Links[1].Channel != "snapshots" || len(s.Faults) != 0 {
			t.Errorf("links %+v, faults %+v", s.Links, s.Faults)
		}
		part := cut
		part.Ports = []int{25092}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		links := c.Links("10.0.1.10")
		must(links.Arm(t.Context(), "cut", providers.Lease{TTL: value.Duration(20 * time.Second), Deadline: value.Duration(time.Minute)}))
		must(links.Apply(t.Context(), part))
		must(c.Volumes("10.0.2.10").Apply(t.Context(), providers.VolumeRule{Name: "full", Folder: "/tmp", Take: 1024}))
		must(c.Database(t.Context(), "dc1", true))
		must(c.Lock(t.Context(), "dc1", "run1", "ann@here"))
		time.Sleep(5 * time.Second)
		s = state()
		for _, l := range s.Links {
			if want := l.Channel == "snapshots"; (l.State == "cut") != want || (len(l.Faults) == 1) != want {
				t.Errorf("a cut of port 25092 alone: %+v", l)
			}
		}
		if len(s.Faults) != 2 || s.Faults[0].HealS == nil || *s.Faults[0].HealS != 14 && *s.Faults[0].HealS != 15 || s.Faults[1].HealS != nil || s.Faults[1].What != "1024 bytes of /tmp taken" {
			t.Errorf("faults %+v", s.Faults)
		}
		if s.Targets[0].Database != "down" || len(s.Locks) != 1 || s.Locks[0].Run != "run1" {
			t.Errorf("database %q, locks %+v", s.Targets[0].Database, s.Locks)
		}
		if s.Recent[0].What == "" || s.Recent[0].At.Before(s.Started) || !s.Recent[0].At.After(s.Recent[len(s.Recent)-1].At) {
			t.Errorf("recent %+v", s.Recent)
		}
		time.Sleep(20 * time.Second)
		if s := state(); len(s.Faults) != 1 || s.Links[1].State != "open" {
			t.Errorf("after the lease: %+v, %+v", s.Faults, s.Links)
		}
	})
}
