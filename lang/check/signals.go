package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
)

// signalIndex finds signals by their shape: the number of segments and the first one's name.
type signalIndex struct {
	all     []pattern
	byFirst map[string][]int
}

type pattern struct {
	schema.Signal
	segs []patternSegment
}

type patternSegment struct {
	name    string // "*" for any
	indexed bool
}

func (c *checker) signals() *signalIndex {
	if c.index != nil {
		return c.index
	}
	ix := &signalIndex{byFirst: map[string][]int{}}
	for _, sig := range slices.Concat(c.cat.Signals(), schema.TargetSignals()) {
		p := pattern{Signal: sig}
		for seg := range strings.SplitSeq(sig.Path, ".") {
			n, indexed := strings.CutSuffix(seg, "[*]")
			p.segs = append(p.segs, patternSegment{n, indexed})
		}
		ix.byFirst[p.segs[0].name] = append(ix.byFirst[p.segs[0].name], len(ix.all))
		ix.all = append(ix.all, p)
	}
	c.index = ix
	return ix
}

// target resolves TARGET.SIGNAL.
func (r *resolver) target(p cond.Path) (cond.Subject, *cond.Problem) {
	c := r.s.mod.c
	t := c.targets[p[0].Name]
	if t == nil || p[0].Index != nil {
		names := append(sorted(c.targets), "run", "module")
		for _, k := range addr.Kinds() {
			names = append(names, string(k))
		}
		return cond.Subject{}, problem(fmt.Sprintf("There is no target %q", p[0].Name),
			"A path begins with the name of a target, a kind of step, module or run."+diag.Suggest(p[0].Name, names))
	}
	rest := p[1:]
	if rest[0].Name == "toolkit" && rest[0].Index == nil {
		return r.toolkit(t, rest)
	}
	if rest[0].Name == "job" || rest[0].Name == "module" {
		return r.jobSignal(t, rest)
	}
	if rest[0].Name == "host" {
		if len(rest) < 2 || t.hosts[rest[1].Name] == nil {
			n := ""
			if len(rest) > 1 {
				n = rest[1].Name
			}
			return cond.Subject{}, problem(fmt.Sprintf("Target %s has no host %q", t.name, n), "Declare it in a host block of the target."+diag.Suggest(n, sorted(t.hosts)))
		}
	}
	return r.match(t, rest, "", "")
}

// toolkit resolves the short form TARGET.toolkit.X, where one job makes it unambiguous.
func (r *resolver) toolkit(t *target, rest cond.Path) (cond.Subject, *cond.Problem) {
	jobs := r.s.mod.c.jobsAt(t.name)
	switch len(jobs) {
	case 1:
		return r.match(t, append(cond.Path{{Name: "job"}, {Name: "*"}}, rest...), jobs[0].jobPath(), jobs[0].addr.String())
	case 0:
		return cond.Subject{}, problem(fmt.Sprintf("No job runs on %s", t.name), "toolkit signals are those of a job. Declare the job that runs there.")
	}
	var paths []string
	for _, j := range jobs {
		paths = append(paths, fmt.Sprintf("%s.%s.%s", t.name, j.jobPath(), pathTail(rest)))
	}
	return cond.Subject{}, problem(fmt.Sprintf("Several jobs run on %s", t.name), fmt.Sprintf("Say which one is meant: %s.", strings.Join(paths, " or ")))
}

// jobSignal resolves TARGET.job.NAME.SIGNAL and TARGET.module.M.job.NAME.SIGNAL.
func (r *resolver) jobSignal(t *target, rest cond.Path) (cond.Subject, *cond.Problem) {
	m := r.s.mod
	i := 0
	if rest[0].Name == "module" {
		m = m.c.root // such paths are full addresses, as templates splice them
		if r.s.mod.calls[nameAt(rest, 1)] != nil {
			m = r.s.mod
		}
	}
	for i < len(rest) && rest[i].Name == "module" {
		child, next, bad := m.child(rest, i)
		if bad != nil {
			return cond.Subject{}, bad
		}
		m, i = child, next
	}
	if i+1 >= len(rest) || rest[i].Name != "job" {
		return cond.Subject{}, problem("This names no job", fmt.Sprintf("Write %s.job.NAME.SIGNAL.", t.name))
	}
	seg := rest[i+1]
	b := m.blocks["job."+seg.Name]
	if b == nil && m == r.s.mod {
		b = m.c.root.blocks["job."+seg.Name]
	}
	if b == nil {
		return cond.Subject{}, problem(fmt.Sprintf("There is no job %q", seg.Name), strings.TrimSpace("A signal of a job needs its job block."+m.nearStep(addr.Job, "job."+seg.Name)))
	}
	for _, in := range b.expand() {
		if in.target != t.name {
			continue
		}
		if b.how != single && in.copyOf.target == "" && (seg.Index == nil || indexKey(seg.Index) != in.addr.Key) {
			continue
		}
		return r.match(t, append(cond.Path{{Name: "job"}, {Name: "*"}}, rest[i+2:]...), in.jobPath(), in.addr.String())
	}
	if b.broken || !allTargetsKnown(b.instances) {
		return cond.Subject{}, problem("The job could not be made out", "See the other findings.")
	}
	return cond.Subject{}, problem(fmt.Sprintf("%s does not run on %s", b.conf.Local(), t.name), fmt.Sprintf("It runs on %s.", targetNames(b.instances)))
}

