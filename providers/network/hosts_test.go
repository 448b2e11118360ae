//go:build linux

package network

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/providertest"
)

func TestFaultsOnHostsConform(t *testing.T) {
	for _, tc := range []struct{ name, typ, args string }{
		{"partition", "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"]}`},
		{"partition by connections", "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"],"direction":"out","ports":[7,25091],"reject":true}`},
		{"loss", "network_loss", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"loss":0.5,"protocol":"tcp"}`},
		{"bandwidth", "network_bandwidth", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"rate":65536,"match":"packets","direction":"out"}`},
		{"blackhole", "network_blackhole", `{"hosts":["dc1.edge"],"to":["10.0.2.0/24","fd00:2::/64","192.0.2.0/24"]}`},
		{"a wrong name", "network_dns", `{"hosts":["dc1.edge"],"names":["Orders.example.com","b.example.com."],"answer":"192.0.2.7"}`},
		{"a name that is absent", "network_dns", `{"hosts":["dc1.edge"],"names":["orders.example.com","localhost"]}`},
	} {
		for _, how := range []string{"nftables", "iptables"} {
			if how == "iptables" && (tc.typ == "network_blackhole" || tc.typ == "network_dns") {
				continue
			}
			t.Run(tc.name+" with "+how, func(t *testing.T) {
				t.Parallel()
				conform(t, tc.typ, tc.args, how == "iptables")
			})
		}
	}
}

func conform(t *testing.T, typ, args string, tables bool) {
	t.Helper()
	providertest.Run(t, faultType(t, typ), func(t *testing.T, try func(*testing.T, *providertest.World)) {
		l := newLab(t)
		if l.tables = tables; tables {
			l.firewall(t)
		}
		l.host.Shell = []string{"dash"}
		try(t, &providertest.World{
			Env: l.env(), Fresh: l.env, ID: hostID, Args: json.RawMessage(args), TTL: 2 * time.Second,
			Scope: providers.Scope{Targets: targets()}, State: l.world,
		})
	})
}

// attempt is something tried during a fault.
type attempt struct {
	from, network, address string
	want                   string
}

func (l *lab) try(t *testing.T, list []attempt) {
	t.Helper()
	for _, a := range list {
		n := l.host
		if a.from == "far" {
			n = l.far
		}
		if got := reach(n, a.network, a.address); got != a.want {
			t.Errorf("from %s over %s to %s: %s, want %s", a.from, a.network, a.address, got, a.want)
		}
	}
}

func TestWhatAPartitionCutsAndWhatItLeavesAlone(t *testing.T) {
	others := []attempt{
		{"host", "tcp", "10.0.3.1:7", "yes"},
		{"host", "udp", "10.0.3.1:7", "yes"},
		{"host", "tcp", "[fd00:3::1]:7", "yes"},
		{"host", "tcp", "127.0.0.1:7", "yes"},
		{"host", "tcp", "10.0.1.10:7", "yes"},
	}
	for _, tc := range []struct {
		name, more string
		want       []attempt
	}{
		{"both ways", ``, []attempt{
			{"host", "tcp", "10.0.2.1:7", "no"},
			{"far", "tcp", "10.0.1.10:7", "no"},
			{"host", "udp", "10.0.2.1:7", "no"},
			{"host", "tcp", "[fd00:2::1]:7", "no"},
			{"far", "tcp", "[fd00:1::10]:7", "no"},
		}},
		{"what the host opens", `,"direction":"out"`, []attempt{
			{"host", "tcp", "10.0.2.1:7", "no"},
			{"far", "tcp", "10.0.1.10:7", "yes"},
			{"far", "udp", "10.0.1.10:7", "yes"},
			{"host", "tcp", "[fd00:2::1]:7", "no"},
			{"far", "tcp", "[fd00:1::10]:7", "yes"},
		}},
		{"what the other side opens", `,"direction":"in"`, []attempt{
			{"host", "tcp", "10.0.2.1:7", "yes"}, {"far", "tcp", "10.0.1.10:7", "no"}, {"host", "tcp", "[fd00:2::1]:7", "yes"}, {"far", "tcp", "[fd00:1::10]:7", "no"},
		}},
		{"packets one way", `,"direction":"in","match":"packets"`, []attempt{
			{"host", "tcp", "10.0.2.1:7", "no"}, {"far", "tcp", "10.0.1.10:7", "no"},
		}},
		{"a port", `,"ports":[7]`, []attempt{
			{"host", "tcp", "10.0.2.1:7", "no"},
			{"host", "tcp", "10.0.2.1:8", "yes"},
			{"host", "udp", "10.0.2.1:7", "no"},
			{"host", "udp", "10.0.2.1:8", "yes"},
			{"far", "tcp", "10.0.1.10:7", "no"},
			{"far", "tcp", "[fd00:1::10]:8", "yes"},
		}},
		{"a port one way", `,"ports":[7],"direction":"out","protocol":"tcp"`, []attempt{
			{"host", "tcp", "10.0.2.1:7", "no"}, {"host", "udp", "10.0.2.1:7", "yes"}, {"far", "tcp", "10.0.1.10:7", "yes"}, {"host", "tcp", "[fd00:2::1]:7", "no"},
		}},
		{"a port by packets", `,"ports":[7],"direction":"out","match":"packets"`, []attempt{
			{"host", "tcp", "10.0.2.1:7", "no"}, {"host", "tcp", "10.0.2.1:8", "yes"}, {"far", "tcp", "10.0.1.10:7", "no"},
		}},
		{"a protocol", `,"protocol":"udp"`, []attempt{
			{"host", "tcp", "10.0.2.1:7", "yes"}, {"host", "udp", "10.0.2.1:7", "no"}, {"host", "udp", "[fd00:2::1]:7", "no"},
		}},
		{"refused", `,"reject":true`, []attempt{
			{"host", "tcp", "10.0.2.1:7", "refused"},
			{"far", "tcp", "10.0.1.10:7", "refused"},
			{"far", "udp", "10.0.1.10:7", "refused"},
			{"host", "tcp", "[fd00:2::1]:7", "refused"},
			{"far", "tcp", "[fd00:1::10]:7", "refused"},
		}},
		{"refused one way", `,"reject":true,"direction":"in","ports":[7]`, []attempt{
			{"far", "tcp", "10.0.1.10:7", "refused"}, {"far", "tcp", "10.0.1.10:8", "yes"}, {"host", "tcp", "10.0.2.1:7", "yes"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			mechanisms(t, func(t *testing.T, l *lab) {
				before, err := l.world(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				f := l.inject(t, "network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"]`+tc.more+`}`, time.Hour)
				l.try(t, tc.want)
				l.try(t, others)
				f.heal(t)
				for _, a := range tc.want {
					l.try(t, []attempt{{a.from, a.network, a.address, "yes"}})
				}
				if after, _ := l.world(t.Context()); strings.TrimSpace(after) != strings.TrimSpace(before) {
					t.Errorf("the host is not as it was:\n%s\n%s", before, after)
				}
			})
		})
	}
}
