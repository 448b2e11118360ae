package check

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/value"
)

// seed evaluates a seed.
func (s *scope) seed(in *instance, st *program.Step, content *config.Content) {
	st.Seed = &program.Seed{}
	core := &in.block.schema.core
	b := s.bag(content, core, bagOptions{})
	ok := s.exactlyOne(content, "target", "targets")
	ok = s.exactlyOne(content, "record", "file") && ok
	ok = b.ok && ok
	in.targets = targetsOf(b)
	sd := &program.Seed{
		Targets: in.targets, Route: b.str("route"), SwitchAfter: b.dur("switch_after"), Resend: b.flag("resend"),
		Retry: b.flag("retry"), Rate: b.num("rate"), Records: int64(b.num("records")), Duration: b.dur("duration"),
		Batch: int(b.num("batch")), MaxInFlight: int(b.num("max_in_flight")), Drain: b.dur("drain"),
		File: b.str("file"), Format: b.str("format"), Job: b.str("job"),
	}
	if a := b.str("arrivals"); a != "constant" {
		sd.Arrivals = a
	}
	st.Seed = sd
	ok = s.whole(content, b, "records", "batch", "max_in_flight") && ok
	ok = s.seedRoute(content, sd) && ok
	ok = s.seedLength(content, b, sd) && ok
	ok = s.seedRecords(content, b, sd) && ok
	s.hashFile(content, b, "file", "data")
	pb := s.provided(st, content, bagOptions{targets: in.targets})
	if pb != nil {
		maps.Copy(b.jobs, pb.jobs)
	}
	s.refer(in, content, b, core)
	if !ok {
		in.broken = true
	}
}

func targetsOf(b *bag) []string {
	if t := b.str("target"); t != "" {
		return []string{t}
	}
	return b.strs("targets")
}

// whole checks that numbers that count something are whole.
func (s *scope) whole(content *config.Content, b *bag, names ...string) bool {
	ok := true
	for _, n := range names {
		a := content.Attrs[n]
		if f := b.num(n); a != nil && f != float64(int64(f)) {
			s.report(diag.Diagnostic{
				Code: diag.OutOfRange, Subject: a.Expr.Range().Ptr(), Summary: fmt.Sprintf("%s is not a whole number", n),
				Detail: fmt.Sprintf("It counts something; it is %v here.", f),
			})
			ok = false
		}
	}
	return ok
}

func (s *scope) seedRoute(content *config.Content, sd *program.Seed) bool {
	ok := true
	route := content.Attrs["route"]
	seen := map[string]bool{}
	for _, t := range sd.Targets {
		if seen[t] {
			s.report(diag.Diagnostic{
				Code: diag.Impossible, Subject: content.Attrs["targets"].Expr.Range().Ptr(), Summary: fmt.Sprintf("Target %s is there twice", t),
				Detail: "Name each target once.",
			})
			return false
		}
		seen[t] = true
	}
	if a := content.Attrs["targets"]; a != nil && len(sd.Targets) == 0 && a.Expr != nil {
		if _, quiet := s.quietly(a.Expr); quiet {
			s.report(diag.Diagnostic{Code: diag.Impossible, Subject: a.Expr.Range().Ptr(), Summary: "There is no target", Detail: "A seed needs at least one target."})
			ok = false
		}
	}
	switch {
	case len(sd.Targets) > 1 && route == nil:
		s.report(diag.Diagnostic{
			Code: diag.Incomplete, Subject: &content.Attrs["targets"].NameRange, Summary: "Several targets need a route",
			Detail: "Say what producers do: route = \"failover\" (the first until it refuses, then the next), \"mirror\" (all) or \"spread\" (in turns).",
		})
		ok = false
	case len(sd.Targets) == 1 && route != nil && content.Attrs["target"] != nil:
		ok = s.conflict(route, "is for several targets", "This seed has one target. Remove it, or write targets = [...].")
	}
	for _, n := range []string{"switch_after", "resend"} {
		if a := content.Attrs[n]; a != nil && sd.Route != "failover" {
			ok = s.conflict(a, "is for route \"failover\"", "Other routes never change from one target to the next. Remove it.") && ok
		}
	}
	if sd.Route != "failover" {
		sd.SwitchAfter = 0
	}
	return ok
}

