package check

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
	"github.com/xdc-project/xdc/lang/value"
)

// maxModuleDepth bounds how deeply modules call each other.
const maxModuleDepth = 16

// module is one instance of a module: the root, or what a call made.
type module struct {
	c    *checker
	conf *config.Module
	addr addr.Module
	// call and callScope are where it was called and with what; nil for the root.
	call      *call
	callScope *scope
	depth     int
	// dir leads from the plan's folder to the module's.
	dir string

	vars      map[string]*variable
	locals    map[string]*local
	outputs   map[string]*config.Output
	blocks    map[string]*block
	blockList []*block
	calls     map[string]*call
	callList  []*call
	outs      map[string]*lazy
	funcs     map[string]function.Function
	key       addr.Key
	// members are the instances of its own steps, filled when they are built.
	members []*instance
}

func (c *checker) newModule(conf *config.Module, at addr.Module, cl *call, callScope *scope) *module {
	m := &module{
		c: c, conf: conf, addr: at, call: cl, callScope: callScope,
		vars: map[string]*variable{}, locals: map[string]*local{}, outputs: map[string]*config.Output{},
		blocks: map[string]*block{}, calls: map[string]*call{}, outs: map[string]*lazy{},
	}
	if cl != nil {
		m.depth = cl.mod.depth + 1
		if rel, err := filepath.Rel(c.root.conf.Set.Folder(), conf.Set.Folder()); err == nil && conf.Set.Embedded() == c.root.conf.Set.Embedded() {
			m.dir = filepath.ToSlash(rel)
		}
	}
	m.funcs = value.Functions(value.FuncEnv{
		ReadFile: func(name string) ([]byte, error) { return conf.Set.ReadFile(name, "function") },
		Getenv:   c.in.Env, Now: c.in.Now, Folder: conf.Set.Folder(),
	})
	for _, v := range conf.Variables {
		m.vars[v.Name] = &variable{conf: v, mod: m}
	}
	for _, l := range conf.Locals {
		m.locals[l.Name] = &local{conf: l, mod: m}
	}
	for _, o := range conf.Outputs {
		m.outputs[o.Name] = o
	}
	for _, s := range conf.Steps {
		b := &block{mod: m, conf: s}
		m.blocks[s.Local()] = b
		m.blockList = append(m.blockList, b)
	}
	for _, k := range conf.Calls {
		cl := &call{mod: m, conf: k}
		m.calls[k.Name] = cl
		m.callList = append(m.callList, cl)
	}
	return m
}

// scope is the module's outermost scope.
func (m *module) scope() *scope { return &scope{mod: m, diags: &m.c.diags} }

// file returns a file name of a Path argument relative to the plan's folder.
func (m *module) file(name string) string {
	if m.dir == "" || m.dir == "." || filepath.IsAbs(name) || strings.HasPrefix(name, "~") {
		return name
	}
	return path.Join(m.dir, filepath.ToSlash(name))
}

// declare registers the targets of a module and of all it calls, and loads what it calls.
func (c *checker) declare(m *module) {
	for _, t := range m.conf.Targets {
		if m.call != nil && m.call.givesTargets {
			c.report(diag.Diagnostic{
				Code: diag.ModuleContents, Subject: &t.Range,
				Summary: "A module that is given targets declares none",
				Detail:  fmt.Sprintf("The call of module %q passes targets in. Use those, or declare all targets in the module and pass none.", m.call.conf.Name),
				Related: &diag.Related{Message: "called here", Range: m.call.conf.Range},
			})
			continue
		}
		if old := c.targets[t.Name]; old != nil {
			c.report(diag.Diagnostic{
				Code: diag.DuplicateName, Subject: &t.Range,
				Summary: fmt.Sprintf("There are two targets %q", t.Name),
				Detail:  "Names of targets are unique over a plan and all its modules. Pass the target into the module instead of declaring it twice.",
				Related: &diag.Related{Message: "first declared here", Range: old.conf.Range},
			})
			continue
		}
		tt := &target{mod: m, conf: t, name: t.Name}
		c.targets[t.Name] = tt
		c.targetList = append(c.targetList, tt)
		tt.open()
	}
	if m.call != nil && m.conf.Plan != nil {
		c.report(diag.Diagnostic{
			Code: diag.ModuleContents, Subject: &m.conf.Plan.Range,
			Summary: "A module has no plan block",
			Detail:  "The plan block belongs to the plan that is run. Remove it here, or run this folder by itself.",
			Related: &diag.Related{Message: "called here", Range: m.call.conf.Range},
		})
	}
	for _, call := range m.callList {
		for _, child := range call.expand() {
			c.declare(child)
		}
	}
}

