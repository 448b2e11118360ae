package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/syntax"
)

func (d *decoder) variable(b *syntax.Block) {
	s := schema.Variable()
	c, ds := Open(b.Body, &s, Static)
	d.diags = append(d.diags, ds...)
	v := &Variable{
		Name: b.Labels[0], Range: b.Range, Default: cty.NilVal,
		Type:        Type{Type: cty.DynamicPseudoType, Text: "any"},
		Description: d.text(c, "description"),
		Sensitive:   d.flag(c, "sensitive", false),
		Nullable:    d.flag(c, "nullable", true),
	}
	if a, ok := c.Attrs["type"]; ok {
		t, ds := ParseType(a.Expr)
		d.diags = append(d.diags, ds...)
		v.Type = t
	}
	if a, ok := c.Attrs["default"]; ok {
		if val, ok := d.anyLiteral(a); ok {
			d.defaultValue(v, val, a.Expr.Range())
		}
	}
	for _, ch := range c.Blocks {
		if ch.Type != "validation" || ch.Content.Attrs["condition"] == nil || ch.Content.Attrs["error_message"] == nil {
			continue
		}
		v.Validations = append(v.Validations, &Validation{
			Range: ch.Range, Condition: ch.Content.Attrs["condition"].Expr, Message: ch.Content.Attrs["error_message"].Expr,
		})
	}
	d.mod.Variables = append(d.mod.Variables, v)
}

func (d *decoder) defaultValue(v *Variable, val cty.Value, at hcl.Range) {
	bad := func(why string) {
		d.diags = append(d.diags, diag.Diagnostic{
			Severity: diag.Error, Code: diag.BadDefault,
			Summary: fmt.Sprintf("The default of var.%s does not fit", v.Name), Detail: why, Subject: &at,
		})
		v.Default = cty.UnknownVal(v.Type.Type) // poisoned: there is a default, whatever it is
	}
	if v.Type.Handle != "" {
		bad(fmt.Sprintf("A variable of type %s takes a handle, which only the caller of the module has. Remove the default.", v.Type.Handle))
		return
	}
	if val.IsNull() {
		if !v.Nullable {
			bad("The variable is not nullable, so its default cannot be null. Remove the default, or `nullable = false`.")
			return
		}
		v.Default = cty.NullVal(v.Type.WithoutOptionalAttributesDeep())
		return
	}
	out, err := v.Type.Convert(val)
	if err != nil {
		bad(fmt.Sprintf("The variable is of type %s: %s.", v.Type.Text, err))
		return
	}
	v.Default = out
}

// Convert makes a value one of the type, with the defaults of optional attributes filled in.
func (t Type) Convert(v cty.Value) (cty.Value, error) {
	if t.Defaults != nil && !v.IsNull() {
		un, marks := v.Unmark()
		v = t.Defaults.Apply(un).WithMarks(marks)
	}
	return convert.Convert(v, t.Type)
}
