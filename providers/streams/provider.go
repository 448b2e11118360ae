// Package streams drives and watches Teracloud Streams through its REST management API: jobs, PEs, instances.
//
// Data goes in and out through providers/dataexchange; what the failover toolkit believes is inferred by
// providers/toolkit from what this package observes.
package streams

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/signal"
	"github.com/xdc-project/xdc/lang/value"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/proxy"
)

// Name is the provider's name in plans.
const Name = "streams"

// connection are the arguments of the block.
type connection struct {
	URL             string         `json:"url"`
	Domain          string         `json:"domain"`
	Instance        string         `json:"instance"`
	Username        string         `json:"username"`
	Password        providers.Text `json:"password"`
	PasswordFile    string         `json:"password_file"`
	PasswordCommand []string       `json:"password_command"`
	Token           providers.Text `json:"token"`
	TokenFile       string         `json:"token_file"`
	TokenCommand    []string       `json:"token_command"`
	ClientCert      string         `json:"client_certificate"`
	ClientKey       string         `json:"client_key"`
	CAFile          string         `json:"ca_file"`
	ServerName      string         `json:"server_name"`
	Insecure        bool           `json:"insecure"`
	proxy.Args
	Timeout        value.Duration  `json:"timeout"`
	ConnectTimeout value.Duration  `json:"connect_timeout"`
	ReadTimeout    value.Duration  `json:"read_timeout"`
	SubmitTimeout  value.Duration  `json:"submit_timeout"`
	PollInterval   value.Duration  `json:"poll_interval"`
	IdleInterval   value.Duration  `json:"idle_poll_interval"`
	MaxRequests    int             `json:"max_requests_per_second"`
	MetricRefresh  *value.Duration `json:"metric_refresh"`
	OpenAPI        string          `json:"openapi"`
	Operations     []operationArgs `json:"operation"`
	Logs           []logArgs       `json:"log"`
}

// defaultMaxRequests is how many requests a server is sent in a second at most where the plan does not say. A round of
// polls takes three or four.
const defaultMaxRequests = 50

