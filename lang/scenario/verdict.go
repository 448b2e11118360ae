package scenario

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
)

// verdict is an expectation of the plan.
type verdict struct {
	name   string
	notes  []string
	after  []string // depends_on
	that   string
	should bool
}

const (
	seedAt    = "seed.data_exchange.events"
	auditAt   = "audit.events"
	assumeEnd = 5 * time.Minute // how long to wait for a takeover for which no objective is stated
	shortest  = 15 * time.Second
)

// verdicts reads what is expected. lossAt is an allowed loss that stands beside the data.
func (im *importer) verdicts(root, lossAt *node) {
	s := &im.sc
	objectiveAt := root.get("expected_recovery_time_seconds")
	s.objective = im.seconds(objectiveAt)
	im.watch(im.section(root.get("toolkit_monitoring")))
	switch {
	case s.objective == 0 && s.waitFor == 0:
		s.waitFor = assumeEnd
		s.waitNotes = append(s.waitNotes, im.say(root, diag.ImportMissing, "There is no objective for recovery", "The scenario has no expected_recovery_time_seconds. The plan waits five minutes, measures, and expects nothing of the time."))
	case s.waitFor <= s.objective:
		if s.waitFor > 0 {
			s.waitNotes = append(s.waitNotes, comment("The wait is longer than toolkit_monitoring.timeout_seconds: else a recovery that is too slow could not be told from none."))
		}
		s.waitFor = max(2*s.objective, shortest)
	}
	s.waitFor = max(s.waitFor, shortest)
	if s.objective > 0 && len(s.faults) > 0 {
		im.expect(verdict{name: "recovers_in_time", that: fmt.Sprintf("wait.takeover.rto <= %s", duration(s.objective))})
	}
	im.lossOf(root.get("expected_data_loss_percentage"), lossAt)
	for _, check := range im.list(root.get("post_failover_validation_checks")) {
		if m := im.section(check); m != nil {
			im.check(m)
		}
	}
	metrics := im.section(root.get("expected_metrics"))
	if metrics != nil {
		for _, name := range metrics.order {
			if m := im.section(metrics.get(name)); m != nil {
				im.metric(name, m)
			}
		}
	}
	im.enough(objectiveAt)
}

// watch reads toolkit_monitoring.
func (im *importer) watch(n *node) {
	s := &im.sc
	if n == nil {
		return
	}
	s.waitFor = im.seconds(n.get("timeout_seconds"))
	if at := n.get("check_interval_seconds"); at != nil {
		im.leave(at, diag.ImportLeftOut, "check_interval_seconds is not needed", "A wait is judged at every observation; how often xdc observes is poll_interval in the streams block.")
	}
	if d := im.seconds(n.get("expected_failover_duration_seconds")); d > 0 && len(s.faults) > 0 {
		im.expect(verdict{
			name: "fails_over_as_quickly_as_expected", should: true, that: fmt.Sprintf("wait.takeover.rto <= %s", duration(d)),
			notes: []string{comment("What the toolkit was expected to need. The objective is stated above it; this is reported, and fails nothing.")},
		})
	}
}

// enough warns when the data ends before recovery has to be there.
func (im *importer) enough(at *node) {
	s := &im.sc
	if s.data == nil || s.objective == 0 {
		return
	}
	if left := s.data.length() * 4 / 5; left < s.objective {
		s.data.notes = append(s.data.notes, im.decide(at, "The data may end before the takeover",
			fmt.Sprintf("The records last %s more when the fault begins, and recovery may take %s. After their end nothing shows whether the survivor processes anything. Raise records if that matters.", duration(left.Round(time.Second)), duration(s.objective))))
	}
}

// expect adds an expectation under a name of its own.
func (im *importer) expect(v verdict) {
	name := v.name
	for i := 2; slices.ContainsFunc(im.sc.verdicts, func(o verdict) bool { return o.name == v.name }); i++ {
		v.name = fmt.Sprintf("%s_%d", name, i)
	}
	im.sc.verdicts = append(im.sc.verdicts, v)
}

