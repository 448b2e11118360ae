package measure

import (
	"bytes"
	"strconv"
)

const (
	// longest is how many digits a number may have before or after its point to be written without an exponent.
	longest = 64
	// longestExponent bounds the digits of an exponent that is calculated with.
	longestExponent = 15
)

// decimal is the one text of all JSON numbers that have the same exact value: 1.0, 1.00 and 1e0 are "1". Nothing is
// rounded. A number whose exponent has more than 15 digits stays as it is written, and equals only itself.
func decimal(s []byte) []byte {
	if len(s) <= longest && bytes.IndexByte(s, '.') < 0 && bytes.IndexByte(s, 'e') < 0 && bytes.IndexByte(s, 'E') < 0 && string(s) != "-0" {
		return s
	}
	digits, exp, neg, ok := takeApart(s)
	if !ok {
		return s
	}
	if len(digits) == 0 {
		return []byte{'0'}
	}
	out := make([]byte, 0, longest)
	if neg {
		out = append(out, '-')
	}
	switch point := len(digits) + exp; {
	case exp >= 0 && point <= longest:
		out = append(out, digits...)
		out = append(out, bytes.Repeat([]byte{'0'}, exp)...)
	case exp < 0 && exp >= -longest && point > 0:
		out = append(append(append(out, digits[:point]...), '.'), digits[point:]...)
	case exp < 0 && exp >= -longest:
		out = append(append(out, '0', '.'), bytes.Repeat([]byte{'0'}, -point)...)
		out = append(out, digits...)
	default:
		out = strconv.AppendInt(append(append(out, digits...), 'e'), int64(exp), 10)
	}
	return out
}

// takeApart takes a number apart: its value is digits times ten to the exp. The digits neither begin nor end with a zero.
func takeApart(s []byte) (digits []byte, exp int, neg, ok bool) {
	if len(s) > 0 && s[0] == '-' {
		neg, s = true, s[1:]
	}
	mantissa, power := s, []byte(nil)
	if i := bytes.IndexAny(s, "eE"); i >= 0 {
		mantissa, power = s[:i], s[i+1:]
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte{'.'})
	digits = append(append(make([]byte, 0, len(mantissa)), whole...), fraction...)
	if power != nil {
		if exp, ok = exponent(power); !ok {
			return nil, 0, neg, false
		}
	}
	exp -= len(fraction)
	trimmed := bytes.TrimRight(digits, "0")
	exp += len(digits) - len(trimmed)
	return bytes.TrimLeft(trimmed, "0"), exp, neg, true
}

func exponent(s []byte) (int, bool) {
	neg := len(s) > 0 && s[0] == '-'
	s = bytes.TrimLeft(bytes.TrimLeft(s, "+-"), "0")
	if len(s) > longestExponent {
		return 0, false
	}
	n := 0
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}