// Provider describes everything this package does.
func Provider() *providers.Provider {
	return &providers.Provider{
		Name: Name,
		Doc:  "Teracloud Streams (formerly IBM Streams) 7.2 through its REST management API: submits, adopts and cancels jobs, stops and starts PEs and instances, and observes health, status and metrics.",
		Connection: &schema.Block{
			Name:        Name,
			Description: "How to reach the REST management API of a Streams domain.",
			Attributes: append([]schema.Attribute{
				{Name: "url", Type: cty.String, Required: true, Public: true, Example: `"https://streams.dc1.example.com:8443"`, Description: "The API's root, `https://HOST:PORT/streams/resources`, or only `https://HOST:PORT`."},
				{Name: "domain", Type: cty.String, Public: true, Example: `"StreamsDomain"`, Description: "The id of the domain, where the server has several."},
				{Name: "instance", Type: cty.String, Public: true, Example: `"streams1"`, Description: "The id of the instance. Needed unless the domain has only one."},
				{Name: "username", Type: cty.String, Public: true, Example: `"xdc"`, Description: "The user to log in as, with HTTP Basic authentication."},
				{Name: "password", Type: cty.String, Credential: true, Example: "var.password", Description: "The user's password: a sensitive variable."},
				{Name: "token", Type: cty.String, Credential: true, Example: "var.token", Description: "A bearer token to log in with in place of a user and a password: a sensitive variable."},
				{Name: "client_certificate", Type: cty.String, Form: schema.Path, Public: true, Example: `"client.pem"`, Description: "A certificate in PEM to show to a server that asks for one, with the certificates of the authorities in between."},
				{Name: "client_key", Type: cty.String, Form: schema.Path, Public: true, Example: `"client.key"`, Description: "The certificate's key in PEM, not encrypted."},
				{Name: "ca_file", Type: cty.String, Form: schema.Path, Public: true, Example: `"ca.pem"`, Description: "Certificates in PEM of the authorities to trust, instead of the system's. Domains use self-signed certificates unless told otherwise."},
				{Name: "server_name", Type: cty.String, Public: true, Example: `"streams.example.com"`, Description: "The name that the server's certificate is for, where it is not the host in the URL."},
				{Name: "insecure", Type: cty.Bool, Default: cty.False, Public: true, Example: "false", Description: "Whether to talk to a server whose certificate is not verified. Anybody in between can then read the password; every plan that does is warned about."},
				{Name: "timeout", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("30s"), Public: true, Example: `"30s"`, Description: "How long one call may take, from its connection to the end of its answer. A read that is tried again may take twice as long in all."},
				{Name: "connect_timeout", Type: cty.String, Form: schema.Duration, Min: new(0.1), Public: true, Example: `"5s"`, Description: "How long a connection may take to come about, with TLS and through a proxy. Without it 10s, and at most `timeout`."},
				{Name: "read_timeout", Type: cty.String, Form: schema.Duration, Min: new(0.1), Public: true, Example: `"10s"`, Description: "How long the server may send nothing while the answer to a read is awaited. Without it, as long as `timeout` allows."},
				{Name: "submit_timeout", Type: cty.String, Form: schema.Duration, Min: new(1.0), Default: cty.StringVal("5m"), Public: true, Example: `"10m"`, Description: "How long a submission or another change may take: the server answers when it is through. An upload may take longer, by its size."},
				{Name: "poll_interval", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("1s"), Public: true, Example: `"1s"`, Description: "How often the target is observed. Recovery times are no sharper than this."},
				{Name: "idle_poll_interval", Type: cty.String, Form: schema.Duration, Public: true, Example: `"5s"`, Description: "How often the target is observed while nothing rests on what is seen: no fault is under way, nothing waits for a condition, no range of an expectation is open. Without it three times `poll_interval`, and at most 5s unless `poll_interval` is longer. Set it to `poll_interval` to look at the same pace all the time."},
				{Name: "max_requests_per_second", Type: cty.Number, Min: new(1.0), Default: cty.NumberIntVal(defaultMaxRequests), Public: true, Example: "20", Description: "How many requests the server is sent in any second at most, by all of this run together: polls, submissions, faults, heals, actions. A quarter of them is kept from polls. The data service is not counted. Where several targets are at one server, the smallest of their figures counts."},
				{Name: "metric_refresh", Type: cty.String, Form: schema.Duration, Default: cty.StringVal("3s"), Public: true, Example: `"3s"`, Description: "How old a metric may be when the platform reports it. It widens the bounds of what is inferred from metrics."},
				{Name: "openapi", Type: cty.String, Public: true, Example: `"/streams/openapi.json"`, Description: "Where the server's OpenAPI document is: a path, or a URL of the same host. Without it, the API's root is asked for one, and `openapi.json` beside the root is tried; most servers have none."},
			}, proxy.Attributes()...),
			Blocks: []schema.Nested{operationBlock, logBlock},
		},
		Signals: signals(),
		Connect: func(env providers.Env, t providers.Target, args json.RawMessage) (providers.Session, error) {
			return newSession(env, t, args)
		},
		Job:         func(env providers.Env) providers.Deed { return jobDeed{env} },
		DescribeJob: describeJob,
		Faults:      []providers.FaultType{jobFault(), peFault(), instanceFault(), domainFault(), resourceFault()},
		Actions:     actions(),
		Assumptions: assumptions(),
	}
}

