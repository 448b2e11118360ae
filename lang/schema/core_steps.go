package schema

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
)

// Fault is what all faults share. A fault's type brings the rest.
func Fault() Block {
	return Block{
		Name: "fault", Labels: []string{"type", "name"},
		Description: "A condition created on purpose. Its undo is written down and armed before it is injected; it is verified to be in effect, healed, and verified to be healed.",
		Attributes: []Attribute{{
			Name: "duration", Type: cty.String, Form: Duration, Public: true,
			Description: "How long the verified effect is held. Without it, the fault is held until the steps that depend on it are finished.",
			Example:     `"60s"`,
		}},
		Blocks: []Nested{{Block: Block{
			Name:         "stage",
			Description:  "A stretch of the fault with other parameters, which are given as attributes and replace the fault's own in place, without healing in between.",
			Attributes:   []Attribute{stageDuration, stageRamp},
			AnyAttribute: true,
		}}},
	}
}

// Wait is the block `wait "NAME" {}` without its meta-arguments.
func Wait() Block {
	return Block{
		Name: "wait", Labels: []string{"name"},
		Description: "Holds its dependents until a condition is true. With `since` it is a measurement: it yields the recovery time with bounds, and that the condition never came is a finding. Without, it is a precondition.",
		Attributes: []Attribute{
			{
				Name: "until", Type: cty.String, Form: Condition, Required: true, Public: true,
				Description: "The condition to wait for.",
				Example:     `"dc2.job.orders.health is healthy"`,
			},
			{
				Name: "since", Type: cty.String, Form: EventRef, Kinds: []addr.Kind{addr.Fault}, Public: true,
				Description: "The fault from whose injection time is measured, or `fault.TYPE.NAME.healed` for its heal.",
				Example:     "fault.network_partition.cut",
			},
			{
				Name: "hold", Type: cty.String, Form: Duration, Default: cty.StringVal("3s"), Public: true,
				Description: "How long the condition must stay true without a break. It is not part of the measured time.",
				Example:     `"5s"`,
			},
		},
	}
}

// Expect is the block `expect "NAME" {}` without its meta-arguments.
func Expect() Block {
	return Block{
		Name: "expect", Labels: []string{"name"},
		Description: "A verdict: met, not met, inconclusive or, in rehearsals, skipped. It has exactly one of `that` and `condition`.",
		Attributes: []Attribute{
			{
				Name: "that", Type: cty.String, Form: Condition, Public: true,
				Description: "What must hold, in the condition language, which knows units, bounds and time.",
				Example:     `"wait.takeover.rto <= 60s"`,
			},
			{
				Name: "condition", Type: cty.Bool,
				Description: "What must hold, as an expression over results of finished steps, which are plain numbers here.",
				Example:     "audit.orders.delivered > 1000",
			},
			{
				Name: "severity", Type: cty.String, Enum: []string{"must", "should"}, Default: cty.StringVal("must"), Public: true,
				Description: "Whether the run fails when the expectation is not met (`must`) or the report only says so (`should`).",
				Example:     `"should"`,
			},
			{
				Name: "error_message", Type: cty.String, Public: true,
				Description: "What to say when it is not met.",
				Example:     `"acknowledged records never came out"`,
			},
		},
	}
}

// Guard is the block `guard "NAME" {}`.
func Guard() Block {
	return Block{
		Name: "guard", Labels: []string{"name"},
		Description: "A condition that, once false, aborts the run and heals everything at once.",
		Attributes: []Attribute{
			{
				Name: "that", Type: cty.String, Form: Condition, Required: true, Public: true,
				Description: "What must stay true.",
				Example:     `"dc2.instance.health is not unhealthy"`,
			},
			{
				Name: "from", Type: cty.String, Form: EventRef, Kinds: addr.Kinds(), Public: true,
				Description: "The event that arms the guard: a fault (its injection), `STEP.started`, `STEP.done`, `fault.TYPE.NAME.healed`. Without it, the start of the run.",
				Example:     "fault.network_partition.cut",
			},
			{
				Name: "to", Type: cty.String, Form: EventRef, Kinds: addr.Kinds(), Public: true,
				Description: "The event that disarms it. Without it, the end of the run.",
				Example:     "fault.network_partition.cut.healed",
			},
			{
				Name: "on_unknown", Type: cty.String, Enum: []string{"continue", "abort"}, Default: cty.StringVal("continue"), Public: true,
				Description: "What it means when the condition cannot be told.",
				Example:     `"abort"`,
			},
		},
	}
}

// Action is what all actions share: the meta-arguments alone.
func Action() Block {
	return Block{
		Name: "action", Labels: []string{"type", "name"},
		Description: "A one-shot deed: an HTTP request, a command on a host, a restart, a person's approval. It has no undo of its own.",
	}
}

// ApproveType is the type of the action that the engine itself performs.
const ApproveType = "approve"

// Approve is the block `action "approve" "NAME" {}` without its meta-arguments.
func Approve() Block {
	return Block{
		Name: ApproveType, Labels: []string{"type", "name"},
		Description: "Asks a person, on the terminal or through `xdc approve`. It is never answered by --auto-approve; a rehearsal answers yes. `timeout` is how long to wait for the answer.",
		Attributes: []Attribute{
			{
				Name: "prompt", Type: cty.String, Required: true, Public: true,
				Description: "The question.",
				Example:     `"dc1 is about to lose its network. Go on?"`,
			},
			{
				Name: "default", Type: cty.String, Enum: []string{"abort", "continue"}, Default: cty.StringVal("abort"), Public: true,
				Description: "What it means when nobody answers in time.",
				Example:     `"abort"`,
			},
		},
	}
}
