package toxiproxy_test

import (
	"encoding/json"
	"testing"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
	"github.com/xdc-project/xdc/providers/toxiproxy"
)

// suiteArgs are the arguments of each fault, for two proxies of one of which has a toxic of somebody else.
var suiteArgs = map[string]string{
	"toxiproxy_latency":    `{"target": "dc1", "proxies": ["a", "odd name? #%2F\"é"], "latency": "20ms", "jitter": "5ms", "toxicity": 0.3}`,
	"toxiproxy_bandwidth":  `{"targets": ["dc1"], "proxies": ["a"], "rate": 65536, "stream": "upstream"}`,
	"toxiproxy_timeout":    `{"target": "dc1", "proxies": ["a"], "close_after": "1s"}`,
	"toxiproxy_reset":      `{"target": "dc1", "proxies": ["a"], "stream": "downstream"}`,
	"toxiproxy_slow_close": `{"target": "dc1", "proxies": ["a"], "close_delay": "1500ms"}`,
	"toxiproxy_limit":      `{"target": "dc1", "proxies": ["a"], "bytes": 4096}`,
	"toxiproxy_down":       `{"target": "dc1", "proxies": ["a", "odd name? #%2F\"é"]}`,
}

func TestConformance(t *testing.T) {
	for _, ft := range toxiproxy.Provider().Faults {
		t.Run(ft.Name, func(t *testing.T) {
			t.Parallel()
			args, ok := suiteArgs[ft.Name]
			if !ok {
				t.Fatal("the fault has no arguments for the suite")
			}
			providertest.Run(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
				s := start(t)
				up := listen(t, echo)
				for _, name := range []string{"a", "odd name? #%2F\"é", "untouched"} {
					s.proxy(t, name, up)
				}
				s.must(t, "POST", "/proxies/a/toxics", foreign)
				urls := map[string]string{"dc1": s.url}
				env := surroundings(t, urls)
				try(t, &providertest.World{
					Env: env, Fresh: func() providers.Env { return surroundings(t, urls) }, ID: theStep,
					Scope: providers.Scope{Targets: env.Targets}, Args: json.RawMessage(args), State: s.state,
				})
			})
		})
	}
}

func TestHostileValuesAreNothingButText(t *testing.T) {
	for _, ft := range toxiproxy.Provider().Faults {
		t.Run(ft.Name, func(t *testing.T) {
			t.Parallel()
			providertest.Hostile(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
				s := start(t)
				s.proxy(t, "a", listen(t, echo))
				s.proxy(t, "odd name? #%2F\"é", listen(t, echo))
				urls := map[string]string{"dc1": s.url}
				env := surroundings(t, urls)
				try(t, &providertest.World{
					Env: env, Fresh: func() providers.Env { return surroundings(t, urls) }, ID: theStep,
					Scope: providers.Scope{Targets: env.Targets}, Args: json.RawMessage(suiteArgs[ft.Name]), State: s.state,
				})
			})
		})
	}
}

// A name that the language has already would never reach the provider.
func TestArgumentsDoNotClashWithTheLanguage(t *testing.T) {
	common := schema.Fault()
	taken := schema.Merge("fault", &common, &schema.Block{Attributes: schema.Meta(addr.Fault)})
	for _, ft := range toxiproxy.Provider().Faults {
		for _, a := range ft.Schema.Attributes {
			if _, clash := taken.Attribute(a.Name); clash {
				t.Errorf("%s: the argument %s means something to every fault", ft.Name, a.Name)
			}
		}
	}
}
