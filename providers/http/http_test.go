package httpaction

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

func do(t *testing.T, h http.HandlerFunc, args string) (providers.ActionResult, error) {
	t.Helper()
	var res providers.ActionResult
	var err error
	synctest.Test(t, func(t *testing.T) {
		n, ca := providertest.NewNetwork(), providertest.NewAuthority(t)
		n.Serve(t, "lb.example.com:443", ca.Certificate(t, "lb.example.com", time.Now().Add(time.Hour)), h)
		env := providers.Env{
			Dial: n.Dial, ReadFile: func(string) ([]byte, error) { return ca.CA, nil },
			Secret: func(slot string) (string, error) {
				if slot != "var.token" {
					return "", errors.New("no such secret")
				}
				return "t0ken", nil
			},
		}
		res, err = (&action{env}).Do(t.Context(), providers.StepID{}, json.RawMessage(args))
	})
	return res, err
}

func TestARequestIsSentAsThePlanSays(t *testing.T) {
	res, err := do(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		u, p, _ := r.BasicAuth()
		if r.Method != "PUT" || r.URL.Path != "/pool" || r.Header.Get("X-Token") != "t0ken" || string(b) != `{"site":"dc2"}` || u != "xdc" || p != "t0ken" {
			t.Errorf("got %s %s %v %s %s:%s", r.Method, r.URL, r.Header, b, u, p)
		}
		w.WriteHeader(202)
		_, _ = io.WriteString(w, "done")
	}, `{"method":"PUT","url":"https://lb.example.com/pool","headers":{"X-Token":{"secret":"var.token"}},"body":"{\"site\":\"dc2\"}","username":"xdc","password":{"secret":"var.token"},"ca_file":"ca.pem"}`)
	if err != nil || *res.StatusCode != 202 || res.Body != "done" {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestAnUnexpectedStatusFails(t *testing.T) {
	answer := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "pool is locked", http.StatusConflict) }
	res, err := do(t, answer, `{"url":"https://lb.example.com/","ca_file":"ca.pem"}`)
	if err == nil || *res.StatusCode != 409 || !strings.Contains(err.Error(), "409 Conflict, and 200 to 299 was expected: pool is locked") {
		t.Errorf("got %+v, %v", res, err)
	}
	if _, err := do(t, answer, `{"url":"https://lb.example.com/","ca_file":"ca.pem","expect_status":[200,409]}`); err != nil {
		t.Error(err)
	}
}

func TestAServerThatIsNotThereIsNamed(t *testing.T) {
	_, err := do(t, nil, `{"url":"https://lc.example.com/","ca_file":"ca.pem"}`)
	if err == nil || !strings.Contains(err.Error(), "send GET https://lc.example.com/: nothing listens there") {
		t.Errorf("got %v", err)
	}
}

func TestRequestsThatCannotBeAreRefused(t *testing.T) {
	for args, word := range map[string]string{
		`{"url":"lb"}`:                               "`url` is not one",
		`{"url":"https://u:p4ss@lb/"}`:               "credentials",
		`{"url":"http://lb/","body":{"secret":"x"}}`: "over TLS",
		`{"url":"https://lb/","method":"BREW"}`:      "BREW",
		`{"url":"https://lb/","headers":{"a b":""}}`: "header",
		`{"url":7}`: "arguments",
	} {
		err := (&action{}).Check(t.Context(), providers.StepID{}, json.RawMessage(args))
		if err == nil || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "p4ss") {
			t.Errorf("%s: %v", args, err)
		}
	}
	if _, err := do(t, nil, `{"url":"https://lb.example.com/","headers":{"A":"x\r\nB: y"}}`); err == nil || !strings.Contains(err.Error(), "line break") {
		t.Errorf("a header with a line break: %v", err)
	}
}

func TestTheDryRunShowsNoSecret(t *testing.T) {
	d, ds := describe(providers.Scope{}, json.RawMessage(`{"method":"POST","url":"https://lb/","headers":{"A":{"secret":"var.token"}},"body":"b","insecure":true}`))
	if want := "POST https://lb/  A: (var.token, sensitive)  b"; d.Effects[0].Text != want || !d.SideEffects {
		t.Errorf("got %q", d.Effects[0].Text)
	}
	if len(ds) != 1 || ds[0].Code != diag.ProviderInsecure {
		t.Errorf("got %v", ds)
	}
	if _, ds := describe(providers.Scope{}, json.RawMessage(`{"method":"GET","url":"(known after run)"}`)); ds.HasErrors() {
		t.Errorf("what is not known yet is an error: %v", ds)
	}
}
