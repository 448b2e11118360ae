package value

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func conversionFuncs() []entry {
	val := []param{{"value", "The value."}}
	return []entry{
		{"can", Conversion, "Whether an expression has a value, instead of being an error.", []param{{"expression", "The expression."}}, `can(regex("^dc[0-9]$", "dc1"))`, `true`, fixed(canFunc)},
		{"issensitive", Conversion, "Whether a value is secret or has a secret in it.", val, `issensitive(sensitive("x"))`, `true`, fixed(isSensitiveFunc)},
		{"nonsensitive", Conversion, "The value without its mark as a secret: from here on it is shown and stored. Only for values that are no secrets, although they were made from one.", val, `nonsensitive(sensitive("x"))`, `"x"`, fixed(nonsensitiveFunc)},
		{"sensitive", Conversion, "The value, marked as a secret: it is neither shown nor stored.", val, `nonsensitive(sensitive("x"))`, `"x"`, fixed(sensitiveFunc)},
		{"tobool", Conversion, "The value as a bool: \"true\", \"false\" or a bool.", val, `tobool("true")`, `true`, fixed(stdlib.MakeToFunc(cty.Bool))},
		{"tolist", Conversion, "The value as a list, whose elements are of one type.", val, `tolist(["a", 1])`, `tolist(["a", "1"])`, fixed(stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)))},
		{"tomap", Conversion, "The value as a map, whose elements are of one type.", val, `tomap({ a = 1, b = "2" })`, `tomap({ a = "1", b = "2" })`, fixed(stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)))},
		{"tonumber", Conversion, "The value as a number.", val, `tonumber("12")`, `12`, fixed(stdlib.MakeToFunc(cty.Number))},
		{"toset", Conversion, "The value as a set: every element once, without an order.", val, `toset(["b", "a", "b"])`, `toset(["a", "b"])`, fixed(stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)))},
		{"tostring", Conversion, "The value as a string.", val, `tostring(12)`, `"12"`, fixed(stdlib.MakeToFunc(cty.String))},
		{"try", Conversion, "The value of the first expression that has one, instead of being an error.", []param{{"expressions", "The expressions, in order of preference."}}, `try(tonumber("x"), 0)`, `0`, fixed(tryFunc)},
		{"type", Conversion, "The type of a value, as a type constraint is written.", val, `type({ a = [true] })`, `"object({a=tuple([bool])})"`, fixed(typeFunc)},
	}
}

// transparent is a parameter that takes everything as it is.
func transparent(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true}
}

func sameType(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil }

var sensitiveFunc = function.New(&function.Spec{
	Params: []function.Parameter{transparent("value")}, Type: sameType,
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return Sensitive(args[0]), nil },
})

var nonsensitiveFunc = function.New(&function.Spec{
	Params: []function.Parameter{transparent("value")}, Type: sameType,
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return withoutMark(args[0]) },
})

// withoutMark removes SensitiveMark everywhere and leaves other marks.
func withoutMark(v cty.Value) (cty.Value, error) {
	plain, paths := v.UnmarkDeepWithPaths()
	for i := range paths {
		keep := cty.ValueMarks{}
		for m := range paths[i].Marks {
			if m != SensitiveMark {
				keep[m] = struct{}{}
			}
		}
		paths[i].Marks = keep
	}
	return plain.MarkWithPaths(paths), nil
}

var isSensitiveFunc = function.New(&function.Spec{
	Params: []function.Parameter{transparent("value")}, Type: function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() && !IsSensitive(args[0]) {
			return cty.UnknownVal(cty.Bool), nil
		}
		return cty.BoolVal(IsSensitive(args[0])), nil
	},
})

var typeFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		ty := args[0].Type()
		if ty.HasDynamicTypes() && !args[0].IsWhollyKnown() {
			return cty.UnknownVal(cty.String), nil
		}
		return cty.StringVal(typeexpr.TypeString(ty)), nil
	},
})

var expressionParam = function.Parameter{Name: "expression", Type: customdecode.ExpressionClosureType}

var canFunc = function.New(&function.Spec{
	Params: []function.Parameter{expressionParam}, Type: function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, secret, diags := attempt(args[0])
		out := cty.BoolVal(!diags.HasErrors())
		if !diags.HasErrors() && !v.IsWhollyKnown() {
			out = cty.UnknownVal(cty.Bool)
		}
		if secret {
			out = Sensitive(out)
		}
		return out, nil
	},
})

var tryFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "expressions", Type: customdecode.ExpressionClosureType},
	Type: func(args []cty.Value) (cty.Type, error) {
		v, err := firstValue(args)
		if err != nil {
			return cty.NilType, err
		}
		return v.Type(), nil
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return firstValue(args) },
})

// attempt evaluates an expression. secret says that a secret had a say in whether it has a value.
func attempt(arg cty.Value) (v cty.Value, secret bool, diags hcl.Diagnostics) {
	c := customdecode.ExpressionClosureFromVal(arg)
	v, diags = c.Value()
	secret = !diags.HasErrors() && IsSensitive(v)
	if !secret {
		for _, t := range c.Expression.Variables() {
			ref, ds := t.TraverseAbs(c.EvalContext)
			secret = secret || !ds.HasErrors() && IsSensitive(ref)
		}
	}
	return v, secret, diags
}

func firstValue(args []cty.Value) (cty.Value, error) {
	if len(args) == 0 {
		return cty.NilVal, errors.New("at least one expression is needed")
	}
	var why hcl.Diagnostics
	tainted := false
	for _, a := range args {
		v, secret, diags := attempt(a)
		if diags.HasErrors() {
			// That this one failed is told by what comes next, so its secrets go with it.
			tainted = tainted || secret
			why = append(why, diags...)
			continue
		}
		if !v.IsWhollyKnown() {
			// What is unknown may still turn out to be an error, and then another one counts.
			v = cty.DynamicVal.WithSameMarks(v)
			tainted = tainted || secret
		}
		if tainted {
			v = Sensitive(v)
		}
		return v, nil
	}
	if tainted {
		return cty.NilVal, errors.New("none of the expressions has a value; why is not shown, because secrets are involved")
	}
	return cty.NilVal, fmt.Errorf("none of the expressions has a value; the first problem: %w", templateError(why))
}
