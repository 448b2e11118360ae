package network

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/providers"
)

// describe is the dry run of a network fault.
func describe(k kind, s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	a, err := k.decode(raw)
	if err != nil {
		return providers.Description{}, diag.List{}.Append(err)
	}
	out := a.validate(k)
	points, err := a.points(s.Targets)
	if err != nil {
		out = out.Append(diag.Diagnostic{Severity: diag.Error, Code: diag.ProviderArgument, Summary: "A host is not in the plan", Detail: err.Error() + ".", Path: cty.GetAttrPath("hosts")})
	}
	d := providers.Description{SideEffects: true, Networks: slices.Clone(a.From)}
	if out.HasErrors() {
		return d, out
	}
	what := selected(a) + " " + k.words(a)
	means := k.means
	if means == "" {
		means = "table inet xdc_RUN_STEP of nftables, whose networks the kernel lets expire with the lease; or chains xdc_RUN_STEP of iptables where there is no nftables"
	}
	for _, p := range points {
		d.Places = append(d.Places, p.place)
		d.Effects = append(d.Effects, providers.Line{Place: p.place.String(), Text: fmt.Sprintf("%s: %s %s", between(a, p.address), what, "(rule xdc_RUN_STEP)")})
		if !s.StandIn {
			d.Effects = append(d.Effects, providers.Line{Place: p.place.String(), Text: "by " + means})
		}
		d.Undo = append(d.Undo, providers.Line{Place: p.place.String(), Text: "remove the rule xdc_RUN_STEP; it is armed to remove itself when its lease ends"})
		if why := k.cutsManagement(a, s, p); why != "" {
			d.CutsManagement = true
			out = append(out, diag.Diagnostic{
				Severity: diag.Warning, Code: diag.ProviderSelfCut, Summary: fmt.Sprintf("The fault cuts xdc off from %s", p.place), Path: cty.GetAttrPath(k.other()),
				Detail: fmt.Sprintf("`%s` includes %s. Its lease cannot be renewed then: the host's own timer heals, after `duration`, which the fault needs.", k.other(), why),
			})
		}
	}
	sides := pairs(a, k, points, s.Targets)
	d.Severs = severed(a, k, sides)
	d.Summary = summary(a, k, points, sides, s.Targets)
	return d, out
}

func between(a *arguments, address string) string {
	nets := strings.Join(a.From, ", ")
	switch a.Direction {
	case "in":
		return nets + " -> " + address
	case "out":
		return address + " -> " + nets
	}
	return address + " <-> " + nets
}

func selected(a *arguments) string {
	what := "all traffic"
	if a.Protocol != "" {
		what = a.Protocol
	}
	if len(a.Ports) > 0 {
		what += " to ports " + portList(a.Ports)
	}
	if a.Match == "packets" {
		return what + ", by packets,"
	}
	return what + ", by who opened the connection,"
}

func portList(ports []int) string {
	parts := make([]string, len(ports))
	for i, p := range ports {
		parts[i] = strconv.Itoa(p)
	}
	return strings.Join(parts, ", ")
}

// cutsManagement says in words what of the way from xdc to a host the fault covers; empty when it cuts nothing. xdc comes
// from the address that this machine's routes give. Where that is not known (names, jump hosts, rehearsals), networks that
// hold every address cover it, and those that hold the host's own address are taken to hold xdc's, too.
func (k kind) cutsManagement(a *arguments, s providers.Scope, p point) string {
	r := k.rule(a, "", p.address)
	at := providers.Facts{Port: sshPort(s.Targets[p.place.Target], p.place.Host)}
	if from, ok := s.Ways[p.address]; ok {
		if at.Peer = from.Unmap(); cuts(r, at) {
			return from.String() + ", the address from which xdc reaches the host"
		}
		return ""
	}
	own, err := netip.ParseAddr(p.address)
	for _, n := range r.Networks {
		prefix, bad := netip.ParsePrefix(n)
		switch {
		case bad != nil:
			continue
		case prefix.Bits() == 0:
			at.Peer = prefix.Addr()
		case err == nil && prefix.Contains(own.Unmap()):
			at.Peer = own.Unmap()
		default:
			continue
		}
		if cuts(r, at) && prefix.Bits() == 0 {
			return "every address, and so the one from which xdc reaches the host"
		} else if cuts(r, at) {
			return "the network of " + p.address + ", from which xdc may reach the host"
		}
	}
	return ""
}

