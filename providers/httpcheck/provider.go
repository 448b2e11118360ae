// Package httpcheck looks at HTTP services again and again, by checks that the plan names.
package httpcheck

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/endpoint"
)

// Name is the name of the connection block, and begins the signals.
const Name = "http"

// connection are the arguments of the block.
type connection struct {
	endpoint.TLS
	PollInterval value.Duration `json:"poll_interval"`
	Checks       []check        `json:"check"`
}

// check is one service that is looked at.
type check struct {
	Name         string                    `json:"name"`
	URL          string                    `json:"url"`
	Method       string                    `json:"method"`
	ExpectStatus []int                     `json:"expect_status"`
	Headers      map[string]providers.Text `json:"headers"`
	JSONPath     string                    `json:"json_path"`
	Timeout      value.Duration            `json:"timeout"`
}

// Connection is the schema of the block inside a target.
func Connection() *schema.Block {
	return &schema.Block{
		Name:        Name,
		Description: "HTTP services of the target that are looked at. Every check is a new connection, and no redirect is followed. Stand-ins have none of these services: rehearsals leave out what needs the signals.",
		Attributes: append(endpoint.TLSAttributes(),
			schema.Attribute{Name: "poll_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("5s"), Public: true, Example: `"5s"`, Description: "How often every check looks. All look at the same time."},
		),
		Blocks: []schema.Nested{{Block: schema.Block{
			Name: "check", Labels: []string{"name"},
			Description: "One request, sent again and again. Its signals are `http.NAME.up` and others.",
			Attributes: []schema.Attribute{
				{Name: "url", Type: cty.String, Required: true, Public: true, Example: `"https://orders.dc1.example.com/health"`, Description: "What to ask for. No credentials stand in it."},
				{Name: "method", Type: cty.String, Enum: []string{"GET", "HEAD"}, Default: cty.StringVal("GET"), Public: true, Example: `"GET"`, Description: "The method."},
				{Name: "expect_status", Type: cty.List(cty.Number), Min: new(float64(100)), Max: new(float64(599)), Public: true, Example: "[200, 204]", Description: "The statuses with which the service counts as up. Without it, 200 to 299."},
				{Name: "headers", Type: cty.Map(cty.String), Example: `{ "Accept" = "application/json" }`, Description: "Header lines by name. Values may be sensitive; such are only sent over TLS."},
				{Name: "json_path", Type: cty.String, Public: true, Example: `"checks[0].backlog"`, Description: "Where in the answer, which is JSON then, the figure or text is: names with dots between them, and [N] for the elements of lists, from 0."},
				{Name: "timeout", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("3s"), Public: true, Example: `"3s"`, Description: "How long one look may take; at most `poll_interval`."},
			},
		}}},
	}
}

// Signals are what a session reports.
func Signals() []schema.Signal {
	var out []schema.Signal
	for _, s := range []struct {
		name, doc string
		kind      signal.Kind
	}{
		{"up", "Whether the service answered, as seen from here, with a status that is expected. False also where the certificate is not to be trusted.", signal.Bool},
		{"status", "The status of the answer. No sample without an answer.", signal.Number},
		{"latency", "From the beginning of the connection to the end of the answer. No sample without an answer.", signal.Duration},
		{"number", "The number at `json_path` in an answer of an expected status.", signal.Number},
		{"text", "What is at `json_path` as text: a string, a number or a bool.", signal.String},
		{"tls_expires_in", "How long the server's certificate is still valid; negative once it has expired. Only with https.", signal.Duration},
	} {
		out = append(out, schema.Signal{
			Path: Name + ".*." + s.name, Type: signal.Type{Kind: s.kind}, Description: s.doc, Named: &schema.Named{Block: "check"},
		})
	}
	return out
}

// Connect makes a session. It sends nothing.
func Connect(env providers.Env, t providers.Target, args json.RawMessage) (providers.Session, error) {
	return newSession(env, t, args)
}
