package schema

import "github.com/zclconf/go-cty/cty"

// Job is the block `job "NAME" {}` without its meta-arguments.
//
// The provider that submits jobs receives, as JSON: {"target", "path", "name", and exactly one of "bundle",
// "adopt" and "launched"; "group", "parameters" (name to text or slot), "job_name", "override_file", "keep"}.
func Job() Block {
	toolkit := ToolkitSettings()
	toolkit.Blocks = []Nested{{Block: Block{
		Name: "on", Labels: []string{"target"},
		Description: "What differs at one target of the job.",
		Attributes:  ToolkitSettings().Attributes,
	}}}
	return Block{
		Name: "job", Labels: []string{"name"},
		Description: "The application under test on one or more targets: submitted from a bundle, adopted by name, or launched by something else. Exactly one of `bundle`, `adopt` and `launched` is given.",
		Attributes: []Attribute{
			{
				Name: "target", Type: cty.String, Form: TargetRef, Public: true,
				Description: "The target it runs on. Exactly one of `target` and `targets` is given.",
				Example:     "target.dc1",
			},
			{
				Name: "targets", Type: cty.List(cty.String), Form: TargetRef, Public: true,
				Description: "The targets it runs on, one instance each: `job.NAME[\"dc1\"]`, evaluated with `each.target`. `count` and `for_each` are refused beside it.",
				Example:     "[target.dc1, target.dc2]",
			},
			{
				Name: "bundle", Type: cty.String, Form: Path, Public: true,
				Description: "The application bundle (.sab) to submit. The job is cancelled at the end of the run unless `keep` is true.",
				Example:     `"orders.sab"`,
			},
			{
				Name: "adopt", Type: cty.String, Public: true,
				Description: "The name of a job that is running already. It is never cancelled.",
				Example:     `"orders_main"`,
			},
			{
				Name: "launched", Type: cty.String, Public: true,
				Description: "A regular expression for the name of a job that something else will start, as in passive mode. Its signals are unknown until then, nobody waits for it, and it is never cancelled.",
				Example:     `"^orders_passive_"`,
			},
			{
				Name: "parameters", Type: cty.Map(cty.String),
				Description: "Submission-time values by name. Sensitive ones are allowed. Only with `bundle`.",
				Example:     `{ configFileName = "/etc/streams/crossdc-dc1.txt" }`,
			},
			{
				Name: "job_name", Type: cty.String, Public: true,
				Description: "The name the job gets on the platform. Without it, one that is unique to the run. Only with `bundle`.",
				Example:     `"orders_drill"`,
			},
			{
				Name: "group", Type: cty.String, Public: true,
				Description: "The job group to submit to. Only with `bundle`.",
				Example:     `"default"`,
			},
			{
				Name: "trace_level", Type: cty.String, Enum: []string{"off", "error", "warn", "info", "debug", "trace"}, Public: true,
				Description: "What the application's PEs trace, as with `-C tracing=` of streamtool. Without it, what the instance has, which is errors if nobody has changed it. Only with `bundle`.",
				Example:     `"info"`,
			},
			{
				Name: "override_file", Type: cty.String, Form: Path, Public: true,
				Description: "A job configuration overlay to submit with. Only with `bundle`.",
				Example:     `"overlay.json"`,
			},
			{
				Name: "keep", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "Whether a submitted job is left running after the run.",
				Example:     "true",
			},
		},
		Blocks: []Nested{
			{Max: 1, Block: toolkit},
			{Max: 1, Block: jobTwin()},
		},
	}
}

