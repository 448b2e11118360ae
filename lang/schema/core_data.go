package schema

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
)

// Seed is what all seeds share. A seed's type brings the rest (an endpoint's name, say).
func Seed() Block {
	return Block{
		Name: "seed", Labels: []string{"type", "name"},
		Description: "Puts data in at a steady rate, whatever the service does: every record has a due time that is fixed at the start. " +
			"A seed never fails because the service refuses or stalls; that is what it measures.",
		Attributes: []Attribute{
			{
				Name: "target", Type: cty.String, Form: TargetRef, Public: true,
				Description: "The target that gets the records. Exactly one of `target` and `targets` is given.",
				Example:     "target.dc1",
			},
			{
				Name: "targets", Type: cty.List(cty.String), Form: TargetRef, Public: true,
				Description: "The targets that get the records, in the order in which `route` uses them.",
				Example:     "[target.dc1, target.dc2]",
			},
			{
				Name: "route", Type: cty.String, Enum: []string{"failover", "mirror", "spread"}, Public: true,
				Description: "What the producers do with several targets: `failover` sends to the first until it refuses for `switch_after`, then to the next; `mirror` sends every record to all; `spread` takes turns. " +
					"The toolkit does not move traffic, so a plan with one target and no route tests less than it seems to.",
				Example: `"failover"`,
			},
			{
				Name: "switch_after", Type: cty.String, Form: Duration, Default: cty.StringVal("2s"), Public: true,
				Description: "With route `failover`: how long a target must refuse before the next one is used.",
				Example:     `"2s"`,
			},
			{
				Name: "resend", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "With route `failover`: whether records that were not acknowledged are sent to the next target as well.",
				Example:     "true",
			},
			{
				Name: "retry", Type: cty.Bool, Default: cty.False, Public: true,
				Description: "Whether a batch whose answer was lost is sent again. Its second copies count as `resent`, not as duplicated.",
				Example:     "true",
			},
			{
				Name: "job", Type: cty.String, Form: JobRef, Public: true,
				Description: "The application that takes the records in. The seed starts when it is running and healthy.",
				Example:     "job.orders",
			},
			{
				Name: "rate", Type: cty.Number, Min: new(0.001), Max: new(1e7), Public: true,
				Description: "Records a second. Either this or `stage` blocks must be given; with stages it is where a ramp of the first begins.",
				Example:     "100",
			},
			{
				Name: "arrivals", Type: cty.String, Enum: []string{"constant", "poisson"}, Default: cty.StringVal("constant"), Public: true,
				Description: "How records are spread over time: `constant` at even distances, `poisson` independently of each other, as from many producers that know nothing of each other. " +
					"The rates are those of `rate` and the stages in the mean. The times depend on the run's seed, never on the service.",
				Example: `"poisson"`,
			},
			{
				Name: "records", Type: cty.Number, Min: new(float64(1)), Max: new(1e12), Public: true,
				Description: "How many records to send. With `duration` too, whichever is reached first ends the seed.",
				Example:     "10000",
			},
			{
				Name: "duration", Type: cty.String, Form: Duration, Public: true,
				Description: "How long to send.",
				Example:     `"2m"`,
			},
			{
				Name: "batch", Type: cty.Number, Default: cty.NumberIntVal(100), Min: new(float64(1)), Max: new(1e6), Public: true,
				Description: "How many records go into one request.",
				Example:     "50",
			},
			{
				Name: "max_in_flight", Type: cty.Number, Default: cty.NumberIntVal(10000), Min: new(float64(1)), Max: new(1e8), Public: true,
				Description: "How many records may be without an answer. Those that fall due beyond it are counted as unsent.",
				Example:     "10000",
			},
			{
				Name: "drain", Type: cty.String, Form: Duration, Default: cty.StringVal("30s"), Public: true,
				Description: "How long after the last record was due to wait for outstanding answers.",
				Example:     `"30s"`,
			},
			{
				Name: "record", Type: cty.DynamicPseudoType, Form: Record, Public: true,
				Description: "The record as an object of constants and of generators, which are evaluated once a record: `record.id`, `record.seq`, `record.time`, `record::number(0, 1000)`, `record::int64(0, 9223372036854775807)`, `record::decimal(0, 999.99, 2)`, `record::text(64)` and others. Exactly one of `record` and `file` is given.",
				Example:     `{ event_id = record.id, timestamp = record.time, value = record::number(0, 1000) }`,
			},
			{
				Name: "file", Type: cty.String, Form: Path, Public: true,
				Description: "A file of records to send in order. The seed ends with the file, if nothing else has ended it before.",
				Example:     `"orders.jsonl"`,
			},
			{
				Name: "format", Type: cty.String, Enum: []string{"json", "jsonl", "csv"}, Public: true,
				Description: "The format of `file`: a JSON array, JSON lines, or CSV with a header. Without it, what the file's name ends with.",
				Example:     `"jsonl"`,
			},
		},
		Blocks: []Nested{{Block: Block{
			Name:        "stage",
			Description: "A stretch of the seed with a rate of its own. Stages follow each other without a pause.",
			Attributes: []Attribute{
				stageDuration,
				{
					Name: "rate", Type: cty.Number, Required: true, Min: new(float64(0)), Max: new(1e7), Public: true,
					Description: "Records a second; at the end of the stage if `ramp` is true.",
					Example:     "500",
				},
				stageRamp,
			},
		}}},
	}
}

