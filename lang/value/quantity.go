package value

import (
	"fmt"
	"math"
	"math/big"
	"strings"
)

// units of sizes: powers of 1024 with an i, powers of 1000 without.
var units = map[string]int64{
	"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

// ParseSize reads a number of bytes: "512B", "64KiB" (65,536), "10MB" (10,000,000), "1.5GiB", or digits alone.
// The result is a whole number of bytes.
func ParseSize(s string) (int64, error) {
	n := strings.TrimLeft(s, "0123456789.")
	digits, unit := s[:len(s)-len(n)], strings.TrimPrefix(n, " ")
	factor, ok := units[unit]
	if unit == "" {
		factor, ok = 1, true
	}
	f, good := new(big.Rat).SetString(digits)
	if !ok || !good || digits == "" || len(digits) > 40 || strings.HasPrefix(digits, ".") || strings.HasSuffix(digits, ".") {
		return 0, fmt.Errorf("%q is not a size: write it as 512B, 64KiB, 10MB or 1.5GiB", s)
	}
	f.Mul(f, new(big.Rat).SetInt64(factor))
	if !f.IsInt() {
		return 0, fmt.Errorf("%q is not a whole number of bytes", s)
	}
	if !f.Num().IsInt64() {
		return 0, fmt.Errorf("%q is more bytes than can be counted", s)
	}
	return f.Num().Int64(), nil
}

// FormatSize prints a number of bytes in the largest unit of 1024 that needs no fraction: 65536 is "64KiB".
func FormatSize(n int64) string {
	for _, u := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if f := units[u]; n != 0 && n%f == 0 {
			return fmt.Sprintf("%d%s", n/f, u)
		}
	}
	return fmt.Sprintf("%dB", n)
}

// ParsePercent reads a share written as a percentage: "1%" is 0.01. It may be more than 100% and not less
// than 0%.
func ParsePercent(s string) (float64, error) {
	digits, ok := strings.CutSuffix(s, "%")
	digits = strings.TrimSuffix(digits, " ")
	f, good := new(big.Rat).SetString(digits)
	if !ok || !good || strings.Trim(digits, "0123456789.") != "" || len(digits) > 40 {
		return 0, fmt.Errorf("%q is not a percentage: write it as 1%% or 0.5%%", s)
	}
	out, _ := f.Quo(f, big.NewRat(100, 1)).Float64()
	if math.IsInf(out, 0) {
		return 0, fmt.Errorf("%q is too large a percentage", s)
	}
	return out, nil
}
