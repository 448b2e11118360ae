package schema

import "github.com/zclconf/go-cty/cty"

// DefaultPlanTimeout is how long a run may take when the plan does not say.
const DefaultPlanTimeout = "1h"

// Plan is the block `plan "NAME" {}`.
func Plan() Block {
	return Block{
		Name: "plan", Labels: []string{"name"},
		Description: "Names the plan and states what holds for all of it. There is at most one, and none in modules.",
		Attributes: []Attribute{
			{
				Name: "description", Type: cty.String,
				Description: "What the plan tests, in whole sentences; it stands at the head of every report.",
				Example:     `"The link between the data centres is cut: dc2 must take over by itself."`,
			},
			{
				Name: "timeout", Type: cty.String, Form: Duration, Default: cty.StringVal(DefaultPlanTimeout),
				Description: "How long the whole run may take. Healing is not covered: it has a budget of its own and is never cut short.",
				Example:     `"15m"`,
			},
			{
				Name: "required_version", Type: cty.String,
				Description: "Which versions of xdc may run the plan: comparisons separated by commas, all of which must hold. " +
					"The operators are `=`, `!=`, `>`, `>=`, `<`, `<=` and `~>` (the last stated part may grow).",
				Example: `">= 1.2, < 2.0"`,
			},
		},
		Blocks: []Nested{{Max: 1, Block: Block{
			Name: "defaults",
			Description: "Blocks that are merged, attribute by attribute, beneath the blocks of the same type in every target: connection blocks, " +
				"`host` (beneath each host), `toolkit` and `twin`. A target's own value always wins, and a target without the block gets none.",
			AnyAttribute: false,
		}}},
	}
}

// Variable is the block `variable "NAME" {}`.
func Variable() Block {
	return Block{
		Name: "variable", Labels: []string{"name"},
		Description: "A value that whoever runs the plan may set: with --var, --var-file, *.auto.xdcvars, XDC_VAR_NAME, or, in a module, with an attribute of the call.",
		Attributes: []Attribute{
			{
				Name: "type", Type: cty.DynamicPseudoType,
				Description: "What values are accepted: `string`, `number`, `bool`, `any`, `list(T)`, `set(T)`, `map(T)`, `tuple([T, ...])`, " +
					"`object({ name = T, other = optional(T, DEFAULT) })`, and, in modules, the handles `target`, `host` and `job`.",
				Example: "list(string)",
			},
			{
				Name: "default", Type: cty.DynamicPseudoType,
				Description: "The value when none is given. A variable without one must be set. It may not refer to anything.",
				Example:     `["10.0.1.0/24"]`,
			},
			{
				Name: "description", Type: cty.String,
				Description: "What the variable is for; shown when xdc asks for it.",
				Example:     `"How fast dc2 must take over."`,
			},
			{
				Name: "sensitive", Type: cty.Bool, Default: cty.False,
				Description: "Whether the value is a secret. Secrets never reach plans, reports, logs or arguments of processes, and may not be used in conditions, `count`, `for_each` or addresses.",
				Example:     "true",
			},
			{
				Name: "nullable", Type: cty.Bool, Default: cty.True,
				Description: "Whether the value may be null. If not, null means the default.",
				Example:     "false",
			},
		},
		Blocks: []Nested{{Block: Block{
			Name:        "validation",
			Description: "A rule the value must meet. Several may stand in one variable; all are checked.",
			Attributes: []Attribute{
				{
					Name: "condition", Type: cty.Bool, Required: true,
					Description: "An expression that is true for values that are accepted. It may refer to variables and locals.",
					Example:     `startswith(var.region, "eu-")`,
				},
				{
					Name: "error_message", Type: cty.String, Required: true,
					Description: "What to tell whoever gave another value, in whole sentences.",
					Example:     `"The region must be in Europe."`,
				},
			},
		}}},
	}
}

// Locals is the block `locals {}`.
func Locals() Block {
	return Block{
		Name:         "locals",
		Description:  "Names for expressions, used as `local.NAME`. There may be several such blocks.",
		AnyAttribute: true,
	}
}

// Output is the block `output "NAME" {}`.
func Output() Block {
	return Block{
		Name: "output", Labels: []string{"name"},
		Description: "A value shown when the run has ended and written to the report; in a module, what the caller sees as `module.NAME.OUTPUT`.",
		Attributes: []Attribute{
			{
				Name: "value", Type: cty.DynamicPseudoType, Required: true,
				Description: "The value. It may depend on results of steps.",
				Example:     "wait.takeover.rto",
			},
			{
				Name: "description", Type: cty.String,
				Description: "What the value means.",
				Example:     `"Seconds until dc2 had taken over, at worst."`,
			},
			{
				Name: "sensitive", Type: cty.Bool, Default: cty.False,
				Description: "Whether the value is withheld. A value made from sensitive variables must be declared so.",
				Example:     "true",
			},
		},
	}
}

// Module is the block `module "NAME" {}`.
func Module() Block {
	return Block{
		Name: "module", Labels: []string{"name"},
		Description: "Uses another plan as a part of this one. Its variables are given as attributes. A module that is given targets declares none, and no module has a `plan` block. " +
			"Its steps have addresses such as `module.NAME.wait.takeover`, its outputs are `module.NAME.OUTPUT`.",
		AnyAttribute: true,
		Attributes: []Attribute{{
			Name: "source", Type: cty.String, Required: true,
			Description: "A folder, relative to the file's own and beginning with `./` or `../`, or `xdc:NAME` for one of the plans that come with xdc. It must be a literal string.",
			Example:     `"./failback"`,
		}},
	}
}
