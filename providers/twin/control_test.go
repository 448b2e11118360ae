package twin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/xdc-project/xdc/providers/twin/wire"
)

// FuzzControl: whatever is asked of the control endpoint, it answers, in JSON or not at all, and goes on.
func FuzzControl(f *testing.F) {
	for _, s := range [][3]string{
		{"PUT", "/trouble", `{"target":"dc1","service":"data","latency_ms":1}`},
		{"DELETE", "/trouble?target=dc1&service=data", ""},
		{"GET", "/state", ""},
		{"PUT", "/rules", `{"rule":{"name":"a","host":"10.0.1.10","networks":["10.0.2.0/24"],"direction":"both","drop":true}}`},
		{"DELETE", "/rules?host=10.0.1.10&name=a", ""},
		{"PUT", "/leases", `{"host":"10.0.1.10","name":"a","lease":{"ttl":"1m"}}`},
		{"GET", "/processes?host=10.0.1.10", ""},
		{"POST", "/processes/signal", `{"host":"10.0.1.10","signal":"CONT","pids":[1,-1]}`},
		{"PUT", "/locks", `{"target":"dc1","run":"r","ttl":"-1s"}`},
		{"GET", "/locks", ""},
		{"PUT", "/processes/leases", `{"pids":[7],"lease":null}`},
		{"PUT", "/nothing", "{"},
	} {
		f.Add(s[0], s[1], []byte(s[2]))
	}
	w, err := New(pairOf(1, 3, &record{}, 1), wire.NewMemory(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = w.Close() })
	c := newControl(w)
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		u, err := url.Parse("http://control.twin" + path)
		if err != nil || u.Host != "control.twin" {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), method, u.String(), bytes.NewReader(body))
		if err != nil {
			return
		}
		out := httptest.NewRecorder()
		c.ServeHTTP(out, req)
		if u.Path != "/" && out.Code != http.StatusUnauthorized {
			t.Errorf("%s %s answers %d without the token", method, path, out.Code)
		}
		req, _ = http.NewRequestWithContext(t.Context(), method, u.String(), bytes.NewReader(body))
		req.Header.Set("Authorization", "Bearer token")
		out = httptest.NewRecorder()
		c.ServeHTTP(out, req)
		if out.Header().Get("Content-Type") == "application/json" && !json.Valid(out.Body.Bytes()) {
			t.Errorf("%s %s answers %q", method, path, out.Body)
		}
	})
}
