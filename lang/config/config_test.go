package config_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/lang/source"
)

func expr(t *testing.T, text string) hcl.Expression {
	t.Helper()
	e, hds := hclsyntax.ParseExpression([]byte(text), "t.hcl", hcl.InitialPos)
	if hds.HasErrors() {
		t.Fatal(hds)
	}
	return e
}

func TestTypesOfVariables(t *testing.T) {
	for text, want := range map[string]cty.Type{
		"string":                        cty.String,
		"any":                           cty.DynamicPseudoType,
		"list(number)":                  cty.List(cty.Number),
		"map(set(bool))":                cty.Map(cty.Set(cty.Bool)),
		"tuple([string, bool])":         cty.Tuple([]cty.Type{cty.String, cty.Bool}),
		"object({ a = string })":        cty.Object(map[string]cty.Type{"a": cty.String}),
		"target":                        config.TargetType,
		"list(host)":                    cty.List(config.HostType),
		"object({ a = optional(bool)})": cty.ObjectWithOptionalAttrs(map[string]cty.Type{"a": cty.Bool}, []string{"a"}),
	} {
		got, ds := config.ParseType(expr(t, text))
		if ds.HasErrors() || !got.Equals(want) {
			t.Errorf("%s: got %#v, %v", text, got.Type, ds.Err())
		}
	}
	for text, want := range map[string]string{
		"strng":                                 `Did you mean "string"?`,
		"list":                                  "Say what it holds",
		"list(string, bool)":                    "exactly one argument",
		"optional(string)":                      "attributes only",
		`"string"`:                              "without quotes",
		"tuple(string)":                         "tuple takes a list",
		"object(string)":                        "object takes the types",
		"object({ a = optional() })":            "optional takes a type",
		`object({ a = optional(number, "x") })`: "does not fit",
		strings.Repeat("list(", 80) + "string" + strings.Repeat(")", 80): "nested",
	} {
		_, ds := config.ParseType(expr(t, text))
		if len(ds) != 1 || ds[0].Code != diag.BadTypeConstraint || !strings.Contains(ds[0].Detail, want) {
			t.Errorf("%s: got %v, want %q", text, ds, want)
		}
	}
}

func TestOptionalAttributesHaveDefaultsAtAnyDepth(t *testing.T) {
	typ, ds := config.ParseType(expr(t, `list(object({ a = string, b = optional(object({ c = optional(number, 7) }), {}) }))`))
	if ds.HasErrors() {
		t.Fatal(ds.Err())
	}
	got, err := typ.Convert(cty.TupleVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x")})}))
	if err != nil {
		t.Fatal(err)
	}
	c := got.Index(cty.NumberIntVal(0)).GetAttr("b").GetAttr("c")
	if !c.RawEquals(cty.NumberIntVal(7)) {
		t.Errorf("got %#v", c)
	}
}

func TestModuleIsTyped(t *testing.T) {
	m, ds := config.Load(source.Memory(map[string]string{"p.xdc.hcl": `
plan "drill" {
  timeout = "5m"
  defaults {
    anything {}
  }
}
variable "v" {
  type     = number
  nullable = false
  default  = 1
}
fault "a" "b" {
  when  = "x"
  count = 2
  hosts = []
}
guard "g" {}
module "m" {
  source = "./m"
  size   = 3
}
`}))
	if ds.HasErrors() {
		t.Fatal(ds.Err())
	}
	f := m.Steps[0]
	if f.Local() != "fault.a.b" || f.Meta["when"] == nil || f.Meta["count"] == nil || f.Meta["hosts"] != nil {
		t.Errorf("fault: %+v", f)
	}
	if m.Plan.Name != "drill" || m.Plan.Defaults == nil || len(m.Guards) != 1 {
		t.Errorf("plan: %+v", m.Plan)
	}
	if c := m.Calls[0]; c.Source != "./m" || c.Args["size"] == nil || c.Args["source"] != nil {
		t.Errorf("call: %+v", c)
	}
	if v := m.Variables[0]; v.Nullable || !v.Default.RawEquals(cty.NumberIntVal(1)) {
		t.Errorf("variable: %+v", v)
	}
}

func TestDynamicBlocksAreExpanded(t *testing.T) {
	file, hds := hclsyntax.ParseConfig([]byte(`
dynamic "stage" {
  for_each = [10, 20]
  content {
    duration = "${stage.value}s"
    rate     = stage.key
  }
}
`), "t.hcl", hcl.InitialPos)
	if hds.HasErrors() {
		t.Fatal(hds)
	}
	s := schema.Block{Name: "seed", Blocks: []schema.Nested{{Min: 2, Block: schema.Block{Name: "stage", Attributes: []schema.Attribute{{Name: "duration", Required: true}, {Name: "rate"}}}}}}
	static, ds := config.Open(file.Body, &s, config.Static)
	if ds.HasErrors() || !static.Dynamic {
		t.Fatalf("static: %v", ds)
	}
	got, ds := config.Expand(file.Body, &s, &hcl.EvalContext{})
	if ds.HasErrors() || len(got.Blocks) != 2 {
		t.Fatalf("expanded: %v", ds)
	}
	if v, hds := got.Blocks[1].Content.Attrs["duration"].Expr.Value(&hcl.EvalContext{}); hds.HasErrors() || v.AsString() != "20s" {
		t.Errorf("got %#v, %v", v, hds)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("variable \"v\" {\n  type = object({ a = optional(list(any), []) })\n  default = {}\n}\nmodule \"m\" { source = \"./x\" }\n", false)
	f.Add(`{"variable": {"v": {"type": "map(string)", "default": null}}}`, true)
	f.Fuzz(func(t *testing.T, text string, asJSON bool) {
		name := "a.xdc.hcl"
		if asJSON {
			name += ".json"
		}
		m, _ := config.Load(source.Memory(map[string]string{name: text}))
		if m == nil {
			t.Error("no module")
		}
	})
}