func nameAt(p cond.Path, i int) string {
	if i < len(p) {
		return p[i].Name
	}
	return ""
}

// match finds the signal of a target whose pattern a path fits. With a job, the path begins `job.*`.
func (r *resolver) match(t *target, rest cond.Path, jobPath, job string) (cond.Subject, *cond.Problem) {
	ix := r.s.mod.c.signals()
	candidates := slices.Concat(ix.byFirst[rest[0].Name], ix.byFirst["*"])
	blocked := ""
	for _, i := range candidates {
		p := &ix.all[i]
		if !p.fits(rest) {
			continue
		}
		if why := r.s.mod.c.cannotProvide(t, p); why != "" {
			blocked = why
			continue
		}
		typ, bad := r.s.mod.c.typeOf(t, p, rest)
		if bad != nil {
			return cond.Subject{}, bad
		}
		name := t.name
		tail := rest
		if jobPath != "" {
			name += "." + jobPath
			tail = rest[2:]
		}
		return cond.Subject{Name: name + "." + pathTail(tail), Type: typ, Moment: schema.Live, Job: job, Provider: p.Provider}, nil
	}
	if blocked != "" {
		return cond.Subject{}, problem("Nothing can provide this signal", blocked)
	}
	return cond.Subject{}, r.noSignal(t, rest)
}

func (p *pattern) fits(path cond.Path) bool {
	if len(path) != len(p.segs) {
		return false
	}
	for i, s := range p.segs {
		if s.name != "*" && s.name != path[i].Name || s.indexed != (path[i].Index != nil) {
			return false
		}
	}
	return true
}

// cannotProvide says why a signal cannot be had at a target: its provider needs a connection that is missing.
func (c *checker) cannotProvide(t *target, p *pattern) string {
	if p.Provider == "" {
		if p.Path == "reachable" && len(t.conns) == 0 && len(t.hosts) == 0 {
			return fmt.Sprintf("Target %s has no connection, so nothing asks it. Add a connection block, such as streams.", t.name)
		}
		return ""
	}
	if _, has := c.cat.Connection(p.Provider); has && t.conns[p.Provider] == nil {
		return fmt.Sprintf("It comes from %s, and target %s has no block of that name. Add %s { ... } to it.", p.Provider, t.name, p.Provider)
	}
	return ""
}

// noSignal proposes signals of the same shape.
func (r *resolver) noSignal(t *target, rest cond.Path) *cond.Problem {
	last := rest[len(rest)-1]
	text := pathTail(rest)
	var near, all []string
	for _, p := range r.s.mod.c.signals().all {
		same := 0
		for same < len(rest) && same < len(p.segs) && (p.segs[same].name == "*" || p.segs[same].name == rest[same].Name) {
			same++
		}
		switch {
		case same == len(rest) && len(p.segs) == len(rest):
			how := "takes no index"
			for i := range p.segs {
				if p.segs[i].indexed && rest[i].Index == nil {
					how = fmt.Sprintf("needs one: %s['NAME']", p.segs[i].name)
				}
			}
			return problem("The index is wrong", fmt.Sprintf("%s %s.", p.Path, how))
		case same >= len(rest)-1 && same < len(p.segs):
			near = append(near, p.segs[same].name)
		}
		all = append(all, p.segs[0].name)
	}
	slices.Sort(near)
	near = slices.Compact(near)
	near = slices.DeleteFunc(near, func(s string) bool { return s == "*" })
	if len(near) > 0 {
		return problem(fmt.Sprintf("There is no signal %q here", last.Name), fmt.Sprintf("There are %s.%s", strings.Join(near, ", "), diag.Suggest(last.Name, near)))
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return problem(fmt.Sprintf("Target %s has no signal %s", t.name, strings.ReplaceAll(text, "*.", "")), fmt.Sprintf("Signals of a target begin with %s.%s", strings.Join(all, ", "), diag.Suggest(rest[0].Name, all)))
}

// pathTail prints segments canonically.
func pathTail(p cond.Path) string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.Name)
		if s.Index != nil {
			b.WriteString(indexKey(s.Index).String())
		}
	}
	return b.String()
}
