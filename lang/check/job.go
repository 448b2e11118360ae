package check

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/spl"
)

// jobPath is the first part of a job's signals at its target: "job.orders", in a module "module.m.job.orders". Instances
// by target share it, because their targets tell them apart.
func (in *instance) jobPath() string {
	if in.copyOf.target != "" {
		return in.addr.Block().String()
	}
	return in.addr.String()
}

// waited reports whether anybody waits for the job to run: not for those that something else launches.
func (in *instance) waited() bool {
	return !in.block.open() || in.block.content.Attrs["launched"] == nil
}

// jobsAt lists the jobs of the plan at a target.
func (c *checker) jobsAt(target string) []*instance {
	if c.jobs == nil {
		c.jobs = map[string][]*instance{}
		c.eachModule(c.root, func(m *module) {
			for _, b := range m.blockList {
				if b.conf.Kind != addr.Job {
					continue
				}
				for _, in := range b.expand() {
					if in.target != "" {
						c.jobs[in.target] = append(c.jobs[in.target], in)
					}
				}
			}
		})
	}
	return c.jobs[target]
}

// jobCopies makes one instance for each target of a job with targets.
func (b *block) jobCopies(s *scope) (repetition, []copyOf, bool) {
	if !b.open() {
		b.broken = true
	}
	var attr *hcl.Attribute
	if b.content != nil {
		attr = b.content.Attrs["targets"]
	}
	if attr == nil {
		how, copies, ok := s.repeat(b.conf.Meta, nil)
		return how, copies, ok && !b.broken
	}
	for _, n := range []string{"count", "for_each"} {
		if x := b.conf.Meta[n]; x != nil {
			s.report(diag.Diagnostic{
				Code: diag.JobTargets, Subject: &x.NameRange, Summary: fmt.Sprintf("A job with targets takes no %s", n),
				Detail:  "It has one instance for each of its targets already. Use `target` with for_each, or remove one of the two.",
				Related: &diag.Related{Message: "targets stands here", Range: attr.NameRange},
			})
			return keyed, nil, false
		}
	}
	blk := schema.Job()
	a, _ := blk.Attribute("targets")
	in := *s
	in.noSteps = "The instances of a job are known before anything runs."
	v, ok := in.argument(a, attr, &bag{s: &in, ok: true})
	if !ok {
		return keyed, nil, false
	}
	copies := []copyOf{}
	seen := map[string]bool{}
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		name := el.AsString()
		if seen[name] {
			s.report(diag.Diagnostic{
				Code: diag.BadRepetition, Subject: attr.Expr.Range().Ptr(), Summary: fmt.Sprintf("Target %s is there twice", name),
				Detail: "A job runs once on each of its targets. Remove one, or write two jobs.",
			})
			continue
		}
		seen[name] = true
		handle, d := s.mod.c.targets[name].handle(s)
		if d != nil {
			s.report(*d)
			return keyed, nil, false
		}
		copies = append(copies, copyOf{key: addr.StringKey(name), target: name, roots: map[string]cty.Value{"each": eachOf(name, handle)}})
	}
	return s.repeatTargets(b, copies)
}

func (s *scope) repeatTargets(b *block, copies []copyOf) (repetition, []copyOf, bool) {
	how, out, ok := s.repeat(b.conf.Meta, copies)
	return how, out, ok && !b.broken
}

// jobTarget is the one target of a job instance; empty if it cannot be told.
func (b *block) jobTarget(in *instance) string {
	if b.content == nil || b.content.Attrs["target"] == nil {
		return ""
	}
	blk := schema.Job()
	a, _ := blk.Attribute("target")
	s := in.scope()
	s.diags = new(diag.List) // the whole block is evaluated, and reported on, later
	v, ok := s.argument(a, b.content.Attrs["target"], &bag{s: s, ok: true})
	if !ok || v == cty.NilVal || !v.IsKnown() {
		return ""
	}
	return v.AsString()
}

