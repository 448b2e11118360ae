// Package dataexchange lets records in and out of an application through the Streams Data Exchange service.
//
// It is driven by discovery: the service's URL comes from the instance's services, the endpoints' from the service's
// own listing, whose layout is not documented; both can be given in the plan instead. It knows the requests and what
// their outcomes mean, and nothing of what is in the records.
package dataexchange

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
)

// Name is the provider's name, of its block in targets, and of its seeds.
const Name = "data_exchange"

// defaultSinkBuffer is the `bufferSize` of an EndpointSink whose application does not say otherwise. Reference: section 3.
const defaultSinkBuffer = 1000

// DefaultTimeout bounds one request where the plan does not say.
const DefaultTimeout = 10 * time.Second

// connection are the arguments of the block in a target. All may be left out.
type connection struct {
	URL        string         `json:"url"`
	CAFile     string         `json:"ca_file"`
	ServerName string         `json:"server_name"`
	Insecure   bool           `json:"insecure"`
	Timeout    value.Duration `json:"timeout"`
}

// flow are the arguments of a seed or an audit.
type flow struct {
	Endpoint    string `json:"endpoint"`
	EndpointURL string `json:"endpoint_url"`
	Job         string `json:"job"` // signal path
	Batch       int    `json:"batch"`
	Transport   string `json:"transport"` // http, websocket; "": http
	Check       *bool  `json:"check_record"`
	SinkBuffer  int    `json:"sink_buffer"` // tuples; 0: the default
}

// socket reports whether the endpoint is spoken to by WebSocket.
func (f flow) socket() bool { return f.Transport == "websocket" }

// given is the URL that the plan gives.
func (f flow) given() (*url.URL, error) { return endpointURL(f.EndpointURL, f.socket()) }

// Provider describes everything this package does.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name:       Name,
		Doc:        "Puts records into EndpointSource operators and reads them out of EndpointSink operators, through the Data Exchange service of a Streams instance, over HTTPS.",
		Connection: connectionSchema(),
		Connect: func(env providers.Env, t providers.Target, args json.RawMessage) (providers.Session, error) {
			return newSession(env, t, args)
		},
		Seeds: []providers.SeedType{{
			Name: Name,
			Doc:  "Posts batches of records to an endpoint of an application. The service's answer says which records it has accepted: 204 means in the endpoint's buffer, not processed, and not safe from a crash.",
			Schema: &schema.Block{
				Name: Name, Description: "Where the records go.",
				Attributes: []schema.Attribute{endpointAttr("The EndpointSource that takes the records in: the endpoint's name, or its operator, or its stream.", `"Orders"`), jobAttr, urlAttr, transportAttr, checkAttr},
			},
			Audit: &schema.Block{
				Name: Name, Description: "Where the results come out.",
				Attributes: []schema.Attribute{
					endpointAttr("The EndpointSink that the results come out of: the endpoint's name, or its operator, or its stream.", `"Results"`), jobAttr, urlAttr, transportAttr,
					{
						Name: "poll_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("500ms"), Min: new(0.01), Public: true,
						Description: "How often the sink is read. Its buffer is bounded and drops the oldest records: the rate times this must stay below its size.",
						Example:     `"500ms"`,
					},
					{
						Name: "sink_buffer", Type: cty.Number, Default: cty.NumberIntVal(defaultSinkBuffer), Min: new(float64(1)), Max: new(1e7), Public: true,
						Description: "The `bufferSize` of the EndpointSink, in tuples, which its service does not tell. A sink that gives out so many at the first read that brings anything may have dropped older ones, and says nothing of it: the audit is inconclusive about them.",
						Example:     "50",
					},
				},
			},
			Probe:    probeSchema(),
			Ends:     ends,
			Example:  "endpoint = \"Orders\"\njob      = job.orders",
			Describe: describe,
			New:      func(env providers.Env) providers.Feed { return &feed{env} },
		}},
		Assumptions: assumptions(),
	}
}

func endpointAttr(text, example string) schema.Attribute {
	return schema.Attribute{Name: "endpoint", Type: cty.String, Required: true, Public: true, Description: text, Example: example}
}

