package check

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// credential evaluates a credential: one sensitive variable, or NAME_file, or NAME_command.
func (b *bag) credential(content *config.Content, a *schema.Attribute) {
	s := b.s
	given := 0
	for _, n := range []string{a.Name, a.Name + "_file", a.Name + "_command"} {
		if content.Attrs[n] != nil {
			given++
		}
	}
	if given > 1 {
		b.ok = false
		at := content.Missing
		for _, n := range []string{a.Name + "_command", a.Name + "_file", a.Name} {
			if x := content.Attrs[n]; x != nil {
				at = x.NameRange
				break
			}
		}
		s.report(diag.Diagnostic{
			Code: diag.CredentialTwice, Subject: &at, Summary: fmt.Sprintf("%s is given in two ways", a.Name),
			Detail: fmt.Sprintf("Keep one of %s, %s_file and %s_command.", a.Name, a.Name, a.Name),
		})
		return
	}
	if x := content.Attrs[a.Name+"_file"]; x != nil {
		b.plain(&schema.Attribute{Name: x.Name, Type: cty.String, Form: schema.Path, Public: true, Example: `"password.txt"`}, content)
	}
	if x := content.Attrs[a.Name+"_command"]; x != nil {
		b.plain(&schema.Attribute{Name: x.Name, Type: cty.List(cty.String), Form: schema.ShellArgs, Public: true, Example: `["vault", "kv", "get", "-field=password", "secret/streams"]`}, content)
	}
	x := content.Attrs[a.Name]
	if x == nil {
		return
	}
	v, ok := s.eval(x.Expr)
	if !ok {
		b.ok = false
		return
	}
	if un, _ := v.Unmark(); un.IsKnown() && un.IsNull() && !a.Required {
		return
	}
	slot := s.slotOf(x.Expr)
	if slot == "" || !value.IsSensitive(v) {
		b.ok = false
		detail := "A literal in a plan is there for everybody to read."
		if len(x.Expr.Variables()) > 0 {
			detail = "It is an expression, or a variable that is not declared sensitive."
		}
		s.report(diag.Diagnostic{
			Code: diag.CredentialLiteral, Subject: x.Expr.Range().Ptr(), Summary: fmt.Sprintf("%s is a secret", a.Name),
			Detail: fmt.Sprintf("%s Give exactly one variable that is declared `sensitive = true`, such as var.%s; or use %s_file or %s_command.", detail, a.Name, a.Name, a.Name),
		})
		return
	}
	un, _ := v.UnmarkDeep()
	if un.IsKnown() && (un.IsNull() || un.Type() != cty.String) {
		b.ok = false
		s.report(diag.Diagnostic{
			Code: diag.WrongType, Subject: x.Expr.Range().Ptr(), Summary: fmt.Sprintf("%s is of the wrong type", a.Name),
			Detail: "A credential is a string, and not null. Declare the variable with `type = string`.",
		})
		return
	}
	if un.IsKnown() && s.res == nil {
		s.mod.c.keep(slot, un)
	}
	b.vals[a.Name] = cty.ObjectVal(map[string]cty.Value{"secret": cty.StringVal(slot)})
}

func (b *bag) plain(a *schema.Attribute, content *config.Content) {
	b.attribute(content, &schema.Block{Name: a.Name}, a)
}