func sshPort(t providers.Target, host string) int {
	var args struct {
		Port float64 `json:"port"`
	}
	for _, h := range t.Hosts {
		if h.Name == host && len(h.Args) > 0 && json.Unmarshal(h.Args, &args) == nil && args.Port > 0 {
			return int(args.Port)
		}
	}
	return 22
}

// side is a pair of targets whose traffic is affected, and whether all of it between them is.
type side struct {
	near, far string
	whole     bool
}

// pairs finds the targets behind hosts and networks.
func pairs(a *arguments, _ kind, points []point, targets map[string]providers.Target) []side {
	hosts := map[string]int{}
	var near []string
	for _, p := range points {
		if hosts[p.place.Target] == 0 {
			near = append(near, p.place.Target)
		}
		hosts[p.place.Target]++
	}
	var far []string
	for name := range targets {
		far = append(far, name)
	}
	slices.Sort(far)
	var out []side
	for _, n := range near {
		for _, f := range far {
			some, all := covers(a.From, targets[f])
			if f != n && some {
				out = append(out, side{n, f, all && hosts[n] >= len(targets[n].Hosts)})
			}
		}
	}
	return out
}

// covers reports whether some, and whether all, of a target's networks (or hosts, if it states no networks) lie
// in the prefixes.
func covers(prefixes []string, t providers.Target) (some, all bool) {
	places := t.Networks
	if len(places) == 0 {
		for _, h := range t.Hosts {
			if ip, err := netip.ParseAddr(h.Address); err == nil {
				places = append(slices.Clone(places), netip.PrefixFrom(ip, ip.BitLen()).String())
			}
		}
	}
	all = len(places) > 0
	for _, p := range places {
		inner, err := netip.ParsePrefix(p)
		if err != nil {
			continue
		}
		inside := false
		for _, q := range prefixes {
			outer, err := netip.ParsePrefix(q)
			if err != nil || !outer.Overlaps(inner) {
				continue
			}
			some = true
			inside = inside || outer.Bits() <= inner.Bits()
		}
		all = all && inside
	}
	return some, some && all
}

// severed says which traffic between targets is affected, for predictions. Dropping packets one way breaks the
// connections of both ways.
func severed(a *arguments, k kind, sides []side) []providers.Severed {
	total := k.name == "network_partition" || k.to || a.Loss >= 1
	if a.Protocol != "" && a.Protocol != "tcp" {
		return nil
	}
	var out []providers.Severed
	for _, s := range sides {
		to := providers.Severed{From: s.near, To: s.far, Ports: slices.Clone(a.Ports), Total: total && s.whole}
		back := to
		back.From, back.To = to.To, to.From
		if a.Direction != "in" || a.Match == "packets" {
			out = append(out, to)
		}
		if a.Direction != "out" || a.Match == "packets" {
			out = append(out, back)
		}
	}
	return out
}

// summary is the fault in one line: "dc1 -> dc2:25091 dropped; dc2 -> dc1 and everything else untouched".
func summary(a *arguments, k kind, points []point, sides []side, targets map[string]providers.Target) string {
	here, there := nameHosts(points, targets), strings.Join(a.From, ", ")
	if names := farNames(sides); len(names) > 0 {
		there = strings.Join(names, ", ")
	}
	to := func(x, y, arrow string) string {
		out := x + " " + arrow + " " + y
		if len(a.Ports) > 0 {
			out += ":" + strings.ReplaceAll(portList(a.Ports), " ", "")
		}
		if a.Protocol != "" {
			out += " (" + a.Protocol + ")"
		}
		return out
	}
	rest := "everything else untouched"
	switch a.Direction {
	case "out":
		return fmt.Sprintf("%s %s; %s -> %s and %s", to(here, there, "->"), k.words(a), there, here, rest)
	case "in":
		return fmt.Sprintf("%s %s; %s -> %s and %s", to(there, here, "->"), k.words(a), here, there, rest)
	}
	return fmt.Sprintf("%s %s; %s", to(here, there, "<->"), k.words(a), rest)
}

// nameHosts names the hosts by their target where all of its hosts are meant.
func nameHosts(points []point, targets map[string]providers.Target) string {
	count := map[string]int{}
	for _, p := range points {
		count[p.place.Target]++
	}
	var out []string
	for _, p := range points {
		name := p.place.String()
		if count[p.place.Target] == len(targets[p.place.Target].Hosts) {
			name = p.place.Target
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

func farNames(sides []side) []string {
	var out []string
	for _, s := range sides {
		if !slices.Contains(out, s.far) {
			out = append(out, s.far)
		}
	}
	slices.Sort(out)
	return out
}
