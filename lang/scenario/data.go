package scenario

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xdc-project/xdc/lang/diag"
)

// scenario is what the framework's scenario says, in the words of a plan.
type scenario struct {
	title       string // comments before the plan block
	description string
	jobNotes    []string
	bundle      string
	bundleNode  *node
	jobName     string
	parameters  []attribute
	toolkit     toolkitFacts
	data        *data
	faults      []fault
	victim      int // index of the data centre that the fault hits
	objective   time.Duration
	waitFor     time.Duration
	waitNotes   []string
	verdicts    []verdict
}

// toolkitFacts are what submission parameters say about the toolkit; empty texts are not known.
type toolkitFacts struct {
	heartbeat, misses, snapshot, delay, port string
	from                                     *node
}

// data is what is put in.
type data struct {
	notes       []string
	records     int64
	rate        float64
	batch       int64 // nought: not said
	file        string
	format      string
	fields      []attribute
	input       string
	output      string
	key         string
	recordNotes []string
}

// length is how long the seed takes; a year at most.
func (d *data) length() time.Duration {
	const year = 365 * 24 * 3600
	return time.Duration(min(float64(d.records)/d.rate, year) * float64(time.Second))
}

// inBatch is how long it takes until a batch leaves: when it is full, or after a second.
func (d *data) inBatch() time.Duration {
	return min(time.Duration(float64(cmp.Or(d.batch, frameworkBatch))/d.rate*float64(time.Second)), time.Second)
}

// scenario reads the scenario.
func (im *importer) scenario(d *document) {
	root, s := d.root, &im.sc
	id := im.str(root.get("test_id"))
	im.name = identifier(id, "imported")
	switch {
	case id == "":
		s.title = im.say(root, diag.ImportMissing, "The scenario has no test_id", "The plan is called imported. Give it a name.")
	case id != im.name:
		s.title = im.say(root.get("test_id"), diag.ImportLeftOut, "The name is written in another way", fmt.Sprintf("Names have letters, digits, _ and - only; the scenario calls itself %s.", shown(id)))
	}
	s.description = strings.Join(strings.Fields(im.str(root.get("description"))), " ")
	im.job(root)
	im.parameters(im.section(root.get("submission_params")))
	im.trigger(root)
	loss := im.data(im.section(root.get("pre_failover_data")))
	im.fault(root)
	im.verdicts(root, loss)
	if n := root.get("reporting"); n != nil {
		n.all()
		im.leave(n, diag.ImportLeftOut, "reporting has no counterpart", "Every run leaves its reports as HTML, JUnit, JSON and Markdown, with everything that was measured.")
	}
}

func (im *importer) job(root *node) {
	s := &im.sc
	at := root.get("streams_application_sab")
	s.bundleNode = at
	s.bundle = im.str(at)
	if s.bundle == "" {
		s.bundle = "application.sab"
		s.jobNotes = append(s.jobNotes, im.say(root, diag.ImportMissing, "The scenario names no bundle", "The name in the plan is made up. Replace it."))
		return
	}
	s.bundle = im.path(at, s.bundle)
}

// noTrigger are the ways to trigger a failover that mean: the platform does it.
var noTrigger = []string{"automatic", "toolkit_auto", "toolkit", "auto"}

// trigger reads how failover comes about.
func (im *importer) trigger(root *node) {
	for _, k := range []string{"failover_trigger_method", "failover_condition"} {
		at := root.get(k)
		method := strings.ToLower(strings.TrimSpace(im.str(at)))
		switch {
		case method == "" || method == noTrigger[0]:
		case slices.Contains(noTrigger, method):
			im.leave(at, diag.ImportLeftOut, fmt.Sprintf("%s is read as automatic", shown(method)), "The toolkit fails over by itself when it has missed enough heartbeats; there is no other way.")
		default:
			im.error(at, diag.ImportTrigger, fmt.Sprintf("No failover is %s", shown(method)),
				"The platform fails over by itself when one side has not heard from the other for long enough. Nothing can be called and nobody can press a button to make it do so. Write automatic here, and a fault_scenario that causes it: network_partition, process_kill, or api_initiated with stop_job, pause_job or terminate_instance.")
		}
	}
}

