// Package scenario turns the YAML files of the older Python framework into the text of a plan.
//
// It reads bytes and returns bytes: files, terminals and what providers exist are up to its callers. It checks
// nothing about the plan it writes; lang/check does. Every key of both files is taken over, or is reported with its
// place; what a person has to decide stands in the plan as a comment that begins with TODO(you).
package scenario

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/format"
	"github.com/xdc-project/xdc/lang/schema"
)

// A File is one YAML file.
type File struct {
	Name  string // as findings and comments show it
	Bytes []byte
}

// Options say what the files do not.
type Options struct {
	// Files are a scenario and, usually, a config, in any order.
	Files []File
	// Username is who logs in to the Streams REST API; empty if that is not known yet.
	Username string
	// Path turns a path that is relative to a file's folder into one that is relative to the plan. Nil leaves
	// paths as they are.
	Path func(file, path string) string
	// Catalog knows which connection blocks there are besides `streams`; may be nil.
	Catalog schema.Catalog
}

// Result is what became of the files.
type Result struct {
	// Name is the name of the plan; it is fit for a file name.
	Name string
	// Plan is the plan in its canonical layout; nil if there were errors.
	Plan []byte
	// Texts are the YAML files with their secrets blotted out, for showing findings, by File.Name. A file that
	// cannot be read as YAML is not among them: nobody knows where its secrets are.
	Texts map[string][]byte
}

// Import makes a plan of a scenario and a config. With errors among the findings there is no plan.
func Import(o Options) (Result, diag.List) {
	im := &importer{opt: o, vars: map[string]string{}}
	res := Result{Texts: map[string][]byte{}}
	var docs []*document
	for _, f := range o.Files {
		d, ds := parse(f)
		im.found = append(im.found, ds...)
		if d != nil {
			docs = append(docs, d)
			res.Texts[f.Name] = d.shown
		}
	}
	if im.found.HasErrors() {
		return res, im.found
	}
	scenario, config := im.tell(docs)
	if im.found.HasErrors() {
		return res, im.found
	}
	im.config(config)
	im.scenario(scenario)
	im.settle()
	res.Name = im.name
	text := im.write()
	for _, d := range docs {
		im.leftovers(d.root)
	}
	text += im.rest()
	if im.found.HasErrors() {
		return res, im.found
	}
	out, ds := format.Source([]byte(text), im.name+".xdc.hcl")
	if ds.HasErrors() {
		// Every value is quoted by hclwrite and every name is checked, so this is a bug here.
		panic(fmt.Sprintf("scenario: the plan is no HCL: %v", ds.Err()))
	}
	res.Plan = out
	return res, im.found
}

// tell finds out which document is which.
func (im *importer) tell(docs []*document) (scenario, config *document) {
	for _, d := range docs {
		_, fault := d.root.kids["fault_scenario"]
		_, id := d.root.kids["test_id"]
		_, dcs := d.root.kids["datacenters"]
		_, ssh := d.root.kids["fault_injection"]
		isScenario, isConfig := fault || id, dcs || ssh
		switch {
		case isScenario && isConfig:
			im.error(d.root, diag.ImportShape, "A scenario and a config in one file",
				"The scenario has the keys test_id and fault_scenario, the config has datacenters. Give them in two files.")
		case isScenario && scenario == nil:
			scenario = d
		case isScenario:
			im.error(d.root, diag.ImportShape, "Two scenarios", "One plan is made of one scenario. Import the other one by itself.")
		case config == nil:
			config = d
		default:
			im.error(d.root, diag.ImportShape, "Two configs", "A plan is made of one scenario, which has the keys test_id and fault_scenario, and one config, which has datacenters.")
		}
	}
	if scenario == nil && !im.found.HasErrors() {
		d := diag.Diagnostic{
			Severity: diag.Error, Code: diag.ImportMissing, Summary: "There is no scenario",
			Detail: "A scenario has the keys test_id and fault_scenario. None of the files given has either.",
		}
		if len(docs) > 0 {
			r := docs[0].root.rng
			d.Subject = &r
		}
		im.found = append(im.found, d)
	}
	if config == nil {
		im.leave(scenarioRoot(scenario), diag.ImportMissing, "There is no config",
			"Without the framework's config nothing is known about the data centres. Their addresses in the plan are made up, in the domain .invalid, and have to be replaced.")
	}
	return scenario, config
}

func scenarioRoot(d *document) *node {
	if d == nil {
		return nil
	}
	return d.root
}

// importer collects what the files say, and findings.
type importer struct {
	opt   Options
	found diag.List
	// late are the comments that have no better place than the end of the plan.
	late []string

	name string
	cfg  config
	sc   scenario
	// variables, in the order in which they came up.
	variables []variable
	vars      map[string]string // and what each stands for
}

// variable is a sensitive variable of the plan.
type variable struct{ name, description string }

// error reports what stops the import.
func (im *importer) error(n *node, code diag.Code, summary, detail string) {
	im.report(diag.Error, n, code, summary, detail)
}

