package jolokia_test

import (
	"testing"

	"github.com/xdc-project/xdc/providers/jolokia"
)

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`[{"status":200,"value":1}]`, `[{"status":404,"error":"x","error_type":"y"}]`, `{"status":400,"error":"x"}`, `[{"status":200,"value":{"a":[1,null]}}]`,
		`[{"status":200,"value":"NaN"}]`, "<html>", "", "null", "[null]", " {",
	} {
		f.Add([]byte(s), 1)
	}
	f.Fuzz(func(t *testing.T, body []byte, n int) {
		got, err := jolokia.Decode(body, n)
		if err == nil && len(got) != n {
			t.Errorf("%d answers to %d reads", len(got), n)
		}
		if err != nil && len(got) > 0 {
			t.Errorf("both answers and the error %v", err)
		}
	})
}
