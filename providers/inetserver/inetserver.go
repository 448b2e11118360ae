// Package inetserver lets records in and out of an application through the web server that operators of the inetserver toolkit
// embed in their PE: HTTPJSONInjection and HTTPTupleInjection take one record a request, HTTPTupleView shows its window.
//
// They are the data path of applications that are older than the Data Exchange service, and have nothing in common with it: no
// batches, no login of the platform, no buffer that tells of its gaps. Reference: section 10 of the data service's.
package inetserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/endpoint"
)

// Name is the provider's name, of its block in targets, and of its seeds.
const Name = "inetserver"

// connection are the arguments of the block in a target.
type connection struct {
	URL      string         `json:"url"`
	Discover bool           `json:"discover"`
	Timeout  value.Duration `json:"timeout"`
	endpoint.TLS
}

// flow are the arguments of a seed or an audit.
type flow struct {
	Operator string `json:"operator"`
	Port     int    `json:"port"`
	Form     bool   `json:"form"`
	Job      string `json:"job"` // signal path
}

// Provider describes everything this package does.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name:       Name,
		Doc:        "Puts records into HTTPJSONInjection and HTTPTupleInjection operators and reads them out of HTTPTupleView operators: the data path of applications that are older than the Data Exchange service.",
		Connection: connectionSchema(),
		Connect: func(env providers.Env, t providers.Target, args json.RawMessage) (providers.Session, error) {
			return newSession(env, t, args)
		},
		Seeds: []providers.SeedType{{
			Name: Name,
			Doc:  "Posts records to an injection operator, each in a request of its own, one after the other. 204 means that the operator has submitted the tuple, not that anybody has processed it. There is one connection at a time: more than some hundred records a second need several seeds.",
			Schema: &schema.Block{
				Name: Name, Description: "Where the records go.",
				Attributes: []schema.Attribute{
					operatorAttr("The injection operator, as its path on the server: its context and its name, or its full name where it has no context.", `"orders/Orders"`), portAttr("output"), jobAttr,
					formAttr,
				},
			},
			Audit: &schema.Block{
				Name: Name, Description: "Where the results come out.",
				Attributes: []schema.Attribute{
					operatorAttr("The HTTPTupleView operator, as its path on the server. Its window must slide by count and be triggered by each tuple, and hold more tuples than come between two reads. Tuples with the one attribute jsonString are read as what is in it.", `"orders/Results"`), portAttr("input"), jobAttr,
					{
						Name: "poll_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("500ms"), Min: new(0.01), Public: true,
						Description: "How often the window is read. The rate times this must stay below its size: where nothing is left in it of what was read before, the audit is inconclusive about what came in between.",
						Example:     `"500ms"`,
					},
				},
			},
			Probe:    probeSchema(),
			Ends:     ends,
			Example:  "operator = \"orders/Orders\"",
			Describe: describe,
			New:      func(env providers.Env) providers.Feed { return &feed{env} },
		}},
		Assumptions: []providers.Assumption{
			{ID: "inetserver.answers", Statement: "An injection operator answers 2xx once it has submitted the tuple; any other answer but 502 and 504 means that it has not.", Basis: "That it answers 204 is read from the source of the toolkit, the rest is inferred."},
			{ID: "inetserver.view", Statement: "An HTTPTupleView gives its window as a JSON array, oldest tuple first.", Basis: "That it is an array is documented; its order is inferred."},
		},
	}
}

var formAttr = schema.Attribute{
	Name: "form", Type: cty.Bool, Default: cty.False, Public: true,
	Description: "Whether the operator is an HTTPTupleInjection, which takes a form: each field of the record is one of the form, text as it is and anything else as JSON. Without it, the record is sent as JSON, as HTTPJSONInjection takes it.",
	Example:     "true",
}

var jobAttr = schema.Attribute{
	Name: "job", Type: cty.String, Form: schema.JobRef, Public: true,
	Description: "The application that the operator belongs to: records wait for it. An audit uses its seed's unless it says otherwise.",
	Example:     "job.orders",
}

func operatorAttr(text, example string) schema.Attribute {
	return schema.Attribute{Name: "operator", Type: cty.String, Required: true, Public: true, Description: text, Example: example}
}

