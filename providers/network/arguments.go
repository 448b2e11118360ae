package network

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// maxRules bounds hosts, networks and ports of one fault.
const maxRules = 4096

// arguments are what a fault receives; each kind uses its own part of the second half.
type arguments struct {
	Hosts     []string `json:"hosts"`
	From      []string `json:"from"`
	To        []string `json:"to"` // network_blackhole's name for the other side
	Direction string   `json:"direction"`
	Ports     []int    `json:"ports"`
	Protocol  string   `json:"protocol"`
	Match     string   `json:"match"`

	Reject  bool           `json:"reject"`
	Loss    float64        `json:"loss"`
	Latency value.Duration `json:"latency"`
	Jitter  value.Duration `json:"jitter"`
	Rate    float64        `json:"rate"` // bytes a second
}

func (k kind) decode(raw json.RawMessage) (*arguments, error) {
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("read the arguments of the network fault: %w", err)
	}
	if k.to {
		a.From, a.Direction, a.Match = a.To, "out", "packets"
	}
	if a.Direction == "" {
		a.Direction = "both"
	}
	if a.Match == "" {
		a.Match = "connections"
	}
	if a.Protocol == "all" {
		a.Protocol = ""
	}
	return a, nil
}

// validate finds what is wrong with arguments as far as they alone say.
func (a *arguments) validate(k kind) diag.List {
	var out diag.List
	other := k.other()
	if len(a.Hosts) == 0 {
		out = append(out, finding(diag.NetworkNoHosts, "hosts", "hosts is empty", "A fault needs a host to act at, such as target.dc1.host.edge.")...)
	}
	if len(a.From) == 0 {
		out = append(out, finding(diag.NetworkNoSource, other, other+" is empty",
			"Without networks on the other side the fault would do nothing. Declare `networks` in the target and write target.NAME.networks, or list address ranges.")...)
	}
	if len(a.Hosts) > maxRules || len(a.From) > maxRules || len(a.Ports) > maxRules {
		out = append(out, finding(diag.ProviderArgument, other, "A list is too long", fmt.Sprintf("A fault takes at most %d hosts, networks and ports.", maxRules))...)
	}
	for _, n := range a.From {
		if _, err := netip.ParsePrefix(n); err != nil {
			out = append(out, finding(diag.NetworkBadPrefix, other, fmt.Sprintf("%q is not an address range", n), "Write it as 10.0.2.0/24 or fd00:2::/64.")...)
		}
	}
	for _, p := range a.Ports {
		if p < 1 || p > 65535 {
			out = append(out, finding(diag.NetworkBadPort, "ports", fmt.Sprintf("%d is not a port", p), "Ports are numbers from 1 to 65535.")...)
		}
	}
	if len(a.Ports) > 0 && a.Protocol == "icmp" {
		out = append(out, finding(diag.NetworkBadPort, "ports", "icmp has no ports", "Remove `ports`, or choose tcp or udp.")...)
	}
	if k.check != nil {
		out = append(out, k.check(a)...)
	}
	return out
}

// other is the name of the argument that says who the other side is.
func (k kind) other() string {
	if k.to {
		return "to"
	}
	return "from"
}

func finding(code diag.Code, attribute, summary, detail string) diag.List {
	return diag.List{{Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Path: cty.GetAttrPath(attribute)}}
}

func nothing(attribute, why string) diag.List {
	return finding(diag.NetworkNothing, attribute, "The fault does nothing", strings.ToUpper(why[:1])+why[1:]+".")
}

// point is one host at which the fault acts.
type point struct {
	place   providers.Place
	address string
}

// points resolves hosts to places and addresses, in a fixed order and each once.
func (a *arguments) points(targets map[string]providers.Target) ([]point, error) {
	var out []point
	for _, h := range a.Hosts {
		target, name, ok := strings.Cut(h, ".")
		t, known := targets[target]
		i := slices.IndexFunc(t.Hosts, func(x providers.Host) bool { return x.Name == name })
		if !ok || !known || i < 0 {
			return nil, fmt.Errorf("host %q is not one of the plan's", h)
		}
		out = append(out, point{providers.Place{Target: target, Host: name}, t.Hosts[i].Address})
	}
	slices.SortFunc(out, func(x, y point) int { return strings.Compare(x.place.String(), y.place.String()) })
	return slices.CompactFunc(out, func(x, y point) bool { return x.place == y.place }), nil
}

// rule is what the mechanism of one host is asked for.
func (k kind) rule(a *arguments, name, address string) providers.LinkRule {
	r := providers.LinkRule{
		Name: name, Host: address, Networks: slices.Clone(a.From), Direction: a.Direction, Ports: slices.Clone(a.Ports),
		Protocol: a.Protocol, Match: a.Match,
	}
	slices.Sort(r.Networks)
	r.Networks = slices.Compact(r.Networks)
	slices.Sort(r.Ports)
	r.Ports = slices.Compact(r.Ports)
	k.effect(a, &r)
	return r
}