// parameters reads the submission parameters.
func (im *importer) parameters(n *node) {
	if n == nil {
		return
	}
	s := &im.sc
	n.known, n.why = []string{"job_name", "jobName"}, "The job's name is given under another key as well, and that one was taken."
	if at := n.get("instance_id"); at != nil {
		im.instance(at)
	}
	s.jobName = strings.TrimSpace(im.str(n.either("job_name", "jobName")))
	for _, k := range n.order {
		kid := n.kids[k]
		switch {
		case k == "instance_id" || k == "job_name" || k == "jobName":
			continue
		case kid.null:
			kid.read = true
			im.leave(kid, diag.ImportLeftOut, "The parameter has no value", "It was left out.")
			continue
		}
		n.get(k)
		if !kid.scalar {
			im.shape(kid, "a single value")
			continue
		}
		im.aboutToolkit(kid, k)
		text := strings.TrimSpace(kid.text)
		if kid.secret || strings.HasPrefix(text, "$CRED:") || strings.HasPrefix(text, "$ENV:") || userinfo.MatchString(text) {
			v := im.secret(kid, identifier(k, "parameter"), fmt.Sprintf("Submission parameter %s.", shown(k)))
			s.parameters = append(s.parameters, attribute{key(k), "var." + v})
			continue
		}
		s.parameters = append(s.parameters, attribute{key(k), quote(kid.text)})
	}
}

// instance takes the name of an instance from the scenario.
func (im *importer) instance(at *node) {
	name := strings.TrimSpace(im.str(at))
	for i := range im.cfg.dcs {
		d := &im.cfg.dcs[i]
		switch d.instance {
		case name:
		case "":
			d.instance = name
		default:
			d.inside = append(d.inside, im.decide(at, "Two names of the instance", fmt.Sprintf("The config says %s, the scenario %s. The plan has the config's.", shown(d.instance), shown(name))))
		}
	}
}

// Parameters that say how the toolkit is configured: its own keys, and what applications call them.
var (
	heartbeatName = regexp.MustCompile(`(?i)^(heartbeatExchangeInterval|heartbeat_?interval(_?(in_?)?(seconds|sec|s))?)$`)
	snapshotName  = regexp.MustCompile(`(?i)^(dataSnapshotExchangeInterval)$`)
	missesName    = regexp.MustCompile(`(?i)^(consecutiveHeartbeatMissesAllowed)$`)
	delayName     = regexp.MustCompile(`(?i)^(crossDCInitDelay)$`)
	portName      = regexp.MustCompile(`(?i)^(crossDCHttpPort)$`)
	modeName      = regexp.MustCompile(`(?i)^(crossdc\.mode)$`)
)

// aboutToolkit looks whether a parameter tells something about the toolkit. It stays a parameter as well.
func (im *importer) aboutToolkit(n *node, name string) {
	t := &im.sc.toolkit
	f, err := strconv.ParseFloat(strings.TrimSpace(n.text), 64)
	number := err == nil && f > 0 && f <= longest
	// A text from `for` would be as long as this.
	seconds := duration(time.Duration(f*1000) * time.Millisecond)
	switch {
	case heartbeatName.MatchString(name) && number:
		t.heartbeat, t.from = seconds, n
	case snapshotName.MatchString(name) && number:
		t.snapshot = seconds
	case delayName.MatchString(name) && number:
		t.delay = seconds
	case missesName.MatchString(name) && number && f <= 100_000 && f == float64(int64(f)):
		t.misses = plainNumber(f)
	case portName.MatchString(name) && number && f <= 65535 && f == float64(int64(f)):
		t.port = plainNumber(f)
	case modeName.MatchString(name) && strings.EqualFold(strings.TrimSpace(n.text), "passive"):
		im.cfg.passive = true
	}
}

