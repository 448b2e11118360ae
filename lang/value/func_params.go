package value

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func stringParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.String}
}

func numberParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.Number}
}

func anyParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType}
}

func listParam(name string, el cty.Type) function.Parameter {
	return function.Parameter{Name: name, Type: cty.List(el)}
}

// fixed makes an entry of a function that needs nothing from the world.
func fixed(f function.Function) func(FuncEnv) function.Function {
	return func(FuncEnv) function.Function { return f }
}

// simple is a function of a fixed result type, called with arguments that are known as a whole.
func simple(ret cty.Type, impl func(args []cty.Value) (cty.Value, error), params ...function.Parameter) func(FuncEnv) function.Function {
	return fixed(newSimple(ret, impl, nil, params...))
}

func newSimple(ret cty.Type, impl func(args []cty.Value) (cty.Value, error), rest *function.Parameter, params ...function.Parameter) function.Function {
	return function.New(&function.Spec{
		Params: params, VarParam: rest, Type: function.StaticReturnType(ret),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for _, a := range args {
				if !a.IsWhollyKnown() {
					return cty.UnknownVal(ret), nil
				}
			}
			return impl(args)
		},
	})
}

// text1 is a function from a string to a string.
func text1(name string, f func(string) (string, error)) func(FuncEnv) function.Function {
	return simple(cty.String, func(args []cty.Value) (cty.Value, error) {
		out, err := f(args[0].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		return cty.StringVal(out), nil
	}, stringParam(name))
}

// wholeArg is an argument that must be a whole number from low to high.
func wholeArg(args []cty.Value, i, low, high int) (int, error) {
	f := args[i].AsBigFloat()
	n, acc := f.Int64()
	if !f.IsInt() || acc != 0 || n < int64(low) || n > int64(high) {
		return 0, function.NewArgErrorf(i, "a whole number from %d to %d is needed", low, high)
	}
	return int(n), nil
}

var errNoFiles = errors.New("there are no files here")

func noFiles(string) ([]byte, error) { return nil, errNoFiles }
