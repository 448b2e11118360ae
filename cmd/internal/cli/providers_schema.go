package cli

import (
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/providers"
)

// SchemaFormat is the format word of `xdc providers schema`.
const SchemaFormat = "xdc.schema/1"

// ProvidersSchema prints schemas as JSON.
type ProvidersSchema struct{}

// Help has an example.
func (ProvidersSchema) Help() string {
	return "Always JSON: for editors and generators. It holds the blocks of the language, the part that each provider adds, " +
		"what steps have as results, and the signals.\n\nExample:\n\n    xdc providers schema --json > xdc-schema.json\n"
}

// Run prints them.
func (ProvidersSchema) Run(c *Context) error { return c.encode(schemaOf(c.Registry)) }

type schemaJSON struct {
	Format      string                            `json:"format"`
	Core        []blockJSON                       `json:"core"`
	Meta        map[string][]attributeJSON        `json:"meta_arguments"`
	Connections map[string]blockJSON              `json:"connections"`
	Faults      map[string]blockJSON              `json:"faults"`
	Actions     map[string]blockJSON              `json:"actions"`
	Seeds       map[string]blockJSON              `json:"seeds"`
	Audits      map[string]blockJSON              `json:"audits"`
	Probes      map[string]blockJSON              `json:"probes"`
	Results     map[string][]resultJSON           `json:"results"`
	Signals     []signalJSON                      `json:"signals"`
	Providers   map[string][]providers.Assumption `json:"assumptions"`
}

type blockJSON struct {
	Name        string          `json:"name"`
	Labels      []string        `json:"labels,omitempty"`
	Description string          `json:"description,omitempty"`
	Attributes  []attributeJSON `json:"attributes,omitempty"`
	Blocks      []nestedJSON    `json:"blocks,omitempty"`
	Open        bool            `json:"any_attribute,omitempty"`
}

type nestedJSON struct {
	blockJSON
	Min int `json:"min,omitempty"`
	Max int `json:"max,omitempty"`
}

type attributeJSON struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Form        string   `json:"form,omitempty"`
	Description string   `json:"description,omitempty"`
	Required    bool     `json:"required,omitempty"`
	Default     any      `json:"default,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Example     string   `json:"example,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	Credential  bool     `json:"credential,omitempty"`
}

type resultJSON struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Values      []string `json:"values,omitempty"`
	Moment      string   `json:"moment"`
	Bounded     bool     `json:"bounded,omitempty"`
	Description string   `json:"description,omitempty"`
}

type signalJSON struct {
	Path        string   `json:"path"`
	Type        string   `json:"type"`
	Values      []string `json:"values,omitempty"`
	Provider    string   `json:"provider,omitempty"`
	Description string   `json:"description,omitempty"`
	// Block is the nested block of the provider's connection that * is the label of; TypedBy are its arguments by which
	// the type may be another.
	Block   string   `json:"block,omitempty"`
	TypedBy []string `json:"typed_by,omitempty"`
}

func schemaOf(r *providers.Registry) schemaJSON {
	out := schemaJSON{
		Format: SchemaFormat, Meta: map[string][]attributeJSON{}, Connections: map[string]blockJSON{}, Faults: map[string]blockJSON{},
		Actions: map[string]blockJSON{}, Seeds: map[string]blockJSON{}, Audits: map[string]blockJSON{}, Probes: map[string]blockJSON{},
		Results: map[string][]resultJSON{}, Providers: map[string][]providers.Assumption{},
	}
	for _, b := range schema.Core() {
		out.Core = append(out.Core, blockOf(b))
	}
	for _, p := range r.Providers() {
		if p.Connection != nil {
			out.Connections[p.Name] = blockOf(*p.Connection)
		}
		if len(p.Assumptions) > 0 {
			out.Providers[p.Name] = p.Assumptions
		}
	}
	for kind, to := range map[addr.Kind]map[string]blockJSON{addr.Fault: out.Faults, addr.Action: out.Actions, addr.Seed: out.Seeds, addr.Audit: out.Audits, addr.Probe: out.Probes} {
		for _, typ := range r.StepTypes(kind) {
			if b, ok := r.Step(kind, typ); ok {
				to[typ] = blockOf(*b)
			}
		}
	}
	for _, kind := range addr.Kinds() {
		for _, a := range schema.Meta(kind) {
			out.Meta[string(kind)] = append(out.Meta[string(kind)], attributeOf(a))
		}
		for _, res := range schema.Results(kind) {
			out.Results[string(kind)] = append(out.Results[string(kind)], resultJSON{
				res.Name, res.Type.String(), wordsOf(res.Type.Enum), moments[res.Moment], res.Bounded, res.Description,
			})
		}
	}
	for _, s := range append(schema.TargetSignals(), r.Signals()...) {
		sig := signalJSON{Path: s.Path, Type: s.Type.String(), Values: wordsOf(s.Type.Enum), Provider: s.Provider, Description: s.Description}
		if s.Named != nil {
			sig.Block, sig.TypedBy = s.Named.Block, s.Named.TypedBy
		}
		out.Signals = append(out.Signals, sig)
	}
	return out
}

var moments = map[schema.Moment]string{schema.Final: "final", schema.Live: "live", schema.Event: "event"}

var forms = map[schema.Form]string{
	schema.Duration: "duration", schema.Percent: "percent", schema.Size: "size", schema.Condition: "condition",
	schema.Record: "record", schema.TargetRef: "target", schema.HostRef: "host", schema.JobRef: "job", schema.StepRef: "step",
	schema.EventRef: "event", schema.Network: "network", schema.Path: "path", schema.ShellArgs: "argument list",
}

func blockOf(b schema.Block) blockJSON {
	out := blockJSON{Name: b.Name, Labels: b.Labels, Description: b.Description, Open: b.AnyAttribute}
	for _, a := range b.Attributes {
		out.Attributes = append(out.Attributes, attributeOf(a))
	}
	for _, n := range b.Blocks {
		out.Blocks = append(out.Blocks, nestedJSON{blockOf(n.Block), n.Min, n.Max})
	}
	return out
}

func attributeOf(a schema.Attribute) attributeJSON {
	out := attributeJSON{
		Name: a.Name, Type: "any", Form: forms[a.Form], Description: a.Description, Required: a.Required, Enum: a.Enum,
		Example: a.Example, Minimum: a.Min, Maximum: a.Max, Credential: a.Credential,
	}
	if a.Type != cty.NilType && a.Type != cty.DynamicPseudoType {
		out.Type = a.Type.FriendlyNameForConstraint()
	}
	if a.Default != cty.NilVal && a.Default.IsWhollyKnown() && !a.Default.IsNull() {
		out.Default = ctyjson.SimpleJSONValue{Value: a.Default}
	}
	return out
}

func wordsOf(e *signal.Enum) []string {
	if e == nil {
		return nil
	}
	return e.Values
}
