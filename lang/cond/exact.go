package cond

import (
	"math"
	"math/bits"
)

// exact is a sum of floating-point numbers without rounding: what is added and taken away again leaves nothing behind,
// and the order does not matter. A window that slides for days has the same sum as one that is added up afresh.
//
// It is a fixed-point number in units of the smallest float64, in digits of 32 bits that may be negative and are only
// carried when they are read. Infinities are counted.
type exact struct {
	digits   [exactDigits]int64
	low, top int // digits that may not be zero: [low, top)
	pending  int // additions since the last carry
	pos, neg int // infinities
}

const (
	exactDigits = 68      // 2046 + 53 bits of a float64, and room for 2^50 of them
	exactCarry  = 1 << 29 // additions that a digit has room for
	minExp      = -1074   // of the smallest float64
	mantissa    = 52      // bits of it that are stored
	digitMask   = 1<<32 - 1
)

func (x *exact) add(f float64) { x.put(f, 1) }
func (x *exact) sub(f float64) { x.put(f, -1) }

func (x *exact) put(f float64, sign int64) {
	if math.IsInf(f, 0) {
		if f > 0 {
			x.pos += int(sign)
		} else {
			x.neg += int(sign)
		}
		return
	}
	b := math.Float64bits(f)
	m, e := b&(1<<mantissa-1), int(b>>mantissa&0x7ff)
	if e == 0 {
		e = 1
	} else {
		m |= 1 << mantissa
	}
	if m == 0 {
		return
	}
	if b>>63 != 0 {
		sign = -sign
	}
	at, shift := (e-1)/32, uint(e-1)%32
	lo, hi := m<<shift, m>>(64-shift)
	x.digits[at] += sign * int64(lo&digitMask)
	x.digits[at+1] += sign * int64(lo>>32)
	x.digits[at+2] += sign * int64(hi)
	if x.low == x.top {
		x.low, x.top = at, at+3
	}
	x.low, x.top = min(x.low, at), max(x.top, at+3)
	if x.pending++; x.pending >= exactCarry {
		x.carry()
	}
}

// carry brings every digit into [0, 2^32) but the last, which has the sign.
func (x *exact) carry() {
	x.pending = 0
	over := int64(0)
	for i := x.low; i < x.top; i++ {
		d := x.digits[i] + over
		if i == x.top-1 && d > -1<<32 && d < 1<<32 {
			x.digits[i] = d
			break
		}
		over = d >> 32
		x.digits[i] = d & digitMask
		if i == x.top-1 {
			x.top++
		}
	}
	for x.top > x.low && x.digits[x.top-1] == 0 {
		x.top--
	}
	for x.low < x.top && x.digits[x.low] == 0 {
		x.low++
	}
}

// plus is the sum of two sums.
func (x *exact) plus(y *exact) exact {
	out := *x
	for i := y.low; i < y.top; i++ {
		out.digits[i] += y.digits[i]
	}
	if out.low == out.top {
		out.low, out.top = y.low, y.top
	} else if y.low != y.top {
		out.low, out.top = min(out.low, y.low), max(out.top, y.top)
	}
	out.pending += y.pending
	out.pos, out.neg = out.pos+y.pos, out.neg+y.neg
	return out
}

// value is the sum, rounded once.
func (x *exact) value() float64 {
	switch {
	case x.pos > 0 && x.neg > 0:
		return math.NaN()
	case x.pos > 0:
		return math.Inf(1)
	case x.neg > 0:
		return math.Inf(-1)
	}
	x.carry()
	if x.low == x.top {
		return 0
	}
	if x.digits[x.top-1] > 0 {
		return x.round(1)
	}
	y := *x
	for i := y.low; i < y.top; i++ {
		y.digits[i] = -y.digits[i]
	}
	y.carry()
	return y.round(-1)
}

// round rounds a positive sum with carried digits.
func (x *exact) round(sign float64) float64 {
	if x.low == x.top {
		return 0
	}
	digit := func(i int) uint64 {
		if i < 0 {
			return 0
		}
		return uint64(x.digits[i])
	}
	k := x.top - 1
	hi, lo := digit(k)<<32|digit(k-1), digit(k-2)<<32|digit(k-3)
	shift := uint(bits.LeadingZeros64(hi))
	hi, rest := hi<<shift|lo>>(64-shift), lo<<shift
	for i := k - 4; rest == 0 && i >= x.low; i-- {
		rest = digit(i)
	}
	if rest != 0 {
		hi |= 1 // it lies just above: that is all that rounding needs to know
	}
	return sign * math.Ldexp(float64(hi), 32*(k-1)-int(shift)+minExp)
}
