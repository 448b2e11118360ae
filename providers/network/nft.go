package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/providers"
)

// Priorities of the hooks. Connections are tracked at -200, so that who opened one is known; addresses of what the host
// sends are translated at -100, so that the one on the wire is seen; everybody's filters stand at 0.
const (
	early  = -150
	late   = -90 // for the host's own packets
	latest = 150 // behind the translation of source addresses: for marks that only the queue reads
)

// table is a table of nftables as it is written.
type table struct {
	name  string
	heads strings.Builder // declarations, harmless where they are there already
	clear strings.Builder
	body  strings.Builder
}

// String is what `nft -f` takes, in one transaction. It replaces what a table of the same name holds and leaves its chains
// where they are hooked in: where a whole table is replaced, packets slip through between the old and the new one.
func (t *table) String() string {
	return fmt.Sprintf("table inet %s {\n%s}\n%stable inet %s {\n%s}\n", t.name, t.heads.String(), t.clear.String(), t.name, t.body.String())
}

// sets declares the sets. Those of networks stay empty: the script that loads the table fills them, because elements
// carry the lease.
func (t *table) sets(nets prefixes, ports []int) {
	for _, s := range []struct {
		some        bool
		name, holds string
	}{{len(nets.v4) > 0, "far4", "type ipv4_addr; flags interval,timeout"}, {len(nets.v6) > 0, "far6", "type ipv6_addr; flags interval,timeout"}, {len(ports) > 0, "ports", "type inet_service"}} {
		if s.some {
			fmt.Fprintf(&t.heads, "\tset %s { %s ; }\n", s.name, s.holds)
			fmt.Fprintf(&t.clear, "flush set inet %s %s\n", t.name, s.name)
		}
	}
	if len(ports) > 0 {
		fmt.Fprintf(&t.clear, "add element inet %s ports { %s }\n", t.name, portList(ports))
	}
}

// chain writes a chain; begins is its hook, or empty.
func (t *table) chain(name, begins string, rules ...string) {
	fmt.Fprintf(&t.heads, "\tchain %s {\n%s\t}\n", name, begins)
	fmt.Fprintf(&t.clear, "flush chain inet %s %s\n", t.name, name)
	fmt.Fprintf(&t.body, "\tchain %s {\n", name)
	for _, r := range rules {
		t.body.WriteString("\t\t" + r + "\n")
	}
	t.body.WriteString("\t}\n")
}

// hook writes a chain that packets come through. What finds neighbours (the ARP of IPv6) passes, as ARP does.
func (t *table) hook(name string, priority int, matches []string, first ...string) {
	rules := append(slices.Clone(first), "icmpv6 type { 133, 134, 135, 136, 137 } accept")
	t.chain(name, fmt.Sprintf("\t\ttype filter hook %s priority %d; policy accept;\n", name, priority), append(rules, matches...)...)
}

// ruleset is the table of a rule.
//
// A packet that is accepted in it still meets every other table: nothing that a firewall forbids is let through.
func ruleset(r providers.LinkRule, nets prefixes) string {
	t := &table{name: r.Name}
	t.sets(nets, r.Ports)
	for _, w := range []way{arriving, leaving} {
		t.chain(string(w), "", nftEffect(r)...)
	}
	t.hook("input", early, nftMatches(r, nets, arriving), `iifname "lo" accept`)
	t.hook("output", late, nftMatches(r, nets, leaving), `oifname "lo" accept`)
	t.hook("forward", early, append(nftMatches(r, nets, arriving), nftMatches(r, nets, leaving)...))
	return t.String()
}

// nftMatches are the rules that pick a rule's packets of one way and send them to the chain of that way.
func nftMatches(r providers.LinkRule, nets prefixes, w way) []string {
	side := map[way]string{arriving: "saddr", leaving: "daddr"}[w]
	var out []string
	for _, f := range []struct {
		some           bool
		address, icmps string
	}{
		{len(nets.v4) > 0, "ip " + side + " @far4", "icmp"},
		{len(nets.v6) > 0, "ip6 " + side + " @far6", "ipv6-icmp"},
	} {
		if !f.some {
			continue
		}
		proto := ""
		switch p := protocols(r); {
		case len(p) == 1 && p[0] == "icmp":
			proto = "meta l4proto " + f.icmps + " "
		case len(p) == 1:
			proto = "meta l4proto " + p[0] + " "
		case len(p) > 1:
			proto = "meta l4proto { " + strings.Join(p, ", ") + " } "
		}
		for _, o := range openers(r, w) {
			for _, port := range nftPorts(r, o) {
				out = append(out, proto+f.address+nftDirection(o, w)+port+" goto "+string(w))
			}
		}
	}
	return out
}

func nftDirection(o opener, w way) string {
	switch {
	case o == anybody:
		return ""
	case o.forth(w):
		return " ct direction original"
	}
	return " ct direction reply"
}

// nftPorts are the ways to find the connection's destination port. It is the one on the wire, whatever the host translates.
func nftPorts(r providers.LinkRule, o opener) []string {
	switch {
	case len(r.Ports) == 0:
		return []string{""}
	case o == far:
		return []string{" ct original proto-dst @ports"}
	case o == near:
		return []string{" ct reply proto-src @ports"}
	}
	return []string{" th dport @ports", " th sport @ports"}
}

// nftEffect is what happens to the packets of one way. A limit counts the packets of its chain, from whichever hook.
func nftEffect(r providers.LinkRule) []string {
	switch {
	case r.Reject:
		// The refusals themselves must get through.
		return []string{
			"tcp flags & rst == rst accept", "icmp type destination-unreachable accept", "icmpv6 type destination-unreachable accept",
			"meta l4proto tcp reject with tcp reset", "reject with icmpx type admin-prohibited",
		}
	case r.Drop || r.Loss >= 1:
		return []string{"drop"}
	case r.Loss > 0:
		return []string{fmt.Sprintf("numgen random mod 1000000 < %d drop", parts(r.Loss))}
	case r.RateBPS > 0:
		rate, burst := limit(r)
		return []string{fmt.Sprintf("limit rate over %d bytes/second burst %d bytes drop", rate, burst)}
	}
	return nil
}
