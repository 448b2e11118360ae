package check

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/xdc-project/xdc/lang/addr"
	"github.com/xdc-project/xdc/lang/config"
	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/program"
	"github.com/xdc-project/xdc/lang/source"
)

// TestPlacesInConditions finds a word of a condition's text in the file, through escapes, heredocs and templates.
func TestPlacesInConditions(t *testing.T) {
	for name, tc := range map[string]struct{ expr, word, want string }{
		"plain":            {`"dc1.reachable is true"`, "true", "true"},
		"after escapes":    {`"\"a\" \u00e4 \\ x == word"`, "word", "word"},
		"after a template": {`"${var.a} == ${var.b} and word"`, "word", "word"},
		"in a template":    {`"${var.a} == word"`, "one", "var.a"},
		"escaped template": {`"$${x} == word"`, "word", "word"},
		"heredoc":          {"<<-EOT\n    dc1 is up\n      and word\n  EOT\n", "word", "word"},
		"plain heredoc":    {"<<EOT\n  dc1 is up\n  and word\nEOT\n", "word", "word"},
		"parenthesised":    {`("dc1 is word")`, "word", "word"},
		"from a function":  {`upper("word")`, "WORD", `upper("word")`},
		"directive":        {`"%{ if true }word%{ endif } x"`, " x", " x"},
	} {
		t.Run(name, func(t *testing.T) {
			file := "variable \"a\" { default = \"one\" }\nvariable \"b\" { default = \"two\" }\nlocals {\n  x = " + tc.expr + "\n}\n"
			m, ds := config.Load(source.Memory(map[string]string{"p.xdc.hcl": file}))
			if ds.HasErrors() {
				t.Fatal(ds.Err())
			}
			c := &checker{prog: &program.Program{}, targets: map[string]*target{}, instances: map[string]*instance{}}
			c.root = c.newModule(m, addr.Root, nil, nil)
			c.root.readInputs()
			s := c.root.scope()
			s.diags = &diag.List{}
			sp, ok := s.splice(m.Locals[0].Expr)
			if !ok {
				t.Fatal(s.diags)
			}
			at := strings.Index(sp.text, tc.word)
			if at < 0 {
				t.Fatalf("%q is not in %q", tc.word, sp.text)
			}
			rng := sp.rangeOf(at, len(tc.word))
			if got := file[rng.Start.Byte:rng.End.Byte]; got != tc.want {
				t.Errorf("the range holds %q, want %q", got, tc.want)
			}
			if line := strings.Count(file[:rng.Start.Byte], "\n") + 1; line != rng.Start.Line {
				t.Errorf("line %d, want %d", rng.Start.Line, line)
			}
		})
	}
}

func FuzzSourceOffset(f *testing.F) {
	f.Add(`"a \n ä ${var.a} b"`, 3, 2)
	f.Add("<<-EOT\n  a\n   b\n EOT\n", 1, 1)
	f.Fuzz(func(t *testing.T, src string, offset, length int) {
		expr, hds := hclsyntax.ParseExpression([]byte(src), "p.xdc.hcl", hcl.InitialPos)
		if hds.HasErrors() || offset < 0 || length < 0 || offset > 1<<20 || length > 1<<20 {
			return
		}
		m, _ := config.Load(source.Memory(map[string]string{"p.xdc.hcl": src}))
		c := &checker{prog: &program.Program{}, targets: map[string]*target{}, instances: map[string]*instance{}}
		c.root = c.newModule(m, addr.Root, nil, nil)
		s := c.root.scope()
		s.diags = &diag.List{}
		sp, ok := s.splice(expr)
		if !ok {
			return
		}
		rng := sp.rangeOf(offset, length)
		if rng.Start.Byte < 0 || rng.End.Byte > len(src) || rng.Start.Byte > rng.End.Byte {
			t.Errorf("range %v of %q", rng, src)
		}
	})
}
