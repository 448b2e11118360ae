package schema

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
)

// Meta returns the meta-arguments of steps of a kind, in the order documentation uses. Kind "module" stands
// for module calls.
func Meta(kind addr.Kind) []Attribute {
	switch kind {
	case addr.Guard:
		return nil
	case addr.Expect:
		return []Attribute{metaDependsOn, metaCount, metaForEach}
	case "module":
		return []Attribute{metaDependsOn, metaCount, metaForEach, metaSerial}
	case addr.Job, addr.Seed, addr.Audit, addr.Probe, addr.Fault, addr.Wait, addr.Action:
	}
	return []Attribute{
		metaDependsOn, metaWhen, metaDelay, metaTimeout(kind), metaCount, metaForEach, metaSerial, metaOnFailure(kind),
	}
}

var (
	metaDependsOn = Attribute{
		Name: "depends_on", Type: cty.List(cty.DynamicPseudoType), Form: EventRef,
		Description: "Steps and modules that must be finished first, besides those the block refers to. " +
			"`STEP.started` waits for the start only, and `fault.TYPE.NAME.healed` for the heal.",
		Example: "[wait.paired]",
	}
	metaWhen = Attribute{
		Name: "when", Type: cty.String, Form: Condition,
		Description: "A condition that must come true, after everything the step depends on, before it starts.",
		Example:     `"seed.data_exchange.orders.acked >= 2000"`,
	}
	metaDelay = Attribute{
		Name: "delay", Type: cty.String, Form: Duration, Default: cty.StringVal("0s"),
		Description: "How long to wait after `when` came true before the step starts.",
		Example:     `"10s"`,
	}
	metaCount = Attribute{
		Name: "count", Type: cty.Number, Min: new(float64(0)),
		Description: "How many instances the block makes. It must be known while planning. `count.index` counts from 0. " +
			"It excludes `for_each`.",
		Example: "3",
	}
	metaForEach = Attribute{
		Name: "for_each", Type: cty.DynamicPseudoType,
		Description: "A map, an object, a set of strings or a list of targets or hosts: one instance for each element, with `each.key` and " +
			"`each.value`. It must be known while planning.",
		Example: `{ small = 10, large = 1000 }`,
	}
	metaSerial = Attribute{
		Name: "serial", Type: cty.Bool, Default: cty.False,
		Description: "Whether instances run one after the other, in the order of their indexes or keys, instead of in parallel. " +
			"The next starts when the one before is finished (a fault: healed; a module: all of it).",
		Example: "true",
	}
)

// TimeoutDefault is how long a step's body may take when the plan does not say; empty: as long as it needs.
func TimeoutDefault(kind addr.Kind) string {
	switch kind {
	case addr.Job, addr.Audit:
		return "5m"
	case addr.Action:
		return "1m"
	case addr.Seed, addr.Probe, addr.Fault, addr.Wait, addr.Expect, addr.Guard:
	}
	return ""
}

func metaTimeout(kind addr.Kind) Attribute {
	a := Attribute{
		Name: "timeout", Type: cty.String, Form: Duration,
		Description: "How long the step itself may take, without the time it waits for `when` and `delay`.",
		Example:     `"90s"`,
	}
	if d := TimeoutDefault(kind); d != "" {
		a.Default = cty.StringVal(d)
	}
	if kind == addr.Wait {
		a.Required = true
		a.Description += " It must cover `hold`."
	}
	return a
}

func metaOnFailure(kind addr.Kind) Attribute {
	a := Attribute{
		Name: "on_failure", Type: cty.String, Enum: []string{"abort", "continue"}, Default: cty.StringVal("abort"),
		Description: "What a failure of the step means: `abort` starts nothing more, heals everything and judges; " +
			"`continue` lets branches go on that do not depend on it.",
		Example: `"continue"`,
	}
	if kind == addr.Wait {
		a.Default = cty.NilVal
		a.Description += " The default is `continue` for a wait with `since`, whose timing out is a finding, and `abort` for others."
	}
	return a
}
