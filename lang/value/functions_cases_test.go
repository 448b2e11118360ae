package value_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/value"
)

var caseVars = map[string]cty.Value{
	"secret":  value.Sensitive(cty.StringVal("hunter2")),
	"hidden":  cty.ObjectVal(map[string]cty.Value{"user": cty.StringVal("ada"), "pass": value.Sensitive(cty.StringVal("hunter2"))}),
	"vault":   value.Sensitive(cty.ObjectVal(map[string]cty.Value{"user": cty.StringVal("ada")})),
	"later":   cty.UnknownVal(cty.String),
	"laters":  cty.UnknownVal(cty.List(cty.Bool)),
	"nothing": cty.NullVal(cty.String),
	"hosts":   cty.MapVal(map[string]cty.Value{"a": cty.StringVal("1"), "b": cty.StringVal("2")}),
	"anylate": cty.DynamicVal,
}

func TestFunctionResults(t *testing.T) {
	for text, want := range map[string]string{
		`abs(0.5 - 1)`:                                       `0.5`,
		`sum([])`:                                            `0`,
		`sum([0.1, 0.2])`:                                    `0.3`,
		`max([3, 9]...)`:                                     `9`,
		`length("häß")`:                                      `3`,
		`length({ a = 1 })`:                                  `1`,
		`length(hosts)`:                                      `2`,
		`replace("a.b.c", "/[.](b)/", "<$1>")`:               `"a<b>.c"`,
		`replace("aaa", "", "-")`:                            `"-a-a-a-"`,
		`regex("(?P<dc>dc[0-9])", "x-dc2")`:                  `{ dc = "dc2" }`,
		`coalesce(nothing, "", "x")`:                         `"x"`,
		`lookup(hosts, "a")`:                                 `"1"`,
		`lookup(hosts, "c", "9")`:                            `"9"`,
		`lookup({ a = 1, b = "x" }, "b")`:                    `"x"`,
		`element(["a", "b"], -1)`:                            `"b"`,
		`index(tolist(["a", "b"]), "b")`:                     `1`,
		`matchkeys([1, 2, 3], ["a", "b", "a"], ["a"])`:       `tolist([1, 3])`,
		`alltrue([])`:                                        `true`,
		`anytrue([])`:                                        `false`,
		`one([])`:                                            `null`,
		`range(3, 0, -1)`:                                    `tolist([3, 2, 1])`,
		`merge({ a = 1 }, null, { b = 2 })`:                  `{ a = 1, b = 2 }`,
		`base64decode(filebase64("motd.txt"))`:               `"hello"`,
		`file("motd.txt")`:                                   `"hello"`,
		`fileexists("motd.txt")`:                             `true`,
		`fileexists("none")`:                                 `false`,
		`fileset("configs", "*.txt")`:                        `toset(["a.txt", "b.txt"])`,
		`fileset("configs", "**/*.txt")`:                     `toset(["a.txt", "b.txt", "deep/er/c.txt"])`,
		`fileset("configs", "{a,z}.txt")`:                    `toset(["a.txt"])`,
		`templatefile("crossdc.txt.tmpl", { peer = "dc2" })`: `"peer=dc2\n0\n1\n"`,
		`templatestring("$${a}$${b}", { a = 1, b = true })`:  `"1true"`,
		`abspath("x")`:                                       `"/plan/x"`,
		`sha256(file("motd.txt")) == filesha256("motd.txt")`: `true`,
		`timestamp()`:                                        `"2026-11-23T11:00:00Z"`,
		`timeadd(timestamp(), "-1h")`:                        `"2026-11-23T10:00:00Z"`,
		`timecmp("2026-11-23T12:00:00+01:00", "2026-11-23T11:00:00Z")`: `0`,
		`duration("250ms")`:                    `0.25`,
		`formatduration(duration("1h2m3.5s"))`: `"1h2m3.5s"`,
		`formatduration(0)`:                    `"0s"`,
		`env("HOME")`:                          `"/home/ada"`,
		`env("EMPTY", "x")`:                    `""`,
		`env("NONE", null)`:                    `tostring(null)`,
		`uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")`: `uuidv5("dns", "www.example.com")`,
		`cidrhost("10.0.0.0/8", -1)`:                                        `"10.255.255.255"`,
		`cidrhost("fd00::/64", 258)`:                                        `"fd00::102"`,
		`cidrsubnet("fd00::/48", 16, 162)`:                                  `"fd00:0:0:a2::/64"`,
		`cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)`:                            `tolist(["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"])`,
		`cidrcontains("10.0.0.0/8", "10.2.0.0/16")`:                         `true`,
		`cidrcontains("10.0.0.0/8", "8.0.0.0/5")`:                           `false`,
		`cidrcontains("10.0.0.0/8", "fd00::1")`:                             `false`,
		`cidrnetmask("0.0.0.0/0")`:                                          `"0.0.0.0"`,
		`can(hosts.c)`:                                                      `false`,
		`try(hosts.c, "none")`:                                              `"none"`,
		`type(hosts)`:                                                       `"map(string)"`,
		`tobool(nothing)`:                                                   `tobool(null)`,
		`yamldecode("- a\n- b: 1\n")`:                                       `["a", { b = 1 }]`,
		`jsonencode(hosts)`:                                                 `"{\"a\":\"1\",\"b\":\"2\"}"`,
		`setproduct(["a"], [])`:                                             `tolist([])`,
	} {
		got, diags := eval(t, text, caseVars)
		if diags.HasErrors() {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		exp := mustEval(t, want, caseVars)
		if !same(got, exp) {
			t.Errorf("%s = %#v, want %#v", text, got, exp)
		}
	}
}

// same takes empty lists and nulls of different types for the same.
func same(a, b cty.Value) bool {
	switch {
	case a.IsNull() || b.IsNull():
		return a.IsNull() == b.IsNull()
	case a.CanIterateElements() && b.CanIterateElements() && a.LengthInt() == 0:
		return b.LengthInt() == 0
	}
	eq := a.Equals(b)
	return eq.IsKnown() && eq.True()
}

func TestFunctionErrorsSayWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		`lookup(hosts, "c")`:                             "no such key",
		`lookup("x", "c")`:                               "a map or object is needed, not string",
		`lookup(hosts, "c", "d", "e")`:                   "one default is enough",
		`index(["a"], "b")`:                              "not in the list",
		`one([1, 2])`:                                    "2 elements",
		`length(5)`:                                      "number has no length",
		`file("none.txt")`:                               "none.txt",
		`file("key.der")`:                                "not text in UTF-8",
		`templatefile("crossdc.txt.tmpl", {})`:           `line 1 uses "peer"`,
		`templatefile("loop.tmpl", {})`:                  "templatefile",
		`templatefile("motd.txt", 1)`:                    "object of names and values",
		`templatestring("$${", {})`:                      "line 1",
		`fileset("configs", "[")`:                        "not a pattern",
		`base64decode("!")`:                              "not Base64",
		`base64decode("/w==")`:                           "not text in UTF-8",
		`base64gunzip("eGRj")`:                           "not gzip",
		`urldecode("%zz")`:                               "hexadecimal",
		`env("NONE")`:                                    `the environment variable NONE is not set`,
		`env("BROKEN")`:                                  "not text in UTF-8",
		`duration("5")`:                                  "not a duration",
		`formatduration(-1)`:                             "from 0",
		`timecmp("now", "now")`:                          "RFC 3339",
		`uuidv5("x", "y")`:                               "namespace is dns",
		`cidrhost("10.0.0.0/30", 4)`:                     "only 4 of them",
		`cidrhost("10.0.0.0/30", 0.5)`:                   "whole number",
		`cidrhost("10.0.0.0", 1)`:                        "not an IP prefix",
		`cidrsubnet("10.0.0.0/30", 3, 0)`:                "whole number from 0 to 2",
		`cidrsubnets("10.0.0.0/30", 1, 1, 1)`:            "no room left",
		`cidrnetmask("fd00::/64")`:                       "only IPv4",
		`cidrcontains("10.0.0.0/8", "x")`:                "neither",
		`try(hosts.c, hosts.d)`:                          "none of the expressions",
		`indent(2000, "x")`:                              "whole number from 0 to 1000",
		`replace("x", "/(/", "")`:                        "not a regular expression",
		`setproduct(range(1000), range(1000), range(2))`: "more than 1000000 combinations",
		`sum(["x"])`:                                     "number",
		`coalesce("", nothing)`:                          "null or empty",
		`alltrue([null])`:                                "null",
	} {
		got, diags := eval(t, text, caseVars)
		if !diags.HasErrors() {
			t.Errorf("%s = %#v, want an error about %q", text, got, want)
		} else if !strings.Contains(diags.Error(), want) {
			t.Errorf("%s: got %v, want an error about %q", text, diags, want)
		} else if strings.Contains(diags.Error(), "mistake in xdc") {
			t.Errorf("%s panics", text)
		}
	}
}