func portAttr(kind string) schema.Attribute {
	return schema.Attribute{
		Name: "port", Type: cty.Number, Default: cty.NumberIntVal(0), Min: new(float64(0)), Max: new(float64(99)), Public: true,
		Description: "The index of the operator's " + kind + " port.", Example: "0",
	}
}

func connectionSchema() *schema.Block {
	return &schema.Block{
		Name: Name, Description: "Where the web server of the application's operators is. The operators' metrics serverPort and https say on which port it listens; the host is that of their PE. It knows no login of the platform, and none is sent.",
		Attributes: append([]schema.Attribute{
			{Name: "url", Type: cty.String, Required: true, Public: true, Description: "The root of the server. Its port is 8080 where the application does not say otherwise.", Example: `"http://10.0.1.10:8080"`},
			{Name: "discover", Type: cty.Bool, Default: cty.False, Public: true, Description: "Whether each operator is asked for the port, by its metrics serverPort and https in the target's streams block; the host stays that of the URL. It is asked when the job runs, and again after the server could not be reached. As long as it does not say, the port of the URL is used.", Example: "true"},
			{Name: "timeout", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("10s"), Min: new(0.1), Public: true, Description: "How long one request may take. A record whose request is not answered by then is indeterminate.", Example: `"10s"`},
		}, endpoint.TLSAttributes()...),
	}
}

// decode reads and checks the arguments of a seed or an audit.
func decode(raw json.RawMessage) (flow, error) {
	var f flow
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &f); err != nil {
			return f, fmt.Errorf("read the arguments of the operator: %w", err)
		}
	}
	return f, f.wrong()
}

// wrong says what is wrong with the operator's path.
func (f flow) wrong() error {
	for seg := range strings.SplitSeq(strings.Trim(f.Operator, "/"), "/") {
		if seg == "" || seg == "." || seg == ".." || strings.ContainsAny(seg, "?#%\\") {
			return errors.New("`operator` is no path of an operator: write CONTEXT/OPERATOR, or its full name")
		}
	}
	return nil
}

// describe is the dry run of a seed.
func describe(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var f flow
	d := providers.Description{SideEffects: true, Summary: "posts records to an injection operator"}
	if err := json.Unmarshal(raw, &f); err != nil { // something in it is known only after the run has come there
		return d, nil
	}
	var out diag.List
	if err := f.wrong(); err != nil {
		out = out.Append(diag.Diagnostic{
			Severity: diag.Error, Code: diag.ProviderArgument, Summary: "operator is no path of an operator", Path: cty.GetAttrPath("operator"),
			Detail: "Write its context and its name, such as orders/Orders, or its full name where it has no context.",
		})
	}
	if s.Target != "" && s.Targets[s.Target].Connections[Name] == nil {
		out = out.Append(diag.Diagnostic{
			Severity: diag.Error, Code: diag.ProviderArgument, Summary: fmt.Sprintf("The target %s has no inetserver block", s.Target), Path: cty.GetAttrPath("operator"),
			Detail: "Where the web server of the application's operators is cannot be found out. Write inetserver { url = \"http://HOST:PORT\" } into the target.",
		})
	}
	d.Effects = append(d.Effects, providers.Line{Place: s.Target, Text: "POST " + f.path("output", "inject") + "  one record each"})
	d.Summary = fmt.Sprintf("posts records to operator %s at %s", f.Operator, s.Target)
	return d, out
}

// path is where a port of the operator is.
func (f flow) path(kind, what string) string {
	return fmt.Sprintf("/%s/ports/%s/%d/%s", strings.Trim(f.Operator, "/"), kind, f.Port, what)
}

// Address is where the server of a target's block is, host:port; empty where it cannot be said.
func Address(block json.RawMessage) string {
	var c connection
	if len(block) == 0 || json.Unmarshal(block, &c) != nil {
		return ""
	}
	u, err := endpoint.Parse(c.URL)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// Discovers reports whether a target's block has operators asked for their ports.
func Discovers(block json.RawMessage) bool {
	var c connection
	return json.Unmarshal(block, &c) == nil && c.Discover
}

// Operator is the operator's own name in its path on the server.
func Operator(path string) string {
	path = strings.Trim(path, "/")
	return path[strings.LastIndex(path, "/")+1:]
}
