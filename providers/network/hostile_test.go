//go:build linux

package network

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xdc-project/xdc/lang/schema"
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
