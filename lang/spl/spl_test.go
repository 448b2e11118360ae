package spl_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/spl"
)

func parse(t testing.TB, text string) spl.Type {
	t.Helper()
	out, err := spl.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func TestTypesAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]string{
		"int64": "int64",
		" tuple < rstring id , float64 value,list<int32>[3] some > ": "tuple<rstring id, float64 value, list<int32>[3] some>",
		"enum {add,subtract}":                            "enum{add, subtract}",
		"optional<tuple<map<rstring[8], set<uint8>> m>>": "optional<tuple<map<rstring[8], set<uint8>> m>>",
		"blob": "blob",
	} {
		if got := parse(t, text).String(); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsNoTypeIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "ends where a type of SPL is expected",
		"string":                        `a type of SPL is expected in place of "string"`,
		"int64 x":                       `nothing more is expected in place of "x"`,
		"list":                          "ends where < is expected",
		"list<int64":                    "ends where > is expected",
		"tuple<int64>":                  `the name of an attribute is expected in place of ">"`,
		"tuple<int64 a, int8 a>":        "attribute a twice",
		"enum{a, a}":                    "literal a twice",
		"enum{}":                        "a literal of the enum",
		"rstring[0]":                    "a bound from 1 to",
		"rstring[99999999999999999999]": "a bound from 1 to",
		"map<timestamp, int8>":          "keys of the type timestamp",
		"map<list<int8>, int8>":         "keys of the type list<int8>",
		"optional<optional<int8>>":      "may not hold an optional",
		strings.Repeat("list<", 40) + "int8" + strings.Repeat(">", 40): "nested 32 deep",
		strings.Repeat(" ", spl.MaxText+1):                             "at most 65536 bytes",
	} {
		if _, err := spl.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

// Each row is a type, a value, and the problems that it has.
func TestValuesAreHeldAgainstTypes(t *testing.T) {
	for _, tc := range []struct{ typ, value, want string }{
		{"boolean", `true`, ``},
		{"boolean", `1`, `1: it is a number, and boolean is a boolean`},
		{"int64", `9223372036854775807`, ``},
		{"int64", `9223372036854775808`, `1: it is 9223372036854775808, which as int64 is out of range: it is from -9223372036854775808 to 9223372036854775807`},
		{"int64", `9007199254740993.0`, ``},
		{"int64", `1.5`, `1: it is 1.5, which as int64 is not a whole number`},
		{"int64", `12e2`, ``},
		{"int64", `1e999999999999`, `1: it is 1e999999999999, which as int64 is out of range`},
		{"int64", `0e999999999999`, ``},
		{"int64", `"7"`, `1: it is a string, and int64 is a number`},
		{"uint64", `18446744073709551615`, ``},
		{"uint64", `-1`, `1: it is -1, which as uint64 is out of range: it is from 0 to 18446744073709551615`},
		{"int8", `-128`, ``},
		{"int8", `128`, `1: it is 128, which as int8 is out of range: it is from -128 to 127`},
		{"float64", `1e308`, ``},
		{"float64", `1e309`, `1: it is 1e309, which as float64 is out of range`},
		{"float32", `1e39`, `1: it is 1e39, which as float32 is out of range`},
		{"decimal64", `123456789012345.67`, ``},
		{"decimal64", `1e385`, `1: it is 1e385, which as decimal64 is out of range`},
		{"timestamp", `1700000000.250000001`, ``},
		{"timestamp", `"2026-01-01T00:00:00Z"`, `1: it is a string, and timestamp is a number`},
		{"timestamp", `1e30`, `1: it is 1e30, which as timestamp is out of range: seconds since 1970 have at most 19 digits`},
		{"rstring", `"x"`, ``},
		{"rstring[3]", `"äö"`, `1: it has 4 bytes, and rstring[3] has at most 3`},
		{"enum{add, subtract}", `"add"`, ``},
		{"enum{add, subtract}", `"plus"`, `1: it is "plus", and the enum has add, subtract`},
		{"list<int8>[2]", `[1,2,3,"x"]`, `1: it has 4 elements, and list has at most 2; 1: [3] is a string, and int8 is a number`},
		{"map<rstring, int8>", `{"a":1,"b":true}`, `1: b is a boolean, and int8 is a number`},
		{"map<int32, int8>", `{"7":1,"x":2}`, `1: it has the key "x", which is no int32`},
		{"optional<int8>", `null`, ``},
		{"optional<int8>", `200`, `1: it is 200, which as int8 is out of range: it is from -128 to 127`},
		{"int8", `null`, `3: it is null, and int8 is not optional`},
		{"blob", `"x"`, `1: it is of the type blob, which has no JSON form`},
		{"tuple<rstring id, int64 n, optional<int8> o>", `{"id":"a","n":1}`, ``},
		{"tuple<rstring id, int64 n>", `{"idd":"a","n":"1"}`, `3: id is missing, and rstring is not optional; 1: n is a string, and int64 is a number; 2: idd is no attribute; there are id, n`},
		{"tuple<tuple<int8 b> a>", `{"a":{"b":true,"c d":1}}`, `1: a.b is a boolean, and int8 is a number; 2: a."c d" is no attribute; there are b`},
		{"tuple<int8 a>", `[]`, `1: it is an array, and tuple is an object`},
	} {
		var got []string
		for _, p := range parse(t, tc.typ).Check(json.RawMessage(tc.value)) {
			got = append(got, fmt.Sprintf("%d: %s", p.Class, p))
		}
		if diff := cmp.Diff(tc.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s as %s: %s", tc.value, tc.typ, diff)
		}
	}
}

// A schema says of which type it is, through everything that it is made of.
func TestASchemaDescribesItsType(t *testing.T) {
	want := parse(t, "tuple<rstring id, optional<uint64> n, enum{a, b} e, list<decimal64>[4] l, map<rstring, timestamp> m, boolean b, float32 f>")
	raw, err := json.Marshal(want.Schema())
	if err != nil {
		t.Fatal(err)
	}
	const schema = `{"description":"SPL type: tuple<rstring id, optional<uint64> n, enum{a, b} e, list<decimal64>[4] l, map<rstring, timestamp> m, boolean b, float32 f>",` +
		`"properties":{"b":{"description":"SPL type: boolean","type":"boolean"},"e":{"description":"SPL type: enum{a, b}","enum":["a","b"],"type":"string"},` +
		`"f":{"description":"SPL type: float32","format":"float","type":"number"},"id":{"description":"SPL type: rstring","type":"string"},` +
		`"l":{"description":"SPL type: list<decimal64>[4]","items":{"description":"SPL type: decimal64","type":"number"},"maxItems":4,"type":"array"},` +
		`"m":{"additionalProperties":{"description":"SPL type: timestamp","type":"number"},"description":"SPL type: map<rstring, timestamp>","type":"object"},` +
		`"n":{"description":"SPL type: optional<uint64>","minimum":0,"nullable":true,"type":"integer"}},"type":"object"}`
	if diff := cmp.Diff(schema, strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(raw))); diff != "" {
		t.Error(diff)
	}
	got, ok := spl.Described(want.Schema()["description"].(string))
	if !ok || got.String() != want.String() {
		t.Errorf("it describes %s", got)
	}
	for _, none := range []string{"", "int64", "SPL type: string", "The id."} {
		if got, ok := spl.Described(none); ok {
			t.Errorf("%q describes %s", none, got)
		}
	}
}

