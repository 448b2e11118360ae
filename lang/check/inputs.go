package check

import (
	"time"

	"github.com/xdc-project/xdc/lang/source"
)

// Inputs are what a check needs besides the plan's own text.
type Inputs struct {
	// Vars are the values given by --var, in order; of several for one name the last one counts.
	Vars []VarAssign
	// VarFiles are the files given by --var-file, in order. The *.auto.xdcvars of the folder are found without.
	VarFiles []*source.File
	// Env looks up an environment variable; nil: there are none.
	Env func(name string) (string, bool)
	// Prompt asks for the value of a variable that has none; nil: nobody can be asked. PromptSecret does so
	// for sensitive variables, without showing what is typed; nil: Prompt asks.
	Prompt       func(name string) (string, bool)
	PromptSecret func(name string) (string, bool)
	// Now is what timestamp() says, so that it is the same all over the plan.
	Now time.Time
	// AllowMissingSecrets makes sensitive variables without a value unknown instead of missing: validate,
	// plan and rehearse need none.
	AllowMissingSecrets bool
	// Shipped returns the plan called NAME of those that come with xdc, for `source = "xdc:NAME"`.
	Shipped func(name string) (*source.Set, bool)
	// Version is that of this xdc, for plan.required_version; empty: a development build, which meets all.
	Version string
	// MaxSteps bounds how many steps a plan may have, modules included; 0: DefaultMaxSteps.
	MaxSteps int
	// HashFiles makes the check read the bundles and data files that the plan names, so that their digests
	// are in Program.Files. A file that cannot be read is then an error.
	HashFiles bool
}

// DefaultMaxSteps is how many steps a plan may have.
const DefaultMaxSteps = 200_000

// VarAssign is a value given on the command line.
type VarAssign struct {
	Name string
	// Text is an expression for variables of complex types, and the value itself for strings.
	Text string
	// Source says where it comes from, for messages: "--var".
	Source string
}