var (
	jobAttr = schema.Attribute{
		Name: "job", Type: cty.String, Form: schema.JobRef, Public: true,
		Description: "The application that the endpoint belongs to. An audit uses its seed's unless it says otherwise; at a target where that job does not run, the endpoint is looked for in every job.",
		Example:     "job.orders",
	}
	urlAttr = schema.Attribute{
		Name: "endpoint_url", Type: cty.String, Public: true,
		Description: "The endpoint's own URL, used as it stands in place of discovery. Only with one target.",
		Example:     `"https://data.dc1.example.com:8444/orders"`,
	}
)

var checkAttr = schema.Attribute{
	Name: "check_record", Type: cty.Bool, Default: cty.True, Public: true,
	Description: "Whether records are held against what the endpoint's own description says, where the service has one: before the run for an application that is adopted, else once the endpoint is there. " +
		"A value of another type, a required attribute that is missing, and an attribute that does not exist end the seed.",
	Example: "false",
}

var transportAttr = schema.Attribute{
	Name: "transport", Type: cty.String, Enum: []string{"http", "websocket"}, Default: cty.StringVal("http"), Public: true,
	Description: "How records travel: `http` posts and reads them in requests, each with an answer of its own; `websocket` keeps a connection open and sends messages through it. " +
		"What acknowledges a message is not documented: xdc takes the pong to a ping behind it for that, so prefer `http` where exact acknowledgement matters.",
	Example: `"websocket"`,
}

func connectionSchema() *schema.Block {
	return &schema.Block{
		Name:        Name,
		Description: "How to reach the Data Exchange service, where discovery through the `streams` block does not find it. The credentials, the client's certificate and the authorities are those of the `streams` block.",
		Attributes: []schema.Attribute{
			{Name: "url", Type: cty.String, Public: true, Description: "The top-level URL of the service, as `streamtool getinstanceurl --data` prints it. Without it, the services of the instance are asked.", Example: `"https://data.dc1.example.com:8444/data"`},
			{Name: "ca_file", Type: cty.String, Form: schema.Path, Public: true, Description: "Certificates in PEM form of the authorities to trust. Without it, those of the `streams` block.", Example: `"ca.pem"`},
			{Name: "server_name", Type: cty.String, Public: true, Description: "The name that the service's certificate is for, where it is not the host in the URL. Without it, that of the `streams` block, unless `url` names another host.", Example: `"data.example.com"`},
			{Name: "insecure", Type: cty.Bool, Default: cty.False, Public: true, Description: "Whether to talk to a service whose certificate is not verified. Every plan that does is warned about.", Example: "false"},
			{Name: "timeout", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("10s"), Min: new(0.1), Public: true, Description: "How long one request may take. A POST that is not answered by then is indeterminate: nobody knows whether its records are in.", Example: `"10s"`},
		},
	}
}

func assumptions() []providers.Assumption {
	return []providers.Assumption{
		{ID: "data_exchange.wire", Statement: "Requests and answers are {\"items\": [...]}; POST answers 204, or 413 with addedItems; GET takes If-Modified-Since-Milliseconds and answers Last-Modified-Milliseconds.", Basis: "Clients of the predecessor in 5.5."},
		{ID: "data_exchange.listing", Statement: "The service's top-level URL lists jobs with the URIs of their endpoints. Property names are not relied on: a job is known by its id or name, an endpoint by a name beside its URI or in it.", Basis: "That there is such a listing is documented, its layout is not."},
		{ID: "data_exchange.login", Statement: "The service takes the same Basic credentials as the management API.", Basis: "The predecessor did."},
		{ID: "data_exchange.order", Statement: "A sink gives items in the order of their arrival, oldest first.", Basis: "A client of the predecessor reverses them to show the newest first."},
		{ID: "data_exchange.buffer", Statement: "A sink holds sink_buffer tuples, 1000 unless the plan says otherwise. It warns of what it dropped only where a read asks from an instant on; one that asks for everything is not warned.", Basis: "The default and the warning about a start time older than the buffer are documented; that there is none without a start time is inferred."},
		{ID: "data_exchange.websocket", Statement: "WebSocket messages are text of the form {\"items\": [...]}, both ways. The service answers a ping after it has taken in the messages that came before it, and after it has sent what was in the sink by then; a new connection first gets what is in the sink's buffer.", Basis: "That there are WebSocket endpoints is documented, their messages are not. A connection that does not begin with what was seen before counts as a gap."},
		{ID: "data_exchange.documents", Statement: "A job's OpenAPI document is in the listing, in JSON. The record is items.items in the schema of the POST's body; the description of an attribute begins with `SPL type: ` and its type. An AsyncAPI document has the same in the payload of the message that is published. Attributes that a record leaves out get the default of their type unless the document requires them, and those that do not exist are left out.", Basis: "That there are such documents is documented; the schema's place is known from a client of the predecessor. Missing and unknown attributes are treated like that by JSONToTuple of the product."},
		{ID: "data_exchange.acknowledged", Statement: "204 means that the items are in the endpoint's buffer, in memory, and nothing more; 413 with addedItems, that a leading part is, whether the buffer or the request is what was too small.", Basis: "Inferred from clients of the predecessor, which send the rest again."},
		{ID: "data_exchange.refused", Statement: "An answer of 4xx or 5xx other than 502 and 504 means that the items after addedItems are not in.", Basis: "Inferred."},
	}
}