// call is the call of a module.
type call struct {
	mod  *module
	conf *config.Call
	// repetition and instances are known once state is done.
	state        state
	how          repetition
	instances    []*module
	givesTargets bool
	child        *config.Module
}

// expand makes the instances of a call, loading its source at the first.
func (k *call) expand() []*module {
	if k.state != fresh {
		return k.instances
	}
	k.state = busy
	defer func() { k.state = done }()
	if !k.load() {
		return nil
	}
	m := k.mod
	s := m.scope()
	how, keys, ok := s.repeat(k.conf.Meta, nil)
	k.how = how
	if !ok || !m.c.room(len(keys), k.conf.Range) {
		return nil
	}
	for _, key := range keys {
		cs := m.scope()
		cs.roots = key.roots
		child := m.c.newModule(k.child, m.addr.Child(k.conf.Name, key.key), k, cs)
		child.key = key.key
		k.instances = append(k.instances, child)
		child.takeArgs(k.conf)
		for _, a := range k.conf.Args {
			if v, ok := child.vars[a.Name]; ok && v.conf.Type.Handle == "target" {
				k.givesTargets = true
			} else if ok && givesTarget(v.value()) {
				k.givesTargets = true
			}
		}
	}
	return k.instances
}

// givesTarget reports whether a value is, or directly holds, the handle of a target.
func givesTarget(v cty.Value) bool {
	v, _ = v.Unmark()
	if h, ok := handleOf(v); ok {
		return strings.HasPrefix(h, "target.") && !strings.Contains(h, ".host.")
	}
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return false
	}
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		if h, ok := handleOf(el); ok && strings.HasPrefix(h, "target.") && !strings.Contains(h, ".host.") {
			return true
		}
	}
	return false
}

func (k *call) load() bool {
	c := k.mod.c
	bad := func(summary, detail string) bool {
		c.report(diag.Diagnostic{Code: diag.ModuleSource, Subject: &k.conf.SourceRange, Summary: summary, Detail: detail})
		return false
	}
	if k.mod.depth+1 > maxModuleDepth {
		return bad("Modules call each other too deeply", fmt.Sprintf("Modules may be nested %d deep. A module that calls itself, directly or through others, never ends.", maxModuleDepth))
	}
	var set *source.Set
	if name, ok := strings.CutPrefix(k.conf.Source, "xdc:"); ok {
		if c.in.Shipped != nil {
			set, ok = c.in.Shipped(name)
		} else {
			ok = false
		}
		if !ok {
			return bad(fmt.Sprintf("xdc comes with no plan %q", name), "`xdc init` lists the plans that come with it. A folder of your own begins with ./ or ../.")
		}
	} else {
		if !strings.HasPrefix(k.conf.Source, "./") && !strings.HasPrefix(k.conf.Source, "../") {
			return bad("This is not the source of a module", fmt.Sprintf("%q is neither a folder, which begins with ./ or ../, nor a plan that comes with xdc, which begins with xdc:.", k.conf.Source))
		}
		var ds diag.List
		set, ds = k.mod.conf.Set.Sub(k.conf.Source)
		for i := range ds {
			if ds[i].Subject == nil {
				ds[i].Subject = &k.conf.SourceRange
			}
		}
		c.diags = append(c.diags, ds...)
		if ds.HasErrors() || set == nil {
			return false
		}
	}
	c.root.conf.Set.Include(set)
	var ds diag.List
	k.child, ds = config.Load(set)
	c.diags = append(c.diags, ds...)
	if k.child.Damaged {
		k.child = nil
		return false
	}
	return true
}

// files are all that was read, for saved plans.
func (c *checker) files() []program.File {
	var out []program.File
	for _, r := range c.root.conf.Set.Record() {
		out = append(out, program.File{Path: r.Path, Size: r.Size, SHA256: r.SHA256, Kind: r.Kind})
	}
	return out
}
