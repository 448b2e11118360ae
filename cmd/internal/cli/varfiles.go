package cli

import (
	"fmt"
	"os"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// fromFiles finds a variable's text in files of variables; of several files the last one counts.
func fromFiles(names []string, variable string) (string, bool, error) {
	for _, name := range slices.Backward(names) {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", false, fmt.Errorf("read --var-file: %w", err)
		}
		f, diags := hclsyntax.ParseConfig(b, name, hcl.InitialPos)
		if diags.HasErrors() {
			return "", false, fmt.Errorf("read --var-file %s: %s", name, diags[0].Summary)
		}
		attrs, diags := f.Body.JustAttributes()
		if diags.HasErrors() {
			return "", false, fmt.Errorf("read --var-file %s: %s", name, diags[0].Summary)
		}
		a, ok := attrs[variable]
		if !ok {
			continue
		}
		v, diags := a.Expr.Value(nil)
		if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
			return "", false, fmt.Errorf("read --var-file %s: %s is not a string", name, variable)
		}
		return v.AsString(), true, nil
	}
	return "", false, nil
}
