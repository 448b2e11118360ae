package value

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// lookupFunc finds an element, and keeps only the marks of the element, the key and the map as a whole: what is
// not secret in a map with secrets stays usable.
var lookupFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "map", Type: cty.DynamicPseudoType, AllowMarked: true},
		{Name: "key", Type: cty.String, AllowMarked: true},
	},
	VarParam: &function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowMarked: true, AllowUnknown: true, AllowDynamicType: true, AllowNull: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		if len(args) > 3 {
			return cty.NilType, function.NewArgErrorf(3, "one default is enough")
		}
		ty := args[0].Type()
		switch {
		case ty.IsMapType():
			if len(args) == 3 {
				if _, err := convert.Convert(args[2], ty.ElementType()); err != nil {
					return cty.NilType, function.NewArgErrorf(2, "the default must be of the type of the map's elements: %w", err)
				}
			}
			return ty.ElementType(), nil
		case ty.IsObjectType():
			key, _ := args[1].Unmark()
			if !key.IsKnown() {
				return cty.DynamicPseudoType, nil
			}
			if ty.HasAttribute(key.AsString()) {
				return ty.AttributeType(key.AsString()), nil
			}
			if len(args) == 3 {
				return args[2].Type(), nil
			}
			return cty.NilType, function.NewArgErrorf(1, "there is no such key")
		}
		return cty.NilType, function.NewArgErrorf(0, "a map or object is needed, not %s", ty.FriendlyName())
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		m, mMarks := args[0].Unmark()
		key, kMarks := args[1].Unmark()
		if !m.IsKnown() || !key.IsKnown() {
			return cty.UnknownVal(ty).WithMarks(mMarks, kMarks), nil
		}
		name := key.AsString()
		switch {
		case m.Type().IsObjectType() && m.Type().HasAttribute(name):
			return m.GetAttr(name).WithMarks(mMarks, kMarks), nil
		case m.Type().IsMapType() && m.HasIndex(key).True():
			return m.Index(key).WithMarks(mMarks, kMarks), nil
		case len(args) == 3:
			v, err := convert.Convert(args[2], ty)
			if err != nil {
				return cty.NilVal, function.NewArgError(2, err)
			}
			return v.WithMarks(mMarks, kMarks), nil
		}
		return cty.NilVal, function.NewArgErrorf(1, "there is no such key")
	},
})

var matchkeysFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		listParam("values", cty.DynamicPseudoType), listParam("keys", cty.DynamicPseudoType), listParam("wanted", cty.DynamicPseudoType),
	},
	Type: func(args []cty.Value) (cty.Type, error) {
		if ty, _ := convert.UnifyUnsafe([]cty.Type{args[1].Type(), args[2].Type()}); ty == cty.NilType {
			return cty.NilType, function.NewArgErrorf(2, "keys and wanted must be of one type")
		}
		return args[0].Type(), nil
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		if !args[0].Length().IsKnown() || !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
			return cty.UnknownVal(ty), nil
		}
		if args[0].LengthInt() != args[1].LengthInt() {
			return cty.NilVal, function.NewArgErrorf(1, "there are %d keys for %d values", args[1].LengthInt(), args[0].LengthInt())
		}
		var out []cty.Value
		keys := args[1].AsValueSlice()
		for i, v := range args[0].AsValueSlice() {
			for _, want := range args[2].AsValueSlice() {
				eq, err := stdlib.Equal(keys[i], want)
				if err != nil {
					return cty.NilVal, function.NewArgError(2, err)
				}
				if eq.True() {
					out = append(out, v)
					break
				}
			}
		}
		if len(out) == 0 {
			return cty.ListValEmpty(ty.ElementType()), nil
		}
		return cty.ListVal(out), nil
	},
})

// Convert is the conversion that the language does by itself, such as of a number to a string.
func Convert(v cty.Value, ty cty.Type) (cty.Value, error) { return convert.Convert(v, ty) }
