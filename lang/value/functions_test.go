package value_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/xdc-project/xdc/lang/value"
)

var files = fstest.MapFS{
	"motd.txt":              {Data: []byte("hello")},
	"key.der":               {Data: []byte{0xff, 0x00}},
	"orders.jsonl":          {Data: []byte("{}\n")},
	"crossdc.txt.tmpl":      {Data: []byte("peer=${peer}\n%{ for p in range(2) ~}\n${p}\n%{ endfor ~}\n")},
	"loop.tmpl":             {Data: []byte("${templatefile(\"loop.tmpl\", {})}")},
	"configs/a.txt":         {Data: []byte("a")},
	"configs/b.txt":         {Data: []byte("b")},
	"configs/deep/er/c.txt": {Data: []byte("c")},
}

func testEnv() value.FuncEnv {
	return value.FuncEnv{
		ReadFile: func(name string) ([]byte, error) { return fs.ReadFile(files, name) },
		Glob: func(dir, pattern string) ([]string, error) {
			sub, err := fs.Sub(files, dir)
			if err != nil {
				return nil, err
			}
			return value.GlobFS(sub, pattern)
		},
		Getenv: func(name string) (string, bool) {
			v, ok := map[string]string{"HOME": "/home/ada", "EMPTY": "", "BROKEN": "\xff"}[name]
			return v, ok
		},
		Now:    time.Date(2026, 11, 23, 12, 0, 0, 500, time.FixedZone("", 3600)),
		Folder: "/plan",
	}
}

func context(vars map[string]cty.Value) *hcl.EvalContext {
	return &hcl.EvalContext{Variables: vars, Functions: value.Functions(testEnv())}
}

func eval(t *testing.T, text string, vars map[string]cty.Value) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(text), "test", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", text, diags)
	}
	return expr.Value(context(vars))
}

func mustEval(t *testing.T, text string, vars map[string]cty.Value) cty.Value {
	t.Helper()
	v, diags := eval(t, text, vars)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", text, diags)
	}
	return v
}

func TestEveryFunctionDoesWhatItsExampleSays(t *testing.T) {
	for _, d := range value.FunctionDocs() {
		t.Run(d.Name, func(t *testing.T) {
			got, diags := eval(t, d.Example, nil)
			if diags.HasErrors() && d.Result == "" && strings.Contains(diags.Error(), "not exist") {
				return // a file of the example's own
			}
			if diags.HasErrors() {
				t.Fatalf("%s: %v", d.Example, diags)
			}
			if d.Result == "" {
				return
			}
			if want := mustEval(t, d.Result, nil); !got.RawEquals(want) {
				t.Errorf("%s: got %#v, want %#v", d.Example, got, want)
			}
		})
	}
}

func TestEveryFunctionIsDocumented(t *testing.T) {
	docs := value.FunctionDocs()
	if got, want := len(docs), len(value.Functions(testEnv())); got != want {
		t.Errorf("%d functions are documented, and there are %d", got, want)
	}
	for _, d := range docs {
		f := value.Functions(testEnv())[d.Name]
		if d.Description == "" || !strings.HasSuffix(d.Description, ".") || f.Description() != d.Description {
			t.Errorf("%s: its description is %q and %q", d.Name, d.Description, f.Description())
		}
		if d.Example == "" {
			t.Errorf("%s has no example", d.Name)
		}
		want := len(f.Params())
		if f.VarParam() != nil {
			want++
		}
		if len(d.Params) != want {
			t.Errorf("%s describes %d parameters of %d", d.Name, len(d.Params), want)
		}
		for _, p := range d.Params {
			if !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s: %s is described as %q", d.Name, p.Name, p.Description)
			}
		}
	}
}

