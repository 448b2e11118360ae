package dataexchange

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
)

// The plan says what is sent where, at each target of a seed, and refuses one address for several targets.
func TestTheDryRunOfASeedSaysWhatIsSentWhere(t *testing.T) {
	both := []string{"dc1", "dc2"}
	for _, tc := range []struct {
		args  string
		at    []string
		want  string
		found diag.Code
	}{
		{`{"endpoint":"Orders","job":"job.orders"}`, both, `POST {endpoint Orders of job.orders}  {"items": [...]}`, ""},
		{`{"endpoint":"Orders","job":"job.orders","transport":"websocket"}`, both, `WEBSOCKET {endpoint Orders of job.orders}  {"items": [...]}`, ""},
		{`{"endpoint":"Orders"}`, both, `POST {endpoint Orders of any job}  {"items": [...]}`, diag.DataExchangeNoJob},
		{`{"endpoint_url":"https://a.example.com/x"}`, both[:1], `POST https://a.example.com/x  {"items": [...]}`, ""},
		{`{"endpoint_url":"https://a.example.com/x"}`, both, `POST https://a.example.com/x  {"items": [...]}`, diag.DataExchangeEndpoint},
	} {
		d, found := describe(providers.Scope{Target: tc.at[0], At: tc.at}, json.RawMessage(tc.args))
		if len(d.Effects) != 1 || d.Effects[0].Text != tc.want || d.Effects[0].Place != "dc1" || len(d.Places) != 1 {
			t.Errorf("%s: %+v", tc.args, d)
		}
		if (len(found) > 0) != (tc.found != "") || tc.found != "" && found[0].Code != tc.found {
			t.Errorf("%s at %s: %v, want %q", tc.args, strings.Join(tc.at, " and "), found, tc.found)
		}
	}
}