// quietly evaluates an expression and says nothing.
func (s *scope) quietly(expr hcl.Expression) (cty.Value, bool) {
	q := *s
	q.diags = new(diag.List)
	return q.eval(expr)
}

// seedLength checks how much and how fast a seed sends.
func (s *scope) seedLength(content *config.Content, b *bag, sd *program.Seed) bool {
	ok := true
	var sum value.Duration
	for _, k := range b.kids {
		if k.typ != "stage" || !k.bag.ok {
			continue
		}
		sd.Stages = append(sd.Stages, program.RateStage{Duration: k.bag.dur("duration"), Rate: k.bag.num("rate"), Ramp: k.bag.flag("ramp")})
		sum += k.bag.dur("duration")
		if k.bag.dur("duration") == 0 {
			ok = s.emptyStage(k) && ok
		}
	}
	staged := slices.ContainsFunc(b.kids, func(k kid) bool { return k.typ == "stage" })
	if !b.ok {
		return false
	}
	dur, recs := content.Attrs["duration"], content.Attrs["records"]
	switch {
	case staged && dur != nil && sd.Duration != sum:
		ok = s.stageSum(dur, sd.Duration, sum)
	case staged:
		sd.Duration = sum
		if sd.Rate == 0 {
			sd.Rate = sd.Stages[0].Rate
		}
	case content.Attrs["rate"] == nil:
		s.report(diag.Diagnostic{
			Code: diag.Incomplete, Subject: &content.Missing, Summary: "rate is missing",
			Detail: "Say how many records a second are sent: rate = 100, or stage blocks with a rate each.",
		})
		ok = false
	case dur == nil && recs == nil:
		s.report(diag.Diagnostic{
			Code: diag.Incomplete, Subject: &content.Missing, Summary: "Nothing says when the seed ends",
			Detail: "Give duration, records, or both; with both, whichever is reached first ends it.",
		})
		ok = false
	case dur != nil && sd.Duration == 0:
		s.report(diag.Diagnostic{Code: diag.OutOfRange, Subject: dur.Expr.Range().Ptr(), Summary: "duration is zero", Detail: "A seed that lasts no time sends nothing."})
		ok = false
	}
	return ok
}

func (s *scope) emptyStage(k kid) bool {
	s.report(diag.Diagnostic{
		Code: diag.OutOfRange, Subject: &k.rng, Summary: "A stage lasts no time", Detail: "Give it a duration above zero, or remove it.",
	})
	return false
}

func (s *scope) stageSum(a *hcl.Attribute, dur, sum value.Duration) bool {
	s.report(diag.Diagnostic{
		Code: diag.StageSum, Subject: a.Expr.Range().Ptr(), Summary: "duration and the stages disagree",
		Detail: fmt.Sprintf("The stages last %s together and duration says %s. Remove duration, or make them equal.", sum, dur),
	})
	return false
}

