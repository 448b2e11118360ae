// Package jolokia observes attributes of JMX beans through a Jolokia agent, by reads that the plan names.
package jolokia

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/endpoint"
)

// Name is the provider's name in plans.
const Name = "jolokia"

// connection are the arguments of the block.
type connection struct {
	endpoint.Args
	PollInterval value.Duration `json:"poll_interval"`
	Reads        []read         `json:"read"`
}

// read is one attribute that is asked for.
type read struct {
	Name      string `json:"name"`
	MBean     string `json:"mbean"`
	Attribute string `json:"attribute"`
	Path      string `json:"path"`
	Type      string `json:"type"`
	Unit      string `json:"unit"`
}

// Provider describes everything this package does.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name:    Name,
		Doc:     "Observes attributes of JMX beans through a Jolokia agent: each read of the block is a signal.",
		Outside: true,
		Connection: &schema.Block{
			Name:        Name,
			Description: "How to reach a Jolokia agent, and what to read there. All reads go in one request. Stand-ins have none: rehearsals leave out what needs its signals.",
			Attributes: append(endpoint.Attributes("Where the agent is, with its path.", `"https://app.dc1.example.com:8778/jolokia"`),
				schema.Attribute{Name: "poll_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("5s"), Public: true, Example: `"5s"`, Description: "How often everything is read."},
			),
			Blocks: []schema.Nested{{Block: schema.Block{
				Name: "read", Labels: []string{"name"},
				Description: "One attribute of a bean. Its value is the signal `jolokia.NAME`.",
				Attributes: []schema.Attribute{
					{Name: "mbean", Type: cty.String, Required: true, Public: true, Example: `"java.lang:type=Memory"`, Description: "The bean's object name. A pattern is refused, since it has several answers."},
					{Name: "attribute", Type: cty.String, Required: true, Public: true, Example: `"HeapMemoryUsage"`, Description: "The attribute."},
					{Name: "path", Type: cty.String, Public: true, Example: `"used"`, Description: "Where in the attribute's value the figure is, with `/` between the steps. A `/` or `!` in a step is written `!/` or `!!`."},
					{Name: "type", Type: cty.String, Enum: []string{"number", "bool", "string"}, Default: cty.StringVal("number"), Public: true, Example: `"number"`, Description: "What the value is."},
					{Name: "unit", Type: cty.String, Enum: []string{"number", "seconds", "milliseconds", "ratio"}, Default: cty.StringVal("number"), Public: true, Example: `"milliseconds"`, Description: "What a number is: a plain `number`, `seconds` or `milliseconds` (then the signal is a duration), or a `ratio` (1 is 100%)."},
				},
			}}},
		},
		Signals: []schema.Signal{{
			Path: Name + ".*", Type: signal.Type{Kind: signal.Number},
			Description: "Value of the read of that name. No sample where it is null, or not a number.",
			Named: &schema.Named{Block: "read", TypedBy: []string{"type", "unit"}, Types: map[string]signal.Type{
				"bool": {Kind: signal.Bool}, "string": {Kind: signal.String},
				"seconds": {Kind: signal.Duration}, "milliseconds": {Kind: signal.Duration}, "ratio": {Kind: signal.Ratio},
			}},
		}},
		Connect: func(env providers.Env, t providers.Target, args json.RawMessage) (providers.Session, error) {
			return newSession(env, t, args)
		},
	}
}
