package twin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// What clients post is read without a panic, and a body that is too large is refused as a whole.
func FuzzItems(f *testing.F) {
	for _, s := range []string{`{"items":[{"x":1,"y":2}]}`, `{"items":[{"x":"1","y":null,"op":"add"}]}`, `{"items":[1]}`, `{"items":null}`, `{"items":[{"x":1e308,"y":1e308}]}`, `{`} {
		f.Add([]byte(s), "divide")
	}
	f.Fuzz(func(t *testing.T, body []byte, op string) {
		items, err := readItems(bytes.NewReader(body))
		if err != nil {
			return
		}
		for _, it := range items {
			var m map[string]json.RawMessage
			if json.Unmarshal(it, &m) != nil {
				t.Fatalf("%q is taken for an object", it)
			}
			var out struct{ Op string }
			if err := json.Unmarshal(calculate(it, op), &out); err != nil || !slices.Contains(operations, out.Op) {
				t.Errorf("the result of %q is %s: %v", it, calculate(it, op), err)
			}
			for _, changed := range []json.RawMessage{result(it, "dc1", 1), changed(it, "x"), invented(it, "x", "new")} {
				if !json.Valid(changed) {
					t.Errorf("%q became %q", it, changed)
				}
			}
		}
	})
}

func TestAPostThatIsTooLargeIsRefused(t *testing.T) {
	w := httptest.NewRecorder()
	body := http.MaxBytesReader(w, http.NoBody, 0)
	if _, err := readItems(body); err == nil || tooLarge(err) {
		t.Errorf("an empty body: %v", err)
	}
	body = http.MaxBytesReader(w, readCloser{bytes.NewReader([]byte(`{"items":[{"x":1}]}`))}, 10)
	if _, err := readItems(body); !tooLarge(err) {
		t.Errorf("a body of more than 10 bytes: %v", err)
	}
}

type readCloser struct{ *bytes.Reader }

// Close implements io.Closer.
func (readCloser) Close() error { return nil }