// ToolkitSettings is the block `toolkit {}`.
func ToolkitSettings() Block {
	return Block{
		Name:        "toolkit",
		Description: "What the cross data center failover toolkit in the application was configured with. It is the basis of predictions, and what rehearsals copy; nothing is set by it.",
		Attributes: []Attribute{
			{
				Name: "heartbeat_interval", Type: cty.String, Form: Duration, Public: true,
				Description: "How often each side sends a heartbeat to the other.",
				Example:     `"5s"`,
			},
			{
				Name: "misses_allowed", Type: cty.Number, Default: cty.NumberIntVal(4), Min: new(float64(0)), Max: new(float64(100000)), Public: true,
				Description: "How many heartbeats in a row may be missed before the other side counts as down.",
				Example:     "4",
			},
			{
				Name: "snapshot_interval", Type: cty.String, Form: Duration, Public: true,
				Description: "How often state is replicated to the other side. Without it, none is.",
				Example:     `"30s"`,
			},
			{
				Name: "init_delay", Type: cty.String, Form: Duration, Default: cty.StringVal("40s"), Public: true,
				Description: "How long the toolkit waits after its start before it does anything.",
				Example:     `"40s"`,
			},
			{
				Name: "port", Type: cty.Number, Default: cty.NumberIntVal(25091), Min: new(float64(1)), Max: new(float64(65535)), Public: true,
				Description: "The TCP port on which it listens for the other side.",
				Example:     "25091",
			},
			{
				Name: "mode", Type: cty.String, Enum: []string{"active", "passive"}, Default: cty.StringVal("active"), Public: true,
				Description: "Whether this side processes data from the start (`active`) or only launches the application when the other side is down (`passive`).",
				Example:     `"active"`,
			},
			{
				Name: "retain_snapshots", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "Whether what is stored of the other side's state is kept when this side starts (`retainOlderDataSnapshotsAtStartup`).",
				Example:     "true",
			},
			{
				Name: "return_snapshots", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "Whether what is stored of the other side's state is given back to it at the first contact after a start (`sendDataSnapshotsToOriginDCAtStartup`), for the time after both sides were lost.",
				Example:     "true",
			},
			{
				Name: "composite", Type: cty.String, Public: true,
				Description: "The name under which the application invokes the toolkit's composite, where there are several.",
				Example:     `"Failover"`,
			},
			{
				Name: "snapshot_directory", Type: cty.String, Public: true,
				Description: "The folder in which this side keeps the other's state (`dataSnapshotStorageDirectory`), as an absolute path. With `host`, what lies in it is evidence: when each piece was written last, and whether it was taken away. Rehearsals keep their files there.",
				Example:     `"/var/lib/orders/snapshots"`,
			},
			{
				Name: "host", Type: cty.String, Form: HostRef, Public: true,
				Description: "A host of the same target on which `snapshot_directory` and `config_file` can be read.",
				Example:     "target.dc1.host.edge",
			},
			{
				Name: "config_file", Type: cty.String, Public: true,
				Description: "The application's own configuration file on `host` (`configFileName`), as an absolute path. Preflight reads it, says what is wrong with it, and compares it with what stands here.",
				Example:     `"/etc/orders/crossdc-config.txt"`,
			},
			{
				Name: "main_composite", Type: cty.String, Public: true,
				Description: "The application's main composite with its namespace, by which its keys begin in the application configuration `CrossDCFailover` of the instance. Given, preflight reads that one through the platform, too; what the file says counts before it, key by key. Standalone applications have none.",
				Example:     `"com.example.orders::Orders"`,
			},
			{
				Name: "traces", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "Whether the traces of the job's PEs are read for the lines that the toolkit writes, and that applications built like its samples write, as evidence. Most are of level info: submit the job with `trace_level = \"info\"`.",
				Example:     "true",
			},
			line("line_up", "says that the other side is up", "Received a notification about the remote data center coming up"),
			line("line_down", "says that the other side is down", "Received a notification about the remote data center going down"),
			line("line_taking_over", "says that a takeover has begun", "Taking-over the replicated data"),
			line("line_taken_over", "says that a takeover is complete", "Completed the taking-over"),
			{
				Name: "pairs", Type: cty.Number, Min: new(float64(1)), Max: new(float64(64)), Public: true,
				Description: "How many senders and receivers of state there are (`numberOfHttpSenderReceiverPairs`). They have the ports above `port`. Default: one.",
				Example:     "4",
			},
			{
				Name: "send_to_all", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "Whether each message goes to every machine of the other side instead of the first that answers (`sendToAllRemoteMachines`).",
				Example:     "true",
			},
			{
				Name: "log_http_errors", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "Whether answers that are no success are logged as errors (`alwaysLogHttpErrors`).",
				Example:     "true",
			},
			{
				Name: "connect_timeout", Type: cty.String, Form: Duration, Min: new(float64(1)), Public: true,
				Description: "How long the toolkit waits for a connection to one machine of the other side (`httpConnectionTimeout`). Default: 25s.",
				Example:     `"25s"`,
			},
			{
				Name: "read_timeout", Type: cty.String, Form: Duration, Min: new(float64(1)), Public: true,
				Description: "How long it waits for an answer (`httpReadTimeout`). Default: 100s.",
				Example:     `"100s"`,
			},
		},
	}
}

// line is an argument that says what the application writes when something happens. The toolkit writes nothing then.
func line(name, when, sample string) Attribute {
	return Attribute{
		Name: name, Type: cty.String, Public: true,
		Description: "With `traces`: a regular expression for the line by which the application " + when + ". Without it, the line of the toolkit's samples: `" + sample + "`.",
		Example:     `"EVENT .* dc2"`,
	}
}
