package twin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// answer is what the twin's API says to a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// object is the answer's body.
func (a answer) object(t testing.TB) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(a.body, &out); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return out
}

// ask makes a request of the first data centre as its user.
func ask(t testing.TB, w *Twin, method, path, body string) answer {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequestWithContext(t.Context(), method, strings.TrimPrefix(path, "https://dc1.twin:9714"), r)
	req.Host = "dc1.twin:9714"
	req.SetBasicAuth("u", "p")
	rec := httptest.NewRecorder()
	w.dcs[0].api.ServeHTTP(rec, req)
	return answer{rec.Code, rec.Header(), rec.Body.Bytes()}
}

// got is the body of a good answer to a read.
func got(t testing.TB, w *Twin, path string) map[string]any {
	t.Helper()
	a := ask(t, w, http.MethodGet, path, "")
	if a.status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	return a.object(t)
}

// tokens gives out tokens of the first data centre.
func tokens(w *Twin) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return w.dcs[0].token(audience, tokenLife).AccessToken, nil }
}
