package schema

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
)

// DefaultThrough is the type of seed by which probes send where the plan does not say.
const DefaultThrough = "data_exchange"

// Probe is what all probes share. The provider that carries their records brings the rest.
func Probe() Block {
	return Block{
		Name: "probe", Labels: []string{"name"},
		Description: "A client of the application's own: it sends marked records at a steady rate, whatever the service does, and waits for the result of each. " +
			"From what becomes of them follow the outage that clients see, their recovery time, the latency through the fault and the service level, whatever the platform says about itself. " +
			"Records of probes change the application's state as any record does; audits of seeds leave them out of account.",
		Attributes: []Attribute{
			{
				Name: "through", Type: cty.String, Default: cty.StringVal(DefaultThrough), Public: true,
				Description: "The type of seed by which records travel.",
				Example:     `"data_exchange"`,
			},
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
				Description: "What the client does with several targets: `failover` sends to the first until it has taken nothing for `switch_after`, then to the next; `mirror` sends every record to all; `spread` takes turns.",
				Example:     `"failover"`,
			},
			{
				Name: "switch_after", Type: cty.String, Form: Duration, Default: cty.StringVal("2s"), Public: true,
				Description: "With route `failover`: how long a target must have taken nothing before the next one is used. It is part of the outage that the client sees.",
				Example:     `"2s"`,
			},
			{
				Name: "results_at", Type: cty.List(cty.String), Form: TargetRef, Public: true,
				Description: "The targets where results are read: a result at any of them counts. Without this, those that get the records.",
				Example:     "[target.dc1, target.dc2]",
			},
			{
				Name: "job", Type: cty.String, Form: JobRef, Public: true,
				Description: "The application that takes the records in. The probe starts when it is running and healthy.",
				Example:     "job.orders",
			},
			{
				Name: "key", Type: cty.String, Required: true, Public: true,
				Description: "The field of an outgoing record that holds the `record.id` of the incoming one; dots lead into nested objects.",
				Example:     `"event_id"`,
			},
			{
				Name: "rate", Type: cty.Number, Required: true, Min: new(0.1), Max: new(float64(1000)), Public: true,
				Description: "Transactions a second. Times are bounded to about one over the rate: to 10 ms at 100.",
				Example:     "100",
			},
			{
				Name: "deadline", Type: cty.String, Form: Duration, Default: cty.StringVal("1s"), Min: new(0.01), Max: new(float64(60)), Public: true,
				Description: "By when the result must be there, counted from when the record was due. A transaction is good if it is, and has failed if it is not.",
				Example:     `"1s"`,
			},
			{
				Name: "hold", Type: cty.String, Form: Duration, Default: cty.StringVal("3s"), Public: true,
				Description: "How long every transaction must be good for the application to have recovered. It is not part of the recovery time, and covers at least two transactions.",
				Example:     `"3s"`,
			},
			{
				Name: "duration", Type: cty.String, Form: Duration, Min: new(0.1), Public: true,
				Description: "How long records are sent. Without it, until every fault of the plan that does not come after the probe has healed, and for `settle` and `hold` more.",
				Example:     `"2m"`,
			},
			{
				Name: "settle", Type: cty.String, Form: Duration, Default: cty.StringVal("5s"), Public: true,
				Description: "Without `duration`: how long records are sent after the last heal, besides `hold`.",
				Example:     `"10s"`,
			},
			{
				Name: "since", Type: cty.List(cty.String), Form: StepRef, Kinds: []addr.Kind{addr.Fault}, Public: true,
				Description: "The faults from which recovery is counted, each from its injection. Without it, every fault of the plan. The probe does not wait for them before it starts.",
				Example:     "[fault.network_partition.cut]",
			},
			{
				Name: "record", Type: cty.DynamicPseudoType, Form: Record, Required: true, Public: true,
				Description: "The record that is sent, evaluated for each transaction, with `record.id` in it.",
				Example:     "{ event_id = record.id, timestamp = record.time, value = record::number(0, 1000) }",
			},
		},
	}
}

// probeResults are bounded wherever what was hidden, or the distance of the transactions, leaves room.
func probeResults() []Result {
	counts := []Result{
		{Name: "sent", Type: number, Description: "Transactions that were due."},
		{Name: "good", Type: number, Description: "Transactions whose result was there before the deadline."},
		{Name: "failed", Type: number, Description: "Transactions whose result was not there before the deadline."},
		{Name: "unknown", Type: number, Description: "Transactions about which nothing can be said: their result may have passed unread, or xdc itself was late."},
	}
	figures := []Result{
		{Name: "outage", Type: duration, Moment: Final, Bounded: true, Description: "The longest stretch of failed transactions, from the last good one before it to the first good one after it at worst."},
		{Name: "outage_low", Type: duration, Moment: Final, Description: "The shortest outage that is possible by what was seen."},
		{Name: "outage_high", Type: duration, Moment: Final, Description: "The longest outage that is possible by what was seen. Unknown if it had not ended."},
		{Name: "service_level", Type: ratio, Moment: Final, Bounded: true, Description: "Good transactions as a share of all."},
		{Name: "latency_p50", Type: duration, Moment: Final, Bounded: true, Description: "Latency that half of the transactions did not exceed, from due to result. Failed ones count as at least the deadline."},
		{Name: "latency_p90", Type: duration, Moment: Final, Bounded: true, Description: "Latency that 90% of the transactions did not exceed."},
		{Name: "latency_p99", Type: duration, Moment: Final, Bounded: true, Description: "Latency that 99% of the transactions did not exceed."},
		{Name: "latency_max", Type: duration, Moment: Final, Bounded: true, Description: "The greatest latency."},
	}
	var own []Result
	for _, c := range counts {
		c.Moment = Final
		own = append(own, c)
	}
	own = append(own, figures...)
	out := append([]Result(nil), own...)
	out = append(out,
		Result{Name: "outages", Type: number, Moment: Final, Description: "How many stretches of failed transactions there were."},
		Result{Name: "rto", Type: duration, Moment: Final, Bounded: true, Description: "From the injection of a fault to the first good transaction from which on all were good for `hold`; of several faults, the longest. Comparisons look at both bounds. Unknown if no fault disturbed the client."},
		Result{Name: "rto_low", Type: duration, Moment: Final, Bounded: true, Description: "The shortest recovery time that is possible by what was seen."},
		Result{Name: "rto_high", Type: duration, Moment: Final, Bounded: true, Description: "The longest recovery time that is possible by what was seen."},
		Result{Name: "disturbed", Type: boolean, Moment: Final, Description: "Whether any transaction failed from the injection of a fault to its heal."},
		Result{Name: "recovered", Type: boolean, Moment: Final, Description: "Whether the client recovered from every fault that disturbed it."},
		Result{Name: "after_heal", Type: boolean, Moment: Final, Description: "Whether it recovered only after the heal of the fault had begun."},
	)
	for _, c := range counts {
		c.Moment = Live
		c.Description += " So far."
		out = append(out, c)
	}
	out = append(out,
		Result{Name: "ok", Type: boolean, Moment: Live, Description: "Whether transactions are good. Told in the order in which they were due, as soon as it is known of all before."},
		Result{Name: "latency", Type: duration, Moment: Live, Description: "Time from when a transaction was due to its result; of a failed one, the deadline."},
	)
	for _, r := range own {
		r.Name = "at[*]." + r.Name
		r.Description += " By results at one target alone."
		out = append(out, r)
	}
	return out
}
