package network

import (
	"fmt"
	"strconv"
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

// ruleset is the table of a rule as `nft -f` takes it: it replaces one of the same name, in one transaction. The sets of
// networks are empty in it: the script that loads it fills them, because elements carry the lease.
//
// A packet that is accepted in this table still meets every other table: nothing that a firewall forbids is let through.
func ruleset(r providers.LinkRule, nets prefixes) string {
	var b strings.Builder
	open(&b, r, nets)
	for _, w := range []way{arriving, leaving} {
		if r.RateBPS > 0 {
			rate, burst := limit(r)
			fmt.Fprintf(&b, "\tlimit %s { rate over %d bytes/second burst %d bytes ; }\n", w, rate, burst)
		}
		fmt.Fprintf(&b, "\tchain %s {\n", w)
		for _, line := range nftEffect(r, w) {
			b.WriteString("\t\t" + line + "\n")
		}
		b.WriteString("\t}\n")
	}
	hook(&b, "input", early, `iifname "lo" accept`, nftMatches(r, nets, arriving))
	hook(&b, "output", late, `oifname "lo" accept`, nftMatches(r, nets, leaving))
	hook(&b, "forward", early, "", append(nftMatches(r, nets, arriving), nftMatches(r, nets, leaving)...))
	b.WriteString("}\n")
	return b.String()
}

// open begins the table with its sets.
func open(b *strings.Builder, r providers.LinkRule, nets prefixes) {
	fmt.Fprintf(b, "add table inet %[1]s\ndelete table inet %[1]s\ntable inet %[1]s {\n", r.Name)
	if len(nets.v4) > 0 {
		b.WriteString("\tset far4 { type ipv4_addr; flags interval,timeout; }\n")
	}
	if len(nets.v6) > 0 {
		b.WriteString("\tset far6 { type ipv6_addr; flags interval,timeout; }\n")
	}
	if len(r.Ports) > 0 {
		parts := make([]string, len(r.Ports))
		for i, p := range r.Ports {
			parts[i] = strconv.Itoa(p)
		}
		fmt.Fprintf(b, "\tset ports { type inet_service; elements = { %s } ; }\n", strings.Join(parts, ", "))
	}
}

// hook writes a chain that packets come through. What finds neighbours (the ARP of IPv6) passes, as ARP does.
func hook(b *strings.Builder, name string, priority int, first string, matches []string) {
	if len(matches) == 0 {
		return
	}
	fmt.Fprintf(b, "\tchain %s {\n\t\ttype filter hook %s priority %d; policy accept;\n", name, name, priority)
	if first != "" {
		b.WriteString("\t\t" + first + "\n")
	}
	b.WriteString("\t\ticmpv6 type { 133, 134, 135, 136, 137 } accept\n")
	for _, m := range matches {
		b.WriteString("\t\t" + m + "\n")
	}
	b.WriteString("\t}\n")
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

// nftEffect is what happens to the packets of one way.
func nftEffect(r providers.LinkRule, w way) []string {
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
		return []string{fmt.Sprintf("limit name %q drop", w)}
	}
	return nil
}