// The words of the platform, in snake_case. Newer servers may send others.
var (
	health           = &signal.Enum{Name: "health", Values: []string{"healthy", "partially_healthy", "partially_unhealthy", "unhealthy", "unknown"}, Open: true}
	jobStatus        = &signal.Enum{Name: "job status", Values: []string{"running", "constructed", "canceling", "canceled", "failed", "unknown", "gone"}, Open: true}
	peStatus         = &signal.Enum{Name: "PE status", Values: []string{"running", "constructed", "starting", "restarting", "stopping", "stopped", "submitted", "unknown", "gone"}, Open: true}
	domainStatus     = &signal.Enum{Name: "domain status", Values: []string{"running", "starting", "stopping", "stopped", "removing", "unknown"}, Open: true}
	resourceStatus   = &signal.Enum{Name: "resource status", Values: []string{"running", "failed", "partially_failed", "partially_running", "quiesced", "quiescing", "resuming", "restarting", "starting", "stopped", "unknown"}, Open: true}
	schedulerStatus  = &signal.Enum{Name: "scheduler status", Values: []string{"schedulable", "draining", "degraded", "failed", "starting", "stopped", "not_applicable", "unknown"}, Open: true}
	connectionStatus = &signal.Enum{Name: "connection status", Values: []string{"connected", "disconnected", "unknown"}, Open: true}
	connections      = &signal.Enum{Name: "connections", Values: []string{"connected", "partially_connected", "disconnected", "unknown"}, Open: true}
	peReason         = &signal.Enum{Name: "PE reason", Values: []string{"none", "automatic", "crash", "failure", "host_failure", "request", "voluntary", "no_feasible_host", "set_capabilities_failure", "not_restartable_failure"}, Open: true}
	instanceStatus   = &signal.Enum{Name: "instance status", Values: []string{"running", "stopped", "starting", "stopping", "failed", "partially_running", "partially_failed", "unknown"}, Open: true}
)

func signals() []schema.Signal {
	enum := func(e *signal.Enum) signal.Type { return signal.Type{Kind: signal.EnumKind, Enum: e} }
	num := signal.Type{Kind: signal.Number}
	return []schema.Signal{
		{Path: "instance.status", Type: enum(instanceStatus), Description: "State of the instance."},
		{Path: "domain.status", Type: enum(domainStatus), Description: "State of the domain. Observed where a condition names it."},
		{Path: "clock_offset", Type: signal.Type{Kind: signal.Duration}, Description: "How far the clock of the server is ahead of that of the machine on which xdc runs, by the `Date` of its answers; behind is negative. It has bounds, and a comparison holds only where it does at both. Observed where a condition names it. No other figure rests on it."},
		{Path: "resource[*].status", Type: enum(resourceStatus), Description: "State of a resource (a machine), by its id, its name or its address: as the instance uses it, else as the domain sees it. Observed where a condition names it."},
		{Path: "resource[*].scheduler_status", Type: enum(schedulerStatus), Description: "Whether PEs may be placed on a resource of the instance. Observed where a condition names it."},
		{Path: "log.*", Type: num, Description: "Lines that the `log` block of that name has found since the run began; those that were there before are not counted.", Named: &schema.Named{Block: "log"}},
		{Path: "instance.health", Type: enum(health), Description: "Health of the instance: a summary of its jobs."},
		{Path: "job.*.status", Type: enum(jobStatus), Description: "State of the job; `gone` when the server answers and has no such job."},
		{Path: "job.*.health", Type: enum(health), Description: "Health of the job. A job that is gone is unhealthy."},
		{Path: "job.*.pes", Type: num, Description: "Number of PEs."},
		{Path: "job.*.launches", Type: num, Description: "Launches of all PEs of the job together."},
		{Path: "job.*.restarts", Type: num, Description: "Launches beyond the first of each PE."},
		{Path: "job.*.operator[*].tuples_in", Type: num, Description: "Tuples processed, over all input ports, since the PE started. The operator is named in full or by its last name."},
		{Path: "job.*.operator[*].tuples_out", Type: num, Description: "Tuples submitted, over all output ports, since the PE started."},
		{Path: "job.*.operator[*].queued", Type: num, Description: "Tuples waiting in front of the operator."},
		{Path: "job.*.operator[*].launches", Type: num, Description: "How often the operator's PE was launched. Counters begin anew with each launch."},
		{Path: "job.*.operator[*].output[*].tuples", Type: num, Description: "Tuples submitted to one output port."},
		{Path: "job.*.operator[*].input[*].tuples", Type: num, Description: "Tuples processed from one input port."},
		{Path: "job.*.operator[*].input[*].queued", Type: num, Description: "Tuples waiting in front of one input port."},
		{Path: "job.*.pe[*].status", Type: enum(peStatus), Description: "State of one PE, by its id."},
		{Path: "job.*.pe[*].health", Type: enum(health), Description: "Health of one PE."},
		{Path: "job.*.pe[*].launches", Type: num, Description: "How often the PE was launched. Each launch is an event of the run."},
		{Path: "job.*.pe[*].reason", Type: enum(peReason), Description: "Why the PE is in its state: `none` where nothing happened, else what ended it last. Where snapshots leave it out, a PE is asked when it was launched again or does not run, and in each round where a condition names it."},
		{Path: "job.*.pe[*].required_connections", Type: enum(connections), Description: "The PE's required connections together. Observed where a condition names it."},
		{Path: "job.*.pe[*].optional_connections", Type: enum(connections), Description: "The PE's optional connections together. Observed where a condition names it."},
		{Path: "job.*.pe[*].cpu_time", Type: signal.Type{Kind: signal.Duration}, Description: "Processor time that the PE's process has used since it started."},
		{Path: "job.*.pe[*].cpu_ms", Type: num, Description: "Processor time that the PE's process has used, in milliseconds, since it started."},
		{Path: "job.*.pe[*].memory", Type: num, Description: "Memory of the PE's process, in bytes."},
		{Path: "job.*.pe[*].congestion", Type: num, Description: "The highest congestion of the PE's outgoing connections, from 0 (none) to 100."},
		{Path: "job.*.pe[*].connections_broken", Type: num, Description: "Connections of the PE's output ports that have broken since it started."},
		{Path: "job.*.connection[*].status", Type: enum(connectionStatus), Description: "State of one connection between PEs, by its id. Observed where a condition names it."},
		{Path: "job.*.connection[*].congestion", Type: num, Description: "Congestion of one connection between PEs, from 0 (none) to 100."},
		{Path: "job.*.cpu_time", Type: signal.Type{Kind: signal.Duration}, Description: "Processor time of the job's running PEs together. It falls when a PE starts anew."},
		{Path: "job.*.cpu_ms", Type: num, Description: "Processor time of the job's running PEs together, in milliseconds. It falls when a PE starts anew."},
		{Path: "job.*.memory", Type: num, Description: "Memory of the job's running PEs together, in bytes."},
		{Path: "job.*.congestion", Type: num, Description: "The highest congestion of any connection of the job, from 0 (none) to 100."},
		{Path: "job.*.connections_broken", Type: num, Description: "Broken connections of the job's running PEs together. It falls when a PE starts anew."},
		{Path: "job.*.metric[*]", Type: num, Description: "A custom metric of any operator, summed by name."},
	}
}

