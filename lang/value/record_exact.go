package value

import (
	"math"
	"math/big"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxDigits is how many digits an exact number has at most: those of a decimal128.
const maxDigits = 34

func recordInt64(FuncEnv) function.Function {
	return exactFunc(big.NewInt(math.MinInt64), big.NewInt(math.MaxInt64))
}

func recordUint64(FuncEnv) function.Function {
	return exactFunc(new(big.Int), new(big.Int).SetUint64(math.MaxUint64))
}

// exactFunc makes generators of whole numbers between two bounds.
func exactFunc(least, most *big.Int) function.Function {
	return generatorFunc([]function.Parameter{numberParam("min"), numberParam("max")}, func(args []cty.Value) (Generator, error) {
		var ends [2]*big.Int
		for i, a := range args {
			n, exact := a.AsBigFloat().Int(nil)
			if n == nil || exact != big.Exact || n.Cmp(least) < 0 || n.Cmp(most) > 0 {
				return Generator{}, function.NewArgErrorf(i, "a whole number from %s to %s is needed", least, most)
			}
			ends[i] = n
		}
		return exactGenerator(ends[0], ends[1], 0)
	})
}

func recordDecimal(FuncEnv) function.Function {
	return generatorFunc([]function.Parameter{numberParam("min"), numberParam("max"), numberParam("digits")}, func(args []cty.Value) (Generator, error) {
		scale, err := wholeArg(args, 2, 0, maxDigits)
		if err != nil {
			return Generator{}, err
		}
		unit := new(big.Float).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
		var ends [2]*big.Int
		for i, a := range args[:2] {
			f := a.AsBigFloat()
			if f.IsInf() || f.MantExp(nil) > 128 { // more than any decimal128 without exponent
				return Generator{}, function.NewArgErrorf(i, "a number of at most %d digits is needed", maxDigits)
			}
			ends[i] = nearest(new(big.Float).SetPrec(512).Mul(f, unit))
			if digits := len(new(big.Int).Abs(ends[i]).String()); digits > maxDigits {
				return Generator{}, function.NewArgErrorf(i, "with %d digits behind the point the number has %d digits; at most %d are possible", scale, digits, maxDigits)
			}
		}
		return exactGenerator(ends[0], ends[1], scale)
	})
}

// nearest is the whole number nearest to another.
func nearest(f *big.Float) *big.Int {
	half := big.NewFloat(0.5)
	if f.Sign() < 0 {
		half.Neg(half)
	}
	n, _ := new(big.Float).SetPrec(512).Add(f, half).Int(nil)
	return n
}

func recordTimestamp(FuncEnv) function.Function {
	return generatorFunc([]function.Parameter{stringParam("from"), stringParam("to")}, func(args []cty.Value) (Generator, error) {
		var ends [2]*big.Int
		for i, a := range args {
			t, err := time.Parse(time.RFC3339Nano, a.AsString())
			if err != nil {
				return Generator{}, function.NewArgErrorf(i, "an instant in the form of RFC 3339 is needed, such as 2026-01-01T00:00:00Z")
			}
			n := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(1e9))
			ends[i] = n.Add(n, big.NewInt(int64(t.Nanosecond())))
		}
		return exactGenerator(ends[0], ends[1], 9)
	})
}

func exactGenerator(low, high *big.Int, scale int) (Generator, error) {
	if low.Cmp(high) > 0 {
		return Generator{}, function.NewArgErrorf(1, "it is smaller than the smallest")
	}
	return Generator{Kind: "exact", Low: low.String(), High: high.String(), Scale: scale}, nil
}
