package network

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
	"github.com/xdc-project/xdc/providers/shell"
)

// dnsType is the name of the fault of names.
const dnsType = "network_dns"

// absent is the answer of names that are not found.
const absent = "absent"

// maxNames bounds the names of one fault: each is a rule of its own.
const maxNames = 256

func dnsFault() providers.FaultType {
	doc := "Makes host names resolve wrongly, or not at all, on hosts. A changed copy of /etc/hosts is laid over the real one; for names that are to be absent, the host's own queries for them are refused as well. What a program has looked up before, it keeps."
	return providers.FaultType{
		Name: dnsType, Doc: doc,
		Example: `hosts    = [target.dc1.host.edge]
names    = ["orders.example.com"]
answer   = "192.0.2.1"
duration = "60s"`,
		Schema: &schema.Block{Name: dnsType, Description: doc, Attributes: []schema.Attribute{
			host.HostsAttr(true),
			{
				Name: "names", Type: cty.List(cty.String), Required: true, Public: true,
				Description: "The host names, as programs look them up: letters, digits, hyphens and dots. Names below them are not meant.",
				Example:     `["orders.example.com"]`,
			},
			{
				Name: "answer", Type: cty.String, Default: cty.StringVal(absent), Public: true,
				Description: "What the names resolve to: an IPv4 or IPv6 address, or \"absent\" for an error.",
				Example:     `"192.0.2.1"`,
			},
		}},
		Describe: describeDNS,
		New: func(env providers.Env) providers.Deed {
			return host.Fault{Provider: Name, Type: dnsType, Works: dnsWorks}.New(env)
		},
	}
}

// dnsArguments are what the fault receives.
type dnsArguments struct {
	Hosts  []string `json:"hosts"`
	Names  []string `json:"names"`
	Answer string   `json:"answer"`
}

func decodeDNS(raw json.RawMessage) (*dnsArguments, error) {
	a := &dnsArguments{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("read the arguments of %s: %w", dnsType, err)
	}
	if a.Answer == "" {
		a.Answer = absent
	}
	for i, n := range a.Names {
		a.Names[i] = strings.ToLower(strings.TrimSuffix(n, "."))
	}
	slices.Sort(a.Names)
	a.Names = slices.Compact(a.Names)
	return a, nil
}

// hostName is a name of labels of letters, digits, hyphens and underscores.
var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

func (a *dnsArguments) validate() diag.List {
	var out diag.List
	if len(a.Hosts) == 0 {
		out = append(out, finding(diag.NetworkNoHosts, "hosts", "hosts is empty", "A fault needs a host to act at, such as target.dc1.host.edge.")...)
	}
	if len(a.Names) == 0 || len(a.Names) > maxNames {
		out = append(out, finding(diag.ProviderArgument, "names", fmt.Sprintf("There are %d names", len(a.Names)), fmt.Sprintf("Give at least one name, and at most %d.", maxNames))...)
	}
	for _, n := range a.Names {
		if len(n) > 253 || !hostName.MatchString(n) {
			out = append(out, finding(diag.ProviderArgument, "names", fmt.Sprintf("%.80q is not a host name", n), "Names are labels of letters, digits and hyphens, at most 63 each, with dots between them.")...)
			break
		}
	}
	if ip, err := netip.ParseAddr(a.Answer); a.Answer != absent && (err != nil || ip.Zone() != "") {
		out = append(out, finding(diag.ProviderArgument, "answer", fmt.Sprintf("%.80q is not an answer", a.Answer), "Write an address such as 192.0.2.1 or fd00::1, or \"absent\".")...)
	}
	return out
}

func describeDNS(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	d := providers.Description{SideEffects: true}
	a, err := decodeDNS(raw)
	if err != nil {
		return d, diag.List{}.Append(err)
	}
	out := a.validate()
	points, err := host.Points(s.Targets, a.Hosts)
	if err != nil {
		out = out.Append(diag.Diagnostic{Severity: diag.Error, Code: diag.ProviderArgument, Summary: "A host is not in the plan", Detail: err.Error() + ".", Path: cty.GetAttrPath("hosts")})
	}
	if out.HasErrors() {
		return d, out
	}
	what := strings.Join(a.Names, ", ") + " resolves to " + a.Answer
	do, undo := "a changed copy of /etc/hosts is laid over the real one (bind mount)", "unmount the copy of /etc/hosts"
	if a.Answer == absent {
		what = strings.Join(a.Names, ", ") + " does not resolve"
		do += "; queries for these names to port 53 are refused by table inet xdc_RUN_STEP of nftables"
		undo += ", remove the table"
	}
	var at []string
	for _, p := range points {
		d.Places = append(d.Places, p.Place)
		at = append(at, p.Place.String())
		d.Effects = append(d.Effects, providers.Line{Place: p.Place.String(), Text: what}, providers.Line{Place: p.Place.String(), Text: do})
		d.Undo = append(d.Undo, providers.Line{Place: p.Place.String(), Text: undo + "; armed on the host to happen by itself when the lease ends"})
	}
	d.Summary = what + " at " + strings.Join(at, ", ") + "; other names untouched"
	return d, out
}