// job evaluates a job instance.
func (s *scope) job(in *instance, st *program.Step, content *config.Content) {
	blk := &in.block.schema.core
	st.Job = &program.Job{Target: in.target, Path: in.jobPath()}
	b := s.bag(content, blk, bagOptions{late: true, slot: in.addr.String()})
	s.refer(in, content, b, blk)
	ok := s.onlyParametersLate(content, b)
	ok = s.exactlyOne(content, "target", "targets") && ok
	ok = s.exactlyOne(content, "bundle", "adopt", "launched") && ok
	if content.Attrs["bundle"] == nil {
		for _, n := range []string{"parameters", "job_name", "group", "trace_level", "override_file", "keep"} {
			if x := content.Attrs[n]; x != nil {
				ok = s.conflict(x, "is for jobs that are submitted", "Only a job with `bundle` is submitted. Remove it.") && ok
			}
		}
	}
	if x := content.Attrs["launched"]; x != nil && b.ok {
		if _, err := regexp.Compile(b.str("launched")); err != nil {
			s.report(diag.Diagnostic{
				Code: diag.BadForm, Subject: x.Expr.Range().Ptr(), Summary: "launched is not a regular expression", Detail: err.Error() + ".",
			})
			ok = false
		}
	}
	if !ok {
		in.broken = true
		return
	}
	st.Job.Bundle, st.Job.Adopt, st.Job.Launched, st.Job.Keep = b.str("bundle"), b.str("adopt"), b.str("launched"), b.flag("keep")
	s.hashFile(content, b, "bundle", "bundle")
	s.hashFile(content, b, "override_file", "data")
	st.Job.Toolkit = s.toolkit(in, content)
	for _, k := range b.kids {
		if k.typ == "twin" {
			st.Job.Twin, st.Job.Fusion, st.Job.Snapshots = k.bag.str("application"), k.bag.str("fusion"), k.bag.str("snapshots")
			for _, e := range k.bag.kids {
				end := program.TwinEndpoint{Name: e.labels[0], BufferSize: int(e.bag.num("buffer_size")), ConsumingReads: e.bag.flag("consuming_reads"), Type: s.tupleType(e)}
				if trouble := s.twinTrouble(e, ""); !trouble.Nothing() {
					end.Trouble = &trouble
				}
				st.Job.Endpoints = append(st.Job.Endpoints, end)
			}
		}
	}
	s.jobArgs(in, st, content, b)
}

// tupleType is the type of an endpoint's tuples; empty where none is given, or none that is right.
func (s *scope) tupleType(e kid) string {
	text := e.bag.str("type")
	if text == "" {
		return ""
	}
	t, err := spl.Parse(text)
	if err == nil && t.Kind != spl.Tuple {
		err = fmt.Errorf("%s is no tuple", t)
	}
	if err != nil {
		s.report(diag.Diagnostic{
			Code: diag.BadForm, Subject: e.rng.Ptr(), Summary: "type is not the type of tuples",
			Detail: fmt.Sprintf("It cannot be read: %s. Write it as SPL does: tuple<rstring id, int64 amount>.", err),
		})
		return ""
	}
	return text
}

// onlyParametersLate checks that nothing of a job but its parameters depends on results.
func (s *scope) onlyParametersLate(content *config.Content, b *bag) bool {
	ok := b.ok
	for _, n := range sorted(b.vals) {
		if a := content.Attrs[n]; n != "parameters" && a != nil && isLate(b.vals[n]) {
			s.report(diag.Diagnostic{
				Code: diag.MustBeKnown, Subject: a.Expr.Range().Ptr(), Summary: fmt.Sprintf("%s must be known while planning", n),
				Detail: "Of a job only `parameters` may depend on results of steps. Use variables and locals.",
			})
			ok = false
		}
	}
	return ok
}

