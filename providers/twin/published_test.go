package twin

import (
	"bytes"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/providers/twin/wire"
)

// nodeClient is where .ci/setup puts the published client: XDC_NODE_CLIENT, else a folder of the user's cache.
func nodeClient(t *testing.T) (node, modules string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node here: install nodejs and npm, and run .ci/setup")
	}
	dir := os.Getenv("XDC_NODE_CLIENT")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip("there is no folder for caches, and XDC_NODE_CLIENT is not set")
		}
		dir = filepath.Join(cache, "xdc", "node-client")
	}
	modules = filepath.Join(dir, "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "@ibmstreams", "common", "package.json")); err != nil {
		t.Skip("the npm package @ibmstreams/common is not in " + dir + ": run .ci/setup")
	}
	return node, modules
}

// A client that others have published for 5.x lists, submits, watches and cancels on the twin as it is. Reference: tag N.
func TestThePublishedNodeClientWorks(t *testing.T) {
	node, modules := nodeClient(t)
	cfg := pairOf(5*time.Second, 4, &record{}, 1)
	cfg.API = 5
	var d net.Dialer
	var lc net.ListenConfig
	w, err := New(cfg, wire.NewTCP(1, d.DialContext, func(network, address string) (net.Listener, error) { return lc.Listen(t.Context(), network, address) }))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	root, err := url.Parse(w.URL("dc1"))
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("testdata/node")
	if err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(t.TempDir(), "app.sab")
	if err := os.WriteFile(bundle, []byte("PK"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join(here, "client.js"), "https://"+root.Host, "u", bundle)
	cmd.Env = append(os.Environ(), "NODE_PATH="+here+string(filepath.ListSeparator)+modules, "TWIN_PASSWORD=p", "NODE_NO_WARNINGS=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, stdout.Bytes(), stderr.Bytes())
	}
	var have map[string]any
	if err := json.Unmarshal([]byte(strings.TrimSpace(stdout.String())), &have); err != nil {
		t.Fatalf("%v: %s", err, stdout.Bytes())
	}
	want := map[string]any{
		"roots": []any{"instances", "accessTokens", "openapi"}, "reachable": true, "instance": "i", "groups": []any{"default"}, "before": []any{"orders"}, "submission": "submission.complete",
		"log": 2.0, "job": "fromNode", "status": "running healthy", "parameters": []any{"rate=3"}, "gzip": true, "after": []any{"orders"},
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("%s\n%s", diff, stderr.Bytes())
	}
}