// What a plan assumes where a scenario does not say. The framework's own figures are not known.
const (
	assumedRecords = 1000
	assumedRate    = 100
	assumedText    = 64
	frameworkBatch = 100
)

// data reads what is put in. It returns the allowed loss, which may stand here too.
func (im *importer) data(n *node) (loss *node) {
	if n == nil {
		return nil
	}
	d := &data{input: "input", output: "output", key: "event_id"}
	im.sc.data = d
	if v := im.str(n.get("input_port")); v != "" {
		d.input = v
	} else {
		d.notes = append(d.notes, comment("The framework's default endpoint is input; check what the application calls it."))
	}
	if v := im.str(n.get("output_port")); v != "" {
		d.output = v
	}
	if v := im.str(n.get("id_field")); v != "" {
		d.key = v
	}
	var ok bool
	if d.records, ok = im.wholeNumber(n.get("event_count"), 1e12); !ok {
		d.records = assumedRecords
		d.notes = append(d.notes, im.say(n, diag.ImportMissing, "The scenario does not say how many records", fmt.Sprintf("The plan assumes %d. Check event_count.", assumedRecords)))
	}
	if d.rate, ok = im.number(n.get("injection_rate_events_per_second"), 0.001, 1e7); !ok {
		d.rate = assumedRate
		d.notes = append(d.notes, im.say(n, diag.ImportMissing, "The scenario does not say how fast", fmt.Sprintf("The plan assumes %d records a second. Check injection_rate_events_per_second.", assumedRate)))
	}
	im.batch(d, n.get("batch_size"))
	kind := im.word(n.get("generator_type"), "deterministic", "random", "file")
	im.fileOf(d, n, kind)
	im.record(d, n)
	return n.get("expected_data_loss_percentage")
}

func (im *importer) batch(d *data, at *node) {
	if b, ok := im.wholeNumber(at, 1e6); ok {
		d.batch = b
	}
	if most := im.cfg.batchMost; most > 0 && (d.batch > most || d.batch == 0 && frameworkBatch > most) {
		if at != nil {
			d.notes = append(d.notes, im.say(at, diag.ImportLeftOut, "The batch is smaller", fmt.Sprintf("The config allows %d records in one request (data_exchange.max_batch_size).", most)))
		}
		d.batch = most
	}
}

// fileOf reads what concerns files of records.
func (im *importer) fileOf(d *data, n *node, kind string) {
	at := n.get("input_file")
	file := im.str(at)
	formatAt := n.get("data_format")
	format := im.word(formatAt, "json", "csv")
	if format == "" {
		format, formatAt = im.cfg.format, im.cfg.formatAt
	}
	if kind != "file" {
		if file != "" {
			im.leave(at, diag.ImportUnsupported, "The file is not used", "generator_type says that the records are made up. Write file = \"...\" in the seed in place of record, if the file is meant.")
		}
		if format == "csv" {
			im.leave(formatAt, diag.ImportUnsupported, "Records are not sent as CSV", "The Data Exchange service takes JSON, and the plan sends that. CSV is read from files only.")
		}
		return
	}
	if file == "" {
		file = "records.json"
		d.notes = append(d.notes, im.say(n, diag.ImportMissing, "The scenario names no file", "generator_type is file, and there is no input_file. The name in the plan is made up."))
	}
	d.file, d.format = im.path(n, file), format
	switch ext := strings.ToLower(path.Ext(file)); {
	case format == "csv":
	case ext == ".jsonl" || ext == ".ndjson":
		d.format = "jsonl"
	case ext == ".csv" && format == "":
		d.format = "csv"
	default:
		d.format = "json"
		d.notes = append(d.notes, im.decide(at, "JSON array or JSON lines", "The framework took either. The plan says json, an array; write jsonl if the file has one object a line."))
	}
}

