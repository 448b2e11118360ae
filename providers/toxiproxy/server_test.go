package toxiproxy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/toxiproxy"
)

// scratch holds what the tests build; it is gone when they have ended.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "xdc-toxiproxy-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// program builds the server that toxiproxy.mod pins, once, and without the network.
var program = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" {
		return "", errors.New("the tests end the server through a POSIX shell")
	}
	file := filepath.Join(scratch, "toxiproxy-server")
	cmd := exec.Command("go", "build", "-modfile=toxiproxy.mod", "-o", file, "github.com/Shopify/toxiproxy/v2/cmd/server")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build it: %w: %.400s", err, out)
	}
	return file, nil
})

// server is a toxiproxy of one test.
type server struct {
	url, file, port string
	pid             int
	stop            func()
}

// watch runs a program and ends it when its own input ends, so that nothing is left if the test is killed.
const watch = `"$@" </dev/null >/dev/null 2>&1 & p=$!; echo $p; cat >/dev/null; kill -9 $p; wait $p 2>/dev/null`

func start(t testing.TB) *server {
	t.Helper()
	file, err := program()
	if err != nil {
		providertest.Lack(t, "there is no toxiproxy-server (run `go build -modfile=toxiproxy.mod -o bin/toxiproxy-server github.com/Shopify/toxiproxy/v2/cmd/server` once with the network): %v", err)
	}
	for range 5 { // somebody else may take the port in between
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		_ = l.Close()
		if s := launch(t, file, port); s != nil {
			return s
		}
	}
	t.Fatal("toxiproxy-server does not start")
	return nil
}

func launch(t testing.TB, file, port string) *server {
	t.Helper()
	cmd := exec.Command("sh", "-c", watch, "watch", file, "-host", "127.0.0.1", "-port", port)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{url: "http://127.0.0.1:" + port, file: file, port: port}
	if _, err := fmt.Fscan(out, &s.pid); err != nil {
		t.Fatal(err)
	}
	s.stop = sync.OnceFunc(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	for range 100 {
		resp, err := http.Get(s.url + "/proxies")
		if err == nil {
			_ = resp.Body.Close()
			t.Cleanup(s.stop)
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.stop()
	return nil
}

// ask is what an outsider asks of the server.
func (s *server) ask(ctx context.Context, method, path string, body any) (string, error) {
	var send io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return "", err
		}
		send = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, send)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode > 299 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	return string(b), err
}

func (s *server) must(t testing.TB, method, path string, body any) string {
	t.Helper()
	got, err := s.ask(t.Context(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s *server) state(ctx context.Context) (string, error) {
	return s.ask(ctx, http.MethodGet, "/proxies", nil)
}

// proxy makes a proxy and returns where it listens.
func (s *server) proxy(t testing.TB, name, upstream string) string {
	t.Helper()
	got := s.must(t, http.MethodPost, "/proxies", map[string]any{"name": name, "listen": "127.0.0.1:0", "upstream": upstream, "enabled": true})
	var p struct {
		Listen string `json:"listen"`
	}
	if err := json.Unmarshal([]byte(got), &p); err != nil {
		t.Fatal(err)
	}
	return p.Listen
}

// foreign is a toxic of somebody else.
var foreign = map[string]any{"name": "theirs", "type": "latency", "stream": "upstream", "toxicity": 0.3, "attributes": map[string]int{"latency": 1, "jitter": 0}}

// surroundings are what the engine lends a provider, with sessions of their own, for targets by name of their URL.
func surroundings(t testing.TB, urls map[string]string) providers.Env {
	t.Helper()
	env := providers.Env{
		Run: theRun, Log: hclog.NewNullLogger(), Targets: map[string]providers.Target{},
		Dial: (&net.Dialer{}).DialContext,
	}
	for name, url := range urls {
		raw, err := json.Marshal(map[string]any{"url": url, "timeout": "20s"})
		if err != nil {
			t.Fatal(err)
		}
		env.Targets[name] = providers.Target{Name: name, Connections: map[string]json.RawMessage{toxiproxy.Name: raw}}
	}
	var mu sync.Mutex
	open := map[string]providers.Session{}
	t.Cleanup(func() {
		for _, s := range open {
			_ = s.Close()
		}
	})
	env.Session = func(target, provider string) (providers.Session, error) {
		mu.Lock()
		defer mu.Unlock()
		if s := open[target]; s != nil {
			return s, nil
		}
		at, ok := env.Targets[target]
		if !ok || provider != toxiproxy.Name {
			return nil, fmt.Errorf("no target is called %q", target)
		}
		s, err := toxiproxy.Provider().Connect(env, at, at.Connections[provider])
		if err == nil {
			open[target] = s
		}
		return s, err
	}
	return env
}

const theRun = "20260101T000000Z-abcdefgh"

var theStep = providers.StepID{Run: theRun, Step: "fault.toxiproxy.x"}

func faultType(t testing.TB, name string) providers.FaultType {
	t.Helper()
	for _, f := range toxiproxy.Provider().Faults {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no fault type %s", name)
	return providers.FaultType{}
}

// listen serves connections until the test ends and returns the address.
func listen(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	ended := make(chan struct{})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				stop := make(chan struct{})
				go func() {
					select {
					case <-ended:
						_ = c.Close()
					case <-stop:
					}
				}()
				serve(c)
				close(stop)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() { close(ended); _ = l.Close(); wg.Wait() })
	return l.Addr().String()
}

func echo(c net.Conn) { _, _ = io.Copy(c, c) }

func contains(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("the error %q lacks %q", err, p)
		}
	}
}