// jobArgs writes what the provider that submits jobs receives.
func (s *scope) jobArgs(in *instance, st *program.Step, content *config.Content, b *bag) {
	args := schema.Job()
	args.Blocks = nil
	finish := func(b *bag) *bag {
		delete(b.vals, "targets")
		b.vals["target"] = cty.StringVal(in.target)
		b.vals["path"] = cty.StringVal(in.jobPath())
		b.vals["name"] = cty.StringVal(in.addr.Name)
		b.kids = nil
		return b
	}
	args.Attributes = append(args.Attributes, schema.Attribute{Name: "path", Type: cty.String}, schema.Attribute{Name: "name", Type: cty.String})
	core := schema.Job()
	s.args(st, finish(b), func(s *scope) *bag {
		return finish(s.bag(content, &core, bagOptions{late: true, slot: in.addr.String()}))
	}, &args)
}

// maxHostPath bounds paths on hosts, in bytes.
const maxHostPath = 4000

// toolkit merges what the plan says about the toolkit: the target's defaults, the job's, and the job's for this target.
func (s *scope) toolkit(in *instance, content *config.Content) *program.Toolkit {
	merged := &config.Content{Attrs: map[string]*hcl.Attribute{}}
	there := false
	if t := s.mod.c.targets[in.target]; t != nil && t.toolkit != nil {
		there = true
		merged = beneath(t.toolkit.Content, merged)
	}
	for _, ch := range content.Blocks {
		if ch.Type != "toolkit" {
			continue
		}
		there = true
		merged = beneath(merged, &config.Content{Attrs: ch.Content.Attrs})
		for _, on := range ch.Content.Blocks {
			name := on.Labels[0]
			if s.mod.c.targets[name] == nil {
				s.report(diag.Diagnostic{
					Code: diag.UnknownReference, Subject: labelOf(on), Summary: fmt.Sprintf("There is no target %q", name),
					Detail: "The label of `on` is the name of a target of the job." + diag.Suggest(name, sorted(s.mod.c.targets)),
				})
				continue
			}
			if name == in.target {
				merged = beneath(merged, on.Content)
			}
		}
	}
	if !there {
		return nil
	}
	blk := schema.ToolkitSettings()
	b := s.bag(merged, &blk, bagOptions{})
	if !b.ok {
		in.broken = true
		return nil
	}
	for _, name := range []string{"snapshot_directory", "config_file"} {
		if p := b.str(name); p != "" && (!strings.HasPrefix(p, "/") || strings.ContainsRune(p, 0) || len(p) > maxHostPath) {
			s.report(diag.Diagnostic{
				Code: diag.BadForm, Subject: merged.Attrs[name].Expr.Range().Ptr(), Summary: "This cannot be a path on a host",
				Detail: "Write an absolute path, such as \"/var/lib/orders\".",
			})
		}
	}
	if m := b.str("main_composite"); m != "" && (len(m) > maxCompositeName || !compositeName.MatchString(m)) {
		s.report(diag.Diagnostic{
			Code: diag.BadForm, Subject: merged.Attrs["main_composite"].Expr.Range().Ptr(), Summary: "This cannot be the name of a main composite",
			Detail: "Write the namespace, two colons and the name, such as \"com.example.orders::Orders\".",
		})
	}
	for _, name := range []string{"line_up", "line_down", "line_taking_over", "line_taken_over"} {
		a := merged.Attrs[name]
		if a == nil {
			continue
		}
		if _, err := regexp.Compile(b.str(name)); err != nil {
			s.report(diag.Diagnostic{Code: diag.BadForm, Subject: a.Expr.Range().Ptr(), Summary: name + " is not a regular expression", Detail: err.Error() + "."})
		}
		if !b.flag("traces") {
			s.conflict(a, "is looked for in traces", "Nothing reads the traces. Give `traces = true`, too, or remove it.")
		}
	}
	on, host, _ := strings.Cut(b.str("host"), ".")
	if host != "" && on != in.target {
		s.report(diag.Diagnostic{
			Code: diag.WrongReference, Subject: merged.Attrs["host"].Expr.Range().Ptr(), Summary: fmt.Sprintf("The host is not one of %s", in.target),
			Detail: fmt.Sprintf("%s is looked at on a host of its own target. Give each target its host with on \"%s\" { host = target.%s.host.NAME }.", in.addr, in.target, in.target),
		})
	}
	return &program.Toolkit{
		SnapshotDirectory: b.str("snapshot_directory"), Host: host, ConfigFile: b.str("config_file"), MainComposite: b.str("main_composite"), Pairs: int(b.num("pairs")),
		SendToAll: b.flag("send_to_all"), LogHTTPErrors: b.flag("log_http_errors"), ConnectTimeout: b.dur("connect_timeout"), ReadTimeout: b.dur("read_timeout"),
		HeartbeatInterval: b.dur("heartbeat_interval"), MissesAllowed: int(b.num("misses_allowed")),
		SnapshotInterval: b.dur("snapshot_interval"), InitDelay: b.dur("init_delay"), Port: int(b.num("port")),
		Mode: b.str("mode"), Composite: b.str("composite"), Traces: b.flag("traces"),
		Lines:           program.Lines{Up: b.str("line_up"), Down: b.str("line_down"), TakingOver: b.str("line_taking_over"), TakenOver: b.str("line_taken_over")},
		RetainSnapshots: b.flag("retain_snapshots"), ReturnSnapshots: b.flag("return_snapshots"),
	}
}

