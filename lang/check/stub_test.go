package check_test

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
)

// stub is a small catalog with one of everything.
type stub struct{}

var _ schema.Catalog = stub{}

var stubSteps = map[string]*schema.Block{
	"seed.data_exchange": {Name: "data_exchange", Attributes: []schema.Attribute{
		{Name: "endpoint", Type: cty.String, Required: true, Public: true, Example: `"Orders"`},
		{Name: "job", Type: cty.String, Form: schema.JobRef, Example: "job.orders"},
		{Name: "note", Type: cty.String, Example: `"x"`},
	}},
	"audit.data_exchange": {Name: "data_exchange", Attributes: []schema.Attribute{
		{Name: "endpoint", Type: cty.String, Required: true, Public: true, Example: `"Results"`},
		{Name: "job", Type: cty.String, Form: schema.JobRef, Example: "job.orders"},
	}},
	"probe.data_exchange": {Name: "data_exchange", Attributes: []schema.Attribute{
		{Name: "endpoint", Type: cty.String, Required: true, Public: true, Example: `"Orders"`},
		{Name: "results", Type: cty.String, Required: true, Public: true, Example: `"Results"`},
		{Name: "job", Type: cty.String, Form: schema.JobRef, Example: "job.orders"},
	}},
	"seed.memory":  {Name: "memory"},
	"audit.memory": {Name: "memory"},
	"fault.network_partition": {Name: "network_partition", Attributes: []schema.Attribute{
		{Name: "hosts", Type: cty.List(cty.String), Form: schema.HostRef, Required: true, Public: true, Example: "[target.dc1.host.edge]"},
		{Name: "from", Type: cty.List(cty.String), Form: schema.Network, Required: true, Public: true, Example: "target.dc2.networks"},
		{Name: "ports", Type: cty.List(cty.Number), Public: true, Example: "[25091]"},
		{Name: "direction", Type: cty.String, Enum: []string{"both", "in", "out"}, Default: cty.StringVal("both"), Public: true},
	}},
	"fault.network_loss": {Name: "network_loss", Attributes: []schema.Attribute{
		{Name: "hosts", Type: cty.List(cty.String), Form: schema.HostRef, Required: true, Public: true},
		{Name: "loss", Type: cty.Number, Form: schema.Percent, Required: true, Public: true},
		{Name: "burst", Type: cty.Number, Form: schema.Size, Public: true},
	}},
	"fault.streams_job": {Name: "streams_job", Attributes: []schema.Attribute{
		{Name: "target", Type: cty.String, Form: schema.TargetRef, Required: true, Public: true, Example: "target.dc1"},
		{Name: "job", Type: cty.String, Form: schema.JobRef, Required: true, Public: true, Example: "job.orders"},
	}},
	"action.exec": {Name: "exec", Attributes: []schema.Attribute{
		{Name: "host", Type: cty.String, Form: schema.HostRef, Required: true, Example: "target.dc1.host.edge"},
		{Name: "command", Type: cty.List(cty.String), Form: schema.ShellArgs, Required: true, Example: `["true"]`},
		{Name: "stdin", Type: cty.String, Example: `"x"`},
	}},
	"action.http": {Name: "http", Attributes: []schema.Attribute{
		{Name: "url", Type: cty.String, Required: true},
		{Name: "body", Type: cty.String},
		{Name: "after", Type: cty.String, Form: schema.StepRef, Kinds: []addr.Kind{addr.Wait}},
	}, Blocks: []schema.Nested{
		{Block: schema.Block{Name: "header", Labels: []string{"name"}, Attributes: []schema.Attribute{{Name: "value", Type: cty.String, Required: true}}}},
		{Max: 1, Block: schema.Block{Name: "retry", Attributes: []schema.Attribute{{Name: "times", Type: cty.Number, Default: cty.NumberIntVal(3)}}}},
	}},
}

var stubConnections = map[string]*schema.Block{
	"streams": {Name: "streams", Attributes: []schema.Attribute{
		{Name: "url", Type: cty.String, Required: true, Public: true, Example: `"https://streams.example.com:8443"`},
		{Name: "instance", Type: cty.String, Required: true, Public: true},
		{Name: "username", Type: cty.String, Required: true, Public: true},
		{Name: "password", Type: cty.String, Required: true, Credential: true, Example: "var.password"},
		{Name: "ca_file", Type: cty.String, Form: schema.Path, Public: true},
		{Name: "refresh", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("2s"), Public: true},
	}},
	"prometheus": {
		Name: "prometheus", Attributes: []schema.Attribute{{Name: "url", Type: cty.String, Required: true}},
		Blocks: []schema.Nested{{Min: 1, Block: schema.Block{Name: "signal", Labels: []string{"name"}, Attributes: []schema.Attribute{
			{Name: "query", Type: cty.String, Required: true}, {Name: "type", Type: cty.String}, {Name: "unit", Type: cty.String, Default: cty.StringVal("number")},
		}}}},
	},
}

func (stub) Step(kind addr.Kind, typ string) (*schema.Block, bool) {
	b, ok := stubSteps[string(kind)+"."+typ]
	return b, ok
}

func (stub) StepTypes(kind addr.Kind) []string {
	var out []string
	for k := range stubSteps {
		if n := len(kind); len(k) > n && k[:n] == string(kind) && k[n] == '.' {
			out = append(out, k[n+1:])
		}
	}
	slices.Sort(out)
	return out
}

func (stub) Connection(name string) (*schema.Block, bool) {
	b, ok := stubConnections[name]
	return b, ok
}
func (stub) Connections() []string { return []string{"prometheus", "streams"} }

func (stub) Signals() []schema.Signal {
	enum := func(name string, values ...string) signal.Type {
		return signal.Type{Kind: signal.EnumKind, Enum: &signal.Enum{Name: name, Values: values, Open: true}}
	}
	number := signal.Type{Kind: signal.Number}
	return []schema.Signal{
		{Path: "instance.status", Type: enum("instance status", "running"), Provider: "streams"},
		{Path: "instance.health", Type: enum("health", "healthy", "unhealthy"), Provider: "streams"},
		{Path: "job.*.health", Type: enum("health", "healthy", "unhealthy"), Provider: "streams"},
		{Path: "job.*.status", Type: enum("job status", "running"), Provider: "streams"},
		{Path: "job.*.operator[*].tuples_in", Type: number, Provider: "streams"},
		{Path: "job.*.operator[*].tuples_out", Type: number, Provider: "streams"},
		{Path: "job.*.toolkit.remote", Type: enum("remote", "never", "up", "down"), Provider: "toolkit"},
		{Path: "job.*.toolkit.role", Type: enum("role", "active", "passive"), Provider: "toolkit"},
		{Path: "job.*.toolkit.takeover", Type: enum("takeover", "none", "running", "done"), Provider: "toolkit"},
		{Path: "host.*.cpu", Type: signal.Type{Kind: signal.Ratio}, Provider: "network"},
		{Path: "prometheus.*", Type: number, Provider: "prometheus", Named: &schema.Named{Block: "signal", TypedBy: []string{"type", "unit"}, Types: map[string]signal.Type{
			"text": {Kind: signal.String}, "number": number, "seconds": {Kind: signal.Duration},
		}}},
		{Path: "prometheus.*.up", Type: signal.Type{Kind: signal.Bool}, Provider: "prometheus", Named: &schema.Named{Block: "signal"}},
	}
}
