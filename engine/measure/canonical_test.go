package measure

import (
	"encoding/json"
	"maps"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{`1.0`, `1.00`, true},
		{`1.0`, `1e0`, true},
		{`100`, `1E+2`, true},
		{`-0`, `0`, true},
		{`0.000`, `0e7`, true},
		{`1700000000.123456789`, `1700000000.123456788`, false},
		{`1700000000.123456789`, `1.700000000123456789e9`, true},
		{`9223372036854775807`, `9223372036854775806`, false},
		{`0.1234567890123456789`, `0.1234567890123456788`, false},
		{`1e400`, `1e401`, false},
		{`1e400`, `10e399`, true},
		{`1e99999999999999999999`, `2e99999999999999999999`, false},
		{`1e-70`, `0.0000000000000000000000000000000000000000000000000000000000000000000001`, true},
		{`1`, `"1"`, false},
		{`{"a":1}`, `{"a":"1"}`, false},
		{`{"a":1.0,"b":[true,null]}`, `{"b":[ true, null ],"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`"a>b&c<d"`, `"a\u003eb\u0026c\u003cd"`, true},
		{`"\u2028"`, "\"\u2028\"", true},
		{`"\\\""`, `"\u005c\u0022"`, true},
		{`["a\",\"b"]`, `["a","b"]`, false},
		{`null`, `0`, false},
		{`true`, `"true"`, false},
	} {
		if got := Equal([]byte(tt.a), []byte(tt.b)); got != tt.want {
			t.Errorf("%s and %s are equal: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestNumbersAreEqualByTheirExactValue holds the texts of numbers against rational arithmetic.
func TestNumbersAreEqualByTheirExactValue(t *testing.T) {
	t.Parallel()
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,3}|1[0-9]{60,70})(\.[0-9]{1,4}|\.0{60,66}[0-9])?([eE][+-]?(0?[0-9]|6[0-9]))?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		if rapid.Bool().Draw(t, "near") {
			x, _ := new(big.Rat).SetString(a)
			b = x.FloatString(140) // all its digits: no number above has more
		}
		x, ok := new(big.Rat).SetString(a)
		y, ok2 := new(big.Rat).SetString(b)
		if !ok || !ok2 {
			t.Fatalf("%s, %s: no numbers", a, b)
		}
		if got, want := string(decimal([]byte(a))) == string(decimal([]byte(b))), x.Cmp(y) == 0; got != want {
			t.Fatalf("%s and %s become %s and %s", a, b, decimal([]byte(a)), decimal([]byte(b)))
		}
		if z, ok := new(big.Rat).SetString(string(decimal([]byte(a)))); !ok || z.Cmp(x) != 0 {
			t.Fatalf("%s becomes %s", a, decimal([]byte(a)))
		}
	})
}

func TestWhole(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "7": 7, "1.0": 1, "12e1": 120, "1200e-2": 12, " 5 ": 5,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64, "9223372036854775807.000": math.MaxInt64,
	} {
		if got, ok := Whole([]byte(text)); !ok || got != want {
			t.Errorf("%s is %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "null", "true", `"7"`, "+7", "0.5", "1e-1", "9223372036854775808", "1e19", "1e999999999", "[7]", "-"} {
		if got, ok := Whole([]byte(text)); ok {
			t.Errorf("%s is %d, want none", text, got)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ item, path, want string }{
		{`{"id":1}`, "id", `1`},
		{`{"order":{"id":"a"}}`, "order.id", `"a"`},
		{`{"order":{"line":{"id":[1]}}}`, "order.line.id", `[1]`},
		{`{"order.id":2,"order":{"id":1}}`, "order.id", `2`},
		{`{"order":{"line.id":3}}`, "order.line.id", `3`},
		{`{"order":"x"}`, "order.id", ``},
		{`{"order":{"id":1}}`, "order.no", ``},
		{`{"id":1,"id":2}`, "id", `2`},
		{`{"\u0069d":5}`, "id", `5`},
		{`[{"id":1}]`, "id", ``},
		{`{"id":1}x`, "id", ``},
		{`{"id":1`, "id", ``},
	} {
		if got, _ := Lookup([]byte(tt.item), tt.path); string(got) != tt.want {
			t.Errorf("%s at %s is %q, want %q", tt.item, tt.path, got, tt.want)
		}
	}
}

func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{}`, ` { "a" : [ 1 , -0.5e+3 ] , "b\n" : {"c":null} } `, `{"a":tru}`, `{"a":01}`, `{"a":"\ud800"}`, `{"a":1,}`, `[1]`, `{"a":1}{`, "{\"a\":\"\x01\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := map[string]string{}
		ok := Members(raw, func(name, value []byte) { got[string(name)] = string(value) })
		var want map[string]json.RawMessage
		if err := json.Unmarshal(raw, &want); ok != (err == nil && want != nil) {
			t.Fatalf("%q is an object: %v, and encoding/json says %v", raw, ok, err)
		}
		if !ok || slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(k string) bool { _, ok := got[k]; return !ok }) {
			return // names that are no UTF-8 are not repaired here
		}
		for k, v := range want {
			if got[k] != string(v) {
				t.Fatalf("%q: member %q is %q, and encoding/json says %q", raw, k, got[k], v)
			}
			if !Equal([]byte(got[k]), v) {
				t.Fatalf("%q does not equal itself", v)
			}
		}
	})
}
