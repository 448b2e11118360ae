package signal

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]Value{
		"0":                  NumberVal(0),
		"12":                 NumberVal(12),
		"-3":                 NumberVal(-3),
		"1000000":            NumberVal(1e6),
		"9007199254740992":   NumberVal(1 << 53),
		"0.5":                NumberVal(0.5),
		"100.0000001":        NumberVal(100.00000012),
		"100.084":            NumberVal(100.0843322693906),
		"1.23457e-07":        NumberVal(1.23456789e-7),
		"[100.084, 100.1]":   Bounded(Number, 100.09, 100.0843322693906, 100.0999),
		"[99.9, 103.1]":      Bounded(Number, 100, 99.90843322, 103.0943),
		"[0, +Inf]":          Bounded(Number, 1, 0, math.Inf(1)),
		"[4, 7]":             Bounded(Number, 5, 4, 7),
		"[1234567, 1236569]": Bounded(Number, 1235000, 1234567.8, 1236568.2),
	} {
		if v.Kind == Number && v.String() != want {
			t.Errorf("%v is written %s, want %s", v, v.String(), want)
		}
	}
}

// Rounded bounds enclose what they are the bounds of, and are not much wider.
func TestRoundedBoundsEnclose(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-1e9, 1e9).Draw(t, "low")
		high := low + math.Pow(10, rapid.Float64Range(-6, 6).Draw(t, "width"))
		text := Bounded(Number, high, low, high).String()
		a, b, ok := strings.Cut(strings.Trim(text, "[]"), ", ")
		x, err := strconv.ParseFloat(a, 64)
		y, err2 := strconv.ParseFloat(b, 64)
		if !ok || err != nil || err2 != nil {
			t.Fatalf("%s is no interval", text)
		}
		dust := 1e-11 * max(math.Abs(low), math.Abs(high), 1)
		if x > low+dust || y < high-dust {
			t.Fatalf("%s does not enclose [%v, %v]", text, low, high)
		}
		if wide := (high - low) * 0.2; x < low-wide-1-dust || y > high+wide+1+dust {
			t.Fatalf("%s is much wider than [%v, %v]", text, low, high)
		}
	})
}
