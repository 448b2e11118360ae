package jolokia_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/https"
	"github.com/xdc-project/xdc/providers/jolokia"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, url, timeout string, reads ...map[string]string) (*jolokia.Session, error) {
	t.Helper()
	for i, r := range reads {
		if r["name"] == "" {
			r["name"] = string(rune('a' + i))
		}
	}
	raw, err := json.Marshal(map[string]any{"url": url, "timeout": timeout, "read": reads})
	if err != nil {
		t.Fatal(err)
	}
	s, err := jolokia.Provider().Connect(providers.Env{Dial: (&net.Dialer{}).DialContext}, providers.Target{Name: "dc1"}, raw)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { s.Close() })
	return s.(*jolokia.Session), nil
}

func heap(more ...string) map[string]string {
	r := map[string]string{"mbean": "java.lang:type=Memory", "attribute": "HeapMemoryUsage"}
	for i := 0; i < len(more); i += 2 {
		r[more[i]] = more[i+1]
	}
	return r
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/jolokia"
}

// says answers every request with one body.
func says(t *testing.T, status int, body string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func observe(t *testing.T, s *jolokia.Session) (map[string]signal.Value, error) {
	t.Helper()
	got := map[string]signal.Value{}
	err := s.Observe(t.Context(), func(r providers.Reading) {
		got[r.Path] = r.Value
		if r.Low.IsZero() || r.High.Before(r.Low) {
			t.Errorf("%s was true from %s to %s", r.Path, r.Low, r.High)
		}
	})
	return got, err
}

// agent answers reads as an agent does: each by itself, in one list.
func agent(t *testing.T, values map[string]string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		var asked []struct{ Type, MBean, Attribute, Path string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Method != http.MethodPost || r.URL.Path != "/jolokia/" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		out := []map[string]any{}
		for _, q := range asked {
			v, ok := values[strings.TrimSuffix(q.Attribute+"/"+q.Path, "/")]
			if !ok || q.Type != "read" {
				out = append(out, map[string]any{"status": 404, "error": "javax.management.AttributeNotFoundException : No such attribute: " + q.Attribute, "error_type": "javax.management.AttributeNotFoundException"})
				continue
			}
			out = append(out, map[string]any{"status": 200, "timestamp": 1700000000, "value": json.RawMessage(v)})
		}
		_ = json.NewEncoder(w).Encode(out)
	})
}

