package spl

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// number is a JSON number taken apart: sign, digits without zeros at either end, and the power of ten of the last of them.
type number struct {
	negative bool
	digits   string // "" is zero
	exponent int64
}

// maxExponent bounds exponents that are told apart; beyond it nothing fits anything.
const maxExponent = 1 << 30

// parseNumber reads a valid JSON number exactly. It takes time in proportion to the text, whatever the exponent.
func parseNumber(text string) (number, bool) {
	var n number
	text, n.negative = strings.CutPrefix(text, "-")
	mantissa, power, scientific := cutAny(text, "eE")
	if scientific {
		e, err := strconv.ParseInt(power, 10, 64)
		if err != nil || e > maxExponent || e < -maxExponent {
			return n, strings.Trim(mantissa, "0.") == "" // zero is zero, whatever comes behind it
		}
		n.exponent = e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	n.exponent -= int64(len(fraction))
	n.digits = strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(n.digits, "0")
	n.exponent += int64(len(n.digits) - len(short))
	if n.digits = short; short == "" {
		n.exponent = 0
	}
	return n, true
}

func cutAny(s, marks string) (before, after string, found bool) {
	if i := strings.IndexAny(s, marks); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// integer returns the number if it is a whole one of at most 64 bits and a sign.
func (n number) integer() (*big.Int, bool) {
	if n.exponent < 0 || int64(len(n.digits))+n.exponent > 20 {
		return nil, false
	}
	if n.digits == "" {
		return new(big.Int), true
	}
	out, ok := new(big.Int).SetString(n.digits+strings.Repeat("0", int(n.exponent)), 10)
	if ok && n.negative {
		out.Neg(out)
	}
	return out, ok
}

// Whole reports whether a JSON number is a whole one, however it is written.
func Whole(text string) bool {
	n, ok := parseNumber(text)
	return ok && n.exponent >= 0
}

// magnitude is the power of ten of the first digit.
func (n number) magnitude() int64 { return n.exponent + int64(len(n.digits)) - 1 }

// integers are the bounds of the kinds of whole numbers.
var integers = map[Kind][2]*big.Int{
	Int8: signed(8), Int16: signed(16), Int32: signed(32), Int64: signed(64),
	Uint8: unsigned(8), Uint16: unsigned(16), Uint32: unsigned(32), Uint64: unsigned(64),
}

func signed(bits uint) [2]*big.Int {
	top := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return [2]*big.Int{new(big.Int).Neg(top), new(big.Int).Sub(top, big.NewInt(1))}
}

func unsigned(bits uint) [2]*big.Int {
	top := new(big.Int).Lsh(big.NewInt(1), bits)
	return [2]*big.Int{new(big.Int), top.Sub(top, big.NewInt(1))}
}

// decimals are the largest powers of ten of the decimal kinds, as in IEEE 754.
var decimals = map[Kind]int64{Decimal32: 96, Decimal64: 384, Decimal128: 6144}

// fits says why a number is none of a kind; "" where it is one.
func fits(k Kind, text string) string {
	n, ok := parseNumber(text)
	if !ok {
		return "is out of range"
	}
	if bounds, whole := integers[k]; whole {
		i, ok := n.integer()
		switch {
		case !ok && n.exponent < 0:
			return "is not a whole number"
		case !ok || i.Cmp(bounds[0]) < 0 || i.Cmp(bounds[1]) > 0:
			return "is out of range: it is from " + bounds[0].String() + " to " + bounds[1].String()
		}
		return ""
	}
	if top, decimal := decimals[k]; decimal {
		if n.magnitude() > top {
			return "is out of range"
		}
		return ""
	}
	switch k { //nolint:exhaustive // those are the numbers that are left
	case Float32:
		if f, err := strconv.ParseFloat(text, 32); err != nil || math.IsInf(f, 0) {
			return "is out of range"
		}
	case Float64:
		if f, err := strconv.ParseFloat(text, 64); err != nil || math.IsInf(f, 0) {
			return "is out of range"
		}
	case Timestamp:
		if n.magnitude() > 18 {
			return "is out of range: seconds since 1970 have at most 19 digits"
		}
	}
	return ""
}
