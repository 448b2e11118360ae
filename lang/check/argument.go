package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/value"
)

// argument evaluates one argument and puts it into the form that its schema asks for. The value is cty.NilVal
// when the argument is null, which is the same as not given.
func (s *scope) argument(a *schema.Attribute, attr *hcl.Attribute, b *bag) (cty.Value, bool) {
	if a.Form == schema.EventRef {
		ev, ok := s.event(a, attr.Expr)
		return cty.StringVal(ev.Path()), ok
	}
	v, ok := s.eval(attr.Expr)
	if !ok {
		return v, false
	}
	fail := func(code diag.Code, at hcl.Range, summary, detail string) (cty.Value, bool) {
		s.report(diag.Diagnostic{Code: code, Subject: &at, Summary: summary, Detail: detail, Values: s.valuesIn(attr.Expr)})
		return poisoned, false
	}
	at := attr.Expr.Range()
	if value.IsSensitive(v) && (a.Public || a.Form != schema.Plain) {
		why := "It is shown in plans and reports, and may be needed to heal."
		if a.Form == schema.ShellArgs {
			why = "Arguments of commands can be seen by everybody on the host. Hand the secret over on standard input or in a file."
		}
		return fail(diag.SensitiveHere, at, fmt.Sprintf("%s must not be a secret", a.Name), why)
	}
	if un, _ := v.Unmark(); un.IsKnown() && un.IsNull() {
		return cty.NilVal, true
	}
	if isLate(withoutHandles(v)) {
		if !b.opts.late {
			return fail(diag.MustBeKnown, at, fmt.Sprintf("%s must be known while planning", a.Name),
				"It depends on the result of a step, which exists only after the run has come there. Use variables and locals.")
		}
		if a.Form != schema.Plain {
			return cty.UnknownVal(a.Type), true
		}
	}
	if a.Form != schema.Plain && a.Form != schema.Path && a.Form != schema.ShellArgs {
		var bad *diag.Diagnostic
		v, bad = s.form(a, attr.Expr, v, b)
		if bad != nil {
			bad.Values = s.valuesIn(attr.Expr)
			s.report(*bad)
			return poisoned, false
		}
	}
	v = withoutHandles(v)
	out, err := convert.Convert(v, a.Type)
	if err != nil {
		return fail(diag.WrongType, at, fmt.Sprintf("%s is of the wrong type", a.Name),
			fmt.Sprintf("It must be %s: %s.%s", typeWords(a.Type), plainError(err), exampleOf(a)))
	}
	if bad := limits(a, out, at); bad != nil {
		s.report(*bad)
		return poisoned, false
	}
	if a.Form == schema.Path && s.mod.dir != "" {
		if un, m := out.Unmark(); un.IsKnown() && !un.IsNull() && un.Type() == cty.String {
			out = cty.StringVal(s.mod.file(un.AsString())).WithMarks(m)
		}
	}
	return out, true
}

func typeWords(t cty.Type) string {
	switch {
	case t.IsListType():
		return "a list of " + strings.TrimPrefix(typeWords(t.ElementType()), "a ") + "s"
	case t.IsMapType():
		return "a map of " + strings.TrimPrefix(typeWords(t.ElementType()), "a ") + "s"
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "a bool"
	}
	return t.FriendlyName()
}

func exampleOf(a *schema.Attribute) string {
	if a.Example == "" {
		return ""
	}
	return fmt.Sprintf(" For example: %s = %s.", a.Name, a.Example)
}

// valuesIn renders the values of the names in an expression.
func (s *scope) valuesIn(expr hcl.Expression) []diag.Value {
	vars := expr.Variables()
	if len(vars) == 0 {
		return nil
	}
	quiet := *s
	quiet.diags = new(diag.List)
	ctx, ok := quiet.context(vars)
	if !ok {
		return nil
	}
	return values(expr, ctx)
}

// limits checks enumerations and bounds.
func limits(a *schema.Attribute, v cty.Value, at hcl.Range) *diag.Diagnostic {
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() || v.IsNull() {
		return nil
	}
	if v.Type().IsListType() || v.Type().IsSetType() {
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			if d := limits(a, el, at); d != nil {
				return d
			}
		}
		return nil
	}
	if len(a.Enum) > 0 && v.Type() == cty.String && !slices.Contains(a.Enum, v.AsString()) {
		return &diag.Diagnostic{
			Severity: diag.Error, Code: diag.NotInEnum, Subject: &at, Summary: fmt.Sprintf("%s cannot be %q", a.Name, v.AsString()),
			Detail: fmt.Sprintf("It is one of %s.%s", quoted(a.Enum), diag.Suggest(v.AsString(), a.Enum)),
		}
	}
	n, unit := 0.0, ""
	switch {
	case v.Type() == cty.Number:
		n, _ = v.AsBigFloat().Float64()
	case a.Form == schema.Duration && v.Type() == cty.String:
		d, err := value.ParseDuration(v.AsString())
		if err != nil {
			return nil //nolint:nilerr // that it is no duration has been reported already
		}
		n, unit = d.D().Seconds(), " seconds"
	default:
		return nil
	}
	var rule string
	switch {
	case a.Min != nil && n < *a.Min:
		rule = fmt.Sprintf("at least %v%s", *a.Min, unit)
	case a.Max != nil && n > *a.Max:
		rule = fmt.Sprintf("at most %v%s", *a.Max, unit)
	default:
		return nil
	}
	return &diag.Diagnostic{
		Severity: diag.Error, Code: diag.OutOfRange, Subject: &at, Summary: fmt.Sprintf("%s is out of range", a.Name),
		Detail: fmt.Sprintf("It must be %s; it is %v here.", rule, n),
	}
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(out, ", ")
}

// form brings a value, or each element of a list, into the form that the schema asks for.
func (s *scope) form(a *schema.Attribute, expr hcl.Expression, v cty.Value, b *bag) (cty.Value, *diag.Diagnostic) {
	at := expr.Range()
	if !a.Type.IsListType() && !a.Type.IsSetType() {
		return s.formOne(a, v, at, b)
	}
	un, marks := v.Unmark()
	_, whole := handleOf(un)
	if whole || un.IsNull() || !un.IsKnown() || !un.CanIterateElements() {
		return v, &diag.Diagnostic{
			Severity: diag.Error, Code: diag.WrongType, Subject: &at, Summary: fmt.Sprintf("%s is a list", a.Name),
			Detail: fmt.Sprintf("Put it in brackets, also if it is only one.%s", exampleOf(a)),
		}
	}
	parts, hds := hcl.ExprList(expr)
	if hds.HasErrors() {
		parts = nil
	}
	var out []cty.Value
	i := 0
	for it := un.ElementIterator(); it.Next(); i++ {
		_, el := it.Element()
		where := at
		if i < len(parts) {
			where = parts[i].Range()
		}
		f, d := s.formOne(a, el, where, b)
		if d != nil {
			return v, d
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		return cty.ListValEmpty(a.Type.ElementType()).WithMarks(marks), nil
	}
	return cty.TupleVal(out).WithMarks(marks), nil
}

// withoutHandles replaces handles by their addresses, for arguments that take any value.
func withoutHandles(v cty.Value) cty.Value {
	out, err := cty.Transform(v, func(_ cty.Path, el cty.Value) (cty.Value, error) {
		if el.IsKnown() && el.Type().IsObjectType() && el.Type().HasAttribute(config.HandleAttr) {
			if h, ok := handleOf(el); ok {
				return cty.StringVal(h), nil
			}
		}
		return el, nil
	})
	if err != nil {
		return v
	}
	return out
}