// seedRecords evaluates what a seed sends.
func (s *scope) seedRecords(content *config.Content, b *bag, sd *program.Seed) bool {
	if a := content.Attrs["file"]; a != nil && b.ok {
		if content.Attrs["format"] == nil {
			switch strings.ToLower(path.Ext(sd.File)) {
			case ".json":
				sd.Format = "json"
			case ".jsonl", ".ndjson":
				sd.Format = "jsonl"
			case ".csv":
				sd.Format = "csv"
			default:
				s.report(diag.Diagnostic{
					Code: diag.Incomplete, Subject: a.Expr.Range().Ptr(), Summary: "The format of the file cannot be told from its name",
					Detail: "Add format = \"json\", \"jsonl\" or \"csv\".",
				})
				return false
			}
		}
		return true
	}
	if a := content.Attrs["format"]; a != nil && content.Attrs["record"] != nil {
		return s.conflict(a, "is for files", "Records that are made have no format. Remove it.")
	}
	a := content.Attrs["record"]
	if a == nil {
		return false
	}
	rs := *s
	rs.roots = map[string]cty.Value{"record": value.RecordScope()}
	maps.Copy(rs.roots, s.roots)
	v, ok := rs.eval(a.Expr)
	if !ok {
		return false
	}
	bad := func(code diag.Code, summary, detail string) bool {
		s.report(diag.Diagnostic{Code: code, Subject: a.Expr.Range().Ptr(), Summary: summary, Detail: detail})
		return false
	}
	if value.IsSensitive(v) {
		return bad(diag.SensitiveHere, "record must not hold a secret", "Records are kept in the run's folder and compared with what comes out. Use a value that is not sensitive.")
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return bad(diag.MustBeKnown, "record must be known while planning", "Results of steps cannot be part of records.")
	}
	if v.IsNull() || (!v.Type().IsObjectType() && !v.Type().IsMapType()) {
		return bad(diag.WrongType, "record is not an object", fmt.Sprintf("Write { field = value, ... }; it is %s here.", describe(v)))
	}
	gen, err := value.ToGenerator(v)
	if err != nil {
		return bad(diag.WrongType, "record cannot be generated from this", err.Error()+".")
	}
	sd.Record = gen
	return true
}

// audit evaluates an audit.
func (s *scope) audit(in *instance, st *program.Step, content *config.Content) {
	st.Audit = &program.Audit{}
	core := &in.block.schema.core
	b := s.bag(content, core, bagOptions{})
	if content.Attrs["target"] != nil && content.Attrs["targets"] != nil {
		b.ok = s.exactlyOne(content, "target", "targets") && b.ok
	}
	au := &program.Audit{Key: b.str("key"), State: b.str("state"), Settle: b.dur("settle"), GapOver: b.dur("gap_over"), Targets: targetsOf(b), SeedAt: b.str("seed")}
	st.Audit = au
	if sd := s.mod.c.instances[b.str("seed")]; sd != nil && b.ok {
		au.Seed, in.seed = sd.addr, sd
		if len(au.Targets) == 0 {
			au.Targets = sd.seedTargets()
		}
		if sd.addr.Type != "" && in.block.schema != nil && sd.block.conf.Type != in.block.auditTypeOf() {
			s.report(diag.Diagnostic{
				Code: diag.WrongReference, Subject: content.Attrs["seed"].Expr.Range().Ptr(), Summary: "Instances of one audit audit seeds of one type",
				Detail: fmt.Sprintf("This one has the seed %s, the first one has a seed of type %q. Write two audits.", sd.addr, in.block.auditTypeOf()),
			})
			b.ok = false
		}
		in.needs.add(program.Need{Step: sd.addr, Point: program.Finished, Order: true, Range: content.Attrs["seed"].Expr.Range()})
	}
	in.targets = au.Targets
	pb := s.provided(st, content, bagOptions{targets: au.Targets})
	s.refer(in, content, pb, core, "seed")
	in.broken = in.broken || !b.ok
}

// auditTypeOf is the type of seed that the block was opened for.
func (b *block) auditTypeOf() string {
	for key, s := range b.mod.c.schemas {
		if s == b.schema {
			return strings.TrimPrefix(key, string(addr.Audit)+".")
		}
	}
	return ""
}

// seedTargets are the targets of a seed, also before it was built.
func (in *instance) seedTargets() []string {
	if in.targets != nil || !in.block.open() {
		return in.targets
	}
	s := in.scope()
	s.diags = new(diag.List) // the seed's own findings are reported when it is built
	core := &in.block.schema.core
	b := s.bag(in.block.content, core, bagOptions{})
	return targetsOf(b)
}
