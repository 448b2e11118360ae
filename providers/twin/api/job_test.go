package api

import (
	"encoding/json"
	"testing"
)

// What is taken for a parameter is text, and stays what it is when it is written and read again.
func FuzzParameter(f *testing.F) {
	for _, seed := range []string{`{"name":"a","value":"b"}`, `{"value":1e400}`, `{"value":-0.0}`, `{"value":true}`, `{"value":null}`, `{"value":{}}`, `{"value":[1]}`, `{"name":1}`, `7`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again Parameter
		if json.Unmarshal(b, &p) != nil {
			return
		}
		out, err := json.Marshal(p)
		if err != nil || json.Unmarshal(out, &again) != nil || again != p {
			t.Errorf("%q: %+v became %+v", b, p, again)
		}
	})
}

// An audience is one word or a list of them, and a list when it is written.
func FuzzAudience(f *testing.F) {
	for _, seed := range []string{`"streams"`, `["streams"]`, `[]`, `["a","b"]`, `{}`, `[1]`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var a, again Audience
		if json.Unmarshal(b, &a) != nil {
			return
		}
		out, err := json.Marshal(a)
		if err != nil || json.Unmarshal(out, &again) != nil || len(again) != len(a) {
			t.Errorf("%q: %v became %v", b, a, again)
		}
	})
}
