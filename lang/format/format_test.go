package format_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/format"
)

func TestSource(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{
			"alignment", "target \"dc1\" {\nnetworks=[\"10.0.1.0/24\"] # net\n  protected    =true  # careful\n\tstreams {\n  url=\"https://x\"\n  }\n}",
			"target \"dc1\" {\n  networks  = [\"10.0.1.0/24\"] # net\n  protected = true            # careful\n  streams {\n    url = \"https://x\"\n  }\n}\n",
		},
		{"trailing spaces", "locals {   \n  a = 1  \n}  \n", "locals {\n  a = 1\n}\n"},
		{"a heredoc keeps its lines", "locals {\na = <<-EOT\n      one\n   two  \n    EOT\n}\n", "locals {\n  a = <<-EOT\n      one\n   two  \n    EOT\n}\n"},
		{"a template keeps its text", "locals {\n  a = \"x  ${ b }  y\"\n}\n", "locals {\n  a = \"x  ${b}  y\"\n}\n"},
		{"lists", "locals {\n  a = [\n1,\n      2,\n  ]\n}\n", "locals {\n  a = [\n    1,\n    2,\n  ]\n}\n"},
		{"nothing", "", ""},
		{"a byte order mark goes", "\xef\xbb\xbfa = 1\n", "a = 1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, diags := format.Source([]byte(tt.in), "a.xdc.hcl")
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilesWithErrorsStayAsTheyAre(t *testing.T) {
	in := "locals {\na=1\n"
	got, diags := format.Source([]byte(in), "a.xdc.hcl")
	if string(got) != in {
		t.Errorf("got %q", got)
	}
	if !diags.HasErrors() || diags[0].Code != diag.BadSyntax || diags[0].Subject == nil || diags[0].Subject.Filename != "a.xdc.hcl" {
		t.Errorf("got %v", diags)
	}
}

func TestJSONStaysAsItIs(t *testing.T) {
	in := `{"a":1}`
	if got, diags := format.Source([]byte(in), "a.xdc.hcl.json"); string(got) != in || len(diags) > 0 {
		t.Errorf("got %s, %v", got, diags)
	}
}

func TestExamplesAreInCanonicalLayout(t *testing.T) {
	var names []string
	for _, pattern := range []string{"../../examples/*/*.xdc.hcl", "../../plans/*.xdc.hcl", "../../plans/*/*.xdc.hcl"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		got, diags := format.Source(b, n)
		if len(diags) > 0 {
			t.Errorf("%s: %v", n, diags)
		}
		if d := format.Diff(b, got, n); d != "" {
			t.Errorf("xdc fmt would change it:\n%s", d)
		}
	}
}

func FuzzSource(f *testing.F) {
	for _, s := range []string{
		"a=1\nb  = [1,\n2]\n", "x \"y\" {\n  a = <<EOT\n ${b}\nEOT\n}\n", "a = {b=1,c  =2}\n# c\n/* d */ e = f(1,2)...\n",
		"a = \"%{ if b ~}x%{ endif }\"\r\n", "a = b ? c[0].*.d : -e\n", "a {}\nb { c = 1 }\n", "a=record::number(0,1)\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once, diags := format.Source([]byte(in), "f")
		if diags.HasErrors() {
			if string(once) != in {
				t.Fatalf("a file with errors became %q", once)
			}
			return
		}
		twice, diags := format.Source(once, "f")
		if diags.HasErrors() {
			t.Fatalf("%q became %q, which has errors: %v", in, once, diags)
		}
		if !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q, and then %q", in, once, twice)
		}
		if a, b := words(strings.TrimSuffix(in, "\n")+"\n"), words(string(once)); a != b {
			t.Fatalf("%q became %q:\n%s", in, once, cmp.Diff(a, b))
		}
	})
}

// words lists tokens without the white space that is no part of their meaning.
func words(s string) string {
	toks, _ := hclsyntax.LexConfig([]byte(strings.TrimPrefix(s, "\xef\xbb\xbf")), "f", hcl.InitialPos)
	var b strings.Builder
	for _, tok := range toks {
		if tok.Type != hclsyntax.TokenNewline && tok.Type != hclsyntax.TokenEOF {
			fmt.Fprintf(&b, "%s %q\n", tok.Type, strings.TrimSpace(string(tok.Bytes)))
		}
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	a := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"
	b := "1\n2\nx\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13"
	want := `--- a/f
+++ b/f
@@ -1,6 +1,6 @@
 1
 2
-3
+x
 4
 5
 6
@@ -10,3 +10,4 @@
 10
 11
 12
+13
\ No newline at end of file
`
	if diff := cmp.Diff(want, format.Diff([]byte(a), []byte(b), "f")); diff != "" {
		t.Error(diff)
	}
	if got := format.Diff([]byte(a), []byte(a), "f"); got != "" {
		t.Errorf("the same text differs: %s", got)
	}
	if got, want := format.Diff(nil, []byte("a\n"), "f"), "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+a\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestADifferenceTurnsOneTextIntoTheOther(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		ls := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "", "@@ x"}), 0, 40).Draw(t, "lines")
		s := strings.Join(ls, "\n")
		if rapid.Bool().Draw(t, "end") && s != "" {
			s += "\n"
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		d := format.Diff([]byte(a), []byte(b), "f")
		if got := patch(t, a, d); got != b {
			t.Fatalf("%q patched is %q, want %q:\n%s", a, got, b, d)
		}
	})
}

func TestHugeDifferencesAreFoundInTime(t *testing.T) {
	var a, b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&a, "a%d\n", i)
		fmt.Fprintf(&b, "b%d\n", i)
	}
	if d := format.Diff([]byte(a.String()), []byte(b.String()), "f"); strings.Count(d, "\n") != 40_003 {
		t.Errorf("got %d lines", strings.Count(d, "\n"))
	}
}

// patch applies a unified difference.
func patch(t *rapid.T, a, d string) string {
	if d == "" {
		return a
	}
	src := strings.SplitAfter(a, "\n")
	if src[len(src)-1] == "" {
		src = src[:len(src)-1]
	}
	var out strings.Builder
	at := 0
	ls := strings.SplitAfter(d, "\n")[2:]
	for i, l := range ls {
		bare := strings.HasPrefix(strings.Join(ls[min(i+1, len(ls)):], ""), `\ No newline`)
		body := strings.TrimPrefix(l, l[:min(1, len(l))])
		if bare {
			body = strings.TrimSuffix(body, "\n")
		}
		switch {
		case strings.HasPrefix(l, "@@ -"):
			var line, n int
			if c, _ := fmt.Sscanf(l, "@@ -%d,%d", &line, &n); c == 1 {
				n = 1
			}
			if n == 0 {
				line++
			}
			for ; at < line-1; at++ {
				out.WriteString(src[at])
			}
		case strings.HasPrefix(l, "-"), strings.HasPrefix(l, " "):
			if src[at] != body {
				t.Fatalf("line %d is %q, and the difference says %q:\n%s", at+1, src[at], body, d)
			}
			if l[0] == ' ' {
				out.WriteString(body)
			}
			at++
		case strings.HasPrefix(l, "+"):
			out.WriteString(body)
		}
	}
	for ; at < len(src); at++ {
		out.WriteString(src[at])
	}
	return out.String()
}
