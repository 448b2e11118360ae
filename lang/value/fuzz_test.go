package value_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/lang/value"
)

// No call may panic inside a function, whatever it is given, and no error may tell a secret.
func FuzzCalls(f *testing.F) {
	for _, d := range value.FunctionDocs() {
		f.Add(d.Example)
	}
	for _, s := range []string{
		`upper(secret)`, `jsonencode(hidden)`, `setunion(anylate, [])`, `cidrsubnets("::/0", 128, -1)`, `range(0, 1e9)`, `formatlist("%s", [later])`,
		`element([], 0)`, `slice([1], 2, 1)`, `indent(-1, "")`, `zipmap(["a"], [])`, `one(laters)`, `format("%*d", 1, secret)`, `record::choice(hosts)`,
	} {
		f.Add(s)
	}
	ctx := context(caseVars)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 300 || strings.Contains(text, "hunter2") {
			return
		}
		expr, diags := hclsyntax.ParseExpression([]byte(text), "f", hcl.InitialPos)
		if diags.HasErrors() {
			return
		}
		_, diags = expr.Value(ctx)
		for _, d := range diags {
			if strings.Contains(d.Detail, "mistake in xdc") {
				t.Errorf("%s: %s", text, d.Detail)
			}
			if strings.Contains(d.Summary+d.Detail, "hunter2") {
				t.Errorf("%s tells a secret: %s; %s", text, d.Summary, d.Detail)
			}
		}
	})
}
