// Package schema says what blocks of the plan language may hold.
//
// One schema gives decoding, checking, plan output, completion and reference pages, so that they cannot
// differ. This package describes; lang/config decodes with it and lang/check applies it. Providers state
// their part as values of these types and reach the language through Catalog.
package schema

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/signal"
)

// Form says how an attribute's value is to be understood beyond its cty type.
type Form int

// The forms. JSON in brackets is what a provider receives.
const (
	Plain     Form = iota // as its cty type says
	Duration              // a string such as "250ms", "60s", "1m30s" [the same, canonical]
	Percent               // a string such as "1%" or a number from 0 to 1 [number, a fraction]
	Size                  // a string such as "64KiB" or a number of bytes [number]
	Condition             // a string in the condition language; never reaches a provider
	Record                // an object of generators and constants, evaluated once a record; core only
	TargetRef             // target.dc1 ["dc1"]
	HostRef               // target.dc1.host.edge ["dc1.edge"]
	JobRef                // job.orders, or job.orders["dc1"] ["job.orders"]
	StepRef               // a reference to a step of one of Attribute.Kinds [its address]
	EventRef              // fault.T.N (its injection) or fault.T.N.healed ["fault.T.N.injected"]
	Network               // an IP prefix or address [canonical prefix]
	Path                  // a file, relative to the plan's folder [as written]; it is hashed into saved plans
	ShellArgs             // an argument list; sensitive values are refused
)

// Attribute is one argument of a block.
type Attribute struct {
	Name        string
	Description string // whole sentences; gives the unit
	Type        cty.Type
	Form        Form        // for lists and sets: of the elements
	Kinds       []addr.Kind // for StepRef and EventRef
	Required    bool
	Default     cty.Value // cty.NilVal: none
	Enum        []string  // for strings: the only values
	Example     string    // an HCL expression; documentation and the conformance suite use it
	Min, Max    *float64  // for numbers, inclusive; for durations, seconds

	// Credential attributes take exactly one sensitive variable and never a literal. NAME_file and
	// NAME_command are accepted beside them automatically.
	Credential bool
	// Public attributes are needed for healing or shown in full; sensitive values are refused.
	Public bool
}

// Nested is a block inside a block.
type Nested struct {
	Block
	Min, Max int // Max 0: no limit
	// Raw says that what stands inside is not known from this schema alone; it is opened later.
	Raw bool
}

// Block is what stands between the braces.
type Block struct {
	Name        string   // block type: "streams", "stage", "network_partition"
	Labels      []string // names of its labels, for documentation
	Description string
	Attributes  []Attribute
	Blocks      []Nested
	// AnyAttribute accepts attributes that are not listed (variables of a module call).
	AnyAttribute bool
}

// Attribute finds an attribute by name.
func (b *Block) Attribute(name string) (*Attribute, bool) {
	for i := range b.Attributes {
		if b.Attributes[i].Name == name {
			return &b.Attributes[i], true
		}
	}
	return nil, false
}

// Signal is one family of observations that a provider can make at a target.
type Signal struct {
	// Path is relative to the target; `*` stands for a name, `[*]` for an index:
	// "job.*.operator[*].tuples_in".
	Path        string
	Type        signal.Type
	Description string
	Provider    string
	// Named says that the first `*` stands for a block of the provider's connection; nil: for any name.
	Named *Named
}

// Named ties signals to nested blocks of a connection block: a plan may observe what it says is to be observed.
type Named struct {
	Block string // type of the nested block; its first label is the signal's name
	// TypedBy are attributes of that block that say what type its signal has, in order: the first whose value is
	// among Types decides. Where none is, Signal.Type holds.
	TypedBy []string
	Types   map[string]signal.Type
}

// Moment says when an attribute of a step has a value.
type Moment int

// The moments.
const (
	Final Moment = iota + 1 // known when the step is finished; makes an edge
	Live                    // has samples while the step runs; makes none
	Event                   // an instant: "has happened" as a bool, or a bound of a range
)

// Result is an attribute that a step has in conditions and, when final, in expressions.
type Result struct {
	Name        string
	Type        signal.Type
	Moment      Moment
	Bounded     bool // an interval: comparisons hold only if they do at both bounds
	Description string
}

// Catalog is what the checker knows about providers. providers.Registry implements it.
type Catalog interface {
	// Step returns the schema of `KIND "TYPE" "NAME" {}` beyond the meta-arguments.
	Step(kind addr.Kind, typ string) (*Block, bool)
	// StepTypes lists the types of a kind, sorted.
	StepTypes(kind addr.Kind) []string
	// Connection returns the schema of a connection block inside a target.
	Connection(name string) (*Block, bool)
	// Connections lists the connection blocks, sorted.
	Connections() []string
	// Signals lists what can be observed at a target.
	Signals() []Signal
}
