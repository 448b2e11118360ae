package providers

import (
	"fmt"
	"maps"
	"slices"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/schema"
)

// Registry is the set of providers of one program. It is filled once and then only read.
type Registry struct {
	providers map[string]*Provider
	faults    map[string]entry[FaultType]
	actions   map[string]entry[ActionType]
	seeds     map[string]entry[SeedType]
	signals   []schema.Signal
	job       *Provider
}

type entry[T any] struct {
	provider *Provider
	typ      *T
}

var _ schema.Catalog = (*Registry)(nil)

// NewRegistry returns a registry of these providers. It panics on a clash of names or an incomplete type:
// a bug of this program, found at start-up.
func NewRegistry(ps ...*Provider) *Registry {
	r := &Registry{
		providers: map[string]*Provider{}, faults: map[string]entry[FaultType]{},
		actions: map[string]entry[ActionType]{}, seeds: map[string]entry[SeedType]{},
	}
	for _, p := range ps {
		r.add(p)
	}
	return r
}

func (r *Registry) add(p *Provider) {
	if p.Name == "" || r.providers[p.Name] != nil {
		panic(fmt.Sprintf("providers: provider %q is nameless or there twice", p.Name))
	}
	r.providers[p.Name] = p
	for i := range p.Faults {
		f := &p.Faults[i]
		if f.Schema == nil || f.Describe == nil || f.New == nil || f.Doc == "" {
			panic(fmt.Sprintf("providers: fault type %q is incomplete", f.Name))
		}
		put(r.faults, f.Name, p, f)
	}
	for i := range p.Actions {
		a := &p.Actions[i]
		if a.Schema == nil || a.Describe == nil || a.New == nil || a.Doc == "" {
			panic(fmt.Sprintf("providers: action type %q is incomplete", a.Name))
		}
		put(r.actions, a.Name, p, a)
	}
	for i := range p.Seeds {
		s := &p.Seeds[i]
		if s.Schema == nil || s.Audit == nil || s.Describe == nil || s.New == nil || s.Doc == "" {
			panic(fmt.Sprintf("providers: seed type %q is incomplete", s.Name))
		}
		if (s.Probe == nil) != (s.Ends == nil) {
			panic(fmt.Sprintf("providers: seed type %q is incomplete for probes", s.Name))
		}
		put(r.seeds, s.Name, p, s)
	}
	for _, s := range p.Signals {
		s.Provider = p.Name
		r.signals = append(r.signals, s)
	}
	if p.Job != nil {
		if r.job != nil {
			panic(fmt.Sprintf("providers: both %s and %s submit jobs", r.job.Name, p.Name))
		}
		r.job = p
	}
}

func put[T any](m map[string]entry[T], name string, p *Provider, t *T) {
	if _, ok := m[name]; ok {
		panic(fmt.Sprintf("providers: type %q is there twice", name))
	}
	m[name] = entry[T]{p, t}
}

// Providers returns all providers by name.
func (r *Registry) Providers() []*Provider {
	out := make([]*Provider, 0, len(r.providers))
	for _, name := range slices.Sorted(maps.Keys(r.providers)) {
		out = append(out, r.providers[name])
	}
	return out
}

// Provider returns one provider.
func (r *Registry) Provider(name string) (*Provider, bool) {
	p, ok := r.providers[name]
	return p, ok
}

// Fault returns a fault type and its provider.
func (r *Registry) Fault(name string) (*FaultType, *Provider, bool) {
	e, ok := r.faults[name]
	return e.typ, e.provider, ok
}

// Action returns an action type and its provider.
func (r *Registry) Action(name string) (*ActionType, *Provider, bool) {
	e, ok := r.actions[name]
	return e.typ, e.provider, ok
}

// Seed returns a seed type and its provider.
func (r *Registry) Seed(name string) (*SeedType, *Provider, bool) {
	e, ok := r.seeds[name]
	return e.typ, e.provider, ok
}

// Jobs returns the provider that submits jobs; nil when there is none.
func (r *Registry) Jobs() *Provider { return r.job }

// Step implements schema.Catalog. For audits, typ is the type of the audited seed; for probes, that by which they send.
func (r *Registry) Step(kind addr.Kind, typ string) (*schema.Block, bool) {
	switch kind {
	case addr.Fault:
		if e, ok := r.faults[typ]; ok {
			return e.typ.Schema, true
		}
	case addr.Action:
		if e, ok := r.actions[typ]; ok {
			return e.typ.Schema, true
		}
	case addr.Seed:
		if e, ok := r.seeds[typ]; ok {
			return e.typ.Schema, true
		}
	case addr.Audit:
		if e, ok := r.seeds[typ]; ok {
			return e.typ.Audit, true
		}
	case addr.Probe:
		if e, ok := r.seeds[typ]; ok && e.typ.Probe != nil {
			return e.typ.Probe, true
		}
	case addr.Job, addr.Wait, addr.Expect, addr.Guard:
	}
	return nil, false
}

// StepTypes implements schema.Catalog.
func (r *Registry) StepTypes(kind addr.Kind) []string {
	switch kind {
	case addr.Fault:
		return slices.Sorted(maps.Keys(r.faults))
	case addr.Action:
		return slices.Sorted(maps.Keys(r.actions))
	case addr.Seed, addr.Audit:
		return slices.Sorted(maps.Keys(r.seeds))
	case addr.Probe:
		out := slices.Sorted(maps.Keys(r.seeds))
		return slices.DeleteFunc(out, func(n string) bool { return r.seeds[n].typ.Probe == nil })
	case addr.Job, addr.Wait, addr.Expect, addr.Guard:
	}
	return nil
}

// Connection implements schema.Catalog.
func (r *Registry) Connection(name string) (*schema.Block, bool) {
	p, ok := r.providers[name]
	if !ok || p.Connection == nil {
		return nil, false
	}
	return p.Connection, true
}

// Connections implements schema.Catalog.
func (r *Registry) Connections() []string {
	var out []string
	for name, p := range r.providers {
		if p.Connection != nil {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Signals implements schema.Catalog.
func (r *Registry) Signals() []schema.Signal { return r.signals }