// lossOf reads the allowed loss, which may stand in two places.
func (im *importer) lossOf(top, inner *node) {
	a, okA := im.number(top, 0, 100)
	b, okB := im.number(inner, 0, 100)
	at := top
	var notes []string
	switch {
	case okA && okB && a != b:
		notes = append(notes, im.decide(inner, "Two figures for the loss", fmt.Sprintf("At the top it is %s, here %s. The plan has the former.", plainNumber(a), plainNumber(b))))
	case !okA && okB:
		a, at = b, inner
	case !okA:
		return
	}
	if im.sc.data == nil {
		im.leave(at, diag.ImportUnsupported, "Nothing can be lost", "The scenario puts no data in (pre_failover_data), so the plan has nothing to count.")
		return
	}
	im.doubt(at, a)
	im.expect(verdict{name: "loses_little", that: fmt.Sprintf("%s.lost_percent <= %s%%", auditAt, plainNumber(a)), notes: notes})
}

// doubt looks whether one batch can make the loss undecidable: what a sink holds unread when its job ends may be lost
// or not.
func (im *importer) doubt(at *node, percent float64) {
	d := im.sc.data
	if !im.readsOften() {
		return
	}
	allowed := percent / 100 * float64(d.records)
	size := min(float64(cmp.Or(d.batch, frameworkBatch)), max(d.rate, 1))
	switch {
	case size <= allowed:
	case d.batch == 0:
		d.batch = max(1, int64(allowed/5))
		d.notes = append(d.notes, comment("The scenario does not say how many records go into one request. Small batches leave little in doubt when a sink goes away unread."))
	default:
		d.notes = append(d.notes, im.decide(at, "One batch is more than may be lost", fmt.Sprintf(
			"When a job ends, what its sink holds unread is in doubt: up to a batch, which is about %s records here, and %s may be lost. The verdict on the loss can then be inconclusive. Smaller batches help.", plainNumber(math.Round(size)), plainNumber(math.Floor(allowed)))))
	}
}

// survivor is where the application has to run when the fault is there.
func (im *importer) survivor() (target, job string) {
	i := 1 - im.sc.victim
	return im.cfg.dcs[i].name, im.cfg.dcs[i].name + ".job." + im.jobAt(i)
}

// window is over how long a rate is taken: ten seconds, or long enough for twenty records.
func (im *importer) window() string {
	w := 10 * time.Second
	if d := im.sc.data; d != nil && d.rate < 2 {
		w = min(time.Duration(math.Ceil(20/d.rate))*time.Second, time.Hour)
	}
	return duration(w)
}

func (im *importer) check(n *node) {
	words := strings.Join(strings.Fields(im.str(n.get("description"))), " ")
	var notes []string
	if words != "" {
		notes = append(notes, comment(words))
	}
	n.known = []string{"threshold", "metric"}
	n.why = "Checks of this type do not use it. It was left out."
	typ := im.word(n.get("type"), "data_integrity", "performance", "availability")
	switch typ {
	case "data_integrity":
		if im.sc.data == nil {
			im.leave(n, diag.ImportUnsupported, "There is no data to check", "The scenario puts no data in (pre_failover_data), so the plan has nothing to compare.")
			return
		}
		that := auditAt + ".corrupted == 0 and " + auditAt + ".unexpected == 0"
		if !slices.ContainsFunc(im.sc.verdicts, func(v verdict) bool { return v.name == "loses_little" }) {
			that = auditAt + ".lost == 0 and " + that
		}
		im.expect(verdict{name: typ, notes: notes, that: that})
	case "availability":
		_, job := im.survivor()
		im.expect(verdict{name: typ, notes: notes, after: im.takenOver(), that: job + ".health is healthy"})
	case "performance":
		im.performance(n, notes)
	case "":
		n.all()
		if _, ok := n.kids["type"]; !ok {
			im.leave(n, diag.ImportMissing, "The check has no type", "It was left out. There are data_integrity, performance and availability.")
		}
	}
}

// takenOver is what an expectation about the survivor waits for.
func (im *importer) takenOver() []string {
	if len(im.sc.faults) == 0 {
		return nil
	}
	return []string{"wait.takeover"}
}

