package value

import (
	"errors"
	"fmt"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

var varsParam = function.Parameter{Name: "vars", Type: cty.DynamicPseudoType, AllowMarked: true}

func templateFileFunc(env FuncEnv) function.Function {
	return templateFunc(env, "path", func(name string) (string, string, error) {
		b, err := env.ReadFile(name)
		if err != nil {
			return "", "", err
		}
		text, err := utf8Text(b)
		return name, text, err
	})
}

func templateStringFunc(env FuncEnv) function.Function {
	return templateFunc(env, "template", func(text string) (string, string, error) { return "template", text, nil })
}

// templateFunc is a function that renders a template with names of its own. Templates may call every function
// but those that render templates, so that none can call itself.
func templateFunc(env FuncEnv, first string, load func(string) (name, text string, err error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{stringParam(first), varsParam},
		Type: func(args []cty.Value) (cty.Type, error) {
			if ty := args[1].Type(); !ty.IsObjectType() && !ty.IsMapType() && ty != cty.DynamicPseudoType {
				return cty.NilType, function.NewArgErrorf(1, "an object of names and values is needed, not %s", ty.FriendlyName())
			}
			return cty.String, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name, text, err := load(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			vars, marks := args[1].Unmark()
			if !vars.IsKnown() {
				return cty.UnknownVal(cty.String).WithMarks(marks), nil
			}
			v, err := render(env, name, text, vars.AsValueMap())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return v.WithMarks(marks), nil
		},
	})
}

func render(env FuncEnv, name, text string, vars map[string]cty.Value) (cty.Value, error) {
	expr, diags := hclsyntax.ParseTemplate([]byte(text), name, hcl.InitialPos)
	if diags.HasErrors() {
		return cty.NilVal, templateError(diags)
	}
	for _, t := range expr.Variables() {
		if _, ok := vars[t.RootName()]; !ok {
			r := t.SourceRange()
			return cty.NilVal, fmt.Errorf("%s line %d uses %q, which is not among the names given", r.Filename, r.Start.Line, t.RootName())
		}
	}
	funcs := map[string]function.Function{}
	for _, e := range entries() {
		if e.name != "templatefile" && e.name != "templatestring" {
			funcs[e.name] = e.make(env)
		}
	}
	v, diags := expr.Value(&hcl.EvalContext{Variables: maps.Clone(vars), Functions: funcs})
	if diags.HasErrors() {
		return cty.NilVal, templateError(diags)
	}
	out, err := convert.Convert(v, cty.String)
	if err != nil {
		return cty.NilVal, fmt.Errorf("%s does not render to text: %w", name, err)
	}
	return out, nil
}

// templateError is the first finding about a template, with its place in it. The values it was about are left
// out: they may be secret.
func templateError(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		if d.Subject != nil {
			return fmt.Errorf("%s line %d: %s; %s", d.Subject.Filename, d.Subject.Start.Line, d.Summary, d.Detail)
		}
		return fmt.Errorf("%s; %s", d.Summary, d.Detail)
	}
	return errors.New("the template cannot be rendered")
}
