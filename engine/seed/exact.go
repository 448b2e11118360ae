package seed

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/xdc-project/xdc/lang/value"
)

// maxScale is how many digits an exact number may have behind the point.
const maxScale = 34

// compileExact makes numbers that never pass through a floating-point one.
func compileExact(g value.Generator) (generator, error) {
	low, ok1 := new(big.Int).SetString(g.Low, 10)
	high, ok2 := new(big.Int).SetString(g.High, 10)
	if !ok1 || !ok2 || low.Cmp(high) > 0 || g.Scale < 0 || g.Scale > maxScale || low.BitLen() > 128 || high.BitLen() > 128 {
		return nil, fmt.Errorf("a number between %.50q and %.50q with %d digits behind the point does not exist", g.Low, g.High, g.Scale)
	}
	span := new(big.Int).Sub(high, low)
	if span.IsUint64() && low.IsInt64() && high.IsInt64() && g.Scale == 0 {
		from, span := low.Int64(), span.Uint64()
		return func(b []byte, r *record) []byte {
			return strconv.AppendInt(b, from+int64(within(r, span)), 10) // it wraps around to what it should be
		}, nil
	}
	return func(b []byte, r *record) []byte { return appendScaled(b, low, span, g.Scale, r) }, nil
}

// within is a random number from 0 to span.
func within(r *record, span uint64) uint64 {
	if span+1 == 0 {
		return r.rng.Uint64()
	}
	return r.rng.Uint64N(span + 1)
}

func appendScaled(b []byte, low, span *big.Int, scale int, r *record) []byte {
	n := new(big.Int)
	if span.IsUint64() {
		n.SetUint64(within(r, span.Uint64()))
	} else {
		for range 4 { // 127 bits more than are needed: no number is likelier than another by more than 2^-120
			n.Or(n.Lsh(n, 64), new(big.Int).SetUint64(r.rng.Uint64()))
		}
		n.Mod(n, new(big.Int).Add(span, big.NewInt(1)))
	}
	if n.Add(n, low).Sign() < 0 {
		b = append(b, '-')
	}
	digits := n.Abs(n).Append(nil, 10)
	if scale == 0 {
		return append(b, digits...)
	}
	for len(digits) <= scale {
		digits = append([]byte{'0'}, digits...)
	}
	point := len(digits) - scale
	return append(append(append(b, digits[:point]...), '.'), digits[point:]...)
}
