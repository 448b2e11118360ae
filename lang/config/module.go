// Package config gives the raw blocks of a plan their types: variables, targets, steps, calls of modules.
// Expressions stay open.
//
// It checks the shape of blocks against their schemas (unknown and missing arguments, nested blocks, labels)
// and evaluates nothing that could refer to anything. lang/check evaluates.
package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/source"
)

// A Module is one folder of plan files with typed blocks.
type Module struct {
	Set *source.Set
	// Root is where findings about the whole module point.
	Root hcl.Range
	// Damaged says that a file could not be read as HCL, so that what is here may be incomplete.
	Damaged bool

	Plan      *Plan // nil when there is no plan block
	Variables []*Variable
	Locals    []*Local
	Outputs   []*Output
	Targets   []*Target
	Steps     []*Step // in the order of the files
	Guards    []*Step
	Calls     []*Call
}

// Plan is the block `plan "NAME" {}`.
type Plan struct {
	Name     string
	Range    hcl.Range
	Content  *Content
	Defaults *Child // nil when there is none
}

// Variable is a variable's declaration.
type Variable struct {
	Name        string
	Description string
	Range       hcl.Range
	Type        Type
	// Default is cty.NilVal when there is none.
	Default     cty.Value
	Sensitive   bool
	Nullable    bool
	Validations []*Validation
}

// Type is what values a variable accepts.
type Type struct {
	cty.Type
	// Defaults are those of optional attributes; nil when there are none.
	Defaults *typeexpr.Defaults
	// Handle is "target", "host" or "job" when the variable takes such a handle.
	Handle string
	// Text is the type as it was written; "any" when it was not.
	Text string
}

// Validation is a rule of a variable.
type Validation struct {
	Range     hcl.Range
	Condition hcl.Expression
	Message   hcl.Expression
}

// Local is one name in a locals block.
type Local struct {
	Name  string
	Expr  hcl.Expression
	Range hcl.Range
}

// Output is an output's declaration.
type Output struct {
	Name        string
	Description string
	Sensitive   bool
	Value       hcl.Expression
	Range       hcl.Range
}

// Target is a target's block. Which connection blocks may stand in it depends on the catalog, so the body is
// still closed.
type Target struct {
	Name  string
	Range hcl.Range
	Body  hcl.Body
}

// Step is a step's or a guard's block.
type Step struct {
	Kind      addr.Kind
	Type      string // only of typed kinds
	Name      string
	Range     hcl.Range
	TypeRange hcl.Range // of the TYPE label
	// Meta are the meta-arguments by name.
	Meta map[string]*hcl.Attribute
	// Rest is everything else; what may stand there depends on the type.
	Rest hcl.Body
}

// Call is the block `module "NAME" {}`.
type Call struct {
	Name        string
	Source      string
	SourceRange hcl.Range
	Range       hcl.Range
	Meta        map[string]*hcl.Attribute
	// Args are the values for the child's variables.
	Args map[string]*hcl.Attribute
}

// Local returns the address of the step inside its module.
func (s *Step) Local() string {
	return addr.Step{Kind: s.Kind, Type: s.Type, Name: s.Name}.Local()
}
