package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
)

// peers is the expression for the other side's networks: those that the scenario names, else all of them.
func (im *importer) peers(at *node, nets []string) (expr string, notes []string) {
	other := &im.cfg.dcs[1-im.sc.victim]
	ref := "target." + other.name + ".networks"
	if len(nets) == 0 || slices.Equal(nets, other.networks) {
		return ref, nil
	}
	var quoted []string
	foreign := false
	for _, net := range nets {
		quoted = append(quoted, quote(net))
		foreign = foreign || !slices.Contains(other.networks, net)
	}
	if foreign {
		if len(other.networks) == 0 {
			// What the fault cuts is the other side's network by what the key means.
			other.networks = nets
			other.head = append(other.head, im.decide(at, fmt.Sprintf("The network of %s is taken from the fault", other.name), "The config does not state it. Check it."))
			return ref, nil
		}
		notes = append(notes, im.decide(at, fmt.Sprintf("The network is not one of %s's", other.name),
			fmt.Sprintf("The config says that %s has %s. The plan gives it both, this one first. Remove what is wrong.", other.name, strings.Join(other.networks, ", "))))
		for _, net := range nets {
			other.networks = slices.DeleteFunc(other.networks, func(o string) bool { return o == net })
		}
		other.networks = append(slices.Clone(nets), other.networks...)
	}
	return listOf(quoted), notes
}

func (im *importer) partition(n *node, hosts []string) []fault {
	options := im.section(n.get("options"))
	for _, at := range []*node{n.get("interface"), options.get("interfaces")} {
		if at != nil {
			at.all()
			im.leave(at, diag.ImportLeftOut, "The interface is not needed", "A partition in xdc names the other side's addresses, and cuts them on whichever interface they are reached.")
		}
	}
	var out []fault
	if at := n.get("target_network"); at != nil {
		expr, notes := im.peers(at, im.networks(at))
		out = append(out, fault{args: []attribute{{"hosts", listOf(hosts)}, {"from", expr}}, notes: notes})
	}
	for _, rule := range im.list(options.get("iptables_rules")) {
		if f, ok := im.rule(im.section(rule), hosts); ok {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		expr, _ := im.peers(n, nil)
		out = []fault{{args: []attribute{{"hosts", listOf(hosts)}, {"from", expr}}, notes: []string{comment("The scenario names no network, so everything that goes to the other side is cut.")}}}
	}
	for i := range out {
		out[i].typ, out[i].name = "network_partition", "cut"
		if len(out) > 1 {
			out[i].name = fmt.Sprintf("cut_%d", i+1)
		}
	}
	return out
}

// rule is one rule of iptables as a fault.
func (im *importer) rule(n *node, hosts []string) (fault, bool) {
	if n == nil {
		return fault{}, false
	}
	f := fault{}
	action := strings.ToUpper(strings.TrimSpace(im.str(n.get("action"))))
	if action != "DROP" && action != "REJECT" && action != "" {
		im.leave(n, diag.ImportUnsupported, "The rule is left out", fmt.Sprintf("Its action is %s; a fault drops or rejects.", shown(action)))
		n.all()
		return f, false
	}
	direction := im.word(n.get("direction"), "outbound", "inbound")
	theirs, ours := n.get("dst_network"), n.get("src_network")
	args := []attribute{{"hosts", listOf(hosts)}}
	if direction == "inbound" {
		theirs, ours = ours, theirs
	}
	if theirs == nil && ours != nil && direction == "" {
		theirs, ours = ours, nil
	}
	var nets []string
	if theirs != nil {
		nets = im.networks(theirs)
	}
	if ours != nil {
		im.leave(ours, diag.ImportLeftOut, "The hosts' own network is not needed", "A fault acts at the hosts it names, on all their addresses.")
	}
	if theirs == nil {
		f.notes = append(f.notes, comment("The rule does not name the other side's network, so all of it is meant."))
	}
	expr, notes := im.peers(theirs, nets)
	f.notes = append(f.notes, notes...)
	args = append(args, attribute{"from", expr})
	switch direction {
	case "outbound":
		args = append(args, attribute{"direction", quote("out")}, attribute{"match", quote("packets")})
	case "inbound":
		args = append(args, attribute{"direction", quote("in")}, attribute{"match", quote("packets")})
	}
	if action == "REJECT" {
		args = append(args, attribute{"reject", "true"})
	}
	f.args = args
	return f, true
}

func (im *importer) degradation(n *node, typ string, hosts []string) []fault {
	f := fault{name: "degraded", args: []attribute{{"hosts", listOf(hosts)}}}
	at := n.get("target_network")
	var nets []string
	if at != nil {
		nets = im.networks(at)
	}
	expr, notes := im.peers(at, nets)
	f.args, f.notes = append(f.args, attribute{"from", expr}), append(f.notes, notes...)
	if at == nil {
		f.notes = append(f.notes, comment("The framework degraded everything on an interface, its own connections included. Here it is the traffic with the other data centre only."))
	}
	if i := n.get("interface"); i != nil {
		im.interfaces(i)
	}
	f.notes = append(f.notes, im.mayNotFailOver(n.kids["type"], typ))
	missing := func(key string, what attribute) {
		f.args = append(f.args, what)
		f.notes = append(f.notes, im.say(n, diag.ImportMissing, fmt.Sprintf("The fault has no %s", key), fmt.Sprintf("The plan has %s = %s. Correct it.", what.name, strings.Trim(what.expr, `"`))))
	}
	switch typ {
	case "network_latency":
		f.typ = "network_latency"
		if ms, ok := im.number(n.get("latency_ms"), 1, 600_000); ok {
			f.args = append(f.args, attribute{"latency", quote(duration(time.Duration(ms * float64(time.Millisecond)).Round(time.Millisecond)))})
		} else {
			missing("latency_ms", attribute{"latency", quote("100ms")})
		}
	case "network_packet_loss":
		f.typ = "network_loss"
		if p, ok := im.number(n.get("packet_loss_percentage"), 0, 100); ok {
			f.args = append(f.args, attribute{"loss", quote(plainNumber(p) + "%")})
		} else {
			missing("packet_loss_percentage", attribute{"loss", quote("10%")})
		}
	default:
		f.typ = "network_bandwidth"
		if k, ok := im.number(n.get("bandwidth_limit_kbps"), 0.008, 1e12); ok {
			f.notes = append(f.notes, comment(fmt.Sprintf("%s kbit a second.", plainNumber(k))))
			f.args = append(f.args, attribute{"rate", plainNumber(math.Ceil(k * 1000 / 8))})
		} else {
			missing("bandwidth_limit_kbps", attribute{"rate", quote("128KiB")})
		}
	}
	return []fault{f}
}

// interfaces gives the interface of a fault to the hosts of the victim that have none.
func (im *importer) interfaces(at *node) {
	name := strings.TrimSpace(im.str(at))
	for _, h := range im.cfg.dcs[im.sc.victim].hosts {
		switch h.iface {
		case name:
		case "":
			h.iface = name
		default:
			h.notes = append(h.notes, im.decide(at, "Two interfaces", fmt.Sprintf("The config says %s, the fault %s. The plan has the config's.", shown(h.iface), shown(name))))
		}
	}
}

// mayNotFailOver says that a fault need not cause a takeover.
func (im *importer) mayNotFailOver(at *node, typ string) string {
	return im.decide(at, "Does this fault cause a takeover", fmt.Sprintf(
		"A fault such as %s need not: heartbeats may get through. The plan waits for a takeover as the framework did; if none is meant to come, change wait.takeover and what rests on it.", typ))
}