// report adds a finding about a node; about none if it is nil.
func (im *importer) report(sev diag.Severity, n *node, code diag.Code, summary, detail string) {
	d := diag.Diagnostic{Severity: sev, Code: code, Summary: summary, Detail: detail}
	if n != nil {
		r := n.rng
		if n.keyed {
			r = n.keyRng
		}
		d.Subject = &r
	}
	im.found = append(im.found, d)
}

// leave reports what does not stop the import, and puts it at the end of the plan.
func (im *importer) leave(n *node, code diag.Code, summary, detail string) {
	im.late = append(im.late, im.say(n, code, summary, detail))
}

// say reports what does not stop the import, and returns it as a comment for the caller to put where it belongs.
func (im *importer) say(n *node, code diag.Code, summary, detail string) string {
	im.report(diag.Warning, n, code, summary, detail)
	lead := "TODO(you): "
	if code == diag.ImportLeftOut {
		lead = "Note: "
	}
	return comment(lead + place(n) + summary + ". " + detail)
}

// decide is say for what a person has to decide.
func (im *importer) decide(n *node, summary, detail string) string {
	return im.say(n, diag.ImportDecide, summary, detail)
}

// place is where a node is, for a comment.
func place(n *node) string {
	switch {
	case n == nil:
		return ""
	case n.path == "":
		return fmt.Sprintf("[%s] ", n.rng.Filename)
	}
	return fmt.Sprintf("[%s:%d, %s] ", n.rng.Filename, n.line(), n.path)
}

// secret makes a sensitive variable of a value, and returns its name. where says what the value is for. A reference
// to the environment or to a credential gives the variable its name; anything else is a secret in plain text.
func (im *importer) secret(n *node, fallback, where string) string {
	name, from, origin := fallback, "", n.path
	text := strings.TrimSpace(n.text)
	if cred, ok := strings.CutPrefix(text, "$CRED:"); ok {
		name, origin = cred, "credential "+cred
		text = ""
		if c, ok := im.cfg.credentials[cred]; ok {
			c.used = true
			text = strings.TrimSpace(c.node.text)
			n = c.node
		} else {
			im.leave(n, diag.ImportMissing, "No such credential", fmt.Sprintf("credentials has no key %q. The plan has a variable for it all the same; give it a value when the plan is run.", shown(cred)))
		}
		from = fmt.Sprintf(" It was the credential %s.", shown(cred))
	}
	if env, ok := strings.CutPrefix(text, "$ENV:"); ok {
		if name == fallback {
			name = strings.ToLower(env)
		}
		text = ""
		from += fmt.Sprintf(" It came from the environment variable %s.", shown(env))
	}
	v := identifier(name, fallback)
	for base, i := v, 2; im.vars[v] != "" && im.vars[v] != origin; i++ {
		v = fmt.Sprintf("%s_%d", base, i)
	}
	if text != "" {
		im.plain(n, v)
	}
	im.variable(v, origin, where+from)
	return v
}

// plain reports a secret in plain text.
func (im *importer) plain(n *node, v string) {
	if n.told {
		return
	}
	n.told = true
	im.leave(n, diag.ImportSecret, "A secret in plain text",
		fmt.Sprintf("It was not copied. The plan has the sensitive variable %s, which takes its value from XDC_VAR_%s, --var or a prompt. Take the secret out of the file, and change it.", v, v))
}

// variable declares a sensitive variable once.
func (im *importer) variable(name, origin, description string) {
	if im.vars[name] != "" {
		return
	}
	im.vars[name] = origin
	im.variables = append(im.variables, variable{name, description + " Rehearsals do not need it."})
}

// path is a path of the scenario as the plan has it.
func (im *importer) path(at *node, p string) string {
	if im.opt.Path == nil {
		return p
	}
	return im.opt.Path(at.rng.Filename, p)
}

// leftovers reports every key that nobody asked for.
func (im *importer) leftovers(n *node) {
	if n.whole {
		return
	}
	for _, k := range n.order {
		kid := n.kids[k]
		switch {
		case !kid.read:
			im.unknown(n, kid, k)
		default:
			im.leftovers(kid)
		}
	}
	for _, item := range n.items {
		if item.read {
			im.leftovers(item)
		}
	}
}

func (im *importer) unknown(n, kid *node, key string) {
	near := slices.DeleteFunc(slices.Clone(n.asked), func(k string) bool { _, there := n.kids[k]; return there })
	if n.known != nil && slices.Contains(n.known, key) {
		im.leave(kid, diag.ImportUnsupported, fmt.Sprintf("%s has no meaning here", shown(key)), n.why)
		return
	}
	im.leave(kid, diag.ImportUnknownKey, fmt.Sprintf("%s is not a key that xdc knows", shown(key)),
		"Nothing in the plan comes from it. If it matters, say it in the plan."+diag.Suggest(key, near))
}

// rest is the end of the plan: what has no other place.
func (im *importer) rest() string {
	if len(im.late) == 0 {
		return ""
	}
	return "\n# What else is to be known about the import.\n#\n" + strings.Join(im.late, "#\n")
}
