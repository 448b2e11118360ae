package value

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func collectionFuncs() []entry {
	list := param{"list", "A list."}
	sets := []param{{"first", "A set."}, {"others", "More sets."}}
	m := param{"map", "A map or object."}
	return []entry{
		{"alltrue", Collection, "Whether all elements are true; of none it is true.", []param{{"list", "A list of bools."}}, `alltrue([true, false])`, `false`, fixed(boolFold(false))},
		{"anytrue", Collection, "Whether at least one element is true.", []param{{"list", "A list of bools."}}, `anytrue([true, false])`, `true`, fixed(boolFold(true))},
		{"chunklist", Collection, "The list cut into lists of at most some length.", []param{list, {"size", "The length of each piece; 0 for one piece."}}, `chunklist(["a", "b", "c"], 2)`, `tolist([tolist(["a", "b"]), tolist(["c"])])`, fixed(stdlib.ChunklistFunc)},
		{"coalesce", Collection, "The first of its arguments that is neither null nor an empty string.", []param{{"values", "Values of one type."}}, `coalesce("", "b")`, `"b"`, fixed(coalesceFunc)},
		{"coalescelist", Collection, "The first of its arguments that is not an empty list.", []param{{"lists", "Lists."}}, `coalescelist([], ["b"])`, `["b"]`, fixed(stdlib.CoalesceListFunc)},
		{"compact", Collection, "The list without null and empty strings.", []param{{"list", "A list of strings."}}, `compact(["a", "", "c"])`, `tolist(["a", "c"])`, fixed(stdlib.CompactFunc)},
		{"concat", Collection, "One list of the elements of several, in order.", []param{{"lists", "Lists."}}, `concat(["a"], ["b", "c"])`, `["a", "b", "c"]`, fixed(stdlib.ConcatFunc)},
		{"contains", Collection, "Whether a value is an element.", []param{{"list", "A list or set."}, {"value", "The value to look for."}}, `contains(["a", "b"], "b")`, `true`, fixed(stdlib.ContainsFunc)},
		{"distinct", Collection, "The list with every value only once, where it stood first.", []param{list}, `distinct(["a", "b", "a"])`, `tolist(["a", "b"])`, fixed(stdlib.DistinctFunc)},
		{"element", Collection, "The element at a position; positions past the end begin again at the front, and -1 is the last.", []param{list, {"index", "The position, from 0."}}, `element(["a", "b", "c"], 4)`, `"b"`, fixed(stdlib.ElementFunc)},
		{"flatten", Collection, "The list with the elements of lists in it, however deep, in their place.", []param{list}, `flatten([["a"], ["b", ["c"]]])`, `["a", "b", "c"]`, fixed(stdlib.FlattenFunc)},
		{"index", Collection, "The position of a value; it is an error if it is not an element.", []param{list, {"value", "The value to look for."}}, `index(["a", "b"], "b")`, `1`, fixed(indexFunc)},
		{"keys", Collection, "The keys, sorted.", []param{m}, `keys({ b = 1, a = 2 })`, `["a", "b"]`, fixed(stdlib.KeysFunc)},
		{"length", Collection, "How many elements a list, set, map or object has, or characters a string.", []param{{"value", "The value."}}, `length(["a", "b"])`, `2`, fixed(lengthFunc)},
		{"lookup", Collection, "The element with a key, or a default. Without one, a missing key is an error.", []param{m, {"key", "The key."}, {"default", optionalOnce + "What to return when there is no such key."}}, `lookup({ a = 1 }, "b", 0)`, `0`, fixed(lookupFunc)},
		{"matchkeys", Collection, "The elements of one list whose counterparts in another are wanted.", []param{{"values", "The list to choose from."}, {"keys", "A list of the same length."}, {"wanted", "The keys whose values to return."}}, `matchkeys(["a", "b"], ["dc1", "dc2"], ["dc2"])`, `tolist(["b"])`, fixed(matchkeysFunc)},
		{"merge", Collection, "One map or object of several; of equal keys the last counts.", []param{{"maps", "Maps or objects."}}, `merge({ a = 1, b = 2 }, { b = 3 })`, `{ a = 1, b = 3 }`, fixed(stdlib.MergeFunc)},
		{"one", Collection, "The only element of a list or set, or null if there is none; more than one is an error.", []param{{"list", "A list or set of at most one element."}}, `one(["a"])`, `"a"`, fixed(oneFunc)},
		{"range", Collection, "A list of numbers, at most 1024: `range(END)`, `range(START, END)` or `range(START, END, STEP)`; the end is not part of it.", []param{{"numbers", "One to three numbers."}}, `range(1, 4)`, `tolist([1, 2, 3])`, fixed(stdlib.RangeFunc)},
		{"reverse", Collection, "The list backwards.", []param{list}, `reverse(["a", "b"])`, `["b", "a"]`, fixed(stdlib.ReverseListFunc)},
		{"setintersection", Collection, "The elements that are in all sets.", sets, `setintersection(["a", "b"], ["b", "c"])`, `toset(["b"])`, fixed(setFunc(stdlib.SetIntersectionFunc))},
		{"setproduct", Collection, "All combinations of one element of each.", []param{{"sets", "Two or more lists or sets."}}, `setproduct(["dc1", "dc2"], ["a"])`, `tolist([["dc1", "a"], ["dc2", "a"]])`, fixed(setproductFunc)},
		{"setsubtract", Collection, "The elements of the first set that are not in the second.", []param{{"first", "A set."}, {"second", "The elements to take away."}}, `setsubtract(["a", "b"], ["b"])`, `toset(["a"])`, fixed(setFunc(stdlib.SetSubtractFunc))},
		{"setunion", Collection, "The elements that are in at least one set.", sets, `setunion(["a"], ["b"])`, `toset(["a", "b"])`, fixed(setFunc(stdlib.SetUnionFunc))},
		{"slice", Collection, "The elements from one position up to, and without, another.", []param{list, {"start", "The first position, from 0."}, {"end", "The position after the last."}}, `slice(["a", "b", "c"], 1, 3)`, `["b", "c"]`, fixed(stdlib.SliceFunc)},
		{"sort", Collection, "The strings in order of their characters' numbers.", []param{{"list", "A list of strings."}}, `sort(["b", "a"])`, `tolist(["a", "b"])`, fixed(stdlib.SortFunc)},
		{"transpose", Collection, "A map of lists of strings with keys and elements exchanged.", []param{{"map", "A map of lists of strings."}}, `transpose({ a = ["1", "2"], b = ["2"] })`, `tomap({ "1" = tolist(["a"]), "2" = tolist(["a", "b"]) })`, fixed(transposeFunc)},
		{"values", Collection, "The values, in order of their keys.", []param{m}, `values({ b = 1, a = 2 })`, `[2, 1]`, fixed(stdlib.ValuesFunc)},
		{"zipmap", Collection, "A map or object of a list of keys and a list of values.", []param{{"keys", "The keys."}, {"values", "As many values."}}, `zipmap(["a", "b"], [1, 2])`, `{ a = 1, b = 2 }`, fixed(stdlib.ZipmapFunc)},
	}
}

