package scenario

import (
	"fmt"
	"math"
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
	for i := range made {
		if made[i].duration == 0 {
			made[i].duration = length
		}
	}
	im.sc.faults = made
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
		h := &host{name: identifier(name, "host"), given: name, address: name, port: 22}
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
		h := &host{name: "edge", address: d.name + "-host.invalid", port: 22}
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

// api is what the framework did through the platform's API.
func (im *importer) api(n *node) []fault {
	at := n.get("api_operation")
	op := strings.ToLower(strings.TrimSpace(im.str(at)))
	victim := &im.cfg.dcs[im.sc.victim]
	if i := n.get("instance_id"); i != nil {
		im.instanceOf(victim, i)
	}
	var notes []string
	if j := n.get("job_id"); j != nil {
		if id := strings.TrimSpace(im.str(j)); id != "" && id != "{JOB_ID}" && op != "terminate_instance" {
			notes = append(notes, im.decide(j, "A job by its number", fmt.Sprintf("Every submission gets another one, so the plan means the job that it submits itself, not %s.", shown(id))))
		}
	}
	job := im.jobRef(im.sc.victim)
	switch op {
	case "stop_job":
		return []fault{{typ: "streams_job", name: "stop", args: []attribute{{"job", job}}, notes: notes}}
	case "pause_job":
		notes = append(notes, comment("The platform has no pause: all PEs of the job are stopped, and started again by the heal."))
		return []fault{{typ: "streams_pe", name: "pause", args: []attribute{{"job", job}}, notes: notes}}
	case "terminate_instance":
		return []fault{{typ: "streams_instance", name: "terminate", args: []attribute{{"target", "target." + victim.name}}, notes: notes}}
	case "disable_operator":
		o := n.either("operator", "operator_name")
		name := strings.TrimSpace(im.str(o))
		if name == "" {
			name = "OPERATOR"
			notes = append(notes, im.say(at, diag.ImportMissing, "The fault names no operator", "Write the name of the operator whose PE is to be stopped. Without it the fault finds nothing and refuses to run."))
		}
		notes = append(notes, comment("The platform cannot stop one operator: the PE that holds it is stopped, with everything else in it."))
		return []fault{{typ: "streams_pe", name: "operator", args: []attribute{{"job", job}, {"operator", quote(name)}}, notes: notes}}
	case "trigger_failover":
		im.error(at, diag.ImportTrigger, "There is no call that triggers a failover",
			"The platform fails over by itself when one side has not heard from the other for long enough. Import a fault that causes that instead: network_partition cuts the sides off from each other; api_initiated with stop_job, pause_job or terminate_instance takes one side away; process_kill takes a process.")
		return nil
	}
	place := at
	if place == nil {
		place = n
	}
	ops := []string{"stop_job", "pause_job", "terminate_instance", "disable_operator"}
	im.error(place, diag.ImportUnsupported, fmt.Sprintf("There is no operation %q", shown(op)), "The framework knows "+strings.Join(ops, ", ")+" and trigger_failover, which has no counterpart."+diag.Suggest(op, ops))
	return nil
}

// instanceOf is instance for the one data centre that a fault hits.
func (im *importer) instanceOf(d *dc, at *node) {
	name := strings.TrimSpace(im.str(at))
	switch d.instance {
	case name:
	case "":
		d.instance = name
	default:
		d.inside = append(d.inside, im.decide(at, "Two names of the instance", fmt.Sprintf("Elsewhere it is %s, in the fault %s. The plan has the former.", shown(d.instance), shown(name))))
	}
}

// jobRef is the expression for the job at a data centre.
func (im *importer) jobRef(i int) string {
	if im.cfg.passive {
		return "job." + im.jobAt(i)
	}
	return `job.app["` + im.cfg.dcs[i].name + `"]`
}

// jobAt is the name of the job at a data centre.
func (im *importer) jobAt(i int) string {
	if im.cfg.passive && i == 1 {
		return "standby"
	}
	return "app"
}
