package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Figures are rounded outwards: a lower bound down, an upper bound up, so that what is printed is still true.

// atLeast prints a lower bound in seconds.
func atLeast(s float64) string { return seconds(s, math.Floor) }

// atMost prints an upper bound in seconds.
func atMost(s float64) string { return seconds(s, math.Ceil) }

// about prints an instant or a duration that is no bound.
func about(s float64) string { return seconds(s, math.Round) }

func seconds(s float64, round func(float64) float64) string {
	switch {
	case math.IsNaN(s):
		return "unknown"
	case math.IsInf(s, 1):
		return "unbounded"
	case s < 0:
		return "-" + seconds(-s, round)
	}
	step := 10.0 // tenths from a second on, milliseconds below
	if s < 1 {
		step = 1000
	}
	x := s * step
	t := round(x) / step
	if near := math.Round(x); math.Abs(x-near) < 1e-6 { // 25.3 in binary is not 25.300000000000001
		t = near / step
	}
	switch {
	case t == 0:
		return "0s"
	case t < 1:
		return trim(t*1000, 0) + "ms"
	case t < 60:
		return trim(t, 1) + "s"
	}
	h, rest := math.Floor(t/3600), math.Mod(t, 3600)
	m, sec := math.Floor(rest/60), math.Mod(rest, 60)
	out := ""
	if h > 0 {
		out = trim(h, 0) + "h"
	}
	if m > 0 || h > 0 {
		out += trim(m, 0) + "m"
	}
	if sec >= 0.05 {
		out += trim(sec, 1) + "s"
	}
	return out
}

func trim(f float64, digits int) string {
	s := strconv.FormatFloat(f, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimSuffix(s, ".0")
	}
	return s
}

// between prints bounds in seconds: "20.1s to 25.3s", "20.1s" where they meet, "20.1s or more" without an end.
func between(b *Bounds) string {
	switch {
	case b == nil:
		return "not measured"
	case b.High == nil:
		return "more than " + atLeast(b.Low) + " (it never came)"
	case atLeast(b.Low) == atMost(*b.High):
		return atMost(*b.High)
	}
	return atLeast(b.Low) + " to " + atMost(*b.High)
}

// when prints bounds of an instant, in seconds since the run started: "at 38.4s", "between 38s and 38.4s".
func when(low, high float64) string {
	if a, b := atLeast(low), atMost(high); a != b {
		return "between " + a + " and " + b
	}
	return "at " + atMost(high)
}

// percent prints a fraction: "0.12%".
func percent(f float64) string {
	p := f * 100
	switch {
	case p == 0:
		return "0%"
	case p < 0.01:
		return "less than 0.01%"
	case p < 10:
		return strconv.FormatFloat(p, 'f', 2, 64) + "%"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + "%"
}

// count prints a whole number in groups of three: "12,345".
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// plural prints "1 record", "12 records".
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%s %s", count(n), many)
}

// figure prints bounds of an objective in its unit.
func figure(b *Bounds, unit string) string {
	if unit == unitSeconds || b == nil {
		return between(b)
	}
	print := func(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }
	switch unit {
	case unitRatio:
		print = percent
	case unitCount:
		print = func(f float64) string { return count(int64(f)) }
	}
	if b.High == nil {
		return print(b.Low) + " or more"
	}
	if b.Low == *b.High {
		return print(b.Low)
	}
	return print(b.Low) + " to " + print(*b.High)
}

// limit prints an objective's limit: "at most 1m".
func (o Objective) limit() string {
	high := o.Limit
	text := figure(&Bounds{o.Limit, &high}, o.Unit)
	switch o.Relation {
	case "<=":
		return "at most " + text
	case "<":
		return "less than " + text
	case ">=":
		return "at least " + text
	case ">":
		return "more than " + text
	}
	return "exactly " + text
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