// dnsWorks lays the fault out on the machines.
func dnsWorks(ctx context.Context, env providers.Env, id providers.StepID, raw json.RawMessage) ([]host.Work, error) {
	a, err := decodeDNS(raw)
	if err != nil {
		return nil, err
	}
	if err := a.validate().Err(); err != nil {
		return nil, err
	}
	points, err := host.Points(env.Targets, a.Hosts)
	if err != nil {
		return nil, err
	}
	name := providers.UniqueName(id.Run, id.Step)
	answer, rules := "", ""
	nets := prefixes{}
	if a.Answer == absent {
		nets = prefixes{[]string{"0.0.0.0/0"}, []string{"::/0"}}
		rules = queries(name, a.Names, nets)
	} else {
		answer = netip.MustParseAddr(a.Answer).String() // validate has parsed it
	}
	set := func(text string) shell.Script {
		return shell.Script{Text: nftTools + dnsTools + text}.Set("RULES", rules).Set("FAR4", words(nets.v4)).Set("FAR6", words(nets.v6)).
			Set("NAMES", words(a.Names)).Set("ANSWER", answer)
	}
	var out []host.Work
	for _, p := range points {
		s, err := visit(ctx, env, dnsType, p.Place)
		if err != nil {
			return nil, err
		}
		for _, tool := range []string{"mount", "umount"} {
			if !s.facts.Has(tool) {
				return nil, fmt.Errorf("%s at %s: there is no %s: %w", dnsType, p.Place, tool, providers.ErrUnsupported)
			}
		}
		if rules != "" && !s.facts.Has("nft") {
			return nil, fmt.Errorf("%s at %s: there is no nft, without which queries cannot be refused by name: install nftables, or give an address as answer: %w", dnsType, p.Place, providers.ErrUnsupported)
		}
		no, err := s.refusal(ctx, "look how names are resolved", name, set("d_check"))
		if err != nil {
			return nil, err
		}
		if no != "" {
			return nil, fmt.Errorf("%s at %s: %s: %w", dnsType, p.Place, no, providers.ErrUnsupported)
		}
		state := shell.Script{Text: dnsState}
		if rules != "" {
			state.Text += nftState
		}
		renew := shell.Script{}
		if rules != "" {
			renew = set("n_renew")
		}
		out = append(out, host.Work{Place: p.Place, State: state, Inject: set("d_load"), Verify: set("d_verify"), Renew: renew, Undo: set("d_undo"), Left: set("d_left")})
	}
	return out, nil
}

// queries is the table that refuses the host's own queries for names, whoever is asked: a stub on the host or a server.
func queries(name string, names []string, nets prefixes) string {
	t := &table{name: name}
	t.sets(nets, nil)
	t.chain("refuse", "", "reject with icmpx type port-unreachable")
	var rules []string
	for _, family := range []string{"ip daddr @far4", "ip6 daddr @far6"} {
		for _, n := range names {
			// Behind the header of UDP (8 bytes) and that of DNS (12).
			rules = append(rules, family+" udp dport 53"+question(n, 20)+" goto refuse")
		}
	}
	t.hook("output", early, rules)
	return t.String()
}

// question matches the encoded name at a place of the transport header, whether letters are large or small, 16 bytes at a
// time. The zero byte at the end belongs to it, so that no longer name is meant.
func question(name string, at int) string {
	var code, mask []byte
	for label := range strings.SplitSeq(name, ".") {
		code, mask = append(code, byte(len(label))), append(mask, 0xff)
		for _, c := range []byte(label) {
			m := byte(0xff)
			if c >= 'a' && c <= 'z' {
				m = 0xdf
			}
			code, mask = append(code, c&m), append(mask, m)
		}
	}
	code, mask = append(code, 0), append(mask, 0xff)
	var b strings.Builder
	for i := 0; i < len(code); i += 16 {
		end := min(i+16, len(code))
		fmt.Fprintf(&b, " @th,%d,%d & 0x%x == 0x%x", (at+i)*8, (end-i)*8, mask[i:end], code[i:end])
	}
	return b.String()
}
