package value

import (
	"math/big"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func numericFuncs() []entry {
	num := []param{{"number", "The number."}}
	several := []param{{"numbers", "The numbers, at least one."}}
	return []entry{
		{"abs", Numeric, "The number without its sign.", num, `abs(-3)`, `3`, fixed(stdlib.AbsoluteFunc)},
		{"ceil", Numeric, "The smallest whole number that is not less than the number.", num, `ceil(2.1)`, `3`, fixed(stdlib.CeilFunc)},
		{"floor", Numeric, "The largest whole number that is not greater than the number.", num, `floor(2.9)`, `2`, fixed(stdlib.FloorFunc)},
		{"log", Numeric, "The logarithm of a number to a base.", []param{num[0], {"base", "The base."}}, `log(16, 2)`, `4`, fixed(stdlib.LogFunc)},
		{"max", Numeric, "The greatest of several numbers. With a list: `max(LIST...)`.", several, `max(3, 7, 5)`, `7`, fixed(stdlib.MaxFunc)},
		{"min", Numeric, "The smallest of several numbers. With a list: `min(LIST...)`.", several, `min(3, 7, 5)`, `3`, fixed(stdlib.MinFunc)},
		{
			"parseint", Numeric, "The whole number that text stands for in a base from 2 to 62.",
			[]param{{"text", "The digits."}, {"base", "The base."}},
			`parseint("ff", 16)`, `255`, fixed(stdlib.ParseIntFunc),
		},
		{"pow", Numeric, "A number raised to a power.", []param{num[0], {"power", "The exponent."}}, `pow(2, 10)`, `1024`, fixed(stdlib.PowFunc)},
		{"signum", Numeric, "-1, 0 or 1 for a negative number, zero, or a positive one.", num, `signum(-12)`, `-1`, fixed(stdlib.SignumFunc)},
		{
			"sum", Numeric, "The sum of the numbers in a list or set; of none it is 0.",
			[]param{{"numbers", "A list or set of numbers."}},
			`sum([10, 13, 6])`, `29`, fixed(sumFunc),
		},
	}
}

var sumFunc = newSimple(cty.Number, func(args []cty.Value) (cty.Value, error) {
	total := new(big.Float).SetPrec(512)
	for it := args[0].ElementIterator(); it.Next(); {
		_, v := it.Element()
		if v.IsNull() {
			return cty.NilVal, function.NewArgErrorf(0, "null cannot be added")
		}
		f := v.AsBigFloat()
		if f.IsInf() {
			return cty.NilVal, function.NewArgErrorf(0, "an infinite number cannot be added")
		}
		total.Add(total, f)
	}
	return cty.NumberVal(total), nil
}, nil, listParam("numbers", cty.Number))
