package value

import (
	"errors"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

var (
	errWithheld = errors.New("it does not fit; why is not shown, because the value is sensitive")
	errBug      = errors.New("the function cannot deal with these values, which is a mistake in xdc; please report it with the expression")
)

// discreet makes a function's errors tell nothing about secret arguments: many quote what they were given.
func discreet(f function.Function) function.Function {
	spec := &function.Spec{
		Type: func(args []cty.Value) (cty.Type, error) {
			ty, err := f.ReturnTypeForValues(args)
			return ty, censor(err, args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f.Call(args)
			return v, censor(err, args)
		},
	}
	for _, p := range f.Params() {
		spec.Params = append(spec.Params, open(p))
	}
	if p := f.VarParam(); p != nil {
		rest := open(*p)
		spec.VarParam = &rest
	}
	return function.New(spec)
}

// open is a parameter that leaves every decision to the function behind it.
func open(p function.Parameter) function.Parameter {
	p.AllowMarked, p.AllowNull, p.AllowUnknown, p.AllowDynamicType = true, true, true, true
	return p
}

func censor(err error, args []cty.Value) error {
	if err == nil {
		return nil
	}
	var bug function.PanicError
	var said error
	switch {
	case slices.ContainsFunc(args, IsSensitive):
		said = errWithheld
	case errors.As(err, &bug):
		said = errBug
	default:
		return err
	}
	if arg, ok := errors.AsType[function.ArgError](err); ok {
		return function.NewArgError(arg.Index, said)
	}
	return said
}
