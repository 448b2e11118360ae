package scenario

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// plan is the text of a plan under way. The layout is made later.
type plan struct{ strings.Builder }

func (p *plan) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *plan) text(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

func (p *plan) attr(name, expr string) {
	if expr != "" {
		p.line("%s = %s", name, expr)
	}
}

// said is attr for a text, unless it is empty.
func (p *plan) said(name, text string) {
	if text != "" {
		p.attr(name, quote(text))
	}
}

// What the plan assumes about the toolkit where nothing says. Rehearsals rest on it; nothing is set by it.
const (
	assumedHeartbeat = "5s"
	defaultMisses    = "4"
)

// write is the plan without its last comments.
func (im *importer) write() string {
	var p plan
	s := &im.sc
	var names []string
	for _, f := range im.opt.Files {
		names = append(names, shown(f.Name))
	}
	p.text(comment(fmt.Sprintf("Imported by xdc import from %s.", strings.Join(names, " and "))), "#\n",
		comment("Lines with TODO(you) are decisions that no program can make. Read them, correct the plan, and take them out; then look at `xdc plan`, `xdc rehearse` and `xdc doctor` before the first `xdc apply`."), "\n")
	p.text(s.title)
	p.line("plan %s {", quote(im.name))
	p.said("description", s.description)
	if t := im.howLong(); t > time.Hour {
		p.said("timeout", duration(t))
	}
	p.line("}\n")
	for _, v := range im.variables {
		p.line("variable %s {\ndescription = %s\ntype = string\nsensitive = true\n}\n", quote(v.name), quote(v.description))
	}
	for i := range im.cfg.dcs {
		im.writeTarget(&p, &im.cfg.dcs[i])
	}
	im.writeJobs(&p)
	im.writePaired(&p)
	im.writeData(&p)
	for i, f := range s.faults {
		im.writeFault(&p, f, i)
	}
	im.writeTakeover(&p)
	for _, v := range s.verdicts {
		p.text(v.notes...)
		p.line("expect %s {", quote(v.name))
		if v.should {
			p.said("severity", "should")
		}
		if len(v.after) > 0 {
			p.attr("depends_on", listOf(v.after))
		}
		p.said("that", v.that)
		p.line("}\n")
	}
	return strings.TrimRight(p.String(), "\n") + "\n"
}

// howLong is how long the run may take, with room to spare.
func (im *importer) howLong() time.Duration {
	s := &im.sc
	total := 10*time.Minute + s.waitFor + im.cfg.settle
	if s.data != nil {
		total += s.data.length()
	}
	for _, f := range s.faults {
		total += f.duration
	}
	return (total + total/2).Truncate(time.Minute)
}

func (im *importer) writeTarget(p *plan, d *dc) {
	p.text(d.head...)
	p.line("target %s {", quote(d.name))
	var nets []string
	for _, n := range d.networks {
		nets = append(nets, quote(n))
	}
	p.attr("networks", listOf(nets))
	p.line("\nstreams {")
	p.said("url", d.url)
	p.said("domain", d.domain)
	p.said("instance", d.instance)
	p.said("username", d.username)
	if im.vars[d.name+"_password"] != "" {
		p.attr("password", "var."+d.name+"_password")
	}
	if d.insecure {
		p.attr("insecure", "true")
	}
	if im.cfg.poll > 0 {
		p.said("poll_interval", duration(im.cfg.poll))
	}
	if len(d.inside) > 0 {
		p.text("\n")
		p.text(d.inside...)
	}
	p.line("}")
	for _, m := range d.more {
		p.text("\n", m)
	}
	for _, h := range d.hosts {
		p.text("\n")
		p.text(h.notes...)
		p.line("host %s {", quote(h.name))
		p.said("address", h.address)
		if h.port != 22 {
			p.line("port = %d", h.port)
		}
		p.said("user", h.user)
		p.said("identity_file", h.key)
		p.said("interface", h.iface)
		if h.user != "root" {
			p.text("\n", comment(`TODO(you): Faults need root. Write become = "sudo" (or "doas"), if the user gets it that way without a password.`))
		}
		p.line("}")
	}
	p.line("}\n")
}

func (im *importer) writeJobs(p *plan) {
	s := &im.sc
	summary, note := "Where the application runs",
		"The framework submitted the bundle once. A takeover needs a copy on each side, so the plan submits it to both; write adopt = \"NAME\" in place of bundle where it runs already. If both copies need their own parameters, ${each.target.name} tells them apart."
	if im.cfg.passive {
		summary, note = "What the passive side launches",
			"The primary is active and gets the bundle. In the secondary the toolkit's monitor has to be running; it launches the application itself, and the plan knows the copy by its name. Check the pattern in job.standby."
	}
	p.text(s.jobNotes...)
	p.text(im.decide(im.bundleAt(), summary, note))
	p.line(`job "app" {`)
	p.said("bundle", s.bundle)
	if im.cfg.passive {
		p.attr("target", "target.primary")
	} else {
		p.attr("targets", "[target.primary, target.secondary]")
	}
	p.said("job_name", s.jobName)
	if len(s.parameters) > 0 {
		p.line("parameters = {")
		for _, a := range s.parameters {
			p.attr(a.name, a.expr)
		}
		p.line("}")
	}
	im.writeToolkit(p, "active")
	p.line("}\n")
	if !im.cfg.passive {
		return
	}
	pattern := s.jobName
	if pattern == "" {
		pattern = identifier(strings.TrimSuffix(s.bundle[strings.LastIndexAny(s.bundle, `/\`)+1:], ".sab"), "app")
	}
	p.line(`job "standby" {`)
	p.said("launched", regexp.QuoteMeta(pattern))
	p.attr("target", "target.secondary")
	im.writeToolkit(p, "passive")
	p.line("}\n")
}

// bundleAt is where the scenario names the bundle.
func (im *importer) bundleAt() *node { return im.sc.bundleNode }

func (im *importer) writeToolkit(p *plan, mode string) {
	t := &im.sc.toolkit
	p.line("\ntoolkit {")
	if mode == "active" {
		if t.heartbeat == "" {
			p.text(im.decide(im.bundleAt(), "How the toolkit is configured",
				fmt.Sprintf("Neither file says it. %s and %s misses are assumed, so that the plan can be rehearsed; nothing is set by it. Write what the application's configuration says (heartbeatExchangeInterval, consecutiveHeartbeatMissesAllowed, dataSnapshotExchangeInterval): predictions, and what a rehearsal shows, rest on it.", assumedHeartbeat, defaultMisses)))
		} else {
			p.text(im.decide(t.from, "How the toolkit is configured",
				"The heartbeat is what this submission parameter says. Check that the application hands it to the toolkit, and add the other intervals: predictions, and what a rehearsal shows, rest on them."))
		}
	}
	p.said("heartbeat_interval", orElse(t.heartbeat, assumedHeartbeat))
	p.attr("misses_allowed", orElse(t.misses, defaultMisses))
	p.said("snapshot_interval", t.snapshot)
	p.said("init_delay", t.delay)
	p.attr("port", t.port)
	if im.cfg.passive {
		p.said("mode", mode)
	}
	p.line("}")
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func (im *importer) writePaired(p *plan) {
	until := "primary.job.app.toolkit.remote is up and secondary.job.app.toolkit.remote is up"
	if im.cfg.passive {
		until = "primary.job.app.toolkit.remote is up"
	}
	p.text(comment("Both sides have to know each other before anything is broken, or there is nothing to fail over."))
	p.line("wait \"paired\" {\nuntil = %s\ntimeout = \"5m\"\n}\n", quote(until))
}

func (im *importer) writeData(p *plan) {
	d := im.sc.data
	if d == nil {
		return
	}
	p.text(d.notes...)
	p.line(`seed "data_exchange" "events" {
		depends_on = [wait.paired]
		targets = [target.primary, target.secondary]
		route = "failover"
		job = job.app`)
	p.said("endpoint", d.input)
	p.attr("rate", plainNumber(d.rate))
	p.line("records = %d", d.records)
	if d.batch > 0 {
		p.line("batch = %d", d.batch)
	}
	p.said("file", d.file)
	p.said("format", d.format0())
	if len(d.fields) > 0 {
		p.text("\n")
		p.text(d.recordNotes...)
		p.line("record = {")
		for _, f := range d.fields {
			p.attr(f.name, f.expr)
		}
		p.line("}")
	}
	p.line("}\n")
	p.line(`audit "events" {
		seed = seed.data_exchange.events
		targets = [target.primary, target.secondary]`)
	p.said("endpoint", d.output)
	p.said("key", d.key)
	if im.cfg.settle > 0 {
		p.text("\n", comment("The framework's limit for validation. It is how long nothing new must have come: a few seconds usually do."))
		p.said("settle", duration(im.cfg.settle))
		p.said("timeout", duration(2*im.cfg.settle+5*time.Minute))
	}
	if im.readsOften() {
		p.text("\n", comment("What is in a sink when its job or PE ends is gone. Read often, so that little is left in doubt."))
		p.said("poll_interval", "50ms")
	}
	p.line("}\n")
}

// format0 is the format of the file, if there is one.
func (d *data) format0() string {
	if d.file == "" {
		return ""
	}
	return d.format
}

// readsOften says that sinks go away with the fault.
func (im *importer) readsOften() bool {
	for _, f := range im.sc.faults {
		switch f.typ {
		case "streams_job", "streams_pe", "streams_instance", "process_kill":
			return true
		}
	}
	return false
}

func (im *importer) writeFault(p *plan, f fault, i int) {
	d := im.sc.data
	if i == 0 && d != nil {
		p.text(comment("The framework put in all data before the fault. Here the fault begins when a fifth of it is acknowledged, so that records are under way while it lasts."))
	}
	p.text(f.notes...)
	p.line("fault %s %s {", quote(f.typ), quote(f.name))
	for _, a := range f.args {
		p.attr(a.name, a.expr)
	}
	switch {
	case f.after != "":
		p.attr("depends_on", listOf([]string{f.after}))
	case d != nil:
		p.said("when", fmt.Sprintf("%s.acked >= %d", seedAt, max(1, d.records/5)))
		// The deed itself takes a moment. It should not fall on a batch that is on its way.
		if gap := (d.inBatch() * 3 / 4).Round(10 * time.Millisecond); gap >= 100*time.Millisecond {
			p.attr("delay", quote(duration(gap))+" # so that it falls between two batches")
		}
	default:
		p.attr("depends_on", "[wait.paired]")
	}
	if f.duration > 0 {
		p.said("duration", duration(f.duration))
	}
	p.line("}\n")
}

func (im *importer) writeTakeover(p *plan) {
	s := &im.sc
	if len(s.faults) == 0 {
		return
	}
	_, job := im.survivor()
	until := job + ".toolkit.remote is down and " + job + ".health is healthy"
	if im.cfg.passive && s.victim == 0 {
		until = job + ".health is healthy"
	}
	p.text(s.waitNotes...)
	p.line(`wait "takeover" {`)
	p.attr("since", s.faults[0].address())
	p.said("until", until)
	p.said("timeout", duration(s.waitFor))
	p.line("}\n")
}
