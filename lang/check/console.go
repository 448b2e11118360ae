package check

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/xdc-project/xdc/lang/cond"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
)

// A Console evaluates expressions and conditions that stand outside of a plan, with what is known while planning.
// It is not safe for concurrent use.
type Console struct{ root *module }

// NewConsole checks a plan and returns a console for it; nil when the plan cannot be read at all.
func NewConsole(mod *config.Module, cat schema.Catalog, in Inputs) (*Console, diag.List) {
	_, c, diags := run(mod, cat, in)
	if c == nil {
		return nil, diags
	}
	return &Console{root: c.root}, diags
}

// Value evaluates an expression and renders its value as people read it; secrets are withheld.
func (k *Console) Value(expr hcl.Expression) (string, diag.List) {
	var found diag.List
	v, ok := (&scope{mod: k.root, diags: &found}).eval(expr)
	if !ok {
		return "", found
	}
	return render(v), found
}

// Condition compiles a condition.
func (k *Console) Condition(text string) (*cond.Formula, []cond.Problem) {
	var found diag.List
	return cond.Compile(text, cond.Verdict, &resolver{s: &scope{mod: k.root, diags: &found}})
}

// Question compiles a condition, or an operand alone, to be asked about a recorded run.
func (k *Console) Question(text string) (*cond.Formula, []cond.Problem) {
	var found diag.List
	return cond.CompileAny(text, &resolver{s: &scope{mod: k.root, diags: &found}})
}
