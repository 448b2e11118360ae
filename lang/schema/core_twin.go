package schema

import "github.com/zclconf/go-cty/cty"

// TwinServices are the services of a target's twin that can be told to do wrong.
func TwinServices() []string { return []string{"management", "data", "toolkit"} }

// jobTwin is the block `twin {}` of a job.
func jobTwin() Block {
	return Block{
		Name:        "twin",
		Description: "How rehearsals stand in for the application.",
		Attributes: []Attribute{
			{
				Name: "application", Type: cty.String, Enum: Applications(), Default: cty.StringVal("keyed_counter"),
				Description: "The model application that the twin runs." + applicationsText(),
				Example:     `"keyed_counter"`,
			},
			{
				Name: "fusion", Type: cty.String, Enum: []string{"together", "apart"}, Default: cty.StringVal("together"),
				Description: "Whether the toolkit's operators share one PE of the twin, or each group of them has its own, so that one can be lost without the others.",
				Example:     `"apart"`,
			},
			{
				Name: "snapshots", Type: cty.String, Enum: []string{"file", "row"}, Default: cty.StringVal("file"),
				Description: "Whether the twin's data centres keep the other's snapshots as files or as rows of a database.",
				Example:     `"row"`,
			},
		},
		Blocks: []Nested{{Block: Block{
			Name: "endpoint", Labels: []string{"name"},
			Description: "What one of the application's endpoints is like: the endpoint's name, or its operator, or its stream. What it does wrong comes after what the data service does wrong.",
			Attributes: append([]Attribute{
				{
					Name: "buffer_size", Type: cty.Number, Min: new(float64(1)), Max: new(1e7), Public: true,
					Description: "The `bufferSize` of the operator, in tuples. A full source answers 413, a full sink drops its oldest. Without it, 10000 for sources, 1000 for sinks, 50 for that of the calculator.",
					Example:     "50",
				},
				{
					Name: "consuming_reads", Type: cty.Bool, Default: cty.False, Public: true,
					Description: "The `consumingReads` of an EndpointSink: whether tuples are gone once somebody has read them.",
					Example:     "true",
				},
				{
					Name: "type", Type: cty.String, Public: true,
					Description: "The type of its tuples, as SPL writes it. The twin describes the endpoint with it, and a source refuses what is of another type; so a rehearsal finds records that would not fit. Without it anything is taken.",
					Example:     `"tuple<rstring event_id, timestamp at, int64 amount>"`,
				},
			}, trouble()...),
		}}},
	}
}

// targetTwin is the block `twin {}` of a target.
func targetTwin() Block {
	return Block{
		Name:        "twin",
		Description: "What the target's twin is like, in rehearsals and where `xdc twin serve` stands in. Runs on real targets take no notice of it.",
		Attributes:  clock("the target's servers"),
		Blocks: []Nested{{Block: Block{
			Name: "service", Labels: []string{"name"},
			Description: "What one of its services does wrong: `management`, the REST management API; `data`, the data service; `toolkit`, the receivers of heartbeats and snapshots. It is no fault of the plan's: nobody heals it.",
			Attributes:  append(trouble(), clock("the service, in addition to the target's")...),
		}}},
	}
}

// Longest wait and largest difference of clocks that a twin can be told, in seconds.
const (
	longestWait  = 3600
	mostClockOff = 10 * 365 * 24 * 3600
)

// trouble are the arguments that say what happens to requests, in the order in which it does.
func trouble() []Attribute {
	wait := func(name, description, example string) Attribute {
		return Attribute{Name: name, Type: cty.String, Form: Duration, Min: new(0.001), Max: new(float64(longestWait)), Public: true, Description: description, Example: example}
	}
	share := func(name, description, example string) Attribute {
		return Attribute{Name: name, Type: cty.Number, Form: Percent, Public: true, Description: description, Example: example}
	}
	return []Attribute{
		wait("latency", "How long each request waits before it is served.", `"200ms"`),
		wait("jitter", "How much the latency varies, evenly, up and down. At most as much as the latency.", `"50ms"`),
		share("stall_rate", "The share of requests that wait for as long as `stall` in addition.", `"1%"`),
		wait("stall", "How long such a request waits.", `"30s"`),
		share("drop_rate", "The share of requests that are not answered: the connection is closed, and nothing was done.", `"5%"`),
		share("error_rate", "The share of the remaining requests that are refused; nothing was done.", `"10%"`),
		{
			Name: "statuses", Type: cty.List(cty.Number), Min: new(float64(400)), Max: new(float64(599)), Public: true,
			Description: "The status codes of refusals, each as likely. Without any, 503.",
			Example:     "[500, 503]",
		},
		{
			Name: "after", Type: cty.String, Form: Duration, Public: true,
			Description: "How long after the twin's start this begins. Without it, at once.",
			Example:     `"1m"`,
		},
		{
			Name: "duration", Type: cty.String, Form: Duration, Min: new(0.001), Public: true,
			Description: "How long it goes on from then. Without it, to the end.",
			Example:     `"30s"`,
		},
	}
}

// clock are the arguments that set a clock.
func clock(whose string) []Attribute {
	one := func(name, how string) Attribute {
		return Attribute{
			Name: name, Type: cty.String, Form: Duration, Min: new(0.001), Max: new(float64(mostClockOff)), Public: true,
			Description: "How far the clock of " + whose + " is " + how + ".", Example: `"90s"`,
		}
	}
	return []Attribute{one("clock_ahead", "ahead of the true time"), one("clock_behind", "behind the true time")}
}
