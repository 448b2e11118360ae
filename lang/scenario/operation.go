package scenario

import (
	"fmt"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
)

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
