package value_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/value"
)

func TestToJSON(t *testing.T) {
	slot := func(path cty.Path, _ cty.Value) (string, bool) { return "var.x#" + value.PathString(path), true }
	tests := []struct {
		name string
		v    cty.Value
		want string
	}{
		{"string", cty.StringVal("a\"<b>"), `"a\"<b>"`},
		{"a number with all its digits", cty.MustParseNumberVal("12345678901234567890.125"), `12345678901234567890.125`},
		{"a whole number of few bits", cty.NumberFloatVal(3.602879701896397e+16), `36028797018963968`},
		{"a fraction of few bits", cty.NumberFloatVal(0.1), `0.1`},
		{"a decimal fraction", cty.MustParseNumberVal("0.1"), `0.1`},
		{"a very large number", cty.MustParseNumberVal("1e100"), `1e+100`},
		{"null", cty.NullVal(cty.String), `null`},
		{"unknown", cty.ObjectVal(map[string]cty.Value{"b": cty.UnknownVal(cty.String), "a": cty.DynamicVal}), `{"a":{"unknown":true},"b":{"unknown":true}}`},
		{"keys in order", cty.MapVal(map[string]cty.Value{"z": cty.True, "a": cty.False}), `{"a":false,"z":true}`},
		{"set", cty.SetVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")}), `["a","b"]`},
		{"empty", cty.ObjectVal(map[string]cty.Value{"l": cty.EmptyTupleVal, "m": cty.EmptyObjectVal}), `{"l":[],"m":{}}`},
		{"a secret leaf", cty.ObjectVal(map[string]cty.Value{"a": cty.TupleVal([]cty.Value{value.Sensitive(cty.StringVal("pw"))})}), `{"a":[{"secret":"var.x#a[0]"}]}`},
		{"a secret subtree", cty.ObjectVal(map[string]cty.Value{"a": value.Sensitive(cty.TupleVal([]cty.Value{cty.StringVal("pw")}))}), `{"a":{"secret":"var.x#a"}}`},
		{"a secret that is not known", value.Sensitive(cty.UnknownVal(cty.String)), `{"secret":"var.x#"}`},
		{"a secret null", value.Sensitive(cty.NullVal(cty.String)), `null`},
		{"a foreign mark", cty.StringVal("x").Mark("other"), `"x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := value.ToJSON(tt.v, slot)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestToJSONNeverWritesASecret(t *testing.T) {
	secret := value.Sensitive(cty.ObjectVal(map[string]cty.Value{"user": cty.StringVal("ada"), "pass": cty.StringVal("hunter2")}))
	if raw, err := value.ToJSON(secret, nil); err == nil {
		t.Errorf("a secret without a slot was written as %s", raw)
	} else if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error holds the secret: %v", err)
	}
	var offered []string
	raw, err := value.ToJSON(secret, func(p cty.Path, v cty.Value) (string, bool) {
		offered = append(offered, value.PathString(p))
		return "slot", v.Type() == cty.String
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(raw), `{"pass":{"secret":"slot"},"user":{"secret":"slot"}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if diff := cmp.Diff([]string{"", "pass", "user"}, offered); diff != "" {
		t.Error(diff)
	}
}

func TestToJSONRefusesWhatJSONCannotHold(t *testing.T) {
	for name, v := range map[string]cty.Value{
		"infinity":  cty.ObjectVal(map[string]cty.Value{"a": cty.PositiveInfinity}),
		"generator": cty.ObjectVal(map[string]cty.Value{"a": value.RecordScope().GetAttr("id")}),
	} {
		if raw, err := value.ToJSON(v, nil); err == nil {
			t.Errorf("%s was written as %s", name, raw)
		} else if !strings.HasPrefix(err.Error(), "a: ") {
			t.Errorf("%s: the error does not say where: %v", name, err)
		}
	}
}

func TestFromJSONReadsWhatToJSONWrote(t *testing.T) {
	ty := cty.Object(map[string]cty.Type{
		"s": cty.String, "n": cty.Number, "b": cty.Bool, "l": cty.List(cty.Number), "m": cty.Map(cty.String), "t": cty.Set(cty.String), "u": cty.String,
	})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		v := cty.ObjectVal(map[string]cty.Value{
			"s": cty.StringVal(strings.ToValidUTF8(text.Draw(t, "s"), "?")),
			"n": cty.MustParseNumberVal(rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,9})?`).Draw(t, "n")),
			"b": cty.BoolVal(rapid.Bool().Draw(t, "b")),
			"l": cty.ListVal([]cty.Value{cty.NumberIntVal(rapid.Int64().Draw(t, "l"))}),
			"m": cty.MapVal(map[string]cty.Value{"k": cty.StringVal(strings.ToValidUTF8(text.Draw(t, "m"), "?"))}),
			"t": cty.SetValEmpty(cty.String),
			"u": cty.UnknownVal(cty.String),
		})
		raw, err := value.ToJSON(v, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(raw) {
			t.Fatalf("not JSON: %s", raw)
		}
		got, err := value.FromJSON(raw, ty)
		if err != nil {
			t.Fatal(err)
		}
		if !got.RawEquals(v) {
			t.Fatalf("%#v became %#v", v, got)
		}
	})
}

func TestFromJSONKeepsSecretsApart(t *testing.T) {
	v, err := value.FromJSON([]byte(`{"a": {"secret": "var.x"}, "n": 1.10}`), cty.DynamicPseudoType)
	if err != nil {
		t.Fatal(err)
	}
	if a := v.GetAttr("a"); !value.IsSensitive(a) || a.IsKnown() {
		t.Errorf("a is %#v, want an unknown secret", a)
	}
	if !v.GetAttr("n").RawEquals(cty.MustParseNumberVal("1.1")) {
		t.Errorf("n is %#v", v.GetAttr("n"))
	}
}

func TestFromJSONErrors(t *testing.T) {
	for _, raw := range []string{``, `{`, `1 2`, `{"a": "x"}`, strings.Repeat("[", 600) + strings.Repeat("]", 600)} {
		if v, err := value.FromJSON([]byte(raw), cty.Object(map[string]cty.Type{"a": cty.Number})); err == nil {
			t.Errorf("%.20s was read as %#v", raw, v)
		}
	}
}

func TestFromGo(t *testing.T) {
	got := value.FromGo(map[string]any{
		"null": nil, "t": true, "f": 1.5, "i": 3, "s": "x", "nan": math.NaN(), "inf": math.Inf(1),
		"l": []any{1.0, "a"}, "other": []string{"a"}, "number": json.Number("0.1"), "chan": make(chan int),
	})
	want := cty.ObjectVal(map[string]cty.Value{
		"null": cty.NullVal(cty.DynamicPseudoType), "t": cty.True, "f": cty.NumberFloatVal(1.5), "i": cty.NumberIntVal(3),
		"s": cty.StringVal("x"), "nan": cty.NullVal(cty.Number), "inf": cty.PositiveInfinity,
		"l":     cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.StringVal("a")}),
		"other": cty.TupleVal([]cty.Value{cty.StringVal("a")}), "number": cty.MustParseNumberVal("0.1"),
		"chan": cty.NullVal(cty.DynamicPseudoType),
	})
	if !got.RawEquals(want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

func FuzzFromJSON(f *testing.F) {
	f.Add(`{"a": [1, "x", null, {"unknown": true}, {"secret": "var.x"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := value.FromJSON([]byte(text), cty.DynamicPseudoType)
		if err != nil {
			return
		}
		raw, err := value.ToJSON(v, func(cty.Path, cty.Value) (string, bool) { return "s", true })
		if err != nil {
			t.Fatalf("%s was read and cannot be written: %v", text, err)
		}
		again, err := value.FromJSON(raw, cty.DynamicPseudoType)
		if err != nil || !again.RawEquals(v) {
			t.Fatalf("%s became %s (%v)", text, raw, err)
		}
	})
}
