package value

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// GeneratorType is the type of values that are made anew for each record. It holds a *Generator.
var GeneratorType = cty.CapsuleWithOps("record generator", reflect.TypeFor[Generator](), &cty.CapsuleOps{
	GoString:     func(v any) string { return fmt.Sprintf("%#v", *v.(*Generator)) },
	TypeGoString: func(reflect.Type) string { return "value.GeneratorType" },
	Equals: func(a, b any) cty.Value {
		return cty.BoolVal(reflect.DeepEqual(a.(*Generator), b.(*Generator)))
	},
	RawEquals: func(a, b any) bool { return reflect.DeepEqual(a.(*Generator), b.(*Generator)) },
	HashKey:   func(v any) string { return fmt.Sprintf("%#v", *v.(*Generator)) },
})

func generatorVal(g Generator) cty.Value { return cty.CapsuleVal(GeneratorType, &g) }

// RecordScope is the value of `record` in the record of a seed: record.id, record.seq, record.time.
func RecordScope() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"id":   generatorVal(Generator{Kind: "id"}),
		"seq":  generatorVal(Generator{Kind: "seq"}),
		"time": generatorVal(Generator{Kind: "time"}),
	})
}

// Limits of generators. They are those of the engine, so that what is planned can be made.
const (
	maxTextSize = 1 << 20
	maxKeys     = 1_000_000_000
	maxChoices  = 10_000
	maxNesting  = 32
)

// ToGenerator makes a generator of a value whose leaves are generators and constants. Objects and maps become
// generators of kind object, with the fields in order of their names; what holds no generator at all is one
// constant, except the outermost object, whose fields are always told apart. Secrets, unknown values and
// anything without a JSON form are errors.
func ToGenerator(v cty.Value) (*Generator, error) {
	if IsSensitive(v) {
		return nil, fmt.Errorf("a record may not hold a secret")
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return nil, fmt.Errorf("a record must be known while planning")
	}
	g, err := toGenerator(v, nil)
	if err != nil {
		return nil, err
	}
	return &g, nil
}

func toGenerator(v cty.Value, path cty.Path) (Generator, error) {
	ty := v.Type()
	switch {
	case len(path) > maxNesting:
		return Generator{}, fmt.Errorf("%sa record may be nested %d deep", at(path), maxNesting)
	case v.IsNull():
		return Generator{Kind: "const", Const: []byte("null")}, nil
	case ty.Equals(GeneratorType):
		return *v.EncapsulatedValue().(*Generator), nil
	case (ty.IsObjectType() || ty.IsMapType()) && (len(path) == 0 || generates(v)):
		return objectGenerator(v, path)
	case (ty.IsTupleType() || ty.IsListType() || ty.IsSetType()) && generates(v):
		g := Generator{Kind: "list"}
		for it := v.ElementIterator(); it.Next(); {
			k, el := it.Element()
			item, err := toGenerator(el, path.Index(k))
			if err != nil {
				return Generator{}, err
			}
			g.Items = append(g.Items, item)
		}
		return g, nil
	}
	raw, err := ToJSON(v, nil)
	if err != nil {
		return Generator{}, fmt.Errorf("%s%w", at(path), err)
	}
	return Generator{Kind: "const", Const: raw}, nil
}

func objectGenerator(v cty.Value, path cty.Path) (Generator, error) {
	g := Generator{Kind: "object"}
	els := v.AsValueMap()
	for _, name := range sortedKeys(els) {
		f, err := toGenerator(els[name], path.GetAttr(name))
		if err != nil {
			return Generator{}, err
		}
		g.Names = append(g.Names, name)
		g.Fields = append(g.Fields, f)
	}
	return g, nil
}

// generates reports whether a generator stands somewhere in v.
func generates(v cty.Value) bool {
	found := false
	_ = cty.Walk(v, func(_ cty.Path, el cty.Value) (bool, error) {
		found = found || el.Type().Equals(GeneratorType) && !el.IsNull()
		return !found, nil
	})
	return found
}

func recordNumber(FuncEnv) function.Function {
	return generatorFunc([]function.Parameter{numberParam("min"), numberParam("max")}, func(args []cty.Value) (Generator, error) {
		low, _ := args[0].AsBigFloat().Float64()
		high, _ := args[1].AsBigFloat().Float64()
		if math.IsInf(high-low, 0) || math.IsNaN(high-low) {
			return Generator{}, function.NewArgErrorf(1, "the range from %g to %g is too large", low, high)
		}
		if low > high {
			return Generator{}, function.NewArgErrorf(1, "the largest number, %g, is smaller than the smallest, %g", high, low)
		}
		return Generator{Kind: "number", Min: low, Max: high}, nil
	})
}

func recordText(FuncEnv) function.Function {
	return generatorFunc([]function.Parameter{numberParam("size")}, func(args []cty.Value) (Generator, error) {
		n, err := wholeArg(args, 0, 1, maxTextSize)
		return Generator{Kind: "text", Size: n}, err
	})
}

func recordKey(FuncEnv) function.Function {
	return generatorFunc([]function.Parameter{numberParam("n")}, func(args []cty.Value) (Generator, error) {
		n, err := wholeArg(args, 0, 1, maxKeys)
		return Generator{Kind: "key", Max: float64(n)}, err
	})
}

func recordChoice(FuncEnv) function.Function {
	return generatorFunc([]function.Parameter{anyParam("choices")}, func(args []cty.Value) (Generator, error) {
		list := args[0]
		if !list.CanIterateElements() || list.Type().IsMapType() || list.Type().IsObjectType() {
			return Generator{}, function.NewArgErrorf(0, "a list of choices is needed, not %s", list.Type().FriendlyName())
		}
		if n := list.LengthInt(); n == 0 || n > maxChoices {
			return Generator{}, function.NewArgErrorf(0, "from 1 to %d choices are possible, not %d", maxChoices, n)
		}
		g := Generator{Kind: "choice"}
		for it := list.ElementIterator(); it.Next(); {
			_, el := it.Element()
			item, err := toGenerator(el, cty.Path{cty.IndexStep{Key: cty.Zero}})
			if err != nil {
				return Generator{}, function.NewArgError(0, err)
			}
			g.Items = append(g.Items, item)
		}
		return g, nil
	})
}

var (
	placeholder  = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_.]*\}`)
	placeholders = []string{"{id}", "{seq}", "{time}", "{key}"}
)

func recordTemplate(FuncEnv) function.Function {
	return generatorFunc([]function.Parameter{stringParam("template")}, func(args []cty.Value) (Generator, error) {
		text := args[0].AsString()
		if len(text) > maxTextSize {
			return Generator{}, function.NewArgErrorf(0, "a template has at most %d bytes", maxTextSize)
		}
		for _, p := range placeholder.FindAllString(text, -1) {
			if !slices.Contains(placeholders, p) {
				return Generator{}, function.NewArgErrorf(0, "%s is not a placeholder; there are %s", p, strings.Join(placeholders, ", "))
			}
		}
		return Generator{Kind: "template", Template: text}, nil
	})
}

// generatorFunc is a function that returns a generator. Its arguments must be known as a whole.
func generatorFunc(params []function.Parameter, make func(args []cty.Value) (Generator, error)) function.Function {
	return function.New(&function.Spec{
		Params: params,
		Type:   function.StaticReturnType(GeneratorType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for _, a := range args {
				if !a.IsWhollyKnown() {
					return cty.UnknownVal(GeneratorType), nil
				}
			}
			g, err := make(args)
			if err != nil {
				return cty.NilVal, err
			}
			return generatorVal(g), nil
		},
	})
}
