package network

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// tablesWork is a rule with iptables and ip6tables, for machines without nftables.
//
// Everything is in chains of our own in the table filter, called from the top of INPUT, OUTPUT and FORWARD. The kernel does
// not expire them: here the watchdog alone undoes without xdc.
func tablesWork(r providers.LinkRule, nets prefixes) checked {
	var v4, v6 string
	if len(nets.v4) > 0 {
		v4 = restore(r, nets.v4, false)
	}
	if len(nets.v6) > 0 {
		v6 = restore(r, nets.v6, true)
	}
	set := func(text string) shell.Script {
		return shell.Script{Text: tablesTools + text}.Set("RULES4", v4).Set("RULES6", v6)
	}
	return checked{host.Work{
		State: shell.Script{Text: tablesState}, Inject: set("t_load"), Verify: set("t_verify"), Undo: set("t_undo"), Left: set("t_left"),
	}, set("t_check")}
}

// Ends of the names of chains: the hooks, the two ways, and who opened a connection.
const (
	atInput, atOutput, atForward = "_i", "_o", "_f"
)

func chainOf(name string, w way) string { return name + "_" + string(w[0]) }

func portsOf(name string, w way, o opener) string {
	return chainOf(name, w) + map[opener]string{anybody: "x", near: "n", far: "f"}[o]
}

// restore is the text for `iptables-restore --noflush`: our chains and nothing else. Declaring a chain empties it, so that the
// text replaces what an earlier one of the same name has put there.
func restore(r providers.LinkRule, nets []string, v6 bool) string {
	var chains, rules []string
	add := func(chain, format string, args ...any) {
		rules = append(rules, "-A "+chain+" "+fmt.Sprintf(format, args...))
	}
	for _, h := range []struct {
		end, passes string
		ways        []way
	}{{atInput, "-i lo", []way{arriving}}, {atOutput, "-o lo", []way{leaving}}, {atForward, "", []way{arriving, leaving}}} {
		chain := r.Name + h.end
		chains = append(chains, chain)
		if h.passes != "" {
			add(chain, "%s -j RETURN", h.passes)
		}
		if v6 {
			for kind := 133; kind <= 137; kind++ {
				add(chain, "-p ipv6-icmp -m icmp6 --icmpv6-type %d -j RETURN", kind)
			}
		}
		for _, w := range h.ways {
			side := map[way]string{arriving: "-s", leaving: "-d"}[w]
			for _, o := range openers(r, w) {
				then := "-g " + chainOf(r.Name, w)
				if len(protocols(r)) > 0 {
					then = "-j " + portsOf(r.Name, w, o)
				}
				for _, n := range nets {
					add(chain, "%s %s%s %s", side, n, tablesDirection(o, w), then)
				}
			}
		}
	}
	for _, w := range []way{arriving, leaving} {
		chains = append(chains, chainOf(r.Name, w))
		for _, line := range tablesEffect(r, w, v6) {
			add(chainOf(r.Name, w), "%s", line)
		}
		if len(protocols(r)) == 0 {
			continue
		}
		for _, o := range openers(r, w) {
			chain := portsOf(r.Name, w, o)
			chains = append(chains, chain)
			for _, line := range tablesPorts(r, o, v6) {
				add(chain, "%s -g %s", line, chainOf(r.Name, w))
			}
		}
	}
	var b strings.Builder
	b.WriteString("*filter\n")
	for _, c := range chains {
		b.WriteString(":" + c + " - [0:0]\n")
	}
	b.WriteString(strings.Join(rules, "\n") + "\n")
	return b.String()
}

func tablesDirection(o opener, w way) string {
	switch {
	case o == anybody:
		return ""
	case o.forth(w):
		return " -m conntrack --ctdir ORIGINAL"
	}
	return " -m conntrack --ctdir REPLY"
}

// tablesPorts find protocols and the connection's destination ports.
func tablesPorts(r providers.LinkRule, o opener, v6 bool) []string {
	var out []string
	for _, p := range protocols(r) {
		if p == "icmp" && v6 {
			p = "ipv6-icmp"
		}
		if len(r.Ports) == 0 {
			out = append(out, "-p "+p)
		}
		for _, port := range r.Ports {
			n := strconv.Itoa(port)
			switch o {
			case far:
				out = append(out, "-p "+p+" -m conntrack --ctorigdstport "+n)
			case near:
				out = append(out, "-p "+p+" -m conntrack --ctreplsrcport "+n)
			case anybody:
				fallthrough
			default:
				out = append(out, "-p "+p+" -m "+p+" --dport "+n, "-p "+p+" -m "+p+" --sport "+n)
			}
		}
	}
	return out
}

func tablesEffect(r providers.LinkRule, w way, v6 bool) []string {
	switch {
	case r.Reject:
		told, refusal := "-p icmp -m icmp --icmp-type destination-unreachable", "icmp-admin-prohibited"
		if v6 {
			told, refusal = "-p ipv6-icmp -m icmp6 --icmpv6-type destination-unreachable", "icmp6-adm-prohibited"
		}
		return []string{
			"-p tcp -m tcp --tcp-flags RST RST -j RETURN", told + " -j RETURN",
			"-p tcp -j REJECT --reject-with tcp-reset", "-j REJECT --reject-with " + refusal,
		}
	case r.Drop || r.Loss >= 1:
		return []string{"-j DROP"}
	case r.Loss > 0:
		return []string{"-m statistic --mode random --probability " + strconv.FormatFloat(float64(parts(r.Loss))/1e6, 'f', 6, 64) + " -j DROP"}
	case r.RateBPS > 0:
		rate, burst := limit(r)
		return []string{fmt.Sprintf("-m hashlimit --hashlimit-above %db/s --hashlimit-burst %db --hashlimit-name %s -j DROP", rate, max(burst, rate), chainOf(r.Name, w))}
	}
	return nil
}