func (im *importer) performance(n *node, notes []string) {
	at := n.get("metric")
	metric := strings.TrimSpace(im.str(at))
	share, ok := im.number(n.get("threshold"), 0, 1000)
	switch {
	case !ok:
		im.leave(n, diag.ImportMissing, "The check has no threshold", "It was left out: nothing says how much of the level before the fault is enough.")
	case metric != "" && metric != "tuples_per_second" && metric != "nTuplesProcessed":
		im.leave(at, diag.ImportUnsupported, fmt.Sprintf("There is no measure %s", shown(metric)), fmt.Sprintf("The check was left out. xdc can compare rates of records, and of the application's own metrics: rate(TARGET.job.%s.metric['NAME'], 10s).", im.jobAt(1-im.sc.victim)))
	case im.sc.data == nil || len(im.sc.faults) == 0:
		im.leave(n, diag.ImportUnsupported, "There is no throughput to compare", "The scenario puts no data in (pre_failover_data). Write an expectation on rate(TARGET.job.NAME.operator['X'].tuples_in, 10s), with an operator of the application.")
	default:
		f := im.sc.faults[0].address()
		within := im.sc.objective
		if within == 0 {
			within = time.Minute
		}
		notes = append(notes, comment(fmt.Sprintf("%s%% of what came out before the fault. The framework looked at one number; here it is what the audit sees come out.", plainNumber(share))))
		im.expect(verdict{name: "performance", notes: notes, that: fmt.Sprintf(
			"eventually rate(%s.delivered, %s) >= %s * rate(%s.delivered, from %s.started to %s.injected) from wait.takeover.done within %s",
			auditAt, im.window(), plainNumber(math.Round(share*1e6)/1e8), auditAt, seedAt, f, duration(within))})
	}
}

// limits are the bounds of an expected metric, as operators and numbers.
func (im *importer) limits(n *node) []attribute {
	var out []attribute
	for _, l := range []attribute{{"min", ">="}, {"max", "<="}, {"equals", "=="}} {
		if f, ok := im.number(n.get(l.name), -1e15, 1e15); ok {
			out = append(out, attribute{l.expr, plainNumber(f)})
		}
	}
	return out
}

// all joins a comparison with each limit.
func all(path string, limits []attribute, unit func(string) string) string {
	var parts []string
	for _, l := range limits {
		v := l.expr
		if unit != nil {
			v = unit(v)
		}
		parts = append(parts, fmt.Sprintf("%s %s %s", path, l.name, v))
	}
	return strings.Join(parts, " and ")
}

// metricName is what may stand in the quotes of a condition.
var metricName = regexp.MustCompile(`^[A-Za-z0-9_.:/ -]{1,80}$`)

func (im *importer) metric(name string, n *node) {
	words := strings.Join(strings.Fields(im.str(n.get("description"))), " ")
	v := verdict{name: identifier(name, "metric"), after: im.takenOver()}
	if words != "" {
		v.notes = append(v.notes, comment(words))
	}
	if i := strings.TrimSuffix(name, "_dc.status"); i == "primary" || i == "secondary" {
		im.status(side(i), n, v)
		return
	}
	limits := im.limits(n)
	if len(limits) == 0 {
		n.all()
		im.leave(n, diag.ImportMissing, "The metric has no bounds", "An expected metric has min, max or equals. It was left out.")
		return
	}
	target, job := im.survivor()
	dataless := im.sc.data == nil
	switch {
	case name == "health_percentage":
		v.that = job + ".health is healthy"
		if limits[0].name == "<=" {
			n.all()
			im.leave(n, diag.ImportUnsupported, "Health with an upper bound", "xdc knows the platform's own words for health, healthy being the best. The expectation was left out.")
			return
		}
		v.notes = append(v.notes, im.decide(n, "Health is a word", "The framework computed a percentage. The platform's own summary stands for it: healthy means that every PE is. If less is enough, write `in (healthy, partially_healthy)`."))
	case name == "error_rate" && !dataless:
		v.after, v.should = nil, true
		v.that = all(seedAt+".rejected", limits, func(p string) string { return fmt.Sprintf("%s * %s.sent", percent(p), seedAt) })
		v.notes = append(v.notes, im.decide(n, "What is an error", "The framework read a metric of this name, in percent. xdc counts the records that the service refused. This is reported and fails nothing; make it a must if it is what is meant."))
	case name == "cpu_utilization": //nolint:misspell // the framework writes it so
		im.processor(n, target, limits)
		return
	case name == "nTuplesProcessed" && !dataless:
		v.after = nil
		v.that = all(auditAt+".delivered", limits, nil)
		v.notes = append(v.notes, im.decide(n, "What is processed", fmt.Sprintf("Counted are the records that came out. To count at an operator instead: %s.operator['NAME'].tuples_in, which begins anew when its PE does.", job)))
	case name == "tuples_per_second" && !dataless && len(im.sc.faults) > 0:
		v.after = nil
		within := max(im.sc.objective, time.Minute)
		var parts []string
		for _, l := range limits {
			parts = append(parts, fmt.Sprintf("rate(%s.delivered, %s) %s %s", auditAt, im.window(), l.name, l.expr))
		}
		v.that = fmt.Sprintf("eventually (%s) from wait.takeover.done within %s", strings.Join(parts, " and "), duration(within))
	case metricName.MatchString(name):
		path := fmt.Sprintf("%s.metric['%s']", job, name)
		n.all()
		im.late = append(im.late, im.say(n, diag.ImportUnsupported, fmt.Sprintf("The metric %s is not among those of the platform", shown(name)), "If it is a metric of the application's own, add this:")+
			comment(fmt.Sprintf("expect %q { that = %q }", v.name, all(path, limits, nil))))
		return
	default:
		n.all()
		im.leave(n, diag.ImportUnsupported, fmt.Sprintf("The metric %s is not among those of the platform", shown(name)), "It was left out.")
		return
	}
	im.expect(v)
}

