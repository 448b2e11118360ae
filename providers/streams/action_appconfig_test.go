package streams

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
)

// keeper is an instance with one application configuration; got are the requests that change it.
func keeper(properties string, got *[]string) *server {
	note := func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*got = append(*got, strings.TrimSpace(r.Method+" "+r.URL.EscapedPath()+" "+string(b)))
		w.WriteHeader(http.StatusNoContent)
	}
	const all = "/streams/instances/i/applicationconfigurations"
	return &server{status: "running", more: map[string]http.HandlerFunc{
		"GET " + all:               serveText(`{"applicationConfigurations":[{"name":"a b","description":"d","properties":` + properties + `},{"name":"other"}]}`),
		"POST " + all:              note,
		"PATCH " + all + "/a%20b":  note,
		"DELETE " + all + "/a%20b": note,
	}}
}

func TestAnApplicationConfigurationIsAskedForAsItMustBe(t *testing.T) {
	var got []string
	on(t, keeper(`{"x":"1","n":7}`, &got), func(t *testing.T, env providers.Env, _ *Session) {
		a := applicationConfigurationAction()
		do := func(args string) providers.Handle {
			t.Helper()
			d := a.Deed(env)
			h, err := d.Prepare(t.Context(), providers.StepID{Run: env.Run, Step: "action.x.y"}, json.RawMessage(args))
			if err == nil {
				err = d.Inject(t.Context(), h)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Heal(t.Context(), h); err != nil {
				t.Fatal(err)
			}
			return h
		}
		do(`{"target":"dc1","name":"a b","properties":{"x":"2","y":{"secret":"var.y"}},"remove":["n"]}`)
		do(`{"target":"dc1","name":"a b","delete":true}`) // the server still lists it: there is nothing to create again
		do(`{"target":"dc1","name":"new","description":"","properties":{"password":{"secret":"var.y"}}}`)
		want := []string{
			`PATCH /streams/instances/i/applicationconfigurations/a%20b {"properties":{"n":null,"x":"2","y":"s3cret"}}`,
			`PATCH /streams/instances/i/applicationconfigurations/a%20b {"properties":{"n":"7","x":"1","y":null}}`,
			`DELETE /streams/instances/i/applicationconfigurations/a%20b`,
			`PATCH /streams/instances/i/applicationconfigurations/a%20b {"description":"d","properties":{"n":"7","x":"1"}}`,
			`POST /streams/instances/i/applicationconfigurations {"name":"new","description":"","properties":{"password":"s3cret"}}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if a.Lasts(json.RawMessage(`{"name":"a","restore":false}`)) || !a.Lasts(json.RawMessage(`{"name":"a"}`)) {
			t.Error("it does not last as it says")
		}
		// It was taken, and the server shows it as it was: that is no success.
		if _, err := a.New(env).Do(t.Context(), providers.StepID{Run: env.Run, Step: "action.x.y"}, json.RawMessage(`{"target":"dc1","name":"a b","properties":{"x":"2"},"restore":false}`)); err == nil || !strings.Contains(err.Error(), "has other values of x") {
			t.Errorf("it says %v", err)
		}
		if _, err := a.New(env).Do(t.Context(), providers.StepID{Run: env.Run, Step: "action.x.y"}, json.RawMessage(`{"target":"dc1","name":"none","delete":true}`)); err == nil || !strings.Contains(err.Error(), "there is none") {
			t.Errorf("it says %v", err)
		}
	})
}

// What may be a secret is read from the server and kept nowhere: the plan says what it is to be again, or that it is not.
func TestFormerValuesThatMayBeSecretsAreNotKept(t *testing.T) {
	var got []string
	on(t, keeper(`{"jdbcPassword":"hunter2","plain":"visible"}`, &got), func(t *testing.T, env providers.Env, _ *Session) {
		d := applicationConfigurationAction().Deed(env)
		prepare := func(args string) (string, error) {
			h, err := d.Prepare(t.Context(), providers.StepID{Run: env.Run, Step: "action.x.y"}, json.RawMessage(`{"target":"dc1","name":"a b",`+args+`}`))
			b, jsonErr := json.Marshal(h)
			if jsonErr != nil {
				t.Fatal(jsonErr)
			}
			return string(b), err
		}
		for _, args := range []string{`"properties":{"jdbcPassword":"new"}`, `"properties":{"plain":{"secret":"var.y"}}`, `"remove":["jdbcPassword"]`, `"delete":true`} {
			if h, err := prepare(args); err == nil || !strings.Contains(err.Error(), "may be a secret") || strings.Contains(h, "hunter2") {
				t.Errorf("%s: %s, %v", args, h, err)
			}
		}
		for args, kept := range map[string]bool{
			`"properties":{"plain":"new"}`: true, `"properties":{"jdbcPassword":{"secret":"var.y"}},"former":{"jdbcPassword":{"secret":"var.old"}}`: false,
			`"remove":["jdbcPassword"],"restore":false`: false, `"delete":true,"former":{"jdbcPassword":{"secret":"var.old"}}`: true,
		} {
			h, err := prepare(args)
			if err != nil || strings.Contains(h, "hunter2") || strings.Contains(h, "s3cret") || strings.Contains(h, "visible") != kept {
				t.Errorf("%s: %s, %v", args, h, err)
			}
		}
	})
}

func TestApplicationConfigurationsThatCannotBe(t *testing.T) {
	s := providers.Scope{Targets: map[string]providers.Target{"dc1": {Connections: map[string]json.RawMessage{"streams": json.RawMessage(`{"url":"https://s","instance":"i"}`)}}}}
	for args, want := range map[string]string{
		`"name":""`:  "This is no name of an application configuration",
		`"name":"a"`: "The action changes nothing",
		`"name":"a","delete":true,"remove":["x"]`:                    "What is deleted has no properties",
		`"name":"a","properties":{"x":"1"},"remove":["x"]`:           `The property "x" is both set and taken away`,
		`"name":"a/b","properties":{"x":{"secret":"var.x"},"y":"2"}`: "",
		`"name":"a","properties":{"x":"1"},"restore":false`:          "",
	} {
		d, ds := describeAppConfig(s, json.RawMessage(`{"target":"dc1",`+args+`}`))
		switch {
		case want == "" && len(ds) > 0, want != "" && (len(ds) != 1 || ds[0].Summary != want || ds[0].Code != diag.ProviderArgument):
			t.Errorf("%s: %v", args, ds)
		case strings.Contains(args, "a/b") && (d.Effects[0].Text != `PATCH https://s/streams/instances/i/applicationconfigurations/a%2Fb  {"properties":{"x":"(var.x, sensitive)","y":"2"}}` || len(d.Undo) != 1):
			t.Errorf("%s: %+v", args, d)
		case strings.Contains(args, "restore") && len(d.Undo) != 0:
			t.Errorf("%s: %+v", args, d.Undo)
		}
	}
}
