// Package prometheus observes what a Prometheus server knows, by queries that the plan names.
package prometheus

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
const Name = "prometheus"

// connection are the arguments of the block.
type connection struct {
	endpoint.Args
	PollInterval   value.Duration  `json:"poll_interval"`
	ScrapeInterval *value.Duration `json:"scrape_interval"`
	Queries        []query         `json:"query"`
}

// query is one question.
type query struct {
	Name  string         `json:"name"`
	Expr  string         `json:"expr"`
	Unit  string         `json:"unit"`
	Range value.Duration `json:"range"`
}

// Provider describes everything this package does.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name:    Name,
		Doc:     "Observes what a Prometheus server, or one that speaks its HTTP API, knows: each query of the block is a signal.",
		Outside: true,
		Connection: &schema.Block{
			Name:        Name,
			Description: "How to reach a Prometheus server, and what to ask it. Stand-ins have none: rehearsals leave out what needs its signals.",
			Attributes: append(endpoint.Attributes("Where the server is: the part before `/api/v1`.", `"https://prometheus.dc1.example.com:9090"`),
				schema.Attribute{Name: "poll_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("5s"), Public: true, Example: `"5s"`, Description: "How often every query is asked."},
				schema.Attribute{Name: "scrape_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("15s"), Public: true, Example: `"15s"`, Description: "How old a scraped value may be when the server gives it. It widens the bounds of when a value was true."},
			),
			Blocks: []schema.Nested{{Block: schema.Block{
				Name: "query", Labels: []string{"name"},
				Description: "One question. Its value is the signal `prometheus.NAME`.",
				Attributes: []schema.Attribute{
					{Name: "expr", Type: cty.String, Required: true, Public: true, Example: `"max(replication_lag_seconds{dc='dc1'})"`, Description: "The expression, in PromQL. Its result must be one number: a scalar, or exactly one series."},
					{Name: "unit", Type: cty.String, Enum: []string{"number", "seconds", "ratio"}, Default: cty.StringVal("number"), Public: true, Example: `"seconds"`, Description: "What the number is: a plain `number`, `seconds` (then the signal is a duration), or a `ratio` (1 is 100%)."},
					{Name: "range", Type: cty.String, Form: schema.Duration, Public: true, Example: `"5m"`, Description: "How far back to look for the newest point, in steps of a sixtieth of it but not below one second. Without it, the expression is evaluated now."},
				},
			}}},
		},
		Signals: []schema.Signal{{
			Path: Name + ".*", Type: signal.Type{Kind: signal.Number},
			Description: "Result of the query of that name. No sample where the result is empty, not a number or infinite.",
			Named: &schema.Named{Block: "query", TypedBy: []string{"unit"}, Types: map[string]signal.Type{
				"number": {Kind: signal.Number}, "seconds": {Kind: signal.Duration}, "ratio": {Kind: signal.Ratio},
			}},
		}},
		Connect: func(env providers.Env, t providers.Target, args json.RawMessage) (providers.Session, error) {
			return newSession(env, t, args)
		},
	}
}
