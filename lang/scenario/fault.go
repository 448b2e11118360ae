package scenario

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
)

// fault is a fault of the plan.
type fault struct {
	typ, name string
	notes     []string
	args      []attribute
	duration  time.Duration
	after     string // it waits for this instead of for records
}

func (f fault) address() string { return "fault." + f.typ + "." + f.name }

// faultTypes are those of the framework.
var faultTypes = []string{
	"network_partition", "network_latency", "network_packet_loss", "network_bandwidth", "process_kill", "process_hang", "resource_exhaustion", "api_initiated",
}

// faultKeys are the keys that a fault may have. Those that its type does not ask for are reported.
var faultKeys = []string{
	"type", "host", "target", "target_network", "duration_seconds", "interface", "latency_ms", "packet_loss_percentage", "bandwidth_limit_kbps",
	"process_name", "process_pattern", "terminate_after_continue", "resource_type", "resource_percentage", "io_path", "api_operation", "instance_id",
	"job_id", "options", "operator", "operator_name",
}

// fault reads the fault.
func (im *importer) fault(root *node) {
	n := im.section(root.get("fault_scenario"))
	if n == nil {
		im.error(root, diag.ImportMissing, "There is no fault", "A scenario has fault_scenario, with the type of the fault. A plan without one tests nothing.")
		return
	}
	at := n.get("type")
	typ := strings.ToLower(strings.TrimSpace(im.str(at)))
	n.known, n.why = faultKeys, fmt.Sprintf("A fault of the type %s does not use it. It was left out.", shown(typ))
	if !slices.Contains(faultTypes, typ) {
		place := at
		if place == nil {
			place = n
		}
		im.error(place, diag.ImportUnsupported, fmt.Sprintf("There is no fault of the type %q", shown(typ)), "The framework knows "+strings.Join(faultTypes, ", ")+"."+diag.Suggest(typ, faultTypes))
		return
	}
	hosts := im.victim(n, typ)
	length := im.seconds(n.get("duration_seconds"))
	var made []fault
	switch typ {
	case "network_partition":
		made = im.partition(n, hosts)
	case "network_latency", "network_packet_loss", "network_bandwidth":
		made = im.degradation(n, typ, hosts)
	case "process_kill", "process_hang":
		made = im.process(n, typ, hosts, length)
	case "resource_exhaustion":
		made = im.resource(n, hosts)
	case "api_initiated":
		made = im.api(n)
	}
	if strings.HasPrefix(typ, "network_") {
		im.named()
	}
	for i := range made {
		if made[i].duration == 0 {
			made[i].duration = length
		}
	}
	im.sc.faults = made
}

// named says which hosts of a network fault have to be known by address before they can be rehearsed with.
func (im *importer) named() {
	for _, h := range im.cfg.dcs[im.sc.victim].hosts {
		if _, err := netip.ParseAddr(h.address); err != nil {
			h.notes = append(h.notes, im.decide(h.at, "The host is known by a name", "A rehearsal finds the hosts of network faults by IP address, and cannot inject this one as it stands. Write the host's IP address in place of its name. For `xdc apply` both will do."))
		}
	}
}

// victim finds out which data centre is hit, and at which hosts: expressions.
func (im *importer) victim(n *node, typ string) []string {
	hostAt, targetAt := n.get("host"), n.get("target")
	names := []*node{hostAt, targetAt}
	for _, at := range names {
		name := strings.TrimSpace(im.str(at))
		if name == "" {
			continue
		}
		for i, d := range im.cfg.dcs {
			for _, h := range d.hosts {
				if h.given == name {
					im.sc.victim = i
					im.agree(targetAt, i)
					return []string{hostRef(d, h)}
				}
			}
		}
	}
	for _, at := range names {
		name := strings.TrimSpace(im.str(at))
		if name == "" {
			continue
		}
		low := strings.ToLower(name)
		whole := slices.Contains([]string{"primary_dc", "secondary_dc", "primary", "secondary"}, low)
		if i := side(low); i >= 0 {
			im.sc.victim = i
		}
		d := &im.cfg.dcs[im.sc.victim]
		if whole {
			if typ == "api_initiated" {
				return nil
			}
			return im.allHosts(d, at)
		}
		if typ == "api_initiated" {
			continue
		}
		h := &host{name: identifier(name, "host"), given: name, address: name, port: 22, at: at}
		h.notes = append(h.notes, im.say(at, diag.ImportMissing, "The host is not configured", "The config has no host of this name under fault_injection.ssh.hosts, so its name stands for its address. Correct it."))
		d.hosts = append(d.hosts, h)
		return []string{hostRef(*d, h)}
	}
	if typ == "api_initiated" {
		return nil
	}
	return im.allHosts(&im.cfg.dcs[im.sc.victim], n)
}

// agree looks whether `target` says the same as `host`, which counts.
func (im *importer) agree(at *node, i int) {
	if at == nil {
		return
	}
	if other := side(im.str(at)); other >= 0 && other != i {
		im.leave(at, diag.ImportDecide, "The host stands in the other data centre", fmt.Sprintf("The fault's host is one of %s, and that is where the plan injects it.", im.cfg.dcs[i].name))
	}
}