// boolFold is a function that is want as soon as an element is, else the opposite. It is known if the elements
// that are known decide.
func boolFold(want bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{listParam("list", cty.Bool)},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			unknown := false
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				switch {
				case !v.IsKnown():
					unknown = true
				case v.IsNull():
					return cty.NilVal, function.NewArgErrorf(0, "null is neither true nor false")
				case v.True() == want:
					return cty.BoolVal(want), nil
				}
			}
			if unknown {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(!want), nil
		},
	})
}

// lengthFunc counts. The number of elements of a value with secrets in it is no secret, unless the whole is.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true, AllowMarked: true}},
	Type: func(args []cty.Value) (cty.Type, error) {
		ty := args[0].Type()
		if ty == cty.String || ty == cty.DynamicPseudoType || ty.IsCollectionType() || ty.IsTupleType() || ty.IsObjectType() {
			return cty.Number, nil
		}
		return cty.NilType, function.NewArgErrorf(0, "%s has no length; lists, sets, maps, objects and strings have", ty.FriendlyName())
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, marks := args[0].Unmark()
		ty := v.Type()
		switch {
		case ty == cty.DynamicPseudoType:
			return cty.UnknownVal(cty.Number).WithMarks(marks), nil
		case ty.IsTupleType():
			return cty.NumberIntVal(int64(len(ty.TupleElementTypes()))).WithMarks(marks), nil
		case ty.IsObjectType():
			return cty.NumberIntVal(int64(len(ty.AttributeTypes()))).WithMarks(marks), nil
		case !v.IsKnown():
			return cty.UnknownVal(cty.Number).WithMarks(marks), nil
		case ty == cty.String:
			n, err := stdlib.Strlen(v)
			return n.WithMarks(marks), err
		}
		return v.Length().WithMarks(marks), nil
	},
})