// record reads the fields of records.
func (im *importer) record(d *data, n *node) {
	timeAt := n.get("timestamp_field")
	timeField := im.str(timeAt)
	if timeField == "" {
		timeField = "timestamp"
	}
	size := int64(assumedText)
	sizeAt := n.get("data_size_bytes")
	sized := false
	if b, ok := im.wholeNumber(sizeAt, 1<<20); ok {
		size, sized = b, true
	}
	schema := im.section(n.get("schema"))
	if d.file != "" {
		if schema != nil {
			schema.all()
			im.leave(schema, diag.ImportLeftOut, "The schema is not needed", "The records are those of the file.")
		}
		if sizeAt != nil {
			im.leave(sizeAt, diag.ImportLeftOut, "data_size_bytes is not needed", "The records are those of the file.")
		}
		if timeAt != nil {
			im.leave(timeAt, diag.ImportLeftOut, "timestamp_field is not needed", "The audit knows the order in which records were due.")
		}
		return
	}
	names, types := []string{d.key, timeField, "value", "payload"}, map[string]string{d.key: "string", timeField: "timestamp", "value": "number", "payload": "string"}
	if schema != nil && len(schema.order) > 0 {
		names = nil
		for _, f := range schema.order {
			kid := schema.get(f)
			names = append(names, f)
			types[f] = "string"
			if kid != nil {
				types[f] = im.word(kid, "string", "number", "integer", "boolean", "timestamp", "object", "array")
			}
		}
		if !slices.Contains(names, d.key) {
			names = append([]string{d.key}, names...)
			d.recordNotes = append(d.recordNotes, im.decide(schema, "The schema has no id", fmt.Sprintf("The audit finds records by the field %s, so the plan adds it. Check that the application hands it on.", shown(d.key))))
		}
		if timeAt != nil && !slices.Contains(names, timeField) {
			im.leave(timeAt, diag.ImportLeftOut, "timestamp_field is not in the schema", "The audit knows the order in which records were due and needs no such field.")
		}
	}
	filler := payload(names, types, d.key, timeField)
	if sized && filler == "" {
		im.leave(sizeAt, diag.ImportUnsupported, "No field takes the size up", "The schema has no text that could be made longer.")
	} else if sized {
		d.recordNotes = append(d.recordNotes, comment(fmt.Sprintf("The framework meant %d bytes for the whole record; here they are those of %s.", size, shown(filler))))
	}
	for _, f := range names {
		d.fields = append(d.fields, attribute{key(f), im.generator(d, f, types[f], f == d.key, f == timeField, f == filler, size, schema)})
	}
}

// payload is the field that has the size of a record: the one called so, else the last text.
func payload(names []string, types map[string]string, id, stamp string) string {
	last := ""
	for _, f := range names {
		if f == id || f == stamp || types[f] != "string" {
			continue
		}
		if last = f; f == "payload" {
			break
		}
	}
	return last
}

// generator is the expression that makes a field.
func (im *importer) generator(d *data, name, typ string, id, stamp, filler bool, size int64, schema *node) string {
	switch {
	case id:
		return "record.id"
	case stamp, typ == "timestamp":
		return "record.time"
	case typ == "number":
		return "record::number(0, 1000)"
	case typ == "integer":
		return "record.seq"
	case typ == "boolean":
		return "record::choice([true, false])"
	case typ == "object" || typ == "array":
		var at *node
		if schema != nil {
			at = schema.kids[name]
		}
		d.recordNotes = append(d.recordNotes, im.decide(at, fmt.Sprintf("What is in %s", shown(name)), fmt.Sprintf("The scenario only says that it is an %s. The plan has an empty one.", typ)))
		if typ == "object" {
			return "{}"
		}
		return "[]"
	case filler:
		return fmt.Sprintf("record::text(%d)", size)
	}
	return "record::text(16)"
}