// calls are the examples that are one plain call, with their arguments.
func calls(t *testing.T) map[string][]cty.Value {
	t.Helper()
	out := map[string][]cty.Value{}
	ctx := context(nil)
	for _, d := range value.FunctionDocs() {
		expr, diags := hclsyntax.ParseExpression([]byte(d.Example), "example", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		call, ok := expr.(*hclsyntax.FunctionCallExpr)
		if !ok || call.Name != d.Name || len(call.Args) == 0 {
			continue
		}
		f := ctx.Functions[d.Name]
		var args []cty.Value
		for i, a := range call.Args {
			want := f.VarParam()
			if i < len(f.Params()) {
				want = &f.Params()[i]
			}
			if want.Type == customdecode.ExpressionClosureType {
				args = nil
				break
			}
			v, diags := a.Value(ctx)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			args = append(args, v)
		}
		if args != nil {
			out[d.Name] = args
		}
	}
	if len(out) < 90 {
		t.Fatalf("only %d examples are calls", len(out))
	}
	return out
}

// convertArgs gives arguments the types that parameters ask for, as an HCL call does.
func convertArgs(t *testing.T, f function.Function, args []cty.Value) []cty.Value {
	t.Helper()
	out := slices.Clone(args)
	for i := range out {
		p := f.VarParam()
		if i < len(f.Params()) {
			p = &f.Params()[i]
		}
		v, err := value.Convert(out[i], p.Type)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = v
	}
	return out
}

func TestSecretsSurviveEveryFunction(t *testing.T) {
	funcs := value.Functions(testEnv())
	for name, args := range calls(t) {
		if name == "nonsensitive" || name == "issensitive" {
			continue
		}
		args = convertArgs(t, funcs[name], args)
		want, err := funcs[name].Call(args)
		if err != nil {
			continue
		}
		for i := range args {
			secret := slices.Clone(args)
			secret[i] = value.Sensitive(args[i])
			got, err := funcs[name].Call(secret)
			if err != nil {
				t.Errorf("%s with a secret argument %d: %v", name, i, err)
				continue
			}
			if !value.IsSensitive(got) {
				t.Errorf("%s loses the mark of argument %d", name, i)
			}
			if plain, _ := got.UnmarkDeep(); name != "sensitive" && !plain.RawEquals(mustUnmark(want)) {
				t.Errorf("%s gives %#v with a secret argument %d, want %#v", name, got, i, want)
			}
		}
	}
}

func mustUnmark(v cty.Value) cty.Value { u, _ := v.UnmarkDeep(); return u }

func TestSecretsInsideArgumentsSurvive(t *testing.T) {
	funcs := value.Functions(testEnv())
	// Neither the number of elements nor the keys are secret when the elements are.
	except := []string{"length", "keys", "nonsensitive", "issensitive"}
	for name, args := range calls(t) {
		if slices.Contains(except, name) {
			continue
		}
		args = convertArgs(t, funcs[name], args)
		for i := range args {
			if args[i].Type().IsPrimitiveType() || args[i].Type().IsCapsuleType() || args[i].LengthInt() == 0 {
				continue
			}
			secret := slices.Clone(args)
			marked, err := cty.Transform(args[i], func(_ cty.Path, v cty.Value) (cty.Value, error) {
				if v.Type().IsPrimitiveType() {
					return value.Sensitive(v), nil
				}
				return v, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			secret[i] = marked
			got, err := funcs[name].Call(secret)
			if err != nil {
				t.Errorf("%s with secrets in argument %d: %v", name, i, err)
				continue
			}
			// A map that has no such key says nothing about its elements.
			if !value.IsSensitive(got) && name != "lookup" {
				t.Errorf("%s loses the marks inside argument %d: %#v", name, i, got)
			}
		}
	}
}

func TestUnknownArgumentsNeverGiveWrongResults(t *testing.T) {
	funcs := value.Functions(testEnv())
	for name, args := range calls(t) {
		f := funcs[name]
		args = convertArgs(t, f, args)
		want, err := f.Call(args)
		if err != nil {
			continue
		}
		for i := range args {
			for _, unknown := range []cty.Value{cty.UnknownVal(args[i].Type()), cty.DynamicVal} {
				with := slices.Clone(args)
				with[i] = unknown
				got, err := f.Call(with)
				if err != nil {
					t.Errorf("%s with an unknown argument %d: %v", name, i, err)
					continue
				}
				if got.IsWhollyKnown() && !got.RawEquals(want) {
					t.Errorf("%s with an unknown argument %d is %#v, and %#v when it is known", name, i, got, want)
				}
			}
		}
	}
}

func TestNullArgumentsAreErrorsOrHandled(t *testing.T) {
	funcs := value.Functions(testEnv())
	for name, args := range calls(t) {
		f := funcs[name]
		args = convertArgs(t, f, args)
		for i := range args {
			for _, null := range []cty.Value{cty.NullVal(args[i].Type()), cty.NullVal(cty.DynamicPseudoType)} {
				with := slices.Clone(args)
				with[i] = null
				if _, err := f.Call(with); err != nil && strings.Contains(err.Error(), "mistake in xdc") {
					t.Errorf("%s(%#v): %v", name, with, err)
				}
			}
		}
	}
}
