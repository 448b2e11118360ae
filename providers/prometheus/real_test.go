package prometheus_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

// realServer starts a server that scrapes one page every second, and returns its URL.
func realServer(t *testing.T, page string) string {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		providertest.Lack(t, "no prometheus here: .ci/setup installs it")
	}
	scraped := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) }))
	t.Cleanup(scraped.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs: [{job_name: page, static_configs: [{targets: [%q]}]}]\n", scraped.Listener.Addr())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(binary, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the server said:\n%s", said.String())
		}
	})
	return "http://" + address
}

func TestARealServerAnswers(t *testing.T) {
	url := realServer(t, "lag_seconds{dc=\"dc1\"} 2.5\nlag_seconds{dc=\"dc2\"} 4\nused_ratio 0.75\n")
	queries := []any{
		map[string]any{"name": "lag", "expr": "max(lag_seconds)", "unit": "seconds"},
		map[string]any{"name": "used", "expr": "used_ratio", "unit": "ratio"},
		map[string]any{"name": "newest", "expr": "sum(lag_seconds)", "range": "1m"},
		map[string]any{"name": "raw", "expr": "used_ratio[1m]", "unit": "ratio"},
		map[string]any{"name": "constant", "expr": "scalar(vector(7))"},
		map[string]any{"name": "nothing", "expr": "no_such_metric"},
		map[string]any{"name": "undefined", "expr": "0/0*max(lag_seconds)"},
		map[string]any{"name": "several", "expr": "lag_seconds"},
		map[string]any{"name": "bad", "expr": "sum("},
	}
	s := connect(t, url, nil, map[string]any{"query": queries, "scrape_interval": "1s"})
	want := map[string]signal.Value{
		"prometheus.lag": signal.Bounded(signal.Duration, 4, 4, 4), "prometheus.used": signal.RatioVal(0.75), "prometheus.newest": signal.NumberVal(6.5),
		"prometheus.raw": signal.RatioVal(0.75), "prometheus.constant": signal.NumberVal(7),
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		got := map[string]signal.Value{}
		err := s.Observe(t.Context(), func(r providers.Reading) {
			got[r.Path] = r.Value
			if r.Low.After(r.High) {
				t.Errorf("%s was true from %s to %s", r.Path, r.Low, r.High)
			}
		})
		if len(got) == len(want) || time.Now().After(deadline) {
			for p, v := range want {
				if got[p] != v {
					t.Errorf("%s is %v, want %v", p, got[p], v)
				}
			}
			for _, w := range []string{`query "several": the expression gives 2 series`, `lag_seconds{dc="dc1"`, `query "bad": the server refuses it (bad_data)`} {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not have %q: %v", w, err)
				}
			}
			if err != nil && (strings.Contains(err.Error(), `"nothing"`) || strings.Contains(err.Error(), `"undefined"`)) {
				t.Errorf("what has no sample is an error: %v", err)
			}
			return
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}
