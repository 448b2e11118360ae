package schema_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/schema"
)

// TestCoreIsDocumented holds that every block and argument says what it is, in whole sentences, with an example
// that is an expression.
func TestCoreIsDocumented(t *testing.T) {
	var walk func(where string, b *schema.Block)
	walk = func(where string, b *schema.Block) {
		sentence(t, where, b.Description)
		for _, a := range b.Attributes {
			attribute(t, where+"."+a.Name, a)
		}
		for i := range b.Blocks {
			walk(where+"."+b.Blocks[i].Name, &b.Blocks[i].Block)
		}
	}
	for _, b := range schema.Core() {
		walk(b.Name, &b)
	}
	for _, k := range append(addr.Kinds(), "module") {
		for _, a := range schema.Meta(k) {
			attribute(t, string(k)+"."+a.Name, a)
		}
	}
}

func sentence(t *testing.T, where, text string) {
	t.Helper()
	if text == "" || !strings.HasSuffix(text, ".") {
		t.Errorf("%s: %q is not a description in whole sentences", where, text)
	}
}

func attribute(t *testing.T, where string, a schema.Attribute) {
	t.Helper()
	sentence(t, where, a.Description)
	if a.Example == "" {
		t.Errorf("%s has no example", where)
	}
	if _, hds := hclsyntax.ParseExpression([]byte(a.Example), where, hcl.InitialPos); hds.HasErrors() {
		t.Errorf("%s: the example %s is no expression: %s", where, a.Example, hds)
	}
}

func TestResultsAreNamedOnceAMoment(t *testing.T) {
	for _, k := range addr.Kinds() {
		seen := map[schema.Result]bool{}
		for _, r := range schema.Results(k) {
			key := schema.Result{Name: r.Name, Moment: r.Moment}
			if seen[key] {
				t.Errorf("%s.%s is there twice", k, r.Name)
			}
			seen[key] = true
			sentence(t, string(k)+"."+r.Name, r.Description)
		}
		if k != addr.Guard && !seen[schema.Result{Name: "status", Moment: schema.Final}] {
			t.Errorf("%s has no status", k)
		}
	}
}