func TestWhatFunctionsKeepSecret(t *testing.T) {
	for text, want := range map[string]bool{
		`upper(secret)`:                                  true,
		`can(regex("^x", secret))`:                       true,
		`try(regex("^x", secret), "other")`:              true,
		`try(hosts.c, "other")`:                          false,
		`can(hosts.a)`:                                   false,
		`try(secret, "x")`:                               true,
		`lookup(hidden, "user")`:                         false,
		`lookup(hidden, "pass")`:                         true,
		`lookup(vault, "user")`:                          true,
		`keys(hidden)`:                                   false,
		`keys(vault)`:                                    true,
		`length(hidden)`:                                 false,
		`length(vault)`:                                  true,
		`length(secret)`:                                 true,
		`coalesce(secret, "x")`:                          true,
		`coalesce("x", secret)`:                          false,
		`coalesce(sensitive(""), "x")`:                   true,
		`templatestring("$${a}", { a = secret, b = 1 })`: true,
		`templatestring("$${b}", { a = secret, b = 1 })`: false,
		`templatestring("$${user}", vault)`:              true,
		`jsonencode(hidden)`:                             true,
		`jsondecode(jsonencode(hidden)).user`:            true,
		`nonsensitive(secret)`:                           false,
		`nonsensitive(hidden)`:                           false,
		`issensitive(hidden)`:                            false,
		`type(secret)`:                                   true,
		`[for k, v in hidden : v if k == "user"]`:        false,
		`format("%s", secret)`:                           true,
		`merge(hidden, { pass = "x" }).user`:             false,
		`env("NONE", secret)`:                            true,
		`record::choice([secret])`:                       true,
		`sensitive(later)`:                               true,
		`alltrue([secret == "x"])`:                       true,
		`secret == "hunter2" ? "a" : "b"`:                true,
	} {
		v, diags := eval(t, text, caseVars)
		if diags.HasErrors() {
			t.Errorf("%s: %v", text, diags)
		} else if got := value.IsSensitive(v); got != want {
			t.Errorf("%s is secret: %v, want %v", text, got, want)
		}
	}
	if v := mustEval(t, `issensitive(hidden)`, caseVars); !v.True() {
		t.Error("issensitive does not look inside")
	}
}