// anyType draws types that have a JSON form.
func anyType(depth int) *rapid.Generator[spl.Type] {
	return rapid.Custom(func(t *rapid.T) spl.Type {
		kinds := []spl.Kind{spl.Boolean, spl.Int8, spl.Int64, spl.Uint64, spl.Float64, spl.Decimal128, spl.Timestamp, spl.Rstring, spl.Enum}
		if depth > 0 {
			kinds = append(kinds, spl.List, spl.Map, spl.Tuple, spl.Optional)
		}
		out := spl.Type{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		switch out.Kind { //nolint:exhaustive // the others have no parameters
		case spl.Enum:
			out.Words = []string{"a", "b"}
		case spl.Rstring:
			out.Bound = rapid.IntRange(0, 8).Draw(t, "bound")
		case spl.Map:
			out.Key = &spl.Type{Kind: rapid.SampledFrom([]spl.Kind{spl.Rstring, spl.Int64, spl.Boolean}).Draw(t, "key")}
			fallthrough
		case spl.List:
			el := anyType(depth-1).Draw(t, "element")
			out.Elem = &el
		case spl.Optional:
			el := anyType(depth-1).Filter(func(e spl.Type) bool { return e.Kind != spl.Optional }).Draw(t, "element")
			out.Elem = &el
		case spl.Tuple:
			for i := range rapid.IntRange(1, 4).Draw(t, "attributes") {
				out.Fields = append(out.Fields, spl.Field{Name: fmt.Sprintf("f%d", i), Type: anyType(depth-1).Draw(t, "attribute")})
			}
		}
		return out
	})
}

// valueOf draws a value of a type.
func valueOf(t *rapid.T, ty spl.Type) any {
	number := func(text string) any { return json.RawMessage(text) }
	switch ty.Kind { //nolint:exhaustive // a tuple comes last, and others are not drawn
	case spl.Boolean:
		return rapid.Bool().Draw(t, "boolean")
	case spl.Int8:
		return rapid.Int8().Draw(t, "int8")
	case spl.Int64:
		return rapid.Int64().Draw(t, "int64")
	case spl.Uint64:
		return rapid.Uint64().Draw(t, "uint64")
	case spl.Float64:
		return rapid.Float64Range(-1e300, 1e300).Draw(t, "float64")
	case spl.Decimal128, spl.Timestamp:
		return number(rapid.StringMatching(`-?[1-9][0-9]{0,17}\.[0-9]{1,9}`).Draw(t, "decimal"))
	case spl.Rstring:
		return rapid.StringMatching(fmt.Sprintf(`[a-z]{0,%d}`, max(ty.Bound, 1))).Draw(t, "rstring")
	case spl.Enum:
		return rapid.SampledFrom(ty.Words).Draw(t, "enum")
	case spl.Optional:
		if rapid.Bool().Draw(t, "null") {
			return nil
		}
		return valueOf(t, *ty.Elem)
	case spl.List:
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			out = append(out, valueOf(t, *ty.Elem))
		}
		return out
	case spl.Map:
		names := map[spl.Kind][]string{spl.Rstring: {"x", ""}, spl.Int64: {"-1", "7"}, spl.Boolean: {"true"}}[ty.Key.Kind]
		return map[string]any{rapid.SampledFrom(names).Draw(t, "name"): valueOf(t, *ty.Elem)}
	}
	out := map[string]any{}
	for _, f := range ty.Fields {
		out[f.Name] = valueOf(t, f.Type)
	}
	return out
}