func hostRef(d dc, h *host) string { return "target." + d.name + ".host." + h.name }

// allHosts are all hosts of a data centre. One without any gets one, whose address is made up.
func (im *importer) allHosts(d *dc, at *node) []string {
	if len(d.hosts) == 0 {
		h := &host{name: "edge", address: d.name + "-host.invalid", port: 22, at: at}
		h.notes = append(h.notes, im.say(at, diag.ImportMissing, "No host is configured", fmt.Sprintf("The fault acts on hosts of %s, and the config has none under fault_injection.ssh.hosts. The address in the plan is made up. Replace it.", d.name)))
		d.hosts = append(d.hosts, h)
	}
	var out []string
	for _, h := range d.hosts {
		out = append(out, hostRef(*d, h))
	}
	return out
}

func listOf(exprs []string) string { return "[" + strings.Join(exprs, ", ") + "]" }

func (im *importer) process(n *node, typ string, hosts []string, length time.Duration) []fault {
	f := fault{typ: typ, name: "process", args: []attribute{{"hosts", listOf(hosts)}}}
	name, pattern := im.str(n.get("process_name")), im.str(n.get("process_pattern"))
	var which attribute
	switch {
	case name != "":
		which = attribute{"name", quote(name)}
		f.notes = append(f.notes, im.decide(n.kids["process_name"], "The name of the program", "The framework took the name for a word anywhere in the list of processes; here it is the program's own name. Use `pattern` for a part of the command line."))
		if pattern != "" {
			im.leave(n.kids["process_pattern"], diag.ImportUnsupported, "The pattern is left out", "A fault on processes has a name or a pattern, and the scenario has both.")
		}
	case pattern != "":
		which = attribute{"pattern", quote(pattern)}
		f.notes = append(f.notes, im.decide(n.kids["process_pattern"], "How many processes match", "The fault refuses to touch more than one process on a host, unless max_matches allows it. The pattern is an extended regular expression."))
	default:
		which = attribute{"name", quote("PROCESS")}
		f.notes = append(f.notes, im.say(n, diag.ImportMissing, "The fault names no process", "Write the program's name, or say job and operator to mean a PE of the application."))
	}
	f.args = append(f.args, which)
	f.notes = append(f.notes, im.mayNotFailOver(n.kids["type"], typ))
	if typ == "process_kill" {
		f.notes = append(f.notes, comment("Somebody has to start the process again: the heal checks that it runs. Write comes_back = false if nobody does."))
		return []fault{f}
	}
	at := n.get("terminate_after_continue")
	kill, _ := im.boolean(at)
	if !kill {
		return []fault{f}
	}
	second := fault{typ: "process_kill", name: "process_after", args: slices.Clone(f.args), after: f.address() + ".healed", duration: 10 * time.Second}
	second.args = append(second.args, attribute{"comes_back", "false"})
	second.notes = append(second.notes, im.decide(at, "Killed after it was let go on", "Here it is a fault of its own, which kills the process when the first fault has healed. The plan does not expect that somebody starts it again."))
	if length == 0 {
		// What waits for the heal must not hold the fault.
		f.duration = 30 * time.Second
		f.notes = append(f.notes, im.say(n, diag.ImportMissing, "The fault has no duration_seconds", "The plan assumes 30s."))
	}
	return []fault{f, second}
}

func (im *importer) resource(n *node, hosts []string) []fault {
	f := fault{name: "pressure", args: []attribute{{"hosts", listOf(hosts)}}}
	what := im.word(n.get("resource_type"), "cpu", "memory", "io")
	if what == "" {
		what = "cpu"
		f.notes = append(f.notes, im.say(n, diag.ImportMissing, "The fault does not say which resource", "The plan says cpu. Correct it."))
	}
	f.typ = "resource_" + what
	share := 80.0 // the framework's default
	at := n.get("resource_percentage")
	if p, ok := im.number(at, 1, 100); ok {
		share = p
	}
	switch what {
	case "cpu":
		f.args = append(f.args, attribute{"load", quote(plainNumber(share) + "%")})
	case "memory":
		f.args = append(f.args, attribute{"level", quote(plainNumber(share) + "%")})
	default:
		if at != nil {
			im.leave(at, diag.ImportUnsupported, "Writing has no percentage", "Pressure on a disk is stated by writers, block and rate. The plan writes as fast as the disk takes it.")
		}
		if io := n.get("io_path"); io != nil {
			f.args = append(f.args, attribute{"path", quote(im.str(io))})
			f.notes = append(f.notes, im.decide(io, "Is the path a folder", "xdc writes into an existing folder on the disk that is meant, not into a file, and not into memory."))
		}
	}
	f.notes = append(f.notes, im.mayNotFailOver(n.kids["type"], "resource_exhaustion"), comment("Rehearsals skip this fault, and everything that depends on it."))
	return []fault{f}
}