func TestErrorsAboutSecretsDoNotTellThem(t *testing.T) {
	for _, text := range []string{
		`try(tonumber(secret))`, `tonumber(secret)`, `base64decode(secret)`, `duration(secret)`, `regex("^x", secret)`,
		`parseint(secret, 10)`, `templatestring(secret, { a = 1 }).x`, `cidrhost(secret, 1)`, `jsondecode(secret)`, `formatdate("YYYY", secret)`,
		`timeadd(secret, "1s")`, `index([1], secret)`, `record::template("{${secret}}")`, `uuidv5(secret, "x")`, `csvdecode("a,b\n${secret}")`,
		`templatestring("$${x.y}", { x = secret })`, `urldecode("%${secret}")`, `yamldecode("%${secret}")`, `lookup(hosts, secret)`,
	} {
		_, diags := eval(t, text, caseVars)
		if !diags.HasErrors() {
			t.Errorf("%s is no error", text)
		} else if strings.Contains(diags.Error(), "hunter2") {
			t.Errorf("%s: %v", text, diags)
		}
	}
}

func TestWhatIsUnknown(t *testing.T) {
	for text, want := range map[string]bool{
		`upper(later)`:                           false,
		`anytrue([true, later == "x"])`:          true,
		`alltrue(laters)`:                        false,
		`length([later])`:                        true,
		`length(laters)`:                         false,
		`coalesce(later, "x")`:                   false,
		`coalesce("x", later)`:                   true,
		`can(later)`:                             false,
		`try(later, "x")`:                        false,
		`templatestring("$${a}", { a = later })`: false,
		`record::choice([later])`:                false,
		`setunion(anylate, ["a"])`:               false,
		`lookup({ a = 1, b = later }, "a")`:      true,
		`one([later])`:                           false,
		`file(later)`:                            false,
		`cidrhost(later, 1)`:                     false,
		`sensitive(later)`:                       false,
	} {
		v, diags := eval(t, text, caseVars)
		if diags.HasErrors() {
			t.Errorf("%s: %v", text, diags)
		} else if got := v.IsWhollyKnown(); got != want {
			t.Errorf("%s is known: %v, want %v", text, got, want)
		}
	}
}