func assumptions() []providers.Assumption {
	return []providers.Assumption{
		{ID: "rest.actions", Statement: "PEs and instances are stopped and started, and resources quiesced and resumed, by POST {self}/actions with {\"type\": \"stop\" | \"start\" | \"restart\" | \"quiesce\" | \"resume\"}, where neither the plan (`operation`) nor the server's OpenAPI document says otherwise.", Basis: "The server has a generic action mechanism whose body must contain a type; the path is a guess."},
		{ID: "streamtool.commands", Statement: "streamtool stops a PE with `stoppe -i INSTANCE ID` and starts it with `restartpe -i INSTANCE ID`; it stops and starts an instance with `stopinstance -i INSTANCE` and `startinstance -i INSTANCE`, a domain with `stopdomain` and `startdomain`, each with `-d DOMAIN` where the plan names it, and asks for no password. stopdomain ends with status 0 only when the domain is stopped, and is refused while an instance runs in it.", Basis: "The sub-commands exist in the product (TA-pefail, IBM streamtool pages); that restartpe starts a PE that was stopped, and the order of arguments, are not confirmed."},
		{ID: "rest.change", Statement: "The width of a parallel region is changed by PATCH of the job with a job configuration overlay; the channels of its operators say how wide it is, and those of a region of one channel may have no number.", Basis: "Clients of REST API 5.x; the page for 7.x says that there is such a call and was cut before its verb."},
		{ID: "rest.root", Statement: "The root lists `instances`, and `domains` where the server has them; where it lists neither, instances are below the root's parent.", Basis: "Roots of 4.x and 5.x; of 7.2 only that domains can be listed is documented."},
		{ID: "rest.errors", Statement: "An error's body is {\"id\", \"message\"} or {\"messages\": [{\"id\", \"message\"}]}, or anything else, of which the beginning is shown; 401, 403 and 404 are used as HTTP means them.", Basis: "Documentation of 4.x and clients of 5.x; the shape of 7.x is not known, and each is understood."},
		{ID: "rest.counters", Statement: "Counters of operators and PEs begin anew with each launch of the PE, which launchCount tells.", Basis: "They are kept in the PE's process; documented for one of them."},
		{ID: "rest.configurations", Statement: "An application configuration is created by POST to the instance's list with {\"name\", \"description\", \"properties\"}, changed by PATCH of itself, where a property that is null is deleted and one that is absent stays, and deleted by DELETE.", Basis: "A client of REST API 5.x; that 7.x has these calls is documented, their form is not."},
		{ID: "rest.lists", Statement: "A list that is longer than a page has `next`, or takes `count` and `page`; `fields` and filters by property are taken, or ignored.", Basis: "The parameters are documented for 7.2; what a server does without them is not. xdc copes with a server that ignores them."},
		{ID: "rest.cancel", Statement: "A job is cancelled by DELETE of its own URI; 204 says it worked, 404 that it was not there.", Basis: "Clients of REST API 5.x."},
		{ID: "rest.metrics.refresh", Statement: "Metrics are collected every 3 seconds, so that a metric may be that old when it is read (`metric_refresh`).", Basis: "Metrics are collected at intervals; the interval is not documented."},
		{ID: "rest.metrics.retrieved", Statement: "`lastTimeRetrieved` of a metric is when it was collected, in milliseconds by the clock that also makes the `Date` of the answer.", Basis: "Metrics of 4.3 have it as the time of the last collection; which clock it is by is not documented. It is not believed where the two are more than an hour apart."},
		{ID: "rest.logs", Statement: "A PE's logs are plain text at pes/{pe}/applicationtrace, consolelog and productlog below the instance; they grow at their end and begin anew with the PE or when they are rotated.", Basis: "Resources of 4.3 and clients of 5.x; the extension for 7.x downloads logs of jobs."},
		{ID: "rest.logs.others", Statement: "jobs/{job}/applicationlogtrace is a tar.gz of the traces and console logs of the job's PEs, in which a file grows at its end; the product logs of jobs, instances and domains are plain text at productlog below each, where they name no link of their own.", Basis: "Resources of 4.3; clients of 5.x store the archive as .tar.gz. What its files are called, and the format of product logs, are not stated: xdc takes any paths."},
		{ID: "rest.reasons", Statement: "A PE says in `statusReason` why it is in its state; `none` while nothing has happened.", Basis: "Responses of 4.3 show `none`; the spelling of the others is inferred from the product's documentation, and any other word is taken as it comes."},
		{ID: "bundle.description", Statement: "A bundle is a jar whose bundleInfo.xml names the application description in tar/bundle.tar, and that lists submission-time parameters with their composites, whether they are needed, and defaults. The server refuses names that are not in it.", Basis: "Bundle loader and schemas of the platform's open-sourced version; a bundle that is made otherwise is not looked at."},
		{ID: "rest.snapshots", Statement: "jobs/snapshot and jobs/metricssnapshot below the instance return jobs with PEs, operators and ports.", Basis: "Resources and clients of 4.3 and 5.x."},
	}
}

// decode reads arguments that the schema has checked already.
func decode(args json.RawMessage, into any) error {
	if len(args) == 0 {
		return nil
	}
	if err := json.Unmarshal(args, into); err != nil {
		return fmt.Errorf("read the arguments: %w", err)
	}
	return nil
}

func seconds(d *value.Duration, fallback time.Duration) time.Duration {
	if d == nil {
		return fallback
	}
	return d.D()
}