func TestEveryReadIsASampleOfItsType(t *testing.T) {
	url := agent(t, map[string]string{
		"HeapMemoryUsage/used": "1048576", "Load": "0.75", "Uptime": "1500", "Delay": "2.5", "Ready": "true", "State": `"RUNNING"`,
		"Long": `"9007199254740993"`, "None": "null", "NaN": `"NaN"`, "Huge": "1e999", "False": "false",
	})
	attr := func(name string, more ...string) map[string]string {
		return heap(append([]string{"name", name, "attribute", name}, more...)...)
	}
	s, err := connect(t, url, "5s",
		heap("name", "used", "path", "used"), attr("Load", "unit", "ratio"), attr("Uptime", "unit", "milliseconds"), attr("Delay", "unit", "seconds"),
		attr("Ready", "type", "bool"), attr("False", "type", "bool"), attr("State", "type", "string"), attr("Long"), attr("None"), attr("NaN"), attr("Huge"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := observe(t, s)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]signal.Value{
		"jolokia.used": signal.NumberVal(1 << 20), "jolokia.Load": signal.RatioVal(0.75), "jolokia.Uptime": signal.Bounded(signal.Duration, 1.5, 1.5, 1.5),
		"jolokia.Delay": signal.Bounded(signal.Duration, 2.5, 2.5, 2.5), "jolokia.Ready": signal.BoolVal(true), "jolokia.False": signal.BoolVal(false),
		"jolokia.State": signal.StringVal("RUNNING"), "jolokia.Long": signal.NumberVal(9007199254740992),
	}
	for p, v := range want {
		if got[p] != v {
			t.Errorf("%s is %v, want %v", p, got[p], v)
		}
	}
	if len(got) != len(want) {
		t.Errorf("there are samples of what has no value: %v", got)
	}
	for _, f := range s.Check(t.Context()) {
		if !f.OK {
			t.Errorf("the check finds %+v", f)
		}
	}
}

func TestABadReadKeepsNoOtherFromBeingASample(t *testing.T) {
	url := agent(t, map[string]string{"Load": "0.5", "HeapMemoryUsage": `{"used":1}`, "State": `"RUNNING"`, "Ready": "1", "List": "[1]", "Hex": `"0x10"`})
	s, err := connect(t, url, "5s",
		heap("name", "load", "attribute", "Load"), heap("name", "gone", "attribute", "Nothing"), heap("name", "object"), heap("name", "word", "attribute", "State"),
		heap("name", "ready", "attribute", "Ready", "type", "bool"), heap("name", "list", "attribute", "List", "type", "string"), heap("name", "hex", "attribute", "Hex"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := observe(t, s)
	if len(got) != 1 || got["jolokia.load"] != signal.NumberVal(0.5) || err == nil {
		t.Fatalf("samples %v, error %v", got, err)
	}
	for _, w := range []string{
		`read "gone": status 404: javax.management.AttributeNotFoundException`, `read "object": the value is an object, and a number is expected`, `read "word": the value is the text "RUNNING"`,
		`read "ready": the value is the number 1, and a bool is expected`, `read "list": the value is a list, and a string is expected`, `read "hex": the value is the text "0x10"`,
	} {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not have %q: %v", w, err)
		}
	}
	bad := 0
	for _, f := range s.Check(t.Context()) {
		if !f.OK {
			bad++
		}
	}
	if bad != 6 {
		t.Errorf("the check finds %d bad reads", bad)
	}
}

func TestErrorsOfTheWholeAnswerSayWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		url  string
		want string
	}{
		"HTML":                       {says(t, 200, "<html>hello</html>"), "no answer of Jolokia"},
		"nothing":                    {says(t, 200, ""), "no answer of Jolokia"},
		"another object":             {says(t, 200, `{"a":1}`), "no answer of Jolokia"},
		"the agent refuses it":       {says(t, 400, `{"status":400,"error":"Invalid JSON","error_type":"x"}`), "status 400: Invalid JSON"},
		"not allowed":                {says(t, 403, "Forbidden"), "403 Forbidden"},
		"not logged in":              {says(t, 401, ""), "check `username`"},
		"fewer answers than reads":   {says(t, 200, `[]`), "0 answers to 1 reads"},
		"more answers than reads":    {says(t, 200, `[{"status":200,"value":1},{"status":200,"value":1}]`), "2 answers to 1 reads"},
		"an answer without a status": {says(t, 200, `[{"value":1}]`), "status 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := connect(t, tc.url, "5s", heap())
			if err != nil {
				t.Fatal(err)
			}
			got, err := observe(t, s)
			if len(got) != 0 || err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("samples %v, error %v", got, err)
			}
			if f := s.Check(t.Context()); len(f) != 1 || f[0].OK {
				t.Errorf("the check finds %+v", f)
			}
		})
	}
}

func TestAnAgentThatDoesNotAnswerWellIsAnErrorAndNoSample(t *testing.T) {
	elsewhere := says(t, 200, `[{"status":200,"value":1}]`)
	for name, tc := range map[string]struct {
		answer  http.HandlerFunc
		timeout string
		kind    https.Kind
	}{
		"too slow": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, "50ms", https.Timeout},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "[{")
		}, "5s", https.Half},
		"a huge answer": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5<<20)) }, "5s", https.TooLarge},
		"a redirect elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}, "5s", https.Redirected},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := connect(t, serve(t, tc.answer), tc.timeout, heap())
			if err != nil {
				t.Fatal(err)
			}
			got, err := observe(t, s)
			f, ok := errors.AsType[*https.Failure](err)
			if len(got) != 0 || !ok || f.Kind != tc.kind {
				t.Errorf("samples %v, error %v", got, err)
			}
		})
	}
}

func TestReadsThatCannotBeAreRefusedBeforeAnythingIsSent(t *testing.T) {
	for name, tc := range map[string]struct {
		read map[string]string
		ok   bool
	}{
		"a bean":                       {heap(), true},
		"a quoted wildcard":            {heap("mbean", `d:name="a\*b"`), true},
		"a pattern":                    {heap("mbean", "java.lang:type=*"), false},
		"a quoted pattern":             {heap("mbean", `d:name="a*b"`), false},
		"a pattern of domains":         {heap("mbean", "java.?:type=Memory"), false},
		"no object name":               {heap("mbean", "Memory"), false},
		"no keys":                      {heap("mbean", "java.lang:"), false},
		"no attribute":                 {heap("attribute", ""), false},
		"a unit of what is no number":  {heap("type", "bool", "unit", "seconds"), false},
		"the unit that is the default": {heap("type", "bool", "unit", "number"), true},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := connect(t, "http://127.0.0.1:1", "5s", tc.read); (err == nil) != tc.ok {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
