//go:build linux

package network

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
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

// tables6Firewall is the same idea for IPv6.
func tables6Firewall() string {
	var b strings.Builder
	b.WriteString("*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:ADMINS - [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -p ipv6-icmp -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m multiport --dports 7,8 -j ACCEPT\n-A INPUT -p udp -m multiport --dports 7,8 -j ACCEPT\n-A INPUT -j ADMINS\n")
	for i := range 20 {
		fmt.Fprintf(&b, "-A ADMINS -s 2001:db8::%x/128 -p tcp -m tcp --dport %d -j ACCEPT\n", i+1, 1000+i)
	}
	b.WriteString("-A OUTPUT -d 2001:db8::99/128 -j REJECT\nCOMMIT\n")
	return b.String()
}

// foreign is the firewall as its own tools show it, without what counts and without what is xdc's.
func (l *lab) foreign(t *testing.T, tables bool) string {
	t.Helper()
	if tables {
		return l.host.Must(t, "sh", "-c", "for t in iptables ip6tables; do $t-save | grep -v -e '^#' -e xdc_ | sed 's/\\[[0-9]*:[0-9]*\\]//'; done")
	}
	return l.host.Must(t, "sh", "-c", "nft -s list table inet firewall; nft -s list table ip nat")
}

func TestAFirewallThatWasThereIsUntouchedAndWorksOn(t *testing.T) {
	t.Parallel()
	for _, m := range []struct {
		name         string
		theirs, xdcs bool // by iptables
	}{{"nftables", false, false}, {"iptables", true, true}, {"iptables beside nftables", true, false}} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.tables = m.xdcs
			firewallWorksOn(t, l, m.theirs)
		})
	}
}

// load loads a firewall by a tool that reads it.
func (l *lab) load(t *testing.T, text string, tool ...string) {
	t.Helper()
	if _, err := exec.LookPath(tool[0]); err != nil {
		providertest.Lack(t, "needs %s: run make setup", tool[0])
	}
	cmd := l.host.Command(t.Context(), tool...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// talker is somebody whom no fault names, and who talks all the while.
type talker struct {
	tried, worked atomic.Int64
	end           func()
}

func (l *lab) talk(t *testing.T, address string) *talker {
	ctx, stop := context.WithCancel(t.Context())
	k := &talker{}
	done := make(chan struct{})
	k.end = func() { stop(); <-done }
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if reach(l.host, "tcp", address) == "yes" {
				k.worked.Add(1)
			}
			k.tried.Add(1)
			<-time.After(5 * time.Millisecond)
		}
	}()
	return k
}

// goesOn fails unless nearly all of the next exchanges work. An exchange that is not answered in time by a machine that is too
// busy is one; during a fault that met the wrong ones, none would be.
func (k *talker) goesOn(t *testing.T, what string) {
	t.Helper()
	const many = 20
	tried, worked := k.tried.Load(), k.worked.Load()
	for end := time.Now().Add(time.Minute); k.tried.Load() < tried+many && time.Now().Before(end); {
		<-time.After(10 * time.Millisecond)
	}
	if n, good := k.tried.Load()-tried, k.worked.Load()-worked; n < many || good*10 < n*9 {
		t.Errorf("%s: %d of %d exchanges with somebody else worked", what, good, n)
	}
}

func firewallWorksOn(t *testing.T, l *lab, tables bool) {
	t.Helper()
	if tables {
		l.load(t, tablesFirewall(), "iptables-restore")
		l.load(t, tables6Firewall(), "ip6tables-restore")
	} else {
		l.load(t, nftFirewall(), "nft", "-f", "-")
	}
	before := l.foreign(t, tables)
	if n := strings.Count(before, "\n"); n < 50 {
		t.Fatalf("the firewall has only %d lines", n)
	}
	for _, tc := range []struct{ typ, args string }{
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"]}`},
		{"network_partition", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"direction":"in","ports":[7],"reject":true}`},
		{"network_loss", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"],"loss":1}`},
		{"network_bandwidth", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24"],"rate":1000}`},
		{"network_latency", `{"hosts":["dc1.edge"],"from":["10.0.2.0/24","fd00:2::/64"],"latency":"100ms"}`},
		{"network_blackhole", `{"hosts":["dc1.edge"],"to":["10.0.2.0/24"]}`},
		{"network_dns", `{"hosts":["dc1.edge"],"names":["orders.example.com"],"answer":"192.0.2.7"}`},
	} {
		ft := faultType(t, tc.typ)
		if tc.typ == "network_latency" {
			if l.tables {
				continue // it needs nft
			}
			ft = LatencyIn("pfifo limit 1000")
		}
		talkers := map[string]*talker{"IPv4": l.talk(t, "10.0.3.1:7"), "IPv6": l.talk(t, "[fd00:3::1]:7")}
		f := l.injectOf(t, ft, tc.args, time.Hour)
		during := l.foreign(t, tables)
		// What the firewall forbids stays forbidden, and what it translates is translated.
		for _, closed := range []string{"10.0.1.10:9", "[fd00:1::10]:9"} {
			if c, err := dial(l.far, "tcp", closed, patience); err == nil {
				_ = c.Close()
				t.Errorf("%s: the port %s that the firewall closes is open", tc.typ, closed)
			}
		}
		for version, k := range talkers {
			k.goesOn(t, tc.typ+" in force, "+version)
		}
		f.heal(t)
		for version, k := range talkers {
			k.goesOn(t, tc.typ+" healed, "+version)
			k.end()
		}
		if after := l.foreign(t, tables); during != before || after != before {
			t.Errorf("%s: the firewall is another one:\n%s\n%s\n%s", tc.typ, before, during, after)
		}
		l.try(t, []attempt{{"far", "tcp", "10.0.1.10:7", "yes"}, {"far", "tcp", "10.0.1.10:8080", "yes"}, {"far", "tcp", "[fd00:1::10]:7", "yes"}})
	}
}
