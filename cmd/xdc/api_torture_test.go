//go:build unix

package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/streams/rest"
)

// apiEndings are what follows on the death of xdc where no undo is armed: somebody recovers, or two do at once.
var apiEndings = []string{"recover", "two recover"}

// apiFault is a fault through an API, as it is tortured.
type apiFault struct {
	typ  string
	plan func(worker int) string
	// state is what an outsider sees at the worker's part of the server.
	state func(ctx context.Context, worker int) (string, error)
	// args are further arguments of apply.
	args []string
}

// apiBench has faults tortured through an API, by several workers at a time that have nothing in common but the server.
type apiBench struct {
	t       *testing.T
	xdc     string
	dir     string
	workers int

	mu    sync.Mutex
	cases int
}

func newAPIBench(t *testing.T, workers int) *apiBench {
	t.Helper()
	if raced {
		t.Skip("runs without the race detector, in a pass of its own: make labs")
	}
	if testing.Short() {
		t.Skip("takes minutes")
	}
	return &apiBench{t: t, xdc: xdcAs(t), dir: t.TempDir(), workers: workers}
}

// run runs xdc for a worker and returns its exit code (-1: killed) and what it wrote.
func (b *apiBench) run(worker int, env []string, args ...string) (int, string) {
	c := exec.Command(b.xdc, args...)
	c.Dir = b.dir
	home := filepath.Join(b.dir, fmt.Sprintf("home%d", worker))
	c.Env = append(append(os.Environ(), "NO_COLOR=1", "HOME="+home, "XDG_STATE_HOME="+home, "XDC_VAR_password=s3cret"), env...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Errorf("%v: %v", args, err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// torture kills xdc at every point of the life of faults, with every ending.
func (b *apiBench) torture(faults []apiFault) {
	type job func(worker int)
	jobs := make(chan job)
	var wg sync.WaitGroup
	for w := range b.workers {
		wg.Go(func() {
			for j := range jobs {
				j(w)
			}
		})
	}
	lists := make([][]string, len(faults))
	var listed sync.WaitGroup
	for i, f := range faults {
		listed.Add(1)
		jobs <- func(w int) {
			defer listed.Done()
			lists[i] = b.enumerate(w, f)
		}
	}
	listed.Wait()
	for i, f := range faults {
		b.t.Logf("%s: %d kill points", f.typ, len(lists[i]))
		for _, c := range casesOf(lists[i], 0, apiEndings, eachPoint) {
			jobs <- func(w int) { b.kill(w, f, c.point, c.ending) }
		}
	}
	close(jobs)
	wg.Wait()
	b.t.Logf("%d cases in which xdc was killed", b.cases)
}

func (b *apiBench) apply(w int, f apiFault, name string, env ...string) (int, string) {
	plan := fileName(name) + ".xdc.hcl"
	if err := os.WriteFile(filepath.Join(b.dir, plan), []byte(f.plan(w)), 0o600); err != nil {
		b.t.Error(err)
	}
	return b.run(w, env, append(append([]string{"apply", "--auto-approve", "--run-dir", "runs/" + fileName(name)}, f.args...), plan)...)
}

func (b *apiBench) enumerate(w int, f apiFault) []string {
	list := filepath.Join(b.dir, "points-"+f.typ)
	if code, out := b.apply(w, f, "all-"+f.typ, killListVar+"="+list); code != 0 {
		b.t.Errorf("%s, undisturbed: exit %d\n%s", f.typ, code, out)
	}
	raw, err := os.ReadFile(list)
	if err != nil {
		b.t.Error(err)
	}
	return here(strings.Split(strings.TrimSpace(string(raw)), "\n"), "w", w)
}

// kill is one case.
func (b *apiBench) kill(w int, f apiFault, p, ending string) {
	fail := func(format string, a ...any) {
		b.t.Errorf("%s: killed at %q, %s: %s", f.typ, p, ending, fmt.Sprintf(format, a...))
	}
	before, err := f.state(b.t.Context(), w)
	if err != nil {
		fail("look: %v", err)
		return
	}
	name := f.typ + "-" + ending + "-" + p
	code, out := b.apply(w, f, name, killAtVar+"="+there(p, "w", w))
	if code != -1 {
		fail("it was not killed: exit %d\n%s", code, out)
	}
	b.mu.Lock()
	b.cases++
	b.mu.Unlock()
	recover := func() {
		for range 10 {
			code, out := b.run(w, nil, "recover", "--run-dir", "runs/"+fileName(name))
			if code == 0 {
				return
			}
			if ending == "recover" || !strings.Contains(out, "still alive") { // the other one
				fail("recover: exit %d\n%s", code, out)
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
		fail("recover found the other one alive ten times")
	}
	var healers sync.WaitGroup
	for range len(strings.Fields(ending)) { // "two recover": two
		healers.Go(recover)
	}
	healers.Wait()
	after := ""
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if after, err = f.state(b.t.Context(), w); err == nil && after == before {
			return
		}
	}
	fail("it is not what it was (%v):\n--- before\n%s\n--- after\n%s", err, before, after)
}

// TestNoToxicOutlivesRecovery: the faults of toxiproxy, against the real server.
func TestNoToxicOutlivesRecovery(t *testing.T) {
	b := newAPIBench(t, 6)
	url := toxiproxyServer(t, b.dir)
	ask := func(ctx context.Context, method, path, body string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, method, url+path, strings.NewReader(body))
		if err != nil {
			return "", err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		out, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode > 299 {
			err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, out)
		}
		return string(out), err
	}
	for w := range b.workers {
		for _, what := range [][2]string{
			{"/proxies", fmt.Sprintf(`{"name":"w%d","listen":"127.0.0.1:0","upstream":"127.0.0.1:9","enabled":true}`, w)},
			{fmt.Sprintf("/proxies/w%d/toxics", w), `{"name":"theirs","type":"latency","stream":"upstream","toxicity":0.5,"attributes":{"latency":7}}`},
		} {
			if _, err := ask(t.Context(), http.MethodPost, what[0], what[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	var faults []apiFault
	for _, f := range [][2]string{
		{"latency", "latency = \"20ms\"\n  jitter = \"5ms\""},
		{"bandwidth", "rate = \"64KiB\""},
		{"timeout", "close_after = \"1s\""},
		{"reset", "stream = \"downstream\""},
		{"slow_close", "close_delay = \"1s\""},
		{"limit", "bytes = \"4KiB\""},
		{"down", ""},
	} {
		faults = append(faults, apiFault{
			typ: "toxiproxy_" + f[0],
			plan: func(w int) string {
				return fmt.Sprintf("plan \"torture\" {}\n\ntarget \"w%d\" {\n  toxiproxy {\n    url = %q\n  }\n}\n\nfault \"toxiproxy_%s\" \"x\" {\n  target = target.w%d\n  proxies = [\"w%d\"]\n  %s\n  duration = \"300ms\"\n}\n", w, url, f[0], w, w, f[1])
			},
			state: func(ctx context.Context, w int) (string, error) {
				return ask(ctx, http.MethodGet, fmt.Sprintf("/proxies/w%d", w), "")
			},
		})
	}
	b.torture(faults)
}

// toxiproxyServer builds the server that toxiproxy.mod pins, and runs it until the test ends.
func toxiproxyServer(t *testing.T, dir string) (url string) {
	t.Helper()
	file := filepath.Join(dir, "toxiproxy-server")
	build := exec.Command("go", "build", "-modfile=toxiproxy.mod", "-o", file, "github.com/Shopify/toxiproxy/v2/cmd/server")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		providertest.Lack(t, "needs toxiproxy-server: run make toxiproxy-server once with the network: %v\n%.400s", err, out)
	}
	for range 5 { // somebody else may take the port in between
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		_ = l.Close()
		serve := exec.Command(file, "-host", "127.0.0.1", "-port", port)
		if err := serve.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = serve.Process.Signal(syscall.SIGKILL) // it is waited for below
			_ = serve.Wait()
		})
		for range 100 {
			if resp, err := http.Get("http://127.0.0.1:" + port + "/version"); err == nil {
				_ = resp.Body.Close()
				return "http://127.0.0.1:" + port
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	t.Fatal("toxiproxy-server does not start")
	return ""
}

// TestNoFaultOfThePlatformOutlivesRecovery: the faults of jobs, PEs, instances and domains, against the services of the twin, and
// that of a resource, of which each target here has only one, against a server of the test.
func TestNoFaultOfThePlatformOutlivesRecovery(t *testing.T) {
	t.Parallel()
	b := newAPIBench(t, 12)
	target := func(w int) string {
		return fmt.Sprintf("target \"w%d\" {\n  streams {\n    url           = \"https://streams.w%d.example.com:8443\"\n    instance      = \"i\"\n    username      = \"u\"\n    poll_interval = \"200ms\"\n  }\n  host \"edge\" {\n    address = \"10.1.%d.10\"\n  }\n}\n\njob \"w%d\" {\n  bundle = \"orders.sab\"\n  target = target.w%d\n}\n\n", w, w, w, w, w)
	}
	var all strings.Builder
	all.WriteString("plan \"all\" {}\n\n")
	for w := range b.workers {
		all.WriteString(target(w))
	}
	for name, text := range map[string]string{"all.xdc.hcl": all.String(), "orders.sab": "PK"} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	see := b.serveTwin()
	var faults []apiFault
	for _, f := range [][2]string{
		{"streams_job", "job = job.wN"},
		{"streams_pe", "job = job.wN"},
		{"streams_instance", "target = target.wN\n  depends_on = [job.wN]"},
		{"streams_domain", "target = target.wN\n  host = target.wN.host.edge\n  depends_on = [job.wN]"},
	} {
		faults = append(faults, apiFault{
			typ: f[0], state: see, args: []string{"--on", "twin"},
			plan: func(w int) string {
				return strings.ReplaceAll(fmt.Sprintf("plan \"torture\" {}\n\n%sfault %q \"x\" {\n  %s\n  duration = \"300ms\"\n}\n", target(w), f[0], f[1]), ".wN", fmt.Sprintf(".w%d", w))
			},
		})
	}
	b.torture(append(faults, b.resourceFault()))
}

// serveTwin serves the twin of all.xdc.hcl, and returns what an outsider sees of a target by its API. Ids and counts of
// launches are left out: what was brought back has others.
func (b *apiBench) serveTwin() func(ctx context.Context, w int) (string, error) {
	b.t.Helper()
	dir := filepath.Join(b.dir, "twin")
	serve := exec.Command(b.xdc, "twin", "serve", "all.xdc.hcl", "--dir", dir, "--seed", "1")
	serve.Dir = b.dir
	if err := serve.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		_ = serve.Process.Signal(syscall.SIGTERM) // it is waited for below
		_ = serve.Wait()
	})
	var s *standin.StandIn
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if s, err = standin.Load(dir); err == nil {
			break
		}
		if time.Now().After(end) {
			b.t.Fatalf("the twin does not serve: %v", err)
		}
	}
	clients := make([]*rest.Client, b.workers)
	for w := range clients {
		at := s.Targets[fmt.Sprintf("w%d", w)]
		ca, err := os.ReadFile(s.Path(at.CAFile))
		if err != nil {
			b.t.Fatal(err)
		}
		password, err := os.ReadFile(s.Path(at.PasswordFile))
		if err != nil {
			b.t.Fatal(err)
		}
		pool, err := https.NewPool(https.Options{Dial: new(net.Dialer).DialContext, CA: ca})
		if err != nil {
			b.t.Fatal(err)
		}
		b.t.Cleanup(func() { _ = pool.Close() })
		clients[w], err = rest.New(rest.Config{
			Target: fmt.Sprintf("w%d", w), URL: at.URL, Username: at.Username, Pool: pool,
			Password: func(context.Context) (string, error) { return strings.TrimSpace(string(password)), nil },
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
	return func(ctx context.Context, w int) (string, error) {
		i, err := clients[w].Instance(ctx, "i")
		if err != nil {
			return "", err
		}
		out := fmt.Sprintf("instance %s\n", i.Status)
		if i.Status != "running" {
			return out, nil
		}
		jobs, err := clients[w].Snapshot(ctx, i)
		for _, j := range jobs {
			if j.Status == "canceled" {
				continue // of an earlier case: the platform lists it for a moment longer
			}
			out += fmt.Sprintf("job %s %s\n", j.Name, j.Status)
			for _, pe := range j.PEs {
				out += fmt.Sprintf("  pe %s %s\n", pe.Status, pe.Health)
			}
		}
		return out, err
	}
}

// resourceFault is the fault of a resource, against a server that has one for each worker.
func (b *apiBench) resourceFault() apiFault {
	var mu sync.Mutex
	status := make([]string, b.workers)
	for w := range status {
		status[w] = "RUNNING"
	}
	one := func(w int) map[string]any {
		return map[string]any{"id": fmt.Sprintf("w%d", w), "self": fmt.Sprintf("/streams/domains/d/resources/w%d", w), "displayName": fmt.Sprintf("edge w%d", w), "status": status[w]}
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var answer any
		instance := map[string]any{"id": "i", "self": "/streams/instances/i", "status": "running", "health": "healthy"}
		switch rest, is := strings.CutPrefix(r.URL.Path, "/streams/domains/d/resources"); {
		case is && rest == "":
			var all []any
			for w := range status {
				all = append(all, one(w))
			}
			answer = map[string]any{"resources": all}
		case is:
			var w int
			if _, err := fmt.Sscanf(rest, "/w%d", &w); err != nil || w >= len(status) {
				rw.WriteHeader(http.StatusNotFound)
				return
			}
			if r.Method == http.MethodPost {
				var body struct{ Type string }
				_ = json.NewDecoder(r.Body).Decode(&body)
				status[w] = map[string]string{"quiesce": "QUIESCED", "resume": "RUNNING"}[body.Type]
			}
			answer = one(w)
		case r.URL.Path == "/streams/resources":
			answer = map[string]any{"resources": []any{map[string]any{"name": "instances", "resource": "/streams/instances"}}}
		case r.URL.Path == "/streams/domains":
			answer = map[string]any{"domains": []any{map[string]any{"id": "d"}}}
		case r.URL.Path == "/streams/instances":
			answer = map[string]any{"instances": []any{instance}}
		case r.URL.Path == "/streams/instances/i":
			answer = instance
		case strings.HasPrefix(r.URL.Path, "/streams/instances/i/jobs"):
			answer = map[string]any{"jobs": []any{}}
		default:
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(rw).Encode(answer)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients are killed in the middle of everything
	s.StartTLS()
	b.t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(b.dir, "resource.pem"), ca, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return apiFault{
		typ: "streams_resource",
		plan: func(w int) string {
			return fmt.Sprintf("plan \"torture\" {}\n\nvariable \"password\" {\n  type      = string\n  sensitive = true\n}\n\ntarget \"w%d\" {\n  streams {\n    url      = %q\n    instance = \"i\"\n    username = \"u\"\n    password = var.password\n    ca_file  = \"resource.pem\"\n  }\n}\n\nfault \"streams_resource\" \"x\" {\n  target   = target.w%d\n  resource = \"edge w%d\"\n  duration = \"300ms\"\n}\n", w, s.URL, w, w)
		},
		state: func(_ context.Context, w int) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			return status[w], nil
		},
	}
}
