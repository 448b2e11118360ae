package toxiproxy

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/providers"
)

func FuzzDecodeProxy(f *testing.F) {
	for _, s := range []string{
		`{"name":"a","listen":"127.0.0.1:1","upstream":"b:2","enabled":true,"toxics":[{"name":"x","type":"latency","stream":"upstream","toxicity":0.3,"attributes":{"latency":100,"jitter":1e3}}]}`,
		`{"name":"a","enabled":false,"toxics":[]}`, `null`, `[]`, `{"name":"a","enabled":true,"toxics":[{"name":"x","type":"y","attributes":null}]}`, `{"a":{"name":"a","enabled":true,"toxics":[]}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = decodeProxies(body)
		_, _ = decodeToxic(body)
		_ = refusal(400, body).Error()
		p, err := decodeProxy(body, "a")
		if err != nil {
			return
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		var again proxy
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		if d := difference(found{Proxy: p}, again, providers.Handle{Run: "r", Step: "s"}); p.Enabled && d != "" && unique(p.Toxics) {
			t.Errorf("it differs from itself after JSON: %s", d)
		}
	})
}

func unique(toxics []toxic) bool {
	have := map[string]bool{}
	for _, t := range toxics {
		if have[t.Name] {
			return false
		}
		have[t.Name] = true
	}
	return true
}

func TestCanonicalTellsEqualFromDifferent(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"latency": 1, "jitter": 2}`, `{"jitter":2,"latency":1}`, true},
		{`{"latency": 1}`, `{"latency": 2}`, false},
		{`{"n": 9007199254740993}`, `{"n": 9007199254740992}`, false},
		{``, `{}`, true},
		{`null`, `{}`, true},
	} {
		a, err := canonical(json.RawMessage(c.a))
		if err != nil {
			t.Fatal(err)
		}
		b, err := canonical(json.RawMessage(c.b))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(a, b) != c.same {
			t.Errorf("%s and %s: the same is %v, want %v", c.a, c.b, !c.same, c.same)
		}
	}
}

func TestDifferenceIsAboutOthersOnly(t *testing.T) {
	h := providers.Handle{Run: "20260101T000000Z-abcdefgh", Step: "fault.x.y"}
	was := proxy{Name: "a", Listen: "l", Upstream: "u", Enabled: true, Toxics: []toxic{{Name: "old", Type: "latency"}, {Name: "kept", Type: "latency"}}}
	now := proxy{Name: "a", Listen: "l2", Upstream: "u", Toxics: []toxic{{Name: "kept", Type: "latency", Toxicity: 1}, {Name: "new", Type: "timeout"}, {Name: "xdc_abcdefgh_01234567_upstream", Type: "latency"}}}
	got := difference(found{spot{providers.Place{Target: "dc1"}, "a"}, was}, now, h)
	for _, want := range []string{`listens at "l2"`, `"old"`, `"new"`, `"kept"`, "is gone", "switched off"} {
		if !strings.Contains(got, want) {
			t.Errorf("the difference lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "xdc_") || strings.Count(got, "\n") != 4 {
		t.Errorf("the difference is not five lines about others:\n%s", got)
	}
	marked := was
	marked.Enabled = false
	marked.Toxics = append([]toxic{{Name: "xdc_abcdefgh_01234567_downstream", Type: "noop"}}, was.Toxics...)
	if got := difference(found{Proxy: was}, marked, h); got != "" {
		t.Errorf("a proxy that another step has switched off differs: %s", got)
	}
}