var (
	stageDuration = Attribute{
		Name: "duration", Type: cty.String, Form: Duration, Required: true, Public: true,
		Description: "How long the stage lasts.",
		Example:     `"30s"`,
	}
	stageRamp = Attribute{
		Name: "ramp", Type: cty.Bool, Default: cty.False, Public: true,
		Description: "Whether values go from those of the stage before to this stage's in a straight line, instead of at once.",
		Example:     "true",
	}
)

// Audit is what all audits share. The type of the audited seed brings the rest.
func Audit() Block {
	return Block{
		Name: "audit", Labels: []string{"name"},
		Description: "Reads what comes out of every sink and holds it against what a seed put in. Its readers are open before the first record leaves; " +
			"it closes when the seed and everything it depends on are finished, every fault has healed, and nothing new has come for `settle`.",
		Attributes: []Attribute{
			{
				Name: "seed", Type: cty.String, Form: StepRef, Kinds: []addr.Kind{addr.Seed}, Required: true, Public: true,
				Description: "The seed whose records are looked for. The audit does not wait for it to finish before it starts.",
				Example:     "seed.data_exchange.orders",
			},
			{
				Name: "target", Type: cty.String, Form: TargetRef, Public: true,
				Description: "The target to read from. Without this and `targets`, those of the seed.",
				Example:     "target.dc2",
			},
			{
				Name: "targets", Type: cty.List(cty.String), Form: TargetRef, Public: true,
				Description: "The targets to read from.",
				Example:     "[target.dc1, target.dc2]",
			},
			{
				Name: "key", Type: cty.String, Required: true, Public: true,
				Description: "The field of an outgoing record that holds the id of the incoming one; dots lead into nested objects.",
				Example:     `"event_id"`,
			},
			{
				Name: "state", Type: cty.String, Public: true,
				Description: "The field of an outgoing record that holds a state of the record's key which never goes back, for `monotone_state`: a whole number, such as a count or a version; dots lead into nested objects.",
				Example:     `"count"`,
			},
			{
				Name: "settle", Type: cty.String, Form: Duration, Default: cty.StringVal("5s"), Public: true,
				Description: "How long nothing new must have come before the audit closes.",
				Example:     `"10s"`,
			},
			{
				Name: "gap_over", Type: cty.String, Form: Duration, Default: cty.StringVal("1s"), Public: true,
				Description: "Gaps in delivery longer than this are listed one by one.",
				Example:     `"1s"`,
			},
		},
	}
}
