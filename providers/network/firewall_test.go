//go:build linux

package network

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/xdc-project/xdc/providers/providertest"
)

// nftFirewall is what an administrator could have written: 50 rules, with sets, translation and counters.
func nftFirewall() string {
	var b strings.Builder
	b.WriteString("table inet firewall {\n set admins { type ipv4_addr; flags interval; elements = { 192.0.2.0/24, 198.51.100.7 } ; }\n set banned { type ipv4_addr; flags timeout; }\n chain input { type filter hook input priority 0; policy drop;\n iifname lo accept\n ct state established,related accept\n ct state invalid drop\n meta l4proto { icmp, ipv6-icmp } accept\n ip saddr @banned drop\n ip saddr @admins tcp dport 22 accept\n tcp dport { 7, 8 } accept\n udp dport { 7, 8 } accept\n")
	for i := range 35 {
		fmt.Fprintf(&b, " ip saddr 203.0.113.%d tcp dport %d counter accept\n", i, 1000+i)
	}
	b.WriteString(" limit rate 5/second log prefix \"refused \"\n }\n chain output { type filter hook output priority 0; policy accept; \n ip daddr 192.0.2.99 reject\n }\n chain forward { type filter hook forward priority 0; policy drop;\n ct state established accept\n }\n}\ntable ip nat {\n chain post { type nat hook postrouting priority 100;\n oifname \"nowhere\" masquerade\n }\n chain pre { type nat hook prerouting priority -100;\n tcp dport 8080 redirect to :7\n }\n}\n")
	return b.String()
}

func tablesFirewall() string {
	var b strings.Builder
	b.WriteString("*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:ADMINS - [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -m conntrack --ctstate INVALID -j DROP\n-A INPUT -p tcp -m multiport --dports 7,8 -j ACCEPT\n-A INPUT -p udp -m multiport --dports 7,8 -j ACCEPT\n-A INPUT -p icmp -j ACCEPT\n-A INPUT -j ADMINS\n")
	for i := range 40 {
		fmt.Fprintf(&b, "-A ADMINS -s 203.0.113.%d/32 -p tcp -m tcp --dport %d -m comment --comment \"admin %d\" -j ACCEPT\n", i, 1000+i, i)
	}
	b.WriteString("-A OUTPUT -d 192.0.2.99/32 -j REJECT\nCOMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 7\nCOMMIT\n")
	return b.String()
}

// foreign is the firewall as its own tools show it, without what counts and without what is xdc's.
func (l *lab) foreign(t *testing.T) string {
	t.Helper()
	if l.tables {
		return l.host.Must(t, "sh", "-c", "iptables-save | grep -v -e '^#' -e xdc_ | sed 's/\\[[0-9]*:[0-9]*\\]//'")
	}
	return l.host.Must(t, "sh", "-c", "nft -s list table inet firewall; nft -s list table ip nat")
}

func TestAFirewallThatWasThereIsUntouchedAndWorksOn(t *testing.T) {
	t.Parallel()
	mechanisms(t, func(t *testing.T, l *lab) {
		text, load := nftFirewall(), []string{"nft", "-f", "-"}
		if l.tables {
			if _, err := exec.LookPath("iptables-restore"); err != nil {
				providertest.Lack(t, "needs iptables: run make setup")
			}
			text, load = tablesFirewall(), []string{"iptables-restore"}
		}
		cmd := l.host.Command(t.Context(), load...)
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		before := l.foreign(t)
		if n := strings.Count(before, "\n"); n < 50 {
			t.Fatalf("the firewall has only %d lines", n)
		}
		for _, tc := range []struct{ typ, args string }{
			{"network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"]}`},
			{"network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"direction":"in","ports":[7],"reject":true}`},
			{"network_loss", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"loss":1}`},
			{"network_bandwidth", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"rate":1000}`},
			{"network_blackhole", `{"hosts":["dc1.edge"],"to":["10.0.2.0/24"]}`},
			{"network_dns", `{"hosts":["dc1.edge"],"names":["orders.example.com"],"answer":"192.0.2.7"}`},
		} {
			// Somebody whom the fault does not name talks all the while, from before it to after it.
			ctx, stop := context.WithCancel(t.Context())
			type count struct{ tried, worked int }
			counted := make(chan count)
			go func() {
				var c count
				for ctx.Err() == nil {
					c.tried++
					if reach(l.host, "tcp", "10.0.3.1:7") == "yes" {
						c.worked++
					}
				}
				counted <- c
			}()
			f := l.inject(t, tc.typ, tc.args, time.Hour)
			during := l.foreign(t)
			// What the firewall forbids stays forbidden, and what it translates is translated.
			if c, err := dial(l.far, "tcp", "10.0.1.10:9", patience); err == nil {
				_ = c.Close()
				t.Errorf("%s: a port that the firewall closes is open", tc.typ)
			}
			f.heal(t)
			stop()
			c := <-counted
			if c.worked != c.tried || c.tried < 20 {
				t.Errorf("%s: %d of %d exchanges with somebody else worked", tc.typ, c.worked, c.tried)
			}
			if after := l.foreign(t); during != before || after != before {
				t.Errorf("%s: the firewall is another one:\n%s\n%s\n%s", tc.typ, before, during, after)
			}
			l.try(t, []attempt{{"far", "tcp", "10.0.1.10:7", "yes"}, {"far", "tcp", "10.0.1.10:8080", "yes"}})
		}
	})
}
