//go:build linux

package network

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

func TestHostileArgumentsRunNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	before, _ := l.world(t.Context())
	for _, s := range []string{
		"$(touch /tmp/owned)", "`touch /tmp/owned`", "'; touch /tmp/owned; '", "\"; touch /tmp/owned; \"", "-e", "--help", "a\nb", "a\x00b", "\xff\xfe", "|touch /tmp/owned",
		strings.Repeat("x", 64<<10), "\\", "*", "10.0.0.0/8; flush ruleset", "10.0.0.0/8 }\nflush ruleset\n", "", " ", "..", "a..b", "-a.b", "10.0.0.1%$(touch /tmp/owned)", "fe80::1%eth0",
	} {
		for _, ft := range Provider().Faults {
			for _, argument := range []string{"hosts", "from", "to", "names", "answer", "ports", "latency", "jitter"} {
				if !slices.ContainsFunc(ft.Schema.Attributes, func(a schema.Attribute) bool { return a.Name == argument }) || argument == "answer" && s == "" {
					continue
				}
				args := map[string]any{"hosts": []string{"dc1.edge"}, "from": []string{"10.0.2.0/24"}, "to": []string{"10.0.2.0/24"}, "names": []string{"a"}, "loss": 0.5, "rate": 1000, "latency": "1s"}
				args[argument] = []string{s}
				if argument == "answer" || argument == "latency" || argument == "jitter" {
					args[argument] = s
				}
				if argument == "jitter" && s == "" {
					continue
				}
				raw, _ := json.Marshal(args)
				if _, err := ft.New(l.env()).Prepare(t.Context(), hostID, raw); err == nil {
					t.Errorf("%s takes %s = %s", ft.Name, argument, strconv.Quote(s[:min(len(s), 50)]))
				}
			}
		}
	}
	if after, _ := l.world(t.Context()); after != before {
		t.Errorf("something has run:\n%s\n%s", before, after)
	}
}

func TestHostileValuesAreNothingButText(t *testing.T) {
	for typ, args := range map[string]string{
		"network_partition": `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"]}`,
		"network_loss":      `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"loss":0.5}`,
		"network_latency":   `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"latency":"100ms"}`,
		"network_bandwidth": `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"rate":1000}`,
		"network_blackhole": `{"hosts":["dc1.edge"],"to":["10.0.2.0/24"]}`,
		"network_dns":       `{"hosts":["dc1.edge"],"names":["orders.example.com"],"answer":"192.0.2.7"}`,
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			ft := LatencyIn("pfifo limit 1000") // its strings are the same without netem
			if typ != "network_latency" {
				ft = faultType(t, typ)
			}
			providertest.Hostile(t, ft, func(t *testing.T, try func(*testing.T, *providertest.World)) {
				l := newLab(t)
				l.host.Seal(t)
				try(t, &providertest.World{
					Env: l.env(), Fresh: l.env, ID: hostID, Args: json.RawMessage(args), Scope: providers.Scope{Targets: targets()},
					Owned: l.host.Has, State: l.world,
				})
			})
		})
	}
}