func TestAValueOfATypeHasNoProblemAndTheTypeReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ty := anyType(3).Draw(t, "type")
		again, err := spl.Parse(ty.String())
		if err != nil || again.String() != ty.String() {
			t.Fatalf("%s reads as %s: %v", ty, again, err)
		}
		raw, err := json.Marshal(valueOf(t, ty))
		if err != nil {
			t.Fatal(err)
		}
		if found := again.Check(raw); len(found) > 0 {
			t.Errorf("%s as %s: %v", raw, ty, found)
		}
	})
}

// What is read as a type is written and read again as the same; and no value makes the check panic or tell without end.
func FuzzType(f *testing.F) {
	for _, s := range []string{"tuple<rstring id, list<float64>[3] l, map<int8, optional<boolean>> m>", "enum{a, b}", "rstring[3]", "tuple<"} {
		f.Add(s, []byte(`{"id":"x","l":[1,2e5],"m":{"1":null}}`))
	}
	f.Fuzz(func(t *testing.T, text string, value []byte) {
		ty, err := spl.Parse(text)
		if err != nil {
			return
		}
		again, err := spl.Parse(ty.String())
		if err != nil || again.String() != ty.String() {
			t.Errorf("%q became %q: %v", text, ty, err)
		}
		if !json.Valid(value) {
			return
		}
		found := ty.Check(value)
		if len(found) > 20 {
			t.Errorf("%d problems are told", len(found))
		}
		for _, p := range found {
			if len(p.Text) > 2000 {
				t.Errorf("%d bytes are told of one problem", len(p.Text))
			}
		}
	})
}
