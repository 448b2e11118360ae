package value_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/value"
)

var recordVars = map[string]cty.Value{
	"record": value.RecordScope(),
	"secret": value.Sensitive(cty.StringVal("hunter2")),
	"later":  cty.UnknownVal(cty.String),
}

func TestToGenerator(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{
			"the record of a plan", `{ event_id = record.id, value = record::number(0, 1000), payload = record::text(64) }`,
			`{"kind":"object","names":["event_id","payload","value"],"fields":[{"kind":"id"},{"kind":"text","size":64},{"kind":"number","max":1000}]}`,
		},
		{
			"constants", `{ a = 1, b = { c = [true, null] } }`,
			`{"kind":"object","names":["a","b"],"fields":[{"kind":"const","const":1},{"kind":"const","const":{"c":[true,null]}}]}`,
		},
		{
			"generators deep inside", `{ a = { b = [record.seq, "x"] } }`,
			`{"kind":"object","names":["a"],"fields":[{"kind":"object","names":["b"],"fields":[{"kind":"list","items":[{"kind":"seq"},{"kind":"const","const":"x"}]}]}]}`,
		},
		{
			"a choice of both", `{ a = record::choice([record.time, "never", { k = record::key(10) }]) }`,
			`{"kind":"object","names":["a"],"fields":[{"kind":"choice","items":[{"kind":"time"},{"kind":"const","const":"never"},{"kind":"object","names":["k"],"fields":[{"kind":"key","max":10}]}]}]}`,
		},
		{
			"a template", `{ a = record::template("o-{id}-{seq} {x y} {\"a\": 1}") }`,
			`{"kind":"object","names":["a"],"fields":[{"kind":"template","template":"o-{id}-{seq} {x y} {\"a\": 1}"}]}`,
		},
		{
			"exact numbers", `{ a = record::int64(-9223372036854775808, 9223372036854775807), b = record::uint64(0, 18446744073709551615), c = record::decimal(-0.10, 999.99, 2), d = record::timestamp("1970-01-01T00:00:01.5Z", "1970-01-01T01:00:02+01:00") }`,
			`{"kind":"object","names":["a","b","c","d"],"fields":[{"kind":"exact","low":"-9223372036854775808","high":"9223372036854775807"},{"kind":"exact","low":"0","high":"18446744073709551615"},{"kind":"exact","low":"-10","high":"99999","scale":2},{"kind":"exact","low":"1500000000","high":"2000000000","scale":9}]}`,
		},
		{
			"a map of generators", `tomap({ a = record.id, b = record.seq })`,
			`{"kind":"object","names":["a","b"],"fields":[{"kind":"id"},{"kind":"seq"}]}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := value.ToGenerator(mustEval(t, tt.text, recordVars))
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestToGeneratorErrors(t *testing.T) {
	deep := strings.Repeat("{ a = ", 40) + "record.id" + strings.Repeat(" }", 40)
	for text, want := range map[string]string{
		`{ a = secret }`:                        "secret",
		`{ a = later }`:                         "known while planning",
		`{ a = record::template("${secret}") }`: "secret",
		deep:                                    "nested",
	} {
		_, err := value.ToGenerator(mustEval(t, text, recordVars))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want an error about %q", text, err, want)
		}
	}
}

func TestGeneratorFunctionsRefuseNonsense(t *testing.T) {
	for text, want := range map[string]string{
		`record::number(2, 1)`:                                              "smaller",
		`record::number(-1e308, 1e308)`:                                     "too large",
		`record::int64(0, 9223372036854775808)`:                             "whole number from -9223372036854775808 to 9223372036854775807",
		`record::int64(0.5, 1)`:                                             "whole number",
		`record::uint64(-1, 1)`:                                             "whole number from 0",
		`record::int64(2, 1)`:                                               "smaller",
		`record::decimal(0, 1, 35)`:                                         "whole number from 0 to 34",
		`record::decimal(0, 1e33, 2)`:                                       "at most 34",
		`record::decimal(0, 1e300000, 2)`:                                   "at most 34",
		`record::timestamp("yesterday", "2026-01-01T00:00:00Z")`:            "RFC 3339",
		`record::timestamp("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")`: "smaller",
		`record::text(0)`:                                                   "whole number from 1",
		`record::text(1.5)`:                                                 "whole number",
		`record::text(1e9)`:                                                 "whole number from 1 to 1048576",
		`record::key(0)`:                                                    "whole number from 1",
		`record::choice([])`:                                                "choices",
		`record::choice({ a = 1 })`:                                         "list of choices",
		`record::template("{ID}")`:                                          "{ID} is not a placeholder; there are {id}, {seq}, {time}, {key}",
		`record::template("{record.key}")`:                                  "not a placeholder",
	} {
		_, diags := eval(t, text, nil)
		if !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%s: got %v, want an error about %q", text, diags, want)
		}
	}
}

func TestGeneratorsInSetsAndComparisons(t *testing.T) {
	if v := mustEval(t, `toset([record.id, record.id, record.seq])`, recordVars); v.LengthInt() != 2 {
		t.Errorf("got %#v, want two elements", v)
	}
	if v := mustEval(t, `record.id == record.id && record.id != record.seq`, recordVars); !v.True() {
		t.Error("equal generators are not equal")
	}
}