// decode reads and checks the arguments of a seed or an audit.
func decode(raw json.RawMessage) (flow, error) {
	var f flow
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &f); err != nil {
			return f, fmt.Errorf("read the arguments of the endpoint: %w", err)
		}
	}
	if f.EndpointURL != "" {
		if _, err := f.given(); err != nil {
			return f, err
		}
	} else if f.Endpoint == "" {
		return f, fmt.Errorf("the endpoint has no name: give `endpoint`")
	}
	return f, nil
}

func endpointURL(s string, socket bool) (*url.URL, error) {
	u, err := url.Parse(s)
	if err == nil && socket && u.Scheme == "wss" {
		u.Scheme = "https" // where a WebSocket begins
	}
	if err != nil || u.Host == "" || u.Scheme != "https" || u.User != nil {
		return nil, fmt.Errorf("`endpoint_url` cannot be used: write https://HOST:PORT/PATH, without credentials in it")
	}
	return u, nil
}

// describe is the dry run of a seed at a target.
func describe(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
	var f flow
	d := providers.Description{SideEffects: true}
	if err := json.Unmarshal(raw, &f); err != nil { // something in it is known only after the run has come there
		d.Summary = "posts records to an endpoint"
		return d, nil
	}
	var out diag.List
	if f.EndpointURL != "" {
		if _, err := f.given(); err != nil {
			out = out.Append(diag.Diagnostic{
				Severity: diag.Error, Code: diag.DataExchangeEndpoint, Summary: "endpoint_url cannot be used", Path: cty.GetAttrPath("endpoint_url"),
				Detail: "It is used as it stands: write https://HOST:PORT/PATH, without credentials in it.",
			})
		}
		if len(s.At) > 1 {
			out = out.Append(diag.Diagnostic{
				Severity: diag.Error, Code: diag.DataExchangeEndpoint, Summary: "endpoint_url is one endpoint, and there are several targets", Path: cty.GetAttrPath("endpoint_url"),
				Detail: "Every target would get the records at the same place. Leave it out, so that each target's own endpoint is found, or write one seed for each target.",
			})
		}
	}
	if f.Job == "" && f.EndpointURL == "" {
		out = out.Append(diag.Diagnostic{
			Severity: diag.Warning, Code: diag.DataExchangeNoJob, Summary: "It is not said which job takes the records",
			Detail: fmt.Sprintf("The endpoint %q is looked for in every job of the target and must be there once only; the seed does not wait for the job either. Add `job = job.NAME`.", f.Endpoint),
		})
	}
	where := f.EndpointURL
	if where == "" {
		where = fmt.Sprintf("{endpoint %s of %s}", f.Endpoint, cmp.Or(f.Job, "any job"))
	}
	verb := "POST "
	if f.socket() {
		verb = "WEBSOCKET "
	}
	if t := s.Target; t != "" {
		d.Effects = append(d.Effects, providers.Line{Place: t, Text: verb + where + `  {"items": [...]}`})
		d.Places = append(d.Places, providers.Place{Target: t})
		if f.Job != "" {
			d.Jobs = append(d.Jobs, t+"."+f.Job)
		}
	}
	d.Summary = fmt.Sprintf("posts records to endpoint %s at %s", f.Endpoint, s.Target)
	return d, out
}