var indexFunc = newSimple(cty.Number, func(args []cty.Value) (cty.Value, error) {
	if !isSequence(args[0].Type()) {
		return cty.NilVal, function.NewArgErrorf(0, "a list is needed, not %s", args[0].Type().FriendlyName())
	}
	i := int64(0)
	for it := args[0].ElementIterator(); it.Next(); i++ {
		_, v := it.Element()
		if eq, err := stdlib.Equal(v, args[1]); err == nil && eq.IsKnown() && eq.True() {
			return cty.NumberIntVal(i), nil
		}
	}
	return cty.NilVal, function.NewArgErrorf(1, "the value is not in the list")
}, nil, anyParam("list"), function.Parameter{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true})

func isSequence(ty cty.Type) bool { return ty.IsListType() || ty.IsTupleType() }

var coalesceFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowNull: true, AllowMarked: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		ty, err := stdlib.CoalesceFunc.ReturnTypeForValues(args)
		return ty, err
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		// What was passed over has a say in the result, so its marks stay.
		var marks []cty.ValueMarks
		for i, a := range args {
			plain, own := a.Unmark()
			marks = append(marks, own)
			if !plain.IsKnown() {
				return cty.UnknownVal(ty).WithMarks(marks...), nil
			}
			if plain.IsNull() || plain.Type() == cty.String && plain.AsString() == "" {
				continue
			}
			v, err := Convert(plain, ty)
			if err != nil {
				return cty.NilVal, function.NewArgError(i, err)
			}
			return v.WithMarks(marks...), nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "all the values are null or empty")
	},
})

var oneFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType, AllowMarked: true}},
	Type: func(args []cty.Value) (cty.Type, error) {
		ty := args[0].Type()
		switch {
		case ty.IsListType() || ty.IsSetType():
			return ty.ElementType(), nil
		case ty.IsTupleType() && ty.Length() == 0:
			return cty.DynamicPseudoType, nil
		case ty.IsTupleType() && ty.Length() == 1:
			return ty.TupleElementType(0), nil
		case ty.IsTupleType():
			return cty.NilType, function.NewArgErrorf(0, "there are %d elements, not one or none", ty.Length())
		}
		return cty.NilType, function.NewArgErrorf(0, "a list or set is needed, not %s", ty.FriendlyName())
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		v, marks := args[0].Unmark()
		if n := v.Length(); !n.IsKnown() {
			return cty.UnknownVal(ty).WithMarks(marks), nil
		}
		switch v.LengthInt() {
		case 0:
			return cty.NullVal(ty).WithMarks(marks), nil
		case 1:
			it := v.ElementIterator()
			it.Next()
			_, el := it.Element()
			return el.WithMarks(marks), nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "there are %d elements, not one or none", v.LengthInt())
	},
})

var transposeFunc = newSimple(cty.Map(cty.List(cty.String)), func(args []cty.Value) (cty.Value, error) {
	out := map[string][]cty.Value{}
	for it := args[0].ElementIterator(); it.Next(); {
		k, list := it.Element()
		if list.IsNull() {
			return cty.NilVal, function.NewArgErrorf(0, "the list of %q is null", k.AsString())
		}
		for in := list.ElementIterator(); in.Next(); {
			_, v := in.Element()
			if v.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "null stands in the list of %q", k.AsString())
			}
			out[v.AsString()] = append(out[v.AsString()], k)
		}
	}
	lists := map[string]cty.Value{}
	for k, vs := range out {
		lists[k] = cty.ListVal(vs)
	}
	if len(lists) == 0 {
		return cty.MapValEmpty(cty.List(cty.String)), nil
	}
	return cty.MapVal(lists), nil
}, nil, function.Parameter{Name: "map", Type: cty.Map(cty.List(cty.String))})

// maxProduct bounds how many combinations setproduct makes.
const maxProduct = 1_000_000

var setproductFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "sets", Type: cty.DynamicPseudoType, AllowMarked: true, AllowUnknown: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		n := 1
		for i, a := range args {
			v, _ := a.Unmark()
			if v.IsKnown() && !v.IsNull() && v.CanIterateElements() && v.Length().IsKnown() {
				n *= v.LengthInt()
			}
			if n > maxProduct {
				return cty.NilType, function.NewArgErrorf(i, "there would be more than %d combinations", maxProduct)
			}
		}
		return stdlib.SetProductFunc.ReturnTypeForValues(args)
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return stdlib.SetProductFunc.Call(args) },
})

// setFunc is one of the library's functions of sets, without its mistake about values whose type is not known.
func setFunc(f function.Function) function.Function {
	set := function.Parameter{Name: "first", Type: cty.Set(cty.DynamicPseudoType)}
	return function.New(&function.Spec{
		Params:   []function.Parameter{set},
		VarParam: &function.Parameter{Name: "others", Type: set.Type},
		Type:     f.ReturnTypeForValues,
		Impl:     func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}