// percent turns a figure in percent into a fraction.
func percent(p string) string {
	var f float64
	_, _ = fmt.Sscanf(p, "%g", &f) // it was written from a number
	return plainNumber(math.Round(f*1e6) / 1e8)
}

// processor is an expectation on the load of hosts, where hosts have such a signal.
func (im *importer) processor(n *node, target string, limits []attribute) {
	const path = "host.*.cpu"
	hosts := im.cfg.dcs[1-im.sc.victim].hosts
	known := false
	if im.opt.Catalog != nil {
		for _, s := range im.opt.Catalog.Signals() {
			known = known || s.Path == path
		}
	}
	if !known || len(hosts) == 0 {
		im.leave(n, diag.ImportUnsupported, "The load of processors is not observed", "Nothing in this plan can tell it. Use the monitoring of the hosts, or an action \"exec\" that fails when the load is too high.")
		return
	}
	for _, h := range hosts {
		im.expect(verdict{
			name:   "cpu_utilization", //nolint:misspell // as above
			should: true, after: im.takenOver(), that: all(fmt.Sprintf("%s.host.%s.cpu", target, h.name), limits, func(p string) string { return p + "%" }),
			notes: []string{im.decide(n, "Whose load", "The framework read a metric of this name. Here it is the host's own load. This is reported and fails nothing.")},
		})
	}
}

// status is an expectation on whether a data centre is up.
func (im *importer) status(i int, n *node, v verdict) {
	at := n.get("equals")
	for _, k := range []string{"min", "max"} {
		if b := n.get(k); b != nil {
			b.all()
			im.leave(b, diag.ImportUnsupported, "A status has no bounds", "It is up or down. This was left out.")
		}
	}
	want := im.word(at, "up", "down")
	if want == "" {
		if at == nil {
			im.leave(n, diag.ImportMissing, "The status has no value", "Write equals: up or equals: down. It was left out.")
		}
		return
	}
	c := &im.cfg
	other := c.dcs[1-i].name + ".job." + im.jobAt(1-i)
	own := c.dcs[i].name + ".job." + im.jobAt(i)
	switch {
	case want == "up":
		v.that = own + ".health is healthy"
		v.notes = append(v.notes, comment("Up means that the application runs there and is healthy."))
	case c.passive && i == 0:
		v.that = other + ".health is healthy"
		v.notes = append(v.notes, comment("The passive side has launched its copy: that is how it says that the other one is down."))
	default:
		v.that = fmt.Sprintf("eventually %s.toolkit.remote is down", other)
		if len(im.sc.faults) > 0 {
			v.after = nil
			v.that += fmt.Sprintf(" from %s.injected within %s", im.sc.faults[0].address(), duration(im.sc.waitFor))
		}
		v.notes = append(v.notes, comment("Down means that the other side believes it to be: nobody else can say so."))
	}
	im.expect(v)
}