// compositeName is the name of a main composite in SPL: identifiers with dots between them are its namespace, if it has one.
var compositeName = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*::)?[A-Za-z_][A-Za-z0-9_]*$`)

// maxCompositeName bounds it, in bytes.
const maxCompositeName = 512

func labelOf(ch *config.Child) *hcl.Range {
	if len(ch.LabelRanges) > 0 {
		return &ch.LabelRanges[0]
	}
	return &ch.Range
}

// exactlyOne checks that one of some arguments is given and not more.
func (s *scope) exactlyOne(content *config.Content, names ...string) bool {
	var given []*hcl.Attribute
	for _, n := range names {
		if a := content.Attrs[n]; a != nil {
			given = append(given, a)
		}
	}
	if len(given) == 1 {
		return true
	}
	d := diag.Diagnostic{Code: diag.ExactlyOne, Subject: &content.Missing}
	if len(given) == 0 {
		d.Summary = fmt.Sprintf("One of %s is missing", words(names))
		d.Detail = fmt.Sprintf("Give exactly one of %s.", words(names))
	} else {
		d.Subject = &given[1].NameRange
		d.Summary = fmt.Sprintf("%s and %s exclude each other", given[0].Name, given[1].Name)
		d.Detail = fmt.Sprintf("Keep exactly one of %s.", words(names))
		d.Related = &diag.Related{Message: given[0].Name + " stands here", Range: given[0].NameRange}
	}
	s.report(d)
	return false
}

func words(names []string) string {
	var out strings.Builder
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			out.WriteString(" and ")
		case i > 0:
			out.WriteString(", ")
		}
		out.WriteString(n)
	}
	return out.String()
}

func (s *scope) conflict(a *hcl.Attribute, what, detail string) bool {
	s.report(diag.Diagnostic{Code: diag.Impossible, Subject: &a.NameRange, Summary: a.Name + " " + what, Detail: detail})
	return false
}

// hashFile reads a file that the plan names, so that its digest is recorded.
func (s *scope) hashFile(content *config.Content, b *bag, name, kind string) {
	c := s.mod.c
	a := content.Attrs[name]
	if !c.in.HashFiles || a == nil || b.str(name) == "" {
		return
	}
	if err := c.root.conf.Set.HashFile(b.str(name), kind); err != nil {
		s.report(diag.Diagnostic{
			Code: diag.FileUnreadable, Subject: a.Expr.Range().Ptr(), Summary: fmt.Sprintf("The file %q cannot be read", b.str(name)),
			Detail: fmt.Sprintf("%s. Files are looked for relative to the plan's folder.", strings.TrimSuffix(err.Error(), ".")),
		})
	}
}
