package prometheus_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/xdc-project/xdc/providers/prometheus"
)

// What a decoder makes of any body is either a foreign body, words of the server, or a point that has an instant.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		head + `"vector","result":[{"metric":{"a":"b"},"value":[1700000000.5,"42"]}]}}`,
		head + `"scalar","result":[1,"NaN"]}}`,
		head + `"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"2"]]}]}}`,
		head + `"vector","result":[{"metric":{}},{"metric":{"a":"\u0000"}}]}}`,
		`{"status":"error","errorType":"bad_data","error":"x"}`,
		"<html>", "", "null", `{"status":"success","data":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := prometheus.Decode(body)
		if err == nil && r.Found && (r.At.Year() > 5200 || r.At.Year() < -1300) {
			t.Errorf("the point is of %s", r.At)
		}
		var foreign *prometheus.ForeignError
		if err != nil && !errors.As(err, &foreign) && (len(err.Error()) > 2000 || !utf8.ValidString(err.Error())) {
			t.Errorf("the error has %d bytes: %q", len(err.Error()), err)
		}
		if err != nil && r.Found {
			t.Error("both a point and an error")
		}
	})
}
